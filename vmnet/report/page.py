"""RESULTS.md, made from the CSV and JSON files of figures folders and from nothing else.

    python -m vmnet.report.page figures/demo > RESULTS.md
    python -m vmnet.report.page figures/demo --readme README.md    (its table, in place)

The same files give the same text, so that a test can hold the committed page against the committed
files. The page of the demo begins with real data, where their folders lie beside the demo's
(`vmnet.report.real`). The prose is in `results.md.j2`, the tables are those of
`vmnet.report.tables`. What the folder must and may hold:

| file | columns or keys |
|---|---|
| `results_01.csv` to `results_04.csv` | the tidy results of notebooks 01 to 04, every seed |
| `training.csv` | one row per training |
| `segment_lengths.csv` | as written by notebook 00, shown as it is |
| `run.json` | `RUN`: how, when and on what machine all of it was made, the seconds it took |
| the `file` of another of `TABLES`, if any | what that table is made from |
| `speed.json`, if any | what `benchmarks/train.py` measured: a list of `SPEED` |
| `explanations.md`, if any | by hand: `## ID` of a conclusion, then why it does not hold here |
| `*.png`, if any | figures, linked |
"""

import argparse
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.config import DEFAULT_PROFILE, ROOT
from vmnet.errors import VmnetError, exit_status
from vmnet.report import paper, real
from vmnet.report.claims import CLAIMS, Claim
from vmnet.report.names import name
from vmnet.report.ranks import MARK, duration
from vmnet.report.replication import (
    FEWEST_CELLS,
    FEWEST_CLIPS,
    Spearman,
    cells,
    comparable,
    conclusions,
    correlations,
)
from vmnet.report.results import (
    REQUIRED,
    SIMULATED,
    Provenance,
    count,
    provenance,
    settings_text,
    with_settings,
)
from vmnet.report.tables import TABLES, Table, as_it_is, to_markdown
from vmnet.report.thesis.figures import figures_of
from vmnet.runner import THESIS, of_thesis, without_thesis
from vmnet.store import save_text

if TYPE_CHECKING:
    import pandas as pd

IN_README = "## Paper and ours\n"
RESULTS = ("results_01.csv", "results_02.csv", "results_03.csv", "results_04.csv")
NOTEBOOKS = ROOT / "notebooks"
OTHER_FILES = ("training.csv", "segment_lengths.csv")
COLUMNS_OF = {
    "training.csv": (
        "system", "segmenter", "seed", "loss", "updates", "best_step", "seconds",
        "energy_kwh", "co2_kg", "energy_kind",
    ),
    "segment_lengths.csv": ("S",),
    "clips.csv": ("split",),
    "indel_sweep.csv": (*REQUIRED, "indel"),
    "learning.csv": (*REQUIRED, "n_train", "n_extra"),
}  # fmt: skip
RUN = ("command", "profile", "corpus", "kind", "seeds", "notebooks", "seconds", "machine", "date")
# `ratio` is the time of an update to that of its matrix products alone.
SPEED = (
    "device", "processor", "backend", "steps_per_second", "share_of_peak", "ratio", "hours_500k",
)  # fmt: skip
FIGURES = {
    "clip_overview": "one clip, seen whole",
    "training_baselines": "training of the baselines",
    "learning_curve": "mean rank by the number of training clips",
    "training_experiment1": "training of the Seg-VM-Nets",
    "figure7": "recalls of experiment 1, as in the paper's figure 7",
    "figure8": "recalls of experiment 2, as in the paper's figure 8",
    "figure9": "recalls of experiment 3, as in the paper's figure 9",
    "figure10": "three queries and their best tracks, as in the paper's figure 10",
    "figure11": "the similarity matrix of one clip, as in the paper's figure 11",
    "indel_sweep": "mean rank against the indel cost",
    "cut_apart": "experiment 4: shared boundaries and tracks that are cut apart",
}


