"""The cut list: which part of the track plays when, as a table for people and for programs.

Neighbouring spans between which the track goes on are one event. Where it does not, two events
meet in a crossfade: for that the first plays on after the cut and the second begins before it, as
far as the track reaches and at most to the middle of either. Times are seconds, exact; the time
codes beside them count frames of the video from 0 and are rounded.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vmnet.catalog.match import Match, Query
from vmnet.edit.footage import footage, timecode
from vmnet.edit.spans import TOLERANCE, Span, require_cover
from vmnet.errors import VmnetError
from vmnet.store import written_whole

CROSSFADE = 0.05
"""Seconds of a crossfade, half before the cut and half after: no click, and no second beat."""

FORMAT = "vmnet cut list 1"


@dataclass(frozen=True)
class Event:
    """A part of a track that plays in one piece.

    Attributes
    ----------
    video_in, video_out
        In the video, s.
    track_in
        Where the track plays from, s.
    first_segment, last_segment
        Indices of the video segments that it plays under.
    fade_before, fade_after
        How long before and after `video_in` the crossfade from the event before lasts, s.
    """

    video_in: float
    video_out: float
    track_in: float
    first_segment: int
    last_segment: int
    fade_before: float = 0.0
    fade_after: float = 0.0

    @property
    def track_out(self) -> float:
        """Where the track stops, s."""
        return self.track_in + (self.video_out - self.video_in)


@dataclass(frozen=True)
class CutList:
    """The events of an edit, in order, with the files that they are of and the video's rate."""

    video: Path
    track: Path
    rate: Fraction
    events: tuple[Event, ...]


def events(
    spans: Sequence[Span],
    track_seconds: float,
    video_seconds: float | None = None,
    crossfade: float = CROSSFADE,
) -> tuple[Event, ...]:
    """Return spans as events with their crossfades.

    Parameters
    ----------
    spans
        They cover the video exactly once, in order.
    track_seconds
        Duration of the track.
    video_seconds
        Where the pictures end, if that is before the last span does: what plays later is left out.
    crossfade
        Its length, s.

    Raises
    ------
    ValueError
        If the spans do not cover the video, or leave the track.
    """
    if not spans:
        raise ValueError("there are no spans")
    require_cover(spans, spans[-1].video_end, track_seconds)
    end = spans[-1].video_end if video_seconds is None else video_seconds
    found: list[Event] = []
    before: Span | None = None
    for span in spans:
        if span.video_start >= end - TOLERANCE:
            break
        stop = min(span.video_end, end)
        if before is not None and before.goes_on(span):
            found[-1] = replace(found[-1], video_out=stop, last_segment=span.segment)
        else:
            start = max(span.track_start, 0.0)
            found.append(Event(span.video_start, stop, start, span.segment, span.segment))
        before = span
    return tuple(_with_fades(found, track_seconds, crossfade / 2))


def _with_fades(found: list[Event], track_seconds: float, half: float) -> Iterable[Event]:
    """Yield the events with crossfades of twice `half` seconds, as far as the track has sound."""
    yield found[0]
    for before, event in pairwise(found):
        middle = (event.video_out - event.video_in) / 2
        middle_before = (before.video_out - before.video_in) / 2
        early = min(half, event.track_in, middle_before)
        late = min(half, track_seconds - before.track_out, middle)
        yield replace(
            event,
            fade_before=early if early > TOLERANCE else 0.0,
            fade_after=late if late > TOLERANCE else 0.0,
        )


def beats_in_video(found: Sequence[Event], beats: np.ndarray) -> list[float]:
    """Return when, in the video, the beats of the track are heard, s."""
    return [
        event.video_in + float(beat - event.track_in)
        for event in found
        for beat in beats[(beats >= event.track_in) & (beats < event.track_out)]
    ]


