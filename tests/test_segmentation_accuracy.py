"""The segmenters find what is there: rendered clips, whose sections and cuts are known.

The floors lie well below what benchmarks/segment.py measures on more and longer clips (F of SF
and of Foote near 0.6, of OLDA 0.8, of the shots 1.0); all of these are scores on rendered data.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from vmnet.rendered import read_truth, render_clip
from vmnet.segmenters import GROUPS
from vmnet.segmenters.shots import transition_times

N_SONGS, N_FILMS = 5, 2


@pytest.fixture(scope="module")
def scoring():
    """The module benchmarks/segment.py."""
    path = Path(__file__).parents[1] / "benchmarks" / "segment.py"
    spec = importlib.util.spec_from_file_location("vmnet_benchmark_segment", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def music_f(scoring, tmp_path_factory):
    """Mean F of the section boundaries within 3 s, over rendered songs of 75 s."""
    folder = tmp_path_factory.mktemp("songs")
    scores = []
    for seed in range(N_SONGS):
        path = folder / f"{seed}.mp4"
        render_clip(path, seed, 75.0)
        truth, found = read_truth(path).boundaries, GROUPS["music"](path) | GROUPS["fixed"](path)
        names = ("foote", "sf", "olda", "fixed")
        scores.append({name: scoring.score_sections(truth, found[name])[0] for name in names})
    return {name: np.mean([score[name] for score in scores]) for name in scores[0]}


@pytest.mark.parametrize(("segmenter", "floor"), [("foote", 0.35), ("sf", 0.35), ("olda", 0.6)])
def test_sections_are_found(segmenter, floor, music_f):
    assert music_f[segmenter] > floor, music_f


def test_olda_beats_segments_of_equal_length(music_f):
    assert music_f["olda"] > music_f["fixed"] + 0.1, music_f


def test_cuts_are_found_to_the_frame(scoring, tmp_path):
    for seed in range(N_FILMS):
        path = tmp_path / f"{seed}.mp4"
        render_clip(path, 10 + seed, 30.0)
        truth, found = read_truth(path).cuts, GROUPS["shots"](path)
        transitions = transition_times(found["shot_times"], found["shot_probability"])
        f, _, _ = scoring.score_cuts(truth, transitions)
        assert len(truth) >= 3
        assert f > 0.9


def test_scores_worked_example(scoring):
    truth = np.array([0, 10.0, 30.0, 50.0, 60.0])
    f, precision, recall = scoring.score_sections(truth, np.array([0, 12.0, 40.0, 60.0]))
    assert (precision, recall) == (0.5, pytest.approx(1 / 3))
    assert f == pytest.approx(0.4)
    assert scoring.score_sections(truth, np.array([0, 60.0])) == (0, 0, 0)
    cuts = np.array([1.0, 2.0, 3.0])
    _, precision, recall = scoring.score_cuts(cuts, np.array([1.08, 2.12]))
    assert (precision, recall) == (0.5, pytest.approx(1 / 3))
    assert scoring.score_cuts(cuts, np.zeros(0)) == (0, 0, 0)
