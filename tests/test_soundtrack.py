"""The music of an edit is put together to the sample, and has the loudness it should have."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from media_files import write
from scipy.signal import resample_poly

from vmnet.edit.cutlist import Event, events
from vmnet.edit.soundtrack import (
    CEILING,
    EDGE,
    LOUDNESS,
    RATE,
    SILENT,
    assembled,
    decoded,
    gain_to,
    measure,
    parts,
)
from vmnet.edit.spans import Span


def noise_of(seconds, level=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return (level * rng.normal(size=(round(seconds * RATE), 2))).astype(np.float32)


def whole(track, made, n_samples, block):
    return np.concatenate(list(assembled(track, made, n_samples, block)))


@st.composite
def edits(draw):
    """Spans of a few hundredths of a second, some at the ends of a track of half a second."""
    n = draw(st.integers(1, 5))
    marks = np.cumsum([0, *(draw(st.integers(5, 120)) / 1000 for _ in range(n))])
    spans = []
    for k in range(n):
        latest = round(500 - 1000 * (marks[k + 1] - marks[k]))
        start = draw(st.sampled_from([0, latest]) | st.integers(0, latest)) / 1000
        spans.append(Span(marks[k], marks[k + 1], start, k))
    return spans


@settings(max_examples=25, deadline=None, phases=set(Phase) - {Phase.shrink})  # slow samples
@given(edits(), st.integers(200, 20_000), st.integers(0, 99))
def test_what_is_put_together_in_blocks_is_what_single_samples_give(naive, spans, block, seed):
    track = noise_of(0.5, seed=seed)
    found = events(spans, 0.5)
    cuts = [(event.video_in, event.video_out, event.track_in) for event in found]
    expected = naive.edited_music(track[:, 0].tolist(), cuts, 0.5, RATE)
    n_samples = round(found[-1].video_out * RATE)
    got = whole(track, parts(found, 0.5), n_samples, block)
    assert got.shape == (n_samples, 2)
    assert got[:, 0] == pytest.approx(np.array(expected), abs=1e-6)


def test_a_crossfade_keeps_the_power_of_unlike_music():
    """Two sounds with nothing in common: their powers add up to that of one."""
    track = np.concatenate([noise_of(2, seed=1), noise_of(2, seed=2)])
    found = events([Span(0, 1, 0.5, 0), Span(1, 2, 2.5, 1)], 4.0, crossfade=0.4)
    music = whole(track, parts(found, 4.0), 2 * RATE, RATE)
    crossing = music[round(0.8 * RATE) : round(1.2 * RATE)]
    assert np.square(crossing).mean() == pytest.approx(0.01, rel=0.03)


def test_between_the_fades_every_sample_is_the_tracks_own():
    track = noise_of(4)
    found = events([Span(0, 1.3, 0.7, 0), Span(1.3, 2, 3.1, 1)], 4.0)
    music = whole(track, parts(found, 4.0), 2 * RATE, 10_000)
    a, b = slice(RATE // 10, RATE), slice(round(1.4 * RATE), round(1.9 * RATE))
    assert np.array_equal(music[a], track[a.start + round(0.7 * RATE) :][: a.stop - a.start])
    assert np.array_equal(music[b], track[b.start + round(1.8 * RATE) :][: b.stop - b.start])


def test_edges_are_soft_but_where_the_track_itself_starts_and_ends():
    track = np.ones((2 * RATE, 2), np.float32)
    inside = whole(track, parts((Event(0, 1, 0.5, 0, 0),), 2.0), RATE, RATE)
    assert inside[0, 0] < 0.01
    assert inside[-1, 0] < 0.01
    assert (inside[round(EDGE * RATE) : -round(EDGE * RATE)] == 1).all()
    assert (whole(track, parts((Event(0, 2, 0, 0, 0),), 2.0), 2 * RATE, RATE) == 1).all()


def test_sound_that_ends_before_the_track_says_is_silence():
    music = whole(noise_of(0.5), parts((Event(0, 1, 0.2, 0, 0),), 2.0), RATE, RATE)
    assert music[: round(0.3 * RATE)].any()
    assert not music[round(0.3 * RATE) :].any()


@pytest.mark.parametrize(("rate", "layout"), [(44100, "stereo"), (22050, "mono"), (48000, "5.1")])
def test_a_track_is_decoded_in_stereo_with_sample_0_at_time_0(tmp_path, rate, layout):
    n_channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    sound = np.zeros((n_channels, 2 * rate), np.float32)
    times = np.arange(2 * rate) / rate
    sound[:] = 0.3 * np.exp(-(((times - 1.2345) / 2e-4) ** 2))
    path = write(
        tmp_path / "song.wav", sound=sound, rate=rate, layout=layout, codecs=("", "pcm_f32le")
    )
    with decoded(path, 2.0, tmp_path) as track:
        assert track.shape == (2 * RATE, 2)
        assert abs(track[:, 0].argmax() - 1.2345 * RATE) <= 1
        assert track[:, 0] == pytest.approx(track[:, 1], abs=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["song.wav"]


def test_no_more_of_a_track_is_read_than_is_heard(tmp_path):
    sound = np.zeros((2, 30 * 8000), np.float32)
    path = write(tmp_path / "song.wav", sound=sound, rate=8000, codecs=("", "pcm_s16le"))
    with decoded(path, 3.0, tmp_path) as track:
        assert 3 * RATE <= len(track) < 30 * RATE


@pytest.mark.parametrize("seconds", [0.5, 3.0, 7.77])
def test_the_loudness_is_pyloudnorms_and_the_peak_that_of_fourfold_samples(seconds):
    music = noise_of(seconds) * np.linspace(0.2, 1, round(seconds * RATE), dtype="f4")[:, None]
    loudness, peak = measure(np.array_split(music, 7))
    assert loudness == pytest.approx(
        pyloudnorm.Meter(RATE).integrated_loudness(music.astype(float)), abs=0.25
    )
    between = np.abs(resample_poly(music.astype(float), 4, 1)).max()
    assert peak == pytest.approx(20 * np.log10(between), abs=0.3)


def test_a_tone_between_the_samples_peaks_above_them():
    """A quarter of the sampling rate, 45 degrees off: the samples miss its peak by 3 dB."""
    tone = 0.5 * np.sin(np.pi / 2 * np.arange(2 * RATE) + np.pi / 4) * np.hanning(2 * RATE)
    assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(-9.03, abs=0.01)
    _, peak = measure([np.repeat(tone[:, None], 2, axis=1).astype(np.float32)])
    assert peak == pytest.approx(-6.02, abs=0.1)


def test_full_scale_sine_of_1_khz_is_at_the_level_that_bs_1770_states():
    tone = np.sin(2 * np.pi * 997 * np.arange(5 * RATE) / RATE).astype(np.float32)
    left = np.stack([tone, np.zeros_like(tone)], axis=1)
    assert measure([left])[0] == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("music", [np.zeros((RATE, 2), "f4"), noise_of(0.3), noise_of(0.01)])
def test_silence_and_what_is_too_short_have_no_loudness(music):
    loudness, peak = measure([music])
    assert loudness == SILENT
    assert gain_to(LOUDNESS, loudness, peak) == 1.0


def test_peaks_limit_the_gain():
    assert gain_to(-16, -20, -10) == pytest.approx(10 ** (4 / 20))
    assert gain_to(-16, -20, -2) == pytest.approx(10 ** ((CEILING + 2) / 20))
    assert gain_to(None, -20, -2) == 1.0
    assert gain_to(None, -8, 2) == pytest.approx(10 ** (-3 / 20))
    assert gain_to(-16, SILENT, 3) == pytest.approx(10 ** (-4 / 20))
