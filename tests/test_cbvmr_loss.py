"""The loss of the original VM-Net against its naive twin, hand-worked batches and its laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.models import TrainingConfig
from vmnet.models.losses import (
    LOSSES,
    cbvmr_loss,
    inter_modal_loss,
    intra_modal_loss,
    intra_triplet_loss,
)
from vmnet.models.settings import CBVMR, LOSS_NAMES

EAST, NORTH, WEST = (1, 0), (0, 1), (-1, 0)
seeds = st.integers(0, 2**32 - 1)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def draw_batch(seed, b=10, n_clips=7):
    """Return embeddings of unit norm, clips and features, as `cbvmr_loss` takes them."""
    rng = np.random.default_rng(seed)
    music, video = unit(rng.standard_normal((b, 5))), unit(rng.standard_normal((b, 5)))
    clips = rng.integers(n_clips, size=b)
    features = 3 * rng.standard_normal((b, 4)), 2 * rng.standard_normal((b, 6))
    return music, video, clips, *features


def loss(batch, *args, function=cbvmr_loss):
    return float(function(*(np.asarray(x, None if x.dtype == int else "f4") for x in batch), *args))


def intra(embedding, features, clips, top=100):
    arrays = np.array(embedding, "f4"), np.array(features, "f4"), np.array(clips)
    return float(intra_modal_loss(*arrays, top))


@pytest.mark.parametrize("top", [1, 3, 9, 100])
@pytest.mark.parametrize("n_clips", [2, 7, 1000])
def test_equals_its_naive_twin(naive, n_clips, top):
    for seed in range(4):
        batch = draw_batch(seed, n_clips=n_clips)
        args = 0.2, (0.7, 3.0), (0.2, 0.4), top
        assert loss(batch, *args) == pytest.approx(naive.cbvmr(*batch, *args), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("n_clips", [2, 7, 1000])
def test_intra_modal_term_equals_its_naive_twin(naive, n_clips):
    for seed in range(4):
        music, _, clips, features, _ = draw_batch(seed, n_clips=n_clips)
        expected = naive.intra_modal(music, features, clips, 6)
        assert intra(music, features, clips, 6) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_nearest_negative_by_hand():
    """Video anchors all east: their nearest other music is east, but for the clip that has it."""
    music, video = np.array([EAST, NORTH, WEST], float), np.array([EAST, EAST, EAST], float)
    batch = music, video, np.arange(3), music, video
    # Video 0: own -1, nearest north 0: 0. Video 1: own 0, east -1: 1.1. Video 2: own 1: 2.1.
    assert loss(batch, 0.1, (1.0, 0.0), (0.0, 0.0), 1) == pytest.approx((0 + 1.1 + 2.1) / 3)
    # Music anchors: all videos are equal, so each costs the margin.
    assert loss(batch, 0.1, (0.0, 2.0), (0.0, 0.0), 1) == pytest.approx(2 * 0.1)


def test_intra_modal_triplets_by_hand():
    # In the features, east is nearer to north-east than to west; the embedding has it reversed.
    features = [EAST, (1, 1), WEST]
    embedding = [EAST, WEST, NORTH]
    # i = 0, j = 1: d(0, 1) = 1 and d(0, 2) = 0: half of the triplets is at odds, by 2 * 1.
    # i = 2, j = 0: the features have d(2, 0) = 1 > d(2, 1) = 0.71, the embedding ties at 0: 0.
    assert intra(embedding, features, [0, 1, 2]) == pytest.approx((2 * 1 + 0) / 2)
    assert intra(embedding, features, [0, 1, 1]) == 0  # there are no three clips


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_intra_modal_term_is_zero_where_the_orders_agree(seed):
    rng = np.random.default_rng(seed)
    features = unit(rng.standard_normal((12, 4)))
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    assert intra(features @ turn, 5 * features, range(12)) == pytest.approx(0, abs=1e-6)
    assert intra(-features @ turn, 5 * features, range(12)) == pytest.approx(0, abs=1e-6)
    assert intra(unit(rng.standard_normal((12, 4))), features, range(12)) > 0


# --- the intra-modal triplets that the thesis describes -------------------------------------------


def intra_triplet(embedding, features, clips, top=100, margin=0.1):
    arrays = np.array(embedding, "f4"), np.array(features, "f4"), np.array(clips)
    return float(intra_triplet_loss(*arrays, top, margin))


def test_intra_modal_triplets_of_the_thesis_by_hand():
    # In the features, 0 is nearer to 1 than to 2, and 2 nearer to 1 than to 0; all three lie on a
    # line. The anchors are 0 (with 1 and 2) and 2 (with 0 and 1).
    features = [[0.0], [1.0], [3.0]]
    # Anchor 0: p = 1, n = 2: |e_0 - e_1|^2 - |e_0 - e_2|^2 = 4 - 2. Anchor 2: p = 1, n = 0: 2 - 2.
    embedding = [EAST, WEST, NORTH]
    assert intra_triplet(embedding, features, [0, 1, 2]) == pytest.approx((2.1 + 0.1) / 2)
    assert intra_triplet(embedding, features, [0, 1, 2], margin=0) == pytest.approx(2 / 2)
    # Anchor 0: 2 - 4 + 0.1 is below 0. Anchor 2: p = 1, n = 0: 2 - 4 + 0.1, too.
    assert intra_triplet([EAST, NORTH, WEST], features, [0, 1, 2]) == 0
    assert intra_triplet(embedding, features, [0, 1, 1]) == 0  # there are no three clips
    # 0 is as far from 1 as from 2: neither is the positive. Anchor 2 is left, p = 0, n = 1: 2 - 2.
    assert intra_triplet(embedding, [[0.0], [1.0], [-1.0]], [0, 1, 2]) == pytest.approx(0.1)


@pytest.mark.parametrize("top", [1, 3, 9, 100])
@pytest.mark.parametrize("n_clips", [2, 7, 1000])
def test_intra_modal_triplets_equal_their_naive_twin(naive, n_clips, top):
    for seed in range(4):
        music, _, clips, features, _ = draw_batch(seed, n_clips=n_clips)
        expected = naive.intra_triplet(music, features, clips, top, 0.3)
        found = intra_triplet(music, features, clips, top, 0.3)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_intra_modal_triplets_cost_at_most_the_margin_where_the_orders_agree(seed):
    rng = np.random.default_rng(seed)
    features = unit(rng.standard_normal((12, 4)))
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    found = intra_triplet(features @ turn, 5 * features, range(12), margin=0.1)
    assert 0 <= found <= 0.1 + 1e-6
    assert intra_triplet(features @ turn, 5 * features, range(12), margin=0) < 1e-5


def test_the_settings_choose_the_form_of_the_intra_modal_terms():
    music, video, clips, *features = (
        np.asarray(part, None if part.dtype == int else "f4") for part in draw_batch(0)
    )
    losses = {}
    for form, term in (("sign", intra_modal_loss), ("triplet", intra_triplet_loss)):
        config = TrainingConfig(**CBVMR, intra=form)
        losses[form] = float(LOSSES["cbvmr"](features, (music, video), clips, config))
        parts = zip((music, video), features, strict=True)
        own = sum(0.2 * float(term(*part, clips)) for part in parts)
        without = float(cbvmr_loss(music, video, clips, *features, intra_weights=(0.0, 0.0)))
        assert losses[form] == pytest.approx(without + own, rel=1e-5)
    assert losses["sign"] != losses["triplet"]
    wider = TrainingConfig(**CBVMR, intra="triplet", intra_margin=0.5)
    own = sum(
        0.2 * intra_triplet(part, seen, clips, margin=0.5)
        for part, seen in zip((music, video), features, strict=True)
    )
    found = float(LOSSES["cbvmr"](features, (music, video), clips, wider))
    assert found == pytest.approx(without + own, rel=1e-5)
    assert found > losses["triplet"]


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_order_of_the_pairs_does_not_matter_to_the_inter_modal_terms(seed):
    batch = draw_batch(seed)
    order = np.random.default_rng(seed).permutation(len(batch[2]))
    args = 0.1, (1.0, 3.0), (0.0, 0.0), 3
    shuffled = [part[order] for part in batch]
    assert loss(shuffled, *args) == pytest.approx(loss(batch, *args), rel=1e-5)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_swapping_the_modalities_swaps_the_weights(seed):
    music, video, clips, *features = draw_batch(seed)
    swapped = video, music, clips, *features[::-1]
    one = loss((music, video, clips, *features), 0.1, (1.0, 3.0), (0.2, 0.5), 4)
    assert loss(swapped, 0.1, (3.0, 1.0), (0.5, 0.2), 4) == pytest.approx(one, rel=1e-5)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_without_intra_terms_and_with_all_negatives_it_is_half_the_triplet_loss(seed):
    """|a - b|^2 is 2 - 2 a.b between unit vectors: a margin of squared distances is twice ours."""
    batch = draw_batch(seed)
    batch = (*batch[:2], np.arange(10), *batch[3:])
    triplet = loss(batch[:3], 0.2, (1.0, 3.0), function=inter_modal_loss)
    assert loss(batch, 0.1, (1.0, 3.0), (0.0, 0.0), 9) == pytest.approx(triplet / 2, rel=1e-5)


def test_more_negatives_weaken_the_mean():
    losses = [loss(draw_batch(0), 0.1, (1.0, 1.0), (0.0, 0.0), top) for top in (1, 3, 9)]
    assert losses[0] > losses[1] > losses[2]


def test_scale_of_the_features_does_not_matter():
    music, video, clips, *features = draw_batch(3)
    scaled = music, video, clips, *(100 * part for part in features)
    assert loss(scaled) == pytest.approx(loss((music, video, clips, *features)), rel=1e-6)


def test_settings_name_the_losses():
    assert tuple(LOSSES) == LOSS_NAMES
    config = TrainingConfig(**CBVMR)
    music, video, clips, *features = (
        np.asarray(part, None if part.dtype == int else "f4") for part in draw_batch(0)
    )
    expected = cbvmr_loss(music, video, clips, *features)  # its defaults are the authors'
    assert float(LOSSES["cbvmr"](features, (music, video), clips, config)) == float(expected)
    triplet = LOSSES["triplet"](features, (music, video), clips, TrainingConfig())
    assert float(triplet) == float(inter_modal_loss(music, video, clips))


@pytest.mark.parametrize(
    "bad",
    [
        {"loss": "hinge"},
        {"intra_weights": (0.2, -1.0)},
        {"intra_weights": (0.2,)},
        {"top": 0},
        {"intra_margin": -1},
    ],
)
def test_senseless_settings_are_refused(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}=.* makes no sense"):
        TrainingConfig(**bad)
