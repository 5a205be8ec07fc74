"""What the notebooks show of a run: plain data for tables and figures, gathered from its stages."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import experiment
from vmnet.corpus import SPLITS, Clip
from vmnet.corpus.media_source import CURVES, media_pictures, media_view
from vmnet.corpus.sources import ClipView, Picture
from vmnet.experiment import CLIP
from vmnet.models.energy import UNKNOWN
from vmnet.report.names import SEGMENTERS, SYSTEMS

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.experiment import Dataset, System
    from vmnet.report.figures import ClipOverview, Query

N_PICTURES = 12  # in the strip of an overview

# Paper VII and IV-B: mean seconds of a music segment and of a shot.
PAPER_LENGTHS = {"foote": "18.6 to 20", "sf": "18.6 to 20", "olda": "18.6 to 20", "transnet": "6.6"}


def corpus_summary(data: "Dataset") -> "pd.DataFrame":
    """Return, for each split, the number of clips, their lengths and their segments."""
    import pandas as pd

    rows = []
    for split in SPLITS:
        edges = {name: data.boundaries(name, split) for name in data.run.segmenters}
        seconds = np.array([edge[-1] for edge in next(iter(edges.values())).values()])
        row = {"split": split, "clips": len(seconds)}
        row |= {"mean length (s)": f"{seconds.mean():.1f}", "deviation (s)": f"{seconds.std():.1f}"}
        for name, those in edges.items():
            mean = np.mean([len(edge) - 1 for edge in those.values()])
            row[f"segments a clip, {SEGMENTERS.get(name, name)}"] = f"{mean:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def clips(data: "Dataset", n_clips: int = 20) -> "pd.DataFrame":
    """Return one row for each of the first usable test clips: seconds, segments by segmentation."""
    import pandas as pd

    shown = data.corpus.split("test")[:n_clips]
    table = pd.DataFrame({"clip": [c.clip_id for c in shown], "title": [c.title for c in shown]})
    for name in data.run.segmenters:
        edges = data.boundaries(name, "test")
        table["seconds"] = [round(float(edges[clip.clip_id][-1]), 1) for clip in shown]
        table[SEGMENTERS.get(name, name)] = [len(edges[clip.clip_id]) - 1 for clip in shown]
    return table


def segment_lengths(data: "Dataset") -> "pd.DataFrame":
    """Return the mean and the deviation of the segments' lengths beside the paper's (IV-B)."""
    import pandas as pd

    rows = []
    for name in data.run.segmenters:
        lengths = np.concatenate([np.diff(edge) for edge in data.boundaries(name).values()])
        rows.append(
            {
                "S": SEGMENTERS.get(name, name),
                "mean, paper (s)": PAPER_LENGTHS.get(name, ""),
                f"mean, ours ({data.corpus.kind}) (s)": f"{lengths.mean():.1f}",
                "deviation (s)": f"{lengths.std():.1f}",
                "segments": len(lengths),
            }
        )
    return pd.DataFrame(rows)


def overview(data: "Dataset", clip_id: str = "") -> "ClipOverview":
    """Gather what the run's segmenters found in one clip (the first test clip, unless named)."""
    clip = data.clip(clip_id)
    edges = {name: data.boundaries(name)[clip.clip_id] for name in data.run.segmenters}
    source = data.corpus.source
    pictures, view = source.pictures(clip, N_PICTURES), source.view(clip)
    shown = {} if pictures else _shown(data, clip)
    return _overview(_title(clip), view.kind or data.corpus.kind, edges, view, pictures, shown)


def overview_of(
    path: Path, title: str, found: Mapping[str, np.ndarray], n_pictures: int = N_PICTURES
) -> "ClipOverview":
    """Gather what the overview of one media file shows.

    Parameters
    ----------
    found
        What the functions of `GROUPS` return, in one dict.
    n_pictures
        Key frames in the strip of pictures; 0 for no strip.
    """
    curves = {name: found[name] for name in CURVES if name in found}
    edges = {name: found[name] for name in found if name not in CURVES}
    view, pictures = media_view(path, curves), media_pictures(path, n_pictures)
    return _overview(title, view.kind, edges, view, pictures, {})


def _overview(
    title: str,
    kind: str,
    edges: Mapping[str, np.ndarray],
    view: ClipView,
    pictures: Sequence[Picture],
    features: Mapping[str, np.ndarray],
) -> "ClipOverview":
    from vmnet.report.figures import ClipOverview

    nothing = np.zeros(0)
    curves = {name: view.curves.get(name, nothing) for name in CURVES}
    return ClipOverview(
        title=title,
        kind=kind,
        duration=float(next(iter(edges.values()))[-1]),
        frames=pictures,
        waveform=view.waveform,
        novelty=(curves["novelty_times"], curves["novelty"]),
        music_boundaries={name: edges[name] for name in edges if name != "transnet"},
        shot_probability=(curves["shot_times"], curves["shot_probability"]),
        shot_boundaries=edges.get("transnet", nothing),
        sections=view.sections,
        cuts=view.cuts.tolist(),
        features=features,
    )


