"""Tags: read as written, refused whole with every bad line, split so that no artist is in two."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.errors import ManifestError, VmnetError
from vmnet.similarity import TaggedTracks, read_tags, split_by_artist
from vmnet.similarity.tags import balanced_split, imbalance

TAGS = """track,tag,artist,weight
b.mp3,Waltz,Ann,0.5
a.mp3,Calm,Ann,
b.mp3,Calm,Ann,0.25
"""
TAXONOMY = """tag,category,implies,how_far,weight
Waltz,Genre,Dancing,0.6,
Waltz,,Calm,0.2,
Calm,Mood,,,0.3
"""


def written(folder: Path, tags: str, taxonomy: str = "") -> Path:
    (folder / "tags.csv").write_text(tags)
    if taxonomy:
        (folder / "taxonomy.csv").write_text(taxonomy)
    return folder


def refusal(folder: Path, tags: str, taxonomy: str = "") -> str:
    with pytest.raises(ManifestError) as caught:
        read_tags(written(folder, tags, taxonomy))
    return str(caught.value)


def test_reads_tags_with_their_taxonomy(tmp_path: Path) -> None:
    tracks = read_tags(written(tmp_path, TAGS, TAXONOMY))
    assert tracks.ids == ("a.mp3", "b.mp3")
    assert tracks.artists == ("Ann", "Ann")
    assert tracks.tags == ("Calm", "Dancing", "Waltz")  # an implied tag that no track has, too
    np.testing.assert_array_equal(tracks.weights, np.float32([[1, 0, 0], [0.25, 0, 0.5]]))
    assert tracks.categories == ("Mood", "", "Genre")
    np.testing.assert_array_equal(tracks.category_weights, np.float32([0.3, 1, 1]))
    expected = np.float32([[1, 0, 0], [0, 1, 0], [0.2, 0.6, 1]])
    np.testing.assert_array_equal(tracks.expansion, expected)
    assert tracks.select([1]).ids == ("b.mp3",)
    assert tracks.select([1]).weights.tolist() == [[0.25, 0, 0.5]]


def test_without_taxonomy_a_tag_implies_itself_alone(tmp_path: Path) -> None:
    tracks = read_tags(written(tmp_path, "artist,track,tag\nAnn,a,x\nBob,b,y\n"))
    assert np.array_equal(tracks.expansion, np.eye(2))
    assert np.array_equal(tracks.weights, np.eye(2))
    assert np.array_equal(tracks.category_weights, np.ones(2))


def test_every_bad_line_of_the_tags_is_listed(tmp_path: Path) -> None:
    lines = [
        "a,Rock,Ann,1",
        "a,rock,Ann,1",
        "a,Jazz,Bob,1",
        "a,Rock,Ann,0.5",
        "b,Rock,,1",
        "b,Jazz,,1.5",
        "b,Funk,,loud",
        "c,Rock,ann,0",
        "d,Rock,Dan",
    ]
    text = refusal(tmp_path, "\n".join(["track,tag,artist,weight", *lines[:-1]]))
    assert str(tmp_path / "tags.csv") in text
    for expected in (
        "line 3: tag 'rock' has 'Rock' on line 2",
        "line 4: track 'a' with artist 'Bob' has 'Ann' on line 2",
        "line 5: track 'a' with the tag 'Rock' stands on line 2 already",
        "line 6: no artist",
        "line 7: weight '1.5'",
        "line 8: weight 'loud'",
        "line 9: artist 'ann' has 'Ann' on line 2",
        "track 'c' has no tag with a weight above 0",
    ):
        assert expected in text
    assert "line 10: 3 fields for 4 columns" in refusal(
        tmp_path, "\n".join(["track,tag,artist,weight", *lines])
    )


def test_every_bad_line_of_the_taxonomy_is_listed(tmp_path: Path) -> None:
    taxonomy = """tag,category,implies,how_far,weight
