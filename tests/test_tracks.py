"""The tracks in a folder: files of all kinds, their tags, and what is passed over."""

import os
import shutil
import warnings

import numpy as np
import pytest
from media_files import gray, write
from sound_files import KINDS, add_id3, song, write_sound

from vmnet import media
from vmnet.catalog.tracks import AUDIO_SUFFIXES, find_tracks
from vmnet.errors import InputWarning, VmnetError

UNTAGGED = {".aac"}  # it is nothing but packets


def test_every_kind_of_file_is_made_in_the_tests():
    assert set(KINDS) == AUDIO_SUFFIXES


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_of_sound_alone_is_a_track_with_its_tags(suffix, tmp_path):
    path = write_sound(tmp_path / f"name{suffix}", title="Sólo  Tú", artist="Ñandú")
    (one,) = find_tracks(tmp_path)
    assert one.track_id == f"name{suffix}"
    expected = ("name", "") if suffix in UNTAGGED else ("Sólo Tú", "Ñandú")
    if suffix in (".aiff", ".aif"):  # FFmpeg writes no artist there
        expected = ("Sólo Tú", one.artist)
    assert (one.title, one.artist) == expected
    info = media.require(path, video=False)
    assert not info.has_video
    assert info.duration == pytest.approx(6.0, abs=0.6)  # some encoders pad, one drops its end
    sound = media.load_audio(path, 22_050)
    assert 0.2 < np.abs(sound).max() <= 1
    assert len(sound) == pytest.approx(22_050 * info.duration, abs=0.1 * 22_050)


def test_an_mp3_with_a_cover_is_sound_alone_and_odd_bytes_in_its_tags_survive(tmp_path):
    path = add_id3(write_sound(tmp_path / "a.mp3"), TIT2=b"Caf\xe9\x07 del\x81 Mar", TPE1=b"")
    (one,) = find_tracks(tmp_path)
    assert one.title.startswith("Café? del")
    assert one.title.isprintable()
    assert one.artist == ""
    info = media.probe(path)
    assert info.has_audio
    assert not info.has_video


def test_a_video_is_a_track_too(tmp_path):
    write(tmp_path / "film.mp4", gray(25), song(2.0)[:, :44100])
    assert [one.track_id for one in find_tracks(tmp_path)] == ["film.mp4"]


def test_others_are_counted_and_hidden_ones_are_not(tmp_path):
    write_sound(tmp_path / "deep" / "er" / "a.wav")
    for name in ("notes.txt", "cover.jpg", "more.txt", "README", "b.mp3.partial"):
        (tmp_path / name).write_bytes(b"x")
    for name in (".hidden.wav", ".partial-1-x.mp3", ".git/c.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(tmp_path / "deep" / "er" / "a.wav", tmp_path / name)
    (tmp_path / "gone.mp3").symlink_to(tmp_path / "nothing.mp3")
    expected = "2 .txt, 1 .partial, 1 .jpg, 1 .mp3 that cannot be read, 1 without a suffix"
    with pytest.warns(InputWarning) as caught:
        found = find_tracks(tmp_path)
    assert [one.track_id for one in found] == ["deep/er/a.wav"]
    (text,) = [str(one.message) for one in caught]
    assert sorted(text.partition("over: ")[2].rstrip(".").split(", ")) == sorted(
        expected.split(", ")
    )


def test_loops_of_links_end_and_a_linked_folder_is_searched_once(tmp_path):
    write_sound(tmp_path / "elsewhere" / "a.wav")
    music = tmp_path / "music"
    music.mkdir()
    (music / "one").symlink_to(tmp_path / "elsewhere")
    (music / "two").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(music)
    assert [one.track_id for one in find_tracks(music)] == ["one/a.wav"]


def test_names_that_are_no_text_keep_their_paths(tmp_path):
    write_sound(tmp_path / "a.wav")
    for name in (b"caf\xe9.wav", b"two\nlines.wav", b"two?lines.wav"):
        shutil.copy(tmp_path / "a.wav", os.path.join(os.fsencode(tmp_path), name))
    found = {one.track_id: one for one in find_tracks(tmp_path)}
    assert len(found) == 4
    assert all(name.isprintable() for name in found)
    assert os.fsencode(found["caf?.wav"].path.name) == b"caf\xe9.wav"
    assert found["two?lines.wav"].path.name == "two\nlines.wav"
    assert all(one.path.exists() and one.title.isprintable() for one in found.values())


def test_a_moved_file_keeps_its_content_and_a_known_one_is_not_read_again(tmp_path):
    path = write_sound(tmp_path / "a.wav")
    (before,) = find_tracks(tmp_path)
    (again,) = find_tracks(tmp_path, {before.track_id: before})
    assert again is before
    path.rename(tmp_path / "b.wav")
    (moved,) = find_tracks(tmp_path, {before.track_id: before})
    assert (moved.track_id, moved.content) == ("b.wav", before.content)
    write_sound(tmp_path / "b.wav", song(pitch=330.0))
    (changed,) = find_tracks(tmp_path, {moved.track_id: moved})
    assert changed.content != moved.content


def test_a_folder_without_music_is_refused(tmp_path):
    with pytest.raises(VmnetError, match="is not a folder"):
        find_tracks(tmp_path / "nothing")
    (tmp_path / "a.txt").touch()
    with pytest.raises(VmnetError, match=r"holds no music \(passed over: 1 \.txt\)"):
        find_tracks(tmp_path)


def test_the_index_inside_the_music_is_no_music(tmp_path):
    write_sound(tmp_path / "a.wav")
    write_sound(tmp_path / "index" / "b.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(find_tracks(tmp_path, without=tmp_path / "index")) == 1
