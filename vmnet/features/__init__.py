"""Frame features of clips, by frozen extractors: what the two branches of the VM-Net take in."""

from vmnet.features.extractor import Extractor
from vmnet.features.handcrafted import HANDCRAFTED
from vmnet.features.image import EFFICIENTNET
from vmnet.features.inception import INCEPTION
from vmnet.features.music import MUSICNN
from vmnet.features.openl3 import OPENL3
from vmnet.features.vggish import VGGISH

READY = (EFFICIENTNET, MUSICNN, HANDCRAFTED)
"""What needs no weights but those that the set-up fetches."""

PAPERS = (INCEPTION, VGGISH)
"""The paper's own; `vmnet weights fetch` fetches their weights."""

THESIS = (OPENL3,)
"""What the thesis compares beside them, once weights are fetched, likewise."""

EXTRACTORS: dict[str, Extractor] = {one.name: one for one in (*READY, *PAPERS, *THESIS)}
