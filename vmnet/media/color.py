"""Pictures as 8-bit RGB of standard dynamic range.

FFmpeg's swscale turns YUV into RGB by the matrix (BT.601, 709, 2020) and the range that the file
names. It leaves the curves of high dynamic range (PQ, HLG) as they are, so that such pictures look
gray. Here they are first made light: cd/m² by the inverse of PQ, and of HLG for a screen of 1,000
(ITU-R BT.2100-2, tables 4 and 5), over the 203 of reference white (BT.2408). Colors beyond BT.709
are clipped (matrix of BT.2087). Highlights above a knee are compressed towards white, the three
colors alike, so that hues stay: the knee is ours. The result is given the curve of an SDR screen
(BT.1886, gamma 2.4).
"""

from functools import lru_cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc, VideoReformatter

REFERENCE_WHITE = 203.0  # cd/m²
HLG_PEAK = 1000.0  # cd/m²
HLG_GAMMA = 1.2  # of the screen of HLG_PEAK
KNEE = 0.75  # of white; light below stays as it is
SDR_GAMMA = 2.4
STRIP = 2**18  # pixels made light at a time
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
FROM_2020_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)


def rgb(frame: VideoFrame, size: tuple[int, int], converter: VideoReformatter) -> np.ndarray:
    """Return a frame at `size` (width, height) as (height, width, 3) uint8 RGB."""
    curve = LIGHT.get(frame.color_trc)
    if curve is None:
        return converter.reformat(frame, *size, "rgb24", interpolation="BICUBIC").to_ndarray()
    deep = converter.reformat(frame, *size, "rgb48le", interpolation="BICUBIC").to_ndarray()
    strips = np.array_split(deep, max(1, size[0] * size[1] // STRIP))  # 4K in float takes much room
    return np.concatenate([_to_sdr(curve(strip)) for strip in strips])


def pq_light(signal: np.ndarray) -> np.ndarray:
    """Return cd/m² of PQ signals in [0, 1] (SMPTE ST 2084; BT.2100-2, table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = np.power(signal, 1 / m2)
    return 10000 * np.power(np.maximum(power - c1, 0) / (c2 - c3 * power), 1 / m1)


def hlg_scene(signal: np.ndarray) -> np.ndarray:
    """Return the light of the scene, in [0, 1], of HLG signals in [0, 1] (BT.2100-2, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


@lru_cache(maxsize=2)
def _table(trc: int) -> np.ndarray:
    """Return the curve of every 16-bit signal, (65536,) float32."""
    signal = np.arange(2**16) / (2**16 - 1)
    return (pq_light if trc == ColorTrc.SMPTE2084 else hlg_scene)(signal).astype(np.float32)


def _of_pq(deep: np.ndarray) -> np.ndarray:
    return _table(ColorTrc.SMPTE2084)[deep]


def _of_hlg(deep: np.ndarray) -> np.ndarray:
    scene = _table(ColorTrc.ARIB_STD_B67)[deep]
    return HLG_PEAK * (scene @ LUMA_2020)[..., None] ** (HLG_GAMMA - 1) * scene


# From (height, width, 3) uint16 to cd/m², by the transfer characteristic of the frame.
LIGHT = {ColorTrc.SMPTE2084.value: _of_pq, ColorTrc.ARIB_STD_B67.value: _of_hlg}


def _to_sdr(light: np.ndarray) -> np.ndarray:
    """Return 8-bit RGB of BT.709 from cd/m² of BT.2020."""
    linear = np.maximum(light / REFERENCE_WHITE @ FROM_2020_TO_709.T, 0)
    brightest = np.maximum(linear.max(axis=-1, keepdims=True), 1e-9)
    above = np.maximum(brightest - KNEE, 0) / (1 - KNEE)
    compressed = np.where(brightest > KNEE, 1 - (1 - KNEE) * np.exp(-above), brightest)
    return np.rint(255 * (linear * compressed / brightest) ** (1 / SDR_GAMMA)).astype(np.uint8)
