"""A head that says whether a video and a track belong together (thesis, section 5.2.1).

The other of the two losses that the thesis compares: three fully connected layers of 1,024, 128 and
1 unit on top of the VM-Net, whose output is P(y = 1 | video, music), with the target 1 for pairs of
one clip and 0 for others, and binary cross-entropy. What the thesis leaves open is ours: the two
embeddings enter *concatenated* (as in L3-Net; Arandjelovic and Zisserman, "Look, Listen and
Learn", ICCV 2017), ReLU after the first two layers, as many pairs that match as pairs that do not,
no dropout within the head.

The thesis ranks by "P(y = 0)", which is to say by P(y = 1) from the highest down. We rank by the
logit, whose order is the same where the sigmoid rounds to 0 or 1.

Keras is imported on first use.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

UNITS = (1024, 128, 1)
HEAD = "head"
BLOCK_PAIRS = 16_384  # judged at once: 64 MiB of the first layer's units


def build_head(dim: int, seed: int | np.random.SeedSequence = 0) -> "keras.Model":
    """Build an untrained head: from [music (n, dim), video (n, dim)] to logits (n, 1).

    Weights begin as those of `build_vmnet`. With the 512 of the VM-Net it has 1,180,929 trainable
    parameters.

    Parameters
    ----------
    dim
        Length of an embedding.
    seed
        Draws the initial weights.
    """
    from keras import initializers, layers

    from vmnet.models.backend import keras

    if not isinstance(seed, np.random.SeedSequence):
        seed = np.random.SeedSequence(seed)
    seeds = (seed.generate_state(len(UNITS)) >> 1).tolist()
    music, video = keras.Input((dim,), name="heard"), keras.Input((dim,), name="seen")
    x = layers.Concatenate(name=f"{HEAD}_pair")([music, video])
    for i, (n, own) in enumerate(zip(UNITS, seeds, strict=True), start=1):
        normal = initializers.TruncatedNormal(stddev=(2 / x.shape[-1]) ** 0.5, seed=own)
        x = layers.Dense(n, kernel_initializer=normal, name=f"{HEAD}_dense_{i}")(x)
        x = layers.ReLU(name=f"{HEAD}_relu_{i}")(x) if n > 1 else x
    return keras.Model([music, video], x, name=HEAD)


def with_head(net: "keras.Model", seed: int = 0) -> "keras.Model":
    """Return a VM-Net with a third output, (n, 1): the logits of its own pairs.

    Parameters
    ----------
    net
        As `build_vmnet` and `build_shortcut_vmnet` return it.
    seed
        Draws the weights of the head, and others than those of the branches.
    """
    from vmnet.models.backend import keras

    music, video = net.outputs
    own = np.random.SeedSequence(seed).spawn(3)[2]  # the first two are the branches'
    logits = build_head(music.shape[-1], own)([music, video])
    return keras.Model(net.inputs, [music, video, logits], name=f"{net.name}_with_{HEAD}")


def pair_logits(head: "keras.Model", video: np.ndarray, music: np.ndarray) -> np.ndarray:
    """Return the logits of every video with every track: (n_videos, n_tracks) float32.

    The first layer of a concatenation is a sum, W_v e_v + W_m e_m + b, so that each embedding goes
    through its half once and a pair costs an addition and the two small layers: 0.27 TFLOP for
    1,000 by 1,000 in place of 2.4.

    Parameters
    ----------
    head
        What `build_head` returned, or one that was trained.
    video, music : (n, dim) float
        Embeddings.
    """
    (first, bias), *rest = (
        [np.asarray(_numpy(part)) for part in head.get_layer(f"{HEAD}_dense_{i}").weights]
        for i in range(1, len(UNITS) + 1)
    )
    dim = len(first) // 2
    heard = music.astype(np.float32) @ first[:dim] + bias
    seen = video.astype(np.float32) @ first[dim:]
    logits = np.empty((len(video), len(music)), np.float32)
    step = max(1, BLOCK_PAIRS // len(music))
    for start in range(0, len(seen), step):
        x = seen[start : start + step, None] + heard
        for kernel, bias in rest:
            x = np.maximum(x, 0, out=x) @ kernel + bias
        logits[start : start + step] = x[..., 0]
    return logits


def _numpy(variable: Any) -> np.ndarray:
    from keras import ops

    return ops.convert_to_numpy(variable)
