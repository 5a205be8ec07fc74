"""Tracks of mixed lengths: what is drawn, what is measured of it, and the table that says so."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet import experiment
from vmnet.aligners import NORMALISED, Sequences, indel_defaults
from vmnet.config import PROFILES
from vmnet.corpus.simulated import simulated_corpus
from vmnet.corpus.windowed import MERGED
from vmnet.experiment import apart, lengths
from vmnet.report.tables import TABLES

SMALL = replace(
    PROFILES["demo"],
    clips=(60, 12, 40),
    window=60,
    training={"batch": 30, "learning_rate": 1e-3, "steps": 4, "evaluate_every": 2},
)
APART = f"{MERGED}+olda"


@given(seconds=st.integers(1, 90), more=st.integers(0, 200), seed=st.integers(0, 999))
@settings(deadline=None)
def test_a_track_holds_the_window_of_its_video_or_lies_inside_it(seconds, more, seed):
    video, music = lengths.draw_spans(seconds + more, seconds, np.random.default_rng(seed))
    assert video[1] - video[0] == seconds
    for first, end in (video, music):
        assert 0 <= first < end <= seconds + more
    inner, outer = sorted((video, music), key=lambda span: span[1] - span[0])
    assert outer[0] <= inner[0]
    assert inner[1] <= outer[1]


def test_a_track_is_as_likely_half_as_long_as_twice_as_long():
    rng = np.random.default_rng(0)
    spans = [lengths.draw_spans(1000, 120, rng) for _ in range(3000)]
    drawn = np.array([end - first for _, (first, end) in spans])
    assert (drawn.min(), drawn.max()) == (30, 240)
    octaves, _ = np.histogram(drawn, [30, 60, 120, 241])
    assert (np.abs(octaves - 1000) < 5 * np.sqrt(1000)).all()
    starts = np.array([music[0] - video[0] for video, music in spans])[drawn > 120]
    assert (starts <= 0).all()
    assert starts.min() < -100  # a longer one begins anywhere before, and not with the video


def test_measures_by_hand():
    seconds = np.array([10, 20, 30, 40, 50, 60])
    by_length = np.tile(-seconds.astype(float), (6, 1))  # the longest is nearest
    found = lengths.measure(by_length, seconds)
    assert found["rank"].tolist() == [6, 5, 4, 3, 2, 1]
    np.testing.assert_allclose(found["length_correlation"], 1)
    np.testing.assert_allclose(lengths.measure(-by_length, seconds)["length_correlation"], -1)
    equal = lengths.measure(np.zeros((6, 6)), seconds)
    assert equal["rank"].tolist() == [3.5] * 6
    assert equal["length_correlation"].tolist() == [0] * 6


def test_the_nearest_ten_of_thirty():
    seconds = np.arange(1, 31)
    found = lengths.measure(np.tile(-seconds.astype(float), (30, 1)), seconds)
    assert set(found["longest_third"]) == {1}
    assert set(found["shortest_third"]) == {0}
    mixed = np.tile(np.where(np.arange(30) % 3 == 0, 0.0, 1.0), (30, 1))  # ten, spread evenly
    found = lengths.measure(mixed, seconds)
    np.testing.assert_allclose(found["longest_third"], 0.3)
    np.testing.assert_allclose(found["shortest_third"], 0.4)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Whole simulated clips."""
    folder = tmp_path_factory.mktemp("lengths")
    names = (("olda", "transnet"), "music", "video")
    run = experiment.Run(SMALL, simulated_corpus(SMALL.clips, 0), 0, 1, folder, folder, *names)
    return experiment.prepare(run, experiment.seg_vm_nets(run))


@pytest.fixture(scope="module")
def table(data):
    return experiment.compare_lengths([data])


def values_of(table, metric):
    rows = table[table["metric"] == metric]
    return rows.set_index(["system", "segmenter", "distance"])["value"]


