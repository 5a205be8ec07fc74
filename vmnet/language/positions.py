"""Where the cuts of many films fall: S at each kind of musical event, and the editors' hypotheses.

Editors, composers and directors told the thesis (6.1) what a language of clips might be. What of it
can be tested on films with known events, each beside the same with film and music turned against
each other in a circle (`cooccurrence.shifted`):

    H1  form is directed: cuts where sections begin       S at segment boundaries
    H2  cuts follow the rhythm, not always on the beat    S at beats; `near_beats`
    H3  cutting is faster in choruses                     `cutting_rates`
    H4  some cut just before the downbeat                 `Positions.curves`, their highest lag
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vmnet.language.clip import ClipEvents
from vmnet.language.cooccurrence import (
    DRAWS,
    SIGMA,
    cooccurrence,
    inside,
    moves,
    offset_curve,
    shifted,
)


def on_downbeats(clip: ClipEvents) -> np.ndarray:
    """Return the boundaries between sections, each moved to the nearest downbeat.

    Programs find boundaries to half a second or so, which is far for a sigma of 0.08 s: S at
    boundaries tells as much of the program as of the film. A boundary that is more than a bar from
    any downbeat is left out.
    """
    boundaries = clip.boundaries[1:-1]
    if not len(clip.downbeats) or np.isnan(clip.bar_seconds):
        return np.zeros(0)
    after = np.searchsorted(clip.downbeats, boundaries).clip(0, len(clip.downbeats) - 1)
    before = (after - 1).clip(0)
    sooner = boundaries - clip.downbeats[before] < clip.downbeats[after] - boundaries
    nearest = clip.downbeats[np.where(sooner, before, after)]
    return np.unique(nearest[np.abs(nearest - boundaries) <= clip.bar_seconds])


EVENTS: dict[str, Callable[[ClipEvents], np.ndarray]] = {
    "segments": lambda clip: clip.boundaries[1:-1],
    "segments_moved": on_downbeats,
    "downbeats": lambda clip: clip.downbeats,
    "beats": lambda clip: clip.beats,
    "chords": lambda clip: clip.chords,
}
"""Musical events by kind: their times in a film, in seconds."""

COARSE = ("segments", "chords")
"""What cuts that are known to the second can be held against: a bar lasts little longer."""

NO_MUSIC = ("", "silence", "end")  # of the Harmonix set: before the song, and after it
BAR = 2.3  # s, the thesis' mean, where the bar of a film is not known
LAGS = np.round(np.arange(-12, 13) * 0.04, 2)  # s: frames at 25 Hz
SECONDS = np.arange(-5.0, 6.0)  # s: lags where cuts are known to the second


@dataclass(frozen=True, eq=False)
class Positions:
    """S of many films at one kind of event.

    `which` (n_films,) tells which films have such events; of these, in order, `observed` (n,) is S,
    `nulls` (n, draws) the same with the music turned, `curves` (n, n_lags) S at each of `lags` (s).
    """

    event: str
    which: np.ndarray
    observed: np.ndarray
    nulls: np.ndarray
    curves: np.ndarray
    lags: np.ndarray


def least_move(clip: ClipEvents) -> float:
    """Return the shortest move that makes a null, in seconds: a bar, and beyond all lags."""
    bar = clip.bar_seconds
    return max(BAR if np.isnan(bar) else bar, clip.resolution * SECONDS[-1])


def sigma_at(clip: ClipEvents, event: str) -> float:
    """Return sigma of equation 6.1: the thesis', or as coarse as the cuts are known.

    Chords known to the second, as the cuts are, are counted where both fall into the same second.
    """
    return SIGMA if event == "chords" else max(SIGMA, clip.resolution)


def positions(
    clips: Sequence[ClipEvents], event: str, draws: int = DRAWS, seed: int = 0
) -> Positions:
    """Return S of films at one kind of event, a key of `EVENTS`, beside its null and its lags.

    Raises
    ------
    ValueError
        If some films know their cuts to the frame and others to the second.
    """
    if len({clip.resolution for clip in clips}) > 1:
        raise ValueError("films whose cuts are known to the frame, and others to the second")
    lags = SECONDS if clips and clips[0].resolution else LAGS
    which = np.zeros(len(clips), bool)
    observed, nulls, curves = [], [], []
    for i, clip in enumerate(clips):
        events, sigma = EVENTS[event](clip), sigma_at(clip, event)
        curve = offset_curve(clip, events, lags, sigma)
        which[i] = np.isfinite(curve).all()
        if which[i]:
            observed.append(cooccurrence(clip, events, sigma))
            nulls.append(shifted(clip, events, least_move(clip), draws, (seed, i), sigma))
            curves.append(curve)
    return Positions(
        event,
        which,
        np.array(observed),
        np.array(nulls).reshape(-1, draws),
        np.array(curves).reshape(-1, len(lags)),
        lags,
    )


def near_beats(
    clip: ClipEvents, draws: int = DRAWS, seed: int | Sequence[int] = 0, within: float = SIGMA
) -> dict[str, tuple[float, float]]:
    """Return the shares of cuts on and off the beat, each with its null (H2).

    On is within `within` seconds of a beat, off within as much of the middle between two. The null
    is the mean share with the cuts moved in a circle. Empty where there are no cuts or beats.
    """
    cuts = inside(clip, clip.cuts)
    if len(clip.beats) < 2 or not len(cuts):
        return {}
    by_chance = (cuts + moves(clip, least_move(clip), draws, seed)[:, None]) % clip.duration
    middles = (clip.beats[1:] + clip.beats[:-1]) / 2

    def share(times: np.ndarray, events: np.ndarray) -> float:
        return float((_distance(times, events) <= within).mean())

    return {
        name: (share(cuts, at), share(by_chance, at))
        for name, at in (("on_beat", clip.beats), ("off_beat", middles))
    }


def _distance(times: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Return how far each time is from the nearest event, in seconds."""
    around = np.concatenate([[-np.inf], events, [np.inf]])
    after = np.searchsorted(events, times) + 1
    return np.minimum(times - around[after - 1], around[after] - times)


def cutting_rates(
    clip: ClipEvents, draws: int = DRAWS, seed: int | Sequence[int] = 0
) -> dict[str, tuple[float, float]]:
    """Return how fast each kind of section is cut, relative to all music, and its null (H3).

    2 is twice as many cuts a second as over all sections that are music: what comes before and
    after the song is left out. "verse2" is a verse. Empty where no such section has a cut.
    """
    kinds = [re.sub(r"[\d_ ]+$", "", label.lower()) for label in clip.labels]
    is_music = np.array([kind not in NO_MUSIC for kind in kinds], dtype=bool)
    if not is_music.any():
        return {}
    lengths = np.diff(clip.boundaries)
    turned = (clip.cuts + moves(clip, least_move(clip), draws, seed)[:, None]) % clip.duration
    section_of = [_section(clip, times) for times in (clip.cuts, turned)]
    in_music = [is_music[index].sum() for index in section_of]
    if not all(in_music):
        return {}
    rates = {}
    for kind in dict.fromkeys(kind for kind in kinds if kind not in NO_MUSIC):
        of_kind = np.array([one == kind for one in kinds])
        share = lengths[of_kind].sum() / lengths[is_music].sum()
        cuts, by_chance = (
            float(of_kind[index].sum() / n / share)
            for index, n in zip(section_of, in_music, strict=True)
        )
        rates[kind] = (cuts, by_chance)
    return rates


def _section(clip: ClipEvents, times: np.ndarray) -> np.ndarray:
    """Return the index of the section that each time is in."""
    return np.searchsorted(clip.boundaries[1:-1], times, side="right")
