"""Chapter 5's systems, rows, tables and figure, on a toy corpus and on made-up numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vmnet import open_run, prepare
from vmnet.aligners import distance_matrix
from vmnet.corpus import opening
from vmnet.corpus.features import save_features
from vmnet.evaluation.genres import genres_of_misses
from vmnet.evaluation.metrics import ranks
from vmnet.experiment import clip_level, design, embeddings, seg_vm_net
from vmnet.experiment.stages import _model_key, network
from vmnet.models.settings import CBVMR
from vmnet.report import design as tables
from vmnet.report import figures
from vmnet.report.tables import TABLES, show
from vmnet.report.thesis import names, trainings
from vmnet.report.thesis import results as thesis

METRICS = ["R@1", "R@10", "R@25", "mean_rank"]


N_TEST = 10


def write_clips(folder, seconds, boundaries=None, handcrafted=0):
    """Write features of 30 clips into files; short ones, as every system here is trained."""
    rng = np.random.default_rng(0)
    clips = []
    for i in range(30):
        frames = {"music": rng.standard_normal((seconds, 4))}
        frames["video"] = rng.standard_normal((seconds, 5))
        frames |= {"handcrafted": rng.standard_normal((1, 6))} if handcrafted else {}
        save_features(folder / f"{i:02}.npz", **frames, boundaries=boundaries)
        clips.append(f"{i:02},{i:02}.npz,{'train' if i < 12 else 'valid' if i < 20 else 'test'}")
    (folder / "manifest.csv").write_text("\n".join(["clip_id,path,split", *clips, ""]))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return clips of four segments, with handcrafted features, too."""
    folder = tmp_path_factory.mktemp("design")
    (folder / "clips").mkdir()
    write_clips(folder / "clips", 20, {"olda": np.array([0, 4, 9, 15, 20])}, handcrafted=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", folder)
        yield prepare(open_run("toy", corpus=str(folder / "clips"), jobs=1))


@pytest.fixture(scope="module")
def results(data):
    return design.design_choices([data])


# --- systems --------------------------------------------------------------------------------------


def test_systems_differ_in_what_is_compared_and_in_nothing_else(data):
    run = data.run
    losses = design.of_losses(run)
    assert {system.music for system in losses.values()} == {"handcrafted"}
    assert {name: system.model for name, system in losses.items()} == {
        "triplet": "vmnet", "bce": "bce", "bce_early_stopping": "bce", "cca": "linear",
    }  # fmt: skip
    trained = {name: network(data, losses[name]).config for name in ("bce", "bce_early_stopping")}
    assert [each.loss for each in trained.values()] == ["bce", "bce"]
    assert [each.early_stopping for each in trained.values()] == [False, True]
    forms = design.of_intra_terms(run, "handcrafted")
    assert forms["with_intra"] == losses["triplet"]
    assert forms["with_intra"].training == CBVMR
    assert forms["with_intra_triplets"].training == CBVMR | {"intra": "triplet"}
    four = design.of_negatives(run)
    assert {system.segmenter for system in four.values()} == {seg_vm_net(run).segmenter}
    assert four["other_clips_runs"].training == {"loss": "triplet", "per_clip": 4}


def test_what_the_papers_notebooks_trained_is_taken(data):
    ours = design.of_intra_terms(data.run, "audioset")
    theirs = {system.name: system for system in clip_level(data.run)}
    for name, own in (
        ("baseline_2_cbvmr", "with_intra"),
        ("baseline_2_cbvmr_inter", "without_intra"),
    ):
        assert ours[own].name == name
        assert _model_key(data, ours[own]) == _model_key(data, theirs[name])
    own = design.of_negatives(data.run)["other_clips"]
    assert _model_key(data, own) == _model_key(data, seg_vm_net(data.run))


# --- rows -----------------------------------------------------------------------------------------


def test_what_trainings_took_has_each_network_once_and_none_of_the_papers(
    data, results, monkeypatch
):
    def of_this_module(datasets, musimnet, seeds):
        return [(name, data, system) for name, system in design.all_of(datasets[0]).items()]

    monkeypatch.setattr(trainings, "_of_design", of_this_module)
    table = trainings.of_design([data])
    labels = set(table["system"])
    assert {"5.1: Triplet loss", "5.1: Binary cross-entropy", "negatives: The same clip, too"} <= (
        labels
    )
    assert "intra: With the thesis' intra-modal triplets, AudioSet" in labels
    assert not any("CCA" in name for name in labels)  # it learns by no updates
    assert "intra: With intra-modal terms, AudioSet" not in labels  # the paper's notebooks train it
    assert "intra: With intra-modal terms, Handcrafted" not in labels  # it is the first
    assert len(labels) == len(table)
    assert (table["seconds"] > 0).all()


def test_rows_of_every_part(data, results):
    assert (thesis.table(results.to_dict("records")).columns == results.columns).all()
    assert set(results.kind) == {"real"}
    sizes = {part: set(rows.system) for part, rows in results.groupby("part")}
    assert sizes["5.1"] == {"triplet", "bce", "bce_early_stopping", "cca", "chance"}
    assert sizes["intra"] == {"with_intra", "without_intra", "with_intra_triplets", "chance"}
    assert sizes["negatives"] == {*design.of_negatives(data.run), "chance"}
    for part in ("5.1", "intra", "negatives"):
        ranked = results[(results.part == part) & results.metric.isin(METRICS)]
        assert (ranked.groupby(["system", "group"]).size() == 8).all()  # four, two directions
        assert set(ranked.n) == {N_TEST}
    assert set(results[results.part == "intra"].group) == {"handcrafted", "audioset"}
    assert set(results[results.part == "negatives"].group) == {"", "nw", "centroid"}


def test_ranks_of_a_head_are_those_of_what_it_says(data, results):
    system = design.of_losses(data.run)["bce"]
    video, music = embeddings(data, system)
    head = network(data, system).model.get_layer("head")
    said = np.array(
        [np.array(head([music.data, np.tile(v, (N_TEST, 1))]))[:, 0] for v in video.data]
    )
    places = [1 + (row > row[i]).sum() for i, row in enumerate(said)]
    found = results[(results.part == "5.1") & (results.system == "bce")]
    found = found[(found.direction == "V2M") & (found.metric == "mean_rank")]
    assert found.value.item() == pytest.approx(np.mean(places), abs=0.2)


def test_dispersion_is_that_of_the_test_clips(data, results):
    _, music = embeddings(data, design.of_losses(data.run)["triplet"])
    mean = music.data.mean(axis=0)
    expected = np.linalg.norm(music.data - mean, axis=1).mean()
    rows = results[(results.part == "dispersion") & (results.group == "music")]
    found = rows[(rows.system == "triplet") & (rows.metric == "dispersion")]
    assert found.value.item() == pytest.approx(expected, rel=1e-5)
    assert set(rows.system) == {
        "triplet", "bce", "bce_early_stopping", "cca", "handcrafted_without_intra",
        "handcrafted_with_intra_triplets", "audioset_with_intra", "audioset_without_intra",
        "audioset_with_intra_triplets",
    }  # fmt: skip


def test_own_matrices_are_those_of_the_test_clips(data, results):
    video, music = embeddings(data, seg_vm_net(data.run))
    matrices = [v @ m.T for v, m in zip(video, music, strict=True) if len(v) > 1]
    own = np.mean([np.diag(each).mean() for each in matrices])
    rows = results[(results.part == "VI-D") & (results.metric == "similarity")]
    values = rows.set_index("system").value
    assert values["own_index"] == pytest.approx(own, rel=1e-5)
    assert values["own_minus_others"] == pytest.approx(
        values["own_index"] - values["other_indices"]
    )


def test_the_cost_of_skipping_is_the_runs(data, results):
    run = replace(data.run, indel={"nw": 0.5})
    rows = pd.DataFrame(design._negatives(replace(data, run=run), "test"))
    before = results[results.part == "negatives"].query("system == 'same_clip'")
    after = rows[rows.system == "same_clip"]
    for group in ("", "centroid"):
        ours, theirs = (part[part.group == group].value.tolist() for part in (after, before))
        assert ours == theirs
    embedded = embeddings(data, design.of_negatives(run)["same_clip"])
    expected = ranks(distance_matrix(*embedded, "nw", indel=0.5)).mean()
    found = after[(after.group == "nw") & (after.direction == "V2M")]
    assert found[found.metric == "mean_rank"].value.item() == pytest.approx(expected)


def test_genres_of_what_is_recommended(data, results, capsys):
    assert "VI-D genre" not in set(results.part)  # these clips have none
    genres = ["pop", "folk", "pop", "jazz", "pop"]
    clips = [replace(clip, genre=genres[i % 5]) for i, clip in enumerate(data.corpus.clips)]
    named = replace(data, corpus=replace(data.corpus, clips=tuple(clips)))
    matrix = distance_matrix(*embeddings(data, seg_vm_net(data.run)), "trace")
    of_test = [clip.genre for clip in clips if clip.split == "test"]
    best, catalog = genres_of_misses(matrix, of_test)
    rows = {row["system"]: row for row in design._genres(named, "test")}
    assert rows["top_3_minus_catalog"]["value"] == pytest.approx((best - catalog).mean())
    assert rows["top_3"]["n"] == len(best) > 1
    found = design.design_choices([named])
    assert set(found[found.part == "VI-D genre"].system) == set(rows)


def test_rows_are_kept(data, results):
    files = {path: path.stat().st_mtime_ns for path in data.run.folder.rglob("*.*")}
    again = design.design_choices([data])
    pd.testing.assert_frame_equal(again, results)
    assert {path: path.stat().st_mtime_ns for path in data.run.folder.rglob("*.*")} == files


def test_a_corpus_of_one_row_a_clip_has_nothing_of_segments(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(opening, "DATA", tmp_path / "data")
    (tmp_path / "rows").mkdir()
    write_clips(tmp_path / "rows", 1)
    data = prepare(open_run("toy", corpus=str(tmp_path / "rows"), jobs=1))
    found = design.design_choices([data])
    assert set(found.part) == {"5.1", "intra", "dispersion"}
    assert set(found.kind) == {"real"}
    assert set(found[found.part == "intra"].group) == {"audioset"}  # no handcrafted features
    assert "one segment a clip: nothing is said of segments" in capsys.readouterr().err
    text = show("negatives", found, tmp_path).to_html()
    assert tables.NOTHING in text


# --- tables and figure ----------------------------------------------------------------------------


def row(part, system, metric, value, ci95=np.nan, **other):
    about = {"corpus": "made-up", "kind": "real", "n": 40, "group": "", "direction": ""}
    return thesis.row(
        **about | other, part=part, system=system, metric=metric, value=value, ci95=ci95
    )


@pytest.fixture
def made_up():
    values = {"R@1": 5.0, "R@10": 50.0, "R@25": 90.0, "mean_rank": 12.5}
    rows = [
        row("5.1", system, metric, value, 1.25, direction=direction)
        for system in ("triplet", "cca")
        for direction in ("V2M", "M2V")
        for metric, value in values.items()
    ]
    return thesis.table(rows)


def test_a_table_has_both_directions_and_the_thesis_above_ours(made_up):
    frame = TABLES["table51"].render(made_up)
    assert list(frame) == [
        "system", "whose", "M2V R@1", "M2V R@10", "M2V R@25", "M2V rank",
        "V2M R@1", "V2M R@10", "V2M R@25", "V2M rank",
    ]  # fmt: skip
    cells = {tuple(each[:2]): each[2:] for each in frame.to_numpy().tolist()}
    ours = "ours (real, 40 clips)"
    assert cells["Triplet loss", "thesis"] == [
        "3.1", "11.4", "19.4", "205.0 ±27.0", "2.7", "11.6", "19.5", "209.0 ±27.0",
    ]  # fmt: skip
    assert cells["Triplet loss", ours] == ["5.0", "50.0", "90.0", "12.5 ±1.2"] * 2
    assert ("Binary cross-entropy", ours) not in cells  # it was not run
    assert cells["Binary cross-entropy", "thesis"][3] == "188.0 ±12.0"
    assert ("Linear (CCA)", "thesis") not in cells
    assert "Ours: real data (made-up), n = 40, 1 seed" in frame.attrs["origin"]


@pytest.mark.parametrize(
    ("table", "printed"),
    [
        ("table52", ("5.2", "musimnet", "172.0 ±25.0")),
        ("table53", ("5.3", "attention", "103.0 ±18.0")),
    ],
)
def test_one_renderer_makes_all_three(made_up, table, printed):
    part, system, rank = printed
    frame = TABLES[table].render(made_up.assign(part=part))
    named = frame[frame.system == names.system(system)]
    assert named["M2V rank"].tolist() == [rank]


def test_the_other_tables_have_every_row(results):
    frame = TABLES["dispersion"].render(results)
    assert frame.iloc[0]["music, mean of |e − µ|"] == "0.628"
    assert frame.iloc[0]["video, mean of |e − µ|"] == "0.940"
    assert len(frame) == 1 + 9
    frame = TABLES["intra"].render(results)
    assert frame[frame.whose == "thesis"]["V2M rank"].tolist() == [
        "209.0 ±27.0", "193.0 ±25.0", "116.0 ±18.0", "118.0 ±19.0",
    ]  # fmt: skip
    assert TABLES["negatives"].render(results).shape == (5, 2 + 6)
    assert len(TABLES["own_matrices"].render(results)) == 8


def test_figure_of_the_dispersion_says_whose_data_it_shows(data):
    distances = design.distances_from_means(data)
    assert {name: len(values) for name, values in distances.items()} == {
        "music": N_TEST,
        "video": N_TEST,
    }
    figure = figures.dispersion(distances, "real")
    texts = [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))]
    assert any("real data, 10 test clips" in text for text in texts)
    assert any("thesis, 0.940" in text for text in texts)
