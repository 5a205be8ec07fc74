"""The smoke profile, from nothing to every table and figure; then the command line on its data."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest

from vmnet import runner

# All notebooks are run once, for the first test that asks: minutes, and many on a busy machine.
pytestmark = pytest.mark.timeout(2400)

FIGURES = (
    "clip_overview", "training_baselines", "training_experiment1", "figure7", "figure8", "figure9",
    "indel_sweep", "figure10", "figure11", "cut_apart", "learning_curve", "edit",
)  # fmt: skip
TABLES = (
    "clips", "segment_lengths", "baselines", "table2", "table3", "trace_forms", "table4",
    "indel_sweep", "training", "artists", "cut_apart", "controls", "conclusions_apart",
    "mixed_lengths", "learning_curve",
)  # fmt: skip

NOTEBOOKS = runner.notebooks(thesis=True)


def cells_of(path, kind):
    """Return the sources of the cells of a kind, by their ids."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {c["id"]: "".join(c["source"]) for c in cells if c["cell_type"] == kind}


def of_thesis(pattern):
    """Return what the thesis' notebooks write in any run: not what stands below an "if"."""
    return tuple(
        name
        for path in NOTEBOOKS
        if runner.of_thesis(path.stem)
        for text in cells_of(path, "code").values()
        for name in re.findall(pattern, text, flags=re.MULTILINE)
    )


FIGURES += of_thesis(r'^figures\.save\(.*"(\w+)"\)')
TABLES += of_thesis(r'^show\("(\w+)"')
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_what_is_worked_by_hand_is_what_vmnet_computes(path):
    """A toy cell asserts the numbers of its text, and that vmnet's own function gives them too."""
    toys = {name: text for name, text in cells_of(path, "code").items() if "-toy" in name}
    assert any("from vmnet" in text for text in toys.values())
    assert any("assert " in text for text in toys.values())
    names = {}
    for text in toys.values():
        exec(text, names)


@each_notebook
def test_a_toy_changes_no_parameter(path):
    code = cells_of(path, "code")
    parameters, before = {}, {}
    for name, text in code.items():
        if name.endswith("-01"):
            exec(text, parameters)
            before = dict(parameters)
        elif "-toy" in name:
            exec(text, parameters)
    assert before.keys() >= {"profile", "indel"}
    assert {name: parameters[name] for name in before if name != "__builtins__"} == {
        name: value for name, value in before.items() if name != "__builtins__"
    }


@each_notebook
def test_a_notebook_has_its_equations_its_work_by_hand_and_short_cells(path):
    texts = "\n".join(cells_of(path, "markdown").values())
    assert "$$" in texts
    assert "**By hand.**" in texts or "**By eye.**" in texts
    assert "section" in texts
    for name, text in cells_of(path, "code").items():
        lines = text.splitlines()
        assert len(lines) <= 24, name
        assert max(map(len, lines)) <= 110, name


def test_the_parameters_that_all_share_are_written_alike():
    shared = []
    for path in NOTEBOOKS:
        (cell,) = (text for name, text in cells_of(path, "code").items() if name.endswith("-01"))
        shared.append(cell.splitlines()[:10])
    assert all(lines == shared[0] for lines in shared)


def run(module, *words, home):
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env=os.environ | {"VMNET_DATA": str(home / "data"), "VMNET_FIGURES": str(home / "figures")},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("smoke")
    finished = run("vmnet.runner", "--profile", "smoke", "--thesis", home=home)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert str(home / "figures" / "smoke") in finished.stdout
    return home


