"""Which segments make a batch (paper, section IV-C), and which two belong together.

Where both tracks of a clip are cut at the same boundaries, row i of both is a pair. Where each is
cut by itself, `Moments` say which two rows are heard and seen at the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Moments:
    """The seconds of clips whose two tracks are cut apart: what is heard in each, and what is seen.

    A second drawn at random is in music segment i and video segment j with a probability that is
    their overlap: to draw moments is to draw pairs by the time that they share.

    Attributes
    ----------
    music, video : (n_moments,) int64
        The rows of the features, second after second and clip after clip.
    offsets : (n_clips + 1,) int64
        Clip i owns the moments `offsets[i]:offsets[i + 1]`, at least one.
    """

    music: np.ndarray
    video: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, music: Sequence[np.ndarray], video: Sequence[np.ndarray]) -> "Moments":
        """Return the moments of clips by the boundaries of their tracks, each (n_segments + 1,) s.

        A moment is the middle of a whole second, as frames are; a clip of less has one.

        >>> moments = Moments.of([np.array([0, 1, 4])], [np.array([0, 3, 4])])
        >>> moments.music.tolist(), moments.video.tolist()
        ([0, 1, 1, 1], [0, 0, 0, 1])
        """
        ends = [min(one[-1], other[-1]) for one, other in zip(music, video, strict=True)]
        seconds = [np.arange(max(1, round(end))) + 0.5 for end in ends]
        offsets = np.cumsum([0, *map(len, seconds)], dtype=np.int64)
        return cls(_rows_at(seconds, music), _rows_at(seconds, video), offsets)


@dataclass(frozen=True, eq=False)
class Frames:
    """Clips whose frames are drawn: some of them stand for the clip, others the next time.

    They are the same seconds of both tracks (ours: thesis, 5.2.3, does not say), each once; a clip
    that has fewer gives some more than once (ours, likewise).

    Attributes
    ----------
    offsets : (n_clips + 1,) int64
        Clip i owns the rows `offsets[i]:offsets[i + 1]` of the frames of both tracks.
    count
        How many are drawn of each clip, at least 1.
    """

    offsets: np.ndarray
    count: int

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw a batch: (batch, count) rows of frames, and the clip of each line, as `draw_pairs`.

        Clips differ as long as there are enough.
        """
        clips, _ = draw_pairs(rng, np.arange(len(self.offsets)), batch)
        return self.of(rng, clips), clips

    def spread(self, batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return fixed batches for validation, each clip once, as `draw` does."""
        rng = np.random.default_rng(0)
        batches = spread_pairs(np.arange(len(self.offsets)), batch)
        return [(self.of(rng, clips), clips) for _, clips in batches]

    def of(self, rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
        """Draw frames of these clips: (n, count) rows, each line increasing.

        >>> frames = Frames(np.array([0, 3, 4]), 3)
        >>> frames.of(np.random.default_rng(0), np.array([0, 1])).tolist()
        [[0, 1, 2], [3, 3, 3]]
        """
        lengths = (self.offsets[clips + 1] - self.offsets[clips])[:, None]
        places = rng.random((len(clips), max(self.count, int(lengths.max()))))
        again = (places[:, : self.count] * lengths).astype(np.int64)
        places[np.arange(places.shape[1]) >= lengths] = 2  # behind all that the clip has
        once = places.argpartition(self.count - 1, axis=1)[:, : self.count]
        chosen = np.where(lengths >= self.count, once, again)
        return self.offsets[clips][:, None] + np.sort(chosen, axis=1)


def _rows_at(seconds: Sequence[np.ndarray], edges: Sequence[np.ndarray]) -> np.ndarray:
    """Return the rows of the segments that hold these times, clip after clip."""
    firsts = np.cumsum([0, *(len(one) - 1 for one in edges)], dtype=np.int64)
    rows = [
        first + np.minimum(np.searchsorted(one, times, side="right") - 1, len(one) - 2)
        for first, times, one in zip(firsts, seconds, edges, strict=False)
    ]
    return np.concatenate(rows)


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
        Clip i owns the rows `offsets[i]:offsets[i + 1]`, at least one: those of `Sequences`, or
        of `Moments` where the tracks are cut apart.
    batch
        Number of pairs, at least 1.

    Returns
    -------
    rows : (batch,) int64
        The segments, as rows of the features of both modalities; or the moments.
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


def draw_runs(
    rng: np.random.Generator, offsets: np.ndarray, batch: int, per_clip: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the pairs of one batch: `per_clip` segments of a clip, one after the other.

    Clips come in random order and each once, until the batch is full, or once more when all have
    been; a clip with fewer segments gives all it has. So neighbours of a clip in time, and no
    others, stand beside each other in the batch.

    Parameters and the two arrays returned are those of `draw_pairs`.
    """
    n_clips, lengths = len(offsets) - 1, np.diff(offsets)
    runs = np.minimum(lengths, per_clip)
    order = rng.permutation(n_clips)
    while runs[order].sum() < batch:
        again = rng.permutation(n_clips)
        order = np.concatenate([order, np.roll(again, again[0] == order[-1])])
    firsts = offsets[order] + rng.integers(lengths[order] - runs[order] + 1)
    starts = np.cumsum(runs[order]) - runs[order]
    rows = np.repeat(firsts - starts, runs[order]) + np.arange(runs[order].sum())
    return rows[:batch], np.repeat(order, runs[order])[:batch]


def derange(rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
    """Draw a partner for every pair of a batch: another pair, of another clip, each pair once.

    The clips are put in a circle in random order, the pairs of each side by side, and all move on
    by the same random number of places: by as many at least as the largest clip has pairs.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    clips : (batch,) int
        The clip of each pair.

    Returns
    -------
    (batch,) int64
        A permutation p with clips[p[i]] != clips[i].

    Raises
    ------
    ValueError
        If more than half of the pairs are of one clip, as there is none then.

    Examples
    --------
    >>> partners = derange(np.random.default_rng(0), np.array([0, 0, 1, 2]))
    >>> sorted(partners.tolist()), partners[:2].tolist()
    ([0, 1, 2, 3], [3, 2])
    """
    _, clip, counts = np.unique(clips, return_inverse=True, return_counts=True)
    largest = counts.max()
    if 2 * largest > len(clips):
        raise ValueError(
            f"{largest} of {len(clips)} pairs are of one clip, so that not each has a partner of "
            f"another: give a larger batch, or an even one, or more clips"
        )
    circle = np.lexsort((rng.random(len(clips)), rng.permutation(len(counts))[clip]))
    moved = np.roll(circle, -rng.integers(largest, len(clips) - largest, endpoint=True))
    partners = np.empty(len(clips), np.int64)
    partners[circle] = moved
    return partners


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
