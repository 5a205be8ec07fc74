"""A folder of tagged music: which file is which track, what is left out and said."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from vmnet.config import ThesisSize
from vmnet.errors import ManifestError, VmnetError
from vmnet.similarity.catalog import folder_catalog, open_catalog, report

HEADER = "track,tag,artist"


def folder_of(place: Path, files: list[str], lines: list[str]) -> Path:
    for name in files:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(place / name, np.zeros(800, np.float32), 8000)
    (place / "tags.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return place


def test_a_track_is_named_by_its_path_or_by_a_name_that_is_its_own(tmp_path: Path) -> None:
    files = ["one.wav", "deep/er/two.flac", "deep/three.wav"]
    lines = ["one.wav,Jazz,A", "two,Jazz,B", "deep/three,Rock,C"]
    catalog = folder_catalog(folder_of(tmp_path, files, lines))
    assert catalog.kind == "real"
    assert not catalog.failures
    found = dict(zip(catalog.tracks.ids, catalog.paths, strict=True))
    assert {name: path.name for name, path in found.items()} == {
        "one.wav": "one.wav", "two": "two.flac", "deep/three": "three.wav",
    }  # fmt: skip


def test_missing_and_ambiguous_tracks_are_left_out_and_said(tmp_path: Path, capsys) -> None:
    files = ["a/x.wav", "b/x.wav", "y.wav", ".hidden/z.wav"]
    lines = ["x,Jazz,A", "y,Jazz,A", "z,Jazz,B", "../y.wav,Rock,B", "b/x.wav,Rock,B"]
    catalog = folder_catalog(folder_of(tmp_path, files, lines))
    assert catalog.tracks.ids == ("b/x.wav", "y")
    assert set(catalog.failures) == {"x", "z", "../y.wav"}
    assert "2 files have that name" in catalog.failures["x"]
    report(catalog)
    said = capsys.readouterr().err
    assert "3 of 5 tracks were left out" in said
    assert said.count("\n") == 4


def test_tracks_that_fail_later_are_left_out_of_everything(tmp_path: Path) -> None:
    lines = [f"{name},Jazz,{name}" for name in "abc"]
    catalog = folder_catalog(folder_of(tmp_path, ["a.wav", "b.wav", "c.wav"], lines))
    left = catalog.without({"b": "it is silent."})
    assert left.tracks.ids == ("a", "c")
    assert [path.name for path in left.paths] == ["a.wav", "c.wav"]
    assert left.failures == {"b": "it is silent."}


def test_no_artist_is_in_two_splits_and_small_catalogs_are_refused(tmp_path: Path) -> None:
    names = [f"t{i}" for i in range(40)]
    lines = [f"{name},Jazz,artist {i // 4}" for i, name in enumerate(names)]
    catalog = folder_catalog(folder_of(tmp_path, [f"{name}.wav" for name in names], lines))
    splits = catalog.splits(0)
    owners = {split: {catalog.tracks.artists[i] for i in found} for split, found in splits.items()}
    assert sum(map(len, owners.values())) == 10
    assert {split: len(found) for split, found in splits.items()} == {
        "train": 24, "valid": 8, "test": 8,
    }  # fmt: skip
    with pytest.raises(VmnetError, match="too few usable tracks"):
        catalog.without(dict.fromkeys(names[:20], "gone")).splits(0)


def test_a_second_annotator_must_know_the_same_tracks_and_tags(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a.wav", "b.wav"], ["a,Jazz,A", "b,Rock,B"])
    (tmp_path / "second").mkdir()
    second = tmp_path / "second/tags.csv"
    second.write_text(f"{HEADER}\nb,Jazz,B\na,Rock,A\n")
    opened = folder_catalog(folder).second
    assert opened is not None
    assert opened.ids == ("a", "b")
    assert opened.weights.tolist() == [[0, 1], [1, 0]]
    second.write_text(f"{HEADER}\na,Rock,A\n")
    with pytest.raises(VmnetError, match="other tracks or tags"):
        folder_catalog(folder)


def test_folders_that_cannot_be_used_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(VmnetError, match=r"holds no tags\.csv"):
        open_catalog(str(tmp_path / "nowhere"), ThesisSize(), 0, 1)
    folder_of(tmp_path, [], ["a,Jazz,A"])
    with pytest.raises(VmnetError, match="no track of"):
        folder_catalog(tmp_path)
    (tmp_path / "tags.csv").write_text("track,tag\na,b\n")
    with pytest.raises(ManifestError):
        folder_catalog(tmp_path)
