"""The feed: the batches of `draw_pairs`, in order, made ahead, wherever the features lie."""

import threading

import numpy as np
import pytest

from vmnet.aligners.sequences import Sequences
from vmnet.models import TrainingConfig
from vmnet.models import batches as module
from vmnet.models.batches import ahead, make_feed
from vmnet.models.sampling import draw_pairs


class Device:
    """What a learner shows of itself to the feed."""

    kept = None
    config = TrainingConfig()

    def targets(self, rng, clips):
        return clips

    def keep(self, *features):
        self.kept = features


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    music = Sequences.from_list([rng.standard_normal((k, 2)) for k in (3, 1, 4, 2, 5)])
    video = Sequences(rng.random((15, 3), np.float32).astype(np.float16), music.offsets, music.ids)
    return music, video


def expected_draws(music, n, batch, seed=0):
    rng = np.random.default_rng(seed)
    return [draw_pairs(rng, music.offsets, batch) for _ in range(n)]


@pytest.mark.parametrize("n_updates", [1, 4, 10])
def test_streams_the_features_of_each_draw(features, n_updates, monkeypatch):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: "")
    music, video = features
    device = Device()
    blocks = list(
        make_feed(device, (*features, None), batch=4)(np.random.default_rng(0), n_updates)
    )
    assert device.kept is None
    per_call = module.UPDATES_PER_CALL["streamed"]
    assert [len(block[-1]) for block in blocks[:-1]] == [per_call] * (len(blocks) - 1)
    got = [batch for block in blocks for batch in zip(*block, strict=True)]
    draws = expected_draws(music, n_updates, 4)
    for (music_batch, video_batch, clips), (rows, drawn) in zip(got, draws, strict=True):
        np.testing.assert_array_equal(music_batch, music.data[rows])
        np.testing.assert_array_equal(video_batch, video.data[rows])
        assert video_batch.dtype == np.float16  # half the bytes; cast on the device
        np.testing.assert_array_equal(clips, drawn)


def test_an_accelerator_keeps_the_features_and_is_sent_rows(features, monkeypatch):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: "some GPU")
    device = Device()
    (block,) = make_feed(device, (*features, None), batch=4)(np.random.default_rng(0), 6)
    assert [kept is part.data for kept, part in zip(device.kept, features, strict=True)] == [
        True
    ] * 2
    rows, clips = (np.stack(part) for part in zip(*expected_draws(features[0], 6, 4), strict=True))
    np.testing.assert_array_equal(block[0], rows)
    np.testing.assert_array_equal(block[1], clips)


def test_features_larger_than_the_share_of_an_accelerator_are_streamed(features, monkeypatch):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: "some GPU")
    monkeypatch.setattr(module, "RESIDENT_BYTES", 100)
    device = Device()
    block = next(make_feed(device, (*features, None), batch=4)(np.random.default_rng(0), 6))
    assert device.kept is None
    assert [part.shape for part in block] == [(4, 4, 2), (4, 4, 3), (4, 4)]


def test_generator_ends_where_the_last_update_left_it(features):
    """A checkpoint keeps its state: nothing may be drawn for updates to come."""
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    list(make_feed(Device(), (*features, None), batch=3)(rng, 7))
    for _ in range(7):
        draw_pairs(other, features[0].offsets, 3)
    assert rng.bit_generator.state == other.bit_generator.state


# --- extra clips --------------------------------------------------------------------------------


@pytest.fixture
def extra():
    rng = np.random.default_rng(1)
    music = Sequences.from_list([rng.standard_normal((k, 2)) + 100 for k in (2, 6, 1)])
    return music, Sequences(rng.random((9, 3), np.float32) + 100, music.offsets, music.ids), None


def weighing(weight):
    device = Device()
    device.config = TrainingConfig(extra_weight=weight)
    return device


@pytest.mark.parametrize("accelerator", ["", "some GPU"])
@pytest.mark.parametrize(
    ("weight", "batch", "n_training"), [(3, 8, 2), (1, 8, 4), (0, 8, 8), (1e9, 8, 1), (3, 10, 2)]
)
def test_extra_clips_have_their_share_of_each_batch(
    features, extra, weight, batch, n_training, accelerator, monkeypatch
):
    monkeypatch.setattr("vmnet.models.updates.accelerator", lambda: accelerator)
    feed = make_feed(weighing(weight), (*features, None), batch, extra)
    blocks = list(feed(np.random.default_rng(0), 6))
    assert sum(len(block[-1]) for block in blocks) == 6
    for music, video, clips in blocks:
        assert music.shape[1:] == (batch, 2)
        assert video.shape[1:] == (batch, 3)
        assert ((music > 50).all(axis=2).sum(axis=1) == batch - n_training).all()
        np.testing.assert_array_equal((music > 50).all(axis=2), (video > 50).all(axis=2))
        # Their numbers go on after those of the training clips: no clip is two.
        np.testing.assert_array_equal((music > 50).all(axis=2), clips >= len(features[0]))
        assert clips.max() < len(features[0]) + len(extra[0])


def test_rows_of_extra_clips_are_pairs_of_the_clip_that_is_named(features, extra):
    feed = make_feed(weighing(3), (*features, None), 12, extra)
    for block in feed(np.random.default_rng(2), 5):
        for music, video, clips in zip(*block, strict=True):
            for heard, seen, clip in zip(music, video, clips, strict=True):
                own, i = (features, clip) if clip < 5 else (extra, clip - 5)
                (row,) = np.flatnonzero((own[0].data == heard).all(axis=1))
                np.testing.assert_array_equal(own[1].data[row], seen)
                assert own[0].offsets[i] <= row < own[0].offsets[i + 1]


def test_the_seed_decides_the_batches_with_extra_clips(features, extra):
    def blocks(seed):
        feed = make_feed(weighing(3), (*features, None), 8, extra)
        return list(feed(np.random.default_rng(seed), 3))

    for one, two in zip(blocks(0), blocks(0), strict=True):
        for part, other in zip(one, two, strict=True):
            np.testing.assert_array_equal(part, other)
    assert not np.array_equal(blocks(0)[0][0], blocks(1)[0][0])


def test_ahead_makes_one_item_while_another_is_used():
    made, second_made = [], threading.Event()

    def items():
        for i in range(4):
            made.append(i)
            if i == 1:
                second_made.set()
            yield i

    coming = ahead(items())
    assert next(coming) == 0
    assert second_made.wait(timeout=10)
    assert list(coming) == [1, 2, 3]
    assert made == [0, 1, 2, 3]


def test_ahead_passes_errors_on():
    def items():
        yield 1
        raise OSError("the file is gone")

    coming = ahead(items())
    with pytest.raises(OSError, match="the file is gone"):
        list(coming)
