"""The part of RESULTS.md on real data, from folders made up here: their numbers mean nothing."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from test_page import change, table_of, write

from vmnet.config import ROOT
from vmnet.report import page, real
from vmnet.report.claims import CLAIMS
from vmnet.report.results import by_seed, provenance
from vmnet.report.verdicts import restricted, verdict

KNOWN = {claim.id: claim for claim in CLAIMS}


def small(table):
    """Turn made-up results of 1,000 clips into those of 75, without OLDA and baseline 1."""
    table = table[table["system"] != "baseline_1"]
    in_scenarios = table["scenario"] != "vanilla"
    table = table.assign(segmenter=table["segmenter"].mask(in_scenarios, "foote"))
    table = table[table["segmenter"] != "olda"].assign(n_clips=75)
    ranks = table["metric"].isin(["mean_rank", "ci95"])
    return table.assign(value=table["value"].mask(ranks, table["value"] * 0.075))


@pytest.fixture
def figures(tmp_path):
    folder = tmp_path / "figures"
    write(folder / "demo")
    write(folder / "muvi-sync", kind="features")
    change(folder / "muvi-sync", small)
    return folder


def say(folder, **what):
    run = json.loads((folder / "run.json").read_text()) | what
    (folder / "run.json").write_text(json.dumps(run))


def test_the_page_of_the_demo_begins_with_real_data(figures):
    text = page.results_page(figures / "demo")
    first, second = text.split("\n# Part 2: simulated data\n")
    assert first.startswith("# Results\n")
    assert "# Part 1: real data" in first
    introduction = " ".join(second.split("\n## ")[0].split())
    assert introduction.startswith("Our numbers beside those of the paper")
    flat = " ".join(first.split())
    for trap in ("75 queries (150 with those of validation)", "music is symbolic", "not VGGish",
                 "Cuts are to the second"):  # fmt: skip
        assert trap in flat
    captions = re.findall(r"\*\*Real data\*\*, 75 test clips, mean of 3 seeds; [^.]*chance 38\.0\.",
                          flat)  # fmt: skip
    tables = re.findall(r"^### MuVi-Sync: (?!figures)", first, flags=re.MULTILINE)
    assert len(captions) == len(tables) > 3


def test_no_number_of_the_paper_stands_beside_ranks_of_muvi_sync(figures):
    text = page.results_page(figures / "demo").split("\n# Part 2")[0]
    sections = text.split("\n## MuVi-Sync (real)")[1]
    headers = re.findall(r"^\|[^\n]*\n\| -", sections, flags=re.MULTILINE)
    assert headers
    assert not any("paper" in header for header in headers)
    assert "missing" not in sections


def test_other_pages_have_no_real_part(figures):
    write(figures / "films-0a1b2c", kind="folder")
    assert "real data" not in page.results_page(figures / "films-0a1b2c")
    for name in ("muvi-sync", "films-0a1b2c"):
        (figures / name / "run.json").unlink()
    assert page.results_page(figures / "demo").splitlines()[2].startswith("Our numbers")


def test_what_is_missing_is_named(figures):
    text = " ".join(page.results_page(figures / "demo").split())
    assert "Missing: YouTube-8M, video level: `figures/youtube8m-video` is not there." in text
    assert re.search(r"Missing: MuVi-Sync: `figures/muvi-sync` lacks .*?`results_06\.csv`", text)


def test_the_overview_has_a_column_for_each_folder_and_its_settings(figures):
    write(figures / "muvi-sync-demo", kind="features")
    change(figures / "muvi-sync-demo", small)
    say(figures / "muvi-sync", profile="own")
    write(figures / "youtube8m-video", kind="features")
    say(figures / "youtube8m-video", profile="own")
    header, _, *body = table_of(page.results_page(figures / "demo"), "Real data, all ranks")
    assert header[3:] == [
        "MuVi-Sync (real, 75 clips)", "MuVi-Sync, profile demo (real, 75 clips)",
        "YouTube-8M, video level (real, 1,000 clips)",
    ]  # fmt: skip
    assert body[-1] == ["Chance", "", "", "38.0", "38.0", "500.5"]
    cells = {tuple(row[:3]): row[3:] for row in body}
    assert cells["Baseline 1", "", ""][:2] == ["", ""]
    assert cells["Seg-VM-Net", "Foote", "Trace"][2] == ""  # no time axis, no segments
    assert cells["Seg-VM-Net", "Foote", "Trace"][0].startswith("3.")


def test_every_conclusion_is_judged_on_both_kinds_of_data(figures):
    heading = "The paper's conclusions, on simulated and on real data"
    header, _, *body = table_of(page.results_page(figures / "demo"), heading)
    assert header == [
        "conclusion", "section", "simulated (1,000 clips)", "real (MuVi-Sync, 75 clips)",
        "what decides, real",
    ]  # fmt: skip
    assert [row[0] for row in body] == [claim.statement for claim in CLAIMS]
    rows = dict(zip(KNOWN, body, strict=True))
    assert rows["olda_trace_best"][3] == "cannot be asked: without OLDA"
    assert rows["baseline_2_ahead_of_1"][3] == "cannot be asked: without Baseline 1"
    assert rows["best_trace_best_crop"][3].endswith("(3 of 3 seeds; Foote for OLDA)")
    assert rows["complete_worst_unordered"][3] == "holds (3 of 3 seeds; without OLDA)"
    assert re.fullmatch(
        r"TransNet: Complete linkage [\d.]+ > Single linkage [\d.]+ \(±[\d.]+\)",
        rows["complete_worst_unordered"][4],
    )


def of_trace(trace, nw, half_width, segmenter="sf"):
    """Return made-up results of the four alignments."""
    ranks = {"trace": trace, "nw": nw, "sw": 30.0, "best_trace": 31.0}
    return pd.DataFrame(
        [
            {
                "corpus": "toy", "kind": "made up", "n_clips": 75, "system": "seg_vmnet",
                "segmenter": segmenter, "distance": distance, "scenario": "vanilla",
                "direction": "V2M", "seed": 0, "metric": metric, "value": value,
            }
            for distance, rank in ranks.items()
            for metric, value in (("mean_rank", rank), ("ci95", half_width))
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trace", "nw", "half_width", "text"),
    [
        (10.0, 20.0, 3.0, "holds (1 of 1 seeds; without Foote, OLDA, TransNet)"),
        (10.0, 14.0, 3.0, "holds, within the interval (1 of 1 seeds; without"),  # 4 < 4.24
        (14.0, 10.0, 3.0, "does not hold, within the interval (0 of 1 seeds; without"),
        (20.0, 10.0, 3.0, "does not hold (0 of 1 seeds; without"),
        (10.0, 20.0, 8.0, "holds, within the interval"),  # 10 < 11.3
    ],
)
def test_a_verdict_says_whether_what_decides_exceeds_its_interval(trace, nw, half_width, text):
    table = of_trace(trace, nw, half_width)
    found = verdict(KNOWN["trace_best_vanilla"], by_seed(table), provenance(table))
    assert found.text.startswith(text)
    assert found.decides == (
        f"SF: Trace {trace:.1f} {'<' if trace < nw else '≥'} NW-DTW {nw:.1f} "
        f"(±{half_width * 2**0.5:.1f})"
    )


def test_a_share_of_queries_has_the_interval_of_a_share():
    table = of_trace(10, 20, 1, "olda").query("metric == 'mean_rank'").assign(metric="R@25")
    both = table[table["distance"].isin(["trace", "nw"])].replace({"distance": {"nw": "centroid"}})
    clip = both[:1].assign(system="baseline_2", segmenter="clip", distance="centroid", value=5.0)
    values = by_seed(pd.concat([both.assign(value=[50.0, 30.0]), clip]))
    found = verdict(KNOWN["recall_order"], values, provenance(table))
    # 1.96 sqrt(.5 .5 / 75) = 11.3 %, and 10.4 %: their difference has 15.3 %
    assert found.decides == "OLDA Trace 50.0 % > OLDA Centroid 30.0 % (±15.3)"
    assert found.text == "holds (1 of 1 seeds)"


def test_what_was_not_computed_is_left_out_of_a_claim():
    given = {("seg_vmnet", "foote"), ("seg_vmnet", "sf"), ("baseline_2", "clip")}
    for claim in CLAIMS:
        asked, _ = restricted(claim, given, "foote")
        assert {key[:2] for key in asked.keys} <= given
    unchanged, limits = restricted(KNOWN["recall_order"], {*given, ("seg_vmnet", "olda")}, "foote")
    assert (unchanged, limits) == (KNOWN["recall_order"], "")


def test_the_table_of_the_readme_is_put_in_place_of_the_old_one(figures, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(
        "|a|\n|-|\n\n## Paper and ours\n\nText.\n\n|old|\n|---|\n\nMore.\n\n|b|\n|-|\n"
    )
    command = [sys.executable, "-m", "vmnet.report.page", str(figures / "demo"), "--readme"]
    subprocess.run([*command, str(readme)], check=True, cwd=ROOT)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(
        "|a|\n|-|\n\n## Paper and ours\n\nText.\n\n|system|distance|paper (**real"
    )
    assert text.endswith("|\n\nMore.\n\n|b|\n|-|\n")
    assert "|MuVi-Sync (**real**, 75 clips, Foote)|" in text
    assert page.readme_table(figures / "demo") in text
    assert "old" not in text


def test_every_table_and_figure_of_a_set_is_known():
    from vmnet.report.tables import TABLES

    for each in real.SETS:
        assert set(each.tables) <= {*TABLES, "learning_curve"}
        assert set(each.figures) <= {*page.FIGURES, "learning_curve"}
