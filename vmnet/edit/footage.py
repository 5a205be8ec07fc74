"""The pictures of a video as an editing program counts them: in frames of one constant rate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from vmnet.media.decode import open_media, packets_of, video_stream
from vmnet.media.info import require
from vmnet.media.survey import survey

NTSC = Fraction(1000, 1001)
RATES = (
    24 * NTSC, Fraction(24), Fraction(25), 30 * NTSC, Fraction(30), Fraction(48), Fraction(50),
    60 * NTSC, Fraction(60),
)  # fmt: skip
"""Frame rates that editing programs work at, in Hz."""

NEARLY = 2e-4  # relative; a header that rounds is nearer to its rate than 23.976 is to 24


@dataclass(frozen=True)
class Footage:
    """The pictures of a video, and the rate that editing programs count them at.

    Attributes
    ----------
    rate
        Frames per second, exact: 30000/1001 for what is called 29.97.
    n_frames
        As many as are shown at a constant rate, else as many as fill the same time.
    start
        When the first picture is shown, s from time 0: above 0 where the sound starts before it.
    constant
        Whether every picture is shown nearest to its own frame.
    timecode
        Of the first picture, in frames: 0 unless the file holds another.
    width, height
        As displayed, in pixels.
    """

    rate: Fraction
    n_frames: int
    start: float
    constant: bool
    timecode: int
    width: int
    height: int

    @property
    def end(self) -> float:
        """When the last picture ends, s from time 0."""
        return self.start + float(self.n_frames / self.rate)


def footage(path: Path) -> Footage:
    """Read the time stamps of a video's pictures; nothing is decoded that was not before.

    Raises
    ------
    MediaError
        If the file cannot be read or has no pictures.
    """
    path = Path(path)
    info, known = require(path, audio=False), survey(path)
    assert known.picture is not None  # insisted on
    with open_media(path) as container:
        stream = video_stream(container)
        stated = stream.average_rate or stream.guessed_rate
        label = _timecode_of(container, stream)
        packets = known.timeline.restamped(packets_of(container, [stream]))
        ticks = sorted(_stamps(packets))
        times = [float(tick * stream.time_base) - known.timeline.origin for tick in ticks]
    rates = [_nearest(rate) for rate in (stated, _measured(times)) if rate] or [Fraction(25)]
    rate = next((each for each in rates if is_constant(times, each)), None)
    constant, rate = rate is not None, rate or rates[0]
    start = max(0.0, times[0]) if times else 0.0
    n_frames = len(times) if constant else round((known.picture.end - start) * rate)
    timecode = frame_of(label, rate) if label else 0
    return Footage(rate, n_frames, start, constant, timecode, info.width, info.height)


def is_constant(times: Sequence[float], rate: Fraction) -> bool:
    """Tell whether picture k is shown nearest to k frames after the first, for every k."""
    half = 0.5 / float(rate)
    return all(abs(t - times[0] - float(k / rate)) < half for k, t in enumerate(times))


def timecode(frame: int, rate: Fraction) -> str:
    """Return a frame's SMPTE ST 12-1 time code, hours:minutes:seconds:frames.

    At 29.97 and 59.94 frames per second it is the drop-frame one, with a semicolon, which keeps to
    the clock: the first 2 (or 4) numbers of each minute but every tenth are left out.

    Examples
    --------
    >>> timecode(90_000, Fraction(25)), timecode(1800, Fraction(30000, 1001))
    ('01:00:00:00', '00:01:00;02')
    """
    nominal, dropped = _counting(rate)
    if dropped:
        tens, rest = divmod(frame, 600 * nominal - 9 * dropped)
        minutes = max(0, rest - dropped) // (60 * nominal - dropped)
        frame += dropped * (9 * tens + minutes)
    seconds, frames = divmod(frame, nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    mark = ";" if dropped else ":"
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"


def frame_of(label: str, rate: Fraction) -> int:
    """Return the frame that a time code stands for; one with a semicolon drops frames.

    >>> frame_of("00:01:00;02", Fraction(30000, 1001))
    1800
    """
    hours, minutes, seconds, frames = map(int, re.split("[:;.]", label))
    nominal, dropped = _counting(rate)
    minutes += 60 * hours
    frame = (60 * minutes + seconds) * nominal + frames
    return frame - (dropped * (minutes - minutes // 10) if ";" in label else 0)


def _counting(rate: Fraction) -> tuple[int, int]:
    """Return the frames that a second of the time code counts, and those that a minute drops."""
    drops = {30 * NTSC: 2, 60 * NTSC: 4}
    return max(1, round(rate)), drops.get(rate, 0)


def _nearest(rate: Fraction) -> Fraction:
    """Return the rate of editing programs that a rounded one stands for, or itself."""
    best = min(RATES, key=lambda each: abs(each - rate))
    return best if abs(best - rate) < NEARLY * best else Fraction(rate).limit_denominator(1001)


def _measured(times: Sequence[float]) -> Fraction | None:
    lasts = times[-1] - times[0] if times else 0.0
    return Fraction((len(times) - 1) / lasts) if lasts else None


def _stamps(packets: Any) -> list[int]:
    """Return when pictures are shown, in ticks; what lies outside the edit list is not."""
    shown = [packet for packet in packets if not packet.is_discard]
    by_stamp = [packet.dts if packet.pts is None else packet.pts for packet in shown]
    return [stamp for stamp in by_stamp if stamp is not None]


def _timecode_of(container: Any, stream: Any) -> str:
    """Return the time code that a file gives its first picture, "" if it gives none."""
    holders = chain([stream], container.streams.data, [container])
    labels = (str(holder.metadata.get("timecode", "")) for holder in holders)
    return next((each for each in labels if re.fullmatch(r"\d+(?:[:;.]\d+){3}", each)), "")
