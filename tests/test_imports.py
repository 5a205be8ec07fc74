"""Importing vmnet does no work: nothing is compiled, deleted or written."""

import subprocess
import sys

IMPORT_ALL = """
import importlib, os, pkgutil, sys
import vmnet.compiled
from pathlib import Path

librosa = Path(sys.argv[1])
vmnet.compiled._librosa_folder = lambda: librosa  # where no stamp says that all is compiled
touched = []

def watch(event, arguments):
    path = str(arguments[0]) if arguments else ""
    if event == "subprocess.Popen" and sys.executable in str(arguments):
        touched.append((event, arguments))
    if event in ("os.remove", "open", "os.mkdir") and "librosa" in path:
        changes = event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR)
        touched.extend([(event, path)] if changes else [])

sys.addaudithook(watch)
for module in pkgutil.walk_packages(vmnet.__path__, "vmnet."):
    importlib.import_module(module.name)
assert not touched, touched
for name in ("msaf", "librosa.util.utils"):  # whose import compiles where no cache is
    assert name not in sys.modules, name
"""


def test_importing_every_module_does_no_work(tmp_path):
    librosa = tmp_path / "librosa"
    librosa.mkdir()
    (librosa / "kernel.nbi").touch()
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(librosa)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in librosa.iterdir()] == ["kernel.nbi"]
    assert [path.name for path in tmp_path.iterdir()] == ["librosa"]
