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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.aligners import Sequences
from vmnet.aligners.distances import NW_INDEL, SW_INDEL
from vmnet.batch import Job, array_job, run_jobs
from vmnet.config import DATA, DEFAULT_PROFILE, FIGURES, PROFILES, SEGMENTATIONS, Profile
from vmnet.corpus import Clip, Corpus
from vmnet.errors import MediaError, VmnetError

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.models import TrainedVMNet, TrainingConfig


# Paper IV-D; in the key of a result even where nobody names them.
INDELS = {"nw": NW_INDEL, "sw": SW_INDEL}


@dataclass(frozen=True)
class System:
    """What is trained and ranked: a segmentation, and the features of the two modalities.

    `segmenter` is a key of `SEGMENTERS`, or "clip" for one segment that lasts the whole clip;
    `music` and `video` are keys of `EXTRACTORS`.
    """

    name: str
    segmenter: str
    music: str = "musicnn"
    video: str = "efficientnet"


# Paper V-A: the original VM-Net, and the same with learned music features.
BASELINES = (
    System("baseline_1", "clip", music="handcrafted"),
    System("baseline_2", "clip"),
)


def seg_vm_net(segmenter: str) -> System:
    """Return the paper's proposal for one segmentation (paper IV: one network per S)."""
    return System("seg_vmnet", segmenter)


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


def open_run(
    profile: str = DEFAULT_PROFILE,
    corpus: str = "",
    seed: int = 0,
    jobs: int = 0,
    segmenters: Sequence[str] = SEGMENTATIONS,
) -> Run:
    """Open a corpus; render it first where it is the rendered one and is not there yet.

    Parameters
    ----------
    profile
        A key of `PROFILES`.
    corpus
        "rendered", a folder of music videos, or "" for the profile's own.
    seed
        Decides the rendered corpus, the split of a folder, and the training.
    jobs
        Clips worked on at once; 0 means one per processor.
    segmenters
        The segmentations the run is about; a clip that one of them cannot segment is left out of
        all, so that all are compared on the same clips.

    Raises
    ------
    VmnetError
        If a name is unknown or the folder cannot be used.
    """
    from vmnet.segmenters import SEGMENTERS

    if profile not in PROFILES:
        raise VmnetError(f"there is no profile {profile!r}; there are {', '.join(PROFILES)}.")
    segmenters = _known(segmenters, SEGMENTERS, "segmenter")
    chosen = PROFILES[profile]
    jobs = jobs or os.cpu_count() or 1
    name = corpus or chosen.corpus
    if not name:
        raise VmnetError(f"the profile {profile!r} has no corpus of its own; give --corpus FOLDER.")
    if name == "rendered":
        data = DATA / f"rendered-{profile}-seed{seed}"
        figures = FIGURES / (f"{profile}-seed{seed}" if seed else profile)
        opened = _rendered(chosen, data, seed, jobs)
    else:
        folder = Path(name).expanduser().resolve()
        opened = _folder(folder, seed)
        data = DATA / f"{opened.name}-{store.key(folder=folder)}"
        shown = opened.name if profile == DEFAULT_PROFILE else f"{opened.name}-{profile}"
        taken = shown in PROFILES or shown == "gallery"
        figures = FIGURES / (data.name if taken else shown)
    for folder in (data, figures):
        store.sweep(folder)
    return Run(chosen, opened, seed, jobs, data, figures, tuple(segmenters))


def _rendered(profile: Profile, data: Path, seed: int, jobs: int) -> Corpus:
    from vmnet.corpus.rendered import render_corpus

    if not sum(profile.clips):
        raise VmnetError(f"the profile {profile.name!r} renders no clips; give --corpus FOLDER.")
    rendered = render_corpus(
        data / "media", splits=profile.clips, seconds=profile.seconds, seed=seed, jobs=jobs
    )
    return replace(rendered, name=data.name)


def _folder(folder: Path, seed: int) -> Corpus:
    from vmnet.corpus.folder import folder_corpus

    if not folder.is_dir():
        raise VmnetError(
            f"{folder} is not a folder; --corpus takes 'rendered' or a folder of music videos."
        )
    return folder_corpus(folder, seed)


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

    return ClipStage(f"features/{name}", partial(_extract, name), EXTRACTORS[name].parameters)


