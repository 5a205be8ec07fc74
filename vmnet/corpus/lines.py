"""CSV files that a user wrote: read with the number of each line, refused whole."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vmnet.errors import ManifestError


def numbered_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return (line number, fields) of every line of a CSV file in UTF-8 that is not blank.

    A quoted field may hold line ends: a row has the number of its first line.

    Raises
    ------
    ManifestError
        If the file cannot be read, is not UTF-8, or not CSV.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise ManifestError(f"{path} cannot be read: check the path.") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.") from None
    return list(_numbered(csv.reader(io.StringIO(text, newline=""), strict=True), path))


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise ManifestError with all that is wrong with a file, if anything is."""
    if problems:
        raise ManifestError("\n  ".join([f"{path} cannot be used:", *problems]))


def header_problems(
    header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    """Say what is wrong with the names of a file's columns."""
    remedy = f"the columns are {','.join(required)} and, if wanted, {','.join(optional)}"
    known = (*required, *optional)
    missing = [f"missing column {name}" for name in required if name not in header]
    unknown = [f"unknown column {name!r}" for name in header if name not in known]
    twice = [f"column {name} comes twice" for name in known if header.count(name) > 1]
    return [f"line 1: {problem}: {remedy}" for problem in missing + unknown + twice]


def field_count_problems(fields: Sequence[str], header: Sequence[str]) -> list[str]:
    """Say so if a line has more or fewer fields than columns."""
    if len(fields) == len(header):
        return []
    return [f"{len(fields)} fields for {len(header)} columns: quote fields that hold commas"]


def _numbered(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise ManifestError(f"{path} is not CSV from line {line} on: {error}; mend it.") from None
