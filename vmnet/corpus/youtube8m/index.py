"""An index of frame-level shards of YouTube-8M: where each video's record is.

A shard is a TFRecord file of `SequenceExample`s, one a video: its `id` (or `video_id`), its
`labels`, and once a second `rgb` (1,024 bytes) and `audio` (128 bytes). Every shard is gone over
once; its index is kept for as long as the shard does not change.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vmnet import store
from vmnet.batch import Job, Workers, run_jobs
from vmnet.corpus.manifest import MAX_ID, is_safe, safe_name
from vmnet.corpus.youtube8m.diagnosis import ANEW
from vmnet.corpus.youtube8m.example import sequence_example
from vmnet.corpus.youtube8m.tfrecord import Flaw, read_records
from vmnet.errors import VmnetError

MAX_FRAMES = 300  # as the data set's own readers do; its features end after some five minutes
VIDEO_LEVEL = ("mean_rgb", "mean_audio")
FEATURES = {"video": ("rgb", 1024), "music": ("audio", 128)}
INDEX_FORMAT = 2  # of what is kept of a shard; videos.FORMAT is that of what is read
SUFFIXES = (".tfrecord", ".tfrecord.gz")


class Damage(NamedTuple):
    """What cannot be used of a shard, at `offset` bytes from its start, and why."""

    shard: Path
    offset: int
    reason: str


@dataclass(frozen=True, eq=False)
class Index:
    """Where each record of some shards is, in the order of the shards and of the records.

    `shard`, `offsets`, `lengths` and `n_frames` are (n_records,) int64: the position in `shards`,
    bytes from the start, bytes of data, seconds. Record i has the labels
    `labels[label_ends[i]:label_ends[i + 1]]`.
    """

    shards: tuple[Path, ...]
    ids: np.ndarray
    shard: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray
    n_frames: np.ndarray
    labels: np.ndarray
    label_ends: np.ndarray
    damage: tuple[Damage, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def labelled(self, labels: Collection[int]) -> np.ndarray:
        """Return which records have one of the labels, (n_records,) bool."""
        hits = np.concatenate([[0], np.cumsum(np.isin(self.labels, list(labels)))])
        return np.diff(hits[self.label_ends]) > 0


def read_index(folder: Path, cache: Path, jobs: Workers = 1, progress: bool = True) -> Index:
    """Load or make the index of every shard of a folder.

    Raises
    ------
    VmnetError
        If there are no shards, or no shard holds a record that can be read.
    """
    shards = sorted(find_shards(folder))
    if not shards:
        raise VmnetError(f"{folder} holds no shards: put YouTube-8M's *.tfrecord files there.")
    files = [_index_file(folder, shard, cache) for shard in shards]
    work = [
        Job(str(shard), shard, partial(_keep_index, shard, file), file)
        for shard, file in zip(shards, files, strict=True)
        if not file.exists()
    ]
    failures = run_jobs(work, jobs, "index", progress, unit="shard")
    damage = [Damage(Path(shard), 0, reason) for shard, reason in failures.items()]
    read = [shard for shard in shards if str(shard) not in failures]
    arrays = [
        store.load_arrays(file)
        for shard, file in zip(shards, files, strict=True)
        if str(shard) not in failures
    ]
    for shard, part in zip(read, arrays, strict=True):
        flaws = zip(part["flaw_offsets"].tolist(), part["flaw_reasons"].tolist(), strict=True)
        damage += [Damage(shard, offset, reason) for offset, reason in flaws]
    if not sum(len(part["ids"]) for part in arrays):
        said = damage_lines(damage)
        more = f" (and {len(said) - 1} other faults)" if len(said) > 1 else ""
        raise VmnetError(f"No video can be read in {folder}; {said[0]}{more}.")
    columns = {
        name: np.concatenate([part[name] for part in arrays])
        for name in ("ids", "offsets", "lengths", "n_frames", "labels", "n_labels")
    }
    ends = np.cumsum([0, *columns.pop("n_labels")])
    shard_of = np.repeat(np.arange(len(read)), [len(part["ids"]) for part in arrays])
    return Index(tuple(read), shard=shard_of, label_ends=ends, damage=tuple(damage), **columns)


def damage_lines(damage: Iterable[Damage]) -> list[str]:
    """Say of damage where it is, why and what to do: a line for each reason in each shard."""
    places: dict[tuple[Path, str], list[int]] = {}
    for shard, offset, reason in damage:
        places.setdefault((shard, reason), []).append(offset)
    return [
        f"{shard}, {f'{len(offsets)} records from ' if len(offsets) > 1 else ''}byte {offsets[0]}"
        f"{' on' if len(offsets) > 1 else ''}: {reason}"
        for (shard, reason), offsets in places.items()
    ]


def find_shards(folder: Path) -> Iterator[Path]:
    """Yield the shards of a folder and its subfolders, but for hidden ones.

    Compressed ones are among them, so that they are not passed over in silence.
    """
    for path in folder.rglob("*.tfrecord*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.name.endswith(SUFFIXES) and path.is_file():
            yield path


def _index_file(folder: Path, shard: Path, cache: Path) -> Path:
    place = shard.relative_to(folder).as_posix()
    made_from = store.key(format=INDEX_FORMAT, place=place, file=store.fingerprint(shard))
    return Path(cache) / "index" / f"{safe_name(shard.stem)}-{made_from}.npz"


def _keep_index(shard: Path, file: Path) -> None:
    store.save_arrays(file, **index_shard(shard))


def index_shard(shard: Path) -> dict[str, np.ndarray]:
    """Go once over a shard; return a row for each record, and each flaw."""
    rows: list[tuple[str, int, int, int]] = []
    labels: list[tuple[int, ...]] = []
    flaws: list[Flaw] = []
    for record in read_records(shard):
        if isinstance(record, Flaw):
            flaws.append(record)
            continue
        try:
            video = parse_video(record.data)
        except ValueError as error:
            flaws.append(Flaw(record.offset, str(error)))
            continue
        n_frames = len(video.frames["music"])
        rows.append((video.clip_id, record.offset, len(record.data), n_frames))
        labels.append(video.labels)
    ids, offsets, lengths, n_frames_of = zip(*rows, strict=True) if rows else ((), (), (), ())
    return {
        "ids": np.array(ids, dtype=str),
        "offsets": np.array(offsets, dtype=np.int64),
        "lengths": np.array(lengths, dtype=np.int64),
        "n_frames": np.array(n_frames_of, dtype=np.int64),
        "labels": np.array([label for some in labels for label in some], dtype=np.int64),
        "n_labels": np.array([len(some) for some in labels], dtype=np.int64),
        "flaw_offsets": np.array([flaw.offset for flaw in flaws], dtype=np.int64),
        "flaw_reasons": np.array([flaw.reason for flaw in flaws], dtype=str),
    }


class Video(NamedTuple):
    """A record: `frames` are (n_seconds, dim) uint8, by "video" and "music"."""

    clip_id: str
    labels: tuple[int, ...]
    frames: dict[str, np.ndarray]


def parse_video(data: bytes) -> Video:
    """Read a record's data; what lies past `MAX_FRAMES` is dropped.

    Pictures and sound may differ by one second in length: the last of the longer is dropped.

    Raises
    ------
    ValueError
        If it is no video; the text says why.
    """
    example = sequence_example(data)
    if example is None:
        raise ValueError(f"it is no SequenceExample: {ANEW}")
    context = example.context.feature
    if not example.feature_lists.feature_list and any(name in context for name in VIDEO_LEVEL):
        raise ValueError(
            "it is of the video level, one mean of the whole video: get the shards of the frame "
            "level, 2/frame/ instead of 2/video/"
        )
    named = [name for name in ("id", "video_id") if name in context]
    values = context[named[0]].bytes_list.value if named else []
    if not values:
        raise ValueError("it has no id")
    clip_id = values[0].decode("utf-8", "replace")
    if not is_safe(clip_id):
        raise ValueError(f"{clip_id[:MAX_ID]!r} is no video's id")
    labels = tuple(context["labels"].int64_list.value) if "labels" in context else ()
    lists = example.feature_lists.feature_list
    frames = {key: _frames(lists, name, dim) for key, (name, dim) in FEATURES.items()}
    shortest, longest = sorted(map(len, frames.values()))
    if longest - shortest > 1:
        raise ValueError(f"{clip_id} has {len(frames['video'])} s of rgb and "
                         f"{len(frames['music'])} s of audio")  # fmt: skip
    return Video(clip_id, labels, {key: rows[:shortest] for key, rows in frames.items()})


def _frames(lists: Any, name: str, dim: int) -> np.ndarray:
    """Return one feature list, (at most MAX_FRAMES, dim) uint8."""
    if name not in lists or not len(lists[name].feature):
        raise ValueError(f"it has no {name}: not a frame-level record with pictures and sound")
    rows = [b"".join(frame.bytes_list.value) for frame in lists[name].feature[:MAX_FRAMES]]
    sizes = {len(row) for row in rows}
    if sizes != {dim}:
        raise ValueError(f"its {name} has frames of {sorted(sizes)} bytes, not {dim}")
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, dim)
