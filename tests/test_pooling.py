"""The layers that pool frames: their limits, masks, gradients, and the same on two backends."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from vmnet.models.pooling import Attention, AutoPool

# One clip of three frames and two features.
TOY = np.array([[[0.0, 1.0], [1.0, 1.0], [2.0, 4.0]]], np.float32)


def frames_of(seed=0, shape=(4, 9, 5)):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def auto_pool(x, alpha, mask=None, **options):
    layer = AutoPool(**options)
    layer.build(x.shape)
    layer.alpha.assign(np.broadcast_to(np.float32(alpha), layer.alpha.shape))
    return ops.convert_to_numpy(layer(x, mask=mask))


def attention(x, w, b, mask=None):
    layer = Attention()
    layer.build(x.shape)
    layer.w.assign(w)
    layer.b.assign(b)
    return ops.convert_to_numpy(layer(x, mask=mask))


def pooled(name, x, mask=None):
    """Pool with some parameters, by a layer's name."""
    rng = np.random.default_rng(7)
    w, b = rng.standard_normal(x.shape[-1]), 0.3
    return auto_pool(x, w, mask) if name == "autopool" else attention(x, w, b, mask)


LAYERS = ("autopool", "attention")


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.0, [1.0, 2.0]),  # the mean
        # exp(1) = 2.718, exp(2) = 7.389, exp(4) = 54.598
        (1.0, [(2.718282 + 2 * 7.389056) / 11.107338, (2 * 2.718282 + 4 * 54.598150) / 60.034714]),
        (1e3, [2.0, 4.0]),  # the maximum
        (-1e3, [0.0, 1.0]),  # the minimum
    ],
)
@pytest.mark.parametrize("per_dimension", [True, False])
def test_auto_pool_by_hand(alpha, expected, per_dimension):
    out = auto_pool(TOY, alpha, per_dimension=per_dimension)
    np.testing.assert_allclose(out, [expected], rtol=1e-5, atol=1e-6)


def test_attention_by_hand():
    """tanh(0) = 0 twice and tanh(large) = 1: weights 1, 1 and e over 2 + e."""
    x = np.array([[[0.0, 1.0], [0.0, 2.0], [50.0, 3.0]]], np.float32)
    e = np.e
    expected = [[50 * e / (2 + e), (1 + 2 + 3 * e) / (2 + e)]]
    np.testing.assert_allclose(attention(x, [1.0, 0.0], 0.0), expected, rtol=1e-5)


@pytest.mark.parametrize("layer", [AutoPool(), AutoPool(per_dimension=False), Attention()])
def test_every_layer_begins_as_the_mean(layer):
    x = frames_of()
    np.testing.assert_allclose(layer(x), x.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("alpha", [-1e3, -1.0, -0.3, 0.0, 0.5, 1.0, 4.0, 1e3])
def test_auto_pool_is_its_slow_twin(alpha, naive):
    x = frames_of(1)
    expected = [naive.auto_pool(clip, [alpha] * 5) for clip in x]
    np.testing.assert_allclose(auto_pool(x, alpha), expected, atol=1e-5)


def test_each_feature_has_its_own_alpha(naive):
    x, alphas = frames_of(2), np.array([-1e3, -1.0, 0.0, 2.0, 1e3])
    expected = [naive.auto_pool(clip, alphas) for clip in x]
    np.testing.assert_allclose(auto_pool(x, alphas), expected, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.3, 100.0])
def test_attention_is_its_slow_twin(scale, naive):
    x, w = frames_of(3), scale * frames_of(4, (5,))
    expected = [naive.attention(clip, w, 0.2) for clip in x]
    np.testing.assert_allclose(attention(x, w, 0.2), expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.floats(0, 1e3))
def test_no_frame_weighs_e_squared_times_another(seed, scale):
    """Of 100 frames each has between 0.0014 and 0.0694 of the weight: 1 / (1 + 99 e^2) at least."""
    x = np.zeros((1, 100, 100), np.float32)
    x[0] = np.eye(100)  # so that what comes out is the weights
    w = scale * np.random.default_rng(seed).standard_normal(100)
    (weights,) = attention(x, w, 0.0)
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert weights.max() / weights.min() <= np.exp(2) * (1 + 1e-5)
    assert 0.00136 < weights.min() <= weights.max() < 0.0695


