"""Tracks near a track: by hand, of the index and of new files; tracks that cannot be heard."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_files import write
from sound_files import song, write_sound
from test_index import ABOUT, maps

from vmnet import cli
from vmnet.aligners import DISTANCES, Sequences, distance_matrix
from vmnet.catalog import query, reverse
from vmnet.catalog.build import build_index
from vmnet.catalog.index import Index
from vmnet.catalog.model import Quality, write_model
from vmnet.catalog.query import open_query
from vmnet.catalog.recommend import left_out, recommend
from vmnet.catalog.similar import COLUMNS, DISTANCE, find_sound, neighbors
from vmnet.errors import VmnetError

LENGTHS = {"a.wav": 11.0, "b.wav": 14.0, "c.wav": 8.0, "sub/d.flac": 6.0}
SILENT = "sub/silent.wav"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An index of four tracks, a copy of one and a silent one, cut by olda (not as learned)."""
    home = tmp_path_factory.mktemp("similar")
    for number, (name, seconds) in enumerate(LENGTHS.items()):
        sound = song(seconds, 0.3 + 0.1 * number, 150.0 * (number + 1))
        write_sound(home / "music" / name, sound, title=f"Song {number}", artist="Band")
    shutil.copy(home / "music" / "b.wav", home / "music" / "sub" / "copy of b.wav")
    write_sound(home / "music" / SILENT, 0 * song(7.0), title="Nothing")
    ranks = dict.fromkeys(DISTANCES, (12.0, 3.0))
    about = ABOUT | {"quality": Quality(40, "windows of 30 s", ranks)}
    model = write_model(home / "model", maps(), kind="linear", **about)
    build_index(home / "music", model, home / "index", "olda")
    write_sound(home / "new.mp3", song(9.0, 0.4, 180.0), title="New")
    write(home / "film.mp4", [np.full((90, 160, 3), 9 * k, np.uint8) for k in range(12)], fps=1)
    return home


@pytest.fixture
def index(home, monkeypatch):
    for module in (query, reverse):
        monkeypatch.setattr(module, "DATA", home / "data")
    return Index.open(home / "index")


def names(found):
    return [one.track.track_id for one in found]


def norms(rows):
    return np.linalg.norm(rows, axis=1)


def by_hand(index, query_rows, left=()):
    """Ids of tracks by the squared distance of means, the nearest first."""
    means = {
        track.track_id: np.asarray(index.embeddings[i], float).mean(axis=0)
        for i, track in enumerate(index.tracks)
        if track.track_id not in left
    }
    mean = np.asarray(query_rows, float).mean(axis=0)
    far = {name: ((other - mean) ** 2).sum() for name, other in means.items()}
    return sorted(far.items(), key=lambda item: item[1])


def test_other_features_of_the_same_file_are_embedded_anew(index, home):
    dim = index.model.extractor("video").dim
    frames = np.random.default_rng(0).normal(size=(2, 4, dim)).astype(np.float32)
    edges = np.array([0.0, 2.0, 4.0])
    one, other, again = (
        query.embedded(home / "film.mp4", frames[i], edges, index.model, "video")[0]
        for i in (0, 1, 0)
    )
    assert not np.allclose(one, other, atol=0.01)
    np.testing.assert_array_equal(one, again)


# --- tracks that are near ------------------------------------------------------------------------


def test_a_file_of_the_catalog_that_changed_since_is_not_near_itself(index, home, monkeypatch):
    sound = find_sound(index, "song 0")
    monkeypatch.chdir(home / "music")
    monkeypatch.setattr("vmnet.catalog.similar.content_of", lambda path: "changed")
    changed = replace(sound, track=replace(sound.track, path=Path("a.wav")))
    assert "a.wav" not in names(neighbors(index, changed))


