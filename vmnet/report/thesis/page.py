"""RESULTS-thesis.md, made from the files of figures folders and from nothing else.

    python -m vmnet.report.thesis.page figures/demo > RESULTS-thesis.md

As RESULTS.md (`vmnet.report.page`), whose folder it shares: the same files give the same text. That
of the demo has the real sets' numbers, too, where their folders lie beside the demo's. A folder
must have `run.json` and one of `results_08.csv` to `results_10.csv`; what else is there is used:

| file | for |
|---|---|
| `segment_lengths.csv`, `results_03.csv` | two claims about the paper |
| `training.csv`, `training_08.csv`, `training_09.csv` | what trainings took, by chapter |
| `explanations_thesis.md` | by hand: `## ID` of a claim, then why it does not hold here |
| tables and figures | linked |
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet.config import DEFAULT_PROFILE, ROOT
from vmnet.errors import VmnetError, exit_status
from vmnet.report import page as paper_page
from vmnet.report import real
from vmnet.report.claims import Claim
from vmnet.report.names import SEGMENTERS
from vmnet.report.ranks import duration
from vmnet.report.tables import TABLES, to_markdown
from vmnet.report.thesis import beside, judging, numbers, results
from vmnet.report.thesis.claims import CLAIMS, FAMILIES
from vmnet.report.thesis.figures import figures_of
from vmnet.runner import of_thesis, without_thesis
from vmnet.store import save_text

if TYPE_CHECKING:
    import pandas as pd

Judgements = dict[str, dict[Claim, judging.Judgement]]  # whose data -> claim -> what they say
CHAPTERS = {"SIMILARITY": "4", "DESIGN": "5", "LANGUAGE": "6"}
TRAININGS = {"4": "training_08.csv", "5": "training_09.csv", "7": "training.csv"}
METERS = ("seconds", "energy_kwh", "co2_kg")


@dataclass(frozen=True)
class Source:
    """What one figures folder holds.

    Attributes
    ----------
    run
        What run.json says.
    results
        The numbers of the chapters that were run, and the chapter of each in a column.
    """

    folder: Path
    run: dict[str, Any]
    results: "pd.DataFrame"

    def command(self, chapter: str) -> str:
        """Return what makes the results of a chapter, with their seeds where any are named."""
        command = without_thesis(self.run["command"])
        seeds = sorted(self.results.loc[self.results["chapter"] == chapter, "seed"].unique())
        named = f" --seed {' '.join(map(str, seeds))}" if seeds != [0] else ""
        command = re.sub(r" --seed( \d+)+", named, command)
        only = results.FILES[chapter].removeprefix("results_").removesuffix(".csv")
        return command if "--only" in command else f"{command} --only {only}"


def results_page(folder: Path, beside_page: Path | None = None) -> str:
    """Return the text of RESULTS-thesis.md for a figures folder (see the module's docstring).

    Its links are those of a page in the folder `beside_page`, which is two above unless named.

    Raises
    ------
    VmnetError
        When a file is missing, or is not what it should be.
    """
    import pandas as pd

    folder = Path(folder).resolve()
    place = beside_page or folder.parent.parent
    sources = list(_sources(folder))
    ours = pd.concat([source.results for source in sources], ignore_index=True)
    judgements = {key: _judgements(key, ours) for key in FAMILIES}
    explanations = folder / "explanations_thesis.md"
    times = {k: v for k, v in sources[0].run["notebooks"].items() if of_thesis(k)}
    name = folder.name if folder.name != DEFAULT_PROFILE else ""
    text = paper_page.template("thesis/page.md.j2").render(
        results=f"RESULTS{'-' * bool(name)}{name}.md",
        link=paper_page.relative(folder, place),
        docs=paper_page.relative(ROOT / "docs", place) if place.is_relative_to(ROOT) else "docs",
        source=paper_page.relative(folder, ROOT) if folder.is_relative_to(ROOT) else folder,
        of_real=len(sources) > 1,
        sources=to_markdown(_overview(sources)),
        tally=to_markdown(_tally(judgements)),
        families=[
            _family(key, sources, ours, place)
            | {"claims": _said(judgements[key], FAMILIES[key][1])}
            for key in FAMILIES
        ],
        explanations=paper_page.explanations(explanations, CLAIMS),
        machine=sources[0].run["machine"],
        times=to_markdown(
            pd.DataFrame([{"notebook": k, "time": duration(v)} for k, v in times.items()])
        ),
        **_trainings(folder),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def save(folder: Path, path: Path = ROOT / "RESULTS-thesis.md") -> Path:
    """Write the page of a figures folder, whole, and return its path."""
    save_text(path, results_page(folder, path.resolve().parent))
    return path


# --- reading -------------------------------------------------------------------------------------


def _sources(folder: Path) -> Iterator[Source]:
    """Read the folder, and those of real sets where it is the demo's."""
    yield _source(folder)
    if folder.name == DEFAULT_PROFILE:
        for each, other in real.folders(folder.parent):
            if other.name == each.folder and any(
                (other / file).is_file() for file in results.FILES.values()
            ):
                found = _source(other)
                of_real = found.results[found.results["kind"] == real.REAL]
                yield Source(found.folder, found.run, of_real)


def _source(folder: Path) -> Source:
    import pandas as pd

    there = {
        chapter: results.read(folder / file)
        for chapter, file in results.FILES.items()
        if (folder / file).is_file()
    }
    if not there:
        files = ", ".join(results.FILES.values())
        raise VmnetError(f"{folder} has none of {files}: `./run_all.sh --thesis` makes them.")
    tables = [frame.assign(chapter=chapter) for chapter, frame in there.items()]
    of_paper = _of_paper(folder)
    tables += [of_paper.assign(chapter="7")] if of_paper is not None else []
    run = paper_page.read_run(folder / "run.json")
    return Source(folder, run, pd.concat(tables, ignore_index=True))


def _of_paper(folder: Path) -> "pd.DataFrame | None":
    """Return what two claims about the paper read, from the results of the paper's notebooks."""
    import pandas as pd

    path = folder / "results_03.csv"
    if not path.is_file():
        return None
    ranks = pd.read_csv(path, keep_default_na=False)
    about = {
        "corpus": str(ranks["corpus"].iloc[0]),
        "kind": results.kind_of(str(ranks["kind"].iloc[0])),
    }
    timed = ranks.query(
        "segmenter == 'olda' and distance == 'trace' and scenario == 'vanilla' "
        "and direction == 'V2M' and metric == 'seconds'"
    )
    rows = [
        {
            **about, "part": "time", "system": "olda_trace", "metric": "seconds",
            "seed": row.seed, "n": row.n_clips, "value": float(row.value) / row.n_clips,
        }
        for row in timed.itertuples()
    ]  # fmt: skip
    rows += [{**about, **row} for row in _lengths(folder / "segment_lengths.csv")]
    return results.table(rows) if rows else None


def _lengths(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the mean length of segments by segmentation, of the first seed."""
    import pandas as pd

    if not path.is_file():
        return
    frame = pd.read_csv(path)
    (ours,) = [column for column in frame if column.startswith("mean, ours")] or [""]
    keys = {text: key for key, text in SEGMENTERS.items()}
    for row in frame.to_dict("records") if ours else ():
        if row["S"] in keys:
            yield {
                "part": "lengths", "system": keys[row["S"]], "metric": "seconds",
                "value": row[ours], "n": int(row["segments"]),
            }  # fmt: skip


# --- what the page says --------------------------------------------------------------------------


def _overview(sources: Iterable[Source]) -> "pd.DataFrame":
    """Return a row for each chapter and kind of data: whose numbers, and what makes them."""
    import pandas as pd

    rows = []
    for source in sources:
        of_thesis = source.results[source.results["chapter"].isin(results.FILES)]
        for (chapter, kind, corpus), some in of_thesis.groupby(
            ["chapter", "kind", "corpus"], sort=False
        ):
            rows.append(
                {
                    "chapter": chapter,
                    "data": f"**{kind}**",
                    "corpus": corpus,
                    "queries or clips": f"{some['n'].max():,} at most",
                    "seeds": ", ".join(map(str, sorted(some["seed"].unique()))),
                    "command": f"`{source.command(str(chapter))}`",
                    "made on": source.run["date"],
                }
            )
    return pd.DataFrame(rows).sort_values("chapter", kind="stable")


def _by_kind(ours: "pd.DataFrame") -> Iterator[tuple[str, judging.Evidence]]:
    """Yield each corpus and kind, named, with its numbers."""
    for (kind, corpus), some in ours.groupby(["kind", "corpus"], sort=False):
        yield f"{kind} ({corpus})", judging.Evidence.of(some)


def _of_family(key: str, ours: "pd.DataFrame") -> "pd.DataFrame":
    """Return the results that the claims of a family read: of its chapter, or of any."""
    return ours[ours["chapter"] == CHAPTERS[key]] if key in CHAPTERS else ours


def _judgements(key: str, ours: "pd.DataFrame") -> Judgements:
    """Judge the claims of a family by each kind of data that is there."""
    _, claims = FAMILIES[key]
    return {
        whose: {claim: judging.judged(claim, evidence) for claim in claims}
        for whose, evidence in _by_kind(_of_family(key, ours))
    }


def _tally(judgements: Mapping[str, Judgements]) -> "pd.DataFrame":
    """Count the verdicts by family and kind of data; what computed none of them is left out."""
    import pandas as pd

    rows = []
    for key, of_family in judgements.items():
        for whose, verdicts in of_family.items():
            found = list(verdicts.values())
            asked = [one for one in found if one.words != judging.NOT_COMPUTED]
            yes = [one for one in asked if "not" not in one.words]
            no = [one for one in asked if one not in yes]
            row = {"": FAMILIES[key][0], "data": whose}
            row["hold or recovered"] = str(sum(one.firm for one in yes))
            row["the same, within the interval"] = str(sum(not one.firm for one in yes))
            row["do not"] = str(sum(one.firm for one in no))
            row["do not, within the interval"] = str(sum(not one.firm for one in no))
            row["not computed"] = str(len(found) - len(asked))
            rows += [row] if asked else []
    return pd.DataFrame(rows)


def _family(
    key: str, sources: Sequence[Source], ours: "pd.DataFrame", place: Path
) -> dict[str, Any]:
    """Return what the page says of one chapter."""
    title, _ = FAMILIES[key]
    chapter = CHAPTERS.get(key, "")
    some = _of_family(key, ours)
    parts = [part for part in beside.PARTS if part.chapter == chapter]
    tables = [(part, beside.beside(part, some)) for part in parts]
    links = ", ".join(
        f"[{results.FILES[chapter]}]({paper_page.relative(source.folder, place)}/"
        f"{results.FILES[chapter]})"
        for source in sources
        if chapter and (source.folder / results.FILES[chapter]).is_file()
    )
    return {
        "title": title,
        "parts": [(part, links, to_markdown(rows)) for part, rows in tables if not rows.empty],
        "links": list(_links(chapter, sources, place)) if chapter else [],
    }


def _said(judgements: Judgements, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Return, for each claim, what the thesis' own numbers say, then each kind that has them."""
    said = []
    for claim in claims:
        lines = [
            (whose, f"**{verdicts[claim].text}**: {verdicts[claim].decides}")
            for whose, verdicts in judgements.items()
            if verdicts[claim].words != judging.NOT_COMPUTED
        ]
        own = ("the thesis' own numbers", judging.of_thesis(claim))
        said.append({"of": claim, "verdicts": [own, *(lines or [("ours", judging.NOT_COMPUTED)])]})
    return said


def _links(chapter: str, sources: Sequence[Source], place: Path) -> Iterator[tuple[str, str]]:
    """Yield the tables and figures of a chapter, with links."""
    number = results.FILES[chapter].removeprefix("results_").removesuffix(".csv")
    for source in sources:
        where = paper_page.relative(source.folder, place)
        label = "" if source is sources[0] else f" ({source.folder.name})"
        for name, table in TABLES.items():
            if table.notebook.startswith(number) and (source.folder / f"{name}.md").is_file():
                yield f"{table.title}{label}", f"{where}/{name}.md"
        for stem in figures_of(number):
            if (source.folder / f"{stem}.png").is_file():
                yield f"figure {stem}{label}", f"{where}/{stem}.png"


def _trainings(folder: Path) -> dict[str, Any]:
    """Return hours, kWh and kg of CO2 by chapter beside appendix B, where meters were kept."""
    import pandas as pd

    printed = numbers.values()["B.2"]

    def row(what: str, hours: str, frame: "pd.DataFrame") -> dict[str, str]:
        printed_hours = f"{printed[(hours, '', '', 'hours')]:,.0f}"
        return {"chapter": what, "thesis (h)": printed_hours} | _effort(frame)

    frames = {
        chapter: pd.read_csv(folder / file)
        for chapter, file in TRAININGS.items()
        if (folder / file).is_file()
    }
    unmetered = [f"chapter {chapter}" for chapter in TRAININGS if chapter not in frames]
    if len(frames) < 2:  # the paper's alone are in RESULTS.md
        return {"trainings": "", "unmetered": []}
    rows = [row(chapter, f"chapter_{chapter}", frame) for chapter, frame in frames.items()]
    rows.append(row("all", "all", pd.concat(frames.values(), ignore_index=True)))
    return {"trainings": to_markdown(pd.DataFrame(rows)), "unmetered": unmetered}


def _effort(frame: "pd.DataFrame") -> dict[str, str]:
    """Return what the trainings of one file took, all together."""
    total = frame[list(METERS)].sum(skipna=False)
    measured = total.notna()
    return {
        "trainings": str(len(frame)),
        "ours (h)": f"{total['seconds'] / 3600:.3g}",
        "ours (kWh)": f"{total['energy_kwh']:.3g}" if measured["energy_kwh"] else "not measured",
        "ours (kg CO2)": f"{total['co2_kg']:.3g}" if measured["co2_kg"] else "not measured",
    }


def main() -> None:
    """Print the page of a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m vmnet.report.thesis.page",
        description="Print RESULTS-thesis.md of a figures folder.",
    )
    parser.add_argument("folder", type=Path, help="for example figures/demo")
    sys.stdout.write(results_page(parser.parse_args().folder))


if __name__ == "__main__":
    sys.exit(exit_status(main))
