"""Time lines open in sync: written, read back, every time compared."""

import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import pairwise

import numpy as np
import opentimelineio as otio
import pytest
from edits import edit_of
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import click, gray, write

from vmnet.edit.cutlist import Event, beats_in_video, events
from vmnet.edit.footage import NTSC, RATES, footage, timecode
from vmnet.edit.spans import Span
from vmnet.edit.timeline import FORMATS, in_frames, sound_start, write_timeline
from vmnet.errors import MediaError, VmnetError

TRACK_SECONDS = 30.0
RATES_OF_EDITORS = [Fraction(25), Fraction(24), 24 * NTSC, 30 * NTSC]


def spans_of(seconds: float) -> tuple[Span, ...]:
    """Cuts at times that no frame begins at; the first and the second span go on."""
    cuts = [0.0, 0.3 * seconds, 0.5123 * seconds, 0.83 * seconds, seconds]
    starts = [3.0, 3.0 + cuts[1], 11.17, 0.71]
    places = zip(cuts, cuts[1:], starts, strict=False)
    return tuple(Span(a, b, start, k) for k, (a, b, start) in enumerate(places))


@pytest.fixture
def song(tmp_path):
    return write(
        tmp_path / "my song #1, 100 %.wav",
        sound=np.zeros((2, round(TRACK_SECONDS * 8000)), "f4"),
        rate=8000,
        codecs=("", "pcm_s16le"),
    )


def film_of(path, rate, n_frames=50, **more):
    return write(path, gray(n_frames), fps=rate, **more)


def music_of(made):
    return [item for item in made.tracks[1] if isinstance(item, otio.schema.Clip)]


@pytest.mark.parametrize("rate", RATES_OF_EDITORS)
def test_otio_holds_the_exact_times_and_reads_back(tmp_path, song, rate):
    video = film_of(tmp_path / "film.mp4", rate)
    end = float(50 / rate)
    query, match = edit_of(video, song, spans_of(end), TRACK_SECONDS, beats=(3.5, 11.2, 29.0))
    path = write_timeline(query, match, tmp_path / "edit.otio")
    made = otio.adapters.read_from_file(str(path))
    assert made.duration() == otio.opentime.RationalTime(50, float(rate))
    assert made.duration().rate == float(rate)  # programs take the time line's rate from it
    pictures, music = made.tracks
    assert (pictures.kind, music.kind) == ("Video", "Audio")
    (clip,) = pictures
    assert clip.source_range == clip.media_reference.available_range
    assert clip.source_range.duration == otio.opentime.RationalTime(50, float(rate))
    assert clip.media_reference.target_url == str(video)
    for event, part in zip(events(match.spans, TRACK_SECONDS), music_of(made), strict=True):
        place = part.trimmed_range_in_parent()
        assert place.start_time.to_seconds() == pytest.approx(event.video_in, abs=1e-9)
        assert place.duration.to_seconds() == pytest.approx(event.video_out - event.video_in)
        assert part.source_range.start_time.to_seconds() == pytest.approx(event.track_in, abs=1e-9)
        assert part.media_reference.target_url == str(song)
    assert list(music_of(made)[0].metadata["vmnet"]["segments"]) == [0, 1]
    fades = [item for item in music if isinstance(item, otio.schema.Transition)]
    assert [fade.in_offset.to_seconds() for fade in fades] == [pytest.approx(0.025)] * 2
    assert [fade.out_offset.to_seconds() for fade in fades] == [pytest.approx(0.025)] * 2
    beats = [mark.marked_range.start_time.to_seconds() for mark in made.tracks.markers]
    assert beats == [pytest.approx(t) for t in (0.5, 0.5123 * end + 0.03)]


def clips_of(path):
    """The clips of an FCPXML: (name, start on the time line, start in the source, duration)."""
    tree = ET.parse(path)

    def time(element, name):
        return Fraction(element.get(name, "0s").removesuffix("s"))

    found = []
    for item in tree.find(".//spine"):
        start, place = time(item, "start"), time(item, "offset")
        found += [(item.get("name"), place, start, time(item, "duration"))]
        for child in item:
            on_line = place + time(child, "offset") - start
            found += [(child.get("name"), on_line, time(child, "start"), time(child, "duration"))]
    return tree, found


@pytest.mark.parametrize("rate", RATES_OF_EDITORS)
def test_fcpxml_is_frame_exact(tmp_path, song, rate):
    video = film_of(tmp_path / "film.mp4", rate)
    query, match = edit_of(video, song, spans_of(float(50 / rate)), TRACK_SECONDS)
    tree, clips = clips_of(write_timeline(query, match, tmp_path / "edit.fcpxml"))
    assert clips[0] == ("film.mp4", 0, 0, 50 / rate)
    found = in_frames(events(match.spans, TRACK_SECONDS), rate, TRACK_SECONDS)
    assert [clip[1:] for clip in clips[1:]] == [
        (cut.start / rate, cut.source / rate, (cut.end - cut.start) / rate) for cut in found
    ]
    assert found[0].start == 0
    assert found[-1].end == 50
    sources = {asset.get("src") for asset in tree.iter("asset")}
    assert sources == {video.as_uri(), song.as_uri()}
    assert tree.find(".//format").get("frameDuration") == f"{1 / rate}s"


