"""The tables of chapter 4, music similarity, and what they and its figures are made from."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.errors import VmnetError
from vmnet.report.thesis import numbers
from vmnet.report.thesis.results import KEY

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.similarity.experiment import Material

METRICS = {
    "map_at_20": "MAP@20",
    "recall_at_20": "Recall@20",
    "rr_at_20": "RR@20",
    "ndcg_at_20": "nDCG@20",
}
SYSTEMS = {  # in the order of the rows: what bounds the others first and last
    "chance": "Chance",
    "untrained_spectrum": "Untrained: mean spectrum",
    "musicnn": "MusiCNN as published",
    "at": "AT baseline",
    "tl_neighbors": "TL, neighbors",
    "tl_random": "TL, random uniform",
    "tl_distance": "TL, distance-based",
    "tl_autopool": "TL, Auto-pool",
    "second_annotator": "A second annotator",
}
GROWING = {
    "chance": SYSTEMS["chance"],
    "tl_distance": "TL, distance-based, one margin",
    "tl_growing_margin": "TL, distance-based, growing margin",
}
NETWORKS = {
    "vgg": "VGG-like",
    "musical": "Musically motivated",
    "resnet": "ResNet",
    "inception": "Inception V3",
    "autopool": "Auto-pool",
    "at": "AT baseline",
}
BASE = "tl_distance"
OTHERS = "other_artists"
THESIS_QUERIES = 2849  # test tracks, so that each ranks 2,848
N_UNITS = 6  # as many as table 4.3 shows
GENRE = "Genre"
UNTRAINED = "not trained"


def table42(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row for each system: the thesis' four metrics beside ours."""
    return _ranked(results, "4.2", SYSTEMS)


