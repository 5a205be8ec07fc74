"""A preview has the video's own pictures, and the music in sync to the sample."""

import errno
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import gray, write

import vmnet.edit.preview
from vmnet.edit.preview import music_file, preview, require_holds
from vmnet.edit.soundtrack import CEILING, LOUDNESS, RATE, measure
from vmnet.edit.spans import Span
from vmnet.errors import MediaError, VmnetError
from vmnet.media.audio import audio_blocks, load_audio, stereo_blocks
from vmnet.media.decode import open_media, packets_of, video_stream
from vmnet.media.info import probe

SECONDS = 12
SPANS = (Span(0, 1.03, 3.0, 0), Span(1.03, 2.0, 7.123, 1))


def noise(seconds=SECONDS):
    rng = np.random.default_rng(0)
    return (0.05 * rng.normal(size=(2, seconds * RATE))).astype(np.float32)


@pytest.fixture(scope="session")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    return write(path, sound=noise(), rate=RATE, codecs=("", "pcm_f32le"))


def packets(path):
    with open_media(path) as container:
        return [bytes(packet) for packet in packets_of(container, [video_stream(container)])]


def shown(path):
    """Return when each picture is shown, and the pictures."""
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray()) for frame in container.decode(video=0)]
    return [time for time, _ in frames], [picture for _, picture in frames]


def lag(sound, track, video_start, video_end, track_start):
    """Samples by which a part of the track is late in a preview, by cross-correlation."""
    margin, first = 2000, round(video_start * RATE)
    n = round((video_end - video_start) * RATE)
    wanted = track[round(track_start * RATE) :][:n]
    heard = np.concatenate([np.zeros(margin, "f4"), sound])[first : first + n + 2 * margin]
    return int(np.correlate(heard, wanted, "valid").argmax()) - margin


def lags(path, spans=SPANS):
    sound, track = load_audio(path, RATE), noise().mean(axis=0)
    inner = 0.1  # away from the fades
    return [
        lag(sound, track, s.video_start + inner, s.video_end - inner, s.track_start + inner)
        for s in spans
    ]


VIDEOS = {
    "film.mp4": {},
    "film.mov": {"fps": Fraction(30000, 1001)},
    "b-frames.mkv": {"b_frames": 2, "fps": 24},
    "film.avi": {"codecs": ("mpeg4", "")},
    "film.webm": {"codecs": ("libvpx-vp9", "")},
}


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize("name", VIDEOS)
def test_pictures_are_copied_and_the_music_is_in_sync_to_the_sample(tmp_path, song, name, output):
    video = write(tmp_path / name, gray(50), **VIDEOS[name])
    end = probe(video).duration
    spans = (SPANS[0], Span(1.03, end, 7.123, 1))
    made = preview(video, song, spans, tmp_path / output)
    assert packets(made) == packets(video)
    times, pictures = shown(made)
    own_times, own_pictures = shown(video)
    assert times == pytest.approx(own_times, abs=1e-3)
    assert all(map(np.array_equal, pictures, own_pictures))
    assert len(load_audio(made, RATE)) / RATE == pytest.approx(end, abs=1e-3)
    assert probe(made).duration == pytest.approx(end, abs=1e-3)
    assert lags(made, spans) == [0, 0]


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 60),
    st.sampled_from([Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(24000, 1001)]),
    st.sampled_from([".mp4", ".mkv"]),
    st.integers(0, 2**32 - 1),
)
def test_the_preview_is_as_long_as_the_video_to_the_frame(
    tmp_path_factory, song, n_frames, rate, suffix, seed
):
    folder = tmp_path_factory.mktemp("lengths")
    rng = np.random.default_rng(seed)
    video = write(folder / f"film{suffix}", [np.zeros((90, 160, 3), "u1")] * n_frames, fps=rate)
    end = probe(video).duration
    marks = np.r_[0, np.sort(rng.uniform(0, end, rng.integers(0, 4))), end]
    spans = [
        Span(a, b, rng.uniform(0, SECONDS - (b - a)), k)
        for k, (a, b) in enumerate(pairwise(marks))
        if b > a
    ]
    made = preview(video, song, spans, folder / f"out{suffix}")
    assert len(packets(made)) == n_frames
    assert probe(made).duration == pytest.approx(float(n_frames / rate), abs=0.002)
    assert len(load_audio(made, RATE)) / RATE == pytest.approx(float(n_frames / rate), abs=0.002)


