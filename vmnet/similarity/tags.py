"""Tracks and their tags: what chapter 4 of the thesis learns music similarity from.

A folder of one's own has, beside the music:

    tags.csv        track,tag,artist and, if wanted, weight: a line a tag of a track
    taxonomy.csv    tag,category,implies,how_far and, if wanted, weight; the file may be missing

`weight` of tags.csv is how far the tag holds, in [0, 1] (1 where none is given). A line of
taxonomy.csv puts a tag into a category, says that it implies another tag and `how_far`, in (0, 1],
or both; a tag may have several lines, of which one names its category. Chains are not followed: a
"Bebop" that is to imply "Music" by way of "Jazz" has a line for each. `weight` of taxonomy.csv is
the whole category's, in [0, 1], 1 where none is given. Either file with any bad line is refused
whole, with every bad line listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vmnet.corpus.clips import SPLITS
from vmnet.corpus.lines import field_count_problems, header_problems, numbered_lines, refuse
from vmnet.corpus.manifest import folded
from vmnet.errors import VmnetError
from vmnet.store import key

TAGS, TAXONOMY = "tags.csv", "taxonomy.csv"
TAG_COLUMNS = ("track", "tag", "artist")
TAXONOMY_COLUMNS = ("tag", "category", "implies", "how_far")
FRACTIONS = (0.6, 0.2, 0.2)  # thesis, 4.3.1: train, validation, test

Row = tuple[int, Mapping[str, str]]  # the number of a line, its fields by column
Seen = dict[str, tuple[str, int]]  # what was said first, and on which line


@dataclass(frozen=True, eq=False)
class TaggedTracks:
    """Tracks with weighted tags.

    Attributes
    ----------
    ids : tuple of n str
        The tracks, each once, sorted by `read_tags`: where two tracks are equally similar to a
        third, the first comes first.
    artists : tuple of n str
    tags : tuple of m str
        The names of all tags, implied ones that no track has included.
    weights : (n, m) float32 in [0, 1]
        How far each tag holds of each track; 0 where it is absent.
    categories : tuple of m str
        That of each tag, or "".
    category_weights : (m,) float32 in [0, 1]
        The weight of each tag's category in the similarity.
    expansion : (m, m) float32 in [0, 1]
        E: how far the tag of the row implies that of the column; 1 on the diagonal.

    Raises
    ------
    ValueError
        If they do not fit together.
    """

    ids: tuple[str, ...]
    artists: tuple[str, ...] = field(repr=False)
    tags: tuple[str, ...] = field(repr=False)
    weights: np.ndarray = field(repr=False)
    categories: tuple[str, ...] = field(repr=False)
    category_weights: np.ndarray = field(repr=False)
    expansion: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        n, m = len(self.ids), len(self.tags)
        if len(set(self.ids)) != n or len(set(self.tags)) != m:
            raise ValueError("the ids of tracks, and the names of tags, must differ")
        if len(self.artists) != n or len(self.categories) != m:
            raise ValueError(f"{n} tracks need as many artists, {m} tags as many categories")
        shapes = {"weights": (n, m), "category_weights": (m,), "expansion": (m, m)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or not ((array >= 0) & (array <= 1)).all():
                raise ValueError(f"{name} must be {shape} in [0, 1], not {array.shape}")
        if not (np.diag(self.expansion) == 1).all():
            raise ValueError("every tag implies itself: the diagonal of expansion is 1")

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, indices: Sequence[int] | np.ndarray) -> "TaggedTracks":
        """Return the tracks at `indices`, in that order, with all tags."""
        return TaggedTracks(
            tuple(self.ids[i] for i in indices),
            tuple(self.artists[i] for i in indices),
            self.tags,
            self.weights[np.asarray(indices, int)],
            self.categories,
            self.category_weights,
            self.expansion,
        )


def read_tags(folder: Path) -> TaggedTracks:
    """Read the tags of a folder's tracks.

    Parameters
    ----------
    folder
        Holds `tags.csv` and, if wanted, `taxonomy.csv` (see the head of this module).

    Raises
    ------
    ManifestError
        If a file cannot be read or has bad lines; every bad line is listed.
    """
    path, taxonomy = Path(folder) / TAGS, Path(folder) / TAXONOMY
    lines = _read(path, TAG_COLUMNS)
    about = _read(taxonomy, TAXONOMY_COLUMNS) if taxonomy.is_file() else []
    spelling: Seen = {}
    refuse(path, [*_tag_problems(lines, spelling), *_untagged(lines)])
    refuse(taxonomy, list(_taxonomy_problems(about, spelling)))
    tags = tuple(sorted(tag for tag, _ in spelling.values()))
    artists = {row["track"]: row["artist"] for _, row in lines}
    ids = tuple(sorted(artists))
    categories, category_weights = _categories(about, tags)
    return TaggedTracks(
        ids,
        tuple(artists[track] for track in ids),
        tags,
        _weights(lines, ids, tags),
        categories,
        category_weights,
        _expansion(about, tags),
    )


def split_by_artist(
    artists: Sequence[str], seed: int, fractions: Sequence[float] = FRACTIONS
) -> dict[str, np.ndarray]:
    """Share out tracks so that all of an artist are in one split.

    The artists, in the order of a hash of seed and name, fill train, then validation, then test. A
    split so differs from its share by no more than the tracks of one artist, if there are enough.

    Parameters
    ----------
    artists : n str
        That of each track.
    seed
        Decides the order.
    fractions
        Shares of train, validation and test, each above 0, with sum 1.

    Returns
    -------
    indices : by split ("train", "valid", "test"), each (n_split,) int64, ascending, not empty

    Raises
    ------
    VmnetError
        If there are fewer than three artists.
    """
    if len(fractions) != len(SPLITS) or min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise ValueError(f"fractions must be three shares above 0 with sum 1, not {fractions}")
    names, owner, counts = np.unique(np.array(artists), return_inverse=True, return_counts=True)
    if len(names) < len(SPLITS):
        raise VmnetError(
            f"the tracks have too few artists ({len(names)}): give tracks of three or more, so "
            "that training, validation and test share none."
        )
    order = np.array(sorted(range(len(names)), key=lambda i: key(seed=seed, artist=names[i])))
    ends = np.cumsum([0, *counts[order]])  # tracks of the first artists
    first, second = (np.abs(ends - share * ends[-1]).argmin() for share in np.cumsum(fractions)[:2])
    first = int(np.clip(first, 1, len(names) - 2))
    second = int(np.clip(second, first + 1, len(names) - 1))
    split_of_artist = np.empty(len(names), int)
    split_of_artist[order] = np.repeat([0, 1, 2], np.diff([0, first, second, len(names)]))
    return {
        split: np.flatnonzero(split_of_artist[owner] == number)
        for number, split in enumerate(SPLITS)
    }


def balanced_split(
    tracks: TaggedTracks, seed: int, fewest: int = 1, draws: int = 100
) -> dict[str, np.ndarray]:
    """Share out tracks by artist so that all splits have about the same tags (thesis, 4.3.1).

    How the thesis does it, it does not say. Ours: of some draws of `split_by_artist`, the first of
    those with the least `imbalance`.

    Parameters
    ----------
    tracks
        With their artists.
    seed
        Decides the draws.
    fewest
        Tracks that a split should have: draws with fewer are taken where there is no other.
    draws
        How many.

    Returns
    -------
    As `split_by_artist`, which says what is raised, too.
    """
    drawn = (split_by_artist(tracks.artists, seed * draws + draw) for draw in range(draws))

    def cost(split: dict[str, np.ndarray]) -> tuple[bool, float]:
        return min(map(len, split.values())) < fewest, imbalance(tracks.weights, split)

    return min(drawn, key=cost)


def imbalance(weights: np.ndarray, splits: Mapping[str, np.ndarray]) -> float:
    """Return how far the tags of splits are from those of all tracks; 0 where all are alike.

    The mean over splits and tags of the difference between the share of tracks that have a tag in a
    split, and in all.

    Parameters
    ----------
    weights : (n, m)
        Of the tags of each track; 0 where it has it not.
    splits
        Indices of tracks.

    Examples
    --------
    >>> weights = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> imbalance(weights, {"train": np.array([0, 1]), "test": np.array([2, 3])})
    0.5
    >>> imbalance(weights, {"train": np.array([0, 2]), "test": np.array([1, 3])})
    0.0
    """
    given = np.asarray(weights) > 0
    whole = given.mean(axis=0)
    return float(np.mean([np.abs(given[part].mean(axis=0) - whole) for part in splits.values()]))


def _read(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the lines of a file whose columns and fields are whole; each has a weight, or ""."""
    (_, header), *lines = numbered_lines(path) or [(1, [])]
    refuse(path, header_problems(header, columns, ("weight",)))
    wrong = [
        f"line {line}: {problem}"
        for line, fields in lines
        for problem in field_count_problems(fields, header)
    ]
    refuse(path, wrong if lines else ["it lists no tags: add a line for each"])
    return [
        (line, {"weight": ""} | dict(zip(header, map(str.strip, fields), strict=True)))
        for line, fields in lines
    ]


