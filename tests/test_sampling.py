"""Batches: which segments, how often, reproducibly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.models.sampling import draw_pairs, spread_pairs

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
