"""When pictures and sounds are shown: how long a file lasts, and stamps that start again."""

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from media_files import click, frame_of, gray, noise, write

from vmnet import media
from vmnet.errors import MediaError
from vmnet.media.timeline import WRAP, shifts_of

RATE = 16000  # Hz at which the tests listen
FRAME = 0.04  # seconds, at 25 fps

# What each container carries: its codecs, and whether B-frames keep their times in it.
CONTAINERS = {
    "mp4": ("libx264", "aac", True),
    "mov": ("libx264", "aac", True),
    "mkv": ("libx264", "libopus", True),
    "webm": ("libvpx-vp9", "libopus", True),
    "ts": ("libx264", "aac", True),
    "avi": ("mpeg4", "libmp3lame", False),  # it has a stamp for decoding alone
}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    suffix=st.sampled_from(list(CONTAINERS)),
    b_frames=st.integers(0, 3),
    steps=st.lists(st.sampled_from([1, 1, 1, 2, 3, 25, 120]), min_size=8, max_size=30),
    late=st.integers(0, 30),
    sound=st.one_of(st.none(), st.tuples(st.floats(0.2, 4), st.sampled_from([0, 0, 0.3, 1.0]))),
)
@example("mp4", 2, [1, 1, 498, *[1] * 49], 0, None)
@example("mp4", 2, [1, 1, 1, 1, 125], 0, None)
@example("ts", 2, [25, 1, 1, 3, 2, 3, 2, 1, 25, 3], 25, (2.85, 1.0))
def test_a_file_lasts_until_its_last_picture_or_sound_has_ended(
    tmp_path: Path, suffix: str, b_frames: int, steps: list[int], late: int, sound: tuple | None
) -> None:
    video, audio, reorders = CONTAINERS[suffix]
    seconds, start = sound or (0.0, float("inf"))
    if suffix == "avi":  # all its streams start at 0
        late, start = 0, 0.0 if sound else start
    stamps = [late, *(late + passed for passed in accumulate(steps))]
    path = write(
        tmp_path / f"a.{suffix}",
        gray(len(stamps)),
        noise(seconds, 48000) if sound else None,
        stamps=stamps,
        rate=48000,
        sound_start=start if sound else 0.0,
        codecs=(video, audio),
        b_frames=b_frames if reorders else 0,
    )
    ends = [FRAME * (stamps[-1] + 1), seconds + start if sound else 0.0]
    origin = min(FRAME * late, start)
    assert media.probe(path).duration == pytest.approx(max(ends) - origin, abs=1.5 * FRAME)
    shown = [time for time, _ in media.all_pictures(path, (16, 8))]
    np.testing.assert_allclose(shown, FRAME * np.array(stamps) - origin, atol=1.5 * FRAME)


def test_an_edit_list_ends_the_file(tmp_path: Path) -> None:
    """As a phone trims a film: the pictures after the edit stay in the file and are not shown."""
    path = write(tmp_path / "trimmed.mp4", gray(50), b_frames=2)
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12  # after version, flags and count
    assert int.from_bytes(data[place : place + 4], "big") == 2000
    data[place : place + 4] = (1000).to_bytes(4, "big")
    path.write_bytes(data)
    shown = list(media.all_pictures(path))
    assert media.probe(path).duration == pytest.approx(shown[-1][0] + FRAME, abs=1e-3)
    assert media.probe(path).duration == pytest.approx(1.0, abs=2 * FRAME)


# Time stamps that start again


def test_each_run_starts_where_the_one_before_ends() -> None:
    assert shifts_of([], []) == (0.0,)
    np.testing.assert_allclose(shifts_of([1.4, 1.4, 7.0], [11.4, 11.4, 8.0]), [0, 10, 14.4])


def one_of_two(folder: Path, suffix: str, codecs: tuple[str, str], start: float = 0.0) -> Path:
    """Two seconds, gray as frame numbers, with a click at 1 s."""
    has_pictures = bool(codecs[0])
    return write(
        folder / f"one.{suffix}",
        gray(50) if has_pictures else (),
        click(1.0, 2.0, 48000, 2),
        stamps=range(round(start * 25), round(start * 25) + 50),
        sound_start=start,
        rate=48000,
        codecs=codecs,
        b_frames=2 if codecs[0] == "libx264" else 0,
    )


