"""The index of a catalog: a folder from which any track's embeddings are read in no time.

    index.json                  what is there; written last, so that a reader never sees a half
    arrays-<key>/               one state of the catalog, whole
        tracks.csv              track_id, path, title, artist, duration (s), content, tags
        embeddings.npy          (n_segments, dim) float16, of the segments of all tracks, unit norm
        offsets.npy             (n_tracks + 1,) int64: track i owns embeddings[o[i]:o[i + 1]]
        centroids.npy           (n_tracks, dim) float32, the mean of each track's embeddings
        boundaries.npy          (n_segments + n_tracks,) float64 s, one more a track than segments
        beats.npy               float64 s, of all tracks
        beats_offsets.npy       (n_tracks + 1,) int64
        frames.npy              (n_seconds, dim) float16, of each second of all tracks, unit norm
        frames_offsets.npy      (n_tracks + 1,) int64
        centroids.faiss         of a large catalog: see `vmnet.catalog.engines`
        model/                  a copy of the model (see `vmnet.catalog.model`)
    files.json, parts/          what was computed of each file; `vmnet.catalog.build` alone reads it

An index is of music or of videos. One of videos has the same files: its tracks are the videos, the
embeddings are those of their pictures, and there are no beats and no tags.

index.json has the track_ids without audible sound. It has the size, the time of the last change and
a hash of each file of arrays-<key>. On opening, a file of that size and time is taken for what it
was; of another time, as in a copy of the index, it is read whole and compared.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vmnet.aligners.sequences import Sequences
from vmnet.catalog.model import RankingModel, load_model
from vmnet.catalog.track import Track
from vmnet.errors import VmnetError

FORMAT, VERSION = "vmnet index", 3
INDEX, TRACKS, MODEL, LOCK = "index.json", "tracks.csv", "model", ".lock"
NOUNS = {"music": "track", "video": "video"}  # what an index may be of, and what it then holds
COLUMNS = ("track_id", "path", "title", "artist", "duration", "content", "tags")
ARRAYS = {
    "embeddings": np.float16,
    "offsets": np.int64,
    "centroids": np.float32,
    "boundaries": np.float64,
    "beats": np.float64,
    "beats_offsets": np.int64,
    "frames": np.float16,
    "frames_offsets": np.int64,
}


@dataclass(frozen=True, eq=False)
class Index:
    """An index that is open for reading: its arrays are mapped from their files.

    Attributes
    ----------
    folder
        The index.
    key
        Changes when anything in it does.
    of
        "music" or "video": whether it has the sound or the pictures of its tracks.
    catalog
        The folder of the tracks when the index was made.
    segmenter
        How the music is cut: a key of `SEGMENTERS`, or "clip"; "merged_shots" of videos.
    failures
        Why files of the catalog were left out, by track_id.
    inaudible
        The track_ids of those without audible sound: they are in all arrays, and never found.
    model
        What made the embeddings, the index's own copy.
    tracks
        In the order of all arrays.
    contents
        What stands for the content of each track's file (`vmnet.catalog.tracks.content_of`).
    embeddings : Sequences, float16
        Of the segments of each track, unit norm; its ids are those of the tracks.
    centroids : (n_tracks, dim) float32
        The mean of each track's embeddings.
    checked
        The names of the files in `arrays_folder` that were found unchanged on opening.

    Examples
    --------
    >>> index = Index.open("data/index/music-1f0c22b7a1")  # doctest: +SKIP
    >>> index.tracks[0].title, index.embeddings[0].shape, index.tags(0)  # doctest: +SKIP
    ('Knolls', (7, 512), {'ambient': 0.61, 'instrumental': 0.34, 'classical': 0.2})
    """

    folder: Path
    key: str
    of: str
    catalog: Path
    segmenter: str
    failures: Mapping[str, str]
    inaudible: frozenset[str]
    model: RankingModel
    tracks: tuple[Track, ...] = field(repr=False)
    contents: tuple[str, ...] = field(repr=False)
    embeddings: Sequences = field(repr=False)
    centroids: np.ndarray = field(repr=False)
    checked: frozenset[str] = field(repr=False)
    _heard: tuple[str, ...] = field(repr=False)
    _arrays: Mapping[str, np.ndarray] = field(repr=False)

    @classmethod
    def open(cls, folder: Path | str) -> "Index":
        """Open an index; neither its model nor any array is read.

        Raises
        ------
        VmnetError
            If there is no finished index, or it is of another version, damaged or altered.
        """
        folder = Path(folder).expanduser()
        about = read_about(folder)
        while True:
            try:
                return cls._open(folder, about)
            except VmnetError:
                now = read_about(folder)  # it may have been written anew meanwhile
                if now == about:
                    raise
                about = now

    @classmethod
    def _open(cls, folder: Path, about: Mapping[str, Any]) -> "Index":
        arrays_of = folder / about["arrays"]
        try:
            for name, expected in about["files"].items():
                _require_same(arrays_of / name, expected)
            arrays = {
                name: np.load(arrays_of / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                for name in ARRAYS
            }
            tracks, contents, heard = _read_tracks(arrays_of / TRACKS, Path(about["catalog"]))
            _require_fit(arrays, len(tracks), about["dim"])
            ids = tuple(track.track_id for track in tracks)
            embeddings = Sequences(arrays["embeddings"], np.array(arrays["offsets"]), ids)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, csv.Error) as error:
            raise VmnetError(f"{arrays_of} is damaged ({error}): {_AGAIN}") from error
        model = load_model(arrays_of / MODEL)
        if model.key != about["model"]:
            raise VmnetError(
                f"{folder} holds embeddings of the model {about['model']} beside the model "
                f"{model.key}: {_AGAIN}"
            )
        return cls(
            folder=folder,
            key=about["key"],
            of=about["of"],
            catalog=Path(about["catalog"]),
            segmenter=about["segmenter"],
            failures=about["failures"],
            inaudible=frozenset(about["inaudible"]),
            model=model,
            tracks=tracks,
            contents=contents,
            embeddings=embeddings,
            centroids=arrays["centroids"],
            checked=frozenset(about["files"]),
            _heard=heard,
            _arrays=arrays,
        )

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def arrays_folder(self) -> Path:
        """The folder of this state of the catalog."""
        return self.model.folder.parent

    @property
    def cut_by(self) -> str:
        """How the tracks are cut, in words."""
        if self.of == "music":
            return self.segmenter
        return f"shots joined to about {self.model.about.segment_seconds:.0f} s"

    def require_of(self, of: str) -> None:
        """Raise VmnetError, with what to do, if the index is not of "music", or of "video"."""
        remedies = {
            "music": "give one of music, or `vmnet recommend TRACK --reverse` for videos.",
            "video": "`vmnet index FOLDER --model MODEL --videos` makes one of videos.",
        }
        if self.of != of:
            raise VmnetError(
                f"{self.folder} is an index of {NOUNS[self.of]}s, not of {NOUNS[of]}s: "
                f"{remedies[of]}"
            )

    @cached_property
    def mean_segment_seconds(self) -> float:
        """Mean length of the segments of all tracks, s."""
        seconds = sum(track.duration for track in self.tracks)
        return seconds / len(self.embeddings.data)

    @cached_property
    def audible(self) -> np.ndarray:
        """Which tracks can be heard: (n_tracks,) bool; all where nothing was listened to."""
        if not self.inaudible:
            return np.ones(len(self), bool)
        return np.array([track.track_id not in self.inaudible for track in self.tracks])

    def boundaries(self, i: int) -> np.ndarray:
        """Return the boundaries of track i: (n_segments + 1,) float64 s, from 0 to its end."""
        i = range(len(self))[i]
        first, last = self.embeddings.offsets[i : i + 2]
        return np.array(self._arrays["boundaries"][first + i : last + i + 1])

    def beats(self, i: int) -> np.ndarray:
        """Return the beats of track i: (n_beats,) float64 s."""
        return np.array(self._part("beats", i))

    def frames(self, i: int) -> np.ndarray:
        """Return the embedding of each second of track i: (n_seconds, dim) float32, unit norm."""
        return np.asarray(self._part("frames", i), np.float32)

    def tags(self, i: int) -> dict[str, float]:
        """Return the tags that the music network hears in track i, the most probable first.

        Their mean probabilities are in [0, 1]; a network without tags hears none.
        """
        pairs = (text.rpartition("=") for text in self._heard[i].split("; ") if text)
        return {name: float(value) for name, _, value in pairs}

    def _part(self, name: str, i: int) -> np.ndarray:
        i = range(len(self))[i]
        first, last = self._arrays[f"{name}_offsets"][i : i + 2]
        return self._arrays[name][first:last]


_AGAIN = "run `vmnet index` again."


def read_about(folder: Path) -> dict[str, Any]:
    """Read index.json.

    Raises
    ------
    VmnetError
        If there is no finished index, or it is of another version or damaged.
    """
    path = folder / INDEX
    if not path.is_file():
        if is_locked(folder):
            raise VmnetError(f"{folder} is being written by another process: wait for its end.")
        if (folder / "parts").is_dir():
            raise VmnetError(f"{folder} was not finished: {_AGAIN}")
        raise VmnetError(f"{folder} holds no index: `vmnet index FOLDER --model MODEL` makes one.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        is_ours, version = about["format"] == FORMAT, about["version"]
        complete = {
            "key",
            "of",
            "model",
            "catalog",
            "segmenter",
            "failures",
            "inaudible",
            "arrays",
            "dim",
            "files",
        }
        whole = complete <= about.keys() and about["of"] in NOUNS
        lacking = is_ours and version == VERSION and not whole
    except (OSError, ValueError, KeyError, TypeError):
        lacking = True
    if lacking:
        raise VmnetError(f"{path} is damaged: {_AGAIN}")
    if not is_ours:
        raise VmnetError(f"{folder} holds no index: its {INDEX} is of something else.")
    if version != VERSION:
        raise VmnetError(
            f"{folder} is an index of format {version}, and this vmnet reads {VERSION}: {_AGAIN}"
        )
    return about


def is_locked(folder: Path) -> bool:
    """Tell whether another process is writing an index."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # nobody writes where nobody may
        return False


