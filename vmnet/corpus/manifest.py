"""The manifest of a corpus: a CSV file, one clip a line.

Columns are `clip_id,path,split` and, if wanted, `title`, `genre`, `artist`, and for the language of
clips `video_genre`, `bpm` and `meter` (beats a minute, beats a bar), in any order. Paths are
relative to the manifest's folder and stay inside it. A clip_id that cannot head a file name is made
into one that can ("id 0" into "id-0"), and is the title where there is none. A manifest with any
bad line is refused whole, with every bad line listed.
"""

import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from vmnet.corpus.clips import EXTRA, SPLITS, Clip
from vmnet.corpus.lines import field_count_problems, header_problems, numbered_lines, refuse
from vmnet.errors import ManifestError
from vmnet.store import written_whole

REQUIRED = ("clip_id", "path", "split")
NUMBERS = {"bpm": float, "meter": int}
OPTIONAL = ("title", "genre", "artist", "video_genre", *NUMBERS)
WRITTEN = (*REQUIRED, "title", "genre", "artist")  # always; others where a clip has them
ALLOWED = (*SPLITS, EXTRA)
MAX_ID = 120  # characters: a clip_id heads the names of result files
MAX_BYTES = 180  # of its UTF-8; leaves room for a suffix within the 255 of a file name


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
    (_, header), *rows = numbered_lines(path) or [(1, [])]
    problems = header_problems(header, REQUIRED, OPTIONAL)
    clips: list[Clip] = []
    if not problems:
        lines: dict[str, int] = {}
        resolved = cache(Path.resolve)
        for line, fields in rows:
            row = dict(zip(header, fields, strict=False))
            wrong = field_count_problems(fields, header) or [
                *_clip_problems(row, line, lines),
                *_file_problems(row["path"], folder, resolved),
            ]
            problems += [f"line {line}: {problem}" for problem in wrong]
            clips += [] if wrong else [_clip(row, folder)]
    refuse(path, problems if clips or problems else ["it lists no clips: add a line for each"])
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
    clips = tuple(clips)
    others = [n for n in OPTIONAL if n not in WRITTEN and any(getattr(c, n) for c in clips)]
    writer = csv.DictWriter(text, [*WRITTEN, *others], extrasaction="ignore")
    writer.writeheader()
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, clip in enumerate(clips, start=2):
        place = Path(os.path.abspath(clip.path))
        if not place.is_relative_to(folder):
            problems.append(f"line {line}: {clip.path} lies outside {folder}: move it there")
            continue
        row = {**vars(clip), "path": place.relative_to(folder).as_posix()}
        row |= {name: str(row[name] or "") for name in NUMBERS}
        if not is_safe(clip.clip_id):
            problems.append(f"line {line}: clip_id {clip.clip_id!r} cannot head a file name")
        problems += [f"line {line}: {problem}" for problem in _clip_problems(row, line, lines)]
        writer.writerow(row)
    refuse(path, problems)
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
    """Return `text` as a name that is safe: what is no letter or digit of any script becomes "-".

    >>> safe_name("夜の歌 (live)"), safe_name("Beyoncé – Halo")
    ('夜の歌-live', 'Beyoncé-Halo')
    """
    return _made_safe(text) or "clip"


def is_safe(name: str) -> bool:
    """Tell whether a name can be a clip_id as it is, and so head the names of files anywhere."""
    return (
        shortened(name) == name != ""
        and name[0] != "."
        and all(map(_may_stand, name))
        and unicodedata.is_normalized("NFC", name)
    )


def folded(name: str) -> str:
    """Return what two names share that would share their files on some systems: "A" and "a"."""
    return unicodedata.normalize("NFKC", name).casefold()


def shortened(name: str, spare: int = 0) -> str:
    """Return as much of a name as may stand in a clip_id, with room for `spare` more letters."""
    kept = name[: MAX_ID - spare].encode("utf-8", "replace")
    return kept[: MAX_BYTES - spare].decode("utf-8", "ignore")


def _made_safe(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    marked = "".join(letter if _may_stand(letter) else "\0" for letter in text)
    return shortened(re.sub("\0+", "-", marked).strip(".-"))


def _may_stand(letter: str) -> bool:
    """Tell whether a character may stand in a clip_id: letters, their marks, digits, "._-"."""
    return letter in "._-" or unicodedata.category(letter)[0] in "LMN"


def _id(row: Mapping[str, str]) -> str:
    """Return the id of a row, made safe where it is not."""
    return row["clip_id"] if is_safe(row["clip_id"]) else _made_safe(row["clip_id"])


def _clip(row: Mapping[str, str], folder: Path) -> Clip:
    described: dict[str, Any] = {name: row.get(name, "") for name in OPTIONAL}
    described |= {name: _number(row.get(name, ""), kind) for name, kind in NUMBERS.items()}
    if _id(row) != row["clip_id"]:
        described["title"] = described["title"] or row["clip_id"]
    return Clip(_id(row), folder / row["path"], row["split"], **described)


def _number(text: str, kind: Callable[[str | int], float]) -> float:
    """Read a number above 0; nothing is 0.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = kind(text.strip() or 0)
    if text.strip() and not 0 < number < math.inf:
        raise ValueError("not above 0")
    return number


def _clip_problems(row: Mapping[str, str], line: int, lines: dict[str, int]) -> Iterator[str]:
    """Say what is wrong with a clip's id and split; `lines` gathers the line of each id."""
    clip_id, split = row["clip_id"], row["split"]
    if not _id(row) or len(clip_id) > MAX_ID or len(clip_id.encode("utf-8", "replace")) > MAX_BYTES:
        yield (
            f"clip_id {clip_id!r} cannot head a file name: use some letters or digits, at most "
            f"{MAX_ID} of them ({MAX_BYTES} bytes)"
        )
    # Ids that differ only in case would share their files on Windows and macOS.
    first = lines.setdefault(folded(_id(row)), line)
    if first != line:
        kept = f" is kept as {_id(row)!r}, which" if _id(row) != clip_id else ""
        yield f"clip_id {clip_id!r}{kept} is that of line {first}: give each clip its own"
    if split not in ALLOWED:
        yield f"unknown split {split!r}: use {', '.join(ALLOWED)}"
    for name, kind in NUMBERS.items():
        try:
            _number(row.get(name, ""), kind)
        except ValueError:
            what = "whole number" if kind is int else "number"
            yield f"{name} {row[name]!r} is no {what} above 0: mend it or leave it empty"


def _file_problems(place: str, folder: Path, resolved: Callable[[Path], Path]) -> Iterator[str]:
    """Say what is wrong with a path of the manifest; `resolved` follows the links of folders."""
    if PurePosixPath(place).is_absolute() or PureWindowsPath(place).drive:
        yield f"path {place!r} is absolute: give it relative to the manifest's folder"
        return
    try:
        file = folder / place
        present = file.is_file()
        plain = present and not file.is_symlink()
        real = resolved(file.parent) if plain else file.resolve()
        inside = real.is_relative_to(resolved(folder))
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null character
        yield f"path {place!r} cannot be followed: mend it"
        return
    if not inside:
        yield f"path {place!r} leads out of the manifest's folder: move the file into it"
    elif not present:
        yield f"file {place!r} is missing: put it there or delete the line"