JOINED = {
    "ts": ("libx264", "aac"),
    "m2ts": ("libx264", "aac"),
    "mts": ("libx264", "ac3"),
    "mpg": ("mpeg2video", "mp2"),
    "mkv": ("libx264", "libopus"),
    "webm": ("libvpx-vp9", "libopus"),
    "avi": ("mpeg4", "libmp3lame"),
    "ogg": ("", "libopus"),
    "mp3": ("", "libmp3lame"),
    "aac": ("", "aac"),
}


def clicks(path: Path) -> list[float]:
    """The times, in seconds, of what is loud, to a tenth."""
    sound = media.load_audio(path, RATE)
    return sorted({round(float(index) / RATE, 1) for index in np.flatnonzero(np.abs(sound) > 0.4)})


@pytest.mark.parametrize("suffix", JOINED)
def test_two_files_joined_are_read_on(tmp_path: Path, suffix: str) -> None:
    one = one_of_two(tmp_path, suffix, JOINED[suffix])
    two = tmp_path / f"two.{suffix}"
    two.write_bytes(one.read_bytes() * 2)
    duration = media.probe(one).duration
    assert media.probe(two).duration == pytest.approx(2 * duration, abs=0.06)
    first, second = clicks(two)
    assert second - first == pytest.approx(duration, abs=0.11)
    if JOINED[suffix][0]:
        times, shown = zip(*media.all_pictures(two), strict=True)
        assert len(times) == pytest.approx(100, abs=1)
        assert np.diff(times).min() >= 0
        assert times[-1] == pytest.approx(2 * duration - FRAME, abs=0.11)
        last = [frame_of(picture) for picture in shown[-20:]]
        np.testing.assert_allclose(last, range(30, 50), atol=1)
        assert frame_of(next(media.pictures(two, [duration + 1.02]))) in (24, 25, 26)


@pytest.mark.parametrize("suffix", ["flv", "mp4"])
def test_what_ffmpeg_leaves_off_is_refused(tmp_path: Path, suffix: str) -> None:
    codecs = ("flv1", "libmp3lame") if suffix == "flv" else ("libx264", "aac")
    one = one_of_two(tmp_path, suffix, codecs)
    if suffix == "flv":
        one = write(tmp_path / "one.flv", gray(50, (640, 360)), codecs=codecs)
    two = tmp_path / f"two.{suffix}"
    two.write_bytes(one.read_bytes() * 2)
    assert media.probe(one).duration == pytest.approx(2.0, abs=0.1)
    with pytest.raises(MediaError, match=r"two\.\w+ holds more after 2\.. s that cannot be read"):
        media.probe(two)


def test_a_clock_that_jumps_on_or_back_by_hours(tmp_path: Path) -> None:
    """FFmpeg takes a clock set back, in a transport stream, for one that has wrapped."""
    early = one_of_two(tmp_path, "ts", JOINED["ts"]).read_bytes()
    late = one_of_two(tmp_path, "ts", JOINED["ts"], start=7200.0).read_bytes()
    for name, data in {"on": early + late, "back": late + early}.items():
        path = tmp_path / f"{name}.ts"
        path.write_bytes(data)
        assert media.probe(path).duration == pytest.approx(4.1, abs=0.1)
        first, second = clicks(path)
        assert second - first == pytest.approx(2.0, abs=0.11)
        assert np.diff([time for time, _ in media.all_pictures(path)]).min() >= 0


@pytest.mark.parametrize("start", [0.5, 1.0])
def test_a_clock_that_wraps(tmp_path: Path, start: float) -> None:
    path = one_of_two(tmp_path, "ts", JOINED["ts"], WRAP / 90000 - start)
    assert media.probe(path).duration == pytest.approx(2.1, abs=0.1)
    times = [time for time, _ in media.all_pictures(path)]
    np.testing.assert_allclose(np.diff(times), FRAME, atol=1e-3)
    assert clicks(path) == pytest.approx([1.0], abs=0.11)


def test_one_stream_that_starts_again_alone_is_refused(tmp_path: Path) -> None:
    both = one_of_two(tmp_path, "ts", JOINED["ts"])
    pictures = write(tmp_path / "pictures.ts", gray(50), b_frames=2)
    path = tmp_path / "joined.ts"
    path.write_bytes(both.read_bytes() + pictures.read_bytes())
    with pytest.raises(MediaError, match=r"joined\.ts has time stamps that start again in"):
        media.probe(path)


