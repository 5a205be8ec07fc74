"""S as measured against S of the truth, and what of the truth is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vmnet.language.clip import ClipEvents
from vmnet.language.instrument import SOURCES, detection, instrument
from vmnet.report import figures
from vmnet.report.thesis.results import table


def film(name: str, cuts: list[float], beats: list[float]) -> ClipEvents:
    return ClipEvents(
        name, 20.0, np.array(cuts), np.array([0, 10.0, 20]), beats=np.array(beats),
        downbeats=np.array(beats[::4]), bpm=60, meter=4,
    )  # fmt: skip


BEATS = [float(beat) for beat in range(1, 20)]
TRUTH = [
    film("a", [5.0, 10], BEATS),
    film("b", [1.0, 5, 9, 13], BEATS),
    film("c", [2.0, 3, 4, 5, 6, 7], BEATS),
]


def measured() -> pd.DataFrame:
    """The films measured as they are, but that their music is found half a second late."""
    late = [replace(c, beats=c.beats[:-1] + 0.5, downbeats=c.downbeats + 0.5) for c in TRUTH]
    common = {"corpus": "films", "kind": "rendered", "seed": 0}
    return table({**common, **row} for row in instrument([*late, film("d", [], BEATS)], TRUTH))


def test_where_an_error_comes_from_is_told() -> None:
    found = measured()
    assert set(found["part"]) == {"instrument"}
    s = found[found["metric"] == "S_downbeats"].set_index(["system", "group"])["value"]
    # Downbeats at 1, 5, 9, 13 and 17 s; the film b is cut at four of the five.
    assert s["truth", "clip:b"] == pytest.approx(0.8)
    assert s["measured_shots", "clip:b"] == pytest.approx(0.8)
    assert s["measured", "clip:b"] == s["measured_music", "clip:b"] == pytest.approx(0, abs=1e-8)
    of_all = found[found["group"] == "all"].set_index(["system", "metric"])["value"]
    assert of_all["measured_shots", "spearman_S_beats"] == pytest.approx(1)
    assert of_all["observed", "cut_F"] == 1
    assert of_all["observed", "downbeat_recall"] == 0
    assert of_all["observed", "section_F"] == 1
    assert set(found.loc[found["group"] != "all", "system"]) == set(SOURCES)


def test_detection_without_events() -> None:
    some, none = np.array([1.0]), np.zeros(0)
    np.testing.assert_array_equal(detection(none, none, 1), [np.nan] * 3)
    np.testing.assert_array_equal(detection(some, none, 1), [0, np.nan, np.nan])
    np.testing.assert_array_equal(detection(some, some + 5, 1), [0, 0, 0])


def test_figure_has_a_panel_for_each_kind_of_event() -> None:
    figure = figures.instrument(measured())
    panels = figure.get_axes()
    assert [len(axes.collections[0].get_offsets()) for axes in panels] == [3, 3, 3, 3]
    assert any("rendered" in text.get_text() for text in figure.texts)


def test_figure_of_events_that_were_found_in_no_film() -> None:
    found = measured()
    lost = (found["metric"] == "S_segments") & found["system"].isin(["measured", "measured_music"])
    panels = figures.instrument(found[~lost]).get_axes()
    assert [len(axes.collections[0].get_offsets()) for axes in panels] == [0, 3, 3, 3]
