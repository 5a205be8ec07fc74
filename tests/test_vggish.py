"""VGGish's features: the log-mel front end against a slow twin, the network against NumPy."""

import math
import shutil

import numpy as np
import pytest
from scipy.io import wavfile

from vmnet import media
from vmnet.errors import MediaError, WeightsError
from vmnet.features import EXTRACTORS, pca, vggish
from vmnet.pretrained import CHECKPOINTS, File, folder

RATE = 16_000


def slow_log_mel(samples: np.ndarray) -> np.ndarray:
    """VGGish's front end, bin by bin (`vggish_input.py` and `mel_features.py` of its authors)."""
    window = [0.5 - 0.5 * math.cos(2 * math.pi * i / 400) for i in range(400)]

    def mel(hertz: float) -> float:
        return 1127 * math.log(1 + hertz / 700)

    step = (mel(7500) - mel(125)) / 65
    edges = [mel(125) + k * step for k in range(66)]
    rows = []
    for start in range(0, len(samples) - 399, 160):
        frame = np.zeros(512)
        for i in range(400):
            frame[i] = samples[start + i] * window[i]
        turn = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(512)) / 512)
        magnitudes = np.abs(turn @ frame)
        row = []
        for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
            energy = 0.0
            for k in range(1, 257):  # the constant part belongs to no band
                at = mel(k * 8000 / 256)
                weight = min((at - low) / (centre - low), (high - at) / (high - centre))
                energy += max(0.0, weight) * magnitudes[k]
            row.append(math.log(energy + 0.01))
        rows.append(row)
    return np.array(rows)


def write_sound(path, samples):
    wavfile.write(path, RATE, samples.astype(np.float32))
    return path


@pytest.fixture
def noise():
    rng = np.random.default_rng(1)
    return 0.05 * np.convolve(rng.normal(size=3600), rng.normal(size=9), "same")


def write_checkpoint(path, tensors) -> None:
    """Write a checkpoint in one file, as the authors' own is."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        feed = {}
        for name, values in tensors.items():
            start = v1.placeholder(tf.float32, values.shape)
            v1.get_variable(name, initializer=start, use_resource=False)
            feed[start] = values
        session.run(v1.global_variables_initializer(), feed)
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V1)
        saver.save(session, str(path), write_meta_graph=False, write_state=False)


def random_tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    tensors = {}
    for name, shape in vggish.tensors().items():
        fan_in = math.prod(shape[:-1]) if len(shape) > 1 else 400
        tensors[name] = rng.standard_normal(shape, np.float32) * np.float32((2 / fan_in) ** 0.5)
    return tensors


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A cache with random weights of the published shapes, all 72 million of them."""
    cache = tmp_path_factory.mktemp("cache")
    for name in ("vggish", "vggish-pca"):
        (cache / "weights" / name).mkdir(parents=True)
    write_checkpoint(cache / "weights" / "vggish" / vggish.CHECKPOINT, random_tensors())
    rng = np.random.default_rng(3)
    np.savez(
        cache / "weights" / "vggish-pca" / "vggish_pca_params.npz",
        pca_eigen_vectors=np.linalg.qr(rng.normal(size=(128, 128)))[0].astype(np.float32),
        pca_means=rng.normal(size=(128, 1)).astype(np.float32) / 10,
    )
    yield cache
    shutil.rmtree(cache)  # it is large


@pytest.fixture
def cache(small, monkeypatch):
    """The same, as if its files' hashes were the published ones."""
    import dataclasses

    monkeypatch.setenv("VMNET_CACHE", str(small))
    for name in ("vggish", "vggish-pca"):
        files = dict.fromkeys(CHECKPOINTS[name].files, File())
        one = dataclasses.replace(CHECKPOINTS[name], files=files)
        monkeypatch.setitem(CHECKPOINTS, name, one)
    yield small
    vggish._networks.cache_clear()


@pytest.mark.parametrize("block", [60.0, 0.05, 0.013])
def test_the_front_end_is_that_of_the_authors(tmp_path, noise, monkeypatch, block):
    monkeypatch.setattr(vggish, "BLOCK_SECONDS", block)
    ours = vggish.log_mel(write_sound(tmp_path / "noise.wav", noise))
    expected = slow_log_mel(noise)
    assert ours.dtype == np.float32
    assert len(expected) <= len(ours) <= len(expected) + 2
    np.testing.assert_allclose(ours[: len(expected)], expected, atol=2e-4)


def test_silence_and_short_sounds(tmp_path):
    silence = vggish.log_mel(write_sound(tmp_path / "silence.wav", np.zeros(1600)))
    np.testing.assert_allclose(silence, math.log(0.01), rtol=1e-6)
    assert vggish.log_mel(write_sound(tmp_path / "one.wav", np.ones(100))).shape == (0, 64)


def test_a_tone_is_heard_in_the_band_of_its_frequency(tmp_path):
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    spectrogram = vggish.log_mel(write_sound(tmp_path / "tone.wav", tone))
    mel = 1127 * np.log(1 + np.array([125, 1000, 7500]) / 700)
    band = (mel[1] - mel[0]) / (mel[2] - mel[0]) * 65 - 1
    assert abs(spectrogram.mean(axis=0).argmax() - band) < 1