def test_every_figure_is_there_as_png_and_pdf(home):
    for name in FIGURES:
        assert (home / f"figures/smoke/{name}.png").read_bytes().startswith(b"\x89PNG"), name
        assert (home / f"figures/smoke/{name}.pdf").read_bytes().startswith(b"%PDF"), name


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_there_and_says_that_its_data_are_rendered(home, name):
    folder = home / "figures/smoke"
    with (folder / f"{name}.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) > 1
    assert all(len(row) == len(rows[0]) for row in rows)
    text = (folder / f"{name}.md").read_text()
    assert "rendered" in text
    assert "missing" not in text


def test_executed_notebooks_hold_their_tables_and_figures_and_no_error(home):
    for path in NOTEBOOKS:
        executed = json.loads((home / "figures/smoke/notebooks" / path.name).read_text())
        outputs = [out for cell in executed["cells"] for out in cell.get("outputs", [])]
        kinds = {kind for out in outputs for kind in out.get("data", {})}
        assert "image/png" in kinds, path.name
        assert all(out["output_type"] != "error" for out in outputs)
    assert not list((home / "figures").rglob("*.failed.ipynb"))


def test_the_page_of_results_says_that_its_data_are_rendered(home):
    page = (home / "RESULTS-smoke.md").read_text()
    assert "rendered" in page
    assert "simulated" not in page
    assert "`./run_all.sh --profile smoke`" in page


def test_the_thesis_has_a_page_of_its_own_where_it_was_run(home):
    if not any(runner.of_thesis(path.stem) for path in NOTEBOOKS):
        return
    page = (home / "RESULTS-thesis-smoke.md").read_text()
    assert "`./run_all.sh --profile smoke --only " in page
    assert "**rendered**" in page
    run = json.loads((home / "figures/smoke/run.json").read_text())
    assert run["command"] == "./run_all.sh --thesis --profile smoke"


def test_a_second_run_computes_nothing_again(home):
    results = {path: path.stat().st_mtime_ns for path in (home / "data").rglob("*.*")}
    finished = run("vmnet.runner", "--profile", "smoke", "--only", "03", home=home)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert {path: path.stat().st_mtime_ns for path in (home / "data").rglob("*.*")} == results


def test_a_changed_indel_cost_is_computed_anew_and_named(home):
    import papermill

    from vmnet import experiment  # noqa: F401  (fails here, and not in the kernel, if it is broken)

    output = home / "changed.ipynb"
    os.environ.update(VMNET_DATA=str(home / "data"), VMNET_FIGURES=str(home / "changed"))
    try:
        papermill.execute_notebook(
            str(runner.notebooks("03")[0]), str(output), {"profile": "smoke", "indel": {"nw": 0.4}},
            cwd=str(runner.NOTEBOOKS), progress_bar=False, kernel_name="python3",
        )  # fmt: skip
    finally:
        del os.environ["VMNET_DATA"], os.environ["VMNET_FIGURES"]
    assert "settings indel_nw=0.4." in (home / "changed/smoke/indel_nw=0.4/table3.md").read_text()
    assert "settings indel" not in (home / "figures/smoke/table3.md").read_text()


def test_recommend_ranks_the_catalog_of_the_notebook_for_a_film(home):
    (query,) = (home / "data").rglob("media/clip_011.mp4")
    (catalog,) = (home / "data").glob("rendered-smoke-seed0/index")
    words = ["recommend", str(query), "--catalog", str(catalog), "--top", "4", "--json"]
    finished = run("vmnet.cli", *words, home=home)
    assert finished.returncode == 0, finished.stderr[-3000:]
    found = json.loads(finished.stdout)
    assert "chance" in found["notes"][0]
    distances = [track["distance"] for track in found["tracks"]]
    assert (len(distances), distances) == (4, sorted(distances))
    for track in found["tracks"]:
        assert track["plays"][0]["video_start"] == 0
        assert track["plays"][-1]["video_end"] == found["duration"]


def test_the_notebook_delivers_a_page_and_an_edit(home):
    (folder,) = (home / "data").glob("rendered-smoke-seed0")
    assert "vmnet recommend" in (folder / "page/index.html").read_text()
    assert {path.name for path in (folder / "edit").iterdir()} >= {
        "cuts.csv", "cuts.json", "timeline.otio", "timeline.fcpxml", "timeline.edl", "music.wav",
    }  # fmt: skip


def test_features_can_be_shared_without_their_films(home):
    shared = home / "shared"
    finished = run("vmnet.cli", "export", str(shared), "--profile", "smoke", home=home)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert len(list(shared.glob("*.npz"))) == 12
    words = ["--profile", "smoke", "--corpus", str(shared)]
    listed = run("vmnet.cli", "scan", *words, home=home)
    assert "(features): 12 of 12 clips can be used: 6 train, 2 valid, 4 test" in listed.stdout
    ranked = run("vmnet.cli", "evaluate", *words, "--distances", "trace", home=home)
    assert ranked.returncode == 0, ranked.stderr[-3000:]
    assert "mean rank among 4 test clips, features" in ranked.stdout
    assert [line.split()[0] for line in ranked.stdout.splitlines()[-4:]] == [
        "foote", "olda", "sf", "transnet",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "--distances", "dtw"], "best_trace"),
        (["evaluate", "--scenarios", "cropped"], "crop_query"),
        (["evaluate", "--segmenters", "scluster"], "foote"),
        (["scan", "--corpus", "no/such/folder"], "no/such/folder is not a folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_1(home, words, message):
    finished = run("vmnet.cli", *words, "--profile", "smoke", home=home)
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
