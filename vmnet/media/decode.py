"""Opening media files, their streams, and the frames in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vmnet.errors import MediaError
from vmnet.media.timeline import Timeline

# Only plain media files: no play list that names other files or addresses, no text drawn as video.
FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,wav,aiff,flac,mp3,aac"
MAX_DAMAGED = 0.05  # share of packets that may fail to decode


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading; what cannot be opened raises a MediaError that says why."""
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name a media file in it.")
    if not path.exists():
        raise MediaError(f"{path} does not exist: check the path.")
    if not path.is_file():
        raise MediaError(f"{path} is no file but a pipe or a device: name a media file.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty: copy or download it again.")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except PermissionError:
        raise MediaError(f"{path} may not be read: change its permissions.") from None
    except av.FFmpegError:
        raise MediaError(_why_unreadable(path)) from None
    with container:
        yield container


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    if is_mp4:
        return (
            f"{path} is truncated or damaged (an MP4 without an index): copy or download it again."
        )
    return f"{path} is not a media file that can be read: convert it to MP4."


def video_stream(container: InputContainer) -> Any:
    """Return the first VideoStream of moving pictures that has a decoder, or None."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    usable = (s for s in container.streams.video if s.codec_context and not s.disposition & covers)
    return next(usable, None)


def audio_streams(container: InputContainer) -> list[Any]:
    """Return the AudioStreams that have a decoder."""
    return [stream for stream in container.streams.audio if stream.codec_context]


def frame_rate(stream: VideoStream) -> float:
    """Return the average frame rate that the container tells, in Hz; 0 where it tells none."""
    return float(stream.average_rate or stream.guessed_rate or 0)


def packets_of(container: InputContainer, streams: list[Stream]) -> Iterator[Packet]:
    """Yield the packets of some streams as far as the data go."""
    if not streams:
        return  # to PyAV, no streams would mean all streams
    try:
        for packet in container.demux(streams):
            if packet.size:  # PyAV ends with empty ones, which stand for a flush
                yield packet
    except (av.FFmpegError, IndexError):  # PyAV's flush ends in IndexError if a stream came late
        return  # the data break off; `probe` refuses the file if that is too early


def decode(path: Path, container: InputContainer, stream: Any, timeline: Timeline) -> Iterator[Any]:
    """Yield the frames of a stream, of all runs; a few damaged packets are passed over."""
    n_packets = n_damaged = 0
    for packet in timeline.restamped(packets_of(container, [stream])):
        n_packets += 1
        frames = decode_packet(packet)
        n_damaged += frames is None
        yield from frames or []
    yield from flush(stream)
    if n_damaged > MAX_DAMAGED * n_packets:
        raise MediaError(
            f"{path} is damaged ({n_damaged} of {n_packets} {stream.type} packets cannot be "
            "decoded): copy or download it again."
        )


def decode_packet(packet: Packet) -> list | None:
    """Return the frames that a packet completes, or None if it is damaged."""
    try:
        return packet.decode()
    except av.FFmpegError:
        return None


def flush(stream: Any) -> list:
    """Return the frames that the decoder still holds back."""
    try:
        frames = stream.decode(None)
    except av.FFmpegError:
        return []
    for frame in frames:
        frame.time_base = stream.time_base
    return frames
