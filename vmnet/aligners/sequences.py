"""Ragged sequences: the segments of many clips in one array."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from vmnet.store import load_arrays, save_arrays

_DTYPES = (np.float32, np.float16)


@dataclass(frozen=True, eq=False)
class Sequences:
    """The segment vectors of many clips, one clip after the other, at least one segment a clip.

    Attributes
    ----------
    data : (n_segments, dim) float32 or float16, C-contiguous
        One row per segment (or frame), in the order of the clips and of time. It may be mapped from
        a file (`np.load(path, mmap_mode="r")`): nothing here copies it whole but `map` and `save`.
    offsets : (n_clips + 1,) int64
        Clip i owns the rows `offsets[i]:offsets[i + 1]`; starts at 0, ends at n_segments, and
        increases strictly.
    ids : tuple of n_clips str
        The clips' names, each once.

    Raises
    ------
    ValueError
        If the three do not fit together.

    Examples
    --------
    >>> clips = Sequences.from_list([[[1, 0], [0, 1]], [[1, 0]]], ids=["night", "day"])
    >>> len(clips), clips.dim, clips.lengths.tolist(), clips[1].tolist()
    (2, 2, [2, 1], [[1.0, 0.0]])
    """

    data: np.ndarray
    offsets: np.ndarray
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        data, offsets = self.data, self.offsets
        if data.ndim != 2 or data.dtype not in _DTYPES or not data.flags.c_contiguous:
            raise ValueError(
                f"sequence data must be a C-contiguous (n_segments, dim) float32 or float16 array, "
                f"not {data.dtype} of shape {data.shape}"
            )
        if offsets.ndim != 1 or offsets.dtype != np.int64 or len(offsets) == 0:
            raise ValueError(
                f"sequence offsets must be an (n_clips + 1,) int64 array, "
                f"not {offsets.dtype} of shape {offsets.shape}"
            )
        if offsets[0] != 0 or offsets[-1] != len(data):
            raise ValueError(
                f"sequence offsets must go from 0 to the {len(data)} segments, "
                f"not from {offsets[0]} to {offsets[-1]}"
            )
        if len(self.ids) != len(self):
            raise ValueError(f"{len(self)} sequences need as many ids, not {len(self.ids)}")
        empty = np.flatnonzero(self.lengths < 1)
        if len(empty):
            raise ValueError(f"clip {self.ids[empty[0]]!r} has no segment: leave it out")
        if len(set(self.ids)) != len(self.ids):
            twice = next(name for name in self.ids if self.ids.count(name) > 1)
            raise ValueError(f"clip id {twice!r} is used more than once: ids must differ")

    @classmethod
    def from_list(
        cls, arrays: Sequence[ArrayLike], ids: Sequence[str] | None = None
    ) -> "Sequences":
        """Join `arrays`, one (n_segments_i, dim) array a clip, as float32.

        The ids are "0", "1", ... unless given.

        Raises
        ------
        ValueError
            If `arrays` is empty, an array is not 2-d or has no row, or their dims differ.
        """
        parts = [np.asarray(array, dtype=np.float32) for array in arrays]
        names = tuple(str(i) for i in range(len(parts))) if ids is None else tuple(map(str, ids))
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) != 1 or any(part.ndim != 2 for part in parts):
            raise ValueError(
                f"sequences need one or more (n_segments, dim) arrays of one dim, "
                f"not shapes {sorted({part.shape for part in parts})}"
            )
        offsets = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        return cls(np.concatenate(parts), offsets, names)

    @classmethod
    def load(cls, path: Path) -> "Sequences":
        """Read what `save` wrote."""
        arrays = load_arrays(path)
        return cls(arrays["data"], arrays["offsets"], tuple(arrays["ids"].tolist()))

    def save(self, path: Path) -> None:
        """Write one .npz file, whole, with the arrays `data`, `offsets` and `ids`."""
        save_arrays(path, data=self.data, offsets=self.offsets, ids=np.array(self.ids, dtype=str))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        """Return the (n_segments_i, dim) rows of clip `index`, a view."""
        index = range(len(self))[index]
        return self.data[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    @property
    def lengths(self) -> np.ndarray:
        """Segments per clip, (n_clips,) int64."""
        return np.diff(self.offsets)

    @property
    def dim(self) -> int:
        """Length of one segment vector."""
        return self.data.shape[1]

    def map(self, function: Callable[[np.ndarray], ArrayLike]) -> "Sequences":
        """Apply `function`, (n_segments, dim) -> (n_segments, other dim), to all rows at once.

        The result is float32, in memory.
        """
        return Sequences(_float32(function(self.data)), self.offsets, self.ids)

    def select(self, indices: list[int] | np.ndarray | slice) -> "Sequences":
        """Return the clips at `indices` (integers, each once, or a boolean mask), in that order.

        The data of neighbours is a view.
        """
        chosen = np.arange(len(self))[indices]
        lengths = self.offsets[chosen + 1] - self.offsets[chosen]
        offsets = np.cumsum([0, *lengths], dtype=np.int64)
        rows: slice | np.ndarray
        if len(chosen) and (np.diff(chosen) == 1).all():
            rows = slice(self.offsets[chosen[0]], self.offsets[chosen[-1] + 1])
        else:
            rows = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], lengths)
        return Sequences(self.data[rows], offsets, tuple(self.ids[i] for i in chosen))


def _float32(values: ArrayLike) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32)
