"""The command line: `vmnet COMMAND ...`; each command is a few calls into `vmnet.experiment`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import vmnet
from vmnet.catalog.ask import add_recommend_command
from vmnet.catalog.ask_similar import add_similar_command
from vmnet.catalog.command import add_index_command
from vmnet.config import DEFAULT_PROFILE, FOLDER_PROFILE, PROFILES
from vmnet.corpus import SPLITS
from vmnet.corpus.imports.command import add_import_command
from vmnet.corpus.opening import NAMED, say_default
from vmnet.errors import exit_status, known_names
from vmnet.options import (
    Help,
    add_audio_track,
    add_command,
    add_jobs,
    add_settings,
    asked,
    jobs,
    natural,
)
from vmnet.pretrained.command import add_weights_command
from vmnet.progress import log

if TYPE_CHECKING:
    import numpy as np

    from vmnet.experiment import Run

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXAMPLES = """\
examples:
  vmnet scan --corpus ~/films                   which files can be used, and how long it takes
  vmnet recommend film.mp4 --catalog ~/index    music for a film, from a folder indexed before
  vmnet evaluate --profile smoke                the paper's comparison, on rendered clips
`vmnet COMMAND --help` tells the options of each; ./run_all.sh runs all the notebooks."""


def render(arguments: argparse.Namespace) -> None:
    """Render procedural music videos into a folder.

    example: vmnet render ~/films --clips 6 2 4 --seconds 36 40
    """
    from vmnet.rendered import VIDEO_GENRES, render_corpus
    from vmnet.rendered.render import ANY

    editing = arguments.editing
    known_names([editing] if editing else [], (ANY, *VIDEO_GENRES), "video genre")
    clips = render_corpus(
        arguments.folder,
        splits=tuple(arguments.clips),
        seconds=tuple(arguments.seconds),
        seed=arguments.seed,
        jobs=_jobs(arguments),
        editing=editing or None,
    )
    print(f"{len(clips)} rendered clips, with their truth as JAMS: {arguments.folder}")


def prepare(arguments: argparse.Namespace) -> None:
    """Fetch the pretrained networks and compile the kernels, once; check them afterwards."""
    from vmnet.compiled import ensure_compiled
    from vmnet.pretrained import cache_folder, fetch_needed
    from vmnet.progress import timed

    fetch_needed(progress=sys.stderr.isatty())
    with timed("compiling"):
        ensure_compiled()
    print(f"Pretrained networks verified: {cache_folder()}")


def scan(arguments: argparse.Namespace) -> None:
    """List the clips of a corpus as a run would use them, and what is wrong with any.

    example: vmnet scan --corpus ~/films
    """
    from vmnet import experiment
    from vmnet.errors import VmnetError

    run = _open(arguments)
    source = run.corpus.source
    failures = experiment.unusable(run)
    for clip in run.corpus.without(failures).clips:
        try:
            print(f"{clip.split:5}  {clip.clip_id:24}  {source.describe(clip)}")
        except VmnetError as error:
            failures[clip.clip_id] = str(error)
    for clip_id, reason in failures.items():
        print(f"{'-':5}  {clip_id:24}  cannot be used: {reason}")
    noticed = {"": run.noticed, **source.warnings(run.corpus.without(failures).clips)}
    for line in dict.fromkeys(line for lines in noticed.values() for line in lines):
        print(f"{'!':5}  {line}")
    print(experiment.plan(run, failures))
    experiment.require_splits(run.corpus.without(failures), failures)


def export(arguments: argparse.Namespace) -> None:
    """Write the features and boundaries of a corpus as a features corpus, without its media.

    example: vmnet export ~/films-features --corpus ~/films
    """
    from vmnet import experiment

    data = experiment.export(_open(arguments), arguments.output, arguments.split)
    experiment.report([data], keep=False)
    n_clips = len(data.corpus.clips)
    print(f"{n_clips} clips, features and boundaries without media: {arguments.output}")


def select(arguments: argparse.Namespace) -> None:
    """Write the list ids.txt of the YouTube-8M videos that have one of some labels.

    example: vmnet select ~/yt8m --labels 1 22
    """
    from vmnet import store
    from vmnet.corpus.opening import data_folder
    from vmnet.corpus.youtube8m import select_ids
    from vmnet.errors import VmnetError

    folder = arguments.folder.resolve()
    if (folder / "ids.txt").exists():
        raise VmnetError(f"{folder / 'ids.txt'} is there already: move it away, then select again.")
    labels = set(arguments.labels)
    ids, report = select_ids(folder, data_folder(folder), labels, jobs=_jobs(arguments))
    for line in report.lines():
        print(line)
    store.save_text(folder / "ids.txt", "".join(f"{clip_id}\n" for clip_id in ids))
    print(f"{len(ids)} videos: {folder / 'ids.txt'}")


def extract(arguments: argparse.Namespace) -> None:
    """Compute the frame features of a corpus.

    example: vmnet extract --corpus ~/films --music vggish
    """
    from vmnet import experiment

    run = _open(arguments)
    systems = experiment.baselines(run)
    data = experiment.prepare(run, systems)
    experiment.report([data], keep=False)
    names = dict.fromkeys(name for system in systems for name in (system.video, system.music))
    print(f"{len(data.corpus.clips)} clips, features {', '.join(names)}: {run.folder}")


def segment(arguments: argparse.Namespace) -> None:
    """Compute the boundaries of a corpus.

    example: vmnet segment --corpus ~/films --segmenters foote olda
    """
    from vmnet import experiment

    run = _open(arguments)
    data = experiment.prepare(run, experiment.seg_vm_nets(run))
    edges = {name: data.boundaries(name) for name in run.segmenters}
    for clip in data.corpus.clips:
        counts = [f"{name} {len(those[clip.clip_id]) - 1}" for name, those in edges.items()]
        print(f"{clip.clip_id:24}  segments: {', '.join(counts)}")
    experiment.report([data], keep=False)


def train(arguments: argparse.Namespace) -> None:
    """Train the networks of a corpus, and the linear baseline; or one to recommend with.

    example: vmnet train --corpus ~/films --output ~/model
    """
    from vmnet import experiment

    if arguments.output:
        _train_model(arguments)
        return
    run = _open(arguments)
    (data,) = experiment.prepare_all([run])
    for system in experiment.all_systems(run):
        print(f"{system.name} {system.segmenter}: {experiment.model(data, system).summary}")


def _train_model(arguments: argparse.Namespace) -> None:
    """Train the network that ranks music for silent videos, and write it as a model."""
    from vmnet import experiment
    from vmnet.catalog.model import require_place, save_model

    require_place(arguments.output)  # before anything is computed
    run = _open(arguments)
    data = experiment.prepare(run, experiment.seg_vm_nets(run))
    extracted_by = dict(zip(("video", "music"), arguments.extracted_by or (), strict=False))
    model = save_model(data, arguments.output, extracted_by)
    experiment.report([data], keep=False)
    log(model.quality_sentence("nw"))
    print(model.folder)


def evaluate(arguments: argparse.Namespace) -> None:
    """Rank the test clips with every segmentation and distance of the run.

    example: vmnet evaluate --corpus ~/films --distances nw trace --scenarios vanilla crop_query
    """
    from vmnet import experiment
    from vmnet.aligners import DISTANCES
    from vmnet.evaluation import SCENARIOS

    # Before anything is computed.
    known_names(arguments.distances, DISTANCES, "distance")
    known_names(arguments.scenarios, SCENARIOS, "scenario")
    run = _open(arguments)
    data = experiment.prepare(run, experiment.seg_vm_nets(run))
    table = experiment.results(
        data, experiment.seg_vm_nets, arguments.distances, arguments.scenarios
    )
    table = table[(table.metric == "mean_rank") & (table.direction == "V2M")]
    wide = table.pivot(index=["segmenter", "distance"], columns="scenario", values="value")
    experiment.report([data], keep=False)
    print(f"mean rank among {table.n_clips.iloc[0]} test clips, {_about(run)}")
    print(wide.to_string(float_format="%.1f"))


def draw(arguments: argparse.Namespace) -> None:
    """Draw one video: pictures, waveform, novelty, segments, shots.

    example: vmnet draw film.mp4 --output figures/film
    """
    from vmnet import media
    from vmnet.errors import VmnetError
    from vmnet.progress import timed
    from vmnet.report import figures, inputs
    from vmnet.segmenters import GROUPS

    media.require(arguments.video, audio_track=arguments.audio_track)
    output = arguments.output or Path(arguments.video.stem)
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):  # now, rather than after minutes of work
        raise VmnetError(f"{output.parent} cannot be written: choose another --output.")
    found: dict[str, np.ndarray] = {}
    title = arguments.title or arguments.video.stem
    with media.using_audio_track(arguments.audio_track):
        for group in ("music", "shots"):
            with timed(f"boundaries of {group}"):
                found |= GROUPS[group](arguments.video)
        with timed("pictures and sound"):
            overview = inputs.file_overview(arguments.video, title, found, arguments.frames)
    with timed("drawing"):
        figures.save(figures.clip_overview(overview), output.parent, output.name)
    print(f"{output}.png, {output}.pdf")


def _about(run: "Run") -> str:
    """Say what the numbers of a run come from."""
    return f"{run.corpus.kind}{f'; {run.settings}' if run.settings else ''}"


def _open(arguments: argparse.Namespace) -> "Run":
    from vmnet import experiment

    run = experiment.open_run(
        arguments.profile,
        corpus=arguments.corpus,
        seed=arguments.seed,
        jobs=jobs(arguments),
        **asked(arguments),
    )
    say_default(run.profile.name, arguments.profile, arguments.corpus)
    return run


def _jobs(arguments: argparse.Namespace) -> int | str:
    return jobs(arguments) or os.cpu_count() or 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the `vmnet` command."""
    parser = argparse.ArgumentParser(
        prog="vmnet",
        description=(vmnet.__doc__ or "").partition("\n")[0],
        epilog=EXAMPLES,
        allow_abbrev=False,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"vmnet {vmnet.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = _shared_options()
    _add_commands_of_files(commands, shared)
    _add_commands_of_a_corpus(commands, _corpus_options(shared))
    return parser


def _add_commands_of_files(commands: "Commands", shared: argparse.ArgumentParser) -> None:
    one = add_command(commands, render, shared)
    one.add_argument("folder", type=Path)
    one.add_argument("--clips", type=natural, nargs=3, default=[8, 2, 6], help="train, valid, test")
    one.add_argument("--seconds", type=float, nargs=2, default=[30, 60], help="shortest, longest")
    one.add_argument(
        "--editing",
        default="",
        metavar="GENRE",
        help="cut as this video genre is: Dance, ..., or any; else by style and section",
    )
    add_command(commands, prepare)
    add_weights_command(commands)
    add_import_command(commands)
    add_index_command(commands)
    add_recommend_command(commands)
    add_similar_command(commands)
    one = add_command(commands, select, shared)
    one.add_argument("folder", type=Path, help="with YouTube-8M's frame-level shards")
    one.add_argument("--labels", type=natural, nargs="+", required=True, help="numbers of labels")
    one = add_command(commands, draw)
    one.add_argument("video", type=Path)
    one.add_argument("--output", type=Path, help="path without suffix (default: the video's name)")
    one.add_argument("--title", default="", help="title of the figure (default: the video's name)")
    one.add_argument("--frames", type=natural, default=12, help="key frames shown (default: 12)")
    add_audio_track(one)


def _add_commands_of_a_corpus(commands: "Commands", of_corpus: argparse.ArgumentParser) -> None:
    for function in (scan, extract, segment):
        add_command(commands, function, of_corpus)
    one = add_command(commands, train, of_corpus)
    one.add_argument(
        "--output",
        type=Path,
        metavar="MODEL",
        help="train the one network that ranks music for silent videos, and write it there",
    )
    one.add_argument(
        "--extracted-by",
        nargs=2,
        metavar=("VIDEO", "MUSIC"),
        help="with --output: which extractors made the features of a corpus without media",
    )
    one = add_command(commands, evaluate, of_corpus)
    distances, scenarios = ["centroid", "nw", "sw", "trace"], ["vanilla"]
    listed = f"{{distances}} (default: {' '.join(distances)})"
    one.add_argument("--distances", nargs="+", default=distances, metavar="NAME", help=listed)
    listed = f"{{scenarios}} (default: {' '.join(scenarios)})"
    one.add_argument("--scenarios", nargs="+", default=scenarios, metavar="NAME", help=listed)
    one = add_command(commands, export, of_corpus)
    one.add_argument("output", type=Path, help="folder for the feature files and their manifest")
    one.add_argument(
        "--split", default="", choices=SPLITS, help="put all clips but extra ones into it"
    )


def _shared_options() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--seed", type=natural, default=0, help="seed of every random draw")
    add_jobs(shared)
    return shared


def _corpus_options(shared: argparse.ArgumentParser) -> argparse.ArgumentParser:
    of_corpus = argparse.ArgumentParser(add_help=False, parents=[shared], allow_abbrev=False)
    of_corpus.add_argument(
        "--corpus", default="", help=f"{', '.join(NAMED)} or a folder (default: the profile's)"
    )
    of_corpus.add_argument(
        "--profile",
        default="",
        choices=sorted(PROFILES),
        help=f"{', '.join(PROFILES)} (default: {FOLDER_PROFILE} for a folder, else "
        f"{DEFAULT_PROFILE})",
    )
    add_settings(of_corpus)
    return of_corpus


def main(words: Sequence[str] | None = None) -> int:
    """Parse the options, run the command, return the exit status."""

    def command() -> None:
        arguments = build_parser().parse_args(words)
        arguments.function(arguments)

    return exit_status(command)


if __name__ == "__main__":
    sys.exit(main())
