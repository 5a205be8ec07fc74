"""How far embeddings lie apart, and what a clip's own similarity matrix says: by hand, by laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.evaluation.diagonal import ends_and_middle, own_and_others, own_is_best
from vmnet.evaluation.dispersion import dispersion, distances_from_mean

seeds = st.integers(0, 2**32 - 1)


def embeddings(seed, n=9, dim=4, mean=0.0):
    x = np.random.default_rng(seed).standard_normal((n, dim)) + mean
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_three_readings_by_hand():
    # Two at right angles: mu = (1/2, 1/2), both at sqrt(1/2) from it, |mu|^2 = 1/2.
    found = dispersion([[1, 0], [0, 1]])
    assert found == pytest.approx(
        {"dispersion": 0.5**0.5, "dispersion_rms": 0.5**0.5, "dispersion_squared": 0.5}
    )
    # Three to the east, one to the west: mu = (1/2, 0); distances 1/2, 1/2, 1/2 and 3/2.
    found = dispersion([[1, 0], [1, 0], [1, 0], [-1, 0]])
    assert found == pytest.approx(
        {"dispersion": 0.75, "dispersion_rms": 0.75**0.5, "dispersion_squared": 0.75}
    )


@given(seed=seeds, mean=st.floats(0, 5))
@settings(deadline=None, max_examples=50)
def test_laws_of_the_dispersion(seed, mean):
    x = embeddings(seed, mean=mean)
    found = dispersion(x)
    assert np.mean(distances_from_mean(x) ** 2) == pytest.approx(found["dispersion_squared"])
    assert 0 <= found["dispersion_squared"] <= found["dispersion_rms"] <= 1
    assert found["dispersion"] <= found["dispersion_rms"] + 1e-12  # Jensen
    assert (distances_from_mean(x) < 2).all()
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
    order = np.random.default_rng(seed).permutation(len(x))
    assert dispersion(x[order] @ turn) == pytest.approx(found)
    assert dispersion(np.concatenate([x, x])) == pytest.approx(found)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_limits_of_the_dispersion(seed):
    x = embeddings(seed)
    point = dispersion(np.repeat(x[:1], 5, axis=0))
    assert list(point.values()) == pytest.approx([0, 0, 0], abs=1e-7)
    around = dispersion(np.concatenate([x, -x]))
    assert list(around.values()) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("bad", [[[3, 4]], [[0, 0]], np.zeros((0, 2)), [1, 0]])
def test_embeddings_must_be_of_unit_norm(bad):
    with pytest.raises(ValueError, match="embeddings"):
        dispersion(bad)


def test_own_matrix_by_hand():
    similarity = [[0.9, 0.2, 0.1], [0.4, 0.3, 0.2], [0.0, 0.3, 0.6]]
    assert own_and_others(similarity) == pytest.approx((1.8 / 3, 1.2 / 6))
    assert own_is_best(similarity) == pytest.approx(200 / 3)
    assert ends_and_middle(similarity) == pytest.approx((0.75, 0.3))


@given(seed=seeds, k=st.integers(3, 12))
@settings(deadline=None, max_examples=25)
def test_laws_of_the_own_matrix(seed, k):
    similarity = np.random.default_rng(seed).uniform(-1, 1, (k, k))
    own, others = own_and_others(similarity)
    assert own_and_others(similarity + 1) == pytest.approx((own + 1, others + 1))
    assert own_and_others(similarity.T) == pytest.approx((own, others))
    assert (own + (k - 1) * others) / k == pytest.approx(similarity.mean())
    assert own_is_best(2 * similarity - 1) == own_is_best(similarity)
    ends, middle = ends_and_middle(similarity)
    assert ends_and_middle(similarity[::-1, ::-1]) == pytest.approx((ends, middle))
    assert (2 * ends + (k - 2) * middle) / k == pytest.approx(own)
    even = np.full((k, k), 0.3)
    assert own_and_others(even) == pytest.approx((0.3, 0.3))
    assert own_is_best(even) == pytest.approx(100 / k)  # chance
    assert own_is_best(np.eye(k)) == 100


@pytest.mark.parametrize("function", [own_and_others, own_is_best, ends_and_middle])
@pytest.mark.parametrize("bad", [np.zeros((1, 1)), np.zeros((3, 4)), np.zeros(3)])
def test_what_is_no_matrix_of_a_clip_is_refused(function, bad):
    with pytest.raises(ValueError, match=r"must be \(K, K\)"):
        function(bad)
