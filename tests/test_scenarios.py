"""Scenarios, on clips whose segments are numbered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners.sequences import Sequences
from vmnet.evaluation.scenarios import SCENARIOS


def numbered(*clips: list[int]) -> Sequences:
    return Sequences.from_list([np.array(clip)[:, None] for clip in clips])


def numbers(sequences: Sequences) -> list[list[int]]:
    return [clip[:, 0].astype(int).tolist() for clip in sequences]


QUERIES = numbered([1, 2, 3, 4, 5], [6], [7, 8], [9, 10, 11])
TARGETS = numbered([21, 22], [23])
CROPPED = [[3, 4, 5], [6], [8], [11]]
STRETCHED = [[21, 21, 22, 22], [23, 23]]


@pytest.mark.parametrize(
    ("name", "queries", "targets"),
    [
        ("vanilla", numbers(QUERIES), numbers(TARGETS)),
        ("crop_query", CROPPED, numbers(TARGETS)),
        ("stretch_targets", numbers(QUERIES), STRETCHED),
        ("crop_stretch", CROPPED, STRETCHED),
    ],
)
def test_by_hand(name, queries, targets):
    changed_queries, changed_targets = SCENARIOS[name](QUERIES, TARGETS)
    assert numbers(changed_queries) == queries
    assert numbers(changed_targets) == targets
    assert changed_queries.ids == QUERIES.ids
    assert changed_targets.ids == TARGETS.ids


def test_the_four_scenarios_of_the_paper_and_no_input_changed():
    before = QUERIES.data.copy(), TARGETS.data.copy()
    for scenario in SCENARIOS.values():
        scenario(QUERIES, TARGETS)
    assert list(SCENARIOS) == ["vanilla", "crop_query", "stretch_targets", "crop_stretch"]
    np.testing.assert_array_equal(before[0], QUERIES.data)
    np.testing.assert_array_equal(before[1], TARGETS.data)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=6), min_size=1, max_size=6))
def test_equal_the_naive_twins(naive, clips):
    sequences = numbered(*clips)
    queries, targets = SCENARIOS["crop_stretch"](sequences, sequences)
    assert numbers(queries) == [naive.crop(clip) for clip in clips]
    assert numbers(targets) == [naive.stretch(clip) for clip in clips]
