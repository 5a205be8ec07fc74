"""The tracks in a folder of music or videos: what each is called, what stands for its content."""

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from vmnet import store
from vmnet.corpus.folder import VIDEO_SUFFIXES, counted
from vmnet.errors import InputWarning, VmnetError

AUDIO_SUFFIXES = {
    ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wav", ".aif", ".aiff", ".wma",
}  # fmt: skip
SUFFIXES = AUDIO_SUFFIXES | VIDEO_SUFFIXES
SOUGHT = {  # of what: suffixes, the word for it, what to name instead of a folder without
    "music": (SUFFIXES, "music", "audio or video files"),
    "video": (VIDEO_SUFFIXES, "videos", "video files"),
}


@dataclass(frozen=True)
class Found:
    """A file that may be a track.

    Attributes
    ----------
    track_id
        Its path below the folder; what cannot be printed is "?", with a key where that is taken.
    fingerprint
        Changes when the file is replaced or edited.
    content
        See `content_of`: it stays when the file is moved.
    title, artist
        As its tags have them; without tags the file's name, and "".
    """

    track_id: str
    path: Path
    fingerprint: str
    content: str
    title: str
    artist: str


def find_tracks(
    folder: Path,
    known: Mapping[str, Found] | None = None,
    without: Path | None = None,
    of: str = "music",
) -> list[Found]:
    """Return the files that may be tracks in a folder and its subfolders, by their paths.

    Hidden files and folders are passed over. A linked folder is searched, once.

    Parameters
    ----------
    known
        What was found before, by `track_id`: a file that has not changed is not read again.
    without
        A folder that is passed over.
    of
        A key of `SOUGHT`, whose suffixes such files have.

    Raises
    ------
    VmnetError
        If there is no such folder, or no such file in it.

    Warns
    -----
    InputWarning
        If files were passed over, hidden ones aside: how many of which kind.
    """
    suffixes, what, files = SOUGHT[of]
    if not folder.is_dir():
        raise VmnetError(f"{folder} is not a folder: name a folder of {what}.")
    found: list[Found] = []
    taken: set[str] = set()
    strangers: Counter[str] = Counter()
    for path in tqdm(sorted(_files(folder, without)), desc="files", unit="file", delay=2):
        suffix = path.suffix.lower()
        if path.exists() and not path.is_file():  # a pipe would wait for its writer
            strangers["that is no file"] += 1
            continue
        if suffix not in suffixes:
            strangers[suffix or "without a suffix"] += 1
            continue
        name = _track_id(path.relative_to(folder), taken)
        try:
            one = _look(path, name, (known or {}).get(name))
        except OSError:  # a broken link, a file that may not be read or is gone by now
            strangers[f"{suffix} that cannot be read"] += 1
            continue
        taken.add(name)
        found.append(one)
    passed_over = counted(strangers.elements())
    if not found:
        others = f" (passed over: {passed_over})" if passed_over else ""
        raise VmnetError(f"{folder} holds no {what}{others}: name a folder of {files}.")
    if passed_over:
        text = f"{folder} holds files that are no {what} and were passed over: {passed_over}."
        warnings.warn(text, InputWarning, stacklevel=2)
    return found


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    """Yield the visible files below a folder, each folder once, whatever links to it."""
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen or (without and _is(place, without)):
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _is(place: str, folder: Path) -> bool:
    return folder.is_dir() and os.path.samefile(place, folder)


def _look(path: Path, track_id: str, before: Found | None) -> Found:
    """Read the tags and the whole of a file, unless it is as it was before."""
    fingerprint = store.fingerprint(path)
    if before and (before.path, before.fingerprint) == (path, fingerprint):
        return before
    content = content_of(path)
    return Found(track_id, path, fingerprint, content, *title_and_artist(path))


def content_of(path: Path) -> str:
    """Return ten hexadecimal digits that stand for a file's content and suffix, wherever it is."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return store.key(content=digest, suffix=path.suffix.lower())


def title_and_artist(path: Path) -> tuple[str, str]:
    """Return what a file's tags say; without tags the file's name, and ""."""
    from vmnet import media

    try:
        tags = media.tags(path)
    except VmnetError:  # what is wrong with it is said by whatever decodes it
        tags = {}
    artists = (tags.get(name, "") for name in ("artist", "album_artist", "author", "performer"))
    artist = next((text for text in map(printable, artists) if text), "")
    return printable(tags.get("title", "")) or printable(path.stem) or path.name, artist


def printable(text: str) -> str:
    """Return a text in one line: what no terminal prints is "?", white space one blank."""
    line = " ".join(text.replace("\0", " ").split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _track_id(path: Path, taken: set[str]) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in path.as_posix())
    return plain if plain not in taken else f"{plain}-{store.key(path=path.as_posix())}"
