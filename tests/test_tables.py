"""The printed numbers, and the tables with ours beside them, against results made by hand."""

import csv

import pandas as pd
import pytest

from vmnet.errors import VmnetError
from vmnet.report import paper, tables

RANK = {"mean_rank": 2.25, "ci95": 0.5, "R@25": 100.0, "seconds": 0.125}
OURS = "ours (rendered, 6 clips, chance 3.5)"


def rows(system, segmenter, distance, scenario="vanilla", seed=0, **metrics):
    """Return the tidy rows of one cell."""
    cell = {"corpus": "toy", "kind": "rendered", "n_clips": 6, "system": system}
    cell |= {"segmenter": segmenter, "distance": distance, "scenario": scenario}
    return [
        {**cell, "direction": "V2M", "seed": seed, "metric": metric, "value": value}
        for metric, value in (RANK | metrics).items()
    ]


def vanilla(distances, seed=0, **metrics):
    return [
        row
        for segmenter in paper.TABLE_2
        for distance in distances
        for row in rows("seg_vmnet", segmenter, distance, seed=seed, **metrics)
    ]


def line(table, **keys):
    """Return the one row of a table that has these cells."""
    chosen = table
    for column, value in keys.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("seg_vmnet", "foote", "centroid", "vanilla", "V2M", "mean_rank"), 94),
        (("seg_vmnet", "transnet", "complete", "vanilla", "V2M", "ci95"), 31),
        (("seg_vmnet", "olda", "trace", "vanilla", "V2M", "mean_rank"), 32),
        (("seg_vmnet", "olda", "trace", "vanilla", "V2M", "R@25"), 78.4),
        (("seg_vmnet", "transnet", "sw", "vanilla", "V2M", "seconds"), 3600 + 13 * 60 + 56),
        (("seg_vmnet", "foote", "nw", "vanilla", "V2M", "seconds"), 11 * 60 + 59),
        (("seg_vmnet", "olda", "trace", "crop_stretch", "V2M", "mean_rank"), 146),
        (("seg_vmnet", "olda", "nw", "stretch_targets", "V2M", "ci95"), 12),
        (("baseline_1", "clip", "centroid", "vanilla", "V2M", "mean_rank"), 193),
        (("baseline_2", "clip", "centroid", "vanilla", "V2M", "ci95"), 19),
        (("chance", "clip", "centroid", "vanilla", "V2M", "mean_rank"), 500),
        (("openl3", "clip", "centroid", "vanilla", "M2V", "R@10"), 23.5),
        (("audioset_attention", "clip", "centroid", "vanilla", "V2M", "mean_rank"), 105),
    ],
)
def test_printed_values(keys, value):
    columns = ["system", "segmenter", "distance", "scenario", "direction", "metric"]
    printed = paper.printed().set_index(columns)
    assert printed.index.is_unique
    assert printed.loc[keys, "value"] == value
    assert printed.loc[keys, "source"]


def test_printed_times():
    def text(distance, segmenter):
        return tables.duration(paper.TABLE_3_SECONDS[distance][segmenter])

    in_order = ("foote", "sf", "olda", "transnet")
    assert [text("nw", s) for s in in_order] == ["11:59", "10:09", "13:41", "48:29"]
    assert [text("sw", s) for s in in_order] == ["19:40", "16:20", "21:14", "1:13:56"]
    assert [text("trace", s) for s in in_order] == ["55 s", "1:00", "53 s", "1:45"]
    assert [text("best_trace", s) for s in in_order] == ["1:45", "1:32", "1:35", "3:51"]


def test_the_likely_misprint_is_kept_and_named():
    printed = paper.printed()
    noted = printed[printed["note"] != ""]
    assert noted[["segmenter", "distance", "value"]].to_numpy().tolist() == [
        ["transnet", "centroid", 1.0]
    ]
    assert "misprint" in noted["note"].iloc[0]


def test_printed_joins_ours():
    ours = pd.DataFrame(rows("seg_vmnet", "olda", "trace"))
    keys = ["system", "segmenter", "distance", "scenario", "direction", "metric"]
    both = ours.merge(paper.printed(), on=keys, suffixes=("", "_paper"))
    joined = dict(zip(both["metric"], both["value_paper"], strict=True))
    assert joined == {"mean_rank": 32, "ci95": 10, "R@25": 78.4, "seconds": 53}


