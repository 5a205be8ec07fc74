"""Run the notebooks in order: what `./run_all.sh` calls once the environment is there.

Only the standard library is imported at the head, because the options are read before anything is
installed.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet.config import DEFAULT_PROFILE, FOLDER_PROFILE, PROFILES, ROOT
from vmnet.corpus.opening import NAMED, default_profile, say_default
from vmnet.errors import VmnetError, exit_status
from vmnet.options import Help, add_jobs, add_settings, asked, check_written, jobs, natural
from vmnet.progress import log

if TYPE_CHECKING:
    from vmnet.experiment import Run

NOTEBOOKS = ROOT / "notebooks"
THESIS = ("08", "09", "10")  # how the names of the notebooks of the thesis' chapters 4 to 6 start
MEASURING = "10"  # trains nothing, so that one clip is enough
WITH_THESIS = "./run_all.sh --thesis"
OF_SIMILARITY = ("catalog", "architectures")  # parameters that notebook 08 alone has

# A kernel that is shut down complains of its own pending tasks; nothing of it concerns the user.
KERNEL_OPTIONS = [
    "--IPKernelApp.log_level=CRITICAL",
    "--IPKernelApp.exec_lines=import logging; logging.getLogger('asyncio').setLevel('CRITICAL')",
]

EPILOG = """\
examples:
  ./run_all.sh                                    the paper's experiments, in minutes
  ./run_all.sh --thesis                           and the thesis' chapters 4 to 6
  ./run_all.sh --profile smoke --corpus ~/films   the same on your own music videos
  ./run_all.sh --indel nw=0.5 --only 03           notebook 03 with another cost

exit status: 0 all notebooks ran; 1 something failed, the message says what; 2 an option was wrong;
130 interrupted: the same command goes on where it was; 141 nobody reads what is printed."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `./run_all.sh`."""
    parser = argparse.ArgumentParser(
        prog="./run_all.sh",
        description="Make the environment, run every notebook, write tables and figures.",
        epilog=EPILOG,
        allow_abbrev=False,
        add_help=False,
        formatter_class=Help,
    )
    add = parser.add_argument
    add(
        "--profile",
        default="",
        choices=sorted(PROFILES),
        help="how large a run, and how its networks are trained; the README describes each "
        f"(default: {FOLDER_PROFILE} for a folder, else {DEFAULT_PROFILE})",
    )
    add(
        "--corpus",
        default="",
        metavar="NAME|FOLDER",
        help=f"{', '.join(NAMED)}, or a folder of your own music videos (default: the profile's)",
    )
    add("--only", default="", metavar="NN", help="only the notebooks whose name starts so: 03")
    add(
        "--thesis",
        action="store_true",
        help="after the paper's notebooks those of the thesis' chapters 4 to 6, 08 to 10",
    )
    add_jobs(parser)
    add(
        "--seed",
        type=natural,
        nargs="+",
        default=[],
        metavar="N",
        help="seeds of corpus, splits, networks; one whole run each (default: the profile's)",
    )
    add_settings(parser)
    add(
        "--catalog",
        default="",
        metavar="FOLDER",
        help="with --only 08: your own music with tags.csv, in place of rendered songs",
    )
    add(
        "--architectures",
        action="store_true",
        help="with --thesis or --only 08: train the thesis' other networks of chapter 4, too",
    )
    add("--setup-only", action="store_true", help="make the environment and stop")
    add("--tests", action="store_true", help="make the environment, then run the test suite")
    add("--help", "-h", action="store_true", help="show this and stop")
    add("--action", action="store_true", help=argparse.SUPPRESS)
    return parser


def notebooks(only: str = "", thesis: bool = False) -> list[Path]:
    """Return the paper's notebooks in order, or those whose name starts with `only`.

    Parameters
    ----------
    only
        How the name starts; "3" is "03". Those of the thesis' chapters are found, too.
    thesis
        Whether they come after the paper's where nothing is said of names.

    Raises
    ------
    VmnetError
        If no notebook matches.
    """
    start = only.zfill(2) if only.isdecimal() else only
    there = sorted(NOTEBOOKS.glob("*.ipynb"))
    found = [path for path in there if path.name.startswith(start)]
    if not found:
        names = ", ".join(path.stem for path in there)
        raise VmnetError(f"no notebook starts with {only!r}; there are {names}.")
    return found if only or thesis else [path for path in found if not of_thesis(path.stem)]