def _shown(data: "Dataset", clip: Clip) -> dict[str, np.ndarray]:
    frames = data.corpus.source.load(clip).frames
    return {"video": frames[data.run.video], "music": frames[data.run.music]}


def training_curves(data: "Dataset", systems: Iterable["System"]) -> dict[str, Any]:
    """Return the training curve of each system's network, by the name shown in the figure."""
    return {_system_name(system): experiment.network(data, system).curve for system in systems}


def trainings(datasets: Iterable["Dataset"]) -> "pd.DataFrame":
    """Return one row for each training: updates, seconds, energy.

    The energy is left out where the processor's own counter cannot be read: what CodeCarbon says
    then is a guess from the processor's name and load.
    """
    import pandas as pd

    rows = []
    for data in datasets:
        for system in experiment.all_systems(data.run):
            trained = experiment.network(data, system)
            energy = trained.energy if trained.energy.kind == "measured" else UNKNOWN
            rows.append(
                {
                    "system": system.name,
                    "segmenter": system.segmenter,
                    "seed": data.run.seed,
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


def indel_sweep(data: "Dataset", system: "System") -> "pd.DataFrame":
    """Return results on the validation clips for each indel cost of the profile (paper IV-D)."""
    import pandas as pd

    tables = []
    for cost in data.run.profile.indels:
        costs = {"nw": cost, "sw": cost}
        table = experiment.results(data, lambda _: [system], costs, indel=costs, split="valid")
        tables.append(table[table.direction == "V2M"].assign(indel=cost))
    return pd.concat(tables, ignore_index=True)


def qualitative(
    data: "Dataset", system: "System", distance: str = "trace", n_queries: int = 3, n_top: int = 3
) -> list["Query"]:
    """Return a few test queries, drawn by the run's seed, with their best tracks (figure 10)."""
    from vmnet.aligners import distance_matrix
    from vmnet.report.figures import Query, Track

    video, music = experiment.embeddings(data, system)
    distances = distance_matrix(video, music, distance)
    test = data.corpus.split("test")
    drawn = np.random.default_rng(data.run.seed).permutation(len(test))[:n_queries]
    queries = []
    for q in drawn:
        nearest = np.argsort(distances[q], kind="stable")[:n_top]
        tracks = [
            Track(_key_frame(data, test[t]), _title(test[t]), float(distances[q, t]), t == q)
            for t in nearest
        ]
        frame = _key_frame(data, test[q])
        queries.append(Query(_title(test[q]), frame, tracks, distances[q], int(q)))
    return queries


def self_similarity(data: "Dataset", system: "System", clip_id: str = "") -> dict[str, Any]:
    """Gather the arguments of `figures.similarity_matrix` for one test clip (figure 11)."""
    from vmnet.aligners import align

    video, music = experiment.embeddings(data, system)
    clip = data.clip(clip_id)
    index = video.ids.index(clip.clip_id)
    edges = data.boundaries(system.segmenter, clip.split)[clip.clip_id]
    return {
        "similarity": music[index] @ video[index].T,
        "music_boundaries": edges,
        "video_boundaries": edges,
        "path": align(music[index], video[index], "nw").path,
        "title": _title(clip),
        "kind": data.corpus.kind,
    }


def _title(clip: Clip) -> str:
    return clip.title or clip.clip_id


def _system_name(system: "System") -> str:
    if system.segmenter == CLIP:
        return SYSTEMS.get(system.name, system.name)
    return SEGMENTERS.get(system.segmenter, system.segmenter)


def _key_frame(data: "Dataset", clip: Clip) -> np.ndarray:
    """Return the picture in the middle of a clip, (h, w, 3) uint8.

    Where there are no pictures, the self-similarity of the video features over time stands for it.
    """
    if pictures := data.corpus.source.pictures(clip, 1):
        return pictures[0][1]
    from matplotlib import colormaps

    frames = data.corpus.source.load(clip).frames[data.run.video]
    left, sizes, _ = np.linalg.svd(frames - frames.mean(axis=0), full_matrices=False)
    components = (left * sizes)[:, :16]  # what differs most between seconds
    components /= np.linalg.norm(components, axis=1, keepdims=True) + 1e-9
    similarity = (1 + components @ components.T) / 2
    return (255 * colormaps["cividis"](similarity)[..., :3]).astype(np.uint8)
