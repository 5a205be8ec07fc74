"""Batches: which segments, how often, reproducibly."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.models.sampling import Moments, draw_pairs, draw_runs, spread_pairs

lengths_of_clips = st.lists(st.integers(1, 9), min_size=1, max_size=30)
batches = st.integers(1, 70)


def offsets_of(lengths):
    return np.cumsum([0, *lengths], dtype=np.int64)


@given(lengths=lengths_of_clips, batch=batches, seed=st.integers(0, 99))
@settings(deadline=None)
def test_every_batch(lengths, batch, seed):
    offsets = offsets_of(lengths)
    rows, clips = draw_pairs(np.random.default_rng(seed), offsets, batch)
    assert rows.shape == clips.shape == (batch,)
    np.testing.assert_array_equal(np.searchsorted(offsets, rows, side="right") - 1, clips)
    times = np.bincount(clips, minlength=len(lengths))
    assert times.max() - times.min() <= 1  # as many different clips as can be, equally often
    for clip, length in enumerate(lengths):
        own = np.bincount(rows[clips == clip] - offsets[clip], minlength=length)
        assert own.max() - own.min() <= 1  # different segments as long as there are any


@given(lengths=lengths_of_clips, batch=batches)
@settings(deadline=None)
def test_seed_decides_the_batches(lengths, batch):
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        np.testing.assert_array_equal(
            draw_pairs(one, offsets_of(lengths), batch), draw_pairs(two, offsets_of(lengths), batch)
        )


def test_state_of_the_generator_decides_what_follows():
    rng = np.random.default_rng(0)
    offsets = offsets_of([3] * 40)
    draw_pairs(rng, offsets, 10)
    state = rng.bit_generator.state
    expected = draw_pairs(rng, offsets, 10)
    other = np.random.default_rng(99)
    other.bit_generator.state = state
    np.testing.assert_array_equal(draw_pairs(other, offsets, 10), expected)


@pytest.mark.parametrize("batch", [4, 10, 25])  # fewer than, as many as, more than clips
def test_clips_and_their_segments_are_equally_likely(batch):
    lengths = np.array([1, 2, 3, 4, 1, 2, 3, 4, 1, 6])
    offsets, rng, n_draws = offsets_of(lengths), np.random.default_rng(0), 6000
    rows = np.concatenate([draw_pairs(rng, offsets, batch)[0] for _ in range(n_draws)])
    counts = np.bincount(rows, minlength=offsets[-1])
    expected = n_draws * batch / len(lengths) / np.repeat(lengths, lengths)
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected))


def test_a_batch_as_large_as_the_catalog_has_every_clip_once():
    _, clips = draw_pairs(np.random.default_rng(0), offsets_of([2] * 50), 50)
    assert sorted(clips) == list(range(50))


def test_clip_level_rows_are_the_clips():
    rows, clips = draw_pairs(np.random.default_rng(0), np.arange(51), 20)
    np.testing.assert_array_equal(rows, clips)


@given(lengths=lengths_of_clips, batch=batches, rounds=st.integers(1, 6))
@settings(deadline=None)
def test_validation_takes_every_clip_once_a_round(lengths, batch, rounds):
    offsets = offsets_of(lengths)
    drawn = spread_pairs(offsets, batch, rounds)
    rounds = min(rounds, max(lengths))
    rows, clips = (np.concatenate(part) for part in zip(*drawn, strict=True))
    np.testing.assert_array_equal(clips, np.tile(np.arange(len(lengths)), rounds))
    np.testing.assert_array_equal(np.searchsorted(offsets, rows, side="right") - 1, clips)
    assert all(len(np.unique(batch_clips)) == len(batch_clips) <= batch for _, batch_clips in drawn)


def test_validation_spreads_over_the_clip():
    drawn = spread_pairs(offsets_of([8, 1]), batch=2, rounds=4)
    assert [rows.tolist() for rows, _ in drawn] == [[1, 8], [3, 8], [5, 8], [7, 8]]


# --- tracks that are cut apart ------------------------------------------------------------------


def edges_of(lengths):
    return np.concatenate([[0.0], np.cumsum(lengths, dtype=float)])


@given(
    music=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=5),
    data=st.data(),
)
@settings(deadline=None)
def test_moments_of_a_pair_are_the_seconds_that_its_segments_share(music, data):
    """Boundaries at whole seconds: the number of moments of (i, j) is their overlap."""
    cuts = [
        data.draw(st.sets(st.integers(1, max(1, sum(clip) - 1)), max_size=6)) - {sum(clip)}
        for clip in music
    ]
    heard = [edges_of(clip) for clip in music]
    seen = [
        np.array([0, *sorted(c), sum(clip)], float) for c, clip in zip(cuts, music, strict=True)
    ]
    moments = Moments.of(heard, seen)
    found = Counter(zip(moments.music.tolist(), moments.video.tolist(), strict=True))
    expected, first_heard, first_seen = {}, 0, 0
    for one, other in zip(heard, seen, strict=True):
        for i in range(len(one) - 1):
            for j in range(len(other) - 1):
                overlap = min(one[i + 1], other[j + 1]) - max(one[i], other[j])
                if overlap > 0:
                    expected[first_heard + i, first_seen + j] = overlap
        first_heard += len(one) - 1
        first_seen += len(other) - 1
    assert found == expected
    np.testing.assert_array_equal(np.diff(moments.offsets), [sum(clip) for clip in music])


def test_pairs_are_drawn_in_proportion_to_their_overlap():
    """Music 0-6-10 and video 0-2-10 s share 2, 4 and 4 of ten seconds."""
    moments = Moments.of([np.array([0.0, 6, 10])] * 2, [np.array([0.0, 2, 10])] * 2)
    rng, n_draws = np.random.default_rng(0), 4000
    drawn = np.concatenate([draw_pairs(rng, moments.offsets, 1)[0] for _ in range(n_draws)])
    pairs = np.stack([moments.music[drawn] % 2, moments.video[drawn] % 2], axis=1)
    shares = {pair: np.mean((pairs == pair).all(axis=1)) for pair in [(0, 0), (0, 1), (1, 1)]}
    assert shares == pytest.approx({(0, 0): 0.2, (0, 1): 0.4, (1, 1): 0.4}, abs=0.03)


def test_a_clip_of_less_than_a_second_has_a_moment():
    moments = Moments.of([np.array([0.0, 0.4])], [np.array([0.0, 0.4])])
    assert (moments.music.tolist(), moments.video.tolist()) == ([0], [0])
    assert moments.offsets.tolist() == [0, 1]


# --- runs of segments ---------------------------------------------------------------------------


@given(lengths=lengths_of_clips, batch=batches, per_clip=st.integers(1, 5), seed=st.integers(0, 99))
@settings(deadline=None)
def test_every_batch_of_runs(lengths, batch, per_clip, seed):
    offsets = offsets_of(lengths)
    rows, clips = draw_runs(np.random.default_rng(seed), offsets, batch, per_clip)
    assert rows.shape == clips.shape == (batch,)
    np.testing.assert_array_equal(np.searchsorted(offsets, rows, side="right") - 1, clips)
    if len(lengths) == 1:
        return
    starts = np.flatnonzero(np.diff(clips, prepend=-1))  # neighbours of one clip are one run
    for first, end in zip(starts, [*starts[1:], batch], strict=True):
        whole = min(per_clip, lengths[clips[first]])
        assert (end - first == whole) or (end == batch and end - first < whole)
        np.testing.assert_array_equal(np.diff(rows[first:end]), 1)
    times = np.bincount(clips[starts], minlength=len(lengths))
    assert times.max() - times.min() <= 1


def test_runs_begin_anywhere():
    offsets, rng = offsets_of([5, 3]), np.random.default_rng(0)
    firsts = {rows[0] for rows, _ in (draw_runs(rng, offsets, 4, 2) for _ in range(200))}
    assert firsts == {0, 1, 2, 3, 5, 6}
