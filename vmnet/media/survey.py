"""What a media file holds and when each stream ends, read from all of its packets."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet

from vmnet.errors import InputWarning, MediaError
from vmnet.media.decode import (
    audio_streams,
    decode_packet,
    flush,
    frame_rate,
    open_media,
    packets_of,
    video_stream,
)
from vmnet.media.orientation import displayed_size
from vmnet.media.timeline import DISCONTINUOUS, MAX_STEP_ON, Clock, Timeline, shifts_of, with_runs
from vmnet.store import fingerprint

NO_PROMISE = {"mp3", "aac", "mpeg", "mpegts"}  # FFmpeg guesses their duration

# A file is truncated when it ends earlier than its header says by more than both of these.
SHORTFALL = 0.05  # share of the duration
SHORTFALL_SECONDS = 2.0
# By more than both of these, its early end is said.
SMALL_SHORTFALL = 0.005
SMALL_SHORTFALL_SECONDS = 0.5

# Stamps and lengths that are damaged make hours of silence. No music has a pause of half an hour,
# though a picture may stay for an album; silence itself, without loss, is a hundred bytes a second.
MAX_PAUSE = {"audio": 1800.0, "video": 14_400.0}  # seconds without a new packet
MIN_BYTES = 16.0  # a second, beyond the first ten minutes
FREE_SECONDS = 600.0
RATES = range(1000, 1_000_001)  # Hz, of sound

# FFmpeg reads these from front to back and leaves off at what it does not know, such as a second
# file joined to the first; in the others an index or tags may follow the last packet.
SEQUENTIAL = {"flv", "mpegts", "mpeg"}
MAX_UNREAD = 0.1  # share of a sequential file after its last packet
PADDING = 2**13  # bytes; M2TS fills its last unit of 6,144


@dataclass(frozen=True)
class Sound:
    """A sound track; `sample_rate` and `channels` are 0 if none of it can be decoded."""

    end: float
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Picture:
    """The moving pictures, `width` and `height` in pixels as displayed."""

    end: float
    width: int
    height: int
    fps: float


@dataclass(frozen=True)
class Survey:
    """What a file holds: its sound tracks, in the file's order, and its pictures.

    The ends of the streams are in seconds from time 0; so is `promised`, where the header says that
    the file ends, None if it does not. `pauses` has the longest time without a new packet, in
    seconds, by the type of the stream.
    """

    timeline: Timeline
    tracks: tuple[Sound, ...]
    picture: Picture | None
    promised: float | None
    comment: str
    pauses: dict[str, float]

    @property
    def end(self) -> float:
        """Where the last of all streams ends."""
        return max((part.end for part in (*self.tracks, self.picture) if part), default=0.0)

    def duration(self, track: int | None) -> float:
        """Return where the pictures and a track, 1 being the first, have ended."""
        shown = self.picture.end if self.picture else 0.0
        return max(shown, self.tracks[track - 1].end if track else 0.0)


def survey(path: Path) -> Survey:
    """Read every packet of a file, decode each stream's first frame, and say what was found.

    A file is read again only once it has changed.

    Raises
    ------
    MediaError
        If the file cannot be read, is truncated, holds more than can be read or nothing to play,
        or if its streams disagree on where the time stamps start again.
    """
    path = Path(path)
    found = _survey(path, fingerprint(path) if path.is_file() else "")
    _check(path, found)
    return found


@lru_cache(maxsize=64)
def _survey(path: Path, _fingerprint: str) -> Survey:
    reference = _reference(path)
    for max_step in (MAX_STEP_ON, float("inf")):  # a still or a pause may look like another clock
        clock = Clock() if reference is None else Clock(max_step, reference)
        with open_media(path) as container:
            streams, unread = _read(container, clock)
            timed = [stream for stream in streams if stream.spans]
            if len({len(stream.spans) for stream in timed}) <= 1 and (
                max_step > MAX_STEP_ON or _step_on_together(timed)
            ):
                found = _summary(container, streams, clock)
                break
    else:
        raise MediaError(
            f"{path} has time stamps that start again in its sound or its pictures alone: "
            "convert it to MP4."
        )
    if unread > MAX_UNREAD or _n_movies(path) > 1:
        raise MediaError(
            f"{path} holds more after {found.end:.1f} s that cannot be read, such as another file "
            "joined to it: convert it to MP4."
        )
    return found


def _check(path: Path, found: Survey) -> None:
    """Refuse a file that ends much earlier than its header says, or is empty; say a small gap."""
    end, promised = found.end, found.promised or found.end
    shortfall = promised - end
    if shortfall > max(SHORTFALL * promised, SHORTFALL_SECONDS):
        raise MediaError(
            f"{path} is truncated (it ends at {end:.1f} s of {promised:.1f} s): "
            "copy or download it again."
        )
    if end <= 0 or not (found.picture or any(track.sample_rate for track in found.tracks)):
        raise MediaError(f"{path} holds no sound and no pictures: use another file.")
    too_long = end > max(FREE_SECONDS, path.stat().st_size / MIN_BYTES)
    if too_long or any(found.pauses[kind] > limit for kind, limit in MAX_PAUSE.items()):
        raise MediaError(
            f"{path} has time stamps that are damaged (it would last {end:.0f} s): copy or "
            "download it again, or convert it."
        )
    if shortfall > max(SMALL_SHORTFALL * promised, SMALL_SHORTFALL_SECONDS):
        warnings.warn(
            f"{path} ends at {end:.1f} s of {promised:.1f} s: if it was cut off, copy it again.",
            InputWarning,
            stacklevel=2,
        )


def _n_movies(path: Path) -> int:
    """Return how many movies an MP4 file holds: 0 in other files, 2 if two are joined.

    FFmpeg reads the first. The boxes of MP4 are a length of four bytes, a type, and the content;
    a length of 1 stands for eight more bytes, one of 0 for the rest of the file.
    """
    count, position, size = 0, 0, path.stat().st_size
    with path.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if position == 0 and kind != b"ftyp":
                return 0
            count += kind == b"moov"
            length = int.from_bytes(head[8:], "big") if length == 1 else length
            if length < 8:
                break
            position += length
    return count


@dataclass
class _Span:
    """One run of a stream: its first and its last two stamps, as shown, in its time base.

    `opening` and `closing` are the first and the last as decoded.
    """

    start: int
    last: int
    opening: int
    closing: int
    before: int | None = None
    duration: int = 0  # of the packet stamped `last`
    longest: int = 0  # from one stamp to the next

    def add(self, stamp: int, duration: int) -> None:
        self.start = min(self.start, stamp)
        if stamp >= self.last:
            self.longest = max(self.longest, stamp - self.last)
            self.before = self.last if stamp > self.last else self.before
            self.last, self.duration = stamp, duration
        elif self.before is None or stamp > self.before:
            self.before = stamp

    def end(self, usual: int, bound: float) -> float:
        """Return where what is shown last ends, in ticks: no later than the bound if that may be.

        In MP4 the duration of a packet is the step to the next one decoded, which is wild for a
        picture that is shown in another order: the header, which bounds it, knows better.
        """
        least = min((step for step in (self._last_step, usual) if step), default=0)
        return min(self.last + (self.duration or least), max(bound, self.last + least))

    @property
    def _last_step(self) -> int:
        return 0 if self.before is None else self.last - self.before


@dataclass
class _Stream:
    """What the packets of one stream tell, and its first frame that decodes."""

    stream: Any
    spans: list[_Span] = field(default_factory=list)
    first: Any = None

    def add(self, run: int, packet: Packet) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:  # outside the edit list nothing is shown
            decoded = stamp if packet.dts is None else packet.dts
            if run >= len(self.spans):
                self.spans.append(_Span(stamp, stamp, decoded, decoded))
            self.spans[-1].add(stamp, packet.duration or 0)
            self.spans[-1].closing = decoded
        if self.first is None:
            self.first = next(iter(decode_packet(packet) or []), None)

    def starts(self) -> list[float]:
        """Return the stamp, in seconds, where each run starts."""
        return [float(span.start * self.stream.time_base) for span in self.spans]

    def steps(self) -> list[tuple[float, float]]:
        """Return the stamps, in seconds, between which each run but the first starts."""
        tick = self.stream.time_base
        return [(float(a.closing * tick), float(b.opening * tick)) for a, b in pairwise(self.spans)]

    def ends(self, bound: float) -> list[float]:
        """Return the stamp, in seconds, where each run ends: no later than the bound if it may."""
        tick = self.stream.time_base
        usual = _frame_ticks(self.stream)
        return [float(span.end(usual, bound / tick) * tick) for span in self.spans]


def _pauses(
    streams: Iterable[_Stream], ends: dict[int, list[float]], origin: float
) -> dict[str, float]:
    """Return the longest time, in seconds, without a new packet, by the type of the stream."""
    longest = dict.fromkeys(MAX_PAUSE, 0.0)
    for found in streams:
        tick = found.stream.time_base
        pauses = [found.starts()[0] - origin, longest[found.stream.type]]
        for span, end in zip(found.spans, ends[found.stream.index], strict=True):
            pauses += [float(span.longest * tick), end - float(span.last * tick)]
        longest[found.stream.type] = max(pauses)
    return longest


def _step_on_together(timed: list[_Stream]) -> bool:
    """Tell whether all streams step on whenever one does, with nothing in between.

    That is another clock. A stream that does so alone shows a still or pauses, and so does the only
    one.
    """
    for steps in zip(*(stream.steps() for stream in timed), strict=True):
        before, after = zip(*steps, strict=True)
        steps_on = any(last < first for last, first in steps)
        if steps_on and (len(timed) == 1 or min(after) - max(before) <= MAX_STEP_ON):
            return False
    return True


def _reference(path: Path) -> int | None:
    """Return the first stamp of a file whose clock may jump and wrap; None for other files."""
    with open_media(path) as container:
        if container.format.name not in DISCONTINUOUS:
            return None
        packets = packets_of(container, _used(container))
        return next((packet.dts for packet in packets if packet.dts is not None), None)


def _used(container: InputContainer) -> list[Any]:
    """Return the sound tracks and the pictures."""
    picture = video_stream(container)
    return [*audio_streams(container), *([picture] if picture else [])]


def _read(container: InputContainer, clock: Clock) -> tuple[list[_Stream], float]:
    """Read every packet of the sound and picture streams.

    Returns
    -------
    streams : list
        In the order of their indices in the file.
    unread : float
        The share of a sequential file that follows the last packet; 0 for other files.
    """
    streams = {stream.index: _Stream(stream) for stream in _used(container)}
    position = 0
    for run, packet in with_runs(packets_of(container, _used(container)), clock):
        streams[packet.stream_index].add(run, packet)
        place = position if packet.pos is None else packet.pos  # as read, not as they lie
        position = max(position, place + packet.size)
    for found in streams.values():
        if found.first is None:
            found.first = next(iter(flush(found.stream)), None)
    unread = container.size - position - PADDING if container.format.name in SEQUENTIAL else 0
    return list(streams.values()), unread / container.size


def _summary(container: InputContainer, streams: Iterable[_Stream], clock: Clock) -> Survey:
    """Put all streams on one time line."""
    timed = [stream for stream in streams if stream.spans]
    n_runs = max((len(stream.spans) for stream in timed), default=1)
    starts = list(map(min, zip(*(stream.starts() for stream in timed), strict=True)))
    origin = starts[0] if starts else 0.0
    if clock.reference is None:  # what such a clock has before its zero is priming; FFmpeg knows it
        known = container.start_time
        origin = max(0.0, origin if known is None else known / av.time_base)
    promised = None
    if container.duration and n_runs == 1 and container.format.name not in NO_PROMISE:
        promised = container.duration / av.time_base
    bound = float("inf") if promised is None else promised + origin
    ends = {stream.stream.index: stream.ends(bound) for stream in timed}
    shifts = shifts_of(starts, list(map(max, zip(*ends.values(), strict=True))))
    end = {index: of_runs[-1] + shifts[-1] - origin for index, of_runs in ends.items()}
    first = {stream.stream.index: stream.first for stream in streams}
    return Survey(
        timeline=Timeline(clock, origin, shifts),
        tracks=tuple(_sound(s, first, end) for s in container.streams.audio),
        picture=_picture(video_stream(container), first, end),
        # Matroska counts its duration from stamp 0, even if the first stream starts later.
        promised=None if promised is None else promised - origin,
        comment=comment_of(container),
        pauses=_pauses(timed, ends, origin),
    )


def comment_of(container: InputContainer) -> str:
    """Return the container's comment, "" if it has none."""
    tags = {name.lower(): text for name, text in container.metadata.items()}
    return tags.get("comment", "")


def _sound(stream: Any, first: dict[int, Any], end: dict[int, float]) -> Sound:
    frame = first.get(stream.index)
    if frame is None:
        return Sound(0.0, 0, 0)
    if frame.sample_rate not in RATES:
        return Sound(end.get(stream.index, 0.0), 0, 0)
    return Sound(end.get(stream.index, 0.0), frame.sample_rate, frame.layout.nb_channels)


def _picture(stream: Any, first: dict[int, Any], end: dict[int, float]) -> Picture | None:
    frame = stream and first[stream.index]
    if frame is None:
        return None
    width, height = displayed_size(frame, stream.sample_aspect_ratio)
    return Picture(end.get(stream.index, 0.0), width, height, frame_rate(stream))


def _frame_ticks(stream: Any) -> int:
    """Return how long a picture is shown at least, in units of the time base; 0 if unknown."""
    rates = (getattr(stream, name, None) for name in ("average_rate", "guessed_rate"))
    rate = max(filter(None, rates), default=None) if stream.type == "video" else None
    return round(1 / (rate * stream.time_base)) if rate else 0
