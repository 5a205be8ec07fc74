"""From entries of one's own in the registries to a table, a figure and the data behind them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from vmnet import experiment
from vmnet.aligners import DISTANCES
from vmnet.aligners.distances import centroid
from vmnet.config import PROFILES
from vmnet.corpus import Corpus
from vmnet.corpus.media_source import MediaSource
from vmnet.evaluation import SCENARIOS
from vmnet.features import EXTRACTORS
from vmnet.features.extractor import Extractor
from vmnet.media import probe
from vmnet.rendered import render_corpus
from vmnet.report import figures, inputs, show
from vmnet.segmenters import SEGMENTERS, Segmenter


def tones(path: Path) -> np.ndarray:
    rng = np.random.default_rng(list(path.stem.encode()))
    return rng.normal(size=(4, 6)).astype(np.float32)


def thirds(path: Path) -> list[float]:
    duration = probe(path).duration
    return [duration / 3, 2 * duration / 3]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A prepared corpus whose segmenter, extractors, distance and scenario are the test's own."""
    folder = tmp_path_factory.mktemp("films")
    clips = render_corpus(
        folder / "clips", splits=(3, 2, 5), seconds=(3.0, 4.0), seed=3, progress=False
    )
    clips = tuple(
        replace(clip, title="clip" if clip in clips[-2:] else clip.title) for clip in clips
    )
    entries = {
        "my_thirds": (SEGMENTERS, Segmenter("my_thirds", "none", thirds)),
        "my_tones": (EXTRACTORS, Extractor("my_tones", "music", 6, tones)),
        "my_colours": (EXTRACTORS, Extractor("my_colours", "video", 6, tones)),
        "my_distance": (DISTANCES, centroid),
        "my_scenario": (SCENARIOS, lambda video, music: (video, music)),
    }
    training = {"batch": 3, "steps": 2, "evaluate_every": 1, "learning_rate": 1e-4}
    with pytest.MonkeyPatch.context() as patch:
        for name, (registry, entry) in entries.items():
            patch.setitem(registry, name, entry)
        corpus = Corpus("films", "rendered", clips, MediaSource(folder / "data"))
        yield experiment.prepare(
            experiment.Run(
                PROFILES["smoke"], corpus, 0, 1, folder / "data", folder / "figures",
                ("my_thirds",), "my_tones", "my_colours", training,
                settings="music=my_tones, video=my_colours",
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def results(data):
    scenarios = ["vanilla", "my_scenario"]
    return experiment.results(data, experiment.seg_vm_nets, ["my_distance", "trace"], scenarios)


def words(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_entries_of_ones_own_are_in_tables_and_figures(data, results, tmp_path):
    table = show("table2", results, tmp_path).data
    mine = table[(table["S"] == "my_thirds") & (table["δ"] == "my_distance")]
    assert len(mine) == 1
    assert mine["paper"].tolist() == [""]
    assert "settings music=my_tones, video=my_colours" in (tmp_path / "table2.md").read_text()
    table = show("table4", results, tmp_path).data
    assert table[table["scenario"] == "my_scenario"]["δ"].tolist() == ["Trace", "my_distance"]
    assert "ours my_thirds." in (tmp_path / "table4.md").read_text()
    shown = words(figures.figure_7(results)) | words(figures.figure_9(results))
    assert r"$S_{\mathrm{my\_thirds}}$" in shown
    assert r"$\delta_{\mathrm{my\_distance}}$" in shown
    assert "my_scenario" in shown
    assert any(text.endswith("settings music=my_tones, video=my_colours") for text in shown)
    lengths = show("segment_lengths", inputs.segment_lengths(data), tmp_path).data
    assert lengths["S"].tolist() == ["my_thirds"]
    assert "films (rendered), settings" in (tmp_path / "segment_lengths.md").read_text()


def test_a_sweep_has_every_distance_with_a_cost_and_no_cost_of_the_run(data, results, monkeypatch):
    del results

    def my_alignment(queries, targets, indel=0.2):
        return indel * centroid(queries, targets)

    monkeypatch.setitem(DISTANCES, "my_alignment", my_alignment)
    named = f"{data.run.settings}, indel_nw=0.5"
    run = replace(data.run, indel={"nw": 0.5}, settings=named)
    sweep = inputs.indel_sweep(replace(data, run=run), experiment.seg_vm_net(run))
    assert set(sweep["distance"]) == {"nw", "sw", "my_alignment"}
    assert set(sweep["indel"]) == set(run.profile.indels)
    assert set(sweep["settings"]) == {data.run.settings}
    asked = sweep[sweep["metric"].eq("mean_rank")].groupby(["distance", "indel"])
    assert (asked.size() == 1).all()


def test_clips_of_one_title_are_told_apart(data, results):
    del results
    drawn = inputs.recommendations(data, experiment.seg_vm_net(data.run), n_queries=5)
    titles = {query.query_title for query in drawn["queries"]}
    test = data.corpus.split("test")
    assert titles == {clip.title for clip in test[:3]} | {clip.clip_id for clip in test[3:]}
    assert "clip" not in titles
    assert titles <= words(figures.figure_10(**drawn))


def test_the_inputs_fit_their_figures(data, results):
    del results
    system = experiment.seg_vm_net(data.run)
    for figure in (
        figures.training_curves(**inputs.training_curves(data, [system])),
        figures.figure_11(**inputs.similarity(data, system)),
        figures.clip_overview(inputs.clip_overview(data)),
    ):
        line = next(text for text in words(figure) if text.startswith(("rendered", "trained on")))
        assert line.endswith("; settings music=my_tones, video=my_colours")
    both = [system, replace(system, name="my_net")]
    curves = inputs.training_curves(data, both)["curves"]
    assert list(curves) == ["Seg-VM-Net, my_thirds", "my_net, my_thirds"]
    trainings = inputs.trainings([data])
    assert isinstance(trainings, pd.DataFrame)
    assert set(trainings["segmenter"]) == {"my_thirds", "clip"}
