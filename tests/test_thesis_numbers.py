"""The thesis' printed numbers: their sums, their percentages, and where they contradict."""

import numpy as np
import pytest

from vmnet.report.thesis import numbers
from vmnet.report.thesis.results import DIRECTIONS, KEY

VALUES = numbers.values()
HALVES = ("music", "video")


def column(part, metric, half):
    """Return genre -> number for one half of a table of chapter 6."""
    found = numbers.printed(part).query("metric == @metric")
    of_half = found[found["group"].str.startswith(f"{half}:")]
    return dict(zip(of_half["group"], of_half["value"], strict=True))


def value(part, system, metric, group="", direction=""):
    return VALUES[(part, system, group, direction, metric)]


def test_each_number_has_one_key_and_is_a_number():
    found = numbers.numbers()
    assert not found.duplicated(list(KEY)).any()
    assert np.isfinite(found["value"]).all()
    assert set(found["direction"]) <= set(DIRECTIONS)
    assert {part: len(rows) for part, rows in found.groupby("part")} == {
        "4.2": 21, "C.4": 20, "5.1": 18, "5.2": 45, "5.3": 26, "6.2": 72, "6.3": 26,
        "B.2": 6, "dispersion": 2, "intra": 4, "lengths": 4, "means": 3, "time": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"no numbers of part '4\.4'"):
        numbers.printed("4.4")


def test_table_6_2_sums_as_the_text_says_but_for_one():
    of_beat, of_bar, films = (
        {half: sum(column("6.2", metric, half).values()) for half in HALVES}
        for metric in ("films_beat", "films_bar", "films")
    )
    assert films == {"music": 521, "video": 548}
    assert of_bar["video"] == value("6.2", "observed", "films_bar", "all") == 95
    assert of_beat["video"] == 330
    assert value("6.2", "observed", "films_beat", "all") == 329  # the text has one fewer


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("unit", ["bar", "beat"])
def test_the_percentages_of_table_6_2_are_those_of_its_counts(half, unit):
    films, counts = column("6.2", "films", half), column("6.2", f"films_{unit}", half)
    for group, percent in column("6.2", unit, half).items():
        assert round(100 * counts[group] / films[group], 1) == percent, group


def test_the_percentages_of_all_films_are_those_of_the_counts():
    for unit in ("bar", "beat", "four_bars"):
        count = value("6.2", "observed", f"films_{unit}", "all")
        assert round(100 * count / 548, 1) == value("6.2", "observed", unit, "all")


def test_the_halves_of_table_6_3_contradict_each_other():
    """Both average the same S over the same films, so 0.36 for Pop cannot be. Nobody mends it."""
    sums = {}
    for half in HALVES:
        films, mean = column("6.2", "films", half), column("6.3", "S_segments", half)
        sums[half] = sum(films[group] * mean[group] for group in mean)
    assert mean.keys() == films.keys()
    assert sums["video"] == pytest.approx(99.2, abs=0.1)
    assert sums["music"] == pytest.approx(148.0, abs=0.1)  # of 521 films, not all
    assert sums["music"] > sums["video"]
    pop = value("6.3", "observed", "S_segments", "music:Pop")
    others = sums["music"] - 271 * pop
    assert pop == 0.36
    # Each mean is rounded by 0.005 at most, and the 27 films left out have S of 0 at least.
    assert (sums["video"] - others + 0.005 * (548 + 250)) / 271 == pytest.approx(0.195, abs=5e-4)
    with_16 = (others + 271 * 0.16) / 521
    assert (with_16, sums["video"] / 548) == (
        pytest.approx(0.180, 0.01),
        pytest.approx(0.181, 0.01),
    )


def test_the_first_hit_is_at_4_05_and_not_at_5_6():
    of_autopool = {m: value("4.2", "tl_autopool", m) for m in ("rr_at_20", "recall_at_20")}
    assert of_autopool["rr_at_20"] == 24.68
    assert 100 / of_autopool["rr_at_20"] == pytest.approx(4.05, abs=0.005)
    assert 100 / of_autopool["recall_at_20"] == pytest.approx(5.64, abs=0.005)
    assert value("4.2", "tl_autopool", "first_hit_rank") == 5.6


def test_chapter_5_is_that_of_the_papers_file_under_the_names_of_its_tables():
    assert value("5.1", "triplet", "mean_rank", direction="V2M") == 209
    assert value("5.1", "bce", "mean_rank ci95", direction="M2V") == 12
    assert value("5.2", "openl3", "R@25", direction="M2V") == 39.9
    assert value("5.3", "attention", "R@10", direction="V2M") == 22.5
    for direction in ("V2M", "M2V"):
        for metric in ("R@1", "R@10", "R@25", "mean_rank"):
            key = {"metric": metric, "direction": direction}
            assert value("5.1", "triplet", **key) == value("5.2", "handcrafted", **key)
            assert value("5.2", "audioset", **key) == value("5.3", "mean", **key)


def test_the_hours_of_chapter_5_are_fewer_than_those_of_appendix_B():
    hours = numbers.numbers().query("metric == 'hours'").set_index(["part", "system"])["value"]
    trained = hours.drop("B.2").drop([("5.2", "handcrafted")])  # the triplet system of table 5.1
    assert trained.sum() == 603
    assert hours[("B.2", "chapter_5")] == 983
    assert hours["B.2"].drop("all").sum() == hours[("B.2", "all")] == 2543


def test_two_systems_are_printed_with_and_without_intra_modal_terms():
    from vmnet.report import paper

    with_terms = {"handcrafted": ("5.2", "handcrafted"), "audioset": ("5.2", "audioset")}
    without = {"handcrafted": paper.BASELINE_1, "audioset": paper.BASELINE_2}
    for group, (part, system) in with_terms.items():
        key = {"metric": "mean_rank", "direction": "V2M"}
        assert value("intra", "with_intra", group=group, **key) == value(part, system, **key)
        assert value("intra", "without_intra", group=group, **key) == paper.rank(without[group])
