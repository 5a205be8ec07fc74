"""Every benchmark says what it measures when it is asked for help, and then measures nothing."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_help_is_help_and_nothing_else(path, tmp_path):
    environment = os.environ | {"COLUMNS": "200", "TMPDIR": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, path, "--help"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(f"usage: {path.name}")
    assert "--help" in finished.stdout
    about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0]
    assert about.endswith("."), "the first line of the docstring is a sentence"
    assert about in finished.stdout
    assert not list(tmp_path.iterdir())
