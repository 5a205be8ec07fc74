"""The index of a catalog: what it holds, what a change touches, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from sound_files import add_id3, song, write_sound

from vmnet import cli
from vmnet.aligners import Sequences
from vmnet.catalog import build, search
from vmnet.catalog.build import build_index
from vmnet.catalog.engines import FILE_NAME, load_candidates
from vmnet.catalog.index import ARRAYS, Index
from vmnet.catalog.model import Quality, load_model, save_model, write_model
from vmnet.errors import VmnetError
from vmnet.experiment import CLIP, open_run, prepare, seg_vm_nets
from vmnet.experiment.apart import ranking_system
from vmnet.features import music
from vmnet.models import LinearCCA, LinearConfig, TrainedVMNet, TrainingConfig, build_vmnet
from vmnet.models.linear import Projection
from vmnet.segmenters.boundaries import segment_means

DIM = 8
QUALITY = Quality(40, "windows of 30 s", {"nw": (12.0, 3.0), "sw": (19.0, 4.0)})
ABOUT = {
    "video": "efficientnet",
    "music": "musicnn",
    "segmenter": "fixed",
    "video_segmenter": "merged_shots",
    "segment_seconds": 20.0,
    "profile": "smoke",
    "seed": 0,
    "corpus": "films",
    "corpus_kind": "rendered",
    "training_clips": 6,
    "quality": QUALITY,
}


def maps(seed=0):
    """Linear maps drawn at random."""
    rng = np.random.default_rng(seed)
    of_music, of_video = (
        Projection(rng.normal(size=n).astype("f4"), rng.normal(size=(n, DIM)).astype("f4"))
        for n in (200, 1280)
    )
    return LinearCCA(of_music, of_video, LinearConfig(), "", np.ones(DIM), 1.0, np.ones((1, 1)))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"), maps(), kind="linear", **ABOUT)


@pytest.fixture(scope="module")
def made(tmp_path_factory, model):
    """A folder of three tracks, and its index."""
    folder = tmp_path_factory.mktemp("catalog")
    write_sound(folder / "music" / "one.wav", song(6.0), title="First", artist="Somebody")
    add_id3(write_sound(folder / "music" / "two.mp3", song(5.0, 0.4)), TIT2=b"Second")
    write_sound(folder / "music" / "sub" / "three.flac", 0 * song(5.0))
    build_index(folder / "music", model, folder / "index", segmenter="olda")
    return folder


@pytest.fixture
def catalog(made, tmp_path):
    """Copies of both, to be changed; times of the last change are kept."""
    shutil.copytree(made, tmp_path / "catalog")
    return tmp_path / "catalog"


def rebuild(catalog, model, **options):
    return build_index(
        catalog / "music", model, catalog / "index", **{"segmenter": "olda", **options}
    )


def parts(catalog, what=""):
    """The time of the last change of each part."""
    files = (catalog / "index" / "parts" / what).rglob("*.npz")
    return {file.name + file.parts[-2]: file.stat().st_mtime_ns for file in files}


def ids(opened):
    return [track.track_id for track in opened.tracks]


# --- what it holds -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*no audible sound")
def test_it_holds_of_each_track_what_the_model_makes_of_it(made, model):
    opened = Index.open(made / "index")
    assert ids(opened) == ["one.wav", "sub/three.flac", "two.mp3"]
    assert opened.tracks[0].path == made / "music" / "one.wav"
    assert [track.title for track in opened.tracks] == ["First", "three", "Second"]
    assert opened.tracks[0].artist == "Somebody"
    assert opened.embeddings.data.dtype == np.float16
    assert opened.embeddings.ids == tuple(ids(opened))
    for i, track in enumerate(opened.tracks):
        edges = opened.boundaries(i)
        assert (edges[0], edges[-1]) == (0.0, track.duration)
        frames = music.embed(track.path)
        means = segment_means(frames, edges).astype(np.float16)
        expected = model.embed_music(Sequences.from_list([means]))[0]
        np.testing.assert_allclose(opened.embeddings[i], expected, atol=1e-3)
        np.testing.assert_allclose(opened.centroids[i], expected.mean(axis=0), atol=1e-3)
        expected = model.embed_music(Sequences.from_list([frames]))[0]
        np.testing.assert_allclose(opened.frames(i), expected, atol=1e-3)
        np.testing.assert_allclose(np.linalg.norm(opened.frames(i), axis=1), 1, atol=2e-3)
        heard = music.tags(track.path, 3)
        assert list(opened.tags(i)) == list(heard)
        np.testing.assert_allclose(list(opened.tags(i).values()), list(heard.values()), atol=1e-3)
    mean = sum(track.duration for track in opened.tracks) / len(opened.embeddings.data)
    assert opened.mean_segment_seconds == pytest.approx(mean)


def test_beats_are_those_of_the_track_and_silence_has_none(made):
    opened = Index.open(made / "index")
    assert np.median(np.diff(opened.beats(0))) == pytest.approx(0.5, abs=0.03)
    assert len(opened.beats(1)) == 0
    assert np.median(np.diff(opened.beats(-1))) == pytest.approx(0.4, abs=0.03)


def test_its_model_is_a_copy(made, model):
    opened = Index.open(made / "index")
    assert opened.model.key == model.key
    assert opened.model.folder.is_relative_to(made / "index")
    assert opened.model.quality_sentence("nw") == model.quality_sentence("nw")


def test_a_whole_track_may_be_one_segment(catalog, model):
    opened = rebuild(catalog, model, segmenter=CLIP)
    assert opened.embeddings.lengths.tolist() == [1, 1, 1]
    assert opened.boundaries(2).tolist() == [0.0, opened.tracks[2].duration]


def test_opening_loads_nothing_large(made):
    code = (
        "import sys; from vmnet.catalog.index import Index; Index.open(sys.argv[1]).tags(0);"
        "print({'tensorflow', 'keras', 'pandas', 'numba', 'librosa', 'av'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made / "index")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


# --- what a change touches -----------------------------------------------------------------------


def test_nothing_is_written_where_nothing_changed(made, model):
    def written():
        files = (made / "index").rglob("*")
        return {f: f.stat().st_mtime_ns for f in files if f.is_file() and f.name != "files.json"}

    before = written()
    assert rebuild(made, model).key == Index.open(made / "index").key
    assert written() == before


def test_an_added_file_alone_is_computed(catalog, model):
    before, key = parts(catalog), Index.open(catalog / "index").key
    write_sound(catalog / "music" / "four.ogg", song(5.0, 0.6))
    opened = rebuild(catalog, model)
    assert ids(opened) == ["four.ogg", "one.wav", "sub/three.flac", "two.mp3"]
    after = parts(catalog)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 4
    assert opened.key != key


def test_a_renamed_file_and_a_copy_are_not_computed_again(catalog, model):
    before = parts(catalog)
    (catalog / "music" / "two.mp3").rename(catalog / "music" / "sub" / "zwei.mp3")
    shutil.copyfile(catalog / "music" / "one.wav", catalog / "music" / "uno.wav")
    opened = rebuild(catalog, model)
    assert ids(opened) == ["one.wav", "sub/three.flac", "sub/zwei.mp3", "uno.wav"]
    assert parts(catalog) == before
    assert (opened.embeddings[0] == opened.embeddings[3]).all()


def test_a_changed_file_alone_is_computed_and_what_is_gone_leaves_nothing(catalog, model):
    before = parts(catalog)
    write_sound(catalog / "music" / "one.wav", song(5.0, 0.3))
    (catalog / "music" / "two.mp3").unlink()
    opened = rebuild(catalog, model)
    assert ids(opened) == ["one.wav", "sub/three.flac"]
    assert opened.tracks[0].duration == 5.0
    after = parts(catalog)
    assert len(after) == 8
    assert len(after.items() & before.items()) == 4  # those of the silence


def test_another_model_embeds_anew_and_decodes_nothing(catalog, tmp_path):
    before, old = parts(catalog, "features"), Index.open(catalog / "index")
    other = write_model(tmp_path / "other", maps(seed=1), kind="linear", **ABOUT)
    opened = rebuild(catalog, other)
    assert parts(catalog, "features") == before
    assert opened.model.key == other.key != old.model.key
    assert opened.key != old.key
    assert not np.allclose(opened.embeddings.data, old.embeddings.data, atol=0.1)
    assert len(list((catalog / "index").glob("arrays-*"))) == 1


def test_what_is_open_stays_readable_while_the_index_is_written_anew(catalog, model):
    opened = Index.open(catalog / "index")
    before = np.array(opened.embeddings.data)
    (catalog / "music" / "one.wav").unlink()
    rebuild(catalog, model)
    assert (opened.embeddings.data == before).all()


def test_a_reader_meets_one_state_or_the_next(catalog, model):
    seen, failed, done = set(), [], threading.Event()

    def read():
        while not done.is_set():
            try:
                seen.add(len(Index.open(catalog / "index")))
            except VmnetError as error:
                failed.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(2):
        (catalog / "music" / "one.wav").rename(catalog / "one.wav")
        rebuild(catalog, model)
        (catalog / "one.wav").rename(catalog / "music" / "one.wav")
        rebuild(catalog, model)
    done.set()
    reader.join()
    assert not failed
    assert seen <= {2, 3}


def test_an_interrupted_build_goes_on(catalog, model, monkeypatch):
    shutil.rmtree(catalog / "index" / "parts" / "embedded")
    (catalog / "index" / "index.json").unlink()
    before = parts(catalog)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(build._Building, "_embed", interrupt)
        with pytest.raises(KeyboardInterrupt):
            rebuild(catalog, model)
    with pytest.raises(VmnetError, match=r"was not finished: run `vmnet index` again"):
        Index.open(catalog / "index")
    assert len(rebuild(catalog, model)) == 3
    assert before.items() <= parts(catalog).items()


# --- files that cannot be used -------------------------------------------------------------------


def test_a_bad_file_is_told_and_the_others_go_on(catalog, model, capsys):
    whole = (catalog / "music" / "one.wav").read_bytes()
    (catalog / "music" / "bad.mp3").write_bytes(b"no music at all" * 100)
    (catalog / "music" / "cut.flac").write_bytes(whole[: len(whole) // 3])
    (catalog / "music" / "none.ogg").touch()
    opened = rebuild(catalog, model)
    assert len(opened) == 4  # a WAV called FLAC that ends early is a shorter piece
    assert list(opened.failures) == ["bad.mp3", "none.ogg"]
    told = capsys.readouterr().err
    assert "2 of 6 files were left out" in told
    assert f"bad.mp3: {catalog / 'music' / 'bad.mp3'} is not a media file" in told
    assert "none.ogg" in told
    assert Index.open(catalog / "index").failures == opened.failures
    write_sound(catalog / "music" / "bad.mp3")
    assert "bad.mp3" in ids(rebuild(catalog, model))


def test_a_catalog_of_bad_files_is_refused(tmp_path, model):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(VmnetError, match=r"none of the 1 files in .* can be used"):
        build_index(tmp_path / "music", model, tmp_path / "index")
    with pytest.raises(VmnetError, match="was not finished"):
        Index.open(tmp_path / "index")


def test_a_track_that_vanished_is_no_reason_not_to_open(catalog, model):
    rebuild(catalog, model)
    (catalog / "music" / "one.wav").unlink()
    opened = Index.open(catalog / "index")
    assert not opened.tracks[0].path.exists()
    assert len(opened.frames(0)) == 6


# --- faults --------------------------------------------------------------------------------------


def arrays_of(folder: Path) -> Path:
    return folder / json.loads((folder / "index.json").read_text())["arrays"]


def truncate(folder):
    with (arrays_of(folder) / "embeddings.npy").open("r+b") as file:
        file.truncate(140)


def alter(folder):
    with (arrays_of(folder) / "embeddings.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x11")


def alter_offsets(folder):
    path = arrays_of(folder) / "beats_offsets.npy"
    np.save(path, np.load(path)[::-1])


def lose(folder):
    (arrays_of(folder) / "frames.npy").unlink()


def lose_all(folder):
    shutil.rmtree(arrays_of(folder))


def lose_model(folder):
    shutil.rmtree(arrays_of(folder) / "model")


def age(folder):
    change_about(folder, version=0)


def change_model(folder):
    write_model(arrays_of(folder) / "model", maps(seed=2), kind="linear", **ABOUT)


def change_about(folder, **changes):
    path = folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def lack(folder):
    path = folder / "index.json"
    about = json.loads(path.read_text())
    del about["segmenter"]
    path.write_text(json.dumps(about))


def garble(folder):
    (folder / "index.json").write_text('{"format": "vmnet')


FAULTS = {
    truncate: r"embeddings\.npy has 140 bytes, not the \d+ that were written",
    alter: r"embeddings\.npy was altered since it was written",
    alter_offsets: r"beats_offsets\.npy was altered",
    lose: r"frames\.npy is missing",
    lose_all: r"\.npy is missing",
    lose_model: r"model holds no model",
    age: r"is an index of format 0, and this vmnet reads 3",
    change_model: r"holds embeddings of the model \w+ beside the model \w+",
    lack: r"index\.json is damaged",
    garble: r"index\.json is damaged",
    lambda folder: change_about(folder, format="other"): r"its index\.json is of something else",
    lambda folder: change_about(folder, files=3): r"arrays-\w+ is damaged",
    lambda folder: change_about(folder, dim=9): r"arrays-\w+ is damaged",
    lambda folder: (folder / "index.json").write_text("[]"): r"index\.json is damaged",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_index_is_refused_in_a_sentence_and_built_anew(fault, catalog, model):
    folder = catalog / "index"
    before = ids(Index.open(folder)), np.array(Index.open(folder).embeddings.data)
    fault(folder)
    with pytest.raises(VmnetError, match=FAULTS[fault]) as caught:
        Index.open(folder)
    assert "\n" not in str(caught.value)
    mended = rebuild(catalog, model)
    assert ids(mended) == before[0]
    assert (mended.embeddings.data == before[1]).all()


def test_a_copy_of_other_times_is_read_and_found_the_same(catalog):
    for path in (catalog / "index").rglob("*"):
        os.utime(path, ns=(1, 1))
    assert len(Index.open(catalog / "index")) == 3


def test_the_first_stage_of_a_large_catalog_is_checked_and_built_anew(catalog, model, monkeypatch):
    monkeypatch.setattr(search, "EXHAUSTIVE_TRACKS", 2)
    (catalog / "music" / "one.wav").rename(catalog / "music" / "renamed.wav")
    index = rebuild(catalog, model)
    path = index.arrays_folder / FILE_NAME
    whole = path.read_bytes()
    assert FILE_NAME in index.checked
    both = (load_candidates(index.centroids, path.parent, checked) for checked in (True, False))
    of_both = [candidates.nearest(index.centroids[1], 3) for candidates in both]
    np.testing.assert_array_equal(*of_both)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VmnetError, match=r"centroids\.faiss was altered since it was written"):
        Index.open(catalog / "index")
    assert (rebuild(catalog, model).arrays_folder / FILE_NAME).read_bytes() == whole


def test_every_array_is_checked(catalog):
    about = json.loads((catalog / "index" / "index.json").read_text())
    assert set(about["files"]) == {"tracks.csv", *(f"{name}.npy" for name in ARRAYS)}


def test_a_folder_without_an_index_is_told_how_to_make_one(tmp_path):
    with pytest.raises(VmnetError, match="`vmnet index FOLDER --model MODEL` makes one"):
        Index.open(tmp_path)


def test_two_writers_at_once_are_refused_and_so_is_the_reader_of_a_first_build(catalog, model):
    lock = FileLock(catalog / "index" / ".lock")
    with lock:
        with pytest.raises(VmnetError, match="is being written by another process"):
            rebuild(catalog, model)
        assert len(Index.open(catalog / "index")) == 3
        (catalog / "index" / "index.json").unlink()
        with pytest.raises(VmnetError, match="is being written by another process"):
            Index.open(catalog / "index")
    assert len(rebuild(catalog, model)) == 3


def test_an_output_that_cannot_be_written_is_refused_before_work(catalog, model, monkeypatch):
    monkeypatch.setattr(build, "find_tracks", None)  # the first thing that is done
    (catalog / "file").touch()
    with pytest.raises(VmnetError, match=r"cannot be written .*: choose another --output"):
        build_index(catalog / "music", model, catalog / "file" / "index")


def test_an_output_that_holds_something_else_is_refused(catalog, model):
    with pytest.raises(VmnetError, match=r"holds other files \(one\.wav\)"):
        build_index(catalog / "music", model, catalog / "music")


def test_a_damaged_part_is_made_anew(catalog, model):
    (catalog / "index" / "index.json").unlink()
    part = next((catalog / "index" / "parts" / "beats").rglob("*.npz"))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(VmnetError, match=r"was damaged and is deleted .*: run the same command"):
        rebuild(catalog, model)
    assert len(rebuild(catalog, model)) == 3


# --- models --------------------------------------------------------------------------------------


def test_a_model_that_was_kept_embeds_as_before(tmp_path):
    curve = {name: np.zeros(1) for name in ("step", "train_loss", "valid_loss", "seconds")}
    network = TrainedVMNet(build_vmnet(6, 5), TrainingConfig(), "", curve)
    kept = write_model(tmp_path, network, kind="vmnet", **ABOUT)
    rng = np.random.default_rng(0)
    heard, seen = (Sequences.from_list([rng.normal(size=(4, n))]) for n in (6, 5))
    for embedded, before in (
        (kept.embed_music(heard)[0], network.embed_music(heard)[0]),
        (kept.embed_video(seen)[0], network.embed_video(seen)[0]),
    ):
        np.testing.assert_allclose(embedded, before, atol=2e-6)
    assert load_model(tmp_path).key == kept.key


def test_it_says_how_well_it_ranks_beside_chance(model):
    assert model.quality_sentence("nw") == (
        "On 40 held-out clips (rendered; windows of 30 s) this model ranks the true music "
        "12.0 ±3.0 of 40 by nw (chance 20.5)."
    )
    assert model.quality_sentence("sw").endswith(
        "(chance 20.5): that is near chance, and its order means little."
    )
    assert "was not measured" in model.quality_sentence("trace")


def test_altered_weights_are_refused(tmp_path):
    kept = write_model(tmp_path, maps(), kind="linear", **ABOUT)
    maps(seed=3).save(tmp_path / "network")
    with pytest.raises(VmnetError, match=r"model\.npz is missing or not what about\.json says"):
        kept.embed_music(Sequences.from_list([np.zeros((1, 200))]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is damaged"),
        ('{"format": "vmnet model", "version": 1}', "is damaged"),
        ('{"format": "vmnet model", "version": 7}', "of format 7, and this vmnet reads 1"),
        ('{"format": "other", "version": 1}', "is of something else"),
        ("[]", "is damaged"),
    ],
)
def test_a_folder_that_is_no_model_is_refused(text, reason, tmp_path):
    with pytest.raises(VmnetError, match="holds no model"):
        load_model(tmp_path)
    (tmp_path / "about.json").write_text(text)
    with pytest.raises(VmnetError, match=reason):
        load_model(tmp_path)


def test_a_model_writes_over_nothing_but_a_model(tmp_path):
    (tmp_path / "song.mp3").touch()
    with pytest.raises(VmnetError, match="holds other files"):
        write_model(tmp_path, maps(), kind="linear", **ABOUT)


def test_features_that_nothing_here_makes_are_refused_before_work(tmp_path, catalog):
    other = write_model(tmp_path / "m", maps(), kind="linear", **ABOUT | {"music": "music"})
    with pytest.raises(VmnetError, match="music features that nothing here makes"):
        rebuild(catalog, other)


def test_a_model_of_features_is_told_which_extractors_made_them(tmp_path):
    run = open_run("toy", segmenters=["olda"])
    dims = {"video": "inception", "music": "vggish"}  # 1,024 and 128 values, as simulated
    kept = save_model(run, tmp_path / "model", dims)
    assert (kept.video, kept.music, kept.segmenter) == ("inception", "vggish", "olda")
    assert kept.about.video_segmenter == "merged_shots"
    assert kept.about.quality.cut == "windows of 60 s"
    assert kept.about.quality.clips == 12
    assert kept.quality_sentence("nw").startswith("On 12 held-out clips (simulated; windows")
    assert "ranks the true video" in kept.quality_sentence("nw", "video")
    ranks = kept.about.quality.ranks, kept.about.quality.video_ranks
    assert ranks[0].keys() == ranks[1].keys()
    assert ranks[0] != ranks[1]
    assert kept.extractor("music").name == "vggish"
    with pytest.raises(VmnetError, match="are not those of musicnn"):
        save_model(run, tmp_path / "other", {"music": "musicnn"})


def test_a_corpus_with_a_row_a_clip_has_the_clip_level_model(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(10):
        rows = {"video": rng.normal(size=(1, 5)), "music": rng.normal(size=(1, 4))}
        np.savez(tmp_path / f"{i}.npz", **rows)
    run = open_run("toy", corpus=str(tmp_path))
    data = prepare(run, seg_vm_nets(run))
    assert ranking_system(data).segmenter == CLIP
    kept = save_model(data, tmp_path / "model")
    assert (kept.segmenter, kept.about.quality.cut) == (CLIP, "whole clips")


# --- the command ---------------------------------------------------------------------------------


def test_several_segmenters_are_refused(made, model, capsys):
    words = ["index", str(made / "music"), "--model", str(model.folder)]
    assert cli.main([*words, "--segmenters", "olda", "sf"]) == 1
    assert "an index is cut by one segmenter" in capsys.readouterr().err


def test_train_index_open(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vmnet.experiment.run.DATA", tmp_path / "data", raising=False)
    monkeypatch.setattr("vmnet.corpus.opening.DATA", tmp_path / "data")
    monkeypatch.setattr(build, "DATA", tmp_path / "data")
    films = str(tmp_path / "films")
    seconds = ["--seconds", "4", "5", "--jobs", "1"]
    assert cli.main(["render", films, "--clips", "2", "2", "2", *seconds]) == 0
    settings = ["--profile", "toy", "--jobs", "1", "--segmenters", "fixed"]
    output = str(tmp_path / "model")
    capsys.readouterr()
    assert cli.main(["train", "--corpus", films, *settings, "--output", output]) == 0
    told = capsys.readouterr()
    assert told.out == f"{output}\n"
    assert "On 2 held-out clips (folder, 6 of 6 rendered; windows of 4 s)" in told.err
    assert cli.main(["index", films, "--model", output, "--jobs", "1"]) == 0
    told = capsys.readouterr()
    opened = Index.open(told.out.strip())
    assert opened.folder.parent == tmp_path / "data" / "index"
    assert len(opened) == 6
    assert opened.embeddings.dim == 512
    assert "6 tracks, 6 segments of fixed" in told.err
    assert "that are no music and were passed over: 6 .jams" in told.err