def test_a_sum_prefers_long_tracks_and_the_mean_of_the_best_part_short_ones():
    """Where segments are alike on the whole, as real ones are: most cosines are positive."""
    rng = np.random.default_rng(0)
    n_segments = rng.integers(2, 13, size=60)

    def clips(counts):
        arrays = rng.normal(0.4, 0.7, size=(sum(counts), 8))
        arrays /= np.linalg.norm(arrays, axis=1, keepdims=True)
        return Sequences.from_list(np.split(arrays, np.cumsum(counts)[:-1]))

    drawn = [lengths.Draw(clips([12] * 60), clips(n_segments), n_segments)]
    for total, mean in NORMALISED.items():
        of_sum, of_mean = (
            {
                name: numbers.mean()
                for name, numbers in lengths.measured(drawn, form, indel_defaults()).items()
            }
            for form in (total, mean)
        )
        assert of_sum["length_correlation"] > 0.4, total
        assert of_sum["longest_third"] > 0.6 > of_mean["longest_third"], total
        if total == "trace":
            assert abs(of_mean["length_correlation"]) < 0.2
        if total in ("sw", "best_trace"):  # the best of many places for a short one
            assert of_mean["length_correlation"] < -0.2


def test_a_gain_is_that_of_the_mean_over_the_sum(table):
    assert set(table["scenario"]) == {lengths.MIXED}
    assert set(table["segmenter"]) == {APART}
    assert set(table["system"]) == {"seg_vmnet", "seg_vmnet_shared"}
    assert set(table["distance"]) == set(lengths.COMPARED)
    ranks, gains = values_of(table, "mean_rank"), values_of(table, "gain")
    for system, cut, mean in gains.index:
        total = mean.removesuffix("_mean")
        gain = ranks[system, cut, total] - ranks[system, cut, mean]
        assert gains[system, cut, mean] == pytest.approx(gain)


def test_draws_are_those_of_the_seed_and_of_each_clip(data):
    ((whole, windows),) = apart.windowed([data])
    (system, _) = lengths.compared(windows)
    first, second = lengths.draws(whole, system, 60, 2).parted(2)
    again, _ = lengths.draws(whole, system, 60, 2).parted(2)
    np.testing.assert_array_equal(first.music.data, again.music.data)
    assert len(first.video) == len(first.music) == len(first.seconds) == 40
    assert (first.seconds != second.seconds).any()
    assert first.seconds.min() >= 15
    assert first.seconds.max() <= 120
    # merged shots of about 20 s in a window of 60 s
    assert set(first.video.lengths) <= {2, 3}
    assert np.corrcoef(first.music.lengths, first.seconds)[0, 1] > 0.7


def test_results_are_kept_and_another_cost_is_another_result(data, table, monkeypatch):
    monkeypatch.setattr(lengths, "draws", None)  # nothing is computed again
    pd.testing.assert_frame_equal(experiment.compare_lengths([data]), table)
    monkeypatch.undo()
    dear = replace(data, run=replace(data.run, indel={"nw": 0.5}))
    other = values_of(experiment.compare_lengths([dear]), "length_correlation")
    before = values_of(table, "length_correlation")
    changed = set(other.index[other != before].get_level_values("distance"))
    assert changed == {"nw", "nw_mean"}


def test_a_brief_profile_has_the_first_clips_and_the_same_network(data, monkeypatch):
    assert data.run.profile.brief
    monkeypatch.setattr(lengths, "BRIEF_CLIPS", 15)
    trained = {path.name for path in (data.run.folder / "networks").iterdir()}
    assert set(experiment.compare_lengths([data])["n_clips"]) == {15}
    assert {path.name for path in (data.run.folder / "networks").iterdir()} == trained


def test_the_table_says_what_a_mean_gains_and_what_length_does(table):
    shown = TABLES["mixed_lengths"].render(table)
    assert "simulated data" in shown.attrs["origin"]
    assert shown["δ"].tolist()[:-1] == [
        "Centroid", "NW-DTW", "SW-DTW", "Trace", "Best trace",
        "NW-DTW, mean", "SW-DTW, mean", "Trace, mean", "Best trace, mean",
    ]  # fmt: skip
    rows = shown.set_index("δ")
    assert rows.loc["NW-DTW", "gain, cut apart"] == ""
    gain, half_width = (
        values_of(table, metric)["seg_vmnet", APART, "nw_mean"] for metric in ("gain", "gain_ci95")
    )
    assert rows.loc["NW-DTW, mean", "gain, cut apart"] == f"{gain:+.1f} ±{half_width:.1f}"
    assert shown.iloc[-1].tolist() == [
        "Chance", "", "", "20.5", "", "20.5", "", "+0.00", "33 %", "33 %",
    ]  # fmt: skip
