"""Rendered clips as MP4 files, one by one or as a corpus."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vmnet.batch import Job, Workers, run_jobs
from vmnet.corpus.clips import SPLITS, Clip
from vmnet.errors import MediaError, VmnetError
from vmnet.rendered.canvas import FPS, HEIGHT, WIDTH
from vmnet.rendered.clip_style import Style, draw_names
from vmnet.rendered.editing import VIDEO_GENRES, Cutting, Editing, draw_video_genre
from vmnet.rendered.film import Film, direct, pictures
from vmnet.rendered.song import Song, compose
from vmnet.rendered.synth import SAMPLE_RATE, perform
from vmnet.rendered.truth import truth_of, write_truth
from vmnet.store import key, written_whole

VERSION = 3  # to be raised with every change that alters what is rendered
_SHARE = {"train": 0.7, "valid": 0.1}
_PER_FRAME = SAMPLE_RATE // FPS


@dataclass(frozen=True)
class Plan:
    """A clip before it is rendered: everything drawn but its samples and its pictures.

    `heard` is the style as the music takes it, `film.style` as the pictures take it; `film.editing`
    is how the film is cut, None where that is left to its style.
    """

    seed: int
    style: Style
    title: str
    artist: str
    song: Song
    heard: Style
    film: Film

    @property
    def comment(self) -> str:
        """What the container says of the file; equal comments mean equal files."""
        text = f"vmnet rendered, seed {self.seed}, {self.song.duration:g} s, version {VERSION}"
        return f"{text}, editing {key(**asdict(self.film.editing))}" if self.film.editing else text

    def sound(self) -> np.ndarray:
        """Return the music, `(n_samples, 2)` float32 in [-1, 1] at 44.1 kHz."""
        return perform(self.song, self.heard, _generator(self.seed, 5))

    def pictures(self) -> Iterator[np.ndarray]:
        """Yield the pictures, `(90, 160, 3)` uint8 RGB at 25 a second."""
        return pictures(self.film)


ANY = "any"
"""The editing of a clip whose video genre is drawn, too."""

Cut = Editing | str | None
"""How films are cut: an `Editing`; a key of `VIDEO_GENRES` or "any", whose editing is drawn; or
None, by the style and section by section, as films were before there were editings."""


@dataclass(frozen=True)
class Draft:
    """A clip before it is filmed: its style, as it is and as the music takes it, song and cuts."""

    style: Style
    heard: Style
    song: Song
    cutting: Cutting | None


def draft_clip(seed: int, seconds: float, editing: Cut = None) -> Draft:
    """Draw the song of a seed and the cuts of its film, as `plan_clip` does, and no scenes."""
    if seed < 0 or not 0 < seconds < np.inf:
        raise ValueError(
            f"A clip of seed {seed} and {seconds:g} seconds cannot be rendered: "
            "ask for a seed of 0 or more and for more than 0 seconds."
        )
    duration = max(1, round(seconds * FPS)) / FPS
    style, music = Style.draw(_generator(seed, 0)), _generator(seed, 2)
    heard = style.interpreted(music)
    song = compose(heard, duration, music)
    chosen = editing_of(seed, editing)
    cutting = chosen.cut(song, _generator(seed, 7)) if chosen else None
    return Draft(style, heard, song, cutting)


def editing_of(seed: int, editing: Cut) -> Editing | None:
    """Return how the film of a seed is cut.

    Raises
    ------
    ValueError
        If a name is asked for that is no video genre.
    """
    if editing is None or isinstance(editing, Editing):
        return editing
    rng = _generator(seed, 6)
    name = draw_video_genre(Style.draw(_generator(seed, 0)), rng) if editing == ANY else editing
    if name not in VIDEO_GENRES:
        raise ValueError(f"there is no video genre {name!r}: {', '.join(VIDEO_GENRES)}, or {ANY}")
    return VIDEO_GENRES[name].draw(name, rng)


def plan_clip(seed: int, seconds: float, editing: Cut = None) -> Plan:
    """Draw the clip of a seed, cut as `editing` says.

    The style is drawn first; each modality then takes it with its own deviation and draws what is
    private to it (key, melody, timbres; hues, scenes, set-ups) from its own random numbers. So does
    the editing: a seed has one song, whichever way its film is cut.
    """
    draft = draft_clip(seed, seconds, editing)
    title, artist = draw_names(_generator(seed, 1))
    film = _generator(seed, 3)
    seen = draft.style.interpreted(film)
    directed = direct(draft.song, seen, film, draft.cutting)
    return Plan(seed, draft.style, title, artist, draft.song, draft.heard, directed)


def render_clip(path: Path, seed: int, seconds: float, editing: Cut = None) -> None:
    """Render one music video, and beside it its truth.

    Parameters
    ----------
    path
        The .mp4 file to write: H.264, 160x90, 25 frames a second; AAC, stereo, 44.1 kHz. Its
        truth (see `truth`) goes to the same name with .jams, and is written first; both whole.
    seed
        What the clip is drawn from. On one machine, equal seeds and seconds give equal files.
    seconds
        Its duration, kept to the nearest frame (0.04 s); the tempo is bent to fill it with whole
        bars. A song too short for two bars breaks off within a bar.
    editing
        How it is cut; see `Cut`.

    Raises
    ------
    ValueError
        If `seconds` is not positive, `seed` is negative, or there is no such editing.
    """
    path, plan = Path(path), plan_clip(seed, seconds, editing)
    write_truth(path.with_suffix(".jams"), truth_of(plan.film), plan.title, plan.artist)
    with written_whole(path) as temporary:
        _encode(temporary, plan)


def render_corpus(
    folder: Path,
    splits: int | tuple[int, int, int],
    seconds: tuple[float, float] = (40.0, 60.0),
    seed: int = 0,
    jobs: Workers = 1,
    progress: bool = True,
    editing: Cut = None,
) -> tuple[Clip, ...]:
    """Render a corpus of music videos into a folder, and write its manifest last.

    Clip i depends on (`seed`, i, `seconds`, `editing`) alone: not on the number of clips, nor on
    `jobs`. Files whose parameters match are kept, so a run that was killed goes on, and a corpus
    can be enlarged.

    Parameters
    ----------
    folder
        Where `clip_000.mp4`, `clip_000.jams`, ... and `manifest.csv` go.
    splits
        Numbers of clips for training, validation and test, or one number for 70, 10 and 20 percent.
    seconds
        The shortest and the longest duration; each clip draws its own between them.
    seed
        What the corpus is drawn from.
    jobs
        Processes to render with.
    progress
        Whether to show a progress bar.
    editing
        How the films are cut; see `Cut`. A name draws an editing for each.

    Returns
    -------
    tuple of Clip
        In their order. The genre of a clip is its style in words, such
        as "slow warm minor acoustic"; its video genre is that of its editing, if any.

    Raises
    ------
    VmnetError
        If no clips are asked for, `seed` is negative, or `seconds` are not 0 < shortest <= longest.
    """
    from vmnet.corpus.manifest import write_manifest

    if seed < 0 or not 0 < seconds[0] <= seconds[1]:
        raise VmnetError(
            f"Clips of {seconds} seconds and seed {seed} cannot be rendered: ask for a seed of 0 "
            "or more and for the shortest duration, above 0, first."
        )
    folder = Path(folder).resolve()
    names = _split_names(splits)
    width = max(3, len(str(len(names) - 1)))
    paths = [folder / f"clip_{index:0{width}d}.mp4" for index in range(len(names))]
    drawn = [(*draw_parameters(seed, index, seconds), editing) for index in range(len(names))]
    _render_missing(paths, drawn, jobs, progress)
    clips = []
    for path, split, (clip_seed, _, _) in zip(paths, names, drawn, strict=True):
        title, artist = draw_names(_generator(clip_seed, 1))
        genre = Style.draw(_generator(clip_seed, 0)).genre
        chosen = editing_of(clip_seed, editing)
        kind = chosen.video_genre if chosen else ""
        clips.append(Clip(path.stem, path, split, title, genre, artist, kind))
    write_manifest(folder / "manifest.csv", clips)
    return tuple(clips)


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, stream]))


def draw_parameters(seed: int, index: int, seconds: tuple[float, float]) -> tuple[int, float]:
    """Return the seed and the duration (to 0.2 s) of clip `index` of a corpus of some seed."""
    sequence = np.random.SeedSequence([seed, index])
    clip_seed = int(sequence.generate_state(1)[0])
    duration = np.random.default_rng(sequence).uniform(*seconds)
    return clip_seed, float(np.clip(round(5 * duration) / 5, *seconds))


def _split_names(splits: int | tuple[int, int, int]) -> list[str]:
    """Return the split of every clip, in order: first training, then validation, then test."""
    if isinstance(splits, int):
        train, valid = (round(splits * _SHARE[name]) for name in ("train", "valid"))
        splits = (train, valid, splits - train - valid)
    if min(splits) < 0 or sum(splits) == 0:
        raise VmnetError(f"A corpus of {splits} clips cannot be rendered: ask for at least one.")
    return [name for name, count in zip(SPLITS, splits, strict=True) for _ in range(count)]


def _render_missing(
    paths: list[Path], drawn: list[tuple[int, float, Cut]], jobs: Workers, progress: bool
) -> None:
    missing = [
        Job(path.stem, path, partial(render_clip, path, *parameters))
        for path, parameters in zip(paths, drawn, strict=True)
        if not _is_rendered(path, *parameters)
    ]
    if failed := run_jobs(missing, jobs, "rendering", progress):
        raise VmnetError(f"clip {min(failed)} cannot be rendered: {failed[min(failed)]}")


def _is_rendered(path: Path, seed: int, seconds: float, editing: Cut) -> bool:
    """Say whether `path` and its truth exist and were rendered with these parameters."""
    from vmnet.media import probe

    if not (path.is_file() and path.with_suffix(".jams").is_file()):
        return False
    try:
        return probe(path).comment == plan_clip(seed, seconds, editing).comment
    except MediaError:
        return False


def _encode(path: Path, plan: Plan) -> None:
    """Encode a clip; one thread per encoder, so that the bytes do not depend on timing."""
    import av

    sound = np.ascontiguousarray(plan.sound().T)
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata.update(
            comment=plan.comment, title=plan.title, artist=plan.artist, genre=plan.style.genre
        )
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "superfast", "crf": "20", "g": "50"}
        video.codec_context.thread_count = 1
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", bit_rate=128_000)
        audio.options = {"aac_coder": "fast"}  # the default coder takes longer than all the rest
        audio.codec_context.thread_count = 1
        for index, picture in enumerate(plan.pictures()):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if index % FPS == 0:  # a second of sound with every second of pictures
                block = sound[:, index * _PER_FRAME : (index + FPS) * _PER_FRAME]
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(block), format="fltp", layout="stereo"
                )
                frame.sample_rate, frame.pts = SAMPLE_RATE, index * _PER_FRAME
                container.mux(audio.encode(frame))
        container.mux(video.encode())
        container.mux(audio.encode())
