"""Load or compute each stage of the way of the data, for one corpus.

    corpus -> frame features, boundaries -> segment features -> network -> embeddings -> results

What a stage makes is kept under `data/<corpus>/`, in a folder or file whose name holds a key. The
key of a stage is made from the key of the stage before it and its own parameters, so that a result
is never older than what it was made from, and a changed parameter computes anew what depends on it
and nothing else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.aligners import Sequences, alignment_of, indel_defaults
from vmnet.batch import Workers, n_at_once, run_jobs
from vmnet.corpus import EXTRA, SPLITS, Clip, Corpus
from vmnet.corpus.splits import MIN_CLIPS
from vmnet.errors import VmnetError, known_names
from vmnet.experiment.run import Run, require_costs, training_settings
from vmnet.experiment.segments import FRAMES, NOT_FOUND, Pair, SegmentFolder
from vmnet.experiment.systems import System, all_systems
from vmnet.progress import log, timed

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.models import Embedder, TrainedVMNet
    from vmnet.models.sampling import Moments

Systems = Callable[[Run], Iterable[System]]
MODALITIES = ("video", "music")


@dataclass(frozen=True)
class Dataset:
    """The usable clips of a run and the features of their segments.

    Attributes
    ----------
    corpus
        The run's, with its usable clips alone; or some of them, where few are to be trained on.
    failures
        Why each of the others is left out, by clip_id.
    warnings
        What was noticed about usable clips, by clip_id; "" stands for the corpus.
    """

    run: Run
    corpus: Corpus
    failures: Mapping[str, str]
    warnings: Mapping[str, tuple[str, ...]]
    segments: Mapping[str, SegmentFolder]

    def clip(self, clip_id: str = "") -> Clip:
        """Return the usable clip of that name, or the first test clip.

        Raises
        ------
        VmnetError
            If there is none.
        """
        for clip in self.corpus.clips:
            if clip.clip_id == clip_id or (not clip_id and clip.split == "test"):
                return clip
        wanted = f"clip {clip_id!r}" if clip_id else "test clip"
        raise VmnetError(f"corpus {self.corpus.name!r} has no usable {wanted}.")

    def boundaries(self, segmenter: str, *splits: str) -> dict[str, np.ndarray]:
        """Return the boundaries of the clips of some splits, or of all, (n_segments + 1,) s."""
        found: dict[str, np.ndarray] = {}
        for split in splits or self.corpus.splits:
            of_split, ids = self.segments[split].boundaries(segmenter), self._ids(split)
            found |= {clip_id: edges for clip_id, edges in of_split.items() if clip_id in ids}
        return found

    def features(self, system: System, split: str) -> tuple[Sequences, Sequences]:
        """Return (video, music): the segment features of one split, one sequence a clip.

        A segment's feature is the mean of its frames (paper IV-C), float16 and memory-mapped.
        """
        ids = self._ids(split)
        video, music = (
            _only(ids, self.segments[split].features(name, segmenter))
            for name, segmenter in system.kept
        )
        return video, music

    def _ids(self, split: str) -> frozenset[str]:
        return frozenset(clip.clip_id for clip in self.corpus.split(split))

    def moments(self, system: System, split: str) -> "Moments | None":
        """Return what is heard and seen at one time, where the tracks of a system are cut apart."""
        from vmnet.models.sampling import Moments

        if not system.apart:
            return None
        video, music = (list(self.boundaries(name, split).values()) for name in system.cut)
        return Moments.of(music, video)

    def features_key(self, system: System, split: str) -> str:
        """Return what stands for `features`, and for `moments`."""
        names = (system.video, system.music)
        segmenters = [name for name in dict.fromkeys(system.cut) if name not in NOT_FOUND]
        more = {"video_segmenter": system.video_segmenter} if system.apart else {}
        more |= {} if system.statistics == "mean" else {"statistics": system.statistics}
        return store.key(
            source=self.corpus.source.key(self.corpus.split(split), names, segmenters),
            features=names,
            segmenter=system.segmenter,
            **more,
        )


def _only(ids: frozenset[str], features: Sequences) -> Sequences:
    """Return the features of some clips; of all, still mapped from their file."""
    kept = [i for i, clip_id in enumerate(features.ids) if clip_id in ids]
    return features if len(kept) == len(features) else features.select(kept)


# --- clips and the features of their segments ---------------------------------------------------


def unusable(run: Run) -> dict[str, str]:
    """Return why clips cannot be used, by clip_id, as far as it is known before they are computed.

    A look at each file tells, and what was tried before, unless the run is to try it again.
    """
    source = run.corpus.source
    failures = source.check(run.corpus.clips, run.jobs, run.retry)
    if run.retry:
        return failures
    left = [clip for clip in run.corpus.clips if clip.clip_id not in failures]
    return failures | source.remembered(left, *_names(_pairs(all_systems(run))))


def check(run: Run) -> dict[str, str]:
    """Return what `unusable` does.

    Raises
    ------
    VmnetError
        If too few clips are left for the run to make sense.
    """
    failures = unusable(run)
    require_splits(run.corpus.without(failures), failures)
    return failures


def plan(run: Run, failures: Mapping[str, str]) -> str:
    """Say which clips a run will use, and about how long it will compute what is missing of them.

    `failures` is what `check` returned.
    """
    return _plan(run, failures, _seconds(run, failures, _pairs(all_systems(run))))


def _plan(run: Run, failures: Mapping[str, str], seconds: float) -> str:
    corpus = run.corpus.without(failures)
    sizes = ", ".join(f"{len(corpus.split(split))} {split}" for split in corpus.splits)
    text = f"{corpus.name} ({corpus.kind}): {len(corpus.clips)} of {len(run.corpus.clips)} clips"
    minutes = "a minute" if seconds < 90 else f"{seconds / 60:.0f} min"
    computing = f"; features and segments take about {minutes}" if seconds else ""
    return f"{text} can be used: {sizes}{computing}"


def _seconds(run: Run, failures: Mapping[str, str], pairs: Iterable[Pair]) -> float:
    """Estimate how long the run computes what is missing of features and boundaries, in seconds."""
    corpus = run.corpus.without(failures)
    seconds = corpus.source.seconds_to_compute(corpus.clips, *_names(pairs))
    return seconds / n_at_once(run.jobs) if seconds else 0.0


def prepare(run: Run, systems: Iterable[System] | None = None) -> Dataset:
    """Compute what is missing of the features and boundaries that `systems` need (default: all).

    A clip that fails is left out of all systems, so that all are compared on the same clips.

    Raises
    ------
    VmnetError
        If a split has too few usable clips.

    Examples
    --------
    >>> from vmnet import open_run, prepare
    >>> data = prepare(open_run("toy"))
    >>> len(data.corpus.split("test")), len(data.failures)
    (12, 0)
    """
    systems = list(all_systems(run) if systems is None else systems)
    failures = check(run)
    pairs = _pairs(systems)
    extractors, segmenters = _names(pairs)
    if seconds := _seconds(run, failures, pairs):
        log(_plan(run, failures, seconds))
    source = run.corpus.source
    left = run.corpus.without(failures).clips
    failures |= source.compute(left, extractors, segmenters, run.jobs, run.retry)
    corpus = run.corpus.without(failures)
    require_splits(corpus, failures)
    segments = {split: _segment_folder(run.folder, corpus, split, pairs) for split in corpus.splits}
    if run.retry:
        for folder in segments.values():
            folder.forget_failures()
    _fill(segments, run.jobs, corpus.name)
    noticed: dict[str, tuple[str, ...]] = {}
    for folder in segments.values():
        failures |= folder.failures
        noticed |= folder.warnings
    corpus = replace(corpus, clips=tuple(c for c in corpus.clips if c.clip_id not in failures))
    require_splits(corpus, failures)
    for clip_id, lines in source.warnings(corpus.clips).items():
        noticed[clip_id] = (*lines, *noticed.get(clip_id, ()))
    data = Dataset(run, corpus, failures, noticed, segments)
    of_all = (*run.noticed, *_undivided(data, segmenters))
    return replace(data, warnings={**noticed, "": of_all}) if of_all else data


def _undivided(data: Dataset, segmenters: Iterable[str]) -> list[str]:
    """Say which segmenters leave many clips of over a minute as one segment."""
    from vmnet.segmenters.boundaries import undivided_sentence

    found = [undivided_sentence(name, data.boundaries(name, *SPLITS)) for name in segmenters]
    return [f"{data.corpus.name}: {sentence}." for sentence in found if sentence]


def prepare_all(runs: Iterable[Run]) -> list[Dataset]:
    """Prepare all runs, and report what was left out or noticed in any."""
    datasets = [prepare(run) for run in runs]
    report(datasets)
    return datasets


def _pairs(systems: Iterable[System]) -> tuple[Pair, ...]:
    """Return which features are needed in which segments, each pair once."""
    owners = (owner for s in systems for owner in (s, s.learned_as) if owner)
    return tuple(dict.fromkeys(pair for owner in owners for pair in owner.kept))


def _names(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the extractors and the segmenters of `pairs`, each once."""
    pairs = list(pairs)
    extractors = tuple(dict.fromkeys(name for name, _ in pairs))
    return extractors, tuple(dict.fromkeys(name for _, name in pairs if name not in NOT_FOUND))


