"""The errors that a user can mend, and how a command reports them."""

import errno
import os
import sys
from collections.abc import Callable, Iterable


class VmnetError(Exception):
    """A problem in the user's input; its text is one sentence that names the file and the remedy.

    The command line prints it without a traceback and exits with 1. In a batch it is reported for
    the clip it belongs to, and the other clips go on.
    """


class MediaError(VmnetError):
    """A media file that cannot be used: missing, truncated, empty, or without the wanted stream."""


class ManifestError(VmnetError):
    """A manifest that cannot be used; its text lists every bad line."""


class WeightsError(VmnetError):
    """Pretrained weights that are missing or damaged."""


class InputWarning(UserWarning):
    """Something odd about a user's file; its text is one line that names the file.

    It never stops a batch, and is kept in the report of the run.
    """


def known_names(names: Iterable[str], registry: Iterable[str], what: str) -> tuple[str, ...]:
    """Return `names`, each once; refuse one that is not in `registry`.

    Raises
    ------
    VmnetError
        If one is unknown; the text lists those that are known.
    """
    chosen, registry = tuple(dict.fromkeys(names)), tuple(registry)
    for name in chosen:
        if name not in registry:
            raise VmnetError(f"there is no {what} {name!r}; there are {', '.join(registry)}.")
    return chosen


def exit_status(command: Callable[[], None]) -> int:
    """Run a command; print in one sentence what a user can mend; return its exit status.

    Returns
    -------
    status : int
        0 done; 1 failed; 2 a wrong option; 130 interrupted; 141 nobody reads what is printed
        (`| head`), as the shell has it for its own commands. What was computed is kept in each
        case.
    """
    try:
        status = _status(command)
        sys.stdout.flush()
    except BrokenPipeError:
        _print_no_more()
        return 141
    return status


def _status(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as ending:  # argparse's, after --help or a wrong option
        return int(ending.code or 0)
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on where it was.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except (VmnetError, OSError, MemoryError) as error:
        if not (sentence := _sentence(error)):
            raise
        print(f"vmnet: {sentence}", file=sys.stderr)
        return 1
    return 0


def _sentence(error: Exception) -> str:
    """Say what a user can do about an error; "" if it is none of his."""
    if isinstance(error, VmnetError):
        return str(error)
    if isinstance(error, MemoryError):
        return "memory is short: close other programs, or work on fewer clips at once (--jobs 1)."
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, PermissionError) or number == errno.EROFS:
        why = "read-only file system" if number == errno.EROFS else "no permission"
        return (
            f"{getattr(error, 'filename', None) or error} cannot be written or read ({why}): "
            "choose another folder; VMNET_DATA and VMNET_FIGURES name those of the runs."
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is in the way: it is no folder; choose another place."
    if number in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full ({error}); nothing is half-written: make room, then run the same "
            "command again."
        )
    return ""


def _print_no_more() -> None:
    """Send what may still be printed nowhere, or Python complains of the closed pipe at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