def describe_file(path: Path) -> dict[str, Any]:
    """Return what index.json says of one file."""
    status = path.stat()
    return {"bytes": status.st_size, "modified": status.st_mtime_ns, "sha256": _hash(path)}


def _require_same(path: Path, expected: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise VmnetError(f"{path} is missing: {_AGAIN}")
    status = path.stat()
    if status.st_size != expected["bytes"]:
        raise VmnetError(
            f"{path} has {status.st_size:,} bytes, not the {expected['bytes']:,} that were "
            f"written: {_AGAIN}"
        )
    if status.st_mtime_ns != expected["modified"] and _hash(path) != expected["sha256"]:
        raise VmnetError(f"{path} was altered since it was written: {_AGAIN}")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_fit(arrays: Mapping[str, np.ndarray], n_tracks: int, dim: int) -> None:
    """Raise ValueError if the arrays do not fit together."""
    n_segments, n_frames = len(arrays["embeddings"]), len(arrays["frames"])
    shapes = {
        "embeddings": (n_segments, dim),
        "offsets": (n_tracks + 1,),
        "centroids": (n_tracks, dim),
        "boundaries": (n_segments + n_tracks,),
        "beats": (len(arrays["beats"]),),
        "beats_offsets": (n_tracks + 1,),
        "frames": (n_frames, dim),
        "frames_offsets": (n_tracks + 1,),
    }
    for name, array in arrays.items():
        if array.dtype != ARRAYS[name] or array.shape != shapes[name]:
            raise ValueError(f"{name} is {array.dtype} of shape {array.shape}")
    for name in ("beats", "frames"):
        offsets = arrays[f"{name}_offsets"]
        if offsets[0] != 0 or offsets[-1] != len(arrays[name]) or (np.diff(offsets) < 0).any():
            raise ValueError(f"the offsets of {name} do not fit")


# --- tracks.csv ---------------------------------------------------------------------------------


def tracks_text(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return tracks.csv; a path keeps what bytes it has, be they UTF-8 or not."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")


def _read_tracks(
    path: Path, catalog: Path
) -> tuple[tuple[Track, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the tracks, what stands for the content of each and, as text, its tags."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        if next(reader, None) != list(COLUMNS):
            raise ValueError(f"{TRACKS} has other columns")
        rows = list(reader)
    tracks = tuple(
        Track(name, catalog / place, title, artist, float(duration))
        for name, place, title, artist, duration, *_ in rows
    )
    return tracks, tuple(row[-2] for row in rows), tuple(row[-1] for row in rows)
