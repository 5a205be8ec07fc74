"""Load or compute each stage of the way of the data, for one corpus.

    corpus -> frame features, boundaries -> segment features -> network -> embeddings -> results

What a stage makes is kept under `data/<corpus>/`, in a folder or file whose name holds a key of
all that made it; a second call loads it, and a changed parameter computes it anew. The notebooks
and the command line call these functions and nothing below them.
"""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.aligners import Sequences, indel_defaults
from vmnet.batch import Job, array_job, run_jobs
from vmnet.config import DEFAULT_PROFILE, FIGURES, PROFILES, SEGMENTATIONS, Profile
from vmnet.corpus import SPLITS, Clip, Corpus
from vmnet.corpus.opening import NAMED, data_folder, named_folder, open_corpus
from vmnet.errors import MediaError, VmnetError
from vmnet.segments import CLIP, SegmentFolder

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.models import TrainedVMNet, TrainingConfig


MODALITIES = ("video", "music")


@dataclass(frozen=True)
class System:
    """What is trained and ranked: a segmentation, the features of the two modalities, the loss.

    `segmenter` is a key of `SEGMENTERS`, or `CLIP` for one segment that lasts the whole clip;
    `music` and `video` are keys of `EXTRACTORS`, or names of the frames of the corpus' source.
    `training` is what its `TrainingConfig` has beside the profile's.
    """

    name: str
    segmenter: str
    music: str
    video: str
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Run:
    """One corpus under one profile and one seed.

    Attributes
    ----------
    folder
        Where the results of the stages are kept.
    figures
        Where tables, figures and executed notebooks go.
    failures
        Why a clip is left out, by clip_id; filled by the stages.
    """

    profile: Profile
    corpus: Corpus
    seed: int
    jobs: int
    folder: Path
    figures: Path
    segmenters: tuple[str, ...] = SEGMENTATIONS
    failures: dict[str, str] = field(default_factory=dict)


def open_runs(
    profile: str = DEFAULT_PROFILE,
    corpus: str = "",
    seeds: Sequence[int] = (),
    jobs: int = 0,
    segmenters: Sequence[str] = (),
) -> list[Run]:
    """Open a corpus once for each seed; see `open_run`. No seeds are those of the profile."""
    chosen = _profile(profile)
    seeds = tuple(dict.fromkeys(seeds)) or chosen.seeds
    runs = [open_run(profile, corpus, seed, jobs, segmenters) for seed in seeds]
    for run in runs:
        run.figures = _figures(run, corpus, seeds)
        store.sweep(run.figures)
        if run.folder == runs[0].folder:  # a folder of files: what fails once fails for all
            run.failures = runs[0].failures
    return runs


def open_run(
    profile: str = DEFAULT_PROFILE,
    corpus: str = "",
    seed: int = 0,
    jobs: int = 0,
    segmenters: Sequence[str] = (),
) -> Run:
    """Open a corpus; render it first where it is the rendered one and is not there yet.

    Parameters
    ----------
    profile
        A key of `PROFILES`.
    corpus
        A key of `vmnet.corpus.opening.NAMED`, a folder of music videos, of features or of
        YouTube-8M's shards, or "" for the profile's own.
    seed
        Decides the rendered or simulated corpus, the split of a folder, and the training.
    jobs
        Clips worked on at once; 0 means one per processor.
    segmenters
        The segmentations the run is about; a clip that one of them cannot segment is left out of
        all, so that all are compared on the same clips. None are the paper's four, or those of them
        that a corpus without media has.

    Raises
    ------
    VmnetError
        If a name is unknown or the folder cannot be used.
    """
    chosen = _profile(profile)
    jobs = jobs or os.cpu_count() or 1
    name = corpus or chosen.corpus
    data = named_folder(name, profile, seed) if name in NAMED else data_folder(Path(name))
    store.sweep(data)
    opened = open_corpus(name, chosen, data, seed, jobs)
    run = Run(chosen, opened, seed, jobs, data, data, _segmenters(opened, segmenters))
    run.figures = _figures(run, corpus, (seed,))
    return run


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise VmnetError(f"there is no profile {name!r}; there are {', '.join(PROFILES)}.")
    return PROFILES[name]


