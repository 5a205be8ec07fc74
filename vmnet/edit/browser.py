"""Pictures as web browsers play them from disk: linked where they do, else copied or encoded anew.

What Chromium, Firefox and Safari all play without help is little: H.264, VP9 and AV1 in MP4, VP8,
VP9 and AV1 in WebM, of 8 bits and with halved colour. Pictures in another container are moved
into one of these as they are; other pictures are encoded as H.264.
"""

import base64
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vmnet.edit.preview import picture_packets
from vmnet.errors import MediaError
from vmnet.media import all_pictures, pictures, require
from vmnet.media.decode import open_media, video_stream
from vmnet.media.survey import survey
from vmnet.progress import timed
from vmnet.store import fingerprint, key, written_whole

CODECS = {".mp4": {"h264", "av1", "vp9"}, ".webm": {"vp8", "vp9", "av1"}}
PIXELS = {"yuv420p", "yuvj420p"}
FORMATS = {".mp4": "mov", ".webm": "matroska"}  # as FFmpeg calls them
NAMES = {".mp4": "MP4", ".webm": "WebM"}
MAX_START = 0.02  # seconds after stamp 0 at which a file may start and still be linked
MAX_LINES = 540  # of pictures encoded anew
MAX_RATE = 60.0  # Hz, of pictures encoded anew
CLOCK = 90_000  # ticks a second
THUMBNAIL_LINES = 90


@dataclass(frozen=True)
class Shown:
    """A video as a browser plays it, its size in pixels as displayed.

    `has_sound` says whether its own sound is in the file, `how` what was done to the pictures, in
    words, "" if nothing.
    """

    path: Path
    width: int
    height: int
    has_sound: bool = False
    how: str = ""


def for_browsers(path: Path, folder: Path) -> Shown:
    """Put a video that browsers play into a folder; one that is there already is kept.

    The file of the user is linked or copied, or its pictures are moved into a container that
    browsers read, or they are encoded anew, with at most `MAX_LINES` lines.

    Raises
    ------
    MediaError
        If the video cannot be used or has no pictures.
    """
    info = require(path, audio=False)
    suffix, linked = _container(path)
    name = f"video-{key(path=str(path.resolve()), made=fingerprint(path), how=[suffix, linked])}"
    output = folder / f"{name}{suffix or '.mp4'}"
    if linked:
        if not output.exists():
            _link(path, output)
        return Shown(output, info.width, info.height, info.has_audio)
    if suffix and (output.exists() or _move(path, output, (info.width, info.height))):
        how = f"its pictures were moved, as they are, into {NAMES[suffix]}"
        return Shown(output, info.width, info.height, how=how)
    output = folder / f"{name}-encoded.mp4"
    size = _fitted(info.width, info.height)
    if not output.exists():
        with timed("pictures that browsers play"):
            _encode(path, output, size)
    return Shown(
        output, *size, how=f"its pictures were encoded anew, at {size[0]} × {size[1]} pixels"
    )


def thumbnails(path: Path, times: Sequence[float]) -> list[str]:
    """Return the pictures at ascending times, in seconds, as `data:` addresses of small JPEGs.

    Raises
    ------
    MediaError
        If the video cannot be used or has no pictures.
    """
    info = require(path, audio=False)
    size = (max(2, round(info.width * THUMBNAIL_LINES / info.height / 2) * 2), THUMBNAIL_LINES)
    shown = (base64.b64encode(_jpeg(picture)).decode() for picture in pictures(path, times, size))
    return [f"data:image/jpeg;base64,{text}" for text in shown]


def _container(path: Path) -> tuple[str, bool]:
    """Return the suffix of a container in which browsers play the pictures, and if it is theirs.

    The suffix is "" where they play these pictures in none.
    """
    known = survey(path)
    with open_media(path) as container:
        coder = video_stream(container).codec_context
        if coder.pix_fmt not in PIXELS:
            return "", False
        suffix = next(
            (s for s, codecs in CODECS.items() if coder.codec.canonical_name in codecs), ""
        )
        # A WebM is named so: what else is Matroska may hold sound that browsers do not read. A
        # QuickTime file is not MP4 to all of them.
        if path.suffix.lower() == ".webm" and coder.codec.canonical_name in CODECS[".webm"]:
            suffix = ".webm"
        linked = (
            bool(suffix)
            and FORMATS[suffix] in container.format.name.split(",")
            and (suffix == ".mp4" or path.suffix.lower() == ".webm")
            and container.metadata.get("major_brand", "").strip() != "qt"
            and abs(known.timeline.origin) <= MAX_START
            and len(known.timeline.shifts) == 1
        )
    return suffix, linked


def _link(path: Path, output: Path) -> None:
    """Link a file, or copy it where no link may be made, such as to another disk."""
    with suppress(OSError):
        os.link(path.resolve(), output)
        return
    with written_whole(output) as temporary:
        shutil.copyfile(path, temporary)


def _move(path: Path, output: Path, size: tuple[int, int]) -> bool:
    """Copy the pictures into another container without decoding; tell whether that went well.

    It does not if the container lost how the pictures are turned, or refuses them.
    """
    try:
        with written_whole(output) as temporary:
            with open_media(path) as source, av.open(temporary, "w") as target:
                copied = target.add_stream_from_template(video_stream(source), opaque=True)
                for packet in picture_packets(source, copied, path):
                    target.mux(packet)
            made = require(temporary, audio=False)
            if (made.width, made.height) != size:
                raise MediaError(f"{path} is turned.")
    except (av.FFmpegError, MediaError, ValueError):
        return False
    return True


def _encode(path: Path, output: Path, size: tuple[int, int]) -> None:
    """Encode the pictures as H.264, each at its own time."""
    with written_whole(output) as temporary, av.open(temporary, "w") as target:
        options = {"preset": "veryfast", "crf": "23"}
        stream = target.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK)
        latest = -CLOCK
        for time, picture in all_pictures(path, size):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(time * CLOCK), Fraction(1, CLOCK)
            if frame.pts - latest >= CLOCK / MAX_RATE * 0.9:
                latest = frame.pts
                target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def _fitted(width: int, height: int) -> tuple[int, int]:
    """Return a size of even numbers and at most `MAX_LINES` lines, of the same shape."""
    share = min(1.0, MAX_LINES / height)
    return max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2)


def _jpeg(picture: np.ndarray) -> bytes:
    coder = av.CodecContext.create("mjpeg", "w")
    coder.height, coder.width = picture.shape[:2]
    coder.pix_fmt, coder.time_base = "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])
