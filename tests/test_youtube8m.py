"""Shards written by TensorFlow are read back; damaged ones cost no more than they must."""

import gzip
import pickle
import struct
import zlib

import av
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from vmnet.corpus import Clip
from vmnet.corpus.youtube8m import Report, index, is_youtube8m, select_ids, youtube8m_corpus
from vmnet.corpus.youtube8m.selection import read_ids, split_by_size
from vmnet.corpus.youtube8m.tfrecord import Flaw, Record, masked_crc, read_record, read_records
from vmnet.errors import ManifestError, MediaError, VmnetError
from vmnet.features.pca import DEQUANTIZED

RNG = np.random.default_rng(0)


def byte_list(*values):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def example(clip_id, rgb, audio, labels=(1,), id_name="id"):
    """Return a serialised SequenceExample as the data set has them."""
    context = {id_name: byte_list(clip_id.encode())} if id_name else {}
    context["labels"] = tf.train.Feature(int64_list=tf.train.Int64List(value=labels))
    lists = {
        name: tf.train.FeatureList(feature=[byte_list(row.tobytes()) for row in rows])
        for name, rows in (("rgb", rgb), ("audio", audio))
        if rows is not None
    }
    return tf.train.SequenceExample(
        context=tf.train.Features(feature=context),
        feature_lists=tf.train.FeatureLists(feature_list=lists),
    ).SerializeToString()


def noise(n, dim):
    return RNG.integers(0, 256, (n, dim), dtype=np.uint8)


def video(clip_id, n=30, **more):
    return example(clip_id, noise(n, 1024), noise(n, 128), **more)


def write(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def place(path, number):
    """Return (offset of the record, length of its data)."""
    record = list(read_records(path))[number]
    return record.offset, len(record.data)


def spoil(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 0xFF
    path.write_bytes(data)


def opened(folder, **options):
    return youtube8m_corpus(folder, folder.parent / "cache", progress=False, **options)


@pytest.fixture
def folder(tmp_path):
    """Two shards, five clips each."""
    folder = tmp_path / "yt8m"
    for s in "ab":
        records = [video(f"{s}{i}", labels=(i, 100 if s == "a" else 200)) for i in range(5)]
        write(folder / s / f"train{s}.tfrecord", *records)
    return folder


# --- the file format -----------------------------------------------------------------------------


def test_records_are_those_that_tensorflow_reads(tmp_path):
    records = [RNG.bytes(n) for n in (0, 1, 10, 100_000)]
    path = write(tmp_path / "x.tfrecord", *records)
    theirs = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    ours = list(read_records(path))
    assert [record.data for record in ours] == theirs == records
    for record in ours:
        assert read_record(path, record.offset, len(record.data)) == record.data


def test_the_checksum_is_the_one_of_the_format():
    # CRC-32C of "123456789" is 0xE3069283 (RFC 3720, B.4)
    rotated = ((0xE3069283 >> 15) | (0xE3069283 << 17)) & 0xFFFFFFFF
    assert masked_crc(b"123456789") == (rotated + 0xA282EAD8) % 2**32


def test_damaged_data_cost_one_record(tmp_path):
    path = write(tmp_path / "x.tfrecord", b"first", b"second", b"third")
    offset, _ = place(path, 1)
    spoil(path, offset + 12)
    first, flaw, third = read_records(path)
    assert (first.data, third.data) == (b"first", b"third")
    assert flaw == Flaw(offset, "damaged data: download it anew")
    assert read_record(path, offset, 6) is None


def test_a_damaged_length_ends_the_shard(tmp_path):
    path = write(tmp_path / "x.tfrecord", b"first", b"second", b"third")
    offset, _ = place(path, 1)
    spoil(path, offset)
    first, flaw = read_records(path)
    assert isinstance(first, Record)
    assert flaw.offset == offset
    assert "length" in flaw.reason


@pytest.mark.parametrize("left", [1, 11, 12, 13, 20])
def test_a_shard_that_is_cut_off_keeps_what_is_whole(tmp_path, left):
    path = write(tmp_path / "x.tfrecord", b"first", b"second")
    offset, _ = place(path, 1)
    path.write_bytes(path.read_bytes()[: offset + left])
    first, flaw = read_records(path)
    assert first.data == b"first"
    assert flaw.offset == offset
    assert "cut off" in flaw.reason


def bare(**lists):
    return example("a", lists.get("rgb"), lists.get("audio"))


PAGE = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>"
DENIED = (
    b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code>"
    b"<Message>Access denied.</Message></Error>"
)


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"", "the file is empty", "download it anew"),
        (DENIED, "an XML page of a web server (AccessDenied), no shard", "download it anew"),
        (PAGE, "an HTML page of a web server (404 Not Found), no shard", "download it anew"),
        (b"<html>", "an HTML page of a web server, no shard", "download it anew"),
        (gzip.compress(b"any"), "it is gzip-compressed", "gunzip"),
        (zlib.compress(b"any"), "it is zlib-compressed", "zlib.decompress"),
        (b"PK\x03\x04...", "a ZIP archive", "unpack it"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS", "git lfs pull"),
        (bare(rgb=noise(3, 1024), audio=noise(3, 128)), "a bare SequenceExample", "TFRecordWriter"),
        (bare(), "a bare Example", "TFRecordWriter"),
        (b"any other file", "no TFRecord file, or its first length is damaged", "download it anew"),
        (b"short", "no TFRecord file, or its first length is damaged", "download it anew"),
    ],
    ids=[
        "empty", "xml", "html", "short html", "gzip", "zlib", "zip", "lfs", "bare sequence",
        "bare example", "other", "short",
    ],
)  # fmt: skip
def test_a_file_that_is_no_shard_is_called_what_it_is(folder, content, what, remedy):
    path = folder / "b" / "wrong.tfrecord"
    path.write_bytes(content)
    (flaw,) = read_records(path)
    assert flaw.offset == 0
    assert what in flaw.reason
    assert remedy in flaw.reason
    corpus, report = opened(folder)
    assert len(corpus.clips) == 10
    assert report.lines() == [f"{path}, byte 0: {flaw.reason}"]


