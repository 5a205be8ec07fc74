"""Cuts where the music has events: equation 6.1 of the thesis, and its null."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmnet.language import ClipEvents
from vmnet.language.cooccurrence import (
    MARGIN,
    SIGMA,
    cooccurrence,
    expected,
    inside,
    intensity,
    offset_curve,
    shifted,
)

FRAMES = np.arange(1000) / 25


def film(cuts, duration=40.0, **known):
    return ClipEvents("a", duration, np.asarray(cuts, dtype=float), **known)


@pytest.mark.parametrize(
    ("frames", "value"),
    [(0, 1), (1, 0.882), (2, 0.607), (3, 0.325), (4, 0.135), (6, 0.011)],
)
def test_a_sharp_cut_so_many_frames_off(frames, value):
    for sign in (-1, 1):
        likelihood = np.zeros(1000)
        likelihood[500 + sign * frames] = 1
        assert intensity(FRAMES[500], FRAMES, likelihood) == pytest.approx(value, abs=5e-4)


def test_a_likelihood_of_1_everywhere():
    assert intensity(20.0, FRAMES, np.ones(1000)) == pytest.approx(5.013, abs=5e-4)


@given(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 1)), max_size=30),
    st.lists(st.floats(0, 8), max_size=8),
    st.sampled_from([0.04, SIGMA, 1.0]),
)
def test_as_the_naive_twin(frames, events, sigma):
    frames = sorted(frames)
    times, likelihood = [t for t, _ in frames], [f for _, f in frames]
    ours = intensity(events, times, likelihood, sigma)
    theirs = [naive.intensity(event, times, likelihood, sigma) for event in events]
    assert ours == pytest.approx(theirs, abs=1e-6)


@given(st.lists(st.floats(0.5, 39), min_size=1, max_size=20, unique=True), st.floats(-0.4, 0.4))
def test_cuts_and_events_moved_together_change_nothing(cuts, move):
    cuts, events = np.sort(cuts), np.array([10.0, 20.0, 30.0])
    still = intensity(events, cuts, np.ones(len(cuts)))
    assert intensity(events + move, cuts + move, np.ones(len(cuts))) == pytest.approx(still)


@pytest.mark.parametrize("rate", [24, 25, 30000 / 1001, 50])
def test_the_frame_rate_does_not_matter(rate):
    rng = np.random.default_rng(0)
    events = np.arange(1.0, 239, 0.61)
    cuts = np.sort(
        np.concatenate([rng.choice(events, 150, replace=False), rng.uniform(0, 240, 90)])
    )
    times = np.arange(int(240 * rate)) / rate
    likelihood = np.zeros(len(times))
    np.add.at(likelihood, np.round(cuts * rate).astype(int).clip(0, len(times) - 1), 1)
    exact = intensity(events, cuts, np.ones(len(cuts))).mean()
    assert intensity(events, times, likelihood).mean() == pytest.approx(exact, rel=0.02)


def test_events_near_an_end_are_dropped():
    clip = film([10.0])
    assert inside(clip, [0, 0.2, MARGIN, 20, 39.75, 39.8, 40]).tolist() == [MARGIN, 20, 39.75]
    assert cooccurrence(clip, [0, 10, 40]) == 1
    assert np.isnan(cooccurrence(clip, [0, 40]))
    assert np.isnan(shifted(clip, [0, 40], least=2)).all()
    assert np.isnan(offset_curve(clip, [0.5], np.array([-0.5, 0.5]))).all()


def test_a_film_without_cuts_has_none_at_any_event():
    assert cooccurrence(film([]), [10, 20]) == 0
    assert shifted(film([]), [10, 20], least=2).tolist() == [0] * 100


def test_a_likelihood_stands_for_the_cuts_where_it_is_known():
    likelihood = np.zeros(1000)
    likelihood[[250, 251]] = 0.5, 0.4  # a transition of two frames
    clip = film([10.0], times=FRAMES, likelihood=likelihood)
    assert cooccurrence(clip, [10.0]) == pytest.approx(0.5 + 0.4 * np.exp(-1 / 8))


def test_a_cut_at_each_event_beside_its_null():
    events = np.arange(2.0, 240, 2.0)
    rng = np.random.default_rng(3)
    clip = film(np.sort(rng.choice(events, 60, replace=False)), 240.0)
    null = shifted(clip, events, least=2.0)
    assert cooccurrence(clip, events) == pytest.approx(60 / 119, abs=0.01)
    # As many cuts in a circle of events 2 s apart, at a phase that is drawn: the flat expectation.
    assert null.mean() == pytest.approx(expected(60 / 240), rel=0.4)
    assert (shifted(clip, events, least=2.0) == null).all()
    assert (shifted(clip, events, least=2.0, seed=1) != null).any()


def test_the_null_is_unbiased_on_films_without_any_synchrony():
    rng = np.random.default_rng(4)
    rate, events = 1 / 4.76, np.arange(1.1, 119, 2.3)
    found, nulls = [], []
    for k in range(200):
        cuts = np.unique(rng.uniform(0, 120, rng.poisson(120 * rate)).round(6))
        clip = film(cuts[(cuts > 0) & (cuts < 120)], 120.0)
        found.append(cooccurrence(clip, events))
        nulls.append(shifted(clip, events, 2.3, seed=k).mean())
    for values in (found, nulls):
        half = 2.6 * np.std(values) / np.sqrt(200)
        assert np.mean(values) == pytest.approx(expected(rate), abs=half)


def test_a_shift_is_at_least_a_bar_either_way():
    # One event, one cut: the null is 0 unless the shift brings the event back to the cut.
    clip = film([20.0])
    assert shifted(clip, [20.0], least=1.0, draws=500).max() < 1e-20
    assert shifted(clip, [20.0], least=30.0, draws=500).max() > 0.1  # too short: all moves


def test_cuts_before_the_downbeats_peak_below_0():
    downbeats = np.arange(2.0, 38, 2.0)
    clip = film(downbeats[::2] - 0.12)
    lags = np.round(np.arange(-0.48, 0.481, 0.04), 2)
    curve = offset_curve(clip, downbeats, lags)
    assert lags[np.argmax(curve)] == -0.12
    assert curve.max() == pytest.approx(0.5, abs=0.02)


def test_expected_at_the_thesis_mean_shot():
    assert expected(1 / 4.76) == pytest.approx(0.0421, abs=5e-5)


@pytest.mark.parametrize(
    ("times", "likelihood", "sigma"),
    [([1, 2], [1], 0.08), ([2, 1], [1, 1], 0.08), ([1, 2], [1, 1], 0.0), ([[1]], [[1]], 0.08)],
)
def test_what_is_no_likelihood_is_refused(times, likelihood, sigma):
    with pytest.raises(ValueError, match="each frame"):
        intensity([1.0], times, likelihood, sigma)
