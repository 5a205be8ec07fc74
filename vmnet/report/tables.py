"""The paper's tables with our numbers beside the printed ones.

Every function takes the tidy results table (see `vmnet.report.results`) and returns a frame of
text, one column of the paper's and one of ours, whose header names the kind of our data, the number
of test clips and the chance level: mean ranks compare only within one catalog size. What was not
computed reads "missing". Each frame carries its caption in `frame.attrs["caption"]`.
"""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.report import paper
from vmnet.report.names import DISTANCES, SCENARIOS, SEGMENTERS, SYSTEMS
from vmnet.report.results import Provenance, count, read_cells, require_system
from vmnet.store import save_text, whole

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing"
NOT_DEFINED = ""  # the paper's tables have no such cell

Cells = dict[tuple[str, str], dict[str, str]]  # (row, column) -> the keys that pick the rows


def table_baselines(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the clip-level systems (tables II and III): mean rank and R@25, vanilla, V2M.

    The paper's two baselines come first, then other clip-level systems of the results.
    """
    import pandas as pd

    found = results.loc[results["segmenter"] == "clip", "system"].unique()
    systems = [*paper.BASELINES, *(each for each in found if each not in paper.BASELINES)]
    cells = {system: {"system": system, **_VANILLA} for system in systems}
    means, origin = read_cells(results, cells, ("mean_rank", "ci95", "R@25"))
    theirs, ours = _headers(origin)
    rows = []
    for system in systems:
        printed = paper.BASELINES.get(system)
        recall = paper.RECALL_25.get((system, "clip", "centroid"))
        rows.append(
            {
                "system": SYSTEMS.get(system, system),
                f"mean rank, {theirs}": NOT_DEFINED if printed is None else _paper_rank(printed),
                f"mean rank, {ours}": rank_text(means[system]),
                f"R@25, {theirs}": NOT_DEFINED if recall is None else f"{recall:.1f}",
                f"R@25, {ours}": _number(means[system].get("R@25")),
            }
        )
    chance = (
        str(paper.CHANCE_RANK),
        f"{origin.chance['mean_rank']:.1f}",
        f"{paper.CHANCE_RECALL_25:.1f}",
        _number(origin.chance["R@25"]),
    )
    rows.append(dict(zip(rows[0], ("Chance", *chance), strict=True)))
    return _with_caption(pd.DataFrame(rows), "Clip-level systems, vanilla scenario.", origin)


def table2(results: "pd.DataFrame", system: str = paper.SEG_VMNET) -> "pd.DataFrame":
    """Return table II, experiment 1: mean rank of each segmenter with the unordered distances."""
    require_system(results, system)
    distances = ("centroid", "single", "complete")
    cells: Cells = {
        (segmenter, distance): _keys(system, segmenter, distance)
        for segmenter in paper.TABLE_2
        for distance in distances
    }
    cells |= {(baseline, "centroid"): _baseline_keys(baseline) for baseline in paper.BASELINES}
    printed = {
        (segmenter, distance): rank
        for segmenter, ranks in paper.TABLE_2.items()
        for distance, rank in ranks.items()
    } | {(baseline, "centroid"): rank for baseline, rank in paper.BASELINES.items()}
    caption = (
        "Table II, experiment 1: mean rank of segmentation S with unordered distances, vanilla. "
        "The ±1 of TransNet with centroid stands as printed; it is likely a misprint."
    )
    named = {column: DISTANCES[column] for column in distances}
    return _matrix(results, cells, printed, ("S", SEGMENTERS | SYSTEMS, named), caption)


def table3(results: "pd.DataFrame", system: str = paper.SEG_VMNET) -> "pd.DataFrame":
    """Return table III, experiment 2: mean rank and time of each alignment with each segmenter.

    The times are those of all queries against all targets: the paper's 1,000 x 1,000 on its
    machine, ours of our own catalog on this one; neither is scaled to the other.
    """
    import pandas as pd

    require_system(results, system)
    printed = {
        (distance, segmenter): (rank, paper.TABLE_3_SECONDS[distance][segmenter])
        for distance, ranks in paper.TABLE_3.items()
        for segmenter, rank in ranks.items()
    } | {("", baseline): (rank, paper.BASELINE_SECONDS) for baseline, rank in _baselines()}
    cells = {
        (distance, row): _keys(system, row, distance) if distance else _baseline_keys(row)
        for distance, row in printed
    }
    means, origin = read_cells(results, cells, ("mean_rank", "ci95", "seconds"))
    theirs, ours = _headers(origin)
    times = (_time_header("paper", paper.N_CLIPS), _time_header(origin.kind, origin.n_clips))
    rows = [
        {
            "δ": DISTANCES.get(distance, ""),
            "S": (SEGMENTERS | SYSTEMS)[row],
            f"mean rank, {theirs}": _paper_rank(rank),
            f"mean rank, {ours}": rank_text(means[distance, row]),
            times[0]: duration(seconds),
            times[1]: duration(means[distance, row].get("seconds")),
        }
        for (distance, row), (rank, seconds) in printed.items()
    ]
    chance = (str(paper.CHANCE_RANK), f"{origin.chance['mean_rank']:.1f}", duration(0), NOT_DEFINED)
    rows.append(dict(zip(rows[0], ("", "Chance", *chance), strict=True)))
    caption = (
        "Table III, experiment 2: mean rank of the alignments, vanilla, and the time of all "
        "queries against all targets (the paper's on an Intel i7-6850K; not scaled)."
    )
    return _with_caption(pd.DataFrame(rows), caption, origin)


def table4(results: "pd.DataFrame", system: str = paper.SEG_VMNET) -> "pd.DataFrame":
    """Return table IV, experiment 3: mean rank of each distance in each realistic scenario.

    The paper's segments are OLDA's; ours too, unless `results` hold those of one other segmenter.
    """
    require_system(results, system)
    scenarios = ("crop_query", "stretch_targets", "crop_stretch")
    found = results.loc[results["system"] == system, "segmenter"].unique()
    segmenter = found[0] if len(found) == 1 else "olda"
    cells: Cells = {
        (distance, scenario): _keys(system, segmenter, distance, scenario)
        for distance in paper.TABLE_4
        for scenario in scenarios
    }
    printed = {
        (distance, scenario): rank
        for distance, ranks in paper.TABLE_4.items()
        for scenario, rank in ranks.items()
    }
    caption = (
        "Table IV, experiment 3: mean rank in the realistic scenarios; segments: the paper's OLDA, "
        f"ours {SEGMENTERS.get(segmenter, segmenter)}."
    )
    named = {column: SCENARIOS[column] for column in scenarios}
    return _matrix(results, cells, printed, ("δ", DISTANCES, named), caption)


def table_trace_forms(results: "pd.DataFrame", system: str = paper.SEG_VMNET) -> "pd.DataFrame":
    """Return both readings of trace and best trace (section IV-D) beside table III, vanilla.

    As printed they sum squared distances over as many terms as the shorter clip has segments, which
    favours short tracks; the similarity forms sum dot products, as NW-DTW, SW-DTW and figure 11 do.
    """
    import pandas as pd

    require_system(results, system)
    forms = {"trace": "trace_printed", "best_trace": "best_trace_printed"}
    cells = {
        (distance, segmenter): _keys(system, segmenter, distance)
        for form in forms.items()
        for distance in form
        for segmenter in paper.TABLE_2
    }
    means, origin = read_cells(results, cells, ("mean_rank", "ci95"))
    theirs, ours = _headers(origin)
    rows = [
        {
            "δ": DISTANCES[distance],
            "S": SEGMENTERS[segmenter],
            theirs: _paper_rank(paper.TABLE_3[distance][segmenter]),
            f"similarity form, {ours}": rank_text(means[distance, segmenter]),
            f"form as printed, {ours}": rank_text(means[form, segmenter]),
        }
        for distance, form in forms.items()
        for segmenter in paper.TABLE_2
    ]
    chance = [str(paper.CHANCE_RANK)] + 2 * [f"{origin.chance['mean_rank']:.1f}"]
    rows.append(dict(zip(rows[0], ("", "Chance", *chance), strict=True)))
    caption = "Mean rank of the two readings of trace and best trace, vanilla."
    return _with_caption(pd.DataFrame(rows), caption, origin)


def table_indel_sweep(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean rank of NW-DTW and SW-DTW for each indel cost (section IV-D).

    Parameters
    ----------
    results : tidy results table with one more column, `indel`.
    """
    import pandas as pd

    swept = results[results["direction"] == "V2M"]
    costs = sorted(swept["indel"].unique())
    cells = {
        (distance, cost): {"distance": distance, "indel": cost}
        for distance in paper.INDEL
        for cost in costs
    }
    means, origin = read_cells(swept, cells, ("mean_rank", "ci95"))
    _, ours = _headers(origin)
    rows = []
    for cost in costs:
        row = {"indel": f"{cost:g}"}
        for distance, chosen in paper.INDEL.items():
            mark = " (the paper's cost)" if cost == chosen else ""
            row[f"{DISTANCES[distance]}, {ours}"] = rank_text(means[distance, cost]) + mark
        rows.append(row)
    chance = 2 * [f"{origin.chance['mean_rank']:.1f}"]
    rows.append(dict(zip(rows[0], ["Chance", *chance], strict=True)))
    frame = pd.DataFrame(rows)
    frame.attrs["caption"] = (
        f"Mean rank against the indel cost, vanilla; {origin.kind} data "
        f"({origin.corpus}), {count(origin.n_clips, 'clip')}, {count(origin.n_seeds, 'seed')}, "
        f"chance {origin.chance['mean_rank']:.1f}."
    )
    return frame


def table_segment_count(results: "pd.DataFrame", system: str = paper.SEG_VMNET) -> "pd.DataFrame":
    """Return the mean ranks by the number of segments alone beside those of two alignments."""
    import pandas as pd

    require_system(results, system)
    distances = ("count", "nw", "trace")
    cells = {
        (distance, segmenter): _keys(system, segmenter, distance)
        for distance in distances
        for segmenter in paper.TABLE_2
    }
    means, origin = read_cells(results, cells, ("mean_rank", "ci95"))
    theirs, ours = _headers(origin)
    rows = []
    for segmenter in paper.TABLE_2:
        row = {"S": SEGMENTERS[segmenter]}
        for distance in distances:
            name = DISTANCES[distance]
            if distance in paper.TABLE_3:
                row[f"{name}, {theirs}"] = _paper_rank(paper.TABLE_3[distance][segmenter])
            row[f"{name}, {ours}"] = rank_text(means[distance, segmenter])
        rows.append(row)
    level = {True: f"{origin.chance['mean_rank']:.1f}", False: str(paper.CHANCE_RANK)}
    chance = [level[ours in column] for column in list(rows[0])[1:]]
    rows.append(dict(zip(rows[0], ["Chance", *chance], strict=True)))
    caption = "Control: mean rank by the number of segments alone, vanilla."
    return _with_caption(pd.DataFrame(rows), caption, origin)


def write_table(
    frame: "pd.DataFrame", folder: Path, name: str, caption: str | None = None
) -> tuple[Path, Path]:
    """Write a table as NAME.csv and NAME.md, each whole, and return the two paths.

    `caption` stands above the Markdown table; without one it is the frame's own.
    """
    folder = Path(folder)
    text = frame.attrs.get("caption", "") if caption is None else caption
    csv, markdown = folder / f"{name}.csv", folder / f"{name}.md"
    with whole(csv) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")
    save_text(markdown, f"{text}\n\n{to_markdown(frame)}" if text else to_markdown(frame))
    return csv, markdown


def to_markdown(frame: "pd.DataFrame") -> str:
    """Return a frame as a Markdown table, its columns padded so that the source reads well too."""
    rows = [frame.columns, *frame.itertuples(index=False, name=None)]
    lines = [[_escape(cell) for cell in row] for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([padded[0], rule, *padded[1:]]) + "\n"


def duration(seconds: float | None) -> str:
    """Return a time as text: "0.93 s" below a minute, then "13:41", then "1:13:56"."""
    if seconds is None:
        return MISSING
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_VANILLA = {"scenario": "vanilla", "direction": "V2M"}


def _keys(system: str, segmenter: str, distance: str, scenario: str = "vanilla") -> dict[str, str]:
    names = {"system": system, "segmenter": segmenter, "distance": distance}
    return {**names, "scenario": scenario, "direction": "V2M"}


def _baseline_keys(baseline: str) -> dict[str, str]:
    return {"system": baseline, **_VANILLA}


def _baselines() -> list[tuple[str, paper.Rank]]:
    return list(paper.BASELINES.items())


def _matrix(
    results: "pd.DataFrame",
    cells: Cells,
    printed: Mapping[tuple[str, str], paper.Rank],
    names: tuple[str, Mapping[str, str], Mapping[str, str]],
    caption: str,
) -> "pd.DataFrame":
    """Return rows x columns of mean ranks, the paper's and ours side by side, and a chance row.

    `names` is what the rows are, the rows' names, and the columns' names in their order.
    """
    import pandas as pd

    means, origin = read_cells(results, cells, ("mean_rank", "ci95"))
    theirs, ours = _headers(origin)
    corner, row_names, column_names = names
    rows = []
    for row in dict.fromkeys(row for row, _ in cells):
        line = {corner: row_names[row]}
        for column, name in column_names.items():
            there = (row, column) in cells
            rank = _paper_rank(printed[row, column]) if there else NOT_DEFINED
            line[f"{name}, {theirs}"] = rank
            line[f"{name}, {ours}"] = rank_text(means[row, column]) if there else NOT_DEFINED
        rows.append(line)
    chance = len(column_names) * [str(paper.CHANCE_RANK), f"{origin.chance['mean_rank']:.1f}"]
    rows.append(dict(zip(rows[0], ["Chance", *chance], strict=True)))
    return _with_caption(pd.DataFrame(rows), caption, origin)


def _headers(origin: Provenance) -> tuple[str, str]:
    return "paper", f"ours ({origin.label}, chance {origin.chance['mean_rank']:.1f})"


def _time_header(whose: str, n_clips: int) -> str:
    who = "paper" if whose == "paper" else f"ours ({whose})"
    return f"time, {who}: {n_clips:,} queries × {n_clips:,} tracks"


def _with_caption(frame: "pd.DataFrame", text: str, origin: Provenance) -> "pd.DataFrame":
    seeds = (
        f"mean of {origin.n_seeds} seeds, ± the mean of the seeds' 95 % intervals"
        if origin.n_seeds > 1
        else "1 seed, ± the 95 % interval over the queries"
    )
    frame.attrs["caption"] = (
        f"{text} Paper: trained on HIMV-50K, 1,000 test clips of MVD, chance {paper.CHANCE_RANK}. "
        f"Ours: {origin.kind} data ({origin.corpus}), {count(origin.n_clips, 'test clip')}, "
        f"{seeds}, chance {origin.chance['mean_rank']:.1f}."
    )
    return frame


def _paper_rank(rank: paper.Rank) -> str:
    return f"{rank.mean:g} ±{rank.ci95:g}"


def rank_text(means: Mapping[str, float]) -> str:
    """Return a mean rank and its interval; `means` has "mean_rank" and "ci95", or nothing."""
    if not means:
        return MISSING
    half_width = f"{means['ci95']:.1f}" if isfinite(means["ci95"]) else "∞"  # a single query
    return f"{means['mean_rank']:.1f} ±{half_width}"


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.1f}"


def _escape(cell: object) -> str:
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return " ".join(text.replace("|", "\\|").split())
