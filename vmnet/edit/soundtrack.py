"""The music of an edit, put together to the sample and brought to one loudness.

Every part of it is the track as decoded, moved by a whole number of samples: nothing is stretched.
Where two events meet, one fades out by the cosine and the other in by the sine, so that the powers
add up to one. At the start and the end of the video, and at a cut past which the track has no sound
to fade with, the edge is softened over 10 ms.

The loudness is the integrated one of EBU R 128, measured as ITU-R BS.1770 says by FFmpeg's filter
`ebur128`, which reads block by block. The track lies decoded in a file without a name, so that
memory does not grow with the length of video or track.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import pi
from pathlib import Path
from typing import Any

import av
import numpy as np

from vmnet.edit.cutlist import Event
from vmnet.edit.spans import TOLERANCE
from vmnet.media.audio import stereo_blocks

RATE = 48_000
"""Samples per second of what is put together: that of video."""

EDGE = 0.01
"""Seconds over which an edge without a crossfade is softened."""

LOUDNESS = -16.0
"""LUFS of a preview. AES TD1008 (2021) recommends it for music that is streamed; that all previews
have the same matters more, since of two tracks the louder one seems the better."""

CEILING = -1.0
"""dBTP, which no peak between the samples exceeds: EBU R 128's maximum, and room for the codec."""

SILENT = -70.0  # LUFS, R 128's absolute gate: what is shorter than 0.4 s or softer has no loudness
BLOCK = 10 * RATE  # samples put together at once


@dataclass(frozen=True)
class Part:
    """A part of the track as it sounds, in samples of the video's time.

    It is heard from `start` to `end`; sample i is sample i + `offset` of the track. It rises from
    `start` to `risen`, and falls from `falling` to `end`.
    """

    start: int
    risen: int
    falling: int
    end: int
    offset: int

    def sound(self, track: np.ndarray, first: int, last: int) -> np.ndarray:
        """Return samples `first` to `last` of the part: (n, 2) float32."""
        samples = np.zeros((last - first, 2), np.float32)
        source = track[max(0, first + self.offset) : max(0, last + self.offset)]
        late = max(0, -(first + self.offset))
        samples[late : late + len(source)] = source
        times = np.arange(first, last) + 0.5
        up = _ramp(times, self.start, self.risen)
        down = _ramp(times, self.falling, self.end)
        gain = np.sin(pi / 2 * up) * np.cos(pi / 2 * down)
        return samples * gain[:, None].astype(np.float32)


def _ramp(times: np.ndarray, start: int, end: int) -> np.ndarray:
    """Return what goes from 0 at `start` to 1 at `end`, and is 0 before and 1 after."""
    if end <= start:
        return (times >= start).astype(float)
    return ((times - start) / (end - start)).clip(0, 1)


def parts(found: Sequence[Event], track_seconds: float) -> list[Part]:
    """Return events as parts, with their fades.

    Parameters
    ----------
    found
        The events of an edit, in order.
    track_seconds
        Duration of the track: what starts or ends with it needs no softening there.
    """

    def edge(event: Event) -> float:
        return min(EDGE, (event.video_out - event.video_in) / 2)

    first, last = found[0], found[-1]
    rises = [(0.0, edge(first) if first.track_in > TOLERANCE else 0.0)]
    falls = []
    for before, event in pairwise(found):
        if event.fade_before or event.fade_after:
            rises.append((-event.fade_before, event.fade_after))
            falls.append((-event.fade_before, event.fade_after))
        else:  # the track ends here, or begins
            rises.append((0.0, edge(event)))
            falls.append((-edge(before), 0.0))
    ends = last.track_out >= track_seconds - TOLERANCE
    falls.append((0.0 if ends else -edge(last), 0.0))
    return [
        Part(
            start=_samples(event.video_in + rise[0]),
            risen=_samples(event.video_in + rise[1]),
            falling=_samples(event.video_out + fall[0]),
            end=_samples(event.video_out + fall[1]),
            offset=_samples(event.track_in - event.video_in),
        )
        for event, rise, fall in zip(found, rises, falls, strict=True)
    ]


def _samples(seconds: float) -> int:
    return round(seconds * RATE)


def assembled(
    track: np.ndarray, made: Sequence[Part], n_samples: int, block: int = BLOCK
) -> Iterator[np.ndarray]:
    """Yield the music of an edit in blocks: (n, 2) float32, `n_samples` in all.

    Parameters
    ----------
    track : (n, 2) float32
        The track, at `RATE`.
    made
        The parts of it.
    n_samples
        How long the video is.
    block
        Samples of a block; only the last may be shorter.
    """
    for first in range(0, n_samples, block):
        last = min(first + block, n_samples)
        mixed = np.zeros((last - first, 2), np.float32)
        for part in made:
            start, end = max(first, part.start), min(last, part.end)
            if start < end:
                mixed[start - first : end - first] += part.sound(track, start, end)
        yield mixed


@contextmanager
def decoded(track: Path, seconds: float, folder: Path) -> Iterator[np.ndarray]:
    """Yield the first `seconds` of a track, (n, 2) float32 at `RATE`, mapped from a file.

    The file lies in `folder`, has no name and is gone afterwards.

    Raises
    ------
    MediaError
        If the track cannot be read.
    """
    n_samples = _samples(seconds)
    with tempfile.TemporaryFile(dir=folder) as file:
        n_read = 0
        for samples in stereo_blocks(track, RATE, BLOCK / RATE):
            file.write(samples.tobytes())
            n_read += len(samples)
            if n_read >= n_samples:
                break
        file.flush()
        yield np.memmap(file, np.float32, "r", shape=(n_read, 2))


def measure(blocks: Iterable[np.ndarray]) -> tuple[float, float]:
    """Return the integrated loudness in LUFS and the true peak in dBTP of (n, 2) blocks.

    What has no loudness has -70 LUFS.
    """
    graph = av.filter.Graph()
    tick = Fraction(1, RATE)
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="stereo", time_base=tick)
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    loudness, peak, position = SILENT, 0.0, 0
    for block in blocks:
        source.push(frame_of(block, position, "flt"))
        position += len(block)
        peak = max(peak, float(np.abs(block).max(initial=0)))  # of what the meter leaves, too
        for said in _said(sink):
            loudness = max(SILENT, float(said["lavfi.r128.I"]))
            peak = max(peak, float(said["lavfi.r128.true_peak"]))
    return loudness, 20 * float(np.log10(max(peak, 1e-10)))


def _said(sink: Any) -> Iterator[dict[str, str]]:
    """Yield what the meter says of each tenth of a second that it has done."""
    while True:
        try:
            yield dict(sink.pull().metadata)
        except (av.BlockingIOError, av.EOFError):
            return


def gain_to(target: float | None, loudness: float, peak: float) -> float:
    """Return the factor that brings music to `target` LUFS, as far as its peak lets it.

    With None, or where there is no loudness, the level stays as it is; in each case the true peak
    comes to `CEILING` at most.

    >>> round(gain_to(-16.0, -22.0, -12.0), 3), round(gain_to(-16.0, -22.0, -4.0), 3)
    (1.995, 1.413)
    """
    wanted = 0.0 if target is None or loudness <= SILENT else target - loudness
    return float(10 ** (min(wanted, CEILING - peak) / 20))


def frame_of(samples: np.ndarray, position: int, form: str) -> av.AudioFrame:
    """Return (n, 2) float32 samples as a frame of "flt" or "fltp", stamped by its position."""
    planes = samples.T if form == "fltp" else samples.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), form, "stereo")
    frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), position
    return frame
