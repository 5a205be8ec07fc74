"""Build the index of a folder of music or videos: what is computed of a file is kept, made once.

    files.json                             what each file of the catalog is (`tracks.Found`)
    parts/features/<extractor>-<key>/      a file a track, named by its content: frames, duration
                                           (s); tags of music
    parts/boundaries/<group>-<key>/        boundaries by segmenter, s
    parts/beats/<tracker>-<key>/           beats of music, s
    parts/embedded/<model>-<segmenter>-<key>/  embedding, frames; float16

Nothing but the last has to do with a model, so that another one needs no file decoded again. The
names go by the content, so that a file that is moved or renamed keeps what was computed of it.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vmnet import store
from vmnet.aligners.sequences import Sequences
from vmnet.batch import Workers, n_at_once, noticed
from vmnet.catalog.index import (
    ARRAYS,
    FORMAT,
    INDEX,
    LOCK,
    MODEL,
    NOUNS,
    TRACKS,
    VERSION,
    Index,
    describe_file,
    read_about,
    tracks_text,
)
from vmnet.catalog.model import RankingModel, load_model
from vmnet.catalog.stages import music_stages, video_stages
from vmnet.catalog.tracks import Found, find_tracks
from vmnet.config import DATA
from vmnet.corpus.clips import Clip
from vmnet.corpus.media_source import ClipStage
from vmnet.corpus.sources import ClipFeatures
from vmnet.corpus.windowed import MERGED, SHOTS
from vmnet.errors import VmnetError
from vmnet.experiment.segments import CLIP, segment_arrays
from vmnet.media.audio import INAUDIBLE
from vmnet.progress import log, timed
from vmnet.segmenters.boundaries import merged

FILES, PARTS = "files.json", "parts"
BLOCK = 64  # tracks embedded at once


def default_output(folder: Path, of: str = "music") -> Path:
    """Return where the index of a folder is kept unless told otherwise."""
    folder = folder.expanduser().resolve()
    key = store.key(folder=folder) if of == "music" else store.key(folder=folder, of=of)
    return DATA / "index" / f"{folder.name}-{key}"


def build_index(
    folder: Path,
    model: RankingModel | Path,
    output: Path | None = None,
    segmenter: str = "",
    beats: str = "librosa",
    jobs: Workers = 1,
    retry: bool = False,
    of: str = "music",
) -> Index:
    """Index the music or the videos in a folder and its subfolders, or bring its index up to date.

    Files that cannot be used are left out, and told at the end.

    Parameters
    ----------
    folder
        Of audio files or of videos.
    model
        What embeds the music, or the pictures.
    output
        Folder of the index; `default_output` if None.
    segmenter
        How the music is cut: a key of `SEGMENTERS`, or "clip"; "" is as the model learned. Videos
        are cut at their shots, joined to the model's `segment_seconds`.
    beats
        What finds the beats of music: a key of `vmnet.edit.beats.BEATS`.
    jobs
        Files worked on at once, or the address of a Dask scheduler, whose workers do the work.
    retry
        Whether to try files again that could not be used before and have not changed.
    of
        "music", or "video" for an index of the pictures alone, in which `videos_for` searches.

    Raises
    ------
    VmnetError
        If the folder holds nothing that can be used, the model cannot embed it, or the output
        cannot be written, is being written by another process, or holds something else.
    ValueError
        If `of` is neither, or videos shall be cut by a segmenter.

    Examples
    --------
    >>> index = build_index("~/music", "model", jobs=2)  # doctest: +SKIP
    >>> len(index), index.mean_segment_seconds  # doctest: +SKIP
    (41, 17.3)
    """
    folder = Path(folder).expanduser().resolve()
    model = model if isinstance(model, RankingModel) else load_model(model)
    output = Path(output).expanduser().absolute() if output else default_output(folder, of)
    segmenter, stages = _cut_and_stages(model, of, segmenter, beats)
    model.require_whole()
    _require_none_of_another(output, of)
    n_at_once(jobs)  # a cluster that is not there is said before any file is read
    with _written_by_us(output):
        return _Building(folder, output, model, of, segmenter, stages).run(jobs, retry)


def _cut_and_stages(
    model: RankingModel, of: str, segmenter: str, beats: str
) -> tuple[str, dict[str, ClipStage]]:
    """Return how files are cut, and what is computed of each, by what it gives."""
    if of not in NOUNS:
        raise ValueError(f"an index is of {' or '.join(NOUNS)}, not of {of!r}")
    if of == "music":
        segmenter = segmenter or model.segmenter
        return segmenter, music_stages(model, segmenter, beats)
    if segmenter:
        raise ValueError(f"videos are cut at their shots, not by {segmenter}")
    return MERGED, video_stages(model)


def _require_none_of_another(output: Path, of: str) -> None:
    """Refuse to write an index of videos over one of music, or the other way round."""
    try:
        held = read_about(output)["of"]
    except VmnetError:  # what is damaged is made anew
        return
    if held != of:
        raise VmnetError(
            f"{output} is an index of {NOUNS[held]}s: give --output another folder for the "
            f"{NOUNS[of]}s."
        )


@contextmanager
def _written_by_us(output: Path) -> Iterator[None]:
    """Keep other writers out of a folder; refuse one that cannot be written or is none of ours."""
    from filelock import FileLock, Timeout

    ours = {INDEX, FILES, PARTS, LOCK}
    held = {path.name for path in output.iterdir()} if output.is_dir() else set()
    if not held.isdisjoint({INDEX, PARTS}):
        held = set()
    if others := {name for name in held - ours if not name.startswith(".partial")}:
        raise VmnetError(
            f"{output} holds other files ({min(others)}): give --output a new or an empty folder."
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
        lock = FileLock(output / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise VmnetError(
            f"{output} is being written by another process: wait for its end."
        ) from None
    except OSError as error:
        raise VmnetError(
            f"{output} cannot be written ({error.strerror}): choose another --output."
        ) from None
    try:
        store.remove_partial(output)
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class _Building:
    """One index, while it is built."""

    folder: Path
    output: Path
    model: RankingModel
    of: str
    segmenter: str
    stages: Mapping[str, ClipStage]

    def run(self, jobs: Workers, retry: bool) -> Index:
        found = self._found()
        failures = self._compute(found, jobs, retry)
        usable = [one for one in found if one.track_id not in failures]
        if usable:
            failures |= self._embed(usable)
            usable = [one for one in usable if one.track_id not in failures]
        self._tell(found, usable, failures)
        if not usable:
            raise VmnetError(
                f"none of the {len(found)} files in {self.folder} can be used, for the reasons "
                "above: mend them, or name another folder."
            )
        index = self._write(usable, failures)
        self._prune(found)
        return index

    def _found(self) -> list[Found]:
        """Find the files; keep what they are, so that they are not read again."""
        path = self.output / FILES
        found = find_tracks(self.folder, _known(path), self.output, self.of)
        kept = [asdict(one) | {"path": str(one.path)} for one in found]
        store.save_text(path, json.dumps(kept))
        return found

    # --- of each file --------------------------------------------------------------------------

    def _part(self, what: str, one: Found) -> Path:
        name = f"{one.content}.npz"
        folder = self._embedded if what == "embedded" else self.stages[what].folder
        return self._parts / folder / name

    @property
    def _embedded(self) -> str:
        """The folder of the embeddings, which changes with all that decides them."""
        made_from = [stage.folder for what, stage in self.stages.items() if what != "beats"]
        if self.of == "video":
            made_from.append(f"joined to {self.model.about.segment_seconds} s")
        return f"embedded/{self.model.key}-{self.segmenter}-{store.key(made_from=made_from)}"

    @property
    def _parts(self) -> Path:
        return self.output / PARTS

    def _compute(self, found: Sequence[Found], jobs: Workers, retry: bool) -> dict[str, str]:
        """Do what is missing of all stages; a file that one fails on is spared the others."""
        first = {one.content: one for one in reversed(found)}  # of copies, the first
        reasons: dict[str, str] = {}  # by content
        for what, stage in self.stages.items():
            left = [one for one in first.values() if one.content not in reasons]
            files = {Clip(one.content, one.path, ""): self._part(what, one) for one in left}
            reasons |= stage.run(files, jobs, retry)
        return {one.track_id: reasons[one.content] for one in found if one.content in reasons}

    def _embed(self, usable: Sequence[Found]) -> dict[str, str]:
        """Embed what is missing; return why tracks failed, by track_id."""
        missing = {one.content: one for one in usable if not self._part("embedded", one).exists()}
        failures: dict[str, str] = {}
        with timed(f"embeddings of {len(missing)} {NOUNS[self.of]}s", bar=bool(missing)):
            todo = list(missing.values())
            for start in range(0, len(todo), BLOCK):
                failures |= self._embed_block(todo[start : start + BLOCK])
        return {one.track_id: failures[one.content] for one in usable if one.content in failures}

    def _embed_block(self, block: Sequence[Found]) -> dict[str, str]:
        failures, means, frames = {}, {}, {}
        for one in block:
            try:
                means[one.content], frames[one.content] = self._segments(one)
            except VmnetError as error:
                failures[one.content] = f"{one.path}: {error}"
        if not means:
            return failures
        embedded = [
            self.model.embed(self.of, Sequences.from_list(list(rows.values()), list(rows)))
            for rows in (means, frames)
        ]
        of_content = {one.content: one for one in block}
        for i, content in enumerate(means):
            store.save_arrays(
                self._part("embedded", of_content[content]),
                embedding=embedded[0][i].astype(np.float16),
                frames=embedded[1][i].astype(np.float16),
                shape=np.array([len(embedded[0][i]), len(embedded[1][i]), embedded[0].dim]),
            )
        return failures

    def _segments(self, one: Found) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of the segments of a track, as a training has them, and frames."""
        name = getattr(self.model, self.of)
        (frames,) = _read(self._part("features", one), "frames")
        features = ClipFeatures({name: frames}, {self.segmenter: self._boundaries(one)})
        arrays = segment_arrays(features, [(name, self.segmenter)])
        return arrays[f"{name}-{self.segmenter}"], frames

    def _boundaries(self, one: Found) -> np.ndarray:
        if self.segmenter == CLIP:
            return np.array([0.0, *_read(self._part("features", one), "duration")])
        if self.segmenter == MERGED:
            (shots,) = _read(self._part("boundaries", one), SHOTS)
            return merged(shots, self.model.about.segment_seconds)
        return _read(self._part("boundaries", one), self.segmenter)[0]

    def _beats(self, one: Found) -> np.ndarray:
        return _read(self._part("beats", one), "beats")[0] if self.of == "music" else np.zeros(0)

    def _tags(self, one: Found) -> dict[str, float]:
        from vmnet.catalog.tags import top_tags

        if self.of == "video":
            return {}
        (probabilities,) = _read(self._part("features", one), "tags")
        return top_tags(self.model.music, probabilities)

    # --- of all files --------------------------------------------------------------------------

    def _write(self, usable: Sequence[Found], failures: Mapping[str, str]) -> Index:
        """Write the arrays of this state of the catalog and, last, index.json."""
        inaudible = [one.track_id for one in usable if self._is_inaudible(one)]
        key = store.key(
            version=VERSION,
            of=self.of,
            model=self.model.key,
            embedded=self._embedded,
            stages=[stage.folder for stage in self.stages.values()],
            catalog=self.folder,
            tracks=[(o.track_id, o.path, o.title, o.artist, o.content) for o in usable],
            failures=failures,
            inaudible=inaudible,
        )
        if (kept := _kept(self.output, key)) is not None:
            return kept
        arrays_of = self.output / f"arrays-{key}"
        with timed(f"joining the {NOUNS[self.of]}s"):
            dim = self._join(usable, arrays_of)
            rows = [self._row(one) for one in usable]
            with store.written_whole(arrays_of / TRACKS) as temporary:
                temporary.write_bytes(tracks_text(rows))
            self.model.copy(arrays_of / MODEL)
        names = [*(f"{name}.npy" for name in ARRAYS), TRACKS, *_build_candidates(arrays_of)]
        about = {
            "format": FORMAT,
            "version": VERSION,
            "key": key,
            "of": self.of,
            "model": self.model.key,
            "segmenter": self.segmenter,
            "catalog": str(self.folder),
            "arrays": arrays_of.name,
            "dim": dim,
            "n_tracks": len(usable),
            "failures": dict(failures),
            "inaudible": inaudible,
            "files": {name: describe_file(arrays_of / name) for name in names},
        }
        store.save_text(self.output / INDEX, json.dumps(about, indent=1) + "\n")
        for path in self.output.glob("arrays-*"):
            if path != arrays_of:
                shutil.rmtree(path, ignore_errors=True)
        return Index.open(self.output)

    def _join(self, usable: Sequence[Found], folder: Path) -> int:
        """Write the arrays of all tracks, one after the other; return the embeddings' length."""
        parts = [self._part("embedded", one) for one in usable]
        segments, seconds, (dim, *_) = zip(
            *(_read(part, "shape")[0].tolist() for part in parts), strict=True
        )
        beats = [self._beats(one) for one in usable]
        offsets = {
            "offsets": _offsets(segments),
            "frames_offsets": _offsets(seconds),
            "beats_offsets": _offsets([len(times) for times in beats]),
        }
        centroids = np.empty((len(usable), dim), np.float32)
        with (
            _mapped(folder / "embeddings.npy", (offsets["offsets"][-1], dim)) as embeddings,
            _mapped(folder / "frames.npy", (offsets["frames_offsets"][-1], dim)) as frames,
        ):
            for i, part in enumerate(parts):
                own, of_seconds = _read(part, "embedding", "frames")
                embeddings[slice(*offsets["offsets"][i : i + 2])] = own
                frames[slice(*offsets["frames_offsets"][i : i + 2])] = of_seconds
                centroids[i] = own.mean(axis=0, dtype=np.float32)
        arrays = offsets | {
            "centroids": centroids,
            "boundaries": np.concatenate([self._boundaries(one) for one in usable]),
            "beats": np.concatenate(beats),
        }
        for name, array in arrays.items():
            store.save_array(folder / f"{name}.npy", array.astype(ARRAYS[name], copy=False))
        return dim

    def _row(self, one: Found) -> dict[str, str]:
        """Return the line of tracks.csv."""
        (duration,) = _read(self._part("features", one), "duration")
        return {
            "track_id": one.track_id,
            "path": one.path.relative_to(self.folder).as_posix(),
            "title": one.title,
            "artist": one.artist,
            "duration": repr(float(duration)),
            "content": one.content,
            "tags": "; ".join(f"{name}={value:g}" for name, value in self._tags(one).items()),
        }

    def _noticed(self, one: Found) -> tuple[str, ...]:
        """Return what was noticed when a file was worked on, each line once."""
        parts = (self._part(what, one) for what in self.stages)
        return tuple(dict.fromkeys(line for part in parts for line in noticed(part)))

    def _is_inaudible(self, one: Found) -> bool:
        return any(line.endswith(INAUDIBLE) for line in self._noticed(one))

    def _prune(self, found: Sequence[Found]) -> None:
        """Delete what was computed of files that are gone, and the embeddings of other models."""
        contents = {one.content for one in found}
        for path in self._parts.rglob("*"):
            if path.is_file() and path.name.partition(".")[0] not in contents:
                path.unlink(missing_ok=True)
        for path in (self._parts / "embedded").iterdir():
            if path != self._parts / self._embedded:
                shutil.rmtree(path, ignore_errors=True)

    def _tell(
        self, found: Sequence[Found], usable: Sequence[Found], failures: Mapping[str, str]
    ) -> None:
        """Say what was noticed about tracks that are used, and which files are left out."""
        for one in usable:
            for line in self._noticed(one):
                log(f"  {one.track_id}: {line}")
        if failures:
            log(
                f"{len(failures)} of {len(found)} files were left out; they are tried again once "
                "they are mended, or with --retry:"
            )
        for track_id, reason in failures.items():
            log(f"  {track_id}: {reason}")


