"""The networks of music similarity: their sizes and shapes are the thesis', at any width."""

import numpy as np
import pytest

from vmnet.similarity.networks import NETWORKS, at_baseline

SIZES = {  # thesis, table 4.1, tables C.2 and C.3, section C.2.1; see the module's head
    "vgg": (128, 25_334_912),
    "autopool": (128, 6_400_768),
    "musical": (100, 1_683_980),
    "resnet": (128, 6_372_928),
    "inception": (128, 22_012_832),
}
NARROW = {"d": 6, "width": 1 / 32}


def maps(network, layer):
    """Return the shapes that the layers of a kind put out, in their order."""
    return [one.output.shape[1:] for one in network.layers if type(one).__name__ == layer]


@pytest.fixture(scope="module")
def full():
    """Each network of the thesis' size, built once."""
    return {name: NETWORKS[name](d) for name, (d, _) in SIZES.items()}


@pytest.mark.parametrize("name", SIZES)
def test_the_printed_number_of_parameters_comes_out(full, name):
    assert full[name].count_params() == SIZES[name][1]


def test_numbers_that_are_not_printed(full):
    trunk = SIZES["vgg"][1] - (2048 + 1) * 128
    assert trunk == 25_072_640
    assert at_baseline(488).count_params() == trunk + (2048 + 1) * 488 == 26_072_552
    assert SIZES["musical"][1] + (512 + 1) * 28 == 1_698_344  # d = 128, as in the text
    (alpha,) = full["autopool"].get_layer("autopool").weights
    assert alpha.shape == (128,)


def test_maps_have_the_printed_shapes(full):
    pools = "MaxPooling2D"
    assert maps(full["vgg"], pools) == [
        (48, 128, 128), (24, 32, 256), (12, 8, 512), (4, 2, 1024), (1, 1, 2048)
    ]  # fmt: skip
    assert maps(full["autopool"], pools) == [
        (48, 256, 64), (24, 128, 128), (12, 64, 256), (6, 32, 512), (1, 32, 1024)
    ]  # fmt: skip
    assert maps(full["musical"], pools) == [
        (48, 128, 128), (24, 32, 64), (12, 8, 128), (4, 2, 256), (1, 1, 512)
    ]  # fmt: skip
    assert maps(full["resnet"], "Conv2D")[0] == (47, 255, 64)
    assert maps(full["resnet"], "Add") == [
        (23, 85, 64), (11, 21, 128), (5, 5, 256), (2, 1, 512)
    ]  # fmt: skip
    assert maps(full["inception"], "Concatenate")[-1] == (1, 14, 2048)


@pytest.mark.parametrize("name", NETWORKS)
def test_narrow_networks_embed_as_their_seed_says(name):
    frames = 259 if name == "resnet" else 80
    patches = np.random.default_rng(0).normal(-40, 20, (2, 96, frames)).astype(np.float32)
    network = NETWORKS[name](**NARROW, frames=frames, statistics=(-40, 20), seed=3)
    embeddings = network.predict_on_batch(patches)
    assert embeddings.shape == (2, 6)
    np.testing.assert_allclose((embeddings**2).sum(axis=1), 1, rtol=1e-5)
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-4
    same, other = (NETWORKS[name](**NARROW, frames=frames, seed=seed) for seed in (3, 4))
    for weights, equal in ((same.get_weights(), True), (other.get_weights(), False)):
        pairs = [(a, b) for a, b in zip(network.get_weights(), weights, strict=True) if a.any()]
        assert all(np.array_equal(a, b) == equal for a, b in pairs if np.ndim(a) > 1)


@pytest.mark.parametrize("kernel", [(64, 5), (32, 1), (7, 2)])
def test_a_tall_convolution_is_a_convolution(kernel):
    import keras

    from vmnet.similarity.tall import TallConv

    rng = np.random.default_rng(0)
    patches = rng.normal(size=(2, 96, 11, 1)).astype(np.float32)
    tall, plain = TallConv(3, kernel, "zeros"), keras.layers.Conv2D(3, kernel, padding="same")
    for layer in (tall, plain):
        layer.build(patches.shape)
    weights = [rng.normal(size=weight.shape) for weight in plain.weights]
    for layer in (tall, plain):
        layer.set_weights(weights)
    expected = keras.ops.convert_to_numpy(plain(patches))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(tall(patches)), expected, atol=1e-4)


def test_standardisation_is_inside_and_counts_nothing():
    patches = np.random.default_rng(0).normal(-40, 20, (2, 96, 32)).astype(np.float32)
    plain = at_baseline(5, 1 / 64, frames=32)
    inside = at_baseline(5, 1 / 64, frames=32, statistics=(-40, 20))
    assert inside.count_params() == plain.count_params()
    tags = inside.predict_on_batch(patches)
    np.testing.assert_allclose(tags, plain.predict_on_batch((patches + 40) / 20), atol=1e-5)
    assert ((tags > 0) & (tags < 1)).all()


def test_what_makes_no_network_is_refused():
    with pytest.raises(ValueError, match="width=0"):
        NETWORKS["vgg"](128, 0)
    with pytest.raises(ValueError, match="258 frames is too short: give 259"):
        NETWORKS["resnet"](8, 1 / 64, frames=258)
    with pytest.raises(ValueError, match="give 75"):
        NETWORKS["inception"](8, 1 / 64, frames=74)