def _figures(run: Run, corpus: str, seeds: tuple[int, ...]) -> Path:
    """Return where tables and figures go: a folder named after the profile or after the folder."""
    profile = run.profile
    if corpus and corpus != profile.corpus:
        own = run.corpus.name if corpus not in NAMED else corpus
        if own in PROFILES or own == "gallery":
            own = run.folder.name
        name = own if profile.name == DEFAULT_PROFILE else f"{own}-{profile.name}"
    else:
        name = profile.name
    return FIGURES / (name if seeds == profile.seeds else f"{name}-seed{'-'.join(map(str, seeds))}")


def _segmenters(corpus: Corpus, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the segmentations of a run; refuse what is unknown or what the corpus cannot give."""
    from vmnet.segmenters import SEGMENTERS

    given = SEGMENTERS if corpus.source is None else corpus.source.segmenters
    chosen = _known(asked, SEGMENTERS, "segmenter")
    if lacking := [name for name in chosen if name not in given]:
        raise VmnetError(
            f"corpus {corpus.name!r} has no segments of {', '.join(lacking)}, only of "
            f"{', '.join(given)}."
        )
    if chosen:
        return chosen
    lacking = [name for name in SEGMENTATIONS if name not in given]
    if lacking:
        print(f"{corpus.name} has features alone: no segments of {', '.join(lacking)}.")
    chosen = tuple(name for name in SEGMENTATIONS if name in given)
    if not chosen:
        raise VmnetError(
            f"corpus {corpus.name!r} has boundaries of {', '.join(given)} alone; a segmentation is "
            f"one of {', '.join(SEGMENTERS)}."
        )
    return chosen


# --- systems ------------------------------------------------------------------------------------


def seg_vm_net(run: Run, segmenter: str = "") -> System:
    """Return the paper's proposal for one segmentation (paper IV: one network per S).

    Without a name it is OLDA's, with which the paper's experiment 3 is done, or the run's first.
    """
    music, video, _ = _feature_names(run)
    if not segmenter:
        segmenter = "olda" if "olda" in run.segmenters else run.segmenters[0]
    return System("seg_vmnet", segmenter, music, video)


def baselines(run: Run) -> tuple[System, ...]:
    """Return the clip-level systems: the original VM-Net, and with learned music features.

    Paper V-A. A corpus without media may lack the handcrafted features of baseline 1.
    """
    music, video, handcrafted = _feature_names(run)
    two = System("baseline_2", CLIP, music, video)
    if not handcrafted:
        return (two,)
    return (System("baseline_1", CLIP, handcrafted, video), two)


def clip_level(run: Run) -> tuple[System, ...]:
    """Return the baselines, then baseline 2 with the loss of the original VM-Net (CBVMR).

    That has terms within a modality, which do not help according to the thesis (7.1.3): the last
    system is without them.
    """
    from vmnet.models.settings import CBVMR

    *_, two = own = baselines(run)
    losses: dict[str, dict[str, Any]] = {
        "baseline_2_cbvmr": CBVMR,
        "baseline_2_cbvmr_inter": CBVMR | {"intra_weights": (0.0, 0.0)},
    }
    return (*own, *(replace(two, name=name, training=loss) for name, loss in losses.items()))


def seg_vm_nets(run: Run) -> tuple[System, ...]:
    """Return one Seg-VM-Net for each segmentation of the run."""
    return tuple(seg_vm_net(run, segmenter) for segmenter in run.segmenters)


def all_systems(run: Run) -> tuple[System, ...]:
    """Return the clip-level systems and the Seg-VM-Nets."""
    return (*clip_level(run), *seg_vm_nets(run))


def _feature_names(run: Run) -> tuple[str, str, str]:
    """Return what the features of music, of video and of baseline 1's music are called."""
    source = run.corpus.source
    if source is None:
        return "musicnn", "efficientnet", "handcrafted"
    return "music", "video", "handcrafted" if "handcrafted" in source.extractors else ""


# --- stages that go clip by clip ----------------------------------------------------------------


@dataclass(frozen=True)
class ClipStage:
    """A stage done clip by clip: named arrays from one media file.

    `parameters` is everything that decides the result, for the key.
    """

    name: str
    compute: Any
    parameters: Mapping[str, Any]

    def file(self, run: Run, clip: Clip) -> Path:
        """Return where this stage keeps the arrays of `clip`; the name changes with the media."""
        folder = run.folder / f"{self.name}-{store.key(**self.parameters)}"
        made_from = store.fingerprint(clip.path) if clip.path.exists() else "missing"
        return folder / f"{clip.clip_id}-{made_from}.npz"

    def job(self, run: Run, clip: Clip) -> Job:
        """Return the job of doing this stage for `clip`."""
        return array_job(clip.clip_id, clip.path, self.file(run, clip), self.compute)


def extractor_stage(name: str) -> ClipStage:
    """Return the stage that runs one extractor: array "frames", (n_frames, dim) float32."""
    from vmnet.features import EXTRACTORS

    extractor = EXTRACTORS[name]
    return ClipStage(f"features/{name}", extractor.compute, extractor.parameters)


def segmenter_stages(names: Iterable[str]) -> dict[str, ClipStage]:
    """Return the stage of each segmenter; those of one group share a stage, as they share its work.

    Array `<name>` holds the boundaries, (n_segments + 1,) s; `GROUPS` says what else is kept.
    """
    from vmnet.segmenters import SEGMENTERS

    stages = {}
    for name in names:
        group = SEGMENTERS[name].group
        parameters = {s.name: s.parameters for s in SEGMENTERS.values() if s.group == group}
        stages[name] = ClipStage(f"boundaries/{group}", SEGMENTERS[name].compute, parameters)
    return stages


def prepare(run: Run, systems: Iterable[System] | None = None) -> dict[str, float]:
    """Compute what is missing of all frame features and boundaries; return the seconds by stage.

    A clip that fails in a stage is noted in `run.failures` and left out from then on. A corpus
    without media is segmented as a whole, whatever the systems.
    """
    if run.corpus.source is not None:
        return _fill_segments(run)
    return run_stages(run, _stages(run, systems or all_systems(run)))


def prepare_all(runs: Iterable[Run]) -> None:
    """Prepare all runs and report what failed in any."""
    reported: list[dict[str, str]] = []
    for run in runs:
        prepare(run)
        if not any(run.failures is failures for failures in reported):
            report_failures(run)
        reported.append(run.failures)


def _fill_segments(run: Run) -> dict[str, float]:
    folders = [segment_folder(run, split) for split in SPLITS]
    seconds = {}
    if not all(folder.done for folder in folders):
        started = time.monotonic()
        jobs = [job for folder in folders for job in folder.jobs()]
        failed = run_jobs(jobs, run.jobs, f"segments of {run.corpus.name}", unit="chunk")
        if failed:
            raise VmnetError(next(iter(failed.values())))
        for folder in folders:
            folder.finish()
        seconds["segments"] = time.monotonic() - started
        print(f"segments: {len(run.corpus.clips)} clips in {seconds['segments']:.1f} s")
    for folder in folders:
        run.failures |= folder.failures
    return seconds


def segment_folder(run: Run, split: str) -> SegmentFolder:
    """Return the segment features of one split of a corpus without media, computed or not."""
    source, clips = run.corpus.source, run.corpus.split(split)
    assert source is not None
    made_from = store.key(
        source=source.key(), clips=[clip.clip_id for clip in clips], segmenters=run.segmenters
    )
    return SegmentFolder(
        run.folder / f"segments/{split}-{made_from}", source, clips, run.segmenters
    )


def run_stages(run: Run, stages: Iterable[ClipStage]) -> dict[str, float]:
    """Do the given stages, each for all usable clips, as `prepare` says."""
    seconds = {}
    for stage in stages:
        todo = [clip for clip in usable(run) if not stage.file(run, clip).exists()]
        if not todo:
            continue
        started = time.monotonic()
        jobs = [stage.job(run, clip) for clip in todo]
        run.failures |= run_jobs(jobs, run.jobs, stage.name)
        seconds[stage.name] = time.monotonic() - started
        print(f"{stage.name}: {len(todo)} clips in {seconds[stage.name]:.1f} s")
    return seconds


def usable(run: Run) -> list[Clip]:
    """Return the clips that no stage has failed on; a folder's split is dealt among them."""
    from vmnet.corpus.folder import MIN_FOLDER, deal

    clips = [clip for clip in run.corpus.clips if clip.clip_id not in run.failures]
    seed = run.corpus.split_seed
    if seed is None or not run.failures or len(clips) < MIN_FOLDER:
        return clips
    return list(deal(clips, seed))


def report_failures(run: Run) -> None:
    """Print and write, as failures.csv, which clips are left out and why."""
    path = run.figures / "failures.csv"
    if not run.failures:
        path.unlink(missing_ok=True)
        return
    import pandas as pd

    table = pd.DataFrame(sorted(run.failures.items()), columns=["clip_id", "reason"])
    store.save_text(path, _printable(table.to_csv(index=False)))
    print(f"{len(table)} of {len(run.corpus.clips)} clips were left out ({path}):")
    for clip_id, reason in sorted(run.failures.items()):
        print(_printable(f"  {clip_id}: {reason}"))


def _printable(text: str) -> str:
    """Replace what a file name held that is no Unicode."""
    return text.encode("utf-8", "replace").decode()


def _stages(run: Run, systems: Iterable[System]) -> list[ClipStage]:
    """Return the stages that `systems` need, each once, in the order of the way of the data."""
    systems = list(systems)
    extractors = dict.fromkeys(name for system in systems for name in (system.video, system.music))
    segmenters = dict.fromkeys(s.segmenter for s in systems if s.segmenter != CLIP)
    stages = [extractor_stage(name) for name in extractors]
    stages += segmenter_stages(segmenters).values()
    return list({stage.name: stage for stage in stages}.values())


# --- stages that go over the whole corpus -------------------------------------------------------


def clip_arrays(run: Run, stage: ClipStage, clip: Clip) -> dict[str, np.ndarray]:
    """Return the arrays of one prepared clip, as a stage has kept them.

    Raises
    ------
    VmnetError
        If they are not there: the media file has changed since the stage was done.
    """
    path = stage.file(run, clip)
    if not path.exists():
        raise VmnetError(f"{clip.path} has changed meanwhile; run the same command again.")
    return store.load_arrays(path)


def boundaries(run: Run, segmenter: str, clip: Clip) -> np.ndarray:
    """Return the boundaries of one prepared clip, (n_segments + 1,) s."""
    return boundaries_of(run, segmenter, [clip])[0]


def boundaries_of(run: Run, segmenter: str, clips: Iterable[Clip]) -> list[np.ndarray]:
    """Return the boundaries of prepared clips, (n_segments + 1,) s each."""
    if run.corpus.source is not None:
        found: dict[str, np.ndarray] = {}
        for split in {clip.split for clip in clips}:
            found |= segment_folder(run, split).boundaries(segmenter)
        return [found[clip.clip_id] for clip in clips]
    stage = segmenter_stages([segmenter])[segmenter]
    return [clip_arrays(run, stage, clip)[segmenter] for clip in clips]


def segment_features(run: Run, system: System, split: str) -> tuple[Sequences, Sequences]:
    """Return (video, music): the segment features of one split, one sequence a clip.

    A segment's feature is the mean of its frames (paper IV-C): float32, or float16 and
    memory-mapped where the corpus has no media.

    Raises
    ------
    VmnetError
        If the split has fewer than two usable clips.
    """
    prepare(run, [system])
    clips = [clip for clip in usable(run) if clip.split == split]
    if len(clips) < 2:
        reasons = "".join(f"\n  {name}: {reason}" for name, reason in run.failures.items())
        raise VmnetError(
            f"corpus {run.corpus.name!r} has {len(clips)} usable clips in its {split!r} split and "
            f"two are needed: add clips{', or mend these:' + reasons if reasons else '.'}"
        )
    names = (system.video, system.music)
    if run.corpus.source is not None:
        segments = segment_folder(run, split)
        video, music = (segments.features(name, system.segmenter) for name in names)
    else:
        video, music = (_segment_means(run, clips, name, system.segmenter) for name in names)
    return video, music


def _segment_means(run: Run, clips: Sequence[Clip], extractor: str, segmenter: str) -> Sequences:
    from vmnet.segmenters.boundaries import segment_means

    stage = extractor_stage(extractor)
    means = []
    for clip in clips:
        frames = clip_arrays(run, stage, clip)["frames"]
        whole_clip = np.array([0.0, len(frames)])
        edges = whole_clip if segmenter == CLIP else boundaries(run, segmenter, clip)
        means.append(segment_means(frames, edges))
    return Sequences.from_list(means, [clip.clip_id for clip in clips])


def network(run: Run, system: System) -> "TrainedVMNet":
    """Load or train the network of one system; its energy is metered where that can be read."""
    from vmnet.models import train
    from vmnet.models.energy import COUNTRY, can_measure

    config = _training(run, system)
    train_video, train_music = segment_features(run, system, "train")
    valid_video, valid_music = segment_features(run, system, "valid")
    folder = run.folder / "networks" / f"{system.name}-{system.segmenter}-{_made_from(run, system)}"
    country = COUNTRY if can_measure() else ""
    features = (train_music, train_video, valid_music, valid_video)
    return train(*features, config, folder, country=country)


def embeddings(run: Run, system: System, split: str = "test") -> tuple[Sequences, Sequences]:
    """Return (video, music): the 512-d unit-norm segment embeddings of one split."""
    prepare(run, [system])
    made_from = _made_from(run, system)
    name = f"{system.name}-{system.segmenter}-{split}-{made_from}"
    paths = [run.folder / "embeddings" / f"{name}-{modality}.npz" for modality in MODALITIES]
    if not all(path.exists() for path in paths):
        video, music = segment_features(run, system, split)
        trained = network(run, system)
        trained.embed_video(video).save(paths[0])
        trained.embed_music(music).save(paths[1])
    embedded = [Sequences.load(path) for path in paths]
    return embedded[0], embedded[1]


def results_over(runs: Iterable[Run], systems: Any, *args: Any, **kwargs: Any) -> "pd.DataFrame":
    """Return the results of all runs in one table, one seed each; see `results`.

    `systems` is a function from a run to its systems, such as `baselines`.
    """
    import pandas as pd

    tables = [results(run, systems(run), *args, **kwargs) for run in runs]
    return pd.concat(tables, ignore_index=True)


def results(
    run: Run,
    systems: Iterable[System],
    distances: Iterable[str],
    scenarios: Iterable[str] = ("vanilla",),
    indel: Mapping[str, float] | None = None,
    split: str = "test",
) -> "pd.DataFrame":
    """Load or compute the tidy results table of some systems under some distances and scenarios.

    Parameters
    ----------
    indel
        Indel cost by distance, where it differs from the paper's.

    Returns
    -------
    table : pandas.DataFrame
        One row per (system, segmenter, distance, scenario, direction, metric); the column "kind"
        says what the data are.
    """
    import pandas as pd

    from vmnet.aligners import DISTANCES
    from vmnet.evaluation import SCENARIOS
    from vmnet.evaluation.experiment import COLUMNS, evaluate

    distances = _known(distances, DISTANCES, "distance")
    scenarios = _known(scenarios, SCENARIOS, "scenario")
    # In the key of a result even where nobody names them.
    costs = {
        name: cost
        for name, cost in (indel_defaults() | dict(indel or {})).items()
        if name in distances
    }
    options = {name: {"indel": cost} for name, cost in costs.items()}
    asked = {"distances": distances, "scenarios": scenarios, "options": options, "split": split}
    tables = []
    for system in systems:
        made_from = _made_from(run, system, **asked)
        path = run.folder / "results" / f"{system.name}-{system.segmenter}-{made_from}.csv"
        if not path.exists():
            video, music = embeddings(run, system, split)
            rows = evaluate(video, music, distances, scenarios, options)
            table = pd.DataFrame(rows).assign(
                corpus=run.corpus.name,
                kind=run.corpus.kind,
                n_clips=len(video),
                system=system.name,
                segmenter=system.segmenter,
                seed=run.seed,
            )
            store.save_text(path, table[list(COLUMNS)].to_csv(index=False))
        tables.append(pd.read_csv(path))
    return pd.concat(tables, ignore_index=True)


def recommend(
    run: Run, video: Path, distance: str = "trace", top: int = 10
) -> list[tuple[Clip, float]]:
    """Rank all music of the corpus for one video file, with the segmentation of `seg_vm_net`.

    Parameters
    ----------
    video
        The query; a segmentation of the music needs its sound, "transnet" its pictures alone.
    distance
        A key of `vmnet.aligners.DISTANCES`.

    Returns
    -------
    ranking : list of (Clip, float)
        The `top` nearest clips and their distances, nearest first.

    Raises
    ------
    MediaError
        If the query cannot be used.
    """
    from vmnet import media
    from vmnet.aligners import DISTANCES, distance_matrix

    _known([distance], DISTANCES, "distance")
    if run.corpus.source is not None:
        raise VmnetError(
            f"corpus {run.corpus.name!r} has no media to compare a video with; give --corpus with "
            "a folder of music videos."
        )
    media.require(video, audio=False)
    system = seg_vm_net(run)
    prepare(run, [system])
    trained = network(run, system)
    query = Clip("query", Path(video).absolute(), "query")
    stages = [extractor_stage(system.video), segmenter_stages([system.segmenter])[system.segmenter]]
    for stage in stages:
        if not stage.file(run, query).exists():
            failed = run_jobs([stage.job(run, query)], 1, stage.name)
            if failed:
                raise MediaError(failed["query"])
    catalog = usable(run)
    queries = trained.embed_video(_segment_means(run, [query], system.video, system.segmenter))
    targets = trained.embed_music(_segment_means(run, catalog, system.music, system.segmenter))
    distances = distance_matrix(queries, targets, distance)[0]
    return [(catalog[i], float(distances[i])) for i in np.argsort(distances, kind="stable")[:top]]


def export(run: Run, folder: Path, video: str, music: str, split: str = "") -> int:
    """Write the features and boundaries of a corpus of media files as a features corpus.

    Parameters
    ----------
    folder
        Gets a manifest and one file a clip (see `vmnet.corpus.features`); made if need be.
    video, music
        Keys of `EXTRACTORS`.
    split
        Put all clips into this one; "" keeps the corpus' own.

    Returns
    -------
    n_clips : int
        Clips written; the others are in `run.failures`.

    Raises
    ------
    VmnetError
        If the corpus has no media.
    """
    from vmnet.corpus.features import save_features
    from vmnet.corpus.manifest import write_manifest
    from vmnet.features import EXTRACTORS

    if run.corpus.source is not None:
        raise VmnetError(f"corpus {run.corpus.name!r} has no media: its features are all there is.")
    _known([video, music], EXTRACTORS, "extractor")
    system = System("export", CLIP, music, video)
    run_stages(run, [*_stages(run, [system]), *segmenter_stages(run.segmenters).values()])
    clips = []
    for clip in usable(run):
        frames = {
            name: clip_arrays(run, extractor_stage(name), clip)["frames"] for name in (video, music)
        }
        edges = {name: boundaries(run, name, clip) for name in run.segmenters}
        path = Path(folder).absolute() / f"{clip.clip_id}.npz"
        save_features(path, frames[video], frames[music], boundaries=edges)
        clips.append(replace(clip, path=path, split=split or clip.split))
    write_manifest(Path(folder).absolute() / "manifest.csv", clips)
    return len(clips)


def _known(names: Iterable[str], known: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """Return `names`, each once; refuse one that is not in `known` before anything is computed."""
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise VmnetError(f"there is no {what} {name!r}; there are {', '.join(known)}.")
    return chosen


def _training(run: Run, system: System) -> "TrainingConfig":
    """Return the settings of a training.

    Whitened features are taken as they are, as the paper does; the outputs of our extractors are
    neither centred nor of one scale.
    """
    from vmnet.models import TrainingConfig

    standardize = run.corpus.source is None or not run.corpus.source.whitened
    settings = {**run.profile.training, **system.training}
    return TrainingConfig(seed=run.seed, standardize=standardize, **settings)


def _made_from(run: Run, system: System, **more: Any) -> str:
    """Return the key of everything that decides what `system` learns on this corpus."""
    if run.corpus.source is not None:
        files = [segment_folder(run, split).folder.name for split in SPLITS]
    else:
        files = [
            stage.file(run, clip).relative_to(run.folder).as_posix()
            for stage in _stages(run, [system])
            for clip in usable(run)
        ]
    return store.key(
        system=asdict(system),
        seed=run.seed,
        training=asdict(_training(run, system)),
        files=files,
        splits=[clip.split for clip in usable(run)],
        **more,
    )
