"""Boundaries: laws of cleaning, and segment means against a plain loop."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmnet.segmenters.boundaries import (
    LONGEST,
    MINIMUM_SECONDS,
    OVERLAP,
    STRETCH,
    clean,
    fixed,
    segment_means,
    stretches,
    undivided,
    undivided_sentence,
)

durations = st.floats(0.01, 400)
time_lists = st.lists(st.floats(-10, 500), max_size=60)
minima = st.floats(0, 20)


def naive_means(frames, boundaries):
    """Each segment's frames gathered one by one."""
    rows = []
    for start, stop in itertools.pairwise(boundaries):
        inside = [t for t in range(len(frames)) if start <= t + 0.5 < stop]
        if not inside:
            middle = (start + stop) / 2
            inside = [min(range(len(frames)), key=lambda t: abs(t + 0.5 - middle))]
        rows.append(sum(frames[t].astype(float) for t in inside) / len(inside))
    return np.array(rows)


@given(time_lists, durations, minima)
def test_clean_keeps_the_contract(times, duration, minimum):
    boundaries = clean(times, duration, minimum)
    assert boundaries.dtype == np.float64
    assert boundaries[0] == 0
    assert boundaries[-1] == duration
    assert (np.diff(boundaries) > 0).all()
    assert len(boundaries) == 2 or (np.diff(boundaries) >= minimum).all()
    assert set(boundaries[1:-1]) <= set(times)


@given(time_lists, durations, minima)
def test_clean_twice_changes_nothing_and_order_does_not_matter(times, duration, minimum):
    once = clean(times, duration, minimum)
    np.testing.assert_array_equal(clean(once, duration, minimum), once)
    np.testing.assert_array_equal(clean(times[::-1], duration, minimum), once)


def test_clean_worked_examples():
    slivers = [0, 0.19, 20.0, 41.5, 59.95, 60.0]
    np.testing.assert_array_equal(clean(slivers, 60.0), [0, 20.0, 41.5, 60.0])
    rapid = np.arange(0, 4, 0.5)
    np.testing.assert_array_equal(clean(rapid, 4.2, minimum=1.0), [0, 1, 2, 3, 4.2])
    np.testing.assert_array_equal(clean([], 7.0), [0, 7.0])
    np.testing.assert_array_equal(clean([0.2, 0.4], 0.5), [0, 0.5])


@pytest.mark.parametrize("times", [[np.nan], [np.inf]])
def test_clean_refuses_times_that_are_no_times(times):
    with pytest.raises(ValueError, match="finite"):
        clean(times, 10.0)


@pytest.mark.parametrize("duration", [0.0, -1.0, np.nan, np.inf])
def test_a_clip_has_a_length(duration):
    with pytest.raises(ValueError, match="duration"):
        clean([1.0], duration)
    with pytest.raises(ValueError, match="duration"):
        fixed(duration, 1.0)


@given(durations, st.floats(1, 50))
def test_fixed_segments_are_equal_but_the_last(duration, seconds):
    boundaries = fixed(duration, seconds)
    np.testing.assert_allclose(np.diff(boundaries)[:-1], seconds)
    last = boundaries[-1] - boundaries[-2]
    assert last < seconds + MINIMUM_SECONDS
    assert boundaries[-1] == duration


def test_fixed_worked_examples():
    np.testing.assert_array_equal(fixed(60.0, 20.0), [0, 20, 40, 60])
    np.testing.assert_array_equal(fixed(60.4, 20.0), [0, 20, 40, 60.4])
    np.testing.assert_array_equal(fixed(12.0, 20.0), [0, 12])
    with pytest.raises(ValueError, match="seconds"):
        fixed(60.0, 0.0)


@given(st.integers(1, 40), time_lists, durations, st.floats(0, 3), st.integers(0, 1000))
def test_segment_means_agree_with_the_plain_loop(n_frames, times, duration, minimum, seed):
    frames = np.random.default_rng(seed).normal(size=(n_frames, 3)).astype(np.float32)
    boundaries = clean(times, duration, minimum)
    means = segment_means(frames, boundaries)
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, naive_means(frames, boundaries), rtol=1e-5, atol=1e-6)


def test_segment_means_worked_example():
    frames = np.array([[1.0], [2.0], [4.0], [8.0]])
    # Centres 0.5, 1.5 | 2.5 | none: nearest to 2.8 is 2.5 | 3.5
    boundaries = np.array([0, 2.0, 2.6, 3.0, 4.0])
    np.testing.assert_array_equal(segment_means(frames, boundaries).ravel(), [1.5, 4, 4, 8])


def test_a_centre_on_a_boundary_belongs_to_the_segment_it_opens():
    frames = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(segment_means(frames, np.array([0, 1.5, 2])).ravel(), [1, 2])


def test_one_frame_serves_all_segments():
    frames = np.array([[3.0, -1.0]])
    means = segment_means(frames, np.array([0, 10.0, 20.0, 30.0]))
    np.testing.assert_array_equal(means, np.repeat(frames, 3, axis=0))


@given(time_lists, st.floats(1, 400))
def test_a_segment_of_the_minimum_holds_a_frame_of_its_own(times, duration):
    """What MINIMUM_SECONDS is for: no two segments share a frame."""
    n_seconds = max(1, round(duration))
    frames = np.eye(n_seconds)
    means = segment_means(frames, clean(times, duration))
    assert ((means > 0).sum(axis=0) <= 1).all()


def test_segment_means_refuse_no_frames():
    with pytest.raises(ValueError, match="frames"):
        segment_means(np.zeros((0, 4)), np.array([0, 1.0]))


@pytest.mark.parametrize("duration", [1.0, 200.5, LONGEST])
def test_an_ordinary_piece_is_one_stretch(duration):
    (only,) = stretches(duration)
    assert (only.start, only.end) == (0, duration)
    assert only.holds(np.array([0, duration])).all()


@given(st.floats(LONGEST + 1e-3, 1e5))
def test_stretches_cover_a_long_piece_and_each_second_counts_once(duration):
    parts = stretches(duration)
    assert (parts[0].start, parts[-1].end) == (0, duration)
    for part in parts:
        assert STRETCH / 2 < part.end - part.start <= STRETCH + 1
    for one, other in itertools.pairwise(parts):
        assert one.end - other.start == OVERLAP
        assert one.last == other.first == other.start + OVERLAP / 2
    times = np.linspace(0, duration, 50)
    kept = np.concatenate(
        [p.kept(times[(times >= p.start) & (times <= p.end)] - p.start) for p in parts]
    )
    np.testing.assert_allclose(kept, times)


def test_clips_left_whole_are_counted():
    edges = {f"long{i}": [0, 90.0] for i in range(2)} | {f"cut{i}": [0, 30, 90.0] for i in range(8)}
    edges |= {"short": [0, 60.0]}
    assert undivided(edges) == (2, 10)
    assert undivided_sentence("sf", edges) == (
        "sf leaves 2 of 10 clips of more than a minute as one segment"
    )
    edges["long1"] = [0, 45, 90.0]
    assert undivided_sentence("sf", edges) == ""
    assert undivided_sentence("sf", {}) == ""
