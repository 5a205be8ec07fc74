"""What the tables and figures of a run are made from: plain data, gathered from its stages.

A frame is for `vmnet.report.show`, and its `attrs["about"]` says whose data it has; a dict has the
arguments of a function of `vmnet.report.figures`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import experiment
from vmnet.aligners import indel_defaults
from vmnet.corpus import SPLITS, Clip
from vmnet.corpus.media_source import CURVES, media_pictures, media_view
from vmnet.corpus.sources import ClipView, Picture
from vmnet.experiment import CLIP
from vmnet.models.energy import UNKNOWN
from vmnet.report.names import name
from vmnet.report.results import settings_text

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.experiment import Dataset, System
    from vmnet.language import ClipEvents, Films
    from vmnet.report.figures import ClipOverview

N_PICTURES = 12  # in the strip of an overview

# Paper VII and IV-B: mean seconds of a music segment and of a shot.
PAPER_LENGTHS = {"foote": "18.6 to 20", "sf": "18.6 to 20", "olda": "18.6 to 20", "transnet": "6.6"}


def clips(data: "Dataset") -> "pd.DataFrame":
    """Return, for each split, the number of clips, their lengths and their segments."""
    import pandas as pd

    rows = []
    for split in data.corpus.splits:
        edges = {each: data.boundaries(each, split) for each in data.run.segmenters}
        seconds = np.array([edge[-1] for edge in next(iter(edges.values())).values()])
        row = {"split": split, "clips": len(seconds)}
        row |= {"mean length (s)": f"{seconds.mean():.1f}", "deviation (s)": f"{seconds.std():.1f}"}
        for each, those in edges.items():
            mean = np.mean([len(edge) - 1 for edge in those.values()])
            row[f"segments a clip, {name('segmenter', each)}"] = f"{mean:.1f}"
        rows.append(row)
    return _about(pd.DataFrame(rows), data)


def first_clips(data: "Dataset", n_clips: int = 20) -> "pd.DataFrame":
    """Return one row for each of the first usable test clips: seconds, segments by segmentation."""
    import pandas as pd

    shown = data.corpus.split("test")[:n_clips]
    table = pd.DataFrame({"clip": [c.clip_id for c in shown], "title": [c.title for c in shown]})
    for each in data.run.segmenters:
        edges = data.boundaries(each, "test")
        table["seconds"] = [round(float(edges[clip.clip_id][-1]), 1) for clip in shown]
        table[name("segmenter", each)] = [len(edges[clip.clip_id]) - 1 for clip in shown]
    return table


def segment_lengths(data: "Dataset") -> "pd.DataFrame":
    """Return the mean and the deviation of the segments' lengths beside the paper's (IV-B).

    Extra clips are left out.
    """
    import pandas as pd

    rows = []
    for each in data.run.segmenters:
        lengths = np.concatenate(
            [np.diff(edge) for edge in data.boundaries(each, *SPLITS).values()]
        )
        rows.append(
            {
                "S": name("segmenter", each),
                "mean, paper (s)": PAPER_LENGTHS.get(each, ""),
                f"mean, ours ({data.corpus.kind}) (s)": f"{lengths.mean():.1f}",
                "deviation (s)": f"{lengths.std():.1f}",
                "segments": len(lengths),
            }
        )
    return _about(pd.DataFrame(rows), data)


def clip_overview(data: "Dataset", clip_id: str = "") -> "ClipOverview":
    """Gather what the run's segmenters found in one clip (the first test clip, unless named)."""
    clip = data.clip(clip_id)
    edges = {each: data.boundaries(each, clip.split)[clip.clip_id] for each in data.run.segmenters}
    source = data.corpus.source
    pictures, view = source.pictures(clip, N_PICTURES), source.view(clip)
    shown = {} if pictures else _shown(data, clip)
    return _overview(
        clip.title or clip.clip_id, view.kind or data.corpus.kind, edges, view, pictures, shown,
        data.run.settings,
    )  # fmt: skip


