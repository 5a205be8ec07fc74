"""How well an edit puts a soundtrack back that was cut and shifted, on rendered songs.

    python benchmarks/edit.py                           # 8 songs of 90 s
    python benchmarks/edit.py --songs 3 --seconds 60

A rendered song loses one of its inner sections, and the first 5 to 20 seconds of another song come
before it: this is the track. The video is that of the whole song, segmented by its pictures alone
(its true cuts, merged to the mean length of the track's segments); the track is segmented by OLDA,
and its beats are librosa's.

No network is measured here, but the edit. The embedding of a second of music is its mean MFCCs and
chroma, standardised; that of a second of video is **simulated**: the embedding of the second's own
music plus noise, half of it one for each shot and half one for each second, so that the cosine of
the two is the stated one on average. 0.3 is about what networks reach.

Right is a second of video under which its own music plays, give or take half a second or three; the
seconds whose music was taken out do not count. "segments alone" is the edit without the finer step.
Beats are compared with the true ones of the whole songs (F within 70 ms, mir_eval).
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import mir_eval
import numpy as np
from scipy.io import wavfile
from tqdm import tqdm

from vmnet.aligners import align
from vmnet.compiled import ensure_compiled
from vmnet.edit.beats import SAMPLE_RATE, sound_beats
from vmnet.edit.fit import fit
from vmnet.edit.spans import Span
from vmnet.rendered.render import Plan, plan_clip
from vmnet.segmenters.boundaries import clean, merged, segment_means
from vmnet.segmenters.music import music_boundaries

COSINES = (1.0, 0.5, 0.3)
INTRO = (5.0, 20.0)  # seconds of another song


class Case(NamedTuple):
    """A video, the track that was made of its song, and where the song went: all times in s.

    `song` is (n_seconds, dim), the music of the video; `removed` from and to where in the song.
    """

    cuts: np.ndarray
    duration: float
    song: np.ndarray
    track: np.ndarray
    boundaries: np.ndarray
    beats: np.ndarray
    track_seconds: float
    intro: float
    removed: tuple[float, float]

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return where in the track what belongs to these times of the video is; NaN if nowhere."""
        start, end = self.removed
        places = self.intro + np.where(times < start, times, times - (end - start))
        return np.where((times >= start) & (times < end), np.nan, places)


def sound_of(plan: Plan) -> np.ndarray:
    """Return the song of a clip, (n_samples,) float32 at 22,050 Hz."""
    return plan.sound().mean(axis=1)[::2]


def embedding(sound: np.ndarray) -> np.ndarray:
    """Return (n_seconds, 32) float, unit norm: MFCCs and chroma, standardised over the sound."""
    from librosa.feature import chroma_stft, mfcc

    seconds = int(np.ceil(len(sound) / SAMPLE_RATE))
    y = np.pad(sound, (0, seconds * SAMPLE_RATE - len(sound))).reshape(seconds, -1)
    rows = [f(y=y, sr=SAMPLE_RATE).mean(axis=-1) for f in (mfcc, chroma_stft)]
    values = np.concatenate(rows, axis=1)
    return unit((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make_case(seed: int, seconds: float, folder: Path) -> tuple[Case, float]:
    """Return a case, and the F of the beats found in its whole song."""
    rng = np.random.default_rng(seed)
    plan = plan_clip(seed, seconds)
    song, other = sound_of(plan), sound_of(plan_clip(seed + 1000, INTRO[1]))
    sections = plan.song.sections
    gone = sections[rng.integers(1, max(2, len(sections) - 1))]
    intro = round(rng.uniform(*INTRO) * SAMPLE_RATE)
    first, last = round(gone.start * SAMPLE_RATE), round(gone.end * SAMPLE_RATE)
    sound = np.concatenate([other[:intro], song[:first], song[last:]])
    path = folder / f"{seed}.wav"
    wavfile.write(path, SAMPLE_RATE, sound)
    score = mir_eval.beat.f_measure(plan.song.beats, sound_beats(song))
    case = Case(
        plan.film.cuts, len(song) / SAMPLE_RATE, embedding(song), embedding(sound),
        music_boundaries(path, ["olda"])["olda"], sound_beats(sound), len(sound) / SAMPLE_RATE,
        intro / SAMPLE_RATE, (gone.start, gone.end),
    )  # fmt: skip
    return case, score


def seen(case: Case, cosine: float, rng: np.random.Generator) -> np.ndarray:
    """Return a simulated embedding of each second of the video, (n_seconds, dim) unit norm."""
    shots = np.searchsorted(case.cuts, np.arange(len(case.song)) + 0.5)
    of_shots = unit(rng.normal(size=(shots.max() + 1, case.song.shape[1])))
    noise = unit(of_shots[shots] + unit(rng.normal(size=case.song.shape)))
    return unit(case.song + np.sqrt(1 / cosine**2 - 1) * noise)


def edit(case: Case, video: np.ndarray, method: str, finer: bool) -> tuple[Span, ...]:
    """Segment, align and fit."""
    shots = clean(case.cuts, case.duration)
    edges = merged(shots, float(np.diff(case.boundaries).mean()))
    queries, targets = (
        unit(segment_means(*pair)) for pair in ((video, edges), (case.track, case.boundaries))
    )
    path = align(queries, targets, method).path
    frames = (video, case.track) if finer else (None, None)
    return fit(
        edges, case.boundaries, path, queries @ targets.T, case.beats, case.track_seconds, *frames
    )


def errors(case: Case, spans: tuple[Span, ...]) -> np.ndarray:
    """Return how far off the music is, each second whose own is in the track: (n,) s."""
    times = np.arange(0.5, case.duration)
    under = np.searchsorted([span.video_end for span in spans], times)
    starts = np.array([span.track_start - span.video_start for span in spans])
    off = np.abs(times + starts[under] - case.places(times))
    return off[~np.isnan(off)]


def row(cases: list[Case], cosine: float, method: str, finer: bool, seed: int) -> str:
    """Return a line of the table."""
    off, cuts = [], []
    for number, case in enumerate(cases):
        video = seen(case, cosine, np.random.default_rng([seed, number]))
        spans = edit(case, video, method, finer)
        off.append(errors(case, spans))
        cuts.append(sum(not a.goes_on(b) for a, b in pairwise(spans)))
    every = np.concatenate(off)
    shares = " | ".join(f"{np.mean(every <= limit):.0%}" for limit in (0.5, 3.0))
    step = "at 1 s" if finer else "segments alone"
    return (
        f"| {cosine:g} | {method} | {step} | {shares} | {np.median(every):.2f} "
        f"| {np.mean(cuts):.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=8, help="number of songs")
    parser.add_argument("--seconds", type=float, default=90.0, help="length of a song")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first song")
    arguments = parser.parse_args()
    ensure_compiled()
    seeds = range(arguments.seed, arguments.seed + arguments.songs)
    with tempfile.TemporaryDirectory() as folder:
        made = [make_case(seed, arguments.seconds, Path(folder)) for seed in tqdm(seeds)]
    cases = [case for case, _ in made]
    print(f"{len(cases)} rendered songs of {arguments.seconds:g} s, one section taken out of each")
    print(
        "| cosine (simulated) | alignment | step | within 0.5 s | within 3 s | median (s) | cuts |"
    )
    print("|---|---|---|---|---|---|---|")
    for cosine in COSINES:
        for method in ("nw", "sw"):
            for finer in (True, False):
                print(row(cases, cosine, method, finer, arguments.seed))
    print(f"\nbeats of the whole songs: F {np.mean([score for _, score in made]):.2f}")


if __name__ == "__main__":
    main()
