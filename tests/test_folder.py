"""A folder of videos: what is found, how it is named, and how it is split."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_files import gray, noise, write

from vmnet import media
from vmnet.corpus import folder as of_folder
from vmnet.corpus.clips import SPLITS, Corpus
from vmnet.corpus.folder import VIDEO_SUFFIXES
from vmnet.corpus.manifest import folded, is_safe, read_manifest, write_manifest
from vmnet.corpus.media_source import MediaSource
from vmnet.corpus.splits import MIN_CLIPS, MIN_FOLDER, _split_sizes, assign_splits
from vmnet.errors import InputWarning, ManifestError, VmnetError
from vmnet.experiment import require_splits

FRACTIONS = (0.7, 0.1, 0.2)


def folder_corpus(folder: Path, seed: int) -> Corpus:
    return of_folder.folder_corpus(folder, seed, MediaSource(folder / ".data"))


def fill(folder: Path, *names: str) -> Path:
    """Make empty files; the folder does not look into them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def numbered(n_files: int) -> list[str]:
    return [f"clip{number:03d}.mp4" for number in range(n_files)]


def splits(corpus: Corpus) -> dict[str, str]:
    return {clip.clip_id: clip.split for clip in corpus.clips}


def test_finds_the_videos_and_names_them(tmp_path: Path) -> None:
    names = ["b.MP4", "a.mkv", "live/2001/c.webm", "live/d.mov", "Élan vital.avi", "e.m4v"]
    strangers = ["notes.txt", "song.mp3", ".hidden.mp4", ".cache/f.mp4", "live/._d.mov", "mp4"]
    fill(tmp_path / "my videos", *names, *strangers)
    (tmp_path / "my videos" / "folder.mp4").mkdir()
    with pytest.warns(InputWarning, match="passed over"):
        corpus = folder_corpus(tmp_path / "my videos", seed=0)
    assert (corpus.name, corpus.kind) == ("my-videos", "folder")
    assert [clip.clip_id for clip in corpus.clips] == [
        "a",
        "b",
        "e",
        "live-2001-c",
        "live-d",
        "Élan-vital",
    ]
    assert {clip.path for clip in corpus.clips} == {tmp_path / "my videos" / name for name in names}
    assert {clip.title for clip in corpus.clips} == {"a", "b", "e", "c", "d", "Élan vital"}


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    fill(tmp_path, *numbered(6), "a.txt", "b.TXT", "cover.jpg", ".hidden.txt", "README", "a/c.txt")
    with pytest.warns(InputWarning) as caught:
        folder_corpus(tmp_path, seed=0)
    (warning,) = caught
    assert str(warning.message) == (
        f"{tmp_path} holds files that are no videos and were passed over: "
        "3 .txt, 1 without a suffix, 1 .jpg."
    )


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    fill(tmp_path, *numbered(6))
    write(tmp_path / "song.webm", sound=noise(1.0, 48000), rate=48000, codecs=("", "libopus"))
    write(tmp_path / "film.webm", gray(10), codecs=("libvpx-vp9", ""))
    with pytest.warns(InputWarning, match=r"passed over: 1 \.webm with sound alone\.$"):
        corpus = folder_corpus(tmp_path, seed=0)
    assert len(corpus.clips) == 7


