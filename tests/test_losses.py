"""Triplet and softmax loss against hand-worked batches, loops, and their laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.models.losses import inter_modal_loss, softmax_loss

# Two-dimensional embeddings that can be worked by hand.
EAST, NORTH, WEST = (1, 0), (0, 1), (-1, 0)


def loss(music, video, clips, *args):
    arrays = np.array(music, np.float32), np.array(video, np.float32), np.array(clips)
    return float(inter_modal_loss(*arrays, *args))


def naive_loss(music, video, clips, margin=0.1, weights=(1.0, 1.0)):
    """The mean over all triplets, one after the other."""
    triplets = []
    for i, own in enumerate(clips):
        for j, other in enumerate(clips):
            if own != other:
                positive = np.sum((video[i] - music[i]) ** 2)
                video_anchor = max(positive - np.sum((video[i] - music[j]) ** 2) + margin, 0)
                music_anchor = max(positive - np.sum((music[i] - video[j]) ** 2) + margin, 0)
                triplets.append(weights[0] * video_anchor + weights[1] * music_anchor)
    return np.mean(triplets) if triplets else 0.0


def draw_batch(seed, b=12, dim=5, n_clips=6, unit=True):
    rng = np.random.default_rng(seed)
    music, video = rng.standard_normal((2, b, dim))
    if unit:
        music, video = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (music, video))
    return music, video, rng.integers(n_clips, size=b)


seeds = st.integers(0, 2**32 - 1)


def test_two_pairs_by_hand():
    # Video anchors: 0 and 2 - 0 + 0.1. Music anchors: 0 - 0 + 0.1 and 2 - 2 + 0.1.
    music, video = [EAST, NORTH], [EAST, EAST]
    assert loss(music, video, [0, 1]) == pytest.approx((2.1 + 0.2) / 2)
    assert loss(music, video, [0, 1], 0.1, (1.0, 0.0)) == pytest.approx(2.1 / 2)
    assert loss(music, video, [0, 1], 0.1, (0.0, 1.0)) == pytest.approx(0.2 / 2)
    assert loss(music, video, [0, 1], 0.3, (2.0, 0.5)) == pytest.approx((2 * 2.3 + 0.5 * 0.6) / 2)


def test_three_pairs_by_hand():
    # The third video equals the second and should be west: video anchors 0.1 and 2.1, music
    # anchors 0.1 (north) and 0.1 (west against north); all others are 0.
    music, video = [EAST, NORTH, WEST], [EAST, NORTH, NORTH]
    assert loss(music, video, [0, 1, 2]) == pytest.approx(2.4 / 6)


def test_pairs_of_one_clip_are_neither_negatives_nor_counted():
    # As above without the two triplets between the first two pairs, which are 0.
    music, video = [EAST, NORTH, WEST], [EAST, NORTH, NORTH]
    assert loss(music, video, [7, 7, 2]) == pytest.approx(2.4 / 4)
    # Without those between the last two pairs, 2.1 and 0.1 + 0.1, one video anchor of 0.1 is left.
    assert loss(music, video, [7, 2, 2]) == pytest.approx(0.1 / 4)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("n_clips", [2, 6, 1000])
def test_equals_the_triple_loop(unit, n_clips):
    for seed in range(5):
        batch = draw_batch(seed, n_clips=n_clips, unit=unit)
        expected = naive_loss(*batch, 0.2, (0.7, 1.3))
        assert loss(*batch, 0.2, (0.7, 1.3)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


NEGATIVES = ("other_clips", "same_clip", "adjacent")


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_negatives_within_a_clip_equal_their_naive_twin(naive, negatives):
    clips = np.repeat(np.arange(4), (3, 1, 4, 2))
    for seed in range(3):
        music, video, _ = draw_batch(seed, b=10)
        args = 0.2, (0.7, 1.3), negatives
        expected = naive.inter_modal(music, video, clips, *args)
        assert loss(music, video, clips, *args) == pytest.approx(expected, rel=1e-4)


def test_negatives_within_a_clip_by_hand():
    # Three segments of one clip, all alike: each triplet costs twice the margin. No other clip is
    # there, six triplets are of the same clip, four of them of neighbours.
    alike = [EAST, EAST, EAST]
    assert loss(alike, alike, [5, 5, 5], 0.1, (1.0, 1.0), "other_clips") == 0
    for negatives in ("same_clip", "adjacent"):
        assert loss(alike, alike, [5, 5, 5], 0.1, (1.0, 1.0), negatives) == pytest.approx(0.2)
    # The last two change places in the music. Own distances are 0, 2, 2. Of the neighbours 0 and 1
    # the video anchors cost 0 - 4 + 0.1 < 0 and 2 - 2 + 0.1 ...
    video, music = [EAST, NORTH, WEST], [EAST, WEST, NORTH]
    # ... and of 1 and 2: 2 - 0 + 0.1 both. Beside each other: 0-1, 1-0, 1-2, 2-1.
    args = 0.1, (1.0, 0.0)
    assert loss(music, video, [5, 5, 5], *args, "adjacent") == pytest.approx((0.1 + 4.2) / 4)
    # All of the clip: 0-2 costs 0 - 2 + 0.1 < 0, 2-0 costs 2 - 4 + 0.1 < 0.
    assert loss(music, video, [5, 5, 5], *args, "same_clip") == pytest.approx((0.1 + 4.2) / 6)


def test_of_different_clips_all_negatives_are_the_same():
    music, video, _ = draw_batch(0)
    losses = [loss(music, video, range(12), 0.1, (1.0, 1.0), each) for each in NEGATIVES]
    assert losses[0] == losses[1] == losses[2]


def test_large_batch_of_trained_like_embeddings_equals_double_precision():
    rng = np.random.default_rng(0)
    music = rng.standard_normal((1000, 512))
    video = music + 0.3 * rng.standard_normal((1000, 512))
    music, video = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (music, video))
    dots = video @ music.T
    own = np.diag(dots)
    terms = np.maximum(2 * (dots - own[:, None]) + 1.9, 0) + np.maximum(2 * (dots - own) + 1.9, 0)
    np.fill_diagonal(terms, 0)
    expected = terms.sum() / (1000 * 999)
    assert loss(music, video, np.arange(1000), 1.9) == pytest.approx(expected, rel=1e-4)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_order_of_the_pairs_does_not_matter(seed):
    music, video, clips = draw_batch(seed)
    order = np.random.default_rng(seed).permutation(len(clips))
    shuffled = loss(music[order], video[order], clips[order])
    assert shuffled == pytest.approx(loss(music, video, clips), rel=1e-5)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_names_of_the_clips_do_not_matter(seed):
    music, video, clips = draw_batch(seed)
    assert loss(music, video, 1000 - 3 * clips) == loss(music, video, clips)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_swapping_the_modalities_swaps_the_weights(seed):
    music, video, clips = draw_batch(seed, unit=False)
    swapped = loss(video, music, clips, 0.1, (0.3, 2.0))
    assert swapped == pytest.approx(loss(music, video, clips, 0.1, (2.0, 0.3)), rel=1e-5)


def test_zero_when_every_margin_holds():
    perfect = np.eye(6)
    assert loss(perfect, perfect, np.arange(6)) == 0
    assert loss(perfect, perfect, np.arange(6), 2.01) > 0  # negatives are at squared distance 2


def test_equal_embeddings_cost_the_margin_in_each_direction():
    same = np.ones((5, 4))
    assert loss(same, same, np.arange(5), 0.25) == pytest.approx(0.5)


@pytest.mark.parametrize("b", [1, 4])
def test_batch_of_one_clip_costs_nothing(b):
    music, video, _ = draw_batch(0, b=b)
    assert loss(music, video, np.full(b, 3)) == 0.0


# --- softmax ------------------------------------------------------------------------------------


def cross_entropy(music, video, clips, temperature=0.4):
    arrays = np.array(music, np.float32), np.array(video, np.float32), np.array(clips)
    return float(softmax_loss(*arrays, temperature))


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_softmax_of_two_pairs_by_hand(temperature):
    # Video anchors: the own music at 1 against 0, then at 0 against 1. Music anchors: two equals.
    music, video = [EAST, NORTH], [EAST, EAST]
    near = math.log(1 + math.exp(-1 / temperature))
    far = math.log(1 + math.exp(1 / temperature))
    expected = (near + far + 2 * math.log(2)) / 4
    assert cross_entropy(music, video, [0, 1], temperature) == pytest.approx(expected, rel=1e-6)


def test_softmax_of_two_pairs_of_one_clip_by_hand():
    # The first two are no negatives of each other, so that the third is the only one of both.
    music = video = [EAST, NORTH, WEST]
    east = math.log(1 + math.exp(-2))  # west is at -1, the own at 1
    north, west = math.log(1 + math.exp(-1)), math.log(1 + math.exp(-2) + math.exp(-1))
    expected = (east + north + west) / 3
    assert cross_entropy(music, video, [7, 7, 2], 1.0) == pytest.approx(expected, rel=1e-6)
    assert cross_entropy(music, video, [7, 7, 7], 1.0) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("n_clips", [2, 6, 1000])
@pytest.mark.parametrize("temperature", [0.05, 0.4, 2.0])
def test_softmax_equals_its_naive_twin(naive, n_clips, temperature):
    for seed in range(3):
        batch = draw_batch(seed, n_clips=n_clips)
        expected = naive.softmax(*batch, temperature)
        assert cross_entropy(*batch, temperature) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(seed=seeds, temperature=st.floats(0.05, 10))
@settings(deadline=None, max_examples=25)
def test_laws_of_the_softmax(seed, temperature):
    music, video, clips = draw_batch(seed)
    found = cross_entropy(music, video, clips, temperature)
    assert found >= -1e-5
    order = np.random.default_rng(seed).permutation(len(clips))
    shuffled = cross_entropy(music[order], video[order], clips[order], temperature)
    assert shuffled == pytest.approx(found, rel=1e-4, abs=1e-5)
    renamed = cross_entropy(music, video, 1000 - 3 * clips, temperature)
    assert renamed == pytest.approx(found, rel=1e-5, abs=1e-6)
    swapped = cross_entropy(video, music, clips, temperature)
    assert swapped == pytest.approx(found, rel=1e-5, abs=1e-6)


def test_softmax_of_equal_embeddings_is_that_of_a_guess():
    same = np.eye(4)[np.zeros(5, int)]
    assert cross_entropy(same, same, np.arange(5)) == pytest.approx(math.log(5))
