"""Training on triplets and on tags: losses, and that it learns, stops, resumes and repeats itself.

A track is noise in all bands and, louder, some bands of the group that it belongs to.
"""

from dataclasses import replace

import numpy as np
import pytest

from vmnet.aligners.sequences import Sequences
from vmnet.config import ThesisSize
from vmnet.errors import VmnetError
from vmnet.models.embedder import weights_of
from vmnet.similarity.mining import mine
from vmnet.similarity.patches import draw_patches
from vmnet.similarity.training import (
    TagConfig,
    TrainedNetwork,
    TripletConfig,
    embed,
    tag_config,
    train_tags,
    train_triplets,
    triplet_config,
)

TRAIN, VALID = np.arange(16), np.arange(16, 26)
GROUPS = np.arange(26) % 4
TAGS = np.eye(4, dtype=np.float32)[GROUPS]
S = 100 * (TAGS @ TAGS.T)
QUICK = TripletConfig(
    dim=8, width=1 / 32, frames=16, learning_rate=3e-3, anchors=8, negatives=2,
    steps=20, evaluate_every=4,
)  # fmt: skip
QUICK_TAGS = TagConfig(
    4, width=1 / 32, frames=16, learning_rate=3e-3, batch=16, steps=20, evaluate_every=4
)


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)
    spectrograms = [rng.normal(-60, 10, (40, 96)) for _ in GROUPS]
    for spectrogram, group in zip(spectrograms, GROUPS, strict=True):
        spectrogram[:, 24 * group : 24 * group + 12] += 40
    joined = Sequences.from_list(spectrograms)
    return Sequences(joined.data.astype(np.float16), joined.offsets, joined.ids)


def train(tracks, config, folder, **settings):
    """Train on triplets or on tags, as the config says."""
    settings = {"progress": False} | settings
    if isinstance(config, TagConfig):
        return train_tags(tracks, TAGS, TRAIN, VALID, config, folder, **settings)
    triplets = mine(S, TRAIN, "distance", n_positives=3, n_negatives=6)
    valid = mine(S, VALID, "distance", n_positives=2, n_negatives=4)
    return train_triplets(tracks, triplets, valid, config, folder, **settings)


def assert_same(one, two):
    for name, weight in weights_of(one.network).items():
        np.testing.assert_array_equal(weights_of(two.network)[name], weight)
    for column in sorted({*one.curve} - {"seconds"}):
        np.testing.assert_array_equal(one.curve[column], two.curve[column])


@pytest.fixture(scope="module")
def undisturbed(tracks, tmp_path_factory):
    """Two trainings that were left alone, and their folders."""
    folders = [tmp_path_factory.mktemp(name) for name in ("triplets", "tags")]
    return [
        (train(tracks, config, folder), folder)
        for config, folder in zip((QUICK, QUICK_TAGS), folders, strict=True)
    ]


# --- losses -------------------------------------------------------------------------------------


def test_triplet_loss_by_hand():
    from vmnet.similarity.learner import triplet_loss

    # Anchor (1, 0), positive (0, 1) at 2; negatives (-1, 0) at 4 and (0.6, 0.8) at 0.8: 0 and 1.7.
    embeddings = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], np.float32)
    loss = triplet_loss(np.full((1, 2), 0.5, np.float32), embeddings)
    assert float(loss) == pytest.approx((0 + 1.7) / 2, rel=1e-6)
    loss = triplet_loss(np.array([[2.5, 0.0]], np.float32), embeddings)
    assert float(loss) == pytest.approx((0.5 + 1.2) / 2, rel=1e-6)


