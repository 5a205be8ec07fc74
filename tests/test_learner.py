"""Several updates in one call equal one after the other, and Adam is what its authors wrote."""

import numpy as np
import pytest

from vmnet.models import TrainingConfig, build_vmnet
from vmnet.models.learner import Learner
from vmnet.models.optimizer import FusedAdam, adam
from vmnet.models.settings import CBVMR

MUSIC_DIM, VIDEO_DIM, K, B = 6, 10, 5, 8


def make_batches(dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    music, video = (
        rng.standard_normal((K, B, dim)).astype(dtype) for dim in (MUSIC_DIM, VIDEO_DIM)
    )
    return music, video, np.tile(np.arange(B), (K, 1))


def make_learner(**settings):
    config = TrainingConfig(learning_rate=1e-3, batch=B, **settings)
    return Learner(build_vmnet(MUSIC_DIM, VIDEO_DIM, seed=1), config)


def assert_same_state(one, two):
    for name, value in one.state().items():
        np.testing.assert_array_equal(two.state()[name], value)


@pytest.mark.parametrize("settings", [{}, CBVMR, {"loss": "softmax"}])
def test_updates_of_one_call_are_those_of_many(settings):
    batches = make_batches()
    together, one_by_one = make_learner(**settings), make_learner(**settings)
    mean = together.update(batches)
    losses = [one_by_one.update(tuple(part[i : i + 1] for part in batches)) for i in range(K)]
    assert mean == pytest.approx(np.mean(losses), rel=1e-6)
    assert len(set(losses)) == K
    assert_same_state(together, one_by_one)


def test_update_is_that_of_keras_itself():
    """`train_on_batch` is what Keras compiles, one update at a time."""
    batches = make_batches()
    ours, keras_own = make_learner(), make_learner()
    ours.update(batches)
    for music, video, clips in zip(*batches, strict=True):
        keras_own.train_on_batch((music, video), clips)
    assert_same_state(ours, keras_own)


def test_rows_of_features_on_the_device_are_the_features():
    rng = np.random.default_rng(2)
    music = rng.standard_normal((40, MUSIC_DIM)).astype(np.float16)
    video = rng.standard_normal((40, VIDEO_DIM)).astype(np.float16)
    rows, clips = rng.integers(40, size=(K, B)), np.tile(np.arange(B), (K, 1))
    on_device, streamed = make_learner(), make_learner()
    on_device.keep(music, video)
    assert on_device.update((rows, clips)) == streamed.update((music[rows], video[rows], clips))
    assert_same_state(on_device, streamed)


def test_half_precision_is_cast_on_the_device():
    halves = make_batches(np.float16)
    floats = (*(part.astype(np.float32) for part in halves[:2]), halves[2])
    one, two = make_learner(), make_learner()
    assert one.update(halves) == two.update(floats)
    assert_same_state(one, two)


def test_fused_adam_is_adam():
    """Against the algorithm of Kingma and Ba, in double precision, with epsilon beside sqrt(v)."""
    import keras

    rng = np.random.default_rng(0)
    weight = rng.standard_normal((4, 3))
    variable = keras.Variable(weight.astype(np.float32))
    optimizer = adam(1e-2)
    assert type(optimizer) is FusedAdam
    optimizer.build([variable])
    m, v = np.zeros_like(weight), np.zeros_like(weight)
    for step in range(1, 20):
        gradient = rng.standard_normal(weight.shape) * (step % 3)
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        rate = 1e-2 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weight -= rate * m / (np.sqrt(v) + 1e-7)
        np.testing.assert_allclose(variable.numpy(), weight, rtol=1e-4, atol=1e-5)


class Known:
    """In place of a network: what it is given are embeddings already."""

    def __call__(self, inputs, training):
        assert not training
        return inputs


def test_ranks_of_pairs_by_hand():
    """Three pairs on a circle, then two; the mean is that of all clips and both directions."""
    learner = make_learner()
    learner.net = Known()
    # v.m of the first batch: [[1, 0, -1], [0, 1, 0], [1, 0, -1]], the own on the diagonal. Videos
    # rank their music 1, 1 and 3; the first music has two videos at 1: its own is 1.5th. The second
    # is alone at 1. The third finds its own video, at -1 like the first, behind the second: 2.5.
    music = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    video = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    first = music, video, np.arange(3)
    right = np.eye(2, dtype=np.float32)
    second = right, right, np.arange(2)
    ranks = [1, 1, 3, 1.5, 1, 2.5]
    assert learner.rank_pairs([first]) == pytest.approx(np.mean(ranks))
    assert learner.rank_pairs([first, second]) == pytest.approx(np.mean([*ranks, 1, 1, 1, 1]))


def test_ranks_of_pairs_are_those_of_the_networks_embeddings(naive):
    learner = make_learner(dropout=0.5)
    music, video, clips = (part[0] for part in make_batches())
    heard, seen = (np.array(part) for part in learner.net([music, video], training=False))
    distances = [[naive.squared_distance(v, m) for m in heard] for v in seen]
    both = [*naive.ranks(distances), *naive.ranks(np.transpose(distances).tolist())]
    for _ in range(2):  # no dropout
        assert learner.rank_pairs([(music, video, clips)]) == pytest.approx(np.mean(both))
