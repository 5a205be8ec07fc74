"""Frame features of clips, by frozen extractors: what the two branches of the VM-Net take in."""

from vmnet.features.extractor import Extractor
from vmnet.features.handcrafted import HANDCRAFTED
from vmnet.features.image import EFFICIENTNET
from vmnet.features.music import MUSICNN

EXTRACTORS: dict[str, Extractor] = {
    extractor.name: extractor for extractor in (EFFICIENTNET, MUSICNN, HANDCRAFTED)
}
