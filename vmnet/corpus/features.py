"""A corpus of feature files and no media, for people who may share features but not films.

A folder holds one .npz file a clip and a `manifest.csv` (see `manifest.py`) whose paths name them;
without a manifest, every .npz file in it is a clip, and a seed decides the splits. The arrays
of a file, all finite numbers of 16, 32 or 64 bits:

    video                (n_seconds, video_dim)     features of the pictures, a row a second
    music                (n_seconds, music_dim)     features of the sound, likewise
    handcrafted          (1, dim)                   optional: features of the sound as a whole
    boundaries_<name>    (n_segments + 1,) s        optional: increasing, from 0 to the duration

All files have the same arrays and dimensions. Where they bring no boundaries, or no others than
those of `ALONGSIDE` (shots, annotated sections), Foote and SF find theirs in the music features,
too. A clip with one row is a clip.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from vmnet import store
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.folder import MANIFEST
from vmnet.corpus.manifest import folded, read_manifest, safe_name
from vmnet.corpus.sources import MODALITIES, ClipFeatures, GivenFeatures
from vmnet.corpus.splits import MIN_FOLDER, assign_splits
from vmnet.errors import VmnetError

KIND = "features"
SUFFIX = ".npz"
BOUNDARIES = "boundaries_"
FROM_FRAMES = ("foote", "sf")
ALONGSIDE = frozenset({"transnet", "annotated"})
"""Boundaries beside which those of `FROM_FRAMES` are found, as they are where there are none. Files
that bring boundaries which a program found in the sound have all that was wanted of it."""

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def is_features(folder: Path) -> bool:
    """Tell whether a folder holds feature files: those its manifest names, or any without one."""
    folder = Path(folder)
    if (folder / MANIFEST).is_file():
        return SUFFIX in manifest_suffixes(folder / MANIFEST)
    return next(folder.glob(f"*{SUFFIX}"), None) is not None


def manifest_suffixes(path: Path) -> set[str]:
    """Return the suffixes of the files that a manifest names, good or bad."""
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig", "replace"), newline=""))
    return {Path(row.get("path") or "").suffix.lower() for row in rows} - {""}


def features_corpus(
    folder: Path, seed: int, progress: bool = True, memory: Path | None = None
) -> Corpus:
    """Return the feature files of a folder as a corpus.

    Every file's list of arrays, their shapes and their types are checked here; their values are
    when they are loaded.

    Parameters
    ----------
    folder : Path
        Where the manifest lies, or the files.
    seed : int
        Seed of the splits, where there is no manifest.
    progress : bool
        Whether to show a progress bar.
    memory : Path, optional
        A JSON file, there or not, that remembers the check as long as no file changes.

    Raises
    ------
    ManifestError
        If the manifest is bad.
    VmnetError
        If there are too few files, or some cannot be used; the text has a line for each.
    """
    folder = Path(folder).absolute()
    if (folder / MANIFEST).is_file():
        clips = read_manifest(folder / MANIFEST)
    else:
        clips = _clips_without_manifest(folder, seed)
    made_from = store.key(files=[(c.clip_id, store.fingerprint(c.path)) for c in clips])
    checked = store.key(files=made_from, paths=[clip.path for clip in clips], check=CHECK)
    shapes = _remembered(memory, checked) or _checked_shapes(folder, clips, progress)
    if memory:
        store.save_text(memory, json.dumps({"checked": checked, "shapes": shapes}) + "\n")
    source = FilesSource(
        dims={name: shape[1] for name, shape in shapes.items() if len(shape) == 2},
        given=tuple(name for name in shapes if name.startswith(BOUNDARIES)),
        made_from=made_from,
    )
    return Corpus(safe_name(folder.name), KIND, clips, source)


def save_features(
    path: Path,
    video: np.ndarray,
    music: np.ndarray,
    handcrafted: np.ndarray | None = None,
    boundaries: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write one clip's file, whole, in float32.

    Parameters
    ----------
    path
        An .npz file.
    video, music
        (n_seconds, dim), row t covering second t.
    handcrafted
        (1, dim), if there are any.
    boundaries
        (n_segments + 1,) s by segmenter, if they are known.

    Raises
    ------
    VmnetError
        If the arrays are not those of a clip.
    """
    if Path(path).suffix != SUFFIX:
        raise VmnetError(f"{path} must end in {SUFFIX}: rename it.")
    arrays = {"video": video, "music": music}
    arrays |= {} if handcrafted is None else {"handcrafted": handcrafted}
    arrays = {name: np.asarray(frames, np.float32) for name, frames in arrays.items()}
    for name, edges in (boundaries or {}).items():
        arrays[BOUNDARIES + name] = np.asarray(edges, np.float64)
    problem = _shape_problem({name: array.shape for name, array in arrays.items()})
    problem = problem or _value_problem(arrays)
    if problem:
        raise VmnetError(f"{path} was not written: {problem}.")
    store.save_arrays(path, **arrays)


