"""The settings of a training, and how a user gives them by name."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any

from vmnet.errors import VmnetError

LOSS_NAMES = ("triplet", "cbvmr", "softmax")
BCE = "bce"  # of pairs; it needs a head, which models of the kind "bce" have
STARTS = ("random", "linear")
CHOICES = ("loss", "rank")
AGGREGATIONS = ("autopool", "attention")
NEGATIVE_NAMES = ("other_clips", "same_clip", "adjacent")
INTRA_NAMES = ("sign", "triplet")

# The settings of the original VM-Net's loss, as its authors released them.
CBVMR = {"loss": "cbvmr", "weights": (1.0, 3.0), "intra_weights": (0.2, 0.2), "top": 100}


_LATER = "later"


def _later(default: Any) -> Any:
    """Return a field that came after networks were kept without it; see `decisive`."""
    return field(default=default, metadata={_LATER: True})


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
        "triplet", the paper's, "cbvmr", that of the original VM-Net, or "softmax"; see `losses`.
        Models of the kind "bce" have "bce"; see `head`.
    margin
        alpha of the loss (section III-C: 0.1).
    weights
        lambda_1 of the video anchors and lambda_2 of the music anchors (section III-C: 1 and 1).
    intra_weights
        lambda_3 of the video triplets and lambda_4 of the music triplets of "cbvmr".
    top
        Q of "cbvmr", the most violating negatives that are kept for each anchor.
    extra_weight
        How much extra clips count together, where there are any, beside the training clips. Ours.
    temperature
        Of "softmax", a cosine similarity. Ours.
    start
        "random", the paper's network; or "linear": every branch gets a linear shortcut that begins
        as the best linear method does (see `linear` and `start`), beside one hidden layer. Ours.
    hidden
        Units of that hidden layer.
    input_dropout
        Share of the inputs dropped in training, with a linear start. Ours.
    steps
        Updates at most. The thesis (section 5.2.4) stops after 500,000 "epochs" on average; by the
        hours it gives, those can only be updates.
    evaluate_every
        Updates between two evaluations on the validation clips. Ours; the sources give none.
    choose
        By what the best evaluation is known: "loss", or "rank", the mean rank of the right partner
        of the validation pairs. Ours; the sources do not say.
    patience
        Evaluations without a better one after which training stops. Ours.
    momentum
        Of the moving statistics of batch normalisation (the original VM-Net's: 0.99). They forget
        their start after some hundreds of updates, and only then is a validation loss true.
    standardize
        Whether the inputs are brought to mean 0 and deviation 1 over the training segments, inside
        the network. Ours: the paper's features come whitened by PCA and it takes them as they are;
        the outputs of other extractors are neither centred nor of one scale.
    seed
        Decides the initial weights, the dropout masks and the batches.
    early_stopping
        Whether the weights of the best evaluation are kept, and training stops when none was better
        for a while; else it goes on for all its steps and the last weights are kept, as the thesis
        does with "bce" (section 5.2.1).
    intra
        The intra-modal terms of "cbvmr": "sign", those of its authors' code, or "triplet", as the
        thesis describes them (section 5.1.3).
    intra_margin
        Of the "triplet" form of those terms, a squared distance; "sign" has none. The thesis, which
        gives no number, calls it alpha as the margin of the other terms: theirs, 0.1.
    negatives
        Of "triplet": "other_clips", as in the paper; "same_clip", those and all other segments of
        the anchor's clip; or "adjacent", those and the segments beside the anchor's (tried and left
        by the paper, section IV-C, and the thesis, 8.2.2).
    per_clip
        Segments of one clip in a batch, one after the other. The paper's is 1.

    Raises
    ------
    ValueError
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
    extra_weight: float = 3.0
    temperature: float = 0.4
    start: str = "random"
    hidden: int = 512
    input_dropout: float = 0.0
    steps: int = 500_000
    evaluate_every: int = 1000
    choose: str = "loss"
    patience: int = 20
    momentum: float = 0.99
    standardize: bool = True
    seed: int = 0
    early_stopping: bool = _later(True)
    intra: str = _later("sign")
    negatives: str = _later("other_clips")
    per_clip: int = _later(1)
    intra_margin: float = _later(0.1)

    def __post_init__(self) -> None:
        sensible = {
            "learning_rate": (0 < self.learning_rate < math.inf, "above 0"),
            "batch": (self.batch >= 2, "2 or more"),
            "dropout": (0 <= self.dropout < 1, "at least 0 and below 1"),
            "loss": (self.loss in (*LOSS_NAMES, BCE), " or ".join(LOSS_NAMES)),
            "margin": (0 <= self.margin < math.inf, "at least 0"),
            "weights": (
                len(self.weights) == 2 and min(self.weights) >= 0 < max(self.weights),
                "two numbers of at least 0, not both 0",
            ),
            "intra_weights": (
                len(self.intra_weights) == 2 and min(self.intra_weights) >= 0,
                "two numbers of at least 0",
            ),
            "top": (self.top >= 1, "1 or more"),
            "extra_weight": (0 <= self.extra_weight < math.inf, "at least 0"),
            "temperature": (0 < self.temperature < math.inf, "above 0"),
            "start": (self.start in STARTS, " or ".join(STARTS)),
            "hidden": (self.hidden >= 1, "1 or more"),
            "input_dropout": (0 <= self.input_dropout < 1, "at least 0 and below 1"),
            "steps": (self.steps >= 1, "1 or more"),
            "evaluate_every": (self.evaluate_every >= 1, "1 or more"),
            "choose": (self.choose in CHOICES, " or ".join(CHOICES)),
            "patience": (self.patience >= 1, "1 or more"),
            "momentum": (0 <= self.momentum < 1, "at least 0 and below 1"),
            "seed": (self.seed >= 0, "0 or more"),
            "intra": (self.intra in INTRA_NAMES, " or ".join(INTRA_NAMES)),
            "negatives": (self.negatives in NEGATIVE_NAMES, " or ".join(NEGATIVE_NAMES)),
            "per_clip": (self.per_clip >= 1, "1 or more"),
            "intra_margin": (0 <= self.intra_margin < math.inf, "at least 0"),
        }
        for name, (good, must_be) in sensible.items():
            if not good:
                raise ValueError(f"{name}={getattr(self, name)} makes no sense: give {must_be}")


@dataclass(frozen=True)
class PooledConfig(TrainingConfig):
    """The settings of a network that learns how to make one vector of a clip's frames.

    Attributes
    ----------
    aggregation
        "autopool" or "attention"; see `vmnet.models.pooling`.
    frames
        How many of a clip's frames are drawn each time it is learned from, and when it is embedded
        (thesis, section 5.2.3: 100).
    """

    aggregation: str = "autopool"
    frames: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aggregation not in AGGREGATIONS:
            names = " or ".join(AGGREGATIONS)
            raise ValueError(f"aggregation={self.aggregation} makes no sense: give {names}")
        if self.frames < 1:
            raise ValueError(f"frames={self.frames} makes no sense: give 1 or more")

    @classmethod
    def of(cls, training: TrainingConfig, aggregation: str) -> "PooledConfig":
        """Return the settings of a training, with a layer that pools frames."""
        own = {field.name: getattr(training, field.name) for field in fields(TrainingConfig)}
        return cls(**own, aggregation=aggregation)

    @property
    def branches(self) -> TrainingConfig:
        """The settings of what comes after pooling, whose inputs are standardised already."""
        own = {field.name: getattr(self, field.name) for field in fields(TrainingConfig)}
        return replace(TrainingConfig(**own), standardize=False)


def read_config(**settings: Any) -> TrainingConfig:
    """Return the settings of a training, of the kind that has these fields."""
    kind = PooledConfig if "aggregation" in settings else TrainingConfig
    return kind(**settings)


def decisive(settings: Any) -> dict[str, Any]:
    """Return what decides a training, by name, for the key of what it makes.

    A setting that came later is none of it while it has its default: so the networks that were
    trained before keep their keys.

    >>> "negatives" in decisive(TrainingConfig())
    False
    >>> decisive(TrainingConfig(negatives="adjacent"))["negatives"]
    'adjacent'
    """
    found = asdict(settings)
    later = [each for each in fields(settings) if each.metadata.get(_LATER)]
    for each in later:
        if found[each.name] == each.default:
            del found[each.name]
    return found


def setting_names() -> tuple[str, ...]:
    """Return what a user may set of a training, in the order of the alphabet.

    The seed is none of it: a run has its own, which decides its corpus too.
    """
    return tuple(sorted(field.name for field in fields(TrainingConfig) if field.name != "seed"))


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """Read settings from texts, as a command line has them; the last of a name counts.

    >>> parse_settings(["learning_rate=1e-4", "weights=1,3"])
    {'learning_rate': 0.0001, 'weights': (1.0, 3.0)}

    Raises
    ------
    VmnetError
        If a text is no `name=value`, or as `check_settings`.
    """
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise VmnetError(f"{text!r} is no setting: give name=value, as in learning_rate=1e-4.")
        settings[name.strip()] = value.strip()
    return check_settings(settings)


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a user's settings of a training, each as its field of `TrainingConfig` has it.

    >>> check_settings({"steps": 1e3, "weights": [1, 3]})
    {'steps': 1000, 'weights': (1.0, 3.0)}

    Raises
    ------
    VmnetError
        If a name is unknown, or a value is of another kind or makes no sense.
    """
    defaults = {field.name: field.default for field in fields(TrainingConfig)}
    checked = {}
    for name, value in settings.items():
        if name not in setting_names():
            raise VmnetError(
                f"training has no setting {name!r}; it has {', '.join(setting_names())}."
            )
        read, kind = _KINDS[type(defaults[name])]
        try:
            checked[name] = read(value)
        except (TypeError, ValueError, OverflowError):
            raise VmnetError(f"the training setting {name}={value} is not {kind}.") from None
        if (name, checked[name]) == ("loss", BCE):
            raise VmnetError(
                f"the training setting loss={BCE} needs a head that ranks, which notebook 09 "
                f"trains: give {' or '.join(LOSS_NAMES)}."
            )
        try:
            TrainingConfig(**{name: checked[name]})
        except ValueError as error:
            raise VmnetError(f"the training setting {error}.") from None
    return checked


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real | str):
        raise TypeError
    return float(value)


def _whole_number(value: Any) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if not _number(value).is_integer():
        raise ValueError
    return int(_number(value))


def _truth(value: Any) -> bool:
    truths = {"true": True, "false": False}
    if str(value).lower() not in truths:
        raise ValueError
    return truths[str(value).lower()]


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, str):
        value = value.strip("()[]").split(",")
    return tuple(map(_number, value))


# By the type of a field's default: how it is read, and what it is called.
_KINDS: dict[type, tuple[Callable[[Any], Any], str]] = {
    float: (_number, "a number"),
    int: (_whole_number, "a whole number"),
    bool: (_truth, "true or false"),
    str: (_name, "a name"),
    tuple: (_numbers, "numbers with commas between them"),
}
