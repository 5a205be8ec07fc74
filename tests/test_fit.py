"""Training on small simulated clips: it learns, stops, resumes bit for bit, and refuses bad input.

Music and video of a simulated segment are two random linear maps of one latent vector, which is a
clip's own plus a segment's own, with private noise in each modality.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from vmnet.aligners.sequences import Sequences
from vmnet.errors import VmnetError
from vmnet.models import (
    TrainedVMNet,
    TrainingConfig,
    check_settings,
    parse_settings,
    train,
)
from vmnet.models.embedder import weights_of
from vmnet.models.energy import Energy
from vmnet.models.fit import _moved
from vmnet.models.learner import Learner
from vmnet.models.linear import LinearConfig, fit
from vmnet.models.sampling import Moments, spread_pairs
from vmnet.models.settings import CBVMR

MUSIC_DIM, VIDEO_DIM, N_TEST = 64, 96, 100
QUICK = TrainingConfig(learning_rate=1e-4, batch=16, steps=9, evaluate_every=3)
OWN = TrainingConfig(
    start="linear", loss="softmax", temperature=0.2, choose="rank", learning_rate=1e-3, batch=16,
    hidden=32, input_dropout=0.5, steps=9, evaluate_every=3,
)  # fmt: skip

# What a subprocess does: train on the features that the parent has saved.
TRAIN = """
import ast, os, signal, sys
from pathlib import Path
import numpy as np
from vmnet.aligners.sequences import Sequences
from vmnet.models import TrainingConfig, train

def die_in_second_checkpoint(*args, savez=np.savez, calls=[], **arrays):
    savez(*args, **arrays)
    calls.append(args)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

here = Path(sys.argv[1])
features = [Sequences.load(here / f"{i}.npz") for i in range(4)]
config = TrainingConfig(**ast.literal_eval(sys.argv[2]))
if sys.argv[3] == "die":
    np.savez = die_in_second_checkpoint
trained = train(*features, config, here / "network", progress=False, checkpoint_seconds=0)
trained.embed_music(features[2]).save(here / "music.npz")
trained.embed_video(features[3]).save(here / "video.npz")
"""


def simulate(seed, *sizes, noise=3.0):
    """Return (music, video) for each number of clips in `sizes`, all through the same maps."""
    rng = np.random.default_rng(seed)
    music_map, video_map = (
        rng.standard_normal((12, MUSIC_DIM)),
        rng.standard_normal((12, VIDEO_DIM)),
    )
    return [_clips(rng, n, music_map, video_map, noise) for n in sizes]


def _clips(rng, n, music_map, video_map, noise):
    music, video = [], []
    for _ in range(n):
        k = rng.integers(3, 9)
        latent = rng.standard_normal(12) + 0.7 * rng.standard_normal((k, 12))
        music.append(latent @ music_map + noise * rng.standard_normal((k, MUSIC_DIM)))
        video.append(latent @ video_map + noise * rng.standard_normal((k, VIDEO_DIM)))
    return Sequences.from_list(music), Sequences.from_list(video)


def mean_rank(music, video):
    """Return the mean rank of each video's own music by the distance of their centroids."""
    music, video = (np.stack([clip.mean(axis=0) for clip in part]) for part in (music, video))
    distances = ((video[:, None] - music[None]) ** 2).sum(axis=2)
    own = np.diag(distances)[:, None]
    return np.mean((distances < own).sum(axis=1) + 1)


def in_subprocess(folder, features, config, fate, backend="tensorflow"):
    """Train in folder/network in another process; return it when it has ended, or died."""
    for i, sequences in enumerate(features):
        sequences.save(folder / f"{i}.npz")
    return subprocess.run(
        [sys.executable, "-c", TRAIN, str(folder), repr(asdict(config)), fate],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )


def assert_same_training(one, two):
    for name, weight in weights_of(one.model).items():
        np.testing.assert_array_equal(weights_of(two.model)[name], weight)
    assert list(one.curve) == list(two.curve)
    for column in sorted({*one.curve} - {"seconds"}):
        np.testing.assert_array_equal(one.curve[column], two.curve[column])


@pytest.fixture(scope="module")
def features():
    """The four sets of `train`: music and video of 40 clips, and of 12 for validation."""
    return [sequences for pair in simulate(0, 40, 12) for sequences in pair]


@pytest.fixture(scope="module")
def undisturbed(features, tmp_path_factory):
    """A quick training that nothing interrupts, and its folder."""
    folder = tmp_path_factory.mktemp("undisturbed") / "network"
    return train(*features, QUICK, folder, progress=False), folder


