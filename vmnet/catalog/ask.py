"""The command `vmnet recommend`: music for a silent video, or videos for a track."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vmnet.errors import VmnetError, known_names
from vmnet.options import add_command, positive
from vmnet.progress import log

if TYPE_CHECKING:
    from vmnet.catalog.index import Index
    from vmnet.catalog.match import Match, Query
    from vmnet.report.figures import EditView

Found = TypeVar("Found")  # what is ranked

DELIVERED = (".otio", ".fcpxml", ".edl")
NAMED = 10  # tracks left out that are named
FRAMES = 12  # key frames in the figure of an edit
LIKE = "a file, or a track of the catalog by its path in the folder or its title: near ones first"
OF_A_FILM = {  # options that have no sense for a track, and why
    "sections": "a track is cut by the model's segmenter",
    "shots": "a track has none",
    "like": "it is about tracks of a catalog of music",
    "html": "a page belongs to one film",
}


def recommend(arguments: argparse.Namespace) -> None:
    """Rank the music of a catalog for a silent video, or videos for a track, and fit the best.

    example: vmnet recommend film.mp4 --catalog ~/catalog --top 5 --html ~/page
    """
    from vmnet.aligners import DISTANCES, RECOMMENDED

    arguments.distance = arguments.distance or RECOMMENDED
    known_names([arguments.distance], DISTANCES, "distance")  # before anything is computed
    if arguments.pick > arguments.top:
        what = "videos" if arguments.reverse else "tracks"
        raise VmnetError(f"--pick {arguments.pick}: there are {arguments.top} {what} (--top).")
    if arguments.reverse:
        _videos(arguments)
    else:
        _music(arguments)


def _music(arguments: argparse.Namespace) -> None:
    """Rank the music of a catalog for a silent video."""
    from vmnet import media
    from vmnet.catalog import answer
    from vmnet.catalog.index import Index
    from vmnet.catalog.query import open_query
    from vmnet.catalog.recommend import recommend as best_of
    from vmnet.catalog.similar import find_sound

    media.require(arguments.query, audio=False)
    _check_outputs(arguments)
    index = Index.open(arguments.catalog)
    index.require_of("music")
    like = find_sound(index, arguments.like) if arguments.like else None
    query = open_query(
        arguments.query,
        index.model,
        index.mean_segment_seconds,
        arguments.sections,
        arguments.shots or None,
    )
    matches = best_of(
        index,
        query,
        arguments.distance,
        arguments.top,
        like,
        arguments.max_length_ratio,
    )
    picked = _picked(arguments, matches)
    notes = _said(arguments, index, query.duration)
    if arguments.json:
        sys.stdout.write(answer.as_json(query, matches, notes))
    elif arguments.csv:
        sys.stdout.write(answer.as_csv(matches))
        log("\n".join(notes))
    else:
        sys.stdout.write(answer.as_text(query, matches, notes))
    if arguments.html:
        from vmnet.edit.page import write_page

        log(f"page: {write_page(arguments.html, query, matches, notes)}")
    _write(arguments, query, picked)


def _videos(arguments: argparse.Namespace) -> None:
    """Rank the videos of a catalog for a track."""
    from vmnet import media
    from vmnet.catalog import answer
    from vmnet.catalog.index import Index
    from vmnet.catalog.reverse import open_sound, videos_for

    for name, why in OF_A_FILM.items():
        if getattr(arguments, name):
            raise VmnetError(f"--{name} has no sense with --reverse ({why}): leave it out.")
    media.require(arguments.query, video=False)
    _check_outputs(arguments)
    index = Index.open(arguments.catalog)
    index.require_of("video")
    sound = open_sound(arguments.query, index.model)
    found = videos_for(index, sound, arguments.distance, arguments.top, arguments.max_length_ratio)
    picked = _picked(arguments, found)
    notes = _said(arguments, index, sound.track.duration)
    if arguments.json:
        sys.stdout.write(answer.videos_as_json(sound, found, notes))
    elif arguments.csv:
        sys.stdout.write(answer.videos_as_csv(found))
        log("\n".join(notes))
    else:
        sys.stdout.write(answer.videos_as_text(sound, found, notes))
    _write(arguments, picked.query, picked.match)


def said(index: "Index", distance: str) -> list[str]:
    """Return what is to be said beside every ranking: what it is worth, what was ranked."""
    from vmnet.catalog.index import NOUNS

    about = index.model.about
    learned = (
        f"{about.training_clips} clips of {about.corpus} ({about.corpus_kind}), "
        f"profile {about.profile}"
    )
    notes = [
        index.model.quality_sentence(distance, index.of),
        f"The model learned from {learned}; the catalog has {len(index)} {NOUNS[index.of]}s, cut "
        f"by {index.cut_by}, ranked by {distance}.",
    ]
    return [*notes, _inaudible(index)] if index.inaudible else notes


def _inaudible(index: "Index") -> str:
    """Say which tracks are left out because they cannot be heard."""
    names = sorted(index.inaudible)
    listed = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"Left out, without audible sound: {len(names)} of them ({listed}{more})."


def _said(arguments: argparse.Namespace, index: "Index", seconds: float) -> list[str]:
    """Return that, and how many were left out when something of so many seconds was asked about."""
    from vmnet.catalog.recommend import left_out

    notes = said(index, arguments.distance)
    if few := left_out(index, seconds, arguments.max_length_ratio):
        notes.append(f"Left out, for their length: {few} of them (--max-length-ratio).")
    return notes


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse, before minutes of work, what cannot be written after them."""
    from vmnet.edit.preview import CONTAINERS, require_holds

    if arguments.preview and arguments.preview.suffix.lower() not in CONTAINERS:
        raise VmnetError(
            f"--preview {arguments.preview} names no format: end it in {', '.join(CONTAINERS)}."
        )
    for path in (arguments.html, arguments.edit, arguments.preview):
        if path is None:
            continue
        there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
        is_folder = path is not arguments.preview or there != path.absolute()
        if not os.access(there, os.W_OK) or there.is_dir() != is_folder:
            raise VmnetError(f"{path} cannot be written: choose another place.")
    if arguments.preview and not arguments.reverse:
        require_holds(arguments.query, arguments.preview)


