"""The tables of chapter 6: shots as long as beats and bars are, and S, each beside its null.

Every row is a group of films of one set. The thesis' own number stands beside it where it has one;
its groups that no set of ours has come last.
"""

from collections.abc import Iterator, Mapping
from math import isfinite, nan
from typing import TYPE_CHECKING

from vmnet.language.recovery import FEWEST, fisher
from vmnet.report.thesis import numbers
from vmnet.report.thesis.results import about

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
OUTSIDE = " *"
THESIS = "thesis alone"
UNITS = {
    "beat": "beat",
    "bar": "bar",
    "four_bars": "4 bars",
    "bar_1s": "bar, cuts to the second",
    "four_bars_1s": "4 bars, cuts to the second",
}
EVENTS = {
    "S_segments": "S(lseg)",
    "S_segments_moved": "S(lseg to bars)",
    "S_downbeats": "S(lbar)",
    "S_beats": "S(beat)",
    "S_chords": "S(chord)",
    "S_segments_1s": "S(lseg), sigma 1 s",
    "S_chords_1s": "S(chord), same second",
}
"""What S is called at each kind of event; the thesis has `S_segments` and `S_downbeats`."""

SAYS = {
    "S_segments": ("H1", "cuts at section boundaries, times chance"),
    "S_segments_moved": ("H1", "cuts at the downbeats nearest to section boundaries, times chance"),
    "S_beats": ("H2", "cuts at beats, times chance"),
    "S_downbeats": ("H2", "cuts at downbeats, times chance"),
    "S_chords": ("", "cuts at changes of chord, times chance"),
    "S_segments_1s": ("H1", "cuts within a second or so of section boundaries, times chance"),
    "S_chords_1s": ("", "cuts in the second of a change of chord, times chance"),
    "percent_of_cuts": ("H2", "percent of cuts"),
    "relative_cutting_rate": ("H3", "cuts a second, times those of the whole song"),
    "highest_lag": ("H4", "cuts after the downbeat at which S is highest (s)"),
    "cramers_v": ("6.4", "Cramer's V of music genre and video genre"),
    "shot_seconds": ("6.2.2", "mean shot (s)"),
    "segment_seconds": ("6.2.2", "mean segment (s)"),
    "bar_seconds": ("6.2.2", "mean bar (s)"),
}
PEAKS = {
    "S_segments_1s": "cuts within a second or so of section boundaries",
    "S_chords_1s": "cuts in the second of a change of chord",
}

Cells = Mapping[tuple[str, str, str], tuple[float, float, int]]


