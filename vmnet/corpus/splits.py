"""Which split each clip of a corpus without splits of its own goes into."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vmnet.corpus.clips import SPLITS, Clip
from vmnet.store import key

MIN_CLIPS = 2  # in a split: one clip alone has no negatives, and ranks first
MIN_FOLDER = MIN_CLIPS * len(SPLITS)
FRACTIONS = (0.7, 0.1, 0.2)  # ours: train, valid, test


def assign_splits(
    clips: Sequence[Clip], seed: int, fractions: Sequence[float] = FRACTIONS
) -> tuple[Clip, ...]:
    """Return the clips with new splits, assigned in the order of a hash of seed and id.

    So a split depends on the seed and the ids alone, and a new clip moves few others.

    Parameters
    ----------
    clips
        At least `MIN_FOLDER`, if no share is 0.
    seed
        Decides the order.
    fractions : (float, float, float)
        Shares of train, valid and test, with sum 1. A share above 0 gets at least `MIN_CLIPS`.

    Raises
    ------
    ValueError
        If the fractions are not three numbers in [0, 1] with sum 1.
    """
    sizes = _split_sizes(len(clips), fractions)
    shuffled = sorted(clips, key=lambda clip: key(seed=seed, clip_id=clip.clip_id))
    splits = [name for name in reversed(SPLITS) for _ in range(sizes[name])]
    split_of = {clip.clip_id: split for clip, split in zip(shuffled, splits, strict=True)}
    return tuple(replace(clip, split=split_of[clip.clip_id]) for clip in clips)


def _split_sizes(n_clips: int, fractions: Sequence[float]) -> dict[str, int]:
    """Share out clips by largest remainder, then fill each wanted split up to `MIN_CLIPS`."""
    if len(fractions) != len(SPLITS) or min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions must be three shares with sum 1, not {fractions}")
    quotas = n_clips * np.asarray(fractions, float)
    sizes = np.floor(quotas).astype(int)
    sizes[np.argsort(sizes - quotas, kind="stable")[: n_clips - sizes.sum()]] += 1
    for index in range(len(SPLITS)):
        while fractions[index] > 0 and sizes[index] < MIN_CLIPS:
            sizes[sizes.argmax()] -= 1
            sizes[index] += 1
    return dict(zip(SPLITS, sizes.tolist(), strict=True))
