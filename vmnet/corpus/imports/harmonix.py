"""Sections and beats of the Harmonix set (Nieto et al., ISMIR 2019), for videos by YouTube id.

A folder holds `segments/<file>.txt`, lines of a time (s) and a label, and says which file belongs
to which video: `youtube_urls.csv` (File, URL) and `metadata.csv` (File, Duration), as published, or
one table `overlap.tsv` (youtube, harmonix_file, harmonix_duration_s, bpm, genre).
`beats_and_downbeats/<file>.txt` has lines of a time (s), the place of the beat in its bar, the bar.

The times are those of the annotators' recording, which may be another master than the video's. So
sections are taken where the two last about as long. They are not stretched, for the tempo is the
same, and not moved, for where the music starts in the video is not published: they may be off by
up to the difference in length. What lies past the end of the video is dropped. `annotations`
returns all there is, in the annotators' time; `offsets` seeks where it starts in the video.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmnet.errors import VmnetError

TOLERANCE = 5.0  # s by which a recording and a video may differ in length
SEGMENTS = "segments"


BEATS = "beats_and_downbeats"


class Annotated(NamedTuple):
    """A file of sections, how long the recording lasts (s), its tempo (0: unknown) and genre."""

    file: str
    duration: float
    bpm: float = 0.0
    genre: str = ""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What people say of a song, at times (s) of their recording, which lasts `duration` s.

    `boundaries` are where sections begin, each called as `labels` has it; `meter` is how many beats
    most bars have, 0 where no bars are annotated.
    """

    duration: float
    boundaries: np.ndarray
    labels: tuple[str, ...]
    beats: np.ndarray
    downbeats: np.ndarray
    bpm: float
    meter: int
    genre: str


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


def annotations(folder: Path, youtube: Iterable[str]) -> dict[str, Annotation]:
    """Return what is annotated of videos, by YouTube id; those without sections are left out.

    Raises
    ------
    VmnetError
        If it is no such folder, or a file cannot be read.
    """
    folder = Path(folder).absolute()
    if not (folder / SEGMENTS).is_dir():
        folder = folder / "dataset"
    known = _known(folder)
    return {one: _annotation(folder, known[one]) for one in youtube if one in known}


def _annotation(folder: Path, known: Annotated) -> Annotation:
    times, labels = _sections(folder / SEGMENTS / f"{known.file}.txt")
    beats, places = _beats(folder / BEATS / f"{known.file}.txt")
    downbeats = beats[places == 1]
    in_bar = np.diff(np.flatnonzero(places == 1))
    meter = int(np.bincount(in_bar).argmax()) if len(in_bar) else 0
    return Annotation(
        known.duration, times, labels, beats, downbeats, known.bpm, meter, known.genre
    )


def _known(folder: Path) -> dict[str, Annotated]:
    """Return what is annotated, by YouTube id."""
    if not (folder / SEGMENTS).is_dir():
        raise VmnetError(f"{folder.parent} holds no folder {SEGMENTS} of the Harmonix set.")
    try:
        if (folder / "overlap.tsv").is_file():
            rows = _rows(folder / "overlap.tsv", "\t")
            return {
                row["youtube"]: Annotated(
                    row["harmonix_file"], float(row["harmonix_duration_s"]), *_described(row)
                )
                for row in rows
            }
        about = {
            row["File"]: Annotated(row["File"], float(row["Duration"]), *_described(row))
            for row in _rows(folder / "metadata.csv", ",")
        }
        return {
            match[1]: about[row["File"]]
            for row in _rows(folder / "youtube_urls.csv", ",")
            if (match := re.search(r"[?&]v=([\w-]{11})", row["URL"] or "")) and row["File"] in about
        }
    except OSError as error:
        raise VmnetError(f"{error.filename} cannot be read: it says what is annotated.") from None
    except (KeyError, ValueError, TypeError) as error:
        raise VmnetError(
            f"{folder}: its tables are not those of the Harmonix set ({error})."
        ) from None


def _described(row: Mapping[str, str]) -> tuple[float, str]:
    """Return tempo and genre of a row of either table, whose columns differ in case."""
    lower = {(name or "").lower(): value for name, value in row.items()}
    return float(lower.get("bpm") or 0), lower.get("genre") or ""


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def _times(path: Path) -> np.ndarray:
    """Read where sections start, (n,) s."""
    return _sections(path)[0]


def _sections(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read where sections start, (n,) s, and what they are called."""
    try:
        lines = [line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines()]
        lines = [words for words in lines if words]
        times = np.array([words[0] for words in lines], dtype=np.float64)
        if not len(times) or not np.isfinite(times).all():
            raise ValueError("no times")
    except (OSError, ValueError) as error:
        raise VmnetError(f"{path} holds no sections ({error}): get it again.") from None
    return times, tuple(" ".join(words[1:]).strip() for words in lines)


def _beats(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the times of beats, (n,) s, and the place of each in its bar, from 1; none of no file.

    Published copies repeat a beat now and then: each time is taken once.
    """
    if not path.is_file():
        return np.zeros(0), np.zeros(0, int)
    try:
        rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        times = np.array([row[0] for row in rows], dtype=np.float64)
        places = np.array([row[1] for row in rows], dtype=np.float64).astype(int)
        if not np.isfinite(times).all():
            raise ValueError("a time is none")
    except (ValueError, IndexError) as error:
        raise VmnetError(f"{path} holds no beats ({error}): get it again.") from None
    times, first = np.unique(times, return_index=True)
    return times, places[first]
