"""A folder of feature files: what is read back, what is refused, and in which words."""

import pickle
import zipfile

import numpy as np
import pytest

from vmnet.corpus import SPLITS, Clip, Corpus, features, joined
from vmnet.corpus.features import KIND, features_corpus, is_features, save_features
from vmnet.corpus.kinds import folder_kind
from vmnet.corpus.manifest import write_manifest
from vmnet.corpus.media_source import MediaSource
from vmnet.errors import ManifestError, VmnetError
from vmnet.segmenters.frames import frame_boundaries

RNG = np.random.default_rng(0)


def frames(n=40, dim=8):
    return RNG.normal(size=(n, dim)).astype(np.float32)


def fill(folder, n_clips=6, manifest=True, **more):
    """Write a folder of feature files; return it."""
    folder.mkdir(exist_ok=True)
    clips = [
        Clip(f"c{i}", folder / "features" / f"c{i}.npz" if manifest else folder / f"c{i}.npz",
             SPLITS[i % 3], title=f"Clip {i}")
        for i in range(n_clips)
    ]  # fmt: skip
    for clip in clips:
        save_features(clip.path, frames(), frames(dim=4), **more)
    if manifest:
        write_manifest(folder / "manifest.csv", clips)
    return folder


def no_look(folder, clips, progress):
    raise AssertionError(f"{len(clips)} files of {folder} are looked at again, {progress=}")


def test_files_that_do_not_change_are_checked_once(tmp_path, monkeypatch):
    folder = fill(tmp_path / "d", boundaries={"olda": [0, 10, 40]})
    memory = tmp_path / "data" / "checked.json"
    first = features_corpus(folder, 0, progress=False, memory=memory)
    with monkeypatch.context() as patch:
        patch.setattr(features, "_checked_shapes", no_look)
        again = features_corpus(folder, 0, progress=False, memory=memory)
    assert again.clips == first.clips
    assert vars(again.source) == vars(first.source)
    overwrite(folder, video=frames(), music=frames())
    with pytest.raises(VmnetError, match="it lacks the array boundaries_olda"):
        features_corpus(folder, 0, progress=False, memory=memory)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"checked": 0, "shapes": 0}'])
def test_a_memory_of_something_else_is_no_memory(tmp_path, text):
    (tmp_path / "checked.json").write_text(text)
    folder = fill(tmp_path / "d")
    corpus = features_corpus(folder, 0, progress=False, memory=tmp_path / "checked.json")
    assert vars(corpus.source) == vars(opened(folder).source)


def overwrite(folder, number=1, **arrays):
    """Give a clip other arrays, valid or not."""
    np.savez(folder / "features" / f"c{number}.npz", **arrays)


def opened(folder, seed=0):
    return features_corpus(folder, seed, progress=False)


def test_what_was_saved_comes_back(tmp_path):
    video, music, whole = frames(33, 1024), frames(33, 128), frames(1, 1140)
    edges = {"olda": [0, 10.5, 33.2], "transnet": [0, 3, 6, 33.2]}
    folder = tmp_path / "shared"
    folder.mkdir()
    save_features(folder / "a.npz", video, music, whole, edges)
    write_manifest(folder / "manifest.csv", [Clip("a", folder / "a.npz", "test", "T", "g", "x")])
    corpus = opened(folder)
    assert (corpus.name, corpus.kind, corpus.split_seed) == ("shared", KIND, None)
    assert corpus.clips == (Clip("a", folder / "a.npz", "test", "T", "g", "x"),)
    source = pickle.loads(pickle.dumps(corpus.source))
    assert list(source.extractors) == ["video", "music", "handcrafted"]
    assert source.segmenters == ("olda", "transnet", "fixed")
    loaded = source.load(corpus.clips[0])
    for name, rows in (("video", video), ("music", music), ("handcrafted", whole)):
        np.testing.assert_array_equal(loaded.frames[name], rows)
        assert loaded.frames[name].dtype == np.float32
    assert loaded.boundaries["olda"].tolist() == edges["olda"]
    assert loaded.boundaries["fixed"].tolist() == [0, 20, 33.2]
    assert all(found.dtype == np.float64 for found in loaded.boundaries.values())


