"""RESULTS-thesis.md from small made-up files, and that of the committed ones."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from test_thesis_claims import as_ours

from vmnet import runner
from vmnet.config import ROOT
from vmnet.errors import VmnetError
from vmnet.report.thesis import beside, page, results
from vmnet.report.thesis.claims import CLAIMS, FAMILIES

RUN = {
    "command": "./run_all.sh --thesis", "profile": "demo", "corpus": "toy", "kind": "simulated",
    "seeds": [0], "seconds": 90.5, "date": "2026-11-30",
    "notebooks": {"00_corpus": 30.0, "08_music_similarity": 60.5},
    "machine": {"processor": "a processor", "cores": 2},
}  # fmt: skip


def write(folder, kinds=("rendered", "simulated", "rendered"), seeds=(0,)):
    """Write a made-up folder: the thesis' own numbers as ours, and 1 where it has none."""
    folder.mkdir(parents=True)
    for (chapter, file), kind in zip(results.FILES.items(), kinds, strict=True):
        ours = as_ours(kind=kind, seeds=seeds).assign(corpus=f"toy-{chapter}")
        parts = {part.name for part in beside.PARTS if part.chapter == chapter}
        more = {"4": {"4.1", "4.3", "margin"}, "5": set(), "6": {"6.4", "H2", "H3", "H4"}}[chapter]
        ours[ours["part"].isin(parts | more)].to_csv(folder / file, index=False)
    (folder / "run.json").write_text(json.dumps(RUN))
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "figures" / "demo")


def lines_of(text, heading):
    return f"\n{text}".split(f"\n{heading}")[1].split("\n#")[0].splitlines()


def table_of(text, heading):
    rows = [line for line in lines_of(text, heading) if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_claim_stands_once_with_what_each_kind_of_data_says(folder):
    text = page.results_page(folder)
    found = re.findall(r"\(`(\w+)`,", " ".join(text.split()))
    assert found == [claim.id for claim in CLAIMS]
    flat = " ".join(text.split())
    assert "**recovered" in flat
    assert "rendered (toy-6): **holds" not in flat
    assert "rendered (toy-4): **holds**: Recall@20 (%): TL Auto-pool 17.74 >" in flat
    assert "the thesis' own numbers: impossible: the other half of its table" in flat
    assert flat.count("- ours: not computed") == len(FAMILIES["PAPER"][1])


def test_a_table_has_the_thesis_number_and_ours_with_interval_and_kind(folder):
    header, _, *body = table_of(page.results_page(folder), "## Table 4.2")
    assert header == [
        "system", "whose", "n", "MAP@20 (%)", "Recall@20 (%)", "RR@20 (%)", "nDCG@20 (%)",
    ]  # fmt: skip
    assert body[0] == ["Auto-tagging (AT)", "thesis", "", "4.50 ±0.34", *body[0][4:]]
    assert body[1][:4] == ["Auto-tagging (AT)", "rendered (toy-4)", "548", "4.50 ±0.34"]


def test_controls_stand_below_and_a_null_has_its_range(tmp_path):
    folder = write(tmp_path / "figures" / "mine")
    common = {"corpus": "toy-6", "kind": "rendered", "n": 548, "group": "all", "metric": "bar"}
    null = {"null": 15.0, "null_low": 12.0, "null_high": 19.0}
    null |= {"lognormal": 16.0, "lognormal_low": 13.0, "lognormal_high": 18.0}
    rows = [{**common, "part": "6.2", "system": s, "value": v} for s, v in null.items()]
    observed = {**common, "part": "6.2", "system": "observed", "value": 17.0, "ci95": 3.1}
    results.table([*rows, observed]).to_csv(folder / "results_10.csv", index=False)
    body = table_of(page.results_page(folder), "## Table 6.2")[2:]
    of_all = [row for row in body if row[1] == "all"]
    assert of_all == [
        ["", "all", "thesis", "548", "60.0", "17.3", "0.4"],
        ["", "all", "rendered (toy-6)", "548", "", "17.0 ±3.1", ""],
        ["By chance (null)", "all", "rendered (toy-6)", "548", "", "15.0 (12.0 to 19.0)", ""],
        ["Log-normal shots", "all", "rendered (toy-6)", "548", "", "16.0 (13.0 to 18.0)", ""],
    ]
    text = " ".join(page.results_page(folder).split())
    assert "not recovered, within the interval**: bar (% of films): observed 17.00" in text


def test_the_page_says_whose_data_and_which_command(folder):
    rows = table_of(page.results_page(folder), "# Results: the thesis")[2:]
    assert [row[:3] for row in rows] == [
        ["4", "**rendered**", "toy-4"], ["5", "**simulated**", "toy-5"],
        ["6", "**rendered**", "toy-6"],
    ]  # fmt: skip
    path = folder / "run.json"
    path.write_text(json.dumps(RUN | {"command": "./run_all.sh --seed 0 1 2 --corpus x"}))
    again = table_of(page.results_page(folder), "# Results: the thesis")[2:]
    assert again[0][5] == "`./run_all.sh --corpus x --only 08`"  # the results have seed 0 alone
    assert [row[5] for row in rows] == [f"`./run_all.sh --only {n}`" for n in ("08", "09", "10")]
    path.write_text(json.dumps(RUN))
    times = table_of(page.results_page(folder), "# Time and machine")[2:]
    assert times == [["08_music_similarity", "1:00"]]


def test_real_sets_stand_beside_the_demo_and_nowhere_else(folder):
    real = write(folder.parent / "muvi-sync", kinds=("real", "real", "rendered"))
    text = page.results_page(folder)
    corpora = [row[1:3] for row in table_of(text, "# Results: the thesis")[2:]]
    assert ["**real**", "toy-5"] in corpora
    assert corpora.count(["**rendered**", "toy-6"]) == 1  # not the rendered films of the real run
    assert "75 test clips" in " ".join(text.split())
    assert f"[results_09.csv]({'figures'}/muvi-sync/results_09.csv)" in text
    for path in real.iterdir():
        path.unlink()
    assert "muvi-sync" not in page.results_page(folder)
    other = write(folder.parent / "smoke")
    write(folder.parent / "youtube8m-video", kinds=("real",) * 3)
    assert "youtube8m" not in page.results_page(other)


def test_seeds_become_their_mean(tmp_path):
    text = page.results_page(write(tmp_path / "figures" / "demo", seeds=(0, 1)))
    assert "(2 of 2 seeds)" in " ".join(text.split())
    assert table_of(text, "# Results: the thesis")[2][4] == "0, 1"


def test_the_paper_s_own_files_answer_two_claims(folder):
    from test_page import tidy

    tidy([("seg_vmnet", "olda", "trace", "vanilla", 27)]).to_csv(folder / "results_03.csv")
    lengths = [
        {"S": name, "mean, ours (simulated) (s)": mean, "segments": 10}
        for name, mean in (("Foote", 19.0), ("SF", 19.5), ("OLDA", 20), ("TransNet", 21))
    ]
    pd.DataFrame(lengths).to_csv(folder / "segment_lengths.csv", index=False)
    text = " ".join(page.results_page(folder).split())
    assert "not recovered**: mean length (s): TransNet 21 s ≥ Foote 19 s; n = 10" in text
    assert re.search(
        r"simulated \(toy\): \*\*holds \(3 of 3 seeds\)\*\*: seconds a query: OLDA with trace 0.0",
        text,
    )


def test_trainings_are_summed_by_chapter_where_two_files_have_meters(folder):
    assert "# What all trainings took" not in page.results_page(folder)
    for file, seconds in (("training.csv", 3600), ("training_08.csv", 1800)):
        meters = {"seconds": [seconds, 1800.0], "energy_kwh": [0.1, 0.2], "co2_kg": [None, 0.1]}
        pd.DataFrame(meters).to_csv(folder / file, index=False)
    text = page.results_page(folder)
    assert table_of(text, "# What all trainings took")[2:] == [
        ["4", "1,272", "2", "1", "0.3", "not measured"],
        ["7", "288", "2", "1.5", "0.3", "not measured"],
        ["all", "2,543", "4", "2.5", "0.6", "not measured"],
    ]
    assert "Not metered here: chapter 5." in " ".join(text.split())


def test_explanations_stand_below_their_claim(folder):
    path = folder / "explanations_thesis.md"
    path.write_text("## similarity_at_behind\n\nBecause so.\n")
    assert "\n  **Why:** Because so.\n" in page.results_page(folder)
    path.write_text("## trace_fastest\nNo claim of the thesis.\n")
    with pytest.raises(VmnetError, match="trace_fastest, which is no conclusion"):
        page.results_page(folder)


def test_the_same_files_give_the_same_text_by_the_command_too(folder):
    text = page.results_page(folder)
    saved = page.save(folder, folder.parent.parent / "RESULTS-thesis.md")
    assert saved.read_text(encoding="utf-8") == text
    command = [sys.executable, "-m", "vmnet.report.thesis.page", str(folder)]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert printed.decode("utf-8") == text
    assert not re.search(r"^\s*[>#]+ (?!\w)", text, flags=re.MULTILINE)
    assert "nan" not in re.findall(r"\w+", text)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("RESULTS")]
    assert all((saved.parent / link).exists() for link in links)