def results_page(folder: Path, beside: Path | None = None) -> str:
    """Return the text of RESULTS.md for a figures folder (see the module's docstring).

    Its links are those of a page in the folder `beside`, which is two above unless named.

    Raises
    ------
    VmnetError
        When a file is missing, is not what it should be, or contradicts another.
    """
    folder = Path(folder).resolve()
    beside = beside or folder.parent.parent
    notebooks = relative(NOTEBOOKS, beside) if beside.is_relative_to(ROOT) else NOTEBOOKS.name
    run, results = _read(folder)
    origin = provenance(results)
    text = template("results.md.j2").render(
        run=run,
        origin=origin,
        link=relative(folder, beside),
        notebooks=notebooks,
        source=relative(folder, ROOT) if folder.is_relative_to(ROOT) else folder,
        settings=settings_text(origin.settings),
        simulated=origin.kind == SIMULATED,
        fitted=[_fitted(key) for key in sorted(origin.fitted)],
        fewest_clips=FEWEST_CLIPS,
        result_files=RESULTS,
        real=_real(folder, results, beside),
        docs=relative(ROOT / "docs", beside) if beside.is_relative_to(ROOT) else "docs",
        **_comparison(folder, results, origin),
        tables=_tables(folder),
        **_speed(folder / "speed.json"),
        times=_markdown(
            {"notebook": f"[{stem}]({notebooks}/{stem}.ipynb)", "time": duration(seconds)}
            for stem, seconds in run["notebooks"].items()
        ),
        figures=_figures(folder),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _read(
    folder: Path, files: Sequence[str] = RESULTS, others: Sequence[str] = OTHER_FILES
) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Return run.json and the results in `files` of a folder, which belong together."""
    for file in (*files, *others, "run.json"):
        if not (folder / file).is_file():
            raise VmnetError(f"{folder / file} is missing: `./run_all.sh` makes it.")
    run = of_paper(read_run(folder / "run.json"))
    results = combine({file: _read_csv(folder / file, REQUIRED) for file in files}, run)
    _require_one_run(results, run, folder / "run.json")
    return run, results


def of_paper(run: dict[str, Any]) -> dict[str, Any]:
    """Return what run.json says without the notebooks of the thesis' chapters."""
    times = {stem: each for stem, each in run["notebooks"].items() if not of_thesis(stem)}
    if times == run["notebooks"]:
        return run
    seconds = round(sum(times.values()), 1)
    return run | {
        "notebooks": times, "seconds": seconds, "command": without_thesis(run["command"])
    }  # fmt: skip


def read_run(path: Path) -> dict[str, Any]:
    """Read run.json.

    Raises
    ------
    VmnetError
        If it is missing, or not what a run writes.
    """
    if not path.is_file():
        raise VmnetError(f"{path} is missing: `./run_all.sh` makes it.")
    run: dict[str, Any] = _read_json(path)
    _require(run, RUN, path)
    return run


def save(folder: Path, path: Path = ROOT / "RESULTS.md") -> Path:
    """Write the page of a figures folder, whole, and return its path."""
    save_text(path, results_page(folder, path.resolve().parent))
    return path


def relative(path: Path, start: Path) -> str:
    """Return a path as a link from a page in the folder `start`."""
    return Path(os.path.relpath(path, start)).as_posix()


def combine(frames: Mapping[str, "pd.DataFrame"], run: Mapping[str, Any]) -> "pd.DataFrame":
    """Return several tidy tables of one run as one, each number once.

    Notebooks share cells, such as the baselines. Of a time measured twice the first stays.

    Parameters
    ----------
    frames : file -> table.
    run : what run.json says.

    Raises
    ------
    VmnetError
        When the files are of several settings, or give one cell different numbers.
    """
    import pandas as pd

    parts = [with_settings(frame).assign(file=file) for file, frame in frames.items()]
    table = pd.concat(parts, ignore_index=True)[[*REQUIRED, "settings", "file"]]
    again = f"run all notebooks again (`{run['command']}`)"
    files = table.groupby("settings", sort=False)["file"].unique()
    if len(files) > 1:
        found = "; ".join(
            f"{', '.join(some)} of {settings or 'the settings of the profile'}"
            for settings, some in files.items()
        )
        raise VmnetError(f"The results files are of different settings ({found}): {again}.")
    keys = [column for column in REQUIRED if column != "value"]
    groups = table.groupby(keys, sort=False, dropna=False)
    first = groups["value"].transform("first")
    differs = ~np.isclose(table["value"], first, rtol=1e-9, atol=0, equal_nan=True)
    wrong = table[differs & (table["metric"] != "seconds")]
    if not wrong.empty:
        row = wrong.iloc[0]
        other = groups["file"].transform("first").loc[row.name]
        raise VmnetError(
            f"Two results files, {other} and {row['file']}, give "
            f"{', '.join(str(row[column]) for column in keys[3:])} different values, and both are "
            f"of {row['settings'] or 'the settings of the profile'}: they are of different runs; "
            f"{again}."
        )
    return table.drop_duplicates(keys, ignore_index=True)


def _require_one_run(results: "pd.DataFrame", run: Mapping[str, Any], path: Path) -> None:
    """Refuse results that run.json contradicts."""
    origin = provenance(results)
    seeds = sorted(results["seed"].unique().tolist())
    wrong = "they are of different runs; run all notebooks again."
    for key, found in {"kind": origin.kind, "corpus": origin.corpus}.items():
        if run[key] != found:
            raise VmnetError(f"{path} says {key} {run[key]!r}, the results say {found!r}: {wrong}")
    if sorted(run["seeds"]) != seeds:
        found = ", ".join(map(str, seeds))
        raise VmnetError(f"{path} says seeds {run['seeds']}, the results hold {found}: {wrong}")


def real_sets(figures: Path) -> list[real.Found]:
    """Read the folders of real data that lie in `figures`."""
    found = []
    for each, folder in real.folders(figures):
        there = [file for file in RESULTS if (folder / file).is_file()]  # of clips alone the first
        run, results = _read(folder, there or RESULTS[:1], ())
        files = {TABLES[key].file for key in each.tables if key in TABLES}
        frames = {
            file: real.as_real(_read_csv(folder / file, COLUMNS_OF.get(file, REQUIRED)))
            for file in sorted(files)
            if (folder / file).is_file()
        }
        found.append(real.Found(each, folder, run, real.as_real(results), frames))
    return found


def _real(folder: Path, results: "pd.DataFrame", beside: Path) -> dict[str, Any] | None:
    """Return what the page of the demo says of real data, if there are any beside it."""
    found = real_sets(folder.parent) if folder.name == DEFAULT_PROFILE else []
    if not found:
        return None
    sections = [
        {
            "set": one.of,
            "run": one.run,
            "origin": one.origin,
            "link": relative(one.folder, beside),
            "tables": [(*rest, to_markdown(frame)) for *rest, frame in real.tables(one)],
            "figures": [
                (stem, shown)
                for stem, shown in _figures(one.folder)
                if not one.of.figures or stem in one.of.figures
            ],
        }
        for one in found
        if one.folder.name == one.of.folder
    ]
    judged = [
        real.verdicts(results, one)
        for one in found
        if one.of.segments and one.folder.name == one.of.folder
    ]
    return {
        "overview": to_markdown(real.overview(found)),
        "verdicts": [(real.tally(frame), to_markdown(frame)) for frame in judged],
        "sections": sections,
        "absent": real.absent(found),
    }


def readme_table(folder: Path) -> str:
    """Return the table of the README: the paper, the demo's folder, the real data beside it."""
    _, results = _read(folder)
    return to_markdown(real.readme_table(results, real_sets(folder.parent)), pad=False)


def save_readme(folder: Path, path: Path) -> None:
    """Write `readme_table` into a page, in place of the table below the heading `IN_README`."""
    before, heading, after = path.read_text(encoding="utf-8").partition(IN_README)
    text, table, rest = re.split(r"((?:^\|.*\n)+)", after, maxsplit=1, flags=re.MULTILINE)
    del table
    save_text(path, f"{before}{heading}{text}{readme_table(folder)}{rest}")


def _comparison(folder: Path, results: "pd.DataFrame", origin: Provenance) -> dict[str, Any]:
    """Return the correlations and the verdicts, where there are clips and cells enough for them."""
    compared: dict[str, Any] = {
        "rho": None,
        "correlations": "",
        "verdicts": {},
        "explanations": explanations(folder / "explanations.md", CLAIMS),
    }
    if origin.n_clips < FEWEST_CLIPS:
        return compared
    printed = cells(results)
    if len(comparable(printed)) >= FEWEST_CELLS:
        found = correlations(printed)
        compared["rho"] = {"all": _rho(found["all"]), "n": found["all"].n}
        compared["correlations"] = _markdown(
            {
                "cells": table if table == "all" else f"table {table}",
                "number": each.n,
                "correlation (95 % interval)": _rho(each),
            }
            for table, each in found.items()
        )
    judged = conclusions(results)
    compared["verdicts"] = {
        title: [each for each in judged if each.holds is verdict]
        for title, verdict in {
            "What does not hold": False,
            "What holds": True,
            "What was not computed": None,
        }.items()
    }
    return compared


def explanations(path: Path, claims: Iterable[Claim]) -> dict[str, str]:
    """Read what was written by hand of claims: id -> text; nothing where there is no file.

    Raises
    ------
    VmnetError
        If it explains what is no claim.
    """
    if not path.exists():
        return {}
    texts: dict[str, str] = {}
    for part in f"\n{path.read_text(encoding='utf-8')}".split("\n## ")[1:]:
        claim, _, text = part.partition("\n")
        texts[claim.strip()] = text.strip()
    unknown = sorted(set(texts) - {claim.id for claim in claims})
    if unknown:
        raise VmnetError(
            f"{path} explains {', '.join(unknown)}, which is no conclusion: see the ids in "
            "vmnet/report/claims.py."
        )
    return texts


def _tables(folder: Path) -> list[tuple[Table, str, str]]:
    """Return each table whose file is there, with its caption and its Markdown."""
    found = []
    for table in TABLES.values():
        path = folder / table.file
        if path.exists() and not table.of_thesis:
            columns = COLUMNS_OF.get(table.file, REQUIRED)
            frame = table.render(_read_csv(path, columns, text=table.rows is as_it_is))
            if not frame.empty:
                found.append((table, frame.attrs["caption"], to_markdown(frame)))
    return found


def _speed(path: Path) -> dict[str, Any]:
    """Return what was measured of the speed of training, if anything, and what was not."""
    measured = _read_json(path) if path.exists() else []
    rows: list[dict[str, str]] = []
    for each in measured:
        _require(each, SPEED, path)
        hours = each["hours_500k"]
        rows.append(
            {
                "device": each["device"],
                "backend": each["backend"],
                "updates per second": f"{each['steps_per_second']:.3g}",
                "share of the device's peak": f"{each['share_of_peak']:.0%}",
                "update / its bare matrix products": f"{each['ratio']:.2f}",
                "500,000 updates": f"{hours:.1f} h" if hours >= 2 else f"{60 * hours:.1f} min",
            }
        )
    lacking = sorted({"CPU", "GPU"} - {each["processor"].upper() for each in measured})
    return {"speed": _markdown(rows) if rows else "", "unmeasured": " and no ".join(lacking)}


def _figures(folder: Path) -> list[tuple[str, str]]:
    """Return the pictures of the folder and what each shows, the known ones first."""
    known = list(FIGURES)
    apart = {stem for number in THESIS for stem in figures_of(number)}
    stems = sorted({path.stem for path in folder.glob("*.png")} - apart)
    stems.sort(key=lambda stem: known.index(stem) if stem in known else len(known))
    return [(stem, FIGURES.get(stem, stem.replace("_", " "))) for stem in stems]


def _fitted(key: tuple[str, str, str, str]) -> str:
    """Name a mean rank that the corpus was fitted to: "32 (OLDA with trace)"."""
    system, segmenter, distance, _ = key
    rank = f"{paper.rank(*key):g}"
    if segmenter == "clip":
        return f"{rank} ({name('system', system)})"
    return f"{rank} ({name('segmenter', segmenter)} with {name('distance', distance).lower()})"


def _rho(found: Spearman) -> str:
    if not np.isfinite(found.rho):
        return "undefined"
    return f"{found.rho:.2f} ({found.low:.2f} to {found.high:.2f})"


def template(name: str) -> Any:
    """Return a template of this package, with the filters that the pages share."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML
    )
    environment.filters |= {"wrap": _wrap, "count": count, "duration": duration}
    environment.globals |= {"MARK": MARK.strip()}
    return environment.get_template(name)


def _wrap(text: str, indent: str = "", first: str = "") -> str:
    """Break lines at 100 characters, but never inside `code` nor before a sign (">" is a quote).

    The first line is indented by `first`, the others by `indent`.
    """
    held = re.sub(r"`[^`]*`| (?=[<>≤≥±%])", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(
        " ".join(held.split()),
        100,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace("\0", " ")


def _markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    import pandas as pd

    return to_markdown(pd.DataFrame(list(rows)))


def _read_csv(path: Path, columns: Iterable[str], text: bool = False) -> "pd.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str if text else None)
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


def _require(found: Any, keys: Iterable[str], path: Path) -> None:
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            raise VmnetError(f"{path} lacks {key!r}: make it again.")


def main() -> None:
    """Print the page of a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m vmnet.report.page", description="Print RESULTS.md of a figures folder."
    )
    parser.add_argument("folder", type=Path, help="for example figures/demo")
    parser.add_argument("--readme", type=Path, help="write the table of this page instead")
    asked = parser.parse_args()
    if asked.readme:
        save_readme(asked.folder.resolve(), asked.readme)
    else:
        sys.stdout.write(results_page(asked.folder))


if __name__ == "__main__":
    sys.exit(exit_status(main))
