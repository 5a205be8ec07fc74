"""Foote, SF and OLDA give what a plain run of MSAF gives, and leave no trace."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import librosa
import numpy as np
import pytest
import soundfile

from vmnet import media
from vmnet.errors import InputWarning, MediaError
from vmnet.media import separation
from vmnet.segmenters import algorithms, boundaries, music

RATE = algorithms.SAMPLE_RATE

PLAIN_MSAF = """
import json, os, sys, tempfile
import numpy as np, scipy.signal
np.float_ = np.float64
scipy.inf = np.inf
scipy.signal.gaussian = scipy.signal.windows.gaussian
import msaf
times = {}
for method in ("foote", "sf", "olda"):
    os.chdir(tempfile.mkdtemp(dir=sys.argv[2]))
    times[method] = msaf.process(sys.argv[1], boundaries_id=method)[0].tolist()
print(json.dumps(times))
"""

NO_TRACE = """
import logging, os, sys
from pathlib import Path
import librosa, sklearn.cluster  # what they change on import is theirs
import numpy as np, scipy, scipy.signal
before = np.random.get_state()[1].copy(), os.getcwd(), os.environ.copy()
from vmnet.segmenters import music
music.music_boundaries(Path(sys.argv[1]))
music.novelty(Path(sys.argv[1]))
import msaf
from msaf.algorithms import foote, olda
assert (np.random.get_state()[1] == before[0]).all()
assert os.getcwd() == before[1] and os.listdir() == [], os.listdir()
assert os.environ == before[2]
assert not hasattr(scipy, "inf") and not hasattr(scipy.signal, "gaussian")
assert not hasattr(np, "float_")
assert olda.segmenter.Features is msaf.base.Features and olda.segmenter.logging is logging
assert foote.segmenter.signal is scipy.signal
assert not logging.getLogger().handlers
"""


def write(path, samples):
    soundfile.write(path, samples.astype(np.float32), RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def song(music_video, tmp_path_factory):
    """The first 50 s of the real music video's sound, as MSAF can read it."""
    samples = media.load_audio(music_video, RATE)[: 50 * RATE]
    return write(tmp_path_factory.mktemp("song") / "song.wav", samples)


def beats(seconds, pitch, seed=0):
    """A click twice a second over a chord that changes in the middle."""
    t = np.arange(int(seconds * RATE)) / RATE
    clicks = (t % 0.5 < 0.01) * np.random.default_rng(seed).normal(size=len(t))
    return 0.3 * clicks + 0.2 * np.sin(
        2 * np.pi * np.where(t < seconds / 2, pitch, 1.5 * pitch) * t
    )


def run(code, *arguments, folder):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def as_msaf_returns_them(features, method):
    """The beats found, with the first, the last and both ends of the sound."""
    found = features.times[algorithms.found_beats(features, method)]
    return np.unique([0, features.times[0], *found, features.times[-1], features.duration])


def features_of(path):
    """The features of a clip that is one stretch."""
    ((_, features),) = music.clip_features(path)
    return features


def test_the_same_boundaries_as_a_plain_run_of_msaf(song, tmp_path):
    done = run(PLAIN_MSAF, song, tmp_path, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout.splitlines()[-1])
    features = features_of(song)
    for method, times in plain.items():
        np.testing.assert_array_equal(as_msaf_returns_them(features, method), times)
        assert len(times) >= 4, f"{method} found nothing to compare"


def test_rows_begin_where_their_beats_do(tmp_path):
    """A chord that changes on a click: the first row of the new chord begins there."""
    features = features_of(write(tmp_path / "song.wav", beats(20, 220)))
    is_new = features.pcp.argmax(axis=1) != features.pcp[2].argmax()
    assert features.starts[is_new][0] == pytest.approx(10, abs=0.1)
    assert features.times[is_new][0] == pytest.approx(10.5, abs=0.1)


def test_boundaries_of_a_clip_span_it_without_slivers(song):
    duration = media.probe(song).duration
    found = music.music_boundaries(song)
    assert list(found) == ["foote", "sf", "olda"]
    for edges in found.values():
        assert edges[0] == 0
        assert edges[-1] == duration
        assert np.diff(edges).min() >= 1.0
    assert list(music.music_boundaries(song, ["sf"])) == ["sf"]


def test_a_run_leaves_no_trace(tmp_path):
    (tmp_path / "empty").mkdir()
    song = write(tmp_path / "song.wav", beats(40, 220))
    done = run(NO_TRACE, song, folder=tmp_path / "empty")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_threads_do_not_disturb_each_other(tmp_path):
    songs = [
        write(tmp_path / f"{k}.wav", beats(30 + 5 * k, 150 + 40 * k, seed=k)) for k in range(3)
    ]
    one_by_one = [music.music_boundaries(song) for song in songs]
    with ThreadPoolExecutor(3) as threads:
        at_once = list(threads.map(music.music_boundaries, songs))
    for alone, together in zip(one_by_one, at_once, strict=True):
        for method, edges in alone.items():
            np.testing.assert_array_equal(together[method], edges)


def test_features_of_another_file_are_never_reused(tmp_path):
    song = write(tmp_path / "song.wav", beats(20, 220))
    first = features_of(song)
    assert features_of(song) is first
    write(song, beats(24, 330))
    assert features_of(song).duration == 24


