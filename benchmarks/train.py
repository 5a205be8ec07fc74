"""How fast the VM-Net trains at the paper's size: `python benchmarks/train.py [--steps 30]`.

Prints the time of one update with batches of 1,000 pairs of 128-d music and 1,024-d video features
(random numbers: only the time counts), what of it the bare matrix products of the forward and
backward pass take in the same library, what drawing the batch takes, and the hours of the
500,000 updates of the thesis, section 5.2.4.
"""

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from vmnet.models.sampling import draw_pairs
from vmnet.models.vmnet import MUSIC_UNITS, VIDEO_UNITS, build_vmnet

BATCH, MUSIC_DIM, VIDEO_DIM, UPDATES = 1000, 128, 1024, 500_000
N_CLIPS, N_SEGMENTS = 5_000, 12  # enough that a batch is scattered over the memory


def median_seconds(function: Callable[[], object], n: int) -> float:
    """Return the median duration of `n` calls, after three to warm up."""
    durations = []
    for _ in range(n + 3):
        started = time.perf_counter()
        function()
        durations.append(time.perf_counter() - started)
    return float(np.median(durations[3:]))


def product_shapes() -> list[tuple[int, int, int]]:
    """Return (m, k, n) of each m x k by k x n product of one update."""
    shapes = []
    for sizes in ((MUSIC_DIM, *MUSIC_UNITS), (VIDEO_DIM, *VIDEO_UNITS)):
        for layer, (k, n) in enumerate(pairwise(sizes)):
            shapes += [(BATCH, k, n), (k, BATCH, n)]  # forward, gradient of the weights
            shapes += [(BATCH, n, k)] if layer else []  # gradient of the input
    dim = MUSIC_UNITS[-1]  # the matrix of all dot products of the loss, and its two gradients
    return [*shapes, (BATCH, dim, BATCH), (BATCH, BATCH, dim), (BATCH, BATCH, dim)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30, help="updates to time")
    n_steps = parser.parse_args().steps

    net = build_vmnet(MUSIC_DIM, VIDEO_DIM)
    import keras

    from vmnet.models.trainer import Trainer

    trainer = Trainer(net, learning_rate=1e-6, margin=0.1, direction_weights=(1.0, 1.0))
    rng = np.random.default_rng(0)
    offsets = np.arange(N_CLIPS + 1) * N_SEGMENTS
    music = rng.standard_normal((offsets[-1], MUSIC_DIM), dtype=np.float32)
    video = rng.standard_normal((offsets[-1], VIDEO_DIM), dtype=np.float32)

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, clips = draw_pairs(rng, offsets, BATCH)
        return music[rows], video[rows], clips

    shapes = product_shapes()
    operands = [
        tuple(
            keras.ops.convert_to_tensor(rng.standard_normal(shape, dtype=np.float32))
            for shape in ((m, k), (k, n))
        )
        for m, k, n in shapes
    ]

    def products() -> None:
        results = [keras.ops.matmul(a, b) for a, b in operands]
        for result in results:
            keras.ops.convert_to_numpy(result[0, 0])  # wait for it

    step = median_seconds(lambda: trainer.update(draw()), n_steps)
    bare = median_seconds(products, n_steps)
    drawing = median_seconds(draw, n_steps)
    flops = sum(2 * m * k * n for m, k, n in shapes)
    print(f"backend                  {keras.backend.backend()}")
    print(f"one update               {step * 1000:.1f} ms ({1 / step:.2f} steps per second)")
    print(f"  of it the batch        {drawing * 1000:.1f} ms")
    print(f"bare matrix products     {bare * 1000:.1f} ms ({flops / bare / 1e9:.0f} GFLOP/s)")
    print(f"update / bare products   {step / bare:.2f}")
    print(f"{UPDATES:,} updates          {UPDATES * step / 3600:.1f} h")


if __name__ == "__main__":
    main()
