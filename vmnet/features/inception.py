"""The paper's video features: Inception's penultimate layer, whitened to 1,024 values a second.

Szegedy et al., "Rethinking the Inception architecture for computer vision", 2015, trained on
ImageNet; the graph of 2015-12-05, as YouTube-8M uses it (thesis 5.1.1). Pictures go in at their own
size at the tensor `DecodeJpeg:0` (the graph scales them to 299 x 299 itself); 2,048 values come out
at `pool_3/_reshape:0`, are whitened to 1,024 (`vmnet.features.pca`) and quantised to 8 bits, as the
published features are. Like Google's extractors, it takes the pictures at 0, 1, 2, ... seconds.

Features made so approximate the published ones and do not equal them, as the maintainers of
Google's extractor say themselves (issue 408 of github.com/google-ai-edge/mediapipe). The paper made
its own with that extractor (III-A), which does not quantise: `extractor(quantized=False)`.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vmnet import media, pretrained
from vmnet.errors import WeightsError
from vmnet.features.extractor import Extractor
from vmnet.features.pca import Pca, dequantize, inception_pca, quantize
from vmnet.quiet import quiet

VERSION = 1  # of this file: change it when the features become others
DIM = 1024
HIDDEN = 2048
GRAPH = "classify_image_graph_def.pb"
INPUT, OUTPUT = "DecodeJpeg:0", "pool_3/_reshape:0"
HARMLESS = frozenset({"CheckNumerics"})  # counted as stateful by TensorFlow, and in the graph

Network = Callable[[np.ndarray], np.ndarray]


def extract(path: Path, quantized: bool = True) -> np.ndarray:
    """Return the whitened features of the picture at the start of each second of a video.

    Parameters
    ----------
    path
        A media file with pictures.
    quantized
        Whether the values take the 8-bit steps of the published features, and so lie in [-2, 2.01].

    Returns
    -------
    `(n_seconds, 1024) float32`.

    Raises
    ------
    MediaError
        If the file has no pictures or cannot be read.
    WeightsError
        If the weights are missing or not the published ones.
    """
    duration = media.require(path, audio=False).duration
    network, pca = _networks()
    times = range(media.n_seconds(duration))
    hidden = np.stack([network(picture) for picture in media.pictures(path, times, None)])
    features = pca(hidden)
    return dequantize(quantize(features)) if quantized else features


def extractor(quantized: bool = True) -> Extractor:
    """Return the extractor `inception`, with quantisation or without."""
    return Extractor(
        name="inception",
        modality="video",
        dim=DIM,
        extract=functools.partial(extract, quantized=quantized),
        parameters={"weights": "2015-12-05", "quantized": quantized, "version": VERSION},
    )


INCEPTION = extractor()


def load(path: Path) -> Network:
    """Return the network as a function of one picture, `(height, width, 3) uint8` RGB to `(2048,)`.

    The graph is run by TensorFlow. It is refused if it holds operations that could do anything but
    compute, such as writing files.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or lacks the tensors.
    """
    with quiet():
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        graph = tf.compat.v1.GraphDef()
        try:
            graph.ParseFromString(path.read_bytes())
            _refuse_side_effects(path, graph)
            with tf.Graph().as_default() as whole:
                tf.graph_util.import_graph_def(graph, name="")
            ends = [whole.get_tensor_by_name(name) for name in (INPUT, OUTPUT)]
        except (OSError, DecodeError, KeyError, ValueError) as error:
            raise WeightsError(_sentence(path, _first_line(error))) from error
        if not ends[1].shape.is_compatible_with((1, HIDDEN)) or ends[0].dtype != tf.uint8:
            raise WeightsError(_sentence(path, f"{OUTPUT} has the shape {ends[1].shape}"))
        # A session, since a tf.function may not hold the graph's withdrawn operations.
        run = tf.compat.v1.Session(graph=whole).make_callable(ends[1], feed_list=[ends[0]])
    return lambda picture: run(picture)[0]


@functools.cache
def _networks() -> tuple[Network, Pca]:
    pca = inception_pca(pretrained.folder("inception-pca"), HIDDEN, DIM)
    return load(pretrained.folder("inception") / GRAPH), pca


def _refuse_side_effects(path: Path, graph: Any) -> None:
    from tensorflow.python.framework import op_def_registry

    operations = {node.op for node in graph.node} - HARMLESS
    for name in sorted(operations):
        definition = op_def_registry.get(name)
        if definition is None or definition.is_stateful or name == "ReadFile":
            raise WeightsError(_sentence(path, f"it holds the operation {name}"))


def _sentence(path: Path, reason: str) -> str:
    return (
        f"{path} is missing or not the published Inception graph ({reason}); delete it and run "
        "`vmnet weights fetch inception`"
    )


def _first_line(error: Exception) -> str:
    text = str(error.args[0] if isinstance(error, KeyError) else error)
    return (text.strip().splitlines() or ["no reason given"])[0][:200]