def test_compressed_shards_are_no_empty_folder(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "x.tfrecord.gz"), "GZIP") as writer:
        writer.write(video("a"))
    assert is_youtube8m(tmp_path)
    with pytest.raises(VmnetError, match=r"x\.tfrecord\.gz.*gzip-compressed.*gunzip") as raised:
        opened(tmp_path)
    assert "\n" not in str(raised.value)


def video_level(clip_id):
    """Return a serialised Example as the data set's video level has them."""
    means = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=RNG.normal(size=dim)))
        for name, dim in (("mean_rgb", 1024), ("mean_audio", 128))
    }
    labels = tf.train.Feature(int64_list=tf.train.Int64List(value=[14]))
    feature = means | {"id": byte_list(clip_id.encode()), "labels": labels}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def test_shards_of_the_video_level_are_called_so_once_a_shard(folder):
    shard = write(folder / "validate.tfrecord", *[video_level(f"v{i}") for i in range(9)])
    corpus, report = opened(folder)
    assert len(corpus.clips) == 10
    assert len(report.damage) == 9
    (line,) = report.lines()
    assert line.startswith(f"{shard}, 9 records from byte 0 on: it is of the video level")
    assert "2/frame/" in line
    write(folder.parent / "alone" / "validate.tfrecord", video_level("v"))
    with pytest.raises(VmnetError, match=r"validate\.tfrecord, byte 0: it is of the video level"):
        opened(folder.parent / "alone")


def test_an_unheard_of_length_is_not_allocated(tmp_path):
    head = struct.pack("<Q", 2**60)
    path = tmp_path / "x.tfrecord"
    path.write_bytes(head + struct.pack("<I", masked_crc(head)) + b"data")
    (flaw,) = read_records(path)
    assert "cut off" in flaw.reason


