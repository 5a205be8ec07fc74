"""The command `vmnet similar TRACK --catalog INDEX`: tracks of a catalog that are near a track."""

import argparse
import sys
from pathlib import Path
from typing import Any

from vmnet.errors import known_names
from vmnet.options import add_command, positive
from vmnet.progress import log


def similar(arguments: argparse.Namespace) -> None:
    """List the tracks of a catalog that are nearest to a track, by what a model hears in them.

    example: vmnet similar song.mp3 --catalog ~/catalog --top 5
    """
    from vmnet.aligners import DISTANCES
    from vmnet.catalog import similar as near
    from vmnet.catalog.ask import said
    from vmnet.catalog.index import Index

    distance = arguments.distance or near.DISTANCE
    known_names([distance], DISTANCES, "distance")  # before anything is computed
    index = Index.open(arguments.catalog)
    index.require_of("music")
    sound = near.find_sound(index, arguments.track)
    found = near.neighbors(index, sound, distance, arguments.top)
    notes = [near.MEANING, *said(index, distance)]
    if arguments.json:
        sys.stdout.write(near.as_json(sound, found, distance, notes))
    elif arguments.csv:
        sys.stdout.write(near.as_csv(found))
        log("\n".join(notes))
    else:
        sys.stdout.write(near.as_text(sound, found, notes))


def add_similar_command(commands: Any) -> None:
    """Add `similar` to what `ArgumentParser.add_subparsers` returned."""
    parser = add_command(commands, similar)
    add = parser.add_argument
    add("track", help="a file, or a track of the catalog by its path in the folder or its title")
    add(
        "--catalog",
        type=Path,
        required=True,
        metavar="INDEX",
        help="what `vmnet index` made of a folder of music",
    )
    add("--top", type=positive, default=10, help="how many are listed (default: 10)")
    listed = "how tracks are compared: {distances} (default: centroid)"
    add("--distance", default="", metavar="NAME", help=listed)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV, a row a track")