# --- learning -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_learns_to_find_the_music_of_unseen_clips(seed, tmp_path):
    training, validation, (test_music, test_video) = simulate(seed, 300, 60, N_TEST)
    config = TrainingConfig(learning_rate=1e-4, batch=64, steps=30, evaluate_every=15, seed=seed)

    def rank(trained):
        return mean_rank(trained.embed_music(test_music), trained.embed_video(test_video))

    start = replace(config, learning_rate=1e-12, steps=1)
    untrained = train(*training, *validation, start, tmp_path / "start", progress=False)
    trained = train(*training, *validation, config, tmp_path / "trained", progress=False)
    assert rank(untrained) > 30  # chance is 50.5
    assert rank(trained) < 8
    assert trained.curve["valid_loss"][-1] < 0.3 * untrained.curve["valid_loss"][0]


def test_clip_level_training_is_segment_level_training_with_one_segment(features, tmp_path):
    clips = [
        Sequences.from_list([clip.mean(axis=0, keepdims=True) for clip in part])
        for part in features
    ]
    trained = train(*clips, QUICK, tmp_path, progress=False)
    assert trained.embed_music(clips[2]).data.shape == (12, 512)
    assert trained.curve["valid_loss"][-1] < trained.curve["valid_loss"][0]


def test_runs_on_torch_and_its_network_on_tensorflow(features, tmp_path):
    process = in_subprocess(tmp_path, features, QUICK, "live", backend="torch")
    assert process.returncode == 0, process.stderr
    trained = TrainedVMNet.load(tmp_path / "network", QUICK)
    assert trained.curve["train_loss"][-1] < 0.9 * trained.curve["train_loss"][0]
    for name, embedding in (
        ("music", trained.embed_music(features[2])),
        ("video", trained.embed_video(features[3])),
    ):
        on_torch = Sequences.load(tmp_path / f"{name}.npz")
        np.testing.assert_allclose(embedding.data, on_torch.data, atol=1e-5)
    losses = trained.curve["valid_loss"]
    assert validation_loss(trained, features) == pytest.approx(losses.min(), rel=1e-4)


def validation_loss(trained, features):
    """Return the loss of a trained network over the validation batches of `train`."""
    config = trained.config
    learner = Learner(trained.model, config)
    music, video = features[2:]
    drawn = spread_pairs(music.offsets, config.batch)
    return learner.evaluate_pairs((music.data[r], video.data[r], clips) for r, clips in drawn)


# --- stopping -----------------------------------------------------------------------------------


def test_stops_early_and_restores_the_best_weights(tmp_path):
    """Validation pairs that do not belong together: what is learned makes them worse."""
    (music, video), (valid_music, _), (_, other) = simulate(0, 30, 20, 20)
    rows = np.resize(np.arange(len(other.data)), len(valid_music.data))
    valid_video = Sequences(other.data[rows], valid_music.offsets, valid_music.ids)
    features = music, video, valid_music, valid_video
    config = TrainingConfig(
        learning_rate=1e-4, batch=32, steps=500, evaluate_every=4, patience=3, dropout=0.0
    )
    trained = train(*features, config, tmp_path, progress=False)
    losses, steps = trained.curve["valid_loss"], trained.curve["step"]
    best = int(np.argmin(losses))
    assert steps[-1] < 500
    assert len(losses) == best + 1 + 3
    assert trained.best_step == steps[best]
    assert losses[-1] > losses[best]
    loaded = TrainedVMNet.load(tmp_path)
    assert validation_loss(loaded, features) == pytest.approx(losses[best], rel=1e-5)


# --- resuming -----------------------------------------------------------------------------------


def test_killed_training_goes_on_to_the_same_weights(features, undisturbed, tmp_path):
    """Killed before the second checkpoint takes the place of the first."""
    process = in_subprocess(tmp_path, features, QUICK, "die")
    assert process.returncode == -signal.SIGKILL, process.stderr
    folder = tmp_path / "network"
    assert (folder / "checkpoint.npz").exists()
    assert not (folder / "model.npz").exists()
    assert_same_training(train(*features, QUICK, folder, progress=False), undisturbed[0])


