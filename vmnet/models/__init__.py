"""The VM-Net and its training (paper, sections III and IV-C), and a linear method beside it.

Keras is imported on first use.
"""

from vmnet.models.embedder import TrainedVMNet
from vmnet.models.fit import train
from vmnet.models.kinds import MODELS, Embedder
from vmnet.models.linear import LinearCCA, LinearConfig
from vmnet.models.settings import TrainingConfig, check_settings, parse_settings
from vmnet.models.vmnet import build_vmnet

__all__ = [
    "MODELS",
    "Embedder",
    "LinearCCA",
    "LinearConfig",
    "TrainedVMNet",
    "TrainingConfig",
    "build_vmnet",
    "check_settings",
    "parse_settings",
    "train",
]
