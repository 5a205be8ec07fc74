"""The paper's names of systems, segmenters, distances and scenarios, for tables and figures.

What has no name here is shown by its key, after the paper's own.
"""

from collections.abc import Iterable

SYSTEMS = {
    "baseline_1": "Baseline 1",
    "baseline_2": "Baseline 2",
    "linear_cca": "Linear (CCA)",
    "baseline_2_cbvmr": "Baseline 2, CBVMR's loss",
    "baseline_2_cbvmr_inter": "Baseline 2, CBVMR's loss without intra-modal terms",
    "seg_vmnet": "Seg-VM-Net",
    "seg_vmnet_shared": "Seg-VM-Net, learned on shared boundaries",
    "blank": "Seg-VM-Net on blank features",
    "control": "Control",
    "chance": "Chance",
}
SEGMENTERS = {
    "foote": "Foote",
    "sf": "SF",
    "olda": "OLDA",
    "transnet": "TransNet",
    "fixed": "Fixed",
    "annotated": "Annotated",
    "merged_shots": "Merged shots",
}
DISTANCES = {
    "centroid": "Centroid",
    "single": "Single linkage",
    "complete": "Complete linkage",
    "nw": "NW-DTW",
    "sw": "SW-DTW",
    "trace": "Trace",
    "best_trace": "Best trace",
    "trace_printed": "Trace, as printed",
    "best_trace_printed": "Best trace, as printed",
    "nw_mean": "NW-DTW, mean",
    "sw_mean": "SW-DTW, mean",
    "trace_mean": "Trace, mean",
    "best_trace_mean": "Best trace, mean",
    "count": "Number of segments",
    "lengths_sorted": "Lengths, sorted",
    "lengths_ordered": "Lengths, in order",
}
SCENARIOS = {
    "vanilla": "Vanilla",
    "crop_query": "Crop Query",
    "stretch_targets": "Stretch Targets",
    "crop_stretch": "Crop+Stretch",
    "window": "Windows",
    "mixed_lengths": "Mixed lengths",
}
NAMES = {
    "system": SYSTEMS,
    "segmenter": SEGMENTERS,
    "distance": DISTANCES,
    "scenario": SCENARIOS,
}
HEADERS = {"system": "system", "segmenter": "S", "distance": "δ", "scenario": "scenario"}

_LETTERS = {"segmenter": "S", "distance": r"\delta"}
_SUBSCRIPTS = {
    "nw": "NW-DTW",
    "sw": "SW-DTW",
    "best_trace": "btrace",
    "trace_printed": "trace,\\ printed",
    "best_trace_printed": "btrace,\\ printed",
    "nw_mean": "NW-DTW,\\ mean",
    "sw_mean": "SW-DTW,\\ mean",
    "trace_mean": "trace,\\ mean",
    "best_trace_mean": "btrace,\\ mean",
}


def name(column: str, key: str) -> str:
    """Return what a value of a key column ("segmenter", "distance", ...) is called.

    Tracks that are cut apart have two segmenters, of the video and of the music.

    >>> name("segmenter", "olda"), name("segmenter", "transnet+olda")
    ('OLDA', 'TransNet / OLDA')
    """
    parts = key.split("+") if column == "segmenter" else [key]
    return " / ".join(NAMES[column].get(part, part) for part in parts)


def ordered(column: str, keys: Iterable[str]) -> list[str]:
    """Return the keys, each once: in the paper's order, then those it lacks, as they come."""
    found = list(dict.fromkeys(map(str, keys)))
    known = [key for key in NAMES[column] if key in found]
    return known + [key for key in found if key not in known]


def places(column: str, keys: Iterable[str]) -> dict[str, int]:
    """Return the place of each key in that order, to sort by."""
    return {key: place for place, key in enumerate(ordered(column, keys))}


def symbol(column: str, key: str) -> str:
    """Return what a figure calls a value: S or δ with its name below as mathtext, or its name."""
    if column not in _LETTERS:
        return name(column, key)
    subscript = SEGMENTERS.get(key, key) if column == "segmenter" else _SUBSCRIPTS.get(key, key)
    text = subscript.replace("_", r"\_").replace("-", r"\text{-}")
    return rf"${_LETTERS[column]}_{{\mathrm{{{text}}}}}$"
