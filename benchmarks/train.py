"""How fast the VM-Net trains.

    python benchmarks/train.py                              # batches of 1,000 and of 256
    python benchmarks/train.py --batch 500 --loss cbvmr

Trains on pairs of 128-d music and 1,024-d video features, the paper's size (random numbers in half
precision: only the time counts), as `vmnet.models.train` does, validation aside, and prints

- the time of one update and how many there are in a second,
- its ratio to the bare matrix products of its forward and backward pass in the same library,
- the share of the device's peak, which is that of one large product,
- the time of drawing and gathering a batch, which goes on beside the update,
- the time of 500,000 updates, the thesis' "epochs" as we read them (section 5.2.4).

Updates and products take turns, so that another load on the machine meets both. Keras' backend is
chosen by its own variable: `KERAS_BACKEND=jax python benchmarks/train.py`. `--json FILE` writes the
same numbers, as a list, for RESULTS.md.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vmnet.aligners import Sequences
from vmnet.models import TrainingConfig, build_vmnet
from vmnet.models.batches import UPDATES_PER_CALL, make_feed
from vmnet.models.settings import CBVMR
from vmnet.models.vmnet import MUSIC_UNITS, VIDEO_UNITS, feature_statistics

MUSIC_DIM, VIDEO_DIM, UPDATES = 128, 1024, 500_000
N_CLIPS, N_SEGMENTS = 5_000, 12  # enough that a batch is scattered over the memory
PEAK_SIZE = {"processor": 2048, "accelerator": 8192}


@dataclass(frozen=True)
class Speed:
    """What is measured with one size of batch; times in seconds."""

    device: str
    processor: str  # "cpu" or "gpu"
    backend: str
    loss: str
    batch: int
    update: float
    bare_products: float
    ratio: float
    input_pipeline: float
    steps_per_second: float
    tflops: float
    share_of_peak: float
    hours_500k: float


def product_shapes(batch: int) -> list[tuple[int, int, int]]:
    """Return (m, k, n) of each m x k by k x n product of one update."""
    shapes = []
    for sizes in ((MUSIC_DIM, *MUSIC_UNITS), (VIDEO_DIM, *VIDEO_UNITS)):
        for layer, (k, n) in enumerate(pairwise(sizes)):
            shapes += [(batch, k, n), (k, batch, n)]  # forward, gradient of the weights
            shapes += [(batch, n, k)] if layer else []  # gradient of the input
    dim = MUSIC_UNITS[-1]  # the matrix of all dot products of the loss, and its two gradients
    return [*shapes, (batch, dim, batch), (batch, batch, dim), (batch, batch, dim)]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` as the backend compiles an update."""
    import keras

    def with_tensorflow() -> Callable[..., Any]:
        import tensorflow as tf

        return tf.function(function)

    def with_jax() -> Callable[..., Any]:
        import jax

        return jax.jit(function)

    choices = {"tensorflow": with_tensorflow, "jax": with_jax, "torch": lambda: function}
    return choices[keras.backend.backend()]()


def products(shapes: list[tuple[int, int, int]], n: int) -> Callable[[], None]:
    """Return a function that does each product `n` times and waits for the device."""
    import keras

    rng = np.random.default_rng(0)

    def random(*shape: int) -> Any:
        return keras.ops.convert_to_tensor(rng.standard_normal(shape, dtype=np.float32))

    operands = [(random(m, k), random(k, n)) for m, k, n in shapes]
    multiply = compiled(lambda pairs: [keras.ops.matmul(a, b) for a, b in pairs])

    def run() -> None:
        for _ in range(n):
            results = multiply(operands)
        for result in results:
            keras.ops.convert_to_numpy(result[0, 0])

    return run


def times(functions: list[Callable[[], object]], turns: int) -> np.ndarray:
    """Return (turns, n_functions) seconds; two turns before them warm up."""
    seconds = []
    for _ in range(turns + 2):
        for function in functions:
            started = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - started)
    return np.reshape(seconds, (-1, len(functions)))[2:]


