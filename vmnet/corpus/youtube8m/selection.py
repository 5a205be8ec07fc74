"""Which clips of a large collection are taken, and into which split each goes."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from vmnet.corpus.clips import SPLITS, Clip
from vmnet.corpus.splits import MIN_FOLDER, assign_splits
from vmnet.errors import ManifestError, VmnetError
from vmnet.store import key

Sizes = tuple[int | None, int, int]
"""Clips of train, valid and test; None for train: all that are left."""


def read_ids(path: Path) -> dict[str, str]:
    """Read a list of clip ids, and the split of each where the list says it.

    Either a text file with one id a line, or a CSV file with the columns `clip_id` and, if wanted,
    `split`; a split may be left empty. Blank lines and lines that begin with # are passed over; an
    id that comes again is the same clip.

    Returns
    -------
    dict of a split, or "", by id, in the order of the file

    Raises
    ------
    ManifestError
        If the file cannot be read, lists no id, or has bad lines, each of which is named.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError:
        raise ManifestError(f"{path} cannot be read: check the path.") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8 text: save it so.") from None
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    if not lines:
        raise ManifestError(f"{path} lists no ids: write one on each line.")
    header = _fields(lines[0][1])
    if "clip_id" not in header:
        header, rows = ["clip_id"], lines
    else:
        rows = lines[1:]
    problems: list[str] = []
    splits: dict[str, str] = {}
    for line, row in rows:
        fields = dict(zip(header, _fields(row), strict=False))
        clip_id, split = fields.get("clip_id", ""), fields.get("split", "")
        if len(_fields(row)) != len(header):
            problems.append(f"line {line}: {len(_fields(row))} fields for {','.join(header)}")
        elif not clip_id or any(character.isspace() for character in clip_id):
            problems.append(f"line {line}: {clip_id!r} is no id")
        elif split and split not in SPLITS:
            problems.append(f"line {line}: unknown split {split!r}: use {', '.join(SPLITS)}")
        elif splits.setdefault(clip_id, split) != split:
            problems.append(f"line {line}: {clip_id} has had another split before: choose one")
    if problems:
        raise ManifestError("\n  ".join([f"{path} cannot be used:", *problems]))
    return splits


def split_by_size(
    ids: Iterable[str], given: Mapping[str, str], sizes: Sizes, seed: int
) -> dict[str, str]:
    """Split ids by the sizes wanted, in the order of a hash of seed and id.

    Parameters
    ----------
    ids : the ids there are, each once
    given : the split of an id, where that is settled already; it counts towards the sizes
    sizes : clips of each split wanted; with None for train, all that are left
    seed : seed of the order

    Returns
    -------
    dict of the split by id, without the ids that no split wants

    Raises
    ------
    VmnetError
        If there are too few ids.
    """
    ids = list(ids)
    splits = {clip_id: given[clip_id] for clip_id in ids if given.get(clip_id)}
    free = [clip_id for clip_id in ids if clip_id not in splits]
    free.sort(key=lambda clip_id: key(seed=seed, clip_id=clip_id), reverse=True)
    settled = list(splits.values())
    wanted = {
        split: max(0, size - settled.count(split))
        for split, size in zip(SPLITS, sizes, strict=True)
        if size is not None
    }
    if sum(wanted.values()) > len(free):
        sought = ", ".join(f"{n} more for {split}" for split, n in wanted.items() if n)
        raise VmnetError(
            f"{sought} are wanted and {len(free)} clips are left: get more clips, or ask for less."
        )
    for split in reversed(SPLITS):  # test first: it stays the same when train grows
        for _ in range(wanted.get(split, len(free))):
            splits[free.pop()] = split
    return {clip_id: splits[clip_id] for clip_id in ids if clip_id in splits}


def split_ids(
    ids: list[str], given: Mapping[str, str], sizes: Sizes | None, seed: int
) -> dict[str, str]:
    """Split ids by the sizes wanted; without any, those that no list splits as a folder's are.

    Parameters as of `split_by_size`; with `sizes` None no id is left out.

    Raises
    ------
    VmnetError
        If there are too few ids.
    """
    if sizes is not None:
        return split_by_size(ids, given, sizes, seed)
    free = [Clip(clip_id, Path(), "") for clip_id in ids if not given.get(clip_id)]
    if free and len(free) < MIN_FOLDER:
        raise VmnetError(
            f"{len(free)} clips have no split, and at least {MIN_FOLDER} are needed to split them: "
            "say the split of each in the list of ids."
        )
    assigned = {clip.clip_id: clip.split for clip in assign_splits(free, seed)} if free else {}
    return {clip_id: given.get(clip_id) or assigned[clip_id] for clip_id in ids}


def _fields(line: str) -> list[str]:
    return [field.strip() for field in next(csv.reader(io.StringIO(line)))]