# What carries pictures and sound in the container of each suffix.
CODECS = {
    ".mp4": ("libx264", "aac"), ".m4v": ("libx264", "aac"), ".mov": ("libx264", "aac"),
    ".3gp": ("mpeg4", "aac"), ".3g2": ("mpeg4", "aac"), ".f4v": ("libx264", "aac"),
    ".mkv": ("libx264", "aac"), ".webm": ("libvpx-vp9", "libopus"), ".avi": ("mpeg4", "libmp3lame"),
    ".ts": ("libx264", "aac"), ".mts": ("libx264", "ac3"), ".m2ts": ("libx264", "aac"),
    ".mpg": ("mpeg2video", "mp2"), ".mpeg": ("mpeg1video", "mp2"), ".vob": ("mpeg2video", "ac3"),
    ".wmv": ("wmv2", "wmav2"), ".asf": ("wmv2", "wmav2"), ".flv": ("flv1", "libmp3lame"),
    ".ogv": ("libvpx", "libopus"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", sorted(VIDEO_SUFFIXES))
def test_every_kind_of_video_is_found_and_read(tmp_path: Path, suffix: str) -> None:
    for number in range(MIN_FOLDER):
        (tmp_path / f"{number}{suffix.upper()}").touch()
    rate = 44100 if suffix == ".flv" else 48000
    path = write(
        tmp_path / f"0{suffix.upper()}",
        gray(50),
        noise(2.0, rate),
        rate=rate,
        codecs=CODECS[suffix],
        format={".vob": "vob", ".f4v": "f4v"}.get(suffix),
        bit_rate=128000,
    )
    corpus = folder_corpus(tmp_path, seed=0)
    assert path in {clip.path for clip in corpus.clips}
    assert media.require(path).duration == pytest.approx(2.0, abs=0.1)
    assert len(list(media.all_pictures(path, (32, 18)))) == 50
    assert np.abs(media.load_audio(path, 16000)).max() > 0.2


def test_ids_are_unique_and_safe(tmp_path: Path) -> None:
    names = ["a b.mp4", "a-b.mp4", "A-B.mp4", "a/b.mp4", "a-b.mkv", "日本.mp4", "東京.mp4"]
    names += [
        "夜の歌.MP4",
        "夜の歌.mkv",
        "हिन्दी.mp4",
        "Stra\u00dfe.mp4",
        "STRASSE.mp4",
        "é.mp4",
        "e\u0301.mp4",
    ]
    names += ["♪.mp4", "♫.mp4", f"{'歌' * 80}.mp4", f"{'歌' * 80}.mkv"]
    names += [f"{'long' * 50}{end}.mp4" for end in "xy"]
    corpus = folder_corpus(fill(tmp_path, *names), seed=0)
    ids = [clip.clip_id for clip in corpus.clips]
    assert len({folded(clip_id) for clip_id in ids}) == len(names)
    assert all(is_safe(clip_id) for clip_id in ids)
    assert {"日本", "東京", "夜の歌", "हिन्दी", "clip"} <= set(ids)
    write_manifest(tmp_path / "other.csv", corpus.clips)
    assert read_manifest(tmp_path / "other.csv") == corpus.clips


def test_the_order_of_the_file_system_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, *numbered(20), "clip 001.mp4", "clip-001.mp4")
    expected = folder_corpus(tmp_path, seed=3)
    find = Path.rglob

    def shuffled(folder: Path, pattern: str) -> list[Path]:
        paths = list(find(folder, pattern))
        random.Random(1).shuffle(paths)
        return paths

    monkeypatch.setattr(Path, "rglob", shuffled)
    assert folder_corpus(tmp_path, seed=3).clips == expected.clips


def test_a_relative_folder_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "videos", *numbered(6))
    monkeypatch.chdir(tmp_path / "videos")
    here, there = (folder_corpus(path, seed=0) for path in (Path("."), tmp_path / "videos"))
    assert here.clips == there.clips


def test_split_sizes_and_seeds(tmp_path: Path) -> None:
    fill(tmp_path, *numbered(100))
    by_seed = [splits(folder_corpus(tmp_path, seed)) for seed in (0, 1)]
    for split_of in by_seed:
        counts = [list(split_of.values()).count(name) for name in SPLITS]
        assert counts == [70, 10, 20]
    assert by_seed[0] != by_seed[1]
    assert splits(folder_corpus(tmp_path, 0)) == by_seed[0]


def test_the_split_depends_on_ids_only(tmp_path: Path) -> None:
    here, there = (fill(tmp_path / name, *numbered(30)) for name in ("here", "there"))
    assert splits(folder_corpus(here, 5)) == splits(folder_corpus(there, 5))