def test_interrupted_training_goes_on_from_its_checkpoint(
    features, undisturbed, tmp_path, monkeypatch
):
    done = []
    update = Learner.update

    def update_or_interrupt(self, batches):
        if len(done) == 4:
            done.append("interrupt")
            raise KeyboardInterrupt
        done.append(update(self, batches))
        return done[-1]

    monkeypatch.setattr("vmnet.models.batches.UPDATES_PER_CALL", {"streamed": 1})

    monkeypatch.setattr(Learner, "update", update_or_interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(*features, QUICK, tmp_path, progress=False, checkpoint_seconds=0)
    assert (tmp_path / "checkpoint.npz").exists()
    trained = train(*features, QUICK, tmp_path, progress=False)
    assert done[4] == "interrupt"
    assert done[5] == done[3]  # the update after the checkpoint, once more
    assert len(done) == 4 + 1 + 6
    for name, weight in weights_of(undisturbed[0].model).items():
        np.testing.assert_array_equal(weights_of(trained.model)[name], weight)
    assert np.all(np.diff(trained.curve["seconds"]) > 0)
    assert not (tmp_path / "checkpoint.npz").exists()


def test_finished_training_is_loaded(features, undisturbed, monkeypatch):
    monkeypatch.setattr(Learner, "update", None)
    trained, folder = undisturbed
    assert_same_training(train(*features, QUICK, folder, progress=False), trained)


def test_seed_decides_the_training(features, undisturbed, tmp_path):
    other = train(*features, replace(QUICK, steps=3, seed=1), tmp_path, progress=False)
    assert other.curve["train_loss"][0] != undisturbed[0].curve["train_loss"][0]


# --- files --------------------------------------------------------------------------------------


def test_files_are_plain(undisturbed):
    trained, folder = undisturbed
    names = ["curve.csv", "energy.json", "model.npz", "settings.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    with np.load(folder / "model.npz", allow_pickle=False) as archive:
        assert sum(archive[name].dtype != np.float32 for name in archive) == 0
    lines = (folder / "curve.csv").read_text().splitlines()
    assert lines[0] == "step,train_loss,valid_loss,seconds"
    assert [int(line.split(",")[0]) for line in lines[1:]] == [3, 6, 9]
    assert trained.seconds == float(lines[-1].split(",")[3])


@pytest.mark.parametrize("standardize", [True, False])
def test_loaded_network_embeds_as_the_trained_one(features, standardize, tmp_path):
    config = replace(QUICK, steps=4, standardize=standardize)
    trained = train(*features, config, tmp_path, progress=False)
    assert trained.curve["step"].tolist() == [3, 4]  # the last update is followed by an evaluation
    loaded = TrainedVMNet.load(tmp_path, config)
    assert (loaded.config, loaded.data_key) == (trained.config, trained.data_key)
    for one, two in (
        (trained.embed_music(features[0]), loaded.embed_music(features[0])),
        (trained.embed_video(features[1]), loaded.embed_video(features[1])),
    ):
        np.testing.assert_array_equal(one.data, two.data)
        assert one.ids == two.ids == features[0].ids
        np.testing.assert_array_equal(one.offsets, features[0].offsets)
        np.testing.assert_allclose(np.linalg.norm(one.data, axis=1), 1, atol=1e-6)


def test_embeds_in_blocks_what_it_embeds_at_once(features, undisturbed, monkeypatch):
    at_once = undisturbed[0].embed_video(features[1]).data
    monkeypatch.setattr("vmnet.models.embedder._EMBEDDING_BATCH", 7)
    np.testing.assert_allclose(undisturbed[0].embed_video(features[1]).data, at_once, atol=1e-6)


def test_scale_and_offset_of_standardised_features_do_not_matter(features, undisturbed, tmp_path):
    shifted = [part.map(lambda data: 100 * data + 1000) for part in features]
    trained = train(*shifted, replace(QUICK, steps=3), tmp_path, progress=False)
    expected = undisturbed[0].curve["valid_loss"][0]
    assert trained.curve["valid_loss"][0] == pytest.approx(expected, rel=1e-2)


# --- a linear start, the best update by rank ----------------------------------------------------


@pytest.fixture(scope="module")
def own(features, tmp_path_factory):
    """A quick training of a linear start that nothing interrupts, and its folder."""
    folder = tmp_path_factory.mktemp("own") / "network"
    return train(*features, OWN, folder, progress=False), folder


def validation_ranks(features, batch, embed_music, embed_video):
    """Return the mean rank over the validation batches of `train`, one batch after the other."""
    music, video = features[2:]
    heard, seen = embed_music(music).data, embed_video(video).data
    found = []
    for rows, _ in spread_pairs(music.offsets, batch):
        similar = seen[rows] @ heard[rows].T
        own = np.diag(similar)
        found += [(similar > own[:, None]).sum(axis=1) + 1, (similar > own).sum(axis=0) + 1]
    return np.concatenate(found).mean()


def test_the_start_is_evaluated_and_is_the_linear_method(features, own, tmp_path):
    trained, folder = own
    assert (folder / "curve.csv").read_text().splitlines()[0] == (
        "step,train_loss,valid_loss,seconds,valid_rank"
    )
    assert trained.curve["step"].tolist() == [0, 3, 6, 9]
    assert np.isnan(trained.curve["train_loss"]).tolist() == [True, False, False, False]
    assert np.isfinite([trained.curve["valid_loss"], trained.curve["valid_rank"]]).all()
    assert trained.curve["seconds"][0] == 0
    maps = fit(*features, LinearConfig.of(OWN), tmp_path)
    rank = validation_ranks(features, OWN.batch, maps.embed_music, maps.embed_video)
    assert trained.curve["valid_rank"][0] == pytest.approx(rank)


def test_the_model_is_that_of_the_least_rank(features, own):
    for one in (own[0], TrainedVMNet.load(own[1], OWN)):
        ranks = one.curve["valid_rank"]
        assert one.best_step == one.curve["step"][np.argmin(ranks)]
        found = validation_ranks(features, OWN.batch, one.embed_music, one.embed_video)
        assert found == pytest.approx(ranks.min())


def test_the_rank_decides_where_the_loss_says_another(own):
    columns = {"step": np.array([0, 3, 6]), "train_loss": np.array([np.nan, 2, 1])}
    columns |= {"valid_loss": np.array([3.0, 1, 2]), "seconds": np.arange(3.0)}
    assert replace(own[0], curve=columns).best_step == 3
    ranked = columns | {"valid_rank": np.array([5.0, 4, 2])}
    assert replace(own[0], curve=ranked).best_step == 6


def test_a_start_that_is_never_bettered_is_what_is_kept(tmp_path):
    """Without noise the linear method finds every partner: training waits, and gives it back."""
    training, validation = simulate(0, 40, 12, noise=0.0)
    config = replace(OWN, steps=500, evaluate_every=2, patience=2)
    trained = train(*training, *validation, config, tmp_path / "network", progress=False)
    assert trained.curve["valid_rank"][0] == 1
    assert trained.curve["step"].tolist() == [0, 2, 4]
    assert trained.best_step == 0
    maps = fit(*training, *validation, LinearConfig.of(config), tmp_path / "maps")
    found, expected = (one.embed_music(validation[0]).data for one in (trained, maps))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_network_learns_what_a_linear_method_cannot(tmp_path):
    """Of shared numbers the music has the squares, whose covariance with the video is none."""
    rng = np.random.default_rng(0)
    music_map, video_map = rng.standard_normal((2, 3, 12))
    sets = []
    for n in (600, 100):
        shared = rng.standard_normal((n, 3))
        music, video = np.square(shared) @ music_map, shared @ video_map
        sets += [Sequences.from_list(list(part[:, None])) for part in (music, video)]
    config = replace(
        OWN, steps=300, evaluate_every=50, batch=128, learning_rate=5e-3, hidden=128,
        dropout=0.0, input_dropout=0.0,
    )  # fmt: skip
    ranks = train(*sets, config, tmp_path, progress=False).curve["valid_rank"]
    assert ranks[0] > 35  # chance is 50.5
    assert ranks.min() < 0.5 * ranks[0]


def test_a_linear_start_that_is_killed_goes_on_to_the_same_weights(features, own, tmp_path):
    process = in_subprocess(tmp_path, features, OWN, "die")
    assert process.returncode == -signal.SIGKILL, process.stderr
    folder = tmp_path / "network"
    assert not (folder / "model.npz").exists()
    with np.load(folder / "checkpoint.npz") as checkpoint:
        assert checkpoint["curve"][:, 0].tolist() == [0, 3]
    assert_same_training(train(*features, OWN, folder, progress=False), own[0])


def test_a_linear_start_runs_on_torch_and_its_network_on_tensorflow(features, own, tmp_path):
    process = in_subprocess(tmp_path, features, OWN, "live", backend="torch")
    assert process.returncode == 0, process.stderr
    trained = TrainedVMNet.load(tmp_path / "network", OWN)
    assert trained.curve["valid_rank"][0] == pytest.approx(own[0].curve["valid_rank"][0], abs=0.2)
    for name, embedding in (
        ("music", trained.embed_music(features[2])),
        ("video", trained.embed_video(features[3])),
    ):
        on_torch = Sequences.load(tmp_path / f"{name}.npz")
        np.testing.assert_allclose(embedding.data, on_torch.data, atol=1e-5)


def test_the_loaded_network_is_the_trained_one_and_its_shortcut_the_first(features, own):
    trained, folder = own
    loaded = TrainedVMNet.load(folder, OWN)
    assert_same_training(trained, loaded)
    assert loaded.statistics is None
    np.testing.assert_array_equal(
        loaded.embed_video(features[1]).data, trained.embed_video(features[1]).data
    )
    again = train(*features, OWN, folder, progress=False)
    assert_same_training(trained, again)


def test_moments_of_shared_cuts_give_the_same_linear_start(features, own, tmp_path):
    moments = own_moments(features[0]), own_moments(features[2])
    trained = train(*features, OWN, tmp_path, progress=False, moments=moments)
    assert_same_training(trained, own[0])


def test_a_linear_start_of_tracks_that_are_cut_apart(tmp_path):
    training, validation = simulate(0, 60, 30)
    (video, seen), (valid_video, valid_seen) = cut_apart(*training), cut_apart(*validation)
    features = training[0], video, validation[0], valid_video
    trained = train(*features, OWN, tmp_path, progress=False, moments=(seen, valid_seen))
    assert trained.curve["valid_rank"].min() < 5  # of at most 15 in a batch; chance is 8


def test_trainings_of_before_there_were_ranks_are_loaded(undisturbed, tmp_path):
    """Their settings lack the newer names, their curve the fifth column."""
    trained, folder = undisturbed
    assert list(trained.curve) == ["step", "train_loss", "valid_loss", "seconds"]
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    kept = json.loads((folder / "settings.json").read_text())
    for name in ("extra_weight", "temperature", "start", "hidden", "input_dropout", "choose"):
        del kept["training"][name]
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    assert_same_training(TrainedVMNet.load(tmp_path, QUICK), trained)


def test_a_curve_of_other_columns_is_damaged(own, tmp_path):
    own[0].save(tmp_path)
    lines = (tmp_path / "curve.csv").read_text().splitlines()
    cut = "\n".join(",".join(line.split(",")[:3]) for line in lines)
    (tmp_path / "curve.csv").write_text(cut)
    with pytest.raises(VmnetError, match=r"is damaged.* 4 or 5 columns, not 3"):
        TrainedVMNet.load(tmp_path)


# --- extra clips --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def extra():
    """Music and video of other clips, whose mean lies elsewhere."""
    (pair,) = simulate(5, 50)
    return tuple(part.map(lambda data: data + 5) for part in pair)


@pytest.mark.parametrize("config", [QUICK, OWN], ids=["random", "linear"])
def test_extra_clips_come_into_training_alike_each_time(
    config, features, own, undisturbed, extra, tmp_path
):
    one, two = (
        train(*features, config, tmp_path / name, progress=False, extra=extra) for name in "ab"
    )
    assert_same_training(one, two)
    without = own[0] if config is OWN else undisturbed[0]
    assert one.data_key != without.data_key
    assert one.curve["train_loss"][-1] != without.curve["train_loss"][-1]
    with pytest.raises(VmnetError, match="holds a training with other data"):
        train(*features, config, tmp_path / "a", progress=False)


def test_where_extra_clips_lie_does_not_matter(features, extra, tmp_path):
    moved = tuple(part.map(lambda data: data + 3) for part in extra)
    one, two = (
        train(*features, OWN, tmp_path / name, progress=False, extra=them)
        for name, them in (("a", extra), ("b", moved))
    )
    np.testing.assert_allclose(one.curve["train_loss"], two.curve["train_loss"], rtol=1e-2)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, 1e-3), (np.float16, 0.5)])
