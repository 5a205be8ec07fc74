"""Learned aggregation of frames: the thesis' third experiment on design choices (table 5.3).

Beside the VM-Net of the mean of each clip's frames stand two that learn how to pool them, by
Auto-pool and by attention, from 100 frames drawn anew each time; chance; and the linear method on
the means. Of a learned aggregation the group "" has 100 frames drawn at inference, as the thesis
has it, and "all frames" all of them.

`aggregation` is table 5.3 and `aggregation_blank` a control, which is simulated: part "5.3 blank".
In it half of the seconds hold nothing, and the share of the weight that each layer gives to them
tells whether it finds those that hold something. Where all seconds of a section say the same, as in
the simulation, the mean of the frames is all there is to know, and nothing is to be gained.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.corpus import SPLITS, Corpus
from vmnet.experiment.ranked import Row, chance_rows, rank_rows
from vmnet.experiment.run import Run
from vmnet.experiment.segments import FRAMES
from vmnet.experiment.stages import Dataset, embeddings_key, model, prepare
from vmnet.experiment.systems import System, baseline_2
from vmnet.progress import log

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.models import Embedder

PART, BLANK_PART = "5.3", "5.3 blank"
ALL_FRAMES = "all frames"
BLANK = 0.5
"""Share of the seconds of the control that hold nothing."""

BATCH = 250
"""Pairs in a batch where time is short: 100 frames of each are 115 MB, and a third of a second."""


def systems(run: Run) -> dict[str, System]:
    """Return the systems of table 5.3 by the names that its rows have."""
    two = baseline_2(run)
    training = {"batch": min(_batch(run), BATCH)} if run.profile.brief else {}
    of_means = {"mean": two, "cca": replace(two, name="linear_cca", model="linear")}
    pooled = {
        name: System(name, FRAMES, run.music, run.video, model=name)
        for name in ("autopool", "attention")
    }
    every = of_means | pooled
    return {name: replace(system, training=training) for name, system in every.items()}


def _batch(run: Run) -> int:
    from vmnet.models import TrainingConfig

    return int({**run.profile.training, **run.training}.get("batch", TrainingConfig().batch))


def aggregation(run: Run, part: str = PART, split: str = "test") -> "pd.DataFrame":
    """Load or compute table 5.3 on the run's corpus, of a simulated one on fewer clips.

    About 80 seconds in the demo, on two idle cores; a quarter of a gigabyte an epoch is read.

    Parameters
    ----------
    run
        See `open_run`.
    part
        What the rows are of.
    split
        The clips that are ranked. Settings are to be chosen on "valid".

    Returns
    -------
    pandas.DataFrame
        See `vmnet.report.thesis.results`. Systems are "mean", "cca", "autopool", "attention" and
        "chance"; beside ranks, the metric "seconds_per_update" is of training. It is empty where
        the corpus has one row of features a clip, and that is told.
    """
    from vmnet.report.thesis import results

    chosen = systems(run)
    data = prepared(run)
    if not has_frames(data):
        log(f"{data.corpus.name} has one row of features a clip: there is nothing to aggregate.")
        return results.table([])
    about = {
        "corpus": data.corpus.name,
        "kind": results.kind_of(data.corpus.kind),
        "part": part,
        "seed": run.seed,
    }
    rows = chance_rows(len(data.corpus.split(split)), system="chance", **about)
    for name, system in chosen.items():
        rows += [{**row, "system": name, **about} for row in _kept(data, system, split)]
    return results.table(rows)


def aggregation_blank(run: Run, blank: float = BLANK) -> "pd.DataFrame":
    """Load or compute the control, on simulated clips whose seconds are `blank` by that share.

    Its parameters and its seed are those of the run's profile, whatever corpus the run has. Beside
    what `aggregation` has, "blank_share" (percent) is the share of blank seconds in "music" and in
    "video", the groups, and "blank_weight" that of the weight that they are given.
    """
    import pandas as pd

    from vmnet.report.thesis import results

    own = blanked(run, blank)
    ranked = aggregation(own, BLANK_PART)
    weighed = results.table(_blank_rows(own, own.corpus.name))
    return pd.concat([ranked, weighed], ignore_index=True)


def prepared(run: Run) -> Dataset:
    """Return the clips of `aggregation`, with their frames."""
    return prepare(replace(run, corpus=_few(run)), systems(run).values())


def blanked(run: Run, blank: float = BLANK) -> Run:
    """Return the run of `aggregation_blank`."""
    from vmnet.corpus.opening import named_folder
    from vmnet.corpus.simulated import Simulation, simulated_corpus

    sizes = run.profile.thesis.frame_clips
    corpus = simulated_corpus(sizes, run.seed, replace(Simulation(), blank=blank))
    name = f"simulated-{run.profile.name}-blank"
    folder = named_folder("simulated", f"{run.profile.name}-blank", run.seed)
    return replace(
        run,
        corpus=replace(corpus, name=name),
        folder=folder,
        segmenters=corpus.source.segmenters[:1],
        music="music",
        video="video",
    )


def _few(run: Run) -> Corpus:
    """Return the run's corpus; of a simulated one, as many clips as the profile has room for."""
    if run.corpus.kind != "simulated":
        return run.corpus
    sizes = dict(zip(SPLITS, run.profile.thesis.frame_clips, strict=True))
    clips = [clip for split, n in sizes.items() for clip in run.corpus.split(split)[:n]]
    return replace(run.corpus, clips=tuple(clips))


