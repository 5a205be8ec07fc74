"""A strip of key frames along the time of a clip."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

Frames = Sequence[tuple[float, np.ndarray]]  # (time in seconds, (h, w, 3) uint8), ascending


def strip_height(frames: Frames, end: float, inches: float, start: float = 0.0) -> float:
    """Return the height at which the typical key frame keeps its shape, 0.3 to 0.8 inches.

    The strip lasts from `start` to `end`, in seconds, each of which is `inches` wide; without
    frames the height is 0.
    """
    if not frames:
        return 0.0
    height, width = frames[0][1].shape[:2]
    cell = float(np.median(np.diff(_edges(frames, start, end)))) * inches
    return float(np.clip(cell * height / width, 0.3, 0.8))


def draw_strip(axes: Axes, frames: Frames, end: float, inches: float, start: float = 0.0) -> None:
    """Draw each key frame from halfway to the one before to halfway to the next."""
    edges = _edges(frames, start, end)
    height = strip_height(frames, end, inches, start)
    for left, right, (_, frame) in zip(edges[:-1], edges[1:], frames, strict=True):
        picture = _crop(frame, (right - left) * inches / height)
        axes.imshow(picture, extent=(left, right, 0, 1), aspect="auto", interpolation="antialiased")
    axes.vlines(edges[1:-1], 0, 1, color="white", lw=1.2)
    axes.set_ylim(0, 1)


def _edges(frames: Frames, start: float, end: float) -> np.ndarray:
    times = np.array([time for time, _ in frames])
    return np.concatenate([[start], (times[:-1] + times[1:]) / 2, [end]])


def _crop(frame: np.ndarray, aspect: float) -> np.ndarray:
    """Return the middle of a picture with width / height = `aspect`."""
    height, width = frame.shape[:2]
    new_width = max(1, min(width, round(height * aspect)))
    new_height = max(1, min(height, round(width / aspect)))
    x, y = (width - new_width) // 2, (height - new_height) // 2
    return frame[y : y + new_height, x : x + new_width]