# --- what a record says --------------------------------------------------------------------------


def test_bytes_become_what_the_starter_code_makes_of_them():
    # google/youtube-8m, utils.py, Dequantize: q * (range / 255) + range / 512 + minimum
    quantised = tf.cast(tf.range(256), tf.float32)
    theirs = quantised * (4.0 / 255.0) + ((4.0 / 512.0) - 2.0)
    np.testing.assert_array_equal(DEQUANTIZED, theirs.numpy())
    assert DEQUANTIZED.dtype == np.float32


def test_a_clip_comes_back_as_it_was_written(tmp_path):
    rgb, audio = noise(40, 1024), noise(40, 128)
    others = [video(f"x{i}") for i in range(6)]
    write(tmp_path / "d/s.tfrecord", *others[:3], example("a", rgb, audio), *others[3:])
    corpus, report = opened(tmp_path / "d")
    assert report == Report()
    assert (corpus.kind, corpus.name, len(corpus.clips)) == ("YouTube-8M features", "d", 7)
    clip = next(clip for clip in corpus.clips if clip.clip_id == "a")
    assert clip.path == tmp_path / "d/s.tfrecord"
    loaded = pickle.loads(pickle.dumps(corpus.source)).load(clip)
    np.testing.assert_array_equal(loaded.frames["video"], DEQUANTIZED[rgb])
    np.testing.assert_array_equal(loaded.frames["music"], DEQUANTIZED[audio])
    assert list(loaded.frames) == list(corpus.source.extractors)
    assert sorted(loaded.boundaries) == sorted(corpus.source.segmenters)
    assert loaded.boundaries["fixed"].tolist() == [0, 20, 40]
    assert not corpus.source.media
    for edges in loaded.boundaries.values():
        assert (edges[0], edges[-1]) == (0, 40)


def test_records_are_read_in_full_or_not_at_all():
    parse = index.parse_video
    found = parse(video("a", n=3, labels=(7, 9), id_name="video_id"))
    assert (found.clip_id, found.labels, len(found.frames["music"])) == ("a", (7, 9), 3)
    assert len(parse(video("a", n=305)).frames["video"]) == 300
    assert len(parse(video("a", n=1)).frames["video"]) == 1
    uneven = parse(example("a", noise(31, 1024), noise(30, 128)))
    assert {len(rows) for rows in uneven.frames.values()} == {30}
    assert parse(video("-_a")).clip_id == "-_a"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"not a message", "SequenceExample"),
        (video("a", id_name=""), "no id"),
        (video(""), "no video's id"),
        (video("../a"), "no video's id"),
        (video("a" * 200), "no video's id"),
        (example("a", None, noise(3, 128)), "no rgb"),
        (example("a", noise(3, 1024), None), "no audio"),
        (example("a", noise(0, 1024), noise(0, 128)), "no rgb"),
        (example("a", noise(3, 1000), noise(3, 128)), "1000"),
        (example("a", noise(9, 1024), noise(3, 128)), "9 s of rgb and 3 s of audio"),
    ],
    # The bytes must not name the tests: protobuf writes a map in any order.
    ids=[
        "no message",
        "no name of the id",
        "empty id",
        "path as id",
        "long id",
        "no rgb",
        "no audio",
        "empty",
        "1000 values",
        "uneven",
    ],
)
def test_a_record_that_is_no_video_says_why(record, why):
    with pytest.raises(ValueError, match=why):
        index.parse_video(record)


# --- the corpus ----------------------------------------------------------------------------------


def test_shards_are_found_in_subfolders_and_indexed_once(folder, monkeypatch):
    write(folder / ".hidden" / "x.tfrecord", video("hidden"))
    assert is_youtube8m(folder)
    assert not is_youtube8m(folder / "c")
    first, _ = opened(folder)
    assert {clip.clip_id for clip in first.clips} == {f"{s}{i}" for s in "ab" for i in range(5)}
    monkeypatch.setattr(index, "index_shard", lambda _: pytest.fail("indexed again"))
    second, _ = opened(folder)
    assert second.clips == first.clips
    assert second.source.origin() == first.source.origin()


