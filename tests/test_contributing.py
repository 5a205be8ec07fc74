"""The recipes of CONTRIBUTING.md: what they add is found wherever results are."""

import re

import numpy as np
import pandas as pd
import pytest

from vmnet import aligners, cli, evaluation, experiment, features, runner, segmenters
from vmnet.config import ROOT
from vmnet.corpus.manifest import write_manifest
from vmnet.features.extractor import Extractor
from vmnet.rendered import render_corpus
from vmnet.report import figures, inputs, page, show, tables

REGISTRIES = [
    aligners.DISTANCES,
    evaluation.SCENARIOS,
    features.EXTRACTORS,
    segmenters.SEGMENTERS,
    tables.TABLES,
]
DISTANCES = ["trace", "hausdorff"]
SCENARIOS = ["vanilla", "reverse_query"]


def recipes():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("# Four recipes")[1]
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    return [block for block in blocks if "import " in block]


def quick(path):
    """Return features of the pictures that tell clips apart."""
    rng = np.random.default_rng(list(path.stem.encode()))
    return rng.normal(size=(5, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Do what the recipes say; return the options of a small run in which the four take part.

    What extracts at length stands back for a quick one; all is put back afterwards.
    """
    folder = tmp_path_factory.mktemp("contributing")
    clips = render_corpus(
        folder / "films", splits=(4, 2, 5), seconds=(6.0, 7.0), seed=3, progress=False
    )
    write_manifest(folder / "films" / "manifest.csv", clips)
    before = [dict(registry) for registry in REGISTRIES]
    features.EXTRACTORS.clear()
    for name in ("tones", "colours"):
        modality = "music" if name == "tones" else "video"
        features.EXTRACTORS[name] = Extractor(name, modality, 6, quick)
    for code in recipes():
        exec(code, {"__name__": "contributed"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vmnet.corpus.opening.DATA", folder / "data")
        patch.setattr("vmnet.experiment.run.FIGURES", folder / "figures")
        yield {
            "profile": "toy",
            "corpus": str(folder / "films"),
            "jobs": 1,
            "segmenters": ["fixed", "jumps"],
            "music": "bands",
        }
    for registry, entries in zip(REGISTRIES, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.fixture(scope="module")
def run(options):
    return experiment.open_run(**options)


@pytest.fixture(scope="module")
def results(run):
    return experiment.results(experiment.prepare(run), experiment.seg_vm_nets, DISTANCES, SCENARIOS)


def test_there_are_four_recipes_and_a_table():
    assert len(recipes()) == 5


def test_all_are_in_the_table_of_results(results):
    assert set(results.segmenter) == {"fixed", "jumps"}
    assert set(results.distance) == set(DISTANCES)
    assert set(results.scenario) == set(SCENARIOS)
    assert results.settings.unique().tolist() == ["segmenters=fixed+jumps, music=bands"]
    assert np.isfinite(results.value).all()


@pytest.mark.parametrize("table", ["table3", "table4"])
def test_all_are_rows_of_the_tables_and_the_papers_column_is_empty(run, results, table):
    show(table, results, run.figures)
    text = (run.figures / f"{table}.md").read_text()
    assert "music=bands" in text.split("\n")[0]
    shown = pd.read_csv(run.figures / f"{table}.csv", keep_default_na=False)
    ours = next(column for column in shown if column.startswith("ours"))
    rows = shown[(shown["δ"] == "hausdorff") & (shown["S"] == "jumps")]
    assert not rows.empty
    assert (rows["paper"] == "").all()
    assert rows[ours].str.match(r"\d").all()
    if table == "table4":
        assert set(rows["scenario"]) == {"reverse_query"}


def texts_of(figure):
    return " ".join(
        text.get_text() for text in figure.findobj(match=lambda each: hasattr(each, "get_text"))
    ).replace(r"\_", "_")


def test_all_are_in_the_figures(results):
    assert "hausdorff" in texts_of(figures.figure_8(results))
    assert "jumps" in texts_of(figures.figure_8(results))
    realistic = texts_of(figures.figure_9(results))
    assert "reverse_query" in realistic
    assert "music=bands" in realistic


def test_all_are_on_the_page_of_results(run, results):
    """What the notebooks save, then RESULTS.md."""
    data = experiment.prepare(run)
    show("table2", results[results.scenario == "vanilla"], run.figures)
    show("table3", results[results.scenario == "vanilla"], run.figures)
    show("table4", results, run.figures)
    show("baselines", experiment.results(data, experiment.clip_level, ["centroid"]), run.figures)
    show("segment_lengths", inputs.segment_lengths(data), run.figures)
    show("training", inputs.trainings([data]), run.figures)
    runner.save_record(run.figures, [run], {"00_corpus": 1.0}, "FOLDER")
    show("hausdorff", results[results.scenario == "vanilla"], run.figures)
    text = page.results_page(run.figures)
    assert "\n## The Hausdorff distance, vanilla\n" in text
    assert re.search(r"^\| hausdorff +\| jumps +\| +\| \d", text, re.M)
    assert re.search(r"^\| hausdorff .*\| reverse_query .*\| +\| \d", text, re.M)
    assert "with the settings segmenters=fixed+jumps, music=bands" in " ".join(text.split())
    assert "--segmenters fixed jumps --music bands" in " ".join(text.split())


def test_all_are_on_the_command_line(options, results, capsys):
    words = ["evaluate", "--profile", "toy", "--corpus", options["corpus"], "--jobs", "1"]
    words += ["--segmenters", "fixed", "jumps", "--music", "bands"]
    words += ["--distances", *DISTANCES, "--scenarios", *SCENARIOS]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out
    assert re.search(r"jumps +hausdorff +\d", printed)
    assert "reverse_query" in printed
    assert cli.main(["evaluate", "--help"]) == 0
    listed = capsys.readouterr().out
    for option, known in {
        "--segmenters": "jumps",
        "--music": "bands",
        "--distances": "hausdorff",
        "--scenarios": "reverse_query",
    }.items():
        assert known in listed
        assert cli.main([*words, option, "nothing"]) == 1
        assert known in capsys.readouterr().err
