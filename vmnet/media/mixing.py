"""Many channels to one, so that nothing cancels and levels are kept.

Two channels give their plain mean. More than two, of a layout that is known or guessed, give the
mono mix of ITU-R BS.775-3, table 2 (M = 0.7071 L + 0.7071 R + C + 0.5 Ls + 0.5 Rs, without the
subwoofer), so that a centre alone keeps its level and what two fronts share gains 3 dB; `audio`
makes the whole track softer if its mix would clip; of one that starts in stereo, only what is
mixed. Channels of an unknown layout give their mean.

Each is the mean of a left and a right. Where these are nearly each other's inverse, so that the sum
would lose more than 10 dB, the right is turned over first, second by second: by ear, polarity is
nothing. The rule of the seconds is ours.
"""

from collections.abc import Iterable, Iterator
from math import sqrt

import numpy as np

AUDIBLE = 1e-3  # root mean square of a second, -60 dB of full scale; what is softer says nothing
CANCELLED = 0.1  # of its power, the share under which the sum of left and right has cancelled
FADE = 0.01  # seconds, from one polarity to the other

HALF, UNMIXED = sqrt(0.5), (0.0, 0.0)
# What each channel gives to the left and to the right of BS.775's stereo mix. Channels that it does
# not name go where FFmpeg's swresample puts them, but for those above, below and wide (BS.2051):
# they count as the surround channels do, which is ours.
STEREO = {
    "FL": (1.0, 0.0), "FR": (0.0, 1.0), "FC": (HALF, HALF), "LFE": UNMIXED, "LFE2": UNMIXED,
    "BL": (HALF, 0.0), "BR": (0.0, HALF), "SL": (HALF, 0.0), "SR": (0.0, HALF), "BC": (0.5, 0.5),
    "FLC": (1.0, 0.0), "FRC": (0.0, 1.0), "WL": (HALF, 0.0), "WR": (0.0, HALF),
    "TFL": (HALF, 0.0), "TFR": (0.0, HALF), "TFC": (0.5, 0.5), "TC": (0.5, 0.5),
    "TSL": (HALF, 0.0), "TSR": (0.0, HALF), "TBL": (HALF, 0.0), "TBR": (0.0, HALF),
    "TBC": (0.5, 0.5), "BFL": (HALF, 0.0), "BFR": (0.0, HALF), "BFC": (0.5, 0.5),
}  # fmt: skip
# The layouts of files that name none, as FFmpeg guesses them; other numbers may mean anything.
GUESSED = {
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def left_and_right(samples: np.ndarray, channels: tuple[str, ...]) -> np.ndarray:
    """Return (n, 2) float32 with the mono mix as its mean, from (n, n_channels) float32.

    Parameters
    ----------
    samples
        Sound in [-1, 1].
    channels
        FFmpeg's names of the channels, such as FL and FR. A channel of another name is left out
        beside these two; without them it means that none is known.
    """
    if len(channels) == 2:
        return samples
    if not (set(channels) <= STEREO.keys() or {"FL", "FR"} <= set(channels)):
        channels = GUESSED.get(len(channels), ())
    if len(channels) < 2:
        return np.repeat(samples.mean(axis=1, keepdims=True), 2, axis=1)
    # The mono mix is 0.7071 (left + right), and the mean halves: hence the square root of 2.
    weights = sqrt(2) * np.array([STEREO.get(name, UNMIXED) for name in channels], np.float32)
    return samples @ weights.astype(np.float32)


def mono(seconds: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield the mean of left and right, the right turned over where they would cancel.

    Parameters
    ----------
    seconds
        (n, 2) float32, each a second long but for the last.
    sample_rate
        In Hz.

    Yields
    ------
    (n,) float32
    """
    turned: bool | None = None
    fade = np.linspace(0, 1, max(2, round(FADE * sample_rate)), dtype=np.float32)
    for second in seconds:
        before, turned = turned, _must_turn(second, bool(turned))
        mixed = _mean(second, turned)
        if before not in (None, turned):
            head = second[: len(fade)]
            ramp = fade[: len(head)]
            mixed[: len(head)] = ramp * mixed[: len(head)] + (1 - ramp) * _mean(head, not turned)
        yield mixed


def _mean(stereo: np.ndarray, turned: bool) -> np.ndarray:
    if turned:
        return (stereo[:, 0] - stereo[:, 1]) / 2
    return stereo.mean(axis=1)


def _must_turn(second: np.ndarray, turned: bool) -> bool:
    """Tell whether the right must be turned over; between the extremes, all stays as it is."""
    parts = float(np.square(second, dtype=float).sum())
    if parts < 2 * len(second) * AUDIBLE**2:
        return turned
    both = float(np.square(second.sum(axis=1, dtype=float)).sum())
    return both < parts if turned else both < CANCELLED * parts


def loudness(second: np.ndarray) -> float:
    """Return the root mean square of a second of sound."""
    return float(np.sqrt(np.square(second, dtype=float).mean())) if len(second) else 0.0
