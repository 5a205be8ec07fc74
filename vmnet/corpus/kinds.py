"""Which kind of corpus a folder holds."""

from collections.abc import Callable
from pathlib import Path

from vmnet.corpus.features import is_features, manifest_suffixes
from vmnet.corpus.folder import MANIFEST, VIDEO_SUFFIXES
from vmnet.corpus.youtube8m import MEDIA, is_youtube8m
from vmnet.errors import VmnetError


def is_media(folder: Path) -> bool:
    """Tell whether a folder holds music videos, other than those beside YouTube-8M's features."""
    folder = Path(folder)
    if (folder / MANIFEST).is_file():
        return not manifest_suffixes(folder / MANIFEST).isdisjoint(VIDEO_SUFFIXES)
    beside = folder / MEDIA if is_youtube8m(folder) else None
    return any(
        path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
        for path in folder.rglob("*")
        if path.parent != beside and not path.name.startswith(".")
    )


KINDS: dict[str, tuple[str, Callable[[Path], bool]]] = {
    "youtube8m": ("YouTube-8M shards (*.tfrecord)", is_youtube8m),
    "features": ("feature files (*.npz)", is_features),
    "media": ("music videos", is_media),
}


def folder_kind(folder: Path) -> str:
    """Return "youtube8m", "features" or "media"; "media" too where there is nothing.

    A manifest says which files of its folder count.

    Raises
    ------
    VmnetError
        If the folder holds two of them.
    """
    held = {name: what for name, (what, holds) in KINDS.items() if holds(Path(folder))}
    if len(held) > 1:
        raise VmnetError(
            f"{folder} holds {' and '.join(held.values())}: keep one kind in a folder."
        )
    return next(iter(held), "media")
