"""MuVi-Sync (Kang, Poria & Herremans, "Video2Music"): real music videos described once a second.

Read as published, a folder with `vevo_meta/idlist.txt` and one file a video in each of
`vevo_semantic` (CLIP), `vevo_motion`, `vevo_scene_offset`, `vevo_chord` (as played and transposed
to C or A minor), `vevo_loudness` and `vevo_note_density`; or condensed, one `muvisync_1hz.npz` with
the same and the first components of CLIP. Its emotions are never read: they come from the pictures,
and would give them to the music.

What a clip becomes, each line a block:

    video    CLIP of the pictures (768 values, or components)
             motion
    music    the chord's pitch classes (12, of unit norm), and its kind (14, one of them 1)
             both again of the chord transposed to C or A minor
             loudness
             note density

Blocks differ in size and unit, so each is centred and then scaled as a whole, by numbers of the
training videos, to a variance of 1: the sum of the variances of its values over all seconds. So
a block of 12 weighs as much in a distance as one of 1, and nothing inside a block is changed.

A cut is a second after the first in which `scene_offset`, the seconds since the last cut, is 0.
Cuts, the seconds in which the chord becomes another, and what the Harmonix set says of the videos
are written beside the features (`vmnet.language.files`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from vmnet import store
from vmnet.corpus.clips import Clip
from vmnet.corpus.imports import ClipArrays, Import
from vmnet.errors import VmnetError
from vmnet.segmenters.boundaries import clean

if TYPE_CHECKING:
    from vmnet.corpus.imports.harmonix import Annotation

ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
KINDS: dict[str, tuple[int, ...]] = {
    "N": (),
    "maj": (0, 4, 7),
    "dim": (0, 3, 6),
    "sus4": (0, 5, 7),
    "min7": (0, 3, 7, 10),
    "min": (0, 3, 7),
    "sus2": (0, 2, 7),
    "aug": (0, 4, 8),
    "dim7": (0, 3, 6, 9),
    "maj6": (0, 4, 7, 9),
    "hdim7": (0, 3, 6, 10),
    "7": (0, 4, 7, 10),
    "min6": (0, 3, 7, 9),
    "maj7": (0, 4, 7, 11),
}
"""Semitones above the root, by kind of chord (chord_attr.json); "N" is no chord."""

PARTS = {
    "clip": "vevo_semantic/all/2d/clip_l14p/{}.npy",
    "motion": "vevo_motion/all/{}.lab",
    "scene_offset": "vevo_scene_offset/all/{}.lab",
    "chord": "vevo_chord/lab_v2/all/{}.lab",
    "chord_norm": "vevo_chord/lab_v2_norm/all/{}.lab",
    "loudness": "vevo_loudness/all/{}.lab",
    "note_density": "vevo_note_density/all/{}.lab",
}
"""The files of a video, by what they hold; {} stands for its id."""

CONDENSED = "muvisync_1hz.npz"
SPLIT_FILES = {"train": "train", "val": "valid", "test": "test"}
LIST = "vevo_meta/idlist.txt"
WORTH_SAYING = 3  # s by which the parts of a video may differ in length before it is named

Parts = Mapping[str, np.ndarray]
"""(n_seconds, dim) or (n_seconds,) of each of `PARTS`; chords are their names."""


@dataclass(frozen=True)
class Video:
    """A video of the list; `split` is "" where the publisher gives it none."""

    number: str
    youtube: str
    title: str
    split: str


@dataclass(frozen=True, eq=False)
class Copy:
    """A copy of the set: its videos, the parts of each, its key, and why videos are left out."""

    videos: tuple[Video, ...]
    parts: Callable[[str], Parts]
    made_from: str
    remarks: tuple[str, ...] = ()


def find(
    source: Path,
    sections: Path | None = None,
    events: Path | None = None,
    progress: bool = True,
) -> Import:
    """Find the videos of a copy of MuVi-Sync.

    Parameters
    ----------
    source
        The folder `dataset`, or the one above it; or `muvisync_1hz.npz`, or the folder it is in.
    sections
        A copy of the Harmonix set (see `harmonix`): only videos that it has sections of are
        imported, and the sections are their boundaries "annotated".
    events
        A copy of the Harmonix set, whose sections, beats and downbeats are written beside the
        cuts; `sections`, where that is given.

    Raises
    ------
    VmnetError
        If it is no such copy, or a file in it cannot be read.
    """
    copy = _copy(Path(source).absolute())
    listed = [video for video in copy.videos if video.split]
    remarks = [*copy.remarks, *_without_split(copy.videos)]
    lengths = _lengths(copy, listed, progress)
    remarks += _uneven(lengths)
    scales = _scales(copy, [video for video in listed if video.split == "train"], progress)
    found: dict[str, np.ndarray] = {}
    if sections is not None:
        from vmnet.corpus.imports import harmonix

        seconds = {video.youtube: min(lengths[video.number].values()) for video in listed}
        found, more = harmonix.sections(sections, seconds)
        listed = [video for video in listed if video.youtube in found]
        remarks += more
    youtube_of = {video.number: video.youtube for video in listed}

    def load(clip: Clip) -> ClipArrays:
        return _arrays(_cut(copy.parts(clip.clip_id)), scales, found.get(youtube_of[clip.clip_id]))

    made_from = store.key(
        set="muvi-sync", copy=copy.made_from, sections={k: v.tolist() for k, v in found.items()}
    )
    annotated = sections or events
    known: dict[str, Annotation] = {}
    if annotated is not None:
        from vmnet.corpus.imports import harmonix

        known = harmonix.annotations(annotated, [video.youtube for video in listed])
        remarks.append(f"sections and beats of {len(known)} videos, by people")

    def found_events() -> dict[str, dict[str, Any]]:
        return _events(copy, listed, known, progress)

    clips = (_clip(video, known.get(video.youtube)) for video in listed)
    return Import(tuple(clips), load, made_from, tuple(remarks), found_events)


def _copy(source: Path) -> Copy:
    if source.is_file() or (source / CONDENSED).is_file():
        return _condensed(source if source.is_file() else source / CONDENSED)
    for folder in (source, source / "dataset"):
        if (folder / LIST).is_file():
            return _published(folder)
    raise VmnetError(
        f"{source} is no copy of MuVi-Sync: name the folder that holds {LIST}, or {CONDENSED}."
    )


def _clip(video: Video, known: "Annotation | None") -> Clip:
    genre = known.genre if known else ""
    return Clip(video.number, Path(), video.split, video.title, genre, artist(video.title))


def artist(title: str) -> str:
    """Return whose song a title names, in lower case, without guests; "" if it names nobody.

    >>> artist("Dr. Dre ft. Snoop Dogg - Still D.R.E."), artist("Waka Waka")
    ('dr. dre', '')
    """
    named, dash, _ = unicodedata.normalize("NFKC", title).partition(" - ")
    alone = re.split(r"\s+(?:ft|feat|featuring)\b", named.casefold())[0] if dash else ""
    return " ".join(alone.split())


def _without_split(videos: Iterable[Video]) -> Iterator[str]:
    without = [video.number for video in videos if not video.split]
    if without:
        yield f"left out: {len(without)} videos without a published split: {', '.join(without)}"


# --- seconds --------------------------------------------------------------------------------------


def _lengths(copy: Copy, videos: list[Video], progress: bool) -> dict[str, dict[str, int]]:
    """Return the length (s) of each part of each video."""
    bar = tqdm(videos, desc="lengths", unit="video", disable=not progress, delay=2)
    return {
        video.number: {name: len(part) for name, part in copy.parts(video.number).items()}
        for video in bar
    }


def _uneven(lengths: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Say which videos were cut to the shortest of their parts."""
    spread = {number: max(n.values()) - min(n.values()) for number, n in lengths.items()}
    if uneven := sum(map(bool, spread.values())):
        yield f"{uneven} videos have parts of different lengths: cut to the shortest"
    for number, seconds in spread.items():
        if seconds > WORTH_SAYING:
            said = ", ".join(f"{name} {n}" for name, n in lengths[number].items())
            yield f"video {number}: its parts differ by {seconds} s ({said})"