def random_features(dim: int) -> Sequences:
    """Return the segments of `N_CLIPS` clips."""
    data = np.random.default_rng(dim).standard_normal((N_CLIPS * N_SEGMENTS, dim), dtype=np.float32)
    offsets = np.arange(N_CLIPS + 1) * N_SEGMENTS
    return Sequences(data.astype(np.float16), offsets, tuple(map(str, range(N_CLIPS))))


def measure(config: TrainingConfig, features: tuple[Sequences, Sequences], turns: int) -> Speed:
    """Measure one size of batch."""
    statistics = [feature_statistics(part.data) for part in features]
    net = build_vmnet(MUSIC_DIM, VIDEO_DIM, 0, config.dropout, *statistics)
    import keras

    from vmnet.models.learner import Learner
    from vmnet.models.updates import accelerator

    learner = Learner(net, config)
    feed = make_feed(learner, features, config.batch)
    n = UPDATES_PER_CALL["resident" if accelerator() else "streamed"]
    size = PEAK_SIZE["accelerator" if accelerator() else "processor"]
    shapes = product_shapes(config.batch)
    training, drawing = (feed(np.random.default_rng(seed), UPDATES) for seed in range(2))
    bare_products, peak_product = products(shapes, n), products([(size, size, size)], 3)
    seconds = times(
        [lambda: learner.update(next(training)), bare_products, peak_product], turns
    ) / (n, n, 3)
    update, bare, peak = np.median(seconds, axis=0).tolist()
    rate = sum(2 * m * k * n for m, k, n in shapes) / update
    return Speed(
        device=accelerator() or processor(),
        processor="gpu" if accelerator() else "cpu",
        backend=keras.backend.backend(),
        loss=config.loss,
        batch=config.batch,
        update=update,
        bare_products=bare,
        ratio=float(np.median(seconds[:, 0] / seconds[:, 1])),
        input_pipeline=float(np.median(times([lambda: next(drawing)], turns))) / n,
        steps_per_second=1 / update,
        tflops=rate / 1e12,
        share_of_peak=rate * peak / (2 * size**3),
        hours_500k=UPDATES * update / 3600,
    )


def processor() -> str:
    """Return the name of the processor and the number of its cores that we may use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def show(speed: Speed) -> None:
    """Print one measurement."""
    ms = {name: 1000 * value for name, value in asdict(speed).items() if isinstance(value, float)}
    print(f"{speed.device}, {speed.backend}, {speed.loss} loss, batches of {speed.batch:,}")
    print(
        f"  one update               {ms['update']:.2f} ms ({speed.steps_per_second:.2f} a second)"
    )
    print(f"  bare matrix products     {ms['bare_products']:.2f} ms")
    print(f"  update / bare products   {speed.ratio:.2f}")
    print(f"  drawing and gathering    {ms['input_pipeline']:.2f} ms, beside the update")
    print(f"  share of the peak        {speed.share_of_peak:.0%} ({speed.tflops:.2f} TFLOP/s)")
    print(f"  {UPDATES:,} updates          {speed.hours_500k:.1f} h", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[1000, 256], help="pairs a batch")
    parser.add_argument("--loss", nargs="+", default=["triplet"], choices=["triplet", "cbvmr"])
    parser.add_argument("--turns", type=int, default=8, help="turns of updates and products")
    parser.add_argument("--json", type=Path, help="file for the same numbers")
    arguments = parser.parse_args()
    features = random_features(MUSIC_DIM), random_features(VIDEO_DIM)
    speeds = []
    for loss in arguments.loss:
        for batch in arguments.batch:
            settings = CBVMR if loss == "cbvmr" else {}
            config = TrainingConfig(batch=batch, **settings)
            speeds.append(measure(config, features, arguments.turns))
            show(speeds[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(speed) for speed in speeds], indent=1) + "\n")


if __name__ == "__main__":
    main()
