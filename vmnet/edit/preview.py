"""The preview, a video with its new music, and the music alone.

The packets of the pictures are copied as they are. In MP4 and QuickTime the sound is AAC of
256 kbit/s, whose priming and end the container tells to the sample, so that players leave out what
is not music; in Matroska, which counts milliseconds, it is FLAC, which has no priming. Pictures and
sound count from time 0 of the video.
"""

import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet

from vmnet.edit.cutlist import CROSSFADE, Event, events
from vmnet.edit.soundtrack import (
    LOUDNESS,
    RATE,
    assembled,
    decoded,
    frame_of,
    gain_to,
    measure,
    parts,
)
from vmnet.edit.spans import Span
from vmnet.errors import MediaError, VmnetError
from vmnet.media.decode import open_media, packets_of, video_stream
from vmnet.media.info import require
from vmnet.media.survey import survey
from vmnet.store import written_whole

BIT_RATE = 256_000
CHUNK = RATE  # samples given to an encoder at once

CONTAINERS = {
    ".mp4": ("mp4", "aac", "fltp"),
    ".mov": ("mov", "aac", "fltp"),
    ".mkv": ("matroska", "flac", "s32"),
}
"""What a preview can be, by the suffix of its file: container, codec of the sound, its samples."""

MUSIC = {
    ".wav": ("wav", "pcm_s24le", "s32"),
    ".flac": ("flac", "flac", "s32"),
    ".m4a": ("ipod", "aac", "fltp"),
}
"""What the music alone can be, by the suffix of its file."""

# Starts and ends to the sample, not to the millisecond; the index first, for browsers.
ISO_OPTIONS = {"movie_timescale": str(RATE), "movflags": "+faststart"}
OPTIONS = {"mp4": ISO_OPTIONS, "mov": ISO_OPTIONS, "ipod": ISO_OPTIONS, "wav": {"rf64": "auto"}}


def preview(
    video: Path, track: Path, spans: Sequence[Span], output: Path, crossfade: float = CROSSFADE
) -> Path:
    """Write a video with its pictures as they are and a track as its sound.

    The music has `LOUDNESS`, or less where its peaks would exceed `CEILING`; it starts at time 0 of
    the video and ends with the last picture.

    Parameters
    ----------
    video
        A file with pictures.
    track
        A file with sound.
    spans
        What plays under the video: they cover it exactly once, in order.
    output
        Where to write, whole; the suffix chooses the container, see `CONTAINERS`.
    crossfade
        Seconds of the crossfade at each cut, half before it and half after.

    Returns
    -------
    output : Path
        The file.

    Raises
    ------
    MediaError
        If the video or the track cannot be read.
    VmnetError
        If the suffix names no container, or one that cannot hold the pictures.
    ValueError
        If the spans do not cover the video, or leave the track.
    """
    video, track, output = Path(video), Path(track), Path(output)
    form, codec, samples = _by_suffix(output, CONTAINERS, "a preview")
    _check_distinct(output, video, track)
    require(video, audio=False)
    picture = survey(video).picture
    assert picture is not None  # insisted on
    seconds = require(track, video=False).duration
    found = events(spans, seconds, picture.end, crossfade)
    with (
        written_whole(output) as temporary,
        _music(track, found, seconds, temporary.parent, LOUDNESS) as blocks,
        open_media(video) as source,
        av.open(str(temporary), "w", form, options=OPTIONS.get(form, {})) as target,
    ):
        pictures, sound = _streams(source, target, (codec, samples), video, output)
        shown = picture_packets(source, pictures, video)
        for packet in heapq.merge(shown, _sound_packets(sound, blocks), key=_when):
            target.mux(packet)
    return output


def require_holds(video: Path, output: Path) -> None:
    """Refuse, before there is an edit, a preview that could not hold the pictures of a video.

    Raises
    ------
    MediaError
        If the video cannot be read.
    VmnetError
        As `preview`.
    """
    form, *sound = _by_suffix(output, CONTAINERS, "a preview")
    with open_media(video) as source, av.open(io.BytesIO(), "w", form) as target:
        _streams(source, target, (sound[0], sound[1]), video, output)


