"""What a command says while it works: always on standard error, for answers go to standard output.

Bars are tqdm's, in plain text in notebooks too. tqdm is imported when something is said, because
run_all.sh reads its options before anything is installed.
"""

import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

# librosa imports pooch, and that asks for the widgets of notebooks, which none of our bars needs.
warnings.filterwarnings("ignore", message="IProgress not found")

WORTH_TELLING = 1.0  # s


def log(text: str) -> None:
    """Write a line to standard error, above any bar that is shown there."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


@contextmanager
def timed(what: str, bar: bool = True) -> Iterator[None]:
    """Show that `what` is under way; say afterwards how long it took, if over `WORTH_TELLING`.

    `bar` says whether to show it, for work that has no bar of its own.
    """
    from tqdm import tqdm

    started = time.monotonic()
    shown = tqdm(desc=what, bar_format="{desc}: {elapsed}", leave=False, disable=not bar)
    with shown, ticking(shown):
        yield
    if (seconds := time.monotonic() - started) >= WORTH_TELLING:
        log(f"{what}: {seconds:.1f} s")


@contextmanager
def ticking(bar: "tqdm") -> Iterator[None]:
    """Redraw `bar` while the block works: every second on a terminal, every ten in a log."""
    done = threading.Event()
    pause = 1 if sys.stderr.isatty() else 10

    def tick() -> None:
        while not done.wait(pause):
            bar.refresh()

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
