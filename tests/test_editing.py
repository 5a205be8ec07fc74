"""Films cut as they are told to: where the cuts lie, what is seen there, what the truth says."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.corpus.manifest import read_manifest
from vmnet.rendered import VIDEO_GENRES, Editing, Style, plan_clip, read_truth, render_corpus
from vmnet.rendered.editing import EARLIEST, SHORTEST, SHORTEST_FADE, UNITS, draw_video_genre
from vmnet.rendered.render import draft_clip, render_clip
from vmnet.rendered.song import BEATS, Section, Song
from vmnet.rendered.truth import truth_of

FPS = 25
SONG = draft_clip(0, 10.0).song


def song(duration: float = 24.0, bar: float = 2.0) -> Song:
    """A song of two sections; its second begins at half of it."""
    half = duration / 2
    sections = (Section("verse", 0.0, half, 0.5), Section("chorus", half, duration, 0.9))
    return replace(SONG, duration=duration, bar=bar, sections=sections)


def cut(editing: Editing, seed: int = 0, **of_song: float) -> np.ndarray:
    return editing.cut(song(**of_song), np.random.default_rng(seed)).cuts


def intensity(events: np.ndarray, cuts: np.ndarray, sigma: float = 0.08) -> float:
    """S of eq. 6.1 of the thesis, for hard cuts: the mean over the events of the windowed cuts."""
    return float(np.exp(-((events[:, None] - cuts) ** 2) / (2 * sigma**2)).sum(axis=1).mean())


# --- where the cuts lie --------------------------------------------------------------------------


def test_worked_examples() -> None:
    """Bars of 2 s, so beats of half a second."""
    np.testing.assert_array_equal(cut(Editing(beats=4, spread=0), duration=8), [50, 100, 150])
    # 1.6, 3.2, 4.8, 6.4 and 8 s go to 2, 4, 4, 6 and 8 s, two frames early.
    moved = Editing(beats=3.2, spread=0, unit="bar", sync=1, offset=-2)
    np.testing.assert_array_equal(cut(moved, duration=8.2), [48, 98, 148, 198])
    section = Editing(beats=3, spread=0, unit="section", sync=1)
    np.testing.assert_array_equal(cut(section), [300])
    both = Editing(beats=40, spread=0, boundary=1, offset=-1)
    np.testing.assert_array_equal(cut(both), [299, 500])


editings = st.builds(
    lambda unit, sync, **others: Editing(unit=unit, sync=sync if unit != "free" else 0, **others),
    unit=st.sampled_from(UNITS),
    sync=st.floats(0, 1),
    beats=st.floats(0.25, 16),
    spread=st.floats(0, 1.5),
    offset=st.integers(EARLIEST, 0),
    boundary=st.floats(0, 1),
    gradual=st.floats(0, 1),
)


@settings(max_examples=60, deadline=None)
@given(editing=editings, seed=st.integers(0, 2**32), seconds=st.floats(0.04, 300))
def test_cuts_and_fades_have_room(editing: Editing, seed: int, seconds: float) -> None:
    drawn = draft_clip(seed, seconds, editing)
    edges = np.array([0, *drawn.cutting.cuts, round(drawn.song.duration * FPS)])
    assert len(edges) == 2 or (np.diff(edges) >= SHORTEST).all()
    fades = drawn.cutting.fades
    assert ((fades == 0) | (fades >= SHORTEST_FADE)).all()
    halves = np.array([0, *fades, 0]) / 2
    for (first, second), (start, stop) in zip(pairwise(halves), pairwise(edges), strict=True):
        assert first + second <= stop - start


def test_cuts_on_bars_are_found_there_and_free_ones_are_not() -> None:
    """S of the downbeats: of synchronous cuts, their number a bar; of free ones, that of chance."""
    lifts = []
    for seed in range(40):
        drawn = draft_clip(seed, 200.0, Editing(beats=6, spread=0.5, unit="bar", sync=1))
        bars, cuts = drawn.song.downbeats[1:], drawn.cutting.cuts / FPS
        assert intensity(bars, cuts) > 0.95 * len(cuts) / len(bars)
        free = draft_clip(seed, 200.0, Editing(beats=6, spread=0.5))
        flat = len(free.cutting.cuts) / 200 * 0.08 * np.sqrt(2 * np.pi)
        lifts.append(intensity(free.song.downbeats, free.cutting.cuts / FPS) / flat)
    error = np.std(lifts) / np.sqrt(len(lifts))
    assert abs(np.mean(lifts) - 1) < 3 * error + 0.03


def test_more_synchrony_is_more_intensity() -> None:
    means = []
    for sync in (0, 0.3, 0.6, 0.9):
        found = [draft_clip(seed, 120, Editing(4, unit="beat", sync=sync)) for seed in range(15)]
        means.append(np.mean([intensity(d.song.beats, d.cutting.cuts / FPS) for d in found]))
    assert (np.diff(means) > 0.03).all(), means


def test_mean_length_of_a_shot_is_as_asked() -> None:
    shots = [len(cut(Editing(beats=4, spread=0.8), seed, duration=400.0)) for seed in range(20)]
    assert 400 / np.mean(shots) == pytest.approx(2.0, rel=0.1)  # 4 beats of half a second


def test_sections_begin_with_a_cut_as_often_as_asked() -> None:
    met = [300 in cut(Editing(beats=16, spread=0, boundary=0.4), seed) for seed in range(400)]
    assert np.mean(met) == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize(
    "wrong",
    [
        {"beats": 0},
        {"spread": -1},
        {"sync": 0.5},
        {"unit": "bar", "sync": 1.1},
        {"unit": "note"},
        {"offset": 1},
        {"offset": -4},
        {"boundary": -0.1},
        {"gradual": 2},
        {"video_genre": "Opera"},
    ],
)
def test_impossible_editings_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"range|moved|no video genre"):
        Editing(**{"beats": 4, **wrong})
    with pytest.raises(ValueError, match="no video genre 'Opera'"):
        draft_clip(0, 1.0, "Opera")


# --- what is seen --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "cuts", "means"),
    [(7, [150, 239], [144.1, 135.2]), (11, [95, 154, 231], [61.2, 70.1, 53.1])],
)
def test_films_without_an_editing_are_what_they_were(seed: int, cuts: list, means: list) -> None:
    plan = plan_clip(seed, {7: 12.0, 11: 20.0}[seed])
    assert plan.film.editing is None
    assert np.round(plan.film.cuts * FPS).astype(int).tolist()[: len(cuts)] == cuts
    shown = [picture.mean() for index, picture in enumerate(plan.pictures()) if index % 120 == 60]
    np.testing.assert_allclose(shown[:3], means, atol=0.5)


def test_one_seed_has_one_song_however_it_is_cut() -> None:
    first, second = plan_clip(4, 8.0), plan_clip(4, 8.0, "Dance")
    assert first.song.sections == second.song.sections
    np.testing.assert_array_equal(first.sound(), second.sound())
    assert first.comment != second.comment
    assert second.film.editing.video_genre == "Dance"


@pytest.mark.parametrize("name", VIDEO_GENRES)
def test_each_kind_shows_what_is_its_own(name: str) -> None:
    plan = plan_clip(3, 60.0, name)
    scenes = [shot.set_up.name for shot in plan.film.shots]
    assert all(before != after for before, after in pairwise(scenes))
    genre = VIDEO_GENRES[name]
    if genre.person is not None:
        shown = {"dancer", "singer"} & set(scenes)
        assert shown <= {genre.person}
    if genre.places:
        assert set(genre.places) & set(scenes)


def test_a_fade_mixes_the_shots_beside_it_and_leaves_the_others_alone() -> None:
    hard = Editing(beats=8, spread=0)
    soft = Editing(beats=8, spread=0, gradual=1)
    before, after = plan_clip(2, 12.0, hard), plan_clip(2, 12.0, soft)
    cuts, fades = (draft_clip(2, 12.0, soft).cutting.cuts, draft_clip(2, 12.0, soft).cutting.fades)
    np.testing.assert_array_equal(before.film.cuts, after.film.cuts)
    assert len(fades)
    assert fades.all()
    differ = [
        index
        for index, (a, b) in enumerate(zip(before.pictures(), after.pictures(), strict=True))
        if (a != b).any()
    ]
    expected = [
        frame
        for cut, fade in zip(cuts, fades, strict=True)
        for frame in range(int(np.floor(cut - fade / 2)), int(np.ceil(cut + fade / 2)))
    ]
    assert set(differ) <= set(expected)
    assert len(differ) > 0.9 * len(expected)


# --- truth and corpora ---------------------------------------------------------------------------


def test_truth_tells_how_a_film_was_cut(tmp_path) -> None:
    render_clip(tmp_path / "a.mp4", 5, 4.0, Editing(beats=2, gradual=1, unit="beat", sync=0.5))
    read = read_truth(tmp_path / "a.mp4")
    assert read.editing == Editing(beats=2, gradual=1, unit="beat", sync=0.5)
    plan = plan_clip(5, 4.0, read.editing)
    assert read.fades == truth_of(plan.film).fades
    np.testing.assert_allclose(read.cuts, plan.film.cuts)
    render_clip(tmp_path / "b.mp4", 5, 4.0)
    assert read_truth(tmp_path / "b.mp4").editing is None
    assert "editing" not in (tmp_path / "b.jams").read_text()


def test_a_corpus_of_edited_films_tells_their_kinds(tmp_path) -> None:
    asked = {"splits": (3, 1, 1), "seconds": (0.6, 0.8), "progress": False}
    clips = render_corpus(tmp_path, editing="any", **asked)
    assert read_manifest(tmp_path / "manifest.csv") == clips
    assert [clip.video_genre for clip in clips] == [
        read_truth(clip.path).editing.video_genre for clip in clips
    ]
    dates = [clip.path.stat().st_mtime_ns for clip in clips]
    render_corpus(tmp_path, editing="any", **asked)
    assert [clip.path.stat().st_mtime_ns for clip in clips] == dates
    render_corpus(tmp_path, editing="Other", **asked)
    assert {read_truth(clip.path).editing.video_genre for clip in clips} == {"Other"}


def test_kinds_are_as_common_as_in_the_thesis_and_dance_goes_with_lively_songs() -> None:
    rng = np.random.default_rng(0)
    styles = [Style.draw(rng) for _ in range(2000)]
    names = [draw_video_genre(style, rng) for style in styles]
    for name, genre in VIDEO_GENRES.items():
        assert names.count(name) / 2000 == pytest.approx(genre.films / 548, abs=0.05)
    lively = np.array([style.energy + style.electronic for style in styles])
    is_dance = np.array([name == "Dance" for name in names])
    assert lively[is_dance].mean() > lively[~is_dance].mean() + 0.15


def test_a_draft_is_the_plan_without_its_scenes() -> None:
    for seed in range(4):
        drawn, plan = draft_clip(seed, 30.0, "any"), plan_clip(seed, 30.0, "any")
        np.testing.assert_array_equal(drawn.cutting.cuts / FPS, plan.film.cuts)
        assert drawn.song.sections == plan.song.sections
        assert drawn.cutting.editing == plan.film.editing
    assert draft_clip(0, 30.0).cutting is None
    assert BEATS == 4
