"""Loops: how a track plays on past its end, by jumps between places that sound alike.

As "infinite jukebox" edits do: the music leaves one beat and goes on from an earlier one around
which it sounds most as it would have sounded. On a beat at both ends, the pulse is unbroken.
"""

import numpy as np

from vmnet.edit.spans import TOLERANCE

AROUND = 2  # seconds compared on either side of both places
SHORTEST_LOOP = 4.0  # seconds between the two places of a jump
SHORTEST_PIECE = 1.0  # seconds that play between two jumps
LAST = 20.0  # seconds before its end within which a track is left
JUMP_COST = 0.05  # of the mean cosine: what one jump fewer is worth

Piece = tuple[float, float]
"""Where a track plays from, and for how long, in seconds."""


def likeness(frames: np.ndarray | None, leaving: np.ndarray, entering: np.ndarray) -> np.ndarray:
    """Return how alike a track sounds around each two places.

    That is the mean dot product of the seconds around them, one by one in order, two before and two
    after; before its beginning and after its end a track sounds as there.

    Parameters
    ----------
    frames : (n_seconds, dim) unit norm, or None if they are unknown, and then all is equally alike
    leaving : (p,) s
    entering : (q,) s

    Returns
    -------
    (p, q) float

    Examples
    --------
    The track is A A B B A A B B: second 6 is as second 2, and not at all as second 4.

    >>> A, B = [1.0, 0], [0, 1.0]
    >>> likeness(np.array([A, A, B, B, A, A, B, B]), np.array([6.0]), np.array([2.0, 4.0]))
    array([[1., 0.]])
    """
    if frames is None:
        return np.zeros((len(leaving), len(entering)))
    shifts = np.arange(-AROUND, AROUND)

    def surroundings(times: np.ndarray) -> np.ndarray:
        seconds = np.rint(times)[:, None].astype(int) + shifts
        return frames[seconds.clip(0, len(frames) - 1)].reshape(len(times), -1)

    return surroundings(leaving) @ surroundings(entering).T / len(shifts)


def played(
    start: float,
    seconds: float,
    places: np.ndarray,
    track_seconds: float,
    frames: np.ndarray | None = None,
    kept: float = 0.0,
) -> list[Piece]:
    """Return the pieces of a track that play one after another, from `start` and for `seconds`.

    It is one piece if the track lasts. Else it is left in its last 20 s, by a jump between two
    `places` that are at least 4 s apart and sound alike; each further jump that this makes
    necessary must gain 0.05 of their likeness. Where no places allow it, it is heard to its end and
    begins again.

    Parameters
    ----------
    start : s, in [0, track_seconds)
    seconds : positive
    places : (n,) s, increasing, where it may be left and entered: its beats
    track_seconds : positive
    frames : (n_seconds, dim) unit norm, optional
    kept : s, up to where the track is heard before it is left, if it can be

    Examples
    --------
    Ten seconds of a track of eight, from its beginning: A A B B A A B B, and on as if it came back.

    >>> A, B = [1.0, 0], [0, 1.0]
    >>> frames = np.array([A, A, B, B, A, A, B, B])
    >>> played(0.0, 10.0, np.arange(8.0), 8.0, frames)
    [(0.0, 6.0), (2.0, 4.0)]
    """
    pieces = []
    while start + seconds > track_seconds + TOLERANCE:
        leave, enter = _jump(start, seconds, places, track_seconds, frames, kept)
        pieces.append((start, leave - start))
        seconds -= leave - start
        start = enter
    return [*pieces, (start, seconds)]


def _jump(
    start: float,
    seconds: float,
    places: np.ndarray,
    track_seconds: float,
    frames: np.ndarray | None,
    kept: float,
) -> Piece:
    """Return the place to leave and the place to go on from."""
    earliest = max(start + SHORTEST_PIECE, track_seconds - LAST, kept)
    latest = min(start + seconds - SHORTEST_PIECE, track_seconds)
    leaving = places[(places >= earliest) & (places <= latest)][::-1]  # of equals the last
    entering = places[(places >= 0) & (places <= track_seconds - SHORTEST_LOOP)]
    gained = leaving[:, None] - entering
    allowed = gained >= SHORTEST_LOOP
    if not allowed.any():
        return track_seconds, 0.0
    beyond = (start + seconds - leaving)[:, None] - (track_seconds - entering)  # after this jump
    further = np.ceil(np.maximum(beyond, 0) / np.where(allowed, gained, np.inf))
    worth = likeness(frames, leaving, entering) - JUMP_COST * further
    best = np.where(allowed, worth.round(6), -np.inf).argmax()
    row, column = np.unravel_index(best, worth.shape)
    return float(leaving[row]), float(entering[column])