def of_thesis(notebook: str) -> bool:
    """Tell whether a notebook, named by its stem, is one of the thesis' chapters."""
    return notebook.startswith(THESIS)


def check_of_similarity(arguments: argparse.Namespace) -> None:
    """Refuse the options of notebook 08 where it is not run, or not alone where it must be.

    Raises
    ------
    VmnetError
        If the results would be lost among others', or nothing would read the option.
    """
    chosen = {path.name[:2] for path in notebooks(arguments.only, arguments.thesis)}
    if arguments.catalog and chosen != {"08"}:
        raise VmnetError("--catalog is for notebook 08 alone: add --only 08.")
    if arguments.architectures and "08" not in chosen:
        raise VmnetError("--architectures is for notebook 08: add --thesis or --only 08.")


def execute(notebook: Path, output: Path, parameters: dict[str, Any]) -> None:
    """Execute one notebook with papermill; the executed copy is written whole to `output`.

    Parameters
    ----------
    parameters
        Values for the cell tagged "parameters". Papermill only warns on an unknown name; here it
        is refused.

    Raises
    ------
    VmnetError
        If a parameter is unknown or a cell fails; the text is the cell's own error.
    """
    import papermill

    from vmnet import store

    failed = output.with_suffix(".failed.ipynb")
    known = papermill.inspect_notebook(str(notebook))
    if unknown := sorted(set(parameters) - set(known)):
        raise VmnetError(
            f"{notebook.name} has no parameter {', '.join(unknown)}; it knows {', '.join(known)}."
        )
    with store.written_whole(output) as temporary:
        try:
            papermill.execute_notebook(
                str(notebook),
                str(temporary),
                parameters,
                cwd=str(notebook.parent),
                kernel_name="python3",
                progress_bar=False,  # the stages' own bars come through stderr
                extra_arguments=KERNEL_OPTIONS,
                stderr_file=sys.stderr,
                stdout_file=sys.stdout,
            )
        except papermill.PapermillExecutionError as error:
            if error.ename == "KeyboardInterrupt":
                raise KeyboardInterrupt from None
            temporary.replace(failed)
            raise VmnetError(
                f"{notebook.name}, cell {error.exec_count}: {error.ename}: {error.evalue} "
                f"(the executed copy is {failed})"
            ) from None
    failed.unlink(missing_ok=True)


def run(arguments: argparse.Namespace) -> None:
    """Open the corpus once, then execute the chosen notebooks in order."""
    # On a terminal bars move smoothly; in a log a line every ten seconds is enough. tqdm reads it
    # when it is imported.
    os.environ.setdefault("TQDM_MININTERVAL", "0.1" if sys.stderr.isatty() else "10")
    from vmnet import experiment

    chosen = notebooks(arguments.only, arguments.thesis)
    check_of_similarity(arguments)
    corpus, catalog = _absolute(arguments.corpus), _absolute_folder("--catalog", arguments.catalog)
    settings = asked(arguments)
    runs = experiment.open_runs(
        arguments.profile, corpus, arguments.seed, jobs(arguments), **settings
    )
    say_default(runs[0].profile.name, arguments.profile, corpus)
    runs = _looked_over(runs, chosen)
    figures = of_catalog(runs[0].figures, catalog)
    figures.mkdir(parents=True, exist_ok=True)
    own = {name: value for name in OF_SIMILARITY if (value := getattr(arguments, name))}
    own |= {"catalog": catalog} if catalog else {}
    parameters = {
        "profile": runs[0].profile.name,
        "corpus": corpus,
        "seeds": [run.seed for run in runs],
        "jobs": jobs(arguments),
        **{name: value for name, value in settings.items() if name != "retry"},
    }
    seconds = {}
    for number, notebook in enumerate(chosen, 1):
        started = time.monotonic()
        log(f"[{number}/{len(chosen)}] {notebook.stem}")
        known = parameters | (own if notebook.name.startswith("08") else {})
        execute(notebook, figures / "notebooks" / notebook.name, known)
        seconds[notebook.stem] = round(time.monotonic() - started, 1)
        log(f"[{number}/{len(chosen)}] {notebook.stem}: {seconds[notebook.stem]:.0f} s")
    if not all(map(of_thesis, seconds)):
        experiment.prepare_all(runs)  # all is kept by now; what failed is noted once more
    save_record(figures, runs, seconds, arguments.corpus, own)
    save_page(figures)
    save_thesis_page(figures)
    print(f"Figures, tables and executed notebooks: {figures}")