def test_a_new_file_moves_at_most_two_others(tmp_path: Path) -> None:
    before: dict[str, str] = {}
    for n_files in range(MIN_FOLDER, 40):
        after = splits(folder_corpus(fill(tmp_path, *numbered(n_files)), seed=2))
        assert sum(after[clip_id] != split for clip_id, split in before.items()) <= 2
        before = after


@pytest.mark.parametrize(("n_clips", "sizes"), [(6, (2, 2, 2)), (10, (6, 2, 2)), (40, (28, 4, 8))])
def test_small_folders_get_every_split(n_clips: int, sizes: tuple[int, ...]) -> None:
    assert tuple(_split_sizes(n_clips, FRACTIONS).values()) == sizes


@given(
    st.integers(MIN_FOLDER, 2000),
    st.tuples(*[st.integers(0, 100)] * 3).filter(any),
)
def test_split_sizes_keep_their_promises(n_clips: int, shares: tuple[int, ...]) -> None:
    fractions = [share / sum(shares) for share in shares]
    sizes = _split_sizes(n_clips, fractions)
    assert sum(sizes.values()) == n_clips
    for name, fraction in zip(SPLITS, fractions, strict=True):
        assert sizes[name] >= MIN_CLIPS if fraction else sizes[name] == 0
        assert abs(sizes[name] - fraction * n_clips) < 1 + MIN_FOLDER


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.7, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_fractions_that_are_none(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="three shares"):
        assign_splits([], 0, fractions)


def test_too_few_videos_to_be_split_are_for_measuring_alone(tmp_path: Path) -> None:
    for n in (1, MIN_FOLDER - 1):
        corpus = folder_corpus(fill(tmp_path, *numbered(n)), seed=0)
        assert list(splits(corpus).values()) == n * ["test"]
        with pytest.raises(VmnetError, match=rf"few usable clips, 0 train, 0 valid, {n} test"):
            require_splits(corpus, {})


def test_no_videos(tmp_path: Path) -> None:
    fill(tmp_path, "notes.txt", "song.mp3")
    with pytest.raises(VmnetError, match=r"holds no video files \(passed over: 1 .*\): add 6"):
        folder_corpus(tmp_path, seed=0)


def test_no_folder(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4")
    for path in (tmp_path / "none", tmp_path / "a.mp4"):
        with pytest.raises(VmnetError, match=f"{path.name} is not a folder"):
            folder_corpus(path, seed=0)


def test_a_manifest_is_used(tmp_path: Path) -> None:
    fill(tmp_path, *numbered(6))
    (tmp_path / "manifest.csv").write_text("clip_id,path,split\nonly,clip003.mp4,test\n")
    corpus = folder_corpus(tmp_path, seed=0)
    assert splits(corpus) == {"only": "test"}
    assert corpus.clips[0].path == tmp_path / "clip003.mp4"
    (tmp_path / "manifest.csv").write_text("clip_id,path,split\nonly,none.mp4,test\n")
    with pytest.raises(ManifestError, match="missing"):
        folder_corpus(tmp_path, seed=0)


def test_rendered_files_are_counted(tmp_path: Path) -> None:
    fill(tmp_path, *numbered(5))
    write(tmp_path / "clip001.mp4", gray(2), comment="vmnet rendered, seed 1")
    write(tmp_path / "clip002.mp4", gray(2), comment="filmed by hand")
    write(tmp_path / "more.mkv", gray(2), comment="vmnet rendered, seed 2")
    assert folder_corpus(tmp_path, seed=0).kind == "folder, 2 of 6 rendered"
    (tmp_path / "manifest.csv").write_text("clip_id,path,split\na,clip001.mp4,test\n")
    assert folder_corpus(tmp_path, seed=0).kind == "folder, 1 of 1 rendered"
