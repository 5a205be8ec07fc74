"""Simulated clips: what the generative model promises, measured on what it draws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmnet.corpus.simulated import (
    DIMS,
    INTRO,
    OUTRO,
    Detector,
    Simulation,
    detect,
    draw_clip,
    draw_cuts,
    draw_form,
    simulated_corpus,
)

PURE = replace(Simulation(), own_content=0.0, own_shot=0.0, frame_noise=0.0)


@pytest.fixture(scope="module")
def forms():
    rng = np.random.default_rng(0)
    return [draw_form(Simulation(), rng) for _ in range(2000)]


def rank(array, tolerance=1e-3):
    return int((np.linalg.svd(array, compute_uv=False) > tolerance).sum())


def test_a_clip_depends_on_seed_and_name_alone():
    corpus, longer = simulated_corpus((3, 2, 2), 5), simulated_corpus((3, 2, 9), 5)
    first = corpus.source.load(corpus.clips[-1])
    longer.source.load(longer.clips[0])  # others before it change nothing
    again = longer.source.load(corpus.clips[-1])
    for name in DIMS:
        np.testing.assert_array_equal(first.frames[name], again.frames[name])
    other = simulated_corpus((3, 2, 2), 6)
    assert len(other.source.load(corpus.clips[-1]).frames["video"]) != len(first.frames["video"])
    assert corpus.source.origin() == longer.source.origin() != other.source.origin()


def test_the_key_changes_with_every_parameter():
    keys = {
        simulated_corpus((2, 2, 2), 0, Simulation(theme=theme)).source.origin() for theme in (1, 2)
    }
    assert len(keys) == 2


def test_shapes_and_boundaries():
    corpus = simulated_corpus((4, 4, 4), 1)
    for clip in corpus.clips:
        features = corpus.source.load(clip)
        seconds = len(features.frames["video"])
        assert features.frames["video"].shape == (seconds, 1024)
        assert features.frames["music"].shape == (seconds, 128)
        assert features.frames["handcrafted"].shape == (1, 1140)
        assert all(array.dtype == np.float32 for array in features.frames.values())
        assert set(features.boundaries) == set(corpus.source.segmenters)
        for edges in features.boundaries.values():
            assert edges[0] == 0
            assert round(edges[-1]) == seconds
            assert np.diff(edges).min() >= 1.0


def test_clips_are_as_long_as_the_papers(forms):
    durations = np.array([form.edges[-1] for form in forms])
    assert durations.mean() == pytest.approx(234, abs=5)  # 3 min 54 s
    assert durations.std() == pytest.approx(62, abs=4)


def test_segments_and_shots_are_as_long_as_the_papers(forms):
    simulation, rng = Simulation(), np.random.default_rng(1)
    duration = sum(form.edges[-1] for form in forms)
    shots = sum(len(draw_cuts(simulation, form, rng)) - 1 for form in forms)
    assert duration / shots == pytest.approx(6.6, abs=0.4)
    for name, how in simulation.detectors.items():
        segments = sum(len(detect(form.edges, how, rng)) - 1 for form in forms)
        assert 18 < duration / segments < 20.5, name


def test_intro_and_outro_stand_alone(forms):
    for form in forms:
        assert form.labels[0] == INTRO
        assert form.labels[-1] == OUTRO
        assert not set(form.labels[1:-1]) & {INTRO, OUTRO}
        assert (np.diff(form.labels) != 0).all()  # no section is followed by itself


def test_sections_repeat_as_often_as_asked(forms):
    may_repeat = sum(max(0, len(form.labels) - 4) for form in forms)  # from the third middle one on
    fresh = sum(len(set(form.labels)) - 4 for form in forms if len(form.labels) > 3)
    assert 1 - fresh / may_repeat == pytest.approx(Simulation().repeats, abs=0.02)


def test_repeats_share_content():
    corpus = simulated_corpus((2, 2, 6), 0, PURE)
    clip = next(c for c in corpus.clips if len({s[2] for s in corpus.source.view(c).sections}) < 8)
    video = corpus.source.load(clip).frames["video"]
    said = {}
    for start, end, label in corpus.source.view(clip).sections:
        inside = video[int(np.ceil(start)) : int(end)]
        np.testing.assert_allclose(inside, inside[:1].repeat(len(inside), 0), atol=1e-5)
        said.setdefault(label, []).append(inside[0])
    assert max(map(len, said.values())) > 1
    for same in said.values():
        np.testing.assert_allclose(same, np.repeat(same[:1], len(same), 0), atol=1e-5)
    assert rank(np.array([same[0] for same in said.values()])) == len(said)


def test_modalities_agree_in_theme_and_content_alone():
    """Without words of its own, each modality says the same up to a constant."""
    corpus = simulated_corpus((2, 2, 2), 0, PURE)
    frames = corpus.source.load(corpus.clips[0]).frames
    video, music = (frames[name] - frames[name].mean(0) for name in ("video", "music"))
    np.testing.assert_allclose(video @ video.T, music @ music.T, atol=1e-3)
    silent = simulated_corpus((2, 2, 2), 0, replace(PURE, theme=0, content=0, opening=0))
    frames = silent.source.load(silent.clips[0]).frames
    assert np.ptp(frames["video"], axis=0).max() < 1e-5  # only what each says of its own is left
    assert np.abs(frames["video"]).max() > 0.01


def test_baseline_1_hears_fewer_dimensions():
    corpus = simulated_corpus((40, 2, 2), 0, PURE)
    heard = [corpus.source.load(clip).frames for clip in corpus.clips[:40]]
    assert rank(np.concatenate([frames["handcrafted"] for frames in heard])) == PURE.heard_dims
    assert rank(np.array([frames["music"].mean(0) for frames in heard])) == PURE.shared_dims


def test_noise_and_own_words_have_the_stated_deviation():
    rng = np.random.default_rng(0)
    noisy = replace(PURE, frame_noise=0.5, theme=0, content=0, opening=0)
    frames = draw_clip(noisy, 0, rng).frames["music"]
    assert (frames - frames.mean(0)).std() == pytest.approx(0.5, rel=0.02)


def test_a_perfect_detector_finds_the_truth(forms):
    rng = np.random.default_rng(0)
    for form in forms[:20]:
        np.testing.assert_array_equal(detect(form.edges, Detector(1, 1, 0), rng), form.edges)
        assert len(detect(form.edges, Detector(0, 1), rng)) == 2


@given(recall=st.floats(0.2, 0.9), precision=st.floats(0.3, 0.95))
def test_detectors_keep_recall_and_precision(recall, precision):
    rng = np.random.default_rng(0)
    true = np.arange(0, 200_001, 100.0)  # far apart, so that none is merged
    found = detect(true, Detector(recall, precision, 0.0), rng)[1:-1]
    hits = np.isin(found, true).sum()
    assert hits / (len(true) - 2) == pytest.approx(recall, abs=0.06)
    assert hits / len(found) == pytest.approx(precision, abs=0.06)


def test_a_short_clip_has_its_three_sections():
    rng = np.random.default_rng(0)
    form = draw_form(replace(Simulation(), duration=(20.0, 0.0), shortest=20.0), rng)
    assert form.edges[-1] == 20
    assert form.labels.tolist() == [INTRO, 2, OUTRO]
