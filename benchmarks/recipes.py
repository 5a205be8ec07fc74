"""Which settings of a training rank best on clips that are held out.

    python benchmarks/recipes.py FOLDER                   # whole clips, five folds
    python benchmarks/recipes.py FOLDER --recipes own "own, triplet loss"

FOLDER is a corpus of features (data/README.md). Its training and validation clips are dealt into
folds; each fold is ranked by models of the others, of which an eighth is for validation. The test
clips are not looked at: this is how the profile `own` was chosen. Prints the mean rank of both
directions as a share of the list (chance is 0.5), the mean over the folds and its standard error.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from vmnet import open_run, prepare
from vmnet.aligners import Sequences, distance_matrix
from vmnet.config import PROFILES
from vmnet.evaluation.metrics import both_directions
from vmnet.experiment.systems import baseline_2
from vmnet.models import MODELS, TrainingConfig

OWN, DEMO = PROFILES["own"].training, PROFILES["demo"].training
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "linear (CCA)": ("linear", {}),
    "own": ("vmnet", OWN),
    "own, temperature 0.1": ("vmnet", OWN | {"temperature": 0.1}),
    "own, temperature 0.4": ("vmnet", OWN | {"temperature": 0.4}),
    "own, triplet loss": ("vmnet", OWN | {"loss": "triplet"}),
    "own, best by rank": ("vmnet", OWN | {"choose": "rank"}),
    "own, no input dropout": ("vmnet", OWN | {"input_dropout": 0.0}),
    "demo": ("vmnet", DEMO),
    "demo, softmax loss": ("vmnet", DEMO | {"loss": "softmax"}),
}
Pair = tuple[Sequences, Sequences]


def joined(parts: list[Pair]) -> Pair:
    """Return the music and the video of several splits as one."""
    music, video = (
        Sequences.from_list(
            [rows for part in parts for rows in part[i]], [n for part in parts for n in part[i].ids]
        )
        for i in (0, 1)
    )
    return music, video


def folds(clips: Pair, n_folds: int, seed: int) -> Iterator[tuple[Pair, Pair, Pair]]:
    """Yield training, validation and held-out clips; the seed deals them out."""
    fold = np.random.default_rng(seed).permutation(len(clips[0])) % n_folds
    for held_out in range(n_folds):
        others = np.flatnonzero(fold != held_out)
        valid = others[::8]
        sets = np.setdiff1d(others, valid), valid, np.flatnonzero(fold == held_out)
        first, second, third = ((clips[0].select(s), clips[1].select(s)) for s in sets)
        yield first, second, third


def share(recipe: str, sets: tuple[Pair, Pair, Pair], standardize: bool, seed: int) -> float:
    """Return the mean rank of the held-out clips as a share of the list."""
    kind, settings = RECIPES[recipe]
    training, valid, held_out = sets
    config = TrainingConfig(seed=seed, standardize=standardize, **settings)
    model = MODELS[kind]
    with tempfile.TemporaryDirectory() as folder:
        trained = model.train(*training, *valid, model.settings(config), Path(folder))
        music, video = trained.embed_music(held_out[0]), trained.embed_video(held_out[1])
    found = both_directions(distance_matrix(video, music, "centroid"))
    return float(np.mean([*found.values()])) / len(held_out[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a corpus of features")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    arguments = parser.parse_args()
    os.environ.setdefault("TQDM_MININTERVAL", "10")
    run = open_run(corpus=arguments.folder, jobs=1)
    data, system = prepare(run, [baseline_2(run)]), baseline_2(run)
    parts = [data.features(system, split)[::-1] for split in ("train", "valid")]
    clips = joined([(music, video) for music, video in parts])
    print(f"{run.corpus.name}: {len(clips[0])} clips in {arguments.folds} folds", flush=True)
    print("| settings | mean rank / list |\n|---|---|", flush=True)
    standardize = not run.corpus.source.whitened
    for recipe in arguments.recipes:
        each = [
            share(recipe, sets, standardize, arguments.seed)
            for sets in tqdm(list(folds(clips, arguments.folds, arguments.seed)), desc=recipe)
        ]
        error = np.std(each, ddof=1) / np.sqrt(len(each))
        print(f"| {recipe} | {np.mean(each):.4f} ± {error:.4f} |", flush=True)


if __name__ == "__main__":
    main()
