"""Foote and SF on frames at 1 Hz: sections that are known are found, odd clips are survived."""

import warnings
from itertools import pairwise

import hypothesis.extra.numpy as hnp
import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.segmenters.boundaries import LONGEST, fixed, stretches
from vmnet.segmenters.frames import PARAMETERS, SETTINGS, SHORTEST, frame_boundaries
from vmnet.store import key


def song(seed, noise=0.5, dim=128):
    """Draw a song of eleven sections, of four kinds, each a sequence of chords that comes again.

    Returns (n_seconds, dim) float32 and the true boundaries (s).
    """
    rng = np.random.default_rng(seed)
    edges = np.cumsum([0, *rng.integers(14, 28, size=11)])
    steps = rng.integers(1, 4, size=11)  # another kind than the section before
    kinds = np.cumsum(steps) % 4
    chords = rng.normal(size=(4, 1, dim)) + np.repeat(rng.normal(size=(4, 4, dim)), 2, axis=1)
    rows = [
        chords[kind][np.arange(b - a) % 8]
        for kind, (a, b) in zip(kinds, pairwise(edges), strict=True)
    ]
    clean_rows = np.concatenate(rows)
    return (clean_rows + noise * rng.normal(size=clean_rows.shape)).astype(np.float32), edges


def f_measure(truth, found):
    """The share of boundaries found within 3 s, the ends of the clip not counted."""
    intervals = (np.array(list(pairwise(edges)), float) for edges in (truth, found))
    return mir_eval.segment.detection(*intervals, window=3, trim=True)[2]


@pytest.fixture(scope="module")
def songs():
    return [song(seed) for seed in range(12)]


@pytest.mark.parametrize(("method", "floor"), [("foote", 0.75), ("sf", 0.75)])
def test_known_sections_are_found(songs, method, floor):
    found = [frame_boundaries(frames)[method] for frames, _ in songs]
    scores = [f_measure(truth, edges) for (_, truth), edges in zip(songs, found, strict=True)]
    blind = [f_measure(truth, fixed(len(frames), 20)) for frames, truth in songs]
    assert np.mean(scores) > floor > np.mean(blind) + 0.1
    assert 15 < np.mean(np.concatenate([np.diff(edges) for edges in found])) < 30


def test_linked_seconds_are_nearest_to_one_another():
    from vmnet.segmenters.algorithms import _mutual_neighbours

    rows = np.random.default_rng(1).normal(size=(30, 5))

    def near(i, j, k):
        others = [np.sum((rows[i] - rows[o]) ** 2) for o in range(30) if o != i]
        return i != j and np.sum((rows[i] - rows[j]) ** 2) <= sorted(others)[k - 1]

    expected = [[near(i, j, 4) and near(j, i, 4) for j in range(30)] for i in range(30)]
    np.testing.assert_array_equal(_mutual_neighbours(rows.T, k=4.9), expected)
    assert not _mutual_neighbours(rows.T, k=0.9).any()


def test_noise_has_no_sections_that_foote_knows():
    frames = np.random.default_rng(0).normal(size=(240, 128)).astype(np.float32)
    of_noise = frame_boundaries(frames, ["foote"])["foote"]
    assert len(of_noise) < len(frame_boundaries(song(0)[0], ["foote"])["foote"])


def test_features_are_left_as_they_are(songs):
    frames = songs[0][0].copy()
    first = frame_boundaries(frames)
    np.testing.assert_array_equal(frames, songs[0][0])
    for method, edges in frame_boundaries(frames).items():
        np.testing.assert_array_equal(edges, first[method])


def test_constant_features_change_nothing(songs):
    frames = songs[0][0]
    padded = np.concatenate([frames, np.full((len(frames), 3), 0.25, np.float32)], axis=1)
    for method, edges in frame_boundaries(frames).items():
        np.testing.assert_array_equal(frame_boundaries(padded)[method], edges)


def test_features_that_the_median_makes_constant_are_left_out(songs):
    """Their spread of 0 made every distance undefined, and the clip one segment."""
    frames = songs[0][0]
    rare = np.zeros((len(frames), 2), np.float32)
    rare[40], rare[90, 0] = 1, 2  # seconds that a median over 6 does not see
    found = frame_boundaries(np.concatenate([frames, rare], axis=1), ["foote"])["foote"]
    np.testing.assert_array_equal(found, frame_boundaries(frames, ["foote"])["foote"])
    assert len(found) > 5
    for edges in frame_boundaries(rare).values():
        assert edges[-1] == len(frames)


def test_what_is_no_number_is_not_hidden(songs):
    frames = songs[0][0].copy()
    frames[30, 4] = np.nan
    for method in SETTINGS:
        with pytest.raises(ValueError, match="finite"):
            frame_boundaries(frames, [method])


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 120), st.integers(1, 4)),
        elements=st.sampled_from([0, 0.25, 1, 3e4]),
    ),
)
def test_features_of_any_kind_give_boundaries_without_a_warning(frames):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for edges in frame_boundaries(frames).values():
            assert (edges[0], edges[-1]) == (0, len(frames))
            assert (np.diff(edges) >= 1).all()


def test_a_long_clip_is_cut_as_its_stretches_are():
    frames = np.concatenate([song(seed)[0] for seed in range(20, 26)])
    frames = frames[: int(LONGEST) + 60]
    found = frame_boundaries(frames)
    first, second = stretches(len(frames))
    for method, edges in found.items():
        alone = frame_boundaries(frames[: int(first.end)], [method])[method]
        np.testing.assert_array_equal(edges[edges < first.last], alone[alone < first.last])
        assert edges[-1] == len(frames)
        assert np.diff(edges).max() < 120
    assert second.start < first.last < first.end


@pytest.mark.parametrize("kind", ["random", "constant", "one step"])
@pytest.mark.filterwarnings("error")
def test_no_length_breaks_a_method(kind):
    rng = np.random.default_rng(0)
    for n in [*range(1, 70), 120, 300]:
        frames = {
            "random": rng.normal(size=(n, 8)),
            "constant": np.ones((n, 8)),
            "one step": np.repeat(np.arange(n) > n // 2, 8).reshape(n, 8),
        }[kind].astype(np.float32)
        for edges in frame_boundaries(frames).values():
            assert edges.dtype == np.float64
            assert (edges[0], edges[-1]) == (0, n)
            assert (np.diff(edges) >= 1).all()
            assert n >= SHORTEST or len(edges) == 2


def test_methods_and_parameters_are_named(songs):
    assert list(frame_boundaries(songs[0][0], ["sf"])) == ["sf"]
    assert list(frame_boundaries(songs[0][0])) == list(SETTINGS)
    assert key(**PARAMETERS)
    with pytest.raises(KeyError, match="olda"):
        frame_boundaries(songs[0][0], ["olda"])
    with pytest.raises(ValueError, match="n_seconds"):
        frame_boundaries(np.zeros((0, 8), np.float32))
