"""Log-CQT and patches: what a tone gives, how short tracks are repeated, what is kept."""

import numpy as np
import pytest
from media_files import write_tracks
from sound_files import RATE, write_sound

from vmnet.aligners.sequences import Sequences
from vmnet.errors import VmnetError
from vmnet.similarity import patches
from vmnet.similarity.patches import (
    Patches,
    cut,
    draw_patches,
    log_cqt_of,
    spectrograms,
    spread_patches,
    statistics,
)


def tone(frequency, seconds, rate=patches.SAMPLE_RATE):
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.fixture
def counted():
    """Tracks of 9, 3 and 5 frames; frame t of track i holds 100 i + t in each band."""
    frames = [100 * i + np.arange(n)[:, None] + np.zeros(96) for i, n in enumerate((9, 3, 5))]
    tracks = Sequences.from_list(frames, ids=["long", "short", "other"])
    return Sequences(tracks.data.astype(np.float16), tracks.offsets, tracks.ids)


@pytest.mark.parametrize(("frequency", "band"), [(440.0, 45), (65.406, 12)])
def test_a_tone_is_in_its_band(frequency, band):
    spectrogram = log_cqt_of(tone(frequency, 1.5))
    assert spectrogram.dtype == np.float16
    assert spectrogram.shape == (1 + int(1.5 * 44100) // 1024, 96)
    middle = spectrogram[20:45].astype(float)
    assert (middle.argmax(axis=1) == band).all()  # A4 is 45 semitones above C1
    assert middle[:, band].mean() - middle[:, band + 12].mean() > 20


def test_silence_and_a_click_are_finite():
    assert (log_cqt_of(np.zeros(44100, np.float32)) == -100).all()
    assert np.isfinite(log_cqt_of(np.array([0.5], np.float32))).all()


def test_patches_by_hand(counted):
    cuts = cut(counted, np.array([0, 1, 2]), np.array([5, 0, 1]), 4)
    assert cuts.shape == (3, 96, 4)
    assert cuts[:, 7].tolist() == [[5, 6, 7, 8], [100, 101, 102, 100], [201, 202, 203, 204]]


def test_drawn_patches_lie_in_their_tracks(counted):
    drawn = draw_patches(counted, np.array([2, 0, 1]), 50, frames=4, seed=1)
    first = drawn[:][:, :, 0, 0]
    assert first.shape == (3, 50)
    assert set(first[0].tolist()) == {200, 201}
    assert set(first[1].tolist()) == {0, 1, 2, 3, 4, 5}
    assert set(first[2].tolist()) == {100}  # too short: it starts at its start, and is repeated
    assert drawn[np.array([1])].shape == (1, 50, 96, 4)
    again = draw_patches(counted, np.array([2, 0, 1]), 50, frames=4, seed=1)
    np.testing.assert_array_equal(drawn.starts, again.starts)


def test_spread_patches_are_spread(counted):
    spread = spread_patches(counted, np.array([0, 1]), 2, frames=4)
    assert isinstance(spread, Patches)
    assert spread.starts.tolist() == [[1, 4], [0, 0]]


def test_statistics_are_those_of_the_tracks_named(counted):
    values = np.concatenate([counted[0], counted[2]]).astype(float)
    mean, deviation = statistics(counted, np.array([0, 2]))
    assert mean == pytest.approx(values.mean())
    assert deviation == pytest.approx(values.std())
    flat = Sequences(np.full((4, 96), -100, np.float16), np.array([0, 4]), ("flat",))
    assert statistics(flat, np.array([0])) == (-100, 1)


def test_tracks_are_kept_and_a_bad_one_does_not_end_the_rest(tmp_path, monkeypatch):
    music, kept = tmp_path / "music", tmp_path / "kept"
    low, high = (np.stack([tone(f, 0.6, RATE)] * 2) for f in (110, 880))
    tracks = {"b/low": write_sound(music / "low.wav", low), "b-high": music / "high.flac"}
    write_sound(tracks["b-high"], high)
    tracks |= {"text": music / "text.mp3", "absent": music / "absent.wav"}
    tracks["text"].write_text("no music")
    found, failures = spectrograms(tracks, kept)
    assert found.ids == ("b/low", "b-high")
    assert found.data.dtype == np.float16
    assert found[0].shape == (1 + int(0.6 * 44100) // 1024, 96)
    assert found[0][12:15].argmax(axis=1).tolist() == [21] * 3
    assert set(failures) == {"text", "absent"}
    assert "text.mp3" in failures["text"]
    monkeypatch.setattr(patches, "log_cqt", None)  # nothing is computed anew
    again, _ = spectrograms({"b/low": tracks["b/low"]}, kept)
    np.testing.assert_array_equal(again.data, found[0])
    assert len(list(kept.rglob("all-*.npy"))) == 1
    with pytest.raises(VmnetError, match="no track of 1 can be used"):
        spectrograms({"text": tracks["text"]}, kept)


def test_the_sound_track_that_is_asked_for_is_heard(tmp_path):
    film = write_tracks(tmp_path / "film.mkv", *(tone(f, 1.2, 16000) for f in (110, 880)))
    heard = [spectrograms({"film": film}, tmp_path, audio_track=track)[0][0] for track in (1, 2)]
    assert [frames[25].argmax() for frames in heard] == [21, 57]
