"""Output units: the tags that their tracks share, and what random tracks share."""

import itertools

import numpy as np
import pytest

from vmnet.similarity.units import LEVEL, analyse_units, units_sentence


def test_by_hand_every_five_counted() -> None:
    # Seven tracks, four with x and two with y; the unit's five have three of x and both of y.
    has = np.array([[1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 0], [1, 0]])
    activation = np.array([[9.0], [8], [7], [6], [5], [4], [3]])
    (unit,) = analyse_units(activation, has, ["x", "y"])
    assert unit.tracks == (0, 1, 2, 3, 4)
    assert unit.shared == (("x", 3), ("y", 2))
    # 10 of all 21 fives have both of y, and more than 10 have three of x: y surprises more.
    # Two of x are always there; four of x, 3 / 21, would surprise more than both of y.
    counts = [has[list(five)].sum(axis=0) for five in itertools.combinations(range(7), 5)]
    assert sum(y == 2 for _, y in counts) == 10
    assert sum(x == 4 for x, _ in counts) == 3
    as_remarkable = np.mean([y == 2 or x == 4 for x, y in counts])
    assert unit.p == pytest.approx(as_remarkable, abs=0.02)
    assert unit.p_corrected == unit.p


def test_units_that_listen_to_tags_are_found_among_those_that_do_not() -> None:
    rng = np.random.default_rng(0)
    tagged = rng.uniform(size=(150, 20)) < 0.06
    embeddings = rng.normal(size=(150, 40))
    embeddings[:, :3] = 5 * tagged[:, :3] + 0.1 * embeddings[:, :3]
    units = analyse_units(embeddings, tagged, [f"tag {j}" for j in range(20)])
    assert all(unit.p_corrected <= LEVEL for unit in units[:3])
    assert units[0].shared[0] == ("tag 0", 5)
    assert sum(unit.p_corrected <= LEVEL for unit in units[3:]) <= 1
    assert "40 units share tags at p <= 0.05, where 2.0 would by chance" in units_sentence(units)


def test_few_units_are_below_5_percent_where_there_is_nothing() -> None:
    rng = np.random.default_rng(1)
    tagged = rng.uniform(size=(200, 60)) < rng.uniform(0.02, 0.5, 60)
    units = analyse_units(rng.normal(size=(200, 400)), tagged, [str(j) for j in range(60)])
    below = np.mean([unit.p <= LEVEL for unit in units])
    assert below - LEVEL <= 3 * np.sqrt(LEVEL * (1 - LEVEL) / 400)


def test_one_track_an_artist() -> None:
    artists = ["Ann", "Ann", "Bob", "Cem", "Cem", "Dan", "Eve", "Flo"]
    has = np.array([[a in ("Ann", "Cem")] for a in artists])
    activation = -np.arange(8.0)[:, None]
    (unit,) = analyse_units(activation, has, ["x"], artists)
    assert unit.tracks == (0, 2, 3, 5, 6)
    assert unit.shared == (("x", 2),)
    with pytest.raises(ValueError, match="different artists"):
        analyse_units(activation, has, ["x"], ["Ann"] * 8)


def test_a_unit_that_never_changes_tells_nothing() -> None:
    has = np.array([[1]] * 5 + [[0]] * 20)
    (unit,) = analyse_units(np.zeros((25, 1)), has, ["x"])
    assert unit.p == 1


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        analyse_units(np.zeros((6, 2)), np.zeros((6, 3)), ["x"])
