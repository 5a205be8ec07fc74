r"""Do cuts fall where the music has events? The thesis' second experiment (6.2.3, equation 6.1).

    w(t) = exp(-t^2 / (2 sigma^2))              sigma = 0.08 s, two frames at 25 Hz
    S_i  = sum over frames n of w(t_n - t_i) f(t_n)
    S    = mean of S_i over the music events i of a film

f(t_n) is how likely frame n is the first of a new shot. It marks one frame a cut, so a sharp cut on
the event gives 1; were f = 1 everywhere, S would be 5.013 at 25 Hz. Conventions, which the thesis
leaves open: sigma stays 0.08 s at other frame rates; events within `MARGIN` of an end of the film
are dropped, its own ends among them; a transition that lasts counts with each frame it marks.

S grows with the number of cuts, so it says nothing by itself. Flat f, at a rate of r cuts a second,
gives `expected`, r sigma sqrt(2 pi). The null here is `shifted`: the same film and the same events,
moved against each other in a circle by a random time; the *lift* is S over its mean.
"""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from vmnet.language.clip import ClipEvents

SIGMA = 0.08  # s
MARGIN = 0.25  # s at either end of a film, about the half width of w, in which events are dropped
DRAWS = 100
REACH = 6.0  # sigmas; what lies farther off weighs less than 2e-8


def intensity(
    events: np.ndarray, times: np.ndarray, likelihood: np.ndarray, sigma: float = SIGMA
) -> np.ndarray:
    """Return S_i of equation 6.1.

    Parameters
    ----------
    events : (...) music events in seconds
    times : (n_frames,) s, increasing: when each frame is shown
    likelihood : (n_frames,) of each frame to be the first of a new shot; frames of 0 may be absent
    sigma : s, above 0

    Returns
    -------
    (...) float64, S_i of each event

    Raises
    ------
    ValueError
        If times and likelihood do not belong together, or sigma is not above 0.
    """
    events, times = np.asarray(events, dtype=np.float64), np.asarray(times, dtype=np.float64)
    seen = np.asarray(likelihood, dtype=np.float64)
    if times.shape != seen.shape or times.ndim != 1 or (np.diff(times) < 0).any() or not sigma > 0:
        raise ValueError("each frame has a time, in order, and a likelihood; sigma is above 0")
    first = np.searchsorted(times, events - REACH * sigma)
    last = np.searchsorted(times, events + REACH * sigma, side="right")
    near = first[..., None] + np.arange(int((last - first).max(initial=0)))  # (..., n_near)
    inside = near < last[..., None]
    near = np.where(inside, near, 0)
    if not near.size:
        return np.zeros(events.shape)
    weights = np.exp(-(((times[near] - events[..., None]) / sigma) ** 2) / 2)
    return (weights * seen[near] * inside).sum(axis=-1)


def expected(rate: float | np.ndarray, sigma: float = SIGMA) -> float | np.ndarray:
    """Return S of a film whose f is flat, at `rate` cuts a second: r sigma sqrt(2 pi).

    >>> round(expected(1 / 4.76), 4)  # the thesis' mean shot
    0.0421
    """
    return rate * sigma * sqrt(2 * pi)


def seen(clip: ClipEvents) -> tuple[np.ndarray, np.ndarray]:
    """Return f(t) of a film as (times, likelihood): as measured, or 1 at each known cut."""
    if len(clip.times):
        marked = clip.likelihood > 0
        return clip.times[marked], clip.likelihood[marked]
    return clip.cuts, np.ones(len(clip.cuts))


def inside(clip: ClipEvents, events: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Return the events that lie at least `margin` seconds from either end of a film."""
    events = np.asarray(events, dtype=np.float64)
    return events[(events >= margin) & (events <= clip.duration - margin)]


def cooccurrence(clip: ClipEvents, events: np.ndarray, sigma: float = SIGMA) -> float:
    """Return S of a film and music events in it, in seconds; NaN where there are none."""
    kept = inside(clip, events)
    return float(intensity(kept, *seen(clip), sigma).mean()) if len(kept) else np.nan


def shifted(
    clip: ClipEvents,
    events: np.ndarray,
    least: float,
    draws: int = DRAWS,
    seed: int | Sequence[int] = 0,
    sigma: float = SIGMA,
) -> np.ndarray:
    """Return S with the events moved in a circle: the null of `cooccurrence`.

    Parameters
    ----------
    clip, events, sigma
        As of `cooccurrence`.
    least
        Shortest move either way, in seconds: at least one bar. In a film that is too short for
        that, all moves are taken.
    draws, seed
        How many moves, uniform, and what draws them.

    Returns
    -------
    (draws,) float64; NaN where there are no events
    """
    kept = inside(clip, events)
    if not len(kept):
        return np.full(draws, np.nan)
    moved = (kept + moves(clip, least, draws, seed)[:, None]) % clip.duration
    return intensity(moved, *_in_a_circle(clip, REACH * sigma), sigma).mean(axis=1)


def moves(clip: ClipEvents, least: float, draws: int, seed: int | Sequence[int]) -> np.ndarray:
    """Return by how much to turn a film against its music, (draws,) s; see `shifted`.

    Where cuts are known to the second alone, moves are whole seconds, so that what fell into one
    second before can do so again.
    """
    low = least if 2 * least < clip.duration else 0.0
    drawn = np.random.default_rng(seed).uniform(low, clip.duration - low, draws)
    return np.round(drawn / clip.resolution) * clip.resolution if clip.resolution else drawn


def _in_a_circle(clip: ClipEvents, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return f(t) with the end of the film before its start, and its start after its end."""
    times, likelihood = seen(clip)
    ends, starts = times > clip.duration - reach, times < reach
    return (
        np.concatenate([times[ends] - clip.duration, times, times[starts] + clip.duration]),
        np.concatenate([likelihood[ends], likelihood, likelihood[starts]]),
    )


def offset_curve(
    clip: ClipEvents, events: np.ndarray, lags: np.ndarray, sigma: float = SIGMA
) -> np.ndarray:
    """Return S at the events moved by each lag: below 0 where cuts come before the events.

    Parameters
    ----------
    clip, events, sigma
        As of `cooccurrence`; the same events for all lags, those that no lag moves out of the film.
    lags : (n_lags,) s

    Returns
    -------
    (n_lags,) float64; NaN where there are no events
    """
    lags = np.asarray(lags, dtype=np.float64)
    kept = inside(clip, events, MARGIN + float(np.abs(lags).max(initial=0)))
    if not len(kept):
        return np.full(len(lags), np.nan)
    return intensity(kept + lags[:, None], *seen(clip), sigma).mean(axis=1)
