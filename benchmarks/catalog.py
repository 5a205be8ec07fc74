"""Time the search of a catalog, and count what its two stages miss, at any number of tracks.

    python benchmarks/catalog.py --tracks 1000 10000 50000 100000
    python benchmarks/catalog.py --tracks 1000000 --exact 30 --folder /scratch    # 13 GB

The embeddings are simulated. A segment is a sum of independent parts, normalised: of its genre (of
200), its artist (20 tracks each), its track, its section (of 3, drawn for each segment) and its
own; `SHARES` has their variances. Each part is normal with a spectrum that falls as 1/k, so that
512 dimensions have the spread of about 30, as learned embeddings have few. Tracks have 4 to 20
segments.

Half of the queries are cut out of a track, half are of a new track by one of the artists, for which
the catalog has no right answer. Both then pass to the other modality: a part `AGREEMENT` of the
variance is kept, and the rest is drawn, half of it for the query as a whole and half for each
segment.

Recall is the share of the ten best of exhaustive alignment that the search returns, over `--exact`
queries. Times are per query: of the clock and of the processors (all threads), which tell apart on
a busy machine. Memory is resident: the peak counts pages of the mapped embeddings, which the system
takes back when it needs them; "own" does not.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from vmnet.aligners import Sequences, Targets, distance_matrix
from vmnet.catalog.engines import FLAT_TRACKS, build_candidates, load_candidates
from vmnet.catalog.search import ALIGNED, EXHAUSTIVE_TRACKS, FETCHED, search

GENRES, TRACKS_PER_ARTIST, SECTIONS = 200, 20, 3
SHARES = {"genre": 0.25, "artist": 0.2, "track": 0.2, "section": 0.2, "segment": 0.15}
AGREEMENT = 0.36  # a query's segment has a cosine of about 0.6 with the music that it belongs to
SHORTEST, LONGEST = 4, 20
TOP = 10
BLOCK_TRACKS = 128  # small arrays stay in the cache: twice as fast as in blocks of 4096


class Simulation:
    """Draws tracks and queries.

    Attributes
    ----------
    artists : (n_artists, dim) float32
        Genre and artist parts, summed.
    """

    def __init__(self, n_tracks: int, dim: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        spectrum = 1 / np.arange(1, dim + 1)
        self.scale = np.sqrt(spectrum / spectrum.sum()).astype(np.float32)
        genres = self.part("genre", GENRES)
        n_artists = -(-n_tracks // TRACKS_PER_ARTIST)
        self.artists = genres[self.rng.integers(GENRES, size=n_artists)]
        self.artists += self.part("artist", n_artists)

    def part(self, name: str, n: int) -> np.ndarray:
        """Draw `n` vectors of the variance that `SHARES` has for a part."""
        return self.noise(n, SHARES[name])

    def noise(self, n: int, variance: float) -> np.ndarray:
        """Draw `n` vectors whose squared norm is `variance` on average."""
        drawn = self.rng.standard_normal((n, len(self.scale)), dtype=np.float32)
        return drawn * (self.scale * np.float32(np.sqrt(variance)))

    def tracks(self, artists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw one track for each of `artists`: unit segments, and how many each track has."""
        n = len(artists)
        lengths = self.rng.integers(SHORTEST, LONGEST + 1, n)
        of_track = np.repeat(np.arange(n), lengths)
        whole = self.artists[artists] + self.part("track", n)
        sections = np.repeat(whole, SECTIONS, axis=0) + self.part("section", SECTIONS * n)
        heard = SECTIONS * of_track + self.rng.integers(SECTIONS, size=len(of_track))
        return unit(sections[heard] + self.part("segment", len(heard))), lengths

    def query(self, music: np.ndarray) -> np.ndarray:
        """Cut a run of at least half of a track, at least four segments, and see it as a video."""
        n = self.rng.integers(max(SHORTEST, len(music) // 2), len(music) + 1)
        start = self.rng.integers(len(music) - n + 1)
        own = (1 - AGREEMENT) / 2
        seen = np.sqrt(AGREEMENT) * music[start : start + n].astype(np.float32)
        return unit(seen + self.noise(1, own) + self.noise(n, own))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Normalise rows."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_catalog(simulation: Simulation, n_tracks: int, folder: Path) -> None:
    """Write embeddings (16 bits), centroids (32 bits) and lengths, block by block."""
    dim = len(simulation.scale)
    lengths, n_segments = [], 0
    centroids = np.lib.format.open_memmap(
        folder / "centroids.npy", "w+", np.float32, (n_tracks, dim)
    )
    with (folder / "embeddings.f16").open("wb") as file:
        for start in range(0, n_tracks, BLOCK_TRACKS):
            rows = np.arange(start, min(start + BLOCK_TRACKS, n_tracks))
            segments, counts = simulation.tracks(rows // TRACKS_PER_ARTIST)
            starts = np.cumsum([0, *counts[:-1]])
            centroids[rows] = np.add.reduceat(segments, starts) / counts[:, None]
            file.write(segments.astype(np.float16).tobytes())
            lengths.append(counts)
            n_segments += len(segments)
    centroids.flush()
    np.save(folder / "lengths.npy", np.concatenate(lengths))


def open_catalog(folder: Path, dim: int) -> tuple[Sequences, np.ndarray]:
    """Map what `write_catalog` wrote."""
    offsets = np.cumsum([0, *np.load(folder / "lengths.npy")], dtype=np.int64)
    data = np.memmap(folder / "embeddings.f16", np.float16, "r", shape=(offsets[-1], dim))
    targets = Sequences(data, offsets, tuple(map(str, range(len(offsets) - 1))))
    return targets, np.load(folder / "centroids.npy", mmap_mode="r")


def draw_queries(simulation: Simulation, targets: Sequences, n: int) -> list[np.ndarray]:
    """Draw queries: those at even positions have a right answer, the others have none."""
    chosen = simulation.rng.integers(len(targets), size=n)
    queries = []
    for i, track in enumerate(chosen):
        artist = np.array([track // TRACKS_PER_ARTIST])
        music = targets[track] if i % 2 == 0 else simulation.tracks(artist)[0]
        queries.append(simulation.query(music))
    return queries


def exhaustive(queries: list[np.ndarray], targets: Sequences, distance: str) -> np.ndarray:
    """Return the `TOP` best tracks of each query among all, (n_queries, TOP)."""
    drawn = Sequences.from_list(queries)
    rows = np.empty((len(queries), len(targets)), np.float32)
    for start in range(0, len(targets), 32 * BLOCK_TRACKS):  # mapped: not all of it at once
        part = slice(start, start + 32 * BLOCK_TRACKS)
        rows[:, part] = distance_matrix(drawn, targets.select(part), distance)
    return np.argsort(rows, axis=1, kind="stable")[:, :TOP]


@dataclass(frozen=True)
class Timed:
    """What a function returned, and how long it took, in seconds."""

    value: Any
    clock: float
    processors: float


def timed(function: Callable[..., Any], *arguments: Any) -> Timed:
    """Call a function once."""
    clock, processors = time.perf_counter(), time.process_time()
    value = function(*arguments)
    return Timed(value, time.perf_counter() - clock, time.process_time() - processors)


def indexed(centroids: np.ndarray, folder: Path, options: argparse.Namespace) -> Timed:
    """Build the engine of a catalog that has one, and read it back."""
    if len(centroids) <= options.exhaustive:
        return Timed(None, 0, 0)
    built = timed(build_candidates, centroids, folder, options.flat)
    return Timed(load_candidates(centroids, folder), built.clock, built.processors)


def recalls(answers: list[Timed], best: np.ndarray) -> np.ndarray:
    """Return the share of the best tracks that each of the first answers has."""
    found = [set(answer.value[0]) & set(row) for answer, row in zip(answers, best, strict=False)]
    return np.array([len(tracks) / TOP for tracks in found])


def answered(
    distance: str, queries: list[np.ndarray], targets: Sequences, engine: Any, options: Any
) -> list[Timed]:
    """Search for each query."""
    chosen = {name: getattr(options, name) for name in ("exhaustive", "fetched", "aligned")}
    answer = partial(
        search, targets=targets, distance=distance, top=TOP, candidates=engine, **chosen
    )
    for query in queries[:3]:  # compiles, and reads what every query needs
        answer(query)
    return [timed(answer, query) for query in queries]


def measure(n_tracks: int, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Make a catalog of `n_tracks`, and search it by each distance."""
    distances = options.distances
    simulation = Simulation(n_tracks, options.dim, options.seed)
    if not (folder / "lengths.npy").exists():
        write_catalog(simulation, n_tracks, folder)
    targets, centroids = open_catalog(folder, options.dim)
    simulation.rng = np.random.default_rng([options.seed, 1])  # the same for a catalog that is kept
    queries = draw_queries(simulation, targets, options.queries)
    engine = indexed(centroids, folder, options)
    if engine.value is None:
        targets = Targets.prepare(targets)
    answers = {name: answered(name, queries, targets, engine.value, options) for name in distances}
    memory = psutil.Process().memory_info()  # before exhaustive alignment maps all there is
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for distance in distances:
        hits = np.ones(len(queries))  # where all are aligned
        if engine.value is not None:
            best = exhaustive(queries[: options.exact], targets, distance)
            hits = recalls(answers[distance], best)
        clock = [1000 * answer.clock for answer in answers[distance]]
        processors = [1000 * answer.processors for answer in answers[distance]]
        yield {
            "tracks": f"{n_tracks:,}",
            "distance": distance,
            "build": f"{engine.clock:.0f} s",
            "median": f"{np.median(clock):.1f} ms",
            "99 %": f"{np.percentile(clock, 99):.1f} ms",
            "processors": f"{np.median(processors):.1f} ms",
            f"recall@{TOP}": f"{hits.mean():.3f}",
            "with answer": f"{hits[::2].mean():.3f}",
            "without": f"{hits[1::2].mean():.3f}",
            "peak": f"{peak / 1e9:.1f} GB",
            "own": f"{(memory.rss - memory.shared) / 1e9:.1f} GB",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[1000, 10_000, 50_000, 100_000])
    parser.add_argument("--distances", nargs="+", default=["best_trace_mean", "nw"])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=100, help="that are timed")
    parser.add_argument("--exact", type=int, default=40, help="of these, for the recall")
    parser.add_argument("--exhaustive", type=int, default=EXHAUSTIVE_TRACKS, help="one stage up to")
    parser.add_argument("--flat", type=int, default=FLAT_TRACKS, help="exact first stage up to")
    parser.add_argument("--fetched", type=int, default=FETCHED, help="by the first stage")
    parser.add_argument("--aligned", type=int, default=ALIGNED, help="by the second stage")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keeps the catalogs, for the next call")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        place = options.folder or Path(scratch)
        header = True
        for n_tracks in options.tracks:
            folder = place / f"catalog-{n_tracks}-{options.dim}-{options.seed}"
            folder.mkdir(exist_ok=True)
            for row in measure(n_tracks, folder, options):
                if header:
                    print("| " + " | ".join(row) + " |\n" + "|---" * len(row) + "|")
                header = False
                print("| " + " | ".join(row.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
