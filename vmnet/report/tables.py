"""The tables, each specified once: what it shows, where it comes from, what to know of it.

A notebook shows a table by `show`, which writes it beside its data; RESULTS.md renders the same
specification from the same data. A new table is one entry of `TABLES` and one notebook cell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.report import apart, design, learning, paper, similarity
from vmnet.report.artists import artists
from vmnet.report.lengths import mixed_lengths
from vmnet.report.names import DISTANCES, SEGMENTERS, name, ordered
from vmnet.report.ranks import (
    CONTROL,
    MARK,
    MISSING,
    RANK,
    READINGS,
    Ranks,
    clip_level,
    duration,
    in_order,
    ours_header,
    rank_text,
    realistic,
    vanilla,
)
from vmnet.report.results import Provenance, averages, count, provenance, settings_text
from vmnet.report.thesis import language
from vmnet.report.thesis import results as thesis
from vmnet.runner import of_thesis
from vmnet.store import save_text

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler


def indel_sweep(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean rank of each distance for each indel cost, a column of `results`."""
    import pandas as pd

    origin = provenance(results)
    ours = averages(results, RANK, ("distance", "indel"))
    rows = []
    for cost in sorted({cost for _, cost in ours.index}):
        row = {"indel cost": f"{cost:g}"}
        for distance in ordered("distance", ours.index.get_level_values("distance")):
            mark = " (the paper's cost)" if cost == paper.indel_costs().get(distance) else ""
            have = (distance, cost) in ours.index
            text = rank_text(*ours.loc[(distance, cost)]) if have else MISSING
            row[f"{name('distance', distance)}, {ours_header(origin)}"] = text + mark
        rows.append(row)
    chance = dict.fromkeys(rows[0], f"{origin.chance['mean_rank']:.1f}")
    return pd.DataFrame([*rows, chance | {"indel cost": name("system", paper.CHANCE)}])


