"""Image features of a video, one vector a second, through MediaPipe's ImageEmbedder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vmnet import media
from vmnet.errors import WeightsError
from vmnet.features import efficientnet
from vmnet.features.extractor import Extractor
from vmnet.quiet import quiet


def embed(path: Path, model: Path, size: tuple[int, int] = efficientnet.SIZE) -> np.ndarray:
    """Return the embedding of the picture at the middle of each second of a video.

    The whole picture is seen: it is squeezed to `size` while it is decoded, neither cropped nor
    padded. (MediaPipe does the same to a picture of another size than the model's, but without
    smoothing, so that a large picture loses detail at random.) The vectors are the network's own:
    neither of unit length nor quantised.

    Parameters
    ----------
    path
        A media file with pictures.
    model
        A TFLite model with one picture in and one vector out.
    size
        Width and height of the picture the model takes, in pixels.

    Returns
    -------
    `(n_seconds, dim) float32`.

    Raises
    ------
    MediaError
        If the file has no pictures or cannot be read.
    WeightsError
        If MediaPipe cannot load the model.
    """
    with _embedder(model) as vector:
        return np.stack([vector(picture) for picture in media.second_pictures(path, size)])


def _efficientnet(path: Path) -> np.ndarray:
    return embed(path, efficientnet.tflite_model())


EFFICIENTNET = Extractor(
    name="efficientnet",
    modality="video",
    dim=efficientnet.DIM,
    extract=_efficientnet,
    parameters={"weights": efficientnet.WEIGHTS_HASH, "version": efficientnet.VERSION},
)


@contextmanager
def _embedder(model: Path) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Open a TFLite model (some 15 ms) and yield what maps a picture to its vector.

    It has to be closed before the interpreter ends, or its exit prints an exception.
    """
    with quiet():
        import mediapipe
        from mediapipe.tasks import python
        from mediapipe.tasks.python import vision

        options = vision.ImageEmbedderOptions(
            python.BaseOptions(model_asset_path=str(model)), l2_normalize=False, quantize=False
        )
        try:
            embedder = vision.ImageEmbedder.create_from_options(options)
        except (OSError, RuntimeError, ValueError) as error:
            raise WeightsError(
                f"{model} is missing or no TFLite model of an image embedder; name another, or "
                "delete it if it lies in the cache, where it is made again"
            ) from error

    def vector(picture: np.ndarray) -> np.ndarray:
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(picture))
        return np.array(embedder.embed(image).embeddings[0].embedding, np.float32)

    with embedder:
        yield vector
