"""RESULTS.md, made from the CSV and JSON files of one figures folder and from nothing else.

    python -m vmnet.report.page figures/demo > RESULTS.md

The same files give the same text, so that a test can hold the committed page against the committed
files. What the folder must and may hold:

| file | columns or keys |
|---|---|
| `results_01.csv` to `results_04.csv` | the tidy results of notebooks 01 to 04, every seed |
| `training.csv` | one row per training, `TRAINING` |
| `segment_lengths.csv` | as written by notebook 00, shown as it is |
| `run.json` | `RUN`: how, when and on what machine all of it was made |
| `clips.csv`, if any | as written by notebook 00, shown as it is |
| `indel_sweep.csv`, if any | tidy results of the validation clips, with a column indel |
| `speed.json`, if any | what `benchmarks/train.py` measured: a list of `SPEED` |
| `explanations.md`, if any | by hand: `## ID` of a conclusion, then why it does not hold here |
| `*.png`, if any | figures, linked |
"""

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.config import ROOT
from vmnet.errors import VmnetError, exit_status
from vmnet.evaluation.experiment import COLUMNS
from vmnet.report import paper, tables
from vmnet.report.claims import CLAIMS
from vmnet.report.names import DISTANCES, SEGMENTERS, SYSTEMS
from vmnet.report.replication import (
    CELL,
    FEWEST_CELLS,
    FITTED,
    SIMULATED,
    Conclusion,
    Spearman,
    by_seed,
    cells,
    comparable,
    conclusions,
    correlations,
)
from vmnet.report.results import Provenance, count, read_cells
from vmnet.store import save_text

if TYPE_CHECKING:
    import pandas as pd

RESULTS = ("results_01.csv", "results_02.csv", "results_03.csv", "results_04.csv")
TRAINING = (
    "system",
    "segmenter",
    "seed",
    "loss",
    "updates",
    "best_step",
    "seconds",
    "energy_kwh",
    "co2_kg",
    "energy_kind",  # "measured", "estimated", or empty where neither was possible
)
RUN = {
    "command": str,  # what a user types to make all of it again
    "profile": str,
    "corpus": str,
    "kind": str,
    "seeds": list,
    "notebooks": dict,  # name -> seconds
    "seconds": (int, float),  # of all notebooks, set-up aside
    "machine": dict,  # "processor", "cores", ... -> what to show
    "date": str,
}
SPEED = {
    "device": str,
    "processor": str,  # "cpu" or "gpu"
    "backend": str,
    "steps_per_second": (int, float),
    "share_of_peak": (int, float),  # 0 to 1
    "ratio": (int, float),  # time of an update to that of its matrix products alone
    "hours_500k": (int, float),
}

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Source:
    """Where a table comes from: the notebook, its cell, and the file with the numbers."""

    notebook: str
    cell: str
    file: str


SOURCES = {
    "clips": Source("00_corpus", "00-06", "clips.csv"),
    "segment_lengths": Source("00_corpus", "00-08", "segment_lengths.csv"),
    "baselines": Source("01_baselines", "01-04", "results_01.csv"),
    "table2": Source("02_experiment1_aggregation", "02-03", "results_02.csv"),
    "training": Source("02_experiment1_aggregation", "02-07", "training.csv"),
    "table3": Source("03_experiment2_alignment", "03-03", "results_03.csv"),
    "trace_forms": Source("03_experiment2_alignment", "03-06", "results_03.csv"),
    "indel_sweep": Source("03_experiment2_alignment", "03-08", "indel_sweep.csv"),
    "segment_count": Source("03_experiment2_alignment", "03-10", "results_03.csv"),
    "table4": Source("04_experiment3_realistic", "04-03", "results_04.csv"),
}
FIGURES = {
    "clip_overview": "one clip, seen whole",
    "training_baselines": "training of the baselines",
    "training_experiment1": "training of the Seg-VM-Nets",
    "figure7": "recalls of experiment 1, as in the paper's figure 7",
    "figure8": "recalls of experiment 2, as in the paper's figure 8",
    "figure9": "recalls of experiment 3, as in the paper's figure 9",
    "figure10": "three queries and their best tracks, as in the paper's figure 10",
    "figure11": "the similarity matrix of one clip, as in the paper's figure 11",
    "indel_sweep": "mean rank against the indel cost",
}
VERDICTS = {True: "holds", False: "**does not hold**", None: "not computed"}
MARK = " †"  # a cell that was fitted
RECALLS = ("R@1", "R@10", "R@25")


