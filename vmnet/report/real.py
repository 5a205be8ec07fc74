"""Real data: the first part of RESULTS.md, made from the folders of runs on real music videos.

Each of `SETS` has a folder beside that of the demo, which holds what a run of `./run_all.sh
--corpus FOLDER` wrote; a folder with the profile's name behind it holds the same with that
profile's settings. What is there is shown, what is missing is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet.report import paper
from vmnet.report.claims import ALIGNMENTS, CLAIMS
from vmnet.report.names import name, ordered
from vmnet.report.paper import SEG_VMNET
from vmnet.report.ranks import CONTROL, MARK, MISSING, RANK, clip_level, rank_text
from vmnet.report.results import Provenance, averages, by_seed, count, provenance
from vmnet.report.tables import TABLES, Table, as_it_is
from vmnet.report.verdicts import PAPERS_OWN, verdict

if TYPE_CHECKING:
    import pandas as pd

REAL = "real"
SHOWN = ("centroid", *ALIGNMENTS, CONTROL)  # distances in the overview
DEMO = "demo"  # the profile whose settings are the paper's, for comparison


@dataclass(frozen=True)
class RealSet:
    """One set of real music videos.

    Attributes
    ----------
    folder
        Its name under `figures/`.
    title
        What it is called.
    about
        What it is, and what its numbers cannot say.
    tables, figures
        Which of `TABLES` and of the pictures are shown of it; no figures are all there are.
    segments
        Whether it has a time axis, and thus segments.
    beside_paper
        Whether the paper's numbers may stand beside its own.
    """

    folder: str
    title: str
    about: str
    tables: tuple[str, ...]
    figures: tuple[str, ...] = ()
    segments: bool = False
    beside_paper: bool = False


_ROWS = (
    "A clip is **one row**, the means over the video of the paper's own two kinds of features "
    "(Inception, VGGish): there is **no time axis**, so that nothing is said of segments. Labels "
    "are a program's, and artists are not known. The paper's features are of these kinds, but it "
    "trained on 50,000 clips and tested on others."
)
_OF_CLIPS = ("training_baselines", "learning_curve")
SETS = (
    RealSet(
        "muvi-sync",
        "MuVi-Sync",
        "Official music videos, features once a second. **Its test set is small**: 75 queries "
        "(150 with those of validation), so that a mean rank is known to some 5 of 75. **Its "
        "music is symbolic** (chords that a program found, key, loudness, density of notes), not "
        "VGGish; its pictures are CLIP's. **Cuts are to the second**, and there is no OLDA. No "
        "rank of it stands beside one of the paper's.",
        (
            "baselines", "artists", "learning_curve", "table2", "table3", "segment_count", "table4",
            "cut_apart", "controls", "conclusions_apart", "mixed_lengths",
        ),
        segments=True,
    ),
    RealSet(
        "youtube8m-video",
        "YouTube-8M, video level",
        _ROWS,
        ("baselines", "learning_curve"),
        _OF_CLIPS,
        beside_paper=True,
    ),
    RealSet(
        "youtube8m-video-all",
        "YouTube-8M, video level, with other videos",
        f"The same, and training may draw on videos of other kinds than music videos. {_ROWS}",
        ("baselines", "learning_curve"),
        _OF_CLIPS,
        beside_paper=True,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What one folder holds.

    Attributes
    ----------
    run
        What run.json says.
    results
        The vanilla results and the scenarios, every number once, of the kind "real".
    frames
        The data of tables, by file.
    """

    of: RealSet
    folder: Path
    run: Mapping[str, Any]
    results: "pd.DataFrame"
    frames: Mapping[str, "pd.DataFrame"]

    @property
    def origin(self) -> Provenance:
        """Whose numbers these are."""
        return provenance(self.results)

    @property
    def label(self) -> str:
        """What stands above its numbers: "MuVi-Sync, 75 clips"."""
        settings = f", profile {DEMO}" if self.run["profile"] == DEMO else ""
        return f"{self.of.title}{settings} ({REAL}, {count(self.origin.n_clips, 'clip')})"

    @property
    def stand_in(self) -> str:
        """The segmentation of experiment 3: the paper's, or what stands for it."""
        rows = self.results[(self.results["scenario"] != "vanilla") & ~clip_level(self.results)]
        return str(rows["segmenter"].iloc[0]) if len(rows) else PAPERS_OWN

    @property
    def segmenters(self) -> list[str]:
        """The segmentations whose ranks mean something."""
        rows = self.results.loc[~clip_level(self.results), "segmenter"]
        return ordered("segmenter", rows) if self.of.segments else []


