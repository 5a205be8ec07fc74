"""run_all.sh and its runner: options, refusals, exit codes."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vmnet import runner
from vmnet.config import ROOT
from vmnet.errors import VmnetError, exit_status

PARAMETERS = {
    *("profile", "corpus", "seeds", "jobs", "segmenters", "music", "video", "training", "indel"),
    "audio_track",
}


def run_all(*words):
    return subprocess.run([ROOT / "run_all.sh", *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--profil", "smoke"], "unrecognized arguments: --profil"),
        (["--profile", "huge"], "invalid choice: 'huge'"),
        (["--jobs", "0"], "at least 1"),
        (["--seed", "-1"], "argument --seed"),
        (["folder"], "unrecognized arguments: folder"),
        (["--only", "77"], "no notebook starts with '77'"),
        (["--corpus", "no/such/folder"], "is not a folder"),
        (["--seed", "one"], "argument --seed"),
        (["--set", "learning_rate"], "--set learning_rate: write a name and a value"),
        (["--indel", "nw=-1"], "--indel nw=-1: write a distance and a cost"),
        (["--indel", "nw=no"], "--indel nw=no: write a distance and a cost"),
        (["--catalog", ROOT], "--catalog is for notebook 08 alone: add --only 08"),
        (["--thesis", "--catalog", ROOT], "--catalog is for notebook 08 alone: add --only 08"),
        (["--architectures"], "--architectures is for notebook 08: add --thesis or --only 08"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_installed(words, message):
    finished = run_all(*words)
    assert finished.returncode in (1, 2)
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("figures", "page"),
    [
        ("figures/demo", "RESULTS.md"),
        ("figures/smoke", "RESULTS-smoke.md"),
        ("figures/smoke/indel_nw=0.5", "figures/smoke/indel_nw=0.5/RESULTS-indel_nw=0.5.md"),
        ("elsewhere/demo", "elsewhere/demo/RESULTS.md"),
    ],
)
def test_the_page_of_other_settings_overwrites_no_other(figures, page):
    assert runner.page_path(Path(figures)) == Path(page)
    of_thesis = runner.page_path(Path(figures), "-thesis")
    assert of_thesis == Path(page.replace("RESULTS", "RESULTS-thesis"))


@pytest.fixture
def folder_of_notebooks(tmp_path, monkeypatch):
    for name in ("00_corpus", "01_baselines", "08_music_similarity", "10_language_of_clips"):
        (tmp_path / f"{name}.ipynb").touch()
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, ["00", "01"]),
        ({"thesis": True}, ["00", "01", "08", "10"]),
        ({"only": "08"}, ["08"]),
        ({"only": "8", "thesis": True}, ["08"]),
        ({"only": "1"}, ["01"]),
        ({"only": "10"}, ["10"]),
    ],
)
def test_the_notebooks_of_the_thesis_come_when_asked_for(folder_of_notebooks, asked, numbers):
    assert [path.name[:2] for path in runner.notebooks(**asked)] == numbers


def test_the_options_of_notebook_08_are_for_it_alone(folder_of_notebooks, tmp_path):
    def check(*words):
        runner.check_of_similarity(runner.build_parser().parse_args(words))

    check("--only", "8", "--catalog", str(tmp_path), "--architectures")
    check("--thesis", "--architectures")
    for words in (["--only", "1", "--architectures"], ["--only", "0", "--catalog", "x"]):
        with pytest.raises(VmnetError, match="is for notebook 08"):
            check(*words)


def test_a_catalog_of_ones_own_is_a_folder_and_its_results_lie_apart(tmp_path, monkeypatch):
    assert runner.of_catalog(tmp_path, "") == tmp_path
    mine, other = (
        runner.of_catalog(tmp_path, str(tmp_path / place / "music")) for place in ("a", "b")
    )
    assert mine.parent == other.parent == tmp_path
    assert mine != other
    assert mine.name.startswith("catalog=music-")
    monkeypatch.setenv("VMNET_CALLED_FROM", str(tmp_path))
    with pytest.raises(VmnetError, match="nowhere is not a folder; --catalog takes a folder"):
        runner._absolute_folder("--catalog", "nowhere")


def test_a_relative_folder_is_the_callers(tmp_path, monkeypatch):
    (tmp_path / "films").mkdir()
    monkeypatch.delenv("VMNET_CALLED_FROM", raising=False)  # run_all.sh --tests sets it
    monkeypatch.chdir(tmp_path)
    assert runner._absolute("films") == str(tmp_path / "films")
    monkeypatch.chdir("/")
    monkeypatch.setenv("VMNET_CALLED_FROM", str(tmp_path))
    assert runner._absolute("films") == str(tmp_path / "films")
    assert runner._absolute("simulated") == "simulated"


def test_help_lists_every_option_and_exit_code():
    finished = run_all("--help")
    assert finished.returncode == 0
    for word in ("--profile", "--corpus", "--only", "--jobs", "--scheduler", "--seed",
                 "--setup-only", "--tests", "130"):  # fmt: skip
        assert word in finished.stdout


def test_importing_vmnet_and_asking_for_help_load_nothing_heavy():
    script = (
        "import sys, vmnet.cli, vmnet.runner\n"
        "vmnet.cli.build_parser(); vmnet.runner.build_parser()\n"
        "print([m for m in ('numpy', 'tensorflow', 'torch', 'pandas', 'av') if m in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert finished.stdout.strip() == "[]", finished.stderr


@pytest.mark.parametrize("path", runner.notebooks(thesis=True), ids=lambda path: path.stem)
def test_notebooks_are_thin_without_outputs_and_take_the_shared_parameters(path):
    import papermill

    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    real = [cell for cell in code if "-toy" not in cell["id"]]
    assert not any("def " in "".join(cell["source"]) for cell in real)
    parameters = papermill.inspect_notebook(str(path))
    assert set(parameters) >= PARAMETERS
    assert parameters["profile"]["default"] == '""'  # what is right for the corpus


def test_an_unknown_parameter_is_refused(tmp_path):
    with pytest.raises(VmnetError, match=r"has no parameter indel_wn; it knows .*indel"):
        runner.execute(runner.notebooks("03")[0], tmp_path / "out.ipynb", {"indel_wn": 0.1})
    assert not list(tmp_path.iterdir())


def test_a_failing_cell_is_one_sentence_and_its_copy_is_kept(tmp_path):
    with pytest.raises(VmnetError, match="there is no profile 'none'"):
        runner.execute(runner.notebooks("01")[0], tmp_path / "out.ipynb", {"profile": "none"})
    assert [file.name for file in tmp_path.iterdir()] == ["out.failed.ipynb"]


def test_exit_status_of_each_ending(capsys):
    def end_with(error):
        def command():
            raise error

        return exit_status(command)

    assert exit_status(lambda: None) == 0
    assert end_with(VmnetError("clip.mp4 is empty; copy it again.")) == 1
    assert capsys.readouterr().err == "vmnet: clip.mp4 is empty; copy it again.\n"
    assert end_with(KeyboardInterrupt()) == 130
    assert end_with(OSError(28, "No space left on device")) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert end_with(OSError(30, "Read-only file system", "/data/films")) == 1
    said = capsys.readouterr().err
    assert said.startswith("vmnet: /data/films cannot be written or read (read-only file system)")
    assert "VMNET_DATA" in said
    assert end_with(PermissionError(13, "Permission denied", "/data/films")) == 1
    assert "(no permission)" in capsys.readouterr().err
    assert end_with(MemoryError()) == 1
    assert "--jobs 1" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        end_with(FileNotFoundError("a bug, not the user's"))


def test_the_pins_cover_what_is_needed():
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["dev"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {re.split("==", line)[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert {name.lower().replace("_", "-") for name in needed} <= pinned
    assert all("==" in line for line in lines if line and not line.startswith("#"))


def test_conda_users_get_the_same_packages():
    text = Path(ROOT / "environment.yml").read_text()
    assert "--constraint constraints.txt" in text
    assert "--editable .[dev]" in text
    assert "python=3.11" in text


@pytest.fixture
def run_of_demo(tmp_path):
    from vmnet.config import PROFILES
    from vmnet.corpus.simulated import simulated_corpus
    from vmnet.experiment import Run

    corpus = simulated_corpus((4, 4, 4), 0)
    return Run(PROFILES["demo"], corpus, 0, 1, tmp_path, tmp_path, ("olda",), "music", "video")


@pytest.mark.parametrize(
    ("seeds", "corpus", "expected"),
    [
        ((0, 1, 2), "", "./run_all.sh"),
        ((0, 1, 2), "simulated", "./run_all.sh"),
        ((5,), "", "./run_all.sh --seed 5"),
        ((0, 1, 2), "my films", "./run_all.sh --profile demo --corpus 'my films'"),
    ],
)
def test_the_recorded_command_makes_the_run_again(run_of_demo, seeds, corpus, expected):
    run = replace(run_of_demo, settings="segmenters=sf+olda, steps=3, batch=7, indel_nw=0.5")
    command = runner.command(seeds, run, corpus)
    expected += " --segmenters sf olda --set steps=3 batch=7 --indel nw=0.5"
    assert command == expected
    assert run_all(*shlex.split(command)[1:], "--help").returncode == 0


def test_the_recorded_command_of_a_folder_names_no_default(run_of_demo):
    from vmnet.config import PROFILES

    run = replace(run_of_demo, profile=PROFILES["own"])
    assert runner.command((0,), run, "films") == "./run_all.sh --corpus films"
    assert runner.command((1,), run, "films") == "./run_all.sh --seed 1 --corpus films"


def test_a_run_that_computes_nothing_leaves_the_times_of_the_one_that_did(run_of_demo, tmp_path):
    for seconds in ({"00_corpus": 50.0, "01_baselines": 200.0}, {"01_baselines": 3.0}):
        runner.save_record(tmp_path, [run_of_demo], seconds, "")
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["notebooks"] == {"00_corpus": 50.0, "01_baselines": 200.0}
    assert record["seconds"] == 250.0


def test_one_clip_is_enough_for_the_notebook_that_trains_nothing(run_of_demo):
    corpus = replace(run_of_demo.corpus, clips=run_of_demo.corpus.clips[:1])
    runs = [replace(run_of_demo, corpus=corpus)]
    assert runner._looked_over(runs, runner.notebooks("10")) == runs
    with pytest.raises(VmnetError, match="too few usable clips, 1 train, 0 valid, 0 test"):
        runner._looked_over(runs, runner.notebooks("1"))


def test_times_of_other_clips_are_forgotten(run_of_demo, tmp_path):
    other = replace(run_of_demo.corpus, source=replace(run_of_demo.corpus.source, seed=1))
    for corpus, seconds in ((other, 50.0), (run_of_demo.corpus, 3.0)):
        runner.save_record(
            tmp_path, [replace(run_of_demo, corpus=corpus)], {"00_corpus": seconds}, ""
        )
    assert json.loads((tmp_path / "run.json").read_text())["notebooks"] == {"00_corpus": 3.0}


def test_the_command_of_a_run_says_whether_the_thesis_is_in_it(run_of_demo, tmp_path):
    def saved(seconds, own=None):
        runner.save_record(tmp_path, [run_of_demo], seconds, "", own)
        record = json.loads((tmp_path / "run.json").read_text())
        return record["command"], record["notebooks"]

    assert saved({"00_corpus": 5.0}) == ("./run_all.sh --seed 0", {"00_corpus": 5.0})
    both = ("./run_all.sh --thesis --seed 0", {"00_corpus": 5.0, "08_music_similarity": 9.0})
    assert saved({"08_music_similarity": 9.0}) == both
    assert saved({"00_corpus": 1.0}) == both
    command, _ = saved({"08_music_similarity": 9.0}, {"catalog": "/my music"})
    assert command == "./run_all.sh --only 08 --seed 0 --catalog '/my music'"
