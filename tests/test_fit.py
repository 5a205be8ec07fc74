"""Training on small simulated clips: it learns, stops, resumes bit for bit, and refuses bad input.

Music and video of a simulated segment are two random linear maps of one latent vector, which is a
clip's own plus a segment's own, with private noise in each modality.
"""

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
from vmnet.models.learner import Learner
from vmnet.models.sampling import Moments, spread_pairs
from vmnet.models.settings import CBVMR

MUSIC_DIM, VIDEO_DIM, N_TEST = 64, 96, 100
QUICK = TrainingConfig(learning_rate=1e-4, batch=16, steps=9, evaluate_every=3)

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
    for column in ("step", "train_loss", "valid_loss"):
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

    monkeypatch.setattr("vmnet.models.fit.Meter", Counter)
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
        ("rate=1", "no setting 'rate'; it has batch, dropout, .*, learning_rate, .*, weights"),
        ("seed=1", "no setting 'seed'"),
        ("learning_rate=fast", "learning_rate=fast is not a number"),
        ("learning_rate=-1", r"learning_rate=-1\.0 makes no sense: give above 0"),
        ("learning_rate=", "learning_rate= is not a number"),
        ("steps=0.5", r"steps=0\.5 is not a whole number"),
        ("steps=inf", "steps=inf is not a whole number"),
        ("steps=0", "steps=0 makes no sense: give 1 or more"),
        ("standardize=maybe", "standardize=maybe is not true or false"),
        ("loss=hinge", "loss=hinge makes no sense: give triplet or cbvmr"),
        ("weights=1", "makes no sense: give two numbers"),
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