def music_file(
    track: Path,
    spans: Sequence[Span],
    output: Path,
    loudness: float | None = None,
    crossfade: float = CROSSFADE,
) -> Path:
    """Write the music of an edit alone, as long as its spans: 48 kHz, stereo, 24 bits or AAC.

    Laid at the start of the video it is in sync, in whatever program.

    Parameters
    ----------
    track
        A file with sound.
    spans
        As in `preview`.
    output
        Where to write, whole; the suffix chooses the format, see `MUSIC`.
    loudness
        In LUFS; with None the level stays, but for peaks above -1 dBTP.
    crossfade
        As in `preview`.

    Returns
    -------
    output : Path
        The file.

    Raises
    ------
    MediaError
        If the track cannot be read.
    VmnetError
        If the suffix names no format.
    ValueError
        If the spans do not cover the video, or leave the track.
    """
    track, output = Path(track), Path(output)
    form, codec, samples = _by_suffix(output, MUSIC, "music")
    _check_distinct(output, track)
    seconds = require(track, video=False).duration
    found = events(spans, seconds, crossfade=crossfade)
    with (
        written_whole(output) as temporary,
        _music(track, found, seconds, temporary.parent, loudness) as blocks,
        av.open(str(temporary), "w", form, options=OPTIONS.get(form, {})) as target,
    ):
        for packet in _sound_packets(_sound_stream(target, codec, samples), blocks):
            target.mux(packet)
    return output


@contextmanager
def _music(
    track: Path, found: Sequence[Event], seconds: float, folder: Path, loudness: float | None
) -> Iterator[Iterator[np.ndarray]]:
    """Yield the blocks of the music of an edit, at its loudness."""
    n_samples = round(found[-1].video_out * RATE)
    made = parts(found, seconds)
    last = max(part.end + part.offset for part in made) / RATE
    with decoded(track, last, folder) as sound:
        gain = np.float32(gain_to(loudness, *measure(assembled(sound, made, n_samples))))
        yield (block * gain for block in assembled(sound, made, n_samples, CHUNK))


def _streams(
    source: Any, target: OutputContainer, kind: tuple[str, str], video: Path, output: Path
) -> tuple[Any, Any]:
    """Add the pictures of `source` and new sound to `target`; refuse pictures it cannot hold."""
    stream = video_stream(source)
    try:
        pictures = target.add_stream_from_template(stream, opaque=True)
        sound = _sound_stream(target, *kind)
        target.start_encoding()  # some containers refuse only now
    except (ValueError, av.FFmpegError) as error:
        if isinstance(error, OSError):  # a full disk, say
            raise
        raise VmnetError(
            f"{output} cannot hold the pictures of {video} ({stream.codec_context.name}) as they "
            f"are: name the preview {output.with_suffix('.mkv').name}."
        ) from None
    return pictures, sound


def picture_packets(source: Any, pictures: Any, video: Path) -> Iterator[Packet]:
    """Yield the packets of the pictures for the stream `pictures`, counted from time 0 of `video`.

    `source` is the opened video. What an edit list hides of its start stays hidden in MP4 and
    QuickTime, which can do that.

    Raises
    ------
    MediaError
        If the copy would show what the video hides.
    """
    can_hide = pictures.container.format.name in ("mp4", "mov")
    source.flags |= av.container.Flags.gen_pts.value  # AVI does not say when pictures are shown
    timeline = survey(video).timeline
    for packet in timeline.restamped(packets_of(source, [video_stream(source)])):
        origin = round(timeline.origin / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - origin
        packet.dts = None if packet.dts is None else packet.dts - origin
        if packet.is_discard and not (can_hide and packet.pts is not None and packet.pts < 0):
            raise MediaError(
                f"{video} hides some of its pictures by an edit list, which a copy of them would "
                f"show: {'' if can_hide else 'name the preview .mp4, or '}export the video anew."
            )
        packet.stream = pictures
        yield packet


def _sound_stream(target: OutputContainer, codec: str, sample_format: str) -> Any:
    stream: Any = target.add_stream(codec, rate=RATE, layout="stereo")
    stream.format = sample_format
    if codec == "aac":
        stream.bit_rate = BIT_RATE
    return stream


def _sound_packets(stream: Any, blocks: Iterable[np.ndarray]) -> Iterator[Packet]:
    position = 0
    for block in blocks:
        yield from stream.encode(frame_of(block, position, "fltp"))
        position += len(block)
    yield from stream.encode(None)


def _when(packet: Packet) -> float:
    """Return when a packet is due, s."""
    stamp = packet.pts if packet.dts is None else packet.dts
    return 0.0 if stamp is None else float(stamp * packet.time_base)


def _by_suffix(output: Path, formats: dict[str, Any], what: str) -> Any:
    suffix = output.suffix.lower()
    if suffix not in formats:
        raise VmnetError(f"{output} names no format of {what}: end it in {', '.join(formats)}.")
    return formats[suffix]


def _check_distinct(output: Path, *sources: Path) -> None:
    """Refuse to write over what is read."""
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise VmnetError(f"{output} is what the edit is made of: choose another name.")