def test_table2_shows_both_sides_and_chance():
    results = vanilla(["centroid", "single", "complete"]) + rows("baseline_1", "clip", "centroid")
    results = [row | {"value": 1.75} if is_foote_single(row) else row for row in results]
    table = tables.table2(pd.DataFrame(results))
    foote = line(table, S="Foote")
    assert foote["Single linkage, paper"] == "120 ±18"
    assert foote[f"Single linkage, {OURS}"] == "1.8 ±0.5"
    assert line(table, S="TransNet")["Centroid, paper"] == "113 ±1"
    assert line(table, S="Baseline 1")[f"Centroid, {OURS}"] == "2.2 ±0.5"
    assert line(table, S="Baseline 1")[f"Complete linkage, {OURS}"] == ""
    assert line(table, S="Baseline 2")[f"Centroid, {OURS}"] == "missing"
    chance = line(table, S="Chance")
    assert (chance["Complete linkage, paper"], chance[f"Complete linkage, {OURS}"]) == (
        "500",
        "3.5",
    )
    assert "misprint" in table.attrs["caption"]


def is_foote_single(row):
    return (row["segmenter"], row["distance"], row["metric"]) == ("foote", "single", "mean_rank")


def test_table3_has_measured_times_beside_the_papers():
    table = tables.table3(pd.DataFrame(vanilla(["nw", "sw", "trace", "best_trace"])))
    cell = line(table, δ="SW-DTW", S="TransNet")
    assert cell["mean rank, paper"] == "99 ±17"
    assert cell[f"mean rank, {OURS}"] == "2.2 ±0.5"
    assert cell["time, paper: 1,000 queries × 1,000 tracks"] == "1:13:56"
    assert cell["time, ours (rendered): 6 queries × 6 tracks"] == "0.12 s"
    assert len(table) == 4 * 4 + 2 + 1


def test_table4_follows_the_segmenter_of_the_results():
    scenarios = ("crop_query", "stretch_targets", "crop_stretch")
    for segmenter, name in (("olda", "OLDA"), ("foote", "Foote")):
        results = [
            row
            for distance in paper.TABLE_4
            for scenario in scenarios
            for row in rows("seg_vmnet", segmenter, distance, scenario)
        ]
        table = tables.table4(pd.DataFrame(results))
        cell = line(table, δ="Best trace")
        assert cell["Stretch Targets, paper"] == "83 ±15"
        assert cell[f"Stretch Targets, {OURS}"] == "2.2 ±0.5"
        assert f"ours {name}" in table.attrs["caption"]


def test_trace_forms_stand_side_by_side():
    results = vanilla(["trace", "best_trace"])
    results += vanilla(["trace_printed", "best_trace_printed"], mean_rank=4.0)
    table = tables.table_trace_forms(pd.DataFrame(results))
    cell = line(table, δ="Best trace", S="SF")
    assert cell.tolist() == ["Best trace", "SF", "55 ±13", "2.2 ±0.5", "4.0 ±0.5"]


def test_baselines():
    results = rows("baseline_1", "clip", "centroid") + rows(
        "baseline_2", "clip", "centroid", mean_rank=1.5, ci95=float("inf"), **{"R@25": 75.0}
    )
    table = tables.table_baselines(pd.DataFrame(results))
    assert line(table, system="Baseline 1").tolist() == [
        "Baseline 1", "193 ±25", "2.2 ±0.5", "", "100.0",
    ]  # fmt: skip
    assert line(table, system="Baseline 2").tolist() == [
        "Baseline 2", "118 ±19", "1.5 ±∞", "33.4", "75.0",
    ]  # fmt: skip
    assert line(table, system="Chance").tolist() == ["Chance", "500", "3.5", "2.5", "100.0"]


def test_other_clip_level_systems_stand_below_the_baselines():
    results = rows("baseline_2_cbvmr", "clip", "centroid", mean_rank=1.5) + rows(
        "baseline_2", "clip", "centroid"
    )
    table = tables.table_baselines(pd.DataFrame(results))
    assert table["system"].tolist() == [
        "Baseline 1", "Baseline 2", "Baseline 2, CBVMR's loss", "Chance",
    ]  # fmt: skip
    assert table.iloc[2].tolist() == ["Baseline 2, CBVMR's loss", "", "1.5 ±0.5", "", "100.0"]


def test_indel_sweep_marks_the_papers_costs():
    results = pd.concat(
        pd.DataFrame(rows("seg_vmnet", "olda", distance, mean_rank=2 + cost)).assign(indel=cost)
        for distance in ("nw", "sw")
        for cost in (0.5, 0.0, 0.05, 0.01)
    )
    other_way = results.assign(direction="M2V", value=9.0)
    table = tables.table_indel_sweep(pd.concat([results, other_way]))
    assert table.to_numpy().tolist() == [
        ["0", "2.0 ±0.5", "2.0 ±0.5"],
        ["0.01", "2.0 ±0.5", "2.0 ±0.5 (the paper's cost)"],
        ["0.05", "2.0 ±0.5 (the paper's cost)", "2.0 ±0.5"],
        ["0.5", "2.5 ±0.5", "2.5 ±0.5"],
        ["Chance", "3.5", "3.5"],
    ]
    assert "rendered data (toy), 6 clips, 1 seed, chance 3.5" in table.attrs["caption"]


