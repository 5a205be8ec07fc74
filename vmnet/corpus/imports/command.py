"""The command `vmnet import SET SOURCE OUTPUT`: a public set of features as a features corpus."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from vmnet.corpus.imports import IMPORTERS, import_set
from vmnet.options import Help, add_command


def import_(name: str, arguments: argparse.Namespace) -> None:
    """Import a set and print what was written."""
    options = {key: value for key, value in vars(arguments).items() if key not in _COMMON}
    for line in import_set(name, arguments.source, arguments.output, **options):
        print(line)


_COMMON = ("function", "source", "output")


def add_import_command(commands: Any) -> None:
    """Add `import` and the sets to what `ArgumentParser.add_subparsers` returned."""
    about = "Write a public set of features as a features corpus."
    parser = commands.add_parser(
        "import",
        help=about,
        description=f"{about} data/README.md says where each is to be had, and under which terms.",
        epilog="example: vmnet import muvi-sync ~/muvi-sync ~/videos",
        allow_abbrev=False,
        formatter_class=Help,
    )
    sets = parser.add_subparsers(required=True, metavar="SET")
    for name, importer in IMPORTERS.items():
        one = add_command(sets, importer.find, name=name)
        one.add_argument("source", type=Path, help="where the set lies: a folder or a file")
        one.add_argument(
            "output", type=Path, help="folder for the feature files and their manifest"
        )
        importer.options(one)
        one.set_defaults(function=partial(import_, name))
