"""What long clips take: time and memory of every stage, at 10, 30 and 120 minutes.

    python benchmarks/long.py                                    # an hour and a half on 2 cores
    python benchmarks/long.py --minutes 1 4                      # a first look
    python benchmarks/long.py --stages segments musicnn          # these alone
    python benchmarks/long.py --stages segments --file LONG.mp4  # a file of your own

Each stage runs in a process of its own, one after the other. Its time is what the processors worked
for it, all threads together, which other work on the machine hardly changes; loading the networks
and kernels is in it, so that a minute of a short clip takes more. Its peak memory is all that the
process held, TensorFlow's or torch's own share (0.4 to 0.9 GB) included. The last column is the
time for a minute of the longest clip over that for a minute of the shortest: 1 is linear growth.

The clips are three **rendered** songs of 200 s, repeated packet by packet up to the length wanted.
A stage whose weights are not there is left out (`vmnet weights list` names them).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av
from tqdm import tqdm

from vmnet import media
from vmnet.errors import InputWarning, WeightsError
from vmnet.rendered import render_clip

SONGS, SONG_SECONDS = 3, 200.0
EXTRACTORS = ("musicnn", "handcrafted", "vggish", "efficientnet")

Cost = tuple[float, float]  # processor seconds, gigabytes


def _extract(name: str, path: Path) -> None:
    from vmnet.features import EXTRACTORS

    EXTRACTORS[name].extract(path)


def _segment(name: str, path: Path) -> None:
    from vmnet.segmenters import SEGMENTERS

    warnings.simplefilter("ignore", InputWarning)
    SEGMENTERS[name].compute(path)


STAGES: dict[str, Callable[[Path], None]] = {
    **{name: partial(_extract, name) for name in EXTRACTORS},
    "segments": partial(_segment, "foote"),  # Foote, SF and OLDA, which share their features
    "shots": partial(_segment, "transnet"),
}


def repeat(sources: Sequence[Path], path: Path, seconds: float) -> None:
    """Write the packets of media files, one file after the other, until `seconds` are full.

    The files have the same encodings. A packet that starts before the last one of its kind (the
    priming samples of a song) is left out.
    """
    with av.open(str(path), "w") as output:
        streams, start, index = {}, 0.0, 0
        last = {"audio": -1.0, "video": -1.0}
        while start < seconds:
            source = sources[index % len(sources)]
            with av.open(str(source)) as container:
                if not streams:
                    streams = {
                        s.type: output.add_stream_from_template(s) for s in container.streams
                    }
                for packet in container.demux():
                    kind, begins = packet.stream.type, start
                    if packet.dts is not None:
                        begins += float(packet.dts * packet.time_base)
                    if packet.dts is None or not last[kind] < begins < seconds:
                        continue
                    shift = round(start / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream, last[kind] = streams[kind], begins
                    output.mux(packet)
            start, index = start + media.probe(source).duration, index + 1


def run_stage(name: str, path: Path) -> None:
    """Run one stage and print what it took, as JSON."""
    started = time.process_time()
    try:
        STAGES[name](path)
    except WeightsError as error:
        print(json.dumps({"missing": str(error)}))
        return
    seconds = time.process_time() - started
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cost": (seconds, kilobytes * 1024 / 1e9)}))


def cost(name: str, path: Path) -> Cost | None:
    """Return what a stage takes in a process of its own, or None where it has no weights.

    Raises
    ------
    RuntimeError
        If the stage fails.
    """
    command = [sys.executable, __file__, "--run", name, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} fails on {path}:\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return tuple(said["cost"]) if "cost" in said else None


def table(minutes: Sequence[float], costs: dict[str, list[Cost]]) -> str:
    """Return the costs, one for each length, as a Markdown table."""
    head = [f"{m:g} min (s) | GB" for m in minutes]
    lines = [f"| stage | {' | '.join(head)} | time a minute, longest / shortest |"]
    lines.append("|---" * (2 * len(minutes) + 2) + "|")
    for name, taken in costs.items():
        cells = [f"{seconds:.1f} | {gigabytes:.2f}" for seconds, gigabytes in taken]
        growth = taken[-1][0] / minutes[-1] / (taken[0][0] / minutes[0])
        lines.append(f"| {name} | {' | '.join(cells)} | {growth:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 30, 120])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--file", type=Path, help="a file of your own instead")
    parser.add_argument("--run", choices=STAGES, help="run this stage on --file in this process")
    arguments = parser.parse_args()
    if arguments.run:
        run_stage(arguments.run, arguments.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        minutes, paths = sorted(arguments.minutes), [arguments.file]
        if arguments.file:
            minutes = [media.probe(arguments.file).duration / 60]
        else:
            paths = make_clips(Path(folder), minutes)
        costs: dict[str, list[Cost]] = {}
        for name in tqdm(arguments.stages, unit="stage"):
            taken = [cost(name, path) for path in paths]
            if None not in taken:
                costs[name] = taken
                print(table(minutes, {name: taken}).splitlines()[-1], file=sys.stderr)
    print(table(minutes, costs))


def make_clips(folder: Path, minutes: Sequence[float]) -> list[Path]:
    """Render songs and repeat them to clips of the lengths wanted."""
    songs = [folder / f"song{seed}.mp4" for seed in range(SONGS)]
    for seed, path in enumerate(tqdm(songs, desc="rendering", unit="song")):
        render_clip(path, seed, SONG_SECONDS)
    paths = [folder / f"{length:g}min.mp4" for length in minutes]
    for path, length in zip(paths, minutes, strict=True):
        repeat(songs, path, 60 * length)
    return paths


if __name__ == "__main__":
    main()
