"""OpenL3's features: the spectrogram and the network against slow twins, its file as published."""

import dataclasses
import gzip
import math
from io import BytesIO

import h5py
import numpy as np
import pytest
from scipy.io import wavfile

from vmnet.errors import WeightsError
from vmnet.features import EXTRACTORS, openl3
from vmnet.pretrained import CHECKPOINTS, File, folder

RATE = 48_000


def slow_log_mel(samples: np.ndarray) -> np.ndarray:
    """The first spectrogram of OpenL3, band by band (kapre 0.1.4, HTK, "same" padding)."""
    n = np.arange(2048)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 2048)
    turn = np.exp(-2j * np.pi * np.outer(np.arange(1025), n) / 2048)

    def mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    edges = [700 * (10 ** (k * mel(24_000) / 257 / 2595) - 1) for k in range(258)]
    at = np.arange(1025) * RATE / 2048
    bands = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.minimum((at - low) / (centre - low), (high - at) / (high - centre))
        bands.append(np.maximum(triangle, 0) * 2 / (high - low))
    heard = []
    for frame in range(199):
        at = frame * 242 - 982 + n
        inside = (at >= 0) & (at < RATE)
        heard.append(np.where(inside, samples[np.clip(at, 0, RATE - 1)], 0) * window)
    power = np.abs(turn @ np.array(heard).T) ** 2
    decibels = 10 * np.log10(np.maximum(np.sqrt(np.array(bands) @ power), 1e-10))
    return np.maximum(decibels - decibels.max(), -80)


def random_layers() -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(2)
    layers = []
    for _, sizes in openl3.shapes():
        fan_in = math.prod(sizes.get("kernel", (1,))[:3])
        layers.append({
            name: rng.standard_normal(size, np.float32) * np.float32((2 / fan_in) ** 0.5)
            if name == "kernel"
            else rng.uniform(0.5, 1.5, size).astype(np.float32)
            for name, size in sizes.items()
        })  # fmt: skip
    return layers


def names_of(first: int = 1) -> list[str]:
    """The layers' names as Keras 2 numbers them, where networks were built before."""
    counts = {"conv2d": first - 1, "batch_normalization": first - 1}
    names = []
    for kind, _ in openl3.shapes():
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{kind}_{counts[kind]}" if kind != "audio_embedding_layer" else kind)
    return names