def test_fcpxml_reads_through_the_adapter(tmp_path, song):
    video = film_of(tmp_path / "film.mp4", Fraction(25))
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS)
    path = write_timeline(query, match, tmp_path / "edit.fcpxml")
    made = otio.adapters.read_from_string(path.read_text(), "fcpx_xml")
    names = [clip.name for clip in made.find_clips()]
    assert names.count("film.mp4") >= 1
    assert names.count(song.name) >= 3


@pytest.mark.parametrize("rate", RATES_OF_EDITORS)
def test_edl_reads_back_frame_for_frame(tmp_path, song, rate):
    video = film_of(tmp_path / "film.mp4", rate)
    query, match = edit_of(video, song, spans_of(float(50 / rate)), TRACK_SECONDS)
    path = write_timeline(query, match, tmp_path / "edit.edl")
    made = otio.adapters.read_from_string(path.read_text(), "cmx_3600", rate=float(rate))
    tracks = {track.name: list(track) for track in made.tracks}
    assert set(tracks) == {"V", "A1", "A2"}  # stereo: the same on both channels
    (clip,) = tracks["V"]
    assert clip.trimmed_range_in_parent().duration.to_frames() == 50
    found = in_frames(events(match.spans, TRACK_SECONDS), rate, TRACK_SECONDS)
    for name in ("A1", "A2"):
        read = [
            (
                part.trimmed_range_in_parent().start_time.to_frames(),
                part.trimmed_range_in_parent().end_time_exclusive().to_frames(),
                part.source_range.start_time.to_frames(),
            )
            for part in tracks[name]
        ]
        assert read == found
        assert {part.name for part in tracks[name]} == {song.name}
    assert re.search("^FCM: (NON-)?DROP FRAME$", path.read_text(), re.M)


def test_the_edl_as_it_is_written(tmp_path, song):
    video = film_of(tmp_path / "film.mp4", Fraction(25))
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS, artist="Someone")
    lines = write_timeline(query, match, tmp_path / "edit.edl").read_text().splitlines()
    assert lines[:5] == [
        "TITLE: film, Someone: my song #1, 100 %",
        "FCM: NON-DROP FRAME",
        "",
        "001  AX       V     C        00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00",
        "* FROM CLIP NAME:  film.mp4",
    ]
    assert lines[7] == (
        "003  AX       AA    C        00:00:11:05 00:00:11:21 00:00:01:01 00:00:01:17"
    )


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=12),
    st.sampled_from(RATES),
    st.integers(0, 2**32 - 1),
)
def test_frames_cover_the_video_once_and_the_music_moves_by_half_a_frame(parts, rate, seed):
    rng = np.random.default_rng(seed)
    n_frames = sum(parts)
    marks = np.r_[0, np.cumsum(parts)[:-1] + rng.uniform(-0.5, 0.5, len(parts) - 1), n_frames]
    marks = marks / float(rate)
    track_seconds = float(n_frames / rate) + 1
    found = [
        Event(a, b, rng.uniform(0, track_seconds - 0.05 - (b - a)), k, k)
        for k, (a, b) in enumerate(pairwise(marks))
    ]
    cuts = in_frames(found, rate, track_seconds)
    assert [cut.start for cut in cuts] == [0, *(cut.end for cut in cuts[:-1])]
    assert cuts[-1].end == n_frames
    kept = [
        event for event in found if round(event.video_out * rate) > round(event.video_in * rate)
    ]
    for cut, event in zip(cuts, kept, strict=True):
        assert cut.source >= 0
        assert (cut.source + cut.end - cut.start) / rate <= track_seconds
        moved = (cut.source - cut.start) / float(rate) - (event.track_in - event.video_in)
        assert abs(moved) * rate <= 0.5 + 1e-6


def test_stamps_that_start_late_leave_the_edit_where_it_is(tmp_path, song):
    """All streams at 1.4 s, as broadcasts have: time 0 is there, and nothing moves."""
    video = film_of(tmp_path / "film.ts", 25, stamps=range(35, 85))
    assert footage(video).start == pytest.approx(0, abs=0.041)
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS)
    made = otio.adapters.read_from_file(str(write_timeline(query, match, tmp_path / "edit.otio")))
    assert music_of(made)[1].trimmed_range_in_parent().start_time.to_seconds() == pytest.approx(
        2 * 0.5123
    )


