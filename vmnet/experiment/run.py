"""What a run is about: one corpus under one profile and one seed, and what was asked of it."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vmnet import store
from vmnet.aligners import indel_defaults
from vmnet.batch import Workers, n_at_once, noticing
from vmnet.config import FIGURES, PROFILES, SEGMENTATIONS, Profile
from vmnet.corpus import Corpus
from vmnet.corpus.opening import (
    NAMED,
    Opening,
    data_folder,
    default_profile,
    named_folder,
    open_corpus,
)
from vmnet.errors import VmnetError, known_names
from vmnet.progress import log

HANDCRAFTED = "handcrafted"  # what baseline 1 hears, where the corpus has it


@dataclass(frozen=True)
class Run:
    """One corpus under one profile and one seed.

    Attributes
    ----------
    jobs
        Who works on clips: how many at once, or the address of a Dask scheduler.
    folder
        Where the results of the stages are kept.
    figures
        Where tables, figures and executed notebooks go.
    segmenters
        The segmentations the run is about, keys of `SEGMENTERS`.
    music, video
        The extractors whose features the networks take.
    training
        Settings of the trainings, where they are not the profile's.
    indel
        Indel cost by distance, where it is not the distance's own.
    settings
        Whatever was asked for and is not the profile's, for folders, tables and figures.
    retry
        Whether clips are tried again that could not be used before.
    noticed
        What was odd about the corpus when it was opened.
    """

    profile: Profile
    corpus: Corpus
    seed: int
    jobs: Workers
    folder: Path
    figures: Path
    segmenters: tuple[str, ...]
    music: str
    video: str
    training: Mapping[str, Any] = field(default_factory=dict)
    indel: Mapping[str, float] = field(default_factory=dict)
    settings: str = ""
    retry: bool = False
    noticed: tuple[str, ...] = ()


def open_runs(
    profile: str = "",
    corpus: str = "",
    seeds: Sequence[int] = (),
    jobs: Workers = 0,
    segmenters: Sequence[str] = (),
    music: str = "",
    video: str = "",
    training: Mapping[str, Any] | None = None,
    indel: Mapping[str, float] | None = None,
    audio_track: int | None = None,
    retry: bool = False,
) -> list[Run]:
    """Open a corpus once for each seed; see `open_run`. No seeds are those of the profile.

    Examples
    --------
    >>> from vmnet import open_runs
    >>> [run.seed for run in open_runs("demo")]
    [0, 1, 2]
    """
    profile = profile or default_profile(corpus)
    known_names([profile], PROFILES, "profile")
    seeds = tuple(dict.fromkeys(seeds)) or PROFILES[profile].seeds
    asked = (segmenters, music, video, training, indel, audio_track, retry)
    runs = [open_run(profile, corpus, seed, jobs, *asked) for seed in seeds]
    figures = _figures(runs[0], corpus, seeds)
    store.remove_partial(figures)
    return [replace(run, figures=figures) for run in runs]


def open_run(
    profile: str = "",
    corpus: str = "",
    seed: int = 0,
    jobs: Workers = 0,
    segmenters: Sequence[str] = (),
    music: str = "",
    video: str = "",
    training: Mapping[str, Any] | None = None,
    indel: Mapping[str, float] | None = None,
    audio_track: int | None = None,
    retry: bool = False,
) -> Run:
    """Open a corpus; render it first where it is the rendered one and is not there yet.

    Parameters
    ----------
    profile
        A key of `PROFILES`; "" is "own" for a folder, and else "demo".
    corpus
        A key of `vmnet.corpus.opening.NAMED`, a folder of music videos, of features or of
        YouTube-8M's shards, or "" for the profile's own.
    seed
        Decides the rendered or simulated corpus, the split of a folder, and the training.
    jobs
        Clips worked on at once, 0 meaning one per processor; or the address of a Dask scheduler,
        `tcp://HOST:8786`, whose workers do the work (docs/options.md).
    segmenters
        The segmentations the run is about; a clip that one of them cannot segment is left out of
        all, so that all are compared on the same clips. None are the paper's four, or those of them
        that the corpus has.
    music, video
        Which features the networks take: keys of `EXTRACTORS`, or what a corpus of features calls
        its own; "" is the corpus' first of that modality.
    training
        Fields of `TrainingConfig` that are to differ from the profile's.
    indel
        Cost of skipping a segment by distance ("nw", "sw"), where it is to differ from the paper's.
    audio_track
        Which sound track of media files is the music, counted from 1; None lets each file decide.
    retry
        Whether to try files again that could not be used before and have not changed.

    Raises
    ------
    VmnetError
        If a name is unknown or the folder cannot be used.

    Examples
    --------
    >>> from vmnet import open_run
    >>> run = open_run("demo", segmenters=["olda"], indel={"nw": 0.5})
    >>> run.corpus.kind, run.segmenters, run.settings
    ('simulated', ('olda',), 'segmenters=olda, indel_nw=0.5')
    """
    from vmnet.models.settings import check_settings

    profile = profile or default_profile(corpus)
    known_names([profile], PROFILES, "profile")
    chosen = PROFILES[profile]
    if not any(chosen.clips) and corpus in ("", *NAMED):
        raise VmnetError(f"the profile {profile!r} has no clips of its own: give a folder.")
    training, indel = check_settings(training or {}), require_costs(indel or {})
    _require_known(segmenters, music, video)
    jobs = jobs or os.cpu_count() or 1
    n_at_once(jobs)  # a cluster that is not there is said before anything is rendered
    name = corpus or chosen.corpus
    data = named_folder(name, profile, seed) if name in NAMED else data_folder(Path(name))
    store.remove_partial(data)
    with noticing() as noticed:
        opened = open_corpus(name, Opening(chosen, data, seed, jobs, audio_track))
    run = Run(
        profile=chosen,
        corpus=opened,
        seed=seed,
        jobs=jobs,
        folder=data,
        figures=data,
        segmenters=_segmenters(opened, segmenters),
        music=_extractor(opened, "music", music),
        video=_extractor(opened, "video", video),
        training={
            name: value for name, value in training.items() if value != _own(chosen, opened, name)
        },
        indel={name: cost for name, cost in indel.items() if cost != indel_defaults()[name]},
        retry=retry,
        noticed=tuple(noticed),
    )
    run = replace(run, settings=_settings(run, segmenters, audio_track))
    return replace(run, figures=_figures(run, corpus, (seed,)))


def require_costs(indel: Mapping[str, float]) -> dict[str, float]:
    """Return indel costs by distance; refuse what is none.

    Raises
    ------
    VmnetError
        If a distance takes no indel cost, or a cost is no finite number of at least 0.
    """
    known_names(indel, indel_defaults(), "distance with an indel cost")
    for name, cost in indel.items():
        if not (isinstance(cost, int | float) and 0 <= cost < math.inf):
            raise VmnetError(f"indel of {name} is {cost!r}: give a number of at least 0.")
    return {name: float(cost) for name, cost in indel.items()}


def _require_known(segmenters: Sequence[str], music: str, video: str) -> None:
    """Refuse names that no corpus can have, before one is rendered."""
    from vmnet.corpus.sources import MODALITIES
    from vmnet.features import EXTRACTORS
    from vmnet.segmenters import SEGMENTERS

    known_names(segmenters, SEGMENTERS, "segmenter")
    modality_of = {name: one.modality for name, one in EXTRACTORS.items()} | MODALITIES
    for modality, asked in {"music": music, "video": video}.items():
        names = [name for name, what in modality_of.items() if what == modality]
        known_names([asked] if asked else [], names, f"{modality} extractor")


def _own(profile: Profile, corpus: Corpus, setting: str) -> Any:
    """Return a setting of the trainings where nothing was asked for."""
    from vmnet.models import TrainingConfig

    return getattr(TrainingConfig(**training_settings(profile, corpus)), setting)


def training_settings(profile: Profile, corpus: Corpus) -> dict[str, Any]:
    """Return the settings of the trainings of a profile on a corpus.

    Whitened features are taken as they are, as the paper does; others are standardised.
    """
    return {"standardize": not corpus.source.whitened, **profile.training}


def _segmenters(corpus: Corpus, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the segmentations of a run; refuse what is unknown or what the corpus cannot give."""
    from vmnet.segmenters import SEGMENTERS

    given = corpus.source.segmenters
    chosen = known_names(asked, SEGMENTERS, "segmenter")
    if lacking := [name for name in chosen if name not in given]:
        raise VmnetError(
            f"corpus {corpus.name!r} has no segments of {', '.join(lacking)}, only of "
            f"{', '.join(given)}."
        )
    if chosen:
        return chosen
    lacking = [name for name in SEGMENTATIONS if name not in given]
    if lacking:
        log(f"{corpus.name} has features alone: no segments of {', '.join(lacking)}.")
    chosen = tuple(name for name in SEGMENTATIONS if name in given)
    if not chosen:
        raise VmnetError(
            f"corpus {corpus.name!r} has boundaries of {', '.join(given)} alone; a segmentation is "
            f"one of {', '.join(SEGMENTERS)}."
        )
    return chosen


