"""Sound that can be heard: which track is read, and how its channels become one."""

from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from media_files import noise, write, write_tracks

from vmnet import media
from vmnet.errors import InputWarning, MediaError
from vmnet.media.mixing import left_and_right, mono

RATE = 16000


def sine(seconds: float, level: float = 0.5, frequency: float = 440.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(seconds * RATE) / RATE)).astype("f4")


def write_sound(path: Path, *channels: np.ndarray, layout: str) -> Path:
    """Write channels without loss."""
    return write(path, sound=np.stack(channels), rate=RATE, layout=layout, codecs=("", "pcm_f32le"))


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.square(sound).mean()))


# Tracks


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Silence in track 1, a high tone in track 2, a lower and louder one in track 3."""
    path = tmp_path_factory.mktemp("tracks") / "film.mkv"
    silence = np.zeros(2 * RATE, np.float32)
    return write_tracks(path, silence, sine(2, 0.3, 880), sine(2, 0.6, 220))


def test_the_first_track_that_can_be_heard_is_read(film: Path) -> None:
    with pytest.warns(InputWarning, match=r"film\.mkv has no audible sound in track 1: track 2 is"):
        info = media.require(film)
    assert (info.audio_track, info.n_audio_tracks, info.channels) == (2, 3, 1)
    with pytest.warns(InputWarning):
        np.testing.assert_allclose(media.load_audio(film, RATE), sine(2, 0.3, 880), atol=1e-6)


def test_the_track_that_is_asked_for_is_read(film: Path) -> None:
    np.testing.assert_allclose(
        media.load_audio(film, RATE, audio_track=3), sine(2, 0.6, 220), atol=1e-6
    )
    blocks = media.audio_blocks(film, RATE, 0.5, audio_track=3)
    assert [len(block) for block in blocks] == 4 * [RATE // 2]
    assert media.require(film, audio_track=3).audio_track == 3
    with pytest.warns(InputWarning, match="has no audible sound in track 1: check"):
        assert not media.load_audio(film, RATE, audio_track=1).any()
    with pytest.raises(MediaError, match=r"film\.mkv has no sound track 4 .*: choose 1 or 2 or 3"):
        media.probe(film, audio_track=4)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="audio_track"):
            media.probe(film, audio_track=wrong)


def loudness_of_track(path: Path, audio_track: int | None) -> float:
    with media.using_audio_track(audio_track):
        return level(media.load_audio(path, RATE))


def test_a_track_can_be_set_for_all_that_is_read(film: Path) -> None:
    work = partial(loudness_of_track, film)
    assert work(3) == pytest.approx(0.6 / np.sqrt(2), abs=1e-3)
    with pytest.warns(InputWarning):
        assert work(None) == pytest.approx(0.3 / np.sqrt(2), abs=1e-3)  # the setting has ended
    with media.using_audio_track(3):
        assert media.probe(film).audio_track == 3
        assert media.probe(film, audio_track=2).audio_track == 2


def test_a_track_can_be_set_in_a_process(film: Path) -> None:
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        assert pool.submit(loudness_of_track, film, 3).result() == pytest.approx(0.424, abs=1e-3)


def test_a_track_with_sound_late_is_no_silent_one(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(RATE, np.float32), sine(1)])
    path = write_tracks(tmp_path / "late.mkv", late, sine(2))
    assert media.probe(path).audio_track == 1


def test_with_no_sound_anywhere_the_first_track_is_read(tmp_path: Path) -> None:
    silence = np.zeros(2 * RATE, np.float32)
    path = write_tracks(tmp_path / "still.mkv", silence, silence)
    assert media.probe(path).audio_track == 1
    with pytest.warns(InputWarning, match=r"still\.mkv has no audible sound in track 1: check"):
        media.load_audio(path, RATE)


# Channels


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_opposite_polarity_does_not_cancel(tmp_path: Path, suffix: str) -> None:
    sound = noise(3.0, RATE)[0]
    codec = "pcm_f32le" if suffix == "mkv" else "aac"
    path = write(
        tmp_path / f"a.{suffix}", sound=np.stack([sound, -sound]), rate=RATE, codecs=("", codec)
    )
    heard = media.load_audio(path, RATE)
    assert level(heard) == pytest.approx(level(sound), rel=0.1)
    assert np.corrcoef(heard[: len(sound)], sound)[0, 1] > 0.9


def test_polarity_that_turns_in_the_middle(tmp_path: Path) -> None:
    left = sine(6)
    right = left * np.repeat([1, -1, 1], 2 * RATE).astype("f4")
    path = write_sound(tmp_path / "a.mkv", left, right, layout="stereo")
    heard = media.load_audio(path, RATE)
    fades = np.arange(6 * RATE) % (2 * RATE) < 0.01 * RATE
    np.testing.assert_allclose(heard[~fades], left[~fades], atol=1e-6)


@given(
    arrays(np.float32, (64, 2), elements=st.floats(-1, 1, width=32)),
    arrays(np.float32, (64, 1), elements=st.floats(-1, 1, width=32)),
)
def test_ordinary_stereo_and_mono_are_the_plain_mean(wide: np.ndarray, middle: np.ndarray) -> None:
    """Bit for bit, wherever the two do not cancel."""
    (found,) = mono([left_and_right(middle, ("FC",))], RATE)
    np.testing.assert_array_equal(found, middle[:, 0])
    parts, both = np.square(wide, dtype=float).sum(), np.square(wide.sum(1, dtype=float)).sum()
    (found,) = mono([left_and_right(wide, ("FL", "FR"))], RATE)
    if both >= 0.11 * parts:
        np.testing.assert_array_equal(found, wide.mean(axis=1))
    else:
        assert np.square(found).sum() >= 0.2 * parts / 4 or parts < 2e-4


# ITU-R BS.775-3, table 2: the mono mix of five channels; the subwoofer is not mixed.
BS775 = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "LFE": 0.0, "BL": 0.5, "BR": 0.5}


@pytest.mark.parametrize("channel", BS775)
def test_one_channel_of_six(tmp_path: Path, channel: str) -> None:
    channels = [sine(2) if name == channel else np.zeros_like(sine(2)) for name in BS775]
    path = write_sound(tmp_path / "a.mkv", *channels, layout="5.1")
    if channel == "LFE":
        with pytest.warns(InputWarning, match="no audible sound"):
            assert not media.load_audio(path, RATE).any()
    else:
        expected = BS775[channel] * sine(2)
        np.testing.assert_allclose(media.load_audio(path, RATE), expected, atol=1e-4)


@pytest.mark.parametrize(("layout", "n_channels"), [("5.1", 6), ("5.0", 5)])
def test_a_loud_mix_is_made_softer_and_not_clipped(
    tmp_path: Path, layout: str, n_channels: int
) -> None:
    path = write_sound(tmp_path / "a.mkv", *n_channels * [sine(2, 0.99)], layout=layout)
    np.testing.assert_allclose(media.load_audio(path, RATE), sine(2, 1.0), atol=2e-3)


def test_a_layout_that_the_file_names(tmp_path: Path) -> None:
    """AAC in MP4 names its six channels, in an order of its own."""
    for channel, gain in (("FC", 1.0), ("FR", 0.7071)):
        names = [c.name for c in av.AudioLayout("5.1").channels]
        channels = [sine(2) if name == channel else np.zeros_like(sine(2)) for name in names]
        path = write(tmp_path / f"{channel}.mp4", sound=np.stack(channels), rate=RATE, layout="5.1")
        assert level(media.load_audio(path, RATE)) == pytest.approx(level(gain * sine(2)), rel=0.02)


def test_opposite_sides_of_surround_do_not_cancel(tmp_path: Path) -> None:
    still = np.zeros_like(sine(2))
    path = write_sound(
        tmp_path / "a.mkv", sine(2), -sine(2), still, still, still, still, layout="5.1"
    )
    assert level(media.load_audio(path, RATE)) == pytest.approx(level(sine(2, 0.707)), rel=0.01)


@pytest.mark.parametrize("layout", ["3.1.2", "5.1.2", "5.1.4", "7.1.4", "22.2", "hexadecagonal"])
def test_the_centre_of_a_layout_with_heights(layout: str) -> None:
    names = tuple(c.name for c in av.AudioLayout(layout).channels)
    for channel, gain in {"FC": 1.0, "FL": 0.7071, "FR": 0.7071, "TFL": 0.5, "TFR": 0.5}.items():
        sound = np.zeros((RATE, len(names)), np.float32)
        sound[:, names.index(channel)] = sine(1)
        (heard,) = mono([left_and_right(sound, names)], RATE)
        np.testing.assert_allclose(heard, gain * sine(1), atol=1e-4)


def test_a_channel_of_another_name_is_left_out_beside_left_and_right() -> None:
    sound = np.tile(sine(1)[:, None], (1, 3))
    (heard,) = mono([left_and_right(sound, ("FL", "FR", "AMBI0"))], RATE)
    np.testing.assert_allclose(heard, 1.4142 * sine(1), atol=1e-4)
    (heard,) = mono([left_and_right(sound, ("AMBI0", "AMBI1", "AMBI2"))], RATE)
    np.testing.assert_allclose(heard, sine(1), atol=1e-6)


def test_a_film_of_twelve_channels(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    names = [c.name for c in av.AudioLayout("7.1.4").channels]
    sound = np.zeros((2 * RATE, len(names)), np.float32)
    sound[:, names.index("FC")] = sine(2)
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_f32le", rate=RATE, layout="7.1.4")
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "flt", "7.1.4")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    np.testing.assert_allclose(media.load_audio(path, RATE), sine(2), atol=1e-4)


def test_surround_after_stereo_is_made_softer_and_not_clipped(tmp_path: Path) -> None:
    """As a broadcast goes from one programme to the next."""
    parts = []
    for layout, n_channels in (("stereo", 2), ("5.1", 6)):
        sound = np.stack(n_channels * [sine(2, 0.5)])
        name = tmp_path / f"{layout}.aac"
        parts.append(write(name, sound=sound, rate=RATE, layout=layout, bit_rate=384_000))
    path = tmp_path / "both.aac"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    heard = media.load_audio(path, RATE)
    np.testing.assert_allclose(np.abs(heard[RATE // 2 : RATE]).max(), 0.5, atol=0.02)
    surround = heard[-RATE : -RATE // 2]
    assert np.abs(surround).max() <= 1
    assert level(surround) == pytest.approx(level(sine(1, 0.95)), rel=0.1)  # clipped, it is 0.86
