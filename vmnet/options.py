"""The options that `./run_all.sh` and the `vmnet` command share.

Only the standard library is imported at the head: run_all.sh reads its options before anything is
installed.
"""

import argparse
from typing import Any

from vmnet.config import SEGMENTATIONS


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what of a run is to differ from its profile."""
    add = parser.add_argument_group("what differs from the profile").add_argument
    add(
        "--segmenters",
        nargs="+",
        default=[],
        metavar="S",
        help=f"segmentations (default: {' '.join(SEGMENTATIONS)}, as far as the corpus has them)",
    )
    add("--music", default="", metavar="NAME", help="features of the music, such as vggish")
    add("--video", default="", metavar="NAME", help="features of the pictures, such as inception")
    add(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings of the trainings, such as learning_rate=1e-4 batch=200",
    )
    add(
        "--indel",
        nargs="+",
        default=[],
        metavar="DISTANCE=COST",
        help="cost of skipping a segment (the paper's: nw=0.05 sw=0.01)",
    )
    add(
        "--audio-track",
        type=positive,
        metavar="N",
        help="which sound track of the files is the music, from 1 (default: the first with sound)",
    )
    add("--retry", action="store_true", help="try files again that could not be used before")


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was asked for, as the parameters of `open_run` and of the notebooks.

    Raises
    ------
    VmnetError
        If a setting is unknown or has no sense.
    """
    from vmnet.models.settings import parse_settings

    return {
        "segmenters": list(arguments.segmenters),
        "music": arguments.music,
        "video": arguments.video,
        "training": parse_settings(arguments.set),
        "indel": _costs(arguments.indel),
        "audio_track": arguments.audio_track,
        "retry": arguments.retry,
    }


def _costs(texts: list[str]) -> dict[str, float]:
    """Read `nw=0.5` and the like."""
    from vmnet.errors import VmnetError

    costs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            costs[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not 0 <= costs[name] < float("inf"):
            raise VmnetError(f"--indel {text}: write a distance and a cost of 0 or more, nw=0.05.")
    return costs


def natural(text: str) -> int:
    """Read a whole number from 0 up, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 up, for argparse."""
    if natural(text) == 0:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return int(text)
