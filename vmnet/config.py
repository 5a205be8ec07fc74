"""The profiles: how large a run is. Each number names its source.

A profile holds everything that decides the results besides the corpus and the seed, so that two
runs with the same profile, corpus and seed give the same tables (measured times aside).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Notebooks work from a folder of their own, so a relative name is taken from the root.
DATA = ROOT / os.environ.get("VMNET_DATA", "data")
FIGURES = ROOT / os.environ.get("VMNET_FIGURES", "figures")

# Paper IV-B, in the order of its tables.
SEGMENTATIONS = ("foote", "sf", "olda", "transnet")


@dataclass(frozen=True)
class Profile:
    """One size of run.

    Attributes
    ----------
    corpus
        The corpus used when none is given; empty where the user must give one.
    clips
        Clips rendered for train, validation and test.
    seconds
        Shortest and longest rendered clip, in seconds.
    training
        What `vmnet.models.TrainingConfig` gets beside its defaults, which are the paper's.
    expected
        What a user should see, and how long it takes on 2 cores, set-up aside.
    """

    name: str
    corpus: str
    clips: tuple[int, int, int]
    seconds: tuple[float, float]
    expected: str
    training: dict[str, Any] = field(default_factory=dict)
    indels: tuple[float, ...] = (0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.5)


PROFILES = {
    profile.name: profile
    for profile in (
        # Small enough for continuous integration: real files through every real stage. Batch, rate
        # and steps are ours: the paper's 500,000 updates at 1e-6 would take weeks here.
        Profile(
            name="smoke",
            corpus="rendered",
            clips=(6, 2, 4),
            seconds=(36.0, 40.0),
            training={
                "batch": 48,
                "learning_rate": 1e-4,
                "steps": 60,
                "evaluate_every": 10,
                "patience": 5,
                "standardize": True,
            },
            expected="six notebooks in under 5 minutes; ranks among 4 rendered clips say nothing "
            "about the method, only that every part works",
        ),
        # Paper III-C and IV-C: batch 1,000, Adam 1e-6, about 500,000 updates, early stopping. On a
        # folder of the user's own videos; the paper trained 2 to 6 days a network on one GPU.
        Profile(
            name="paper",
            corpus="",
            clips=(0, 0, 0),
            seconds=(0.0, 0.0),
            # Ours: the paper's features are whitened already, MusiCNN's and EfficientNet's are not.
            training={"standardize": True},
            expected="the paper's training on your own folder of videos; days without a GPU",
        ),
    )
}
DEFAULT_PROFILE = "smoke"
