"""Why some conclusions fail in the simulation.

    python benchmarks/explain_simulation.py
    python benchmarks/explain_simulation.py --clips 400 100 100 --variants "as fitted"

Prints mean ranks of the **simulated** test clips of the demo profile, seed 0: as fitted; by trace
without the clue of the number of segments (the first 100 queries, the same with it); with other
indel costs; with one thing in the simulation changed at a time; with nothing that the tracks of a
clip share but where they are cut (chance is 500.5). figures/demo/explanations.md cites these
numbers. Some 20 minutes on 2 cores.
"""

import argparse
import os
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np

from vmnet import experiment
from vmnet.aligners import distance_matrix
from vmnet.config import PROFILES, SEGMENTATIONS
from vmnet.corpus.simulated import Detector, Simulation, simulated_corpus
from vmnet.evaluation import ranks as ranks_of

FITTED = Simulation()
SILENT = replace(FITTED, theme=0.0, content=0.0, opening=0.0)
PERFECT = {name: Detector(1.0, 1.0, 0.0) for name in FITTED.detectors}
VARIANTS = {
    "as fitted": (FITTED, SEGMENTATIONS),
    "every section found": (replace(FITTED, detectors=PERFECT), ("olda",)),
    "no cut where a section ends": (replace(FITTED, cut_at_boundary=0.0), ("transnet",)),
    # Holds nothing that two tracks share, but the mean of fewer seconds is noisier.
    **{
        f"noise of {noise} in every second": (
            replace(FITTED, frame_noise=noise),
            ("olda", "transnet"),
        )
        for noise in (0.25, 1.0, 4.0)
    },
    # What networks then still find, they find in how the clips were cut.
    "nothing shared": (SILENT, SEGMENTATIONS),
    "nothing shared, noise of 1.0 in every second": (
        replace(SILENT, frame_noise=1.0),
        SEGMENTATIONS,
    ),
}
DISTANCES = ("centroid", "nw", "sw", "trace", "best_trace")
SCENARIOS = ("vanilla", "crop_query")


def open_variant(
    simulation: Simulation, segmenters: tuple[str, ...], clips: tuple[int, ...], folder: Path
) -> experiment.Dataset:
    """Return the data of the demo profile on a changed simulation."""
    profile = replace(PROFILES["demo"], clips=clips)
    corpus = simulated_corpus(profile.clips, 0, simulation)
    jobs = os.cpu_count() or 1
    names = (segmenters, "music", "video")
    run = experiment.Run(profile, corpus, 0, jobs, folder, folder, *names)
    with redirect_stdout(sys.stderr):
        return experiment.prepare(run)


def ranks(data: experiment.Dataset, **options: object) -> "dict[tuple[str, str, str], float]":
    """Return the mean rank by segmenter, distance and scenario."""
    with redirect_stdout(sys.stderr):  # what the stages report is no part of the table
        table = experiment.results(data, experiment.seg_vm_nets, DISTANCES, SCENARIOS, **options)
    table = table[(table.metric == "mean_rank") & (table.direction == "V2M")]
    names = zip(table.segmenter, table.distance, table.scenario, strict=True)
    return dict(zip(names, table.value, strict=True))


def count_free_ranks(
    data: experiment.Dataset, segmenter: str, n_queries: int = 100
) -> tuple[float, float]:
    """Return the mean rank by trace, and without the clue that the right music is as long.

    For the second every target is brought to the query's number of segments: cut off, or begun
    again.
    """
    video, music = experiment.embeddings(data, experiment.seg_vm_net(data.run, segmenter))
    as_is = ranks_of(distance_matrix(video, music, "trace"))[:n_queries]
    found = []
    for query in range(len(as_is)):
        steps = np.arange(video.lengths[query])
        rows = music.offsets[:-1, None] + steps % music.lengths[:, None]
        scores = np.einsum("tkd,kd->t", music.data[rows], video[query], optimize=True)
        found.append(ranks_of(-scores[None], [query])[0])
    return float(as_is.mean()), float(np.mean(found))


def explain_fitted(data: experiment.Dataset) -> None:
    """Print what Trace knows by the number of segments, and what the indel cost does."""
    for segmenter in data.run.segmenters:
        before, after = count_free_ranks(data, segmenter)
        what = "trace, then with all targets as long as the query"
        print(f"  {what}, {segmenter}: {before:.1f}, {after:.1f}")
    for cost in (0.05, 0.1, 0.2, 0.4):
        olda = replace(data, run=replace(data.run, segmenters=("olda",)))
        again = ranks(olda, indel={"nw": cost})
        vanilla, crop = (again["olda", "nw", scenario] for scenario in SCENARIOS)
        print(f"  NW-DTW, indel {cost}: vanilla {vanilla:.1f}, Crop Query {crop:.1f}")


def main() -> None:
    """Run the variants and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs=3, default=PROFILES["demo"].clips,
                        help="clips for training, validation and test (default: the demo's)",
                        metavar=("TRAIN", "VALID", "TEST"))  # fmt: skip
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS, metavar="NAME",
                        help=f"of {', '.join(map(repr, VARIANTS))} (default: all)")  # fmt: skip
    arguments = parser.parse_args()
    print(f"{'variant':50} {'S':9} {'scenario':11}" + "".join(f"{d:>11}" for d in DISTANCES))
    for name in arguments.variants:
        simulation, segmenters = VARIANTS[name]
        with tempfile.TemporaryDirectory() as folder:
            data = open_variant(simulation, segmenters, tuple(arguments.clips), Path(folder))
            found = ranks(data)
            for segmenter in segmenters:
                for scenario in SCENARIOS:
                    values = (found[segmenter, distance, scenario] for distance in DISTANCES)
                    line = "".join(f"{value:11.1f}" for value in values)
                    print(f"{name:50} {segmenter:9} {scenario:11}{line}", flush=True)
            if simulation is FITTED:
                explain_fitted(data)


if __name__ == "__main__":
    main()
