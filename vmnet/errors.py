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
        0 done; 1 failed; 130 interrupted. What was computed is kept in each case.
    """
    try:
        command()
        sys.stdout.flush()
    except VmnetError as error:
        print(f"vmnet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on where it was.", file=sys.stderr)
        return 130
    except PermissionError as error:
        print(f"vmnet: no permission: {error}; choose another folder.", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read what we print has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (or Python complains at its end)
        return 0
    except OSError as error:
        if error.errno == errno.EROFS:
            print(
                f"vmnet: {error.filename or error} lies on a read-only file system; name folders "
                "that can be written in VMNET_DATA and VMNET_FIGURES.",
                file=sys.stderr,
            )
            return 1
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(
            f"vmnet: the disk is full ({error}); nothing is half-written: make room, then run the "
            "same command again.",
            file=sys.stderr,
        )
        return 1
    return 0
