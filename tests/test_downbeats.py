"""Downbeats: where the accents are, of three beats and of four, and on rendered songs."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import mir_eval
import numpy as np
import pytest
from scipy.io import wavfile

from vmnet.edit.beats import SAMPLE_RATE
from vmnet.errors import InputWarning, MediaError, WeightsError
from vmnet.language.beats import BEAT_TRACKERS, Beats, bars_in, sound_bars
from vmnet.rendered.render import plan_clip
from vmnet.rendered.truth import truth_of, write_truth


@pytest.fixture(scope="module")
def scoring():
    """The module benchmarks/beats.py."""
    path = Path(__file__).parents[1] / "benchmarks" / "beats.py"
    spec = importlib.util.spec_from_file_location("vmnet_benchmark_beats", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def band(seconds: float, meter: int, first: int, beat: float = 0.5) -> np.ndarray:
    """Noise on every beat; a bass drum and a new chord on every `meter`-th, from the `first` on."""
    rng = np.random.default_rng(0)
    n = round(seconds * SAMPLE_RATE)
    sound, time = np.zeros(n), np.arange(n) / SAMPLE_RATE
    burst = np.exp(-np.arange(SAMPLE_RATE // 10) / 300) * rng.normal(size=SAMPLE_RATE // 10)
    drum = np.sin(2 * np.pi * 60 * time[: SAMPLE_RATE // 5]) * np.exp(-15 * time[: 22_050 // 5])
    for index, onset in enumerate(np.arange(0.25, seconds - 0.3, beat)):
        start = round(onset * SAMPLE_RATE)
        sound[start : start + len(burst)] += 0.2 * burst
        if index % meter == first:
            sound[start : start + len(drum)] += 0.5 * drum
    bar = ((time - 0.25) / beat - first) // meter
    for semitone in (0, 4, 7):  # a chord that goes up a fourth every bar
        pitch = 220 * 2 ** (((5 * bar) % 12 + semitone) / 12)
        sound += 0.05 * np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)
    return sound.astype(np.float32)


@pytest.mark.parametrize(("meter", "first"), [(4, 0), (4, 3), (3, 1)])
def test_bars_begin_with_the_bass_drum_and_the_chord(meter: int, first: int) -> None:
    beats, downbeats = sound_bars(band(24, meter, first))
    truth = np.arange(0.25 + 0.5 * first, 23.7, 0.5 * meter)
    assert np.isin(downbeats, beats).all()
    assert mir_eval.beat.f_measure(truth, downbeats) > 0.9
    found = Beats.at(beats, downbeats)
    assert found.meter == meter
    assert found.bpm == pytest.approx(120, rel=0.03)


def test_a_meter_and_a_tempo_that_are_known_are_kept() -> None:
    sound = band(24, 4, 0)
    for meter, bpm in ((6, 0), (4, 60), (4, 240), (3, 60)):
        beats, downbeats = sound_bars(sound, meter, bpm)
        assert (np.diff(np.searchsorted(beats, downbeats)) == meter).all()
        assert Beats.at(beats, downbeats).bpm == pytest.approx(bpm or 120, rel=0.03)


def test_bars_by_hand() -> None:
    """Half beats of 0.2857 s: 105 beats a minute as found, which is the most common tempo."""
    seconds, low = 60 / 105 / 2, [-1] * 7
    assert bars_in(np.array([-1, -1, 7, *low, 7, *low, 7]), seconds) == (2, 2, 4)
    assert bars_in(np.tile([-1, -1, -1, 5, -1, -1], 4), seconds) == (3, 2, 3)
    # 200 beats a minute are rare, and every other bar would begin weakly: twice as slow.
    assert bars_in(np.tile([9, *low, 3, *low], 4), 60 / 200 / 2) == (0, 4, 4)
    assert bars_in(np.tile([5, -1, -1, -1], 8), seconds, (4,), 210) == (0, 1, 4)
    assert bars_in(np.zeros(20), seconds) == (0, 2, 4)


def test_beats_without_bars_have_no_meter() -> None:
    found = Beats.at(np.array([1.0, 1.5]), np.zeros(0))
    assert (found.bpm, found.meter) == (120, 0)
    assert np.isnan(Beats.at(np.array([1.0]), np.array([1.0])).bpm)


@pytest.fixture(scope="module")
def song(tmp_path_factory) -> Path:
    plan = plan_clip(4, 40.0)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    wavfile.write(path, 44_100, plan.sound())
    write_truth(path.with_suffix(".jams"), truth_of(plan.film), plan.title, plan.artist)
    return path


def test_downbeats_of_a_rendered_song(song: Path, scoring) -> None:
    """0.87 in the mean of twenty, by benchmarks/beats.py; at half the tempo it would be 0.67."""
    truth, found = (BEAT_TRACKERS[name](song, 0, 0) for name in ("truth", "librosa"))
    scores = scoring.score(truth, found)
    assert scores["downbeats"] > 0.75
    assert scores["meter"] == 1


def test_the_truth_is_that_of_rendered_clips_alone(song: Path, tmp_path: Path) -> None:
    truth, known = BEAT_TRACKERS["truth"](song, 0, 0), plan_clip(4, 40.0).song
    np.testing.assert_allclose(truth.downbeats, known.downbeats)
    assert truth.bpm == pytest.approx(240 / known.bar)
    wavfile.write(tmp_path / "a.wav", 44_100, np.ones(100, np.float32))
    with pytest.raises(MediaError, match="only rendered clips"):
        BEAT_TRACKERS["truth"](tmp_path / "a.wav", 0, 0)


def test_silence_has_no_beats(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", SAMPLE_RATE, np.zeros(5 * SAMPLE_RATE, np.float32))
    with pytest.warns(InputWarning, match="no audible sound"):
        found = BEAT_TRACKERS["librosa"](tmp_path / "a.wav", 0, 0)
    assert len(found.beats) == len(found.downbeats) == found.meter == 0


def test_beat_this_names_what_is_missing(song: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"final0\.ckpt is missing"):
        BEAT_TRACKERS["beat_this"](song, 0, 0)


def test_scores_by_hand(scoring) -> None:
    truth = Beats.at(np.arange(16) * 0.5, np.arange(4) * 2.0)
    half = Beats.at(np.arange(8) * 1.0, np.arange(4) * 2.0 + 1)
    scores = scoring.score(truth, half)
    assert (scores["half"], scores["double"]) == (1, 0)
    assert scores["beats"] == pytest.approx(0, abs=0.7)
    assert np.isnan(scores["downbeats at tempo"])
    same = scoring.score(truth, truth)
    assert (same["beats"], same["downbeats"], same["downbeats at tempo"]) == (1, 1, 1)


def test_no_heavy_import() -> None:
    code = "import sys, vmnet.language.beats; sys.exit('librosa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