def growing_margin(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the same of one margin and of one that grows, of which the thesis prints nothing."""
    frame = _ranked(results, "margin", GROWING)
    return frame.drop(columns=[f"{title}, thesis" for title in METRICS.values()])


def _ranked(results: "pd.DataFrame", part: str, systems: Mapping[str, str]) -> "pd.DataFrame":
    import pandas as pd

    ours, theirs = means(results), numbers.numbers().set_index(list(KEY))
    about = _about(results, part)
    rows = []
    for system, name in systems.items():
        if (part, system, "", "", "map_at_20") not in ours.index:
            continue  # a catalog may have no second annotator
        row = {"system": name}
        for metric, title in METRICS.items():
            key = (part, system, "", "", metric)
            row[f"{title}, thesis"] = _thesis_chance(metric) if system == "chance" else ""
            if key in theirs.index:
                row[f"{title}, thesis"] = _text(theirs, key, 2)
            row[f"{title}, ours ({about})"] = _text(ours, key)
        paired = (f"{part} paired", system, "", "", "map_at_20")
        ahead = _text(ours, paired, sign="+") if paired in ours.index else ""
        row[f"MAP@20, ahead of {systems[BASE]}"] = ahead
        filtered = (part, system, OTHERS, "", "map_at_20")
        row["MAP@20, other artists"] = _text(ours, filtered) if filtered in ours.index else ""
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.loc[:, (frame != "").any()]


def table_c4(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row for each network: its parameters, and its scores where it was trained."""
    import pandas as pd

    ours, theirs = means(results), numbers.numbers().set_index(list(KEY))
    about = _about(results, "C.4")
    rows = []
    for network, name in NETWORKS.items():
        row = {"network": name}
        for title, source, metric in (
            ("parameters, thesis", theirs, "parameters"),
            ("parameters, ours", ours, "parameters"),
            ("with the filters of this run", ours, "parameters_here"),
        ):
            key = ("C.4", network, "", "", metric)
            row[title] = f"{source.loc[key, 'value']:,.0f}" if key in source.index else ""
        if network not in ("autopool", "at"):  # those are in table 4.2
            for metric, title in METRICS.items():
                key = ("C.4", network, "", "", metric)
                row[f"{title}, thesis"] = _text(theirs, key, 2)
                have = key in ours.index
                row[f"{title}, ours ({about})"] = _text(ours, key) if have else UNTRAINED
        rows.append(row)
    chance: dict[str, str] = {"network": SYSTEMS["chance"]}
    for metric, title in METRICS.items():
        chance[f"{title}, thesis"] = _thesis_chance(metric)
        chance[f"{title}, ours ({about})"] = _text(ours, ("C.4", "chance", "", "", metric))
    return pd.DataFrame([*rows, chance]).fillna("")


def means(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean over the seeds of each number and of its interval, by key.

    Raises
    ------
    VmnetError
        If a number lacks a seed that others have, or catalogs are mixed.
    """
    for column in ("corpus", "kind"):
        if results[column].nunique() > 1:
            found = ", ".join(map(str, results[column].unique()))
            raise VmnetError(f"The results mix {found}: select one before making a table.")
    grouped = results.groupby(list(KEY), sort=False)
    if (lacking := grouped["seed"].nunique() < results["seed"].nunique()).any():
        raise VmnetError(f"The results lack a seed of {lacking.idxmax()}: run the notebook again.")
    return grouped[["value", "ci95"]].mean()


def _about(results: "pd.DataFrame", part: str) -> str:
    """Return what stands beside our numbers: "rendered, 140 queries"."""
    some = results[(results["part"] == part) & (results["metric"] == "map_at_20")]
    return f"{some['kind'].iloc[0]}, {some['n'].max():,} queries"


def _text(frame: "pd.DataFrame", key: tuple, digits: int = 1, sign: str = "") -> str:
    value, half_width = frame.loc[key, ["value", "ci95"]]
    text = f"{value:{sign}.{digits}f}"
    return text if np.isnan(half_width) else f"{text} ±{half_width:.{digits}f}"


def _thesis_chance(metric: str) -> str:
    from vmnet.similarity.metrics import chance

    return f"{chance(THESIS_QUERIES - 1)[metric]:.2f}"


# --- what tables and figures are made from ------------------------------------------------------


def units(material: "Material", found: Iterable[Any]) -> "pd.DataFrame":
    """Return table 4.3: the units whose tracks agree most, and on which tags."""
    import pandas as pd

    from vmnet.similarity.units import units_sentence

    found = list(found)
    best = sorted(found, key=lambda unit: (unit.p, unit.number))[:N_UNITS]
    ids = [material.catalog.tracks.ids[i] for i in material.test]
    frame = pd.DataFrame(
        {
            "unit": [unit.number for unit in best],
            "tags that two or more of its five tracks share": [
                ", ".join(f"{tag} {count}" for tag, count in unit.shared[:8]) for unit in best
            ],
            "p": [f"{unit.p:.4f}" for unit in best],
            "p for all units": [f"{unit.p_corrected:.3f}" for unit in best],
            f"its tracks ({material.catalog.kind})": [
                ", ".join(ids[i] for i in unit.tracks) for unit in best
            ],
        }
    )
    frame.attrs["about"] = f"{units_sentence(found)} {_whose(material)}"
    return frame


def catalog(material: "Material") -> "pd.DataFrame":
    """Return what the catalog holds beside the thesis' (section 3.1.2)."""
    import pandas as pd

    tracks = material.catalog.tracks
    artists = len(set(tracks.artists))
    given = (tracks.weights > 0).sum(axis=1)
    duration = seconds(material)
    split = " / ".join(f"{len(indices):,}" for indices in material.splits.values())
    rows = {
        "tracks": ("14,246", f"{len(tracks):,}"),
        "artists": ("3,565", f"{artists:,}"),
        "tracks an artist": ("4.0", f"{len(tracks) / artists:.1f}"),
        "tags": ("488", f"{(tracks.weights > 0).any(axis=0).sum():,}"),
        "tags a track, mean": ("17.57", f"{given.mean():.2f}"),
        "tags a track, fewest and most": ("5 to 35", f"{given.min()} to {given.max()}"),
        "duration, median (s)": ("206", f"{np.median(duration):.1f}"),
        "train / valid / test": ("60 / 20 / 20 %", split),
    }
    frame = pd.DataFrame(
        [(name, theirs, ours) for name, (theirs, ours) in rows.items()],
        columns=["", "thesis", f"ours ({material.catalog.kind})"],
    )
    frame.attrs["about"] = _whose(material)
    return frame


def seconds(material: "Material") -> np.ndarray:
    """Return how long each track is, (n,) seconds, to a frame of its spectrogram."""
    from vmnet.similarity.patches import HOP_LENGTH, SAMPLE_RATE

    return material.spectrograms.lengths * HOP_LENGTH / SAMPLE_RATE


def histograms(material: "Material") -> dict[str, Any]:
    """Return the arguments of `figures.tagged_catalog`."""
    tracks = material.catalog.tracks
    given = tracks.weights > 0
    counts = Counter(dict(zip(tracks.tags, given.sum(axis=0).tolist(), strict=True)))
    known = [t for t, c in zip(tracks.tags, tracks.categories, strict=True) if c == GENRE]
    genres = {tag: counts[tag] for tag in known or tracks.tags}
    return {
        "genres": dict(Counter(genres).most_common(50)),
        "seconds": seconds(material),
        "tags": given.sum(axis=1),
        "about": _whose(material),
    }


def lists(material: "Material") -> dict[str, Any]:
    """Return the arguments of `figures.figure_41`: mean S, and one pair's negatives by mining."""
    from vmnet.similarity.experiment import mean_similarity, mined
    from vmnet.similarity.mining import MINING
    from vmnet.similarity.oracle import reference_lists

    train = material.splits["train"]
    order = train[reference_lists(material.S[np.ix_(train, train)])[0]]
    rank_of = {track: rank for rank, track in enumerate(order.tolist(), 1)}
    negatives = {}
    for mining in MINING:
        drawn = mined(material, "train", mining)
        negatives[mining] = [rank_of[track] for track in drawn.negatives[0, -1].tolist()]
    return {
        "mean_S": mean_similarity(material),
        "negatives": negatives,
        "positive": drawn.positives.shape[1],
        "n": len(order),
        "about": _whose(material),
    }


def curves(material: "Material") -> dict[str, Any]:
    """Return the arguments of `figures.training_curves` for the triplet networks of table 4.2."""
    from vmnet.similarity.experiment import curves

    return {
        "curves": {SYSTEMS[system]: curve for system, curve in curves(material).items()},
        "kind": material.catalog.kind,
        "title": "Training on triplets: the loss",
    }


def _whose(material: "Material") -> str:
    catalog = material.catalog
    return f"{catalog.kind} data ({catalog.name}), {len(catalog.tracks):,} tracks"
