"""A convolution by tall kernels that is quick on a processor too."""

from typing import Any

import numpy as np

from vmnet.models.backend import keras, ops


class TallConv(keras.layers.Layer):
    """What `Conv2D(filters, kernel, padding="same")` is for maps of one channel.

    The bands become the channels of a convolution over time, whose kernel holds each weight once
    for each band: half as many products again for 64 rows of 96 bands, but all in one matrix. For
    a kernel of (64, 5), TensorFlow's own takes 30 times as long on a processor.

    Parameters
    ----------
    filters
        How many.
    kernel
        Rows and frames.
    kernel_initializer
        As in `Conv2D`; the bias begins at 0.
    """

    def __init__(
        self, filters: int, kernel: tuple[int, int], kernel_initializer: Any, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.shape, self.kernel_initializer = filters, kernel, kernel_initializer

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights of `Conv2D`."""
        rows, bands = self.shape[0], np.arange(input_shape[1])
        self.kernel = self.add_weight(
            shape=(*self.shape, 1, self.filters),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        row = bands[:, None] - bands + (rows - 1) // 2  # which leads from a band to another
        self.row = np.where((row >= 0) & (row < rows), row, rows)

    def call(self, inputs: Any) -> Any:
        """Convolve: (n, bands, frames, 1) to (n, bands, frames, filters)."""
        _, n_bands, n_frames, _ = inputs.shape
        reached = ops.pad(self.kernel[:, :, 0], [[0, 1], [0, 0], [0, 0]])  # zeros: out of reach
        matrix = ops.transpose(ops.take(reached, self.row, axis=0), (2, 0, 1, 3))
        matrix = ops.reshape(matrix, (self.shape[1], n_bands, n_bands * self.filters))
        frames = ops.transpose(inputs[..., 0], (0, 2, 1))
        maps = ops.conv(frames, matrix, padding="same", data_format="channels_last")
        maps = ops.reshape(maps, (-1, n_frames, n_bands, self.filters))
        return ops.transpose(maps, (0, 2, 1, 3)) + self.bias
