"""Targets, laid out so that many of them are aligned at once."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from vmnet.aligners.sequences import Sequences

GROUP_ROWS = 8192  # segments in a group, so that a block of very long clips stays small


class Layout(NamedTuple):
    """Interleaved clips: in groups, the longest first; in a group by position; there by clip.

    Where a clip of a group has ended, the places of its segments close up: nothing is padded, and
    the first columns of a position belong to the first clips of the group, lane by lane.

    Attributes
    ----------
    clips : (n_clips,) int64
        The clips in the order of the groups.
    members : (n_groups + 1,) int64
        Group g holds `clips[members[g]:members[g + 1]]`.
    positions : (n_groups + 1,) int64
        And the positions `positions[g]:positions[g + 1]`, as many as its longest clip has segments.
    columns : (n_positions + 1,) int64
        Position p takes the places `columns[p]:columns[p + 1]`.
    lengths : (n_clips,) int64
        Segments of each of `clips`.
    rows : (n_segments,) int64
        The segment at each place.
    """

    clips: np.ndarray
    members: np.ndarray
    positions: np.ndarray
    columns: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray

    def select(self, groups: slice) -> "Layout":
        """Return the layout of neighbouring groups alone."""
        members = self.members[groups.start : groups.stop + 1]
        positions = self.positions[groups.start : groups.stop + 1]
        columns = self.columns[positions[0] : positions[-1] + 1]
        clips = slice(members[0], members[-1])
        return Layout(
            self.clips[clips],
            members - members[0],
            positions - positions[0],
            columns - columns[0],
            self.lengths[clips],
            self.rows[columns[0] : columns[-1]],
        )


def interleave(sequences: Sequences) -> Layout:
    """Lay out clips for `vmnet.aligners.kernels`."""
    clips = np.argsort(-sequences.lengths, kind="stable")
    lengths = sequences.lengths[clips]
    members = _groups(lengths)
    positions = np.cumsum([0, *lengths[members[:-1]]], dtype=np.int64)
    first = np.repeat(positions[:-1], np.diff(members))  # position of a clip's first segment
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    position = place + np.repeat(first, lengths)
    rows = place + np.repeat(sequences.offsets[clips], lengths)
    counts = np.bincount(position, minlength=positions[-1])
    columns = np.cumsum([0, *counts], dtype=np.int64)
    order = np.argsort(position, kind="stable")
    return Layout(clips, members, positions, columns, lengths, rows[order])


def _groups(lengths: np.ndarray) -> np.ndarray:
    """Cut clips, the longest first, into runs of at most `LANES` clips and `GROUP_ROWS` rows."""
    from vmnet.aligners.kernels import LANES

    starts = [0]
    while starts[-1] < len(lengths):
        size = np.clip(GROUP_ROWS // lengths[starts[-1]], 1, LANES)
        starts.append(min(starts[-1] + int(size), len(lengths)))
    return np.array(starts, dtype=np.int64)


class Targets(Sequences):
    """Clips that many queries meet: checked and laid out once, not at every query.

    `distance_matrix(query, Targets.prepare(catalog), "nw")` is `distance_matrix(query, catalog,
    "nw")` without the time that the checks and the layout take. The data stay where they are, as
    float16 or float32, in memory or mapped from a file, and must not change.

    Raises
    ------
    ValueError
        If the three do not fit together or a value is not finite.

    Examples
    --------
    >>> from vmnet.aligners import distance_matrix
    >>> catalog = Targets.prepare(Sequences.from_list([[[1, 0], [0, 1]], [[-1, 0]]]))
    >>> distance_matrix(Sequences.from_list([[[0, 1]]]), catalog, "nw")
    array([[-0.95,  0.  ]], dtype=float32)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite(self, "target")
        self.layout  # noqa: B018 (made now, not by the first query)

    @classmethod
    def prepare(cls, sequences: Sequences) -> "Targets":
        """Check clips and lay them out; their data are not copied."""
        return cls(sequences.data, sequences.offsets, sequences.ids)

    @cached_property
    def layout(self) -> Layout:
        """Which segments stand side by side."""
        return interleave(self)


def check_finite(sequences: Sequences, role: str) -> None:
    """Raise ValueError if a value is not finite, and name its clip."""
    from vmnet.aligners.kernels import first_not_finite

    if sequences.data.size == 0:
        return
    half = sequences.data.dtype == np.float16
    bits = sequences.data.view(np.uint16 if half else np.uint32)
    row = first_not_finite(bits, np.uint16(0x7C00) if half else np.uint32(0x7F800000))
    if row >= 0:
        clip = np.searchsorted(sequences.offsets, row, side="right") - 1
        raise ValueError(
            f"{role} clip {sequences.ids[clip]!r} holds a value that is not finite: "
            "compute its embedding again"
        )
