"""Public sets of features, in their published shapes and with drawn numbers, become corpora."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from vmnet import cli, open_run, store
from vmnet.corpus.clips import EXTRA, SPLITS, Clip
from vmnet.corpus.features import features_corpus
from vmnet.corpus.imports import (
    IMPORTERS,
    ClipArrays,
    Import,
    Importer,
    import_set,
    writing,
)
from vmnet.corpus.imports.harmonix import sections
from vmnet.corpus.imports.muvi_sync import KINDS, PARTS, artist, chord
from vmnet.errors import VmnetError

RNG = np.random.default_rng(0)


def clips_of(folder):
    """Return the clips of a corpus by their ids, and its source."""
    corpus = features_corpus(folder, 0, progress=False)
    return {clip.clip_id: clip for clip in corpus.clips}, corpus.source


def counts(folder):
    clips, _ = clips_of(folder)
    return [sum(clip.split == split for clip in clips.values()) for split in (*SPLITS, EXTRA)]


# --- YouTube-8M's video level ---------------------------------------------------------------------


def record(clip_id, labels=(14,), **more):
    """Return a serialised Example as the video level has them."""
    floats = {"mean_rgb": RNG.normal(size=1024), "mean_audio": RNG.normal(size=128)} | more
    feature = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=values))
        for name, values in floats.items()
        if values is not None
    }
    feature["id"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[clip_id.encode()]))
    feature["labels"] = tf.train.Feature(int64_list=tf.train.Int64List(value=labels))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def shard(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for one in records:
            writer.write(one)
    return path


def table(path, ids, labels_of, as_bytes=False, **more):
    """Write a table; labels are text, or joined numbers with bytes for features."""
    n = len(ids)
    if as_bytes:
        draw = {"mean_rgb": 1024, "mean_audio": 128}
        arrays = {name: RNG.integers(0, 256, (n, dim), np.uint8) for name, dim in draw.items()}
        arrays["labels"] = np.array([label for some in labels_of for label in some])
        arrays["n_labels"] = np.array([len(some) for some in labels_of])
    else:
        arrays = {
            "mean_rgb": RNG.normal(size=(n, 1024)).astype(np.float16),
            "mean_audio": RNG.normal(size=(n, 128)).astype(np.float16),
            "labels": np.array([" ".join(map(str, some)) for some in labels_of]),
        }
    arrays = {"id": np.array(ids)} | arrays | more
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return arrays


@pytest.fixture
def videos(tmp_path):
    """A shard of 20 music videos, and a table of 12 others."""
    folder = tmp_path / "yt8m"
    shard(folder / "a.tfrecord", *(record(f"m{i:02}", (14, i)) for i in range(20)))
    table(folder / "b.npz", [f"o{i:02}" for i in range(12)], [(3 + i % 2,) for i in range(12)])
    return folder


def video_level(source, output, **options):
    return import_set("youtube8m-video", source, output, **options)


def test_records_come_back_as_they_were(tmp_path):
    rgb, audio = RNG.normal(size=1024), RNG.normal(size=128)
    shard(tmp_path / "s.tfrecord", *(record(f"v{i}", mean_rgb=rgb * i, mean_audio=audio * i)
                                     for i in range(6)))  # fmt: skip
    said = video_level(tmp_path / "s.tfrecord", tmp_path / "out")
    assert said[0] == f"6 clips: {tmp_path / 'out'}"
    assert said[1:] == [
        "train 2, valid 2, test 2",
        "video 1024, music 128 values; boundaries: none",
    ]
    clips, source = clips_of(tmp_path / "out")
    loaded = source.load(clips["v3"])
    np.testing.assert_array_equal(loaded.frames["video"], np.float32(rgb[None] * 3))
    np.testing.assert_array_equal(loaded.frames["music"], np.float32(audio[None] * 3))
    assert loaded.boundaries["foote"].tolist() == [0, 1]
    assert clips["v3"].title == "v3"


def test_tables_of_floats_and_of_bytes_are_read(tmp_path):
    ids, labels = [f"v{i}" for i in range(7)], [(14,), (1, 14), (2,), (14, 3), (14,), (14,), (14,)]
    for as_bytes in (False, True):
        arrays = table(tmp_path / "t.npz", ids, labels, as_bytes)
        output = tmp_path / f"out{as_bytes}"
        video_level(tmp_path / "t.npz", output, labels=[14])
        clips, source = clips_of(output)
        assert sorted(clips) == ["v0", "v1", "v3", "v4", "v5", "v6"]
        row = arrays["mean_rgb"][3:4]
        row = row / 255 * 4 - 2 if as_bytes else row
        np.testing.assert_allclose(source.load(clips["v3"]).frames["video"], row, atol=1e-6)


def test_wanted_videos_are_split_by_the_sizes_and_others_are_extra(videos, tmp_path):
    said = video_level(videos, tmp_path / "a", labels=[14], sizes=[7, 3, 8])
    assert counts(tmp_path / "a") == [7, 3, 8, 0]
    assert "train 7, valid 3, test 8" in said
    assert "left out: 12 videos that were not asked for" in said
    assert "left out: 2 videos that no split wants" in said
    said = video_level(videos, tmp_path / "b", labels=[14], sizes=[7, 3, 8], others=5)
    assert counts(tmp_path / "b") == [7, 3, 8, 5]
    assert "train 7, valid 3, test 8, extra 5" in said
    alone, more = clips_of(tmp_path / "a")[0], clips_of(tmp_path / "b")[0]
    assert {name: more[name].split for name in alone} == {n: c.split for n, c in alone.items()}
    assert {clip.split for name, clip in more.items() if name[0] == "o"} == {EXTRA}


def test_others_can_be_all_or_of_some_labels(videos, tmp_path):
    video_level(videos, tmp_path / "all", labels=[14], others=None)
    assert sum(counts(tmp_path / "all")) == 32
    video_level(videos, tmp_path / "some", labels=[14], other_labels=[3])
    assert sum(name[0] == "o" for name in clips_of(tmp_path / "some")[0]) == 6
    with pytest.raises(VmnetError, match="there are only 6 other videos"):
        video_level(videos, tmp_path / "x", labels=[14], others=7, other_labels=[3])
    with pytest.raises(VmnetError, match="say which are, with --labels"):
        video_level(videos, tmp_path / "x", others=7)
    assert not (tmp_path / "x").exists()


def test_the_seed_decides_the_splits_and_the_others(videos, tmp_path):
    draws = []
    for seed in (0, 0, 1):
        output = tmp_path / f"out{len(draws)}"
        video_level(videos, output, labels=[14], sizes=[5, 5, 5], others=4, seed=seed)
        draws.append((output / "manifest.csv").read_text())
    assert draws[0] == draws[1] != draws[2]


def test_a_list_of_ids_gives_splits_and_may_name_strangers(videos, tmp_path):
    ids = [f"m{i:02},{SPLITS[i % 3]}" for i in range(9)]
    (tmp_path / "ids.csv").write_text("\n".join(["clip_id,split", *ids, "nobody,test"]))
    said = video_level(videos, tmp_path / "out", ids=tmp_path / "ids.csv")
    clips, _ = clips_of(tmp_path / "out")
    assert {f"{name},{clip.split}" for name, clip in clips.items()} == set(ids)
    assert "left out: 1 ids that are in no file: nobody" in said
    (tmp_path / "ids.txt").write_text("nobody")
    with pytest.raises(VmnetError, match="none of its 32 videos is asked for"):
        video_level(videos, tmp_path / "x", ids=tmp_path / "ids.txt")


def test_ids_that_differ_in_case_alone_are_two_clips(tmp_path):
    ids = ["aBcd", "AbcD", "x1", "x2", "x3", "x4"]
    shard(tmp_path / "s.tfrecord", *map(record, ids))
    said = video_level(tmp_path / "s.tfrecord", tmp_path / "out")
    clips, _ = clips_of(tmp_path / "out")
    assert len(clips) == 6
    assert sorted(clip.title for clip in clips.values()) == sorted(ids)
    assert "1 ids differ from others in case alone and got a mark; title has the id" in said


def test_what_is_damaged_is_left_out_and_said(videos, tmp_path):
    bad = [
        record("frame", mean_rgb=None),
        record("short", mean_audio=[1.0]),
        record("nan", mean_audio=np.full(128, np.nan)),
        record("a b"),
        record("m00"),
    ]
    path = shard(videos / "c.tfrecord", *bad, record("cut"))
    path.write_bytes(path.read_bytes()[:-100])
    said = "\n".join(video_level(videos, tmp_path / "out", labels=[14]))
    assert sum(counts(tmp_path / "out")) == 20
    for part in (
        "c.tfrecord, byte 0: its mean_rgb has 0 values, not 1024",
        "its mean_audio has 1 values",
        "its mean_audio has 128 values, not 128 finite ones",
        "'a b' is no video's id",
        "cut off, 100 bytes of a record are missing",
        "left out: 1 records whose id came before",
    ):
        assert part in said


BAD_TABLES = {
    "lacks the array mean_audio": {"mean_audio": None},
    r"mean_rgb is \(6, 3\), not \(6, 1024\)": {"mean_rgb": np.zeros((6, 3))},
    "its labels are not those of 6 videos": {"labels": np.array(["music"] * 6)},
    "are not those of 6": {"labels": np.arange(6), "n_labels": np.full(6, 2)},
}


@pytest.mark.parametrize("why", BAD_TABLES)
def test_a_bad_table_is_refused(tmp_path, why):
    table(tmp_path / "t.npz", [f"v{i}" for i in range(6)], [(14,)] * 6, **BAD_TABLES[why])
    with pytest.raises(VmnetError, match=why):
        video_level(tmp_path / "t.npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_holds_no_videos_is_refused(tmp_path, write_shards):
    (tmp_path / "empty").mkdir()
    with pytest.raises(VmnetError, match="holds no shards"):
        video_level(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(VmnetError, match="is not there: check the path"):
        video_level(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "x.npz").write_bytes(b"no archive")
    with pytest.raises(VmnetError, match=r"no .npz file that can be read"):
        video_level(tmp_path / "x.npz", tmp_path / "out")
    (tmp_path / "x.mp4").touch()
    with pytest.raises(VmnetError, match="neither a shard"):
        video_level(tmp_path / "x.mp4", tmp_path / "out")
    write_shards(tmp_path / "frames", 3)
    with pytest.raises(VmnetError, match="of the frame level"):
        video_level(tmp_path / "frames", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- MuVi-Sync ------------------------------------------------------------------------------------

SECONDS = 30
CHORDS = np.array(["N", "C", "A:min7", "G#:sus4", "F:hdim7"])


def write_lab(path, values, head=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(f"{t} {value}\n" for t, value in enumerate(values)))


def published(folder, n=9, without_split=(), seconds=None):
    """Write a tiny `dataset`; return the parts of each video by its number."""
    meta = folder / "dataset" / "vevo_meta"
    (meta / "split" / "v1").mkdir(parents=True)
    numbers = [f"{i:03}" for i in range(1, n + 1)]
    meta.joinpath("idlist.txt").write_text(
        "".join(f"{k}-Singer {k} ft. Guest - Song {k}\tyoutubeid{k[1:]}\n" for k in numbers)
    )
    for i, name in enumerate(("train", "val", "test")):
        mine = [k for k in numbers[i::3] if k not in without_split]
        (meta / "split" / "v1" / f"{name}.txt").write_text("\n".join(mine))
    parts = {}
    for number in numbers:
        length = (seconds or {}).get(number, SECONDS)
        parts[number] = draw_parts(length)
        for name, place in PARTS.items():
            path = folder / "dataset" / place.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == "clip":
                np.save(path, parts[number][name])
            else:
                write_lab(path, parts[number][name], "key C major\n" * ("chord" in name))
    return parts


def draw_parts(length=SECONDS):
    offsets = np.arange(length) % 7
    return {
        "clip": RNG.normal(1, 3, (length, 768)).astype(np.float32),
        "motion": RNG.uniform(0, 60, length).round(4),
        "scene_offset": offsets,
        "chord": RNG.choice(CHORDS, length),
        "chord_norm": RNG.choice(CHORDS, length),
        "loudness": RNG.uniform(0, 0.5, length).round(4),
        "note_density": RNG.integers(0, 30, length).astype(float),
    }


def sync(source, output, **options):
    return import_set("muvi-sync", source, output, **options)


def test_the_published_layout_becomes_a_corpus(tmp_path):
    published(tmp_path / "set", without_split=("005",))
    said = sync(tmp_path / "set", tmp_path / "out")
    assert said == [
        f"8 clips: {tmp_path / 'out'}",
        "train 3, valid 2, test 3",
        "video 769, music 54 values; boundaries: transnet",
        "left out: 1 videos without a published split: 005",
    ]
    clips, source = clips_of(tmp_path / "out")
    assert source.segmenters == ("foote", "sf", "transnet", "fixed")
    one = clips["003"]
    assert (one.split, one.title, one.artist) == (
        "test",
        "Singer 003 ft. Guest - Song 003",
        "singer 003",
    )
    assert source.load(one).boundaries["transnet"].tolist() == [0, 7, 14, 21, 28, 30]


def test_blocks_have_a_variance_of_one_over_the_training_videos(tmp_path):
    parts = published(tmp_path / "set")
    sync(tmp_path / "set" / "dataset", tmp_path / "out")
    clips, source = clips_of(tmp_path / "out")
    train = [source.load(clip).frames for clip in clips.values() if clip.split == "train"]
    ends = {"video": [0, 768, 769], "music": [0, 12, 26, 38, 52, 53, 54]}
    for modality, edges in ends.items():
        rows = np.concatenate([frames[modality] for frames in train])
        np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
        for start, stop in pairwise(edges):
            np.testing.assert_allclose(rows[:, start:stop].var(axis=0).sum(), 1, rtol=1e-4)
    # Within a block nothing is changed but for the scale: distances keep their proportions.
    test = source.load(clips["003"]).frames["video"][:, :768]
    raw = parts["003"]["clip"]
    ratio = np.linalg.norm(test[1:] - test[0], axis=1) / np.linalg.norm(raw[1:] - raw[0], axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_emotions_are_never_read(tmp_path):
    published(tmp_path / "set")
    emotions = tmp_path / "set" / "dataset" / "vevo_emotion" / "6c_l14p" / "all"
    sync(tmp_path / "set", tmp_path / "a")
    write_lab(emotions / "001.lab", ["nonsense"])
    assert sync(tmp_path / "set", tmp_path / "b")[1:] == sync(tmp_path / "set", tmp_path / "a")[1:]
    for name in ("001", "002"):
        first, second = (store.load_arrays(tmp_path / x / "features" / f"{name}.npz") for x in "ab")
        for key, array in first.items():
            np.testing.assert_array_equal(array, second[key])


@pytest.mark.parametrize(
    ("name", "classes"),
    [("C", {0, 4, 7}), ("A:min", {9, 0, 4}), ("B:7", {11, 3, 6, 9}), ("N", set())],
)
def test_a_chord_is_its_pitch_classes(name, classes):
    root, kind = chord(name)
    assert {(root + step) % 12 for step in KINDS[kind]} == classes


@pytest.mark.parametrize("name", ["H", "C:maj9", "C:N", "", "c"])
def test_what_is_no_chord_is_refused(name):
    with pytest.raises(ValueError, match="is no chord"):
        chord(name)


@pytest.mark.parametrize(
    ("title", "whose"),
    [
        ("Luis Fonsi - Despacito ft. Daddy Yankee", "luis fonsi"),
        ("LMFAO feat.  Lil Jon - Shots", "lmfao"),
        ("Left  Eye - X - Y", "left eye"),
        ("Waka Waka (Esto es Africa)", ""),
        ("Jay-Z - 99", "jay-z"),
    ],
)
def test_the_artist_is_named_first(title, whose):
    assert artist(title) == whose


def condensed(path, n=9):
    """Write a tiny condensed file; return its arrays."""
    length = n * SECONDS
    many = draw_parts(length)
    arrays = {
        "offsets": np.arange(0, length + 1, SECONDS),
        "ids": np.array([f"{i:03}" for i in range(1, n + 1)]),
        "youtube": np.array([f"youtubeid{i:02}" for i in range(1, n + 1)]),
        "title": np.array([f"Singer {i} - Song" for i in range(1, n + 1)]),
        "split": np.array([["train", "val", "test"][i % 3] for i in range(n)]),
        "clip_pca_u8": RNG.integers(0, 256, (length, 96), np.uint8),
        "clip_lo": np.full(96, -2.0, np.float32),
        "clip_hi": np.full(96, 5.0, np.float32),
        "chord_vocab": CHORDS,
        "chord": RNG.integers(0, len(CHORDS), length),
        "chord_norm": RNG.integers(0, len(CHORDS), length),
    }
    arrays |= {name: many[name] for name in ("motion", "scene_offset", "loudness", "note_density")}
    arrays["split"][-1] = ""
    np.savez(path, **arrays)
    return arrays


def test_the_condensed_file_becomes_a_corpus(tmp_path):
    arrays = condensed(tmp_path / "muvisync_1hz.npz")
    said = sync(tmp_path, tmp_path / "out")
    assert said[1] == "train 3, valid 3, test 2"
    assert said[2] == "video 97, music 54 values; boundaries: transnet"
    clips, source = clips_of(tmp_path / "out")
    rows = source.load(clips["002"]).frames["video"][:, :96]
    raw = arrays["clip_pca_u8"][30:60].astype(float)
    ratio = np.linalg.norm(rows[1:] - rows[0], axis=1) / np.linalg.norm(raw[1:] - raw[0], axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_parts_are_cut_to_the_shortest_and_counted(tmp_path):
    parts = published(tmp_path / "set")
    folder = tmp_path / "set" / "dataset"
    np.save(folder / PARTS["clip"].format("002"), parts["002"]["clip"][:-1])
    write_lab(folder / PARTS["loudness"].format("003"), parts["003"]["loudness"][:-5])
    said = sync(tmp_path / "set", tmp_path / "out")
    assert "2 videos have parts of different lengths: cut to the shortest" in said
    (named,) = [line for line in said if line.startswith("video 0")]
    assert named.startswith("video 003: its parts differ by 5 s (clip 30, ")
    clips, source = clips_of(tmp_path / "out")
    for name, seconds in {"001": 30, "002": 29, "003": 25}.items():
        loaded = source.load(clips[name])
        assert len(loaded.frames["video"]) == loaded.boundaries["transnet"][-1] == seconds


def test_videos_without_a_part_are_left_out(tmp_path):
    published(tmp_path / "set")
    (tmp_path / "set" / "dataset" / PARTS["clip"].format("004")).unlink()
    (tmp_path / "set" / "dataset" / PARTS["motion"].format("008")).unlink()
    said = sync(tmp_path / "set", tmp_path / "out")
    assert sorted(clips_of(tmp_path / "out")[0]) == [
        "001",
        "002",
        "003",
        "005",
        "006",
        "007",
        "009",
    ]
    assert "left out: 1 videos without vevo_semantic/all/2d/clip_l14p/<id>.npy: 004" in said
    assert "left out: 1 videos without vevo_motion/all/<id>.lab: 008" in said


BAD_LABS = {
    "invalid literal": "0 C\nx C\n",
    "its seconds are not": "0 C\n2 C\n",
    "'H' is no chord": "0 C\n1 H\n",
    "unpack": "",
}


@pytest.mark.parametrize("why", BAD_LABS)
def test_a_bad_file_is_named(tmp_path, why):
    published(tmp_path / "set")
    path = tmp_path / "set" / "dataset" / PARTS["chord"].format("002")
    path.write_text(BAD_LABS[why])
    with pytest.raises(VmnetError, match=rf"002.lab cannot be used .*{why}"):
        sync(tmp_path / "set", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_copy_is_refused(tmp_path):
    with pytest.raises(VmnetError, match="is no copy of MuVi-Sync"):
        sync(tmp_path, tmp_path / "out")
    published(tmp_path / "set")
    split = tmp_path / "set" / "dataset" / "vevo_meta" / "split" / "v1" / "val.txt"
    split.unlink()
    with pytest.raises(VmnetError, match=r"val.txt is missing"):
        sync(tmp_path / "set", tmp_path / "out")
    np.savez(tmp_path / "muvisync_1hz.npz", ids=np.zeros(3))
    with pytest.raises(VmnetError, match="lacks the array offsets"):
        sync(tmp_path, tmp_path / "out")


# --- Harmonix -------------------------------------------------------------------------------------


def harmonix(folder, durations, as_published=True):
    """Write sections of videos by number, whose recordings last so long."""
    (folder / "segments").mkdir(parents=True)
    rows = [(f"youtubeid{k[1:]}", f"00{k}_song", seconds) for k, seconds in durations.items()]
    for _, file, seconds in rows:
        lines = f"0.0 silence\n2.5 verse\n2.9 verse\n20.25 chorus\n{seconds} end\n"
        (folder / "segments" / f"{file}.txt").write_text(lines)
    if as_published:
        urls = [f"{file},http://www.youtube.com/watch?v={one}" for one, file, _ in rows]
        (folder / "youtube_urls.csv").write_text("\n".join(["File,URL", *urls]))
        table = [f"{file},Title,{seconds}" for _, file, seconds in rows]
        (folder / "metadata.csv").write_text("\n".join(["File,Title,Duration", *table]))
    else:
        table = ["\t".join(map(str, row)) for row in rows]
        head = "youtube\tharmonix_file\tharmonix_duration_s"
        (folder / "overlap.tsv").write_text("\n".join([head, *table]))
    return folder


@pytest.mark.parametrize("as_published", [True, False])
def test_sections_become_boundaries_where_the_lengths_agree(tmp_path, as_published):
    published(tmp_path / "set", seconds={"003": 28})
    durations = {"001": 30.5, "002": 34.9, "003": 33.5, "004": 26.0, "077": 30.0}
    folder = harmonix(tmp_path / "harmonix" / "dataset", durations, as_published)
    said = sync(tmp_path / "set", tmp_path / "out", sections=folder.parent)
    clips, source = clips_of(tmp_path / "out")
    assert sorted(clips) == ["001", "002", "004"]
    assert source.segmenters == ("foote", "sf", "transnet", "annotated", "fixed")
    # As they are, not stretched; what is under a second or past the end is merged.
    assert source.load(clips["001"]).boundaries["annotated"].tolist() == [0, 2.5, 20.25, 30]
    assert source.load(clips["004"]).boundaries["annotated"].tolist() == [0, 2.5, 20.25, 26, 30]
    assert "left out: 5 videos without sections" in said
    assert "left out: 1 videos whose annotated recording is more than 5 s longer or shorter" in said


def test_genres_of_annotated_videos_stand_in_the_manifest(tmp_path):
    published(tmp_path / "set")
    folder = harmonix(tmp_path / "h", {"001": 30.0, "002": 30.0})
    lines = (folder / "metadata.csv").read_text().splitlines()
    of_each = [lines[0] + ",Genre", lines[1] + ",Pop", lines[2] + ",R&B"]
    (folder / "metadata.csv").write_text("\n".join(of_each))
    sync(tmp_path / "set", tmp_path / "out")
    made = (tmp_path / "out" / "features" / "001.npz").stat().st_mtime_ns
    sync(tmp_path / "set", tmp_path / "out", events=folder)  # the same import, and more of it
    clips, _ = clips_of(tmp_path / "out")
    assert [clips[name].genre for name in ("001", "002", "003")] == ["Pop", "R&B", ""]
    assert (tmp_path / "out" / "features" / "001.npz").stat().st_mtime_ns == made


def test_sections_that_cannot_be_had_are_said_to_be(tmp_path):
    with pytest.raises(VmnetError, match="holds no folder segments"):
        sections(tmp_path, {})
    folder = harmonix(tmp_path / "h", {"001": 30.0})
    with pytest.raises(VmnetError, match="no video has sections here"):
        sections(folder, {"youtubeid01": 60.0})
    (folder / "segments" / "00001_song.txt").write_text("verse 3\n")
    with pytest.raises(VmnetError, match=r"00001_song.txt holds no sections"):
        sections(folder, {"youtubeid01": 30.0})
    (folder / "metadata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(VmnetError, match="its tables are not those"):
        sections(folder, {"youtubeid01": 30.0})
    (folder / "metadata.csv").unlink()
    with pytest.raises(VmnetError, match=r"metadata.csv cannot be read"):
        sections(folder, {"youtubeid01": 30.0})


# --- what is written ------------------------------------------------------------------------------


def drawn(n=6, fail_at=None, error=None):
    def load(clip):
        if clip.clip_id == fail_at:
            raise error
        return ClipArrays(np.full((3, 2), float(clip.clip_id[1:])), np.ones((3, 4)))

    clips = tuple(Clip(f"c{i}", None, SPLITS[i % 3]) for i in range(n))
    return Import(clips, load, "drawn")


@pytest.mark.parametrize("error", [VmnetError("no more"), KeyboardInterrupt()])
def test_half_an_import_is_no_corpus_and_is_gone_on_with(tmp_path, error):
    output = tmp_path / "out"
    with pytest.raises(type(error)):
        writing.write(drawn(fail_at="c3", error=error), output, progress=False)
    assert not (output / "manifest.csv").exists()
    assert sorted(path.name for path in (output / "features").iterdir()) == [
        "c0.npz", "c1.npz", "c2.npz",
    ]  # fmt: skip
    with pytest.raises(VmnetError):
        open_run("toy", corpus=str(output))
    before = (output / "features" / "c0.npz").stat().st_mtime_ns
    writing.write(drawn(), output, progress=False)
    assert (output / "features" / "c0.npz").stat().st_mtime_ns == before
    assert counts(output) == [2, 2, 2, 0]
    date = (output / "manifest.csv").stat().st_mtime_ns
    assert writing.write(drawn(), output, progress=False)[0] == f"6 clips: {output}"
    assert (output / "manifest.csv").stat().st_mtime_ns == date


def test_a_folder_that_holds_other_things_is_left_alone(videos, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(VmnetError, match="holds other things already"):
        video_level(videos, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
    with pytest.raises(VmnetError, match="is a file"):
        video_level(videos, tmp_path / "full" / "letter.txt")
    video_level(videos, tmp_path / "out", labels=[14])
    with pytest.raises(VmnetError, match="an import with other options"):
        video_level(videos, tmp_path / "out", labels=[14], seed=1)


def test_an_importer_is_a_function_and_a_line(monkeypatch, tmp_path, capsys):
    def mine(source):
        """Import mine.

        example: vmnet import mine in out
        """
        return drawn()

    monkeypatch.setitem(IMPORTERS, "mine", Importer(mine))
    assert cli.main(["import", "mine", str(tmp_path), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith("6 clips: ")


# --- the command ----------------------------------------------------------------------------------


def test_the_command_writes_a_corpus_that_opens(videos, tmp_path, capsys):
    words = ["import", "youtube8m-video", str(videos), str(tmp_path / "out")]
    more = ["--labels", "14", "--sizes", "8", "4", "8", "--others", "all", "--seed", "3"]
    assert cli.main([*words, *more]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"32 clips: {tmp_path / 'out'}", "train 8, valid 4, test 8, extra 12"]
    run = open_run("toy", corpus=str(tmp_path / "out"))
    assert run.corpus.kind == "features"
    assert run.segmenters == ("foote", "sf")
    assert [len(run.corpus.split(name)) for name in run.corpus.splits] == [8, 4, 8, 12]


def test_an_imported_corpus_can_be_cut_as_annotated(tmp_path, capsys):
    published(tmp_path / "set")
    harmonix(tmp_path / "h", {f"{i:03}": 30.0 for i in range(1, 10)})
    words = ["import", "muvi-sync", str(tmp_path / "set"), str(tmp_path / "out")]
    assert cli.main([*words, "--sections", str(tmp_path / "h")]) == 0
    assert "boundaries: transnet, annotated" in capsys.readouterr().out
    run = open_run("toy", corpus=str(tmp_path / "out"))
    assert run.segmenters == ("foote", "sf", "transnet")
    assert open_run("toy", corpus=str(tmp_path / "out"), segmenters=["annotated"]).segmenters == (
        "annotated",
    )


def test_the_command_says_in_a_sentence_what_is_wrong(tmp_path, capsys):
    words = ["import", "muvi-sync", str(tmp_path / "nowhere"), str(tmp_path / "out")]
    assert cli.main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"vmnet: {tmp_path / 'nowhere'} is not there: check the path."
    assert cli.main(["import", "youtube8m-video", "a", "b", "--others", "some"]) == 2


@pytest.mark.parametrize("name", IMPORTERS)
def test_each_set_has_an_example_that_its_parser_takes(name, capsys):
    assert cli.main(["import", name, "--help"]) == 0
    example = capsys.readouterr().out.split("example: vmnet ")[1].splitlines()[0]
    arguments = cli.build_parser().parse_args(example.split())
    assert arguments.function.args == (name,)
