"""The cut list: spans become events, and the table gives back what was written."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from edits import edit_of
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import click, gray, write

from vmnet.edit.cutlist import (
    FORMATS,
    CutList,
    Event,
    cut_list,
    events,
    read_cut_list,
    write_cut_list,
)
from vmnet.edit.footage import NTSC, RATES, footage, frame_of, is_constant, timecode
from vmnet.edit.spans import Span
from vmnet.errors import MediaError, VmnetError

# The track jumps twice; the second and the third span go on.
SPANS = (
    Span(0.0, 2.0, 10.0, 0),
    Span(2.0, 3.0, 20.0, 1),
    Span(3.0, 5.0, 21.0, 2),
    Span(5.0, 6.5, 0.01, 3),
)


def test_spans_that_go_on_are_one_event():
    assert events(SPANS, 30.0) == (
        Event(0.0, 2.0, 10.0, 0, 0),
        Event(2.0, 5.0, 20.0, 1, 2, 0.025, 0.025),
        Event(5.0, 6.5, 0.01, 3, 3, 0.01, 0.025),  # the track has 10 ms before it, no more
    )


def test_a_crossfade_ends_with_the_track_and_leaves_half_of_a_short_event_alone():
    spans = (Span(0, 1, 9.0, 0), Span(1, 1.02, 0.0, 1), Span(1.02, 2, 5.0, 2))
    found = events(spans, 10.0)
    assert [(e.fade_before, e.fade_after) for e in found[1:]] == [
        (0.0, 0.0),  # the track ends at the cut and begins after it
        (pytest.approx(0.01), pytest.approx(0.025)),
    ]


def test_what_plays_after_the_pictures_is_left_out():
    found = events(SPANS, 30.0, video_seconds=4.0)
    assert [(e.video_in, e.video_out, e.last_segment) for e in found] == [(0, 2, 0), (2, 4, 2)]


@pytest.mark.parametrize(
    "spans", [(), SPANS[1:], (replace(SPANS[0], track_start=29.0), *SPANS[1:])]
)
def test_spans_that_do_not_cover_the_video_or_leave_the_track_are_a_mistake(spans):
    with pytest.raises(ValueError, match="span"):
        events(spans, 30.0)


times = st.floats(0, 1e5, allow_nan=False)
names = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1
).map(Path)


@st.composite
def cut_lists(draw):
    marks = sorted(draw(st.lists(times, min_size=2, max_size=8)))
    found = [
        Event(start, end, *draw(st.tuples(times, st.integers(0, 99), st.integers(0, 99), times)))
        for start, end in pairwise(marks)
    ]
    rate = draw(st.sampled_from([*RATES, Fraction(25, 2)]))
    return CutList(draw(names), draw(names), rate, tuple(found))


@settings(max_examples=40, deadline=None)
@given(cut_lists(), st.sampled_from(sorted(FORMATS)))
def test_a_cut_list_comes_back_as_it_was(tmp_path_factory, cuts, suffix):
    path = write_cut_list(cuts, tmp_path_factory.getbasetemp() / f"cuts{suffix}")
    assert read_cut_list(path) == cuts


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_name_that_is_no_unicode_keeps_its_bytes(tmp_path, suffix):
    cuts = CutList(Path("a\udcff.mp4"), Path("b\n,.mp3"), Fraction(25), events(SPANS, 30))
    assert read_cut_list(write_cut_list(cuts, tmp_path / f"cuts{suffix}")) == cuts


def test_the_table_has_seconds_and_time_codes(tmp_path):
    video = write(tmp_path / "film.mp4", gray(1) * 163)
    query, match = edit_of(video, tmp_path / "song.wav", SPANS, 30.0, duration=6.52)
    path = write_cut_list(cut_list(query, match), tmp_path / "cuts.csv")
    assert path.read_text().splitlines()[:3] == [
        "event,video_in,video_out,track_in,track_out,video_in_timecode,video_out_timecode,"
        "track_in_timecode,track_out_timecode,first_segment,last_segment,fade_before,fade_after,"
        "frame_rate,video,track",
        "1,0.0,2.0,10.0,12.0,00:00:00:00,00:00:02:00,00:00:10:00,00:00:12:00,0,0,0.0,0.0,"
        f"25,{video},{tmp_path / 'song.wav'}",
        "2,2.0,5.0,20.0,23.0,00:00:02:00,00:00:05:00,00:00:20:00,00:00:23:00,1,2,0.025,0.025,"
        f"25,{video},{tmp_path / 'song.wav'}",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", ""),
        ("a.csv", "event,video_in\n1,0\n"),
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '{"format": "vmnet cut list 2"}'),
    ],
)
def test_what_is_no_cut_list_is_refused_by_name(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(VmnetError, match=r"a\.(csv|json) is no cut list of vmnet"):
        read_cut_list(tmp_path / name)


def test_a_cut_list_that_was_edited_wrongly_is_refused(tmp_path):
    cuts = CutList(Path("a.mp4"), Path("b.mp3"), Fraction(25), events(SPANS, 30))
    path = write_cut_list(cuts, tmp_path / "cuts.csv")
    good = path.read_text()
    for old, new in (("2,2.0,", "2,two,"), ("2,2.0,", "2,1.0,"), ("2,2.0,", "2,nan,")):
        path.write_text(good.replace(old, new))
        with pytest.raises(VmnetError, match=r"cuts\.csv"):
            read_cut_list(path)


def test_other_suffixes_and_files_that_are_not_there_are_refused(tmp_path):
    cuts = CutList(Path("a.mp4"), Path("b.mp3"), Fraction(25), events(SPANS, 30))
    with pytest.raises(VmnetError, match=r"end it in \.csv or \.json"):
        write_cut_list(cuts, tmp_path / "cuts.txt")
    with pytest.raises(VmnetError, match="does not exist"):
        read_cut_list(tmp_path / "cuts.csv")
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(st.integers(0, 2_000_000), st.sampled_from(RATES))
def test_time_codes_are_those_of_opentimelineio(frame, rate):
    frame %= int(86_000 * rate)  # a day holds no more
    drops = rate in (30 * NTSC, 60 * NTSC)
    time = otio.opentime.RationalTime(frame, float(rate))
    label = otio.opentime.to_timecode(time, float(rate), drop_frame=drops)
    assert timecode(frame, rate) == label
    assert frame_of(label, rate) == frame


def test_drop_frame_time_codes_keep_to_the_clock():
    rate = 30 * NTSC
    assert timecode(1799, rate) == "00:00:59;29"
    assert timecode(1800, rate) == "00:01:00;02"
    assert timecode(17982, rate) == "00:10:00;00"
    assert timecode(107892, rate) == "01:00:00;00"


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(25), 24 * NTSC, 30 * NTSC, 60 * NTSC, Fraction(25, 2)]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_the_frame_rate_is_exact_in_every_container(tmp_path, rate, suffix):
    codec = "mpeg4" if suffix == ".avi" else "libx264"  # H.264 in AVI has no stamps of its own
    film = footage(write(tmp_path / f"film{suffix}", gray(30), fps=rate, codecs=(codec, "")))
    assert (film.rate, film.n_frames, film.constant) == (rate, 30, True)
    assert (film.start, film.timecode) == (0, 0)
    assert film.end == pytest.approx(float(30 / rate))


def test_pictures_that_begin_after_the_sound_and_variable_rates(tmp_path):
    late = write(tmp_path / "late.mkv", gray(20), click(1, 2, 44100, 2), stamps=range(12, 32))
    film = footage(late)
    assert film.constant
    assert film.start == pytest.approx(12 / 25, abs=1e-3)
    uneven = [0, 1, 2, 3, 8, 9, 10, 20, 21, 22]
    film = footage(write(tmp_path / "uneven.mkv", gray(10), stamps=uneven))
    assert not film.constant
    assert film.n_frames == round(film.end * film.rate)


def test_times_rounded_to_milliseconds_are_constant_and_drifting_ones_are_not():
    rounded = [round(k / 29.97002997, 3) for k in range(5000)]
    assert is_constant(rounded, 30 * NTSC)
    assert not is_constant(rounded, Fraction(30))


def test_footage_of_the_real_video(music_video):
    film = footage(music_video)
    assert (film.rate, film.constant, film.width, film.height) == (25, True, 160, 90)


def test_a_file_without_pictures_is_refused(tmp_path):
    sound = write(tmp_path / "song.wav", sound=np.zeros((2, 800), "f4"), codecs=("", "pcm_s16le"))
    with pytest.raises(MediaError, match="no pictures"):
        footage(sound)