def has_frames(data: Dataset) -> bool:
    """Tell whether clips have several rows of features, so that there is something to aggregate."""
    frames = data.features(systems(data.run)["attention"], "train")
    return any(bool((part.lengths > 1).any()) for part in frames)


def _kept(data: Dataset, system: System, split: str) -> Sequence[Row]:
    """Load or compute the rows of one system, without the columns that all have."""
    import pandas as pd

    key = store.key(embeddings=embeddings_key(data, system, split), rows="aggregation", version=1)
    path = data.run.folder / "results" / f"aggregation-{system.name}-{split}-{key}.csv"
    if not path.exists():
        rows = _rows(data, system, split)
        store.save_text(path, pd.DataFrame(rows).to_csv(index=False))
    kept = pd.read_csv(path, keep_default_na=False, na_values={"ci95": [""]})
    return [{str(name): value for name, value in row.items()} for row in kept.to_dict("records")]


def _rows(data: Dataset, system: System, split: str) -> list[Row]:
    trained = model(data, system)
    rows = _ranked(data, system, split, trained)
    if system.model in ("autopool", "attention"):
        rows += _ranked(data, system, split, trained, every=True)
    curve = getattr(trained, "curve", None)
    if curve is not None:
        seconds = float(curve["seconds"][-1]) / max(1, int(curve["step"][-1]))
        rows.append({
            "group": "", "direction": "", "metric": "seconds_per_update",
            "n": len(data.corpus.split("train")), "value": seconds, "ci95": np.nan,
        })  # fmt: skip
    return rows


def _ranked(
    data: Dataset, system: System, split: str, trained: "Embedder", **how: bool
) -> list[Row]:
    from vmnet.aligners import distance_matrix

    video, music = data.features(system, split)
    embedded = trained.embed_video(video, **how), trained.embed_music(music, **how)
    matrix = distance_matrix(*embedded, "centroid")
    return rank_rows(matrix, group=ALL_FRAMES if how else "")


def _blank_rows(run: Run, corpus: str) -> list[dict[str, Any]]:
    """Return how many test seconds are blank, and how much they weigh, in percent."""
    from vmnet.corpus.simulated import SimulatedSource, blank_frame
    from vmnet.evaluation.metrics import half_width
    from vmnet.models.pooled import PooledVMNet

    source = run.corpus.source
    assert isinstance(source, SimulatedSource)
    chosen = {name: one for name, one in systems(run).items() if one.segmenter == FRAMES}
    data = prepare(run, systems(run).values())
    rows = []
    for name, system in chosen.items():
        trained = model(data, system)
        assert isinstance(trained, PooledVMNet)
        for modality, frames in zip(("video", "music"), data.features(system, "test"), strict=True):
            constant = blank_frame(modality, source.simulation.shared_dims, source.seed)
            blank = [(part == constant.astype(np.float16)).all(axis=1) for part in frames]
            weights = trained.weights(frames, modality)
            found = {
                "blank_share": [100 * float(part.mean()) for part in blank],
                "blank_weight": [
                    100 * float(part[where].sum())
                    for part, where in zip(weights, blank, strict=True)
                ],
            }
            about = {"corpus": corpus, "kind": "simulated", "part": BLANK_PART, "seed": run.seed}
            rows += [
                {
                    **about,
                    "system": name,
                    "group": modality,
                    "metric": metric,
                    "n": len(frames),
                    "value": float(np.mean(values)),
                    "ci95": half_width(np.array(values)),
                }
                for metric, values in found.items()
            ]
    return rows
