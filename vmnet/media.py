"""Sound and pictures of media files, decoded with PyAV piece by piece, in constant memory.

Conventions
-----------
Time is in seconds on the container's own time line: time 0 is where its earliest stream starts. A
stream that starts before its zero (the priming samples of AAC and Opus) is cut there, not moved.
Sound is mono, the plain mean of all channels of the first sound stream (of a 5.1 recording too,
each channel counting one sixth), resampled with FFmpeg's swresample, and placed by its time stamps:
a late start, or a gap of more than `MAX_DRIFT` seconds, becomes silence. Pictures are RGB, upright
(the rotation of phone videos is applied) with square pixels. Cover art is no video.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vmnet.errors import MediaError

# Only plain media files: no play list that names other files or addresses, no text drawn as video.
FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,wav,flac,mp3,aac"
GUESSED_DURATION = {"mp3", "aac", "mpeg"}  # FFmpeg takes it from the bit rate

# A file is truncated when it ends earlier than its header says by more than both of these.
SHORTFALL = 0.05  # share of the duration
SHORTFALL_SECONDS = 2.0
MAX_DAMAGED = 0.05  # share of packets that may fail to decode
MAX_DRIFT = 0.05  # seconds; time stamps that stray less from the count of samples are jitter
TIME_ROUNDING = 1e-6  # seconds; a frame stamped 0.5 is on screen at 0.5 whatever floats make of it
SEEK_AFTER = 10.0  # seconds; nearer than this, decoding from the start costs less than seeking


@dataclass(frozen=True)
class MediaInfo:
    """What a media file holds.

    `duration` is where the last picture or sound ends, in seconds from time 0. `width` and `height`
    are in pixels as displayed, after rotation. `fps` is the average frame rate. Numbers of a stream
    that is missing are 0. `comment` is the container's comment, "" if there is none.
    """

    duration: float
    has_audio: bool
    has_video: bool
    width: int
    height: int
    fps: float
    sample_rate: int
    channels: int
    comment: str


def probe(path: Path) -> MediaInfo:
    """Read the whole file once, decoding no more than its first frames, and say what it holds.

    Raises
    ------
    MediaError
        If the file is missing, empty, not a media file, truncated, or holds nothing to play.
        A file is truncated when it ends more than 5 % and more than 2 s before its header says.
    """
    path = Path(path)
    with _open(path) as container:
        survey = _survey(container)
        _check_complete(path, container, survey.end)
        sound, picture = survey.first_sound, survey.first_picture
        if survey.end <= 0 or (sound is None and picture is None):
            raise MediaError(f"{path} holds no sound and no pictures: use another file.")
        stream = _video_stream(container)
        width, height = _displayed_size(picture, stream.sample_aspect_ratio) if picture else (0, 0)
        return MediaInfo(
            duration=survey.end,
            has_audio=sound is not None,
            has_video=picture is not None,
            width=width,
            height=height,
            fps=_frame_rate(stream) if picture else 0.0,
            sample_rate=sound.sample_rate if sound else 0,
            channels=sound.layout.nb_channels if sound else 0,
            comment=_comment(container),
        )


def comment(path: Path) -> str:
    """Return the container's comment, "" if it has none, from the header alone.

    Raises
    ------
    MediaError
        If the file is missing, empty or not a media file.
    """
    with _open(Path(path)) as container:
        return _comment(container)


def require(path: Path, audio: bool = True, video: bool = True) -> MediaInfo:
    """Probe a file and insist on the streams that are wanted.

    Raises
    ------
    MediaError
        As `probe`, and if a wanted stream is missing or none of it can be decoded.
    """
    info = probe(path)
    if audio and not info.has_audio:
        raise MediaError(f"{path} has no sound that can be decoded: use a file with a sound track.")
    if video and not info.has_video:
        raise MediaError(f"{path} has no pictures that can be decoded: use a file with video.")
    return info


def n_seconds(duration: float) -> int:
    """Return the number of 1 Hz feature frames of a clip of `duration` seconds: at least one."""
    return max(1, round(duration))


def load_audio(path: Path, sample_rate: int) -> np.ndarray:
    """Return the sound of a file: (n_samples,) float32, mono, in [-1, 1], sample 0 at time 0.

    The array ends where the sound ends: it may be shorter than the file's `duration`, never longer.

    Raises
    ------
    MediaError
        If the file cannot be used or has no sound.
    """
    return np.concatenate(list(_sound(Path(path), sample_rate)))


def audio_blocks(path: Path, sample_rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Yield what `load_audio` returns in blocks of `seconds`; only the last block may be shorter.

    Raises
    ------
    MediaError
        If the file cannot be used or has no sound.
    """
    length = max(1, round(seconds * sample_rate))
    held: list[np.ndarray] = []
    n_held = 0
    for piece in _sound(Path(path), sample_rate):
        held.append(piece)
        n_held += len(piece)
        if n_held >= length:
            samples = np.concatenate(held)
            whole = n_held - n_held % length
            yield from samples[:whole].reshape(-1, length)
            held, n_held = [samples[whole:]], n_held - whole
    if n_held:
        yield np.concatenate(held)


