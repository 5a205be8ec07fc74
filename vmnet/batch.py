"""One function over many clips: in parallel, with a progress bar, one bad clip never ends the rest.

The result of each clip is a file written whole, so that a batch killed anywhere goes on where it
was.
"""

import errno
import multiprocessing
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from vmnet import store
from vmnet.errors import InputWarning, MediaError, VmnetError


@dataclass(frozen=True)
class Job:
    """One clip's share of a batch: `work()` makes a file from `source`, whole.

    `work` must be importable by name (a module's function, or a partial of one).
    """

    clip_id: str
    source: Path
    work: Callable[[], None]


def array_job(
    clip_id: str, source: Path, output: Path, compute: Callable[[Path], Mapping[str, np.ndarray]]
) -> Job:
    """Return the job of keeping the named arrays of `compute(source)` in `output` (.npz).

    Beside it is kept what else came of it: see `failure` and `noticed`.
    """
    return Job(clip_id, source, partial(_keep, source, output, compute))


def failure(output: Path) -> str:
    """Return why the job of `output` failed for good: the file itself is at fault; else ""."""
    note = _failure_note(output)
    return note.read_text(encoding="utf-8") if note.exists() else ""


def noticed(output: Path) -> tuple[str, ...]:
    """Return the warnings that the job of `output` gave, a line each."""
    note = _warnings_note(output)
    return tuple(note.read_text(encoding="utf-8").splitlines()) if note.exists() else ()


def run_jobs(
    jobs: list[Job], processes: int, label: str, progress: bool = True, unit: str = "clip"
) -> dict[str, str]:
    """Do all jobs and return the reason of each that failed, by clip_id.

    Parameters
    ----------
    processes
        How many clips are worked on at once; with 1, in this process.
    label
        What the progress bar is called.
    progress
        Whether to show one.
    unit
        What it counts.

    Raises
    ------
    OSError
        If the disk is full: nothing more can be kept.
    """
    reasons: dict[str, str] = {}
    if not jobs:
        return reasons
    with tqdm(total=len(jobs), desc=label, unit=unit, disable=not progress) as bar:
        if processes == 1:
            for job in jobs:
                reasons[job.clip_id] = _attempt(job)
                bar.update()
        else:
            _share_out_surviving_crashes(jobs, processes, reasons, bar)
    return {clip_id: reason for clip_id, reason in reasons.items() if reason}


def _share_out_surviving_crashes(
    jobs: list[Job], processes: int, reasons: dict[str, str], bar: tqdm
) -> None:
    """Share out the jobs; when a worker dies, do what is left one by one to learn on which clip."""
    try:
        _share_out(jobs, processes, reasons, bar)
    except BrokenProcessPool:
        for job in [job for job in jobs if job.clip_id not in reasons]:
            try:
                _share_out([job], 1, reasons, bar)
            except BrokenProcessPool:
                reasons[job.clip_id] = (
                    f"{job.source}: the process that worked on it died (a decoder's crash, or want "
                    "of memory); leave the file out, or convert it."
                )
                bar.update()


def _share_out(jobs: list[Job], processes: int, reasons: dict[str, str], bar: tqdm) -> None:
    """Do jobs in worker processes, and note in `reasons` how each ended."""
    pool = ProcessPoolExecutor(
        min(processes, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),  # TensorFlow and torch do not survive fork
        initializer=_start_worker,
        initargs=(max(1, (os.cpu_count() or 1) // processes),),
    )
    try:
        futures: dict[Future[str], Job] = {pool.submit(_attempt, job): job for job in jobs}
        for future in as_completed(futures):
            reasons[futures[future].clip_id] = future.result()
            bar.update()
    except BrokenProcessPool:
        raise
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _attempt(job: Job) -> str:
    """Do one job; return why it failed, or an empty text."""
    try:
        job.work()
    except MemoryError:
        raise
    except Exception as error:  # a decoder or a segmenter that chokes on one clip is that clip's
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _reason(job.source, error)
    return ""


def _keep(source: Path, output: Path, compute: Callable[[Path], Mapping[str, np.ndarray]]) -> None:
    """Keep what `compute` returns, the warnings that it gives, or why the file cannot be used."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InputWarning)
        try:
            arrays = compute(source)
        except Exception as error:
            if isinstance(error, MediaError) or not isinstance(error, VmnetError | OSError):
                reason = _reason(source, error)
                if not isinstance(error, MemoryError):  # want of memory may pass
                    store.save_text(_failure_note(output), reason)
            raise
    lines = [str(w.message) for w in caught if issubclass(w.category, InputWarning)]
    if lines:
        text = "".join(f"{' '.join(line.split())}\n" for line in dict.fromkeys(lines))
        store.save_text(_warnings_note(output), text)
    store.save_arrays(output, **arrays)
    _failure_note(output).unlink(missing_ok=True)


def _reason(source: Path, error: Exception) -> str:
    if isinstance(error, VmnetError):
        return str(error)
    return f"{source}: {type(error).__name__}: {error}"


def _failure_note(output: Path) -> Path:
    return output.with_suffix(".failed.txt")


def _warnings_note(output: Path) -> Path:
    return output.with_suffix(".warnings.txt")


def _start_worker(threads: int) -> None:
    """Share the processors among the workers, and end with the parent even when it is killed."""
    import signal

    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # NumPy came with this module, and its matrix products read the variables when they are loaded.
    threadpool_limits(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
