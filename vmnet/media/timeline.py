"""One time line through a file, even where its time stamps start again.

The stamps of two MPEG-TS recordings joined end to end start again in the middle, as do those of a
DVD's chapters or of a chained Ogg. They step back there, or all streams step on at once. What lies
between two such jumps is a run. Every run is moved, sound and pictures together, to where the run
before it ends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from av.packet import Packet

MAX_STEP_BACK = 0.5  # seconds; stamps that go back by less are jitter
MAX_STEP_ON = 60.0  # seconds; MPEG stamps come every 0.7 s (ISO/IEC 13818-1, 2.7.4)
DISCONTINUOUS = {"mpegts", "mpeg"}  # formats whose clocks may jump, and wrap: 33 bits at 90 kHz
WRAP = 2**33


@dataclass(frozen=True)
class Clock:
    """How the stamps of a file run: the longest step on, in seconds, and whether they wrap.

    Stamps that wrap are put within half a turn of the one before, and the first of each stream
    within half a turn of `reference`, in ticks.
    """

    max_step: float = float("inf")
    reference: int | None = None


@dataclass(frozen=True)
class Timeline:
    """Where time 0 lies, and how the runs of a file follow each other.

    `origin` is the stamp of time 0 and `shifts` what is added to the stamps of each run (0 for the
    first), in seconds.
    """

    clock: Clock
    origin: float
    shifts: tuple[float, ...]

    def restamped(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Yield the packets of one stream with stamps that count on from run to run."""
        for run, packet in with_runs(packets, self.clock):
            shift = self.shifts[min(run, len(self.shifts) - 1)]
            if shift:
                _move(packet, round(shift / packet.time_base))
            yield packet


def with_runs(packets: Iterable[Packet], clock: Clock) -> Iterator[tuple[int, Packet]]:
    """Yield (run, packet) of one stream or of several, each stream's runs counted from 0."""
    latest: dict[int, int] = {}
    runs: dict[int, int] = {}
    for packet in packets:
        index = packet.stream_index
        run = runs.setdefault(index, 0)
        stamp = packet.pts if packet.dts is None else packet.dts
        if clock.reference is not None and stamp is not None:
            turns = round((latest.get(index, clock.reference) - stamp) / WRAP)
            if turns:
                _move(packet, turns * WRAP)
        if packet.dts is not None:  # those of pictures shown out of order go up all the same
            step = float((packet.dts - latest.get(index, packet.dts)) * packet.time_base)
            run = runs[index] = run + (step < -MAX_STEP_BACK or step > clock.max_step)
            latest[index] = packet.dts
        yield run, packet


def _move(packet: Packet, ticks: int) -> None:
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks


def shifts_of(starts: list[float], ends: list[float]) -> tuple[float, ...]:
    """Return what moves each run to the end of the one before it, from where each starts and ends.

    >>> shifts_of([1.5, 1.5, 7.0], [11.5, 11.5, 8.0])
    (0.0, 10.0, 14.5)
    """
    shifts = [0.0]
    for start, end in zip(starts[1:], ends, strict=False):
        shifts.append(end + shifts[-1] - start)
    return tuple(shifts)
