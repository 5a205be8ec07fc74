"""A catalog of tagged tracks: a folder of one's own, or the rendered one, which is such a folder.

    tags.csv, taxonomy.csv     see `vmnet.similarity.tags`
    second/                    the same two files by a second annotator; may be missing
    any audio files            at any depth

`track` in tags.csv is a file's path below the folder, or its name where no other file has it; the
suffix may be left out.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vmnet import config, media
from vmnet.batch import Workers
from vmnet.catalog.tracks import SUFFIXES
from vmnet.config import ThesisSize
from vmnet.corpus import SPLITS
from vmnet.corpus.media_source import RENDERED
from vmnet.corpus.opening import data_folder
from vmnet.errors import VmnetError
from vmnet.progress import log
from vmnet.similarity.metrics import RELEVANT
from vmnet.similarity.songs import SECOND, render_songs
from vmnet.similarity.tags import TAGS, TaggedTracks, balanced_split, read_tags, split_by_artist

FEWEST = RELEVANT + 1  # tracks of a split: a query needs five others


@dataclass(frozen=True, eq=False)
class Catalog:
    """Tagged tracks whose files are there.

    Attributes
    ----------
    name
        That of its folder.
    kind
        "real" or "rendered".
    data
        Where what is made from it is kept.
    tracks
        The tracks and their tags.
    paths : tuple of n Path
        Their files.
    second : TaggedTracks or None
        The same tracks as a second annotator heard them.
    failures
        Why others are left out, by track.
    """

    name: str
    kind: str
    data: Path
    tracks: TaggedTracks
    paths: tuple[Path, ...]
    second: TaggedTracks | None
    failures: dict[str, str]

    def without(self, failures: dict[str, str]) -> "Catalog":
        """Return the catalog without the tracks that have failed."""
        kept = [i for i, track in enumerate(self.tracks.ids) if track not in failures]
        return replace(
            self,
            tracks=self.tracks.select(kept),
            paths=tuple(self.paths[i] for i in kept),
            second=self.second and self.second.select(kept),
            failures=self.failures | failures,
        )

    def splits(self, seed: int) -> dict[str, np.ndarray]:
        """Return the tracks of "train", "valid" and "test", indices; no artist is in two.

        Tags are shared out evenly (`balanced_split`); not those of rendered songs, whose artists
        are alike enough, and whose split so stays what it was.

        Raises
        ------
        VmnetError
            If a split is too small.
        """
        if self.kind == "rendered":
            found = split_by_artist(self.tracks.artists, seed)
        else:
            found = balanced_split(self.tracks, seed, FEWEST)
        sizes = {split: len(found[split]) for split in SPLITS}
        if min(sizes.values()) < FEWEST:
            counted = ", ".join(f"{size} {split}" for split, size in sizes.items())
            raise VmnetError(
                f"{self.name} has too few usable tracks, {counted}, where each split needs "
                f"{FEWEST}: tag more tracks, of more artists, or mend those that were left out."
            )
        return found


def open_catalog(folder: str, size: ThesisSize, seed: int, jobs: Workers) -> Catalog:
    """Open a folder of tagged music, or, where none is named, render one.

    Parameters
    ----------
    folder
        Holds `tags.csv` and audio files; "" for rendered songs.
    size
        Says how many songs are rendered, and how long they are.
    seed
        Draws them.
    jobs
        Songs rendered at once.

    Raises
    ------
    VmnetError
        If the folder or its tags cannot be used.
    """
    if folder:
        return folder_catalog(Path(os.path.expanduser(folder)).resolve())
    return folder_catalog(render_songs(config.DATA, sum(size.songs), size.song_seconds, seed, jobs))


def folder_catalog(folder: Path) -> Catalog:
    """Open a folder of tagged music; tracks whose files are missing are left out, and said.

    Raises
    ------
    VmnetError
        If it is no folder, or has no `tags.csv`.
    ManifestError
        If `tags.csv` or `taxonomy.csv` has bad lines.
    """
    if not (folder / TAGS).is_file():
        raise VmnetError(
            f"{folder} holds no {TAGS}: write one with a line for each tag of a track, and the "
            "columns track, tag and artist."
        )
    tracks = read_tags(folder)
    files = _files(folder)
    paths, failures = {}, {}
    for track in tracks.ids:
        named = files.get(track, [])
        if len(named) == 1:
            paths[track] = named[0]
        else:
            what = f"{len(named)} files have that name" if named else "no audio file has that name"
            failures[track] = f"{folder / track}: {what}: give its path below the folder in {TAGS}."
    kept = [i for i, track in enumerate(tracks.ids) if track in paths]
    if not kept:
        raise VmnetError(
            f"{folder}: no track of {TAGS} is an audio file of the folder: name the files by their "
            "paths below it."
        )
    return Catalog(
        name=folder.name,
        kind="rendered" if any(map(_is_rendered, paths.values())) else "real",
        data=data_folder(folder),
        tracks=tracks.select(kept),
        paths=tuple(paths[tracks.ids[i]] for i in kept),
        second=_second(folder, tracks, kept),
        failures=failures,
    )


def report(catalog: Catalog) -> None:
    """Say on standard error which tracks are left out, and why."""
    if catalog.failures:
        whole = len(catalog.tracks) + len(catalog.failures)
        log(f"{len(catalog.failures)} of {whole} tracks were left out:")
        for track in sorted(catalog.failures):
            log(f"  {track}: {catalog.failures[track]}")


def _files(folder: Path) -> dict[str, list[Path]]:
    """Return the audio files below a folder by all that may name them."""
    found: dict[str, list[Path]] = defaultdict(list)
    exact: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.suffix.lower() not in SUFFIXES or any(part.startswith(".") for part in below.parts):
            continue
        exact[below.as_posix()] = [path]
        for name in {below.with_suffix("").as_posix(), path.name, path.stem}:
            found[name].append(path)
    return {**found, **exact}


def _second(folder: Path, tracks: TaggedTracks, kept: list[int]) -> TaggedTracks | None:
    """Return the tags of a second annotator, in the order of the first."""
    if not (folder / SECOND / TAGS).is_file():
        return None
    second = read_tags(folder / SECOND)
    place = {track: i for i, track in enumerate(second.ids)}
    if second.tags != tracks.tags or set(place) != set(tracks.ids):
        raise VmnetError(
            f"{folder / SECOND / TAGS} has other tracks or tags than {folder / TAGS}: list the "
            "same tracks, and all tags in both taxonomies, or move it away."
        )
    return second.select([place[tracks.ids[i]] for i in kept])


def _is_rendered(path: Path) -> bool:
    try:
        return media.comment(path).startswith(RENDERED)
    except VmnetError:
        return False  # the stage that decodes it says what is wrong
