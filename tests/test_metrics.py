"""Ranks, metrics and chance, on matrices small enough to rank by eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vmnet.evaluation import metrics
from vmnet.evaluation.metrics import both_directions, chance, ranks, summarize


def test_ranks_by_eye():
    distances = [
        [0.1, 0.5, 0.9],  # own target nearest
        [0.1, 0.5, 0.9],  # one nearer
        [0.1, 0.5, 0.9],  # two nearer
    ]
    assert ranks(distances).tolist() == [1, 2, 3]
    assert ranks(distances, targets=[2, 0, 0]).tolist() == [3, 1, 1]


def test_ties_share_their_average_rank():
    distances = [[1, 1, 2, 2, 2, 3]] * 3
    assert ranks(distances, targets=[0, 3, 5]).tolist() == [1.5, 4, 6]


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_equal_distances_score_chance(n):
    ranked = ranks(np.zeros((n, n), np.float32))
    assert ranked.tolist() == [(n + 1) / 2] * n


def test_a_matrix_of_zeros_of_both_signs_is_all_equal():
    assert ranks([[0.0, -0.0], [-0.0, 0.0]]).tolist() == [1.5, 1.5]


def test_infinite_distances_come_last():
    assert ranks([[np.inf, 1.0, 2.0]], targets=[0]).tolist() == [3]


@settings(deadline=None)
@given(
    arrays(np.float32, (5, 7), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, -3.0])),
    arrays(np.int64, 5, elements=st.integers(0, 6)),
)
def test_ranks_equal_the_naive_twin(naive, distances, targets):
    assert ranks(distances, targets).tolist() == naive.ranks(distances, targets)


def test_ranks_do_not_depend_on_the_block(monkeypatch):
    distances = np.random.default_rng(0).integers(0, 9, (23, 11)).astype(np.float32)
    targets = np.arange(23) % 11
    whole = ranks(distances, targets)
    monkeypatch.setattr(metrics, "BLOCK_CELLS", 40)
    assert ranks(distances, targets).tolist() == whole.tolist()


def test_both_directions_are_a_matrix_and_its_transpose():
    distances = np.array([[0.2, 0.1, 0.9], [0.8, 0.5, 0.6], [0.3, 0.4, 0.0]])
    directions = both_directions(distances)
    assert directions["V2M"].tolist() == [2, 1, 1]
    assert directions["M2V"].tolist() == [1, 3, 1]


@pytest.mark.parametrize(
    ("distances", "targets", "says"),
    [
        ([[0.0, np.nan], [0.0, 0.0]], None, "query 0 hold NaN"),
        (np.zeros((2, 3)), None, "2 queries, 3 targets"),
        (np.zeros((2, 3)), [0], "2 queries need as many"),
        (np.zeros((2, 3)), [0, 3], r"in 0\.\.2"),
        (np.zeros((2, 3)), [0, -1], r"in 0\.\.2"),
        (np.zeros((2, 3)), [0.0, 1.0], "2 queries need as many"),
        (np.zeros(3), None, "must be"),
        (np.zeros((0, 0)), None, "must be"),
    ],
)
def test_ranks_refuse_bad_input(distances, targets, says):
    with pytest.raises(ValueError, match=says):
        ranks(distances, targets)


def test_nan_names_the_query(monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK_CELLS", 4)
    distances = np.zeros((5, 5))
    distances[3, 1] = np.nan
    with pytest.raises(ValueError, match="query 3"):
        ranks(distances)


def test_summarize_by_hand():
    summary = summarize([1, 1.5, 10, 10.5, 25, 26])
    assert summary == pytest.approx(
        {
            "R@1": 100 / 6,
            "R@10": 50,
            "R@25": 500 / 6,
            "mean_rank": 74 / 6,
            "ci95": 1.96 * np.std([1, 1.5, 10, 10.5, 25, 26], ddof=1) / 6**0.5,
            "median_rank": 10.25,
        }
    )
    assert all(type(value) is float for value in summary.values())


@settings(deadline=None)
@given(st.lists(st.integers(2, 2000).map(lambda twice: twice / 2), min_size=2, max_size=50))
def test_summarize_equals_the_naive_twin(naive, ranked):
    assert summarize(ranked) == pytest.approx(naive.summarize(ranked))


def test_one_query_has_an_infinite_interval():
    assert summarize([4.0])["ci95"] == np.inf
    assert summarize([4.0])["mean_rank"] == 4


@pytest.mark.parametrize("bad", [[], [np.nan, 1], [0.5, 2], [[1, 2]]])
def test_summarize_refuses_what_is_no_rank(bad):
    with pytest.raises(ValueError, match="at least 1"):
        summarize(bad)


@pytest.mark.parametrize("n", [1, 5, 10, 40, 1000])
def test_chance_is_the_summary_of_every_rank_once(n):
    every = summarize(np.arange(1, n + 1))
    every.pop("ci95")
    assert chance(n) == pytest.approx(every)


def test_chance_of_the_paper():
    assert chance(1000) == {
        "R@1": 0.1,
        "R@10": 1,
        "R@25": 2.5,
        "mean_rank": 500.5,
        "median_rank": 500.5,
    }


def test_random_distances_score_chance():
    distances = np.random.default_rng(3).random((1000, 1000), dtype=np.float32)
    summary = summarize(ranks(distances))
    assert summary["mean_rank"] == pytest.approx(500.5, abs=2 * summary["ci95"])
    assert summary["ci95"] == pytest.approx(1.96 * 1000 / 12**0.5 / 1000**0.5, rel=0.05)
