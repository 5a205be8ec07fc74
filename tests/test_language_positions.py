"""The editors' hypotheses on made-up films, and all numbers of chapter 6 on a set of them."""

from dataclasses import replace

import numpy as np
import pytest

from vmnet.language import ClipEvents
from vmnet.language.experiment import Films, groups_of, results_of
from vmnet.language.positions import (
    LAGS,
    SECONDS,
    cutting_rates,
    near_beats,
    on_downbeats,
    positions,
)


def film(cuts, duration=60.0, **known):
    beats = np.arange(0.5, duration, 0.5)
    known = {"beats": beats, "downbeats": beats[::4], "bpm": 120.0, "meter": 4} | known
    return ClipEvents("a", duration, np.asarray(cuts, dtype=float), **known)


def films(n=30, on_bar=0.8, early=0.0, seed=0):
    """Films of two genres, of which the first is cut on its bars."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(n):
        bars = np.arange(0.5, 60, 2.0)
        some = np.sort(rng.choice(bars[1:], int(on_bar * 15), replace=False)) - early
        free = np.sort(rng.uniform(1, 59, 15))
        first = k % 2 == 0
        bpm = float(rng.uniform(80, 160))
        made.append(
            film(
                some if first else free,
                boundaries=[0, 16.5, 32.5, 60],
                labels=("verse", "chorus1", "end"),
                genre="Pop" if first else "Rock",
                video_genre="Dance" if first or k % 3 == 0 else "Other",
                bpm=bpm,
            )
        )
    return made


def value(rows, **key):
    for name, wanted in key.items():
        rows = rows[rows[name] == wanted]
    assert len(rows) == 1, key
    return float(rows["value"].iloc[0])


def test_shares_of_cuts_on_and_off_the_beat_by_hand():
    # Beats at 0.5, 1, ...: two cuts on one, one in the middle, one on neither.
    shares = near_beats(film([10.0, 20.05, 30.25, 40.12]))
    assert (shares["on_beat"][0], shares["off_beat"][0]) == (0.5, 0.25)
    # By chance, 0.16 of each 0.5 s are within 0.08 s of a beat.
    assert shares["on_beat"][1] == pytest.approx(0.32, abs=0.1)
    assert near_beats(film([])) == {}
    assert near_beats(film([10.0], beats=[])) == {}


def test_cutting_rates_by_hand():
    labels = ("intro", "chorus2", "verse", "chorus", "end")
    clip = film(
        [5, 11, 12, 13, 25, 31, 32, 33, 55], boundaries=[0, 10, 20, 30, 40, 60], labels=labels
    )
    rates = {kind: rate for kind, (rate, _) in cutting_rates(clip).items()}
    # 8 cuts in 40 s of music; choruses have 6 in 20 s.
    assert rates == pytest.approx({"intro": 0.5, "chorus": 1.5, "verse": 0.5})
    nulls = [null for _, null in cutting_rates(clip, draws=2000).values()]
    assert nulls == pytest.approx([1, 1, 1], abs=0.15)
    assert cutting_rates(film([5])) == {}
    assert cutting_rates(film([], boundaries=[0, 60], labels=("verse",))) == {}


def test_boundaries_are_moved_to_the_nearest_downbeat_by_hand():
    # Downbeats at 0.5, 2.5, ..., 58.5.
    clip = film([10], boundaries=[0, 8.4, 9.4, 9.6, 31.5, 60])
    assert on_downbeats(clip).tolist() == [8.5, 10.5, 32.5]  # 9.4 is nearer to 8.5; a tie is later
    assert on_downbeats(film([10], boundaries=[0, 8.4, 60], downbeats=[1.0])).tolist() == []
    assert on_downbeats(film([10], boundaries=[0, 8.4, 60], downbeats=[])).tolist() == []
    assert on_downbeats(film([10], boundaries=[0, 8.4, 60], bpm=np.nan)).tolist() == []


def test_films_without_events_are_left_out_and_named():
    made = [film([10, 20]), film([10, 20], beats=[], downbeats=[]), film([2, 4], duration=9.0)]
    found = positions(made, "downbeats")
    assert found.which.tolist() == [True, False, True]
    assert found.observed.shape == (2,)
    assert found.nulls.shape == (2, 100)
    assert found.curves.shape == (2, len(LAGS))
    nothing = positions(made, "chords")
    assert not nothing.which.any()
    assert nothing.curves.shape == (0, len(LAGS))


def test_cuts_known_to_the_second_have_lags_in_seconds():
    cuts = np.arange(0.5, 60, 3)
    clip = film(cuts, chords=cuts[4:-4], resolution=1.0)
    found = positions([clip], "chords")
    assert found.lags.tolist() == SECONDS.tolist()
    # A cut in the second of each change, and three seconds before and after it.
    assert found.curves[0].round(6).tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
    with pytest.raises(ValueError, match="to the second"):
        positions([clip, film([10])], "chords")


def test_genres_of_ten_films_are_groups():
    made = films(30)
    assert {name: int(of.sum()) for name, of in groups_of(made).items()} == {
        "all": 30, "music:Pop": 15, "music:Rock": 15, "video:Dance": 20, "video:Other": 10,
    }  # fmt: skip
    assert list(groups_of(made[:18])) == ["all", "video:Dance"]


def test_films_cut_on_bars_stand_out_and_free_ones_do_not():
    rows = results_of(Films("made up", "simulated", tuple(films(40))))
    on_bars, free = (
        {"part": "6.3", "metric": "S_downbeats", "group": f"music:{g}"} for g in ("Pop", "Rock")
    )
    assert value(rows, **on_bars, system="observed") > 2 * value(
        rows, **on_bars, system="null_high"
    )
    assert value(rows, **on_bars, system="p") == pytest.approx(1 / 101)
    assert value(rows, **free, system="p") > 0.02
    assert value(rows, **free, system="lift") == pytest.approx(1, abs=0.35)
    assert value(rows, part="H4", metric="highest_lag") == 0
    assert value(rows, part="H2", group="on_beat", system="observed") > 60
    assert value(rows, part="means", metric="bar_seconds") == pytest.approx(2, abs=0.3)
    assert {"bar", "beat", "four_bars", "beat in bins of 0.1 s"} <= set(
        rows[rows.part == "6.2"].metric
    )
    assert not rows.value.isna().any()


def test_cuts_that_come_early_are_found_early():
    rows = results_of(Films("made up", "simulated", tuple(films(30, early=0.12))))
    assert value(rows, part="H4", metric="highest_lag") == -0.12


def test_video_genres_within_music_genres_by_hand():
    rows = results_of(Films("made up", "simulated", tuple(films(60))))
    share = {"part": "6.4", "group": "music:Pop", "system": "observed"}
    assert value(rows, **share, metric="video:Dance") == 100
    assert value(rows, **{**share, "group": "music:Rock"}, metric="video:Dance") == pytest.approx(
        100 / 3
    )
    # Counts 30, 0; 10, 20: chi-square 30 of 60 films.
    assert value(rows, part="6.4", metric="cramers_v", system="observed") == pytest.approx(0.5**0.5)


def test_genres_of_music_and_of_film_that_no_film_has_both_of():
    some = films(60)
    apart = [
        replace(one, **{"genre" if i < 30 else "video_genre": ""}) for i, one in enumerate(some)
    ]
    rows = results_of(Films("made up", "simulated", tuple(apart)))
    assert "6.4" not in set(rows.part)
    mixed = [*some, *(replace(one, genre="", video_genre="Concept") for one in some[:12])]
    rows = results_of(Films("made up", "simulated", tuple(mixed)))
    assert "video:Concept" not in set(rows[rows.part == "6.4"].metric)


def test_a_set_of_which_little_is_known_has_few_rows():
    bare = tuple(replace(one, genre="", video_genre="") for one in films(3))
    rows = results_of(Films("three", "real", bare))
    assert set(rows.group) >= {"all"}
    assert set(rows.part) == {"means", "6.2", "6.3", "lags", "H4"}
    only_cuts = tuple(ClipEvents("a", 60.0, [3, 9]) for _ in range(2))
    assert results_of(Films("two", "real", only_cuts)).metric.tolist() == ["shot_seconds"]
    one = results_of(Films("one", "real", only_cuts[:1]))
    assert one.ci95.isna().all()


def test_cuts_to_the_second_are_not_held_against_beats():
    cuts = [np.arange(k % 3 + 1.5, 59, 3 + k % 2) for k in range(12)]
    made = tuple(film(one, chords=one[1:], resolution=1.0, boundaries=[0, 30, 60]) for one in cuts)
    rows = results_of(Films("coarse", "real", made))
    assert set(rows[rows.part == "6.3"].metric) == {"S_segments_1s", "S_chords_1s"}
    assert set(rows[rows.part == "6.2"].metric) == {"bar_1s", "four_bars_1s"}
    assert value(rows, part="lags", metric="S_chords_1s", system="peak") > 1
