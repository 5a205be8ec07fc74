"""Design choices at clip level: the thesis' chapter 5, and what it says of negatives and segments.

| part | what is compared | source |
|---|---|---|
| "5.1" | triplets, binary cross-entropy trained to the end or not, a linear method | table 5.1 |
| "dispersion" | how far the embeddings of either modality lie apart | 5.3.2 |
| "intra" | the triplet loss with intra-modal terms in two forms, and without | 5.1.3, 7.1.3 |
| "negatives" | negatives from other clips, and from the anchor's own | paper IV-C; 8.2.2 |
| "VI-D" | a video segment's similarity to the music of its own time, and to the rest | paper VI-D |
| "VI-D genre" | the genre of what is recommended where the right track is missed | paper VI-D |

Tables 5.2 and 5.3 are in `vmnet.experiment.music_features` and `vmnet.experiment.aggregation`.

Chapter 5 has the original VM-Net's loss and its weights (section 5.2.4), and handcrafted music in
table 5.1. A corpus without such features has those of the run instead. Rows have the columns of
`vmnet.report.thesis.results`. A brief profile takes the first seed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.experiment import genres
from vmnet.experiment.ranked import Row, chance_rows, rank_rows
from vmnet.experiment.run import HANDCRAFTED, Run
from vmnet.experiment.segments import CLIP
from vmnet.experiment.stages import Dataset, embeddings, embeddings_key, network
from vmnet.experiment.systems import System, baseline_2, seg_vm_net
from vmnet.progress import log

if TYPE_CHECKING:
    import pandas as pd

LEARNED = "audioset"
"""The group of the run's own music features, which stand for the thesis' AudioSet."""

NEGATIVES = "negatives"

PER_CLIP = 4  # segments of a clip in a batch, where negatives may be of the same clip

SEGMENT_DISTANCES = {"": "trace", "nw": "nw", "centroid": "centroid"}
"""By which distance segments are ranked, by group: the paper's best is the unnamed one."""


# --- systems --------------------------------------------------------------------------------------


def of_losses(run: Run) -> dict[str, System]:
    """Return the systems of table 5.1 by the names that its rows have.

    "bce" is trained to the end, as in the thesis, and its last weights are kept.
    """
    group = _groups(run)[0]
    base = _base(run, group)
    judging = replace(base, name=f"{base.name}_bce", model="bce")
    return {
        "triplet": of_intra_terms(run, group)["with_intra"],
        "bce": replace(judging, training={"early_stopping": False}),
        "bce_early_stopping": judging,
        "cca": replace(base, name=_linear_name(group), model="linear"),
    }


def of_intra_terms(run: Run, group: str) -> dict[str, System]:
    """Return the systems of part "intra" of one group, a kind of music features.

    "with_intra" has the terms of CBVMR's code, "with_intra_triplets" those that the thesis
    describes.
    """
    from vmnet.models.settings import CBVMR

    base = _base(run, group)
    forms: dict[str, dict[str, Any]] = {
        "with_intra": CBVMR,
        "without_intra": CBVMR | {"intra_weights": (0.0, 0.0)},
        "with_intra_triplets": CBVMR | {"intra": "triplet"},
    }
    ends = {"with_intra": "cbvmr", "without_intra": "cbvmr_inter"}  # as in `clip_level`
    return {
        name: replace(base, name=f"{base.name}_{ends.get(name, name)}", training=training)
        for name, training in forms.items()
    }


def of_negatives(run: Run) -> dict[str, System]:
    """Return the systems of part "negatives": the Seg-VM-Net of one segmentation, four times.

    "other_clips" is the paper's, with one segment of a clip in a batch. The others have
    `PER_CLIP`; "other_clips_runs" is the control with such batches and the paper's negatives.
    """
    base = replace(seg_vm_net(run), training={"loss": "triplet"})
    settings: dict[str, dict[str, Any]] = {
        "other_clips": {},
        "other_clips_runs": {"per_clip": PER_CLIP},
        "same_clip": {"per_clip": PER_CLIP, "negatives": "same_clip"},
        "adjacent": {"per_clip": PER_CLIP, "negatives": "adjacent"},
    }
    return {
        name: replace(base, training={**base.training, **own}) for name, own in settings.items()
    }


def _groups(run: Run) -> tuple[str, ...]:
    """Return the kinds of music features that there are: handcrafted ones first."""
    if HANDCRAFTED in run.corpus.source.extractors and run.music != HANDCRAFTED:
        return HANDCRAFTED, LEARNED
    return (LEARNED,)