def _looked_over(runs: "list[Run]", chosen: Sequence[Path]) -> "list[Run]":
    """Say which clips will be used, and try those again that are to be; return what is left to run.

    Raises
    ------
    VmnetError
        If there are too few for the networks of any notebook.
    """
    from vmnet import experiment, language

    trained = not all(notebook.name.startswith(MEASURING) for notebook in chosen)
    for run in runs if trained else ():
        log(experiment.plan(run, experiment.check(run)))
    if runs[0].retry and trained:
        experiment.prepare_all(runs)
    elif runs[0].retry:
        language.films(runs[0])
    return [replace(run, retry=False) for run in runs]


def of_catalog(figures: Path, catalog: str) -> Path:
    """Return where what is made of a catalog of one's own goes, apart from what has none."""
    from vmnet.report.thesis.results import catalog_folder

    return catalog_folder(figures, catalog)


def save_page(figures: Path) -> None:
    """Write the page that sets our numbers beside the paper's, if all notebooks were run."""
    from vmnet.report import page

    if all((figures / name).exists() for name in (*page.RESULTS, "training.csv")):
        print(f"Paper and ours, number by number: {page.save(figures, page_path(figures))}")


def save_thesis_page(figures: Path) -> None:
    """Write the page that sets our numbers beside the thesis', of the chapters that were run."""
    from vmnet.report.thesis import page, results

    if any((figures / name).exists() for name in results.FILES.values()):
        print(f"Thesis and ours: {page.save(figures, page_path(figures, '-thesis'))}")


def page_path(figures: Path, of: str = "") -> Path:
    """Return where a page of a run lies: next to a folder called figures, as its links expect.

    That of a run with settings of its own lies inside its figures, so that it overwrites no other.
    """
    of_default = figures.name == DEFAULT_PROFILE
    name = f"RESULTS{of}.md" if of_default else f"RESULTS{of}-{figures.name}.md"
    return (figures.parent.parent if figures.parent.name == "figures" else figures) / name


def save_record(
    figures: Path,
    runs: "Sequence[Run]",
    seconds: Mapping[str, float],
    corpus: str,
    own: Mapping[str, Any] | None = None,
) -> None:
    """Write run.json: the command, the data, the seconds of each notebook, the machine.

    A notebook that finds its results there takes seconds: of the same run on the same machine the
    longest time stays. The command has `--thesis` where notebooks of the thesis are among them.

    Parameters
    ----------
    own
        What was asked of notebook 08 alone.
    """
    from vmnet import store

    first = runs[0]
    record: dict[str, Any] = {
        "command": command([run.seed for run in runs], first, corpus, own or {}),
        "profile": first.profile.name,
        "corpus": first.corpus.name,
        "kind": first.corpus.kind,
        "seeds": [run.seed for run in runs],
        "settings": _settings(runs),
        "asked": first.settings,
        "notebooks": dict(seconds),
        "seconds": round(sum(seconds.values()), 1),
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
    }
    path = figures / "run.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    before["command"] = without_thesis(before.get("command", ""))
    same = ("command", "profile", "corpus", "kind", "seeds", "settings", "machine")
    if all(before.get(name) == record[name] for name in same):
        times = before["notebooks"]
        longest = {name: max(times.get(name, 0), seconds.get(name, 0)) for name in times | seconds}
        record["notebooks"] = dict(sorted(longest.items()))
        record["seconds"] = round(sum(longest.values()), 1)
        record["date"] = before["date"] if longest == times else record["date"]
    if any(map(of_thesis, record["notebooks"])) and "--only" not in record["command"]:
        record["command"] = record["command"].replace("./run_all.sh", WITH_THESIS, 1)
    store.save_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _settings(runs: "Sequence[Run]") -> str:
    """Return what stands for the profile and the clips: with others, earlier times mean nothing."""
    from dataclasses import asdict

    from vmnet import store

    clips = [
        run.corpus.source.key(run.corpus.clips, (run.music, run.video), run.segmenters)
        for run in runs
    ]
    return store.key(profile=asdict(runs[0].profile), clips=clips, asked=runs[0].settings)


