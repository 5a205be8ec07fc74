"""What the notebooks show of a run: plain data for tables and figures, gathered from its stages."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import media, pipeline
from vmnet.corpus import SPLITS, Clip
from vmnet.corpus.folder import RENDERED
from vmnet.errors import VmnetError
from vmnet.models.energy import UNKNOWN
from vmnet.report.names import SEGMENTERS, SYSTEMS
from vmnet.segments import CLIP

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.pipeline import Run, System
    from vmnet.report.figures import ClipOverview, Query

CURVES = ("novelty_times", "novelty", "shot_times", "shot_probability")

# Paper VII and IV-B: mean seconds of a music segment and of a shot.
PAPER_LENGTHS = {"foote": "18.6 to 20", "sf": "18.6 to 20", "olda": "18.6 to 20", "transnet": "6.6"}


def corpus_summary(run: "Run") -> "pd.DataFrame":
    """Return, for each split, the number of clips, their lengths and their segments."""
    import pandas as pd

    rows = []
    for split in SPLITS:
        clips = [clip for clip in pipeline.usable(run) if clip.split == split]
        edges = {name: pipeline.boundaries_of(run, name, clips) for name in run.segmenters}
        seconds = np.array([edge[-1] for edge in next(iter(edges.values()))])
        row = {"split": split, "clips": len(clips)}
        row |= {"mean length (s)": f"{seconds.mean():.1f}", "deviation (s)": f"{seconds.std():.1f}"}
        for name, those in edges.items():
            mean = np.mean([len(edge) - 1 for edge in those])
            row[f"segments a clip, {SEGMENTERS[name]}"] = f"{mean:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def clips(run: "Run", n_clips: int = 20) -> "pd.DataFrame":
    """Return one row for each of the first usable test clips: seconds, segments by segmentation."""
    import pandas as pd

    shown = [clip for clip in pipeline.usable(run) if clip.split == "test"][:n_clips]
    table = pd.DataFrame({"clip": [c.clip_id for c in shown], "title": [c.title for c in shown]})
    for name in run.segmenters:
        edges = pipeline.boundaries_of(run, name, shown)
        table["seconds"] = [round(float(edge[-1]), 1) for edge in edges]
        table[SEGMENTERS[name]] = [len(edge) - 1 for edge in edges]
    return table


def segment_lengths(run: "Run") -> "pd.DataFrame":
    """Return the mean and the deviation of the segments' lengths beside the paper's (IV-B)."""
    import pandas as pd

    rows = []
    for name in run.segmenters:
        edges = pipeline.boundaries_of(run, name, pipeline.usable(run))
        lengths = np.concatenate([np.diff(edge) for edge in edges])
        rows.append(
            {
                "S": SEGMENTERS[name],
                "mean, paper (s)": PAPER_LENGTHS.get(name, ""),
                f"mean, ours ({run.corpus.kind}) (s)": f"{lengths.mean():.1f}",
                "deviation (s)": f"{lengths.std():.1f}",
                "segments": len(lengths),
            }
        )
    return pd.DataFrame(rows)


def overview(run: "Run", clip_id: str = "") -> "ClipOverview":
    """Gather what the run's segmenters found in one clip (the first test clip, unless named)."""
    clip = _chosen(run, clip_id)
    if run.corpus.source is not None:
        return _overview_of_features(run, clip)
    stages = pipeline.segmenter_stages(run.segmenters).values()
    kept = [pipeline.clip_arrays(run, stage, clip) for stage in stages]
    wanted = {*run.segmenters, *CURVES}
    found = {name: a for arrays in kept for name, a in arrays.items() if name in wanted}
    return overview_of(clip.path, _title(clip), found)


def overview_of(
    path: Path, title: str, found: Mapping[str, np.ndarray], n_frames: int = 12
) -> "ClipOverview":
    """Gather what the overview of one media file shows.

    Parameters
    ----------
    found
        What the functions of `GROUPS` return, in one dict.
    n_frames
        Key frames in the strip of pictures; 0 for no strip.
    """
    from vmnet.report.figures import ClipOverview

    info = media.require(path)
    rendered = info.comment.startswith(RENDERED)
    times = (np.arange(n_frames) + 0.5) * info.duration / max(n_frames, 1)
    empty = np.zeros(0)
    return ClipOverview(
        title=title,
        kind="rendered" if rendered else "real",
        duration=info.duration,
        frames=list(zip(times, media.pictures(path, times), strict=True)),
        waveform=media.load_audio(path, sample_rate=8000),
        novelty=(found.get("novelty_times", empty), found.get("novelty", empty)),
        music_boundaries={name: found[name] for name in found if name not in ("transnet", *CURVES)},
        shot_probability=(found.get("shot_times", empty), found.get("shot_probability", empty)),
        shot_boundaries=found.get("transnet", empty),
        **(_truth(path) if rendered else {}),
    )


def _overview_of_features(run: "Run", clip: Clip) -> "ClipOverview":
    from vmnet.corpus.simulated import SimulatedSource
    from vmnet.report.figures import ClipOverview

    source = run.corpus.source
    assert source is not None
    features = source.load(clip)
    nothing = np.zeros(0)
    edges = {name: features.boundaries[name] for name in run.segmenters}
    return ClipOverview(
        title=_title(clip),
        kind=run.corpus.kind,
        duration=float(next(iter(edges.values()))[-1]),
        frames=[],
        waveform=nothing,
        novelty=(nothing, nothing),
        music_boundaries={name: edges[name] for name in edges if name != "transnet"},
        shot_probability=(nothing, nothing),
        shot_boundaries=edges.get("transnet", nothing),
        sections=source.sections(clip) if isinstance(source, SimulatedSource) else (),
        features={name: features.frames[name] for name in ("video", "music")},
    )