def _build_candidates(folder: Path) -> list[str]:
    """Write the first stage of the search where a catalog is too large to be aligned whole.

    Returns the names of the files that are written.
    """
    from vmnet.catalog.engines import FILE_NAME, build_candidates
    from vmnet.catalog.search import EXHAUSTIVE_TRACKS

    centroids = np.load(folder / "centroids.npy", mmap_mode="r", allow_pickle=False)
    if len(centroids) <= EXHAUSTIVE_TRACKS:
        return []
    with timed("clustering the tracks"):
        build_candidates(centroids, folder)
    return [FILE_NAME]


def _known(path: Path) -> dict[str, Found]:
    """Return the files that were found before, by track_id; none if that is lost."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        found = (Found(**one | {"path": Path(one["path"])}) for one in kept)
        return {one.track_id: one for one in found}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _kept(output: Path, key: str) -> Index | None:
    """Return the index that is there, if it is of that key and whole."""
    try:
        return Index.open(output) if read_about(output)["key"] == key else None
    except VmnetError:
        return None


def _read(part: Path, *names: str) -> list[np.ndarray]:
    """Read some arrays of a part; one that is damaged is deleted, to be made anew."""
    try:
        with np.load(part, allow_pickle=False) as archive:
            return [archive[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        part.unlink(missing_ok=True)
        raise VmnetError(
            f"{part} was damaged and is deleted ({error}): run the same command again."
        ) from error


def _offsets(lengths: Sequence[int]) -> np.ndarray:
    return np.cumsum([0, *lengths], dtype=np.int64)


@contextmanager
def _mapped(path: Path, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield a float16 array to be filled, in a file that is written whole."""
    with store.written_whole(path) as temporary:
        array = np.lib.format.open_memmap(temporary, "w+", np.float16, tuple(map(int, shape)))
        yield array
        array.flush()
