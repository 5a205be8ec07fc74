"""Which distance finds the other half of a track: how the default of `vmnet similar` was chosen.

    python benchmarks/halves.py --corpus ~/muvi-sync

A linear model learns from the training clips which music goes with which pictures. Of every
validation clip's music, one half of the segments is a query, and the other halves of all clips are
ranked. The halves are the first and the second, or every other segment. Nobody is asked how alike
tracks sound: that a track is like itself is all that is known. Printed are mean ranks.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np

HALVES: dict[str, tuple[Callable, Callable]] = {
    "first and second": (lambda e: e[: len(e) // 2], lambda e: e[len(e) // 2 :]),
    "every other": (lambda e: e[::2], lambda e: e[1::2]),
}
FEWEST = 4  # segments, so that a half has an order


def main() -> None:
    """Print a row a segmenter, kind of halves, and distance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, help="a folder of films, or of features")
    parser.add_argument("--segmenters", nargs="+", default=["foote", "sf"], metavar="S")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()

    from vmnet.aligners import DISTANCES, Sequences, distance_matrix
    from vmnet.evaluation.metrics import ranks, summarize
    from vmnet.experiment import model, open_run, prepare
    from vmnet.experiment.systems import seg_vm_net

    run = open_run("own", arguments.corpus, jobs=arguments.jobs)
    for segmenter in arguments.segmenters:
        system = replace(seg_vm_net(run, segmenter), model="linear")
        data = prepare(run, [system])
        music = model(data, system).embed_music(data.features(system, "valid")[1])
        tracks = [e for e in music if len(e) >= FEWEST]
        print(f"{segmenter}: {len(tracks)} tracks of {run.corpus.name} ({run.corpus.kind})")
        for kind, (one, other) in HALVES.items():
            queries, targets = (Sequences.from_list(list(map(h, tracks))) for h in (one, other))
            found = {
                name: summarize(ranks(distance_matrix(queries, targets, name)))
                for name in DISTANCES
            }
            for name in sorted(found, key=lambda name: found[name]["mean_rank"]):
                rank, half_width = found[name]["mean_rank"], found[name]["ci95"]
                print(f"  {kind:16}  {name:16}  {rank:6.2f} ±{half_width:.2f}")
            print(f"  {kind:16}  {'chance':16}  {np.mean([1, len(tracks)]):6.2f}")


if __name__ == "__main__":
    main()