def test_boundaries_are_found_where_none_are_given(tmp_path):
    corpus = opened(fill(tmp_path / "d"))
    assert corpus.source.segmenters == ("foote", "sf", "fixed")
    loaded = corpus.source.load(corpus.clips[2])
    for name, edges in frame_boundaries(loaded.frames["music"]).items():
        np.testing.assert_array_equal(loaded.boundaries[name], edges)


BOTH = "features and the files"
GIVEN = {
    "shots": ({"transnet": [0, 3, 40.4]}, ("foote", "sf", "transnet", "fixed"), BOTH),
    "sections": ({"annotated": [0, 9, 39.6]}, ("foote", "sf", "annotated", "fixed"), BOTH),
    "some of the sound": (
        {"olda": [0, 40], "transnet": [0, 3, 40]}, ("olda", "transnet", "fixed"), "the files",
    ),
    "own ones": ({"thirds": [0, 13, 40]}, ("thirds", "fixed"), "the files"),
    "fixed alone": ({"fixed": [0, 40]}, ("fixed",), "the files"),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_foote_and_sf_are_found_beside_shots_and_sections_alone(tmp_path, name):
    edges, segmenters, makers = GIVEN[name]
    corpus = opened(fill(tmp_path / "d", boundaries=edges))
    assert corpus.source.segmenters == segmenters
    assert corpus.source.boundaries_from == makers
    loaded = corpus.source.load(corpus.clips[2])
    given = {key: times.tolist() for key, times in loaded.boundaries.items() if key in edges}
    assert given == edges
    (end,) = {times[-1] for times in edges.values()}
    assert {times[-1] for times in loaded.boundaries.values()} == {end}
    if "foote" in segmenters:
        found = frame_boundaries(loaded.frames["music"])
        for key, times in found.items():
            assert loaded.boundaries[key].tolist() == [*times[:-1], end]


def test_a_last_cut_that_is_found_too_near_the_given_end_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "vmnet.segmenters.frames.frame_boundaries",
        lambda frames, methods: {name: np.array([0.0, 20.0, 39.0, 40.0]) for name in methods},
    )
    corpus = opened(fill(tmp_path / "d", boundaries={"transnet": [0, 3, 39.4]}))
    assert corpus.source.load(corpus.clips[0]).boundaries["foote"].tolist() == [0, 20, 39.4]


