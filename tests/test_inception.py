"""Inception's features, on a small graph with the published one's names, shapes, operations."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vmnet import media, pretrained
from vmnet.errors import MediaError, WeightsError
from vmnet.features import EXTRACTORS, inception, pca

SEED = 3
STATISTICS = ("mean", "variance", "beta", "gamma")
EPSILON = 1e-3


def write_graph(path: Path, output: str = "pool_3/_reshape", width: int = 2048, extra=None) -> None:
    """Write a small stand-in: the published graph's first and last operations, one convolution.

    The batch normalisation is an operation that TensorFlow has withdrawn, so the graph says that an
    old TensorFlow made it, as the published one does.
    """
    import tensorflow as tf

    rng = np.random.default_rng(SEED)
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        contents = v1.placeholder_with_default(b"", (), "DecodeJpeg/contents")
        pixels = tf.io.decode_jpeg(contents, 3, name="DecodeJpeg")
        batch = tf.expand_dims(tf.cast(pixels, tf.float32, "Cast"), 0, "ExpandDims")
        scaled = v1.image.resize_bilinear(batch, (299, 299), name="ResizeBilinear")
        scaled = tf.multiply(tf.subtract(scaled, 128.0, "Sub"), 1 / 128, "Mul")
        kernel = tf.constant(rng.normal(size=(13, 13, 3, 2048)) / 20, tf.float32)
        maps = tf.nn.conv2d(scaled, kernel, 13, "VALID", name="conv")
        statistics = [
            tf.constant(rng.random(2048) + 0.5, tf.float32, name=name) for name in STATISTICS
        ]
        normal = tf.raw_ops.IdentityN(input=[maps, *statistics], name="batchnorm")[0]
        maps = tf.nn.relu(tf.debugging.check_numerics(normal, "maps", name="CheckNumerics"))
        pooled = tf.nn.avg_pool2d(maps, 23, 1, "VALID", name="pool_3")
        v1.reshape(pooled[..., :width], (1, width), name=output)
        if extra is not None:
            extra(tf)
    definition = graph.as_graph_def()
    definition.versions.producer = 8
    node = next(node for node in definition.node if node.name == "batchnorm")
    node.op = "BatchNormWithGlobalNormalization"
    node.attr.clear()
    node.attr["T"].type = tf.float32.as_datatype_enum
    node.attr["variance_epsilon"].f = EPSILON
    node.attr["scale_after_normalization"].b = True
    path.write_bytes(definition.SerializeToString())


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A cache with the small graph and a PCA of random numbers."""
    cache = tmp_path_factory.mktemp("cache")
    folder = cache / "weights"
    (folder / "inception").mkdir(parents=True)
    write_graph(folder / "inception" / inception.GRAPH)
    (folder / "inception-pca").mkdir()
    rng = np.random.default_rng(SEED)
    vectors = np.linalg.qr(rng.normal(size=(2048, 1100)))[0].T
    np.save(folder / "inception-pca" / "mean.npy", rng.random((2048, 1)).astype(np.float32))
    values = np.sort(rng.random((1100, 1)).astype(np.float32), axis=0)[::-1]
    np.save(folder / "inception-pca" / "eigenvals.npy", values)
    np.save(folder / "inception-pca" / "eigenvecs.npy", vectors.astype(np.float32))
    yield cache
    shutil.rmtree(cache)  # it is large


@pytest.fixture
def cache(small, monkeypatch):
    monkeypatch.setenv("VMNET_CACHE", str(small))
    inception._networks.cache_clear()
    yield small
    inception._networks.cache_clear()


