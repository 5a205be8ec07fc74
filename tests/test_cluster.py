"""A batch on a Dask cluster: as on this machine, whatever happens to a worker."""

import collections
import contextlib
import importlib
import os
import signal
import sys
import threading
import time

import dask
import numpy as np
import pytest
from distributed import LocalCluster
from threadpoolctl import threadpool_limits

from vmnet import cli, cluster, store
from vmnet.batch import array_job, failure, n_at_once, run_jobs
from vmnet.errors import VmnetError

# Written to a file of its own, because a worker must be able to import what it is sent.
WORK = """
import errno, os, signal, time
import numpy as np
from vmnet.errors import MediaError

def number(path):
    with open(path.parent / "starts.txt", "a") as file:
        file.write(f"{path.stem} {os.getpid()}\\n")
    time.sleep(0.2)
    return {"value": np.array([int(path.stem)])}

def fail_on_some(path):
    if path.stem == "2":
        raise MediaError(f"{path} has no sound; use another file.")
    if path.stem == "3":
        raise ZeroDivisionError("a decoder's own bug")
    return number(path)

def fill_the_disk(path):
    raise OSError(errno.ENOSPC, "No space left on device")

def crash_on_two(path):
    number(path)
    if path.stem == "2":
        os.kill(os.getpid(), signal.SIGSEGV)
    return number(path)
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    (folder / "cluster_work.py").write_text(WORK)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("cluster_work")
    sys.path.remove(str(folder))


def local_cluster(n_workers=2, threads=1, **options):
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=threads,
        dashboard_address=":0",
        silence_logs="CRITICAL",
        **options,
    )


@pytest.fixture(scope="module")
def address(work):
    """The address of a scheduler with two workers, each a process of its own."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        local_cluster(processes=True) as workers,
    ):
        yield workers.scheduler_address


def jobs_for(folder, compute, n=5):
    return [
        array_job(f"c{i}", folder / f"{i}.mp4", folder / "out" / f"{i}.npz", compute)
        for i in range(n)
    ]


def starts(folder):
    """Return, for each time that a job was begun, its name and the process."""
    file = folder / "starts.txt"
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


def numbers(folder):
    return {file.stem: store.load_arrays(file)["value"] for file in folder.glob("out/*.npz")}


@contextlib.contextmanager
def after_starts(folder, n, act):
    """Call `act` in a thread once `n` jobs have begun; it gets the last of them."""

    def watch():
        while len(begun := starts(folder)) < n:
            time.sleep(0.01)
        act(*begun[-1])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join()


def test_a_cluster_does_the_jobs_and_reports_bad_clips(tmp_path, work, address, capfd):
    failures = run_jobs(jobs_for(tmp_path, work.fail_on_some), address, "test")
    assert set(failures) == {"c2", "c3"}
    assert failures["c2"].endswith("2.mp4 has no sound; use another file.")
    assert "ZeroDivisionError: a decoder's own bug" in failures["c3"]
    assert numbers(tmp_path) == {"0": [0], "1": [1], "4": [4]}
    assert len({process for _, process in starts(tmp_path)}) == 2, "one worker did all"
    assert failure(tmp_path / "out/2.npz", tmp_path / "2.mp4") == failures["c2"]
    assert not list(tmp_path.rglob(".partial-*"))
    said = capfd.readouterr()
    assert said.out == ""
    assert "test: 5 clips in" in said.err
    assert n_at_once(address) == 2


def test_when_a_worker_is_killed_nothing_is_lost_or_done_twice(tmp_path, work, address):
    n, killed = 16, []

    def kill(_, process):
        os.kill(int(process), signal.SIGKILL)
        killed.append(process)

    with after_starts(tmp_path, 5, kill):
        failures = run_jobs(jobs_for(tmp_path, work.number, n), address, "test")
    assert failures == {}
    assert numbers(tmp_path) == {str(i): [i] for i in range(n)}
    begun = starts(tmp_path)
    assert len({process for _, process in begun}) >= 2
    under_way = [name for name, process in begun if process == killed[0]][-1]
    counts = collections.Counter(name for name, _ in begun)
    assert counts.pop(under_way) <= 2
    assert set(counts.values()) == {1}


def test_what_is_there_is_not_done_again(tmp_path, work, address):
    jobs = jobs_for(tmp_path, work.number)
    store.save_arrays(tmp_path / "out/1.npz", value=np.array([1]))
    assert run_jobs(jobs, address, "test") == {}
    assert sorted(name for name, _ in starts(tmp_path)) == ["0", "2", "3", "4"]


