"""The command `vmnet weights list|fetch|verify`: pretrained weights, the paper's own among them."""

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vmnet.errors import WeightsError

if TYPE_CHECKING:
    from vmnet.features.published import Verdict


def list_(arguments: argparse.Namespace) -> None:
    """Say of all weights what they are, where they are published, and where they lie here."""
    from vmnet.features.published import list_weights

    for one in list_weights():
        print(f"{one.name}{'' if one.present else ' (not here)'}: {one.what}")
        print(f"    page      {one.page}")
        print(f"    from      {one.source}")
        print(f"    licence   {one.licence}")
        print(f"    size      {one.size}")
        print(f"    checksum  {one.checksum}")
        print(f"    lies in   {one.folder} ({', '.join(one.files)})")


def fetch(arguments: argparse.Namespace) -> None:
    """Download what is missing or damaged of the named weights, or of all."""
    from vmnet.features.published import fetch_weights

    _report(fetch_weights(arguments.names, progress=sys.stderr.isatty()), everything=True)


def verify(arguments: argparse.Namespace) -> None:
    """Say whether the named weights, or all, are there and intact."""
    from vmnet.features.published import verify_weights

    _report(verify_weights(arguments.names), everything=bool(arguments.names))


def add_weights_command(commands: Any) -> None:
    """Add `weights` and its three subcommands to what `ArgumentParser.add_subparsers` returned."""
    about = "List, fetch or verify pretrained weights."
    parser = commands.add_parser(
        "weights", help=about, description=__doc__ or about, allow_abbrev=False
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for function in (list_, fetch, verify):
        name = function.__name__.rstrip("_")
        one = actions.add_parser(
            name, help=function.__doc__, description=function.__doc__, allow_abbrev=False
        )
        one.set_defaults(function=function)
        if function is not list_:
            one.add_argument("names", nargs="*", metavar="NAME", help="default: all")


def _report(verdicts: "Iterable[Verdict]", everything: bool) -> None:
    """Print one line each; fail if one is damaged or, where `everything` is wanted, missing."""
    bad = []
    for verdict in verdicts:
        print(f"{verdict.name:20}{verdict.state}{verdict.reason and ': '}{verdict.reason}")
        if verdict.state == "damaged" or (everything and verdict.state == "missing"):
            bad.append(verdict.name)
    if bad:
        raise WeightsError(f"not intact: {', '.join(bad)}; the lines above say what to do")
