"""Public feature sets, written as features corpora (`vmnet import`): what is imported, by name.

Another one is a function that returns an `Import`, and a line in `IMPORTERS`; the first line of its
docstring is its help, an example may follow. What takes time to load is imported inside it.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet.corpus.clips import Clip
from vmnet.errors import VmnetError
from vmnet.options import natural

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class ClipArrays:
    """What is written of a clip: the parameters of `vmnet.corpus.features.save_features`."""

    video: "np.ndarray"
    music: "np.ndarray"
    boundaries: "Mapping[str, np.ndarray]" = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Import:
    """What was found in a set, before anything is written.

    Attributes
    ----------
    clips
        In the order of the manifest; they have no path yet.
    load
        Returns the arrays of a clip.
    made_from
        Key of the files and the options: what is written half is gone on with where it is the same.
    remarks
        What was left out and why, and whatever else a user should know, a line each.
    events
        Returns what is known of each clip's cuts and music, by clip_id, as `vmnet.language.files`
        has it; None where there is nothing. Features do not depend on it.
    """

    clips: tuple[Clip, ...]
    load: Callable[[Clip], ClipArrays]
    made_from: str
    remarks: tuple[str, ...] = ()
    events: Callable[[], Mapping[str, Mapping[str, Any]]] | None = None


def _no_options(parser: argparse.ArgumentParser) -> None:
    del parser


@dataclass(frozen=True)
class Importer:
    """A set that can be imported.

    `find` takes the path the user gives and the options that `options` adds to a parser, by name.
    """

    find: Callable[..., Import]
    options: Callable[[argparse.ArgumentParser], None] = _no_options


def youtube8m_video(source: Path, **options: Any) -> Import:
    """Import videos of YouTube-8M's video level: one row of pictures and sound for each.

    example: vmnet import youtube8m-video ~/yt8m ~/videos --labels 14 --sizes 638 100 984
    """
    from vmnet.corpus.imports.youtube8m_video import find

    return find(source, **options)


def muvi_sync(source: Path, **options: Any) -> Import:
    """Import MuVi-Sync: 747 music videos, once a second, with their cuts.

    example: vmnet import muvi-sync ~/muvi-sync ~/videos
    """
    from vmnet.corpus.imports.muvi_sync import find

    return find(source, **options)


def _count_or_all(text: str) -> int | None:
    return None if text == "all" else natural(text)


def _youtube8m_video_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--labels", type=natural, nargs="+", metavar="N", help="videos with one of these labels")
    add("--ids", type=Path, metavar="FILE", help="videos on this list, which may give splits")
    add("--sizes", type=natural, nargs=3, metavar=("TRAIN", "VALID", "TEST"),
        help="clips of each split (default: 70, 10 and 20 percent of all)")  # fmt: skip
    add("--others", type=_count_or_all, default=0, metavar="N|all",
        help="add so many videos that are not wanted as the split extra")  # fmt: skip
    add("--other-labels", type=natural, nargs="+", metavar="N",
        help="of these take those with one of these labels")  # fmt: skip
    add("--seed", type=natural, default=0, help="seed of the splits, and of which others")


def _muvi_sync_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sections", type=Path, metavar="FOLDER",
        help="import only videos with sections in this copy of the Harmonix set, and those",
    )  # fmt: skip
    parser.add_argument(
        "--events", type=Path, metavar="FOLDER",
        help="write also what this copy of the Harmonix set says of sections, beats and downbeats "
        "of the videos, for the language of clips (notebook 10)",
    )  # fmt: skip


IMPORTERS: dict[str, Importer] = {
    "youtube8m-video": Importer(youtube8m_video, _youtube8m_video_options),
    "muvi-sync": Importer(muvi_sync, _muvi_sync_options),
}


def import_set(name: str, source: Path, output: Path, **options: Any) -> list[str]:
    """Import a set; return what was written, in lines for people.

    Parameters
    ----------
    name
        A key of `IMPORTERS`.
    source
        Where the set lies.
    output
        A folder that is not there, or empty, or holds part of the same import, which is gone on
        with.

    Raises
    ------
    VmnetError
        If the set cannot be read, or the folder holds something else.
    """
    from vmnet.corpus.imports.writing import write

    if not source.exists():
        raise VmnetError(f"{source} is not there: check the path.")
    return write(IMPORTERS[name].find(source, **options), output)
