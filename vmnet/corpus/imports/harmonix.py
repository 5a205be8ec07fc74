"""Sections of the Harmonix set (Nieto et al., ISMIR 2019), for videos by their YouTube id.

A folder holds `segments/<file>.txt`, lines of a time (s) and a label, and says which file belongs
to which video: `youtube_urls.csv` (File, URL) and `metadata.csv` (File, Duration), as published, or
one table `overlap.tsv` (youtube, harmonix_file, harmonix_duration_s).

The times are those of the annotators' recording, which may be another master than the video's. So
sections are taken where the two last about as long. They are not stretched, for the tempo is the
same, and not moved, for where the music starts in the video is not published: they may be off by
up to the difference in length. What lies past the end of the video is dropped.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmnet.errors import VmnetError

TOLERANCE = 5.0  # s by which a recording and a video may differ in length
SEGMENTS = "segments"


class Annotated(NamedTuple):
    """A file of sections, and how long the recording lasts (s)."""

    file: str
    duration: float


def sections(folder: Path, seconds: Mapping[str, float]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the times between sections, by YouTube id, and what was left out.

    Parameters
    ----------
    folder
        As above, or the one that holds it as `dataset`.
    seconds
        How long each video lasts, by YouTube id.

    Raises
    ------
    VmnetError
        If it is no such folder, a file cannot be read, or no video has sections.
    """
    folder = Path(folder).absolute()
    if not (folder / SEGMENTS).is_dir():
        folder = folder / "dataset"
    known = _known(folder)
    both = [youtube for youtube in seconds if youtube in known]
    fit = [one for one in both if abs(seconds[one] - known[one].duration) <= TOLERANCE]
    if not fit:
        raise VmnetError(f"{folder}: no video has sections here that last as long as it does.")
    found = {one: _times(folder / SEGMENTS / f"{known[one].file}.txt") for one in fit}
    return found, [
        f"left out: {len(seconds) - len(both)} videos without sections",
        f"left out: {len(both) - len(fit)} videos whose annotated recording is more than "
        f"{TOLERANCE:g} s longer or shorter",
    ]


def _known(folder: Path) -> dict[str, Annotated]:
    """Return what is annotated, by YouTube id."""
    if not (folder / SEGMENTS).is_dir():
        raise VmnetError(f"{folder.parent} holds no folder {SEGMENTS} of the Harmonix set.")
    try:
        if (folder / "overlap.tsv").is_file():
            rows = _rows(folder / "overlap.tsv", "\t")
            return {
                row["youtube"]: Annotated(row["harmonix_file"], float(row["harmonix_duration_s"]))
                for row in rows
            }
        duration = {r["File"]: float(r["Duration"]) for r in _rows(folder / "metadata.csv", ",")}
        return {
            match[1]: Annotated(row["File"], duration[row["File"]])
            for row in _rows(folder / "youtube_urls.csv", ",")
            if (match := re.search(r"[?&]v=([\w-]{11})", row["URL"] or ""))
            and row["File"] in duration
        }
    except OSError as error:
        raise VmnetError(f"{error.filename} cannot be read: it says what is annotated.") from None
    except (KeyError, ValueError, TypeError) as error:
        raise VmnetError(
            f"{folder}: its tables are not those of the Harmonix set ({error})."
        ) from None


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def _times(path: Path) -> np.ndarray:
    """Read where sections start, (n,) s."""
    try:
        lines = path.read_text("utf-8").splitlines()
        times = np.array([line.split()[0] for line in lines if line.strip()], dtype=np.float64)
        if not len(times) or not np.isfinite(times).all():
            raise ValueError("no times")
    except (OSError, ValueError) as error:
        raise VmnetError(f"{path} holds no sections ({error}): get it again.") from None
    return times
