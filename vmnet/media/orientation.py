"""How a frame is shown: its size with square pixels, its rotation."""

from fractions import Fraction
from typing import Any

import numpy as np
from av.video.frame import VideoFrame


def displayed_size(picture: VideoFrame, aspect: Fraction | None) -> tuple[int, int]:
    """Return width and height with square pixels, upright; `aspect` is that of the pixels."""
    size = (round(picture.width * (aspect or 1)), picture.height)
    return size[::-1] if orientation(picture)[0] else size


def orientation(frame: VideoFrame) -> tuple[bool, bool, bool]:
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