def test_a_changed_shard_is_indexed_anew(folder):
    first, _ = opened(folder)
    write(folder / "b" / "trainb.tfrecord", *[video(f"c{i}") for i in range(5)])
    second, _ = opened(folder)
    assert {clip.clip_id[0] for clip in second.clips} == {"a", "c"}
    assert second.source.origin() != first.source.origin()
    with pytest.raises(VmnetError, match=r"b3.*trainb.tfrecord"):
        first.source.load(next(clip for clip in first.clips if clip.clip_id == "b3"))


def test_damage_is_reported_and_skipped(folder):
    path = folder / "b" / "trainb.tfrecord"
    (second, _), (last, _) = place(path, 1), place(path, 4)
    path.write_bytes(path.read_bytes()[:-5])
    spoil(path, second + 50)
    (folder / "c.tfrecord").touch()
    write(folder / "d.tfrecord", b"junk", video("d0"))
    corpus, report = opened(folder, jobs=2)
    names = {clip.clip_id for clip in corpus.clips}
    assert names == {"a0", "a1", "a2", "a3", "a4", "b0", "b2", "b3", "d0"}
    assert [(at.shard.name, at.offset) for at in report.damage] == [
        ("trainb.tfrecord", second),
        ("trainb.tfrecord", last),
        ("c.tfrecord", 0),
        ("d.tfrecord", 0),
    ]
    assert len(report.lines()) == 4
    assert f"trainb.tfrecord, byte {second}: damaged data" in report.lines()[0]
    for clip in corpus.clips:
        assert len(corpus.source.load(clip).frames["music"]) == 30


def test_a_shard_that_cannot_be_opened_is_reported(folder, monkeypatch):
    real = index.read_records

    def read(path):
        if path.name == "trainb.tfrecord":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(index, "read_records", read)
    write(folder / "a" / "more.tfrecord", video("a5"))
    corpus, report = opened(folder)
    assert len(corpus.clips) == 6
    assert "Permission denied" in report.damage[0].reason


def test_nothing_that_can_be_read_is_refused(tmp_path):
    with pytest.raises(VmnetError, match="no shards"):
        opened(tmp_path)
    write(tmp_path / "d/x.tfrecord", b"junk")
    with pytest.raises(VmnetError, match=r"x.tfrecord, byte 0: it is no SequenceExample"):
        opened(tmp_path / "d")


def test_the_first_of_two_records_with_one_id_counts(folder):
    rgb, audio = noise(9, 1024), noise(9, 128)
    write(folder / "c.tfrecord", example("a1", rgb, audio), video("c1"))
    corpus, report = opened(folder)
    assert len(corpus.clips) == 11
    # "a/traina.tfrecord" comes before "c.tfrecord"
    clip = next(clip for clip in corpus.clips if clip.clip_id == "a1")
    assert clip.path.name == "traina.tfrecord"
    ((shard, offset, reason),) = report.repeated
    assert (shard.name, offset) == ("c.tfrecord", 0)
    assert "a1" in reason


def test_lists_and_labels_filter(folder):
    ids = folder.parent / "ids.txt"
    ids.write_text("# wanted\n\na0\na1\r\nb2\nb3\na1\nzz\nb4\nb1\n")
    corpus, report = opened(folder, ids=ids)
    assert {clip.clip_id for clip in corpus.clips} == {"a0", "a1", "b1", "b2", "b3", "b4"}
    assert report.missing == ("zz",)
    assert report.lines() == ["1 ids are in no shard: zz"]
    few = (None, 1, 1)
    only = lambda **options: {c.clip_id for c in opened(folder, sizes=few, **options)[0].clips}  # noqa: E731
    assert only(labels={100}) == {"a0", "a1", "a2", "a3", "a4"}
    assert only(labels={2, 3}) == {"a2", "a3", "b2", "b3"}
    assert only(labels={200}, ids=ids) == {"b1", "b2", "b3", "b4"}
    with pytest.raises(VmnetError, match="none of its 10 videos"):
        opened(folder, labels={999})