def segmenter_stages(names: Iterable[str]) -> dict[str, ClipStage]:
    """Return the stage of each segmenter; those of one group share a stage, as they share its work.

    Array `<name>` holds the boundaries, (n_segments + 1,) s; `GROUPS` says what else is kept.
    """
    from vmnet.segmenters import SEGMENTERS

    stages = {}
    for name in names:
        group = SEGMENTERS[name].group
        parameters = {s.name: s.parameters for s in SEGMENTERS.values() if s.group == group}
        stages[name] = ClipStage(f"boundaries/{group}", partial(_segment, group), parameters)
    return stages


def _extract(name: str, path: Path) -> dict[str, np.ndarray]:
    from vmnet.features import EXTRACTORS

    return {"frames": EXTRACTORS[name].extract(path)}


def _segment(group: str, path: Path) -> dict[str, np.ndarray]:
    from vmnet.segmenters import GROUPS

    return GROUPS[group](path)


def prepare(run: Run, systems: Iterable[System] | None = None) -> dict[str, float]:
    """Compute what is missing of all frame features and boundaries; return the seconds by stage.

    A clip that fails in a stage is noted in `run.failures` and left out from then on.
    """
    return run_stages(run, _stages(run, systems or all_systems(run)))


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


def all_systems(run: Run) -> tuple[System, ...]:
    """Return the baselines and one Seg-VM-Net for each segmentation of the run."""
    return (*BASELINES, *(seg_vm_net(segmenter) for segmenter in run.segmenters))


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
    segmenters = dict.fromkeys(s.segmenter for s in systems if s.segmenter != "clip")
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
    stage = segmenter_stages([segmenter])[segmenter]
    return clip_arrays(run, stage, clip)[segmenter]


def segment_features(run: Run, system: System, split: str) -> tuple[Sequences, Sequences]:
    """Return (video, music): the segment features of one split, one sequence a clip.

    A segment's feature is the mean of its frames (paper IV-C).

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
    return (
        _segment_means(run, clips, system.video, system.segmenter),
        _segment_means(run, clips, system.music, system.segmenter),
    )


def _segment_means(run: Run, clips: Sequence[Clip], extractor: str, segmenter: str) -> Sequences:
    from vmnet.segmenters.boundaries import segment_means

    stage = extractor_stage(extractor)
    means = []
    for clip in clips:
        frames = clip_arrays(run, stage, clip)["frames"]
        whole_clip = np.array([0.0, len(frames)])
        edges = whole_clip if segmenter == "clip" else boundaries(run, segmenter, clip)
        means.append(segment_means(frames, edges))
    return Sequences.from_list(means, [clip.clip_id for clip in clips])


def network(run: Run, system: System) -> "TrainedVMNet":
    """Load or train the network of one system."""
    from vmnet.models import train

    config = _training(run)
    train_video, train_music = segment_features(run, system, "train")
    valid_video, valid_music = segment_features(run, system, "valid")
    folder = run.folder / "networks" / f"{system.name}-{system.segmenter}-{_made_from(run, system)}"
    return train(train_music, train_video, valid_music, valid_video, config, folder)


def embeddings(run: Run, system: System, split: str = "test") -> tuple[Sequences, Sequences]:
    """Return (video, music): the 512-d unit-norm segment embeddings of one split."""
    video, music = segment_features(run, system, split)
    trained = network(run, system)
    return trained.embed_video(video), trained.embed_music(music)


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
    costs = {name: cost for name, cost in (INDELS | dict(indel or {})).items() if name in distances}
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
    """Rank all music of the corpus for one video file, with the run's first segmentation.

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
    media.require(video, audio=False)
    system = seg_vm_net(run.segmenters[0])
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


def _known(names: Iterable[str], known: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """Return `names`, each once; refuse one that is not in `known` before anything is computed."""
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise VmnetError(f"there is no {what} {name!r}; there are {', '.join(known)}.")
    return chosen


def _training(run: Run) -> "TrainingConfig":
    from vmnet.models import TrainingConfig

    return TrainingConfig(seed=run.seed, **run.profile.training)


def _made_from(run: Run, system: System, **more: Any) -> str:
    """Return the key of everything that decides what `system` learns on this corpus."""
    clips = usable(run)
    files = [
        stage.file(run, clip).relative_to(run.folder).as_posix()
        for stage in _stages(run, [system])
        for clip in clips
    ]
    return store.key(
        system=asdict(system),
        seed=run.seed,
        training=asdict(_training(run)),
        files=files,
        splits=[clip.split for clip in clips],
        **more,
    )