@pytest.mark.parametrize("name", LAYERS)
def test_order_of_the_frames_changes_nothing(name):
    x = frames_of(5)
    shuffled = x[:, np.random.default_rng(0).permutation(x.shape[1])]
    np.testing.assert_allclose(pooled(name, shuffled), pooled(name, x), atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("padding", [0.0, 1e6, np.nan, np.inf])
def test_masked_frames_are_not_there(name, padding):
    """Whatever they hold, and wherever they are."""
    x = frames_of(6)
    mask = np.ones(x.shape[:2], bool)
    mask[0, 3:], mask[1, [0, 4, 8]], mask[2, 1:] = False, False, False
    full = np.where(mask[:, :, None], x, np.float32(padding))
    expected = [pooled(name, clip[None, kept])[0] for clip, kept in zip(x, mask, strict=True)]
    np.testing.assert_allclose(pooled(name, full, mask), expected, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_a_clip_without_frames_gives_zeros(name):
    x, mask = frames_of(7), np.ones((4, 9), bool)
    mask[1] = False
    out = pooled(name, x, mask)
    np.testing.assert_array_equal(out[1], 0)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("layer", [AutoPool, Attention])
def test_mask_of_a_layer_before_is_respected(layer):
    """As Keras passes it on; and none goes further, as no frames are left."""
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, layer()(keras.layers.Masking(9.0)(inputs)))
    x = np.array([[[1, 2], [9, 9], [3, 4]], [[9, 9], [5, 6], [9, 9]]], np.float32)
    np.testing.assert_allclose(model(x), [[2, 3], [5, 6]], atol=1e-6)
    assert getattr(model.outputs[0], "_keras_mask", None) is None


def test_gradient_of_alpha_by_finite_differences():
    """dy/da of each feature, at alphas from -3 to 3."""
    import tensorflow as tf

    x, alphas, step = frames_of(8), np.linspace(-3, 3, 5), 1e-2
    layer = AutoPool()
    layer.build(x.shape)
    layer.alpha.assign(alphas)
    with tf.GradientTape() as tape:
        total = ops.sum(layer(x))
    gradient = tape.gradient(total, layer.alpha.value)
    up, down = (auto_pool(x, alphas + sign * step).sum(axis=0) for sign in (1, -1))
    np.testing.assert_allclose(gradient, (up - down) / (2 * step), atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("layer", [AutoPool, Attention])
@pytest.mark.parametrize("far", [1e3, -1e3])
def test_gradients_are_finite_however_far(layer, far):
    import tensorflow as tf

    x, mask = frames_of(9), np.ones((4, 9), bool)
    mask[0], mask[1, 5:] = False, False
    one = layer()
    one.build(x.shape)
    one.trainable_variables[0].assign(np.full(5, far))
    with tf.GradientTape() as tape:
        total = ops.sum(one(x, mask=mask))
    for gradient in tape.gradient(total, [v.value for v in one.trainable_variables]):
        assert np.isfinite(gradient).all()


def test_numbers_of_parameters():
    """On 128 and 1,024 features: 1,152 alphas; 1,152 weights and 2 biases (thesis, 5.2.3)."""
    counts = {}
    for layer in (AutoPool, Attention):
        both = [layer(), layer()]
        for one, dim in zip(both, (128, 1024), strict=True):
            one.build((None, 100, dim))
        counts[layer] = sum(one.count_params() for one in both)
    assert counts == {AutoPool: 1152, Attention: 1154}


def test_layers_are_made_again_from_their_configuration():
    layer = AutoPool.from_config(AutoPool(per_dimension=False, alpha=2.0, name="a").get_config())
    assert (layer.per_dimension, layer.start, layer.name) == (False, 2.0, "a")
    assert Attention.from_config(Attention(name="b").get_config()).name == "b"


ELSEWHERE = """
import numpy as np, sys
from keras import backend, ops
from vmnet.models.pooling import Attention, AutoPool
assert backend.backend() == "torch"
x, mask, w = (np.load(sys.argv[1])[name] for name in ("x", "mask", "w"))
out = {}
for layer in (AutoPool(), Attention()):
    layer.build(x.shape)
    layer.trainable_variables[0].assign(w)
    y = layer(x, mask=mask)
    ops.sum(y).backward()
    gradient = layer.trainable_variables[0].value.grad
    name = type(layer).__name__
    out |= {name: ops.convert_to_numpy(y), name + "_gradient": gradient.cpu().numpy()}
np.savez(sys.argv[2], **out)
"""


def test_same_on_another_backend(tmp_path):
    """Values and gradients with torch, masks included."""
    import tensorflow as tf

    x, mask = frames_of(10), np.ones((4, 9), bool)
    mask[0, 4:], mask[1] = False, False
    w = np.array([-1e3, -1, 0, 1, 1e3], np.float32)
    given, came = tmp_path / "in.npz", tmp_path / "out.npz"
    np.savez(given, x=x, mask=mask, w=w)
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(given), str(came)],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        check=True,
        timeout=300,
    )
    there = np.load(came)
    for layer in (AutoPool(), Attention()):
        layer.build(x.shape)
        variable = layer.trainable_variables[0]
        variable.assign(w)
        with tf.GradientTape() as tape:
            y = layer(x, mask=mask)
        name = type(layer).__name__
        np.testing.assert_allclose(there[name], y, atol=1e-5)
        gradient = tape.gradient(y, variable.value)
        np.testing.assert_allclose(there[name + "_gradient"], gradient, atol=1e-4)
