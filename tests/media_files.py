"""Small media files of many kinds, made with PyAV for the tests.

Frame k of a made video is gray of level `4 k`, so that a picture tells its frame; a made sound is
silence with one click, so that a time stamp can be heard.
"""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def gray(n_frames: int, size: tuple[int, int] = (160, 90)) -> list[np.ndarray]:
    return [np.full((*size[::-1], 3), 4 * index, np.uint8) for index in range(n_frames)]


def click(at: float, seconds: float, rate: int, n_channels: int) -> np.ndarray:
    """Silence of (n_channels, seconds * rate) samples with a bump of 4 ms around one time."""
    sound = np.zeros((n_channels, round(seconds * rate)), np.float32)
    half = round(0.002 * rate)
    centre = round(at * rate)
    sound[:, centre - half : centre + half + 1] = 0.8 * np.hanning(2 * half + 1)
    return sound


def write(
    path: Path,
    frames: Iterable[np.ndarray] = (),
    sound: np.ndarray | None = None,
    *,
    stamps: Iterable[int] | None = None,
    fps: int = 25,
    rate: int = 44100,
    layout: str = "stereo",
    sound_start: float = 0.0,
    codecs: tuple[str, str] = ("libx264", "aac"),
    rotation: tuple = (),
    aspect: Fraction | None = None,
    b_frames: int = 0,
    format: str | None = None,
    bit_rate: int | None = None,
    comment: str | None = None,
    **options: Any,
) -> Path:
    """Write a media file; `stamps` are the frames' times in units of 1 / fps."""
    frames = list(frames)
    with av.open(path, "w", format, options=options) as container:
        if comment:
            container.metadata["comment"] = comment
        if frames:
            video = container.add_stream(codecs[0], rate=fps)
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt = "yuv420p"
            video.codec_context.max_b_frames = b_frames
            if aspect:
                video.codec_context.sample_aspect_ratio = aspect
            if rotation:
                video.set_display_rotation(*rotation)
        if sound is not None:
            audio = container.add_stream(codecs[1], rate=rate, layout=layout)
            if bit_rate:
                audio.bit_rate = bit_rate
        if frames:
            for stamp, array in zip(stamps or itertools.count(), frames, strict=False):
                frame = av.VideoFrame.from_ndarray(array, "rgb24")
                frame.pts, frame.time_base = stamp, Fraction(1, fps)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = round(sound_start * rate)
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def write_tracks(path: Path, *tracks: np.ndarray, rate: int = 16000) -> Path:
    """Write pictures of two seconds and sound tracks of one channel, without loss."""
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 90, 160, "yuv420p"
        streams = [container.add_stream("pcm_f32le", rate=rate, layout="mono") for _ in tracks]
        for index, picture in enumerate(gray(50)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for stream, sound in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(sound[None], "flt", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def frame_of(picture: np.ndarray) -> int:
    return round(float(picture.mean()) / 4)


def cut(source: Path, target: Path, share: float) -> Path:
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def noise(seconds: float, rate: int = 44100) -> np.ndarray:
    """Sound that does not compress, so that bytes are spread evenly over time."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, (2, round(seconds * rate))).astype("f4")
