"""PCA whitening and quantisation, against NumPy's own eigendecomposition and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmnet.errors import WeightsError
from vmnet.features import pca


@pytest.fixture
def components(tmp_path, rng):
    """A small PCA as YouTube-8M publishes its own: columns for vectors, all components kept."""
    samples = rng.normal(size=(4000, 12)) @ rng.normal(size=(12, 12)) + rng.normal(size=12)
    values, vectors = np.linalg.eigh(np.cov(samples.T))
    order = np.argsort(-values)
    np.save(tmp_path / "mean.npy", samples.mean(axis=0)[:, None].astype(np.float32))
    np.save(tmp_path / "eigenvals.npy", values[order][:, None].astype(np.float32))
    np.save(tmp_path / "eigenvecs.npy", vectors[:, order].T.astype(np.float32))
    return tmp_path, samples


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_whitened_features_have_unit_variance_and_no_correlation(components):
    folder, samples = components
    white = pca.inception_pca(folder, n_in=12, n_out=7)(samples)
    assert (white.shape, white.dtype) == ((4000, 7), np.float32)
    np.testing.assert_allclose(np.cov(white.T), np.eye(7), atol=5e-3)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-3)


def test_the_formula_is_that_of_the_published_extractor(components):
    folder, samples = components
    mean, values, vectors = (
        np.load(folder / f"{n}.npy") for n in ("mean", "eigenvals", "eigenvecs")
    )
    for sample, ours in zip(
        samples[:20], pca.inception_pca(folder, 12, 7)(samples[:20]), strict=True
    ):
        for k in range(7):
            projected = sum((sample[i] - mean[i, 0]) * vectors[k, i] for i in range(12))
            assert ours[k] == pytest.approx(projected / np.sqrt(values[k, 0] + 1e-4), abs=1e-4)


def test_a_vanishing_eigenvalue_is_held_up_by_epsilon(tmp_path):
    np.save(tmp_path / "mean.npy", np.zeros((2, 1)))
    np.save(tmp_path / "eigenvals.npy", np.array([[1.0], [0.0]]))
    np.save(tmp_path / "eigenvecs.npy", np.eye(2))
    white = pca.inception_pca(tmp_path, 2, 2)(np.ones((1, 2)))
    np.testing.assert_allclose(white, [[1 / np.sqrt(1.0001), 100.0]], rtol=1e-6)


def test_the_sound_is_rotated_by_rows_and_not_scaled(tmp_path, rng):
    vectors, mean = rng.normal(size=(4, 4)), rng.normal(size=4)
    np.savez(tmp_path / "p.npz", pca_eigen_vectors=vectors, pca_means=mean[:, None])
    features = rng.normal(size=(6, 4))
    expected = [[np.dot(vectors[k], row - mean) for k in range(4)] for row in features]
    np.testing.assert_allclose(
        pca.vggish_pca(tmp_path / "p.npz", 4)(features), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("mean", np.zeros(11), r"mean\.npy .*12 values"),
        ("eigenvals", np.ones((6, 1)), r"eigenvals\.npy .*7 values"),
        ("eigenvals", -np.ones((12, 1)), r"eigenvals\.npy .*not negative"),
        ("eigenvecs", np.zeros((12, 11)), r"eigenvecs\.npy .*\(7 or more, 12\)"),
        ("eigenvecs", np.full((12, 12), np.nan), r"eigenvecs\.npy .*finite"),
        ("mean", np.array([{}] * 12), r"mean\.npy .*no \.npy"),
        ("mean", np.array(["a"] * 12), r"mean\.npy .*floating"),
    ],
)
def test_what_is_not_the_published_pca_is_named(components, name, array, reason):
    folder, _ = components
    np.save(folder / f"{name}.npy", array)
    with pytest.raises(WeightsError, match=f"{reason}.*vmnet weights fetch") as raised:
        pca.inception_pca(folder, 12, 7)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"<html>404</html>"])
def test_files_that_are_no_arrays_are_named(components, content):
    folder, _ = components
    (folder / "mean.npy").write_bytes(content)
    with pytest.raises(WeightsError, match=r"mean\.npy"):
        pca.inception_pca(folder, 12, 7)
    (folder / "p.npz").write_bytes(content)
    with pytest.raises(WeightsError, match=r"p\.npz"):
        pca.vggish_pca(folder / "p.npz")


def test_missing_files_and_arrays_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"mean\.npy"):
        pca.inception_pca(tmp_path)
    np.savez(tmp_path / "p.npz", pca_means=np.zeros(128))
    with pytest.raises(WeightsError, match=r"p\.npz.*pca_eigen_vectors"):
        pca.vggish_pca(tmp_path / "p.npz")
    np.savez(tmp_path / "p.npz", pca_means=np.zeros(128), pca_eigen_vectors=np.zeros((64, 128)))
    with pytest.raises(WeightsError, match=r"\(64, 128\).*\(128, 128\)"):
        pca.vggish_pca(tmp_path / "p.npz")


def test_quantisation_by_hand():
    step = 4 / 255
    values = np.array([-9, -2, -2 + 0.6 * step, 0, 2 - 0.6 * step, 2, 9])
    assert pca.quantize(values).tolist() == [0, 0, 1, 128, 254, 255, 255]
    assert pca.quantize(values, rounded=False).tolist() == [0, 0, 0, 127, 254, 255, 255]
    np.testing.assert_allclose(
        pca.dequantize(np.array([0, 155, 255], np.uint8)),
        [-2 + 4 / 512, 155 * 4 / 255 + 4 / 512 - 2, 2 + 4 / 512],
        rtol=1e-6,
    )


@given(st.floats(-2, 2), st.booleans())
def test_quantised_values_come_back_within_a_step(value, rounded):
    levels = pca.quantize(np.array([value]), rounded)
    assert levels.dtype == np.uint8
    assert abs(pca.dequantize(levels)[0] - value) < 4 / 255
    assert pca.quantize(pca.dequantize(levels), rounded=False) == levels
