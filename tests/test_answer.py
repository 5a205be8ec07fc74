"""What `vmnet recommend` asks for and prints, on matches made by hand."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from vmnet.catalog import answer
from vmnet.catalog.match import Match, Query
from vmnet.catalog.query import _within, seconds_of, section_edges
from vmnet.catalog.track import Track
from vmnet.edit.spans import Span
from vmnet.errors import MediaError, VmnetError

SPANS = (Span(0.0, 8.0, 12.0, 0), Span(8.0, 14.0, 20.0, 1), Span(14.0, 20.0, 5.0, 2))
QUERY = Query(
    Path("film.mp4"), 20.0, np.array([0.0, 8, 14, 20]), "shots", np.eye(3, 4), np.eye(20, 4)
)


def match(title: str = "Song", artist: str = "Band", rank: int = 1) -> Match:
    track = Track("a/song.mp3", Path("music/a/song.mp3"), title, artist, 90.0)
    similarities = np.array([[0.1, 0.7], [0.2, 0.9], [-0.5, 0.3]])
    path = np.array([[0, 0], [1, 1]])
    return Match(
        track, rank, -0.5, np.array([0.0, 40, 90]), similarities, path, SPANS, np.array([1.0]),
        ("rock", "guitar"),
    )  # fmt: skip


def test_the_text_says_what_plays_when_and_why():
    text = answer.as_text(QUERY, [match()], ["On 9 held-out clips ..."])
    head, note, _, columns, track, plays, agree, heard = text.splitlines()
    assert head == "film.mp4: 0:20.0, 3 segments, cut by shots"
    assert note == "On 9 held-out clips ..."
    assert columns.split() == ["rank", "distance", "plays", "from", "track"]
    assert track.split()[:5] == ["1", "-0.5000", "0:05.0", "to", "0:26.0"]
    assert track.endswith("Band: Song (a/song.mp3)")
    assert plays.endswith("0:00.0 0:12.0, 0:08.0 0:20.0, 0:14.0 0:05.0 (cut)")
    assert agree.endswith("segments 2 with 2 (0.90), 1 with 1 (0.10)")
    assert heard.endswith("heard: rock, guitar")


def test_json_and_csv_hold_the_spans_to_the_millisecond():
    found = json.loads(answer.as_json(QUERY, [match()], ["a note"]))
    (track,) = found["tracks"]
    assert (found["duration"], found["notes"]) == (20, ["a note"])
    assert track["span"] == [5, 26]
    assert [event["track_start"] for event in track["plays"]] == [12, 20, 5]
    rows = list(csv.DictReader(io.StringIO(answer.as_csv([match(), match(rank=2)]))))
    assert [row["rank"] for row in rows] == ["1"] * 3 + ["2"] * 3
    assert [float(row["track_end"]) for row in rows[:3]] == [20, 26, 11]
    assert rows[0].keys() == set(answer.COLUMNS)


def test_a_title_with_commas_and_quotes_survives_csv():
    title = 'One, "two"\nthree'
    (row, *_) = csv.DictReader(io.StringIO(answer.as_csv([match(title)])))
    assert row["title"] == title


def test_the_table_of_a_notebook_counts_the_cuts():
    table = answer.ranking([match(), match(artist="", rank=2)])
    assert table.index.tolist() == [1, 2]
    assert table.cuts.tolist() == [1, 1]
    assert table.track.tolist() == ["Band: Song", "Song"]


@pytest.mark.parametrize("text", ["", "a", "1:2:3:4", "-5", "1:-2", "inf", "nan"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"time|float"):
        seconds_of(text)


def test_sections_cut_the_video_and_shots_cut_inside_them():
    edges = section_edges([8.0, 21.0], 30.0, Path("film.mp4"))
    assert edges.tolist() == [0, 8, 21, 30]
    assert section_edges([0.0, 8.0], 30.0, Path("film.mp4")).tolist() == [0, 8, 30]
    shots = np.array([0.0, 4.1, 8.2, 12, 14.4, 21, 25, 30])
    assert _within(edges, shots, 6.0).tolist() == [0, 8, 14.4, 21, 25, 30]
    assert _within(np.array([0.0, 30.0]), shots, 15.0).tolist() == [0, 14.4, 30]


@pytest.mark.parametrize("sections", [[8.0, 8.5], [21.0, 8.0], [30.5], [29.5], [-3.0]])
def test_sections_that_cut_nothing_name_the_film(sections):
    with pytest.raises(VmnetError, match=r"film\.mp4 into sections of a second or more"):
        section_edges(sections, 30.0, Path("film.mp4"))


def test_a_film_of_less_than_a_second_is_refused_whatever_its_sections():
    with pytest.raises(MediaError, match=r"film\.mp4 lasts 0\.48 s: use a video of a second"):
        section_edges([], 0.48, Path("film.mp4"))