def test_extra_clips_are_moved_to_the_mean_of_the_training_clips(features, extra, dtype, atol):
    far = [part.map(lambda data: data + 1000) for part in features[:2]]
    others = [replace(part, data=part.data.astype(dtype)) for part in extra]
    music, video, moments = _moved(others, far)
    assert moments is None
    for moved, own, to in zip((music, video), others, far, strict=True):
        assert moved.data.dtype == dtype
        steps = np.diff(moved.data.astype(float), axis=0) - np.diff(own.data.astype(float), axis=0)
        np.testing.assert_allclose(steps, 0, atol=2 * atol)
        means = moved.data.mean(axis=0, dtype=float), to.data.mean(axis=0, dtype=float)
        np.testing.assert_allclose(*means, atol=atol)
        assert (moved.ids, moved.offsets is own.offsets) == (own.ids, True)


def test_extra_clips_that_do_not_fit_are_refused(features, extra, tmp_path):
    music, video = extra
    narrow = music.map(lambda data: data[:, :50])
    with pytest.raises(ValueError, match="training and extra features differ in length"):
        train(*features, OWN, tmp_path, progress=False, extra=(narrow, video))
    with pytest.raises(ValueError, match="extra clips differ in clips or segments"):
        train(*features, OWN, tmp_path, progress=False, extra=(music, features[1]))
    data = music.data.copy()
    data[0] = np.nan
    broken = Sequences(data, music.offsets, music.ids)
    with pytest.raises(VmnetError, match="clip '0' has music features that are not finite"):
        train(*features, OWN, tmp_path, progress=False, extra=(broken, video))
    assert not list(tmp_path.iterdir())