def test_every_table_of_ranks_has_a_computed_chance_level():
    distances = ("centroid", "single", "complete", "nw", "sw", "trace", "best_trace")
    results = vanilla([*distances, "trace_printed", "best_trace_printed"])
    for scenario in ("crop_query", "stretch_targets", "crop_stretch"):
        for distance in paper.TABLE_4:
            results += rows("seg_vmnet", "olda", distance, scenario)
    results += rows("baseline_2", "clip", "centroid")
    frame = pd.DataFrame(results).assign(n_clips=40)
    sweep = frame[frame["distance"].isin(["nw", "sw"]) & (frame["segmenter"] == "olda")]
    sweep = sweep[sweep["scenario"] == "vanilla"].assign(indel=0.05)
    made = [
        tables.table_indel_sweep(sweep),
        *(
            make(frame)
            for make in (
                tables.table_baselines,
                tables.table2,
                tables.table3,
                tables.table4,
                tables.table_trace_forms,
            )
        ),
    ]
    for table in made:
        assert "20.5" in table.iloc[-1].tolist(), table.columns
        assert "chance 20.5" in table.attrs["caption"]


def test_several_seeds_give_the_mean_rank_and_the_mean_interval():
    distances = ["centroid", "single", "complete"]
    results = vanilla(distances, 0, mean_rank=2.0, ci95=0.4) + vanilla(
        distances, 1, mean_rank=3.0, ci95=0.8
    )
    table = tables.table2(pd.DataFrame(results))
    assert line(table, S="SF")[f"Centroid, {OURS}"] == "2.5 ±0.6"
    assert "mean of 2 seeds" in table.attrs["caption"]


def test_a_cell_with_fewer_seeds_is_refused_by_name():
    distances = ["centroid", "single", "complete"]
    results = pd.DataFrame(vanilla(distances, 0) + vanilla(distances, 1))
    one = (results["segmenter"] == "sf") & (results["distance"] == "single")
    lacking = results[~(one & (results["seed"] == 1))]
    with pytest.raises(VmnetError, match=r"seed 1 of .*segmenter sf, distance single"):
        tables.table2(lacking)
    # a NaN is a run that gave nothing, not a number to leave out of a mean
    broken = results.copy()
    broken.loc[one & (results["seed"] == 1), "value"] = float("nan")
    with pytest.raises(VmnetError, match=r"seed 1 of .*segmenter sf, distance single"):
        tables.table2(broken)
    # without any run the cell is a gap
    assert line(tables.table2(results[~one]), S="SF")[f"Single linkage, {OURS}"] == "missing"


def test_a_cell_that_lacks_a_metric_is_refused():
    results = pd.DataFrame(vanilla(["centroid", "single", "complete"]))
    one = (results["segmenter"] == "sf") & (results["distance"] == "single")
    with pytest.raises(VmnetError, match="metric ci95"):
        tables.table2(results[~(one & (results["metric"] == "ci95"))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda results: results.drop(columns="seed"), "lacks the columns seed"),
        (lambda results: results[:0], "empty"),
        (lambda results: pd.concat([results, results]), "a seed twice"),
        (lambda results: pd.concat([results, results.assign(kind="folder")]), "mixes kind"),
        (lambda results: results.assign(system="segvmnet"), "no system 'seg_vmnet'"),
    ],
)
def test_unusable_results_are_refused(change, message):
    results = pd.DataFrame(vanilla(["centroid", "single", "complete"]))
    with pytest.raises(VmnetError, match=message):
        tables.table2(change(results))


def test_a_table_is_written_as_csv_and_markdown(tmp_path):
    table = tables.table2(pd.DataFrame(vanilla(["centroid", "single", "complete"])))
    csv_path, markdown_path = tables.write_table(table, tmp_path / "new", "table2")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["table2.csv", "table2.md"]

    with csv_path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == list(table.columns)
    assert lines[1:] == [list(row) for row in table.itertuples(index=False, name=None)]

    caption, _, *body = markdown_path.read_text(encoding="utf-8").splitlines()
    for word in ("rendered data", "toy", "6 test clips", "1 seed", "chance 3.5", "chance 500"):
        assert word in caption
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in body]
    assert cells[0] == list(table.columns)
    assert cells[2] == list(table.iloc[0])
    assert len({len(line) for line in body}) == 1


def test_markdown_of_any_frame(tmp_path):
    frame = pd.DataFrame({"a|b": [1_234_567, 2], "title": ["x\ny", "p|q"], "s": [0.1 + 0.2, 3.0]})
    text = tables.to_markdown(frame)
    assert text.splitlines()[0] == r"| a\|b    | title | s   |"
    assert text.splitlines()[2:] == ["| 1234567 | x y   | 0.3 |", r"| 2       | p\|q  | 3   |"]
    _, markdown = tables.write_table(frame, tmp_path, "any", "A caption (rendered).")
    assert markdown.read_text(encoding="utf-8").startswith("A caption (rendered).\n\n| a")
