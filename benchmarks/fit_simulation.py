"""Fit the two free parameters of the simulation.

    python benchmarks/fit_simulation.py

`Simulation.theme` and `Simulation.content` are chosen such that, on the validation clips of the
demo profile and in the mean of its seeds, baseline 2 has the mean rank 118 and OLDA with trace the
mean rank 32 (paper, tables II and III). No other number of the paper is looked at. Broyden's method
on the logarithms of parameters and ranks: some 2 minutes a trial on 2 cores.
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
from vmnet.config import PROFILES
from vmnet.corpus.simulated import Simulation, simulated_corpus
from vmnet.report.paper import BASELINE_2, SEG_VMNET, rank

TARGETS = np.array([rank(BASELINE_2), rank(SEG_VMNET, "olda", "trace")])


def validation_ranks(theme: float, content: float, clips: tuple[int, ...]) -> np.ndarray:
    """Return the mean ranks of baseline 2 and of OLDA with trace, over the profile's seeds."""
    profile = replace(PROFILES["demo"], clips=clips)
    ranks = []
    for seed in profile.seeds:
        simulation = replace(Simulation(), theme=theme, content=content)
        corpus = simulated_corpus(profile.clips, seed, simulation)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run = experiment.Run(
                profile, corpus, seed, os.cpu_count() or 1, folder, folder, ("olda",), "music",
                "video",
            )  # fmt: skip
            systems = [experiment.baseline_2(run), experiment.seg_vm_net(run, "olda")]
            with redirect_stdout(sys.stderr):  # what the stages report is no part of the table
                data = experiment.prepare(run, systems)
                table = experiment.results(
                    data, lambda _, systems=systems: systems, ["trace"], split="valid"
                )
        found = table[(table.metric == "mean_rank") & (table.direction == "V2M")]
        ranks.append(found["value"].to_numpy())
    return np.mean(ranks, axis=0)


def main() -> None:
    """Search from the given start and print every trial."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--start", type=float, nargs=2, default=[0.75, 0.5], help="theme, content")
    parser.add_argument("--clips", type=int, nargs=3, default=PROFILES["demo"].clips,
                        help="clips for training, validation and test (default: the demo's)",
                        metavar=("TRAIN", "VALID", "TEST"))  # fmt: skip
    parser.add_argument("--tolerance", type=float, default=0.01, help="of the ranks, relative")
    parser.add_argument("--trials", type=int, default=12)
    arguments = parser.parse_args()

    def misfit(x: np.ndarray) -> np.ndarray:
        ranks = validation_ranks(*np.round(np.exp(x), 3), tuple(arguments.clips))
        print(f"theme {np.exp(x[0]):.3f}, content {np.exp(x[1]):.3f}: ranks {ranks.round(1)}")
        return np.log(ranks / TARGETS)

    x = np.log(arguments.start)
    found = misfit(x)
    # What a small step in either parameter does, seen before: more of both, lower ranks.
    jacobian = np.array([[-3.5, -0.3], [-2.6, -1.1]])
    for _ in range(arguments.trials):
        if np.abs(found).max() < arguments.tolerance:
            break
        step = np.clip(-np.linalg.solve(jacobian, found), -0.2, 0.2)
        x = x + step
        before, found = found, misfit(x)
        jacobian += np.outer(found - before - jacobian @ step, step) / (step @ step)


if __name__ == "__main__":
    main()
