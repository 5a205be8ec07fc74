"""Vector engines: which tracks of a large catalog have a centroid that points where a query does.

The first of the two stages of `vmnet.catalog.search`. An engine holds one vector per track, the
mean of its segment embeddings, and answers with the tracks of the largest inner products. FAISS
does so in this process; an existing Qdrant server does so for catalogs that outgrow one machine.
Another engine is a class with the one method of `Candidates`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from vmnet.errors import VmnetError
from vmnet.store import written_whole

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


FLAT_TRACKS = 100_000
"""Tracks up to which FAISS compares the centroids as they are; above, in brief."""

BRIEF_DIMS = 256
"""Dimensions of a centroid in brief, each of 8 bits."""

CELLS = 64
"""Cells of the inverted file of a larger catalog."""

PROBED = CELLS
"""Cells that a query looks into: all. Fewer are faster and miss more (docs/measurements.md)."""

FILE_NAME = "centroids.faiss"
_FORMAT = 1
_HEADER_BYTES = 256
_SAMPLE = 65_536  # centroids that an index is trained with
_BLOCK = 16_384  # centroids that are held as float32 at a time


class Candidates(Protocol):
    """The centroids of a catalog, in an engine that finds the nearest."""

    def nearest(
        self, vector: np.ndarray, n: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks whose centroids have the largest inner products with a vector.

        Parameters
        ----------
        vector : (dim,) float32
        n : int
            How many tracks.
        allowed : (n_tracks,) bool, optional
            Which tracks may be found; all unless given.

        Returns
        -------
        indices : (n_found,) int64
            Of tracks, each once; fewer than `n` where fewer are allowed or the engine, which may
            be approximate, found no more.
        products : (n_found,) float32
            Inner products, the largest first.
        """
        ...


