"""Controls: rankings by where tracks are cut, on matrices small enough to rank by eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.evaluation import CONTROLS, ranks
from vmnet.evaluation.controls import control_matrix
from vmnet.evaluation.experiment import evaluate_controls

every_control = pytest.mark.parametrize("control", CONTROLS)
clips = st.lists(
    st.lists(st.integers(1, 30), min_size=1, max_size=7).map(lambda own: np.cumsum([0, *own])),
    min_size=1,
    max_size=6,
)

A, B, C = np.array([0.0, 10, 30]), np.array([0.0, 20, 30]), np.array([0.0, 5, 15, 35, 38])
# lengths: A 10 20, B 20 10, C 5 10 20 3


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("count", [[0, 0, 2], [0, 0, 2], [2, 2, 0]]),
        # 20 10 against 20 10 5 3: the last two have no partner
        ("lengths_sorted", [[0, 0, 8], [0, 0, 8], [8, 8, 0]]),
        # A fits into the middle of C, B best at its end: 0 + 7, and 15 s that are before
        ("lengths_ordered", [[0, 20, 8], [20, 0, 22], [8, 22, 0]]),
    ],
)
def test_worked_by_hand(control, expected):
    np.testing.assert_array_equal(control_matrix([A, B, C], [A, B, C], control), expected)


def test_lengths_are_as_their_slow_twins_on_fixed_clips(naive):
    found = control_matrix([A], [C], "lengths_ordered")[0, 0]
    assert found == naive.lengths_ordered([10, 20], [5, 10, 20, 3]) == 8


@given(queries=clips, targets=clips)
@settings(deadline=None)
def test_lengths_are_as_their_slow_twins(naive, queries, targets):
    for control in ("lengths_sorted", "lengths_ordered"):
        twin = getattr(naive, control)
        expected = [[twin(np.diff(q), np.diff(t)) for t in targets] for q in queries]
        np.testing.assert_allclose(control_matrix(queries, targets, control), expected, rtol=1e-6)


@every_control
@given(edges=clips, data=st.data())
@settings(deadline=None)
def test_the_order_of_clips_is_the_order_of_rows_and_columns(control, edges, data):
    order = data.draw(st.permutations(range(len(edges))))
    whole = control_matrix(edges, edges, control)
    moved = control_matrix([edges[i] for i in order], [edges[i] for i in order], control)
    np.testing.assert_array_equal(moved, whole[np.ix_(order, order)])
    np.testing.assert_array_equal(whole, whole.T)


@every_control
def test_shared_cuts_name_the_right_track(control):
    """As many clips as numbers of segments: nothing is nearer than a clip's own cuts."""
    rng = np.random.default_rng(0)
    edges = [np.cumsum([0, *rng.uniform(1, 9, n)]) for n in range(1, 30)]
    np.testing.assert_array_equal(ranks(control_matrix(edges, edges, control)), 1)


@every_control
def test_equal_cuts_are_at_chance(control):
    edges = [np.array([0.0, 20, 40, 60])] * 7
    np.testing.assert_array_equal(ranks(control_matrix(edges, edges, control)), 4)


def test_rows_are_those_of_distances():
    rows = evaluate_controls([A, B], [A, B])
    assert {row["distance"] for row in rows} == set(CONTROLS)
    assert {row["scenario"] for row in rows} == {"vanilla"}
    found = {
        (r["distance"], r["direction"]): r["value"] for r in rows if r["metric"] == "mean_rank"
    }
    assert found["count", "V2M"] == 1.5  # both have two segments
    assert found["lengths_ordered", "M2V"] == 1


@pytest.mark.parametrize(
    ("queries", "targets", "control", "says"),
    [
        ([A], [A], "lengths", "unknown control 'lengths': choose from count, lengths_sorted"),
        ([], [A], "count", "one or more"),
        ([[0.0]], [A], "count", "2 or more increasing times"),
        ([[0.0, 2, 2]], [A], "count", "2 or more increasing times"),
    ],
)
def test_bad_boundaries_are_refused(queries, targets, control, says):
    with pytest.raises(ValueError, match=says):
        control_matrix(queries, targets, control)
