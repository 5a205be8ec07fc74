"""The network with a linear start: by hand, against NumPy, and against the linear method."""

from dataclasses import replace

import numpy as np
import pytest

from vmnet.aligners import Sequences
from vmnet.models import TrainingConfig, linear, start
from vmnet.models.learner import Learner
from vmnet.models.linear import LinearConfig
from vmnet.models.start import linear_starts
from vmnet.models.vmnet import LinearStart, build_shortcut_vmnet

CONFIG = TrainingConfig(start="linear", loss="softmax", learning_rate=1e-2, batch=8)
DIMS = (6, 9)


def draw_start(rng, d, k, dim):
    mean, directions, components = (rng.standard_normal(s) for s in (d, (d, dim), (d, k)))
    return LinearStart(*(part.astype(np.float32) for part in (mean, directions, components)))


def simulate(seed, n, offset=0.0):
    """Return music and video of n clips: maps of the same 3 shared numbers, and noise."""
    maps = [np.random.default_rng(99).standard_normal((3, dim)) for dim in DIMS]
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, 3))
    return [
        Sequences.from_list(list((shared @ a + rng.standard_normal((n, len(a[0]))))[:, None]))
        .map(lambda data: data + np.float32(offset))
        for a in maps
    ]  # fmt: skip


@pytest.fixture
def starts():
    rng = np.random.default_rng(0)
    return draw_start(rng, 6, 4, 3), draw_start(rng, 9, 5, 3)


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    return [rng.standard_normal((7, dim)).astype(np.float32) for dim in DIMS]


def embed(net, pair, training=False):
    return [np.array(embedding) for embedding in net(pair, training=training)]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# --- the network --------------------------------------------------------------------------------


def test_trainable_parameters_by_hand(starts):
    # A hidden layer of 7 units on 4 and on 5 components, and 3 outputs of it: music and video.
    net = build_shortcut_vmnet(*starts, hidden=7)
    counts = [int(np.prod(weight.shape)) for weight in net.trainable_weights]
    assert sum(counts) == (7 * (4 + 1) + 3 * (7 + 1)) + (7 * (5 + 1) + 3 * (7 + 1))
    fixed = sum(int(np.prod(weight.shape)) for weight in net.non_trainable_weights)
    biases = 3 + 4 + 3 + 5
    assert fixed == 6 * (3 + 4) + 9 * (3 + 5) + biases + seeds_of_dropout(net)


def seeds_of_dropout(net):
    return sum(
        int(np.prod(weight.shape)) for weight in net.non_trainable_weights if "seed" in weight.path
    )


def test_before_any_update_it_is_the_shortcut(starts, pair):
    net = build_shortcut_vmnet(*starts)
    for x, begun, embedding in zip(pair, starts, embed(net, pair), strict=True):
        np.testing.assert_allclose(embedding, unit((x - begun.mean) @ begun.directions), atol=1e-6)


def test_forward_pass_equals_numpy(starts, pair):
    net, rng = build_shortcut_vmnet(*starts, hidden=7), np.random.default_rng(2)
    for weight in net.trainable_weights:
        weight.assign(rng.standard_normal(weight.shape))
    weights = {weight.path: np.array(weight, np.float64) for weight in net.weights}
    for name, x, begun, found in zip(
        ("music", "video"), pair, starts, embed(net, pair), strict=True
    ):
        centred = x - begun.mean
        hidden = centred @ begun.components @ weights[f"{name}_hidden/kernel"]
        hidden = np.maximum(hidden + weights[f"{name}_hidden/bias"], 0)
        beside = hidden @ weights[f"{name}_beside/kernel"] + weights[f"{name}_beside/bias"]
        np.testing.assert_allclose(found, unit(centred @ begun.directions + beside), atol=2e-6)


