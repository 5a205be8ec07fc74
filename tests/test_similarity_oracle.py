"""The oracle on tags: by hand, against its slow twin, and the laws that it keeps."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vmnet.similarity import expand, reference_lists, similarity, similarity_matrix

SIXTHS = st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.75, 1.0])


def catalogs(n: int | None = None) -> st.SearchStrategy:
    """Strategy of (weights (n, m), E (m, m), category weights (m,))."""

    def draw(shape: tuple[int, int]) -> st.SearchStrategy:
        n, m = shape
        eye = np.eye(m, dtype=np.float32)
        return st.tuples(
            arrays(np.float32, (n, m), elements=SIXTHS),
            arrays(np.float32, (m, m), elements=SIXTHS).map(lambda E: np.maximum(E, eye)),
            arrays(np.float32, m, elements=st.sampled_from([0.25, 0.5, 1.0])),
        )

    sizes = st.integers(1, 6) if n is None else st.just(n)
    return st.tuples(sizes, st.integers(1, 5)).flatmap(draw)


def test_three_tracks_by_hand() -> None:
    # Tags: Waltz, Dancing, Calm; a waltz makes one dance by 0.6.
    E = [[1, 0.6, 0], [0, 1, 0], [0, 0, 1]]
    weights = [[1, 0, 0], [0, 1, 0], [0.5, 0, 1]]
    expanded = expand(weights, E)
    np.testing.assert_allclose(expanded, [[1, 0.6, 0], [0, 1, 0], [0.5, 0.3, 1]])
    S = similarity_matrix(weights, E, gamma=1)
    # 1, 2: 0.6 of 1 + 1; 1, 3: 0.5 + 0.3 of 1 + 0.6 + 1; 2, 3: 0.3 of 0.5 + 1 + 1
    expected = [[100, 30, 30.769], [30, 100, 12], [30.769, 12, 100]]
    np.testing.assert_allclose(S, expected, atol=1e-3)
    # The mood counts for a fifth: 1, 3: 0.8 of 1.8; 2, 3: 0.3 of 1.7
    S = similarity_matrix(weights, E, [1, 1, 0.2], gamma=1)
    np.testing.assert_allclose(S[2], [44.444, 17.647, 100], atol=1e-3)
    assert reference_lists(S).tolist() == [[2, 1], [0, 2], [0, 1]]
    S = similarity_matrix(weights, E)
    np.testing.assert_allclose(S[0, 1], 100 * 0.3**1.5, rtol=1e-5)


@settings(max_examples=100, deadline=None)
@given(catalogs(), st.sampled_from([0.5, 1.0, 1.5, 3.0]))
def test_it_is_its_slow_twin(naive: ModuleType, catalog: tuple, gamma: float) -> None:
    weights, E, c = catalog
    expanded = [naive.expand(w, E) for w in weights]
    np.testing.assert_allclose(expand(weights, E), expanded, rtol=1e-6)
    S = similarity_matrix(weights, E, c, gamma)
    expected = [[naive.tag_similarity(w, v, c, gamma) for v in expanded] for w in expanded]
    np.testing.assert_allclose(S, expected, atol=2e-3)


@settings(max_examples=100, deadline=None)
@given(catalogs())
def test_laws_of_similarity(catalog: tuple) -> None:
    weights, E, c = catalog
    S = similarity_matrix(weights, E, c)
    assert S.dtype == np.float32
    assert (S == S.T).all()
    assert ((S >= 0) & (S <= 100)).all()
    np.testing.assert_array_equal(np.diag(S), np.where(weights.any(axis=1), 100, 0))
    expanded = expand(weights, E)
    disjoint = expanded @ expanded.T == 0
    np.testing.assert_array_equal(S == 0, disjoint)
    assert (expanded >= weights).all()
    for other in (0.5, 3.0):
        lists = reference_lists(similarity_matrix(weights, E, c, other)) if len(S) > 1 else []
        assert len(S) == 1 or (lists == reference_lists(S)).all()


@settings(max_examples=100, deadline=None)
@given(catalogs(2), st.data())
def test_a_tag_that_both_get_makes_them_no_less_similar(catalog: tuple, data) -> None:
    weights, E, c = catalog
    j = data.draw(st.integers(0, weights.shape[1] - 1))
    more = weights.copy()
    more[:, j] = np.maximum(more[:, j], data.draw(SIXTHS))
    before, after = (similarity_matrix(w, E, c)[0, 1] for w in (weights, more))
    assert after >= before


def test_pairs_are_what_the_matrix_holds() -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(7, 9)) * (rng.uniform(size=(7, 9)) < 0.4)
    E = np.maximum(np.eye(9), 0.4 * (rng.uniform(size=(9, 9)) < 0.2))
    c = rng.uniform(0.2, 1, 9)
    S = similarity_matrix(weights, E, c)
    expanded = expand(weights, E)
    for i in range(7):
        assert similarity(expanded[i], expanded[3], c) == S[i, 3]
        np.testing.assert_array_equal(expand(weights[i], E), expanded[i])


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9).flatmap(lambda n: arrays(np.float32, (n, n), elements=SIXTHS)))
def test_reference_lists_are_sorted_ties_by_id(S: np.ndarray) -> None:
    lists = reference_lists(S)
    assert lists.dtype == np.int32
    for i, row in enumerate(lists.tolist()):
        others = [j for j in range(len(S)) if j != i]
        assert row == sorted(others, key=lambda j: (-S[i, j], j))


def test_long_lists_are_sorted_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    S = np.random.default_rng(0).uniform(size=(50, 50))
    whole = reference_lists(S)
    monkeypatch.setattr("vmnet.similarity.oracle.BLOCK_CELLS", 150)
    np.testing.assert_array_equal(reference_lists(S), whole)


def test_what_makes_no_sense_is_refused() -> None:
    for weights in ([[1.5]], [[-0.1]], [[np.nan]]):
        with pytest.raises(ValueError, match="weights must lie"):
            similarity_matrix(weights)
    with pytest.raises(ValueError, match="do not fit an expansion"):
        expand([1, 0], np.eye(3))
    with pytest.raises(ValueError, match="category weights"):
        similarity_matrix([[1, 0]], None, [1])
    with pytest.raises(ValueError, match="gamma"):
        similarity_matrix([[1, 0]], gamma=0)
    for S in ([[1, 2]], [[1, np.nan], [1, 1]], [[1]]):
        with pytest.raises(ValueError, match="S must be"):
            reference_lists(S)
