"""Batches for the updates: drawn and gathered ahead, while the last ones are being worked on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vmnet.models.sampling import Frames, Moments, draw_pairs, draw_runs

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences
    from vmnet.models.learner import Learner

# What the training features may take of an accelerator's memory; larger ones stay on the host.
RESIDENT_BYTES = 8 << 30

# Features on the device: enough to hide a call, as an update takes less. On the host: few, as they
# are copied, and as a call should not outlast the patience of who presses Ctrl-C.
UPDATES_PER_CALL = {"resident": 100, "streamed": 4}

T = TypeVar("T")
# Music, video, and which rows of them are pairs where the tracks are cut apart, or that frames of
# them are drawn.
Data = tuple["Sequences", "Sequences", Moments | Frames | None]
# From a generator and a number of updates to their batches, stacked as `Learner.update` takes them.
Feed = Callable[[np.random.Generator, int], Iterator[tuple[np.ndarray, ...]]]


def make_feed(learner: "Learner", training: Data, batch: int, extra: Data | None = None) -> Feed:
    """Return what feeds `learner` with batches of the `training` clips.

    On an accelerator with room for the features they are put there, once, and a batch is a list of
    rows. Else each batch is gathered from the host's memory, or from the file they are mapped from.

    Parameters
    ----------
    batch
        Pairs in a batch. With `extra` clips, theirs are `extra_weight` times as many as those of
        the training clips.
    extra
        The extra clips; see `train`.
    """
    from vmnet.models.updates import accelerator

    music, video, how = training
    small = music.data.nbytes + video.data.nbytes <= RESIDENT_BYTES
    resident = bool(accelerator()) and small and extra is None
    if resident:
        learner.keep(music.data, video.data)
    per_call = UPDATES_PER_CALL["resident" if resident else "streamed"]
    if isinstance(how, Frames) and not resident:
        per_call = 1  # a batch is a hundred times as large
    share = 1 / (1 + learner.config.extra_weight) if extra else 1.0
    n_training = max(1, round(share * batch))
    per_clip = learner.config.per_clip

    def targets(rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
        return np.stack([learner.targets(rng, each) for each in clips])

    def blocks(rng: np.random.Generator, n_updates: int) -> Iterator[tuple[np.ndarray, ...]]:
        for start in range(0, n_updates, per_call):
            n = min(per_call, n_updates - start)
            rows, clips = _draw(rng, training, n_training, n, per_clip)
            if resident:
                yield (*rows, targets(rng, clips))
                continue
            parts = [_gather(training, rows, clips)]
            if extra and batch > n_training:
                rows, others = _draw(rng, extra, batch - n_training, n, per_clip)
                parts.append(_gather(extra, rows, len(music) + others))
            *features, clips = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
            yield (*features, targets(rng, clips))

    return lambda rng, n_updates: ahead(blocks(rng, n_updates))


def _draw(
    rng: np.random.Generator, data: Data, batch: int, n: int, per_clip: int
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Draw n batches: the rows of their pairs, of both or of music and of video, and the clips."""
    music, _, how = data
    if isinstance(how, Frames):
        draws = [how.draw(rng, batch) for _ in range(n)]
    else:
        draw = draw_pairs if per_clip == 1 else partial(draw_runs, per_clip=per_clip)
        draws = [draw(rng, (how or music).offsets, batch) for _ in range(n)]
    drawn, clips = (np.stack(part) for part in zip(*draws, strict=True))
    return rows_of(how, drawn), clips


def rows_of(how: Moments | Frames | None, drawn: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the rows of what was drawn: one array for both tracks, or of music and of video."""
    return (how.music[drawn], how.video[drawn]) if isinstance(how, Moments) else (drawn,)


def _gather(
    data: Data, rows: tuple[np.ndarray, ...], clips: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    music, video, _ = data
    return music.data[rows[0]], video.data[rows[-1]], clips


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield `items`; another thread makes the next one meanwhile."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]