@pytest.mark.parametrize(("n_groups", "n_negatives", "margin"), [(1, 1, 0.5), (3, 4, 0.1)])
def test_triplet_loss_is_that_of_the_loop(naive, n_groups, n_negatives, margin):
    from vmnet.similarity.learner import triplet_loss

    groups = np.random.default_rng(1).normal(size=(n_groups, 2 + n_negatives, 5))
    groups = (groups / np.linalg.norm(groups, axis=-1, keepdims=True)).astype(np.float32)
    margins = np.full((n_groups, n_negatives), margin, np.float32)
    loss = triplet_loss(margins, groups.reshape(-1, 5))
    assert float(loss) == pytest.approx(naive.triplets(groups, margin), rel=1e-5)


def test_embeddings_that_are_all_the_same_lose_the_margin():
    from vmnet.similarity.learner import triplet_loss

    same = np.ones((6, 1), np.float32)
    assert float(triplet_loss(np.full((2, 1), 0.5, np.float32), same)) == 0.5


def test_tag_loss_by_hand_and_of_the_loop(naive):
    from vmnet.similarity.learner import tag_loss

    by_hand = float(tag_loss(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])))
    assert by_hand == pytest.approx(2 * np.log(2))
    rng = np.random.default_rng(2)
    tags, estimated = rng.random((2, 5, 3)).astype(np.float32)
    expected = naive.tags(tags, estimated)
    assert float(tag_loss(tags, estimated)) == pytest.approx(expected, rel=1e-5)


# --- training -----------------------------------------------------------------------------------


def test_losses_fall_and_groups_come_together(tracks, undisturbed):
    triplets, tags = (trained.curve for trained, _ in undisturbed)
    for curve in (triplets, tags):
        assert curve["train_loss"][-1] < curve["train_loss"][0]
        assert curve["step"].tolist() == [4, 8, 12, 16, 20]
    assert tags["valid_loss"][-1] < tags["valid_loss"][0]
    # That of ten tracks, some without a second one of their group, may rise again by any amount,
    # and does so with some initial weights, which every backend draws in its own way.
    assert triplets["valid_loss"].min() < 0.8 * QUICK.margin  # where all is one point it is that
    embeddings = undisturbed[0][0].embed(draw_patches(tracks, VALID, 3, frames=16))
    distances = ((embeddings[:, None] - embeddings) ** 2).sum(axis=2)
    same = GROUPS[VALID][:, None] == GROUPS[VALID]
    assert distances[same].mean() < distances[~same].mean()


def test_embedding_is_the_mean_over_patches(tracks, undisturbed):
    network = undisturbed[0][0].network
    patches = draw_patches(tracks, np.array([3, 20, 5]), 3, frames=16)
    embeddings = embed(network, patches)
    assert embeddings.shape == (3, 8)
    np.testing.assert_allclose(embed(network, patches[:]), embeddings, atol=1e-6)
    each = network.predict_on_batch(patches[:][1].astype(np.float32))
    np.testing.assert_allclose(each.mean(axis=0), embeddings[1], atol=1e-6)


@pytest.mark.parametrize("config", [QUICK, QUICK_TAGS])
def test_a_killed_training_goes_on_and_ends_equal(
    tracks, undisturbed, tmp_path, config, monkeypatch
):
    from vmnet.similarity import learner

    update, done = learner.PatchLearner.update, []

    def update_or_interrupt(self, batches):
        done.append(len(batches[-1]))
        if len(done) == 3:
            raise KeyboardInterrupt
        return update(self, batches)

    monkeypatch.setattr(learner.PatchLearner, "update", update_or_interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tracks, config, tmp_path, checkpoint_seconds=0)
    assert (tmp_path / "checkpoint.npz").exists()
    resumed = train(tracks, config, tmp_path)
    assert done == 6 * [4]  # two, an interrupt, the third once more, and two
    assert_same(resumed, undisturbed[config is QUICK_TAGS][0])
    assert not (tmp_path / "checkpoint.npz").exists()