def write_weights(path, names, layers) -> None:
    """Write weights as Keras 2 does, compressed as they are published."""
    content = BytesIO()
    with h5py.File(content, "w") as file:
        everything = ["input_1", *names, "activation_1"]  # some layers have no weights
        file.attrs["layer_names"] = [name.encode() for name in everything]
        for name, tensors in zip(everything, [{}, *layers, {}], strict=True):
            group = file.create_group(name)
            paths = [f"{name}/{key}:0" for key in tensors]
            group.attrs["weight_names"] = [each.encode() for each in paths]
            for each, tensor in zip(paths, tensors.values(), strict=True):
                group.create_dataset(each, data=tensor)
    path.write_bytes(gzip.compress(content.getvalue(), compresslevel=1))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """A cache with random weights in the published format, names numbered otherwise."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "weights" / "openl3").mkdir(parents=True)
    write_weights(cache / "weights" / "openl3" / openl3.WEIGHTS, names_of(9), random_layers())
    return cache


@pytest.fixture
def cache(stand_in, monkeypatch):
    """The same, as if its hash was the published one."""
    monkeypatch.setenv("VMNET_CACHE", str(stand_in))
    one = dataclasses.replace(CHECKPOINTS["openl3"], files={openl3.WEIGHTS: File()})
    monkeypatch.setitem(CHECKPOINTS, "openl3", one)
    openl3._model.cache_clear()
    yield stand_in
    openl3._model.cache_clear()


@pytest.fixture
def noise():
    rng = np.random.default_rng(1)
    return (0.05 * np.convolve(rng.normal(size=RATE), rng.normal(size=9), "same")).astype("f4")


def test_the_spectrogram_is_the_one_that_was_learned_from(noise):
    found = openl3.log_mel(noise)
    assert (found.shape, found.dtype) == ((256, 199), np.float32)
    assert found.max() == 0
    np.testing.assert_allclose(found, slow_log_mel(noise), atol=2e-3)


def test_loudness_pitch_and_silence(noise):
    # Each second is measured by its own loudest value.
    np.testing.assert_allclose(openl3.log_mel(noise / 64), openl3.log_mel(noise), atol=1e-2)
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype("f4")
    band = openl3.log_mel(tone)[:, 100].argmax()
    edges = 700 * (10 ** (np.arange(258) * 2595 * np.log10(1 + 24_000 / 700) / 257 / 2595) - 1)
    assert edges[band] < 440 < edges[band + 2]
    assert (openl3.log_mel(np.zeros(RATE, np.float32)) == 0).all()


def test_the_network_has_the_published_size():
    model = openl3.build()
    assert model.count_params() == 4_689_860
    fixed = sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    assert fixed == 2_818
    assert model.input_shape == (None, 256, 199)
    assert model.output_shape == (None, 4 * 3 * 512) == (None, openl3.DIM)
    sizes = [math.prod(shape) for _, each in openl3.shapes() for shape in each.values()]
    assert (len(openl3.shapes()), sum(sizes)) == (16, 4_689_860)
    assert [kind for kind, _ in openl3.shapes()][-2:] == [
        "batch_normalization", "audio_embedding_layer",
    ]  # fmt: skip


def slow_network(layers, spectrogram):
    """The network in NumPy, for one second."""

    def normalized(x, own):
        scaled = (x - own["moving_mean"]) / np.sqrt(own["moving_variance"] + 1e-3)
        return own["gamma"] * scaled + own["beta"]

    left = iter(layers)
    x = normalized(spectrogram[..., None], next(left))
    for i, channels in enumerate((64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512)):
        height, width = x.shape[:2]
        if not channels:
            x = x[: height // 2 * 2, : width // 2 * 2]
            x = x.reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))
            continue
        own = next(left)
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        x = own["bias"] + sum(
            padded[j : j + height, k : k + width] @ own["kernel"][j, k]
            for j in range(3)
            for k in range(3)
        )
        if i < 10:
            x = np.maximum(normalized(x, next(left)), 0)
    return x.reshape(4, 8, 3, 8, 512).max(axis=(1, 3)).ravel()


def test_the_weights_come_into_their_places(cache, noise):
    model = openl3.load(folder("openl3") / openl3.WEIGHTS)
    spectrogram = openl3.log_mel(noise)
    expected = slow_network(random_layers(), spectrogram)
    found = np.asarray(model.predict_on_batch(spectrogram[None]))[0]
    assert np.std(found) > 0.1
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


def test_each_second_is_heard_by_itself(cache, noise, tmp_path):
    tone = np.sin(2 * np.pi * 330 * np.arange(RATE) / RATE).astype("f4")
    sound = np.concatenate([noise, tone, noise, tone[: RATE * 3 // 4]])
    path = tmp_path / "sound.wav"
    wavfile.write(path, RATE, sound)
    found = EXTRACTORS["openl3"].extract(path)
    assert (found.shape, found.dtype) == ((4, 6144), np.float32)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-4, atol=1e-4)
    assert np.abs(found[0] - found[1]).max() > 0.1
    last = openl3.log_mel(np.pad(tone[: RATE * 3 // 4], (0, RATE // 4)))  # silence follows
    expected = np.asarray(openl3._model().predict_on_batch(last[None]))[0]
    np.testing.assert_allclose(found[3], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(openl3.extract(path, batch=3), found, rtol=1e-3, atol=1e-3)


def test_sound_longer_than_the_pictures_and_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr(openl3, "BLOCK_SECONDS", 0.7)
    path = tmp_path / "ramp.wav"
    wavfile.write(path, RATE, np.arange(int(2.5 * RATE), dtype=np.float32) / 1e6)
    firsts = [samples[0] * 1e6 for samples in openl3._seconds(path, 2)]
    np.testing.assert_allclose(firsts, [0, RATE], atol=1)
    three = list(openl3._seconds(path, 4))
    assert [len(samples) for samples in three] == [RATE] * 4
    assert [bool(samples.any()) for samples in three] == [True, True, True, False]
    assert not three[2][RATE // 2 :].any()


def test_the_file_is_the_one_that_is_fetched():
    assert set(CHECKPOINTS["openl3"].files) == {openl3.WEIGHTS}
    assert CHECKPOINTS["openl3"].archive == openl3.WEIGHTS
    assert CHECKPOINTS["openl3"].licence.startswith("CC BY 4.0")


def test_without_weights_the_sentence_says_so(tmp_path, monkeypatch, noise):
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    openl3._model.cache_clear()
    wavfile.write(tmp_path / "noise.wav", RATE, noise)
    with pytest.raises(WeightsError, match=r"missing.*vmnet weights fetch openl3.*by hand"):
        openl3.extract(tmp_path / "noise.wav")


@pytest.mark.parametrize("content", [None, b"", b"<html>404</html>", gzip.compress(b"no HDF5")])
def test_a_file_that_holds_no_weights_is_named(tmp_path, content):
    path = tmp_path / openl3.WEIGHTS
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"v0_4_0\.h5\.gz.*no such HDF5.*fetch openl3") as error:
        openl3.check(path)
    assert "\n" not in str(error.value)


def without_last(names, layers):
    return names[:-1], layers[:-1]


def in_another_order(names, layers):
    return [*names[:1], names[2], names[1], *names[3:]], layers


def with_other_channels(names, layers):
    return names, [*layers[:1], {**layers[1], "bias": np.zeros(32, np.float32)}, *layers[2:]]


def with_one_more(names, layers):
    return names, [{**layers[0], "extra": np.zeros(1, np.float32)}, *layers[1:]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_last, "15 layers with weights, not 16"),
        (in_another_order, "the layer batch_normalization_2 in the place of a conv2d"),
        (with_other_channels, "its layer conv2d_1 has not the tensors .*64"),
        (with_one_more, "its layer batch_normalization_1 has not the tensors"),
    ],
)
def test_other_tensors_are_refused(tmp_path, change, reason):
    small = [
        {name: np.zeros(size, np.float32) for name, size in sizes.items()}
        for _, sizes in openl3.shapes()
    ]
    write_weights(tmp_path / "other.h5.gz", *change(names_of(), small))
    with pytest.raises(WeightsError, match=rf"other\.h5\.gz.*{reason}.*fetch openl3"):
        openl3.check(tmp_path / "other.h5.gz")


def test_truncated_weights_are_named(stand_in, tmp_path):
    whole = (stand_in / "weights" / "openl3" / openl3.WEIGHTS).read_bytes()
    (tmp_path / "short.h5.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"short\.h5\.gz"):
        openl3.check(tmp_path / "short.h5.gz")
