"""Manifests: what is written is read back, and a bad one is refused with every bad line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.corpus.clips import EXTRA, SPLITS, Clip
from vmnet.corpus.manifest import folded, is_safe, read_manifest, safe_name, write_manifest
from vmnet.errors import ManifestError

HEADER = "clip_id,path,split\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder called corpus with two files; beside it, a file that no manifest may reach."""
    (tmp_path / "outside.mp4").touch()
    home = tmp_path / "corpus"
    (home / "sub").mkdir(parents=True)
    (home / "a.mp4").touch()
    (home / "sub" / "b.mp4").touch()
    return home


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "manifest.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_reads_clips(folder: Path) -> None:
    path = folder / "manifest.csv"
    path.write_text(HEADER + "one,a.mp4,train\ntwo,sub/b.mp4,test\n")
    assert read_manifest(path) == (
        Clip("one", folder / "a.mp4", "train"),
        Clip("two", folder / "sub" / "b.mp4", "test"),
    )


def test_columns_in_any_order_as_excel_saves_them(folder: Path) -> None:
    path = folder / "manifest.csv"
    text = 'split,title,clip_id,path\r\nvalid,"Hello, ""you""",x,a.mp4\r\n\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_manifest(path) == (Clip("x", folder / "a.mp4", "valid", 'Hello, "you"'),)


def test_tempo_meter_and_the_genre_of_the_film_may_be_given(folder: Path) -> None:
    path = folder / "manifest.csv"
    head = "clip_id,path,split,genre,video_genre,bpm,meter\n"
    path.write_text(f"{head}x,a.mp4,test,Pop,Dance,128.5,4\ny,sub/b.mp4,test,,,,\n")
    clips = read_manifest(path)
    assert (clips[0].video_genre, clips[0].bpm, clips[0].meter) == ("Dance", 128.5, 4)
    assert (clips[1].video_genre, clips[1].bpm, clips[1].meter) == ("", 0, 0)
    write_manifest(folder / "again.csv", clips)
    assert read_manifest(folder / "again.csv") == clips
    write_manifest(folder / "without.csv", clips[1:])
    text = (folder / "without.csv").read_text()
    assert text.splitlines()[0] == "clip_id,path,split,title,genre,artist"


@pytest.mark.parametrize("column", ["bpm", "meter"])
@pytest.mark.parametrize("value", ["fast", "-3", "0", "nan", "inf"])
def test_a_tempo_or_meter_that_is_none_is_refused(folder: Path, column: str, value: str) -> None:
    said = refusal(folder, f"clip_id,path,split,{column}\nx,a.mp4,test,{value}\n")
    assert f"line 2: {column} {value!r} is no" in said


def test_a_relative_manifest_gives_absolute_paths(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "manifest.csv").write_text(HEADER + "one,a.mp4,train\n")
    monkeypatch.chdir(folder)
    clips = read_manifest(Path("manifest.csv"))
    assert clips[0].path == folder / "a.mp4"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=["L", "M", "N"]) | st.sampled_from(".-_ ")).map(
                safe_name
            ),
            st.sampled_from(["a.mp4", "sub/b.mp4"]),
            st.sampled_from((*SPLITS, EXTRA)),
            *[st.text(st.characters(exclude_categories=["Cs"]), max_size=20)] * 3,
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda row: folded(row[0]),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    home = tmp_path_factory.mktemp("round")
    (home / "sub").mkdir()
    (home / "a.mp4").touch()
    (home / "sub" / "b.mp4").touch()
    clips = tuple(Clip(clip_id, home / place, *rest) for clip_id, place, *rest in rows)
    write_manifest(home / "manifest.csv", clips)
    assert read_manifest(home / "manifest.csv") == clips


def test_every_bad_line_is_listed(folder: Path) -> None:
    lines = [
        "good,a.mp4,train",
        ",a.mp4,train",
        "...,a.mp4,train",
        "good?,a.mp4,train",
        "Good,a.mp4,train",
        "e,a.mp4,training",
        "f,c.mp4,train",
        "g,a.mp4",
        f"h,{folder}/a.mp4,train",
        "i,../outside.mp4,train",
        "j,C:\\a.mp4,train",
        "k,sub,train",
        "é,,nowhere",
        "l,a\0.mp4,train",
        f"m,{'n' * 5000}.mp4,train",
        "n" * 200 + ",a.mp4,train",
    ]
    message = refusal(folder, HEADER + "\n".join(lines))
    reported = {int(line.split()[1].rstrip(":")) for line in message.splitlines()[1:]}
    assert reported == set(range(3, 2 + len(lines)))
    for line, words in {
        3: "clip_id ''",
        4: "clip_id '...' cannot head a file name",
        5: "clip_id 'good?' is kept as 'good', which is that of line 2",
        6: "clip_id 'Good' is that of line 2",
        7: "unknown split 'training': use train, valid, test",
        8: "file 'c.mp4' is missing",
        9: "2 fields for 3 columns",
        10: "is absolute",
        11: "leads out of",
        12: "is absolute",
        13: "file 'sub' is missing",
        14: "unknown split 'nowhere'",
        15: "cannot be followed",
    }.items():
        assert any(
            text.strip().startswith(f"line {line}:") and words in text
            for text in message.splitlines()
        ), (line, words)