def test_each_second_starts_a_patch_and_silence_follows_the_end():
    frames = np.arange(250, dtype=np.float32)[:, None].repeat(64, axis=1)
    patches = vggish.one_per_second(frames, 3)
    assert patches.shape == (3, 96, 64)
    assert patches[:, 0, 0].tolist() == [0, 100, 200]
    assert patches[1, 95, 0] == 195
    assert patches[2, 49, 0] == 249
    np.testing.assert_allclose(patches[2, 50:], math.log(0.01), rtol=1e-6)
    np.testing.assert_allclose(vggish.one_per_second(frames[:0], 1), math.log(0.01), rtol=1e-6)


def test_the_network_has_the_published_shapes():
    assert vggish.build().count_params() == 72_141_184
    assert vggish.tensors()["vggish/fc1/fc1_1/weights"] == (6 * 4 * 512, 4096)
    assert vggish.tensors()["vggish/conv4/conv4_2/weights"] == (3, 3, 512, 512)
    assert vggish.tensors()["vggish/fc2/biases"] == (128,)
    assert len(vggish.tensors()) == 18


def slow_network(tensors, patch):
    """The network in NumPy, for one patch."""
    x = patch[..., None]
    pools_after = {"conv1", "conv2", "conv3/conv3_2", "conv4/conv4_2"}
    for name in (
        "conv1",
        "conv2",
        "conv3/conv3_1",
        "conv3/conv3_2",
        "conv4/conv4_1",
        "conv4/conv4_2",
    ):
        kernel, bias = (tensors[f"vggish/{name}/{part}"] for part in ("weights", "biases"))
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        height, width = x.shape[:2]
        x = bias + sum(
            padded[i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)
        )
        x = np.maximum(x, 0)
        if name in pools_after:
            x = x.reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))
    x = x.ravel()
    for name in ("fc1/fc1_1", "fc1/fc1_2", "fc2"):
        x = x @ tensors[f"vggish/{name}/weights"] + tensors[f"vggish/{name}/biases"]
        x = x if name == "fc2" else np.maximum(x, 0)
    return x


def test_the_weights_come_into_their_places(cache):
    model = vggish.load(folder("vggish") / vggish.CHECKPOINT)
    patches = np.random.default_rng(4).normal(size=(2, 96, 64)).astype(np.float32)
    expected = [slow_network(random_tensors(), patch) for patch in patches]
    ours = np.asarray(model.predict_on_batch(patches))
    assert np.std(ours) > 0.1
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-4)


def test_real_music_gives_one_quantised_vector_a_second(cache, music_video, tmp_path):
    sound = media.load_audio(music_video, RATE)[: int(6.6 * RATE)]
    path = write_sound(tmp_path / "music.wav", sound)
    features = EXTRACTORS["vggish"].extract(path)
    assert (features.shape, features.dtype) == ((7, 128), np.float32)
    model, whiten = vggish._networks()
    patches = vggish.one_per_second(vggish.log_mel(path), 7)
    expected = whiten(np.asarray(model.predict_on_batch(patches)))
    levels = pca.quantize(expected, rounded=False).astype(int)
    assert np.abs(pca.quantize(features, rounded=False).astype(int) - levels).max() <= 1
    plain = vggish.extractor(quantized=False).extract(path)
    np.testing.assert_allclose(plain, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(vggish.extract(path, False, batch=3), plain, rtol=1e-3, atol=1e-4)
    assert len(np.unique(features, axis=0)) == 7


def test_quantisation_is_in_the_key():
    with_, without = vggish.extractor(), vggish.extractor(quantized=False)
    assert with_.parameters != without.parameters
    assert (with_.name, with_.modality, with_.dim) == ("vggish", "music", 128)


def test_without_weights_or_sound_the_sentence_says_so(tmp_path, monkeypatch, noise):
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    vggish._networks.cache_clear()
    path = write_sound(tmp_path / "noise.wav", noise)
    with pytest.raises(WeightsError, match=r"missing.*vmnet weights fetch vggish-pca.*by hand"):
        vggish.extract(path)
    with pytest.raises(MediaError, match=r"gone\.wav"):
        vggish.extract(tmp_path / "gone.wav")


@pytest.mark.parametrize("content", [None, b"", b"<html>404 Not Found</html>"])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "vggish_model.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"vggish_model\.ckpt.*cannot read.*fetch vggish"
    ) as error:
        vggish.load(path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_network_is_named(tmp_path):
    write_checkpoint(tmp_path / "other.ckpt", {"vggish/conv1/weights": np.zeros((3, 3, 1, 32))})
    with pytest.raises(WeightsError, match=r"other\.ckpt.*vggish/conv1/weights.*\(3, 3, 1, 64\)"):
        vggish.check(tmp_path / "other.ckpt")


def test_a_truncated_checkpoint_is_named(cache, tmp_path):
    whole = folder("vggish") / vggish.CHECKPOINT
    path = tmp_path / "short.ckpt"
    with whole.open("rb") as file:
        path.write_bytes(file.read(10_000_000))
    with pytest.raises(WeightsError, match=r"short\.ckpt"):
        vggish.check(path)