def _base(run: Run, group: str) -> System:
    if group == HANDCRAFTED:
        return System(HANDCRAFTED, CLIP, HANDCRAFTED, run.video)
    return baseline_2(run)  # so that what the paper's notebooks trained is taken


def _linear_name(group: str) -> str:
    return "handcrafted_linear" if group == HANDCRAFTED else "linear_cca"


def all_of(data: Dataset) -> dict[str, System]:
    """Return the systems of all parts, named "part: system" or "part: system, group"."""
    run = data.run
    every = {f"5.1: {name}": system for name, system in of_losses(run).items()}
    for group in _groups(run):
        terms = of_intra_terms(run, group)
        every |= {f"intra: {name}, {group}": system for name, system in terms.items()}
    if _has_segments(data):
        every |= {f"negatives: {name}": system for name, system in of_negatives(run).items()}
    return every


# --- rows -----------------------------------------------------------------------------------------


def design_choices(datasets: Iterable[Dataset], split: str = "test") -> "pd.DataFrame":
    """Load or compute all parts of this module; a row a number.

    Parameters
    ----------
    datasets
        What `prepare_all` returned.
    split
        The clips that are ranked. Settings are to be chosen on "valid".

    Returns
    -------
    pandas.DataFrame
        See `vmnet.report.thesis.results`. Where clips are not cut into segments, it lacks the parts
        of segments, and that is told.
    """
    from vmnet.report.thesis import results

    rows: list[Row] = []
    for data in brief(datasets):
        parts = {
            "5.1": _ranked(data, of_losses(data.run), split, with_chance=True),
            "intra": _intra(data, split),
            "dispersion": _dispersions(data, split),
        }
        if _has_segments(data):
            parts[NEGATIVES] = _negatives(data, split)
            parts["VI-D"] = _own_matrices(data, split)
            parts[genres.PART] = _genres(data, split)
        else:
            log(f"{data.corpus.name} has one segment a clip: nothing is said of segments.")
        about = {
            "corpus": data.corpus.name,
            "kind": results.kind_of(data.corpus.kind),
            "seed": data.run.seed,
        }
        rows += [{**row, "part": part, **about} for part, own in parts.items() for row in own]
    return results.table(rows)


def brief(datasets: Iterable[Dataset]) -> list[Dataset]:
    """Return the datasets, or of a brief profile the first."""
    datasets = list(datasets)
    return datasets[:1] if datasets[0].run.profile.brief else datasets


def distances(data: Dataset, system: System, split: str = "test") -> np.ndarray:
    """Return the distances of videos (rows) from tracks, of a system at clip level: (n, n).

    They are of embeddings, or what a head says of each pair.
    """
    from vmnet.aligners import distance_matrix

    video, music = embeddings(data, system, split)
    if system.model == "bce":
        return network(data, system).pair_distances(video.data, music.data)
    return distance_matrix(video, music, "centroid")


def distances_from_means(data: Dataset, split: str = "test") -> dict[str, np.ndarray]:
    """Return |e - mu| of the embeddings of "music" and of "video", (n_clips,) each: table 5.1's."""
    from vmnet.evaluation.dispersion import distances_from_mean

    video, music = embeddings(data, of_losses(data.run)["triplet"], split)
    return {"music": distances_from_mean(music.data), "video": distances_from_mean(video.data)}


def _ranked(
    data: Dataset,
    systems: dict[str, System],
    split: str,
    with_chance: bool = False,
    group: str = "",
) -> list[Row]:
    rows = []
    for name, system in systems.items():

        def compute(system: System = system) -> list[Row]:
            return rank_rows(distances(data, system, split))

        rows += [
            {**row, "system": name, "group": group}
            for row in _kept(data, system, split, "ranks", compute)
        ]
    if with_chance:
        rows += chance_rows(len(data.corpus.split(split)), system="chance", group=group)
    return rows


def _intra(data: Dataset, split: str) -> list[Row]:
    rows = []
    for group in _groups(data.run):
        rows += _ranked(data, of_intra_terms(data.run, group), split, True, group)
    return rows


