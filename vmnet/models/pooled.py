"""A VM-Net that learns how to make one vector of a clip's frames (thesis, section 5.2.3).

A layer of `vmnet.models.pooling` stands before each branch. Of every clip 100 frames are drawn,
anew each time it comes into a batch, and at inference by a seed. At its start the network is that
of the means of the frames, with the same weights: frames are standardised as those means are.

A batch is 100 times as large as one of means. It is gathered from the file that the frames are
mapped from, one batch ahead, so that memory holds two or three batches however many clips there
are.
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vmnet.aligners.sequences import Sequences
from vmnet.models.embedder import MODALITIES, TrainedVMNet, require_finite
from vmnet.models.sampling import Frames
from vmnet.models.settings import PooledConfig
from vmnet.models.vmnet import Statistics

if TYPE_CHECKING:
    import keras

_CLIPS_AT_ONCE = 64  # that are embedded


def with_pooling(
    net: "keras.Model", aggregation: str, statistics: tuple[Statistics, Statistics] | None = None
) -> "keras.Model":
    """Return `net` with a layer before each branch that pools frames.

    Parameters
    ----------
    net
        What `build_vmnet` or `build_shortcut_vmnet` returns.
    aggregation
        "autopool" or "attention".
    statistics
        Mean and variance that frames are standardised by, music first; None takes them as they are.

    Returns
    -------
    keras.Model
        From [music (n, frames, music_dim), video (n, frames, video_dim)] to what `net` gives. On
        128 and 1,024 features it has 1,152 or 1,154 more parameters, 6,038,656 or 6,038,658.
    """
    import keras

    from vmnet.models.pooling import POOLING

    inputs, outputs = [], []
    for i, name in enumerate(MODALITIES):
        frames = keras.Input((None, net.inputs[i].shape[-1]), name=f"{name}_frames")
        x = frames
        if statistics is not None:
            mean, variance = statistics[i]
            standardize = keras.layers.Normalization(
                mean=mean, variance=variance, name=f"{name}_frames_standardize"
            )
            x = standardize(x)
        x = POOLING[aggregation](name=f"{name}_{aggregation}")(x)
        branch = keras.Model(net.inputs[i], net.outputs[i], name=f"{name}_branch")
        inputs.append(frames)
        outputs.append(branch(x))
    return keras.Model(inputs, outputs, name=f"{aggregation}_{net.name}")


def clip_means(frames: Sequences) -> Sequences:
    """Return the mean of each clip's frames, one float32 row a clip."""
    means = [rows.mean(axis=0, dtype=np.float64) for rows in frames]
    return _one_row_a_clip(np.array(means, np.float32), frames)


class PooledVMNet(TrainedVMNet):
    """A trained network that pools frames; see `TrainedVMNet`. Its config is a `PooledConfig`."""

    def embed_music(self, music: Sequences, every: bool = False) -> Sequences:
        """Embed the frames of clips: one row a clip, unit norm.

        Parameters
        ----------
        music
            Frames, (n_frames, music_dim) a clip.
        every
            Whether to take all frames, in place of some that are drawn. The seed of the training
            and a clip's name decide which, so that both tracks have the same.

        Raises
        ------
        ValueError
            If the features have another length than in training.
        VmnetError
            If one is not finite.
        """
        return self._embed_clips(0, music, every)

    def embed_video(self, video: Sequences, every: bool = False) -> Sequences:
        """Embed the frames of clips, as `embed_music` does music."""
        return self._embed_clips(1, video, every)

    def _embed_clips(self, index: int, frames: Sequences, every: bool) -> Sequences:
        from keras import ops

        branch, name = self._branches[index], MODALITIES[index]
        if frames.dim != branch.input_shape[-1]:
            raise ValueError(
                f"the model takes {name} features of length {branch.input_shape[-1]}, not "
                f"{frames.dim}: use the extractor it was trained with"
            )
        require_finite(frames, name)
        if every:
            batches = [np.arange(*ends)[None] for ends in pairwise(frames.offsets.tolist())]
        else:
            rows = self.drawn(frames)
            batches = [rows[i : i + _CLIPS_AT_ONCE] for i in range(0, len(rows), _CLIPS_AT_ONCE)]
        embedded = [
            ops.convert_to_numpy(branch(frames.data[rows].astype(np.float32))) for rows in batches
        ]
        return _one_row_a_clip(np.concatenate(embedded), frames)

    def weights(self, frames: Sequences, modality: str) -> list[np.ndarray]:
        """Return how much each frame of a clip weighs among all, (n_frames,) with sum 1.

        Of Auto-pool, which weighs each feature by itself, it is the mean over the features.
        """
        from keras import ops

        from vmnet.models.pooling import frame_weights

        assert isinstance(self.config, PooledConfig)
        layer = self.model.get_layer(f"{modality}_{self.config.aggregation}")
        centre, variance = (self.statistics or (None, None))[MODALITIES.index(modality)] or (0, 1)
        scaled = (((rows - centre) / np.sqrt(variance)).astype(np.float32) for rows in frames)
        return [ops.convert_to_numpy(frame_weights(layer, rows[None]))[0] for rows in scaled]

    def drawn(self, frames: Sequences) -> np.ndarray:
        """Return the rows of the frames that stand for each clip, (n_clips, frames) int64."""
        config = self.config
        assert isinstance(config, PooledConfig)
        draws = Frames(frames.offsets, config.frames)
        return np.concatenate(
            [
                draws.of(np.random.default_rng([config.seed, *clip_id.encode()]), np.array([i]))
                for i, clip_id in enumerate(frames.ids)
            ]
        )


def _one_row_a_clip(data: np.ndarray, clips: Sequences) -> Sequences:
    return replace(clips, data=np.ascontiguousarray(data), offsets=np.arange(len(clips) + 1))
