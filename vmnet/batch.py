"""One function over many clips: in parallel, with a progress bar, one bad clip never ends the rest.

The result of each clip is a file written whole, so that a batch killed anywhere goes on where it
was.
"""

import errno
import faulthandler
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from vmnet import store
from vmnet.errors import InputWarning, MediaError, VmnetError
from vmnet.progress import log, ticking

LIMIT = 300.0  # s
LIMIT_PER_MB = 60.0  # s

Workers = int | str
"""Who does jobs: so many processes of this machine, or those of the Dask scheduler at an address.

An explicit value, which goes from the command line down to `run_jobs`, and which JSON and notebooks
can hold.
"""


@dataclass(frozen=True)
class Job:
    """One clip's share of a batch: `work()` makes a file from `source`, whole.

    `work` must be importable by name (a module's function, or a partial of one). A job whose
    `output` is there is not done again: another run has done it, or a worker that died before it
    could say so. Beside `output`, if it is given, stands why `source` cannot be used (see
    `failure`). What takes longer than `limit` seconds, if that is given, is ended.
    """

    clip_id: str
    source: Path
    work: Callable[[], None]
    output: Path | None = None
    limit: float | None = None


def time_limit(source: Path) -> float:
    """Return how many seconds a job on a file may take: five minutes, and one more for each MB.

    That is a second for a second of music at 128 kbit/s, many times what any stage needs. It goes
    by the size, for the duration that a header tells may be what is damaged.
    """
    size = source.stat().st_size if source.exists() else 0
    return LIMIT + LIMIT_PER_MB * size / 1e6


def array_job(
    clip_id: str, source: Path, output: Path, compute: Callable[[Path], Mapping[str, np.ndarray]]
) -> Job:
    """Return the job of keeping the named arrays of `compute(source)` in `output` (.npz).

    Beside it is kept what else came of it: see `failure` and `noticed`.
    """
    return Job(clip_id, source, partial(_keep, source, output, compute), output, time_limit(source))


def failure(output: Path, source: Path) -> str:
    """Return why the job of `output` failed for good: the file `source` is at fault; else "".

    What was changed about the file since then, be it its permissions, makes that worth another try.
    """
    note = _failure_note(output)
    if not note.exists():
        return ""
    if source.exists() and note.stat().st_mtime_ns < source.stat().st_ctime_ns:
        return ""
    return note.read_text(encoding="utf-8")


def noticed(output: Path) -> tuple[str, ...]:
    """Return the warnings that the job of `output` gave, a line each."""
    note = _warnings_note(output)
    return tuple(note.read_text(encoding="utf-8").splitlines()) if note.exists() else ()


def n_at_once(workers: Workers) -> int:
    """Return how many clips are worked on at once.

    Raises
    ------
    VmnetError
        If `workers` is the address of no scheduler with a worker.
    """
    if isinstance(workers, int):
        return workers
    from vmnet import cluster

    return cluster.n_workers(workers)


def run_jobs(
    jobs: list[Job], workers: Workers, label: str, progress: bool = True, unit: str = "clip"
) -> dict[str, str]:
    """Do all jobs and return the reason of each that failed, by clip_id.

    Parameters
    ----------
    workers
        How many clips are worked on at once, with 1 in this process; or the address of a Dask
        scheduler, whose workers do the jobs (see `vmnet.cluster`).
    label
        What the progress bar is called, and the line that tells the time when all is done.
    progress
        Whether to show them.
    unit
        What they count.

    Raises
    ------
    OSError
        If the disk is full or cannot be written: nothing more can be kept.
    VmnetError
        If the cluster cannot do the jobs.
    """
    reasons: dict[str, str] = {}
    if not jobs:
        return reasons
    started = time.monotonic()
    bar = tqdm(total=len(jobs), desc=label, unit=unit, disable=not progress, leave=False)
    with bar, ticking(bar):
        if isinstance(workers, str):
            _share_out_over_machines(jobs, workers, reasons, bar)
        elif workers == 1:
            for job in jobs:
                reasons[job.clip_id] = _attempt_here(job)
                bar.update()
        else:
            _share_out_surviving_crashes(jobs, workers, reasons, bar)
    failures = {clip_id: reason for clip_id, reason in reasons.items() if reason}
    if progress:
        failed = f", {len(failures)} of them failed" if failures else ""
        many = "" if len(jobs) == 1 else "s"
        seconds = time.monotonic() - started
        log(f"{label}: {len(jobs)} {unit}{many} in {seconds:.1f} s{failed}")
    return failures


def _share_out_over_machines(
    jobs: list[Job], address: str, reasons: dict[str, str], bar: tqdm
) -> None:
    """Let a cluster do the jobs; one that ends its workers is tried here, to learn how it does."""
    from vmnet import cluster

    for job, reason in cluster.outcomes(_attempt_watched, jobs, address):
        reasons[job.clip_id] = _attempt_alone(job) if reason is None else reason
        bar.update()


def _share_out_surviving_crashes(
    jobs: list[Job], processes: int, reasons: dict[str, str], bar: tqdm
) -> None:
    """Share out the jobs; when a worker dies, learn on which clip, then share out the others.

    Jobs are begun in their order, so it was one of the first that are unfinished.
    """
    left = jobs
    while left:
        try:
            _share_out(left, processes, reasons, bar)
        except BrokenProcessPool:
            unfinished = [job for job in left if job.clip_id not in reasons]
            for job in unfinished[: 2 * processes]:
                reasons[job.clip_id] = _attempt_alone(job)
                bar.update()
        left = [job for job in left if job.clip_id not in reasons]