def test_pictures_that_begin_after_the_sound_keep_their_place(tmp_path, song):
    own = np.zeros((2, RATE * 5 // 2), np.float32)
    stamps = range(10, 60)
    video = write(tmp_path / "film.mkv", gray(50), own, rate=RATE, stamps=stamps)
    spans = (SPANS[0], Span(1.03, probe(video).duration, 7.123, 1))
    for output in ("out.mp4", "out.mkv"):
        made = preview(video, song, spans, tmp_path / output)
        assert shown(made)[0] == pytest.approx([k / 25 for k in stamps], abs=2e-3)
        assert lags(made, SPANS) == [0, 0]
        assert len(load_audio(made, RATE)) / RATE == pytest.approx(2.4, abs=2e-3)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("song.mkv", "flac", {}), ("song.mp4", "aac", {"movie_timescale": str(RATE)})],
)
def test_a_track_whose_sound_starts_late_counts_from_its_own_time_0(tmp_path, name, codec, options):
    """A video as the track: its pictures start at once, its music after 0.5 s."""
    codecs, pictures = ("libx264", codec), gray(1) * (25 * SECONDS)
    more = {"rate": RATE, "sound_start": 0.5, "codecs": codecs, **options}
    track = write(tmp_path / name, pictures, noise(), **more)
    video = write(tmp_path / "film.mp4", gray(50))
    made = preview(video, track, SPANS, tmp_path / "out.mp4")
    late = [Span(s.video_start, s.video_end, s.track_start - 0.5, 0) for s in SPANS]
    assert lags(made, late) == [0, 0]


def test_a_broadcast_that_starts_late_starts_at_0(tmp_path, song):
    video = write(tmp_path / "film.ts", gray(50), stamps=range(35, 85), b_frames=2)
    made = preview(video, song, SPANS, tmp_path / "out.mp4")
    times, pictures = shown(made)
    assert times == pytest.approx([k / 25 for k in range(50)], abs=1e-3)
    assert all(map(np.array_equal, pictures, shown(video)[1]))
    assert lags(made) == [0, 0]