# --- tracks that are cut apart ------------------------------------------------------------------


def own_moments(features):
    """Return the moments that say what row i of both says."""
    rows = np.arange(len(features.data))
    return Moments(rows, rows, features.offsets)


def cut_apart(music, video):
    """Join the video's segments two by two; return the video and the moments."""
    pairs = [[clip[i : i + 2].mean(axis=0) for i in range(0, len(clip), 2)] for clip in video]
    joined = Sequences.from_list(pairs, video.ids)
    edges = [np.arange(n + 1.0) for n in music.lengths]
    halves = [np.append(np.arange(0.0, n, 2), float(n)) for n in music.lengths]
    return joined, Moments.of(edges, halves)


def test_moments_of_shared_cuts_give_the_same_weights(features, undisturbed, tmp_path):
    moments = own_moments(features[0]), own_moments(features[2])
    trained = train(*features, QUICK, tmp_path, progress=False, moments=moments)
    assert_same_training(trained, undisturbed[0])


@pytest.mark.parametrize("accelerator", ["", "as if"])
def test_tracks_that_are_cut_apart_are_learned_by_what_they_share_in_time(
    accelerator, tmp_path, monkeypatch
):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: accelerator)
    training, validation, (test_music, test_video) = simulate(0, 300, 60, N_TEST)
    config = TrainingConfig(learning_rate=1e-4, batch=64, steps=30, evaluate_every=15)
    (video, seen), (valid_video, valid_seen) = cut_apart(*training), cut_apart(*validation)
    features = training[0], video, validation[0], valid_video
    moments = seen, valid_seen
    trained = train(*features, config, tmp_path, progress=False, moments=moments)
    rank = mean_rank(
        trained.embed_music(test_music), trained.embed_video(cut_apart(test_music, test_video)[0])
    )
    assert rank < 10  # chance is 50.5


