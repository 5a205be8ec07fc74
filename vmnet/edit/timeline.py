"""Time lines that editing programs open: OpenTimelineIO, FCPXML, EDL.

Each holds the pictures as one clip on a video track, from the first frame to the last, and the
music's events on an audio track. Time 0 of the time line is time 0 of the video file; pictures that
begin later stand after a gap. Media that hold a time code (or a Broadcast WAV's time reference)
count from it, as editing programs do.

OpenTimelineIO keeps the exact times, as fractions of a frame: one rate in the whole file, so that
programs that take the rate of the time line from its longest track find that of the video. FCPXML
and EDL count whole frames, and the music moves by half a frame at most. Their adapters are not used
to write: that of FCPXML (1.0.0) puts clips a frame early where floats round down, and that of EDL
(1.0.0) writes the first track alone. The EDL reads back through its adapter.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vmnet.catalog.match import Match, Query
from vmnet.edit.cutlist import Event, beats_in_video, events
from vmnet.edit.footage import RATES, Footage, footage, timecode
from vmnet.errors import VmnetError
from vmnet.media.decode import open_media
from vmnet.media.info import require
from vmnet.store import save_text, written_whole

if TYPE_CHECKING:
    import opentimelineio as otio

MAX_EVENTS = 999  # CMX 3600 numbers events with three digits


def write_timeline(query: Query, match: Match, path: Path) -> Path:
    """Write a time line, whole, in the format of the suffix of `path`: see `FORMATS`.

    Returns
    -------
    path : Path
        The file.

    Raises
    ------
    VmnetError
        If the suffix names none of them, or if the format cannot hold the video's frame rate.
    MediaError
        If the video or the track cannot be read.
    """
    path = Path(path)
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        raise VmnetError(f"{path} names no format of a time line: end it in {', '.join(FORMATS)}.")
    writer(query, match, path)
    return path


def _write_otio(query: Query, match: Match, path: Path) -> None:
    import opentimelineio as otio

    made = timeline(query, match)
    with written_whole(path) as temporary:
        otio.adapters.write_to_file(made, str(temporary), "otio_json")


def timeline(query: Query, match: Match) -> "otio.schema.Timeline":
    """Return the edit as an OpenTimelineIO time line, times exact; the beats of the music in it.

    Crossfades are transitions; their curve, of equal power, is in their metadata, since
    OpenTimelineIO has no name for it. The beats are markers of the stack. Media are referred to by
    absolute paths: DaVinci Resolve does not find the file URLs that OpenTimelineIO's documentation
    asks for (its #1985), Kdenlive finds both.

    Raises
    ------
    MediaError
        If the video or the track cannot be read.
    """
    import opentimelineio as otio

    film = footage(query.path)
    found = events(match.spans, match.track.duration, film.end)
    made = otio.schema.Timeline(name=_line(f"{query.path.stem}, {match.name}"))
    made.global_start_time = _time(0, film)
    made.tracks.extend([_picture_track(query, film), _music_track(match, film, found)])
    for beat in beats_in_video(found, match.beats):
        moment = otio.opentime.TimeRange(_time(beat, film), _time(0, film))
        made.tracks.markers.append(otio.schema.Marker("beat", moment, color="CYAN"))
    return made


def _picture_track(query: Query, film: Footage) -> "otio.schema.Track":
    import opentimelineio as otio

    whole = otio.opentime.TimeRange(_frames(film.timecode, film), _frames(film.n_frames, film))
    track = otio.schema.Track("pictures", kind=otio.schema.TrackKind.Video)
    if gap := _gap(film):
        track.append(otio.schema.Gap(duration=_frames(gap, film)))
    track.append(_clip(query.path, whole, whole))
    return track


def _music_track(match: Match, film: Footage, found: Sequence[Event]) -> "otio.schema.Track":
    import opentimelineio as otio

    zero = sound_start(match.track.path)
    whole = otio.opentime.TimeRange(_time(zero, film), _time(match.track.duration, film))
    track = otio.schema.Track("music", kind=otio.schema.TrackKind.Audio)
    for event in found:
        if event.fade_before or event.fade_after:
            lengths = (_time(event.fade_before, film), _time(event.fade_after, film))
            fade = otio.schema.Transition("crossfade", "SMPTE_Dissolve", *lengths)
            fade.metadata["vmnet"] = {"curve": "equal power"}
            track.append(fade)
        seconds = event.video_out - event.video_in
        start = _time(zero + event.track_in, film)
        part = otio.opentime.TimeRange(start, _time(seconds, film))
        clip = _clip(match.track.path, whole, part)
        segments = [event.first_segment, event.last_segment]
        clip.metadata["vmnet"] = {"segments": segments, "title": _line(match.name)}
        track.append(clip)
    return track


def _clip(
    path: Path, whole: "otio.opentime.TimeRange", part: "otio.opentime.TimeRange"
) -> "otio.schema.Clip":
    import opentimelineio as otio

    source = otio.schema.ExternalReference(_line(str(Path(path).absolute())), whole)
    return otio.schema.Clip(_line(Path(path).name), source, part)


def _time(seconds: float, film: Footage) -> "otio.opentime.RationalTime":
    import opentimelineio as otio

    return otio.opentime.RationalTime(float(seconds * film.rate), float(film.rate))


def _frames(frames: int, film: Footage) -> "otio.opentime.RationalTime":
    import opentimelineio as otio

    return otio.opentime.RationalTime(frames, float(film.rate))


def _gap(film: Footage) -> int:
    """Return how many frames pass before the pictures begin."""
    return round(film.start * film.rate)


def sound_start(path: Path) -> float:
    """Return the time that editing programs give the first sample of a track, s.

    It is the time reference of a Broadcast WAV (EBU Tech 3285), which a studio's mix may have at
    an hour; 0 in other files.
    """
    info = require(path, video=False)
    with open_media(Path(path)) as container:
        reference = str(container.metadata.get("time_reference", ""))
    return int(reference) / info.sample_rate if reference.isdecimal() else 0.0


class Cut(NamedTuple):
    """An event in whole frames: in and out on the time line, and where the track plays from."""

    start: int
    end: int
    source: int


def in_frames(found: Sequence[Event], rate: Fraction, track_seconds: float) -> list[Cut]:
    """Return events in whole frames.

    A cut goes to the nearest frame, and the music with it: its place against the pictures moves by
    half a frame at most, or by one where it would not reach to the end of the track. Events of
    which no frame is left are left out.
    """
    n_source = int(track_seconds * rate + Fraction(1, 1000))
    cuts = []
    for event in found:
        start, end = round(event.video_in * rate), round(event.video_out * rate)
        source = start + round((event.track_in - event.video_in) * rate)
        source = max(0, min(source, n_source - (end - start)))
        if end > start:
            cuts.append(Cut(start, end, source))
    return cuts


def _counted(query: Query, match: Match, path: Path) -> tuple[Footage, list[Cut], int]:
    """Return the footage, the cuts in frames, and the frame that the track starts at.

    Raises
    ------
    VmnetError
        If the pictures have no rate that a format in whole frames can hold.
    """
    film = footage(query.path)
    name = Path(path).suffix
    if not film.constant:
        raise VmnetError(
            f"{query.path} has no constant frame rate, so that {name} would count wrong frames: "
            "export .otio or .csv, or convert the video to a constant rate."
        )
    if film.rate not in RATES:
        raise VmnetError(
            f"{query.path} has {float(film.rate):g} frames per second, which {name} cannot hold: "
            "export .otio or .csv, or convert the video to 24, 25 or 30."
        )
    found = events(match.spans, match.track.duration, film.end)
    cuts = in_frames(found, film.rate, match.track.duration)
    return film, cuts, round(sound_start(match.track.path) * film.rate)


def _write_edl(query: Query, match: Match, path: Path) -> None:
    """Write a CMX 3600 edit decision list: pictures on V, music on both audio channels.

    It holds straight cuts; sources are called AX, as files are, and named in comments.
    """
    film, cuts, zero = _counted(query, match, path)
    if len(cuts) >= MAX_EVENTS:
        raise VmnetError(f"{path} cannot hold {len(cuts)} events, only {MAX_EVENTS}: export .otio.")
    gap = _gap(film)
    pictures = ("V", Path(query.path), film.timecode, Cut(gap, gap + film.n_frames, 0))
    music = [("AA", Path(match.track.path), zero, cut) for cut in cuts]
    drops = ";" in timecode(0, film.rate)
    lines = [
        f"TITLE: {_line(f'{query.path.stem}, {match.name}')[:70]}",
        f"FCM: {'DROP' if drops else 'NON-DROP'} FRAME",
        "",
    ]
    for number, (channels, source, start, cut) in enumerate([pictures, *music], 1):
        first = start + cut.source
        frames = (first, first + cut.end - cut.start, cut.start, cut.end)
        codes = " ".join(timecode(frame, film.rate) for frame in frames)
        lines.append(f"{number:03d}  AX       {channels:5} C        {codes}")
        lines.append(f"* FROM CLIP NAME:  {_line(source.name)}")
    save_text(path, "\n".join(lines) + "\n")


def _write_fcpxml(query: Query, match: Match, path: Path) -> None:
    """Write a Final Cut Pro XML 1.8: times are exact multiples of the frame's duration.

    The music's events are connected below the pictures. It holds straight cuts.
    """
    film, cuts, zero = _counted(query, match, path)
    document = ET.Element("fcpxml", version="1.8")
    resources = ET.SubElement(document, "resources")
    form = {"id": "r1", "frameDuration": _rational(1, film)}
    form |= {"width": str(film.width), "height": str(film.height)}
    ET.SubElement(resources, "format", form)
    _asset(resources, "r2", query.path, film, film.timecode, film.n_frames, hasVideo="1")
    n_source = int(match.track.duration * film.rate + Fraction(1, 1000))
    sound = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"}
    _asset(resources, "r3", match.track.path, film, zero, n_source, **sound)
    event = ET.SubElement(ET.SubElement(document, "library"), "event", name="vmnet")
    name = _line(f"{query.path.stem}, {match.name}")
    project = ET.SubElement(event, "project", name=name)
    codes = {"tcFormat": "DF" if ";" in timecode(0, film.rate) else "NDF"}
    length = _rational(_gap(film) + film.n_frames, film)
    look = {"format": "r1", "duration": length, "tcStart": "0s", **codes}
    spine = ET.SubElement(ET.SubElement(project, "sequence", look), "spine")
    holders = _primary(spine, query, film)
    for cut in cuts:
        holder, holder_start, start = [held for held in holders if held[1] <= cut.start][-1]
        place = _rational(start + cut.start - holder_start, film)
        _asset_clip(holder, "r3", match.track.path, film, place, zero + cut.source, cut, lane="-1")
    ET.indent(document)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    save_text(path, f"{head}{ET.tostring(document, encoding='unicode')}\n")


def _primary(spine: ET.Element, query: Query, film: Footage) -> list[tuple[ET.Element, int, int]]:
    """Add the pictures, after a gap where they begin late.

    Returns
    -------
    holders : list
        What the music can be connected to: the element, its first frame on the time line, and the
        frame that its own time starts at.
    """
    holders = []
    gap = _gap(film)
    if gap:
        times = {"offset": "0s", "start": "0s", "duration": _rational(gap, film)}
        holders.append((ET.SubElement(spine, "gap", {"name": "Gap", **times}), 0, 0))
    whole = Cut(gap, gap + film.n_frames, 0)
    place = _rational(gap, film)
    clip = _asset_clip(spine, "r2", query.path, film, place, film.timecode, whole, format="r1")
    return [*holders, (clip, gap, film.timecode)]


def _asset(
    resources: ET.Element, key: str, path: Path, film: Footage, start: int, n: int, **kinds: str
) -> None:
    form = {"format": "r1"} if "hasVideo" in kinds else {}
    source = {"id": key, "name": _line(Path(path).name), "src": Path(path).absolute().as_uri()}
    times = {"start": _rational(start, film), "duration": _rational(n, film)}
    ET.SubElement(resources, "asset", {**source, **times, **form, **kinds})


def _asset_clip(
    parent: ET.Element,
    key: str,
    path: Path,
    film: Footage,
    offset: str,
    start: int,
    cut: Cut,
    **more: str,
) -> ET.Element:
    """Add a clip: `offset` is its place in the parent's time, `start` the frame of its source."""
    length = {"start": _rational(start, film), "duration": _rational(cut.end - cut.start, film)}
    named = {"ref": key, "name": _line(Path(path).name), "offset": offset}
    return ET.SubElement(parent, "asset-clip", {**named, **length, **more})


def _rational(frames: int, film: Footage) -> str:
    """Return a time as FCPXML writes it: 57 frames at 25 are "57/25s"."""
    return f"{frames / film.rate}s"


def _line(text: str) -> str:
    """Return text on one line, without what neither XML nor an EDL may hold."""
    return re.sub("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "?", text)


FORMATS: dict[str, Callable[[Query, Match, Path], None]] = {
    ".otio": _write_otio,
    ".fcpxml": _write_fcpxml,
    ".edl": _write_edl,
}
"""What writes a time line, by the suffix of its file."""