def test_tracks_of_the_index_come_by_their_distance_without_the_track_itself(index):
    sound = find_sound(index, "song 0")
    expected = by_hand(index, sound.embedding, left=("a.wav", SILENT))
    found = neighbors(index, sound)
    assert names(found) == [name for name, _ in expected]
    assert [one.distance for one in found] == pytest.approx([d for _, d in expected], abs=1e-4)
    assert [one.rank for one in found] == [1, 2, 3, 4]
    assert names(neighbors(index, sound, top=2)) == names(found)[:2]


def test_a_track_is_found_by_id_title_and_file_wherever_that_lies(index, home, tmp_path):
    expected = neighbors(index, find_sound(index, "c.wav"))
    moved = shutil.copy(home / "music" / "c.wav", tmp_path / "elsewhere.wav")
    for name in ("song 2", str(home / "music" / "c.wav"), str(moved)):
        assert neighbors(index, find_sound(index, name)) == expected


def test_copies_of_the_track_are_left_out_with_it(index):
    found = neighbors(index, find_sound(index, "b.wav"))
    assert set(names(found)) == {"a.wav", "c.wav", "sub/d.flac"}


def test_a_new_file_is_embedded_as_tracks_of_the_index_are(index, home, tmp_path):
    sound = find_sound(index, str(home / "new.mp3"))
    shutil.copytree(home / "music", tmp_path / "music")
    shutil.copy(home / "new.mp3", tmp_path / "music")
    shutil.copytree(home / "index", tmp_path / "index")  # so that the new file alone is computed
    both = build_index(tmp_path / "music", index.model, tmp_path / "index", "olda")
    there = find_sound(both, "new.mp3")
    assert sound.cut_by == there.cut_by == "olda"
    assert (sound.boundaries == there.boundaries).all()
    np.testing.assert_allclose(sound.embedding, there.embedding, atol=1e-3)
    expected = by_hand(index, sound.embedding, left=(SILENT,))
    assert names(neighbors(index, sound)) == [name for name, _ in expected]
    assert names(neighbors(both, there)) == [name for name, _ in expected]


@pytest.mark.parametrize("distance", ["nw_mean", "sw", "best_trace_mean"])
def test_other_distances_rank_as_they_do_elsewhere(index, distance):
    sound = find_sound(index, "sub/d.flac")
    found = neighbors(index, sound, distance)
    assert sorted(one.distance for one in found) == [one.distance for one in found]
    one = Sequences.from_list([sound.embedding])
    expected = distance_matrix(one, index.embeddings.map(lambda rows: rows), distance)[0]
    far = dict(zip(index.embeddings.ids, expected, strict=True))
    assert [one.distance for one in found] == pytest.approx(
        [far[n] for n in names(found)], abs=1e-5
    )


# --- music for a film, like a track --------------------------------------------------------------


def test_what_fits_a_film_comes_by_nearness_to_a_new_file_too(index, home):
    """By hand: the sum of the rank by distance and the rank by nearness to the file."""
    film = open_query(home / "film.mp4", index.model, 20.0)
    sound = find_sound(index, str(home / "new.mp3"))
    plain = names(recommend(index, film, "nw"))
    cosines = index.centroids @ sound.embedding.mean(axis=0) / norms(index.centroids)
    near = [index.tracks[i].track_id for i in np.argsort(-cosines, kind="stable")]
    expected = sorted(plain, key=lambda name: plain.index(name) + near.index(name))
    assert names(recommend(index, film, "nw", like=sound)) == expected


