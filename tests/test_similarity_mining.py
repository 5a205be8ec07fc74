"""Mining: each strategy against its slow twin, by chi-square where it is drawn, and in all."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vmnet.similarity import reference_lists
from vmnet.similarity.mining import MINING, NEGATIVES, POSITIVES, mine


def similarities(n: int, seed: int = 0) -> np.ndarray:
    S = np.random.default_rng(seed).uniform(0, 100, (n, n))
    return (S + S.T) / 2


def drawn(strategy: str, S_row: list[float], i: int, n_negatives: int, draws: int) -> np.ndarray:
    """Draw again and again for track 0, whose list is in the order of the numbers."""
    rng = np.random.default_rng(0)
    reference_list, S_row = np.arange(1, len(S_row)), np.asarray(S_row)
    draw = MINING[strategy]
    return np.array([draw(reference_list, S_row, i, n_negatives, rng) for _ in range(draws)])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(MINING)), st.integers(3, 20), st.data())
def test_negatives_come_after_the_positive_and_once(
    naive: ModuleType, strategy: str, n: int, data
) -> None:
    i = data.draw(st.integers(0, n - 3))
    n_negatives = data.draw(st.integers(1, n - 2 - i))
    S = similarities(n)
    S[0, data.draw(st.lists(st.integers(1, n - 1)))] = 0
    reference_list = reference_lists(S)[0]
    rng = np.random.default_rng(0)
    chosen = MINING[strategy](reference_list, S[0], i, n_negatives, rng).tolist()
    probabilities = naive.negative_probabilities(strategy, reference_list, S[0], i, n_negatives)
    assert len(set(chosen)) == len(chosen) == n_negatives
    assert set(chosen) <= set(probabilities)
    if strategy == "neighbors":
        assert chosen == list(probabilities)
    if strategy == "distance":
        alike = {track for track in probabilities if S[0, track] > 0}
        assert set(chosen) <= alike or alike <= set(chosen)


@pytest.mark.parametrize("strategy", ["random", "distance"])
def test_the_first_draw_is_as_likely_as_its_twin_says(naive: ModuleType, strategy: str) -> None:
    S_row = [100.0, 90, 70, 40, 20, 20, 10, 5, 0]
    probabilities = naive.negative_probabilities(strategy, range(1, 9), S_row, 1, 1)
    draws = 100_000
    counts = np.bincount(drawn(strategy, S_row, 1, 1, draws)[:, 0], minlength=9)
    possible = {track: p for track, p in probabilities.items() if p > 0}
    assert set(np.flatnonzero(counts)) == set(possible)
    expected = np.array(list(possible.values())) * draws
    assert stats.chisquare(counts[list(possible)], expected).pvalue > 0.001


def test_drawing_without_replacement_is_one_draw_after_the_other(naive: ModuleType) -> None:
    S_row = [100.0, 50, 30, 20, 10]
    draws = 20_000
    pairs = drawn("distance", S_row, 0, 2, draws)  # tracks 2, 3, 4 with 30, 20, 10
    for first, second in ((2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3)):
        p = S_row[first] / 60 * S_row[second] / (60 - S_row[first])
        seen = np.count_nonzero((pairs == [first, second]).all(axis=1)) / draws
        assert abs(seen - p) <= 4 * np.sqrt(p / draws)


def test_tracks_without_any_similarity_are_drawn_last_each_as_likely() -> None:
    chosen = drawn("distance", [100.0, 5, 3, 0, 0, 0], 0, 2, 3000)  # 2, then one of 3, 4, 5
    assert (chosen[:, 0] == 2).all()
    assert stats.chisquare(np.bincount(chosen[:, 1], minlength=6)[3:]).pvalue > 0.001


@pytest.mark.parametrize("strategy", MINING)
def test_triplets_stay_within_their_split_and_follow_its_lists(strategy: str) -> None:
    S = similarities(40)
    tracks = np.random.default_rng(1).choice(40, 24, replace=False)
    triplets = mine(S, tracks, strategy, n_positives=5, n_negatives=7, seed=3)
    assert len(triplets) == 24 * 5 * 7
    assert set(triplets.negatives.ravel()) <= set(tracks)
    assert triplets.anchors.tolist() == tracks.tolist()
    for t, anchor in enumerate(tracks):
        others = sorted(set(tracks) - {anchor}, key=lambda track: -S[anchor, track])
        assert triplets.positives[t].tolist() == others[:5]
        for i in range(5):
            negatives = triplets.negatives[t, i].tolist()
            assert set(negatives) <= set(others[i + 1 :])
            if strategy == "neighbors":
                assert negatives == others[i + 1 : i + 8]
    again = mine(S, tracks, strategy, 5, 7, seed=3)
    np.testing.assert_array_equal(again.negatives, triplets.negatives)


def test_the_thesis_counts_all_tracks() -> None:
    assert 14_246 * POSITIVES * NEGATIVES == 53_422_500
    assert 8_547 * POSITIVES * NEGATIVES == 32_051_250  # of the training split's 60 %


def test_what_makes_no_sense_is_refused() -> None:
    S = similarities(10)
    with pytest.raises(ValueError, match="no mining 'hard'"):
        mine(S, range(10), "hard", 2, 2)
    for positives, negatives in ((5, 5), (0, 1), (1, 0)):
        with pytest.raises(ValueError, match="10 tracks have no"):
            mine(S, range(10), "random", positives, negatives)
    mine(S, range(10), "random", 4, 5)
    for draw in MINING.values():
        with pytest.raises(ValueError, match="negatives after place"):
            draw(np.arange(1, 10), S[0], 7, 2, np.random.default_rng(0))
