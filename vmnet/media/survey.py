"""What a media file holds, read from all of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vmnet.errors import MediaError
from vmnet.media.decode import (
    audio_stream,
    decode_packet,
    flush,
    frame_rate,
    open_media,
    origin_of,
    packets_of,
    video_stream,
)
from vmnet.media.orientation import displayed_size

GUESSED_DURATION = {"mp3", "aac", "mpeg"}  # FFmpeg takes it from the bit rate

# A file is truncated when it ends earlier than its header says by more than both of these.
SHORTFALL = 0.05  # share of the duration
SHORTFALL_SECONDS = 2.0


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
    with open_media(path) as container:
        survey = _survey(container)
        _check_complete(path, container, survey.end)
        sound, picture = survey.first_sound, survey.first_picture
        if survey.end <= 0 or (sound is None and picture is None):
            raise MediaError(f"{path} holds no sound and no pictures: use another file.")
        stream = video_stream(container)
        width, height = displayed_size(picture, stream.sample_aspect_ratio) if picture else (0, 0)
        return MediaInfo(
            duration=survey.end,
            has_audio=sound is not None,
            has_video=picture is not None,
            width=width,
            height=height,
            fps=frame_rate(stream) if picture else 0.0,
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
    with open_media(Path(path)) as container:
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


def _comment(container: InputContainer) -> str:
    tags = {name.lower(): text for name, text in container.metadata.items()}
    return tags.get("comment", "")


@dataclass
class _Survey:
    """The end of the last packet in seconds, and the first frame of each kind that decodes."""

    end: float
    first_sound: AudioFrame | None
    first_picture: VideoFrame | None


def _survey(container: InputContainer) -> _Survey:
    """Read every packet of the sound and picture streams; decode until each has given a frame."""
    sound, picture = audio_stream(container), video_stream(container)
    streams = [stream for stream in (sound, picture) if stream]
    usual = {stream: _frame_ticks(stream) for stream in streams}
    ends = dict.fromkeys(streams, 0)
    firsts: dict[Stream, Any] = {}
    for packet in packets_of(container, streams):
        stream, start = packet.stream, packet.pts if packet.pts is not None else packet.dts
        if start is not None:
            ends[stream] = max(ends[stream], start + (packet.duration or usual[stream]))
        if stream not in firsts:
            firsts.update((stream, frame) for frame in (decode_packet(packet) or [])[:1])
    for stream in streams:
        if stream not in firsts:
            firsts.update((stream, frame) for frame in flush(stream)[:1])
    last = max((float(ends[stream] * stream.time_base) for stream in streams), default=0.0)
    return _Survey(last - origin_of(container), firsts.get(sound), firsts.get(picture))


def _frame_ticks(stream: Any) -> int:
    """Return how long a picture is shown, in units of the stream's time base; 0 if unknown."""
    rate = frame_rate(stream) if isinstance(stream, VideoStream) else 0
    return round(1 / (rate * stream.time_base)) if rate else 0


def _check_complete(path: Path, container: InputContainer, end: float) -> None:
    """Raise MediaError if the data end much earlier than the header says."""
    if container.format.name in GUESSED_DURATION or not container.duration:
        return
    # Matroska counts its duration from stamp 0, even if the first stream starts later.
    promised = container.duration / av.time_base - origin_of(container)
    if promised - end > max(SHORTFALL * promised, SHORTFALL_SECONDS):
        raise MediaError(
            f"{path} is truncated (it ends at {end:.1f} s of {promised:.1f} s): "
            "copy or download it again."
        )