def _attempt_alone(job: Job) -> str:
    """Do one job in a process of its own; return why it failed, or why the process died."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_attempt, args=(job, sender, os.cpu_count() or 1))
    process.start()
    sender.close()
    try:
        if receiver.poll(job.limit):
            outcome = receiver.recv()
        else:
            outcome = _remembered(job, _late(job))
            process.kill()
    except EOFError:
        outcome = None
    except BaseException:
        process.terminate()
        raise
    process.join()
    if isinstance(outcome, OSError):
        raise outcome
    return _why_it_died(job, process.exitcode or 0) if outcome is None else outcome


def _why_it_died(job: Job, status: int) -> str:
    """Say how the process of a job ended.

    One that is killed may have been so for want of memory, which may pass; one that crashes does so
    on this file, which is remembered.
    """
    how, remedy = "crashed", "convert the file, or leave it out"
    if status in (-signal.SIGKILL, -signal.SIGTERM):
        how, remedy = "was killed, perhaps for want of memory", "free memory or give --jobs 1"
    elif status > 0:  # it did not get as far as the file
        how = "ended"
        remedy = 'a script needs `if __name__ == "__main__":`, and a function a module of its own'
    reason = f"{job.source}: the process that worked on it {how} (exit status {status}); {remedy}."
    return _remembered(job, reason) if how == "crashed" else reason


def _late(job: Job) -> str:
    return f"{job.source} took longer than {job.limit:.0f} s: convert the file, or leave it out."


def _remembered(job: Job, reason: str) -> str:
    if job.output:
        store.save_text(_failure_note(job.output), reason)
    return reason


def _send_attempt(job: Job, sender: Connection, threads: int) -> None:
    _start_worker(threads)
    try:
        sender.send(_attempt(job))
    except OSError as error:  # a full disk
        sender.send(error)


def _share_out(jobs: list[Job], processes: int, reasons: dict[str, str], bar: tqdm) -> None:
    """Do jobs in worker processes, and note in `reasons` how each ended."""
    pool = ProcessPoolExecutor(
        min(processes, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),  # TensorFlow and torch do not survive fork
        initializer=_start_worker,
        initargs=(max(1, (os.cpu_count() or 1) // min(processes, len(jobs))),),
    )
    try:
        futures: dict[Future[str], Job] = {pool.submit(_attempt_watched, job): job for job in jobs}
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


def _attempt_here(job: Job) -> str:
    """Do one job in this process, which an alarm calls back from what takes too long.

    There are alarms on POSIX, and in the main thread alone.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if job.limit is None or not in_main or not hasattr(signal, "setitimer"):
        return _attempt(job)

    def ring(*_: object) -> None:
        raise MediaError(_late(job))

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, job.limit)
    try:
        return _attempt(job)
    except MediaError as error:  # it rang just after the job
        return str(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def _attempt_watched(job: Job) -> str:
    """Do one job in a worker, which ends itself if that takes too long, whatever it is caught in.

    The clip is then tried alone, and told from those beside it.
    """
    if job.limit is None:
        return _attempt(job)
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(job.limit, exit=True, file=nowhere)
        try:
            return _attempt(job)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _attempt(job: Job) -> str:
    """Do one job, unless it is done; return why it failed, or an empty text."""
    if job.output is not None and job.output.exists():
        return ""
    try:
        job.work()
    except Exception as error:  # a decoder or a segmenter that chokes on one clip is that clip's
        if isinstance(error, OSError) and _nothing_can_be_kept(job, error):
            raise
        return reason_of(job.source, error)
    return ""


def _nothing_can_be_kept(job: Job, error: OSError) -> bool:
    """Tell whether it is no fault of the clip: no room, or a folder that cannot be written."""
    if isinstance(error, PermissionError):
        return error.filename is not None and Path(error.filename) != job.source
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _keep(source: Path, output: Path, compute: Callable[[Path], Mapping[str, np.ndarray]]) -> None:
    """Keep what `compute` returns, the warnings that it gives, or why the file cannot be used."""
    with noticing() as lines:
        try:
            arrays = compute(source)
        except Exception as error:
            if _is_of_the_file(error):
                store.save_text(_failure_note(output), reason_of(source, error))
            raise
    if lines:
        store.save_text(_warnings_note(output), "".join(f"{line}\n" for line in lines))
    store.save_arrays(output, **arrays)
    _failure_note(output).unlink(missing_ok=True)


@contextmanager
def noticing() -> Iterator[list[str]]:
    """Yield a list that holds, after the block, the text of each `InputWarning` in it, once."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InputWarning)
        yield lines
    texts = [str(w.message) for w in caught if issubclass(w.category, InputWarning)]
    lines += dict.fromkeys(" ".join(text.split()) for text in texts)


def _is_of_the_file(error: Exception) -> bool:
    """Tell whether the file itself is at fault: not the machine, nor what is installed on it."""
    if isinstance(error, VmnetError):
        return isinstance(error, MediaError)
    want_of_memory = isinstance(error, MemoryError) or "allocate memory" in str(error)
    return not (want_of_memory or isinstance(error, OSError | ImportError))


def reason_of(source: Path, error: Exception) -> str:
    """Say in a sentence why a file could not be worked on."""
    if isinstance(error, VmnetError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{source}: memory is short: work on fewer clips at once (--jobs 1)."
    return f"{source}: {type(error).__name__}: {error}"


def _failure_note(output: Path) -> Path:
    return output.with_suffix(".failed.txt")


def _warnings_note(output: Path) -> Path:
    return output.with_suffix(".warnings.txt")


def _start_worker(threads: int) -> None:
    """Share the processors among the workers, and end with the parent even when it is killed."""
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