def _extractor(corpus: Corpus, modality: str, asked: str) -> str:
    """Return which features of a modality the networks take."""
    given = [name for name, what in corpus.source.extractors.items() if what == modality]
    if not given:
        raise VmnetError(f"corpus {corpus.name!r} has no features of {modality}.")
    (chosen,) = known_names([asked or given[0]], given, f"{modality} extractor")
    return chosen


def _settings(run: Run, segmenters: Sequence[str], audio_track: int | None) -> str:
    """Say in a line what was asked for and is not the profile's."""
    words: dict[str, Any] = {}
    if segmenters and run.segmenters != _segmenters_of_the_paper(run.corpus):
        words["segmenters"] = "+".join(run.segmenters)
    for modality in ("music", "video"):
        if getattr(run, modality) != _extractor(run.corpus, modality, ""):
            words[modality] = getattr(run, modality)
    words |= {} if audio_track is None else {"audio_track": audio_track}
    words |= {name: _in_words(value) for name, value in sorted(run.training.items())}
    words |= {f"indel_{name}": _in_words(cost) for name, cost in sorted(run.indel.items())}
    return ", ".join(f"{name}={value}" for name, value in words.items())


def _in_words(value: Any) -> str:
    """Write a value as the command line takes it: 1.0,3.0 for (1.0, 3.0)."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _segmenters_of_the_paper(corpus: Corpus) -> tuple[str, ...]:
    return tuple(name for name in SEGMENTATIONS if name in corpus.source.segmenters)


def _figures(run: Run, corpus: str, seeds: tuple[int, ...]) -> Path:
    """Return where tables and figures go.

    A folder is named after the profile, or after the corpus where it is not the profile's; what was
    asked for beside the profile has a folder in that, so that nothing is overwritten by it.
    """
    profile = run.profile
    if corpus and corpus != profile.corpus:
        folder, _, mark = run.folder.name.rpartition("-")  # see `data_folder`
        own = corpus if corpus in NAMED else f"{folder}-{mark[:6]}"
        name = own if profile.name == default_profile(corpus) else f"{own}-{profile.name}"
    else:
        name = profile.name
    if seeds != profile.seeds:
        name += f"-seed{'-'.join(map(str, seeds))}"
    return FIGURES / name / store.file_name(run.settings) if run.settings else FIGURES / name