def test_a_list_in_the_folder_is_taken(folder):
    (folder / "ids.txt").write_text("a0\na1\na2\nb0\nb1\nb2\n")
    corpus, report = opened(folder)
    assert len(corpus.clips) == 6
    assert report == Report()
    (folder / "clips.csv").write_text("clip_id,split\nb0,test\n")
    with pytest.raises(VmnetError, match=r"holds clips.csv and ids.txt"):
        opened(folder)
    assert len(opened(folder, ids=folder / "clips.csv")[0].clips) == 1


def test_ids_are_selected_by_label_whatever_the_list_says(folder):
    write(folder / "c.tfrecord", video("a3", labels=(3,)))
    (folder / "ids.txt").write_text("a0\n")
    cache = folder.parent / "cache"
    ids, report = select_ids(folder, cache, {3, 4}, progress=False)
    assert ids == ["a3", "a4", "b3", "b4"]
    assert len(report.repeated) == 1
    assert select_ids(folder, cache, {999}, progress=False)[0] == []


def test_a_list_gives_splits_and_sizes_deal_the_rest(folder):
    ids = folder.parent / "ids.csv"
    ids.write_text("clip_id,split\na0,test\na1,test\na2,valid\na3,\na4,\nb0,\nb1,\nb2,train\n")
    corpus, _ = opened(folder, ids=ids, sizes=(None, 2, 2), seed=1)
    splits = {clip.clip_id: clip.split for clip in corpus.clips}
    assert {splits["a0"], splits["a1"]} == {"test"}
    assert splits["a2"] == "valid"
    assert splits["b2"] == "train"
    assert [len(corpus.split(name)) for name in ("train", "valid", "test")] == [4, 2, 2]
    assert opened(folder, ids=ids, sizes=(None, 2, 2), seed=1)[0].clips == corpus.clips
    small, _ = opened(folder, sizes=(3, 1, 2))
    assert [len(small.split(name)) for name in ("train", "valid", "test")] == [3, 1, 2]
    with pytest.raises(VmnetError, match="9 more for train"):
        opened(folder, sizes=(9, 1, 1))
    with pytest.raises(VmnetError, match="4 clips have no split"):
        opened(folder, ids=ids)


