"""RESULTS.md from a figures folder: complete, deterministic, in step with the committed files."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from vmnet.config import ROOT
from vmnet.errors import VmnetError
from vmnet.evaluation.experiment import COLUMNS
from vmnet.report import page, paper

SEEDS = (0, 1, 2)
CLIP_LEVEL = {"baseline_1": 193, "baseline_2": 118, "baseline_2_cbvmr": 130}


def rows(system, segmenter, distance, scenario, rank, seed, kind="simulated"):
    """Return one cell of one seed: the paper's number, a little off."""
    rank *= 1 + 0.02 * np.sin(3 * seed + len(segmenter + distance + scenario))
    metrics = {f"R@{k}": 20.0 * np.sqrt(k) / rank for k in (1, 10, 25)}
    metrics |= {"mean_rank": rank, "ci95": rank / 5, "median_rank": rank / 2, "seconds": rank / 9}
    cell = ("toy", kind, 1000, system, segmenter, distance, scenario, "V2M", seed)
    return [(*cell, metric, value) for metric, value in metrics.items()]


def tidy(cells, kind="simulated"):
    return pd.DataFrame(
        [row for cell in cells for seed in SEEDS for row in rows(*cell, seed, kind)],
        columns=list(COLUMNS),
    )


def results(kind="simulated"):
    """Return the tables that notebooks 01 to 04 save."""
    seg = "seg_vmnet"
    clip_level = [(name, "clip", "centroid", "vanilla", rank) for name, rank in CLIP_LEVEL.items()]
    unordered = [
        (seg, segmenter, distance, "vanilla", rank.mean)
        for segmenter, ranks in paper.TABLE_2.items()
        for distance, rank in ranks.items()
    ]
    ordered = [
        (seg, segmenter, distance, "vanilla", rank.mean)
        for distance, ranks in paper.TABLE_3.items()
        for segmenter, rank in ranks.items()
    ]
    literal = [(*cell[:2], f"{cell[2]}_printed", "vanilla", 300) for cell in ordered[8:]]
    realistic = [
        (seg, "olda", distance, scenario, rank.mean)
        for distance, ranks in paper.TABLE_4.items()
        for scenario, rank in ranks.items()
    ]
    vanilla = [cell for cell in ordered if cell[1] == "olda"]
    tables = [clip_level, clip_level[:2] + unordered, clip_level[:2] + ordered + literal]
    return [tidy(cells, kind) for cells in (*tables, vanilla + realistic)]


def write(folder, kind="simulated"):
    """Write a complete figures folder."""
    folder.mkdir(parents=True)
    for name, table in zip(page.RESULTS, results(kind), strict=True):
        table.to_csv(folder / name, index=False)
    training = [
        ("baseline_2", "clip", seed, "triplet", 1000 + seed, 900, 60.0, 0.002, 0.0005, "estimated")
        for seed in SEEDS
    ] + [("seg_vmnet", "olda", seed, "triplet", 10, 9, 2.0, np.nan, np.nan, "") for seed in SEEDS]
    pd.DataFrame(training, columns=list(page.TRAINING)).to_csv(folder / "training.csv", index=False)
    (folder / "segment_lengths.csv").write_text("S,mean (s)\nFoote,19.25\n")
    run = {
        "command": "./run_all.sh",
        "profile": "demo",
        "corpus": "toy",
        "kind": kind,
        "seeds": list(SEEDS),
        "notebooks": {"00_corpus": 61.0, "01_baselines": 30.5},
        "seconds": 91.5,
        "machine": {"processor": "a processor", "cores": 2},
        "date": "2026-01-31",
    }
    (folder / "run.json").write_text(json.dumps(run))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("page") / "figures" / "demo")


@pytest.fixture(scope="module")
def text(folder):
    return page.results_page(folder)


@pytest.fixture
def copy(tmp_path):
    return write(tmp_path / "figures" / "demo")


def lines_of(text, heading):
    """Return the lines of one section."""
    return text.split(f"\n## {heading}")[1].split("\n## ")[0].splitlines()


