"""Genres of what is recommended where the right track is missed: by hand, and the rows of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners import Sequences
from vmnet.corpus import Clip, Corpus
from vmnet.evaluation.genres import genres_of_misses
from vmnet.experiment.genres import genre_rows


def test_a_missed_query_by_hand():
    # Four tracks are nearer to the first video than its own: folk, pop, pop, folk. Of the best
    # three two are pop, as it is; so are two of the other four in the catalog.
    distances = np.full((5, 5), 9.0)
    distances[0] = [5, 1, 2, 3, 4]
    distances[np.arange(1, 5), np.arange(1, 5)] = 0  # the others find their own
    best, catalog = genres_of_misses(distances, ["pop", "folk", "pop", "pop", "folk"])
    assert best.tolist() == [pytest.approx(200 / 3)]
    assert catalog.tolist() == [50]
    distances[0, 0] = 2.5  # now it is the third
    assert genres_of_misses(distances, ["pop", "folk", "pop", "pop", "folk"])[0].size == 0


def test_what_has_no_genre_is_passed_over():
    distances = np.full((6, 6), 9.0)
    distances[0] = [5, 1, 2, 3, 4, 6]
    distances[1] = [1, 5, 2, 3, 4, 6]
    genres = ["pop", "", "pop", "pop", "folk", "folk"]
    distances[np.arange(2, 6), np.arange(2, 6)] = 0
    best, catalog = genres_of_misses(distances, genres)  # the second is no query
    assert best.tolist() == [pytest.approx(200 / 3)]  # 2, 3 and 4, not 1
    assert catalog.tolist() == [50]
    assert genres_of_misses(distances, [""] * 6)[0].size == 0
    assert genres_of_misses(distances, ["pop", *[""] * 3, "pop", "pop"])[0].size == 0  # too few


@settings(max_examples=50, deadline=None)
@given(st.integers(4, 12), st.integers(0, 999))
def test_ties_score_chance_and_shares_are_those_of_a_sort(n, seed):
    rng = np.random.default_rng(seed)
    genres = rng.choice(["pop", "folk", "jazz"], n).tolist()
    distances = np.ones((n, n)) + np.eye(n)  # all others alike, the own last
    best, catalog = genres_of_misses(distances, genres)
    np.testing.assert_allclose(best, catalog)
    assert len(best) == n
    distances = rng.random((n, n))
    slow = []
    for i in range(n):
        order = sorted(range(n), key=lambda j: distances[i, j])
        if i not in order[:3]:
            slow.append(100 * sum(genres[j] == genres[i] for j in order[:3]) / 3)
    np.testing.assert_allclose(genres_of_misses(distances, genres)[0], slow)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="distances of 3 clips"):
        genres_of_misses(np.zeros((2, 2)), ["pop"] * 3)


@pytest.fixture
def corpus(tmp_path):
    genres = ["slow warm minor acoustic", "slow cold major acoustic", "fast warm minor electronic"]
    clips = tuple(
        Clip(f"{i}", tmp_path / f"{i}.mp4", "test", genre=genres[i % 3]) for i in range(9)
    )
    return Corpus("made-up", "rendered", clips, source=None)


def embedded(corpus, seed=0):
    rng = np.random.default_rng(seed)
    ids = tuple(clip.clip_id for clip in corpus.clips)
    return tuple(
        Sequences(rng.standard_normal((9, 4)).astype("f4"), np.arange(10), ids) for _ in range(2)
    )


def test_rows_of_rendered_clips_have_two_words_of_a_genre(corpus):
    rows = {row["system"]: row for row in genre_rows(corpus, embedded(corpus), "centroid")}
    assert list(rows) == ["top_3", "catalog", "top_3_minus_catalog"]
    assert {(row["metric"], row["direction"]) for row in rows.values()} == {
        ("percent_of_genre", "V2M")
    }
    best, catalog, gain = (row["value"] for row in rows.values())
    assert gain == pytest.approx(best - catalog)
    assert 25 <= catalog <= 62.5  # 5 of 8 others for "slow acoustic", 2 of 8 for "fast electronic"
    whole = replace(corpus, kind="media")  # three genres of three clips each: 2 of 8 others
    (_, catalog, _) = genre_rows(whole, embedded(corpus), "centroid")
    assert (catalog["value"], catalog["ci95"]) == (25, 0)


def test_without_genres_there_are_no_rows_and_that_is_told(corpus, capsys):
    bare = replace(corpus, clips=tuple(replace(clip, genre="") for clip in corpus.clips))
    assert genre_rows(bare, embedded(corpus), "centroid") == []
    assert "made-up: nothing is said of the genres" in capsys.readouterr().err
