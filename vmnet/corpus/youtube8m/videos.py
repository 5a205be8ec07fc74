"""YouTube-8M: music videos of which the features are published, and nothing else.

A folder of frame-level shards (`*.tfrecord`, in subfolders too) holds a `SequenceExample` a video:
its `id`, its `labels`, and once a second `rgb` (1,024 bytes: Inception, whitened) and `audio` (128
bytes: VGGish), the two features of the paper (III-A). They are quantised to 8 bits. A clip's
features are read from its place in its shard, so that nothing is unpacked.

Boundaries come from the music features (`segmenters/frames.py`), which differs from the paper.
Where `media/` in that folder holds the sound of every clip, as `<id>.mp3` or alike, MSAF runs on
that; where it holds the pictures of every clip, as `<id>.mp4` or alike, TransNetV2 runs on them.
A list of ids, `clips.csv` or `ids.txt`, may lie there too.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vmnet import store
from vmnet.batch import Workers
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.folder import VIDEO_SUFFIXES
from vmnet.corpus.manifest import safe_name
from vmnet.corpus.sources import MODALITIES, ClipFeatures, GivenFeatures
from vmnet.corpus.youtube8m.index import (
    FEATURES,
    MAX_FRAMES,
    Damage,
    Index,
    Video,
    damage_lines,
    find_shards,
    parse_video,
    read_index,
)
from vmnet.corpus.youtube8m.selection import Sizes, read_ids, split_ids
from vmnet.corpus.youtube8m.tfrecord import read_record
from vmnet.errors import MediaError, VmnetError
from vmnet.features.pca import dequantize

FORMAT = 1  # of what is read of a record: change it when clips come out otherwise
KIND = "YouTube-8M features"
LISTS = ("clips.csv", "ids.txt")  # which videos to take, where nobody says it
MEDIA = "media"
MEDIA_SUFFIXES = VIDEO_SUFFIXES | {".mp3", ".m4a", ".wav", ".flac", ".ogg", ".opus"}
MEDIA_TOLERANCE = 5.0  # s by which a file and its features may differ in length


@dataclass(frozen=True)
class Report:
    """What was left out of a corpus and must be known.

    Attributes
    ----------
    damage
        Shards and records that cannot be read.
    repeated
        Records whose id was seen before; the first one counts.
    missing
        Ids that were asked for and are in no shard.
    notes
        Whatever else a user should know, one sentence each.
    """

    damage: tuple[Damage, ...] = ()
    repeated: tuple[Damage, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the report for people, a line each."""
        some = ", ".join(self.missing[:10]) + (", ..." if len(self.missing) > 10 else "")
        lost = [f"{len(self.missing)} ids are in no shard: {some}"] if self.missing else []
        return [*damage_lines(self.damage + self.repeated), *lost, *self.notes]


def is_youtube8m(folder: Path) -> bool:
    """Tell whether a folder holds shards."""
    return next(find_shards(Path(folder)), None) is not None


def youtube8m_corpus(
    folder: Path,
    cache: Path,
    ids: Path | None = None,
    labels: Collection[int] | None = None,
    sizes: Sizes | None = None,
    seed: int = 0,
    jobs: Workers = 1,
    progress: bool = True,
) -> tuple[Corpus, Report]:
    """Return the videos of a folder of shards as a corpus, and what was left out of it.

    Parameters
    ----------
    folder
        Where the shards lie, and `media/` if there is one.
    cache
        Where the index of each shard is kept, and the boundaries of media files.
    ids
        A list of the ids to take, which may give their splits (`selection.read_ids`). If None,
        `clips.csv` or `ids.txt` in the folder; all videos where there is neither.
    labels
        Take only videos with one of these labels; all if None.
    sizes
        Clips of train, valid and test; those that the list puts nowhere are drawn. If None, they
        are split as a folder's: 70, 10 and 20 %.
    seed
        Seed of the split.
    jobs
        Shards indexed at once.

    Raises
    ------
    VmnetError
        If there are no shards, no clip is left, or too few for the sizes.
    """
    folder = Path(folder).absolute()
    ids = ids or _list(folder)
    asked = read_ids(ids) if ids else {}
    index = read_index(folder, cache, jobs, progress)
    first, repeated = _first(index)
    missing = tuple(sorted(set(asked).difference(index.ids.tolist())))
    if asked:
        first = first[np.isin(index.ids[first], list(asked))]
    if labels is not None:
        first = first[index.labelled(labels)[first]]
    if not len(first):
        raise VmnetError(f"{folder}: none of its {len(index)} videos is asked for; check the list.")
    splits = split_ids(index.ids[first].tolist(), asked, sizes, seed)
    kept = first[np.isin(index.ids[first], list(splits))]
    source, notes = _source(folder, Path(cache).absolute(), index, kept)
    clips = tuple(
        Clip(clip_id, index.shards[shard], splits[clip_id])
        for clip_id, shard in zip(index.ids[kept].tolist(), index.shard[kept], strict=True)
    )
    report = Report(index.damage, repeated, missing, notes)
    return Corpus(safe_name(folder.name), KIND, clips, source), report


