"""librosa's kernels are compiled by one process alone, and once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vmnet import compiled
from vmnet.errors import VmnetError


def test_many_at_once_compile_once_and_all_wait(tmp_path, monkeypatch):
    finished = []

    def slow():
        time.sleep(0.2)
        finished.append(True)

    monkeypatch.setattr(compiled, "_librosa_folder", lambda: tmp_path)
    monkeypatch.setattr(compiled, "call_all", slow)
    (tmp_path / "damaged.nbi").touch()

    def call(_):
        compiled.compile_once()
        return len(finished)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(call, range(4))) == [1, 1, 1, 1]
    compiled.ensure_compiled()
    assert finished == [True]
    assert not list(tmp_path.glob("*.nbi"))


def test_a_failure_is_one_sentence_and_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_librosa_folder", lambda: tmp_path)
    monkeypatch.setattr(compiled.sys, "executable", "false")
    for _ in range(2):
        with pytest.raises(VmnetError, match="cannot be compiled"):
            compiled.ensure_compiled()


def test_the_process_that_compiles_does_not_wait_for_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_librosa_folder", lambda: tmp_path)
    monkeypatch.setenv(compiled.COMPILING, "1")
    compiled.ensure_compiled()
    assert not list(tmp_path.iterdir())
