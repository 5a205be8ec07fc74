"""YouTube-8M's video level: the means of a video's pictures and of its sound, a row a clip.

A record is a TensorFlow `Example` with `id`, `labels`, `mean_rgb` (1,024 floats: Inception,
whitened) and `mean_audio` (128 floats: VGGish). The same columns are also read from tables, .npz
files with the arrays

    id          (n,) text
    mean_rgb    (n, 1024) floats, or bytes: x = byte / 255 * 4 - 2
    mean_audio  (n, 128) likewise
    labels      (n,) text, "6 14"; or whole numbers, those of all videos joined, cut by
    n_labels    (n,) whole numbers

There is no time axis: a clip is one row, and is one segment.
"""

import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from vmnet import store
from vmnet.corpus.clips import EXTRA, Clip
from vmnet.corpus.imports import ClipArrays, Import
from vmnet.corpus.manifest import folded, is_safe
from vmnet.corpus.youtube8m.diagnosis import ANEW
from vmnet.corpus.youtube8m.example import sequence_example
from vmnet.corpus.youtube8m.index import VIDEO_LEVEL, Damage, damage_lines, find_shards
from vmnet.corpus.youtube8m.selection import Sizes, read_ids, split_ids
from vmnet.corpus.youtube8m.tfrecord import Flaw, read_record, read_records
from vmnet.errors import VmnetError

DIMS = dict(zip(VIDEO_LEVEL, (1024, 128), strict=True))


class Entry(NamedTuple):
    """Where a video is: `place` is the byte of its record and the record's length, or its row."""

    clip_id: str
    labels: tuple[int, ...]
    path: Path
    place: tuple[int, ...]


@dataclass
class Listing:
    """The videos of some files, each once, and what was passed over."""

    entries: dict[str, Entry] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    repeated: int = 0

    def add(self, entry: Entry) -> None:
        """Take a video, unless its id was seen before."""
        self.repeated += entry.clip_id in self.entries
        self.entries.setdefault(entry.clip_id, entry)


