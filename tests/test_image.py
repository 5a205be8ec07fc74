"""EfficientNet-Lite0 against its PyTorch original, and MediaPipe's part in it."""

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vmnet import media, pretrained
from vmnet.errors import MediaError, WeightsError
from vmnet.features import EXTRACTORS, efficientnet, image
from vmnet.pretrained import Checkpoint, File
from vmnet.quiet import quiet

# The network's first implementation, pure Python, which names its parameters as the weights do.
REFERENCE = Checkpoint(
    name="efficientnet-lite-pytorch",
    what="EfficientNet-Lite0 in PyTorch",
    page="",
    licence="Apache-2.0",
    size="",
    source="efficientnet-lite-pytorch==0.1.0",
    hash="ce0fe869b0e829aceafc32f84275a40c0e3418d19216401b03f695f5f20cbc41",
    files={
        name: File(hash_, f"efficientnet_lite_pytorch/{name}")
        for name, hash_ in {
            "__init__.py": "18c809b4dde3430409cd9a68a931bddb0d24ab11cc85cd0a3ab94fe6e4e3f7b3",
            "model.py": "30b407fb0d051526eb1e79ce81d28f998373ed23881270c3a3db958c86b597f8",
            "utils.py": "340d558dda081eab08ff85873dc4400b7305ea76de3131836852f2dacb402f68",
        }.items()
    },
)
MILITARY_UNIFORM, WINDSOR_TIE = 652, 906  # ImageNet classes


@pytest.fixture(scope="module")
def frames(music_video) -> np.ndarray:
    return np.stack(list(media.second_pictures(music_video, efficientnet.SIZE)))


@pytest.fixture(scope="module")
def features(music_video) -> np.ndarray:
    return EXTRACTORS["efficientnet"].extract(music_video)


@pytest.fixture(scope="module")
def keras_outputs(frames) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and logits of every tenth frame, by the Keras model."""
    model = efficientnet.load(pretrained.folder("efficientnet-lite0") / "lite0.pth")
    return tuple(model.predict(frames[::10].astype(np.float32), verbose=0))


@pytest.fixture(scope="module")
def colour_model(tmp_path_factory) -> Path:
    """A TFLite model whose embedding of an 8 x 8 picture is its mean colour, in 0..1."""
    with quiet():
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 3), tf.uint8)])
        def mean_colour(pixels):
            return tf.reduce_mean(tf.cast(pixels, tf.float32), (1, 2)) / 255

        graph = mean_colour.get_concrete_function()
        content = tf.lite.TFLiteConverter.from_concrete_functions([graph]).convert()
    path = tmp_path_factory.mktemp("model") / "mean-colour.tflite"
    path.write_bytes(content)
    return path


@pytest.fixture
def three_colours(tmp_path) -> Path:
    """A video that is red for a second, then green, then blue, on its left half; black beside."""
    path = tmp_path / "colours.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height = 64, 32
        for index in range(30):
            picture = np.zeros((32, 64, 3), np.uint8)
            picture[:, :32, index // 10] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
    return path


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    return float((np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)).max())


def test_one_vector_a_second(features, frames):
    assert features.shape == (len(frames), EXTRACTORS["efficientnet"].dim) == (212, 1280)
    assert features.dtype == np.float32
    assert features.min() >= 0
    assert features.max() <= 6


def test_mediapipe_gives_the_vectors_of_the_keras_model(features, keras_outputs):
    assert relative_error(features[::10], keras_outputs[0]) < 1e-3


def test_the_keras_model_is_the_pytorch_original(frames, keras_outputs, monkeypatch, tmp_path):
    import torch

    original = pretrained.fetch(REFERENCE, progress=False)
    shutil.copytree(original, tmp_path / "efficientnet_lite_pytorch")
    monkeypatch.syspath_prepend(tmp_path)
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0").eval()
    path = pretrained.folder("efficientnet-lite0") / "lite0.pth"
    network.load_state_dict(torch.load(path, weights_only=True))
    pixels = torch.from_numpy(frames[::10].astype(np.float32)).permute(0, 3, 1, 2)
    with torch.no_grad():
        scaled = (pixels - 127) / 128
        embeddings = network.extract_features(scaled).mean((2, 3)).numpy()
        logits = network(scaled).numpy()
    assert relative_error(keras_outputs[0], embeddings) < 1e-4
    assert relative_error(keras_outputs[1], logits) < 1e-4


def test_the_network_sees_what_is_there(keras_outputs):
    assert np.bincount(keras_outputs[1].argmax(axis=1)).argmax() == WINDSOR_TIE  # the singer's suit
    import matplotlib
    from PIL import Image

    photograph = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    pixels = np.asarray(Image.open(photograph).resize(efficientnet.SIZE), np.float32)
    model = efficientnet.load(pretrained.folder("efficientnet-lite0") / "lite0.pth")
    assert model.predict(pixels[None], verbose=0)[1].argmax() == MILITARY_UNIFORM


def test_mediapipe_squeezes_and_does_not_crop(frames, features):
    wide = frames[40].repeat(2, axis=1)
    with image._embedder(efficientnet.tflite_model()) as vector:
        assert relative_error(vector(wide)[None], features[40:41]) < 0.02


def test_the_middle_of_each_second_is_seen_whole(colour_model, three_colours):
    colours = image.embed(three_colours, colour_model, (8, 8))
    np.testing.assert_allclose(colours, np.eye(3) / 2, atol=0.07)  # not cropped, not of unit norm


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_damaged_model_is_named(tmp_path, colour_model, three_colours, content):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(colour_model.read_bytes()[:200] if content is None else content)
    with pytest.raises(WeightsError, match=r"broken\.tflite"):
        image.embed(three_colours, broken)


def test_a_missing_model_is_named(tmp_path, three_colours):
    with pytest.raises(WeightsError, match=r"missing\.tflite"):
        image.embed(three_colours, tmp_path / "missing.tflite")


def test_a_clip_without_pictures_is_refused(tmp_path, colour_model):
    path = tmp_path / "sound.wav"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(MediaError, match=r"sound\.wav"):
        image.embed(path, colour_model, (8, 8))


@pytest.mark.parametrize("damage", ["other bytes", "no model", "no digest"])
def test_a_converted_model_that_is_damaged_is_made_again(tmp_path, monkeypatch, damage):
    real = pretrained.folder("efficientnet-lite0").parent
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    (tmp_path / "weights").symlink_to(real)
    made = []

    def convert(source, output):
        made.append(source)
        output.write_bytes(b"a model")

    monkeypatch.setattr(efficientnet, "_convert_apart", convert)
    model = efficientnet.tflite_model()
    assert efficientnet.tflite_model() == model
    assert len(made) == 1
    damages = {
        "other bytes": lambda: model.write_bytes(b"another"),
        "no model": model.unlink,
        "no digest": model.with_suffix(".sha256").unlink,
    }
    damages[damage]()
    assert efficientnet.tflite_model().read_bytes() == b"a model"
    assert len(made) == 2
    assert {path.name for path in model.parent.iterdir()} == {model.name, f"{model.stem}.sha256"}