def test_what_is_missing_is_named(folder):
    (folder / "run.json").rename(folder / "run")
    with pytest.raises(VmnetError, match=r"run\.json is missing"):
        page.results_page(folder)
    (folder / "run").rename(folder / "run.json")
    for file in results.FILES.values():
        (folder / file).unlink()
    with pytest.raises(VmnetError, match=r"none of results_08.csv.*`\./run_all\.sh --thesis`"):
        page.results_page(folder)


def test_a_chapter_that_was_not_run_has_claims_without_numbers(folder):
    (folder / "results_09.csv").unlink()
    text = page.results_page(folder)
    assert "## Table 5.1" not in text
    chapter = " ".join(lines_of(text, "# Chapter 5"))
    assert chapter.count("- ours: not computed") == len(FAMILIES["DESIGN"][1])


def test_the_committed_page_is_that_of_the_committed_files():
    demo = ROOT / "figures" / "demo"
    path = ROOT / "RESULTS-thesis.md"
    there = any((demo / file).is_file() for file in results.FILES.values())
    assert path.exists() == there
    if there:
        assert path.read_text(encoding="utf-8") == page.results_page(demo), (
            "RESULTS-thesis.md and figures/ differ: "
            "python -m vmnet.report.thesis.page figures/demo > RESULTS-thesis.md"
        )


def test_figures_of_the_thesis_are_on_its_page_alone(folder, tmp_path, monkeypatch):
    from vmnet.report import page as paper_page
    from vmnet.report.thesis import figures

    cell = {"cell_type": "code", "source": ["figure = f()\n", 'figures.save(figure, x, "fig41")']}
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / "08_music_similarity.ipynb").write_text(json.dumps({"cells": [cell]}))
    monkeypatch.setattr(figures, "NOTEBOOKS", notebooks)
    figures.figures_of.cache_clear()
    for name in ("fig41", "figure7"):
        (folder / f"{name}.png").touch()
    assert "figure fig41](figures/demo/fig41.png)" in page.results_page(folder)
    assert [stem for stem, _ in paper_page._figures(folder)] == ["figure7"]
    figures.figures_of.cache_clear()
    assert runner.THESIS == ("08", "09", "10")
