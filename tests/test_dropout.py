"""Dropout of few bits: how many units it drops, which, and that their mean stays."""

import numpy as np
import pytest

from vmnet.models.dropout import BitDropout, dropout

ROWS, UNITS = 400, 2501  # a number of units that fills no word


def dropped_of(layer):
    """Apply `layer` to ones; return what came out, and which units were dropped."""
    out = np.asarray(layer(np.ones((ROWS, UNITS), np.float32), training=True))
    return out, out == 0


@pytest.mark.parametrize("rate", [0.5, 0.25, 0.3, 1 / 3, 0.999, 0.001])
def test_drops_the_share_it_is_told_and_keeps_the_mean(rate):
    out, dropped = dropped_of(dropout(rate, 7, "d"))
    n = out.size
    spread = 5 * np.sqrt(rate * (1 - rate) / n)
    assert dropped.mean() == pytest.approx(rate, abs=spread + 1e-5)
    np.testing.assert_allclose(out[~dropped], 1 / (1 - rate), rtol=1e-2 if rate > 0.9 else 1e-4)
    assert out.mean() == pytest.approx(1, abs=spread / (1 - rate) + 1e-4)


def test_units_are_dropped_independently():
    _, dropped = dropped_of(dropout(0.5, 7, "d"))
    signs = np.where(dropped, 1.0, -1.0)
    expected = 5 / np.sqrt(ROWS * UNITS)
    for lag in (1, 2, 3, 4, 8, 64):  # neighbours come from one word, or from one draw of words
        assert abs((signs[:, lag:] * signs[:, :-lag]).mean()) < 1.1 * expected
    assert abs((signs[1:] * signs[:-1]).mean()) < 1.1 * expected
    by_unit, by_row = dropped.mean(axis=0), dropped.mean(axis=1)
    assert by_unit.std() == pytest.approx(0.5 / np.sqrt(ROWS), rel=0.1)
    assert by_row.std() == pytest.approx(0.5 / np.sqrt(UNITS), rel=0.2)


def test_seed_decides_the_masks_and_each_call_has_its_own():
    one, same, other = (dropout(0.5, seed, "d") for seed in (7, 7, 8))
    first, second = dropped_of(one)[1], dropped_of(one)[1]
    np.testing.assert_array_equal(dropped_of(same)[1], first)
    np.testing.assert_array_equal(dropped_of(same)[1], second)
    for different in (second, dropped_of(other)[1]):
        assert (different != first).mean() == pytest.approx(0.5, abs=0.01)


def test_gradient_is_that_of_the_kept_units():
    import tensorflow as tf

    layer, x = dropout(0.25, 1, "d"), tf.constant(np.arange(1.0, 41).reshape(5, 8), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    np.testing.assert_allclose(tape.gradient(y, x) * x, y, rtol=1e-6)


def test_changes_nothing_outside_training_or_at_rate_zero():
    x = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(dropout(0.5, 1, "d")(x), x)
    np.testing.assert_array_equal(dropout(0.0, 1, "d")(x, training=True), x)
    assert type(dropout(0.5, 1, "d")) is BitDropout