@dataclass(frozen=True, eq=False)
class FaissCandidates:
    """Centroids in a FAISS index, in this process's memory.

    Attributes
    ----------
    index
        By inner product; its ids are the tracks' positions in the catalog.
    """

    index: Any

    def nearest(
        self, vector: np.ndarray, n: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Candidates.nearest`."""
        n = min(n, self.index.ntotal)
        products, indices = self.index.search(
            np.asarray(vector, np.float32)[None], n, params=self._parameters(allowed)
        )
        found = indices[0] >= 0  # FAISS fills what it has not found with -1
        return indices[0][found], products[0][found]

    def _parameters(self, allowed: np.ndarray | None) -> Any:
        faiss = _faiss()
        chosen: dict[str, Any] = {}
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            chosen["sel"] = faiss.IDSelectorBitmap(bits)
        if cells := faiss.try_extract_index_ivf(self.index):
            return faiss.SearchParametersIVF(nprobe=cells.nprobe, **chosen)
        return faiss.SearchParameters(**chosen)


@dataclass(frozen=True, eq=False)
class QdrantCandidates:
    """Centroids in a collection of a Qdrant server.

    Attributes
    ----------
    client
        Of the server, or of Qdrant's local mode.
    collection
        Its points have the tracks' positions in the catalog for ids.
    """

    client: "QdrantClient"
    collection: str

    def nearest(
        self, vector: np.ndarray, n: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Candidates.nearest`."""
        from qdrant_client import models

        condition: models.Filter | None = None
        if allowed is not None:  # the shorter list of the two travels to the server
            few = 2 * np.count_nonzero(allowed) <= len(allowed)
            listed = models.HasIdCondition(has_id=[*map(int, np.flatnonzero(allowed == few))])
            condition = models.Filter(must=[listed]) if few else models.Filter(must_not=[listed])
        points = self.client.query_points(
            self.collection,
            query=np.asarray(vector, np.float32).tolist(),
            query_filter=condition,
            limit=n,
            with_payload=False,
        ).points
        indices = np.array([point.id for point in points], np.int64)
        return indices, np.array([point.score for point in points], np.float32)


def upload_candidates(
    centroids: np.ndarray, client: "QdrantClient", name: str = "vmnet"
) -> QdrantCandidates:
    """Send centroids to a Qdrant server; the same call goes on with what was interrupted.

    Parameters
    ----------
    centroids : (n_tracks, dim) float32 or float16
        As `build_candidates` takes them.
    client : QdrantClient
        `QdrantClient(url="http://localhost:6333")`, or of the local mode.
    name : str
        The collection is called so, with the centroids' checksum behind it.
    """
    from qdrant_client import models

    collection = f"{name}-{_checksum(centroids)}"
    if not client.collection_exists(collection):
        client.create_collection(
            collection,
            vectors_config=models.VectorParams(
                size=centroids.shape[1],
                distance=models.Distance.DOT,
                datatype=models.Datatype.FLOAT16,
            ),
        )
    start = 0
    for block in _blocks(centroids):
        ids = range(start, start + len(block))
        client.upload_collection(collection, vectors=block, ids=ids, wait=True)
        start += len(block)
    return QdrantCandidates(client, collection)


def find_candidates(
    centroids: np.ndarray, client: "QdrantClient", name: str = "vmnet"
) -> QdrantCandidates:
    """Return what `upload_candidates` sent to a server.

    Raises
    ------
    VmnetError
        If the server does not answer, or does not hold all of these centroids.
    """
    from qdrant_client.http.exceptions import ResponseHandlingException

    collection = f"{name}-{_checksum(centroids)}"
    try:
        held = client.count(collection).count if client.collection_exists(collection) else 0
    except ResponseHandlingException as error:
        raise VmnetError(f"the Qdrant server does not answer ({error}): start it.") from None
    if held != len(centroids):
        raise VmnetError(
            f"the Qdrant server has {held} of the catalog's {len(centroids)} tracks in "
            f"{collection}: send its centroids again."
        )
    return QdrantCandidates(client, collection)


def build_candidates(
    centroids: np.ndarray, folder: Path, flat_tracks: int = FLAT_TRACKS
) -> FaissCandidates:
    """Index centroids with FAISS and write the index, whole, as `centroids.faiss` into a folder.

    Up to `flat_tracks` the index is flat and exact. Above, the centroids are kept in brief: in the
    `BRIEF_DIMS` directions of the largest sums of squares, in 8 bits, in an inverted file whose
    cells share the work among the processors.

    Parameters
    ----------
    centroids : (n_tracks, dim) float32 or float16
        Means of the segment embeddings, not renormalised; may be mapped from a file.
    folder : Path
        That of the catalog.
    flat_tracks : int
        Up to how many tracks the index is exact.
    """
    faiss = _faiss()
    n_tracks, dim = centroids.shape
    index = faiss.IndexFlatIP(dim) if n_tracks <= flat_tracks else _trained_in_brief(centroids)
    for block in _blocks(centroids):
        index.add(block)
    _write(index, centroids, Path(folder) / FILE_NAME)
    return FaissCandidates(index)


def load_candidates(centroids: np.ndarray, folder: Path, checked: bool = False) -> FaissCandidates:
    """Read the index that `build_candidates` wrote for these centroids.

    Parameters
    ----------
    centroids, folder
        As `build_candidates` took them.
    checked : bool
        The caller knows that neither file has changed since: then the centroids, by far the larger
        file, are not read, nor is the index read twice.

    Raises
    ------
    VmnetError
        If there is none, it is damaged, of another version, or of other centroids.
    """
    faiss = _faiss()
    path = Path(folder) / FILE_NAME
    if not path.exists():
        raise VmnetError(f"{path} is missing: index the catalog again.")
    with path.open("rb") as file:
        header = _header(file.read(_HEADER_BYTES), path)
        if not checked and header["centroids"] != _checksum(centroids):
            raise VmnetError(f"{path} is of other embeddings: index the catalog again.")
        if not checked and header["body"] != _checksum_of_rest(file):
            raise VmnetError(f"{path} is damaged or cut short: index the catalog again.")
        file.seek(_HEADER_BYTES)
        index = faiss.read_index(faiss.PyCallbackIOReader(file.read))
    return FaissCandidates(_ready(index))


def _faiss() -> Any:
    """Import FAISS, whose stubs know its C++ side alone."""
    import faiss

    return faiss


def _trained_in_brief(centroids: np.ndarray) -> Any:
    """Return an empty index of centroids in brief, with directions, ranges and cells for these."""
    faiss = _faiss()
    n_tracks, dim = centroids.shape
    rng = np.random.default_rng(0)
    sample = np.sort(rng.choice(n_tracks, min(n_tracks, _SAMPLE), replace=False))
    training = np.asarray(centroids[sample], np.float32)
    brief = min(dim, BRIEF_DIMS)
    # Not faiss.PCAMatrix: it subtracts the mean, which would change the order of inner products
    _, directions = np.linalg.eigh(training.T @ training)
    turn = faiss.LinearTransform(dim, brief, False)
    faiss.copy_array_to_vector(directions[:, ::-1][:, :brief].T.ravel(), turn.A)
    turn.is_trained = True
    cells = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(brief),
        brief,
        CELLS,
        faiss.ScalarQuantizer.QT_8bit_uniform,
        faiss.METRIC_INNER_PRODUCT,
        False,  # no residuals: the cells share the ranges of the 8 bits
    )
    cells.nprobe = PROBED
    index = faiss.IndexPreTransform(turn, cells)
    index.train(training)
    return _ready(index)


def _ready(index: Any) -> Any:
    """Set what FAISS does not write into its files."""
    faiss = _faiss()
    if cells := faiss.try_extract_index_ivf(index):
        cells.parallel_mode = 1  # one query shares its cells among the processors
    return index


def _blocks(centroids: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(centroids), _BLOCK):
        yield np.asarray(centroids[start : start + _BLOCK], np.float32)


def _write(index: Any, centroids: np.ndarray, path: Path) -> None:
    """Write a line of JSON of a fixed length, which says what the rest is, and FAISS's bytes."""
    faiss = _faiss()
    import google_crc32c

    body = google_crc32c.Checksum()

    def write(part: bytes) -> int:
        body.update(bytes(part))
        return file.write(part)

    with written_whole(path) as temporary, temporary.open("wb") as file:
        file.write(bytes(_HEADER_BYTES))
        faiss.write_index(index, faiss.PyCallbackIOWriter(write))
        header = {
            "format": _FORMAT,
            "centroids": _checksum(centroids),
            "body": body.hexdigest().decode(),
        }
        file.seek(0)
        file.write(json.dumps(header).encode().ljust(_HEADER_BYTES - 1) + b"\n")


def _header(line: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(line)
        known = header["format"] == _FORMAT
    except (ValueError, TypeError, KeyError):
        raise VmnetError(f"{path} is no index of centroids: index the catalog again.") from None
    if not known:
        raise VmnetError(f"{path} is of another version of vmnet: index the catalog again.")
    return header


def _checksum(centroids: np.ndarray) -> str:
    """Return what changes with the shape, the type or a value of the centroids."""
    import google_crc32c

    checksum = google_crc32c.Checksum(f"{centroids.shape} {centroids.dtype}".encode())
    for start in range(0, len(centroids), _BLOCK):
        part = np.asarray(centroids[start : start + _BLOCK], order="C").view(np.ndarray)
        part.flags.writeable = False  # only such are taken without a copy, ten times as slow
        checksum.update(part)
    return checksum.hexdigest().decode()


def _checksum_of_rest(file: Any) -> str:
    import google_crc32c

    checksum = google_crc32c.Checksum()
    while part := file.read(1 << 22):
        checksum.update(part)
    return checksum.hexdigest().decode()