# --- the source ---------------------------------------------------------------------------------


@dataclass(eq=False)
class FilesSource(GivenFeatures):
    """Reads clips from their files; see `FeatureSource`.

    Attributes
    ----------
    dims
        Dimensions of "video", "music" and perhaps "handcrafted".
    given
        Names of the arrays of boundaries that every file has.
    made_from
        Key of the files, as they were when the corpus was opened.
    """

    dims: dict[str, int]
    given: tuple[str, ...]
    made_from: str

    whitened = False  # who wrote the files may have whitened them, or not

    def __post_init__(self) -> None:
        self.extractors = {name: MODALITIES[name] for name in self.dims}
        names = tuple(name.removeprefix(BOUNDARIES) for name in self.given)
        self.found = FROM_FRAMES if ALONGSIDE.issuperset(names) else ()
        self.segmenters = tuple(dict.fromkeys((*self.found, *names, "fixed")))
        makers = {"features": self.found, "the files": names}
        self.boundaries_from = " and ".join(maker for maker, made in makers.items() if made)

    def origin(self) -> str:
        """Return what stands for the files and for how they are cut into segments."""
        from vmnet.segmenters import SEGMENTERS
        from vmnet.segmenters.frames import PARAMETERS

        parameters: dict[str, Any] = {"fixed": SEGMENTERS["fixed"].parameters}
        parameters |= {"frames": PARAMETERS} if self.found else {}
        return store.key(files=self.made_from, given=self.given, segmenters=parameters)

    def load(self, clip: Clip) -> ClipFeatures:
        """Read one clip; see `FeatureSource`."""
        from vmnet.segmenters import fixed_boundaries
        from vmnet.segmenters.boundaries import clean
        from vmnet.segmenters.frames import frame_boundaries

        arrays = self._arrays(clip)
        frames = {name: arrays[name].astype(np.float32) for name in self.dims}
        edges = {name.removeprefix(BOUNDARIES): arrays[name].astype(float) for name in self.given}
        duration = float(next(iter(edges.values()), [len(frames["music"])])[-1])
        if self.found:  # up to where the given ones end, which the last row may miss by a second
            found = frame_boundaries(frames["music"], self.found)
            edges = {name: clean(times[:-1], duration) for name, times in found.items()} | edges
        return ClipFeatures(frames, fixed_boundaries(duration) | edges)

    def _arrays(self, clip: Clip) -> dict[str, np.ndarray]:
        """Read and check the arrays of one file."""
        wanted = (*self.dims, *self.given)
        try:
            with np.load(clip.path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in wanted}
            shapes = {name: array.shape for name, array in arrays.items()}
            problem = _shape_problem(shapes) or _value_problem(arrays)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            problem = f"it is no longer what it was ({error})"
        if problem:
            raise VmnetError(f"{clip.clip_id}: {clip.path}: {problem}; mend it or leave it out.")
        return arrays


def _clips_without_manifest(folder: Path, seed: int) -> tuple[Clip, ...]:
    paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))
    if len(paths) < MIN_FOLDER:
        raise VmnetError(
            f"{folder} holds {len(paths)} feature files: at least {MIN_FOLDER} are needed."
        )
    clips = [Clip(safe_name(path.stem), path, "", path.stem) for path in paths]
    if len({folded(clip.clip_id) for clip in clips}) < len(clips):
        raise VmnetError(
            f"{folder} holds files of all but one name: rename them, or add {MANIFEST}."
        )
    return assign_splits(clips, seed)


# --- what a file must be ------------------------------------------------------------------------

Shapes = dict[str, tuple[int, ...]]

CHECK = 1  # of files: change it when others pass


def _remembered(memory: Path | None, checked: str) -> Shapes:
    """Return the shapes that were kept when these very files passed, or none."""
    try:
        known = json.loads(memory.read_text("utf-8")) if memory else {}
        same = known.get("checked") == checked
        return {name: tuple(shape) for name, shape in known["shapes"].items()} if same else {}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}  # it is not there, or holds something else


