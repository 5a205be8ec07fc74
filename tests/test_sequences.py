"""Ragged sequences: what they refuse, what they give back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners.sequences import Sequences


def of_lengths(lengths: list[int], dim: int = 3) -> Sequences:
    data = np.arange(sum(lengths) * dim, dtype=np.float32).reshape(-1, dim)
    return Sequences.from_list(np.split(data, np.cumsum(lengths)[:-1]))


def test_from_list_joins_and_getitem_takes_apart():
    arrays = [np.ones((2, 3)), np.zeros((1, 3)), np.full((4, 3), 5.0)]
    sequences = Sequences.from_list(arrays, ids=["a", "b", "c"])
    assert len(sequences) == 3
    assert sequences.dim == 3
    assert sequences.ids == ("a", "b", "c")
    assert sequences.data.dtype == np.float32
    assert sequences.offsets.tolist() == [0, 2, 3, 7]
    assert sequences.lengths.tolist() == [2, 1, 4]
    for part, array in zip(sequences, arrays, strict=True):
        np.testing.assert_array_equal(part, array)
    np.testing.assert_array_equal(sequences[-1], arrays[-1])
    assert np.shares_memory(sequences[1], sequences.data)
    with pytest.raises(IndexError):
        sequences[3]


def test_default_ids_count_from_zero():
    assert of_lengths([1, 1, 2]).ids == ("0", "1", "2")


@pytest.mark.parametrize(
    ("data", "offsets", "ids", "says"),
    [
        (np.zeros((3, 2)), [0, 1, 3], ("a", "b"), "float32 or float16 array, not float64"),
        (np.zeros((3, 2), int), [0, 1, 3], ("a", "b"), "float32 or float16 array, not int64"),
        (np.zeros((3, 2, 1), np.float32), [0, 1, 3], ("a", "b"), "n_segments, dim"),
        (np.zeros((3, 4), np.float32)[:, ::2], [0, 1, 3], ("a", "b"), "C-contiguous"),
        (np.zeros((3, 2), np.float32), [0.0, 1.0, 3.0], ("a", "b"), "int64"),
        (np.zeros((3, 2), np.float32), [0, 1, 2], ("a", "b"), "from 0 to the 3"),
        (np.zeros((3, 2), np.float32), [1, 2, 3], ("a", "b"), "from 0 to the 3"),
        (np.zeros((3, 2), np.float32), [0, 3, 3], ("a", "b"), "'b' has no segment"),
        (np.zeros((3, 2), np.float32), [0, 4, 3], ("a", "b"), "'b' has no segment"),
        (np.zeros((3, 2), np.float32), [0, 1, 3], ("a",), "as many ids"),
        (np.zeros((3, 2), np.float32), [0, 1, 3], ("a", "a"), "'a' is used more than once"),
    ],
)
def test_refuses_what_does_not_fit(data, offsets, ids, says):
    with pytest.raises(ValueError, match=says):
        Sequences(data, np.asarray(offsets), ids)


@pytest.mark.parametrize(
    "arrays", [[], [np.zeros(3)], [np.zeros((2, 3)), np.zeros((2, 4))], [np.zeros((0, 3))]]
)
def test_from_list_refuses_ragged_dims_and_empty_clips(arrays):
    with pytest.raises(ValueError, match=r"of one dim|has no segment"):
        Sequences.from_list(arrays)


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=8).flatmap(
        lambda lengths: st.tuples(
            st.just(lengths), st.permutations(range(len(lengths))), st.integers(0, len(lengths))
        )
    )
)
def test_select_is_a_list_of_getitems(case):
    lengths, order, n_chosen = case
    sequences = of_lengths(lengths)
    chosen = sequences.select(order[:n_chosen])
    assert chosen.ids == tuple(str(i) for i in order[:n_chosen])
    assert len(chosen) == n_chosen
    for i, part in zip(order, chosen, strict=False):
        np.testing.assert_array_equal(part, sequences[i])


def test_select_takes_masks_and_slices():
    sequences = of_lengths([1, 2, 3])
    assert sequences.select(sequences.lengths > 1).ids == ("1", "2")
    assert sequences.select(slice(0, 2)).ids == ("0", "1")


def test_selected_neighbours_are_a_view():
    sequences = of_lengths([1, 2, 3, 1])
    for neighbours in (slice(1, 3), [1, 2], sequences.lengths > 1):
        assert np.shares_memory(sequences.select(neighbours).data, sequences.data)
    for others in ([2, 1], [0, 2], slice(None, None, 2), slice(0, 0)):
        assert not np.shares_memory(sequences.select(others).data, sequences.data)


def test_map_keeps_clips_and_changes_dim():
    sequences = of_lengths([2, 1])
    mapped = sequences.map(lambda data: data[:, :2].astype(np.float64) + 1)
    assert mapped.dim == 2
    assert mapped.ids == sequences.ids
    np.testing.assert_array_equal(mapped[1], sequences[1][:, :2] + 1)
    with pytest.raises(ValueError, match="from 0 to the 1 segments"):
        sequences.map(lambda data: data[:1])


def test_save_and_load(tmp_path):
    sequences = Sequences.from_list([np.eye(3), np.ones((1, 3))], ids=["été", "b"])
    sequences.save(tmp_path / "segments.npz")
    loaded = Sequences.load(tmp_path / "segments.npz")
    assert loaded.ids == sequences.ids
    np.testing.assert_array_equal(loaded.offsets, sequences.offsets)
    np.testing.assert_array_equal(loaded.data, sequences.data)


def test_half_precision_is_kept_until_it_is_mapped(tmp_path):
    halves = Sequences(
        np.linspace(0, 1, 6).astype(np.float16).reshape(3, 2), np.arange(4), tuple("abc")
    )
    assert halves.select([2, 0]).data.dtype == np.float16
    assert halves.map(lambda data: data).data.dtype == np.float32
    halves.save(tmp_path / "halves.npz")
    loaded = Sequences.load(tmp_path / "halves.npz")
    assert loaded.data.dtype == np.float16
    np.testing.assert_array_equal(loaded.data, halves.data)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_data_may_be_mapped_from_a_file(tmp_path, dtype):
    kept = Sequences(np.arange(12, dtype=dtype).reshape(6, 2), np.array([0, 2, 3, 6]), tuple("abc"))
    np.save(tmp_path / "data.npy", kept.data)
    mapped = Sequences(np.load(tmp_path / "data.npy", mmap_mode="r"), kept.offsets, kept.ids)
    assert isinstance(mapped.data, np.memmap)
    assert isinstance(mapped[1], np.memmap)  # a view: nothing is read before it is used
    assert mapped.dim == 2
    np.testing.assert_array_equal(mapped.select([2, 1]).data, kept.select([2, 1]).data)
    np.testing.assert_array_equal(mapped.map(np.sqrt).data, kept.map(np.sqrt).data)
    with pytest.raises(ValueError, match="read-only"):
        mapped[0][0, 0] = 1
