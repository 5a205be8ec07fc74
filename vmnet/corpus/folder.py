"""A corpus of one's own: any folder of video files."""

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count
from pathlib import Path

from tqdm import tqdm

from vmnet import media, store
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.manifest import folded, read_manifest, safe_name, shortened
from vmnet.corpus.media_source import RENDERED, MediaSource
from vmnet.corpus.splits import MIN_FOLDER, assign_splits
from vmnet.errors import InputWarning, VmnetError

# Of containers that `media` reads.
VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts",
    ".mpg", ".mpeg", ".vob", ".wmv", ".asf", ".flv", ".f4v", ".ogv",
}  # fmt: skip
MANIFEST = "manifest.csv"


def folder_corpus(folder: Path, seed: int, source: MediaSource) -> Corpus:
    """Return the video files of a folder and its subfolders as a corpus.

    If the folder holds a `manifest.csv`, that is read, and `seed` is not used.
    Otherwise every file with one of `VIDEO_SUFFIXES` is a clip, but for those that hold sound alone
    by their header, and hidden ones; its id is made from its path, its title is its file name, and
    its split depends on `seed` and the ids alone, so that a new file moves few others. Fewer than
    `MIN_FOLDER` cannot be split, and are all of the split "test": they can be measured, and nothing
    can be trained on them. Whether the files can be decoded is left to later stages.

    Parameters
    ----------
    folder : Path
        The folder to search.
    seed : int
        Seed of the split.
    source : MediaSource
        Computes the features of the files.

    Returns
    -------
    Corpus
        Named after the folder; its kind is "folder", or "folder, K of N rendered" if K files are
        `vmnet render`'s.

    Raises
    ------
    VmnetError
        If the folder does not exist or holds no video files.
    ManifestError
        If its manifest is bad.

    Warns
    -----
    InputWarning
        If files were passed over, hidden ones aside: how many of which kind.
    """
    folder = Path(os.path.abspath(folder))
    if not folder.is_dir():
        raise VmnetError(f"{folder} is not a folder: name a folder of video files.")
    if (folder / MANIFEST).exists():
        clips = read_manifest(folder / MANIFEST)
        return Corpus(safe_name(folder.name), _kind(clips), clips, source)
    found = [Clip(name, path, "", _title(path)) for name, path in _found_clips(folder).items()]
    few = len(found) < MIN_FOLDER
    clips = tuple(replace(c, split="test") for c in found) if few else assign_splits(found, seed)
    return Corpus(safe_name(folder.name), _kind(clips), clips, source, split_seed=seed)


def _found_clips(folder: Path) -> dict[str, Path]:
    """Return the path of each clip id, in the order of the paths."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    visible = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    bar = tqdm(visible, desc="headers of files", unit="file", delay=2)
    strangers = {path: kind for path in bar if (kind := _stranger(folder / path))}
    passed_over = counted(strangers.values())
    visible = [path for path in visible if path not in strangers]
    if not visible:
        others = f" (passed over: {passed_over})" if passed_over else ""
        raise VmnetError(
            f"{folder} holds no video files{others}: add {MIN_FOLDER} or more, or name another "
            "folder."
        )
    if passed_over:
        text = f"{folder} holds files that are no videos and were passed over: {passed_over}."
        warnings.warn(text, InputWarning, stacklevel=2)
    clips: dict[str, Path] = {}
    taken: set[str] = set()
    for path in visible:
        clip_id = _free_id(path, taken)
        taken.add(folded(clip_id))
        clips[clip_id] = folder / path
    return clips


def _stranger(path: Path) -> str:
    """Return what a file is that is no video, "" if it is one."""
    suffix = path.suffix.lower()
    if suffix not in VIDEO_SUFFIXES:
        return suffix or "without a suffix"
    has_pictures, _ = _header(path, store.fingerprint(path))
    return "" if has_pictures else f"{suffix} with sound alone"


@lru_cache(maxsize=100_000)
def _header(path: Path, fingerprint: str) -> tuple[bool, str]:
    """Return whether a file has pictures, and its comment; (True, "") if it cannot be read.

    What is wrong with it is said by the stage that decodes it.
    """
    try:
        return media.has_pictures(path), media.comment(path)
    except VmnetError:
        return True, ""


def counted(strangers: Iterable[str]) -> str:
    """Say how many of which kind: "3 .txt, 1 .jpg"."""
    kinds = Counter(strangers).most_common()
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds[:8])
    rest = sum(count for _, count in kinds[8:])
    return listed + (f", {rest} others" if rest else "")


def _free_id(path: Path, taken: set[str]) -> str:
    """Make a clip id from a relative path, with a hash of the path where the plain id is taken."""
    plain = safe_name("-".join(path.with_suffix("").parts))
    if folded(plain) not in taken:
        return plain
    suffixes = (store.key(path=str(path), attempt=attempt) for attempt in count())
    candidates = (f"{shortened(plain, spare=11)}-{suffix}" for suffix in suffixes)
    return next(candidate for candidate in candidates if folded(candidate) not in taken)


def _title(path: Path) -> str:
    """Return the file name without suffix; bytes that are not Unicode become "?"."""
    return path.stem.encode("utf-8", "replace").decode()


def _kind(clips: Sequence[Clip]) -> str:
    """Return the corpus' kind, which tells how many of its files are rendered."""
    n_rendered = sum(_is_rendered(clip.path) for clip in clips)
    return f"folder, {n_rendered} of {len(clips)} rendered" if n_rendered else "folder"


def _is_rendered(path: Path) -> bool:
    return path.exists() and _header(path, store.fingerprint(path))[1].startswith(RENDERED)
