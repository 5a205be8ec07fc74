"""A batch: parallel as serial, bad clips reported, no worker left behind by a kill."""

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from vmnet import store
from vmnet.batch import array_job, failure, run_jobs

# Written to a file of its own, because a spawned worker must be able to import what it is sent.
WORK = """
import errno, os, signal, time
import numpy as np
from vmnet.errors import MediaError

def number(path):
    return {"value": np.array([int(path.stem)])}

def fail_on_some(path):
    if path.stem == "2":
        raise MediaError(f"{path} has no sound; use another file.")
    if path.stem == "3":
        raise ZeroDivisionError("a decoder's own bug")
    return number(path)

def fill_the_disk(path):
    raise OSError(errno.ENOSPC, "No space left on device")

def write_nothing(path):
    raise OSError(errno.EROFS, "Read-only file system")

def lack_permission(path):
    raise PermissionError(errno.EACCES, "Permission denied", str(path.parent / "out"))

def may_not_read_two(path):
    if path.stem == "2":
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return number(path)

def crash_on_two(path):
    if path.stem == "2":
        os.kill(os.getpid(), signal.SIGSEGV)
    return number(path)

def be_killed_on_two(path):
    if path.stem == "2":
        os.kill(os.getpid(), signal.SIGKILL)
    return number(path)

def end_on_two(path):
    if path.stem == "2":
        os._exit(1)
    return number(path)

def lack_a_module_on_two(path):
    if path.stem == "2":
        raise ModuleNotFoundError("No module named 'x'")
    return number(path)

def want_memory_on_two(path):
    if path.stem == "2":
        raise MemoryError
    return number(path)

def never_end_on_two(path):
    while path.stem == "2":
        time.sleep(0.05)
    return number(path)

def sleep(path):
    (path.parent / f"{os.getpid()}.pid").touch()
    time.sleep(60)
    return number(path)
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    (tmp_path / "batch_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("batch_work", None)
    return importlib.import_module("batch_work")


def jobs_for(folder, compute, n=5):
    return [
        array_job(f"c{i}", folder / f"{i}.mp4", folder / "out" / f"{i}.npz", compute)
        for i in range(n)
    ]


@pytest.mark.parametrize("processes", [1, 2])
def test_bad_clips_are_reported_and_the_others_done(tmp_path, work, processes):
    failures = run_jobs(jobs_for(tmp_path, work.fail_on_some), processes, "test")
    assert set(failures) == {"c2", "c3"}
    assert failures["c2"].endswith("2.mp4 has no sound; use another file.")
    assert "ZeroDivisionError: a decoder's own bug" in failures["c3"]
    out = tmp_path / "out"
    outputs = {file.stem: store.load_arrays(file)["value"] for file in out.glob("*.npz")}
    assert outputs == {"0": [0], "1": [1], "4": [4]}
    assert failure(out / "2.npz", tmp_path / "2.mp4") == failures["c2"]  # not tried again
    assert failure(out / "0.npz", tmp_path / "0.mp4") == ""


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("fill_the_disk", "No space"),
        ("write_nothing", "Read-only"),
        ("lack_permission", "Permission denied"),
    ],
)
def test_where_nothing_can_be_kept_the_batch_ends(tmp_path, work, processes, what, said):
    with pytest.raises(OSError, match=said):
        run_jobs(jobs_for(tmp_path, getattr(work, what)), processes, "test")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_file_that_may_not_be_read_is_that_clips(tmp_path, work):
    failures = run_jobs(jobs_for(tmp_path, work.may_not_read_two), 1, "test")
    assert set(failures) == {"c2"}


@pytest.mark.parametrize(
    ("what", "said", "remembered"),
    [
        ("crash_on_two", "crashed", True),
        ("be_killed_on_two", "was killed, perhaps", False),
        ("end_on_two", "ended", False),  # as each does in a script without a guard
    ],
)
def test_a_clip_that_kills_its_worker_is_named_and_the_others_done(
    tmp_path, work, what, said, remembered
):
    jobs = jobs_for(tmp_path, getattr(work, what), 12)
    failures = run_jobs(jobs, 2, "test")
    assert set(failures) == {"c2"}
    assert f"2.mp4: the process that worked on it {said}" in failures["c2"]
    assert failure(jobs[2].output, jobs[2].source) == (failures["c2"] if remembered else "")
    done = {file.stem for file in (tmp_path / "out").glob("*.npz")}
    assert done == {str(i) for i in range(12) if i != 2}


@pytest.mark.parametrize("processes", [1, 2])
def test_want_of_memory_is_that_clips_and_may_pass(tmp_path, work, processes):
    jobs = jobs_for(tmp_path, work.want_memory_on_two)
    failures = run_jobs(jobs, processes, "test")
    assert set(failures) == {"c2"}
    assert "--jobs 1" in failures["c2"]
    assert failure(jobs[2].output, jobs[2].source) == ""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_that_takes_too_long_is_that_clips_failure(tmp_path, work, processes):
    jobs = jobs_for(tmp_path, work.never_end_on_two)
    assert jobs[2].limit == 300
    jobs[2] = replace(jobs[2], limit=3.0)
    failures = run_jobs(jobs, processes, "test")
    assert set(failures) == {"c2"}
    assert failures["c2"].endswith("2.mp4 took longer than 3 s: convert the file, or leave it out.")
    assert failure(jobs[2].output, jobs[2].source) == failures["c2"]
    done = {file.stem for file in (tmp_path / "out").glob("*.npz")}
    assert done == {"0", "1", "3", "4"}


def test_progress_is_said_on_standard_error_alone(tmp_path, work, capsys):
    run_jobs(jobs_for(tmp_path, work.fail_on_some), 1, "numbers")
    said = capsys.readouterr()
    assert said.out == ""
    line = said.err.splitlines()[-1].strip()
    assert re.fullmatch(r"numbers: 5 clips in \d+\.\d s, 2 of them failed", line)
    run_jobs(jobs_for(tmp_path, work.number, 1), 1, "numbers", progress=False)
    assert capsys.readouterr() == ("", "")
    run_jobs(jobs_for(tmp_path, work.number, 1), 1, "numbers")
    assert re.search(r"numbers: 1 clip in \d+\.\d s$", capsys.readouterr().err.strip())


def test_workers_end_with_a_killed_parent(tmp_path, work):
    script = tmp_path / "parent.py"
    script.write_text(
        "from pathlib import Path; from vmnet.batch import array_job, run_jobs; import batch_work\n"
        "if __name__ == '__main__':\n"
        f"    here = Path({str(tmp_path)!r})\n"
        "    run_jobs([array_job(str(i), here / f'{i}.mp4', here / f'{i}.npz', batch_work.sleep)\n"
        "              for i in range(2)], 2, 'test')\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    workers = [int(file.stem) for file in tmp_path.glob("*.pid")]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not any(is_running(worker) for worker in workers))
    assert not any(is_running(worker) for worker in workers)


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_what_the_machine_lacks_is_not_remembered_as_the_files_fault(tmp_path, work):
    jobs = jobs_for(tmp_path, work.lack_a_module_on_two)
    assert set(run_jobs(jobs, 1, "test")) == {"c2"}
    assert failure(jobs[2].output, jobs[2].source) == ""


def test_a_failure_is_forgotten_when_anything_about_the_file_changes(tmp_path, work):
    jobs = jobs_for(tmp_path, work.fail_on_some)
    jobs[2].source.touch()
    run_jobs(jobs, 1, "test")
    assert failure(jobs[2].output, jobs[2].source)
    jobs[2].source.chmod(0o600)
    assert failure(jobs[2].output, jobs[2].source) == ""
