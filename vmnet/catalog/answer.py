"""What `vmnet recommend` prints: a text for people, JSON and CSV for programs."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.catalog.match import Match, Query, Sound, VideoMatch
from vmnet.catalog.recommend import best_pairs
from vmnet.catalog.track import Track

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("rank", "track_id", "title", "artist", "distance", "segment"),
    *("video_start", "video_end", "track_start", "track_end"),
)
VIDEO_COLUMNS = ("rank", "video_id", *COLUMNS[2:])


def clock(seconds: float) -> str:
    """Write a time as people do, to a tenth of a second.

    >>> clock(83.52), clock(3723.5), clock(59.96)
    ('1:23.5', '1:02:03.5', '1:00.0')
    """
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02}.{rest % 10}"


def as_text(query: Query, matches: Sequence[Match], notes: Sequence[str]) -> str:
    """Return the ranking as a text: a line a track, what plays when, and why."""
    cut = segments_in_words(query.boundaries, query.cut_by)
    lines = [f"{query.path}: {clock(query.duration)}, {cut}", *notes, ""]
    lines.append(f"{'rank':>4}  {'distance':>9}  {'plays from':>17}  track")
    for match in matches:
        start, end = fitting_span(match)
        extent = f"{clock(start)} to {clock(end)}"
        line = f"{match.rank:4}  {match.distance:9.4f}  {extent:>17}  {match.name}"
        lines += [f"{line} ({match.track.track_id})", *(f"      {text}" for text in _below(match))]
    return "\n".join(lines) + "\n"


def segments_in_words(boundaries: np.ndarray, cut_by: str) -> str:
    """Say how many segments there are, and how they were cut."""
    count = len(boundaries) - 1
    return f"{count} segment{'' if count == 1 else 's'}, cut by {cut_by}"


def fitting_span(match: Match) -> tuple[float, float]:
    """Return from where to where (s) the track plays under the video."""
    starts = [span.track_start for span in match.spans]
    return min(starts), max(span.track_end for span in match.spans)


def events(match: Match) -> list[dict[str, float | int]]:
    """Return what plays under each segment of the video, in order; times in seconds."""
    return [
        {
            "segment": span.segment,
            "video_start": round(span.video_start, 3),
            "video_end": round(span.video_end, 3),
            "track_start": round(span.track_start, 3),
            "track_end": round(span.track_end, 3),
        }
        for span in match.spans
    ]


def as_json(query: Query, matches: Sequence[Match], notes: Sequence[str]) -> str:
    """Return the ranking as JSON; times in seconds, segments counted from 0."""
    answer = {
        "video": str(query.path),
        "duration": round(query.duration, 3),
        "boundaries": [round(float(time), 3) for time in query.boundaries],
        "cut_by": query.cut_by,
        "notes": list(notes),
        "tracks": [_record(match) for match in matches],
    }
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def as_csv(matches: Sequence[Match]) -> str:
    """Return what plays when as CSV, a row a segment of the video, with the columns `COLUMNS`."""
    return _csv(COLUMNS, ((match.track, match) for match in matches))


def videos_as_text(sound: Sound, found: Sequence[VideoMatch], notes: Sequence[str]) -> str:
    """Return the ranking of videos for a track as a text: a line a video, what goes with what."""
    track = sound.track
    cut = segments_in_words(sound.boundaries, sound.cut_by)
    heard = f"; heard: {', '.join(sound.tags)}" if sound.tags else ""
    lines = [f"{track.path}: {clock(track.duration)}, {cut}{heard}", *notes, ""]
    lines.append(f"{'rank':>4}  {'distance':>9}  {'lasts':>9}  video")
    for one in found:
        video, match = one.video, one.match
        lasts = clock(video.duration)
        line = f"{match.rank:4}  {match.distance:9.4f}  {lasts:>9}  {video.name}"
        lines += [
            f"{line} ({video.track_id})",
            f"      {_together(match)}",
            f"      {_plays(match)}",
        ]
    return "\n".join(lines) + "\n"


def videos_as_json(sound: Sound, found: Sequence[VideoMatch], notes: Sequence[str]) -> str:
    """Return the ranking of videos for a track as JSON, as `as_json` has that of tracks."""
    answer = {
        "track": str(sound.track.path),
        "title": sound.track.title,
        "artist": sound.track.artist,
        "duration": round(sound.track.duration, 3),
        "boundaries": [round(float(time), 3) for time in sound.boundaries],
        "cut_by": sound.cut_by,
        "tags": list(sound.tags),
        "notes": list(notes),
        "videos": [_video_record(one) for one in found],
    }
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def videos_as_csv(found: Sequence[VideoMatch]) -> str:
    """Return what plays when as CSV, a row a segment of a video, with `VIDEO_COLUMNS`."""
    return _csv(VIDEO_COLUMNS, ((one.video, one.match) for one in found))


def _csv(columns: Sequence[str], found: Iterable[tuple[Track, Match]]) -> str:
    """Write a row for each span of each match; the second and third column say what was found."""
    text = io.StringIO()
    rows = csv.DictWriter(text, columns, lineterminator="\n")
    rows.writeheader()
    for one, match in found:
        about = (match.rank, one.track_id, one.title, one.artist, round(match.distance, 6))
        named = dict(zip(columns, about, strict=False))
        rows.writerows(named | event for event in events(match))
    return text.getvalue()


def ranking(matches: Sequence[Match]) -> "pd.DataFrame":
    """Return the ranking as a table for a notebook, a row a track."""
    import pandas as pd

    rows = [
        {
            "rank": match.rank,
            "track": match.name,
            "distance": round(match.distance, 3),
            "plays": " to ".join(map(clock, fitting_span(match))),
            "cuts": _continued(match).count(False),
            "why": "; ".join(reasons(match)),
        }
        for match in matches
    ]
    return pd.DataFrame(rows).set_index("rank")


def reasons(match: Match) -> list[str]:
    """Say why this track: the segments that agree most, and what is heard in it."""
    pairs = [
        f"{i + 1} with {j + 1} ({value:.2f})" for i, j, value in best_pairs(match) if value > 0
    ]
    said = [f"agree most: segments {', '.join(pairs)}"] if pairs else []
    return said + ([f"heard: {', '.join(match.tags)}"] if match.tags else [])


def _below(match: Match) -> list[str]:
    return [_plays(match), *reasons(match)]


def _plays(match: Match) -> str:
    plays = [
        f"{clock(span.video_start)} {clock(span.track_start)}{'' if goes_on else ' (cut)'}"
        for span, goes_on in zip(match.spans, _continued(match), strict=True)
    ]
    return f"plays, at video time: {', '.join(plays)}"


def _pairs(match: Match) -> list[tuple[int, int, float]]:
    """Return all aligned segments (of the video, of the track), in order, with their product."""
    return sorted(best_pairs(match, len(match.path)))


def _together(match: Match) -> str:
    pairs = [f"{j + 1} with {i + 1} ({value:.2f})" for i, j, value in _pairs(match)]
    return f"segments, of the track with those of the video: {', '.join(pairs) or 'none'}"


def _video_record(one: VideoMatch) -> dict[str, Any]:
    video, query, match = one.video, one.query, one.match
    start, end = fitting_span(match)
    return {
        "rank": match.rank,
        "video_id": video.track_id,
        "path": str(video.path),
        "title": video.title,
        "artist": video.artist,
        "video_duration": round(video.duration, 3),
        "boundaries": [round(float(time), 3) for time in query.boundaries],
        "cut_by": query.cut_by,
        "distance": round(match.distance, 6),
        "span": [round(start, 3), round(end, 3)],
        "plays": events(match),
        "pairs": [_pair(*pair) for pair in _pairs(match)],
    }


def _pair(i: int, j: int, value: float) -> dict[str, float | int]:
    return {"video_segment": i, "track_segment": j, "similarity": round(value, 4)}


def _continued(match: Match) -> list[bool]:
    """Tell of each span whether the track goes on into it without a cut; the first begins it."""
    spans = match.spans
    return [True, *(one.goes_on(two) for one, two in pairwise(spans))]


def _record(match: Match) -> dict[str, Any]:
    start, end = fitting_span(match)
    track = match.track
    return {
        "rank": match.rank,
        "track_id": track.track_id,
        "path": str(track.path),
        "title": track.title,
        "artist": track.artist,
        "track_duration": round(track.duration, 3),
        "distance": round(match.distance, 6),
        "span": [round(start, 3), round(end, 3)],
        "plays": events(match),
        "pairs": [_pair(*pair) for pair in best_pairs(match)],
        "tags": list(match.tags),
    }
