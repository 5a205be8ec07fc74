"""Table 5.3: learned aggregation of frames beside the mean; the control with blank seconds."""

from dataclasses import replace

import numpy as np
import pytest

from vmnet import open_run
from vmnet.corpus import opening
from vmnet.corpus.features import save_features
from vmnet.corpus.simulated import SimulatedSource, Simulation, blank_frame, simulated_corpus
from vmnet.evaluation.metrics import chance
from vmnet.experiment import prepare
from vmnet.experiment.aggregation import ALL_FRAMES, aggregation, aggregation_blank, systems
from vmnet.experiment.ranked import chance_rows, rank_rows
from vmnet.experiment.segments import FRAMES, segment_arrays
from vmnet.report.thesis import results

ORIGIN = "41427f499e"  # of the simulation as it is, seed 0
METRICS = ["R@1", "R@10", "R@25", "mean_rank"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("aggregation")


@pytest.fixture(scope="module")
def run(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", folder)
        yield open_run("toy", jobs=1)


@pytest.fixture(scope="module")
def table(run):
    return aggregation(run)


# --- rows -----------------------------------------------------------------------------------------


def test_rows_of_a_matrix_ranked_by_eye(naive):
    """Video 0 finds its track first, video 1 last of three, video 2 second."""
    matrix = np.array([[0.0, 1.0, 2.0], [1.0, 9.0, 2.0], [1.0, 3.0, 2.0]])
    rows = {(row["direction"], row["metric"]): row for row in rank_rows(matrix, system="x")}
    assert len(rows) == 8
    assert rows["V2M", "mean_rank"]["value"] == pytest.approx(2)
    assert rows["V2M", "R@1"]["value"] == pytest.approx(100 / 3)
    assert rows["M2V", "mean_rank"]["value"] == pytest.approx((1 + 3 + 2) / 3)
    expected = naive.summarize([1, 3, 2])
    assert rows["V2M", "mean_rank"]["ci95"] == pytest.approx(expected["ci95"])
    share = 100 * np.array([1, 0, 0])
    width = 1.96 * share.std(ddof=1) / np.sqrt(3)
    assert rows["V2M", "R@1"]["ci95"] == pytest.approx(width)
    assert all(row["n"] == 3 and row["system"] == "x" for row in rows.values())


def test_rows_of_chance():
    rows = {(row["direction"], row["metric"]): row["value"] for row in chance_rows(1000)}
    assert len(rows) == 8
    assert rows["M2V", "R@25"] == pytest.approx(2.5)
    assert rows["V2M", "mean_rank"] == pytest.approx(chance(1000)["mean_rank"])


# --- table 5.3 ------------------------------------------------------------------------------------


def test_every_system_has_both_directions(table):
    ranked = table[table.metric.isin(METRICS)]
    groups = {
        (system, group): len(rows) for (system, group), rows in ranked.groupby(["system", "group"])
    }
    learned = {(name, g): 8 for name in ("autopool", "attention") for g in ("", ALL_FRAMES)}
    assert groups == {("mean", ""): 8, ("cca", ""): 8, ("chance", ""): 8} | learned
    assert set(table.part) == {"5.3"}
    assert set(table.kind) == {"simulated"}
    assert set(ranked.n) == {12}
    times = table[table.metric == "seconds_per_update"]
    assert sorted(times.system) == ["attention", "autopool", "mean"]
    assert (times.value > 0).all()


def test_what_is_kept_is_taken_again(run, table, monkeypatch):
    monkeypatch.setattr("vmnet.experiment.aggregation._rows", None)
    results.table(table.to_dict("records"))
    again = aggregation(run)
    assert again.equals(table)


def test_frames_are_seconds_and_both_tracks_have_the_same(run):
    data = prepare(run, systems(run).values())
    video, music = data.features(systems(run)["autopool"], "test")
    clip = data.corpus.split("test")[3]
    loaded = data.corpus.source.load(clip)
    np.testing.assert_array_equal(video[3], loaded.frames["video"].astype(np.float16))
    np.testing.assert_array_equal(music[3], loaded.frames["music"].astype(np.float16))
    assert isinstance(video.data, np.memmap)


def test_frames_of_a_track_that_lacks_a_second():
    """As of media files, whose sound may end before the pictures do: the nearest stands in."""
    features = type("Features", (), {})()
    features.frames = {"a": np.arange(3.0)[:, None], "b": np.arange(2.0)[:, None]}
    arrays = segment_arrays(features, [("a", FRAMES), ("b", FRAMES)])
    assert arrays[f"a-{FRAMES}"].ravel().tolist() == [0, 1, 2]
    assert arrays[f"b-{FRAMES}"].ravel().tolist() == [0, 1, 1]


def test_only_a_simulated_corpus_is_cut_down(run, folder):
    from vmnet.experiment.aggregation import _few

    small = replace(run.profile.thesis, frame_clips=(5, 2, 3))
    few = _few(replace(run, profile=replace(run.profile, thesis=small)))
    assert [len(few.split(split)) for split in few.splits] == [5, 2, 3]
    real = replace(run, corpus=replace(run.corpus, kind="features"))
    assert _few(real) is real.corpus


def test_nothing_is_aggregated_where_a_clip_has_one_row(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(opening, "DATA", tmp_path / "data")
    rng = np.random.default_rng(0)
    for i in range(8):
        rows = rng.standard_normal((1, 6)), rng.standard_normal((1, 5))
        save_features(tmp_path / "clips" / f"{i}.npz", *rows)
    table = aggregation(open_run("toy", str(tmp_path / "clips"), jobs=1))
    assert table.empty
    assert "one row of features a clip" in capsys.readouterr().err


# --- the control ----------------------------------------------------------------------------------


def test_blank_seconds_are_one_vector_and_the_others_what_they_were():
    (plain, blank) = (
        simulated_corpus((2, 2, 2), 0, replace(Simulation(), blank=share)) for share in (0, 0.5)
    )
    clip = plain.clips[0]
    before, after = plain.source.load(clip), blank.source.load(clip)
    for name in ("video", "music"):
        changed = (before.frames[name] != after.frames[name]).any(axis=1)
        assert 0.35 < changed.mean() < 0.65
        constant = blank_frame(name, 32, 0)
        np.testing.assert_array_equal(after.frames[name][changed], [constant] * changed.sum())
    np.testing.assert_array_equal(before.frames["handcrafted"], after.frames["handcrafted"])


def test_a_corpus_without_blank_seconds_keeps_its_name():
    """So that nothing that was kept of it is lost; the name is that of before there were any."""
    assert SimulatedSource(Simulation(), 0).origin() == ORIGIN
    assert SimulatedSource(replace(Simulation(), blank=0.5), 0).origin() != ORIGIN


def test_the_control_says_how_much_blank_seconds_weigh(run, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", folder)
        table = aggregation_blank(run)
    assert set(table.part) == {"5.3 blank"}
    assert set(table.corpus) == {"simulated-toy-blank"}
    shares = table[table.metric == "blank_share"]
    assert len(shares) == 4
    assert shares.value.between(40, 60).all()
    weights = table[table.metric == "blank_weight"].set_index(["system", "group"]).value
    assert weights.between(0, 100).all()
    e2 = np.exp(2)  # attention leans by no more than that, either way
    for modality in ("music", "video"):
        share = shares.set_index(["system", "group"]).value["attention", modality] / 100
        least = 100 * share / (share + e2 * (1 - share))
        assert least - 3 < weights["attention", modality] < 100 - least + 3
