"""Ranks with and without the test clips whose artist training knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vmnet import experiment
from vmnet.aligners import distance_matrix
from vmnet.corpus import Clip, Corpus, opening
from vmnet.evaluation import ranks
from vmnet.experiment import run as run_module
from vmnet.experiment.artists import artist_of, queries
from vmnet.report import show
from vmnet.report.tables import TABLES


def clip(clip_id, split, artist=""):
    return Clip(clip_id, Path(clip_id), split, artist=artist)


def test_an_artist_is_known_however_it_is_written():
    clips = (
        clip("1", "train", "Beyoncé"), clip("2", "train"), clip("3", "valid", "Moby"),
        clip("4", "test", "  BEYONCÉ"), clip("5", "test", "moby"), clip("6", "test"),
    )  # fmt: skip
    found = queries(Corpus("toy", "folder", clips, None), ["4", "5", "6"])
    assert {name: among.tolist() for name, among in found.items()} == {
        "all": [True, True, True],
        "new": [False, True, False],  # validation is no training
        "known": [True, False, False],  # and no artist is nobody's
    }
    assert artist_of(clip("7", "test", "The\tBand ")) == "the band"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return simulated clips with made-up artists: of 12 for test 7 known, 4 new, 1 without."""
    folder = tmp_path_factory.mktemp("artists")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", folder / "data")
        patch.setattr(run_module, "FIGURES", folder / "figures")
        data = experiment.prepare(experiment.open_run("toy", jobs=1))
        names = iter(["A", "b"] * 4 + ["New"] * 4 + [""])
        next(names)
        clips = tuple(
            replace(
                c, artist=next(names) if c.split == "test" else "a" if c.split == "train" else ""
            )
            for c in data.corpus.clips
        )
        clips = (replace(clips[0], artist="B"), *clips[1:])
        yield replace(data, corpus=replace(data.corpus, clips=clips))


def test_the_whole_catalog_is_ranked_for_fewer_queries(data):
    found = experiment.by_artist([data], experiment.baselines)
    two = next(each for each in experiment.baselines(data.run) if each.name == "baseline_2")
    places = ranks(distance_matrix(*experiment.embeddings(data, two), "centroid"))
    mean = found[(found.system == "baseline_2") & (found.metric == "mean_rank")].set_index(
        "queries"
    )
    artists = np.array([c.artist for c in data.corpus.split("test")])
    assert mean["n_queries"].to_dict() == {"all": 12, "new": 4, "known": 7}
    assert mean.value["all"] == pytest.approx(places.mean())
    assert mean.value["new"] == pytest.approx(places[artists == "New"].mean())
    assert mean.value["known"] == pytest.approx(places[np.isin(artists, ["A", "b"])].mean())
    as_ever = experiment.results(data, experiment.baselines, ["centroid"])
    as_ever = as_ever[(as_ever.direction == "V2M") & (as_ever.metric == "mean_rank")]
    assert as_ever.set_index("system").value["baseline_2"] == mean.value["all"]
    assert set(found.n_clips) == {12}


def test_clips_without_artists_give_no_table(data):
    clips = tuple(replace(c, artist="" if c.split == "test" else "a") for c in data.corpus.clips)
    nobody = replace(data, corpus=replace(data.corpus, clips=clips))
    assert experiment.by_artist(nobody, experiment.baselines).empty


def test_the_table_says_how_many_queries_each_mean_is_over(data, tmp_path):
    found = experiment.by_artist(data, experiment.baselines)
    table = show("artists", found, tmp_path).data
    assert list(table.columns) == [
        "system", "all (12 clips)", "artist not in training (4 clips)",
        "artist in training (7 clips)",
    ]  # fmt: skip
    assert table["system"].tolist()[:2] == ["Baseline 1", "Baseline 2"]
    assert table.iloc[-1].tolist() == ["Chance", "6.5", "6.5", "6.5"]
    assert "simulated data" in (tmp_path / "artists.md").read_text()


def test_a_group_that_a_seed_lacks_is_left_out(data):
    one = experiment.by_artist(data, experiment.baselines)
    other = one[one["queries"] != "known"].assign(seed=1, n_queries=lambda t: t.n_queries + 1)
    table = TABLES["artists"].render(pd.concat([one, other]))
    assert list(table.columns) == [
        "system", "all (12 to 13 clips)", "artist not in training (4 to 5 clips)",
    ]  # fmt: skip