def file_overview(
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


def film_sets(sets: Iterable["Films"]) -> "pd.DataFrame":
    """Return what chapter 6 of the thesis is about here: a row for each set of films."""
    import pandas as pd

    from vmnet.language.experiment import limits

    rows = [
        {
            "data": f"{one.kind}, {one.corpus}",
            "films": f"{len(one.clips):,}",
            "what": "; ".join(filter(None, (one.about, limits(one)))),
        }
        for one in sets
    ]
    return pd.DataFrame(rows)


def film_overview(
    films: "Films", clip: "ClipEvents", window: tuple[float, float] | None = None
) -> "ClipOverview":
    """Gather what is known of one film of a set: figures 6.1 and 6.2 of the thesis.

    Parameters
    ----------
    window
        Start and end of what is shown, in seconds; None for the whole film.
    """
    start, end = window or (0.0, clip.duration)
    edges = {"transnet": np.array([0.0, *clip.cuts, clip.duration])}
    edges |= {} if clip.labels or not len(clip.boundaries) else {"olda": clip.boundaries}
    spans = zip(
        clip.boundaries[:-1].tolist(), clip.boundaries[1:].tolist(), clip.labels, strict=False
    )
    view = ClipView(films.kind, sections=[*spans] if clip.labels else [])
    pictures: list[Picture] = []
    if path := films.paths.get(clip.clip_id):
        curves = {"shot_times": clip.times, "shot_probability": clip.likelihood}
        view, pictures = media_view(path, curves), _pictures_between(path, start, end)
    overview = _overview(f"{clip.clip_id}, {films.corpus}", films.kind, edges, view, pictures, {})
    beats, downbeats = clip.beats.tolist(), clip.downbeats.tolist()
    return replace(overview, beats=beats, downbeats=downbeats, window=window)


def _pictures_between(path: Path, start: float, end: float) -> list[Picture]:
    from vmnet import media

    times = start + (np.arange(N_PICTURES) + 0.5) * (end - start) / N_PICTURES
    return list(zip(times.tolist(), media.pictures(path, times), strict=True))


def two_films(sets: Iterable["Films"]) -> list["ClipEvents"]:
    """Return a film whose shots agree with its bars and one whose do not, where there are both.

    They are of the first set that has films of known tempo with cuts, and are those with most of
    them; none where there is no such set.
    """
    from vmnet.language.durations import agrees, dominant

    for films in sets:
        known = [c for c in films.clips if np.isfinite(c.bar_seconds) and len(c.cuts)]
        known.sort(key=lambda clip: -len(clip.cuts))
        found: dict[bool, ClipEvents] = {}
        for clip in known:
            found.setdefault(bool(agrees(dominant(clip), clip.bar_seconds)), clip)
        if found:
            return [found[agreed] for agreed in sorted(found, reverse=True)]
    return []


def _overview(
    title: str,
    kind: str,
    edges: Mapping[str, np.ndarray],
    view: ClipView,
    pictures: Sequence[Picture],
    features: Mapping[str, np.ndarray],
    settings: str = "",
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
        settings=settings,
    )


def _shown(data: "Dataset", clip: Clip) -> dict[str, np.ndarray]:
    frames = data.corpus.source.load(clip).frames
    return {"video": frames[data.run.video], "music": frames[data.run.music]}


def training_curves(data: "Dataset", systems: Iterable["System"]) -> dict[str, Any]:
    """Return the arguments of `figures.training_curves`: a curve for each system's network.

    Systems without a network, such as linear ones, are left out.
    """
    systems = [system for system in systems if system.is_network]
    labels = [
        name("system", each.name) if each.segmenter == CLIP else name("segmenter", each.segmenter)
        for each in systems
    ]
    once = Counter(labels)
    curves = {
        label if once[label] == 1 else f"{name('system', each.name)}, {label}": (
            experiment.network(data, each).curve
        )
        for label, each in zip(labels, systems, strict=True)
    }
    return {"curves": curves, **_whose(data)}


def trainings(datasets: Iterable["Dataset"]) -> "pd.DataFrame":
    """Return one row for each training of a network: updates, seconds, energy.

    The energy is left out where the processor's own counter cannot be read: what CodeCarbon says
    then is a guess from the processor's name and load.
    """
    import pandas as pd

    rows = []
    for data in datasets:
        for system in filter(lambda each: each.is_network, experiment.all_systems(data.run)):
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
    return _about(pd.DataFrame(rows), data)


def indel_sweep(data: "Dataset", system: "System") -> "pd.DataFrame":
    """Return results on the validation clips for each indel cost of the profile (paper IV-D).

    Each distance with such a cost has a row for each; the costs of the run play no part, and its
    column `settings` does not name them.
    """
    import pandas as pd

    words = data.run.settings.split(", ")
    others = ", ".join(word for word in words if not word.startswith("indel_"))
    tables = []
    for cost in data.run.profile.indels:
        costs = dict.fromkeys(indel_defaults(), cost)
        table = experiment.results(data, lambda _: [system], costs, indel=costs, split="valid")
        tables.append(table[table.direction == "V2M"].assign(indel=cost, settings=others))
    return pd.concat(tables, ignore_index=True)


def recommendations(
    data: "Dataset", system: "System", distance: str = "trace", n_queries: int = 3, n_top: int = 3
) -> dict[str, Any]:
    """Return the arguments of `figures.figure_10`: test queries drawn by the run's seed.

    A clip is called by its title, or by its id where another clip has the same title.
    """
    from vmnet.aligners import distance_matrix
    from vmnet.report.figures import Query, Track

    video, music = experiment.embeddings(data, system)
    distances = distance_matrix(video, music, distance)
    test = data.corpus.split("test")
    titles = _distinct_titles(test)
    drawn = np.random.default_rng(data.run.seed).permutation(len(test))[:n_queries]
    queries = []
    for q in drawn:
        nearest = np.argsort(distances[q], kind="stable")[:n_top]
        tracks = [
            Track(_key_frame(data, test[t]), titles[t], float(distances[q, t]), t == q)
            for t in nearest
        ]
        frame = _key_frame(data, test[q])
        queries.append(Query(titles[q], frame, tracks, distances[q], int(q)))
    return {"queries": queries, **_whose(data)}


def similarity(data: "Dataset", system: "System", clip_id: str = "") -> dict[str, Any]:
    """Return the arguments of `figures.figure_11` for one clip, the first of the test split."""
    from vmnet.aligners import align

    video, music = experiment.embeddings(data, system)
    clip = data.clip(clip_id)
    index = video.ids.index(clip.clip_id)
    edges = data.boundaries(system.segmenter, clip.split)[clip.clip_id]
    return {
        "similarity": music[index] @ video[index].T,
        "music_boundaries": edges,
        "video_boundaries": edges,
        "path": align(music[index], video[index], "nw", data.run.indel.get("nw")).path,
        "title": clip.title or clip.clip_id,
        **_whose(data),
    }


def _whose(data: "Dataset") -> dict[str, str]:
    return {"kind": data.corpus.kind, "settings": data.run.settings}


def _about(frame: "pd.DataFrame", data: "Dataset") -> "pd.DataFrame":
    """Write into the frame whose data it has."""
    about = f"{data.corpus.name} ({data.corpus.kind})", settings_text(data.run.settings)
    frame.attrs["about"] = f"Data: {', '.join(filter(None, about))}."
    return frame


def _distinct_titles(clips: Sequence[Clip]) -> list[str]:
    once = Counter(clip.title for clip in clips)
    return [clip.title if clip.title and once[clip.title] == 1 else clip.clip_id for clip in clips]


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
