"""What the paper's corpus size takes.

    python benchmarks/paper_size.py
    python benchmarks/paper_size.py --clips 5000 100 100

Draws **simulated** clips, keeps the mean of every segment of the paper's four segmentations and of
the whole clip, and takes 40 updates of the network with the most segments, TransNet's, from the
mapped file. Prints the time and the peak memory of either: what the processes hold of their own,
without the pages of mapped files, which the system takes back when it needs them. Linux alone; some
10 GB of temporary files, two minutes on 2 cores.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import psutil

from vmnet import experiment
from vmnet.config import PROFILES, SEGMENTATIONS
from vmnet.corpus.simulated import simulated_corpus

INTERVAL = 0.5  # s between two looks at the memory


def own_memory() -> int:
    """Return the bytes that this process and its children hold of their own, shared ones once."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    kilobytes = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon"))
    return 1024 * kilobytes


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print how long the block took and the most memory held meanwhile."""
    peak, done = [own_memory()], Event()

    def watch() -> None:
        while not done.wait(INTERVAL):
            peak.append(own_memory())

    watcher, started = Thread(target=watch), time.monotonic()
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    seconds = time.monotonic() - started
    print(f"{what}: {seconds:.0f} s, {max(peak) / 2**30:.1f} GiB", flush=True)


def main() -> None:
    """Measure both stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs=3, default=PROFILES["paper"].clips,
                        help="clips for training, validation and test (default: the paper's)",
                        metavar=("TRAIN", "VALID", "TEST"))  # fmt: skip
    arguments = parser.parse_args()
    profile = replace(PROFILES["paper"], training={"steps": 40, "evaluate_every": 20})
    corpus = simulated_corpus(tuple(arguments.clips), 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = (SEGMENTATIONS, "music", "video")
        run = experiment.Run(profile, corpus, 0, os.cpu_count() or 1, folder, folder, *names)
        with measured(f"segments of {len(corpus.clips):,} clips"), redirect_stdout(sys.stderr):
            data = experiment.prepare(run)
        with measured("40 updates of TransNet's network"):
            experiment.network(data, experiment.seg_vm_net(run, "transnet"))


if __name__ == "__main__":
    main()