def _segment_folder(
    folder: Path, corpus: Corpus, split: str, pairs: tuple[Pair, ...]
) -> SegmentFolder:
    clips = corpus.split(split)
    made_from = store.key(source=corpus.source.key(clips, *_names(pairs)), pairs=pairs)
    return SegmentFolder(folder / f"segments/{split}-{made_from}", corpus.source, clips, pairs)


def _fill(segments: Mapping[str, SegmentFolder], workers: Workers, name: str) -> None:
    """Compute the segment features that are missing."""
    missing = [folder for folder in segments.values() if not folder.done]
    if not missing:
        return
    jobs = [job for folder in missing for job in folder.jobs()]
    failed = run_jobs(jobs, workers, f"segments of {name}", unit="chunk")
    if failed:
        raise VmnetError(next(iter(failed.values())))
    for folder in missing:
        folder.finish()


def require_splits(corpus: Corpus, failures: Mapping[str, str]) -> None:
    """Raise VmnetError if a split has too few clips; `failures` says why others are left out."""
    sizes = {split: len(corpus.split(split)) for split in corpus.splits}
    if min(sizes.values()) >= MIN_CLIPS:
        return
    counted = ", ".join(f"{size} {split}" for split, size in sizes.items())
    remedies = ["add clips"]
    if corpus.split_seed is None:  # the corpus came with its splits
        few = " and ".join(split for split, size in sizes.items() if size < MIN_CLIPS)
        remedies.append(f"give the split {few} to more of them in its manifest")
    if failures:
        listed = (f"\n  {name}: {reason}" for name, reason in failures.items())
        remedies.append(f"mend these:{''.join(listed)}")
    raise VmnetError(
        f"corpus {corpus.name!r} has too few usable clips, {counted}, where each split needs "
        f"{MIN_CLIPS}: {', or '.join(remedies)}{'' if failures else '.'}"
    )


