"""Events of films as they are measured, drawn and true: the same films, and one bad clip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vmnet.config import PROFILES
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.media_source import MediaSource
from vmnet.corpus.opening import Opening, open_corpus
from vmnet.errors import VmnetError
from vmnet.experiment.run import Run
from vmnet.language import experiment, measure, results_of, sources
from vmnet.language.measure import events, film_run, music_genre, planned, plans, true_events
from vmnet.rendered import Editing, plan_clip, render_clip, render_corpus

SECONDS = 8.0
CUT = Editing(beats=2, spread=0.3, unit="beat", sync=1.0, boundary=1.0, video_genre="Dance")


def run_on(corpus: Corpus, folder: Path) -> Run:
    return Run(PROFILES["smoke"], corpus, 0, 1, folder, folder, (), "", "")


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Run:
    """Two films, one of which tells its tempo, and a file that is none."""
    folder = tmp_path_factory.mktemp("films")
    for name, seed in (("a", 1), ("b", 4)):
        render_clip(folder / f"{name}.mp4", seed, SECONDS, CUT)
    (folder / "bad.mp4").write_bytes(b"no film")
    clips = (
        Clip("a", folder / "a.mp4", "train", genre="Pop", video_genre="Dance", bpm=99.5, meter=3),
        Clip("bad", folder / "bad.mp4", "valid"),
        Clip("b", folder / "b.mp4", "test"),
    )
    return run_on(Corpus("films", "rendered", clips, MediaSource(folder / "kept")), folder)


@pytest.fixture(scope="module")
def measured(films: Run) -> list:
    return events(films)


def test_one_bad_clip_is_told_of_and_the_others_go_on(films, measured, capsys) -> None:
    assert [clip.clip_id for clip in measured] == ["a", "b"]
    assert len(events(films)) == 2  # the reason is remembered
    assert "bad is left out: " in capsys.readouterr().err
    bad = replace(films.corpus, clips=films.corpus.clips[1:2])
    with pytest.raises(VmnetError, match="no clip of 'films' can be measured"):
        events(replace(films, corpus=bad))


def test_cuts_are_found_at_the_first_frame_of_the_new_shot(films, measured) -> None:
    for found, true in zip(
        measured, true_events([films.corpus.clips[i] for i in (0, 2)]), strict=True
    ):
        assert len(true.cuts) > 4
        near = np.abs(found.cuts[:, None] - true.cuts).min(axis=1)
        assert np.median(near) < 1e-6
        met = np.abs(true.cuts[:, None] - found.cuts).min(axis=1) < 0.05
        assert met.mean() > 0.8
        highest = found.times[found.likelihood > 0.5]
        np.testing.assert_allclose(highest, found.cuts, atol=0.081)
        assert found.duration == pytest.approx(SECONDS, abs=0.1)
        assert (found.boundaries[0], found.boundaries[-1]) == (0, found.duration)
        assert len(found.beats) > 4


def test_what_a_manifest_tells_is_not_estimated(measured) -> None:
    told, other = measured
    assert (told.genre, told.video_genre, told.bpm, told.meter) == ("Pop", "Dance", 99.5, 3)
    assert (np.diff(np.searchsorted(told.beats, told.downbeats)) == 3).all()
    assert other.genre == other.video_genre == ""
    assert other.bpm == pytest.approx(60 / np.median(np.diff(other.beats)))


def test_what_was_measured_is_not_measured_again(films, measured, monkeypatch) -> None:
    monkeypatch.setattr(measure, "_bars", lambda *_, **__: 1 / 0)  # there is nothing left to do
    again = events(films)
    for one, other in zip(measured, again, strict=True):
        np.testing.assert_array_equal(one.likelihood, other.likelihood)
        np.testing.assert_array_equal(one.downbeats, other.downbeats)


def test_a_folder_of_one_film_has_numbers_and_says_which_it_lacks(films, measured, capsys) -> None:
    one = replace(films, corpus=replace(films.corpus, clips=films.corpus.clips[:2]), noticed=("x",))
    of_folder = sources._measured(one, "librosa")
    assert "x\n" in capsys.readouterr().err
    assert of_folder.about.startswith("1 of 2 films, measured")
    said = experiment.limits(of_folder)
    assert said.startswith("one film: no intervals; tempi of one film cannot be permuted")
    systems = results_of(of_folder).groupby("part")["system"].agg(set)
    assert systems["6.2"] == {"observed", "lognormal", "lognormal_low", "lognormal_high"}
    assert systems["6.3"] >= {"observed", "null", "p", "lift"}
    enough = replace(of_folder, clips=12 * of_folder.clips)
    assert experiment.limits(enough) == ""
    assert "no table 6.2" in experiment.limits(
        replace(of_folder, clips=(replace(measured[1], bpm=np.nan),))
    )


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"cuts": np.zeros(0)}, ["no cut was found, so that it is one shot."]),
        ({"bpm": np.nan}, ["no bars were found in its sound: it is left out of table 6.2"]),
        ({"times": np.arange(8.0), "likelihood": np.zeros(8)}, ["88% of it has fewer than 12 fr"]),
        ({}, []),
    ],
)
def test_what_is_odd_about_a_film_is_said(measured, odd, said) -> None:
    lines = list(measure._lacking(replace(measured[0], **odd)))
    assert [line[: len(start)] for line, start in zip(lines, said, strict=True)] == said


def test_features_alone_have_no_films(tmp_path: Path) -> None:
    corpus = open_corpus("simulated", Opening(PROFILES["toy"], tmp_path, 0, 1))
    with pytest.raises(VmnetError, match="no films to be measured"):
        events(run_on(corpus, tmp_path))
    with pytest.raises(VmnetError, match="no beat tracker 'madmom'"):
        events(run_on(corpus, tmp_path), "madmom")


def test_planned_films_are_the_truth_of_rendered_ones(tmp_path: Path) -> None:
    found = planned(3, seed=5, seconds=(1.0, 2.0))
    clips = render_corpus(tmp_path, (1, 1, 1), (1.0, 2.0), seed=5, progress=False, editing="any")
    for one, other in zip(found, true_events(clips), strict=True):
        for name in ("cuts", "boundaries", "beats", "downbeats"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)
        assert one.labels == other.labels
        assert one.video_genre == other.video_genre
        assert one.meter == 4


def test_a_planned_film_does_not_depend_on_how_many_there_are() -> None:
    few, many = planned(3, seed=1), planned(5, seed=1)
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.cuts, other.cuts)
    assert all(150 <= clip.duration <= 270 for clip in many)
    assert all(clip.genre.split()[1] in ("acoustic", "electronic") for clip in many)
    assert [d.cutting.editing.video_genre for d in plans(5, seed=1)] == [
        clip.video_genre for clip in many
    ]


def test_films_of_a_profile(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(measure, "DATA", tmp_path)
    size = replace(PROFILES["smoke"].thesis, films=4, film_seconds=0.6)
    profile = replace(PROFILES["smoke"], thesis=size)
    corpus = open_corpus("simulated", Opening(PROFILES["toy"], tmp_path, 0, 1))
    run = film_run(replace(run_on(corpus, tmp_path), profile=profile))
    assert [clip.split for clip in run.corpus.clips] == ["train", "train", "valid", "test"]
    assert run.corpus.kind == "rendered"
    assert run.folder == tmp_path / "films-smoke-seed0"
    assert all(len(clip.genre.split()) == 2 for clip in run.corpus.clips)
    assert music_genre(plan_clip(0, 1.0).style.genre).split()[0] in ("slow", "medium", "fast")