def test_moments_must_be_those_of_the_clips(features, tmp_path):
    music, video, valid_music, valid_video = features
    joined, moments = cut_apart(music, video)
    with pytest.raises(ValueError, match="training clips differ in clips or segments"):
        train(music, joined, valid_music, valid_video, QUICK, tmp_path, progress=False)
    wrong = replace(moments, video=moments.music)
    with pytest.raises(ValueError, match="moments of the training clips are not of their segments"):
        train(
            music, joined, valid_music, valid_video, QUICK, tmp_path,
            progress=False, moments=(wrong, own_moments(valid_music)),
        )  # fmt: skip


# --- half precision, losses, energy -------------------------------------------------------------


def test_half_precision_mapped_from_files_trains_as_its_float32_copy(features, tmp_path):
    halves, floats = [], []
    for i, part in enumerate(features):
        np.save(tmp_path / f"{i}.npy", part.data.astype(np.float16))
        data = np.load(tmp_path / f"{i}.npy", mmap_mode="r")
        halves.append(Sequences(data, part.offsets, part.ids))
        floats.append(Sequences(data.astype(np.float32), part.offsets, part.ids))
    mapped = train(*halves, QUICK, tmp_path / "mapped", progress=False)
    copied = train(*floats, QUICK, tmp_path / "copied", progress=False)
    assert_same_training(mapped, copied)
    embedded = mapped.embed_video(halves[1])
    assert embedded.data.dtype == np.float32
    np.testing.assert_array_equal(embedded.data, copied.embed_video(floats[1]).data)


def test_features_kept_on_the_device_train_as_gathered_ones(
    features, undisturbed, tmp_path, monkeypatch
):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: "as if")
    on_device = train(*features, QUICK, tmp_path, progress=False)
    assert_same_training(on_device, undisturbed[0])


@pytest.mark.parametrize("standardize", [True, False])
def test_cbvmr_loss_trains_and_resumes(features, standardize, tmp_path):
    config = replace(QUICK, **CBVMR, standardize=standardize)
    trained = train(*features, config, tmp_path, progress=False)
    assert trained.curve["train_loss"][-1] < trained.curve["train_loss"][0]
    assert TrainedVMNet.load(tmp_path, config).config == config
    with pytest.raises(VmnetError, match=r"intra_weights \(0.2, 0.2\) \(now \(0.0, 0.0\)\)"):
        TrainedVMNet.load(tmp_path, replace(config, intra_weights=(0.0, 0.0)))


