"""Rendered films: which of them there are, and whether the method finds what was put in."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_language_positions import film

from vmnet.language import Films, recovered
from vmnet.language.measure import PLAN_SECONDS, planned, plans
from vmnet.language.recovery import as_set, fisher, set_synchrony
from vmnet.language.sources import MEASURED, PLANS, TRUTH
from vmnet.rendered import Editing
from vmnet.report import show


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


def test_plans_are_drawn_once():
    planned(3, 1)
    assert plans(3, 1) is plans(3, seed=1) is plans(3, 1, PLAN_SECONDS)


def test_another_film_s_style_is_not_found():
    editings = [plan.cutting.editing for plan in plans(60)]
    rows = list(as_set(planned(60), editings[1:] + editings[:1]))
    assert all(abs(row["value"]) < 0.4 for row in rows)


def rendered(n):
    """Films measured almost as they are, their boundaries half a second late."""
    rng = np.random.default_rng(0)
    truth, measured = [], []
    for k in range(n):
        bars = np.arange(2.5, 58, 2.0)
        cuts = np.unique(np.concatenate([bars[: k + 1], rng.uniform(1, 59, 4)]))
        one = replace(film(cuts, boundaries=[0, 2 * k + 2.5, 60]), clip_id=f"film {k}")
        truth.append(one)
        measured.append(replace(one, cuts=cuts + 0.01, boundaries=[0, 2 * k + 3.0, 60]))
    return Films(MEASURED, "rendered", tuple(measured)), Films(TRUTH, "rendered", tuple(truth))


class Run:
    seed = 0


def test_what_is_measured_is_held_against_what_was_made(tmp_path):
    found = recovered(Run, rendered(14))
    show("recovered", found, tmp_path)
    table = pd.read_csv(tmp_path / "recovered.csv", keep_default_na=False, dtype=str)
    verdicts = dict(zip(table["what"], table.iloc[:, -1], strict=True))
    assert verdicts["Spearman: S(lbar) measured, and as made"] == "recovered"
    assert verdicts["F of cuts, within 2 frames"] == ""
    values = dict(zip(table["what"], table["value"], strict=True))
    assert values["F of cuts, within 2 frames"] == "1.00 ±0.00"
    assert table["n"].tolist() == ["14"] * len(table)
    assert "that people made" in (tmp_path / "recovered.md").read_text()


def test_of_few_films_nothing_is_said(tmp_path):
    show("recovered", recovered(Run, rendered(6)), tmp_path)
    table = pd.read_csv(tmp_path / "recovered.csv", keep_default_na=False, dtype=str)
    assert set(table.iloc[:, -1]) == {"", "too few films"}


def test_films_of_others_recover_nothing():
    sets = (Films("muvi", "real", (film([3]),)), Films(PLANS, "real", (film([3]),)))
    assert recovered(Run, sets).empty
