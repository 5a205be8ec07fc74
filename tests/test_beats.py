"""Beats: at every click, on those of rendered songs, and nowhere in silence."""

import importlib.util
import subprocess
import sys
import warnings

import mir_eval
import numpy as np
import pytest
from scipy.io import wavfile

from vmnet.edit import beats
from vmnet.edit.beats import BEATS, SAMPLE_RATE, sound_beats, track_beats
from vmnet.errors import InputWarning, MediaError, WeightsError
from vmnet.pretrained import CHECKPOINTS
from vmnet.rendered.render import plan_clip
from vmnet.segmenters import boundaries


def clicks(seconds: float, period: float = 0.5, first: float = 0.25) -> np.ndarray:
    """A decaying burst of noise every `period` seconds."""
    rng = np.random.default_rng(0)
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    burst = np.exp(-np.arange(SAMPLE_RATE // 10) / 300) * rng.normal(size=SAMPLE_RATE // 10)
    for time in np.arange(first, seconds - 0.1, period):
        start = round(time * SAMPLE_RATE)
        sound[start : start + len(burst)] += 0.2 * burst
    return sound


def write(path, sound):
    wavfile.write(path, SAMPLE_RATE, sound)
    return path


def test_every_click_is_a_beat(tmp_path):
    found = track_beats(write(tmp_path / "a.wav", clicks(20)))
    assert found.dtype == np.float64
    assert (np.diff(found) > 0).all()
    truth = np.arange(0.25, 19.9, 0.5)
    assert mir_eval.beat.f_measure(truth, found) > 0.95
    np.testing.assert_array_equal(found, BEATS["librosa"](tmp_path / "a.wav"))


@pytest.mark.parametrize("seed", [1, 2])
def test_beats_of_rendered_songs(seed):
    """F within 70 ms, over the whole song; a beat of half or twice the tempo would give 0.67."""
    plan = plan_clip(seed, 40.0)
    sound = plan.sound().mean(axis=1)[::2]  # 44,100 to 22,050 Hz
    found = sound_beats(sound)
    assert mir_eval.beat.f_measure(plan.song.beats, found) > 0.6
    late = found[:, None] - plan.song.beats
    late = np.take_along_axis(late, np.abs(late).argmin(axis=1)[:, None], axis=1)
    assert abs(np.median(late)) < 0.02  # s; what librosa's own centring would add is 0.046


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(SAMPLE_RATE, np.float32),
        np.zeros(100, np.float32),
        clicks(0.05, first=0.0),
    ],
    ids=["silence", "a moment", "less than a window"],
)
def test_no_beats(sound):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sound_beats(sound)
    assert found.shape == (0,)
    assert found.dtype == np.float64


def test_a_silent_file_has_no_beats(tmp_path):
    path = write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE, np.float32))
    with pytest.warns(InputWarning, match="no audible sound"):
        assert track_beats(path).shape == (0,)


def test_a_long_track_is_taken_in_stretches(tmp_path, monkeypatch):
    """Each with its own tempo; no beat twice, none lost at the seams."""
    for name, value in {"LONGEST": 30.0, "STRETCH": 20.0, "OVERLAP": 6.0}.items():
        monkeypatch.setattr(boundaries, name, value)
    taken = []
    monkeypatch.setattr(beats, "sound_beats", lambda s: taken.append(len(s)) or sound_beats(s))
    found = track_beats(write(tmp_path / "long.wav", clicks(60)))
    assert len(taken) > 2
    assert max(taken) <= 21 * SAMPLE_RATE
    assert mir_eval.beat.f_measure(np.arange(0.25, 59.9, 0.5), found) > 0.95
    assert np.diff(found).min() > 0.4


def test_refused(tmp_path):
    (tmp_path / "no.wav").write_bytes(b"no sound")
    with pytest.raises(MediaError, match=r"no\.wav"):
        track_beats(tmp_path / "no.wav")


def test_no_heavy_import():
    code = "import sys, vmnet.edit.beats; sys.exit('librosa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# Beat This: without its weights and its package, what is missing is named


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Where the checkpoint of Beat This would lie, in a cache of its own."""
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    beats._network.cache_clear()
    path = CHECKPOINTS["beat-this"].folder / beats.CHECKPOINT
    path.parent.mkdir(parents=True)
    yield path
    beats._network.cache_clear()


def test_beat_this_names_what_is_missing(weights, tmp_path):
    path = write(tmp_path / "a.wav", clicks(5))
    with pytest.raises(WeightsError, match=r"final0\.ckpt is missing: fetch it with"):
        BEATS["beat_this"](path)
    weights.write_bytes(b"none")
    with pytest.raises(WeightsError, match="no checkpoint of Beat This"):
        BEATS["beat_this"](path)
    save(weights, "other.weight")
    with pytest.raises(WeightsError, match="other tensors"):
        BEATS["beat_this"](path)
    save(weights, "model.transformer_blocks.layers.0.weight")
    if importlib.util.find_spec("beat_this") is None:
        with pytest.raises(WeightsError, match="pip install beat-this"):
            BEATS["beat_this"](path)


def save(path, name):
    import torch

    held = {"state_dict": {name: torch.zeros(2)}, "hyper_parameters": {"transformer_dim": 512}}
    torch.save(held, path)