def test_dealing_depends_on_the_seed_and_the_test_split_stays():
    ids = [f"v{i}" for i in range(100)]
    few = split_by_size(ids, {}, (10, 5, 20), seed=0)
    many = split_by_size(ids, {}, (None, 5, 20), seed=0)
    assert len(few) == 35
    assert len(many) == 100
    assert few.items() <= many.items()
    assert split_by_size(ids, {}, (10, 5, 20), seed=1) != few
    assert split_by_size(ids[::-1], {}, (10, 5, 20), seed=0) == few


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no ids"),
        ("# nothing\n", "no ids"),
        ("clip_id,split\na,exam\n", "line 2: unknown split 'exam'"),
        ("clip_id,split\na,test,x\n", "line 2: 3 fields"),
        ("clip_id,split\na,test\na,train\n", "line 3: a has had another split"),
        ("a\nb c\n", "line 2: 'b c'"),
        ("\xff", "UTF-8"),
    ],
)
def test_a_bad_list_is_refused(tmp_path, text, why):
    (tmp_path / "ids.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(ManifestError, match=why):
        read_ids(tmp_path / "ids.txt")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_ids(tmp_path / "nowhere.txt")


def test_lists_are_read_as_people_save_them(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_bytes("﻿split,clip_id\r\ntest, -abc_DEF123\r\n,x\r\n".encode())
    assert read_ids(path) == {"-abc_DEF123": "test", "x": ""}


def test_a_clip_that_is_gone_is_named(folder):
    corpus, _ = opened(folder)
    with pytest.raises(ValueError, match="nobody is not among the 10 clips"):
        corpus.source.load(Clip("nobody", folder, "test"))
    write(folder / "a" / "traina.tfrecord", *[video(name) for name in ("a0", "x1", "a2")])
    with pytest.raises(VmnetError, match=r"a1.*is not what it was"):
        corpus.source.load(next(clip for clip in corpus.clips if clip.clip_id == "a1"))
    (folder / "a" / "traina.tfrecord").unlink()
    with pytest.raises(VmnetError, match=r"a0.*traina.tfrecord cannot be read"):
        corpus.source.load(next(clip for clip in corpus.clips if clip.clip_id == "a0"))


# --- media beside the features -------------------------------------------------------------------


def beats(n_seconds, rate=22050):
    """Return clicks twice a second over a chord that changes in the middle."""
    t = np.arange(n_seconds * rate) / rate
    pitch = np.where(t < n_seconds / 2, 220, 330)
    clicks = (t % 0.5 < 0.01) * np.random.default_rng(0).normal(size=len(t))
    return 0.3 * clicks + 0.2 * np.sin(2 * np.pi * pitch * t)


def test_msaf_runs_where_every_clip_has_its_sound(folder):
    ids = folder.parent / "ids.csv"
    ids.write_text("clip_id,split\na0,train\nb0,test\n")
    (folder / "media").mkdir()
    soundfile.write(folder / "media" / "a0.wav", beats(30), 22050)
    without, report = opened(folder, ids=ids)
    assert not without.source.media
    assert "lacks 1 of 2 clips (b0" in report.lines()[0]
    soundfile.write(folder / "media" / "b0.flac", beats(10), 22050)
    corpus, report = opened(folder, ids=ids)
    assert corpus.source.media
    assert report.lines() == []
    assert corpus.source.segmenters == ("foote", "sf", "olda", "fixed")
    assert corpus.source.origin() != without.source.origin()
    good, short = corpus.clips
    loaded = corpus.source.load(good)
    assert sorted(loaded.boundaries) == sorted(corpus.source.segmenters)
    assert all((edges[0], edges[-1]) == (0, 30) for edges in loaded.boundaries.values())
    kept = list((folder.parent / "cache" / "boundaries").iterdir())
    assert len(kept) == 1
    again = corpus.source.load(good)
    np.testing.assert_array_equal(again.boundaries["olda"], loaded.boundaries["olda"])
    with pytest.raises(MediaError, match=r"b0.flac lasts 10 s and its features 30 s"):
        corpus.source.load(short)
    (folder / "media" / "a0.wav").unlink()
    with pytest.raises(MediaError, match=r"a0.wav is gone"):
        corpus.source.load(good)


def copy_start(source, target, seconds):
    """Copy the first seconds of a media file, as they are coded."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        streams = {stream: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None and packet.pts * packet.time_base < seconds:
                packet.stream = streams[packet.stream]
                new.mux(packet)


def test_shots_are_found_where_every_clip_has_its_pictures(folder, music_video):
    ids = folder.parent / "ids.csv"
    ids.write_text("clip_id,split\nlong,train\n")
    write(folder / "long.tfrecord", video("long", n=9))
    (folder / "media").mkdir()
    copy_start(music_video, folder / "media" / "long.mp4", seconds=9)
    corpus, _ = opened(folder, ids=ids)
    assert corpus.source.segmenters == ("foote", "sf", "olda", "transnet", "fixed")
    boundaries = corpus.source.load(corpus.clips[0]).boundaries
    assert sorted(boundaries) == sorted(corpus.source.segmenters)
    assert len(boundaries["transnet"]) > 2
    assert all(edges[-1] == 9 for edges in boundaries.values())


def test_two_files_of_one_clip_are_refused(folder):
    (folder / "media").mkdir()
    for suffix in (".mp3", ".mp4"):
        (folder / "media" / f"a0{suffix}").touch()
    with pytest.raises(VmnetError, match="keep one of them"):
        opened(folder)