def select_ids(
    folder: Path, cache: Path, labels: Collection[int], jobs: Workers = 1, progress: bool = True
) -> tuple[list[str], Report]:
    """Return the ids of all videos that have one of the labels, whatever list lies in the folder.

    Parameters and errors are those of `youtube8m_corpus`.
    """
    index = read_index(Path(folder).absolute(), cache, jobs, progress)
    first, repeated = _first(index)
    found = first[index.labelled(labels)[first]]
    return index.ids[found].tolist(), Report(index.damage, repeated)


def _first(index: Index) -> tuple[np.ndarray, tuple[Damage, ...]]:
    """Return which records come first under their id, in order, and all that come again."""
    first = np.sort(np.unique(index.ids, return_index=True)[1])
    again = np.setdiff1d(np.arange(len(index)), first)
    repeated = (
        Damage(index.shards[index.shard[i]], int(index.offsets[i]), f"{index.ids[i]} comes again")
        for i in again
    )
    return first, tuple(repeated)


def _list(folder: Path) -> Path | None:
    """Return the list of ids that lies in a folder of shards, if there is one."""
    lists = [folder / name for name in LISTS if (folder / name).is_file()]
    if len(lists) > 1:
        raise VmnetError(f"{folder} holds {' and '.join(LISTS)}: keep one of them.")
    return lists[0] if lists else None


# --- the source ---------------------------------------------------------------------------------


@dataclass(eq=False)
class YouTube8MSource(GivenFeatures):
    """Reads clips from their shards; see `FeatureSource`.

    Attributes
    ----------
    shards
        The files, by position in `shard`.
    ids, shard, offsets, lengths
        Of each clip, sorted by id: see `Index`.
    made_from
        Key of the shards and media files, and of how they are cut into segments.
    suffixes
        Of each clip's file in `media_folder`, or None where boundaries come from the features.
    """

    shards: tuple[str, ...]
    ids: np.ndarray
    shard: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray
    segmenters: tuple[str, ...]
    made_from: str
    cache: Path
    media_folder: Path
    suffixes: np.ndarray | None

    extractors = {name: MODALITIES[name] for name in FEATURES}  # noqa: RUF012
    whitened = True

    @property
    def media(self) -> bool:
        """Whether boundaries come from media files, not from the features."""
        return self.suffixes is not None

    @property
    def boundaries_from(self) -> str:
        """Where the boundaries come from, in words."""
        return "media" if self.media else "features"

    def origin(self) -> str:
        """Return what stands for the files, as they were when the corpus was opened."""
        return self.made_from

    def load(self, clip: Clip) -> ClipFeatures:
        """Read one clip; see `FeatureSource`."""
        from vmnet.segmenters import fixed_boundaries

        frames = self.frames(clip)
        n_seconds = len(frames["music"])
        if self.media:
            boundaries = self._media_boundaries(clip, n_seconds)
        else:
            from vmnet.segmenters.frames import frame_boundaries

            boundaries = frame_boundaries(frames["music"])
        return ClipFeatures(frames, boundaries | fixed_boundaries(n_seconds))

    def frames(self, clip: Clip) -> dict[str, np.ndarray]:
        """Read the features of one clip, (n_seconds, dim) float32 from -1.99 to 2.01."""
        i = self._position(clip)
        shard, offset = Path(self.shards[self.shard[i]]), int(self.offsets[i])
        try:
            data = read_record(shard, offset, int(self.lengths[i]))
        except OSError as error:
            raise VmnetError(
                f"{clip.clip_id}: {shard} cannot be read ({error.strerror}); put it back."
            ) from None
        video = None if data is None else _video(data)
        if video is None or video.clip_id != clip.clip_id:
            raise VmnetError(
                f"{clip.clip_id}: the record at byte {offset} of {shard} is not what it was; run "
                "the same command again, or download the shard anew."
            )
        return {name: dequantize(rows) for name, rows in video.frames.items()}

    def _position(self, clip: Clip) -> int:
        i = int(np.searchsorted(self.ids, clip.clip_id))
        if i == len(self.ids) or self.ids[i] != clip.clip_id:
            raise ValueError(f"{clip.clip_id} is not among the {len(self.ids)} clips opened.")
        return i

    def _media_boundaries(self, clip: Clip, n_seconds: int) -> dict[str, np.ndarray]:
        """Load or compute the boundaries of a clip's media file."""
        assert self.suffixes is not None
        path = self.media_folder / f"{clip.clip_id}{self.suffixes[self._position(clip)]}"
        if not path.is_file():
            raise MediaError(f"{clip.clip_id}: {path} is gone; put it back.")
        made_from = store.key(
            clip_id=clip.clip_id,  # whose case a file system may not tell
            file=store.fingerprint(path),
            seconds=n_seconds,
            parameters=_parameters(self.segmenters),
        )
        kept = self.cache / "boundaries" / f"{clip.clip_id}-{made_from}.npz"
        if not kept.exists():
            names = [name for name in self.segmenters if name != "fixed"]
            store.save_arrays(kept, **media_boundaries(path, names, n_seconds))
        return store.load_arrays(kept)