def report(datasets: Iterable[Dataset], keep: bool = True) -> None:
    """Tell which clips are left out of any dataset, and what was noticed about others.

    Parameters
    ----------
    keep
        Whether to write both beside the figures, as failures.csv and warnings.csv.
    """
    datasets = list(datasets)
    failures: dict[str, dict[str, None]] = {}  # a set in order
    warnings: dict[str, dict[str, None]] = {}
    for data in datasets:
        for clip_id, reason in data.failures.items():
            failures.setdefault(clip_id, {})[reason] = None
        for clip_id, lines in data.warnings.items():
            warnings.setdefault(clip_id, {}).update(dict.fromkeys(lines))
    if not datasets:
        return
    run = datasets[0].run
    again = "they are tried again once they are mended, or with --retry"
    what = f"of {len(run.corpus.clips)} clips were left out; {again}"
    _report(run.figures / "failures.csv" if keep else None, failures, what)
    _report(run.figures / "warnings.csv" if keep else None, warnings, "noticed")


def _report(path: Path | None, lines: Mapping[str, Iterable[str]], what: str) -> None:
    rows = [(clip_id, line) for clip_id in sorted(lines) for line in lines[clip_id]]
    if rows:
        log(f"{len(rows)} {what}{f' ({path})' if path else ''}:")
    for clip_id, line in rows:
        log(f"  {clip_id}: {line}" if clip_id else f"  {line}")
    if path and rows:
        import pandas as pd

        table = pd.DataFrame(rows, columns=["clip_id", "reason"])
        store.save_text(path, table.to_csv(index=False))
    elif path:
        path.unlink(missing_ok=True)