def cut_list(query: Query, match: Match, crossfade: float = CROSSFADE) -> CutList:
    """Return the cut list of a match; it ends with the pictures.

    Raises
    ------
    MediaError
        If the video cannot be read.
    """
    film = footage(query.path)
    found = events(match.spans, match.track.duration, film.end, crossfade)
    return CutList(Path(query.path), Path(match.track.path), film.rate, found)


def write_cut_list(cuts: CutList, path: Path) -> Path:
    """Write a cut list, whole, as CSV or JSON, by the suffix of `path`; return `path`.

    Raises
    ------
    VmnetError
        If the suffix is neither .csv nor .json.
    """
    text = _format_of(path)[0](cuts)
    with written_whole(path) as temporary:
        # A file name that is no Unicode keeps its bytes.
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    return path


def read_cut_list(path: Path) -> CutList:
    """Read a cut list that `write_cut_list` wrote; the time codes in it are passed over.

    Raises
    ------
    VmnetError
        If the file is no cut list, or its events are not in order.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise VmnetError(f"{path} does not exist: check the path.") from None
    try:
        cuts = _format_of(path)[1](text)
    except (ValueError, KeyError, TypeError, ZeroDivisionError, csv.Error) as error:
        raise VmnetError(f"{path} is no cut list of vmnet ({error}): write it again.") from None
    times = [time for event in cuts.events for time in (event.video_in, event.video_out)]
    if not times or not all(earlier <= later for earlier, later in pairwise(times)):  # nor nan
        raise VmnetError(f"{path} has no events, or they are not in order: write it again.")
    return cuts


def _rows(cuts: CutList) -> list[dict[str, Any]]:
    """Return a row for each event, the exact times beside their time codes."""

    def code(seconds: float) -> str:
        return timecode(round(seconds * cuts.rate), cuts.rate)

    return [
        {
            "event": number,
            "video_in": event.video_in,
            "video_out": event.video_out,
            "track_in": event.track_in,
            "track_out": event.track_out,
            "video_in_timecode": code(event.video_in),
            "video_out_timecode": code(event.video_out),
            "track_in_timecode": code(event.track_in),
            "track_out_timecode": code(event.track_out),
            "first_segment": event.first_segment,
            "last_segment": event.last_segment,
            "fade_before": event.fade_before,
            "fade_after": event.fade_after,
        }
        for number, event in enumerate(cuts.events, 1)
    ]


def _event(row: dict[str, Any]) -> Event:
    kinds = {field.name: field.type for field in fields(Event)}
    return Event(**{name: kind(row[name]) for name, kind in kinds.items()})  # type: ignore


def _to_json(cuts: CutList) -> str:
    head = {"format": FORMAT, "video": str(cuts.video), "track": str(cuts.track)}
    return json.dumps({**head, "frame_rate": str(cuts.rate), "events": _rows(cuts)}, indent=1)


def _from_json(text: str) -> CutList:
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT!r}")
    cuts = tuple(map(_event, found["events"]))
    return CutList(Path(found["video"]), Path(found["track"]), Fraction(found["frame_rate"]), cuts)


def _to_csv(cuts: CutList) -> str:
    files = {"frame_rate": cuts.rate, "video": cuts.video, "track": cuts.track}
    rows = [{**row, **files} for row in _rows(cuts)]
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0])
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _from_csv(text: str) -> CutList:
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    files = {(row["video"], row["track"], row["frame_rate"]) for row in rows}
    if len(files) != 1:
        raise ValueError("its lines are not all of one video and one track")
    video, track, rate = files.pop()
    return CutList(Path(video), Path(track), Fraction(rate), tuple(map(_event, rows)))


FORMATS = {".csv": (_to_csv, _from_csv), ".json": (_to_json, _from_json)}
"""How a cut list is written and read, by the suffix of its file."""


def _format_of(path: Path) -> tuple[Any, Any]:
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise VmnetError(f"{path} names no format of a cut list: end it in {' or '.join(FORMATS)}.")
    return FORMATS[suffix]