def _cut(parts: Parts) -> Parts:
    n_seconds = min(map(len, parts.values()))
    return {name: part[:n_seconds] for name, part in parts.items()}


# --- blocks of numbers ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scale:
    """What is taken off a block, (dim,), and what it is then divided by."""

    mean: np.ndarray
    spread: float


def _blocks(parts: Parts) -> dict[str, list[np.ndarray]]:
    """Return the blocks of "video" and "music", each (n_seconds, dim) float64."""
    chords = [block for name in ("chord", "chord_norm") for block in _chord_blocks(parts[name])]
    numbers = {name: parts[name].astype(np.float64)[:, None] for name in _NUMBERS}
    return {
        "video": [parts["clip"].astype(np.float64), numbers["motion"]],
        "music": [*chords, numbers["loudness"], numbers["note_density"]],
    }


def _chord_blocks(chords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pitch classes (n_seconds, 12) of unit norm, and kinds (n_seconds, 14), of chords.

    Chords are named as published: "N", "C", "C#:min7".
    """
    names, rows = np.unique(chords, return_inverse=True)
    classes, kinds = np.zeros((len(names), len(ROOTS))), np.zeros((len(names), len(KINDS)))
    for i, name in enumerate(names.tolist()):
        root, kind = chord(name)
        kinds[i, list(KINDS).index(kind)] = 1
        for step in KINDS[kind]:
            classes[i, (root + step) % len(ROOTS)] = len(KINDS[kind]) ** -0.5
    return classes[rows], kinds[rows]


def chord(name: str) -> tuple[int, str]:
    """Return the root of a chord, in semitones above C, and its kind; "N" has root 0.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> chord("A:min7"), chord("C#"), chord("N")
    ((9, 'min7'), (1, 'maj'), (0, 'N'))
    """
    if name == "N":
        return 0, "N"
    root, _, kind = name.partition(":")
    if root not in ROOTS or (kind or "maj") not in KINDS or kind == "N":
        raise ValueError(f"{name!r} is no chord of MuVi-Sync")
    return ROOTS.index(root), kind or "maj"


def _scales(copy: Copy, videos: list[Video], progress: bool) -> dict[str, list[Scale]]:
    """Return the scale of each block, from some videos."""
    if not videos:
        raise VmnetError("no training video of MuVi-Sync is complete: get the missing files.")
    count = 0
    sums: dict[str, list[np.ndarray]] = {}
    squares: dict[str, list[np.ndarray]] = {}
    for video in tqdm(videos, desc="scales", unit="video", disable=not progress, delay=2):
        blocks = _blocks(_cut(copy.parts(video.number)))
        count += len(blocks["video"][0])
        for modality, some in blocks.items():
            first = modality not in sums
            new, new_squares = [b.sum(axis=0) for b in some], [(b**2).sum(axis=0) for b in some]
            sums[modality] = new if first else _plus(sums[modality], new)
            squares[modality] = new_squares if first else _plus(squares[modality], new_squares)
    return {
        modality: [
            _scale(total / count, square / count)
            for total, square in zip(totals, squares[modality], strict=True)
        ]
        for modality, totals in sums.items()
    }


def _plus(one: list[np.ndarray], other: list[np.ndarray]) -> list[np.ndarray]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _scale(mean: np.ndarray, mean_square: np.ndarray) -> Scale:
    variance = float(np.maximum(mean_square - mean**2, 0).sum())
    return Scale(mean, variance**0.5 if variance > 1e-12 else 1.0)  # a block that never changes


def _arrays(
    parts: Parts, scales: Mapping[str, list[Scale]], sections: np.ndarray | None
) -> ClipArrays:
    frames = {
        modality: np.hstack(
            [(b - s.mean) / s.spread for b, s in zip(blocks, scales[modality], strict=True)]
        ).astype(np.float32)
        for modality, blocks in _blocks(parts).items()
    }
    duration = float(len(parts["scene_offset"]))
    cuts = np.flatnonzero(parts["scene_offset"] == 0)
    edges = {"transnet": clean(cuts, duration)}
    edges |= {} if sections is None else {"annotated": clean(sections, duration)}
    return ClipArrays(frames["video"], frames["music"], edges)


# --- cuts and music -------------------------------------------------------------------------------


def _events(
    copy: Copy, videos: list[Video], known: Mapping[str, "Annotation"], progress: bool
) -> dict[str, dict[str, Any]]:
    """Return what `vmnet.language.files` reads, by clip_id; all times of ours are whole seconds."""
    from vmnet.corpus.imports.offsets import Recording, offsets

    found: dict[str, dict[str, Any]] = {}
    recordings: dict[str, Recording] = {}
    for video in tqdm(videos, desc="cuts and chords", unit="video", disable=not progress, delay=2):
        parts = _cut(copy.parts(video.number))
        changes = np.concatenate([[False], parts["chord"][1:] != parts["chord"][:-1]])
        cuts = parts["scene_offset"][1:] == 0
        found[video.number] = {
            "duration": len(changes),
            "resolution": 1,
            "cuts": (np.flatnonzero(cuts) + 1).tolist(),
            "chords": np.flatnonzero(changes).tolist(),
        }
        if one := known.get(video.youtube):
            recordings[video.number] = Recording(
                parts["loudness"], parts["note_density"], changes,
                one.boundaries[one.boundaries > 0], one.downbeats, one.duration,
            )  # fmt: skip
            found[video.number] |= {"genre": one.genre, "annotation": _annotation(one)}
    for number, offset in zip(recordings, offsets(list(recordings.values())), strict=True):
        found[number]["annotation"]["offset"] = offset
    return found


def _annotation(one: "Annotation") -> dict[str, Any]:
    return {
        "duration": one.duration,
        "bpm": one.bpm,
        "meter": one.meter,
        "labels": one.labels,
        **{name: getattr(one, name).tolist() for name in ("boundaries", "beats", "downbeats")},
    }


# --- as published ---------------------------------------------------------------------------------

_NUMBERS = ("motion", "scene_offset", "loudness", "note_density")


def _published(folder: Path) -> Copy:
    splits = _published_splits(folder)
    listed = [
        Video(number, youtube, title, splits.get(number, ""))
        for number, youtube, title in _idlist(folder / LIST)
    ]
    remarks = []
    lacking: dict[str, list[str]] = {}
    for video in listed:
        for name, place in PARTS.items():
            if not (folder / place.format(video.number)).is_file():
                lacking.setdefault(name, []).append(video.number)
                break
    for name, numbers in lacking.items():
        some = ", ".join(numbers[:5]) + (", ..." if len(numbers) > 5 else "")
        what = PARTS[name].format("<id>")
        remarks.append(f"left out: {len(numbers)} videos without {what}: {some}")
    out = {number for numbers in lacking.values() for number in numbers}
    videos = tuple(video for video in listed if video.number not in out)
    files = [
        store.fingerprint(folder / place.format(video.number))
        for video in videos
        for place in PARTS.values()
    ]
    made_from = store.key(files=files, splits=splits)

    def parts(number: str) -> Parts:
        return {name: _part(folder / place.format(number)) for name, place in PARTS.items()}

    return Copy(videos, parts, made_from, tuple(remarks))


def _idlist(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield number, YouTube's id and title; a line is `001-A singer - A song<TAB>kJQP7kiw5Fk`."""
    for n, line in enumerate(path.read_text("utf-8-sig", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        number, dash, rest = line.partition("-")
        title, _, youtube = rest.rpartition("\t")
        if not dash or not number.isdecimal() or not title:
            raise VmnetError(f"{path}, line {n}: {line[:50]!r} is no id, title and YouTube id.")
        yield number, youtube.strip(), title.strip()


def _published_splits(folder: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for name, split in SPLIT_FILES.items():
        path = folder / "vevo_meta" / "split" / "v1" / f"{name}.txt"
        if not path.is_file():
            raise VmnetError(f"{path} is missing: the published split is in it; get it again.")
        splits |= dict.fromkeys(path.read_text("utf-8-sig", "replace").split(), split)
    return splits


def _part(path: Path) -> np.ndarray:
    """Read one file of a video: (n_seconds, dim) of an .npy, (n_seconds,) of a .lab."""
    try:
        if path.suffix == ".npy":
            return _semantic(path)
        lines = path.read_text("utf-8").splitlines()
        rows = [line.split() for line in lines if line.strip() and not line.startswith("key")]
        times, values = zip(*rows, strict=True)
        if list(map(int, times)) != list(range(len(rows))):
            raise ValueError("its seconds are not 0, 1, 2, ...")
        if "vevo_chord" in path.parts:
            for name in set(values):
                chord(name)
            return np.array(values)
        numbers = np.array(values, dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError("it has values that are not finite")
        return numbers
    except (OSError, ValueError, EOFError) as error:
        raise VmnetError(f"{path} cannot be used ({error}): get it again.") from None


def _semantic(path: Path) -> np.ndarray:
    array = np.load(path, allow_pickle=False, mmap_mode="r")
    if array.ndim != 2 or not all(array.shape) or not np.isfinite(array).all():
        raise ValueError(f"it is {array.shape}, not finite numbers (n_seconds, 768)")
    return array


# --- condensed ------------------------------------------------------------------------------------


def _condensed(path: Path) -> Copy:
    names = ("offsets", "ids", "youtube", "title", "split", "chord_vocab", "clip_pca_u8",
             "clip_lo", "clip_hi", "chord", "chord_norm", *_NUMBERS)  # fmt: skip
    try:
        with np.load(path, allow_pickle=False) as archive:
            lacking = [name for name in names if name not in archive.files]
            table = {} if lacking else {name: archive[name] for name in names}
    except (OSError, ValueError, EOFError):
        raise VmnetError(f"{path} is no .npz file that can be read: get it again.") from None
    if lacking:
        raise VmnetError(f"{path} is no condensed MuVi-Sync: it lacks the array {lacking[0]}.")
    n_seconds, offsets = len(table["clip_pca_u8"]), table["offsets"]
    lengths = {len(table[name]) for name in ("chord", "chord_norm", *_NUMBERS)}
    if lengths != {n_seconds} or offsets[-1] != n_seconds or len(offsets) != len(table["ids"]) + 1:
        raise VmnetError(f"{path} is damaged: its arrays differ in length; get it again.")
    columns = (table[name].tolist() for name in ("ids", "youtube", "title", "split"))
    videos = tuple(
        Video(number, youtube, title, SPLIT_FILES.get(split, ""))
        for number, youtube, title, split in zip(*columns, strict=True)
    )
    row_of = {video.number: i for i, video in enumerate(videos)}

    def parts(number: str) -> Parts:
        return _condensed_parts(table, row_of[number])

    return Copy(videos, parts, store.key(file=store.fingerprint(path)))


def _condensed_parts(table: Parts, i: int) -> Parts:
    """Return the parts of the video at position `i`; CLIP as components, from bytes."""
    rows = slice(*table["offsets"][i : i + 2])
    low, high = table["clip_lo"], table["clip_hi"]
    return {
        "clip": table["clip_pca_u8"][rows] / np.float32(255) * (high - low) + low,
        **{name: table["chord_vocab"][table[name][rows]] for name in ("chord", "chord_norm")},
        **{name: table[name][rows] for name in _NUMBERS},
    }
