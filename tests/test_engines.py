"""Engines find the centroids of the largest inner products, and refuse what is not theirs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.catalog import engines
from vmnet.catalog.engines import (
    build_candidates,
    find_candidates,
    load_candidates,
    upload_candidates,
)
from vmnet.errors import VmnetError

DIM = 8


def draw(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)


@pytest.fixture(scope="module")
def qdrant():
    """Qdrant's local mode, which needs no server."""
    from qdrant_client import QdrantClient

    return QdrantClient(":memory:")


@pytest.fixture(scope="module")
def both(tmp_path_factory, qdrant):
    """The same centroids in FAISS and in Qdrant."""
    centroids = draw(100)
    of_faiss = build_candidates(centroids, tmp_path_factory.mktemp("faiss"))
    return centroids, [of_faiss, upload_candidates(centroids, qdrant)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 120), share=st.floats(0, 1))
def test_engines_agree_with_the_sorted_products(both, seed, n, share):
    centroids, candidates = both
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=DIM).astype(np.float32)
    for allowed in (None, rng.random(100) < share):
        products = centroids @ vector
        pool = np.arange(100) if allowed is None else np.flatnonzero(allowed)
        order = pool[np.argsort(-products[pool])][:n]
        for engine in candidates:
            indices, found = engine.nearest(vector, n, allowed)
            assert sorted(indices) == sorted(order)
            np.testing.assert_allclose(found, products[order], rtol=1e-2, atol=1e-2)
            np.testing.assert_allclose(found, products[indices], rtol=1e-2, atol=1e-2)


def test_an_index_is_read_as_it_was_written(tmp_path):
    centroids = draw(50).astype(np.float16)
    built = build_candidates(centroids, tmp_path)
    read = load_candidates(centroids, tmp_path)
    vector = draw(1, seed=1)[0]
    for mine, its in zip(built.nearest(vector, 9), read.nearest(vector, 9), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert [path.name for path in tmp_path.iterdir()] == [engines.FILE_NAME]


def test_centroids_in_brief_find_nearly_the_same(tmp_path, monkeypatch):
    """Half of the dimensions hold all but a thousandth of the squares."""
    centroids = draw(3000) * np.repeat([1, 0.03], DIM // 2).astype(np.float32)
    monkeypatch.setattr(engines, "BRIEF_DIMS", DIM // 2)
    build_candidates(centroids, tmp_path, flat_tracks=1000)
    candidates = load_candidates(centroids, tmp_path)
    vector, allowed = draw(1, seed=1)[0], np.arange(3000) % 3 == 0
    products = centroids @ vector
    best = np.flatnonzero(allowed)[np.argsort(-products[allowed])][:50]
    found, scores = candidates.nearest(vector, 50, allowed)
    assert allowed[found].all()
    assert len(set(found) & set(best)) >= 45
    np.testing.assert_allclose(scores, products[found], atol=0.2)
    assert len(candidates.nearest(vector, 3000)[0]) == 3000


def test_an_index_of_other_centroids_is_refused(tmp_path):
    centroids = draw(50)
    build_candidates(centroids, tmp_path)
    changed = centroids.copy()
    changed[7, 3] += 1
    for other in (changed, centroids[:49], centroids.astype(np.float16)):
        with pytest.raises(VmnetError, match="of other embeddings: index the catalog again"):
            load_candidates(other, tmp_path)


def test_a_missing_index_is_refused(tmp_path):
    with pytest.raises(VmnetError, match="is missing: index the catalog again"):
        load_candidates(draw(5), tmp_path)


@pytest.mark.parametrize("size", [0, 5, 255, 256, 300, -1])
def test_a_truncated_index_is_refused(tmp_path, size):
    build_candidates(draw(50), tmp_path)
    path = tmp_path / engines.FILE_NAME
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(VmnetError, match=r"centroids\.faiss is .*: index the catalog again"):
        load_candidates(draw(50), tmp_path)


def test_a_flipped_byte_and_another_version_are_refused(tmp_path):
    build_candidates(draw(50), tmp_path)
    path = tmp_path / engines.FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    with pytest.raises(VmnetError, match="damaged"):
        load_candidates(draw(50), tmp_path)
    path.write_bytes(whole.replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(VmnetError, match="another version"):
        load_candidates(draw(50), tmp_path)


def test_a_server_without_the_whole_catalog_is_refused(qdrant):
    centroids = draw(30, seed=2)
    with pytest.raises(VmnetError, match="has 0 of the catalog's 30 tracks"):
        find_candidates(centroids, qdrant)
    sent = upload_candidates(centroids, qdrant)
    assert find_candidates(centroids, qdrant).collection == sent.collection
    qdrant.delete(sent.collection, [3])
    with pytest.raises(VmnetError, match="has 29 of the catalog's 30 tracks"):
        find_candidates(centroids, qdrant)
    assert upload_candidates(centroids, qdrant).collection == sent.collection
    find_candidates(centroids, qdrant)


def test_a_server_that_is_down_is_a_sentence():
    from qdrant_client import QdrantClient

    client = QdrantClient(url="http://127.0.0.1:9", check_compatibility=False)
    with pytest.raises(VmnetError, match="does not answer"):
        find_candidates(draw(3), client)
