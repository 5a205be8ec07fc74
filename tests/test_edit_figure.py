"""The figure of an edit shows what plays where, and says whose data it is."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from edits import edit_of
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from vmnet.edit.spans import Span
from vmnet.report.figures import EditView, edit, save
from vmnet.report.figures.edit import lanes_of

SPANS = (Span(0, 4, 10, 0), Span(4, 7, 12, 1), Span(7, 9, 15, 2), Span(9, 10, 1, 3))
BEATS = tuple(np.arange(0.5, 30, 0.5))


def view(frames=(), beats=BEATS, **more):
    query, match = edit_of(
        Path("a $1 film.mp4"), Path("song.mp3"), SPANS, 30.0, beats=beats, **more
    )
    return EditView(query, match, "toy", frames)


def row(figure, label):
    return next(axes for axes in figure.axes if axes.get_label() == label)


def test_what_is_heard_is_above_where_it_is_from():
    figure = edit(view(artist="Someone"))
    places = {
        label: [
            (patch.get_x(), patch.get_x() + patch.get_width())
            for patch in row(figure, label).patches
            if isinstance(patch, Rectangle) and patch.get_edgecolor()[3] and patch.get_linewidth()
        ]
        for label in ("music", "track")
    }
    assert places["music"] == [(0, 4), (4, 9), (9, 10)]  # the second and the third span go on
    assert places["track"] == [(10, 14), (12, 17), (1, 2)]
    limits = {axes.get_xlim() for axes in figure.axes}
    assert limits == {(0, 30)}  # one scale
    said = [text.get_text() for text in figure.findobj(Text)]
    wanted = {"Someone: song, cut to a $1 film.mp4", "toy data", "2 cuts", "4 segments"}
    assert wanted <= set(said)
    assert "27% heard" in said  # 8 s of 30: 12 to 14 s twice, but once counted
    assert any("4 pairs" in words for words in said)


def test_rows_without_data_are_left_out_and_pictures_fit():
    labels = {axes.get_label() for axes in edit(view(beats=())).axes}
    assert not labels & {"beats", "beats heard", "pictures"}
    frames = [(t, np.zeros((90, 160, 3), np.uint8)) for t in (1.0, 5.0, 9.0)]
    assert len(row(edit(view(frames)), "pictures").images) == 3


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=12))
def test_no_two_parts_of_a_lane_overlap(parts):
    parts = [(start, start + length) for start, length in parts]
    lanes = lanes_of(parts)
    for (one, lane), (other, other_lane) in combinations(zip(parts, lanes, strict=True), 2):
        assert lane != other_lane or one[1] <= other[0] or other[1] <= one[0]
    depth = max(sum(start <= t < end for start, end in parts) for t in range(60))
    assert depth - 1 <= max(lanes)


@pytest.mark.parametrize("n_events", [1, 60])
def test_one_event_and_many_loops_are_drawn_and_saved(tmp_path, n_events):
    spans = tuple(Span(k, k + 1, 2.0 + k % 2 / 2, k) for k in range(n_events))
    query, match = edit_of(Path("film.mp4"), Path("song.mp3"), spans, 5.0)
    for path in save(edit(EditView(query, match, "toy")), tmp_path, "edit"):
        assert path.stat().st_size > 1000