def test_links_may_not_lead_out(folder: Path) -> None:
    (folder / "link.mp4").symlink_to(folder.parent / "outside.mp4")
    (folder / "inner.mp4").symlink_to(folder / "a.mp4")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    text = HEADER + "a,link.mp4,train\nb,inner.mp4,train\nc,loop.mp4,train\n"
    message = refusal(folder, text)
    assert "line 2: path 'link.mp4' leads out" in message
    assert "line 3" not in message
    assert "line 4" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["missing column clip_id", "missing column path", "missing column split"]),
        ("clip_id,path\nx,a.mp4\n", ["line 1: missing column split", "clip_id,path,split"]),
        ("clip_id;path;split\nx;a.mp4;train\n", ["unknown column 'clip_id;path;split'"]),
        ("clip_id,path,split,mood\nx,a.mp4,train,sad\n", ["unknown column 'mood'"]),
        ("clip_id,path,split,path\nx,a.mp4,train,a.mp4\n", ["column path comes twice"]),
        (HEADER, ["no clips"]),
        (HEADER + "\n\n", ["no clips"]),
        (HEADER.encode() + b"caf\xe9,a.mp4,train\n", ["UTF-8"]),
        (HEADER + 'x,a.mp4,train\ny,"a.mp4,train\n', ["line 3", "mend"]),
    ],
)
def test_a_bad_file_is_refused(folder: Path, text: str | bytes, words: list[str]) -> None:
    message = refusal(folder, text)
    assert all(word in message for word in words), message


def test_a_row_is_numbered_by_its_first_line(folder: Path) -> None:
    text = 'clip_id,path,split,title\nx,a.mp4,train,"two\nlines"\ny,a.mp4,no,"two\nlines"\n'
    assert "line 4: unknown split 'no'" in refusal(folder, text)


def test_a_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"none\.csv cannot be read"):
        read_manifest(tmp_path / "none.csv")


def test_a_name_that_is_not_unicode_is_refused(folder: Path) -> None:
    clip = Clip("a", folder / "caf\udce9.mp4", "train")  # how Python shows a Latin-1 file name
    with pytest.raises(ManifestError, match="rename"):
        write_manifest(folder / "manifest.csv", [clip])


def test_nothing_unreadable_is_written(folder: Path) -> None:
    path = folder / "manifest.csv"
    clips = [
        Clip("a", folder / "a.mp4", "train"),
        Clip("A", folder / "a.mp4", "train"),
        Clip("b", folder.parent / "outside.mp4", "train"),
        Clip("c", folder / "a.mp4", "dev"),
    ]
    with pytest.raises(ManifestError) as caught:
        write_manifest(path, clips)
    assert [text[:9].strip() for text in str(caught.value).splitlines()[1:]] == [
        "line 3:",
        "line 4:",
        "line 5:",
    ]
    assert not path.exists()


@given(st.text())
def test_safe_names_are_safe(text: str) -> None:
    assert is_safe(safe_name(text))


@given(st.from_regex("[A-Za-z0-9_-][A-Za-z0-9._-]{,119}", fullmatch=True))
def test_plain_ids_are_safe_as_they_are(text: str) -> None:
    assert is_safe(text)


def test_ids_of_any_writing_are_taken_and_what_is_unsafe_in_them_is_replaced(folder: Path) -> None:
    rows = ["id 0,a.mp4,train,", "夜の歌,a.mp4,train,", "a/b: c,a.mp4,train,Own title"]
    (folder / "manifest.csv").write_text("clip_id,path,split,title\n" + "\n".join(rows))
    clips = read_manifest(folder / "manifest.csv")
    assert [(clip.clip_id, clip.title) for clip in clips] == [
        ("id-0", "id 0"),
        ("夜の歌", ""),
        ("a-b-c", "Own title"),
    ]
    write_manifest(folder / "again.csv", clips)
    assert read_manifest(folder / "again.csv") == clips


def test_safe_names_stay_readable() -> None:
    assert safe_name("Beyoncé – Halo (live)") == "Beyoncé-Halo-live"
    assert safe_name("夜の歌") == "夜の歌"
    assert safe_name("a--b.c_d") == "a--b.c_d"
    assert safe_name("../..") == "clip"