def _weights(lines: Sequence[Row], ids: Sequence[str], tags: Sequence[str]) -> np.ndarray:
    place = {track: i for i, track in enumerate(ids)}
    column = {tag: j for j, tag in enumerate(tags)}
    weights = np.zeros((len(ids), len(tags)), np.float32)
    for _, row in lines:
        weights[place[row["track"]], column[row["tag"]]] = _number(row["weight"])
    return weights


def _categories(about: Sequence[Row], tags: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the category of each tag, and its weight."""
    of_tag = {row["tag"]: row["category"] for _, row in about if row["category"]}
    weight = {row["category"]: _number(row["weight"]) for _, row in about if row["weight"]}
    categories = tuple(of_tag.get(tag, "") for tag in tags)
    return categories, np.array([weight.get(name, 1.0) for name in categories], np.float32)


def _expansion(about: Sequence[Row], tags: Sequence[str]) -> np.ndarray:
    column = {tag: j for j, tag in enumerate(tags)}
    expansion = np.eye(len(tags), dtype=np.float32)
    for _, row in about:
        if row["implies"]:
            expansion[column[row["tag"]], column[row["implies"]]] = _number(row["how_far"])
    return expansion


def _tag_problems(lines: Sequence[Row], spelling: Seen) -> Iterator[str]:
    """Say what is wrong with lines of tags.csv; `spelling` gathers how each tag is written."""
    artists: Seen = {}
    artist_spelling: Seen = {}  # written in two ways, an artist would be in two splits
    given: Seen = {}
    for line, row in lines:
        track, tag, artist = (row[name] for name in TAG_COLUMNS)
        for name in TAG_COLUMNS:
            if not row[name]:
                yield f"line {line}: no {name}: name it"
        if tag:
            yield from _differs(spelling, line, folded(tag), tag, "tag")
        yield from _differs(artist_spelling, line, folded(artist), artist, "artist")
        yield from _differs(artists, line, track, artist, f"track {track!r} with artist")
        yield from _repeats(given, line, f"track {track!r} with the tag {tag!r}")
        if not 0 <= _number(row["weight"]) <= 1:
            yield f"line {line}: weight {row['weight']!r} is no number from 0 to 1: mend it"


def _taxonomy_problems(lines: Sequence[Row], spelling: Seen) -> Iterator[str]:
    """Say what is wrong with lines of taxonomy.csv; `spelling` gains the tags that no track has."""
    categories: Seen = {}
    weights: Seen = {}
    given: Seen = {}
    for line, row in lines:
        tag, category, implies, _ = (row[name] for name in TAXONOMY_COLUMNS)
        if not tag:
            yield f"line {line}: no tag: name it"
        for name in filter(None, (tag, implies)):
            yield from _differs(spelling, line, folded(name), name, "tag")
        if category:
            yield from _differs(categories, line, tag, category, f"tag {tag!r} in category")
        if implies:
            yield from _repeats(given, line, f"{tag!r} that implies {implies!r}")
            if tag == implies:
                yield f"line {line}: {tag!r} implies itself as it is: leave that out"
        yield from _number_problems(line, row)
        if category and row["weight"]:
            said = f"category {category!r} with weight"
            yield from _differs(weights, line, category, row["weight"], said)


def _number_problems(line: int, row: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with the numbers of a line of taxonomy.csv."""
    how_far, weight = row["how_far"], row["weight"]
    if bool(row["implies"]) != bool(how_far) or not 0 < _number(how_far) <= 1:
        yield (
            f"line {line}: how_far {how_far!r} must be a number above 0, at most 1, where a tag is "
            "implied, and empty elsewhere"
        )
    if not 0 <= _number(weight) <= 1 or (weight and not row["category"]):
        yield (
            f"line {line}: weight {weight!r} must be a number from 0 to 1, and belongs to the "
            "category that the line names"
        )


def _untagged(lines: Sequence[Row]) -> Iterator[str]:
    """Name the tracks all of whose weights are 0: nothing is similar to them."""
    tagged = {row["track"] for _, row in lines if _number(row["weight"]) != 0}
    for track in sorted({row["track"] for _, row in lines} - tagged):
        yield f"track {track!r} has no tag with a weight above 0: give it one or delete it"


def _differs(seen: Seen, line: int, key: str, value: str, what: str) -> Iterator[str]:
    """Say so if something was called otherwise on a line before."""
    known, where = seen.setdefault(key, (value, line))
    if known != value:
        yield f"line {line}: {what} {value!r} has {known!r} on line {where}: write it one way"


def _repeats(seen: Seen, line: int, what: str) -> Iterator[str]:
    """Say so if the same was said on a line before."""
    _, where = seen.setdefault(what, (what, line))
    if where != line:
        yield f"line {line}: {what} stands on line {where} already: delete one"


def _number(text: str) -> float:
    """Read a weight: 1 where none is given, NaN where it is no number."""
    try:
        return float(text) if text else 1.0
    except ValueError:
        return float("nan")
