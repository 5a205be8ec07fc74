"""Pairs that a head judges: its size, its loss, its fast ranking, what is kept of a training."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners import Sequences
from vmnet.errors import VmnetError
from vmnet.models import MODELS, TrainedVMNet, TrainingConfig, build_vmnet, train
from vmnet.models.embedder import weights_of
from vmnet.models.head import HEAD, build_head, pair_logits, with_head
from vmnet.models.learner import PairLearner, make_learner
from vmnet.models.losses import bce_loss
from vmnet.models.sampling import Moments, derange
from vmnet.models.settings import check_settings, decisive

DIM = 6
QUICK = TrainingConfig(loss="bce", learning_rate=1e-4, batch=16, steps=6, evaluate_every=2)


def layers_of(head):
    return [[np.array(w) for w in head.get_layer(f"{HEAD}_dense_{i}").weights] for i in (1, 2, 3)]


def clips_of(n, dim, seed):
    rng = np.random.default_rng(seed)
    return Sequences.from_list([rng.standard_normal((1, dim)) for _ in range(n)])


@pytest.fixture(scope="module")
def features():
    """Music and video of 20 clips, and of 8 for validation."""
    return clips_of(20, 5, 0), clips_of(20, 7, 1), clips_of(8, 5, 2), clips_of(8, 7, 3)


# --- the head -----------------------------------------------------------------------------------


def test_it_has_as_many_parameters_as_its_layers_say():
    head = build_head(512)
    assert head.count_params() == 1024 * 1024 + 1024 + 1024 * 128 + 128 + 128 + 1 == 1_180_929
    # with handcrafted music (thesis, table 5.1): the VM-Net's own and these
    net = with_head(build_vmnet(1140, 1024))
    trainable = sum(math.prod(w.shape) for w in net.trainable_weights)
    assert trainable == 8_110_080 + 1_180_929


def test_it_is_three_layers_on_both_embeddings(naive):
    head = build_head(DIM, seed=1)
    rng = np.random.default_rng(0)
    music, video = rng.standard_normal((2, 4, DIM)).astype(np.float32)
    logits = np.array(head([music, video]))
    assert logits.shape == (4, 1)
    for own, *pair in zip(logits[:, 0], music, video, strict=True):
        assert own == pytest.approx(naive.judge(layers_of(head), *pair), rel=1e-4, abs=1e-5)


def test_the_order_of_the_two_matters_and_the_seed_decides():
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((2, 4, DIM)).astype(np.float32)
    head, again, other = (build_head(DIM, seed) for seed in (1, 1, 2))
    assert not np.allclose(head([one, two]), head([two, one]))
    np.testing.assert_array_equal(head([one, two]), again([one, two]))
    assert not np.allclose(head([one, two]), other([one, two]))


@pytest.mark.parametrize("block", [1, 10, 1 << 20])  # pairs at once: a row, some, all
def test_ranking_by_halves_equals_the_plain_head(block, monkeypatch):
    monkeypatch.setattr("vmnet.models.head.BLOCK_PAIRS", block)
    head = build_head(DIM, seed=3)
    rng = np.random.default_rng(0)
    video, music = (rng.standard_normal((n, DIM)).astype(np.float32) for n in (7, 5))
    plain = [[head([m[None], v[None]])[0, 0] for m in music] for v in video]
    np.testing.assert_allclose(pair_logits(head, video, music), plain, rtol=1e-5, atol=1e-5)


# --- loss and partners --------------------------------------------------------------------------


def test_cross_entropy_by_hand():
    # p = 1/2 of both: log 2. Then p = 3/4 of the pair, 1/4 of the other: -log 3/4 for both.
    assert float(bce_loss(np.zeros(2), np.zeros(2))) == pytest.approx(math.log(2))
    sure = np.full(3, math.log(3))
    assert float(bce_loss(sure, -sure)) == pytest.approx(-math.log(3 / 4))
    assert float(bce_loss(-sure, sure)) == pytest.approx(-math.log(1 / 4))


def test_cross_entropy_equals_its_naive_twin_and_bears_large_logits(naive):
    rng = np.random.default_rng(0)
    matching, others = 3 * rng.standard_normal((2, 9)).astype(np.float32)
    expected = naive.bce(matching, others)
    assert float(bce_loss(matching, others)) == pytest.approx(expected, rel=1e-5)
    far = np.full(2, 200, np.float32)  # where the sigmoid rounds to 1, and log(1 - p) is -inf
    assert float(bce_loss(far, far)) == pytest.approx(100)


@given(
    counts=st.lists(st.integers(1, 6), min_size=2, max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_no_pair_is_its_own_partner_nor_one_of_its_clip(counts, seed):
    rng = np.random.default_rng(seed)
    clips = rng.permutation(np.repeat(np.arange(len(counts)) * 7, counts))
    if 2 * max(counts) > len(clips):
        with pytest.raises(ValueError, match="are of one clip"):
            derange(rng, clips)
        return
    partners = derange(rng, clips)
    assert sorted(partners) == list(range(len(clips)))
    assert (clips[partners] != clips).all()


def test_every_other_clip_is_a_partner_as_often():
    rng = np.random.default_rng(0)
    drawn = np.array([derange(rng, np.arange(5)) for _ in range(4000)])
    for i in range(5):
        counts = np.bincount(drawn[:, i], minlength=5)
        assert counts[i] == 0
        assert np.delete(counts, i) == pytest.approx(1000, abs=5 * math.sqrt(1000))


def test_the_loss_of_a_batch_is_that_of_its_pairs_and_of_as_many_others(naive, features):
    learner = make_learner(with_head(build_vmnet(5, 7, dropout=0.0)), QUICK)
    assert type(learner) is PairLearner
    music, video = (part.data for part in features[:2])
    clips = np.arange(20)
    partners = learner.targets(np.random.default_rng(0), clips)
    heard, seen, own = (np.array(part) for part in learner.net([music, video]))
    head = learner.net.get_layer(HEAD)
    logits = [np.array(head([heard, np.tile(each, (20, 1))]))[:, 0] for each in seen]
    matching = np.diag(logits)
    others = [logits[i][j] for i, j in enumerate(partners)]
    np.testing.assert_allclose(own[:, 0], matching, rtol=1e-3, atol=1e-4)
    loss = learner.evaluate_pairs([(music, video, clips)])
    assert loss == pytest.approx(naive.bce(matching, others), rel=1e-3)
    assert learner.evaluate_pairs([(music, video, clips)]) == loss  # partners are drawn alike
    one = music[:1], video[:1], clips[:1]
    assert learner.evaluate_pairs([(music, video, clips), one]) == loss  # no partner, no pair
    ranks = [*naive.ranks(-np.array(logits)), *naive.ranks(-np.array(logits).T)]
    assert learner.rank_pairs([(music, video, clips)]) == pytest.approx(np.mean(ranks), abs=0.1)


# --- training -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(features, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bce") / "network"
    return train(*features, QUICK, folder, progress=False), folder


def test_what_is_kept_ranks_as_before(trained, features):
    network, folder = trained
    again = TrainedVMNet.load(folder, QUICK)
    video, music = network.embed_video(features[3]).data, network.embed_music(features[2]).data
    assert video.shape == music.shape == (8, 512)
    np.testing.assert_array_equal(again.embed_video(features[3]).data, video)
    distances = network.pair_distances(video, music)
    assert distances.shape == (8, 8)
    np.testing.assert_array_equal(again.pair_distances(video, music), distances)
    head = network.model.get_layer(HEAD)
    np.testing.assert_allclose(-distances[2, 5], head([music[5:6], video[2:3]])[0, 0], rtol=1e-4)
    assert head.count_params() == 1_180_929


def test_updates_change_the_head_and_both_branches(trained, features):
    network, _ = trained
    fresh = weights_of(with_head(build_vmnet(5, 7, 0), 0))
    for name, weight in weights_of(network.model).items():
        if name.endswith("kernel"):
            assert not np.array_equal(weight, fresh[name]), name


def test_a_training_goes_on_where_it_was_killed(trained, features, tmp_path, monkeypatch):
    """As a process that dies after its first checkpoint; the partners go on, too."""
    from vmnet.models import loop

    saved = []

    def dies(run):
        save(run)
        saved.append(run.step)
        raise KeyboardInterrupt

    save = loop._Run.save
    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            train(*features, QUICK, tmp_path / "killed", progress=False, checkpoint_seconds=0)
    assert saved == [2]
    again = train(*features, QUICK, tmp_path / "killed", progress=False)
    for name, weight in weights_of(again.model).items():
        np.testing.assert_array_equal(weights_of(trained[0].model)[name], weight)


def test_without_early_stopping_the_last_weights_are_kept(features, tmp_path):
    """A rate so high that no evaluation is better than the first: only the setting goes on."""
    stops = replace(QUICK, learning_rate=0.03, patience=1, steps=20)
    goes_on = replace(stops, early_stopping=False)
    stopped = train(*features, stops, tmp_path / "stops", progress=False)
    to_the_end = train(*features, goes_on, tmp_path / "goes_on", progress=False)
    assert stopped.curve["step"][-1] < 20
    assert stopped.best_step < stopped.curve["step"][-1]
    assert (to_the_end.best_step, to_the_end.curve["step"][-1]) == (20, 20)
    assert to_the_end.summary == "kept after 20 updates"
    loss = make_learner(to_the_end.model, goes_on).evaluate_pairs(
        [(features[2].data, features[3].data, np.arange(8))]
    )
    assert loss == pytest.approx(to_the_end.curve["valid_loss"][-1], rel=1e-5)


def test_a_network_without_a_head_does_not_judge_pairs():
    config = TrainingConfig()
    network = TrainedVMNet(build_vmnet(5, 7), config, "", {"step": np.array([1])})
    with pytest.raises(ValueError, match="'triplet' has no head"):
        network.pair_distances(np.zeros((2, 512)), np.zeros((2, 512)))


@pytest.mark.parametrize("negatives", ["same_clip", "adjacent"])
def test_negatives_within_a_clip_need_segments_of_one(features, tmp_path, negatives):
    alone = replace(QUICK, loss="triplet", negatives=negatives)
    with pytest.raises(VmnetError, match=f"negatives={negatives} needs several segments"):
        train(*features, alone, tmp_path, progress=False)
    moments = tuple(Moments.of(*[[np.array([0.0, 1.0])] * len(part)] * 2) for part in features[::2])
    with pytest.raises(VmnetError, match="needs tracks that are cut at the same times"):
        train(*features, replace(alone, per_clip=2), tmp_path, progress=False, moments=moments)
    assert not any(tmp_path.iterdir())


def test_the_kind_of_model_decides_the_loss():
    for given_loss in ("triplet", "softmax", "cbvmr"):
        config = MODELS["bce"].settings(TrainingConfig(loss=given_loss, start="linear"))
        assert (config.loss, config.start) == ("bce", "linear")
    with pytest.raises(VmnetError, match="loss=bce needs a head that ranks, which notebook 09"):
        check_settings({"loss": "bce"})


def test_settings_that_came_later_leave_the_keys_of_earlier_networks_alone():
    """These are the settings of the networks that were trained before there were more."""
    before = {
        "learning_rate", "batch", "dropout", "loss", "margin", "weights", "intra_weights", "top",
        "extra_weight", "temperature", "start", "hidden", "input_dropout", "steps",
        "evaluate_every", "choose", "patience", "momentum", "standardize", "seed",
    }  # fmt: skip
    assert set(decisive(TrainingConfig())) == before
    later = {"negatives": "adjacent", "per_clip": 4, "early_stopping": False, "intra_margin": 0.2}
    assert set(decisive(TrainingConfig(**later))) == before | set(later)


JUDGE = """
import numpy as np
from vmnet.models import TrainingConfig, build_vmnet
from vmnet.models.head import pair_logits, with_head
from vmnet.models.learner import make_learner

rng = np.random.default_rng(0)
music, video = (rng.standard_normal((3, 8, n)).astype("f4") for n in (5, 7))
config = TrainingConfig(loss="bce", learning_rate=1e-3, batch=8, dropout=0.0)
learner = make_learner(with_head(build_vmnet(5, 7, dropout=0.0)), config)
for weight in learner.net.trainable_weights:  # initial weights are each backend's own
    weight.assign(0.1 * rng.standard_normal(weight.shape))
partners = np.stack([learner.targets(rng, np.arange(8)) for _ in range(3)])
losses = [learner.update((music, video, partners))]
pairs = music[0], video[0], np.arange(8)
print(*losses, learner.evaluate_pairs([pairs]), learner.rank_pairs([pairs]))
"""


@pytest.mark.parametrize("backend", ["torch"])
def test_other_backends_learn_alike(backend):
    def losses(name):
        finished = subprocess.run(
            [sys.executable, "-c", JUDGE],
            env={**os.environ, "KERAS_BACKEND": name},
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr[-2000:]
        return np.array(finished.stdout.split(), float)

    np.testing.assert_allclose(losses(backend), losses("tensorflow"), rtol=2e-3)
