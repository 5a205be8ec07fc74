"""Segment features of the clips of a split, from their `FeatureSource`: one pass, nothing large.

The frames of 50,000 clips are some 50 GB and are never kept. Chunks of clips go through worker
processes, which keep the mean of every segment in 16 bits; the chunks are then joined to one file
per modality and segmentation, which is read by memory mapping. A pass that was killed goes on with
the chunks that are missing.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vmnet import store
from vmnet.aligners import Sequences
from vmnet.batch import Job, noticing, reason_of
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.errors import VmnetError

CLIP = "clip"
"""The segmentation of the clip-level systems: one segment that lasts the whole clip."""

FRAMES = "frames"
"""The segmentation of the systems that pool frames themselves: one segment for each second."""

STATISTICS = "statistics"
"""Mean, variance and maximum of all frames of a clip, one after the other (thesis 5.2.2)."""

NOT_FOUND = (CLIP, FRAMES, STATISTICS)
"""Segmentations that no segmenter finds."""

LARGEST = float(np.finfo(np.float16).max)

CHUNK = 50  # clips a job; so many are lost when a run is killed


Pair = tuple[str, str]
"""What is kept: the frames of an extractor, cut by a segmenter (or `CLIP`)."""


@dataclass(frozen=True)
class SegmentFolder:
    """The segment features of the clips of one split, below one folder.

    `pairs` says which frames are kept in which segments; boundaries are kept of each segmenter.
    """

    folder: Path
    source: FeatureSource
    clips: tuple[Clip, ...]
    pairs: tuple[Pair, ...]

    @property
    def failures(self) -> dict[str, str]:
        """Why a clip is left out, by clip_id; empty before `finish`."""
        return self._notes(self._last)

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What was noticed about clips that are used, by clip_id; empty before `finish`."""
        return {name: tuple(lines) for name, lines in self._notes(self._warnings).items()}

    def _notes(self, path: Path) -> dict[str, Any]:
        return json.loads(path.read_text(encoding="utf-8")) if self.done else {}

    def forget_failures(self) -> None:
        """Compute all anew where a clip was left out, for it may be whole by now."""
        if self.failures:
            shutil.rmtree(self.folder)

    @property
    def done(self) -> bool:
        """Whether all is computed."""
        return self._last.exists()

    @property
    def _last(self) -> Path:
        return self.folder / "failures.json"

    @property
    def _warnings(self) -> Path:
        return self.folder / "warnings.json"

    def jobs(self) -> list[Job]:
        """Return a job for each chunk of clips that is missing."""
        if self.done:
            return []
        return [
            Job(
                f"{self.folder.name}/{file.stem}",
                file,
                partial(_keep_chunk, self.source, chunk, self.pairs, file),
                file,
            )
            for file, chunk in self._chunks.items()
            if not file.exists()
        ]

    def finish(self) -> None:
        """Join the chunks, all of which are there, and delete them."""
        if not self.done:
            failures, warnings = self._join(list(self._chunks))
            names = [clip.clip_id for clip in self.clips if clip.clip_id not in failures]
            store.save_text(self.folder / "clips.txt", "".join(f"{name}\n" for name in names))
            for path, notes in ((self._warnings, warnings), (self._last, failures)):
                store.save_text(path, json.dumps(notes, indent=1, ensure_ascii=False) + "\n")
        shutil.rmtree(self.folder / "chunks", ignore_errors=True)

    @property
    def _chunks(self) -> dict[Path, tuple[Clip, ...]]:
        starts = range(0, len(self.clips), CHUNK)
        folder = self.folder / "chunks"
        return {folder / f"{i:06}.npz": self.clips[i : i + CHUNK] for i in starts}

    def features(self, name: str, segmenter: str) -> Sequences:
        """Return the float16 segment features called `name`, memory-mapped, one sequence a clip."""
        data = np.load(self.folder / f"{name}-{segmenter}.npy", mmap_mode="r", allow_pickle=False)
        return Sequences(data, self._offsets(segmenter), self.clip_ids)

    def boundaries(self, segmenter: str) -> dict[str, np.ndarray]:
        """Return the boundaries of every clip, (n_segments + 1,) s, by clip_id."""
        edges = store.load_array(self.folder / f"boundaries-{segmenter}.npy")
        firsts = self._offsets(segmenter) + np.arange(len(self.clip_ids) + 1)  # one edge more each
        return dict(zip(self.clip_ids, np.split(edges, firsts[1:-1]), strict=True))

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """The clips that did not fail, in the corpus' order."""
        return tuple((self.folder / "clips.txt").read_text(encoding="utf-8").splitlines())

    def _offsets(self, segmenter: str) -> np.ndarray:
        counts = store.load_array(self.folder / f"counts-{segmenter}.npy")
        return np.concatenate([[0], np.cumsum(counts)])

    def _join(self, files: Sequence[Path]) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Join the arrays of all chunks, name by name; return what failed and what was noticed."""
        failures: dict[str, str] = {}
        warnings: dict[str, list[str]] = {}
        holders: dict[str, list[Path]] = {}  # a chunk of failures alone holds no arrays
        for file in files:
            with np.load(file, allow_pickle=False) as part:
                failures |= json.loads(str(part["failures"]))
                warnings |= json.loads(str(part["warnings"]))
                for name in part.files:
                    holders.setdefault(name, []).append(file)
        for name in ("failures", "warnings"):
            holders.pop(name, None)
        for name, those in holders.items():
            joined = np.concatenate([_read(file, name) for file in those])
            store.save_array(self.folder / f"{name}.npy", joined)
        return failures, warnings


def _read(file: Path, name: str) -> np.ndarray:
    with np.load(file, allow_pickle=False) as part:
        return part[name]


def _keep_chunk(
    source: FeatureSource, clips: Sequence[Clip], pairs: Sequence[Pair], file: Path
) -> None:
    """Write the segment features, counts and boundaries of a chunk of clips."""
    kept: dict[str, list[np.ndarray]] = {}
    failures: dict[str, str] = {}
    noticed: dict[str, tuple[str, ...]] = {}
    for clip in clips:
        try:
            with noticing() as lines:
                arrays = segment_arrays(source.load(clip), pairs)
        except MemoryError:
            raise
        except Exception as error:  # one clip ends no pass
            failures[clip.clip_id] = reason_of(clip.path, error)
            continue
        noticed |= {clip.clip_id: tuple(lines)} if lines else {}
        for name, array in arrays.items():
            kept.setdefault(name, []).append(array)
    joined = {name: np.concatenate(arrays) for name, arrays in kept.items()}
    notes = {"failures": failures, "warnings": noticed}
    texts = {name: np.array(json.dumps(note)) for name, note in notes.items()}
    store.save_arrays(file, **texts, **joined)


def segment_arrays(features: ClipFeatures, pairs: Sequence[Pair]) -> Mapping[str, np.ndarray]:
    """Return what is kept of one clip.

    Returns
    -------
    arrays : by name
        `<frames>-<segmenter>` (n_segments, dim) float16, the mean of the frames of each segment
        (paper IV-C), or (1, 3 dim) of `STATISTICS`; `boundaries-<segmenter>` (n_segments + 1,) s;
        `counts-<segmenter>` (1,).

    Raises
    ------
    VmnetError
        If a mean is too large for 16 bits.
    """
    from vmnet.segmenters.boundaries import segment_means

    frames = {name: features.frames[name] for name, _ in pairs}
    seconds = max(len(rows) for rows in frames.values())
    whole = np.array([0.0, seconds])
    made = {CLIP: whole, STATISTICS: whole, FRAMES: np.arange(seconds + 1.0)}
    arrays: dict[str, np.ndarray] = {}
    for name, segmenter in pairs:
        edges = made[segmenter] if segmenter in made else features.boundaries[segmenter]
        arrays[f"boundaries-{segmenter}"] = edges
        arrays[f"counts-{segmenter}"] = np.array([len(edges) - 1])
        if segmenter == STATISTICS:
            means = statistics_of(frames[name])
        else:
            means = segment_means(frames[name], edges)
        if not np.abs(means).max() <= LARGEST:
            raise VmnetError(f"its {name} features are not finite or above {LARGEST:g}: scale them")
        arrays[f"{name}-{segmenter}"] = means.astype(np.float16)
    return arrays


def statistics_of(frames: np.ndarray) -> np.ndarray:
    """Return mean, variance and maximum of (n, dim) frames, (1, 3 dim) float32.

    >>> statistics_of(np.array([[0.0, 5.0], [2.0, 5.0]])).tolist()
    [[1.0, 5.0, 1.0, 0.0, 2.0, 5.0]]
    """
    parts = frames.mean(axis=0), frames.var(axis=0), frames.max(axis=0)
    return np.concatenate(parts)[None].astype(np.float32)
