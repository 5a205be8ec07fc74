"""Time the indexing and the loading of YouTube-8M's frame-level shards; judge their segments.

    python benchmarks/youtube8m.py                              # 4 shards of 250 videos, 230 MB
    python benchmarks/youtube8m.py --shards 16 --records 1000

The shards are written first, of random numbers in the data set's format: time does not depend on
their values, but for Foote and SF, which find more to do in music. A clip is loaded with its
features alone, and with its boundaries.

How well Foote and SF do on features at 1 Hz is measured on simulated clips, whose sections are
known: boundaries are right within 3 s, the ends of the clip do not count; the mean over clips, by
mir_eval. "fixed" is a boundary every 20 s.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np

from vmnet.corpus.simulated import simulated_corpus
from vmnet.corpus.youtube8m import FEATURES, read_index, youtube8m_corpus
from vmnet.segmenters import FIXED_SECONDS
from vmnet.segmenters.boundaries import fixed
from vmnet.segmenters.frames import frame_boundaries

MEAN_SECONDS, DEVIATION = 234, 62  # paper V-B, HIMV-50K


def write_shard(path: Path, n_records: int, rng: np.random.Generator) -> None:
    """Write videos of random features, at most 300 s long."""
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(n_records):
            n_seconds = int(np.clip(rng.normal(MEAN_SECONDS, DEVIATION), 30, 300))
            lists = {
                name: [rng.bytes(dim) for _ in range(n_seconds)] for name, dim in FEATURES.values()
            }
            name = f"{path.stem}-{number}".encode()
            writer.write(example(name, lists))


def example(name: bytes, lists: dict[str, list[bytes]]) -> bytes:
    """Return a serialised SequenceExample."""
    from tensorflow import train

    def values(*them: bytes) -> Any:
        return train.Feature(bytes_list=train.BytesList(value=them))

    return train.SequenceExample(
        context=train.Features(feature={"id": values(name)}),
        feature_lists=train.FeatureLists(
            feature_list={
                key: train.FeatureList(feature=[values(row) for row in rows])
                for key, rows in lists.items()
            }
        ),
    ).SerializeToString()


def seconds(function: Callable[[], object]) -> float:
    """Return the time a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def accuracy_table(n_clips: int) -> str:
    """Return F, precision, recall and mean length of segments on simulated clips, in Markdown."""
    corpus = simulated_corpus((0, 0, n_clips), seed=0)
    scores: dict[str, list[tuple[float, float, float]]] = {}
    lengths: dict[str, list[float]] = {}
    for clip in corpus.clips:
        music = corpus.source.load(clip).frames["music"]
        truth = np.array([(start, end) for start, end, _ in corpus.source.view(clip).sections])
        truth[-1, 1] = len(music)  # frames last whole seconds
        found = frame_boundaries(music) | {"fixed": fixed(len(music), FIXED_SECONDS)}
        for name, edges in found.items():
            intervals = np.array(list(pairwise(edges)))
            precision, recall, f = mir_eval.segment.detection(truth, intervals, window=3, trim=True)
            scores.setdefault(name, []).append((f, precision, recall))
            lengths.setdefault(name, []).extend(np.diff(edges))
    lines = [
        "| segmenter | F | precision | recall | mean length | data |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in scores.items():
        values = " | ".join(f"{value:.2f}" for value in np.mean(rows, axis=0))
        length = np.mean(lengths[name])
        lines.append(f"| {name} | {values} | {length:.1f} s | {n_clips} simulated clips |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=4, help="number of shards")
    parser.add_argument("--records", type=int, default=250, help="videos in a shard")
    parser.add_argument("--clips", type=int, default=200, help="clips loaded, and simulated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="shards indexed at once")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place) / "shards", Path(place) / "cache"
        folder.mkdir()
        for number in range(arguments.shards):
            write_shard(folder / f"train{number:04}.tfrecord", arguments.records, rng)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        n_records = arguments.shards * arguments.records
        lines = [f"| {n_records} videos, {size:.0f} MB | seconds | a second |", "|---|---|---|"]

        def add(what: str, taken: float, count: int) -> None:
            lines.append(f"| {what} | {taken:.2f} | {count / taken:,.0f} |")

        for jobs in dict.fromkeys((1, arguments.jobs)):
            index = seconds(lambda jobs=jobs: read_index(folder, cache / str(jobs), jobs, False))
            what = "1 process" if jobs == 1 else f"{jobs} processes, their start included"
            add(f"index, {what}", index, n_records)
        kept = seconds(lambda: read_index(folder, cache / "1", 1, False))
        add("index, kept from before", kept, n_records)
        corpus, _ = youtube8m_corpus(folder, cache / "1", sizes=(None, 2, 2), progress=False)
        source = corpus.source
        clips = [corpus.clips[i] for i in rng.permutation(n_records)[: arguments.clips]]
        loaded = [source.frames(clip)["music"] for clip in clips[:20]]
        [frame_boundaries(frames) for frames in loaded]  # what is slow the first time
        add("features of a clip", seconds(lambda: [source.frames(c) for c in clips]), len(clips))
        for method in ("foote", "sf"):
            found = seconds(lambda m=method: [frame_boundaries(rows, [m]) for rows in loaded])
            add(f"{method} on its music features", found, len(loaded))
        add("all of a clip", seconds(lambda: [source.load(clip) for clip in clips]), len(clips))
    print("\n".join(lines))
    print(f"\n{accuracy_table(arguments.clips)}")


if __name__ == "__main__":
    main()
