"""Which segments make a batch (paper, section IV-C)."""

import numpy as np


def draw_pairs(
    rng: np.random.Generator, offsets: np.ndarray, batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the pairs of one batch: a random segment of each of `batch` different clips.

    Where there are fewer clips than `batch`, each clip gives `batch // n_clips` segments, or one
    more; they differ as long as the clip has enough. A clip with one segment is a clip of the
    clip-level VM-Net, so that this serves both levels.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    offsets : (n_clips + 1,) int64
        Clip i owns the rows `offsets[i]:offsets[i + 1]`, at least one (see `Sequences`).
    batch
        Number of pairs, at least 1.

    Returns
    -------
    rows : (batch,) int64
        The segments, as rows of the features of both modalities.
    clips : (batch,) int64
        The clip of each segment, in [0, n_clips).
    """
    n_clips = len(offsets) - 1
    times, rest = divmod(batch, n_clips)
    once_more = rng.choice(n_clips, rest, replace=False, shuffle=False)
    if times == 0:
        lengths = offsets[once_more + 1] - offsets[once_more]
        return offsets[once_more] + rng.integers(lengths), once_more
    clips = np.concatenate([np.tile(np.arange(n_clips), times), once_more])
    turns = np.arange(batch) // n_clips
    lengths = np.diff(offsets)
    shuffled = _shuffle_within_clips(rng, lengths)
    return shuffled[offsets[clips] + turns % lengths[clips]], clips


def spread_pairs(
    offsets: np.ndarray, batch: int, rounds: int = 4
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return fixed batches for validation: `rounds` segments of every clip, spread over its length.

    A round takes one segment of every clip, in batches of at most `batch` different clips and of
    about equal size. Nothing is random. There are no more rounds than segments in the longest clip.

    Parameters and the pairs of arrays returned are those of `draw_pairs`.
    """
    lengths = np.diff(offsets)
    rounds = min(rounds, int(lengths.max()))
    groups = np.array_split(np.arange(len(lengths)), -(-len(lengths) // batch))
    segments = [(2 * k + 1) * lengths // (2 * rounds) for k in range(rounds)]
    return [(offsets[clips] + segment[clips], clips) for segment in segments for clips in groups]


def _shuffle_within_clips(rng: np.random.Generator, lengths: np.ndarray) -> np.ndarray:
    """Return all rows, clip after clip, in random order within each."""
    clip_of_row = np.repeat(np.arange(len(lengths)), lengths)
    return np.lexsort((rng.random(len(clip_of_row)), clip_of_row))