def test_dropout_acts_in_training_alone(starts, pair):
    net = build_shortcut_vmnet(*starts, dropout=0.25, input_dropout=0.5)
    rates = {layer.name: layer.rate for layer in net.layers if "dropout" in layer.name}
    assert rates == {
        "music_input_dropout": 0.5, "video_input_dropout": 0.5,
        "music_dropout": 0.25, "video_dropout": 0.25,
    }  # fmt: skip
    for weight in net.trainable_weights:
        weight.assign(np.random.default_rng(2).standard_normal(weight.shape))
    for one, two in zip(embed(net, pair), embed(net, pair), strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(embed(net, pair, True), embed(net, pair, True), strict=True):
        assert np.abs(one - two).max() > 0.01


def test_seed_decides_the_hidden_layers_which_differ(starts):
    def kernels(seed):
        net = build_shortcut_vmnet(*starts, seed=seed, hidden=2000)
        return [np.array(net.get_layer(f"{name}_hidden").kernel) for name in ("music", "video")]

    (music, video), again, other = kernels(0), kernels(0), kernels(1)
    np.testing.assert_array_equal(music, again[0])
    np.testing.assert_array_equal(video, again[1])
    assert np.abs(music - other[0]).max() > 0.1
    assert np.abs(music / music.std() - video[:4] / video[:4].std()).max() > 0.1
    for kernel in (music, video):  # truncated normal, with He's deviation
        assert np.std(kernel) == pytest.approx(0.8796 * np.sqrt(2 / len(kernel)), rel=0.05)


def test_updates_change_what_is_learned_and_never_the_shortcut(starts):
    net = build_shortcut_vmnet(*starts, hidden=7, input_dropout=0.5)
    before = {weight.path: np.array(weight) for weight in net.weights}
    rng = np.random.default_rng(3)
    music, video = (rng.standard_normal((5, 8, dim)).astype(np.float32) for dim in DIMS)
    Learner(net, CONFIG).update((music, video, np.tile(np.arange(8), (5, 1))))
    for weight in net.weights:
        moved = np.abs(np.array(weight, float) - before[weight.path]).max() > 0
        fixed = "shortcut" in weight.path or "components" in weight.path
        assert fixed != moved, weight.path


# --- where it begins ----------------------------------------------------------------------------


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("with_extra", [False, True])
def test_it_begins_as_the_linear_method(with_extra, standardize, tmp_path):
    training, valid = simulate(0, 60), simulate(1, 30)
    extra = simulate(2, 80) if with_extra else None
    config = replace(CONFIG, standardize=standardize)
    settings = LinearConfig.of(config)
    maps = linear.fit(*training, *valid, settings, tmp_path, extra=extra)
    others = (*extra, None) if extra else None
    begun = linear_starts((*training, None), (*valid, None), config, others)
    net = build_shortcut_vmnet(*begun)
    found = embed(net, [part.data for part in valid])
    expected = maps.embed_music(valid[0]).data, maps.embed_video(valid[1]).data
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_scales_of_a_start_by_hand():
    """Embeddings have a mean square of 1 before their norm is taken; components are whitened."""
    training, valid = simulate(0, 200), simulate(1, 30)
    starts = linear_starts((*training, None), (*valid, None), CONFIG)
    found = linear.search(tuple(training), tuple(valid), LinearConfig.of(CONFIG))
    for part, begun, covariance in zip(training, starts, found.within, strict=True):
        centred = part.data.astype(float) - begun.mean
        assert np.square(centred @ begun.directions).sum(axis=1).mean() == pytest.approx(
            1, rel=1e-4
        )
        variances = np.linalg.eigvalsh(covariance)[::-1]
        ridge = max(found.ridge, start.LEAST_RIDGE) * variances.mean()
        np.testing.assert_allclose(
            (centred @ begun.components).T @ (centred @ begun.components) / len(centred),
            np.diag(variances / (variances + ridge)), atol=1e-4,
        )  # fmt: skip


def test_components_are_the_first_of_a_modality(monkeypatch):
    training, valid = (*simulate(0, 60), None), (*simulate(1, 30), None)
    whole = linear_starts(training, valid, CONFIG)
    monkeypatch.setattr(start, "COMPONENTS", 4)
    for few, all_of_them in zip(linear_starts(training, valid, CONFIG), whole, strict=True):
        np.testing.assert_array_equal(few.components, all_of_them.components[:, :4])


def test_features_that_never_vary_have_a_start(tmp_path):
    training, valid = simulate(0, 20), simulate(1, 10)
    silent = [
        (part[0].map(lambda data: np.full_like(data, 0.5)), part[1], None)
        for part in (training, valid)
    ]
    net = build_shortcut_vmnet(*linear_starts(*silent, CONFIG))
    music, video = embed(net, [part.data for part in silent[1][:2]])
    assert np.isfinite(music).all()
    assert np.isfinite(video).all()