def machine() -> dict[str, str | int]:
    """Return what a reader needs to know of this machine to judge the times."""
    import platform
    from importlib.metadata import version

    import psutil

    names = ("tensorflow", "keras", "numpy", "numba")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _processor() -> str:
    import platform

    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def without_thesis(command: str) -> str:
    """Return the command of run.json that makes the paper's part alone."""
    return command.replace(WITH_THESIS, "./run_all.sh")


def command(
    seeds: Sequence[int], run: "Run", corpus: str, own: Mapping[str, Any] | None = None
) -> str:
    """Return what a user types to make a run with these seeds; `corpus` is what he gave.

    Parameters
    ----------
    own
        What was asked of notebook 08 alone; a catalog is run by no other.
    """
    own = own or {}
    words = ["./run_all.sh", *(["--only", "08"] if "catalog" in own else [])]
    if run.profile.name != default_profile(corpus):
        words += ["--profile", run.profile.name]
    if tuple(seeds) != run.profile.seeds:
        words += ["--seed", *map(str, seeds)]
    if corpus and corpus != run.profile.corpus:
        words += ["--corpus", shlex.quote(corpus)]
    words += _settings_as_options(run.settings)
    words += ["--catalog", shlex.quote(own["catalog"])] if "catalog" in own else []
    words += ["--architectures"] if "architectures" in own else []
    return " ".join(words)


def _settings_as_options(settings: str) -> list[str]:
    """Turn `Run.settings` back into the options that were given."""
    options: dict[str, list[str]] = {}
    for name, _, value in (text.partition("=") for text in settings.split(", ") if text):
        if name in ("music", "video", "audio_track", "segmenters"):
            options[f"--{name.replace('_', '-')}"] = value.split("+")
        elif name.startswith("indel_"):
            options.setdefault("--indel", []).append(f"{name.removeprefix('indel_')}={value}")
        else:
            options.setdefault("--set", []).append(f"{name}={value}")
    return [shlex.quote(word) for name, values in options.items() for word in (name, *values)]


def main(words: Sequence[str] | None = None) -> int:
    """Parse the options and act on them; return the exit status."""
    parser = build_parser()

    def command() -> None:
        arguments = parser.parse_args(words)
        if arguments.action:
            print(_action(arguments))
        elif arguments.help:
            parser.print_help()
        else:
            run(arguments)

    return exit_status(command)


def _action(arguments: argparse.Namespace) -> str:
    """Name, for run_all.sh, what the options ask for; refuse here what cannot be run."""
    chosen = {"help": arguments.help, "set-up": arguments.setup_only, "tests": arguments.tests}
    action = next((name for name, wanted in chosen.items() if wanted), "run")
    if action == "run":
        check_of_similarity(arguments)
        _absolute(arguments.corpus)
        _absolute_folder("--catalog", arguments.catalog)
        check_written(arguments)
    return action


def _absolute(corpus: str) -> str:
    """Return a folder's whole path: run_all.sh and the notebooks work from other folders."""
    if corpus in NAMED:
        return corpus
    return _absolute_folder("--corpus", corpus, f"{', '.join(NAMED)} or a folder")


def _absolute_folder(option: str, name: str, takes: str = "a folder") -> str:
    if not name:
        return ""
    folder = Path(os.environ.get("VMNET_CALLED_FROM", ".")) / os.path.expanduser(name)
    if not folder.is_dir():
        raise VmnetError(f"{folder} is not a folder; {option} takes {takes}.")
    return str(folder.absolute())


if __name__ == "__main__":
    sys.exit(main())