# --- network, embeddings, results ---------------------------------------------------------------


def model(data: Dataset, system: System) -> "Embedder":
    """Load or train the model of one system, or that of the system it is `learned_as`."""
    from vmnet.models import MODELS

    system = system.learned_as or system
    train_video, train_music = data.features(system, "train")
    valid_video, valid_music = data.features(system, "valid")
    features = (train_music, train_video, valid_music, valid_video)
    training, validation = (data.moments(system, split) for split in ("train", "valid"))
    options: dict[str, Any] = {}
    if training and validation:
        options["moments"] = training, validation
    if _has_extra(data, system):
        extra_video, extra_music = data.features(system, EXTRA)
        options["extra"] = extra_music, extra_video
    elif EXTRA in data.corpus.splits:
        why = "its tracks are cut apart" if system.apart else "it pools frames"
        log(f"{_label(system)}: {why}, so that it learns without extra clips.")
    with timed(f"model {_label(system)}", bar=False):
        settings, folder = _settings(data, system), model_folder(data, system)
        return MODELS[system.model].train(*features, settings, folder, **options)


def model_folder(data: Dataset, system: System) -> Path:
    """Return where the model of one system is kept."""
    system = system.learned_as or system
    return data.run.folder / "networks" / f"{_label(system)}-{_model_key(data, system)}"


def network(data: Dataset, system: System) -> "TrainedVMNet":
    """Load or train the network of one system, with its curve; its energy is metered where it can.

    Raises
    ------
    ValueError
        If the system's model is no network.

    Examples
    --------
    >>> from vmnet import open_run, prepare
    >>> from vmnet.experiment import network, seg_vm_net
    >>> run = open_run("toy")
    >>> trained = network(prepare(run), seg_vm_net(run))
    >>> trained.config.steps, trained.curve["step"].tolist()
    (4, [2, 4])
    """
    from vmnet.models import TrainedVMNet

    trained = model(data, system)
    if not isinstance(trained, TrainedVMNet):
        raise ValueError(f"{system.name} has no network: its model is {system.model!r}")
    return trained


def embeddings(data: Dataset, system: System, split: str = "test") -> tuple[Sequences, Sequences]:
    """Return (video, music): the unit-norm segment embeddings of one split, 512-d of a network.

    Examples
    --------
    >>> from vmnet import embeddings, open_run, prepare, seg_vm_nets
    >>> run = open_run("toy", segmenters=["olda"])
    >>> (system,) = seg_vm_nets(run)
    >>> video, music = embeddings(prepare(run), system)
    >>> len(video), video.dim, video.ids == music.ids
    (12, 512, True)
    """
    name = f"{_label(system)}-{split}-{embeddings_key(data, system, split)}"
    paths = [data.run.folder / "embeddings" / f"{name}-{modality}.npz" for modality in MODALITIES]
    if not all(path.exists() for path in paths):
        video, music = data.features(system, split)
        trained = model(data, system)
        trained.embed_video(video).save(paths[0])
        trained.embed_music(music).save(paths[1])
    embedded = [Sequences.load(path) for path in paths]
    return embedded[0], embedded[1]