def table_of(text, heading):
    """Return the rows of the table of one section as lists of cells."""
    rows = [line for line in lines_of(text, heading) if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_says_what_it_is(text):
    introduction = " ".join(text.split("\n## ")[0].split())
    for words in ("**The data are simulated:**", "118 (Baseline 2)", "32 (OLDA with trace)",
                  "they do not replicate", "seeds 0, 1, 2", "1,000 test clips", "500.5",
                  "2026-01-31"):  # fmt: skip
        assert words in introduction


def test_the_same_files_give_the_same_text(folder, text, tmp_path):
    assert page.results_page(folder) == text
    assert page.save(folder, tmp_path / "RESULTS.md").read_text(encoding="utf-8") == text
    command = [sys.executable, "-m", "vmnet.report.page", str(folder)]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert printed.decode("utf-8") == text


def test_every_cell_has_the_papers_number_ours_and_each_seed(text):
    table = table_of(text, "Table III")
    header, _, *body = table
    assert header[:4] == ["δ", "S", "paper", "ours (simulated, 1,000 clips)"]
    assert header[4:7] == ["seed 0", "seed 1", "seed 2"]
    assert len(body) == 16 + 1
    cell = next(row for row in body if row[:2] == ["SW-DTW", "TransNet"])
    ranks = [
        value
        for seed in SEEDS
        for *_, metric, value in rows("", "transnet", "sw", "vanilla", 99, seed)
        if metric == "mean_rank"
    ]
    mean = np.mean(ranks)
    assert cell[2] == "99 ±17"
    assert cell[3] == f"{mean:.1f} ±{mean / 5:.1f}"
    assert cell[4:7] == [f"{rank:.1f}" for rank in ranks]
    assert cell[8:] == ["1:13:56", "11 s"]
    assert [len(table_of(text, f"Table {name}")) - 3 for name in ("II,", "IV")] == [12, 15]
    assert len(table_of(text, "Two readings")) - 3 == 16


def test_every_table_of_ranks_has_the_chance_level(text):
    for heading in ("Clip-level", "Table II,", "Table III", "Two readings", "Table IV"):
        header, *_, chance = table_of(text, heading)
        assert chance[0] == "Chance", heading
        assert chance[header.index("ours (simulated, 1,000 clips)")] == "500.5"
        assert chance[header.index("R@1, R@10, R@25 (%)")] == "0.1, 1.0, 2.5"


def test_the_fitted_cells_are_marked_and_no_other(text):
    marked = [
        cells[:2]
        for heading in ("Clip-level", "Table II,", "Table III", "Table IV")
        for cells in table_of(text, heading)
        if any(cell.endswith("†") for cell in cells)
    ]
    assert marked == [["Baseline 2", "118 ±19"], ["Trace", "OLDA"]]
    assert "43 cells" in " ".join(lines_of(text, "Is the order"))


def test_other_data_were_not_fitted(tmp_path):
    text = page.results_page(write(tmp_path / "figures" / "mine", kind="YouTube-8M features"))
    assert "Nothing was fitted" in text
    assert "†" not in text
    assert "45 cells" in text
    assert "simulated" not in text
    assert "figures/mine/results_01.csv" in text


def change(folder, function):
    """Pass each results file through a function."""
    for name in page.RESULTS:
        function(pd.read_csv(folder / name)).to_csv(folder / name, index=False)


def test_a_run_of_less_has_gaps_and_fewer_verdicts(copy):
    def less(table):  # one segmentation, and no baseline 1
        kept = table["segmenter"].isin(["clip", "olda"]) & (table["system"] != "baseline_1")
        return table[kept].replace({"segmenter": {"olda": "foote"}})

    change(copy, less)
    text = page.results_page(copy)
    rows = {row[0]: row for row in table_of(text, "Clip-level")}
    assert rows["Baseline 1"] == ["Baseline 1", "193 ±25", "missing", "", "", "", ""]
    assert [row[3] for row in table_of(text, "Table II,")].count("missing") == 9
    assert "missing" not in {row[3] for row in table_of(text, "Table IV")}
    assert "Segments: the paper's OLDA, ours Foote." in lines_of(text, "Table IV")
    here = {row[0].split("`")[1]: row[3] for row in table_of(text, "Which of")[2:]}
    assert here["trace_best_vanilla"] == here["best_trace_best_crop"] == "not computed"


def test_a_run_of_very_little_is_not_correlated(copy):
    other = {name: f"{name}_of_ours" for name in ("centroid", "single", "complete", *paper.TABLE_3)}
    change(copy, lambda table: table.replace({"distance": other}))
    assert "Too few cells were computed to say." in page.results_page(copy)


def test_results_without_the_papers_system_are_refused(copy):
    for name in page.RESULTS[1:]:
        shutil.copy(copy / page.RESULTS[0], copy / name)
    with pytest.raises(VmnetError, match="no system 'seg_vmnet'"):
        page.results_page(copy)


def test_loss_variants_stand_below_the_baselines(text):
    names = [row[0] for row in table_of(text, "Clip-level")[2:]]
    assert names == ["Baseline 1", "Baseline 2", "Baseline 2, CBVMR's loss", "Chance"]


def test_every_conclusion_has_its_verdict_and_its_numbers(text):
    from vmnet.report.claims import CLAIMS

    header, _, *body = table_of(text, "Which of")
    assert header == ["id", "the paper's conclusion", "section", "here", "seeds"]
    verdicts = {row[0].split("`")[1]: row for row in body}
    assert list(verdicts) == [claim.id for claim in CLAIMS]
    assert verdicts["best_trace_best_crop"][3:] == ["holds", "3 of 3"]
    assert verdicts["sw_recall_1_stretched"][3:] == ["**does not hold**", "0 of 3"]
    assert verdicts["intra_modal_terms_do_not_help"][3] == "not computed"
    section = "\n".join(lines_of(text, "Which of"))
    assert section.count("\n- `") == len(CLAIMS)
    counted = re.search(r"\*\*(\d+) hold and\s(\d+)\s", section)
    here = [row[3] for row in body]
    assert [int(n) for n in counted.groups()] == [
        here.count("holds"), here.count("**does not hold**"),
    ]  # fmt: skip


def test_explanations_stand_below_what_fails(copy):
    (copy / "explanations.md").write_text(
        "## sw_recall_1_stretched\n\nBecause so.\n\n## trace_fastest\nIt holds: not shown.\n"
    )
    text = page.results_page(copy)
    assert "**`sw_recall_1_stretched`**: Because so." in text
    assert "not shown" not in text
    (copy / "explanations.md").write_text("## trace_slowest\nNo such.\n")
    with pytest.raises(VmnetError, match="trace_slowest, which is no conclusion"):
        page.results_page(copy)


def test_training_is_summed_and_what_was_not_measured_is_said(text):
    body = table_of(text, "Training")[2:]
    assert body[0][3:] == ["3", "1,001", "900", "1:00", "2", "0.5", "estimated"]
    assert body[1][7:] == ["not measured", "not measured", "not measured"]
    assert "6 trainings, 3:06, energy not measured" in " ".join(lines_of(text, "Training"))


def test_speed_is_shown_where_it_was_measured(copy, text):
    assert [row[0] for row in table_of(text, "Speed")[2:]] == [
        "CPU (not measured)", "GPU (not measured)",
    ]  # fmt: skip
    speed = {"device": "A device", "processor": "gpu", "backend": "jax"}
    speed |= {"steps_per_second": 1234.5, "share_of_peak": 0.421, "hours_500k": 0.1125}
    speed |= {"ratio": 1.234}
    (copy / "speed.json").write_text(json.dumps([speed]))
    body = table_of(page.results_page(copy), "Speed")[2:]
    assert body[0] == ["A device", "jax", "1.23e+03", "42%", "1.23", "6.8 min"]
    assert body[1] == ["CPU (not measured)", "", "", "", "", ""]
    del speed["backend"]
    (copy / "speed.json").write_text(json.dumps([speed]))
    with pytest.raises(VmnetError, match=r"speed\.json lacks 'backend'"):
        page.results_page(copy)


def test_optional_files_are_shown(copy):
    (copy / "clips.csv").write_text("split,clips,mean length (s)\ntrain,4000,233.90\n")
    sweep = [
        row.assign(indel=cost)
        for cost in (0.01, 0.05)
        for row in (tidy([("seg_vmnet", "olda", d, "vanilla", 50)]) for d in ("nw", "sw"))
    ]
    pd.concat(sweep).to_csv(copy / "indel_sweep.csv", index=False)
    for name in ("figure8", "own_figure", "figure7"):
        (copy / f"{name}.png").touch()
    text = page.results_page(copy)
    assert table_of(text, "Clips and segments")[2] == ["train", "4000", "233.90"]
    body = table_of(text, "Indel costs")[2:]
    assert [row[0] for row in body] == ["0.01", "0.05", "Chance"]
    assert body[0][2].endswith("(the paper's cost)")
    assert body[1][1].endswith("(the paper's cost)")
    links = re.findall(r"^- \[(\w+)\]\(figures/demo/\1\.png\)", text, flags=re.MULTILINE)
    assert links == ["figure7", "figure8", "own_figure"]


def test_every_table_names_a_cell_that_makes_it(text):
    for table, source in page.SOURCES.items():
        notebook = json.loads((ROOT / f"notebooks/{source.notebook}.ipynb").read_text())
        cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
        assert source.cell in cells, f"{source.notebook} has no cell {source.cell}"
        assert f'"{table}"' in cells[source.cell], (table, source)
    for table in ("baselines", "table2", "table3", "trace_forms", "table4", "segment_lengths"):
        source = page.SOURCES[table]
        link = rf"\[{source.notebook}\]\(notebooks/{source.notebook}\.ipynb\)"
        command = rf"`\./run_all\.sh --only {source.notebook[:2]}`"
        numbers = rf"\[{source.file}\]\(figures/demo/{source.file}\)"
        pattern = rf"Cell `{source.cell}` of\s{link},\s{command};\snumbers:\s{numbers}"
        assert re.search(pattern, text), table


def test_markdown_is_not_misread(text):
    assert not re.search(r"^\s*[>#]+ (?!\w)", text, flags=re.MULTILINE)
    assert "nan" not in re.findall(r"\w+", text)
    for line in text.splitlines():
        assert line.startswith("|") or line.count("`") % 2 == 0, line


@pytest.mark.parametrize("name", [*page.RESULTS, "training.csv", "segment_lengths.csv", "run.json"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(VmnetError, match=rf"{name} is missing: `\./run_all\.sh` makes it"):
        page.results_page(copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("training.csv", "system,seed\na,0\n", r"training\.csv lacks the columns segmenter"),
        ("training.csv", "", r"training\.csv is not a CSV file"),
        ("results_02.csv", ",".join(COLUMNS) + "\n", r"results_02\.csv has no rows"),
        ("run.json", "{", r"run\.json is not a JSON file"),
        ("run.json", "{}", r"run\.json lacks 'command'"),
        ("run.json", "[]", r"run\.json lacks 'command'"),
    ],
)
def test_a_bad_file_is_named(copy, name, content, message):
    (copy / name).write_text(content)
    with pytest.raises(VmnetError, match=message):
        page.results_page(copy)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kind", "rendered", "says kind 'rendered'"),
        ("corpus", "another", "says corpus 'another'"),
        ("seeds", [0, 1], r"the results hold 0, 1, 2"),
    ],
)
def test_files_of_different_runs_are_refused(copy, key, value, message):
    run = json.loads((copy / "run.json").read_text()) | {key: value}
    (copy / "run.json").write_text(json.dumps(run))
    with pytest.raises(VmnetError, match=message):
        page.results_page(copy)


