"""The network against the paper's numbers and against NumPy."""

import random

import numpy as np
import pytest

from vmnet.models.vmnet import build_vmnet, feature_statistics, forward_flops

TRUNCATION = 0.8796  # deviation of a standard normal cut at two deviations


@pytest.fixture(scope="module")
def net():
    return build_vmnet(128, 1024, seed=3)


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((7, dim)).astype(np.float32) for dim in (128, 1024)]


def n_trainable(net):
    return sum(int(np.prod(weight.shape)) for weight in net.trainable_weights)


def embed(net, pair, training=False):
    return [np.array(embedding) for embedding in net(pair, training=training)]


def test_parameter_count_is_the_papers(net):
    assert n_trainable(net) == 6_037_504


def test_standardisation_adds_no_parameters():
    ones = [(np.ones(dim, np.float32), np.ones(dim, np.float32)) for dim in (128, 1024)]
    net = build_vmnet(128, 1024, music_statistics=ones[0], video_statistics=ones[1])
    assert n_trainable(net) == 6_037_504


def test_forward_pass_costs_what_the_paper_says_within_a_thousandth():
    assert forward_flops(128, 1024) == 12_075_008
    assert forward_flops(128, 1024) == pytest.approx(12_084_249, rel=1e-3)


def test_forward_pass_of_a_network_counted_by_hand(monkeypatch):
    monkeypatch.setattr("vmnet.models.vmnet.MUSIC_UNITS", (3, 2))
    monkeypatch.setattr("vmnet.models.vmnet.VIDEO_UNITS", (2,))
    # music 5-3-2: 2*15 + 3 (bias) + 3 (ReLU) + 2*6 + 2 + 2*2 (BN) + 3*2 (L2); video 4-2: 16+2+4+6
    assert forward_flops(5, 4) == 60 + 28


def test_embeddings_have_unit_norm(net, pair):
    for embedding in embed(net, pair):
        assert embedding.shape == (7, 512)
        assert embedding.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-6)


def test_forward_pass_equals_numpy(net, pair):
    rng = np.random.default_rng(1)
    net = build_vmnet(128, 1024, seed=3)
    for weight in net.weights:  # weights as after a training: no zero bias, no unit variance
        if "kernel" not in weight.path:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    weights = {weight.path: np.array(weight, dtype=np.float64) for weight in net.weights}
    embeddings = embed(net, pair)
    for name, n_layers, x, embedding in zip(
        ("music", "video"), (3, 2), pair, embeddings, strict=True
    ):
        y = x.astype(np.float64)
        for i in range(1, n_layers + 1):
            dense = f"{name}_dense_{i}"
            y = y @ weights[f"{dense}/kernel"] + weights[f"{dense}/bias"]
            y = np.maximum(y, 0) if i < n_layers else y
        norm = {k: weights[f"{name}_batch_norm/{k}"] for k in ("moving_mean", "moving_variance")}
        y = (y - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3)
        y = y * weights[f"{name}_batch_norm/gamma"] + weights[f"{name}_batch_norm/beta"]
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        np.testing.assert_allclose(embedding, y, atol=2e-6)


def test_batch_norm_has_the_original_settings(net):
    for name in ("music_batch_norm", "video_batch_norm"):
        layer = net.get_layer(name)
        assert (layer.epsilon, layer.momentum) == (1e-3, 0.99)
        assert layer.scale
        assert layer.center


def test_branches_do_not_see_each_other(net, pair):
    music, video = embed(net, pair)
    np.testing.assert_array_equal(embed(net, [pair[0], 0 * pair[1]])[0], music)
    np.testing.assert_array_equal(embed(net, [0 * pair[0], pair[1]])[1], video)


def test_weights_begin_truncated_normal_with_he_deviation(net):
    kernels = [weight for weight in net.weights if weight.path.endswith("kernel")]
    assert len(kernels) == 5
    for kernel in map(np.array, kernels):
        deviation = np.sqrt(2 / len(kernel))
        assert np.std(kernel) == pytest.approx(TRUNCATION * deviation, rel=0.01)
        assert np.abs(kernel).max() <= 2 * deviation * 1.0001
        assert abs(kernel.mean()) < 0.01 * deviation


def test_biases_begin_at_zero(net):
    biases = [np.array(weight) for weight in net.weights if weight.path.endswith("bias")]
    assert len(biases) == 5
    assert not any(bias.any() for bias in biases)


def test_no_two_layers_begin_alike(net):
    corners = [np.array(w)[:64, :64] for w in net.weights if w.path.endswith("kernel")]
    scaled = [corner / corner.std() for corner in corners]
    for i in range(len(scaled)):
        for j in range(i):
            assert abs(np.mean(scaled[i] * scaled[j])) < 0.1


def test_dropout_acts_after_every_relu_and_only_in_training(net, pair):
    rates = {layer.name: layer.rate for layer in net.layers if "dropout" in layer.name}
    assert rates == dict.fromkeys(("music_dropout_1", "music_dropout_2", "video_dropout_1"), 0.5)
    order = [layer.name for layer in net.layers if layer.name.startswith("video")]
    assert order == [
        "video",
        "video_dense_1",
        "video_relu_1",
        "video_dropout_1",
        "video_dense_2",
        "video_batch_norm",
        "video_embedding",
    ]
    for first, second in zip(embed(net, pair), embed(net, pair), strict=True):
        np.testing.assert_array_equal(first, second)
    fresh = build_vmnet(128, 1024, seed=3)
    for first, second in zip(embed(fresh, pair, True), embed(fresh, pair, True), strict=True):
        assert np.abs(first - second).max() > 0.01


def test_seed_decides_weights_and_dropout(net, pair):
    one, two, other = (build_vmnet(128, 1024, seed=seed) for seed in (3, 3, 4))
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(np.array(a), np.array(b))
    kernel = "music_dense_1/kernel"
    kernels = [next(np.array(w) for w in n.weights if w.path == kernel) for n in (one, other)]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.1
    for a, b in zip(embed(one, pair, True), embed(two, pair, True), strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_global_random_state_is_touched():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    build_vmnet(8, 8, seed=5)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_feature_statistics_equal_numpy():
    data = np.random.default_rng(0).normal(5, [1, 2, 3], (9000, 3)).astype(np.float32)
    mean, variance = feature_statistics(data)
    np.testing.assert_allclose(mean, data.mean(0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance, data.var(0, dtype=np.float64), rtol=1e-6)
    assert mean.dtype == variance.dtype == np.float32


def test_feature_statistics_have_no_vanishing_variance():
    data = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    data[:, 2] = 7
    variance = feature_statistics(data)[1]
    assert variance[2] == pytest.approx(1e-4 * data.var(0).mean(), rel=1e-3)
    constant = feature_statistics(np.ones((5, 3), np.float32))
    np.testing.assert_array_equal(constant, [[1, 1, 1], [1, 1, 1]])


def test_standardisation_happens_inside_the_network(pair):
    statistics = [feature_statistics(3 * x + 2) for x in pair]
    net = build_vmnet(128, 1024, 0, 0.5, *statistics)
    plain = build_vmnet(128, 1024, 0, 0.5)
    standard = [
        ((3 * x + 2) - mean) / np.sqrt(variance)
        for x, (mean, variance) in zip(pair, statistics, strict=True)
    ]
    for a, b in zip(embed(net, [3 * x + 2 for x in pair]), embed(plain, standard), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
