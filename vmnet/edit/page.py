"""The page of a query: its video, and under it each of the best tracks, playing as it is cut.

`write_page` writes one `index.html`, with style and script inside, and a folder of media beside
it. A browser opens it from disk: it asks no server and no network for anything. The video is
silent; the sound of each track is a file of its own, the edit of `vmnet.edit.preview`. The script
(`page.js`) lets the music keep the time and has the pictures follow.
"""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EROFS
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vmnet.catalog.answer import clock
from vmnet.catalog.match import Match, Query
from vmnet.edit.browser import for_browsers, thumbnails
from vmnet.edit.preview import LOUDNESS, music_file
from vmnet.edit.spans import Span, require_cover
from vmnet.errors import VmnetError
from vmnet.media import audio_blocks
from vmnet.store import fingerprint, key, remove_partial, save_text

if TYPE_CHECKING:
    from IPython.display import HTML

MADE_BY = "vmnet recommend"  # tells our pages from others
MEDIA = "media"
SOUND = ".m4a"  # AAC in MP4: Chromium, Firefox and Safari play it, and start it to the sample
OWN_MEDIA = r"(video|track)-[0-9a-f]{10}(-encoded)?\.(mp4|webm|m4a)"
WAVE_BINS = 600
WAVE_RATE = 8000  # Hz
N_REASONS = 3
LARGEST_SHOWN = 60e6  # bytes of media that a notebook may hold
TYPES = {".mp4": "video/mp4", ".webm": "video/webm", SOUND: "audio/mp4"}
IN_THE_WAY = {EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EROFS}


class Agreement(NamedTuple):
    """A segment of the video and one of the track that were aligned; times in seconds."""

    segment: int
    start: float
    end: float
    track_start: float
    track_end: float
    similarity: float


def write_page(
    folder: Path, query: Query, matches: Sequence[Match], notes: Sequence[str] = ()
) -> Path:
    """Write the page of a query and the media that it plays.

    Every file is written whole, `index.html` last. A page that was there is replaced, other files
    are left alone.

    Parameters
    ----------
    folder
        Made if need be.
    matches
        At least one; the best first.
    notes
        Sentences for the top of the page: what the ranking is worth, what the data are.

    Returns
    -------
    page : Path
        The `index.html`.

    Raises
    ------
    VmnetError
        If the folder cannot be written or holds another page, or a track is gone.
    MediaError
        If the video or a track cannot be used.
    ValueError
        If there is no match, or if the spans of one do not cover the video.
    """
    from tqdm import tqdm

    folder = Path(folder)
    _check(query, matches)
    with _writing_into(folder):
        _require_own(folder)
        (folder / MEDIA).mkdir(parents=True, exist_ok=True)
        video = for_browsers(query.path, folder / MEDIA)
        sounds = [folder / MEDIA / _sound_name(match) for match in matches]
        made = dict(zip(sounds, matches, strict=True))
        for sound, match in tqdm(made.items(), desc="music of the page", unit="track", delay=2):
            music_file(match.track.path, match.spans, sound, LOUDNESS)
        media = [video.path, *sounds]
        shown = {
            "name": query.path.name,
            "query": query,
            "video": video,
            "rows": [_row(query, match) for match in matches],
            "segments": list(_segments(query)),
            "notes": notes,
            "data": _data(query, matches, sounds),
            "media_size": sum(path.stat().st_size for path in media),
        }
        page = folder / "index.html"
        save_text(page, _template().render(shown))
        _remove_old(folder / MEDIA, media)
    return page


def show(page: Path, height: int = 900) -> "HTML":
    """Return a page that `write_page` wrote for a cell of a notebook, with all that it plays.

    The page plays there as it does from disk, also in a notebook that was moved or exported. Media
    of more than `LARGEST_SHOWN` bytes would burden the notebook: then it names the page.

    Parameters
    ----------
    page
        The `index.html`.
    height
        In pixels.
    """
    import base64
    from html import escape

    from IPython.display import HTML

    page = Path(page)
    text = page.read_text(encoding="utf-8")
    media = [path for path in (page.parent / MEDIA).iterdir() if f"{MEDIA}/{path.name}" in text]
    size = sum(path.stat().st_size for path in media)
    if size > LARGEST_SHOWN:
        where = escape(str(page.absolute()))
        return HTML(f"<p>Open <code>{where}</code> ({_megabytes(size)}) in a browser.</p>")
    for path in media:
        content = base64.b64encode(path.read_bytes()).decode()
        text = text.replace(f"{MEDIA}/{path.name}", f"data:{TYPES[path.suffix]};base64,{content}")
    frame = (
        f'<iframe srcdoc="{escape(text)}" sandbox="allow-scripts" allow="autoplay; fullscreen" '
        f'style="width: 100%; height: {height}px; border: 0"></iframe>'
    )
    return HTML(f"<div>{frame}</div>")


def _check(query: Query, matches: Sequence[Match]) -> None:
    if not matches:
        raise ValueError("a page needs at least one match")
    for match in matches:
        require_cover(match.spans, query.duration, match.track.duration)
        if match.similarities.shape != (len(query.boundaries) - 1, len(match.boundaries) - 1):
            raise ValueError(f"similarities of shape {match.similarities.shape} fit no segments")
        if not np.isfinite(match.similarities).all():
            raise ValueError(f"similarities with {match.track.track_id} are not finite")
        if not match.track.path.is_file():
            raise VmnetError(
                f"{match.track.path} is gone: put it back, or index its folder again with "
                "`vmnet index`."
            )