def test_numbers_that_differ_between_notebooks_are_refused(copy):
    table = pd.read_csv(copy / "results_03.csv")
    one = (table["system"] == "baseline_2") & (table["seed"] == 1)
    table.loc[one & (table["metric"] == "seconds"), "value"] += 1  # another measurement of time
    table.to_csv(copy / "results_03.csv", index=False)
    page.results_page(copy)
    table.loc[one & (table["metric"] == "mean_rank"), "value"] += 1
    table.to_csv(copy / "results_03.csv", index=False)
    with pytest.raises(VmnetError, match=r"baseline_2, clip, .*1, mean_rank different values"):
        page.results_page(copy)


def test_a_missing_folder_is_one_sentence(tmp_path):
    command = [sys.executable, "-m", "vmnet.report.page", str(tmp_path / "none")]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr.startswith("vmnet: ")
    assert finished.stderr.count("\n") == 1


def test_the_committed_page_is_that_of_the_committed_files():
    committed = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    assert committed == page.results_page(ROOT / "figures" / "demo"), (
        "RESULTS.md and figures/demo differ: python -m vmnet.report.page figures/demo > RESULTS.md"
    )


def test_the_readme_repeats_numbers_of_the_page():
    readme, committed = ((ROOT / name).read_text("utf-8") for name in ("README.md", "RESULTS.md"))
    table = readme[readme.index("## Paper and ours") :]
    ours = re.findall(r"\| (\d+\.\d ±\d+\.\d(?: †)?) \|", table)
    assert len(ours) == 7
    for number in ours:
        assert f"| {number} " in committed, number
