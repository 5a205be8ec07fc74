"""How well beats and downbeats are found, on rendered songs, whose beats are known.

    python benchmarks/beats.py                                      # 10 songs of 60 s
    python benchmarks/beats.py --songs 20 --trackers librosa beat_this

F of beats and of downbeats within 70 ms, over the whole song (mir_eval); how many songs were
followed at half or at twice their tempo, whose beats can then reach 0.67 at most; and F of the
downbeats of the other songs alone. The mean over songs and its standard error.
"""

import argparse
import tempfile
from pathlib import Path

import mir_eval
import numpy as np
from scipy.io import wavfile
from tqdm import tqdm

from vmnet.language.beats import BEAT_TRACKERS, Beats
from vmnet.rendered.render import plan_clip
from vmnet.rendered.synth import SAMPLE_RATE
from vmnet.rendered.truth import truth_of, write_truth

TOLERANCE = 0.07  # seconds, mir_eval's own
FACTORS = {"half": 0.5, "double": 2.0}
SAME_TEMPO = 0.08  # as a share; mir_eval's for tempi


def score(truth: Beats, found: Beats) -> dict[str, float]:
    """Compare beats, downbeats, tempo and meter."""
    ratio = found.bpm / truth.bpm
    scores = {
        "beats": _f(truth.beats, found.beats),
        "downbeats": _f(truth.downbeats, found.downbeats),
        "meter": float(found.meter == truth.meter),
    }
    for name, factor in FACTORS.items():
        scores[name] = float(abs(ratio / factor - 1) < SAME_TEMPO)
    at_tempo = abs(ratio - 1) < SAME_TEMPO
    return scores | {"downbeats at tempo": scores["downbeats"] if at_tempo else np.nan}


def _f(truth: np.ndarray, found: np.ndarray) -> float:
    return mir_eval.beat.f_measure(truth, found, TOLERANCE) if len(found) else 0.0


def write_song(folder: Path, seed: int, seconds: float) -> Path:
    """Write the sound of a rendered clip, and beside it its truth."""
    plan = plan_clip(seed, seconds)
    path = folder / f"{seed}.wav"
    write_truth(path.with_suffix(".jams"), truth_of(plan.film), plan.title, plan.artist)
    wavfile.write(path, SAMPLE_RATE, plan.sound())
    return path


def table(scores: dict[str, list[dict[str, float]]]) -> str:
    """Return the scores of each tracker as a Markdown table."""
    columns = ("beats", "downbeats", "downbeats at tempo")
    lines = [
        "| tracker | F beats | F downbeats | F downbeats, right tempo | half | double | meter |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in scores.items():
        values = [_mean([row[column] for row in rows]) for column in columns]
        counts = [
            f"{sum(row[column] for row in rows):.0f} of {len(rows)}"
            for column in (*FACTORS, "meter")
        ]
        lines.append(f"| {name} | {' | '.join(values + counts)} |")
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    known = np.array(values)[~np.isnan(values)]
    error = known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else np.nan
    return f"{known.mean():.2f} ± {error:.2f}" if len(known) else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a song")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first song")
    parser.add_argument("--trackers", nargs="+", default=["librosa"], choices=BEAT_TRACKERS)
    arguments = parser.parse_args()
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in arguments.trackers}
    with tempfile.TemporaryDirectory() as folder:
        for seed in tqdm(range(arguments.seed, arguments.seed + arguments.songs), unit="song"):
            path = write_song(Path(folder), seed, arguments.seconds)
            truth = BEAT_TRACKERS["truth"](path, 0, 0)
            for name in arguments.trackers:
                scores[name].append(score(truth, BEAT_TRACKERS[name](path, 0, 0)))
    print(table(scores))


if __name__ == "__main__":
    main()
