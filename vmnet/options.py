"""The options that `./run_all.sh` and the `vmnet` command share.

Only the standard library is imported at the head: run_all.sh reads its options before anything is
installed.
"""

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from vmnet.config import SEGMENTATIONS


def _distances() -> Iterable[str]:
    from vmnet.aligners import DISTANCES

    return DISTANCES


def _recommended() -> Iterable[str]:
    from vmnet.aligners import RECOMMENDED

    return (RECOMMENDED,)


def _indels() -> Iterable[str]:
    from vmnet.aligners import indel_defaults

    return (f"{name}={cost:g}" for name, cost in indel_defaults().items())


def _scenarios() -> Iterable[str]:
    from vmnet.evaluation import SCENARIOS

    return SCENARIOS


def _segmenters() -> Iterable[str]:
    from vmnet.segmenters import SEGMENTERS

    return SEGMENTERS


def _extractors(modality: str) -> Iterable[str]:
    from vmnet.features import EXTRACTORS

    return (name for name, extractor in EXTRACTORS.items() if extractor.modality == modality)


def _beats() -> Iterable[str]:
    from vmnet.edit.beats import BEATS

    return BEATS


def _settings() -> Iterable[str]:
    from vmnet.models.settings import setting_names

    return setting_names()


NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "{distances}": _distances,
    "{recommended}": _recommended,
    "{indels}": _indels,
    "{scenarios}": _scenarios,
    "{segmenters}": _segmenters,
    "{music}": lambda: _extractors("music"),
    "{video}": lambda: _extractors("video"),
    "{settings}": _settings,
    "{beats}": _beats,
}
"""What stands in a help text for the names in a registry."""


class Help(argparse.RawDescriptionHelpFormatter):
    """Help that lists what the registries hold, which are loaded when help is asked for alone."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        for word, names in NAMES.items():
            if word in text:
                try:
                    listed = ", ".join(names())
                except ImportError:  # run_all.sh asks before anything is installed
                    listed = "listed here after ./run_all.sh --setup-only"
                text = text.replace(word, listed.replace("%", "%%"))
        return text


def add_command(
    commands: Any, function: Callable[..., Any], *options: argparse.ArgumentParser, name: str = ""
) -> argparse.ArgumentParser:
    """Add the command that a function is, described by it; the docstring ends with an example.

    Parameters
    ----------
    commands
        What `ArgumentParser.add_subparsers` returned.
    function
        Its first line says what the command does.
    options
        Parsers whose options it takes, too.
    name
        The function's unless given.
    """
    about, _, example = (function.__doc__ or "").partition("\n")
    command = commands.add_parser(
        name or function.__name__,
        help=about,
        description=about,
        epilog=example.strip() or None,
        parents=options,
        allow_abbrev=False,
        formatter_class=Help,
    )
    command.set_defaults(function=function)
    return command


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what of a run is to differ from its profile."""
    group = parser.add_argument_group("what differs from the profile")
    add = group.add_argument
    add(
        "--segmenters",
        nargs="+",
        default=[],
        metavar="S",
        help="segmentations: {segmenters} "
        f"(default: {' '.join(SEGMENTATIONS)}, as far as the corpus has them)",
    )
    first = "(default: the first that the corpus has)"
    for modality, of_what in {"music": "music", "video": "pictures"}.items():
        listed = f"features of the {of_what}: {{{modality}}} {first}"
        add(f"--{modality}", default="", metavar="NAME", help=listed)
    add(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings of the trainings, as in learning_rate=1e-4 batch=200; there are {settings}",
    )
    add(
        "--indel",
        nargs="+",
        default=[],
        metavar="DISTANCE=COST",
        help="cost of skipping a segment (the paper's: {indels})",
    )
    add_audio_track(group)
    add("--retry", action="store_true", help="try files again that could not be used before")


def add_audio_track(parser: argparse._ActionsContainer) -> None:
    """Add the option that says which sound track is read."""
    parser.add_argument(
        "--audio-track",
        type=positive,
        metavar="N",
        help="which sound track of the files is the music, from 1 (default: the first with sound)",
    )


def add_jobs(parser: argparse._ActionsContainer) -> None:
    """Add the options that say who works on the clips."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--jobs",
        type=positive,
        default=0,
        metavar="N",
        help="clips worked on at once (default: one per processor)",
    )
    group.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="let the workers of a Dask cluster work on the clips: its scheduler, tcp://HOST:8786",
    )


def jobs(arguments: argparse.Namespace) -> int | str:
    """Return who works on the clips, 0 where nothing was asked for: see `vmnet.batch.Workers`."""
    return arguments.scheduler or arguments.jobs


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


def check_written(arguments: argparse.Namespace) -> None:
    """Refuse settings that are written wrong, as far as the standard library tells.

    Raises
    ------
    VmnetError
        If one is no NAME=VALUE, or a cost is no number of 0 or more.
    """
    from vmnet.errors import VmnetError

    for text in arguments.set:
        if "=" not in text:
            raise VmnetError(f"--set {text}: write a name and a value, learning_rate=1e-4.")
    _costs(arguments.indel)


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