def pictures(
    path: Path, times: Iterable[float], size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Yield the picture on screen at each time: (height, width, 3) uint8 RGB, upright.

    That is the last frame with a time stamp not after the time; before the first frame it is the
    first, after the end the last.

    Parameters
    ----------
    path : Path
        A media file.
    times : iterable of float
        Seconds, ascending; may be endless, since it is read as the pictures are taken.
    size : (int, int), optional
        Width and height of the pictures in pixels; as displayed if None.

    Raises
    ------
    MediaError
        If the file cannot be used or has no pictures.
    ValueError
        If the times do not ascend.
    """
    info = require(path, audio=False)
    yield from _shown(Path(path), iter(times), size or (info.width, info.height))


def second_pictures(path: Path, size: tuple[int, int] | None = None) -> Iterator[np.ndarray]:
    """Yield the pictures at 0.5, 1.5, ... s: one for each of the `n_seconds` of the file.

    Pictures are (height, width, 3) uint8 RGB. Raises as `pictures`.
    """
    info = require(path, audio=False)
    times = (second + 0.5 for second in range(n_seconds(info.duration)))
    yield from _shown(Path(path), times, size or (info.width, info.height))


def all_pictures(
    path: Path, size: tuple[int, int] | None = None
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time in seconds, (height, width, 3) uint8 RGB) of every frame, as they are shown.

    The times are the frames' own, so that variable frame rates stay right. Raises as `pictures`.
    """
    path = Path(path)
    info = require(path, audio=False)
    size = size or (info.width, info.height)
    converter = VideoReformatter()
    with closing(_frames(path)) as frames:
        for time, frame in frames:
            yield time, _upright(frame, size, converter)


def picture_at(path: Path, time: float, size: tuple[int, int] | None = None) -> np.ndarray:
    """Return the picture on screen at `time` seconds: (height, width, 3) uint8 RGB.

    Raises as `pictures`.
    """
    return next(pictures(path, [time], size))


@contextmanager
def _open(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading; what cannot be opened raises a MediaError that says why."""
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name a media file in it.")
    if not path.exists():
        raise MediaError(f"{path} does not exist: check the path.")
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


def _comment(container: InputContainer) -> str:
    tags = {name.lower(): text for name, text in container.metadata.items()}
    return tags.get("comment", "")


def _video_stream(container: InputContainer) -> Any:
    """Return the first VideoStream of moving pictures that has a decoder, or None."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    usable = (s for s in container.streams.video if s.codec_context and not s.disposition & covers)
    return next(usable, None)


def _audio_stream(container: InputContainer) -> Any:
    """Return the first AudioStream that has a decoder, or None."""
    return next((s for s in container.streams.audio if s.codec_context), None)


def _origin(container: InputContainer) -> float:
    """Return the time stamp, in seconds, of time 0."""
    return max(0.0, (container.start_time or 0) / av.time_base)


def _frame_rate(stream: VideoStream) -> float:
    return float(stream.average_rate or stream.guessed_rate or 0)


@dataclass
class _Survey:
    """The end of the last packet in seconds, and the first frame of each kind that decodes."""

    end: float
    first_sound: AudioFrame | None
    first_picture: VideoFrame | None


def _survey(container: InputContainer) -> _Survey:
    """Read every packet of the sound and picture streams; decode until each has given a frame."""
    sound, picture = _audio_stream(container), _video_stream(container)
    streams = [stream for stream in (sound, picture) if stream]
    usual = {stream: _frame_ticks(stream) for stream in streams}
    ends = dict.fromkeys(streams, 0)
    firsts: dict[Stream, Any] = {}
    for packet in _packets(container, streams):
        stream, start = packet.stream, packet.pts if packet.pts is not None else packet.dts
        if start is not None:
            ends[stream] = max(ends[stream], start + (packet.duration or usual[stream]))
        if stream not in firsts:
            firsts.update((stream, frame) for frame in (_decode_packet(packet) or [])[:1])
    for stream in streams:
        if stream not in firsts:
            firsts.update((stream, frame) for frame in _flush(stream)[:1])
    last = max((float(ends[stream] * stream.time_base) for stream in streams), default=0.0)
    return _Survey(last - _origin(container), firsts.get(sound), firsts.get(picture))


def _frame_ticks(stream: Any) -> int:
    """Return how long a picture is shown, in units of the stream's time base; 0 if unknown."""
    rate = _frame_rate(stream) if isinstance(stream, VideoStream) else 0
    return round(1 / (rate * stream.time_base)) if rate else 0


def _check_complete(path: Path, container: InputContainer, end: float) -> None:
    """Raise MediaError if the data end much earlier than the header says."""
    if container.format.name in GUESSED_DURATION or not container.duration:
        return
    # Matroska counts its duration from stamp 0, even if the first stream starts later.
    promised = container.duration / av.time_base - _origin(container)
    if promised - end > max(SHORTFALL * promised, SHORTFALL_SECONDS):
        raise MediaError(
            f"{path} is truncated (it ends at {end:.1f} s of {promised:.1f} s): "
            "copy or download it again."
        )


def _packets(container: InputContainer, streams: list[Stream]) -> Iterator[Packet]:
    """Yield the packets of some streams as far as the data go."""
    if not streams:
        return  # to PyAV, no streams would mean all streams
    try:
        for packet in container.demux(streams):
            if packet.size:  # PyAV ends with empty ones, which stand for a flush
                yield packet
    except (av.FFmpegError, IndexError):  # PyAV's flush ends in IndexError if a stream came late
        return  # the data break off; `probe` refuses the file if that is too early


def _decode_packet(packet: Packet) -> list | None:
    """Return the frames that a packet completes, or None if it is damaged."""
    try:
        return packet.decode()
    except av.FFmpegError:
        return None


def _flush(stream: Any) -> list:
    """Return the frames that the decoder still holds back."""
    try:
        frames = stream.decode(None)
    except av.FFmpegError:
        return []
    for frame in frames:
        frame.time_base = stream.time_base
    return frames


def _decode(path: Path, container: InputContainer, stream: Any) -> Iterator[Any]:
    """Yield the frames of a stream; a few damaged packets are passed over."""
    n_packets = n_damaged = 0
    for packet in _packets(container, [stream]):
        n_packets += 1
        frames = _decode_packet(packet)
        n_damaged += frames is None
        yield from frames or []
    yield from _flush(stream)
    if n_damaged > MAX_DAMAGED * n_packets:
        raise MediaError(
            f"{path} is damaged ({n_damaged} of {n_packets} {stream.type} packets cannot be "
            "decoded): copy or download it again."
        )


def _sound(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield the sound of a file in pieces: (n,) float32 mono in [-1, 1], without gaps from 0 s."""
    n_samples = round(require(path, video=False).duration * sample_rate)
    position = 0
    with _open(path) as container:
        origin = _origin(container)
        frames = _decode(path, container, _audio_stream(container))
        for piece in _resampled(path, frames, sample_rate):
            samples = piece.to_ndarray().reshape(piece.samples, -1).mean(axis=1).clip(-1, 1)
            drift = 0.0 if piece.time is None else (piece.time - origin) * sample_rate - position
            if position == 0 or abs(drift) > MAX_DRIFT * sample_rate:
                samples = _shifted(samples, round(drift))
            samples = samples[: n_samples - position]  # a codec pads its last packet
            position += len(samples)
            if len(samples):
                yield samples
    if position == 0:
        raise MediaError(f"{path} has no sound after its start: use a file with a sound track.")


def _resampled(path: Path, frames: Iterable[AudioFrame], sample_rate: int) -> Iterator[AudioFrame]:
    """Yield float frames at another rate; a stream may change its format on the way.

    They are interleaved, since PyAV crashes on planar frames of more than 8 channels.
    """
    for (layout, _, _), run in groupby(frames, lambda f: (f.layout.name, f.format.name, f.rate)):
        resampler = av.AudioResampler("flt", layout, sample_rate)
        for frame in chain(run, [None]):
            try:
                pieces = resampler.resample(frame)
            except av.FFmpegError:  # more than 64 channels, for one
                raise MediaError(f"{path} has odd sound: convert it to stereo.") from None
            yield from pieces


def _shifted(samples: np.ndarray, shift: int) -> np.ndarray:
    """Put `shift` zeros in front of the samples, or drop `-shift` of them."""
    if shift < 0:
        return samples[-shift:]
    return np.concatenate([np.zeros(shift, samples.dtype), samples])


def _shown(path: Path, times: Iterator[float], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield the picture on screen at each time: the work of `pictures`."""
    first = next(times, None)
    if first is None:
        return
    with closing(_frames(path, first)) as frames:
        converter = VideoReformatter()
        (_, frame), upcoming = next(frames), next(frames, None)
        previous = first
        for time in chain([first], times):
            if time < previous:
                raise ValueError(f"times must ascend, but {time} follows {previous}")
            while upcoming is not None and upcoming[0] <= time + TIME_ROUNDING:
                (_, frame), upcoming = upcoming, next(frames, None)
            previous = time
            yield _upright(frame, size, converter)


def _frames(path: Path, start: float = 0.0) -> Generator[tuple[float, VideoFrame]]:
    """Yield (time in seconds, frame) as shown, from the first or from one not after `start`."""
    if start > SEEK_AFTER:
        frames = _frames_after_seek(path, start)
        first = next(frames, None)
        if first is not None and first[0] <= start:
            yield first
            yield from frames
            return
    yield from _frames_after_seek(path, 0.0)


def _frames_after_seek(path: Path, start: float) -> Generator[tuple[float, VideoFrame]]:
    """Yield (time in seconds, frame) from about the last key frame before `start`."""
    with _open(path) as container:
        stream = _video_stream(container)
        stream.thread_type = "AUTO"
        origin = _origin(container)
        if start:
            with suppress(av.FFmpegError):  # no seeking in this format: decode from the start
                container.seek(int((start + origin) / stream.time_base), stream=stream)
        interval = 1 / (_frame_rate(stream) or 25.0)
        time = -interval
        for frame in _decode(path, container, stream):
            stamped = frame.pts is not None
            time = float(frame.pts * stream.time_base) - origin if stamped else time + interval
            yield time, frame


def _displayed_size(picture: VideoFrame, aspect: Fraction | None) -> tuple[int, int]:
    """Return width and height with square pixels, upright; `aspect` is that of the pixels."""
    size = (round(picture.width * (aspect or 1)), picture.height)
    return size[::-1] if _orientation(picture)[0] else size


def _upright(frame: VideoFrame, size: tuple[int, int], converter: VideoReformatter) -> np.ndarray:
    """Return a frame at `size` (width, height) as (height, width, 3) uint8 RGB, upright."""
    turned, mirrored, flipped = _orientation(frame)
    width, height = size[::-1] if turned else size
    rgb = converter.reformat(frame, width, height, "rgb24", interpolation="BICUBIC").to_ndarray()
    if turned:
        rgb = rgb.swapaxes(0, 1)
    return np.ascontiguousarray(rgb[:: -1 if flipped else 1, :: -1 if mirrored else 1])


def _orientation(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """Return how to show a frame: swap its axes, then mirror left-right, then flip upside down.

    FFmpeg's display matrix is nine integers, row by row: a point (x, y) is shown at
    (a x + c y, b x + d y), where a and b head the first row and c and d the second.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5]
    turned = abs(b) > abs(a)
    return (True, c < 0, b < 0) if turned else (False, a < 0, d < 0)