waltz,Genre,,,
Waltz,Genre,Calm,,
Waltz,Mood,Dancing,2,
Calm,Mood,Calm,0.5,0.3
Slow,Mood,Calm,0.5,0.4
Slow,,Calm,0.4,0.4
,Mood,,0.2,
"""
    text = refusal(tmp_path, TAGS, taxonomy)
    assert str(tmp_path / "taxonomy.csv") in text
    for expected in (
        "line 2: tag 'waltz' has 'Waltz' on line 2",
        "line 3: how_far ''",
        "line 4: how_far '2'",
        "line 4: tag 'Waltz' in category 'Mood' has 'Genre' on line 3",
        "line 5: 'Calm' implies itself",
        "line 6: category 'Mood' with weight '0.4' has '0.3' on line 5",
        "line 7: 'Slow' that implies 'Calm' stands on line 6 already",
        "line 7: weight '0.4'",
        "line 8: no tag",
        "line 8: how_far '0.2'",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing column track"),
        ("track,tag\na,x\n", "missing column artist"),
        ("track,tag,artist,mood\na,x,Ann,y\n", "unknown column 'mood'"),
        ("track,tag,artist\n", "lists no tags"),
    ],
)
def test_a_file_without_its_columns_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_a_folder_without_tags_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"tags\.csv cannot be read"):
        read_tags(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": ("a", "a")},
        {"artists": ("Ann",)},
        {"weights": np.full((2, 1), 2.0)},
        {"weights": np.zeros((1, 2))},
        {"expansion": np.zeros((1, 1))},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong: dict) -> None:
    right = {
        "ids": ("a", "b"),
        "artists": ("Ann", "Bob"),
        "tags": ("x",),
        "weights": np.ones((2, 1)),
        "categories": ("",),
        "category_weights": np.ones(1),
        "expansion": np.ones((1, 1)),
    }
    TaggedTracks(**right)
    with pytest.raises(ValueError, match=r"must|need|implies"):
        TaggedTracks(**right | wrong)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=30), st.integers(0, 9), st.randoms())
def test_no_artist_is_in_two_splits(sizes: list[int], seed: int, random) -> None:
    artists = [f"artist {i}" for i, size in enumerate(sizes) for _ in range(size)]
    random.shuffle(artists)
    splits = split_by_artist(artists, seed)
    assert sorted(np.concatenate(list(splits.values()))) == list(range(len(artists)))
    owners = [{artists[i] for i in splits[name]} for name in ("train", "valid", "test")]
    assert all(owners)
    assert sum(map(len, owners)) == len(sizes)
    for indices, share in zip(splits.values(), (0.6, 0.2, 0.2), strict=True):
        enough = 10 * max(sizes) <= len(artists)
        assert not enough or abs(len(indices) - share * len(artists)) <= max(sizes)


def test_a_split_depends_on_seed_and_names_alone() -> None:
    artists = [f"artist {i // 4}" for i in range(80)]
    one, same, other = (split_by_artist(artists, seed) for seed in (0, 0, 1))
    assert [len(indices) for indices in one.values()] == [48, 16, 16]
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["test"], other["test"])


def test_a_balanced_split_shares_out_tags_and_keeps_artists_apart() -> None:
    artists = [f"artist {i // 2}" for i in range(40)]
    weights = np.eye(4)[np.arange(40) // 10]  # five artists a tag
    tracks = TaggedTracks(
        ids=tuple(map(str, range(40))), artists=tuple(artists), tags=tuple("abcd"),
        categories=("",) * 4, category_weights=np.ones(4), weights=weights, expansion=np.eye(4),
    )  # fmt: skip
    plain, even, again = split_by_artist(artists, 0), *(balanced_split(tracks, 0) for _ in "12")
    assert imbalance(weights, even) < imbalance(weights, plain)
    for name in plain:
        assert abs(len(even[name]) - len(plain[name])) <= 2
        np.testing.assert_array_equal(even[name], again[name])
    assert {artists[i] for i in even["train"]}.isdisjoint(artists[i] for i in even["test"])
    every = [imbalance(weights, split_by_artist(artists, draw)) for draw in range(100)]
    assert imbalance(weights, even) == min(every)


def test_small_splits_are_taken_only_where_there_is_no_other() -> None:
    artists = ["a"] * 6 + ["b"] * 3 + ["c"] * 1 + ["d"] * 3
    weights = np.ones((13, 1))
    tracks = TaggedTracks(
        ids=tuple(map(str, range(13))), artists=tuple(artists), tags=("x",), categories=("",),
        category_weights=np.ones(1), weights=weights, expansion=np.eye(1),
    )  # fmt: skip
    assert min(map(len, balanced_split(tracks, 0, fewest=3).values())) >= 3
    assert min(map(len, balanced_split(tracks, 0, fewest=9).values())) < 9


def test_two_artists_cannot_be_split() -> None:
    with pytest.raises(VmnetError, match="too few artists \\(2\\)"):
        split_by_artist(["Ann", "Bob", "Ann"], 0)
    with pytest.raises(ValueError, match="three shares"):
        split_by_artist(["Ann", "Bob", "Cem"], 0, (0.9, 0.1, 0))
