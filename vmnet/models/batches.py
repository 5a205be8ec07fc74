"""Batches for the updates: drawn and gathered ahead, while the last ones are being worked on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vmnet.models.sampling import Moments, draw_pairs

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences
    from vmnet.models.learner import Learner

# What the training features may take of an accelerator's memory; larger ones stay on the host.
RESIDENT_BYTES = 8 << 30

# Features on the device: enough to hide a call, as an update takes less. On the host: few, as they
# are copied, and as a call should not outlast the patience of who presses Ctrl-C.
UPDATES_PER_CALL = {"resident": 100, "streamed": 4}

T = TypeVar("T")
# From a generator and a number of updates to their batches, stacked as `Learner.update` takes them.
Feed = Callable[[np.random.Generator, int], Iterator[tuple[np.ndarray, ...]]]


def make_feed(
    learner: "Learner",
    features: tuple["Sequences", "Sequences"],
    batch: int,
    moments: Moments | None = None,
) -> Feed:
    """Return what feeds `learner` with batches of the (music, video) `features`.

    A pair is row i of both, or the two rows of one of the `moments`.

    On an accelerator with room for the features they are put there, once, and a batch is a list of
    rows. Else each batch is gathered from the host's memory, or from the file they are mapped from.
    """
    from vmnet.models.updates import accelerator

    music, video = features
    resident = bool(accelerator()) and music.data.nbytes + video.data.nbytes <= RESIDENT_BYTES
    if resident:
        learner.keep(music.data, video.data)
    per_call = UPDATES_PER_CALL["resident" if resident else "streamed"]
    offsets = (moments or music).offsets

    def blocks(rng: np.random.Generator, n_updates: int) -> Iterator[tuple[np.ndarray, ...]]:
        for start in range(0, n_updates, per_call):
            n = min(per_call, n_updates - start)
            draws = [draw_pairs(rng, offsets, batch) for _ in range(n)]
            drawn, clips = (np.stack(part) for part in zip(*draws, strict=True))
            rows = (drawn,) if moments is None else (moments.music[drawn], moments.video[drawn])
            yield (*rows, clips) if resident else (music.data[rows[0]], video.data[rows[-1]], clips)

    return lambda rng, n_updates: ahead(blocks(rng, n_updates))


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield `items`; another thread makes the next one meanwhile."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
