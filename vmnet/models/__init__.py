"""The VM-Net and its training (paper, sections III and IV-C). Keras is imported on first use."""

from vmnet.models.config import TrainingConfig
from vmnet.models.trained import TrainedVMNet
from vmnet.models.training import train
from vmnet.models.vmnet import build_vmnet

__all__ = ["TrainedVMNet", "TrainingConfig", "build_vmnet", "train"]
