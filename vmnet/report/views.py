"""What the notebooks show of a run: plain data for tables and figures, gathered from its stages."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import media, pipeline
from vmnet.corpus import Clip
from vmnet.corpus.folder import RENDERED
from vmnet.errors import VmnetError
from vmnet.report.names import SEGMENTERS, SYSTEMS

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.pipeline import Run, System
    from vmnet.report.figures import ClipOverview, QualitativeQuery

CURVES = ("novelty_times", "novelty", "shot_times", "shot_probability")

# Paper VII and IV-B: mean seconds of a music segment and of a shot.
PAPER_LENGTHS = {"foote": "18.6 to 20", "sf": "18.6 to 20", "olda": "18.6 to 20", "transnet": "6.6"}


def clips(run: "Run") -> "pd.DataFrame":
    """Return one row per usable clip: split, title, seconds, and segments of each segmentation."""
    import pandas as pd

    rows = []
    for clip in pipeline.usable(run):
        edges = {name: pipeline.boundaries(run, name, clip) for name in run.segmenters}
        seconds = float(next(iter(edges.values()))[-1])
        row = {"clip": clip.clip_id, "split": clip.split, "title": clip.title, "seconds": seconds}
        rows.append(row | {f"{SEGMENTERS[name]}": len(edge) - 1 for name, edge in edges.items()})
    return pd.DataFrame(rows).round({"seconds": 1})


def segment_lengths(run: "Run") -> "pd.DataFrame":
    """Return the mean and the deviation of the segments' lengths beside the paper's (IV-B)."""
    import pandas as pd

    rows = []
    for name in run.segmenters:
        lengths = np.concatenate(
            [np.diff(pipeline.boundaries(run, name, clip)) for clip in pipeline.usable(run)]
        )
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


def training_curves(run: "Run", systems: Iterable["System"]) -> dict[str, Any]:
    """Return the training curve of each system's network, by the name shown in the figure."""
    return {
        SYSTEMS[system.name] if system.segmenter == "clip" else SEGMENTERS[system.segmenter]: (
            pipeline.network(run, system).curve
        )
        for system in systems
    }


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
) -> list["QualitativeQuery"]:
    """Return a few test queries, drawn by the run's seed, with their best tracks (figure 10)."""
    from vmnet.aligners import distance_matrix
    from vmnet.report.figures import QualitativeQuery, Track

    video, music = pipeline.embeddings(run, system)
    distances = distance_matrix(video, music, distance)
    test = [_chosen(run, clip_id) for clip_id in video.ids]
    drawn = np.random.default_rng(run.seed).permutation(len(test))[:n_queries]
    queries = []
    for q in drawn:
        nearest = np.argsort(distances[q], kind="stable")[:n_top]
        tracks = [
            Track(_key_frame(test[t]), _title(test[t]), float(distances[q, t]), t == q)
            for t in nearest
        ]
        frame = _key_frame(test[q])
        queries.append(QualitativeQuery(_title(test[q]), frame, tracks, distances[q], int(q)))
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


def _key_frame(clip: Clip) -> np.ndarray:
    """Return the picture in the middle of a clip, (h, w, 3) uint8."""
    return media.picture_at(clip.path, media.probe(clip.path).duration / 2)


def _truth(path: Path) -> dict[str, Any]:
    """Return the true sections and cuts of a rendered clip; nothing is known of others."""
    from vmnet.corpus.rendered import read_truth

    annotation = path.with_suffix(".jams")
    if not annotation.exists():
        return {}
    truth = read_truth(annotation)
    starts, ends = truth.boundaries[:-1], truth.boundaries[1:]
    return {"sections": list(zip(starts, ends, truth.labels, strict=True)), "cuts": truth.cuts}