def _picked(arguments: argparse.Namespace, found: Sequence[Found]) -> Found:
    if arguments.pick > len(found):
        raise VmnetError(f"--pick {arguments.pick}: only {len(found)} were found.")
    return found[arguments.pick - 1]


def _write(arguments: argparse.Namespace, query: "Query", picked: "Match") -> None:
    """Write what was asked for of one track and one video."""
    if arguments.edit:
        for path in deliver(query, picked, arguments.edit):
            log(f"edit: {path}")
    if arguments.preview:
        from vmnet.edit.preview import preview

        preview(query.path, picked.track.path, picked.spans, arguments.preview)
        log(f"preview: {arguments.preview}")


def deliver(query: "Query", match: "Match", folder: Path) -> list[Path]:
    """Write the edit of one track for people and for editing programs.

    Parameters
    ----------
    folder
        Gets the cut list (CSV, JSON), time lines (`DELIVERED`), the cut music (WAV) and a figure.
        A format that cannot hold the video's frame rate is left out, and a line says so.

    Returns
    -------
    paths : list of Path
        What was written.

    Raises
    ------
    VmnetError
        If the folder cannot be written, or a file is gone.
    """
    from vmnet.edit.cutlist import cut_list, write_cut_list
    from vmnet.edit.preview import music_file
    from vmnet.edit.timeline import write_timeline
    from vmnet.report import figures

    cuts = cut_list(query, match)
    paths = [write_cut_list(cuts, folder / f"cuts{suffix}") for suffix in (".csv", ".json")]
    for suffix in DELIVERED:
        try:
            paths.append(write_timeline(query, match, folder / f"timeline{suffix}"))
        except VmnetError as error:
            log(f"no timeline{suffix}: {error}")
    music_file(match.track.path, match.spans, folder / "music.wav")
    figures.save(figures.edit(edit_view(query, match)), folder, "timeline")
    return [*paths, folder / "music.wav", folder / "timeline.png"]


def edit_view(query: "Query", match: "Match") -> "EditView":
    """Return what the figure of an edit shows, with key frames of the video."""
    from vmnet.corpus.media_source import kind_of, media_pictures
    from vmnet.report.figures import EditView

    frames = media_pictures(query.path, FRAMES)
    return EditView(query, match, kind_of(query.path), frames)


def _times(text: str) -> list[float]:
    from vmnet.catalog.query import seconds_of

    try:
        return [seconds_of(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return value


def add_recommend_command(commands: Any) -> None:
    """Add `recommend` to what `ArgumentParser.add_subparsers` returned."""
    parser = add_command(commands, recommend)
    add = parser.add_argument
    add(
        "query",
        type=Path,
        metavar="video",
        help="the film that wants music; it is not listened to. With --reverse, a track",
    )
    add(
        "--catalog",
        type=Path,
        required=True,
        metavar="INDEX",
        help="what `vmnet index` made of a folder of music, or of videos",
    )
    add(
        "--reverse",
        action="store_true",
        help="rank videos for a track: the catalog is what `vmnet index --videos` made",
    )
    add("--top", type=positive, default=10, help="how many are listed (default: 10)")
    listed = "how the catalog is ranked: {distances} (default: {recommended})"
    add("--distance", default="", metavar="NAME", help=listed)
    add(
        "--sections",
        type=_times,
        default=[],
        metavar="0:08,0:21,...",
        help="times between the sections of the video (default: it is cut at its shots)",
    )
    add("--shots", action="store_true", help="cut sections at their shots, too")
    add("--like", default="", metavar="TRACK", help=LIKE)
    add(
        "--max-length-ratio",
        type=_ratio,
        default=0.0,
        metavar="R",
        help="leave out tracks that last more than R times the video, or less than 1/R of it "
        "(default: those of less than a quarter)",
    )
    _add_outputs(parser)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is printed and written."""
    add = parser.add_argument
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, times in seconds")
    form.add_argument("--csv", action="store_true", help="print CSV, a row a segment of the video")
    add("--html", type=Path, metavar="FOLDER", help="write a page that plays the tracks in place")
    add(
        "--edit",
        type=Path,
        metavar="FOLDER",
        help="write cut list, time lines for editing programs, and the cut music, of one track",
    )
    add("--preview", type=Path, metavar="FILE.mp4", help="write the video with one track under it")
    add("--pick", type=positive, default=1, metavar="RANK", help="which one (default: 1)")