def _video(data: bytes) -> Video | None:
    try:
        return parse_video(data)
    except ValueError:
        return None


def media_boundaries(path: Path, names: Iterable[str], n_seconds: int) -> dict[str, np.ndarray]:
    """Cut a media file into segments, up to the end of its features.

    Raises
    ------
    MediaError
        If the file cannot be used, or lasts so long that it must be another video.
    """
    from vmnet import media
    from vmnet.segmenters import GROUPS, SEGMENTERS
    from vmnet.segmenters.boundaries import clean

    duration = media.probe(path).duration
    cut_short = n_seconds >= MAX_FRAMES
    if duration < n_seconds - MEDIA_TOLERANCE or (
        duration > n_seconds + MEDIA_TOLERANCE and not cut_short
    ):
        raise MediaError(
            f"{path} lasts {duration:.0f} s and its features {n_seconds} s: it is another video; "
            "replace it."
        )
    names = tuple(names)
    groups = dict.fromkeys(SEGMENTERS[name].group for name in names)
    found = {name: edges for group in groups for name, edges in GROUPS[group](path).items()}
    return {name: clean(found[name], float(n_seconds)) for name in names}


def _source(
    folder: Path, cache: Path, index: Index, kept: np.ndarray
) -> tuple[YouTube8MSource, tuple[str, ...]]:
    """Return the source of the records `kept`, and what to say about its media files."""
    kept = kept[np.argsort(index.ids[kept])]
    used, shard = np.unique(index.shard[kept], return_inverse=True)
    shards = [index.shards[i] for i in used]
    ids = index.ids[kept]
    suffixes, notes = _media_suffixes(folder / MEDIA, ids.tolist())
    segmenters = ("foote", "sf", "fixed")
    files = [store.fingerprint(path) for path in shards]
    if suffixes is not None:
        pictures = ("transnet",) if set(map(str.lower, suffixes)) <= VIDEO_SUFFIXES else ()
        segmenters = ("foote", "sf", "olda", *pictures, "fixed")
        names = map("".join, zip(ids, suffixes, strict=True))
        files += [store.fingerprint(folder / MEDIA / name) for name in names]
    parameters = _parameters(segmenters, features=suffixes is None)
    source = YouTube8MSource(
        tuple(map(str, shards)), ids, shard, index.offsets[kept], index.lengths[kept], segmenters,
        store.key(files=files, segmenters=parameters, format=FORMAT), cache, folder / MEDIA,
        None if suffixes is None else np.array(suffixes),
    )  # fmt: skip
    return source, notes


def _parameters(segmenters: Iterable[str], features: bool = False) -> dict[str, Any]:
    from vmnet.segmenters import SEGMENTERS
    from vmnet.segmenters.frames import PARAMETERS

    parameters = {name: SEGMENTERS[name].parameters for name in segmenters}
    return parameters | ({"frames": PARAMETERS} if features else {})


def _media_suffixes(folder: Path, ids: list[str]) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return the suffix of each clip's media file, or None where not every clip has one."""
    if not folder.is_dir():
        return None, ()
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file():
            other = found.setdefault(path.stem, path.suffix)
            if other != path.suffix:
                raise VmnetError(f"{path} is there as {other} too: keep one of them.")
    missing = [clip_id for clip_id in ids if clip_id not in found]
    if missing:
        return None, (
            f"{folder} lacks {len(missing)} of {len(ids)} clips ({', '.join(missing[:3])}, ...): "
            "all boundaries come from the music features; add them to have the sound segmented.",
        )
    return [found[clip_id] for clip_id in ids], ()