@dataclass(frozen=True)
class Page:
    """All that the page is made from."""

    folder: Path
    run: dict[str, Any]
    results: "pd.DataFrame"
    values: "pd.DataFrame"  # of each seed, see `by_seed`
    cells: "pd.DataFrame"  # beside the paper's, see `cells`
    origin: Provenance

    @property
    def link(self) -> str:
        """The folder as seen from the page, which stands two above it."""
        return "/".join(self.folder.resolve().parts[-2:])

    @property
    def simulated(self) -> bool:
        """Whether the corpus was fitted to the paper."""
        return self.origin.kind == SIMULATED


def results_page(folder: Path) -> str:
    """Return the text of RESULTS.md for a figures folder (see the module's docstring).

    Raises
    ------
    VmnetError
        When a file is missing, is not what it should be, or contradicts another.
    """
    page = _open(Path(folder))
    parts = [
        "# Results",
        _introduction(page),
        *_agreement(page),
        *_verdicts(page),
        *_baselines(page),
        *_table_2(page),
        *_table_3(page),
        *_trace_forms(page),
        *_indel_sweep(page),
        *_segment_count(page),
        *_table_4(page),
        *_corpus(page),
        *_training(page),
        *_speed(page),
        *_time_and_machine(page),
        *_figures(page),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def save(folder: Path, path: Path = ROOT / "RESULTS.md") -> Path:
    """Write the page of a figures folder, whole, and return its path."""
    save_text(path, results_page(folder))
    return path


def combine(frames: Iterable["pd.DataFrame"]) -> "pd.DataFrame":
    """Return several tidy tables of one run as one, each number once.

    Notebooks share cells, such as the baselines. Of a time measured twice the first stays.

    Raises
    ------
    VmnetError
        When two tables give one cell different numbers: they are not of one run.
    """
    import pandas as pd

    table = pd.concat([frame[list(COLUMNS)] for frame in frames], ignore_index=True)
    keys = [column for column in COLUMNS if column != "value"]
    first = table.groupby(keys, sort=False, dropna=False)["value"].transform("first")
    differs = ~np.isclose(table["value"], first, rtol=1e-9, atol=0, equal_nan=True)
    wrong = table[differs & (table["metric"] != "seconds")]
    if not wrong.empty:
        cell = ", ".join(str(wrong.iloc[0][column]) for column in keys[3:])
        raise VmnetError(
            f"Two results files give {cell} different values: they are of different runs; run "
            "all notebooks again."
        )
    return table.drop_duplicates(keys, ignore_index=True)


def _open(folder: Path) -> Page:
    for name in (*RESULTS, "training.csv", "segment_lengths.csv", "run.json"):
        _require_file(folder / name)
    run = _read_json(folder / "run.json")
    _require(run, RUN, folder / "run.json")
    results = combine(_read_csv(folder / name, COLUMNS) for name in RESULTS)
    first = results.iloc[0]
    for name in ("kind", "corpus"):
        if run[name] != first[name]:
            raise VmnetError(
                f"{folder / 'run.json'} says {name} {run[name]!r}, the results say "
                f"{first[name]!r}: they are of different runs; run all notebooks again."
            )
    if sorted(run["seeds"]) != sorted(results["seed"].unique()):
        found = ", ".join(map(str, sorted(results["seed"].unique())))
        raise VmnetError(
            f"{folder / 'run.json'} says seeds {run['seeds']}, the results hold {found}: they are "
            "of different runs; run all notebooks again."
        )
    origin = Provenance(
        str(first["corpus"]), str(first["kind"]), int(first["n_clips"]), len(run["seeds"])
    )
    return Page(folder, run, results, by_seed(results), cells(results), origin)


def _introduction(page: Page) -> str:
    run, origin = page.run, page.origin
    if page.simulated:
        fitted = " and ".join(
            f"{_fitted_rank(key)} ({_fitted_name(key)})" for key in sorted(FITTED)
        )
        what = (
            "Our numbers beside those of the paper (Prétet et al., IEEE TMM 2022). **The data are "
            "simulated:** clips are frame features drawn by a generator, not music videos, and two "
            "of its parameters were fitted to two of the paper's mean ranks, on validation clips: "
            f"{fitted}. These two are marked †. One other, the noise of every second, was changed "
            "after a first run; `vmnet/corpus/simulated.py` (`frame_noise`) says why. All other "
            "numbers are what then follows. They show which of the paper's findings follow from "
            "its design; they do not replicate its numbers, which needs HIMV-50K and the MVD."
        )
    else:
        what = (
            f"Our numbers, from {origin.kind} data, beside those of the paper (Prétet et al., IEEE "
            "TMM 2022). Nothing was fitted to the paper."
        )
    seeds = ", ".join(map(str, run["seeds"]))
    how = (
        f"Corpus `{run['corpus']}` ({origin.kind}), {count(origin.n_clips, 'test clip')}, profile "
        f"`{run['profile']}`, {'seeds' if len(run['seeds']) > 1 else 'seed'} {seeds}; made on "
        f"{run['date']} by `{run['command']}`. A mean rank is the mean over the seeds, ± the mean "
        "of their 95 % intervals over the queries; the columns beside it are the seeds alone. A "
        f"random order has the mean rank {origin.chance['mean_rank']:.1f}. This page is made from "
        f"the files in `{page.link}` by `python -m vmnet.report.page {page.link}`."
    )
    return f"{_wrap(what)}\n\n{_wrap(how)}"


def _agreement(page: Page) -> Iterable[str]:
    yield "## Is the order of the cells the paper's?"
    if len(comparable(page.cells)) < FEWEST_CELLS:
        yield "Too few cells were computed to say."
        return
    found = correlations(page.cells)
    free = "not fitted " if page.simulated else ""
    yield _wrap(
        f"Spearman's correlation between our mean ranks and the paper's over the "
        f"{found['all'].n} cells {free}of tables II to IV and the baselines, each counted once: "
        f"**{_rho(found['all'])}**. The interval is the percentile bootstrap over cells: it says "
        "how much the figure hangs on single cells, not how it would vary with other data. "
        "Computed by `vmnet/report/replication.py` from "
        + ", ".join(f"[{name}]({page.link}/{name})" for name in RESULTS)
        + "."
    )
    rows = [
        {
            "cells": name if name == "all" else f"table {name}",
            "number": each.n,
            "correlation (95 % interval)": _rho(each),
        }
        for name, each in found.items()
    ]
    yield _markdown(rows)


def _verdicts(page: Page) -> Iterable[str]:
    found = conclusions(page.results)
    held, failed = (sum(each.holds is value for each in found) for value in (True, False))
    absent = len(found) - held - failed
    yield "## Which of the paper's conclusions hold?"
    yield _wrap(
        f"Of {len(found)} conclusions of the paper (one is the thesis's) **{held} hold and "
        f"{failed} {'does' if failed == 1 else 'do'} not**"
        + (f"; {absent} could not be judged" if absent else "")
        + ". Each is judged by the means over the seeds; beside it, in how many seeds it holds "
        "alone. The sentences are ours, the section is that of the paper's own."
        + (" A † reads one of the two fitted numbers." if page.simulated else "")
        + " The rules are in `vmnet/report/claims.py`; the numbers are those of the tables below."
    )
    yield _markdown(
        {
            "id": f"`{each.id}`{MARK if each.fitted else ''}",
            "the paper's conclusion": each.statement,
            "section": each.source,
            "here": VERDICTS[each.holds],
            "seeds": each.seeds,
        }
        for each in found
    )
    yield from _explained(page, found)
    yield "### The numbers behind"
    yield "Mean ranks unless a unit says otherwise; the nearest rivals stand, what fails is bold."
    yield "\n".join(
        _wrap(f"- `{each.id}`: {each.evidence}. {each.note}".rstrip(), "  ") for each in found
    )


def _explained(page: Page, found: list[Conclusion]) -> Iterable[str]:
    path = page.folder / "explanations.md"
    texts = _explanations(path) if path.exists() else {}
    failed = [each for each in found if each.holds is False and each.id in texts]
    if failed:
        yield "### Why some do not hold"
    for each in failed:
        yield f"**`{each.id}`**: {texts[each.id]}"


def _explanations(path: Path) -> dict[str, str]:
    """Read `explanations.md`: conclusion id -> text."""
    texts: dict[str, str] = {}
    for part in f"\n{path.read_text(encoding='utf-8')}".split("\n## ")[1:]:
        name, _, text = part.partition("\n")
        texts[name.strip()] = text.strip()
    unknown = sorted(set(texts) - {claim.id for claim in CLAIMS})
    if unknown:
        raise VmnetError(
            f"{path} explains {', '.join(unknown)}, which is no conclusion: see the ids in "
            "vmnet/report/claims.py."
        )
    return texts


def _baselines(page: Page) -> Iterable[str]:
    at_clips = page.results[page.results["segmenter"] == "clip"]["system"].unique()
    systems = [*paper.BASELINES, *sorted(set(at_clips) - set(paper.BASELINES))]
    entries = {
        (SYSTEMS.get(system, system), ""): (
            (system, "clip", "centroid", "vanilla"),
            paper.BASELINES.get(system),
        )
        for system in systems
    }
    yield "## Clip-level systems (tables II and III)"
    yield _made_by(page, "baselines")
    yield _ranks(page, ("system", ""), entries)
    yield "The paper prints R@25 of Baseline 2 only: 33.4 % (chance 2.5 %)."


def _table_2(page: Page) -> Iterable[str]:
    yield "## Table II, experiment 1: segments without order, vanilla"
    yield _made_by(page, "table2")
    yield _ranks(page, ("S", "δ"), _entries(page, "II"))
    yield "The paper's ±1 of TransNet with the centroid is likely a misprint."


def _table_3(page: Page) -> Iterable[str]:
    yield "## Table III, experiment 2: segments in order, vanilla"
    yield _made_by(page, "table3")
    yield _wrap(
        f"Times are of all queries against all targets: the paper's 1,000 x 1,000 on an Intel "
        f"i7-6850K, ours {page.origin.n_clips:,} x {page.origin.n_clips:,} on the machine below, "
        "mean over the seeds."
    )
    yield _ranks(page, ("δ", "S"), _entries(page, "III"), times=True)
    yield "The paper prints R@25 of OLDA with trace only: 78.4 %."


def _trace_forms(page: Page) -> Iterable[str]:
    entries = {
        (DISTANCES[form], SEGMENTERS[segmenter]): (
            (paper.SEG_VMNET, segmenter, form, "vanilla"),
            paper.TABLE_3[distance][segmenter],
        )
        for distance in ("trace", "best_trace")
        for form in (distance, f"{distance}_printed")
        for segmenter in paper.TABLE_2
    }
    yield "## Two readings of trace, vanilla"
    yield _made_by(page, "trace_forms")
    yield _wrap(
        "As printed in section IV-D, trace sums squared distances over as many terms as the "
        "shorter clip has segments, so that short tracks are always near. The similarity forms, "
        "which all other tables show, sum dot products."
    )
    yield _ranks(page, ("δ", "S"), entries)


def _indel_sweep(page: Page) -> Iterable[str]:
    path = page.folder / SOURCES["indel_sweep"].file
    if path.exists():
        yield "## Indel costs, vanilla, validation clips"
        yield _made_by(page, "indel_sweep")
        sweep = tables.table_indel_sweep(_read_csv(path, (*COLUMNS, "indel")))
        yield _wrap(sweep.attrs["caption"])
        yield tables.to_markdown(sweep)


def _segment_count(page: Page) -> Iterable[str]:
    entries: Entries = {
        (DISTANCES["count"], SEGMENTERS[segmenter]): (
            (paper.SEG_VMNET, segmenter, "count", "vanilla"),
            None,
        )
        for segmenter in paper.TABLE_2
    }
    if "count" in set(page.results["distance"]):
        yield "## A control: the number of segments alone, vanilla"
        yield _made_by(page, "segment_count")
        yield _wrap(
            "Both tracks of a clip are cut at the same boundaries (section IV-B), so its own music "
            "always has as many segments as the video, and few others have. This control compares "
            "the two numbers and neither hears nor sees. A distance that skips segments at a cost "
            "compares them, too: see the indel costs above."
        )
        yield _ranks(page, ("δ", "S"), entries)


def _table_4(page: Page) -> Iterable[str]:
    realistic = page.results[page.results["scenario"] != "vanilla"]["segmenter"].unique()
    segmenter = "olda" if "olda" in realistic or len(realistic) != 1 else str(realistic[0])
    entries = {
        names: ((system, segmenter, distance, scenario), rank)
        for names, ((system, _, distance, scenario), rank) in _entries(page, "IV").items()
    }
    yield "## Table IV, experiment 3: realistic scenarios"
    yield _made_by(page, "table4")
    yield f"Segments: the paper's OLDA, ours {SEGMENTERS.get(segmenter, segmenter)}."
    yield _ranks(page, ("δ", "scenario"), entries)


def _corpus(page: Page) -> Iterable[str]:
    yield "## Clips and segments"
    yield f"Of seed {page.run['seeds'][0]}."
    clips = page.folder / SOURCES["clips"].file
    if clips.exists():
        yield _made_by(page, "clips")
        yield tables.to_markdown(_read_csv(clips, ("split",), text=True))
    yield _made_by(page, "segment_lengths")
    lengths = _read_csv(page.folder / SOURCES["segment_lengths"].file, ("S",), text=True)
    yield tables.to_markdown(lengths)


def _training(page: Page) -> Iterable[str]:
    frame = _read_csv(page.folder / SOURCES["training"].file, TRAINING)
    frame["energy_kind"] = (
        frame["energy_kind"].astype(object).fillna("").replace("", "not measured")
    )
    rows = []
    groups = frame.groupby(["system", "segmenter", "loss"], sort=False)
    for (system, segmenter, loss), some in groups:
        mean = some[["updates", "best_step", "seconds", "energy_kwh", "co2_kg"]].mean(skipna=False)
        rows.append(
            {
                "network": SYSTEMS.get(system, system),
                "S": "" if segmenter == "clip" else SEGMENTERS.get(segmenter, segmenter),
                "loss": loss,
                "trainings": len(some),
                "updates": f"{mean['updates']:,.0f}",
                "kept": f"{mean['best_step']:,.0f}",
                "time": tables.duration(mean["seconds"]),
                "energy (Wh)": _amount(1000 * mean["energy_kwh"]),
                "CO2e (g)": _amount(1000 * mean["co2_kg"]),
                "energy is": ", ".join(sorted(some["energy_kind"].unique())),
            }
        )
    yield "## Training"
    yield _made_by(page, "training")
    seconds, energy, carbon = frame[["seconds", "energy_kwh", "co2_kg"]].sum(skipna=False)
    yield _wrap(
        f'Means per training; "kept" is the update whose weights were kept. In all '
        f"{count(len(frame), 'training')}, {tables.duration(seconds)}, "
        f"energy {_amount(1000 * energy, ' Wh')}, CO2e {_amount(1000 * carbon, ' g')}. "
        "The paper trained 2 to 6 days a network on one GTX 1080 Ti; the thesis reports "
        "2,543 hours and 449.5 kg CO2e for all of its work. "
        "Energy is given where the processor's own counter (RAPL) can be read, and only there."
    )
    yield _markdown(rows)


def _speed(page: Page) -> Iterable[str]:
    path = page.folder / "speed.json"
    yield "## Speed of training at the paper's size"
    made = f" ([speed.json]({page.link}/speed.json))" if path.exists() else ""
    command = "python benchmarks/train.py --batch 1000 --json figures/demo/speed.json"
    yield _wrap(f"Batch 1,000, the paper's network, by `{command}`{made}.")
    measured = _read_json(path) if path.exists() else []
    rows = []
    for each in measured:
        _require(each, SPEED, path)
        rows.append(
            {
                "device": each["device"],
                "backend": each["backend"],
                "updates per second": f"{each['steps_per_second']:.3g}",
                "share of the device's peak": f"{each['share_of_peak']:.0%}",
                "update / its bare matrix products": f"{each['ratio']:.2f}",
                "500,000 updates": _hours(each["hours_500k"]),
            }
        )
    have = {each["processor"].lower() for each in measured}
    empty = (
        "backend",
        "updates per second",
        "share of the device's peak",
        "update / its bare matrix products",
        "500,000 updates",
    )
    rows += [
        {"device": f"{name} (not measured)", **dict.fromkeys(empty, "")}
        for name in ("CPU", "GPU")
        if name.lower() not in have
    ]
    yield _markdown(rows)


def _time_and_machine(page: Page) -> Iterable[str]:
    run = page.run
    yield "## Time and machine"
    yield _wrap(
        f"`{run['command']}` took {tables.duration(run['seconds'])}, set-up aside, on "
        + ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in run["machine"].items())
        + f" ([run.json]({page.link}/run.json))."
    )
    yield _markdown(
        {"notebook": f"[{name}](notebooks/{name}.ipynb)", "time": tables.duration(seconds)}
        for name, seconds in run["notebooks"].items()
    )


