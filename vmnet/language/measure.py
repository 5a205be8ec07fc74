"""The events of films: measured, drawn, or true.

`events` measures those of any corpus of media, at the frame rate of each file: how likely each
frame is the first of a new shot (TransNetV2), the sections of the music (OLDA), beats and downbeats
(`vmnet.language.beats`). `planned` draws films without making them. `true_events` reads what is
true of a rendered film, and `film_run` renders such films, each cut in its own way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vmnet.config import DATA
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.media_source import ClipStage, MediaSource
from vmnet.errors import VmnetError, known_names
from vmnet.experiment.run import Run
from vmnet.language.beats import BEAT_TRACKERS
from vmnet.language.clip import ClipEvents
from vmnet.progress import log
from vmnet.rendered.render import ANY, Draft, draft_clip, draw_parameters

SHOTS, SECTIONS = "transnet", "olda"
VERSION = 1  # of what a clip's beats are kept as: to be raised when they become others
FEWEST_FPS, RARELY = 12, 0.1  # frames a second that TransNetV2 needs, and how much may have fewer
PLAN_SECONDS = (150.0, 270.0)  # about as long as music videos are
SPLITS = (0.5, 0.25, 0.25)  # of the films that are rendered, for a corpus has splits


def events(run: Run, tracker: str = "librosa") -> list[ClipEvents]:
    """Measure the films of a run: a folder of one's own, or rendered ones.

    What is measured is kept below the run's folder, each clip under what it was made from, so that
    a run that was killed goes on; shots and segments are those of the paper's experiments. A clip
    that cannot be measured is left out, and its reason logged, as is what is odd about others.

    Parameters
    ----------
    run
        Its corpus has media files. `genre`, `video_genre`, `bpm` and `meter` are its manifest's
        where that tells them; the last two are else estimated, from the beats.
    tracker
        What finds beats and downbeats: a key of `BEAT_TRACKERS`.

    Returns
    -------
    list of ClipEvents
        In the order of the corpus. Cuts are where the likelihood exceeds 0.5.

    Raises
    ------
    VmnetError
        If the corpus has features alone, or no clip can be measured.
    """
    known_names([tracker], BEAT_TRACKERS, "beat tracker")
    source, clips = _media_of(run), run.corpus.clips
    failures = source.compute(clips, (), (SHOTS, SECTIONS), run.jobs, run.retry)
    stages = {clip: _bars_stage(tracker, clip) for clip in clips}
    for stage in {stage.folder: stage for stage in stages.values()}.values():
        left = [c for c in clips if c.clip_id not in failures and stages[c].folder == stage.folder]
        failures |= source.run_stage(stage, left, run.jobs, run.retry)
    for clip_id, reason in failures.items():
        log(f"{clip_id} is left out: {reason}")
    measured = [clip for clip in clips if clip.clip_id not in failures]
    for line in run.noticed:
        log(line)
    for clip_id, lines in source.warnings(measured).items():
        log(f"{clip_id}: {'; '.join(lines)}")
    if not measured:
        raise VmnetError(f"no clip of {run.corpus.name!r} can be measured; see the reasons above.")
    found = [_events(source, clip, source.kept(stages[clip], clip)) for clip in measured]
    for one in found:
        for line in _lacking(one):
            log(f"{one.clip_id}: {line}")
    return found


def _lacking(clip: ClipEvents) -> Iterator[str]:
    """Say what was not found in a film, and what follows."""
    if not len(clip.cuts):
        yield "no cut was found, so that it is one shot."
    gaps = np.diff(clip.times)
    if (share := gaps[gaps > 1 / FEWEST_FPS].sum() / clip.duration) > RARELY:
        few = f"{share:.0%} of it has fewer than {FEWEST_FPS} frames a second"
        yield f"{few}, where cuts may be missed."
    if np.isnan(clip.bar_seconds):
        told = "unless a manifest tells its bpm and meter"
        yield f"no bars were found in its sound: it is left out of table 6.2, {told}."


def true_events(clips: Iterable[Clip]) -> list[ClipEvents]:
    """Return what is true of rendered films, from the file beside each.

    Raises
    ------
    MediaError
        If a film was not rendered.
    """
    from vmnet.rendered import read_truth

    found = []
    for clip in clips:
        truth, bars = read_truth(clip.path), BEAT_TRACKERS["truth"](clip.path, 0, 0)
        one = ClipEvents(
            clip.clip_id,
            truth.duration,
            truth.cuts,
            truth.boundaries,
            truth.labels,
            bars.beats,
            bars.downbeats,
            bpm=bars.bpm,
            meter=bars.meter,
            genre=clip.genre,
            video_genre=clip.video_genre,
        )
        found.append(one)
    return found


def planned(n: int, seed: int = 0, seconds: tuple[float, float] = PLAN_SECONDS) -> list[ClipEvents]:
    """Draw films without sound or pictures: their cuts, and the events of their songs.

    They are those that `render_corpus` would render with the same seed and seconds and the editing
    "any": some of each video genre, each cut in its own way. The likelihood is left out, and so is
    1 at each cut. What is found in them is what was put in.

    Parameters
    ----------
    n
        How many; film i depends on `seed`, i and `seconds` alone.
    seconds
        The shortest and the longest.
    """
    drafts = plans(n, seed, seconds)
    return [_drawn(f"plan_{i:03d}", draft) for i, draft in enumerate(drafts)]


def plans(n: int, seed: int = 0, seconds: tuple[float, float] = PLAN_SECONDS) -> tuple[Draft, ...]:
    """Return the films of `planned` as they are drawn, with the editing of each."""
    return _plans(n, seed, seconds)  # defaults filled in, for the cache tells them apart


@lru_cache(maxsize=1)
def _plans(n: int, seed: int, seconds: tuple[float, float]) -> tuple[Draft, ...]:
    from tqdm import tqdm

    bar = tqdm(range(n), desc="drawing films", unit="film", delay=2, leave=False)
    return tuple(draft_clip(*draw_parameters(seed, i, seconds), ANY) for i in bar)


def film_run(run: Run) -> Run:
    """Return a run on rendered films, as many and as long as its profile says, to be measured.

    They are rendered where they are not yet. Each is of some video genre, and cut in its own way.
    """
    from vmnet.rendered import render_corpus

    size = run.profile.thesis
    folder = DATA / f"films-{run.profile.name}-seed{run.seed}"
    lengths = (size.film_seconds, size.film_seconds)
    splits = _splits(size.films)
    clips = render_corpus(folder / "media", splits, lengths, run.seed, run.jobs, editing=ANY)
    clips = tuple(replace(clip, genre=music_genre(clip.genre)) for clip in clips)
    corpus = Corpus(f"films-{run.profile.name}", "rendered", clips, MediaSource(folder))
    return replace(run, corpus=corpus, folder=folder)


def music_genre(style: str) -> str:
    """Return the two words of a rendered song's style that make groups of a fair size.

    >>> music_genre("slow warm minor acoustic")
    'slow acoustic'
    """
    tempo, *_, sound = style.split()
    return f"{tempo} {sound}"


def _splits(n: int) -> tuple[int, int, int]:
    train = round(SPLITS[0] * n)
    valid = round(SPLITS[1] * n)
    return train, valid, n - train - valid


def _media_of(run: Run) -> MediaSource:
    if isinstance(run.corpus.source, MediaSource):
        return run.corpus.source
    raise VmnetError(
        f"corpus {run.corpus.name!r} has no films to be measured frame by frame: give a folder of "
        "music videos."
    )


def _bars_stage(tracker: str, clip: Clip) -> ClipStage:
    parameters: dict[str, Any] = {"librosa": version("librosa"), "version": VERSION}
    parameters |= {"meter": clip.meter, "bpm": clip.bpm}
    return ClipStage(f"bars/{tracker}", partial(_bars, tracker, clip.meter, clip.bpm), parameters)


def _bars(tracker: str, meter: int, bpm: float, path: Path) -> dict[str, np.ndarray]:
    found = BEAT_TRACKERS[tracker](path, meter, bpm)
    return {"beats": found.beats, "downbeats": found.downbeats}


def _events(source: MediaSource, clip: Clip, bars: dict[str, np.ndarray]) -> ClipEvents:
    from vmnet.language.beats import Beats
    from vmnet.segmenters.shots import transition_times

    curves, boundaries = source.curves(clip), source.load(clip).boundaries[SECTIONS]
    cuts = np.unique(transition_times(curves["shot_times"], curves["shot_probability"]))
    times, likelihood = first_frames(curves["shot_times"], curves["shot_probability"])
    duration = float(boundaries[-1])
    found = Beats.at(bars["beats"], bars["downbeats"])
    return ClipEvents(
        clip.clip_id,
        duration,
        cuts[(cuts > 0) & (cuts < duration)],
        boundaries,
        beats=found.beats,
        downbeats=found.downbeats,
        bpm=clip.bpm or found.bpm,
        meter=clip.meter or found.meter,
        times=times,
        likelihood=likelihood,
        genre=clip.genre,
        video_genre=clip.video_genre,
    )


def first_frames(times: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how likely each frame is the first of a new shot.

    TransNetV2 marks the last frame of a shot. Of frames that a file shows at one time, the
    likeliest stands for all.

    Parameters
    ----------
    times, probability
        (n_frames,) as `vmnet.segmenters.shots.shot_probabilities` returns them; times may repeat.

    Returns
    -------
    times, likelihood
        (n_times,) s, increasing, and as many in [0, 1]; the first frame of all is not among them.

    Examples
    --------
    >>> first_frames(np.array([0.0, 0.04, 0.04, 0.08]), np.array([0.1, 0.9, 0.2, 0.3]))
    (array([0.04, 0.08]), array([0.9, 0.2]))
    """
    shown, starts = np.unique(times[1:], return_index=True)
    return shown, np.maximum.reduceat(probability[:-1], starts) if len(shown) else shown


def _drawn(name: str, draft: Draft) -> ClipEvents:
    from vmnet.rendered.canvas import FPS
    from vmnet.rendered.song import BEATS

    song, cutting = draft.song, draft.cutting
    assert cutting is not None  # ANY always cuts
    return ClipEvents(
        name,
        song.duration,
        cutting.cuts / FPS,
        np.array([0.0, *(section.end for section in song.sections)]),
        tuple(section.label for section in song.sections),
        song.beats,
        song.downbeats,
        bpm=60 * BEATS / song.bar,
        meter=BEATS,
        genre=music_genre(draft.style.genre),
        video_genre=cutting.editing.video_genre,
    )
