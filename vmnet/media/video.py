"""The pictures of media files, upright RGB with square pixels, in constant memory."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vmnet.media.color import rgb
from vmnet.media.decode import decode, frame_rate, open_media, video_stream
from vmnet.media.info import n_seconds, require
from vmnet.media.orientation import orientation
from vmnet.media.survey import survey

TIME_ROUNDING = 1e-6  # seconds; a frame stamped 0.5 is on screen at 0.5 whatever floats make of it
SEEK_AFTER = 10.0  # seconds; nearer than this, decoding from the start costs less than seeking


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
    if start > SEEK_AFTER and len(survey(path).timeline.shifts) == 1:  # one stamp, one place
        frames = _frames_after_seek(path, start)
        first = next(frames, None)
        if first is not None and first[0] <= start:
            yield first
            yield from frames
            return
    yield from _frames_after_seek(path, 0.0)


def _frames_after_seek(path: Path, start: float) -> Generator[tuple[float, VideoFrame]]:
    """Yield (time in seconds, frame) from about the last key frame before `start`."""
    timeline = survey(path).timeline
    with open_media(path) as container:
        stream = video_stream(container)
        stream.thread_type = "AUTO"
        if start:
            with suppress(av.FFmpegError):  # no seeking in this format: decode from the start
                container.seek(int((start + timeline.origin) / stream.time_base), stream=stream)
        interval = 1 / (frame_rate(stream) or 25.0)
        time = -float("inf")
        for frame in decode(path, container, stream, timeline):
            if frame.pts is not None:
                stamped = float(frame.pts * stream.time_base) - timeline.origin
                time = max(time, stamped)  # jitter never turns time back
            else:
                time = max(time + interval, 0.0)
            yield time, frame


def _upright(frame: VideoFrame, size: tuple[int, int], converter: VideoReformatter) -> np.ndarray:
    """Return a frame at `size` (width, height) as (height, width, 3) uint8 RGB, upright."""
    turned, mirrored, flipped = orientation(frame)
    width, height = size[::-1] if turned else size
    picture = rgb(frame, (width, height), converter)
    if turned:
        picture = picture.swapaxes(0, 1)
    return np.ascontiguousarray(picture[:: -1 if flipped else 1, :: -1 if mirrored else 1])
