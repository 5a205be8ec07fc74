"""Chapter 4 as one experiment: small rendered songs through every system, tables and figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from vmnet import config
from vmnet.config import PROFILES, ThesisSize
from vmnet.errors import VmnetError
from vmnet.experiment import open_run
from vmnet.report import figures, show, similarity
from vmnet.report.tables import TABLES
from vmnet.report.thesis import results as tidy
from vmnet.report.thesis.trainings import of_similarity
from vmnet.similarity import evaluate, experiment
from vmnet.similarity.catalog import SECOND

SIZE = ThesisSize(songs=(24, 8, 8), song_seconds=1.2, width=1 / 64, updates=2, patches=6)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(config, "DATA", tmp_path_factory.mktemp("data"))
        run = open_run("toy", jobs=1)
        yield experiment.prepare(replace(run, profile=replace(PROFILES["toy"], thesis=SIZE)))


@pytest.fixture(scope="module")
def results(material):
    return experiment.compare([material])


def values(results, **chosen):
    for column, wanted in chosen.items():
        results = results[results[column] == wanted]
    return results


def test_every_system_of_the_table_is_there_with_its_kind(results):
    assert set(results["kind"]) == {"rendered"}
    chosen = values(results, part="4.2", group="", metric="map_at_20")
    assert set(chosen["system"]) == set(similarity.SYSTEMS)
    assert ((chosen["value"] >= 0) & (chosen["value"] <= 100)).all()


def test_no_artist_of_a_test_track_was_learned_from(material):
    artists = np.array(material.catalog.tracks.artists)
    owners = [set(artists[indices]) for indices in material.splits.values()]
    assert sum(map(len, owners)) == len(set(artists))


def test_triplets_stay_within_their_split(material):
    for split in ("train", "valid"):
        triplets = experiment.mined(material, split, "distance")
        for part in (triplets.anchors, triplets.positives, triplets.negatives):
            assert set(part.ravel().tolist()) <= set(material.splits[split].tolist())


def test_negatives_are_the_thesis_share_of_the_tracks():
    assert experiment.n_of(8547) == (15, 250)
    assert experiment.n_of(14246 * 10) == (15, 250)
    for n in range(6, 400):
        positives, negatives = experiment.n_of(n)
        assert min(positives, negatives) >= 1
        assert positives + negatives <= n - 1


def test_the_oracle_itself_and_near_embeddings_are_ranked_right(material):
    own = experiment.similarities(material.catalog.tracks.select(material.test))
    np.testing.assert_array_equal(own, material.S[np.ix_(material.test, material.test)])
    scores = evaluate(material.reference, material.reference)
    assert {row["value"] for row in scores.rows()} == {100.0}
    line = np.array([[0.0], [1.0], [3.0]])
    assert experiment.by_distance(line).tolist() == [[1, 2], [0, 2], [1, 0]]


def test_paired_differences_are_those_of_the_means(results):
    whole = values(results, part="4.2", group="", metric="map_at_20").set_index("system")["value"]
    paired = values(results, part="4.2 paired", metric="map_at_20").set_index("system")["value"]
    assert paired["at"] == pytest.approx(whole["at"] - whole["tl_distance"])
    assert "tl_distance" not in paired


def test_sizes_are_those_that_the_thesis_prints(results):
    found = values(results, part="C.4", metric="parameters").set_index("system")["value"]
    assert found[["vgg", "musical", "resnet", "inception", "autopool"]].tolist() == [
        25334912, 1683980, 6372928, 22012832, 6400768,
    ]  # fmt: skip
    assert values(results, part="C.4", system="resnet", metric="map_at_20").empty


def test_a_second_time_nothing_is_trained_or_computed_again(material, results):
    kept = {path: path.stat().st_mtime_ns for path in material.catalog.data.rglob("*.n*")}
    pd.testing.assert_frame_equal(experiment.compare([material]), results)
    again = {path: path.stat().st_mtime_ns for path in material.catalog.data.rglob("*.n*")}
    assert again == kept
    other = replace(material, seed=1)
    assert other.key != material.key


def test_with_another_oracle_networks_are_trained_anew(material, results, monkeypatch):
    folders = [material.catalog.data / name for name in ("networks", "embeddings")]
    kept = [set(folder.iterdir()) for folder in folders]
    monkeypatch.setattr(experiment, "ORACLE", (2.0, 6))
    other = replace(material)  # which has no S yet
    other.__dict__["S"] = material.S[::-1, ::-1].copy()
    experiment.embedded(other, *experiment.triplet(other, "distance"))
    for folder, before in zip(folders, kept, strict=True):
        assert len(set(folder.iterdir()) - before) == 1


def test_a_growing_margin_stands_beside_one_that_does_not_grow(material, results):
    settings = [experiment.triplet(material, "distance", growing=each)[1] for each in (False, True)]
    assert [each.margin_grows for each in settings] == [0, 1]
    found = values(results, part="margin", metric="map_at_20", group="").set_index("system")
    assert set(found.index) == set(similarity.GROWING)
    table42 = values(results, part="4.2", system="tl_distance", metric="map_at_20", group="")
    assert found.loc["tl_distance", "value"] == table42["value"].item()
    assert list(similarity.growing_margin(results)["system"]) == list(similarity.GROWING.values())


def test_architectures_that_were_trained_are_shown_from_then_on(
    material, results, tmp_path, monkeypatch
):
    monkeypatch.setattr(experiment, "ARCHITECTURES", {"resnet": ("distance", "resnet")})
    asked = experiment.compare([material], architectures=True)
    assert len(values(asked, part="C.4", system="resnet", metric="map_at_20", group="")) == 1
    pd.testing.assert_frame_equal(experiment.compare([material]), asked)
    show("tableC4", asked, tmp_path)
    assert (tmp_path / "tableC4.md").read_text().count("not trained") == 8  # of two, four metrics
    assert "ResNet" in set(of_similarity([material])["system"])
    unseen = replace(material, seed=1)  # a seed for which they are not trained
    assert experiment.kept_architectures([material, unseen]) == {}


def test_tables_and_figures_show_the_kind_and_chance(material, results, tmp_path):
    show("table42", results, tmp_path)
    show("tableC4", results, tmp_path)
    show("tagged_catalog", similarity.catalog(material), tmp_path)
    show("table43", similarity.units(material, experiment.units(material)), tmp_path)
    show("growing_margin", results, tmp_path)
    for name in ("table42", "growing_margin", "tableC4", "tagged_catalog", "table43"):
        text = (tmp_path / f"{name}.md").read_text()
        assert "rendered" in text
        assert "missing" not in text
    assert "Chance" in (tmp_path / "table42.md").read_text()
    assert "not trained" in (tmp_path / "tableC4.md").read_text()
    pd.testing.assert_frame_equal(tidy.read(tmp_path / "results_08.csv"), results)
    for name, figure in {
        "figure41": figures.figure_41(**similarity.lists(material)),
        "tagged_catalog": figures.tagged_catalog(**similarity.histograms(material)),
        "training": figures.training_curves(**similarity.curves(material)),
    }.items():
        figures.save(figure, tmp_path, name)


def test_a_table_of_two_seeds_has_their_means_and_refuses_a_hole(results):
    second = results.assign(seed=1, value=results["value"] + 1)
    both = pd.concat([results, second], ignore_index=True)
    found, one = similarity.means(both), similarity.means(results)
    np.testing.assert_allclose(found["value"], one["value"] + 0.5)
    with pytest.raises(VmnetError, match="lack a seed"):
        similarity.means(both.iloc[:-1])
    mixed = pd.concat([results, results.assign(kind="real")])
    with pytest.raises(VmnetError, match="mix rendered, real"):
        similarity.means(mixed)


def test_the_printed_numbers_stand_beside_ours(results):
    row = similarity.table42(results).set_index("system").loc["TL, Auto-pool"]
    assert row["MAP@20, thesis"] == "7.99 ±0.51"
    chance = similarity.table42(results).set_index("system").loc["Chance"]
    assert chance["Recall@20, thesis"] == "0.70"
    assert TABLES["table42"].of_thesis


def folder_of_ones_own(material, place: Path) -> Path:
    """Copy the rendered catalog without what tells that it was rendered, one track silent."""
    source = material.catalog.paths[0].parent.parent
    (place / "audio").mkdir(parents=True)
    (place / "tags.csv").write_bytes((source / "tags.csv").read_bytes())
    for number, path in enumerate(sorted((source / "audio").iterdir())):
        samples, rate = soundfile.read(path)
        soundfile.write(place / "audio" / path.name, samples * (number > 0), rate)
    (place / "audio/0001.flac").write_bytes(b"no music")
    (place / "audio/0002.flac").unlink()
    return place


def test_a_folder_of_ones_own_leaves_out_what_cannot_be_used(material, tmp_path, capsys):
    run = open_run("toy", jobs=1)
    run = replace(run, profile=replace(PROFILES["toy"], thesis=SIZE))
    own = experiment.prepare(run, str(folder_of_ones_own(material, tmp_path / "mine")))
    assert (own.catalog.kind, own.catalog.name, own.catalog.second) == ("real", "mine", None)
    assert len(own.catalog.tracks) == len(own.spectrograms) == 37
    assert set(own.catalog.failures) == {f"audio/000{i}.flac" for i in range(3)}
    assert "no audible sound" in own.catalog.failures["audio/0000.flac"]
    assert own.spectrograms.ids == own.catalog.tracks.ids
    assert "3 of 40 tracks were left out" in capsys.readouterr().err
    assert not (tmp_path / "mine" / SECOND).exists()