def test_a_file_that_ends_every_worker_is_that_clips_failure(tmp_path, work, address):
    jobs = jobs_for(tmp_path, work.crash_on_two, 6)
    failures = run_jobs(jobs, address, "test")
    assert set(failures) == {"c2"}
    assert "2.mp4: the process that worked on it crashed" in failures["c2"]
    assert failure(jobs[2].output, jobs[2].source) == failures["c2"]
    assert set(numbers(tmp_path)) == {"0", "1", "3", "4", "5"}


def test_where_nothing_can_be_kept_the_batch_ends(tmp_path, work, address):
    with pytest.raises(OSError, match="No space"):
        run_jobs(jobs_for(tmp_path, work.fill_the_disk), address, "test")


def test_ctrl_c_leaves_what_has_not_begun(tmp_path, work, address):
    jobs = jobs_for(tmp_path, work.number, 40)
    main = threading.main_thread().ident

    def interrupt(*_):
        signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), after_starts(tmp_path, 4, interrupt):
        run_jobs(jobs, address, "test")
    time.sleep(1)  # what had begun ends
    begun = len(starts(tmp_path))
    assert begun < 20
    time.sleep(0.5)
    assert len(starts(tmp_path)) == begun


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://no.such.host:8786"])
def test_a_wrong_address_is_said_in_a_sentence(tmp_path, work, monkeypatch, address):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    with pytest.raises(VmnetError, match=r"no Dask scheduler answers at .* `dask scheduler`"):
        run_jobs(jobs_for(tmp_path, work.number), address, "test")


def test_a_scheduler_without_workers_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 3.0)
    with local_cluster(0) as nobody, pytest.raises(VmnetError, match="has no worker: start some"):
        n_at_once(nobody.scheduler_address)


def test_a_worker_of_several_threads_is_refused(tmp_path, work):
    with (
        local_cluster(1, threads=2, processes=False, protocol="tcp") as threads,
        pytest.raises(VmnetError, match=r"several threads: start it with .* --nthreads 1"),
    ):
        run_jobs(jobs_for(tmp_path, work.number), threads.scheduler_address, "test")
    assert starts(tmp_path) == []


def test_a_worker_with_other_versions_is_refused(tmp_path, work, address, monkeypatch):
    ours = cluster._versions()
    monkeypatch.setattr(cluster, "_versions", lambda: ours | {"Python": "3.10.1", "av": "1.0"})
    with pytest.raises(VmnetError, match=r"has Python 3\.11.*, not 3\.10\.1, av .*, not 1\.0: ins"):
        run_jobs(jobs_for(tmp_path, work.number), address, "test")


def test_a_worker_that_sees_other_files_is_refused(tmp_path, work, address, monkeypatch):
    elsewhere = contextlib.nullcontext((tmp_path / "elsewhere",))
    monkeypatch.setattr(cluster, "_landmarks", lambda jobs: elsewhere)
    with pytest.raises(VmnetError, match=r"does not see .*elsewhere: the media and VMNET_DATA"):
        run_jobs(jobs_for(tmp_path, work.number), address, "test")


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(VmnetError, match=r"pip install 'vmnet\[cluster\]'"):
        n_at_once("tcp://127.0.0.1:8786")


def test_clips_are_extracted_as_on_this_machine(tmp_path, address):
    from vmnet.corpus.media_source import MediaSource
    from vmnet.rendered import render_corpus

    clips = render_corpus(tmp_path / "media", splits=(2, 0, 0), seconds=(3.0, 4.0), progress=False)
    made = {}
    for where, workers in {"here": 1, "there": address}.items():
        source = MediaSource(tmp_path / where)
        with threadpool_limits(1):  # as in a worker: sums of several threads differ in a last bit
            assert source.compute(clips, ["handcrafted"], [], workers) == {}
        made[where] = {
            file.relative_to(source.folder): file.read_bytes()
            for file in source.folder.rglob("*.npz")
        }
    assert len(made["here"]) == 4  # of two clips, what was checked and the features
    assert made["there"] == made["here"]


def test_the_commands_take_an_address_or_a_number(capsys, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    assert cli.main(["scan", "--profile", "toy", "--scheduler", "tcp://127.0.0.1:9"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("vmnet: no Dask scheduler answers at 'tcp://127.0.0.1:9'")
    assert cli.main(["scan", "--scheduler", "tcp://127.0.0.1:9", "--jobs", "2"]) == 2
