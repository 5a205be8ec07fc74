"""Dropout (paper, section V-A), with no more random bits than it needs where that saves time."""

from typing import Any

from vmnet.models.backend import keras


class BitDropout(keras.layers.Dropout):
    """Dropout that draws 8 random bits a unit, with TensorFlow.

    Keras draws 32 and makes a float of them, which on a processor is a tenth of the whole update.
    8 bits are exact for a rate of some 256ths, as 0.5 is; other rates take 16 bits, and are met
    within 1e-5.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop units in training, and scale the others so that the mean stays."""
        if not training or self.rate == 0:
            return inputs
        import tensorflow as tf

        bits, draw = (8, tf.uint8) if (256 * self.rate).is_integer() else (16, tf.uint16)
        dropped = min(round(self.rate * 2**bits), 2**bits - 1)
        n, per_word = tf.size(inputs), 32 // bits
        words = tf.random.stateless_uniform(
            [(n + per_word - 1) // per_word],
            self.seed_generator.next(),
            minval=None,
            maxval=None,
            dtype=tf.int32,
            alg="philox",
        )
        draws = tf.reshape(tf.reshape(tf.bitcast(words, draw), [-1])[:n], tf.shape(inputs))
        kept = tf.cast(draws >= tf.constant(dropped, draw), inputs.dtype)
        return inputs * (kept * (2**bits / (2**bits - dropped)))


_LAYERS = {"tensorflow": BitDropout}


def dropout(rate: float, seed: int, name: str) -> keras.layers.Layer:
    """Return the dropout layer that is fastest with the backend; `seed` decides its masks."""
    return _LAYERS.get(keras.backend.backend(), keras.layers.Dropout)(rate, seed=seed, name=name)
