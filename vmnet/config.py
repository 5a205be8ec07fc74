"""The profiles: how large a run is. Each number names its source.

A profile holds everything that decides the results besides the corpus and the seed, so that two
runs with the same profile, corpus and seed give the same tables (measured times aside).
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Notebooks work from a folder of their own, so a relative name is taken from the root.
DATA = ROOT / os.environ.get("VMNET_DATA", "data")
FIGURES = ROOT / os.environ.get("VMNET_FIGURES", "figures")

# Paper IV-B, in the order of its tables.
SEGMENTATIONS = ("foote", "sf", "olda", "transnet")


@dataclass(frozen=True)
class ThesisSize:
    """How large the experiments of the thesis' chapters 4 to 6 are (notebooks 08 to 10).

    Attributes
    ----------
    songs
        Rendered songs for train, validation and test, where no catalog of one's own is given.
    song_seconds
        Length of each, in seconds.
    width
        Share of the filters of the thesis' networks that ours have; 1 is the thesis'.
    updates
        Of each network of chapter 4, at most.
    patches
        In a batch of those.
    films
        Rendered films that are measured in chapters 5 (table 5.2) and 6.
    film_seconds
        Length of each, in seconds; in films of 16 no section is found.
    frame_clips
        Simulated clips whose frames are kept for table 5.3: for train, validation and test. A clip
        takes half a megabyte.
    feature_films, feature_seconds
        Rendered films for table 5.2, where a run has none of its own: for train, validation and
        test, and how long. On two processor cores they are ready in two minutes; the thesis has
        51,000 of four minutes.
    plans
        Films whose cuts, sections and beats alone are drawn, no sound, no pictures (thesis: 548).
    """

    songs: tuple[int, int, int] = (24, 8, 8)
    song_seconds: float = 12.8
    width: float = 1 / 16
    updates: int = 20
    patches: int = 24
    films: int = 4
    film_seconds: float = 20.0
    frame_clips: tuple[int, int, int] = (24, 8, 12)
    feature_films: tuple[int, int, int] = (6, 2, 4)
    feature_seconds: float = 12.0
    plans: int = 40


@dataclass(frozen=True)
class Profile:
    """One size of run.

    Attributes
    ----------
    corpus
        The corpus used when none is given: a key of `vmnet.corpus.opening.NAMED`; "" for none.
    clips
        Clips rendered or simulated for train, validation and test.
    seeds
        One corpus and one set of networks for each.
    seconds
        Shortest and longest rendered clip, in seconds.
    training
        What `vmnet.models.TrainingConfig` gets beside its defaults, which are the paper's.
    window
        Seconds of each clip in experiment 4; see `vmnet.experiment.apart.window_seconds`.
    brief
        Whether experiment 4 takes the first seed, one segmentation of the music and shots merged to
        its length alone, and no network on blank features of whole clips; and the learning curve
        the first seed.
    sizes
        Training clips of the learning curve, beside all of them.
    extra_sizes
        Clips of other kinds that are added to all of those, beside all there are.
    thesis
        The sizes of the experiments of the thesis.
    """

    name: str
    corpus: str
    clips: tuple[int, int, int]
    seeds: tuple[int, ...] = (0,)
    seconds: tuple[float, float] = (36.0, 40.0)
    training: dict[str, Any] = field(default_factory=dict)
    indels: tuple[float, ...] = (0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.5)
    window: int = 120
    brief: bool = False
    sizes: tuple[int, ...] = (80, 160, 320, 640, 1280, 2560, 5120)
    extra_sizes: tuple[int, ...] = (1000, 5000, 25_000)
    thesis: ThesisSize = ThesisSize()


# What two processor cores do in half an hour; 1,000 updates take about a minute a network.
_MINUTES = ThesisSize(
    songs=(420, 140, 140),
    updates=1000,
    patches=36,
    films=24,
    film_seconds=40.0,
    frame_clips=(1000, 250, 500),
    feature_films=(48, 10, 24),
    feature_seconds=20.0,
    plans=548,
)

# How a network is trained on a dozen rendered films, which many updates would overfit. Batch, rate
# and steps are ours: the paper's 500,000 updates at 1e-6 would take a day a network.
FEW_FILMS: dict[str, Any] = {
    "batch": 48,
    "learning_rate": 1e-4,
    "momentum": 0.9,
    "steps": 60,
    "evaluate_every": 10,
    "patience": 5,
}

PROFILES = {
    profile.name: profile
    for profile in (
        # For examples and first steps: everything in seconds, and the numbers mean nothing.
        Profile(
            name="toy",
            corpus="simulated",
            clips=(24, 8, 12),
            training={"batch": 8, "learning_rate": 1e-3, "steps": 4, "evaluate_every": 2},
            window=60,
            brief=True,
            sizes=(6, 12),
        ),
        # Small enough for continuous integration: real files through every real stage.
        Profile(
            name="smoke",
            corpus="rendered",
            clips=(6, 2, 4),
            training={**FEW_FILMS, "steps": 20},
            window=30,
            brief=True,
            sizes=(3, 4),
        ),
        # The paper's experiments at the paper's test size (V-B, V-C) in minutes. The training set,
        # the batch, the rate and the steps are ours, and as large as the minutes allow.
        Profile(
            name="demo",
            corpus="simulated",
            clips=(4000, 1000, 1000),
            seeds=(0, 1, 2),
            training={
                "batch": 500,
                "learning_rate": 5e-4,
                "momentum": 0.9,  # 0.99 forgets its start too slowly for so few updates
                "steps": 160,
                "evaluate_every": 20,
                "patience": 4,
            },
            brief=True,
            sizes=(250, 1000),
            thesis=_MINUTES,
        ),
        # Folders of one's own, of a hundred to ten thousand clips: the settings are ours, chosen on
        # real music videos by five-fold validation (docs/real-data.md). "clips" is for nothing.
        Profile(
            name="own",
            corpus="",
            clips=(0, 0, 0),
            training={
                "start": "linear",
                "loss": "softmax",
                "temperature": 0.2,
                "batch": 512,
                "learning_rate": 3e-4,
                "input_dropout": 0.5,
                "steps": 1000,
                "evaluate_every": 10,
                "patience": 10,
            },
            thesis=_MINUTES,
        ),
        # Paper III-C, IV-C and V-B: 50,000 clips, batch 1,000, Adam 1e-6, early stopping; about
        # 500,000 updates, which is how we read the thesis' "epochs" (5.2.4; 18 hours would be
        # 0.13 s for each). The paper trained 2 to 6 days a network on one GPU.
        Profile(
            name="paper",
            corpus="published",
            clips=(50_000, 1000, 1000),
            seeds=(0, 1, 2),
            sizes=(500, 5000),
            # Thesis, 4.3.1: 14,246 tracks, 60, 20 and 20 %; networks and batches as there.
            thesis=replace(
                _MINUTES, songs=(8547, 2850, 2849), width=1.0, updates=1_000_000, patches=44
            ),
        ),
    )
}
DEFAULT_PROFILE = "demo"
FOLDER_PROFILE = "own"  # the default where the corpus is a folder