def test_energy_is_kept_over_an_interruption(features, tmp_path, monkeypatch):
    laps = []

    class Counter:
        def __init__(self, country):
            self.country = country

        def lap(self):
            laps.append(self.country)
            return Energy(1.0, 0.25, "measured")

        stop = lap

    monkeypatch.setattr("vmnet.models.loop.Meter", Counter)
    evaluate, calls = Learner.evaluate_pairs, []

    def evaluate_or_interrupt(self, batches):
        calls.append("evaluation")
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(self, batches)

    monkeypatch.setattr(Learner, "evaluate_pairs", evaluate_or_interrupt)
    settings = {"progress": False, "checkpoint_seconds": 0, "country": "FRA"}
    with pytest.raises(KeyboardInterrupt):
        train(*features, QUICK, tmp_path, **settings)
    assert laps == ["FRA"] * 2  # the checkpoint, and the end of the meter, which nothing keeps
    trained = train(*features, QUICK, tmp_path, **settings)
    assert trained.energy == Energy(1.0 + 3.0, 4 * 0.25, "measured")
    loaded = TrainedVMNet.load(tmp_path)
    assert loaded.energy == Energy(4.0, 1.0, "measured")


def test_energy_is_unknown_where_no_country_is_given(undisturbed):
    trained, folder = undisturbed
    for one in (trained, TrainedVMNet.load(folder)):
        assert np.isnan([one.energy.kwh, one.energy.co2_kg]).all()
        assert one.energy.kind == ""


# --- refusals -----------------------------------------------------------------------------------


def test_folder_of_other_settings_is_refused(features, undisturbed):
    other = replace(QUICK, learning_rate=1e-3, margin=0.2)
    message = r"learning_rate 0.0001 \(now 0.001\), margin 0.1 \(now 0.2\): choose another folder"
    with pytest.raises(VmnetError, match=message):
        train(*features, other, undisturbed[1], progress=False)
    with pytest.raises(VmnetError, match=message):
        TrainedVMNet.load(undisturbed[1], other)


def test_folder_of_other_data_is_refused(features, undisturbed):
    changed = features[0].data.copy()
    changed[-1, -1] += 1e-3
    music = Sequences(changed, features[0].offsets, features[0].ids)
    with pytest.raises(VmnetError, match="holds a training with other data"):
        train(music, *features[1:], QUICK, undisturbed[1], progress=False)


def test_music_and_video_must_be_cut_alike(features, tmp_path):
    music, video, *valid = features
    for bad in (
        video.select(slice(1, None)),
        Sequences(video.data, video.offsets, music.ids[::-1]),
    ):
        with pytest.raises(ValueError, match="training clips differ in clips or segments"):
            train(music, bad, *valid, QUICK, tmp_path, progress=False)


def test_one_clip_has_no_negatives(features, tmp_path):
    one = [part.select([0]) for part in features]
    with pytest.raises(ValueError, match="1 training clip gives no negatives"):
        train(*one[:2], *features[2:], QUICK, tmp_path, progress=False)
    with pytest.raises(ValueError, match="1 validation clip gives no negatives"):
        train(*features[:2], *one[2:], QUICK, tmp_path, progress=False)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_must_be_finite(features, undisturbed, value, tmp_path):
    data = features[1].data.copy()
    data[features[1].offsets[5], 3] = value
    data[features[1].offsets[6], 3] = -value
    video = Sequences(data, features[1].offsets, features[1].ids)
    with pytest.raises(VmnetError, match="clip '5' has video features that are not finite"):
        train(features[0], video, *features[2:], QUICK, tmp_path, progress=False)
    with pytest.raises(VmnetError, match="clip '5' has video features that are not finite"):
        undisturbed[0].embed_video(video)


def test_features_must_have_the_length_of_the_training(features, undisturbed, tmp_path):
    narrow = [part.map(lambda data: data[:, :50]) for part in features]
    with pytest.raises(ValueError, match="takes music features of length 64, not 50"):
        undisturbed[0].embed_music(narrow[0])
    with pytest.raises(ValueError, match="training and validation features differ in length"):
        train(*features[:2], *narrow[2:], QUICK, tmp_path, progress=False)


def test_divergence_is_reported(features, tmp_path):
    with pytest.raises(VmnetError, match="diverged before step 3: lower learning_rate"):
        train(*features, replace(QUICK, learning_rate=1e30), tmp_path, progress=False)


