"""Progress is said on standard error: what is under way, and how long it took."""

import re
import time

import nbformat
import pytest

from vmnet import progress, runner


def test_what_takes_long_is_shown_and_its_time_told(monkeypatch, capsys):
    monkeypatch.setattr(progress, "WORTH_TELLING", 0.05)
    with progress.timed("boundaries"):
        time.sleep(0.1)
    said = capsys.readouterr()
    assert said.out == ""
    assert "boundaries: 00:00" in said.err
    assert re.search(r"boundaries: 0\.\d s\n$", said.err)


def test_what_is_quick_is_not_told(capsys):
    with progress.timed("boundaries", bar=False):
        pass
    assert capsys.readouterr() == ("", "")


def test_what_fails_is_no_longer_shown(capsys):
    with pytest.raises(ZeroDivisionError), progress.timed("boundaries"):
        raise ZeroDivisionError
    assert capsys.readouterr().err.endswith("\r")


def test_notebooks_are_not_told_of_widgets_that_no_bar_needs(tmp_path):
    """librosa imports pooch, and that tqdm.auto, which warned of IProgress in every notebook."""
    cells = [
        nbformat.v4.new_code_cell('profile = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("from vmnet import experiment\nimport tqdm.auto"),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "in.ipynb")
    runner.execute(tmp_path / "in.ipynb", tmp_path / "out.ipynb", {"profile": "toy"})
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert [cell.outputs for cell in executed.cells] == [[], [], []]