@pytest.fixture(scope="module")
def clip(music_video, tmp_path_factory):
    """Five seconds and a half of the real music video, pictures only."""
    import av

    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", 25)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "bgr0"
        for index, (_, picture) in enumerate(media.all_pictures(music_video, (160, 90))):
            if index == 137:
                break
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def test_the_network_sees_pictures_of_any_size(cache):
    network = inception.load(pretrained.folder("inception") / inception.GRAPH)
    picture = np.random.default_rng(0).integers(0, 256, (299, 299, 3), np.uint8)
    small = network(picture)
    assert (small.shape, small.dtype) == ((2048,), np.float32)
    doubled = network(picture.repeat(2, axis=0).repeat(2, axis=1))
    assert doubled.shape == (2048,)
    rng = np.random.default_rng(SEED)
    kernel = rng.normal(size=(13, 13, 3, 2048)) / 20
    mean, variance, beta, gamma = (rng.random(2048) + 0.5 for _ in STATISTICS)
    patches = (picture.astype(np.float32) - 128) / 128
    patches = patches.reshape(23, 13, 23, 13, 3).transpose(0, 2, 1, 3, 4).reshape(529, -1)
    maps = patches @ kernel.reshape(-1, 2048)
    maps = (maps - mean) / np.sqrt(variance + EPSILON) * gamma + beta
    expected = np.maximum(maps, 0).mean(axis=0)
    np.testing.assert_allclose(small, expected, rtol=1e-3, atol=1e-3)


def test_a_video_gives_one_quantised_vector_for_the_start_of_each_second(cache, clip):
    features = EXTRACTORS["inception"].extract(clip)
    assert (features.shape, features.dtype) == ((5, 1024), np.float32)
    network, whiten = inception._networks()
    pictures = list(media.pictures(clip, [0, 1, 2, 3, 4]))
    assert pictures[0].shape == (90, 160, 3)
    expected = whiten(np.stack([network(picture) for picture in pictures]))
    np.testing.assert_array_equal(features, pca.dequantize(pca.quantize(expected)))
    np.testing.assert_array_equal(inception.extractor(quantized=False).extract(clip), expected)
    assert len(np.unique(features, axis=0)) == 5
    assert features.std() > 0.1


def test_quantisation_is_in_the_key():
    with_, without = inception.extractor(), inception.extractor(quantized=False)
    assert with_.parameters != without.parameters
    assert (with_.name, with_.modality, with_.dim) == ("inception", "video", 1024)


def test_a_file_without_pictures_is_refused_before_the_weights_are_looked_for(tmp_path):
    from scipy.io import wavfile

    wavfile.write(tmp_path / "sound.wav", 8000, np.zeros(8000, np.int16))
    with pytest.raises(MediaError, match=r"sound\.wav"):
        inception.extract(tmp_path / "sound.wav")


def test_without_weights_the_sentence_says_where_they_come_from(tmp_path, monkeypatch, clip):
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    inception._networks.cache_clear()
    with pytest.raises(
        WeightsError, match=r"missing.*vmnet weights fetch.*http.*by hand"
    ) as raised:
        inception.extract(clip)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"<html>404 Not Found</html>", None])
def test_a_damaged_graph_is_named(cache, tmp_path, content):
    path = tmp_path / "graph.pb"
    whole = (pretrained.folder("inception") / inception.GRAPH).read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(
        WeightsError, match=r"graph\.pb.*not the published.*fetch inception"
    ) as error:
        inception.load(path)
    assert "\n" not in str(error.value)


def test_a_graph_without_the_tensor_or_of_another_width_is_named(tmp_path):
    write_graph(tmp_path / "a.pb", output="pool_4")
    with pytest.raises(WeightsError, match=r"a\.pb.*pool_3/_reshape"):
        inception.load(tmp_path / "a.pb")
    write_graph(tmp_path / "b.pb", width=1024)
    with pytest.raises(WeightsError, match=r"b\.pb.*\(1, 1024\)"):
        inception.load(tmp_path / "b.pb")


@pytest.mark.parametrize("name", ["WriteFile", "ReadFile", "EagerPyFunc"])
def test_a_graph_that_could_do_more_than_compute_is_refused(tmp_path, name):
    operations = {
        "WriteFile": lambda tf: tf.io.write_file("stolen", "x"),
        "ReadFile": lambda tf: tf.io.read_file("secret"),
        "EagerPyFunc": lambda tf: tf.py_function(len, [tf.constant([1])], tf.int32),
    }
    write_graph(tmp_path / "graph.pb", extra=operations[name])
    with pytest.raises(WeightsError, match=rf"holds the operation {name}"):
        inception.load(tmp_path / "graph.pb")


def test_nothing_is_printed(cache, clip):
    code = (
        "import sys, pathlib; from vmnet.features import INCEPTION\n"
        "INCEPTION.extract(pathlib.Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, clip], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
