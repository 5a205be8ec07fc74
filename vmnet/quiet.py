"""Keep native libraries from chattering on standard error."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what is written to standard error inside the block; show it if the block fails.

    TensorFlow, absl and MediaPipe write from C++ and past `sys.stderr`, so the file descriptor
    itself is redirected, for every thread of the process. Put imports and model loading inside,
    not work that has something to say.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "3")
    _flush()
    with tempfile.TemporaryFile() as swallowed:
        original = os.dup(2)
        os.dup2(swallowed.fileno(), 2)
        try:
            yield
        except BaseException:
            _flush()
            swallowed.seek(0)
            os.write(original, swallowed.read())
            raise
        finally:
            _flush()
            os.dup2(original, 2)
            os.close(original)


def _flush() -> None:
    with contextlib.suppress(AttributeError, ValueError):  # no console, or one already closed
        sys.stderr.flush()
