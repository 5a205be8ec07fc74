"""The errors that a user can mend, and how a command reports them."""

import errno
import sys
from collections.abc import Callable


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
    """Something about a file that its user should know; one line that names it. Nothing stops."""


def exit_status(command: Callable[[], None]) -> int:
    """Run a command; print in one sentence what a user can mend; return its exit status.

    Returns
    -------
    status : int
        0 done; 1 failed; 130 interrupted. What was computed is kept in each case.
    """
    try:
        command()
    except VmnetError as error:
        print(f"vmnet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on where it was.", file=sys.stderr)
        return 130
    except PermissionError as error:
        print(f"vmnet: no permission: {error}; choose another folder.", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(
            f"vmnet: the disk is full ({error}); nothing is half-written: make room, then run the "
            "same command again.",
            file=sys.stderr,
        )
        return 1
    return 0
