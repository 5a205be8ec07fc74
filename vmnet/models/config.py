"""The settings of a training."""

import math
from dataclasses import dataclass

from vmnet.errors import VmnetError

LOSS_NAMES = ("triplet", "cbvmr")

# The settings of the original VM-Net's loss, as its authors released them.
CBVMR = {"loss": "cbvmr", "weights": (1.0, 3.0), "intra_weights": (0.2, 0.2), "top": 100}


@dataclass(frozen=True)
class TrainingConfig:
    """All that decides the result of a training, the data aside.

    The defaults are the paper's where it gives a value. With them a training takes about a day
    on two processor cores (see benchmarks/train.py); the paper's took 2 to 6 days on one GPU.

    Attributes
    ----------
    learning_rate
        Of Adam (paper, section V-A: 1e-6).
    batch
        Pairs in a batch, b (section IV-C: 1,000).
    dropout
        Share of the units dropped after each ReLU (section V-A: 0.5).
    loss
        "triplet", the paper's, or "cbvmr", that of the original VM-Net; see `losses`.
    margin
        alpha of the loss (section III-C: 0.1).
    weights
        lambda_1 of the video anchors and lambda_2 of the music anchors (section III-C: 1 and 1).
    intra_weights
        lambda_3 of the video triplets and lambda_4 of the music triplets of "cbvmr".
    top
        Q of "cbvmr", the most violating negatives that are kept for each anchor.
    steps
        Updates at most (thesis, section 5.2.4: early stopping ends after 500,000 on average).
    evaluate_every
        Updates between two evaluations on the validation clips. Ours; the sources give none.
    patience
        Evaluations without a better validation loss after which training stops. Ours.
    momentum
        Of the moving statistics of batch normalisation (the original VM-Net's: 0.99). They forget
        their start after some hundreds of updates, and only then is a validation loss true.
    standardize
        Whether the inputs are brought to mean 0 and deviation 1 over the training segments, inside
        the network. Ours: the paper's features come whitened by PCA and it takes them as they are;
        the outputs of other extractors are neither centred nor of one scale.
    seed
        Decides the initial weights, the dropout masks and the batches.

    Raises
    ------
    VmnetError
        If a value makes no sense.
    """

    learning_rate: float = 1e-6
    batch: int = 1000
    dropout: float = 0.5
    loss: str = "triplet"
    margin: float = 0.1
    weights: tuple[float, float] = (1.0, 1.0)
    intra_weights: tuple[float, float] = (0.2, 0.2)
    top: int = 100
    steps: int = 500_000
    evaluate_every: int = 1000
    patience: int = 20
    momentum: float = 0.99
    standardize: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        sensible = {
            "learning_rate": 0 < self.learning_rate < math.inf,
            "batch": self.batch >= 2,
            "dropout": 0 <= self.dropout < 1,
            "loss": self.loss in LOSS_NAMES,
            "margin": 0 <= self.margin < math.inf,
            "weights": len(self.weights) == 2 and min(self.weights) >= 0 < max(self.weights),
            "intra_weights": len(self.intra_weights) == 2 and min(self.intra_weights) >= 0,
            "top": self.top >= 1,
            "steps": self.steps >= 1,
            "evaluate_every": self.evaluate_every >= 1,
            "momentum": 0 <= self.momentum < 1,
            "patience": self.patience >= 1,
            "seed": self.seed >= 0,
        }
        for name, good in sensible.items():
            if not good:
                raise VmnetError(f"{name}={getattr(self, name)} makes no sense in a TrainingConfig")
