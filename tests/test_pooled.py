"""The network that pools frames: its size, what it draws, its training, and what is kept."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from vmnet.aligners import Sequences
from vmnet.errors import VmnetError
from vmnet.models import TrainedVMNet, TrainingConfig, build_vmnet, train
from vmnet.models.pooled import PooledVMNet, clip_means, with_pooling
from vmnet.models.sampling import Frames
from vmnet.models.settings import AGGREGATIONS, PooledConfig, read_config
from vmnet.models.vmnet import feature_statistics

MUSIC_DIM, VIDEO_DIM = 12, 20
PLAIN = TrainingConfig(
    learning_rate=1e-3,
    batch=16,
    dropout=0.2,
    loss="softmax",
    start="linear",  # small networks, unless a test says otherwise
    hidden=16,
    steps=8,
    evaluate_every=4,
    momentum=0.5,
)


def pooled(aggregation="autopool", frames=10, **settings):
    return replace(PooledConfig.of(replace(PLAIN, **settings), aggregation), frames=frames)


def frames_of(n_clips, seed=0, shortest=4, longest=30):
    """Music and video of clips that share something, a row a second."""
    rng = np.random.default_rng([seed, n_clips])
    maps = [np.random.default_rng(9).standard_normal((6, d)) for d in (MUSIC_DIM, VIDEO_DIM)]
    music, video = [], []
    for _ in range(n_clips):
        said = rng.standard_normal(6) + 0.3 * rng.standard_normal((rng.integers(4, 30), 6))
        music.append(3 + said @ maps[0])
        video.append(said @ maps[1] - 1)
    ids = [f"clip {seed}-{i}" for i in range(n_clips)]
    return Sequences.from_list(music, ids), Sequences.from_list(video, ids)


@pytest.fixture(scope="module")
def features():
    return [*frames_of(24), *frames_of(8, 1)]


# --- size and start -------------------------------------------------------------------------------


@pytest.mark.parametrize(("aggregation", "more"), [("autopool", 1152), ("attention", 1154)])
def test_parameters_of_the_thesis(aggregation, more):
    net = build_vmnet(128, 1024)
    count = sum(int(np.prod(w.shape)) for w in with_pooling(net, aggregation).trainable_weights)
    assert count == 6_037_504 + more


@pytest.mark.parametrize("start", ["random", "linear"])
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_begins_as_the_network_of_the_means(aggregation, start, features, tmp_path):
    """With one tiny update each, all frames pooled are embedded as their means are."""
    settings = {"start": start, "learning_rate": 1e-12, "steps": 1, "evaluate_every": 1}
    settings["momentum"] = 0.9999  # of drawn frames, the batch's statistics are not the means'
    net = train(*features, pooled(aggregation, **settings), tmp_path / "pooled", progress=False)
    config = replace(PLAIN, **settings)
    plain = train(*map(clip_means, features), config, tmp_path / "plain", progress=False)
    for mine, theirs, frames in (
        (net.embed_music, plain.embed_music, features[0]),
        (net.embed_video, plain.embed_video, features[1]),
    ):
        means = theirs(clip_means(frames))
        np.testing.assert_allclose(mine(frames, every=True).data, means.data, atol=2e-3)


# --- what is drawn --------------------------------------------------------------------------------


def test_frames_are_of_their_clip_each_once_where_there_are_enough():
    offsets = np.array([0, 7, 8, 30, 40])
    frames = Frames(offsets, 9)
    rows, clips = frames.draw(np.random.default_rng(0), 6)
    assert rows.shape == (6, 9)
    assert sorted(Counter(clips.tolist()).values()) == [1, 1, 2, 2]
    for line, clip in zip(rows, clips, strict=True):
        assert offsets[clip] <= line.min() <= line.max() < offsets[clip + 1]
        assert (np.diff(line) >= 0).all()
        if np.diff(offsets)[clip] >= 9:
            assert len(set(line.tolist())) == 9


def test_every_second_is_drawn_as_often():
    frames, rng = Frames(np.array([0, 5, 25]), 10), np.random.default_rng(3)
    counts = np.zeros(25)
    for _ in range(2000):
        rows = frames.of(rng, np.array([0, 1]))
        np.add.at(counts, rows.ravel(), 1)
    for drawn, length in ((counts[:5], 5), (counts[5:], 20)):
        expected = 2000 * 10 / length
        assert np.abs(drawn - expected).max() < 5 * np.sqrt(expected)


def test_frames_are_drawn_anew_and_by_the_generator_alone():
    frames, clips = Frames(np.array([0, 50]), 10), np.array([0])
    one, other = (frames.of(np.random.default_rng(seed), clips) for seed in (0, 1))
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(frames.of(np.random.default_rng(0), clips), one)


def test_validation_takes_each_clip_once_and_the_same_frames_each_time():
    frames = Frames(np.array([0, 7, 8, 30, 40]), 5)
    (one, first), (two, second) = frames.spread(2)
    assert [*first, *second] == [0, 1, 2, 3]
    np.testing.assert_array_equal(
        np.concatenate([one, two]), np.concatenate([r for r, _ in frames.spread(2)])
    )


# --- training and what is kept --------------------------------------------------------------------


def mean_rank(network, features):
    music, video = network.embed_music(features[0]).data, network.embed_video(features[1]).data
    scores = video @ music.T
    return (scores >= np.diag(scores)[:, None]).sum(axis=1).mean()


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_learns_and_is_read_back(aggregation, features, tmp_path):
    config = pooled(aggregation, start="random", steps=20, evaluate_every=10)
    network = train(*features, config, tmp_path, progress=False)
    assert isinstance(network, PooledVMNet)
    assert mean_rank(network, features[2:]) < 3  # of 8: chance is 4.5
    again = PooledVMNet.load(tmp_path)
    assert again.config == config
    for every in (False, True):
        one, other = (each.embed_video(features[3], every) for each in (network, again))
        np.testing.assert_array_equal(one.data, other.data)
        assert one.ids == features[3].ids
        assert one.lengths.tolist() == [1] * 8
    np.testing.assert_allclose(np.linalg.norm(one.data, axis=1), 1, atol=1e-5)
    weights = {w.path.split("/")[-1]: w for w in network.model.trainable_weights}
    assert np.abs(weights["alpha" if aggregation == "autopool" else "w"]).max() > 0  # it learned


def test_resumes_to_the_same_weights(features, tmp_path, monkeypatch):
    config = pooled()
    whole = train(*features, config, tmp_path / "whole", progress=False)
    folder = tmp_path / "killed"
    monkeypatch.setattr("vmnet.models.loop._Run.finished", _interrupt_after(2))
    with pytest.raises(KeyboardInterrupt):
        train(*features, config, folder, progress=False, checkpoint_seconds=0)
    monkeypatch.undo()
    assert (folder / "checkpoint.npz").exists()
    resumed = train(*features, config, folder, progress=False)
    for one, other in zip(whole.model.weights, resumed.model.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def _interrupt_after(n_evaluations):
    from vmnet.models.loop import _Run

    finished = _Run.finished

    def interrupting(self, config):
        if len(self.curve) == n_evaluations:
            raise KeyboardInterrupt
        return finished(self, config)

    return interrupting


def test_a_clip_is_embedded_as_if_it_were_alone(features, tmp_path):
    """Which frames are drawn of it depends on the seed and its name; both tracks have the same."""
    network = train(*features, pooled(), tmp_path, progress=False)
    music, video = features[2:]
    both = [network.drawn(part) for part in (music, video)]
    np.testing.assert_array_equal(*both)
    alone = network.embed_music(music.select([5]))
    np.testing.assert_allclose(alone.data[0], network.embed_music(music).data[5], atol=1e-6)


def test_frames_may_be_mapped_in_half_precision(features, tmp_path):
    """As the stages keep them."""
    mapped = []
    for i, part in enumerate(features):
        np.save(tmp_path / f"{i}.npy", part.data.astype(np.float16))
        data = np.load(tmp_path / f"{i}.npy", mmap_mode="r")
        mapped.append(replace(part, data=data))
    network = train(*mapped, pooled(), tmp_path / "network", progress=False)
    assert np.isfinite(network.embed_video(mapped[3]).data).all()


def test_statistics_are_those_of_the_means(features, tmp_path):
    network = train(*features, pooled(steps=1, evaluate_every=1), tmp_path, progress=False)
    expected = feature_statistics(clip_means(features[0]).data)
    np.testing.assert_allclose(network.statistics[0], expected, rtol=1e-5)


def test_refuses_what_it_cannot_do(features, tmp_path):
    with pytest.raises(ValueError, match="without extra clips"):
        train(*features, pooled(), tmp_path / "a", progress=False, extra=(features[0], features[1]))
    with pytest.raises(ValueError, match="aggregation=sum"):
        PooledConfig(aggregation="sum")
    with pytest.raises(ValueError, match="frames=0"):
        PooledConfig(frames=0)
    network = train(*features, pooled(steps=1, evaluate_every=1), tmp_path / "b", progress=False)
    with pytest.raises(ValueError, match="length 12, not 20"):
        network.embed_music(features[1])
    with pytest.raises(VmnetError, match="is missing or damaged"):
        TrainedVMNet.load(tmp_path / "b", PLAIN)


def test_kept_settings_come_back_as_their_kind():
    assert read_config(**asdict(PLAIN)) == PLAIN
    assert read_config(**asdict(pooled())) == pooled()
    assert pooled().branches == replace(PLAIN, standardize=False)


ELSEWHERE = """
import sys
from pathlib import Path
from vmnet.aligners import Sequences
from vmnet.models.settings import PooledConfig
from vmnet.models import train
import keras
assert keras.backend.backend() == "torch"
folder = Path(sys.argv[1])
features = [Sequences.load(folder / f"{i}.npz") for i in range(4)]
config = PooledConfig(**eval(sys.argv[2]))
train(*features, config, folder / "torch", progress=False)
"""


def test_trains_on_another_backend(features, tmp_path):
    """It begins the same; each draws its hidden weights, and comes to about the same loss."""
    for i, part in enumerate(features):
        part.save(tmp_path / f"{i}.npz")
    config = pooled(dropout=0.0, batch=24)
    here = train(*features, config, tmp_path / "here", progress=False)
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path), repr(asdict(config))],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        check=True,
        timeout=300,
    )
    there = PooledVMNet.load(tmp_path / "torch")
    one, other = there.curve["valid_loss"], here.curve["valid_loss"]
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    np.testing.assert_allclose(one, other, rtol=0.02)