def _figures(page: Page) -> Iterable[str]:
    names = sorted(path.stem for path in page.folder.glob("*.png"))
    if names:
        yield "## Figures"
        yield "\n".join(
            f"- [{name}]({page.link}/{name}.png): {FIGURES.get(name, name.replace('_', ' '))}"
            for name in sorted(names, key=lambda name: (_place(name), name))
        )


def _place(name: str) -> int:
    known = list(FIGURES)
    return known.index(name) if name in known else len(known)


Entries = Mapping[tuple[str, str], tuple[Key, paper.Rank | None]]


def _entries(page: Page, table: str) -> Entries:
    """Return the cells of one of the paper's tables: names -> keys and the printed rank."""
    return {
        (each["row"], each["column"]): (
            tuple(each[list(CELL)]),
            paper.Rank(each["paper"], each["paper_ci"]),
        )
        for _, each in page.cells[page.cells["table"] == table].iterrows()
    }


def _ranks(page: Page, names: tuple[str, str], entries: Entries, times: bool = False) -> str:
    """Return a Markdown table of mean ranks: the paper's, ours, each seed, recalls, and chance."""
    wanted = {label: dict(zip(CELL, key, strict=True)) for label, (key, _) in entries.items()}
    wanted = {label: {**keys, "direction": "V2M"} for label, keys in wanted.items()}
    metrics = ("mean_rank", "ci95", *RECALLS, *(("seconds",) if times else ()))
    means, origin = read_cells(page.results, wanted, metrics)
    ours = f"ours ({origin.label})"
    rows = []
    for label, (key, rank) in entries.items():
        row = dict(zip(names, label, strict=True))
        row["paper"] = "" if rank is None else f"{rank.mean:g} ±{rank.ci95:g}"
        row[ours] = tables.rank_text(means[label]) + (
            MARK if page.simulated and key in FITTED else ""
        )
        for seed in page.values.columns:
            row[f"seed {seed}"] = (
                f"{page.values.loc[(*key, 'mean_rank'), seed]:.1f}" if means[label] else ""
            )
        row["R@1, R@10, R@25 (%)"] = _recalls(means[label])
        if times:
            row["time, paper"] = tables.duration(paper.TABLE_3_SECONDS[key[2]][key[1]])
            row["time, ours"] = tables.duration(means[label].get("seconds"))
        rows.append(row)
    chance = dict.fromkeys(rows[0], "")
    chance |= {names[0]: "Chance", "paper": str(paper.CHANCE_RANK)}
    chance |= {ours: f"{origin.chance['mean_rank']:.1f}"}
    chance |= {"R@1, R@10, R@25 (%)": _recalls(origin.chance)}
    rows.append(chance)
    rows = [{name: text for name, text in row.items() if name} for row in rows]
    return _markdown(rows)