def _dispersions(data: Dataset, split: str) -> list[Row]:
    """Return the three readings of each modality, of all systems at clip level."""
    from vmnet.evaluation.dispersion import dispersion, distances_from_mean
    from vmnet.evaluation.metrics import half_width

    systems = of_losses(data.run)
    for group in _groups(data.run):
        own = of_intra_terms(data.run, group)
        systems |= {f"{group}_{name}": system for name, system in own.items()}
    del systems[f"{_groups(data.run)[0]}_with_intra"]  # it is "triplet"
    rows = []
    for name, system in systems.items():
        video, music = embeddings(data, system, split)
        for modality, embedded in (("music", music), ("video", video)):
            width = half_width(distances_from_mean(embedded.data))
            for metric, value in dispersion(embedded.data).items():
                ci95 = width if metric == "dispersion" else np.nan
                rows.append({
                    "system": name, "group": modality, "metric": metric, "n": len(embedded),
                    "value": value, "ci95": ci95,
                })  # fmt: skip
    return rows


def _negatives(data: Dataset, split: str) -> list[Row]:
    from vmnet.aligners import distance_matrix

    rows = []
    for name, system in of_negatives(data.run).items():

        def compute(system: System = system) -> list[Row]:
            embedded = embeddings(data, system, split)
            return [
                row
                for group, distance in SEGMENT_DISTANCES.items()
                for row in rank_rows(
                    distance_matrix(*embedded, distance, **_indel(data.run, distance)), group=group
                )
            ]

        found = _kept(data, system, split, NEGATIVES, compute)
        rows += [{**row, "system": name} for row in found]
    n = len(data.corpus.split(split))
    for group in SEGMENT_DISTANCES:
        rows += chance_rows(n, system="chance", group=group)
    return rows


def _indel(run: Run, distance: str) -> dict[str, Any]:
    """Return what is asked of the run of a distance that skips segments."""
    return {"indel": run.indel[distance]} if distance in run.indel else {}


def _own_matrices(data: Dataset, split: str) -> list[Row]:
    """Return what the clips' own similarity matrices say, mean and interval over the clips."""
    from vmnet.evaluation.diagonal import ends_and_middle, own_and_others, own_is_best
    from vmnet.evaluation.metrics import half_width

    video, music = embeddings(data, of_negatives(data.run)["other_clips"], split)
    matrices = [seen @ heard.T for seen, heard in zip(video, music, strict=True)]
    two = [each for each in matrices if len(each) >= 2]
    three = [each for each in two if len(each) >= 3]
    if not three:
        log(f"{data.corpus.name}: no {split} clip has three segments, of which one is between two.")
        return []
    own, others = np.array([own_and_others(each) for each in two]).T
    ends, middle = np.array([ends_and_middle(each) for each in three]).T
    found = {
        ("own_index", "similarity"): own,
        ("other_indices", "similarity"): others,
        ("own_minus_others", "similarity"): own - others,
        ("ends", "similarity"): ends,
        ("middle", "similarity"): middle,
        ("ends_minus_middle", "similarity"): ends - middle,
        ("own_index", "percent_best"): np.array([own_is_best(each) for each in two]),
        ("chance", "percent_best"): np.array([100 / len(each) for each in two]),
    }
    return [
        {
            "system": system, "metric": metric, "n": len(values), "value": float(values.mean()),
            "ci95": np.nan if system == "chance" else half_width(values),
        }
        for (system, metric), values in found.items()
    ]  # fmt: skip


def _genres(data: Dataset, split: str) -> list[Row]:
    embedded = embeddings(data, of_negatives(data.run)["other_clips"], split)
    return genres.genre_rows(data.corpus, embedded, SEGMENT_DISTANCES[""])


def _has_segments(data: Dataset) -> bool:
    video, _ = data.features(seg_vm_net(data.run), "train")
    return bool((video.lengths > 1).any())


def _kept(
    data: Dataset, system: System, split: str, what: str, compute: Callable[[], list[Row]]
) -> Sequence[Row]:
    """Load or compute the rows of one system, without the columns that all have."""
    import pandas as pd

    asked = {"indel": dict(data.run.indel)} if data.run.indel and what == NEGATIVES else {}
    key = store.key(embeddings=embeddings_key(data, system, split), rows=what, version=1, **asked)
    path = data.run.folder / "results" / f"design-{system.name}-{split}-{key}.csv"
    if not path.exists():
        store.save_text(path, pd.DataFrame(compute()).to_csv(index=False))
    found = pd.read_csv(path, keep_default_na=False, na_values={"ci95": ["", "inf"]})
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]
