"""Rendered films: which of them there are, and whether the method finds what was put in."""

import numpy as np
import pytest
from test_language_positions import film

from vmnet.language import Films, recovered
from vmnet.language.measure import planned, plans
from vmnet.language.recovered import as_made, as_set, fisher, set_synchrony
from vmnet.language.sources import MEASURED, PLANS, TRUTH
from vmnet.rendered import Editing


def test_set_synchrony_by_hand():
    free = Editing(beats=4, boundary=0.3)
    on_bars = Editing(beats=4, unit="bar", sync=0.6)
    assert set_synchrony(free, 4) == {"segments": 0.3, "downbeats": 0}
    assert set_synchrony(on_bars, 4) == {"segments": 0, "downbeats": 0.6}
    assert set_synchrony(Editing(beats=4, unit="beat", sync=0.6), 3)["downbeats"] == pytest.approx(
        0.2
    )


def test_what_is_set_in_plans_is_found():
    rows = {
        row["metric"]: row for row in as_set(planned(60), [p.cutting.editing for p in plans(60)])
    }
    assert sorted(rows) == ["S_downbeats as set", "S_segments as set"]
    for row in rows.values():
        assert row["n"] == 60
        assert fisher(row["value"], 60)[0] > 0, row


def test_another_film_s_style_is_not_found():
    editings = [plan.cutting.editing for plan in plans(60)]
    rows = list(as_set(planned(60), editings[1:] + editings[:1]))
    assert all(abs(row["value"]) < 0.4 for row in rows)


def test_measured_and_true_films_are_paired_by_name():
    rng = np.random.default_rng(0)
    truth, measured = [], []
    for k in range(16):
        bars = np.arange(2.5, 58, 2.0)
        cuts = np.sort(np.concatenate([bars[: k + 1], rng.uniform(1, 59, 4)]))
        known = {"boundaries": [0, 16.5, 60]}
        truth.append(film(cuts, **known))
        measured.append(film(cuts + 0.01, **known))
        for side in (truth, measured):
            object.__setattr__(side[-1], "clip_id", f"film {k}")
    rows = {row["metric"]: row for row in as_made(measured[::-1][:14], truth)}
    assert rows["S_downbeats as made"]["n"] == 14
    assert rows["S_downbeats as made"]["value"] > 0.95


def test_films_of_others_recover_nothing():
    class Run:
        seed = 0

    real = (Films("muvi", "real", (film([3]),)), Films(PLANS, "real", (film([3]),)))
    assert recovered(Run, real).empty
    few = (Films(MEASURED, "rendered", (film([3]),)), Films(TRUTH, "rendered", (film([3]),)))
    assert recovered(Run, few).empty