def test_missing_and_damaged_files_are_reported(features, undisturbed, tmp_path):
    with pytest.raises(VmnetError, match="holds no trained model"):
        TrainedVMNet.load(tmp_path)
    undisturbed[0].save(tmp_path)
    (tmp_path / "model.npz").write_bytes((tmp_path / "model.npz").read_bytes()[:5000])
    with pytest.raises(VmnetError, match="damaged"):
        TrainedVMNet.load(tmp_path)
    (tmp_path / "model.npz").rename(tmp_path / "checkpoint.npz")
    with pytest.raises(VmnetError, match=r"checkpoint\.npz is damaged: delete it"):
        train(*features, QUICK, tmp_path, progress=False)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(VmnetError, match=r"settings\.json is missing or damaged"):
        train(*features, QUICK, tmp_path, progress=False)


@pytest.mark.parametrize(
    "bad",
    [
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"batch": 1},
        {"dropout": 1.0},
        {"margin": -0.1},
        {"weights": (0.0, 0.0)},
        {"weights": (1.0, -1.0)},
        {"steps": 0},
        {"evaluate_every": 0},
        {"patience": 0},
        {"seed": -1},
        {"loss": "hinge"},
        {"extra_weight": -1.0},
        {"extra_weight": float("inf")},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"start": "zero"},
        {"hidden": 0},
        {"input_dropout": 1.0},
        {"input_dropout": -0.1},
        {"choose": "best"},
        {"intra": "cosine"},
        {"negatives": "all"},
        {"per_clip": 0},
    ],
)
def test_senseless_settings_are_refused(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}=.* makes no sense"):
        TrainingConfig(**bad)


# --- settings by name ---------------------------------------------------------------------------


def test_settings_of_a_command_line_have_the_types_of_their_fields():
    texts = ["learning_rate=1e-4", "steps=1e3", "batch = 64", "loss=cbvmr", "weights=1,3"]
    settings = parse_settings([*texts, "standardize=False", "batch=32"])
    assert settings == {
        "learning_rate": 1e-4,
        "steps": 1000,
        "batch": 32,
        "loss": "cbvmr",
        "weights": (1.0, 3.0),
        "standardize": False,
    }
    assert [type(settings[name]) for name in ("steps", "standardize")] == [int, bool]
    TrainingConfig(**settings)
    assert parse_settings([]) == {}


def test_settings_of_a_notebook_may_be_what_json_makes_of_them():
    assert check_settings({"weights": [1, 3], "steps": 20.0, "margin": 0}) == {
        "weights": (1.0, 3.0),
        "steps": 20,
        "margin": 0.0,
    }
    everything = asdict(TrainingConfig())
    del everything["seed"]
    assert check_settings(everything) == everything
    assert check_settings({name: str(value) for name, value in everything.items()}) == everything


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("learning_rate", "'learning_rate' is no setting: give name=value"),
        ("rate=1", "no setting 'rate'; it has batch, choose, .*, learning_rate, .*, weights"),
        ("seed=1", "no setting 'seed'"),
        ("learning_rate=fast", "learning_rate=fast is not a number"),
        ("learning_rate=-1", r"learning_rate=-1\.0 makes no sense: give above 0"),
        ("learning_rate=", "learning_rate= is not a number"),
        ("steps=0.5", r"steps=0\.5 is not a whole number"),
        ("steps=inf", "steps=inf is not a whole number"),
        ("steps=0", "steps=0 makes no sense: give 1 or more"),
        ("standardize=maybe", "standardize=maybe is not true or false"),
        ("loss=hinge", "loss=hinge makes no sense: give triplet or cbvmr or softmax"),
        ("weights=1", "makes no sense: give two numbers"),
        ("start=cca", "start=cca makes no sense: give random or linear"),
        ("choose=r10", "choose=r10 makes no sense: give loss or rank"),
        ("hidden=0.5", r"hidden=0\.5 is not a whole number"),
        ("temperature=0", r"temperature=0\.0 makes no sense: give above 0"),
        ("temperature=warm", "temperature=warm is not a number"),
        ("extra_weight=-1", r"extra_weight=-1\.0 makes no sense: give at least 0"),
        ("input_dropout=1", r"input_dropout=1\.0 makes no sense: give at least 0 and below 1"),
        ("weights=one,two", "weights=one,two is not numbers with commas between them"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(text, says):
    with pytest.raises(VmnetError, match=says) as told:
        parse_settings([text])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "bad", [{"steps": True}, {"loss": 1}, {"weights": 3}, {"margin": None}, {"dropout": [0.5]}]
)
def test_a_value_of_another_kind_is_refused(bad):
    with pytest.raises(VmnetError, match="is not"):
        check_settings(bad)