def find(
    source: Path,
    labels: Collection[int] | None = None,
    ids: Path | None = None,
    sizes: Sizes | None = None,
    others: int | None = 0,
    other_labels: Collection[int] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Import:
    """Find the videos wanted in shards and tables.

    Parameters
    ----------
    source
        A folder of shards (*.tfrecord) and tables (*.npz), or one such file. Where an id comes
        twice, shards go before tables, and then the first counts.
    labels
        Videos wanted: those with one of these labels; all if None.
    ids
        Of these, those on this list, which may give their splits (`selection.read_ids`).
    sizes
        Clips of train, valid and test; None splits all as a folder's: 70, 10 and 20 %.
    others
        How many of the videos that are not wanted, and have none of `labels`, are added as the
        split `EXTRA`; None adds all.
    other_labels
        Of these, only those with one of these labels; with `others` 0, all of them.
    seed
        Draws the splits and the others.

    Raises
    ------
    VmnetError
        If no video can be read or none is wanted, or there are too few for the sizes.
    """
    if other_labels and others == 0:
        others = None
    if others != 0 and labels is None and ids is None:
        raise VmnetError("--others are videos that are not wanted: say which are, with --labels.")
    asked = read_ids(ids) if ids else {}
    files = _files(Path(source).absolute())
    listing = _list(files, progress)
    wanted = _wanted(listing.entries, labels, asked if ids else None)
    if not wanted:
        raise VmnetError(f"{source}: none of its {len(listing.entries)} videos is asked for.")
    splits = split_ids(list(wanted), asked, sizes, seed)
    more = _others(listing.entries, wanted, labels, others, other_labels, seed)
    splits |= dict.fromkeys(more, EXTRA)
    chosen = [listing.entries[clip_id] for clip_id in splits]
    clips, renamed = _clips(chosen, splits)
    of_clip = {clip.clip_id: entry for clip, entry in zip(clips, chosen, strict=True)}
    unknown = sorted(set(asked) - listing.entries.keys())
    return Import(
        clips,
        lambda clip: _load(of_clip[clip.clip_id]),
        store.key(
            set="youtube8m-video", splits=splits, files=[store.fingerprint(path) for path in files]
        ),
        tuple(_remarks(listing, len(wanted), len(more), len(splits), unknown, renamed)),
    )


def _files(source: Path) -> list[Path]:
    """Return shards, then tables."""
    if source.is_file():
        files = [source]
    else:
        files = [*sorted(find_shards(source)), *sorted(source.rglob("*.npz"))]
    if not files or any(path.suffix not in READERS for path in files):
        strange = [path for path in files if path.suffix not in READERS]
        raise VmnetError(
            f"{strange[0]} is neither a shard (*.tfrecord, not compressed) nor a table (*.npz)."
            if strange
            else f"{source} holds no shards (*.tfrecord) and no tables (*.npz) of YouTube-8M."
        )
    return files


def _list(files: list[Path], progress: bool) -> Listing:
    listing = Listing()
    for path in tqdm(files, desc="shards", unit="shard", disable=not progress, delay=2):
        for found in READERS[path.suffix].entries(path):
            if isinstance(found, Entry):
                listing.add(found)
            else:
                listing.damage.append(found)
    if not listing.entries:
        said = listing.damage or [f"{files[0]}: it holds no records"]
        raise VmnetError(f"No video can be read; {said[0]}.")
    return listing


def _wanted(
    entries: dict[str, Entry], labels: Collection[int] | None, ids: Collection[str] | None
) -> dict[str, Entry]:
    return {
        clip_id: entry
        for clip_id, entry in entries.items()
        if (labels is None or not set(labels).isdisjoint(entry.labels))
        and (ids is None or clip_id in ids)
    }


def _others(
    entries: dict[str, Entry],
    wanted: Collection[str],
    labels: Collection[int] | None,
    count: int | None,
    other_labels: Collection[int] | None,
    seed: int,
) -> list[str]:
    """Return the videos added as extra clips, in the order of `entries`."""
    if count == 0:
        return []
    free = [
        clip_id
        for clip_id, entry in entries.items()
        if clip_id not in wanted
        and set(labels or ()).isdisjoint(entry.labels)
        and (other_labels is None or not set(other_labels).isdisjoint(entry.labels))
    ]
    if count is None:
        return free
    if count > len(free):
        raise VmnetError(f"--others {count}: there are only {len(free)} other videos; ask for all.")
    drawn = set(sorted(free, key=lambda clip_id: store.key(seed=seed, clip_id=clip_id))[:count])
    return [clip_id for clip_id in free if clip_id in drawn]


def _clips(entries: list[Entry], splits: dict[str, str]) -> tuple[tuple[Clip, ...], int]:
    """Return clips, and how many have another id than their video.

    YouTube-8M tells "aBcd" from "AbcD", file systems may not: the later one gets a mark.
    """
    clips: list[Clip] = []
    taken: set[str] = set()
    for entry in entries:
        clip_id = entry.clip_id
        if folded(clip_id) in taken:
            clip_id = f"{clip_id}-{store.key(clip_id=clip_id)}"
        taken.add(folded(clip_id))
        clips.append(Clip(clip_id, Path(), splits[entry.clip_id], title=entry.clip_id))
    return tuple(clips), sum(clip.clip_id != clip.title for clip in clips)


def _remarks(
    listing: Listing, n_wanted: int, n_others: int, n_kept: int, unknown: list[str], renamed: int
) -> Iterator[str]:
    n_unasked = len(listing.entries) - n_wanted - n_others
    n_left = n_wanted + n_others - n_kept
    if n_unasked:
        yield f"left out: {n_unasked} videos that were not asked for"
    if n_left:
        yield f"left out: {n_left} videos that no split wants"
    if listing.repeated:
        yield f"left out: {listing.repeated} records whose id came before"
    if unknown:
        some = ", ".join(unknown[:10]) + (", ..." if len(unknown) > 10 else "")
        yield f"left out: {len(unknown)} ids that are in no file: {some}"
    if renamed:
        yield f"{renamed} ids differ from others in case alone and got a mark; title has the id"
    yield from (f"left out: {line}" for line in listing.damage)


# --- the two kinds of files -----------------------------------------------------------------------


def _load(entry: Entry) -> ClipArrays:
    try:
        means = READERS[entry.path.suffix].means(entry)
    except OSError as error:
        raise VmnetError(f"{entry.path} cannot be read ({error.strerror}); put it back.") from None
    return ClipArrays(*(means[name][None] for name in VIDEO_LEVEL))


def _shard_entries(path: Path) -> Iterator[Entry | str]:
    """Yield the videos of a shard, then a line for each thing that is wrong with it."""
    damage: list[Damage] = []
    for record in read_records(path):
        if isinstance(record, Flaw):
            damage.append(Damage(path, record.offset, record.reason))
            continue
        try:
            clip_id, labels, _ = _parse(record.data)
            yield Entry(clip_id, labels, path, (record.offset, len(record.data)))
        except ValueError as error:
            damage.append(Damage(path, record.offset, str(error)))
    yield from damage_lines(damage)


def _parse(data: bytes) -> tuple[str, tuple[int, ...], dict[str, np.ndarray]]:
    """Return id, labels and means of a record.

    Raises
    ------
    ValueError
        If it is no video of the video level; the text says why.
    """
    example = sequence_example(data)
    if example is None:
        raise ValueError(f"it is no Example: {ANEW}")
    if example.feature_lists.feature_list:
        raise ValueError("it is of the frame level, which is read as it is: --corpus FOLDER")
    features = example.context.feature
    named = [name for name in ("id", "video_id") if name in features]
    values = features[named[0]].bytes_list.value if named else []
    clip_id = values[0].decode("utf-8", "replace") if values else ""
    if not is_safe(clip_id):
        raise ValueError("it has no id" if not clip_id else f"{clip_id[:50]!r} is no video's id")
    means = {}
    for name, dim in DIMS.items():
        # Asking a map of messages for a name that it lacks would add it.
        values = features[name].float_list.value if name in features else ()
        means[name] = np.fromiter(values, np.float32, len(values))
        if len(values) != dim or not np.isfinite(means[name]).all():
            raise ValueError(f"its {name} has {len(values)} values, not {dim} finite ones")
    labels = tuple(features["labels"].int64_list.value) if "labels" in features else ()
    return clip_id, labels, means


def _shard_means(entry: Entry) -> dict[str, np.ndarray]:
    data = read_record(entry.path, *entry.place)
    if data is None:
        raise VmnetError(f"{entry.clip_id}: {entry.path} has changed meanwhile; import it again.")
    return _parse(data)[2]


def _table_entries(path: Path) -> Iterator[Entry | str]:
    """Yield the videos of a table, then what is wrong with its rows.

    Raises
    ------
    VmnetError
        If it is no table.
    """
    table = _table(path)
    labels = _labels(path, table)
    finite = np.all([np.isfinite(table[name]).all(axis=1) for name in DIMS], axis=0)
    bad = 0
    for row, clip_id in enumerate(table["id"].tolist()):
        if finite[row] and is_safe(clip_id):
            yield Entry(clip_id, labels[row], path, (row,))
        else:
            bad += 1
    if bad:
        yield f"{path}: {bad} rows without an id, or with values that are not finite"


def _table(path: Path) -> dict[str, np.ndarray]:
    return _read_table(path, store.fingerprint(path))


@lru_cache(maxsize=1)  # rows are asked for in the order of the files
def _read_table(path: Path, fingerprint: str) -> dict[str, np.ndarray]:
    del fingerprint  # a file that has changed is read again
    wanted = ("id", *VIDEO_LEVEL, "labels")
    try:
        with np.load(path, allow_pickle=False) as archive:
            lacking = [name for name in wanted if name not in archive.files]
            names = (*wanted, "n_labels") if "n_labels" in archive.files else wanted
            table = {} if lacking else {name: archive[name] for name in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        raise VmnetError(f"{path} is no .npz file that can be read: get it again.") from None
    if lacking:
        raise VmnetError(f"{path} lacks the array {lacking[0]}: a table has {', '.join(wanted)}.")
    n = len(table["id"])
    for name, dim in DIMS.items():
        numbers = table[name].dtype.kind == "f" or table[name].dtype == np.uint8
        if table[name].shape != (n, dim) or not numbers:
            raise VmnetError(f"{path}: {name} is {table[name].shape}, not ({n}, {dim}) numbers.")
    return table


def _labels(path: Path, table: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """Return the labels of each row."""
    given = table["labels"]
    n = len(table["id"])
    try:
        if "n_labels" not in table:
            rows = [tuple(map(int, str(text).split())) for text in given.tolist()]
        elif table["n_labels"].sum() == len(given):
            ends = np.cumsum(table["n_labels"])[:-1]
            rows = [tuple(some.tolist()) for some in np.split(given, ends)]
        else:
            rows = []
    except ValueError:
        rows = []
    if len(rows) != n:
        raise VmnetError(f"{path}: its labels are not those of {n} videos; get it again.")
    return rows


def _row_means(entry: Entry) -> dict[str, np.ndarray]:
    table = _table(entry.path)
    rows = {name: table[name][entry.place[0]] for name in VIDEO_LEVEL}
    return {
        name: row / np.float32(255) * 4 - 2 if row.dtype == np.uint8 else row.astype(np.float32)
        for name, row in rows.items()
    }


class Reader(NamedTuple):
    """How a kind of file is read: what is in it, and the means of one video by name."""

    entries: Callable[[Path], Iterator[Entry | str]]
    means: Callable[[Entry], dict[str, Any]]


READERS = {
    ".tfrecord": Reader(_shard_entries, _shard_means),
    ".npz": Reader(_table_entries, _row_means),
}