def durations(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return table 6.2: percent of the films whose dominant shot agrees with each unit."""
    return _beside_null(results, "6.2", UNITS, 1)


def cooccurrence(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return table 6.3: S at each kind of event."""
    shown = {metric: name for metric, name in EVENTS.items() if metric != "S_beats"}
    return _beside_null(results, "6.3", shown, 3)


def hypotheses(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return what becomes of the editors' hypotheses, and the thesis' means."""
    import pandas as pd

    printed = numbers.printed("means").set_index("metric")["value"]
    rows, shown = [], []
    for place, each in enumerate(results.to_dict("records")):
        said = _said(each)
        if not said:
            continue
        shown.append(place)
        is_ratio = each["system"] in ("lift", "peak")
        by_chance = 1.0 if is_ratio else _value(results, each, "null")
        digits = 3 if is_ratio else 2
        rows.append(
            {
                "data": f"{each['kind']}, {each['corpus']}",
                "": said[0],
                "what": said[1],
                "thesis": _number(printed.get(each["metric"], nan), nan, 2),
                "ours": _number(each["value"], each["ci95"], digits),
                "by chance": _number(by_chance, nan, 2),
                "n": f"{each['n']:,}",
            }
        )
    table = pd.DataFrame(rows).sort_values(["data", ""], kind="stable", ignore_index=True)
    return _of(table, results.iloc[shown])


RECOVERED = {
    "S_segments as set": "sections that begin with a cut, as set, and S(lseg) above chance",
    "S_downbeats as set": "cuts that go to downbeats, as set, and S(lbar) above chance, a cut",
}
FOUND = {
    "cut_F": "cuts, within 2 frames",
    "beat_F": "beats, within 0.07 s",
    "downbeat_F": "downbeats, within 0.07 s",
    "section_F": "section boundaries, within 3 s",
}
SPEARMAN = "spearman_"


def recovered(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return whether the method finds what was put into rendered films."""
    import pandas as pd

    found = results[results["part"].isin(("recovered", "instrument")) & (results["group"] == ALL)]
    rows = []
    for row in found.to_dict("records"):
        metric, data = row["metric"], f"{row['kind']}, {row['corpus']}"
        if metric in FOUND:
            value = _number(row["value"], row["ci95"], 2)
            texts = (f"F of {FOUND[metric]}", value, "")
        elif row["part"] == "recovered" or row["system"] == "measured":
            event = EVENTS.get(metric.removeprefix(SPEARMAN))
            texts = _correlation(RECOVERED.get(metric) or f"{event} measured, and as made", row)
        else:
            continue
        rows.append(
            dict(
                zip(
                    ("data", "what", "value", "n", ""),
                    (data, *texts[:2], f"{row['n']:,}", texts[2]),
                    strict=True,
                )
            )
        )
    return _of(pd.DataFrame(rows), found)


def _correlation(what: str, row: Mapping) -> tuple[str, str, str]:
    """Return what was correlated, how well with which interval, and the verdict."""
    if row["n"] < FEWEST:
        return f"Spearman: {what}", f"{row['value']:.2f}", "too few films"
    low, high = fisher(row["value"], row["n"])
    verdict = "recovered" if low > 0 else "not recovered"
    return f"Spearman: {what}", f"{row['value']:.2f} ({low:.2f} to {high:.2f})", verdict


def _said(row: Mapping) -> tuple[str, str] | None:
    """Return hypothesis and wording of a number; None where it is in another table."""
    metric, group = row["metric"], row["group"]
    if row["system"] == "peak":
        return "lags", PEAKS[metric] + ", times those 2 to 5 s before and after"
    if row["system"] == "lift":
        return SAYS[metric] if group == ALL else None
    if row["system"] != "observed" or row["part"] not in ("means", "H2", "H3", "H4", "6.4"):
        return None
    if metric not in SAYS:
        return None
    hypothesis, what = SAYS[metric]
    named = {ALL: "", "on_beat": " on a beat", "off_beat": " between two beats"}
    return hypothesis, what + named.get(group, f", {group.removeprefix('section:')}")


def _value(results: "pd.DataFrame", row: Mapping, system: str) -> float:
    """Return the number of another system under the same key, or NaN."""
    same = results["system"] == system
    for column in ("corpus", "kind", "part", "group", "metric"):
        same &= results[column] == row[column]
    return float(results.loc[same, "value"].mean())


def _beside_null(
    results: "pd.DataFrame", part: str, metrics: Mapping[str, str], digits: int
) -> "pd.DataFrame":
    import pandas as pd

    found = results[(results["part"] == part) & results["metric"].isin(list(metrics))]
    printed = numbers.printed(part)
    printed = printed[printed["metric"].isin(list(metrics)) & (printed["system"] == "observed")]
    theirs = {
        (row["group"], row["metric"]): (row["value"], row["ci95"])
        for row in printed.to_dict("records")
    }
    ours = set(found["metric"])
    present = [each for each in metrics if each in ours | set(printed["metric"])]
    rows = []
    for (kind, corpus), some in found.groupby(["kind", "corpus"], sort=False):
        cells = {
            (row["group"], row["metric"], row["system"]): (row["value"], row["ci95"], row["n"])
            for row in some.to_dict("records")
        }
        for group in dict.fromkeys(some["group"]):
            row = {"data": f"{kind}, {corpus}", "films": _named(group), "n": ""}
            for metric in present:
                counted = cells.get((group, metric, "observed"))
                row["n"] = f"{counted[2]:,}" if counted else row["n"]
                row |= dict(_columns(metrics[metric], theirs, cells, group, metric, digits))
            rows.append(row)
    covered = set(found.loc[found["metric"].isin(set(printed["metric"])), "group"])
    for group in dict.fromkeys(group for group, _ in theirs if group not in covered):
        row = {"data": THESIS, "films": _named(group), "n": ""}
        for metric in present:
            row |= dict(_columns(metrics[metric], theirs, {}, group, metric, digits))
        rows.append(row)
    table = pd.DataFrame(rows).fillna("")
    return _of(table.loc[:, (table != "").any()], found)


def _of(table: "pd.DataFrame", shown: "pd.DataFrame") -> "pd.DataFrame":
    """Say of a table whose numbers it shows: the file behind it has more."""
    table.attrs["origin"] = about(shown) if len(shown) else ""
    return table


def _columns(
    shown: str,
    theirs: Mapping[tuple[str, str], tuple[float, float]],
    cells: Cells,
    group: str,
    metric: str,
    digits: int,
) -> Iterator[tuple[str, str]]:
    """Yield the cells of one metric: the thesis' number, ours, and what chance makes of it."""
    if any(of == metric for _, of in theirs):
        yield f"{shown}, thesis", _number(*theirs.get((group, metric), (nan, nan)), min(digits, 2))
    value, ci95, _ = cells.get((group, metric, "observed"), (nan, nan, 0))
    (null, low, high), (drawn, least, most) = (
        [cells.get((group, metric, system + end), (nan,))[0] for end in ("", "_low", "_high")]
        for system in ("null", "lognormal")
    )
    star = OUTSIDE if isfinite(low) and not low <= value <= high else ""
    yield f"{shown}, ours", _number(value, ci95, digits) + star
    yield f"{shown}, by chance", _between(null, low, high, digits)
    yield f"{shown}, log-normal", _between(drawn, least, most, digits)


def _between(mean: float, low: float, high: float, digits: int) -> str:
    """Return what a control gives: "16.0 (14.2 to 17.7)"."""
    ends = f" ({low:.{digits}f} to {high:.{digits}f})" if isfinite(low) else ""
    return _number(mean, nan, digits) + ends


def _number(value: float, ci95: float, digits: int) -> str:
    if not isfinite(value):
        return ""
    return f"{value:.{digits}f}" + (f" ±{ci95:.{digits}f}" if isfinite(ci95) else "")


def _named(group: str) -> str:
    """Return a group as a table has it: "Pop (music)"."""
    what, colon, name = group.partition(":")
    return f"{name} ({what})" if colon else group
