"""The command `vmnet index FOLDER --model MODEL`: a folder of music or videos as a catalog."""

import argparse
import os
from pathlib import Path
from typing import Any

from vmnet.errors import VmnetError
from vmnet.options import add_command, add_jobs, jobs
from vmnet.progress import log


def index(arguments: argparse.Namespace) -> None:
    """Index a folder of music, of audio files or of videos, for `vmnet recommend`.

    example: vmnet index ~/music --model ~/model
    """
    from vmnet.batch import noticing
    from vmnet.catalog.build import build_index
    from vmnet.catalog.index import NOUNS
    from vmnet.catalog.model import load_model

    if len(arguments.segmenters) > 1:
        raise VmnetError(
            f"--segmenters {' '.join(arguments.segmenters)}: an index is cut by one segmenter; "
            "give one, and make an index of each."
        )
    if arguments.videos and (arguments.segmenters or arguments.beats):
        given = "segmenters" if arguments.segmenters else "beats"
        raise VmnetError(
            f"--{given} is of music, and --videos indexes pictures, which are cut at their shots: "
            "leave one of them out."
        )
    model = load_model(arguments.model)
    with noticing() as lines:
        made = build_index(
            arguments.folder,
            model,
            arguments.output,
            segmenter=next(iter(arguments.segmenters), ""),
            beats=arguments.beats or "librosa",
            jobs=jobs(arguments) or os.cpu_count() or 1,
            retry=arguments.retry,
            of="video" if arguments.videos else "music",
        )
    for line in lines:
        log(line)
    left_out = f", {len(made.failures)} files left out" if made.failures else ""
    segments = len(made.embeddings.data)
    noun = NOUNS[made.of]
    log(f"{len(made)} {noun}s, {segments} segments of {made.cut_by}{left_out}")
    print(made.folder)


def add_index_command(commands: Any) -> None:
    """Add `index` to what `ArgumentParser.add_subparsers` returned."""
    parser = add_command(commands, index)
    add = parser.add_argument
    add("folder", type=Path, help="of mp3, flac, ogg, opus, m4a, wav, aiff, ... or of videos")
    add(
        "--model",
        type=Path,
        required=True,
        help="what embeds the music: a folder that `vmnet train --output` wrote",
    )
    add("--output", type=Path, help="folder of the index (default: one in data/index)")
    add(
        "--segmenters",
        nargs="+",
        default=[],
        metavar="S",
        help="how the music is cut: {segmenters} (default: as the model learned)",
    )
    add(
        "--beats",
        default="",
        metavar="NAME",
        help="what finds the beats: {beats} (default: librosa)",
    )
    add_jobs(parser)
    add(
        "--videos",
        action="store_true",
        help="index the pictures of videos, for `vmnet recommend TRACK --reverse`",
    )
    add("--retry", action="store_true", help="try files again that could not be used before")
