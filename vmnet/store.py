"""Files written whole, and the keys that say what made them.

Every result is written under a temporary name in its own folder and then renamed, so that a reader
sees the old file, the new file or none, never a half. A key is a short hash of the parameters that
made a result: change a parameter and the result has another name.
"""

import hashlib
import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

DAY = 86_400.0  # s


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the suffix of `path`; rename it to `path` if the block succeeds.

    When the block fails or is interrupted, the temporary file is removed and `path` is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=partial_prefix(), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def partial_prefix() -> str:
    """Return how the name of a temporary file of this process begins."""
    return f".partial-{os.getpid()}-{_machine()}-"


def remove_partial(folder: Path) -> None:
    """Remove, below `folder`, the temporary files of processes that were killed.

    A process of another machine cannot be asked after: its file goes when it is a day old.
    """
    for path in Path(folder).rglob(".partial-*"):
        process, machine = path.name.split("-")[1:3]
        if machine == _machine() and process.isdecimal():
            left_over = not _is_running(int(process))
        else:
            left_over = time.time() - path.stat().st_mtime > DAY
        if left_over:
            path.unlink(missing_ok=True)


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one array as .npy, whole."""
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def load_array(path: Path) -> np.ndarray:
    """Read one .npy array; pickles are refused."""
    return np.load(path, allow_pickle=False)


def save_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Write named arrays as one .npz, whole."""
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz; pickles are refused."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def save_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole; what a file name held that is no Unicode becomes "?"."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def key(**parameters: Any) -> str:
    """Return ten hexadecimal digits that stand for `parameters` (anything JSON can hold)."""
    text = json.dumps(parameters, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def file_name(text: str) -> str:
    """Return `text` as the name of a file or folder: what systems refuse in one becomes "-"."""
    name = re.sub(r"[^\w=.,+-]+", "-", text.replace(", ", ",")).strip(".-") or "-"
    return name if len(name) <= 120 else f"{name[:109]}-{key(text=text)}"


def fingerprint(path: Path) -> str:
    """Return ten hexadecimal digits that change when the file at `path` is replaced or edited."""
    status = path.stat()
    return key(size=status.st_size, modified=status.st_mtime_ns)


def _machine() -> str:
    return key(machine=platform.node())


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, under another user
        return True
    return True


def umask() -> int:
    """Return which permissions new files shall lack."""
    current = os.umask(0)
    os.umask(current)
    return current
