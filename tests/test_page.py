"""RESULTS.md from a figures folder: complete, deterministic, in step with the committed files."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from vmnet.config import ROOT
from vmnet.errors import VmnetError
from vmnet.report import page, paper
from vmnet.report.results import REQUIRED
from vmnet.report.tables import TABLES
from vmnet.report.thesis import results as thesis_results

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
        columns=list(REQUIRED),
    )


def results(kind="simulated"):
    """Return the tables that notebooks 01 to 04 save."""
    seg = "seg_vmnet"
    clip_level = [(name, "clip", "centroid", "vanilla", rank) for name, rank in CLIP_LEVEL.items()]
    unordered, ordered, realistic = (
        [
            (*cell, rank)
            for cell, rank in paper.of_table(table)["mean_rank"].items()
            if cell[0] == seg
        ]
        for table in ("II", "III", "IV")
    )
    literal = [(*cell[:2], f"{cell[2]}_printed", "vanilla", 300) for cell in ordered[8:]]
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
    pd.DataFrame(training, columns=list(page.COLUMNS_OF["training.csv"])).to_csv(
        folder / "training.csv", index=False
    )
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


def test_the_same_files_give_the_same_text(folder, text):
    assert page.results_page(folder) == text
    saved = page.save(folder, folder.parent.parent / "RESULTS.md")
    assert saved.read_text(encoding="utf-8") == text
    command = [sys.executable, "-m", "vmnet.report.page", str(folder)]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert printed.decode("utf-8") == text


def test_every_cell_has_the_papers_number_ours_and_each_seed(text):
    table = table_of(text, "Table III")
    header, _, *body = table
    assert header[:4] == ["δ", "S", "paper", "ours (simulated, 1,000 clips)"]
    assert header[4:7] == ["seed 0", "seed 1", "seed 2"]
    assert len(body) == 16 + 2 + 1
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
    assert cell[9:] == ["1:13:56", "11 s"]
    assert [len(table_of(text, f"Table {name}")) - 3 for name in ("II,", "IV")] == [14, 15]
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
    assert marked == [
        ["Baseline 2", "118 ±19"], ["Baseline 2", ""], ["Trace", "OLDA"], ["", "Baseline 2"],
    ]  # fmt: skip
    assert "43 cells" in " ".join(lines_of(text, "Is the order"))


def test_other_data_were_not_fitted(tmp_path):
    text = page.results_page(write(tmp_path / "figures" / "mine", kind="YouTube-8M features"))
    assert "Nothing was fitted" in text
    assert "†" not in text
    assert "45 cells" in text
    assert "simulated" not in text
    assert "figures/mine/results_01.csv" in text


def test_a_simulation_of_other_settings_or_size_is_not_what_was_fitted(copy):
    for changed in ({"settings": "indel_nw=0.5"}, {"settings": "", "n_clips": 200}):
        change(copy, lambda table, changed=changed: table.assign(**changed))
        text = page.results_page(copy)
        introduction = " ".join(text.split("\n## ")[0].split())
        assert "**The data are simulated:**" in introduction
        assert "on another run than this one" in introduction
        assert "†" not in text
        assert "45 cells" in " ".join(lines_of(text, "Is the order"))


NOT_COMPUTED = "What was not computed"


def verdicts_of(text):
    """Return the heading under which each conclusion stands."""
    _, *parts = "\n".join(lines_of(text, "Which of")).split("\n### ")
    return {
        claim: part.partition(" (")[0]
        for part in parts
        for claim in re.findall(r"^- \*[^*]*\*\s+\(`(\w+)`", part, flags=re.MULTILINE)
    }


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
    assert rows["Baseline 1"] == ["Baseline 1", "193 ±25", "missing", "", "", "", "", ""]
    assert [row[3] for row in table_of(text, "Table II,")].count("missing") == 9 + 1
    assert "missing" not in {row[3] for row in table_of(text, "Table IV")}
    assert "Segments: the paper's OLDA, ours Foote." in " ".join(lines_of(text, "Table IV"))
    verdicts = verdicts_of(text)
    assert verdicts["trace_best_vanilla"] == verdicts["best_trace_best_crop"] == NOT_COMPUTED


def test_a_run_of_very_little_is_not_correlated(copy):
    distances = ("centroid", "single", "complete", "nw", "sw", "trace", "best_trace")
    other = {name: f"{name}_of_ours" for name in distances}
    change(copy, lambda table: table.replace({"distance": other}))
    assert "Too few cells were computed to say." in page.results_page(copy)


def test_few_clips_are_no_evidence(copy):
    change(copy, lambda table: table.assign(n_clips=49))
    text = page.results_page(copy)
    assert "The paper's conclusions are not judged here" in text
    assert "of 49 test clips" in " ".join(text.split())
    for absent in ("Spearman", "hold", "nan"):
        assert absent not in text.split("\n## ")[0].split("The paper's conclusions")[1]
    assert "\n\n## Clip-level" in text
    assert "## Which of" not in text
    assert "## Is the order" not in text
    assert table_of(text, "Table II,")[-1][0] == "Chance"
    change(copy, lambda table: table.assign(n_clips=50))
    assert "## Which of" in page.results_page(copy)


def test_what_the_paper_does_not_have_is_on_the_page(copy):
    def more(table):
        new = {"segmenter": {"olda": "my_cuts"}, "distance": {"nw": "my_distance"}}
        new |= {"scenario": {"crop_query": "my_scenario"}, "system": {"baseline_1": "my_system"}}
        return pd.concat([table, table.replace(new)]).drop_duplicates(list(REQUIRED))

    change(copy, more)
    text = page.results_page(copy)
    for heading, name in (
        ("Clip-level", "my_system"), ("Table II,", "my_cuts"), ("Table III", "my_distance"),
        ("Table IV", "my_scenario"),
    ):  # fmt: skip
        header, _, *body = table_of(text, heading)
        mine = [row for row in body if name in row]
        assert mine, heading
        assert all(row[header.index("paper")] == "" for row in mine)
    assert "43 cells" in " ".join(lines_of(text, "Is the order"))


def test_loss_variants_stand_below_the_baselines(text):
    names = [row[0] for row in table_of(text, "Clip-level")[2:]]
    assert names == ["Baseline 1", "Baseline 2", "Baseline 2, CBVMR's loss", "Chance"]


def test_every_conclusion_stands_once_with_its_verdict_and_its_numbers(text):
    from vmnet.report.claims import CLAIMS

    verdicts = verdicts_of(text)
    assert sorted(verdicts) == sorted(claim.id for claim in CLAIMS)
    assert verdicts["best_trace_best_crop"] == "What holds"
    assert verdicts["sw_recall_1_stretched"] == "What does not hold"
    assert verdicts["intra_modal_terms_do_not_help"] == NOT_COMPUTED
    section = " ".join(" ".join(lines_of(text, "Which of")).split())
    assert "(`best_trace_best_crop`, VI-C, caption of table IV, VII; 3 of 3 seeds) Crop" in section
    assert all(section.count(claim.statement) == 1 for claim in CLAIMS)
    counted = re.search(r"\*\*(\d+) hold and (\d+) do", section)
    found = list(verdicts.values())
    assert [int(n) for n in counted.groups()] == [
        found.count("What holds"), found.count("What does not hold"),
    ]  # fmt: skip


def test_explanations_stand_below_what_fails(copy):
    (copy / "explanations.md").write_text(
        "## sw_recall_1_stretched\n\nBecause so.\n\n## trace_fastest\nIt holds: not shown.\n"
    )
    text = page.results_page(copy)
    why = text[text.index("`sw_recall_1_stretched`") :].split("\n\n")[1]
    assert why == "  **Why:** Because so."
    assert "not shown" not in text
    (copy / "explanations.md").write_text("## trace_slowest\nNo such.\n")
    with pytest.raises(VmnetError, match="trace_slowest, which is no conclusion"):
        page.results_page(copy)


def test_training_is_summed_and_what_was_not_measured_is_said(text):
    body = table_of(text, "Training")[2:]
    assert body[0][3:] == ["3", "1,001", "900", "1:00", "2", "0.5", "estimated"]
    assert body[1][7:] == ["not measured", "not measured", "not measured"]
    assert body[2] == [
        "All together", "", "", "6", "", "", "3:06", "not measured", "not measured",
        "estimated, not measured",
    ]  # fmt: skip


def test_speed_is_shown_where_it_was_measured(copy, text):
    assert "Speed of training" not in text
    assert "speed.json" not in text
    speed = {"device": "A device", "processor": "gpu", "backend": "jax"}
    speed |= {"steps_per_second": 1234.5, "share_of_peak": 0.421, "hours_500k": 0.1125}
    speed |= {"ratio": 1.234}
    (copy / "speed.json").write_text(json.dumps([speed]))
    again = page.results_page(copy)
    assert table_of(again, "Speed")[2:] == [
        ["A device", "jax", "1.23e+03", "42%", "1.23", "6.8 min"]
    ]
    said = " ".join(lines_of(again, "Speed"))
    assert f"--json {copy}/speed.json`" in said
    assert "No CPU was measured." in said
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
    assert table_of(text, "The clips")[2] == ["train", "4000", "233.90"]
    body = table_of(text, "Indel costs")[2:]
    assert [row[0] for row in body] == ["0.01", "0.05", "Chance"]
    assert body[0][2].endswith("(the paper's cost)")
    assert body[1][1].endswith("(the paper's cost)")
    links = re.findall(r"^- \[(\w+)\]\(figures/demo/\1\.png\)", text, flags=re.MULTILINE)
    assert links == ["figure7", "figure8", "own_figure"]


def test_every_table_names_a_cell_that_makes_it(text):
    for table, source in TABLES.items():
        notebook = json.loads((ROOT / f"notebooks/{source.notebook}.ipynb").read_text())
        cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
        assert source.cell in cells, f"{source.notebook} has no cell {source.cell}"
        assert f'"{table}"' in cells[source.cell], (table, source)
    for table in ("baselines", "table2", "table3", "trace_forms", "table4", "segment_lengths"):
        source = TABLES[table]
        link = rf"\[{source.notebook}\]\(notebooks/{source.notebook}\.ipynb\)"
        command = rf"`\./run_all\.sh --only {source.notebook[:2]}`"
        numbers = rf"\[{source.file}\]\(figures/demo/{source.file}\)"
        pattern = rf"Cell `{source.cell}` of\s{link},\s{command};\snumbers:\s{numbers}"
        assert re.search(pattern, text), table


def test_links_are_those_of_the_place_of_the_page(copy):
    (copy / "figure7.png").touch()
    for path in (copy / "RESULTS-mine.md", copy.parent.parent / "RESULTS.md"):
        text = page.save(copy, path).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)]+)\)", text)
        files = [link for link in links if not link.startswith("notebooks/")]
        assert len(files) > 10
        for link in files:
            assert (path.parent / link).exists(), link


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
        ("results_02.csv", ",".join(REQUIRED) + "\n", r"results_02\.csv has no rows"),
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
    with pytest.raises(
        VmnetError,
        match=r"results_01.csv and results_03.csv, give baseline_2, clip, .*1, mean_rank different "
        r"values, and both are of the settings of the profile: .*run all notebooks again "
        r"\(`./run_all.sh`\)",
    ):
        page.results_page(copy)


def test_results_of_different_settings_are_refused_and_named(copy):
    table = pd.read_csv(copy / "results_03.csv").assign(settings="indel_nw=0.5")
    table.to_csv(copy / "results_03.csv", index=False)
    with pytest.raises(
        VmnetError,
        match=r"different settings \(results_01.csv, results_02.csv, results_04.csv of the "
        r"settings of the profile; results_03.csv of indel_nw=0.5\): run all notebooks again "
        r"\(`./run_all.sh`\)",
    ):
        page.results_page(copy)


def test_the_thesis_has_a_page_of_its_own(copy):
    before = page.results_page(copy)
    path = copy / "run.json"
    run = json.loads(path.read_text())
    run["notebooks"] |= {"08_music_similarity": 700.0}
    run |= {"seconds": 791.5, "command": "./run_all.sh --thesis"}
    path.write_text(json.dumps(run))
    (copy / "results_08.csv").write_text("not read")
    assert page.results_page(copy) == before


def test_the_page_names_the_settings_it_was_made_with(copy, text):
    assert "settings" not in text.split("\n## ")[0]
    change(copy, lambda table: table.assign(settings="indel_nw=0.5"))
    introduction = " ".join(page.results_page(copy).split("\n## ")[0].split())
    assert "profile `demo` with the settings indel_nw=0.5, seeds 0, 1, 2" in introduction


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


@pytest.mark.parametrize("name", TABLES)
def test_the_committed_tables_are_those_of_the_committed_files(name, tmp_path):
    from vmnet.report import show

    demo = ROOT / "figures" / "demo"
    if name == "artists":  # simulated clips have none
        assert not (demo / TABLES[name].file).exists()
        return
    if TABLES[name].of_thesis and not (demo / TABLES[name].file).exists():
        return  # not run yet, or given by an option
    tidy = TABLES[name].file in thesis_results.FILES.values()
    read = thesis_results.read if tidy else pd.read_csv
    show(name, read(demo / TABLES[name].file), tmp_path)
    if TABLES[name].file != f"{name}.csv":
        for path in (f"{name}.csv", f"{name}.md"):
            assert (tmp_path / path).read_text("utf-8") == (demo / path).read_text("utf-8"), path


def test_the_readme_has_the_table_of_the_committed_files():
    readme = (ROOT / "README.md").read_text("utf-8").partition(page.IN_README)[2]
    assert f"\n\n{page.readme_table(ROOT / 'figures' / 'demo')}\n" in readme, (
        "README.md and figures/ differ: python -m vmnet.report.page figures/demo --readme README.md"
    )
