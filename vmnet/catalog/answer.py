"""What `vmnet recommend` prints: a text for people, JSON and CSV for programs."""

import csv
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vmnet.catalog.match import Match, Query
from vmnet.catalog.recommend import best_pairs

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("rank", "track_id", "title", "artist", "distance", "segment"),
    *("video_start", "video_end", "track_start", "track_end"),
)


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
    lines = [f"{query.path}: {clock(query.duration)}, {_segments(query)}", *notes, ""]
    lines.append(f"{'rank':>4}  {'distance':>9}  {'plays from':>17}  track")
    for match in matches:
        start, end = fitting_span(match)
        extent = f"{clock(start)} to {clock(end)}"
        line = f"{match.rank:4}  {match.distance:9.4f}  {extent:>17}  {match.name}"
        lines += [f"{line} ({match.track.track_id})", *(f"      {text}" for text in _below(match))]
    return "\n".join(lines) + "\n"


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
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for match in matches:
        track = match.track
        about = {"rank": match.rank, "track_id": track.track_id, "title": track.title}
        about |= {"artist": track.artist, "distance": round(match.distance, 6)}
        rows.writerows(about | event for event in events(match))
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


def _segments(query: Query) -> str:
    count = len(query.boundaries) - 1
    return f"{count} segment{'' if count == 1 else 's'}, cut by {query.cut_by}"


def _below(match: Match) -> list[str]:
    plays = [
        f"{clock(span.video_start)} {clock(span.track_start)}{'' if goes_on else ' (cut)'}"
        for span, goes_on in zip(match.spans, _continued(match), strict=True)
    ]
    return [f"plays, at video time: {', '.join(plays)}", *reasons(match)]


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
        "pairs": [
            {"video_segment": i, "track_segment": j, "similarity": round(value, 4)}
            for i, j, value in best_pairs(match)
        ],
        "tags": list(match.tags),
    }