def folders(figures: Path) -> list[tuple[RealSet, Path]]:
    """Return the folders of real sets that are there, each before that of the demo's settings."""
    places = [
        (each, figures / f"{each.folder}{mark}") for each in SETS for mark in ("", f"-{DEMO}")
    ]
    return [(each, path) for each, path in places if (path / "run.json").is_file()]


def absent(found: Iterable[Found]) -> list[str]:
    """Return the sets that are not there, and the tables that those which are there lack."""
    found = list(found)
    lines = []
    for each in SETS:
        own = [one for one in found if one.folder.name == each.folder]
        if not own:
            lines.append(f"{each.title}: `figures/{each.folder}` is not there.")
        for one in own:
            lacking = [
                TABLES[table].file
                for table in each.tables
                if table in TABLES and table != "artists" and TABLES[table].file not in one.frames
            ]
            if lacking:
                files = ", ".join(f"`{file}`" for file in dict.fromkeys(lacking))
                lines.append(f"{each.title}: `figures/{each.folder}` lacks {files}.")
    return lines


def overview(found: Iterable[Found]) -> "pd.DataFrame":
    """Return the mean rank of every system and distance, a column for each folder."""
    import pandas as pd

    columns: dict[str, dict[tuple[str, ...], str]] = {}
    for one in found:
        vanilla = one.results[one.results["scenario"] == "vanilla"]
        cells = averages(vanilla[vanilla["distance"].isin(SHOWN)], RANK)
        columns[one.label] = {
            key[:3]: rank_text(*ranks)
            for key, ranks in zip(cells.index, cells.to_numpy(), strict=True)
            if key[1] == "clip" or key[1] in one.segmenters
        } | {(paper.CHANCE, "clip", "centroid"): f"{one.origin.chance['mean_rank']:.1f}"}
    keys = {key for column in columns.values() for key in column}
    rows = []
    for system, segmenter, distance in sorted(keys, key=_place(keys)):
        clip = segmenter == "clip"
        rows.append(
            {
                "system": name("system", "control" if distance == CONTROL else system),
                "S": "" if clip else name("segmenter", segmenter),
                "δ": "" if clip else name("distance", distance),
                **{text: cells.get((system, segmenter, distance), "")
                   for text, cells in columns.items()},
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def tally(judged: "pd.DataFrame") -> list[tuple[str, str]]:
    """Count the verdicts of `verdicts`, a line for each kind of data."""
    lines = []
    for column in judged.columns[2:4]:
        texts = judged[column]
        inside = texts.str.contains("within the interval")
        asked = ~texts.str.startswith("cannot be asked")
        holds = texts.str.startswith("holds")
        lines.append(
            (
                column,
                f"{(holds & ~inside).sum()} hold and {(asked & ~holds & ~inside).sum()} do not, "
                f"beyond the interval; within it {(holds & inside).sum()} hold and "
                f"{(asked & ~holds & inside).sum()} do not; {(~asked).sum()} cannot be asked",
            )
        )
    return lines


def _place(keys: Iterable[tuple[str, ...]]) -> Any:
    """Return what to sort the rows of the overview by: clip-level systems first, chance last."""
    keys = list(keys)
    system, segmenter, distance = (
        ordered(column, (key[i] for key in keys))
        for i, column in enumerate(("system", "segmenter", "distance"))
    )
    return lambda key: (
        key[0] == paper.CHANCE, key[1] != "clip", system.index(key[0]), segmenter.index(key[1]),
        distance.index(key[2]),
    )  # fmt: skip


def verdicts(simulated: "pd.DataFrame", real: Found) -> "pd.DataFrame":
    """Return each conclusion of the paper, judged by simulated and by real data, by one rule.

    See `vmnet.report.verdicts`.
    """
    import pandas as pd

    ours = provenance(simulated)
    of_simulated, of_real = by_seed(simulated), by_seed(real.results)
    rows = []
    for claim in CLAIMS:
        there = verdict(claim, of_simulated, ours)
        here = verdict(claim, of_real, real.origin, real.stand_in)
        rows.append(
            {
                "conclusion": claim.statement,
                "section": claim.source,
                f"simulated ({count(ours.n_clips, 'clip')})": there.text,
                f"{REAL} ({real.of.title}, {count(real.origin.n_clips, 'clip')})": here.text,
                f"what decides, {REAL}": here.decides,
            }
        )
    return pd.DataFrame(rows)


def tables(found: Found) -> list[tuple[Table, str, "pd.DataFrame"]]:
    """Return the tables of one folder, each with its caption."""
    shown = []
    for key in found.of.tables:
        table = TABLES.get(key)
        if table is None or table.file not in found.frames:
            continue
        frame = table.render(found.frames[table.file])
        caption = frame.attrs["caption"]
        frame = _of_ours(frame, found.of.beside_paper)
        if not frame.empty:
            shown.append((table, f"{caption} {_data_line(found, table)}", frame))
    return shown


def _of_ours(frame: "pd.DataFrame", beside_paper: bool) -> "pd.DataFrame":
    """Return a table without rows that the paper alone has, and perhaps without its columns."""
    ours = [column for column in frame if column.startswith("ours")]
    kept = frame[(frame[ours] != MISSING).all(axis="columns")]
    theirs = [c for c in frame if c == "paper" or c.endswith((", paper", ", paper (%)"))]
    return kept if beside_paper else kept.drop(columns=theirs)


def _data_line(found: Found, table: Table) -> str:
    """Say whose numbers a table has."""
    data = found.frames[table.file]
    if table.rows is as_it_is or "kind" not in data:
        return f"Data: {REAL}."
    origin = provenance(data)
    seeds = f", mean of {origin.n_seeds} seeds" if origin.n_seeds > 1 else ", one seed"
    return (
        f"**{REAL.capitalize()} data**, {count(origin.n_clips, 'test clip')}{seeds}; ± is the "
        f"95 % interval over the queries; chance {origin.chance['mean_rank']:.1f}."
        f"{' Judged by the means alone.' if table is TABLES['conclusions_apart'] else ''}"
    )


README_ROWS = (
    ("baseline_1", "clip", "centroid"),
    ("baseline_2", "clip", "centroid"),
    ("linear_cca", "clip", "centroid"),
    *((SEG_VMNET, PAPERS_OWN, d) for d in ("centroid", "nw", "sw", "trace", "best_trace")),
)


def readme_table(simulated: "pd.DataFrame", found: Iterable[Found]) -> "pd.DataFrame":
    """Return the table of the README: the paper, simulated data, real data with settings for them.

    A real set without OLDA has the segmentation that stands for it, which its column names.
    """
    import pandas as pd

    origin = provenance(simulated)
    ours, printed = averages(simulated, RANK), paper.cells()
    real = [one for one in found if one.folder.name == one.of.folder]
    cells = {_readme_label(one): averages(one.results, RANK) for one in real}
    stands = {_readme_label(one): one.stand_in if one.of.segments else "" for one in real}
    rows = []
    for system, segmenter, distance in README_ROWS:
        key = (system, segmenter, distance, "vanilla")
        row = {
            "system": _README_NAMES.get(system, name("system", system)),
            "distance": "" if segmenter == "clip" else name("distance", distance),
            "paper (**real**)": _paper_text(printed, key),
            "ours, **simulated**": _cell_text(ours, key) + (MARK if key in origin.fitted else ""),
        }
        for text, some in cells.items():
            own = segmenter if segmenter == "clip" else stands[text]
            row[text] = _cell_text(some, (system, own, distance, "vanilla"))
        if any(list(row.values())[2:]):
            rows.append(row)
    chance = {"system": name("system", paper.CHANCE), "distance": ""}
    chance["paper (**real**)"] = f"{paper.rank(paper.CHANCE):g}"
    chance["ours, **simulated**"] = f"{origin.chance['mean_rank']:.1f}"
    chance |= {_readme_label(one): f"{one.origin.chance['mean_rank']:.1f}" for one in real}
    return pd.DataFrame([*rows, chance])


_README_NAMES = {SEG_VMNET: "Seg-VM-Net, OLDA"}


def _readme_label(one: Found) -> str:
    cut = f", {name('segmenter', one.stand_in)}" if one.of.segments else ""
    return f"{one.of.title} (**{REAL}**, {count(one.origin.n_clips, 'clip')}{cut})"


def _paper_text(printed: "pd.DataFrame", key: tuple[str, ...]) -> str:
    if key not in printed.index:
        return ""
    cell = printed.loc[key]
    return f"{cell['mean_rank']:g} ±{cell['ci95']:g}"


def _cell_text(cells: "pd.DataFrame", key: tuple[str, ...]) -> str:
    return rank_text(*cells.loc[key, list(RANK)]) if key in cells.index else ""


def as_real(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return results whose kind says that the data are real."""
    return frame.assign(kind=REAL) if "kind" in frame else frame
