"""Frame features of clips, by frozen extractors: what the two branches of the VM-Net take in."""

from vmnet.features.extractor import Extractor
from vmnet.features.handcrafted import HANDCRAFTED
from vmnet.features.image import EFFICIENTNET
from vmnet.features.inception import INCEPTION
from vmnet.features.music import MUSICNN
from vmnet.features.vggish import VGGISH

READY = (EFFICIENTNET, MUSICNN, HANDCRAFTED)
"""What needs no weights but those that the set-up fetches."""

PAPERS = (INCEPTION, VGGISH)
"""The paper's own; `vmnet weights fetch` fetches their weights."""

EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for extractor in (*READY, *PAPERS)}