def test_the_command_takes_a_file_or_a_track_to_be_like(index, home, tmp_path, capsys):
    words = ["recommend", str(home / "film.mp4"), "--catalog", str(home / "index"), "--csv"]
    moved = shutil.copy(home / "music" / "c.wav", tmp_path / "elsewhere.wav")
    answers = set()
    for liked in ("c.wav", "song 2", str(moved)):
        assert cli.main([*words, "--like", liked]) == 0
        answers.add(capsys.readouterr().out)
    assert len(answers) == 1
    assert cli.main([*words, "--like", str(home / "new.mp3")]) == 0
    assert "new.mp3" not in capsys.readouterr().out
    assert cli.main([*words, "--like", "Song 9"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Song 9 is no file, and" in captured.err.splitlines()[-1]


# --- tracks without audible sound ----------------------------------------------------------------


def test_a_silent_track_is_kept_and_never_found(index, home):
    assert index.inaudible == {SILENT}
    assert SILENT in index.embeddings.ids
    assert index.audible.tolist() == [track.title != "Nothing" for track in index.tracks]
    film = open_query(home / "film.mp4", index.model, 20.0)
    assert {match.track.track_id for match in recommend(index, film, "nw")} == {
        *LENGTHS,
        "sub/copy of b.wav",
    }
    assert left_out(index, 30.0) == 1  # of 6 s; the silent one, of 7 s, is no matter of length
    with pytest.raises(VmnetError, match=r"silent\.wav has no audible sound"):
        find_sound(index, SILENT)


def test_a_catalog_of_silence_has_nothing_to_give(index, home):
    silence = replace(index, inaudible=frozenset(index.embeddings.ids))
    film = open_query(home / "film.mp4", index.model, 20.0)
    with pytest.raises(VmnetError, match=r"no track of .* has audible sound: index other music"):
        recommend(silence, film, "nw")
    with pytest.raises(VmnetError, match="no other track that can be heard"):
        neighbors(silence, find_sound(index, "a.wav"))


def test_the_answer_of_recommend_names_what_is_left_out(index, home, capsys):
    asked = ["recommend", str(home / "film.mp4"), "--catalog", str(home / "index"), "--json"]
    assert cli.main([*asked, "--distance", "nw"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert f"Left out, without audible sound: 1 of them ({SILENT})." in notes


# --- the command ---------------------------------------------------------------------------------


def test_the_command_prints_text_json_and_csv(index, home, capsys):
    words = ["similar", "Song 0", "--catalog", str(home / "index")]
    expected = neighbors(index, find_sound(index, "a.wav"))
    assert cli.main(words) == 0
    head, meaning, worth, about, silent, _, columns, first, *_ = capsys.readouterr().out.split("\n")
    assert head.startswith("Band: Song 0: 0:11.0, ")
    assert "cut by olda; heard: " in head
    assert "learned to go with pictures, not with tags" in meaning
    assert "On 40 held-out clips (rendered; windows of 30 s)" in worth
    assert f"ranked by {DISTANCE}" in about
    assert SILENT in silent
    assert columns.split() == ["rank", "distance", "track"]
    assert first.endswith(f"{expected[0].track.name} ({expected[0].track.track_id})")
    assert cli.main([*words, "--json", "--top", "2"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [track["track_id"] for track in said["tracks"]] == names(expected)[:2]
    assert (said["title"], said["ranked_by"], len(said["notes"])) == ("Song 0", DISTANCE, 4)
    assert cli.main([*words, "--csv", "--distance", "nw"]) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4
    assert "by nw" in printed.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone.mp3"], "gone.mp3 is no file, and"),
        (["Song 9"], "has no track called 'Song 9': give a path in its folder"),
        (["Song 1"], "called 'Song 1': give a path in its folder (b.wav, sub/copy of b.wav)."),
        (["Nothing"], "silent.wav has no audible sound: give a track that can be heard"),
        (["a.wav", "--distance", "near"], "there is no distance 'near'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(words, said, index, home, capsys):
    assert cli.main(["similar", *words, "--catalog", str(home / "index")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err.splitlines()[-1]


def test_files_that_cannot_be_used_are_refused_in_a_sentence(index, home, tmp_path, capsys):
    (tmp_path / "text.mp3").write_text("no music")
    write_sound(tmp_path / "still.wav", 0 * song(3.0))
    for name in ("text.mp3", "still.wav"):
        words = ["similar", str(tmp_path / name), "--catalog", str(home / "index")]
        assert cli.main(words) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert name in captured.err.splitlines()[-1]
    assert cli.main(["similar", "a.wav", "--catalog", str(tmp_path)]) == 1
    assert "holds no index" in capsys.readouterr().err