def test_pictures_that_begin_after_the_sound_stand_after_a_gap(tmp_path, song):
    video = tmp_path / "film.mkv"
    film_of(video, 25, sound=click(1, 2.4, 44100, 2), stamps=range(10, 60))
    query, match = edit_of(video, song, spans_of(2.4), TRACK_SECONDS)
    made = otio.adapters.read_from_file(str(write_timeline(query, match, tmp_path / "edit.otio")))
    gap, clip = made.tracks[0]
    assert (gap.duration().to_frames(), clip.duration().to_frames()) == (10, 50)
    assert music_of(made)[0].trimmed_range_in_parent().start_time.value == 0
    _, clips = clips_of(write_timeline(query, match, tmp_path / "edit.fcpxml"))
    assert [(name, place * 25, start * 25) for name, place, start, _ in clips] == [
        ("Gap", 0, 0),
        (song.name, 0, 75),
        ("film.mkv", 10, 0),
        (song.name, 31, 279 + 1),
        (song.name, 50, 18),
    ]
    edl = write_timeline(query, match, tmp_path / "edit.edl").read_text()
    assert "V     C        00:00:00:00 00:00:02:00 00:00:00:10 00:00:02:10" in edl


def with_timecode(path, label, rate=25):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        stream.metadata["timecode"] = label
        for index, picture in enumerate(gray(50)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_sources_count_from_their_own_time_codes(tmp_path):
    video = with_timecode(tmp_path / "film.mov", "10:00:00:00")
    song = tmp_path / "mix.wav"
    silence = np.zeros((2, 8000 * 30), "f4")
    write(song, sound=silence, rate=8000, codecs=("", "pcm_s16le"))
    broadcast_wav(song, 8000 * 3600)
    assert footage(video).timecode == 900_000
    assert sound_start(song) == 3600
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS)
    made = otio.adapters.read_from_file(str(write_timeline(query, match, tmp_path / "edit.otio")))
    assert made.tracks[0][0].source_range.start_time.to_timecode() == "10:00:00:00"
    assert music_of(made)[0].source_range.start_time.to_seconds() == pytest.approx(3603)
    assert music_of(made)[0].media_reference.available_range.start_time.to_seconds() == 3600
    edl = write_timeline(query, match, tmp_path / "edit.edl").read_text()
    assert "V     C        10:00:00:00 10:00:02:00 00:00:00:00 00:00:02:00" in edl
    assert "AA    C        01:00:03:00 01:00:04:01 00:00:00:00 00:00:01:01" in edl
    _, clips = clips_of(write_timeline(query, match, tmp_path / "edit.fcpxml"))
    assert clips[0][1:3] == (0, 36000)
    assert clips[1][1:3] == (0, 3603)


def broadcast_wav(path, reference):
    """Give a WAV file the `bext` chunk of EBU Tech 3285, with a time reference in samples."""
    data = path.read_bytes()
    at = data.index(b"fmt ")
    chunk = bytes(338) + reference.to_bytes(8, "little") + bytes(602 - 346)
    data = data[:at] + b"bext" + len(chunk).to_bytes(4, "little") + chunk + data[at:]
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])


def test_beats_are_heard_where_their_events_are():
    found = (Event(0, 2, 10, 0, 0), Event(2, 4, 10.5, 1, 1))
    beats = np.array([9.9, 10.0, 11.0, 12.0, 12.5])
    assert beats_in_video(found, beats) == [0.0, 1.0, 2.5, 3.5]


@pytest.mark.parametrize("suffix", [".edl", ".fcpxml"])
def test_what_has_no_rate_that_frames_can_count_is_refused(tmp_path, song, suffix):
    odd = film_of(tmp_path / "odd.mp4", Fraction(25, 2))
    uneven = write(tmp_path / "uneven.mkv", gray(10), stamps=[0, 1, 2, 3, 8, 9, 10, 20, 21, 22])
    for video, why in ((odd, "12.5 frames per second"), (uneven, "no constant frame rate")):
        query, match = edit_of(video, song, (Span(0, 0.8, 1, 0),), TRACK_SECONDS)
        with pytest.raises(VmnetError, match=f"{video.name} has {why}.*export .otio"):
            write_timeline(query, match, tmp_path / f"edit{suffix}")
        assert not (tmp_path / f"edit{suffix}").exists()
        assert write_timeline(query, match, tmp_path / "edit.otio").exists()


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_that_vanished_are_named(tmp_path, song, suffix):
    video = film_of(tmp_path / "film.mp4", 25)
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS)
    song.unlink()
    with pytest.raises(MediaError, match="does not exist"):
        write_timeline(query, match, tmp_path / f"edit{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_other_suffixes_are_refused(tmp_path, song):
    query, match = edit_of(tmp_path / "film.mp4", song, spans_of(2.0), TRACK_SECONDS)
    with pytest.raises(VmnetError, match=r"edit\.aaf names no format.*\.otio, \.fcpxml, \.edl"):
        write_timeline(query, match, tmp_path / "edit.aaf")


def test_a_label_is_one_line_of_what_xml_may_hold(tmp_path, song):
    video = film_of(tmp_path / "film.mp4", 25)
    query, match = edit_of(video, song, spans_of(2.0), TRACK_SECONDS, artist="夜\u3000<a>\x0b\n&")
    for suffix in FORMATS:
        text = write_timeline(query, match, tmp_path / f"edit{suffix}").read_text()
        assert "\x0b" not in text
    assert timecode(0, Fraction(25)) in text