@contextmanager
def _writing_into(folder: Path) -> Iterator[None]:
    """Say in a sentence why a folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in IN_THE_WAY:
            raise
        raise VmnetError(
            f"{folder} cannot be written ({error.strerror}): choose another folder for the page."
        ) from error


def _require_own(folder: Path) -> None:
    """Refuse a folder with a page that is not ours, or whose media may be another's."""
    page = folder / "index.html"
    ours = page.is_file() and _mark() in page.read_text(encoding="utf-8", errors="replace")
    if page.exists() and not ours:
        raise VmnetError(f"{page} is another page: choose another folder for this one.")


def _mark() -> str:
    return f'<meta name="generator" content="{MADE_BY}">'


def _sound_name(match: Match) -> str:
    """Return a name that changes with the track and its cuts, and that every system can spell."""
    spans = [(s.video_start, s.video_end, s.track_start) for s in match.spans]
    made = key(path=str(match.track.path), file=fingerprint(match.track.path), spans=spans)
    return f"track-{made}{SOUND}"


def _remove_old(media: Path, used: Sequence[Path]) -> None:
    """Remove what an earlier page played or left unfinished; other files are not ours."""
    remove_partial(media)
    for path in media.iterdir():
        if re.fullmatch(OWN_MEDIA, path.name) and path not in used:
            path.unlink(missing_ok=True)


def _segments(query: Query) -> Iterator[dict[str, Any]]:
    """Yield the segments of the video, each with a picture from its middle."""
    middles = (query.boundaries[:-1] + query.boundaries[1:]) / 2
    for (start, end), picture in zip(
        pairwise(query.boundaries.tolist()),
        thumbnails(query.path, middles.tolist()),
        strict=True,
    ):
        yield {"start": start, "end": end, "picture": picture}


def _row(query: Query, match: Match) -> dict[str, Any]:
    """Return what the page says in words about a match."""
    agreements = _agreements(query, match)
    best = sorted(agreements, key=lambda each: -each.similarity)[:N_REASONS]
    cuts = sum(not before.goes_on(after) for before, after in pairwise(match.spans))
    return {
        "match": match,
        "start": min(span.track_start for span in match.spans),
        "end": max(span.track_end for span in match.spans),
        "n_cuts": cuts,
        "reasons": best,
        "played": list(_played(query, match, agreements)),
    }


def _agreements(query: Query, match: Match) -> list[Agreement]:
    """Return the pairs of the path, in its order."""
    video, track = query.boundaries.tolist(), match.boundaries.tolist()
    return [
        Agreement(
            i, video[i], video[i + 1], track[j], track[j + 1], float(match.similarities[i, j])
        )
        for i, j in match.path.tolist()
    ]


def _played(
    query: Query, match: Match, agreements: Sequence[Agreement]
) -> Iterator[dict[str, Any]]:
    """Yield for each segment of the video its spans, and how well it agrees with what plays."""
    after_cut = {id(after) for before, after in pairwise(match.spans) if not before.goes_on(after)}
    for index, (start, end) in enumerate(pairwise(query.boundaries.tolist())):
        spans = [span for span in match.spans if span.segment == index]
        heard = np.sum([_heard(span, match.boundaries) for span in spans], axis=0)
        yield {
            "start": start,
            "end": end,
            "spans": [{"span": span, "cut": id(span) in after_cut} for span in spans],
            "similarity": float(np.average(match.similarities[index], weights=heard)),
            "filled": all(each.segment != index for each in agreements),
        }


def _heard(span: Span, boundaries: np.ndarray) -> np.ndarray:
    """Return for how long each segment of a track plays in a span, (n_segments,) s."""
    edges = np.append(boundaries[:-1], np.inf)  # the last segment is all that follows
    return np.diff(np.clip(edges, span.track_start, span.track_end))


def _data(query: Query, matches: Sequence[Match], sounds: Sequence[Path]) -> dict[str, Any]:
    """Return what the script draws and plays; times in seconds, similarities in hundredths."""
    return {
        "duration": query.duration,
        "segments": _rounded(query.boundaries),
        "tracks": [
            {
                "source": f"{MEDIA}/{sound.name}",
                "duration": match.track.duration,
                "segments": _rounded(match.boundaries),
                "spans": [_times(span) for span in match.spans],
                "beats": _rounded(match.beats),
                "similarities": np.rint(100 * match.similarities).astype(int).tolist(),
                "path": np.asarray(match.path, int).reshape(-1, 2).tolist(),
                "wave": _wave(sound, query.duration),
            }
            for match, sound in zip(matches, sounds, strict=True)
        ],
    }


def _times(span: Span) -> list[float]:
    return _rounded((span.video_start, span.video_end, span.track_start))


def _rounded(times: Any) -> list[float]:
    return np.round(np.asarray(times, float), 3).tolist()


def _wave(sound: Path, seconds: float) -> list[int]:
    """Return the peak of the sound in each of `WAVE_BINS` parts of the video, loudest = 100."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a silent track was told of when it was indexed
        blocks = audio_blocks(sound, WAVE_RATE, seconds / WAVE_BINS)
        peaks = np.array([np.abs(block).max() for block in blocks])[:WAVE_BINS]
    return np.rint(100 * peaks / max(peaks.max(initial=0), 1e-6)).astype(int).tolist()


def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters |= {"clock": clock, "megabytes": _megabytes, "json": _json}
    environment.globals |= {"MADE_BY": MADE_BY, "MARK": _mark()}
    return environment.get_template("page.html.j2")


def _json(data: Any) -> str:
    """Return JSON that may stand in a script: no tag can end it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"
