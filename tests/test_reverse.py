"""Videos for a track: an index of pictures, and the same distances the other way round."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from media_files import write
from sound_files import song, write_sound
from test_index import ABOUT, QUALITY, ids, maps

from vmnet import cli
from vmnet.aligners import DISTANCES, align
from vmnet.catalog import answer, query, recommend, reverse
from vmnet.catalog.build import build_index, default_output
from vmnet.catalog.index import Index
from vmnet.catalog.match import Query
from vmnet.catalog.model import Quality, write_model
from vmnet.corpus.windowed import MERGED
from vmnet.edit.spans import require_cover
from vmnet.errors import VmnetError
from vmnet.media import probe

COLOURS = {"red": (200, 30, 30), "green": (20, 180, 60), "blue": (30, 40, 220)}
RANKS = dict.fromkeys(DISTANCES, (12.0, 3.0))


def film(path, *shots, seconds=3, sound=None):
    """A film of plain shots in the colours named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = [np.full((48, 64, 3), COLOURS[name], np.uint8) for name in shots]
    frames = [picture for picture in shown for _ in range(10 * seconds)]
    return write(path, frames, sound, fps=10, rate=48_000)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model, a folder of films, a folder of music, and an index of each."""
    folder = tmp_path_factory.mktemp("reverse")
    quality = Quality(40, "windows of 30 s", RANKS, RANKS | {"sw": (19.0, 4.0)})
    about = ABOUT | {"segment_seconds": 3.0, "segmenter": "olda", "quality": quality}
    model = write_model(folder / "model", maps(), kind="linear", **about)
    film(folder / "films" / "one.mp4", "red", "green", "blue", sound=song(9.0))
    film(folder / "films" / "deep" / "two.mkv", "blue", "red")
    write(folder / "films" / "heard.mp4", sound=song(3.0))
    write_sound(folder / "films" / "song.mp3", song(3.0))
    write_sound(folder / "music" / "song.wav", song(8.0, 0.5), title="Song", artist="Band")
    write_sound(folder / "music" / "other.flac", song(6.0, 0.4, 330.0))
    with pytest.warns(match=r"files that are no videos and were passed over: .*\.mp3"):
        build_index(folder / "films", model, folder / "videos", of="video")
    build_index(folder / "music", model, folder / "tracks")
    return folder


@pytest.fixture
def opened(made, monkeypatch):
    """The index of the films; what is computed of queries stays below the folder."""
    for module in (query, reverse):
        monkeypatch.setattr(module, "DATA", made / "data")
    return Index.open(made / "videos")


@pytest.fixture
def sound(made, opened):
    return reverse.open_sound(made / "music" / "song.wav", opened.model)


# --- the index -----------------------------------------------------------------------------------


def test_it_holds_of_each_video_what_the_model_makes_of_its_pictures(made, opened):
    assert (opened.of, opened.segmenter) == ("video", MERGED)
    assert ids(opened) == ["deep/two.mkv", "one.mp4"]
    assert list(opened.failures) == ["heard.mp4"]
    assert "no pictures" in opened.failures["heard.mp4"]
    assert opened.boundaries(1) == pytest.approx([0, 3, 6, 9], abs=0.2)
    for i, track in enumerate(opened.tracks):
        asked = query.open_query(track.path, opened.model, opened.model.about.segment_seconds)
        assert asked.duration == track.duration
        assert (asked.boundaries == opened.boundaries(i)).all()
        np.testing.assert_allclose(opened.embeddings[i], asked.embedding, atol=1e-3)
        np.testing.assert_allclose(opened.frames(i), asked.frames, atol=1e-3)
        assert not len(opened.beats(i))
        assert not opened.tags(i)


def test_another_model_reads_no_video_again_and_cuts_as_it_learned(made, tmp_path):
    about = ABOUT | {"segment_seconds": 9.0}
    other = write_model(tmp_path / "model", maps(seed=1), kind="linear", **about)
    build_index(
        made / "films" / "deep", Index.open(made / "videos").model, tmp_path / "i", of="video"
    )
    features = {
        p: p.stat().st_mtime_ns for p in (tmp_path / "i" / "parts" / "features").rglob("*.npz")
    }
    opened = build_index(made / "films" / "deep", other, tmp_path / "i", of="video")
    assert {path: path.stat().st_mtime_ns for path in features} == features
    assert opened.boundaries(0).tolist() == [0.0, opened.tracks[0].duration]


def test_an_index_of_one_kind_is_never_written_over_the_other(made):
    model = Index.open(made / "videos").model
    with pytest.raises(VmnetError, match=r"videos is an index of videos: give --output another"):
        build_index(made / "music", model, made / "videos")
    with pytest.raises(VmnetError, match=r"tracks is an index of tracks: give --output another"):
        build_index(made / "films", model, made / "tracks", of="video")
    assert default_output(made) != default_output(made, "video")


def test_what_makes_no_sense_is_a_mistake(made, tmp_path):
    model = Index.open(made / "videos").model
    with pytest.raises(ValueError, match="music or video"):
        build_index(made / "films", model, tmp_path / "index", of="pictures")
    with pytest.raises(ValueError, match="cut at their shots"):
        build_index(made / "films", model, tmp_path / "index", "olda", of="video")


# --- the ranking ---------------------------------------------------------------------------------


def test_the_track_is_cut_and_embedded_as_in_an_index_of_music(made, sound):
    tracks = Index.open(made / "tracks")
    (i,) = [i for i, track in enumerate(tracks.tracks) if track.title == "Song"]
    there = recommend.sound_of(tracks, i)
    assert sound.track.name == there.track.name == "Band: Song"
    assert sound.track.duration == there.track.duration
    assert (sound.boundaries == there.boundaries).all()
    assert (sound.beats == there.beats).all()
    assert (sound.cut_by, sound.tags) == (there.cut_by, there.tags)
    np.testing.assert_allclose(sound.embedding, there.embedding, atol=1e-3)
    np.testing.assert_allclose(sound.frames, there.frames, atol=1e-3)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_distance_is_the_same_from_both_sides(distance, made, opened, sound):
    """Of a track and a video that are cut alike, up to the 16 bits that an index keeps."""
    tracks = Index.open(made / "tracks")
    for one in reverse.videos_for(opened, sound, distance):
        asked = query.open_query(one.video.path, opened.model, opened.model.about.segment_seconds)
        forward = {m.name: m for m in recommend.recommend(tracks, asked, distance)}["Band: Song"]
        assert one.match.distance == pytest.approx(forward.distance, rel=5e-3, abs=5e-3)
        np.testing.assert_allclose(one.match.similarities, forward.similarities, atol=5e-3)


@pytest.mark.parametrize("distance", ["nw", "sw", "trace", "best_trace"])
def test_videos_come_in_order_and_each_has_an_edit_of_the_track(distance, opened, sound):
    found = reverse.videos_for(opened, sound, distance)
    assert [one.match.rank for one in found] == [1, 2]
    assert found[0].match.distance <= found[1].match.distance
    for one in found:
        require_cover(one.match.spans, one.video.duration, sound.track.duration)
        assert isinstance(one.query, Query)
        assert one.match.track is sound.track
        score = align(one.query.embedding, sound.embedding, distance).score
        assert one.match.distance == pytest.approx(-score, abs=1e-4)


def test_a_video_may_be_asked_about_by_its_sound(made, opened):
    sound = reverse.open_sound(made / "films" / "one.mp4", opened.model)
    assert sound.track.duration == pytest.approx(9, abs=0.2)
    assert len(reverse.videos_for(opened, sound, "nw", top=1)) == 1


def test_a_track_without_audible_sound_has_no_videos(opened, tmp_path):
    silent = write_sound(tmp_path / "silent.wav", 0 * song(3.0))
    for _ in range(2):  # computed, and kept
        with pytest.raises(VmnetError, match=r"silent\.wav has no audible sound: give a track"):
            reverse.open_sound(silent, opened.model)


def test_videos_of_other_lengths_are_left_out(opened, sound):
    (one,) = reverse.videos_for(opened, sound, "nw", max_length_ratio=1.2)
    assert one.video.track_id == "one.mp4"
    with pytest.raises(VmnetError, match=r"no video of .* lasts between 8 and 8 s"):
        reverse.videos_for(opened, sound, "nw", max_length_ratio=1.0)


def test_a_video_under_which_the_track_would_be_heard_five_times_is_left_out(opened, sound):
    assert recommend.left_out(opened, 8.0) == recommend.left_out(opened, 2.3) == 0
    assert recommend.left_out(opened, 2.0) == 1  # of 9 s
    short = replace(sound, track=replace(sound.track, duration=1.0))
    with pytest.raises(VmnetError, match=r"no video of .* lasts 4 s or less"):
        reverse.videos_for(opened, short, "nw")


def test_what_it_is_worth_is_said_of_this_direction(opened):
    model = opened.model
    assert "ranks the true video 19.0 ±4.0 of 40 by sw" in model.quality_sentence("sw", "video")
    assert "near chance" in model.quality_sentence("sw", "video")
    assert "the true music 12.0 ±3.0" in model.quality_sentence("sw")
    assert QUALITY.video_ranks == {}  # a model of before


# --- what is printed and refused -----------------------------------------------------------------


def test_text_json_and_csv_say_what_goes_with_what(opened, sound):
    found = reverse.videos_for(opened, sound, "nw_mean")
    text = answer.videos_as_text(sound, found, ["a note"])
    head, note, _, columns, first, pairs, plays, *_ = text.splitlines()
    assert "song.wav: 0:08.0, " in head
    assert "cut by olda; heard: " in head
    assert note == "a note"
    assert columns.split() == ["rank", "distance", "lasts", "video"]
    assert first.endswith(f"({found[0].video.track_id})")
    i, j = found[0].match.path[0]
    assert f"of the track with those of the video: {j + 1} with {i + 1} (" in pairs
    assert plays.strip().startswith("plays, at video time: 0:00.0")
    written = json.loads(answer.videos_as_json(sound, found, []))
    assert [video["rank"] for video in written["videos"]] == [1, 2]
    assert written["videos"][0]["plays"][-1]["video_end"] == written["videos"][0]["video_duration"]
    assert len(written["videos"][0]["pairs"]) == len(found[0].match.path)
    rows = list(csv.DictReader(io.StringIO(answer.videos_as_csv(found))))
    assert rows[0].keys() == set(answer.VIDEO_COLUMNS)
    assert {row["video_id"] for row in rows} == set(ids(opened))


def test_the_command_ranks_and_delivers_the_video_that_is_picked(made, opened, tmp_path, capsys):
    asked = ["recommend", str(made / "music" / "song.wav"), "--reverse"]
    asked += ["--catalog", str(made / "videos"), "--pick", "2"]
    written = ["--edit", str(tmp_path / "edit"), "--preview", str(tmp_path / "film.mp4")]
    assert cli.main([*asked, *written, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert "ranks the true video" in said["notes"][0]
    assert "2 videos, cut by shots joined to about 3 s" in said["notes"][1]
    second = said["videos"][1]
    cuts = json.loads((tmp_path / "edit" / "cuts.json").read_text())
    assert second["path"] in json.dumps(cuts)
    assert probe(tmp_path / "film.mp4").duration == pytest.approx(second["video_duration"], abs=0.1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sections", "0:02"], "--sections has no sense with --reverse"),
        (["--shots"], "--shots has no sense"),
        (["--like", "Song"], "--like has no sense"),
        (["--html", "page"], "a page belongs to one film"),
        (["--pick", "5"], "--pick 5: only 2 were found"),
        (["--pick", "5", "--top", "4"], "there are 4 videos"),
    ],
)
def test_what_cannot_go_with_it_is_refused_in_a_sentence(words, said, made, opened, capsys):
    asked = ["recommend", str(made / "music" / "song.wav"), "--catalog", str(made / "videos")]
    assert cli.main([*asked, "--reverse", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err.splitlines()[-1]


def test_an_index_of_the_other_kind_is_refused_with_the_remedy(made, opened, sound, capsys):
    film, track = str(made / "films" / "one.mp4"), str(made / "music" / "song.wav")
    assert cli.main(["recommend", film, "--catalog", str(made / "videos")]) == 1
    assert "is an index of videos, not of tracks: give one of music, or `vmnet recommend TRACK" in (
        capsys.readouterr().err
    )
    assert cli.main(["recommend", track, "--reverse", "--catalog", str(made / "tracks")]) == 1
    assert "`vmnet index FOLDER --model MODEL --videos` makes one" in capsys.readouterr().err
    with pytest.raises(VmnetError, match="not of videos"):
        reverse.videos_for(Index.open(made / "tracks"), sound, "nw")
    with pytest.raises(VmnetError, match="not of tracks"):
        recommend.recommend(opened, reverse.query_of(opened, 0), "nw")


def test_the_command_index_makes_one_of_videos(made, opened, tmp_path, capsys):
    asked = ["index", str(made / "films" / "deep"), "--model", str(made / "model"), "--videos"]
    asked += ["--output", str(tmp_path / "index"), "--jobs", "1"]
    for word in ("--segmenters", "--beats"):
        assert cli.main([*asked, word, "olda"]) == 1
        assert f"{word} is of music" in capsys.readouterr().err
    assert cli.main(asked) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() == str(tmp_path / "index")
    assert "1 videos, 2 segments of shots joined to about 3 s" in captured.err