def training_curves(run: "Run", systems: Iterable["System"]) -> dict[str, Any]:
    """Return the training curve of each system's network, by the name shown in the figure."""
    return {
        SYSTEMS[system.name] if system.segmenter == CLIP else SEGMENTERS[system.segmenter]: (
            pipeline.network(run, system).curve
        )
        for system in systems
    }


def trainings(runs: Iterable["Run"]) -> "pd.DataFrame":
    """Return one row for each training of the runs: updates, seconds, energy.

    The energy is left out where the processor's own counter cannot be read: what CodeCarbon says
    then is a guess from the processor's name and load.
    """
    import pandas as pd

    rows = []
    for run in runs:
        for system in pipeline.all_systems(run):
            trained = pipeline.network(run, system)
            energy = trained.energy if trained.energy.kind == "measured" else UNKNOWN
            rows.append(
                {
                    "system": system.name,
                    "segmenter": system.segmenter,
                    "seed": run.seed,
                    "loss": trained.config.loss,
                    "updates": int(trained.curve["step"][-1]),
                    "best_step": trained.best_step,
                    "seconds": round(trained.seconds, 1),
                    "energy_kwh": energy.kwh,
                    "co2_kg": energy.co2_kg,
                    "energy_kind": energy.kind,
                }
            )
    return pd.DataFrame(rows)


def indel_sweep(run: "Run", system: "System") -> "pd.DataFrame":
    """Return results on the validation clips for each indel cost of the profile (paper IV-D)."""
    import pandas as pd

    tables = []
    for cost in run.profile.indels:
        table = pipeline.results(
            run, [system], ["nw", "sw"], indel={"nw": cost, "sw": cost}, split="valid"
        )
        tables.append(table[table.direction == "V2M"].assign(indel=cost))
    return pd.concat(tables, ignore_index=True)


def qualitative(
    run: "Run", system: "System", distance: str = "trace", n_queries: int = 3, n_top: int = 3
) -> list["Query"]:
    """Return a few test queries, drawn by the run's seed, with their best tracks (figure 10)."""
    from vmnet.aligners import distance_matrix
    from vmnet.report.figures import Query, Track

    video, music = pipeline.embeddings(run, system)
    distances = distance_matrix(video, music, distance)
    clips = {clip.clip_id: clip for clip in pipeline.usable(run)}
    test = [clips[clip_id] for clip_id in video.ids]
    drawn = np.random.default_rng(run.seed).permutation(len(test))[:n_queries]
    queries = []
    for q in drawn:
        nearest = np.argsort(distances[q], kind="stable")[:n_top]
        tracks = [
            Track(_key_frame(run, test[t]), _title(test[t]), float(distances[q, t]), t == q)
            for t in nearest
        ]
        frame = _key_frame(run, test[q])
        queries.append(Query(_title(test[q]), frame, tracks, distances[q], int(q)))
    return queries


def self_similarity(run: "Run", system: "System", clip_id: str = "") -> dict[str, Any]:
    """Gather the arguments of `figures.similarity_matrix` for one test clip (figure 11)."""
    from vmnet.aligners import align

    video, music = pipeline.embeddings(run, system)
    clip = _chosen(run, clip_id)
    index = video.ids.index(clip.clip_id)
    edges = pipeline.boundaries(run, system.segmenter, clip)
    return {
        "similarity": music[index] @ video[index].T,
        "music_boundaries": edges,
        "video_boundaries": edges,
        "path": align(music[index], video[index], "nw").path,
        "title": _title(clip),
        "kind": run.corpus.kind,
    }


def _chosen(run: "Run", clip_id: str) -> Clip:
    """Return the clip called `clip_id`, or the first test clip for an empty name."""
    for clip in pipeline.usable(run):
        if clip.clip_id == clip_id or (not clip_id and clip.split == "test"):
            return clip
    raise VmnetError(
        f"corpus {run.corpus.name!r} has no usable {'test ' if not clip_id else ''}clip {clip_id!r}"
    )


def _title(clip: Clip) -> str:
    return clip.title or clip.clip_id


def _key_frame(run: "Run", clip: Clip) -> np.ndarray:
    """Return the picture in the middle of a clip, (h, w, 3) uint8.

    Where there are no pictures, the self-similarity of the video features over time stands for it.
    """
    if run.corpus.source is None:
        return media.picture_at(clip.path, media.probe(clip.path).duration / 2)
    from matplotlib import colormaps

    frames = run.corpus.source.load(clip).frames["video"]
    left, sizes, _ = np.linalg.svd(frames - frames.mean(axis=0), full_matrices=False)
    components = (left * sizes)[:, :16]  # what differs most between seconds
    components /= np.linalg.norm(components, axis=1, keepdims=True) + 1e-9
    similarity = (1 + components @ components.T) / 2
    return (255 * colormaps["cividis"](similarity)[..., :3]).astype(np.uint8)


def _truth(path: Path) -> dict[str, Any]:
    """Return the true sections and cuts of a rendered clip; nothing is known of others."""
    from vmnet.rendered import read_truth

    annotation = path.with_suffix(".jams")
    if not annotation.exists():
        return {}
    truth = read_truth(annotation)
    starts, ends = truth.boundaries[:-1], truth.boundaries[1:]
    return {"sections": list(zip(starts, ends, truth.labels, strict=True)), "cuts": truth.cuts}
