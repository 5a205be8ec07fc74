"""Decoding: real files of many kinds, made here, and the real music video."""

import gc
import itertools
import os
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_files import click, cut, frame_of, gray, noise, write

from vmnet import media
from vmnet.errors import InputWarning, MediaError

RATE = 16000  # Hz at which the tests listen


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of gray frames and a click at 1 s, as MP4 with its index in front."""
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    return write(path, gray(50), click(1.0, 2.0, 44100, 2), b_frames=2, movflags="faststart")


def heard(path: Path, rate: int = RATE) -> float:
    """The time of the click in seconds."""
    return float(np.abs(media.load_audio(path, rate)).argmax()) / rate


# The real music video


def test_probe_of_the_music_video(music_video: Path) -> None:
    info = media.require(music_video)
    assert info.duration == pytest.approx(212.09, abs=0.01)
    assert (info.width, info.height, info.fps) == (160, 90, 25.0)
    assert (info.sample_rate, info.channels, info.comment) == (44100, 2, "")
    assert media.n_seconds(info.duration) == 212


def test_every_frame_of_the_music_video(music_video: Path) -> None:
    times, shapes = zip(
        *((time, picture.shape) for time, picture in media.all_pictures(music_video, (48, 27))),
        strict=True,
    )
    np.testing.assert_allclose(times, np.arange(5301) / 25, atol=1e-6)
    assert set(shapes) == {(27, 48, 3)}


def test_one_picture_a_second_and_seeking_to_it(music_video: Path) -> None:
    by_second = list(media.second_pictures(music_video))
    assert len(by_second) == 212
    assert all(picture.shape == (90, 160, 3) for picture in by_second)
    assert all(picture.dtype == np.uint8 for picture in by_second)
    for second in (0, 9, 10, 11, 50, 123, 211):  # from 10 s on, `pictures` seeks
        np.testing.assert_array_equal(
            next(media.pictures(music_video, [second + 0.5])), by_second[second]
        )


def test_sound_of_the_music_video(music_video: Path) -> None:
    sound = media.load_audio(music_video, RATE)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(212.09 * RATE, abs=0.01 * RATE)
    assert 0.5 < np.abs(sound).max() <= 1
    blocks = list(media.audio_blocks(music_video, RATE, 10.0))
    assert {len(block) for block in blocks[:-1]} == {10 * RATE}
    np.testing.assert_array_equal(np.concatenate(blocks), sound)


def test_decoding_is_lazy(music_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode = media.audio.decode

    def counting(*arguments: Any) -> Any:
        for frame in decode(*arguments):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(media.audio, "decode", counting)
    monkeypatch.setattr(media.video, "decode", counting)
    next(media.audio_blocks(music_video, RATE, 1.0))
    assert 40 < len(decoded) < 100  # of 9,135
    decoded.clear()
    list(itertools.islice(media.pictures(music_video, itertools.count()), 3))
    assert 50 < len(decoded) < 100  # of 5,301
    decoded.clear()
    next(media.all_pictures(music_video))
    assert len(decoded) == 1


# Seconds


@pytest.mark.parametrize(
    ("duration", "count"), [(0.04, 1), (0.9, 1), (1.4, 1), (1.6, 2), (212.09, 212), (7200.0, 7200)]
)
def test_n_seconds(duration: float, count: int) -> None:
    assert media.n_seconds(duration) == count


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "flv"])  # FLV gives packets no duration
def test_the_last_picture_counts(tmp_path: Path, suffix: str) -> None:
    path = write(
        tmp_path / f"a.{suffix}",
        gray(10),
        fps=10,
        codecs=("flv1" if suffix == "flv" else "mpeg4", ""),
    )
    assert media.probe(path).duration == pytest.approx(1.0, abs=0.001)


def test_a_clip_of_one_second(tmp_path: Path) -> None:
    path = write(tmp_path / "one.mp4", gray(25), click(0.5, 1.0, 44100, 2), b_frames=2)
    assert media.require(path).duration == pytest.approx(1.0, abs=0.05)
    assert [frame_of(picture) for picture in media.second_pictures(path)] == [12]
    assert len(list(media.all_pictures(path))) == 25
    assert heard(path) == pytest.approx(0.5, abs=0.001)
    assert len(list(media.audio_blocks(path, RATE, 10.0))) == 1


# Sound


@pytest.mark.parametrize(
    ("suffix", "codecs", "rate", "layout"),
    [
        ("mp4", ("libx264", "aac"), 44100, "stereo"),
        ("mp4", ("libx264", "aac"), 8000, "mono"),
        ("mp4", ("libx264", "aac"), 96000, "mono"),
        ("mp4", ("libx264", "aac"), 48000, "5.1"),
        ("mp4", ("libx264", "libmp3lame"), 44100, "stereo"),
        ("mov", ("mpeg4", "aac"), 44100, "stereo"),
        ("mkv", ("libx264", "pcm_s16le"), 8000, "mono"),
        ("mkv", ("ffv1", "flac"), 96000, "stereo"),
        ("webm", ("libvpx-vp9", "libopus"), 48000, "stereo"),
        ("avi", ("mpeg4", "pcm_s16le"), 22050, "stereo"),
        ("ts", ("libx264", "aac"), 44100, "stereo"),
    ],
)
def test_sound_is_heard_when_it_sounds(
    tmp_path: Path, suffix: str, codecs: tuple[str, str], rate: int, layout: str
) -> None:
    n_channels = av.AudioLayout(layout).nb_channels
    sound = click(1.0, 2.0, rate, n_channels)
    path = write(tmp_path / f"a.{suffix}", gray(50), sound, rate=rate, layout=layout, codecs=codecs)
    info = media.require(path)
    assert (info.sample_rate, info.channels) == (rate, n_channels)
    assert info.duration == pytest.approx(2.0, abs=0.05)
    for listening in (8000, 44100):
        samples = media.load_audio(path, listening)
        assert samples.dtype == np.float32
        assert len(samples) / listening <= info.duration + 1 / listening
        assert len(samples) / listening == pytest.approx(2.0, abs=0.05)
        # MPEG-TS cannot say that the encoder starts early: picture and sound both come later.
        late = next(iter(media.all_pictures(path)))[0] if suffix == "ts" else 0.0
        assert np.abs(samples).argmax() / listening - late == pytest.approx(1.0, abs=0.001)
        level = 1.0 if layout == "5.1" else 0.8  # the same click in all channels adds up
        assert np.abs(samples).max() == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("start", [0.07, 0.75])
def test_a_late_start_becomes_silence(tmp_path: Path, suffix: str, start: float) -> None:
    sound = np.maximum(click(0.25, 1.0, 44100, 2), 0.01)
    path = write(tmp_path / f"late.{suffix}", gray(50), sound, sound_start=start)
    assert heard(path) == pytest.approx(start + 0.25, abs=0.002)
    assert np.abs(media.load_audio(path, RATE)[: int((start - 0.06) * RATE)]).max() == 0


def test_sound_alone_starts_at_time_0_wherever_its_stamps_start(tmp_path: Path) -> None:
    path = write(
        tmp_path / "late.mkv",
        sound=click(0.25, 1.0, 8000, 1),
        sound_start=30.0,
        rate=8000,
        layout="mono",
        codecs=("", "pcm_s16le"),
    )
    assert heard(path) == pytest.approx(0.25, abs=0.002)
    assert media.probe(path).duration == pytest.approx(1.0, abs=0.05)


def test_a_gap_becomes_silence(tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start, level in ((0, 0.5), (2, 0.25)):
            frame = av.AudioFrame.from_ndarray(
                np.full((1, 8000), level * 32767, np.int16), "s16", "mono"
            )
            frame.sample_rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), start * 8000
            container.mux(stream.encode(frame))
    sound = media.load_audio(path, 8000)
    expected = np.repeat([0.5, 0, 0.25], 8000)
    np.testing.assert_allclose(sound, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("levels", "layout", "mean"),
    [((0.6, 0.2), "stereo", 0.4), ((0.6, -0.2), "stereo", 0.2)],
)
def test_mono_is_the_mean_of_the_channels(
    tmp_path: Path, levels: tuple[float, ...], layout: str, mean: float
) -> None:
    sound = np.repeat(np.array(levels, np.float32)[:, None], RATE, axis=1)
    path = write(
        tmp_path / "a.mkv", sound=sound, rate=RATE, layout=layout, codecs=("", "pcm_f32le")
    )
    np.testing.assert_allclose(media.load_audio(path, RATE), mean, atol=1e-6)


def write_wav(path: Path, n_channels: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((n_channels, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.full((8000, n_channels), 16384, "<i2").tobytes())
    return path


@pytest.mark.parametrize("n_channels", [1, 3, 5, 8, 12, 24])
def test_any_number_of_channels(tmp_path: Path, n_channels: int) -> None:
    path = write_wav(tmp_path / "many.wav", n_channels)
    assert media.probe(path).channels == n_channels
    level = 1.0 if n_channels in (5, 8) else 0.5  # as 5.0 and 7.1 they add up
    np.testing.assert_allclose(media.load_audio(path, 8000), np.full(8000, level), atol=1e-3)


def test_more_channels_than_ffmpeg_converts(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"many\.wav has odd sound"):
        media.load_audio(write_wav(tmp_path / "many.wav", 100), RATE)


def test_loud_sound_is_clipped(tmp_path: Path) -> None:
    sound = np.full((1, RATE), 3.0, np.float32)
    path = write(
        tmp_path / "a.mkv", sound=sound, rate=RATE, layout="mono", codecs=("", "pcm_f32le")
    )
    assert (media.load_audio(path, RATE) == 1).all()


def test_silence_is_sound(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", gray(25), np.zeros((2, 44100), np.float32))
    assert media.require(path).has_audio
    with pytest.warns(InputWarning, match=r"a\.mp4 has no audible sound in track 1"):
        assert not media.load_audio(path, RATE).any()


# Pictures


def test_the_picture_on_screen(clip: Path) -> None:
    times = [-1.0, 0.0, 0.039, 0.04, 0.05, 0.05, 1.0, 1.97, 5.0, 50.0]
    shown = [frame_of(picture) for picture in media.pictures(clip, times)]
    assert shown == [0, 0, 0, 1, 1, 1, 25, 49, 49, 49]
    assert list(media.pictures(clip, [])) == []
    assert [frame_of(next(media.pictures(clip, [time]))) for time in times] == shown


@pytest.mark.parametrize(
    ("suffix", "codec", "b_frames"),
    [
        ("mp4", "libx264", 3),
        ("mkv", "libx264", 3),
        ("webm", "libvpx-vp9", 0),
        ("avi", "mpeg4", 2),
        ("ts", "libx264", 3),
        ("flv", "flv1", 0),
    ],
)
def test_seeking_changes_nothing(tmp_path: Path, suffix: str, codec: str, b_frames: int) -> None:
    path = tmp_path / f"long.{suffix}"
    frames = [picture for _ in range(5) for picture in gray(60)]  # 30 s, gray again every 6 s
    write(path, frames, fps=10, codecs=(codec, ""), b_frames=b_frames)
    times = [9.0, 10.0, 11.23, 17.0, 17.94, 18.0, 29.9, 40.0]  # 9 s is too near for a seek
    for time, expected in zip(times, media.pictures(path, times), strict=True):
        np.testing.assert_array_equal(next(media.pictures(path, [time])), expected)


def test_times_must_ascend(clip: Path) -> None:
    with pytest.raises(ValueError, match="ascend"):
        list(media.pictures(clip, [1.0, 0.5]))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_variable_frame_rate(tmp_path: Path, suffix: str) -> None:
    stamps = [0, 10, 11, 12, 50, 100, 130]  # in hundredths of a second
    path = write(tmp_path / f"vfr.{suffix}", gray(7), stamps=stamps, fps=100, b_frames=2)
    found = list(media.all_pictures(path))
    np.testing.assert_allclose([time for time, _ in found], np.array(stamps) / 100, atol=0.001)
    assert [frame_of(picture) for _, picture in found] == list(range(7))
    shown = media.pictures(path, [0.05, 0.115, 0.3, 0.5, 0.99, 1.2, 1.4])
    assert [frame_of(picture) for picture in shown] == [0, 2, 3, 4, 4, 5, 6]


def test_pictures_that_start_late(tmp_path: Path) -> None:
    sound = click(1.0, 2.0, 44100, 2)
    path = write(tmp_path / "a.mp4", gray(25), sound, stamps=range(25, 50))
    times = [time for time, _ in media.all_pictures(path)]
    np.testing.assert_allclose(times, 1 + np.arange(25) / 25, atol=1e-3)
    shown = media.pictures(path, [0.0, 0.9, 1.0, 1.5])
    assert [frame_of(picture) for picture in shown] == [0, 0, 0, 12]


# Where the red quarter of a picture, at first the upper left, and the blue one below it end up.
QUARTERS = {
    (90,): ("..", "RB"),
    (-90,): ("BR", ".."),
    (180,): (".B", ".R"),
    (0, True): (".R", ".B"),
    (0, False, True): ("B.", "R."),
    (90, True): ("..", "BR"),
}


@pytest.mark.parametrize("rotation", QUARTERS)
def test_pictures_are_upright(tmp_path: Path, rotation: tuple) -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:45, :80] = (255, 0, 0)
    picture[45:, :80] = (0, 0, 255)
    path = write(tmp_path / "a.mp4", [picture] * 25, rotation=rotation)
    turned = rotation[0] in (90, -90)
    info = media.probe(path)
    assert (info.width, info.height) == ((90, 160) if turned else (160, 90))
    for size in (None, (64, 48)):
        shown = next(media.pictures(path, [0.5], size))
        assert shown.shape == (((48, 64) if size else (info.height, info.width)) + (3,))
        height, width = shown.shape[:2]
        quarters = shown[height // 4 :: height // 2, width // 4 :: width // 2].argmax(-1)
        bright = shown[height // 4 :: height // 2, width // 4 :: width // 2].max(-1) > 128
        letters = np.where(bright, np.array(["R", "G", "B"])[quarters], ".")
        assert tuple("".join(row) for row in letters[:2, :2]) == QUARTERS[rotation]


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mkv", "ffv1"), ("avi", "mpeg4"), ("webm", "libvpx-vp9")]
)
def test_odd_sizes(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write(tmp_path / f"odd.{suffix}", gray(10, (161, 91)), codecs=(codec, ""))
    info = media.probe(path)
    assert (info.width, info.height) == (161, 91)
    assert [picture.shape for picture in media.second_pictures(path)] == [(91, 161, 3)]
    assert next(media.pictures(path, [0.2], (33, 17))).shape == (17, 33, 3)
    assert frame_of(next(media.pictures(path, [0.2]))) == 5


def test_pixels_become_square(tmp_path: Path) -> None:
    path = write(tmp_path / "wide.mp4", gray(10), aspect=Fraction(4, 3))
    info = media.probe(path)
    assert (info.width, info.height) == (213, 90)
    assert next(media.pictures(path, [0.0])).shape == (90, 213, 3)


# Streams that are not there


def test_pictures_without_sound(tmp_path: Path) -> None:
    path = write(tmp_path / "silent.mp4", gray(25))
    assert not media.require(path, audio=False).has_audio
    assert media.probe(path).sample_rate == media.probe(path).channels == 0
    for use in (
        lambda: media.require(path),
        lambda: media.load_audio(path, RATE),
        lambda: list(media.audio_blocks(path, RATE, 1.0)),
    ):
        with pytest.raises(MediaError, match=r"silent\.mp4 has no sound"):
            use()


def test_sound_without_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "song.m4a", sound=click(0.5, 1.0, 44100, 2))
    assert_sound_only(path)
    assert heard(path) == pytest.approx(0.5, abs=0.001)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    plain = write(
        tmp_path / "plain.mp3", sound=click(0.5, 1.0, 44100, 2), codecs=("", "libmp3lame")
    )
    path = tmp_path / "song.mp3"
    path.write_bytes(id3_picture(PNG) + plain.read_bytes())
    with av.open(path) as container:
        assert len(container.streams.video) == 1
    assert_sound_only(path)
    assert heard(path) == pytest.approx(0.5, abs=0.001)


def id3_picture(image: bytes) -> bytes:
    """An ID3v2.3 tag with a front cover, as music players write it in front of an MP3."""
    body = b"\0image/png\0\x03\0" + image
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame


def assert_sound_only(path: Path) -> None:
    info = media.require(path, video=False)
    assert info.duration == pytest.approx(1.0, abs=0.05)
    assert (info.has_video, info.width, info.height, info.fps) == (False, 0, 0, 0.0)
    for use in (
        lambda: media.require(path),
        lambda: next(media.all_pictures(path)),
        lambda: next(media.second_pictures(path)),
        lambda: next(media.pictures(path, [0.5])),
    ):
        with pytest.raises(MediaError, match=f"{path.name} has no pictures"):
            use()


# Comments and names


def test_comments(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "tagged.mp4"
    with av.open(clip) as source, av.open(path, "w") as target:
        target.metadata["comment"] = "vmnet rendered, seed 7"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert media.probe(path).comment == media.comment(path) == "vmnet rendered, seed 7"
    assert media.comment(clip) == ""
    # Old tags are often Latin-1.
    path.write_bytes(path.read_bytes().replace(b"seed 7", b"s\xe9\xe9d 7"))
    assert media.comment(path) == "vmnet rendered, s��d 7"
    assert frame_of(next(media.pictures(path, [1.0]))) == 25


@pytest.mark.parametrize("name", ["a:b.mp4", "100% #1.mp4", "été [live] 日本.mp4", "-i.mp4"])
def test_strange_names(
    tmp_path: Path, clip: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert media.probe(Path(name)) == media.probe(clip)


# Broken files


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> dict[str, Path]:
    """Files that cannot be used, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("broken")
    long = [np.full((90, 160, 3), 128, np.uint8)] * 250
    behind = write(folder / "behind.mp4", gray(50), noise(2.0))
    front = write(folder / "front.mp4", long, noise(10.0), movflags="faststart")
    mkv = write(folder / "whole.mkv", long, noise(10.0))
    strange = write(folder / "strange.mkv", sound=noise(1.0), codecs=("", "flac"))
    strange.write_bytes(strange.read_bytes().replace(b"A_FLAC", b"A_WHAT"))
    with wave.open(str(folder / "bare.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
    paths = {
        name: folder / f"{name}.mp4"
        for name in ("missing", "folder", "empty", "text", "noise", "playlist", "image")
    }
    paths["folder"].mkdir()
    paths["empty"].touch()
    paths["text"].write_text("Not a film at all.\n" * 100)
    paths["noise"].write_bytes(np.random.default_rng(0).bytes(20000))
    paths["playlist"].write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{clip}\n")
    paths["image"].write_bytes(PNG)
    return {
        **paths,
        "no index": cut(behind, folder / "no-index.mp4", 0.5),
        "ends early": cut(front, folder / "ends-early.mp4", 0.5),
        "ends early, Matroska": cut(mkv, folder / "ends-early.mkv", 0.5),
        "unknown codec": strange,
        "nothing in it": folder / "bare.wav",
    }


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)

WORDS = {
    "missing": "does not exist",
    "folder": "is a folder",
    "empty": "is empty",
    "text": "not a media file",
    "noise": "not a media file",
    "playlist": "not a media file",
    "image": "not a media file",
    "no index": "truncated",
    "ends early": "truncated",
    "ends early, Matroska": "truncated",
    "unknown codec": "no sound and no pictures",
    "nothing in it": "no sound and no pictures",
}


@pytest.mark.parametrize("kind", WORDS)
def test_what_is_wrong_is_said(broken: dict[str, Path], kind: str, capfd: Any) -> None:
    path = broken[kind]
    for use in (
        lambda: media.probe(path),
        lambda: media.load_audio(path, RATE),
        lambda: list(media.audio_blocks(path, RATE, 1.0)),
        lambda: list(media.pictures(path, [0.0])),
        lambda: list(media.second_pictures(path)),
        lambda: list(media.all_pictures(path)),
    ):
        with pytest.raises(MediaError) as caught:
            use()
        message = str(caught.value)
        assert message.startswith(str(path))
        assert WORDS[kind] in message
        assert ": " in message  # a remedy follows
        assert message.endswith(".")
        assert "\n" not in message
    assert capfd.readouterr() == ("", "")  # FFmpeg keeps its own remarks to itself


def test_a_few_lost_frames_are_no_truncation(tmp_path: Path, broken: dict[str, Path]) -> None:
    front = broken["ends early"].with_name("front.mp4")
    path = cut(front, tmp_path / "nearly.mp4", 0.9)
    with pytest.warns(InputWarning, match=r"nearly\.mp4 ends at 9\.. s of 10\.. s"):
        duration = media.require(path).duration
    assert 8.5 < duration < 9.5
    assert len(media.load_audio(path, RATE)) / RATE == pytest.approx(duration, abs=0.2)
    assert 210 < len(list(media.all_pictures(path))) < 240


def test_a_matroska_file_that_ends_a_tenth_early_is_told(
    tmp_path: Path, broken: dict[str, Path]
) -> None:
    path = cut(broken["ends early"].with_name("whole.mkv"), tmp_path / "a.mkv", 0.9)
    with pytest.warns(InputWarning, match=r"a\.mkv ends at [89]\.\d s of 10\.0 s: if"):
        info = media.require(path)
    assert 8.5 < info.duration < 9.5


@pytest.mark.parametrize(("damaged", "share"), [("few", 0.034), ("many", 0.2)])
def test_damaged_packets(tmp_path: Path, clip: Path, damaged: str, share: float) -> None:
    path = tmp_path / f"{damaged}.mp4"
    data = bytearray(clip.read_bytes())
    with av.open(clip) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        for packet in packets[5 : 5 + round(share * len(packets))]:
            data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(data)
    if damaged == "few":
        assert heard(path) == pytest.approx(1.0, abs=0.001)  # 3 packets are 70 ms
    else:
        with pytest.raises(MediaError, match=r"many\.mp4 is damaged .* audio packets"):
            media.load_audio(path, RATE)


def test_damage_is_survived_or_reported(tmp_path: Path, clip: Path) -> None:
    good = np.fromfile(clip, np.uint8)
    path = tmp_path / "damaged.mp4"
    outcomes = set()
    for seed in range(20):
        random = np.random.default_rng(seed)
        bad = good.copy()
        places = random.integers(len(bad), size=random.integers(1, 40))
        bad[places] = random.integers(0, 256, len(places))
        bad.tofile(path)
        for use in (lambda: media.load_audio(path, RATE), lambda: list(media.all_pictures(path))):
            try:
                use()
                outcomes.add("used")
            except MediaError:
                outcomes.add("refused")
    assert outcomes == {"used", "refused"}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux's list of open files")
def test_files_are_closed(clip: Path, broken: dict[str, Path]) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        media.load_audio(clip, RATE)
        pictures = media.all_pictures(clip)
        next(pictures)
        pictures.close()
        blocks = media.audio_blocks(clip, RATE, 0.1)
        next(blocks)
        del blocks
        with pytest.raises(MediaError):
            media.probe(broken["ends early"])
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
