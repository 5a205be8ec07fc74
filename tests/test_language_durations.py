"""Shot lengths against beats and bars: table 6.2 of the thesis, and its null."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmnet.language import ClipEvents, durations
from vmnet.language.durations import (
    agreement,
    agrees,
    dominant_shot,
    histogram,
    log_normal_dominants,
    log_normal_shots,
    units_of,
    wilson,
)

lengths = st.lists(st.floats(0.01, 30), min_size=1, max_size=60)


def film(shots, bpm=120.0, meter=4, name="a"):
    """A film of those shots."""
    ends = np.cumsum(shots)
    return ClipEvents(name, float(ends[-1]), ends[:-1], bpm=bpm, meter=meter)


def log_normal(rng, n=60, median=1.6, sigma=1.0):
    return np.exp(np.log(median) + sigma * rng.standard_normal(n)) + 0.04


def test_a_histogram_by_hand():
    # Bins of 0.2 s from 0: [0, 0.2), [0.2, 0.4), [0.4, 0.6), ...
    assert histogram([0.1, 0.3, 0.39, 0.41, 1.0]).tolist() == [1, 2, 1, 0, 0, 1]
    assert dominant_shot([0.1, 0.3, 0.39, 0.41, 1.0]) == pytest.approx(0.3)


def test_a_shot_of_ten_frames_is_in_the_bin_that_it_begins():
    shots = film([2.0, 0.4, 1.0]).shots
    assert shots[1] != 0.4  # 2.4 - 2.0, in binary
    assert histogram(shots[1:2]).tolist() == [0, 0, 1]
    assert dominant_shot(shots[1:2]) == pytest.approx(0.5)


def test_whole_frames_at_25_hz_fall_into_bins_of_five():
    start = 7.36
    bins = [int(np.argmax(histogram([(start + n / 25) - start]))) for n in range(1, 400)]
    assert bins == [n // 5 for n in range(1, 400)]


def test_of_equal_bins_the_shortest_is_dominant():
    assert dominant_shot([5.0, 5.1, 2.0, 2.1]) == pytest.approx(2.1)


@given(lengths, st.sampled_from([0.1, 0.2, 0.4]))
def test_as_the_naive_twin(shots, width):
    assert dominant_shot(shots, width) == pytest.approx(naive.dominant_shot(shots, width))


@given(lengths)
def test_every_shot_is_counted_and_order_does_not_matter(shots):
    assert histogram(shots).sum() == len(shots)
    assert dominant_shot(shots) == dominant_shot(shots[::-1])


@pytest.mark.parametrize("shots", [[], [0.0], [-1.0], [[1.0]]])
def test_what_is_no_shot_is_refused(shots):
    with pytest.raises(ValueError, match="above 0"):
        dominant_shot(shots)


def test_the_bands_exclude_their_ends():
    assert agrees([0.99, 1.01, 2.99, 3.01, 1.0, 3.0], 2.0).tolist() == [
        False, True, True, False, False, False,
    ]  # fmt: skip
    assert not agrees(1.0, np.nan)


def test_units_by_hand():
    # The thesis' example (figure 6.5): 88 beats a minute, bars of 2.727 s.
    units = units_of([film([1.0], bpm=88)])
    assert {name: round(float(unit[0]), 3) for name, unit in units.items()} == {
        "beat": 0.682, "bar": 2.727, "four_bars": 10.909,
    }  # fmt: skip


def test_agreement_by_hand():
    # Beats of 0.5 s, bars of 2 s: shots of about 2 s agree with the bar alone, of 0.5 s the beat.
    films = [film([2.05] * 4), film([0.5] * 4), film([9.0] * 4), film([30.0])]
    rows = {row.unit: row for row in agreement(films)}
    assert {unit: row.count for unit, row in rows.items()} == {"beat": 1, "bar": 1, "four_bars": 1}
    assert rows["bar"].percent == rows["bar"].null == 25  # one tempo: permuting it changes nothing
    assert rows["bar"].p == 1


def test_a_film_that_follows_its_tempo_stands_out_of_the_null():
    rng = np.random.default_rng(0)
    films = []
    for bpm in rng.uniform(50, 200, 80):  # beats of 0.3 to 1.2 s
        films.append(film(60 / bpm * rng.choice([0.98, 1.0, 1.02], 30), bpm))
    beat, bar, _ = agreement(films, draws=200)
    assert beat.percent > 90 > beat.high > beat.null > beat.low
    assert beat.p == pytest.approx(1 / 201)
    assert bar.percent <= bar.null


def test_on_independent_tempi_p_is_uniform():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(120):
        films = [film(log_normal(rng), bpm) for bpm in rng.uniform(60, 180, 40)]
        found.append(agreement(films, draws=99, seed=int(rng.integers(1e9)))[0].p)
    # Ties make p a little too large, never too small.
    assert np.mean(np.array(found) <= 0.1) < 0.2
    assert 0.45 < np.mean(found) < 0.68


def test_drawn_shots_by_hand():
    # Shots of 1 and e^2 s: logarithms 0 and 2, of mean 1 and deviation 1.
    rng, twin = (np.random.default_rng(5) for _ in range(2))
    drawn = log_normal_shots(np.exp([0.0, 2.0]), 3, rng)
    np.testing.assert_allclose(drawn, np.exp(1 + twin.standard_normal((3, 2))))


def test_drawn_shots_between_cuts_known_to_the_second_last_whole_seconds():
    rng = np.random.default_rng(0)
    drawn = log_normal_shots(np.array([1.0, 1.0, 9.0]), 50, rng, resolution=1.0)
    assert drawn.min() == 1
    assert (drawn == np.round(drawn)).all()


def test_shots_that_are_all_alike_are_drawn_as_they_are():
    films = [film([2.05] * 4), film([0.5] * 4), film([9.0] * 4), film([30.0])]
    for row in agreement(films):
        assert row.lognormal == row.lognormal_low == row.lognormal_high == row.percent


def test_the_log_normal_control_is_the_naive_twins():
    rng = np.random.default_rng(3)
    films = [film(log_normal(rng, n=20), bpm) for bpm in rng.uniform(60, 180, 12)]
    rngs = [np.random.default_rng((7, durations._LOG_NORMAL, i)) for i in range(12)]
    beats = [one.beat_seconds for one in films]
    counts = naive.log_normal_counts([one.shots for one in films], beats, rngs, 9, 0.2)
    beat = agreement(films, draws=1, seed=7, shapes=9)[0]
    assert beat.lognormal == pytest.approx(100 * np.mean(counts) / 12)
    assert beat.lognormal_high == pytest.approx(100 * np.percentile(counts, 97.5) / 12)


def test_films_of_log_normal_shots_are_what_the_control_expects():
    # The thesis' percentages, but from shots that know of no music (log-normal, sigma 1.3).
    rng = np.random.default_rng(4)
    films = [film(log_normal(rng, 50, 2.04, 1.3), bpm) for bpm in rng.uniform(75, 140, 150)]
    beat, bar, _ = agreement(films, draws=1, shapes=20)
    for row in (beat, bar):
        assert abs(row.percent - row.lognormal) < 10
    assert beat.lognormal > 2 * bar.lognormal > 0


def test_draws_of_a_film_do_not_depend_on_its_set_and_leave_the_permutations_alone():
    rng = np.random.default_rng(6)
    films = [film(log_normal(rng), bpm) for bpm in rng.uniform(60, 180, 20)]
    for i in (0, 7):
        one, other = (log_normal_dominants(f, i, seed=1) for f in (films[i], films[i]))
        np.testing.assert_array_equal(one, other)
    few, many = (agreement(films, draws=50, shapes=n) for n in (2, 30))
    assert [(r.null, r.low, r.high, r.p) for r in few] == [
        (r.null, r.low, r.high, r.p) for r in many
    ]


def test_groups_are_counted_apart_and_a_seed_repeats():
    rng = np.random.default_rng(2)
    films = [film(log_normal(rng), bpm) for bpm in rng.uniform(60, 180, 30)]
    which = np.arange(30) < 12
    groups = {"few": which, "others": ~which, "all": np.ones(30, bool)}
    rows = agreement(films, groups, draws=50)
    assert rows == agreement(films, groups, draws=50)
    for unit in ("beat", "bar", "four_bars"):
        counts = {row.group: row.count for row in rows if row.unit == unit}
        assert counts["few"] + counts["others"] == counts["all"]
        (null,) = [row.null for row in rows if (row.unit, row.group) == (unit, "all")]
        parts = [row.null * row.n / 30 for row in rows if row.unit == unit and row.group != "all"]
        assert sum(parts) == pytest.approx(null)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="known tempo"):
        agreement([film([1.0], bpm=np.nan)])
    with pytest.raises(ValueError, match="known tempo"):
        agreement([])
    with pytest.raises(ValueError, match="no films"):
        agreement([film([1.0])], {"none": np.array([False])})


def test_wilson_is_wide_where_nothing_was_counted():
    assert wilson(0, 12) == pytest.approx(wilson(12, 12))
    assert 0 < wilson(0, 12) < wilson(6, 12)