def _recalls(means: Mapping[str, float]) -> str:
    return ", ".join(f"{means[metric]:.1f}" for metric in RECALLS) if means else ""


def _made_by(page: Page, table: str) -> str:
    source = SOURCES[table]
    number = source.notebook.split("_")[0]
    return _wrap(
        f"Cell `{source.cell}` of [{source.notebook}](notebooks/{source.notebook}.ipynb), "
        f"`{page.run['command']} --only {number}`; numbers: "
        f"[{source.file}]({page.link}/{source.file})."
    )


def _fitted_rank(key: Key) -> str:
    system, segmenter, distance, _ = key
    ranks = paper.BASELINES[system] if segmenter == "clip" else paper.TABLE_3[distance][segmenter]
    return f"{ranks.mean:g}"


def _fitted_name(key: Key) -> str:
    system, segmenter, distance, _ = key
    if segmenter == "clip":
        return SYSTEMS[system]
    return f"{SEGMENTERS[segmenter]} with {DISTANCES[distance].lower()}"


def _rho(found: Spearman) -> str:
    if not np.isfinite(found.rho):
        return "undefined"
    return f"{found.rho:.2f} ({found.low:.2f} to {found.high:.2f})"


def _amount(number: float, unit: str = "") -> str:
    """Return an amount to three digits; what was not measured in each training is said."""
    return f"{number:.3g}{unit}" if np.isfinite(number) else "not measured"


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 2 else f"{60 * hours:.1f} min"


