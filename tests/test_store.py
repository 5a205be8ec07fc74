"""Files are written whole; keys follow what made a result."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from vmnet import store


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "notes.txt"
    store.save_text(path, "old")

    def fail():
        with store.written_whole(path) as temporary:
            temporary.write_text("half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_killed_write_leaves_the_old_file_and_sweep_removes_the_rest(tmp_path):
    path = tmp_path / "notes.txt"
    store.save_text(path, "old")
    script = (
        "import sys, time; from pathlib import Path; from vmnet import store\n"
        "with store.written_whole(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); print('writing', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    store.remove_partial(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2, "the file of a running process was swept"
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.1)
    assert path.read_text() == "old"
    store.remove_partial(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_the_files_of_other_machines_are_swept_when_they_are_old(tmp_path):
    process = 2**22 + 1  # none here has that number
    names = {name: f".partial-{process}-{name}-x.npz" for name in ("young", "old")}
    for name in names.values():
        (tmp_path / name).touch()
    long_ago = time.time() - store.DAY - 1
    os.utime(tmp_path / names["old"], (long_ago, long_ago))
    store.remove_partial(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [names["young"]]


def test_arrays_come_back_and_pickles_are_refused(tmp_path):
    store.save_arrays(tmp_path / "a.npz", x=np.arange(3), name=np.array("foote"))
    arrays = store.load_arrays(tmp_path / "a.npz")
    np.testing.assert_array_equal(arrays["x"], [0, 1, 2])
    assert str(arrays["name"]) == "foote"
    with pytest.raises(ValueError, match="pickle"):
        store.save_array(tmp_path / "b.npy", np.array([{}], dtype=object))
    assert not (tmp_path / "b.npy").exists()
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="pickle"):
        store.load_array(tmp_path / "c.npy")


def test_key_follows_the_parameters_and_not_their_order():
    assert store.key(indel=0.05, method="nw") == store.key(method="nw", indel=0.05)
    assert store.key(indel=0.05) != store.key(indel=0.06)


def test_fingerprint_changes_with_the_file(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"one")
    first = store.fingerprint(path)
    assert store.fingerprint(path) == first
    os.utime(path, ns=(1, 1))
    assert store.fingerprint(path) != first


def test_written_files_are_readable_by_others(tmp_path):
    store.save_text(tmp_path / "a.txt", "a")
    plain = tmp_path / "b.txt"
    plain.write_text("b")
    assert (tmp_path / "a.txt").stat().st_mode == plain.stat().st_mode
