"""How much faster than real time the rendered corpus is made, in one process.

Run `OMP_NUM_THREADS=1 python benchmarks/render.py`; it takes about a minute. On a busy machine the
processor time says more than the clock.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from vmnet.rendered import plan_clip, render_clip


def main() -> None:
    """Render a few clips and print the ratio of their duration to the time it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="duration of each clip")
    parser.add_argument("--clips", type=int, default=8, help="clips rendered, of seeds 0, 1, ...")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    with tempfile.TemporaryDirectory() as folder:
        render_clip(Path(folder) / "warm_up.mp4", seed=0, seconds=2)  # imports
        ratios = []
        for seed in range(arguments.clips):
            start, start_cpu = time.perf_counter(), time.process_time()
            render_clip(Path(folder) / "clip.mp4", seed, seconds)
            wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
            ratios.append((seconds / wall, seconds / cpu))
            genre = plan_clip(seed, seconds).style.genre
            print(f"seed {seed}: {seconds / wall:5.1f}x by the clock ({genre})")
    clock, cpu_ratio = np.median(ratios, axis=0)
    slowest = np.min(ratios, axis=0)[0]
    print(f"times real time, median: {clock:.1f} by the clock, {cpu_ratio:.1f} by processor time")
    print(f"times real time, slowest clip: {slowest:.1f} by the clock")


if __name__ == "__main__":
    main()
