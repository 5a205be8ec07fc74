"""The search in two stages against alignment with every track."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners import DISTANCES, Sequences, distance_matrix
from vmnet.aligners.blocks import centroids
from vmnet.catalog.engines import build_candidates
from vmnet.catalog.search import TWO_STAGES, search


def clips(n, rng, dim=6, most=5):
    """Draw clips of integer vectors: their dot products are exact in any order of summation."""
    lengths = rng.integers(1, most + 1, n)
    return Sequences.from_list([rng.integers(-3, 4, (length, dim)) for length in lengths])


def exhaustive(query, targets, distance, **params):
    """Rank by the whole row of the matrix, ties by index."""
    row = distance_matrix(Sequences.from_list([query]), targets, distance, **params)[0]
    order = np.argsort(row, kind="stable")
    return order, row[order]


def in_16_bits(targets):
    return Sequences(targets.data.astype(np.float16), targets.offsets, targets.ids)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Sixty tracks and their engine."""
    targets = clips(60, np.random.default_rng(0))
    folder = tmp_path_factory.mktemp("catalog")
    return targets, build_candidates(centroids(targets).data, folder)


@pytest.mark.parametrize("distance", DISTANCES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), top=st.integers(1, 70))
def test_two_stages_that_align_all_agree_with_one(catalog, distance, seed, top):
    targets, candidates = catalog
    query = clips(1, np.random.default_rng(seed))[0]
    order, row = exhaustive(query, targets, distance)
    for tracks in (targets, in_16_bits(targets)):
        found, distances = search(query, tracks, distance, top, candidates, exhaustive=0)
        np.testing.assert_array_equal(found, order[:top])
        np.testing.assert_array_equal(distances, row[:top])


@pytest.mark.parametrize("distance", sorted(TWO_STAGES))
def test_a_permuted_catalog_permutes_the_answer(distance, tmp_path):
    rng = np.random.default_rng(1)
    targets, query = clips(200, rng), rng.normal(size=(4, 6)).astype(np.float32)
    shuffled = rng.permutation(len(targets))

    def answer(tracks):
        candidates = build_candidates(centroids(tracks).data, tmp_path)
        return search(query, tracks, distance, 5, candidates, exhaustive=0, fetched=150, aligned=60)

    found, distances = answer(targets)
    of_shuffled, same = answer(targets.select(shuffled))
    np.testing.assert_array_equal(shuffled[of_shuffled], found)
    np.testing.assert_allclose(same, distances, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_only_what_is_allowed_is_found(catalog, seed):
    targets, candidates = catalog
    rng = np.random.default_rng(seed)
    query, allowed = clips(1, rng)[0], rng.random(len(targets)) < rng.random()
    order, row = exhaustive(query, targets, "nw")
    for limit in (0, 1000):
        found, distances = search(
            query, targets, "nw", 10, candidates, allowed, exhaustive=limit, fetched=60, aligned=60
        )
        np.testing.assert_array_equal(found, order[allowed[order]][:10])
        np.testing.assert_array_equal(distances, row[allowed[order]][:10])


def test_the_mask_is_honoured_before_the_first_stage_fetches(catalog):
    targets, candidates = catalog
    query = targets[7]
    nearest, _ = candidates.nearest(query.mean(axis=0), 10)
    allowed = np.ones(len(targets), bool)
    allowed[nearest] = False
    found, _ = search(
        query, targets, "nw", 5, candidates, allowed, exhaustive=0, fetched=10, aligned=10
    )
    assert len(found) == 5
    assert allowed[found].all()


def test_parameters_of_the_distance_reach_both_stages(catalog):
    targets, candidates = catalog
    query = targets[3]
    found = search(query, targets, "nw", 60, candidates, exhaustive=0, indel=2.0)
    order, row = exhaustive(query, targets, "nw", indel=2.0)
    np.testing.assert_array_equal(found[0], order)
    np.testing.assert_array_equal(found[1], row)


@pytest.mark.parametrize("distance", ["nw", "sw", "trace", "best_trace", "trace_mean"])
def test_a_line_estimates_the_distances_of_clips_of_like_segments(distance, tmp_path):
    """All segments of a clip alike: the centroids and the lengths know everything."""
    rng = np.random.default_rng(2)
    alike = rng.integers(1, 4, (600, 1, 6))
    targets = Sequences.from_list([np.tile(v, (rng.integers(1, 9), 1)) for v in alike])
    candidates = build_candidates(centroids(targets).data, tmp_path)
    query = np.tile(rng.integers(1, 4, 6), (4, 1)).astype(np.float32)
    order, row = exhaustive(query, targets, distance)
    found, distances = search(
        query, targets, distance, 10, candidates, exhaustive=0, fetched=600, aligned=30
    )
    np.testing.assert_array_equal(distances, row[:10])
    np.testing.assert_array_equal(found, order[:10])


def test_equal_distances_go_by_index():
    twice = Sequences.from_list([[[1, 0]], [[0, 1]], [[1, 0]], [[0, 1]]])
    found, distances = search(np.array([[1, 0]]), twice, "sw", 4)
    assert found.tolist() == [0, 2, 1, 3]
    assert distances.tolist() == [-1, -1, 0, 0]


def test_tracks_that_are_mapped_from_a_file_are_ranked_alike(catalog, tmp_path):
    """Rows of other sizes than a page, behind a header, to the end of the file."""
    targets, candidates = catalog
    np.save(tmp_path / "embeddings.npy", targets.data.astype(np.float16))
    data = np.load(tmp_path / "embeddings.npy", mmap_mode="r")
    mapped = Sequences(data, targets.offsets, targets.ids)
    query = targets[0]
    some = {"exhaustive": 0, "fetched": 60, "aligned": 59}
    for answer, same in zip(
        search(query, mapped, "nw", 59, candidates, **some),
        search(query, targets, "nw", 59, candidates, **some),
        strict=True,
    ):
        np.testing.assert_array_equal(answer, same)


def test_centroids_are_means(catalog, naive):
    targets, _ = catalog
    means = [naive.mean(clip) for clip in targets]
    np.testing.assert_allclose(centroids(in_16_bits(targets)).data, means, rtol=1e-6, atol=1e-6)


def test_arguments_without_sense(catalog):
    targets, candidates = catalog
    query = targets[0]
    with pytest.raises(ValueError, match="top must be"):
        search(query, targets, "nw", 0)
    with pytest.raises(ValueError, match="allowed must be"):
        search(query, targets, "nw", 1, allowed=np.ones(3, bool))
    with pytest.raises(ValueError, match="unknown distance"):
        search(query, targets, "sideways", 1)
    with pytest.raises(TypeError, match="unknown parameter"):
        search(query, targets, "trace", 1, candidates, exhaustive=0, indel=1)
    with pytest.raises(ValueError, match="dimensions"):
        search(query[:, :3], targets, "nw", 1)
    with pytest.raises(ValueError, match="dimensions"):
        search(query[:, :3], targets, "nw", 1, candidates, exhaustive=0)