def _markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    import pandas as pd

    return tables.to_markdown(pd.DataFrame(list(rows)))


def _wrap(text: str, indent: str = "") -> str:
    """Break lines at 100 characters, but never inside `code` nor before a sign (">" is a quote)."""
    held = re.sub(r"`[^`]*`| (?=[<>≤≥±%])", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(
        held, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return lines.replace("\0", " ")


def _read_csv(path: Path, columns: Iterable[str], text: bool = False) -> "pd.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False) if text else pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise VmnetError(f"{path} is not a CSV file ({error}): run the notebooks again.") from error
    absent = [column for column in columns if column not in frame.columns]
    if absent or frame.empty:
        what = f"lacks the columns {', '.join(absent)}" if absent else "has no rows"
        raise VmnetError(f"{path} {what}: run the notebooks again.")
    return frame


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise VmnetError(f"{path} is not a JSON file ({error}): make it again.") from error


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise VmnetError(f"{path} is missing: `./run_all.sh` makes it.")


def _require(found: Any, wanted: Mapping[str, Any], path: Path) -> None:
    for name, kind in wanted.items():
        if not isinstance(found, dict) or not isinstance(found.get(name), kind):
            raise VmnetError(f"{path} lacks {name!r}, or it is of the wrong type: make it again.")


def main() -> None:
    """Print the page of a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m vmnet.report.page", description="Print RESULTS.md of a figures folder."
    )
    parser.add_argument("folder", type=Path, help="for example figures/demo")
    sys.stdout.write(results_page(parser.parse_args().folder))


if __name__ == "__main__":
    sys.exit(exit_status(main))
