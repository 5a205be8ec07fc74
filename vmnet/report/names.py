"""The paper's names of segmenters, distances and scenarios, for tables and for figures."""

SEGMENTERS = {
    "foote": "Foote",
    "sf": "SF",
    "olda": "OLDA",
    "transnet": "TransNet",
    "fixed": "Fixed",
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
    "count": "Number of segments",
}
SCENARIOS = {
    "vanilla": "Vanilla",
    "crop_query": "Crop Query",
    "stretch_targets": "Stretch Targets",
    "crop_stretch": "Crop+Stretch",
}
SYSTEMS = {
    "seg_vmnet": "Seg-VM-Net",
    "baseline_1": "Baseline 1",
    "baseline_2": "Baseline 2",
    "baseline_2_cbvmr": "Baseline 2, CBVMR's loss",
    "baseline_2_cbvmr_inter": "Baseline 2, CBVMR's loss without intra-modal terms",
    "chance": "Chance",
}
_SUBSCRIPTS = {
    "nw": "NW-DTW",
    "sw": "SW-DTW",
    "best_trace": "btrace",
    "trace_printed": "trace,\\ printed",
    "best_trace_printed": "btrace,\\ printed",
}


def segmenter_symbol(segmenter: str) -> str:
    """Return the paper's symbol as mathtext: S with the segmenter's name below."""
    return _symbol("S", SEGMENTERS.get(segmenter, segmenter))


def distance_symbol(distance: str) -> str:
    """Return the paper's symbol as mathtext: δ with the distance's name below."""
    return _symbol(r"\delta", _SUBSCRIPTS.get(distance, distance))


def symbol(column: str, value: str) -> str:
    """Return how a figure names a value of a key column ("segmenter", "distance", "scenario")."""
    return _NAMED[column](value)


def _symbol(letter: str, subscript: str) -> str:
    text = subscript.replace("_", r"\_").replace("-", r"\text{-}")
    return rf"${letter}_{{\mathrm{{{text}}}}}$"


def _scenario_name(scenario: str) -> str:
    return SCENARIOS.get(scenario, scenario)


_NAMED = {"segmenter": segmenter_symbol, "distance": distance_symbol, "scenario": _scenario_name}
