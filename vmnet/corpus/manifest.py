"""The manifest of a corpus: a CSV file, one clip a line.

Columns are `clip_id,path,split` and, if wanted, `title`, `genre`, `artist`, in any order. Paths are
relative to the manifest's folder and stay inside it. A manifest with any bad line is refused whole,
with every bad line listed.
"""

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from vmnet.corpus.clips import SPLITS, Clip
from vmnet.errors import ManifestError
from vmnet.store import written_whole

REQUIRED = ("clip_id", "path", "split")
OPTIONAL = ("title", "genre", "artist")
SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # a clip_id heads the names of result files
MAX_ID = 120  # characters; leaves room for a suffix within the 255 bytes of a file name


def read_manifest(path: Path) -> tuple[Clip, ...]:
    """Return the clips of a manifest, in its order.

    Parameters
    ----------
    path : Path
        The CSV file, in UTF-8 (Excel's byte order mark is allowed).

    Raises
    ------
    ManifestError
        If the file is missing, not UTF-8, not CSV, lacks columns, lists no clips or has bad lines;
        every bad line is listed with its number, what is wrong and the remedy.
    """
    path = Path(path)
    folder = Path(os.path.abspath(path.parent))
    (_, header), *rows = _rows(path) or [(1, [])]
    problems = _header_problems(header)
    clips: list[Clip] = []
    if not problems:
        lines: dict[str, int] = {}
        for line, fields in rows:
            row = dict(zip(header, fields, strict=False))
            wrong = _field_count_problems(fields, header) or [
                *_clip_problems(row, line, lines),
                *_file_problems(row["path"], folder),
            ]
            problems += [f"line {line}: {problem}" for problem in wrong]
            clips += [] if wrong else [_clip(row, folder)]
    _refuse(path, problems if clips or problems else ["it lists no clips: add a line for each"])
    return tuple(clips)


def write_manifest(path: Path, clips: Iterable[Clip]) -> None:
    """Write a manifest, whole; `read_manifest` gives the same clips back.

    Raises
    ------
    ManifestError
        If a clip's file lies outside the manifest's folder, or its id or split is not allowed.
    """
    path = Path(path)
    folder = Path(os.path.abspath(path.parent))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, REQUIRED + OPTIONAL)
    writer.writeheader()
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, clip in enumerate(clips, start=2):
        place = Path(os.path.abspath(clip.path))
        if not place.is_relative_to(folder):
            problems.append(f"line {line}: {clip.path} lies outside {folder}: move it there")
            continue
        row = {**vars(clip), "path": place.relative_to(folder).as_posix()}
        problems += [f"line {line}: {problem}" for problem in _clip_problems(row, line, lines)]
        writer.writerow(row)
    _refuse(path, problems)
    try:
        content = text.getvalue().encode()
    except UnicodeEncodeError as error:
        name = error.object[error.start - 20 : error.end + 20]
        raise ManifestError(f"{path} cannot hold {name!r}: rename what is not Unicode.") from None
    if path.is_file() and path.read_bytes() == content:
        return  # a file that says the same keeps its date
    with written_whole(path) as temporary:
        temporary.write_bytes(content)


def safe_name(text: str) -> str:
    """Return `text` as a name that `SAFE_ID` allows: accents dropped, other characters as "-"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-")[:MAX_ID] or "clip"


def _clip(row: Mapping[str, str], folder: Path) -> Clip:
    described = (row.get(name, "") for name in OPTIONAL)
    return Clip(row["clip_id"], folder / row["path"], row["split"], *described)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return (line number, fields) of every line that is not blank."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise ManifestError(f"{path} cannot be read: check the path.") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.") from None
    return list(_numbered(csv.reader(io.StringIO(text, newline=""), strict=True), path))


def _numbered(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number each row by its first line, for a quoted field may hold line ends."""
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise ManifestError(f"{path} is not CSV from line {line} on: {error}; mend it.") from None


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise ManifestError("\n  ".join([f"{path} cannot be used:", *problems]))


def _header_problems(header: list[str]) -> list[str]:
    remedy = f"the columns are {','.join(REQUIRED)} and, if wanted, {','.join(OPTIONAL)}"
    missing = [f"missing column {name}" for name in REQUIRED if name not in header]
    unknown = [f"unknown column {name!r}" for name in header if name not in REQUIRED + OPTIONAL]
    twice = [f"column {name} comes twice" for name in REQUIRED + OPTIONAL if header.count(name) > 1]
    return [f"line 1: {problem}: {remedy}" for problem in missing + unknown + twice]


def _field_count_problems(fields: list[str], header: list[str]) -> list[str]:
    if len(fields) == len(header):
        return []
    return [f"{len(fields)} fields for {len(header)} columns: quote fields that hold commas"]


def _clip_problems(row: Mapping[str, str], line: int, lines: dict[str, int]) -> Iterator[str]:
    """Say what is wrong with a clip's id and split; `lines` gathers the line of each id."""
    clip_id, split = row["clip_id"], row["split"]
    if not SAFE_ID.fullmatch(clip_id) or len(clip_id) > MAX_ID:
        yield (
            f"clip_id {clip_id!r} cannot head a file name: use 1 to {MAX_ID} unaccented letters, "
            "digits, dots, hyphens and underscores, no dot first"
        )
    # Ids that differ only in case would share their files on Windows and macOS.
    first = lines.setdefault(clip_id.lower(), line)
    if first != line:
        yield f"clip_id {clip_id!r} is that of line {first}: give each clip its own"
    if split not in SPLITS:
        yield f"unknown split {split!r}: use {', '.join(SPLITS)}"


def _file_problems(place: str, folder: Path) -> Iterator[str]:
    """Say what is wrong with a path of the manifest."""
    if PurePosixPath(place).is_absolute() or PureWindowsPath(place).drive:
        yield f"path {place!r} is absolute: give it relative to the manifest's folder"
        return
    try:
        inside = (folder / place).resolve().is_relative_to(folder.resolve())
        present = (folder / place).is_file()
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null character
        yield f"path {place!r} cannot be followed: mend it"
        return
    if not inside:
        yield f"path {place!r} leads out of the manifest's folder: move the file into it"
    elif not present:
        yield f"file {place!r} is missing: put it there or delete the line"