def test_a_second_file_in_other_streams_is_refused(tmp_path: Path) -> None:
    """FFmpeg opens further streams for it, which PyAV does not give."""
    one = one_of_two(tmp_path, "ts", JOINED["ts"])
    other = write(
        tmp_path / "other.ts", gray(50), click(1.0, 2.0, 48000, 2), rate=48000,
        mpegts_start_pid="512", mpegts_pmt_start_pid="5000",
    )  # fmt: skip
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + other.read_bytes())
    with pytest.raises(MediaError, match=r"joined\.ts holds more after 2\.. s that cannot be read"):
        media.probe(path)


def test_a_still_of_a_minute_and_a_half_is_no_jump(tmp_path: Path) -> None:
    stamps = [*range(25), *range(2300, 2325)]
    path = write(tmp_path / "still.ts", gray(50), noise(93.0, 8000), stamps=stamps, rate=8000)
    assert media.probe(path).duration == pytest.approx(93.1, abs=0.15)
    assert [time for time, _ in media.all_pictures(path)][30] > 90


@pytest.mark.parametrize(("suffix", "b_frames"), [("ts", 0), ("ts", 3), ("mpg", 0)])
def test_a_still_without_sound_is_no_jump(tmp_path: Path, suffix: str, b_frames: int) -> None:
    stamps = [*range(25), *range(1800, 1825)]
    path = write(
        tmp_path / f"still.{suffix}",
        gray(50),
        stamps=stamps,
        codecs=(JOINED[suffix][0], ""),
        b_frames=b_frames,
    )
    assert media.probe(path).duration == pytest.approx(73.0, abs=0.1)
    times = [time for time, _ in media.all_pictures(path)]
    np.testing.assert_allclose(times, FRAME * np.array(stamps), atol=0.01)
    two = tmp_path / f"two.{suffix}"
    two.write_bytes(path.read_bytes() * 2)
    assert media.probe(two).duration == pytest.approx(146.0, abs=0.2)


def write_apart(path: Path, video: list[float], audio: list[float]) -> Path:
    """Write pictures and clicks of a second each that start at some times, muxed by time."""
    with av.open(path, "w") as container:
        streams = []
        if video:
            streams.append(container.add_stream("mpeg2video", rate=25))
            streams[0].width, streams[0].height, streams[0].pix_fmt = 160, 90, "yuv420p"
        streams.append(container.add_stream("mp2", rate=48000, layout="stereo"))
        packets = []
        for start in video:
            for index, picture in enumerate(gray(25)):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = round(start * 25) + index, Fraction(1, 25)
                packets += streams[0].encode(frame)
        for start in audio:
            sound = (click(0.5, 1.008, 48000, 2) * 32767).astype("i2")  # 42 frames of MP2
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "s16p", "stereo")
            frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
            frame.pts = round(start * 48000)
            packets += streams[-1].encode(frame)
        packets += [packet for stream in streams for packet in stream.encode(None)]
        container.mux(sorted(packets, key=lambda packet: packet.dts * packet.time_base))
    return path


def test_a_pause_in_sound_alone_is_no_jump(tmp_path: Path) -> None:
    path = write_apart(tmp_path / "pause.ts", [], [0, 70])
    assert media.probe(path).duration == pytest.approx(71.0, abs=0.1)
    assert clicks(path) == pytest.approx([0.5, 70.5], abs=0.11)


@pytest.mark.parametrize(
    ("video", "audio"),
    [([0, 70], [0, 20, 40, 60, 90, 155]), ([0, 70], [0, 30, 100]), ([0, 80, 100], [0, 20, 90])],
)
def test_a_still_and_a_pause_at_different_places_are_no_jump(
    tmp_path: Path, video: list[float], audio: list[float]
) -> None:
    path = write_apart(tmp_path / "both.ts", video, audio)
    end = max(video[-1], audio[-1]) + 1
    assert media.probe(path).duration == pytest.approx(end, abs=0.1)
    assert clicks(path) == pytest.approx([start + 0.5 for start in audio], abs=0.11)
    assert list(media.all_pictures(path))[-1][0] == pytest.approx(video[-1] + 0.96, abs=0.1)