def results(
    data: Dataset | Iterable[Dataset],
    systems: Systems,
    distances: Iterable[str],
    scenarios: Iterable[str] = ("vanilla",),
    indel: Mapping[str, float] | None = None,
    split: str = "test",
) -> "pd.DataFrame":
    """Load or compute the tidy results table of some systems under some distances and scenarios.

    Parameters
    ----------
    data
        What `prepare` returned, or a list of such, one for each seed.
    systems
        A function from a run to its systems, such as `baselines`.
    distances, scenarios
        Keys of `DISTANCES` and of `SCENARIOS`.
    indel
        Indel cost by distance, where it differs from the run's.

    Returns
    -------
    table : pandas.DataFrame
        One row per (system, segmenter, distance, scenario, direction, seed, metric); the column
        "kind" says what the data are, "settings" what differs from the profile.

    Examples
    --------
    >>> from vmnet import open_run, prepare, results, seg_vm_nets
    >>> table = results(prepare(open_run("toy")), seg_vm_nets, ["nw"], indel={"nw": 0.5})
    >>> first = table.iloc[0]
    >>> first.corpus, first.segmenter, first.distance, first.scenario, first.direction
    ('simulated-toy', 'foote', 'nw', 'vanilla', 'V2M')
    """
    import pandas as pd

    from vmnet.aligners import DISTANCES
    from vmnet.evaluation import SCENARIOS

    distances = known_names(distances, DISTANCES, "distance")
    scenarios = known_names(scenarios, SCENARIOS, "scenario")
    costs = require_costs(indel or {})
    tables = [
        _results(one, system, distances, scenarios, costs, split)
        for one in ([data] if isinstance(data, Dataset) else data)
        for system in systems(one.run)
    ]
    return pd.concat(tables, ignore_index=True)


def _results(
    data: Dataset,
    system: System,
    distances: tuple[str, ...],
    scenarios: tuple[str, ...],
    indel: Mapping[str, float],
    split: str,
) -> "pd.DataFrame":
    """Load or compute the rows of one system."""
    import pandas as pd

    from vmnet.evaluation.experiment import evaluate

    costs = indel_defaults() | dict(data.run.indel) | dict(indel)
    forms = {name: alignment_of(name) for name in distances}
    options = {name: {"indel": costs[form]} for name, form in forms.items() if form in costs}
    key = store.key(
        embeddings=embeddings_key(data, system, split),
        distances=distances,
        scenarios=scenarios,
        options=options,
    )
    path = data.run.folder / "results" / f"{_label(system)}-{key}.csv"
    if not path.exists():
        rows = evaluate(*embeddings(data, system, split), distances, scenarios, options)
        store.save_text(path, pd.DataFrame(rows).to_csv(index=False))
    return tidy(pd.read_csv(path), data, system, split)


def tidy(
    rows: "pd.DataFrame", data: Dataset, system: System, split: str = "test"
) -> "pd.DataFrame":
    """Return the rows of `evaluate` with the columns that say whose they are."""
    from vmnet.evaluation.experiment import COLUMNS

    table = rows.assign(
        corpus=data.corpus.name,
        kind=data.corpus.kind,
        n_clips=len(data.corpus.split(split)),
        system=system.name,
        segmenter=system.segmentation,
        seed=data.run.seed,
        settings=data.run.settings,
    )
    return table[[*COLUMNS, "settings"]]


def _label(system: System) -> str:
    return f"{system.name}-{system.segmentation}"


def _settings(data: Dataset, system: System) -> Any:
    """Return the settings of a training, a dataclass."""
    from vmnet.models import MODELS, TrainingConfig

    run = data.run
    own = training_settings(run.profile, data.corpus)
    settings = {**own, **run.training, **system.training}
    return MODELS[system.model].settings(TrainingConfig(seed=run.seed, **settings))


def _has_extra(data: Dataset, system: System) -> bool:
    """Tell whether a training may draw on extra clips: not where tracks are cut apart, or frames
    are pooled, of which extra clips may have one alone.
    """
    return EXTRA in data.corpus.splits and not system.apart and FRAMES not in system.cut


def _model_key(data: Dataset, system: System) -> str:
    from vmnet.models.settings import decisive

    system = system.learned_as or system
    extra = {"extra": data.features_key(system, EXTRA)} if _has_extra(data, system) else {}
    return store.key(
        train=data.features_key(system, "train"),
        valid=data.features_key(system, "valid"),
        training=decisive(_settings(data, system)),
        **extra,
    )


def embeddings_key(data: Dataset, system: System, split: str) -> str:
    """Return what stands for `embeddings`."""
    return store.key(network=_model_key(data, system), features=data.features_key(system, split))