def trainings(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return the means of each network's trainings, then the sum of all."""
    import pandas as pd

    frame = frame.assign(
        energy_kind=frame["energy_kind"].astype(object).fillna("").replace("", "not measured")
    )
    rows = []
    for (system, segmenter, loss), some in frame.groupby(
        ["system", "segmenter", "loss"], sort=False
    ):
        mean = some[["updates", "best_step", "seconds", "energy_kwh", "co2_kg"]].mean(skipna=False)
        rows.append(
            {
                "network": name("system", system),
                "S": "" if segmenter == "clip" else name("segmenter", segmenter),
                "loss": loss,
                "trainings": str(len(some)),
                "updates": f"{mean['updates']:,.0f}",
                "kept": f"{mean['best_step']:,.0f}",
                **_effort(mean, some),
            }
        )
    total = frame[["seconds", "energy_kwh", "co2_kg"]].sum(skipna=False)
    last = dict.fromkeys(rows[0], "") | {"network": "All together", "trainings": str(len(frame))}
    table = pd.DataFrame([*rows, last | _effort(total, frame)])
    nothing = [column for column in table if (table[column] == "not measured").all()]
    return table.drop(columns=nothing)


def _effort(numbers: Mapping[str, float], frame: "pd.DataFrame") -> dict[str, str]:
    return {
        "time": duration(numbers["seconds"]),
        "energy (Wh)": _amount(1000 * numbers["energy_kwh"]),
        "CO2e (g)": _amount(1000 * numbers["co2_kg"]),
        "energy is": ", ".join(sorted(frame["energy_kind"].unique())),
    }


def _amount(number: float) -> str:
    """Return an amount to three digits; what was not measured in each training is said."""
    return f"{number:.3g}" if isfinite(number) else "not measured"


def as_it_is(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table as its notebook made it, without columns that hold nothing."""
    shown = frame.dropna(axis="columns", how="all")
    return shown.astype(object).where(shown.notna(), "")


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes
    ----------
    title
        Its heading in RESULTS.md.
    notebook, cell
        What makes it.
    file
        The file of the figures folder with its data, which several tables may be views of.
    rows
        From the data to the table as text.
    caption
        What to know of it; `{n_clips}` and `{segmenters}` stand for those of the data.
    noun
        What clips its queries are.
    """

    title: str
    notebook: str
    cell: str
    file: str
    rows: Callable[["pd.DataFrame"], "pd.DataFrame"]
    caption: str
    noun: str = "test clip"

    @property
    def of_thesis(self) -> bool:
        """Whether it belongs to the thesis' chapters 4 to 6, which have a page of their own."""
        return of_thesis(self.notebook)

    def render(self, data: "pd.DataFrame") -> "pd.DataFrame":
        """Return the table as text; `attrs` have its `caption` and `origin`, whose numbers it has.

        Parameters
        ----------
        data : what `file` holds: tidy results, those of the thesis' chapters (which have a column
            `part`), or another frame, whose `attrs["about"]` says whose data it has.

        Raises
        ------
        VmnetError
            When a cell has fewer seeds than another, or the data mix corpora or settings.
        """
        frame = self.rows(data)
        fields: dict[str, str] = {}
        about = data.attrs.get("about", "")
        if "part" in data:
            about = frame.attrs.get("origin") or thesis.about(data)
        elif "kind" in data:
            origin = provenance(data)
            segmenters = ordered("segmenter", data.loc[~clip_level(data), "segmenter"])
            fields["segmenters"] = ", ".join(name("segmenter", key) for key in segmenters)
            fields["n_clips"] = f"{origin.n_clips:,}"
            about = origin_text(origin, self.noun)
            if frame.astype(str).map(lambda cell: cell.endswith(MARK)).any(axis=None):
                about += " † marks a mean rank that the simulation was fitted to."
        frame.attrs["caption"] = self.caption.format(**fields)
        frame.attrs["origin"] = about
        return frame


def origin_text(origin: Provenance, noun: str) -> str:
    """Say whose numbers stand in a table of results, ours and the paper's."""
    seeds = (
        f"mean of {origin.n_seeds} seeds, ± the mean of the seeds' 95 % intervals"
        if origin.n_seeds > 1
        else "1 seed, ± the 95 % interval over the queries"
    )
    settings = settings_text(origin.settings)
    return (
        f"Paper: trained on HIMV-50K, {paper.N_CLIPS:,} test clips of MVD, chance "
        f"{paper.rank(paper.CHANCE):g}. Ours: {origin.kind} data ({origin.corpus}), "
        f"{count(origin.n_clips, noun)}, {seeds}, chance {origin.chance['mean_rank']:.1f}"
        f"{', ' + settings if settings else ''}."
    )


_COSTS = ", ".join(
    f"{DISTANCES[distance].removesuffix('-DTW')} {cost:g}"
    for distance, cost in paper.indel_costs().items()
)

TABLES = {
    "baselines": Table(
        "Clip-level systems (tables II and III), vanilla",
        "01_baselines",
        "01-04",
        "results_01.csv",
        Ranks(("system",), "II", clip_level),
        "Mean rank and recalls of the systems that have one embedding a clip.",
    ),
    "artists": Table(
        "Artists that training knows",
        "01_baselines",
        "01-07",
        "results_artists.csv",
        artists,
        "Mean rank of the baselines over all test clips, over those whose artist no training clip "
        "has, and over those whose artist training knows; the catalog that is ranked is whole. A "
        "clip without an artist is among all alone.",
    ),
    "table2": Table(
        "Table II, experiment 1: segments without order, vanilla",
        "02_experiment1_aggregation",
        "02-03",
        "results_02.csv",
        Ranks(("segmenter", "distance"), "II", vanilla),
        "Mean rank of each segmentation S with the distances δ that know no order. The paper's ±1 "
        "of TransNet with the centroid stands as printed; it is likely a misprint.",
    ),
    "table3": Table(
        "Table III, experiment 2: segments in order, vanilla",
        "03_experiment2_alignment",
        "03-03",
        "results_03.csv",
        Ranks(("distance", "segmenter"), "III", in_order, times=True),
        "Mean rank of each alignment δ with each segmentation S. Times are of all queries against "
        "all targets: the paper's 1,000 x 1,000 on an Intel i7-6850K, ours {n_clips} x {n_clips} "
        "on the machine of the run, mean over the seeds; neither is scaled. The paper's indel "
        f"costs ({_COSTS}) are ours, too, unless settings are named.",
    ),
    "trace_forms": Table(
        "Two readings of trace, vanilla",
        "03_experiment2_alignment",
        "03-06",
        "results_03.csv",
        Ranks(
            ("distance", "segmenter"),
            "III",
            partial(vanilla, only=(*READINGS.values(), *READINGS)),
            printed_as=READINGS,
        ),
        "As printed in section IV-D, trace sums squared distances over as many terms as the "
        "shorter clip has segments, so that short tracks are always near. The similarity forms, "
        "which all other tables show, sum dot products.",
    ),
    "indel_sweep": Table(
        "Indel costs, vanilla, validation clips",
        "03_experiment2_alignment",
        "03-08",
        "indel_sweep.csv",
        indel_sweep,
        "Mean rank against the cost of skipping a segment, on the validation clips of one seed.",
        noun="validation clip",
    ),
    "segment_count": Table(
        "A control: the number of segments alone, vanilla",
        "03_experiment2_alignment",
        "03-10",
        "results_03.csv",
        Ranks(("distance", "segmenter"), "III", partial(vanilla, only=(CONTROL,))),
        "Both tracks of a clip are cut at the same boundaries (section IV-B), so its own music "
        "always has as many segments as the video, and few others have. This control compares the "
        "two numbers and neither hears nor sees. A distance that skips segments at a cost compares "
        "them, too: see the indel costs.",
    ),
    "table4": Table(
        "Table IV, experiment 3: realistic scenarios",
        "04_experiment3_realistic",
        "04-03",
        "results_04.csv",
        Ranks(("distance", "scenario"), "IV", realistic, any_segmenter=True),
        "Mean rank of each distance δ in each realistic scenario. Segments: the paper's "
        f"{SEGMENTERS['olda']}, ours {{segmenters}}. Indel costs: the paper's ({_COSTS}), unless "
        "settings are named.",
    ),
    "cut_apart": Table(
        "Experiment 4: tracks that are cut apart",
        "06_cut_apart",
        "06-03",
        "results_06.csv",
        apart.ranks_apart,
        "Mean rank of each distance δ on windows of one length: with the boundaries of the music "
        "for both tracks, as in the paper, and with the video cut by what is seen and the music by "
        "what is heard; with a network that learned so, and with the one that learned on shared "
        "boundaries. A gain is that over the centroid in the same column; what remains of it is "
        "told where the shared gain exceeds its interval. Fixed windows are the same for all "
        "clips. The experiment is ours; the paper has no such numbers.",
    ),
    "controls": Table(
        "Experiment 4: what the cuts alone give away",
        "06_cut_apart",
        "06-04",
        "results_06.csv",
        apart.controls,
        "Mean rank of controls that know nothing but where the tracks are cut: the number of "
        "segments, their lengths, and networks that learned on noise cut at the same times. A star "
        "marks what is not at chance, that is, whose 95 % interval does not hold chance: of twenty "
        "at chance about one has it by accident.",
    ),
    "conclusions_apart": Table(
        "Experiment 4: the paper's conclusions on distances",
        "06_cut_apart",
        "06-05",
        "results_06.csv",
        apart.conclusions_apart,
        "Each conclusion that tables II and III allow within one segmentation, judged on windows "
        "with shared boundaries, with tracks that are cut apart and with fixed windows. The rules "
        "are in `vmnet/report/claims.py`.",
    ),
    "mixed_lengths": Table(
        "Experiment 4: tracks of mixed lengths",
        "06_cut_apart",
        "06-06",
        "results_lengths.csv",
        mixed_lengths,
        "Mean rank of each distance δ among {n_clips} tracks that last between a quarter of the "
        "video and twice as long, drawn without regard to whose they are; averaged over the "
        "draws. A mean is divided by the number of segments of the shorter track; its gain is over "
        "the sum. Nearness with length is Spearman's correlation over the catalog, positive where "
        "long tracks are near. Of the ten nearest tracks so many are of the longest, or shortest, "
        "third of the catalog. The experiment is ours; the paper has no such numbers.",
    ),
    "learning_curve": Table(
        "How many clips it takes",
        "01_baselines",
        "01-08",
        "learning.csv",
        learning.learning_curve,
        "Mean rank, and its share of the ranked list, of the clip-level systems by the number of "
        "training clips: random subsets, each part of the next; the same validation and test "
        "clips. Other clips are videos of other kinds, added to all. The law is a power law "
        "without a floor, fitted to the rows without other clips and carried on to the paper's "
        "number of training clips: a guess from far away, and a hopeful one, because a floor would "
        "lift it. Its interval is that of the test clips alone (bootstrap), not of the training, "
        "nor of the law. The paper's number is of other test clips and training.",
    ),
    "films": Table(
        "The films of chapter 6",
        "10_language_of_clips",
        "10-02",
        "films.csv",
        as_it_is,
        "The sets of films that the tables of the language of clips are about, and how their cuts "
        "and their music are known.",
    ),
    "table62": Table(
        "Table 6.2: shots that last as beats and bars do",
        "10_language_of_clips",
        "10-05",
        "results_10.csv",
        language.durations,
        "Percent of the films whose dominant shot lasts between half and one and a half times as "
        "long as a beat, a bar, four bars. By chance: the same with the tempi permuted over the "
        "films 1,000 times, mean and 95 % range; a star marks what lies outside (a genre is held "
        "against the tempi of all, so that its star may tell of its tempo alone; groups are many, "
        "and none is corrected for that). Log-normal: with the films' own tempi, but shots that "
        "are drawn 100 times, of the mean and the deviation that the logarithms of each film's own "
        "have, mean and 95 % range: what the shape of the lengths alone gives. The thesis shows "
        "neither control; shots that know nothing of music give between 10, 1, 0 and 58, 14, 0.1 "
        "percent.",
    ),
    "table63": Table(
        "Table 6.3: cuts at segment boundaries and downbeats",
        "10_language_of_clips",
        "10-06",
        "results_10.csv",
        language.cooccurrence,
        "S of equation 6.1. By chance: the same with each film turned against its music in a "
        "circle 100 times, mean and 95 % range; a star marks what lies outside. The thesis shows "
        "no such null. Its 0.36 for Pop contradicts the other half of its table, which has the "
        "same films by video genre: with that, Pop can be 0.195 at most, and 0.16 makes both "
        "halves agree. A program finds boundaries less exactly than sigma asks, so they are also "
        "moved to the nearest downbeat. Only numbers of one sigma compare: 0.08 s where cuts are "
        "known to the frame; where they are known to the second, 1 s at boundaries, and the same "
        "second for chords.",
    ),
    "recovered": Table(
        "What was put into rendered films, and what is found",
        "10_language_of_clips",
        "10-10",
        "results_10.csv",
        language.recovered,
        "Rendered films, whose editing and music are known. Spearman's correlation over the films "
        "with its 95 % interval (Fisher's): recovered is what is above 0, of ten films or more. F "
        "is of what a program finds. This tells whether the method works, and nothing of films "
        "that people made.",
    ),
    "hypotheses": Table(
        "What editors say, and what films do",
        "10_language_of_clips",
        "10-08",
        "results_10.csv",
        language.hypotheses,
        "What can be tested of the interviews (section 6.1): H1 form is directed, H2 cuts follow "
        "the rhythm, H3 cutting is faster in choruses, H4 some cuts come just before the downbeat. "
        "By chance: the film turned against its music in a circle.",
    ),
    "clips": Table(
        "The clips",
        "00_corpus",
        "00-06",
        "clips.csv",
        as_it_is,
        "The clips of the first seed: how many, how long, and in how many segments.",
    ),
    "segment_lengths": Table(
        "The lengths of segments",
        "00_corpus",
        "00-08",
        "segment_lengths.csv",
        as_it_is,
        "Of all clips of the first seed. The paper's music segments last 18.6 to 20 s on average, "
        "its shots 6.6 s (sections IV-B and VII).",
    ),
    "training": Table(
        "Training",
        "02_experiment1_aggregation",
        "02-07",
        "training.csv",
        trainings,
        'Means per training, then the sum of all; "kept" is the update whose weights were kept. '
        "The paper trained 2 to 6 days a network on one GTX 1080 Ti; the thesis reports 2,543 "
        "hours and 449.5 kg CO2e for all of its work. Energy is given where the processor's own "
        "counter (RAPL) can be read, and only there.",
    ),
    "table51": Table(
        "Table 5.1: triplets or binary cross-entropy",
        "09_design_choices",
        "09-03",
        "results_09.csv",
        design.TABLE_51,
        "Recalls (percent) and mean ranks of both directions: M2V has music for a query and ranks "
        "videos. The thesis has handcrafted music; ours has, too, where the corpus has such "
        "features, and else those of the run. How the two embeddings enter the head, the thesis "
        "does not say: concatenated, here. Binary cross-entropy is trained to the end, as there.",
    ),
    "dispersion": Table(
        "Dispersion of the embeddings (section 5.3.2)",
        "09_design_choices",
        "09-04",
        "results_09.csv",
        design.dispersion,
        "How far the embeddings e of the test clips lie from their mean µ, by three readings: the "
        "thesis prints two numbers without a formula. All are 0 where the embeddings are one "
        "point, and 1 where µ is 0.",
    ),
    "intra": Table(
        "Intra-modal terms (sections 5.1.3 and 7.1.3)",
        "09_design_choices",
        "09-05",
        "results_09.csv",
        design.intra,
        "Mean ranks with the original VM-Net's loss: without its intra-modal terms, with them as "
        "CBVMR's authors have them (signs), and as the thesis describes them (triplets with a "
        "margin). The thesis' numbers are of chapters 5 and 7, which differ in the weights of the "
        "other terms, too. AudioSet stands for the run's own music features in our rows.",
    ),
    "table52": Table(
        "Table 5.2: music features",
        "09_design_choices",
        "09-06",
        "results_09.csv",
        design.TABLE_52,
        "As table 5.1, by the features of the music. Rendered films are few and simple, so that "
        "ranks among them say little of features: read them beside chance. A row of ours for "
        "OpenL3, where its weights are given, is of a network rebuilt here, on which the published "
        "weights were never run.",
    ),
    "table53": Table(
        "Table 5.3: learned aggregation of frames",
        "09_design_choices",
        "09-07",
        "results_09.csv",
        design.TABLE_53,
        "As table 5.1, by what makes one vector of a clip's frames. A learned one takes 100 frames "
        "at random, as in the thesis, or all of them. Where all seconds of a section say the same, "
        "as in the simulation, the mean is all there is to know, and nothing can be gained.",
    ),
    "blank_control": Table(
        "A control of table 5.3: seconds that hold nothing",
        "09_design_choices",
        "09-08",
        "results_09.csv",
        design.blank_control,
        "Simulated clips, also where other tables have rendered or real ones. Half of the seconds "
        "are blank, and the last columns have how much of the weight each layer gives them.",
    ),
    "negatives": Table(
        "Negatives from the anchor's own clip",
        "09_design_choices",
        "09-09",
        "results_09.csv",
        design.negatives,
        "Mean ranks of the Seg-VM-Net of one segmentation by what the negatives of its training "
        "were. The paper (section IV-C) and the thesis (8.2.2) tried the last two and print no "
        "numbers. They need several segments of a clip in a batch, four here, so that three of an "
        "anchor's hundreds of negatives are of its clip; the first row is the paper's, with one.",
    ),
    "own_matrices": Table(
        "What a clip's own similarity matrix says (section VI-D)",
        "09_design_choices",
        "09-10",
        "results_09.csv",
        design.own_matrices,
        "Of the Seg-VM-Net of one segmentation: the cosine of each video segment of a test clip "
        "with each segment of its own music; means over the clips. The paper shows one clip "
        "(figure 11).",
    ),
    "training_09": Table(
        "Training of chapter 5's networks",
        "09_design_choices",
        "09-12",
        "training_09.csv",
        trainings,
        'Means per training, then the sum of all; "kept" is the update whose weights were kept. '
        "Networks that the paper's notebooks train, too, are in the table of training there. The "
        "thesis reports 983 hours for chapter 5. Energy is given where the processor's own "
        "counter (RAPL) can be read, and only there.",
    ),
    "tagged_catalog": Table(
        "The catalog of tagged tracks (section 3.1.2 of the thesis)",
        "08_music_similarity",
        "08-03",
        "tagged_catalog.csv",
        as_it_is,
        "Where songs are rendered, their tags are known from the making; annotators forget one in "
        "ten, and hear one in a hundred that is not there.",
    ),
    "table42": Table(
        "Table 4.2: music similarity",
        "08_music_similarity",
        "08-06",
        "results_08.csv",
        similarity.table42,
        "Percent, k = 20: how well each system's ranking of the test tracks gives the first five "
        "of the oracle's. Compare with chance in the same column, not with the thesis: its "
        "similarity and its catalog are others. A difference is over the same "
        "queries. Other artists: without the tracks of the query's own artist. The networks have "
        "the share of the thesis' filters, and the negatives, that `vmnet/config.py` and "
        "`n_of` say, several anchors a batch and a larger learning rate.",
    ),
    "training_08": Table(
        "Training of chapter 4's networks",
        "08_music_similarity",
        "08-07-training",
        "training_08.csv",
        trainings,
        'Means per training, then the sum of all; "kept" is the update whose weights were kept. '
        "The thesis reports 1,272 hours for chapter 4. Energy is given where the processor's own "
        "counter (RAPL) can be read, and only there.",
    ),
    "tableC4": Table(
        "Table C.4: architectures",
        "08_music_similarity",
        "08-08",
        "results_08.csv",
        similarity.table_c4,
        "Parameters with all of the thesis' filters, and here. Table C.2 counts the musically "
        "motivated network with d = 100; with the 128 of the text it has 1,698,344. The other "
        "networks than the VGG-like are trained where `architectures` asks for it, each as the "
        "VGG-like was, and are shown by later runs without it, too.",
    ),
    "growing_margin": Table(
        "A margin that grows (section 8.2.1)",
        "08_music_similarity",
        "08-07-margin",
        "results_08.csv",
        similarity.growing_margin,
        "As table 4.2. The thesis tried a margin that grows during training, saw no effect, and "
        "prints neither numbers nor how it grew: here from 0 to 0.5, in a line, in the first half "
        "of the updates. Validation, which decides when to stop, has 0.5 from the beginning.",
    ),
    "table43": Table(
        "Table 4.3: what output units listen to",
        "08_music_similarity",
        "08-10",
        "table43.csv",
        as_it_is,
        "The output units of TL, distance-based, whose five strongest test tracks, all of "
        "different artists, agree most: the tags that two or more share, with counts. p is the "
        "share of random fives that agree as much. The thesis shows six of 128 units, such as one "
        "of guitars (Guitar 5, Calm 4), and no test.",
    ),
}


def show(name: str, data: "pd.DataFrame", folder: Path) -> "Styler":
    """Write a table of `TABLES` and the data behind it, and return it for a notebook to display.

    Parameters
    ----------
    name : a key of `TABLES`.
    data : tidy results, or a frame of `vmnet.report.inputs`.
    folder : gets NAME.md, NAME.csv and the table's `file` with the data, each written whole.
    """
    table = TABLES[name]
    frame = table.render(data)
    folder = Path(folder)
    if table.file != f"{name}.csv":
        save_text(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    save_text(folder / table.file, data.to_csv(index=False, lineterminator="\n"))
    caption = " ".join(filter(None, (frame.attrs["caption"], frame.attrs["origin"])))
    save_text(folder / f"{name}.md", f"{caption}\n\n{to_markdown(frame)}")
    return frame.style.hide(axis="index").set_caption(caption).set_uuid(name)


def to_markdown(frame: "pd.DataFrame", pad: bool = True) -> str:
    """Return a frame as a Markdown table, its columns padded so that the source reads well too."""
    rows = [frame.columns, *frame.itertuples(index=False, name=None)]
    lines = [[_escape(cell) for cell in row] for row in rows]
    if not pad:
        header, *body = ["|" + "|".join(line) + "|" for line in lines]
        return "\n".join([header, "|" + "---|" * len(frame.columns), *body]) + "\n"
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([padded[0], rule, *padded[1:]]) + "\n"


def _escape(cell: object) -> str:
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return " ".join(text.replace("|", "\\|").split())