@pytest.mark.parametrize("config", [QUICK, QUICK_TAGS])
def test_a_finished_training_is_loaded(tracks, undisturbed, config, monkeypatch):
    from vmnet.similarity import learner

    monkeypatch.setattr(learner.PatchLearner, "update", None)
    trained, folder = undisturbed[config is QUICK_TAGS]
    assert_same(train(tracks, config, folder), trained)
    loaded = TrainedNetwork.load(folder, type(config))
    assert (loaded.config, loaded.statistics) == (config, trained.statistics)
    assert loaded.best_step == trained.best_step
    patches = draw_patches(tracks, VALID, 2, frames=16)
    np.testing.assert_allclose(loaded.embed(patches), trained.embed(patches), atol=1e-6)


def test_the_seed_decides(tracks, undisturbed, tmp_path):
    short = replace(QUICK, steps=4)
    first = undisturbed[0][0].curve["train_loss"][0]
    assert train(tracks, short, tmp_path / "same").curve["train_loss"][0] == first
    other = train(tracks, replace(short, seed=1), tmp_path / "other")
    assert other.curve["train_loss"][0] != first


def test_a_margin_that_grows_does_so_in_a_line_also_after_an_interrupt(
    tracks, undisturbed, tmp_path, monkeypatch
):
    from vmnet.similarity import learner

    update, margins = learner.PatchLearner.update, []

    def update_or_interrupt(self, batches):
        if len(margins) == 12 and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        assert (batches[1] == batches[1][:, :1, :1]).all()  # one for all of an update
        margins.extend(batches[1][:, 0, 0].tolist())
        return update(self, batches)

    interrupted = []
    config = replace(QUICK, margin_grows=10)
    monkeypatch.setattr(learner.PatchLearner, "update", update_or_interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tracks, config, tmp_path, checkpoint_seconds=0)
    trained = train(tracks, config, tmp_path)
    np.testing.assert_allclose(margins, np.minimum(0.05 * np.arange(20), 0.5), rtol=1e-6)
    assert trained.curve["train_loss"][0] < undisturbed[0][0].curve["train_loss"][0]


def test_stops_early_with_the_best_weights(tracks, tmp_path):
    config = replace(QUICK, learning_rate=1e-9, steps=100, evaluate_every=1, patience=2)
    trained = train(tracks, config, tmp_path)
    best = int(np.argmin(trained.curve["valid_loss"]))
    assert len(trained.curve["step"]) == best + 1 + 2 < 100
    assert trained.best_step == best + 1


# --- settings and refusals ----------------------------------------------------------------------


def test_settings_of_a_run():
    small = triplet_config(ThesisSize(width=1 / 16, updates=250, patches=36), network="autopool")
    assert (small.anchors, small.negatives, small.learning_rate) == (12, 1, 5e-4)
    assert (small.network, small.width, small.steps) == ("autopool", 1 / 16, 250)
    thesis = triplet_config(ThesisSize(width=1.0, updates=10**6))
    assert thesis == TripletConfig(anchors=1, negatives=42, learning_rate=1e-6)
    assert tag_config(ThesisSize(width=1.0, updates=10**6), 488) == TagConfig(488)
    assert tag_config(ThesisSize(patches=24), 56).batch == 24


def test_what_does_not_fit_is_refused(tracks, undisturbed, tmp_path):
    with pytest.raises(VmnetError, match=r"margin 0.5 \(now 0.25\): choose another folder"):
        train(tracks, replace(QUICK, margin=0.25), undisturbed[0][1])
    with pytest.raises(ValueError, match="16 anchors with 6 negatives make no batch of 8 with 7"):
        train(tracks, replace(QUICK, negatives=7), tmp_path)
    with pytest.raises(ValueError, match="26 tracks with 5 tags"):
        train(tracks, replace(QUICK_TAGS, tags=5), tmp_path)
    with pytest.raises(VmnetError, match="holds no trained network"):
        TrainedNetwork.load(tmp_path, TripletConfig)
    negative = {"margin": -1.0}, {"margin_grows": -1}
    for wrong in ({"network": "lstm"}, {"anchors": 0}, {"width": 0.0}, *negative):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TripletConfig(**wrong)
