"""From a silent film and an index to ranked tracks and their spans; the model is random maps."""

import json
from dataclasses import replace

import numpy as np
import pytest
from media_files import write
from sound_files import song, write_sound
from test_index import ABOUT, maps

from vmnet import cli
from vmnet.aligners import Sequences, align, distance_matrix
from vmnet.catalog import ask, query
from vmnet.catalog.build import build_index
from vmnet.catalog.index import Index
from vmnet.catalog.model import write_model
from vmnet.catalog.query import open_query
from vmnet.catalog.recommend import _of_length, left_out, recommend, track_number
from vmnet.catalog.similar import find_sound
from vmnet.edit.spans import require_cover
from vmnet.errors import VmnetError

LENGTHS = {"a.wav": 41.0, "b.wav": 62.0, "c.wav": 25.0, "sub/d.flac": 9.0}
FILM = 28.0


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A film of noise and an index of four tracks, cut every 20 s."""
    home = tmp_path_factory.mktemp("recommend")
    for number, (name, seconds) in enumerate(LENGTHS.items()):
        sound = song(seconds, 0.3 + 0.1 * number, 150.0 * (number + 1))
        write_sound(home / "music" / name, sound, title=f"Song {number}")
    model = write_model(home / "model", maps(), kind="linear", **ABOUT)
    build_index(home / "music", model, home / "index")
    levels = range(0, 9 * int(FILM), 9)  # one for each second
    write(home / "film.mp4", [np.full((90, 160, 3), level, np.uint8) for level in levels], fps=1)
    return home


@pytest.fixture
def index(home):
    return Index.open(home / "index")


@pytest.fixture
def film(home, index, monkeypatch, tmp_path_factory):
    monkeypatch.setattr(query, "DATA", home / "data")
    return open_query(home / "film.mp4", index.model, 20.0, [6.0, 15.5])


@pytest.mark.parametrize("distance", ["nw", "sw_mean", "trace", "best_trace_mean", "centroid"])
def test_tracks_come_by_their_distance_each_with_an_edit_that_covers_the_film(
    film, index, distance
):
    matches = recommend(index, film, distance)
    one = Sequences.from_list([film.embedding])
    expected = distance_matrix(one, index.embeddings.map(lambda rows: rows), distance)[0]
    assert [match.rank for match in matches] == [1, 2, 3, 4]
    assert [match.distance for match in matches] == pytest.approx(sorted(expected), abs=1e-5)
    for match in matches:
        number = track_number(index, match.track.track_id)
        assert match.distance == pytest.approx(expected[number], abs=1e-5)
        require_cover(match.spans, film.duration, match.track.duration)
        assert match.similarities.shape == (3, len(match.boundaries) - 1)


@pytest.mark.parametrize("distance", ["nw", "sw", "trace", "best_trace"])
def test_the_score_of_the_path_is_the_distance(film, index, distance):
    for match in recommend(index, film, distance):
        rows = np.asarray(index.embeddings[track_number(index, match.track.track_id)], np.float32)
        found = align(film.embedding, rows, distance)
        assert match.path.tolist() == found.path.tolist()
        assert match.distance == pytest.approx(-found.score, abs=1e-5)


def test_a_track_to_be_like_comes_before_what_fits_as_well(film, index):
    """By hand: the sum of the rank by distance and the rank by nearness to the track."""
    plain = [match.track.track_id for match in recommend(index, film, "nw")]
    units = index.centroids / np.linalg.norm(index.centroids, axis=1, keepdims=True)
    liked = track_number(index, "song 2")
    near = [index.tracks[i].track_id for i in np.argsort(-(units @ index.centroids[liked]))]
    assert near[0] == "c.wav"
    expected = sorted(plain, key=lambda name: plain.index(name) + near.index(name))
    found = [
        match.track.track_id
        for match in recommend(index, film, "nw", like=find_sound(index, "song 2"))
    ]
    assert found == expected
    assert len(recommend(index, film, "nw", top=2, like=find_sound(index, "sub/d.flac"))) == 2


def test_tracks_of_other_lengths_are_left_out_when_asked(film, index):
    found = recommend(index, film, "nw", max_length_ratio=2.0)
    assert {match.track.track_id for match in found} == {"a.wav", "c.wav"}
    with pytest.raises(VmnetError, match=r"between 27 and 29 s: give a larger --max-length-ratio"):
        recommend(index, film, "nw", max_length_ratio=1.05)


def test_a_track_that_would_be_heard_five_times_is_left_out_unless_asked_for(film, index):
    longer = replace(film, duration=41.0)
    assert left_out(index, film.duration) == 0
    assert left_out(index, longer.duration) == 1
    assert _of_length(index, longer.duration, 0.0).tolist() == [True, True, True, False]
    assert left_out(index, longer.duration, 5.0) == 0


def test_a_second_question_embeds_nothing_again(home, film, index, monkeypatch):
    monkeypatch.setattr(type(index.model), "embed_video", None)
    again = open_query(home / "film.mp4", index.model, 20.0, [6.0, 15.5])
    assert (again.embedding == film.embedding).all()
    assert again.cut_by == "3 sections as given"


def test_the_command_prints_json_alone_and_says_what_the_ranking_is_worth(
    home, film, index, tmp_path, capsys
):
    words = ["recommend", str(home / "film.mp4"), "--catalog", str(home / "index")]
    words += ["--sections", "0:06,15.5", "--distance", "nw"]
    assert cli.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "On 40 held-out clips (rendered; windows of 30 s)" in found["notes"][0]
    assert found["boundaries"] == [0, 6, 15.5, pytest.approx(FILM, abs=0.1)]
    assert cli.main([*words, "--csv", "--top", "1", "--edit", str(tmp_path / "edit")]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("rank,track_id,")
    assert "held-out" in printed.err
    names = {path.name for path in (tmp_path / "edit").iterdir()}
    assert names >= {"cuts.csv", "cuts.json", "timeline.otio", "music.wav", "timeline.png"}


def test_a_track_that_vanished_is_named_when_it_must_be_read(home, film, index, tmp_path):
    match = recommend(index, film, "nw", top=1)[0]
    moved = match.track.path.rename(tmp_path / "away.wav")
    try:
        assert recommend(index, film, "nw", top=1)[0].track == match.track
        with pytest.raises(VmnetError, match=match.track.path.name):
            ask.deliver(film, match, tmp_path / "edit")
    finally:
        moved.rename(match.track.path)
