"""Adam (paper, section V-A), in one pass over the memory where the backend offers it."""

from typing import Any

from vmnet.models.backend import keras


class FusedAdam(keras.optimizers.Adam):
    """Adam with TensorFlow's own kernel, which reads and writes each weight once.

    Keras composes Adam of a dozen operations. On a processor they take three times as long: with
    6 million weights and batches of 256, a quarter of the whole update.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable and its two moments."""
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, gradient.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, gradient.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, gradient.dtype), step),
            lr=tf.cast(learning_rate, gradient.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


# JAX fuses Keras' own by its compiler; for torch Keras takes kernels that go over all weights.
_OPTIMIZERS = {"tensorflow": FusedAdam}


def adam(learning_rate: float) -> keras.optimizers.Optimizer:
    """Return Adam, with Keras' defaults beside the learning rate."""
    return _OPTIMIZERS.get(keras.backend.backend(), keras.optimizers.Adam)(learning_rate)
