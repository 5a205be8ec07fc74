"""Metrics of ranked tracks: by hand, on a matrix ranked by eye, at chance, and their laws."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.evaluation.metrics import half_width
from vmnet.similarity import chance, evaluate, ranked_lists, reference_lists
from vmnet.similarity.metrics import BEST_DCG, METRICS


def random_lists(n: int, seed: int) -> np.ndarray:
    return ranked_lists(np.random.default_rng(seed).uniform(size=(n, n)))


def test_the_worked_example() -> None:
    # r_3 at place 2, r_1 at 5, r_5 at 21, the others later
    places = np.array([[5, 30, 2, 40, 21]])
    values = {name: metric(places, 20).item() for name, metric in METRICS.items()}
    assert values == pytest.approx(
        {"map": (1 / 2 + 2 / 5) / 5, "recall": 0.4, "rr": 0.5, "ndcg": 0.3725741}
    )
    assert pytest.approx(10.271925, abs=1e-6) == BEST_DCG


def test_a_matrix_ranked_by_eye() -> None:
    # Eight tracks on a line, 0 to 7. For track 0 the system has them on a circle, 1 7 2 6 3 5 4:
    # of the first three, r_1 is at place 1 and r_2 at 3. For all others it ranks as the line does.
    line = -np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    reference = reference_lists(line)
    assert reference[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert reference[4].tolist() == [3, 5, 2, 6, 1, 7, 0]
    ranked = reference.copy()
    ranked[0] = [1, 7, 2, 6, 3, 5, 4]
    scores = evaluate(ranked, reference, k=3)
    first = {name: values[0] for name, values in scores.per_query.items()}
    assert first == pytest.approx(
        {
            "map_at_3": 100 * (1 + 2 / 3) / 5,
            "recall_at_3": 40,
            "rr_at_3": 100,
            "ndcg_at_3": 100 * (5 + 4 / 2) / BEST_DCG,
        }
    )
    assert [values[1:].min() for values in scores.per_query.values()] == pytest.approx(
        [60, 60, 100, 100 * (5 + 4 / np.log2(3) + 3 / 2) / BEST_DCG]
    )


def test_a_perfect_list_scores_100_and_a_reversed_one_as_derived() -> None:
    reference = random_lists(40, 0)
    rows = evaluate(reference, reference).rows()
    assert [row["metric"] for row in rows] == [
        "map_at_20",
        "recall_at_20",
        "rr_at_20",
        "ndcg_at_20",
    ]
    assert [row["value"] for row in rows] == pytest.approx([100] * 4)
    assert {row["n"] for row in rows} == {40}
    assert [row["ci95"] for row in rows] == pytest.approx([0] * 4)
    reversed_rows = evaluate(reference[:, ::-1], reference).rows()
    assert [row["value"] for row in reversed_rows] == [0] * 4
    short = random_lists(11, 0)  # ten others: r_1 to r_5 at places 10 to 6
    values = [row["value"] for row in evaluate(short[:, ::-1], short).rows()]
    gains = sum(g / np.log2(p + 1) for g, p in zip([5, 4, 3, 2, 1], [10, 9, 8, 7, 6], strict=True))
    precision = sum(m / (5 + m) for m in range(1, 6)) / 5
    assert values == pytest.approx([100 * precision, 100, 100 / 6, 100 * gains / BEST_DCG])


@settings(max_examples=50, deadline=None)
@given(st.integers(6, 30), st.integers(1, 40), st.integers(0, 99), st.booleans())
def test_it_is_its_slow_twin(naive: ModuleType, n: int, k: int, seed: int, filtered: bool) -> None:
    ranked, reference = random_lists(n, seed), random_lists(n, seed + 1)
    artists = [f"artist {i // 2 if n > 7 else i}" for i in range(n)] if filtered else None
    per_query = evaluate(ranked, reference, k, artists).per_query
    for query in range(n):
        kept = [
            [t for t in row if artists is None or artists[t] != artists[query]]
            for row in (ranked[query].tolist(), reference[query].tolist())
        ]
        expected = naive.list_metrics(*kept, k)
        for name, value in expected.items():
            assert per_query[f"{name}_at_{k}"][query] == pytest.approx(100 * value)


@settings(max_examples=50, deadline=None)
@given(st.integers(6, 20), st.integers(1, 20), st.integers(0, 99))
def test_the_order_of_tracks_does_not_matter(n: int, k: int, seed: int) -> None:
    ranked, reference = random_lists(n, seed), random_lists(n, seed + 1)
    order = np.random.default_rng(seed).permutation(n)
    name = np.empty(n, int)
    name[order] = np.arange(n)
    moved = evaluate(name[ranked[order]], name[reference[order]], k).per_query
    for metric, values in evaluate(ranked, reference, k).per_query.items():
        np.testing.assert_array_equal(moved[metric], values[order])
        assert ((values >= 0) & (values <= 100 + 1e-9)).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(6, 20), st.integers(0, 99))
def test_more_places_never_score_less(n: int, seed: int) -> None:
    ranked, reference = random_lists(n, seed), random_lists(n, seed + 1)
    few, more = (list(evaluate(ranked, reference, k).per_query.values()) for k in (3, 5))
    assert all((b >= a).all() for a, b in zip(few, more, strict=True))


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (2848, [0.127, 0.702, 0.628, 0.361]),
        (199, [1.974, 10.05, 8.265, 5.166]),
        (99, [4.310, 20.20, 15.25, 10.39]),
    ],
)
def test_chance_in_closed_form(n: int, expected: list[float]) -> None:
    assert list(chance(n).values()) == pytest.approx(expected, rel=6e-4, abs=6e-4)


@pytest.mark.parametrize(("n", "k"), [(5, 1), (5, 20), (30, 20), (99, 5)])
def test_chance_by_simulation(n: int, k: int) -> None:
    rng = np.random.default_rng(0)
    places = 1 + rng.permuted(np.tile(np.arange(n), (20_000, 1)), axis=1)[:, :5]
    for name, metric in METRICS.items():
        values = 100 * metric(places, k)
        error = half_width(values) / 1.96
        assert abs(values.mean() - chance(n, k)[f"{name}_at_{k}"]) <= 3 * error + 1e-9


def test_a_network_that_has_collapsed_scores_chance() -> None:
    n = 300
    S = np.random.default_rng(0).integers(0, 3, (n, n))  # most are tied, and ties go by id
    S = S + S.T
    scores = evaluate(ranked_lists(np.zeros((n, n))), reference_lists(S))
    for row in scores.rows():
        assert abs(row["value"] - scores.chance[row["metric"]]) <= 3 / 1.96 * row["ci95"]
    assert scores.chance == pytest.approx(chance(n - 1))


def test_ranked_lists_sort_by_distance() -> None:
    distances = np.abs(np.subtract.outer([0, 1, 3, 7], [0, 1, 3, 7]))
    assert ranked_lists(distances, seed=5).tolist() == [[1, 2, 3], [0, 2, 3], [1, 0, 3], [2, 1, 0]]


def test_the_artist_filter_leaves_out_own_tracks() -> None:
    n = 12
    artists = [f"artist {i // 2}" for i in range(n)]
    reference = random_lists(n, 0)
    other_half = np.array([[i ^ 1] for i in range(n)])
    own_first = np.array([[i ^ 1, *(t for t in reference[i] if t != i ^ 1)] for i in range(n)])
    assert own_first[:, :1].tolist() == other_half.tolist()
    scores = evaluate(own_first, reference, artists=artists)
    assert [row["value"] for row in scores.rows()] == pytest.approx([100] * 4)
    assert scores.chance == pytest.approx(chance(n - 2))
    assert evaluate(own_first, reference).rows()[0]["value"] < 100


def test_systems_are_compared_query_by_query() -> None:
    reference = random_lists(30, 0)
    one, other = evaluate(reference, reference), evaluate(random_lists(30, 1), reference)
    for row in one.minus(other):
        difference = one.per_query[row["metric"]] - other.per_query[row["metric"]]
        assert row["value"] == pytest.approx(difference.mean())
        assert row["ci95"] == pytest.approx(half_width(difference))
    with pytest.raises(ValueError, match="same queries"):
        one.minus(evaluate(random_lists(29, 1), random_lists(29, 1)))


def test_what_makes_no_sense_is_refused() -> None:
    lists = random_lists(8, 0)
    twice = lists.copy()
    twice[3, 0] = twice[3, 1]
    for wrong in (twice, lists[:, :-1], lists[:-1]):
        with pytest.raises(ValueError, match="ranked must list"):
            evaluate(wrong, lists)
    with pytest.raises(ValueError, match="do not fit"):
        evaluate(random_lists(9, 0), lists)
    with pytest.raises(ValueError, match="fewer than 5"):
        evaluate(lists, lists, artists=["Ann"] * 4 + ["Bob"] * 4)
    with pytest.raises(ValueError, match="as many artists"):
        evaluate(lists, lists, artists=["Ann"])
    with pytest.raises(ValueError, match="chance needs"):
        chance(4)