def test_what_an_edit_list_hides_stays_hidden(tmp_path, song):
    """A video whose first ten pictures were trimmed away without encoding it anew."""
    whole, video = write(tmp_path / "whole.mp4", gray(60), b_frames=2), tmp_path / "film.mp4"
    with av.open(str(whole)) as source, av.open(str(video), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.pts -= round(10 / 25 / packet.time_base)
                packet.dts -= round(10 / 25 / packet.time_base)
                packet.stream = stream
                target.mux(packet)
    made = preview(video, song, SPANS, tmp_path / "out.mp4")
    times, pictures = shown(made)
    assert times == pytest.approx([k / 25 for k in range(50)], abs=1e-3)
    assert all(map(np.array_equal, pictures, shown(whole)[1][10:]))
    assert lags(made) == [0, 0]
    with pytest.raises(VmnetError, match=r"film\.mp4 hides some of its pictures.*\.mp4"):
        preview(video, song, SPANS, tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_rotation_and_the_shape_of_pixels_are_kept(tmp_path, song):
    video = write(tmp_path / "film.mp4", gray(50), rotation=(90,), aspect=Fraction(4, 3))
    made = probe(preview(video, song, SPANS, tmp_path / "out.mp4"))
    own = probe(video)
    assert (made.width, made.height) == (own.width, own.height)
    assert made.height > made.width


def test_the_loudness_is_the_stated_one_and_no_peak_passes(tmp_path, song):
    video = write(tmp_path / "film.mp4", gray(50))
    for output, tolerance in (
        ("out.mkv", 0.02),
        ("out.mp4", 1.0),
    ):  # AAC drops what is above 20 kHz
        made = preview(video, song, SPANS, tmp_path / output)
        loudness, peak = measure(stereo_blocks(made, RATE, 1))
        assert loudness == pytest.approx(LOUDNESS, abs=tolerance)
        assert peak < 0
    clicks = noise()
    clicks[:, ::4800] = 0.9  # peaks far above the loudness
    spiky = write(tmp_path / "spiky.wav", sound=clicks, rate=RATE, codecs=("", "pcm_f32le"))
    loudness, peak = measure(
        stereo_blocks(music_file(spiky, SPANS, tmp_path / "a.wav", LOUDNESS), RATE, 1)
    )
    assert loudness < LOUDNESS - 3
    assert peak == pytest.approx(CEILING, abs=0.05)


def test_silence_and_a_video_of_one_picture_work(tmp_path):
    silence = np.zeros((2, RATE), np.float32)
    track = write(tmp_path / "silence.wav", sound=silence, rate=RATE, codecs=("", "pcm_s16le"))
    video = write(tmp_path / "film.mp4", gray(1))
    made = preview(video, track, (Span(0, 0.04, 0.5, 0),), tmp_path / "out.mp4")
    assert len(packets(made)) == 1
    assert not np.concatenate(list(stereo_blocks(made, RATE, 1))).any()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a"])
def test_the_music_alone_is_in_sync_and_as_loud_as_the_track(tmp_path, song, suffix):
    made = music_file(song, SPANS, tmp_path / f"music{suffix}")
    assert len(load_audio(made, RATE)) == 2 * RATE
    assert lags(made) == [0, 0]
    if suffix != ".m4a":
        sound = np.concatenate(list(stereo_blocks(made, RATE, 1)))
        part = slice(RATE // 2, RATE)
        own = noise().T[part.start + 3 * RATE : part.stop + 3 * RATE]
        assert sound[part] == pytest.approx(own, abs=2**-22)


def test_the_real_video_with_its_own_music_moved(tmp_path, music_video):
    """The song of the video itself, first from 20.4 s, then from 10.1 s."""
    short = tmp_path / "short.mp4"
    with av.open(str(music_video)) as source, av.open(str(short), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is None or packet.dts * packet.time_base > 8:
                break
            packet.stream = stream
            target.mux(packet)
    end = probe(short).duration
    spans = (Span(0, 4.2, 20.4, 0), Span(4.2, end, 10.1, 1))
    made = preview(short, music_video, spans, tmp_path / "out.mp4")
    assert packets(made) == packets(short)
    sound, track = load_audio(made, RATE), next(audio_blocks(music_video, RATE, 30))
    found = [
        lag(sound, track, s.video_start + 1, s.video_start + 2, s.track_start + 1) for s in spans
    ]
    assert found == [0, 0]


def test_pictures_that_a_container_cannot_hold_are_refused_with_the_remedy(tmp_path, song):
    video = write(tmp_path / "film.webm", gray(50), codecs=("libvpx", ""))
    for name in ("out.mp4", "out.mov"):
        with pytest.raises(VmnetError, match=rf"{name} cannot hold .*vp8.*preview out\.mkv"):
            preview(video, song, SPANS, tmp_path / name)
        with pytest.raises(VmnetError, match=rf"{name} cannot hold .*vp8.*preview out\.mkv"):
            require_holds(video, tmp_path / name)  # before there is an edit
    require_holds(video, tmp_path / "out.mkv")
    assert [path.name for path in tmp_path.iterdir()] == ["film.webm"]
    assert packets(preview(video, song, SPANS, tmp_path / "out.mkv")) == packets(video)


def test_what_cannot_be_used_is_refused_and_nothing_is_left(tmp_path, song):
    video = write(tmp_path / "film.mp4", gray(50))
    alone = write(tmp_path / "alone.wav", sound=noise(1), rate=RATE, codecs=("", "pcm_s16le"))
    here = sorted(tmp_path.iterdir())
    for error, arguments, why in (
        (MediaError, (alone, song, SPANS, tmp_path / "out.mp4"), "no pictures"),
        (MediaError, (video, video, SPANS, tmp_path / "out.mp4"), "no sound"),
        (MediaError, (video, tmp_path / "gone.wav", SPANS, tmp_path / "out.mp4"), "does not exist"),
        (VmnetError, (video, song, SPANS, tmp_path / "out.avi"), r"end it in \.mp4, \.mov, \.mkv"),
        (VmnetError, (video, song, SPANS, video), "choose another name"),
        (ValueError, (video, song, SPANS[1:], tmp_path / "out.mp4"), "a span begins"),
    ):
        with pytest.raises(error, match=why):
            preview(*arguments)
    with pytest.raises(VmnetError, match=r"end it in \.wav, \.flac, \.m4a"):
        music_file(song, SPANS, tmp_path / "out.mp3")
    assert sorted(tmp_path.iterdir()) == here


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left")])
def test_what_is_interrupted_leaves_nothing_and_keeps_the_old(tmp_path, song, monkeypatch, problem):
    video = write(tmp_path / "film.mp4", gray(50))
    old = tmp_path / "out.mp4"
    old.write_bytes(b"old")

    def breaks_off(*arguments):
        yield from list(assembled(*arguments))[:1]
        raise problem

    assembled = vmnet.edit.preview.assembled
    monkeypatch.setattr(vmnet.edit.preview, "measure", lambda blocks: (-20.0, -6.0))
    monkeypatch.setattr(vmnet.edit.preview, "assembled", breaks_off)
    with pytest.raises(type(problem) if isinstance(problem, OSError) else problem):
        preview(video, song, SPANS, old)
    assert old.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "out.mp4"]


FULL_DISK = """
import sys
from pathlib import Path
from vmnet.edit.preview import preview
from vmnet.edit.spans import Span
from vmnet.errors import exit_status
video, song, output = map(Path, sys.argv[1:])
status = exit_status(lambda: preview(video, song, (Span(0, 10, 1, 0),), output))
assert list(output.parent.iterdir()) == [], list(output.parent.iterdir())
sys.exit(status)
"""


@pytest.mark.parametrize("size", ["2M", "4200k"])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, song, size):
    """A file system too small for the decoded track, and one too small for the preview."""
    mount = f"mount -t tmpfs -o size={size} none {tmp_path}/small"
    if (
        not shutil.which("unshare")
        or subprocess.run(
            ["unshare", "-rm", "sh", "-c", f"mkdir {tmp_path}/small && {mount}"],
            capture_output=True,
        ).returncode
    ):
        pytest.skip("no small file system can be made here")
    video = write(tmp_path / "film.mp4", [p.repeat(1, 0) for p in gray(1) * 250])
    run = f'{mount} && exec "$@"'
    command = [sys.executable, "-c", FULL_DISK, video, song, tmp_path / "small" / "out.mp4"]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", run, "sh", *map(str, command)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1, done.stderr
    assert "the disk is full" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path, song):
    video = write(tmp_path / "film.mp4", gray(50))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        preview(video, song, SPANS, closed / "out.mp4")