def _checked_shapes(folder: Path, clips: tuple[Clip, ...], progress: bool) -> Shapes:
    """Check all files without reading their values; return the shapes of the first."""
    problems: list[str] = []
    first: Shapes = {}
    bar = tqdm(clips, desc="feature files", unit="clip", disable=not progress, delay=2)
    for clip in bar:
        try:
            shapes = _shapes(clip.path)
            problem = _shape_problem(shapes) or _difference(shapes, first or shapes, clips[0].path)
        except VmnetError as error:
            problem = str(error)
        if problem:
            problems.append(f"{clip.path}: {problem}")
        else:
            first = first or shapes
    if problems:
        raise VmnetError("\n  ".join([f"{folder}: these files cannot be used:", *problems]))
    return first


def _shapes(path: Path) -> Shapes:
    """Return the shapes of a file's known arrays, from their headers."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            known = ("video", "music", "handcrafted")
            return {
                name: _header(archive, name)
                for name in sorted(names, key=lambda name: (*known, name).index(name))
                if name in known or name.startswith(BOUNDARIES)
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise VmnetError("it is no .npz file; write it with vmnet or numpy.savez") from None


def _header(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(f"{name}.npy") as file:
        head = file.read(12)
        length = 10 if head[6:7] == b"\x01" else 12  # of what stands before the text, by version
        text = int.from_bytes(head[8:length], "little")
        shape, dtype = _parsed(head + file.read(length + text - len(head)))
    if dtype.kind != "f":
        raise VmnetError(f"its array {name} holds {dtype}, not floating-point numbers")
    return shape


@lru_cache(maxsize=1000)
def _parsed(header: bytes) -> tuple[tuple[int, ...], np.dtype]:
    """Read an array's header; in a corpus of many files most are alike."""
    file = io.BytesIO(header)
    shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    return shape, dtype


def _shape_problem(shapes: Shapes) -> str:
    """Say what is wrong with the arrays of a file, or nothing."""
    for name in ("video", "music"):
        if name not in shapes:
            return f"it lacks the array {name}"
        if len(shapes[name]) != 2 or not all(shapes[name]):
            return f"its array {name} is {shapes[name]}, not (n_seconds, dim)"
    if shapes["video"][0] != shapes["music"][0]:
        return f"it has {shapes['video'][0]} rows of video and {shapes['music'][0]} of music"
    for name, shape in shapes.items():
        if name == "handcrafted" and (len(shape) != 2 or shape[0] != 1 or not shape[1]):
            return f"its array {name} is {shape}, not (1, dim)"
        if name.startswith(BOUNDARIES) and (len(shape) != 1 or shape[0] < 2):
            return f"its array {name} is {shape}, not (n_segments + 1,)"
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == BOUNDARIES:
            return f"its array {name!r} does not end in a segmenter's name"
    return ""


def _difference(shapes: Shapes, first: Shapes, first_path: Path) -> str:
    """Say how a file differs from the first, or nothing."""
    lacking, extra = first.keys() - shapes.keys(), shapes.keys() - first.keys()
    if lacking:
        return f"it lacks the array {min(lacking)}, which {first_path.name} has"
    if extra:
        return f"it has an array {min(extra)}, which {first_path.name} lacks"
    for name, shape in shapes.items():
        if shape[1:] != first[name][1:]:
            return f"{name} has {shape[1]} dimensions, and {first[name][1]} in {first_path.name}"
    return ""


def _value_problem(arrays: Mapping[str, np.ndarray]) -> str:
    """Say which values of a file cannot be used, or nothing."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            return f"its array {name} has values that are not finite"
    n_seconds = len(arrays["music"])
    ends = {}
    for name, edges in arrays.items():
        if name.startswith(BOUNDARIES):
            if edges[0] != 0 or (np.diff(edges) <= 0).any():
                return f"its array {name} does not increase from 0"
            ends[name] = edges[-1]
    if len(set(ends.values())) > 1:
        return f"its {', '.join(ends)} end at different times"
    # One row may stand for a clip of any length.
    if ends and n_seconds > 1 and abs(next(iter(ends.values())) - n_seconds) > 1:
        return f"its boundaries end at {max(ends.values()):.1f} s and its rows at {n_seconds} s"
    return ""