@pytest.mark.parametrize("edges", [None, {"olda": [0.0, 100.0, 200.0]}, {"transnet": [0.0, 200.0]}])
def test_a_clip_with_one_row_is_a_clip(tmp_path, edges):
    folder = fill(tmp_path / "d")
    for i in range(6):
        save_features(folder / "features" / f"c{i}.npz", frames(1), frames(1, 4), boundaries=edges)
    corpus = opened(folder)
    loaded = corpus.source.load(corpus.clips[0])
    assert len(loaded.frames["video"]) == len(loaded.frames["music"]) == 1
    for name in corpus.source.segmenters:
        assert loaded.boundaries[name][-1] == (200 if edges else 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_floating_point_numbers_will_do(tmp_path, dtype):
    folder = fill(tmp_path / "d")
    overwrite(folder, 1, video=frames().astype(dtype), music=frames(dim=4).astype(dtype))
    corpus = opened(folder)
    assert corpus.source.load(corpus.clips[1]).frames["video"].dtype == np.float32


def test_compressed_files_and_strange_arrays_are_read(tmp_path):
    folder = fill(tmp_path / "d")
    np.savez_compressed(
        folder / "features" / "c1.npz",
        video=frames(), music=frames(dim=4), notes=np.array(["by", "hand"]),
    )  # fmt: skip
    corpus = opened(folder)
    assert len(corpus.source.load(corpus.clips[1]).frames["video"]) == 40


def test_without_a_manifest_every_file_is_a_clip(tmp_path):
    folder = fill(tmp_path / "d", n_clips=10, manifest=False)
    corpus = opened(folder, seed=3)
    assert [clip.clip_id for clip in corpus.clips] == [f"c{i}" for i in range(10)]
    assert [len(corpus.split(name)) for name in SPLITS] == [6, 2, 2]
    assert opened(folder, seed=3).clips == corpus.clips
    assert any(opened(folder, seed=seed).clips != corpus.clips for seed in range(3))
    (tmp_path / "few").mkdir()
    with pytest.raises(VmnetError, match="at least 6"):
        opened(tmp_path / "few")


BAD = {
    "no music": ({"video": frames()}, "lacks the array music"),
    "no video": ({"music": frames()}, "lacks the array video"),
    "flat": ({"video": frames()[0], "music": frames(dim=4)}, r"video is \(8,\), not"),
    "no rows": ({"video": frames(0), "music": frames(0, 4)}, r"video is \(0, 8\), not"),
    "no columns": ({"video": frames(40, 0), "music": frames(dim=4)}, "video is"),
    "uneven": ({"video": frames(40), "music": frames(39, 4)}, "40 rows of video and 39 of music"),
    "other dims": ({"video": frames(), "music": frames(dim=5)}, "5 dimensions, and 4 in c0.npz"),
    "objects": ({"video": np.array([[{}]]), "music": frames(dim=4)}, "video holds object"),
    "integers": ({"video": np.ones((40, 8), int), "music": frames(dim=4)}, "video holds int64"),
    "extra": (
        {"video": frames(), "music": frames(dim=4), "handcrafted": frames(1, 9)},
        "has an array handcrafted, which c0.npz lacks",
    ),
    "two rows": (
        {"video": frames(), "music": frames(dim=4), "handcrafted": frames(2, 9)},
        r"handcrafted is \(2, 9\), not \(1, dim\)",
    ),
    "boundaries": (
        {"video": frames(), "music": frames(dim=4), "boundaries_sf": frames()},
        r"boundaries_sf is \(40, 8\)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path, name):
    arrays, why = BAD[name]
    folder = fill(tmp_path / "d")
    overwrite(folder, 2, **arrays)
    with pytest.raises(VmnetError, match=why) as refusal:
        opened(folder)
    assert len(str(refusal.value).splitlines()) == 2
    assert str(folder / "features" / "c2.npz") in str(refusal.value)


def test_every_bad_file_has_a_line(tmp_path):
    folder = fill(tmp_path / "d")
    overwrite(folder, 1, video=frames())
    (folder / "features" / "c3.npz").write_bytes(b"no archive")
    (folder / "features" / "c4.npz").write_bytes(b"")
    with zipfile.ZipFile(folder / "features" / "c5.npz", "w") as archive:
        archive.writestr("video.npy", b"\x93NUMPY\x01\x00")
    with pytest.raises(VmnetError) as refusal:
        opened(folder)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 5
    for line, number in zip(lines[1:], (1, 3, 4, 5), strict=True):
        assert f"c{number}.npz: it" in line


def test_a_file_that_lacks_what_the_first_has_is_refused(tmp_path):
    folder = fill(tmp_path / "d", boundaries={"sf": [0, 40]})
    overwrite(folder, 1, video=frames(), music=frames(dim=4))
    with pytest.raises(VmnetError, match=r"lacks the array boundaries_sf, which c0.npz has"):
        opened(folder)


VALUES = {
    "nan": ({"video": np.full((40, 8), np.nan), "music": frames(dim=4)}, "video has values"),
    "infinite": ({"video": frames(), "music": np.full((40, 4), np.inf)}, "music has values"),
    "start": ({"boundaries_sf": [1.0, 40.0]}, "boundaries_sf does not increase from 0"),
    "order": ({"boundaries_sf": [0.0, 9.0, 9.0, 40.0]}, "does not increase"),
    "end": ({"boundaries_sf": [0.0, 9.0, 30.0]}, "end at 30.0 s and its rows at 40 s"),
}


@pytest.mark.parametrize("name", VALUES)
def test_bad_values_are_found_when_they_are_read(tmp_path, name):
    arrays, why = VALUES[name]
    edges = {"sf": [0, 40]} if "boundaries_sf" in arrays else None
    folder = fill(tmp_path / "d", boundaries=edges)
    arrays = {"video": frames(), "music": frames(dim=4)} | arrays
    overwrite(folder, 1, **arrays)
    corpus = opened(folder)
    with pytest.raises(VmnetError, match=why) as refusal:
        corpus.source.load(corpus.clips[1])
    assert str(refusal.value).startswith("c1: ")
    corpus.source.load(corpus.clips[2])


def test_boundaries_of_one_clip_end_together(tmp_path):
    edges = {"sf": [0, 40.0], "foote": [0, 40.4]}
    with pytest.raises(VmnetError, match="end at different times"):
        save_features(tmp_path / "x.npz", frames(), frames(), boundaries=edges)


def test_nothing_bad_is_written(tmp_path):
    save = save_features
    with pytest.raises(VmnetError, match="40 rows of video and 30 of music"):
        save(tmp_path / "x.npz", frames(40), frames(30))
    with pytest.raises(VmnetError, match="not finite"):
        save(tmp_path / "x.npz", frames() * np.nan, frames())
    with pytest.raises(VmnetError, match=r"must end in .npz"):
        save(tmp_path / "x.npy", frames(), frames())
    with pytest.raises(VmnetError, match="segmenter's name"):
        save(tmp_path / "x.npz", frames(), frames(), boundaries={"a/b": [0, 40]})
    assert not list(tmp_path.iterdir())


def test_the_key_changes_with_a_file(tmp_path):
    folder = fill(tmp_path / "d")
    before = opened(folder).source.origin()
    assert opened(folder).source.origin() == before
    overwrite(folder, 3, video=frames(50), music=frames(50, 4))
    assert opened(folder).source.origin() != before


def test_a_file_that_changes_meanwhile_is_named(tmp_path):
    folder = fill(tmp_path / "d")
    corpus = opened(folder)
    corpus.clips[0].path.unlink()
    overwrite(folder, 1, music=frames())
    corpus.clips[2].path.write_bytes(b"PK")
    for clip in corpus.clips[:3]:
        with pytest.raises(VmnetError, match=rf"{clip.clip_id}.npz.*no longer"):
            corpus.source.load(clip)


# --- which kind of folder ------------------------------------------------------------------------


def test_a_folder_tells_what_it_holds(tmp_path):
    assert folder_kind(tmp_path) == "media"
    assert is_features(fill(tmp_path / "a"))
    assert folder_kind(tmp_path / "a") == "features"
    assert folder_kind(fill(tmp_path / "b", manifest=False)) == "features"
    (tmp_path / "c" / "more").mkdir(parents=True)
    (tmp_path / "c" / "more" / "x.mp4").touch()
    assert folder_kind(tmp_path / "c") == "media"
    assert not is_features(tmp_path / "c")
    (tmp_path / "d" / "media").mkdir(parents=True)
    (tmp_path / "d" / "train00.tfrecord").touch()
    (tmp_path / "d" / "media" / "x.mp4").touch()
    assert folder_kind(tmp_path / "d") == "youtube8m"


def test_two_kinds_in_one_folder_are_refused(tmp_path):
    folder = fill(tmp_path / "a")
    (folder / "train00.tfrecord").touch()
    with pytest.raises(VmnetError, match=r"shards .* and feature files"):
        folder_kind(folder)
    (folder / "train00.tfrecord").unlink()
    (folder / "x.mp4").touch()
    assert folder_kind(folder) == "features"  # the manifest says which files count
    with (folder / "manifest.csv").open("a") as manifest:
        manifest.write("x,x.mp4,test,,,\n")
    with pytest.raises(VmnetError, match=r"feature files .* and music videos"):
        folder_kind(folder)
    loose = fill(tmp_path / "b", manifest=False)
    (loose / "x.MP4").touch()
    with pytest.raises(VmnetError, match="music videos"):
        folder_kind(loose)


def test_a_manifest_that_names_a_missing_file_is_refused(tmp_path):
    folder = fill(tmp_path / "d")
    (folder / "features" / "c1.npz").unlink()
    with pytest.raises(ManifestError, match=r"c1.npz' is missing"):
        opened(folder)


# --- one corpus to train on, another to test on --------------------------------------------------


def renamed(folder, name, **more):
    """Return a features corpus whose clips are called by `name`."""
    corpus = opened(fill(folder, **more))
    clips = [Clip(f"{name}{c.clip_id}", c.path, c.split) for c in corpus.clips]
    write_manifest(folder / "manifest.csv", clips)
    return opened(folder)


def all_train(corpus):
    clips = tuple(Clip(c.clip_id, c.path, "train") for c in corpus.clips)
    return Corpus(corpus.name, corpus.kind, clips, corpus.source)


def test_a_joined_corpus_tests_on_the_other(tmp_path):
    edges = {"sf": [0, 20, 40], "olda": [0, 40]}
    himv = renamed(tmp_path / "himv", "h", boundaries=edges)
    mvd = renamed(tmp_path / "mvd", "m", boundaries={"sf": [0, 30, 40]}, handcrafted=frames(1))
    both = joined.tested_on(himv, mvd)
    assert both.name == "himv-mvd"
    assert both.kind == "features"
    assert [c.clip_id for c in both.clips] == ["hc0", "hc1", "hc3", "hc4", "mc2", "mc5"]
    source = pickle.loads(pickle.dumps(both.source))
    assert list(source.extractors) == ["video", "music"]
    assert source.segmenters == ("sf", "fixed")
    train, test = source.load(both.clips[0]), source.load(both.clips[-1])
    assert (train.boundaries["sf"].tolist(), test.boundaries["sf"].tolist()) == (
        [0, 20, 40],
        [0, 30, 40],
    )
    assert list(test.frames) == ["video", "music"]
    assert source.key(both.clips, (), ()) != source.key(both.clips[1:], (), ())


def test_segments_of_two_makes_are_said_to_be(tmp_path):
    given = renamed(tmp_path / "a", "a", boundaries={"sf": [0, 40]})
    found = renamed(tmp_path / "b", "b")
    kind = joined.tested_on(found, given).kind
    assert kind == "features; boundaries from features, test: from the files"


def test_corpora_that_do_not_fit_are_not_joined(tmp_path):
    one, same = renamed(tmp_path / "a", "a"), renamed(tmp_path / "b", "a")
    with pytest.raises(VmnetError, match=r"2 clips are in 'a' and in the test split of 'b' \(ac2"):
        joined.tested_on(all_train(one), same)
    wide = renamed(tmp_path / "c", "c")
    for clip in wide.clips:
        save_features(clip.path, frames(dim=9), frames(dim=4))
    with pytest.raises(VmnetError, match="video has 8 dimensions in 'a' and 9 in 'c'"):
        joined.tested_on(one, opened(tmp_path / "c"))
    olda = renamed(tmp_path / "d", "d", boundaries={"fixed": [0, 40]})
    assert joined.tested_on(one, olda).source.segmenters == ("fixed",)
    films = Corpus("films", "folder", wide.clips, MediaSource(tmp_path))
    with pytest.raises(VmnetError, match="export those of media files first"):
        joined.tested_on(one, films)
    with pytest.raises(VmnetError, match="no test clips"):
        joined.tested_on(one, all_train(renamed(tmp_path / "e", "e")))