@pytest.mark.parametrize(("n_samples", "block"), [(8 * RATE, 2048), (4 * RATE + 1, 40), (3000, 2)])
def test_the_fast_split_is_librosas(song, n_samples, block, monkeypatch):
    monkeypatch.setattr(separation, "BLOCK", block)
    samples, _ = soundfile.read(song, start=20 * RATE, frames=n_samples, dtype="float32")
    for ours, theirs in zip(
        separation.harmonic_percussive(samples), librosa.effects.hpss(samples), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_the_novelty_curve_peaks_at_footes_boundaries(song):
    times, curve = music.novelty(song)
    assert len(times) == len(curve)
    assert curve.max() == 1
    assert (np.diff(times) > 0).all()
    for boundary in music.music_boundaries(song, ["foote"])["foote"][1:-1]:
        near = np.abs(times - boundary) < 5
        assert curve[near].max() > np.median(curve)
        assert boundary in times


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.zeros(20 * RATE), id="silence"),
        pytest.param(np.full(20 * RATE, 0.5), id="direct current"),
        pytest.param(np.sin(2 * np.pi * 440 * np.arange(20 * RATE) / RATE), id="steady tone"),
        pytest.param(beats(0.05, 220), id="a twentieth of a second"),
        pytest.param(beats(1, 220), id="one second"),
        pytest.param(beats(3.1, 220), id="three seconds"),
        pytest.param(beats(5, 220), id="five seconds"),
    ],
)
def test_a_sound_without_beats_or_length_is_one_segment(samples, tmp_path):
    path = write(tmp_path / "sound.wav", samples)
    for edges in music.music_boundaries(path).values():
        np.testing.assert_allclose(edges, [0, len(samples) / RATE], atol=1e-3)
    times, curve = music.novelty(path)
    assert len(times) == len(curve)
    assert not curve.any()


@pytest.mark.parametrize("kind", ["random", "constant", "zero"])
@pytest.mark.filterwarnings("error")
def test_no_number_of_beats_breaks_a_method(kind):
    generator = np.random.default_rng(0)
    values = {"random": generator.random((80, 26)), "constant": 0.5, "zero": 0.0}[kind]
    values = np.broadcast_to(values, (80, 26)).astype(np.float32)
    for n in [*range(1, 25), 33, 65, 66, 67, 80]:
        features = algorithms.BeatFeatures(
            values[:n, :12], values[:n, 12:], 0.5 * np.arange(1, n + 1), 0.5 * n + 0.7
        )
        for method in algorithms.METHODS:
            found = algorithms.found_beats(features, method)
            assert (np.diff([0, *found, n - 1]) > 0).all() or not found.size


def test_msafs_numbers_are_ours():
    import msaf  # the test above has given SciPy what it imports

    algorithms._msaf()
    assert msaf.config.sample_rate == algorithms.SAMPLE_RATE
    assert msaf.config.minimum_frames == algorithms.MINIMUM_BEATS


def test_a_long_clip_is_segmented_in_stretches(song, monkeypatch):
    monkeypatch.setattr(boundaries, "LONGEST", 45.0)
    monkeypatch.setattr(boundaries, "STRETCH", 34.0)
    monkeypatch.setattr(boundaries, "OVERLAP", 16.0)
    monkeypatch.setattr(music, "BLOCK_SECONDS", 7.0)
    music._clip_features.cache_clear()
    sound = media.load_audio(song, RATE)
    spans = boundaries.stretches(len(sound) / RATE)
    assert [(span.start, span.end) for span in spans] == [(0, 33), (17, 50)]
    for span, heard in zip(spans, music.sounds(song, spans), strict=True):
        np.testing.assert_array_equal(heard, sound[int(span.start) * RATE : int(span.end) * RATE])
    with pytest.warns(InputWarning, match="song.wav lasts 1 minutes.* 2 stretches"):
        found = music.music_boundaries(song)
    parts = [
        algorithms.beat_features(sound[int(s.start) * RATE : int(s.end) * RATE]) for s in spans
    ]
    for method, edges in found.items():
        times = [p.starts[algorithms.found_beats(p, method)] for p in parts]
        joined = np.concatenate([times[0][times[0] < 25], 17 + times[1][times[1] >= 8]])
        np.testing.assert_array_equal(edges, boundaries.clean(joined, media.probe(song).duration))
    times, curve = music.novelty(song)
    assert (np.diff(times) > 0).all()
    assert len(times) == len(curve)
    music._clip_features.cache_clear()


def test_the_first_beat_is_no_boundary(tmp_path):
    """Four seconds of a chord without a pulse, then one with: MSAF cuts at the first click."""
    silence = 0.2 * np.sin(2 * np.pi * 220 * np.arange(4 * RATE) / RATE)
    song = write(tmp_path / "song.wav", np.concatenate([silence, beats(56, 220)]))
    first, last = features_of(song).times[[0, -1]]
    assert 1 < first < 8
    for edges in music.music_boundaries(song).values():
        assert first not in edges
        assert last not in edges


def test_a_file_without_sound_is_refused(tmp_path):
    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(25):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with pytest.raises(MediaError, match="mute"):
        music.music_boundaries(path)


def test_a_missing_file_is_refused():
    with pytest.raises(MediaError, match="nowhere"):
        music.music_boundaries(Path("nowhere.mp4"))
    with pytest.raises(MediaError, match="nowhere"):
        music.novelty(Path("nowhere.mp4"))


def test_each_sound_track_of_a_file_has_features_of_its_own(tmp_path, monkeypatch):
    path = tmp_path / "two.mkv"
    tone = np.sin(2 * np.pi * 220 * np.arange(2 * 8000) / 8000).astype(np.float32)
    with av.open(path, "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]
        for stream, level in zip(streams, (0.2, 0.8), strict=True):
            samples = np.round(level * 32767 * tone).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    monkeypatch.setattr(music, "_features", lambda audio: float(np.abs(audio).max()))
    peaks = []
    for track in (1, 2):
        with media.using_audio_track(track):
            ((_, peak),) = music.clip_features(path)
        peaks.append(peak)
    np.testing.assert_allclose(peaks, [0.2, 0.8], atol=0.02)
