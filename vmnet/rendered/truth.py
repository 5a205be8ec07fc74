"""The ground truth of a rendered clip: sections, beats, downbeats and cuts, as a JAMS file.

The file holds three annotations: `segment_open` with the sections (value: the label), `beat`
(value: the position in the bar, 1 on downbeats), and a second `segment_open` with the shots (value:
the name of the scene), whose borders are the cuts. `sandbox.content` of each tells them apart:
"sections", "beats" or "shots". The sandbox of the shots also holds how a film was cut, where that
was asked for: `editing`, the values of an `Editing`, and `fades`, the frames that each cut lasts.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet.errors import MediaError
from vmnet.rendered.editing import Editing
from vmnet.rendered.film import Film
from vmnet.rendered.song import BEATS
from vmnet.store import written_whole

if TYPE_CHECKING:
    import jams


@dataclass(frozen=True)
class Truth:
    """What is true of a rendered clip; all times in seconds.

    boundaries: `(n_sections + 1,)` float64 from 0 to `duration`; labels: `(n_sections,)` of
    "intro", "verse", "chorus", "bridge", "outro"; beats `(n_beats,)`, of which downbeats
    `(n_bars,)` are the first of each bar; cuts `(n_shots - 1,)`: the time
    stamp of the first frame of every new shot; scenes `(n_shots,)` names of what each shot shows.
    fades `(n_shots - 1,)` frames that each cut lasts, half of them before it, 0 for a hard cut;
    `editing` is how the film was cut, None where that is left to its style.
    """

    duration: float
    boundaries: np.ndarray
    labels: tuple[str, ...]
    beats: np.ndarray
    downbeats: np.ndarray
    cuts: np.ndarray
    scenes: tuple[str, ...]
    fades: tuple[int, ...]
    editing: Editing | None = None


def truth_of(film: Film) -> Truth:
    """Return the truth of a film and its song."""
    song = film.song
    return Truth(
        duration=song.duration,
        boundaries=np.array([0.0, *(section.end for section in song.sections)]),
        labels=tuple(section.label for section in song.sections),
        beats=song.beats,
        downbeats=song.downbeats,
        cuts=film.cuts,
        scenes=tuple(shot.set_up.name for shot in film.shots),
        fades=tuple(shot.fade for shot in film.shots[1:]),
        editing=film.editing,
    )


def write_truth(path: Path, truth: Truth, title: str, artist: str) -> None:
    """Write a truth as a JAMS file, whole."""
    import jams

    file = jams.JAMS()
    file.file_metadata.duration = truth.duration
    file.file_metadata.title = title
    file.file_metadata.artist = artist
    shot_edges = np.array([0.0, *truth.cuts, truth.duration])
    file.annotations.append(_segments(truth.boundaries, truth.labels, "sections"))
    beats = _annotation("beat", truth.duration, "beats")
    for index, time in enumerate(truth.beats):
        beats.append(time=time, duration=0, value=index % BEATS + 1, confidence=1)
    file.annotations.append(beats)
    shots = _segments(shot_edges, truth.scenes, "shots")
    if truth.editing:
        shots.sandbox.update(editing=asdict(truth.editing), fades=list(truth.fades))
    file.annotations.append(shots)
    with written_whole(path) as temporary:
        file.save(str(temporary))


def read_truth(path: Path) -> Truth:
    """Read the truth beside a clip.

    Parameters
    ----------
    path
        The clip or its .jams file.

    Raises
    ------
    MediaError
        If there is no such file, or it is not one that `write_truth` wrote.
    """
    import jams

    path = Path(path).with_suffix(".jams")
    if not path.is_file():
        raise MediaError(f"{path} does not exist: only rendered clips have a ground truth.")
    try:
        file = jams.load(str(path))
        data = {a.sandbox.content: a.to_event_values() for a in file.annotations}
        edges = {a.sandbox.content: a.to_interval_values()[0] for a in file.annotations}
        beats, positions = data["beats"]
        sections, shots = edges["sections"], edges["shots"]
        labels, scenes = data["sections"][1], data["shots"][1]
        (told,) = (a.sandbox for a in file.annotations if a.sandbox.content == "shots")
        editing = Editing(**told.editing) if "editing" in told else None
        fades = told.fades if editing else [0] * (len(scenes) - 1)
    except (jams.JamsError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise MediaError(f"{path} is not the truth of a rendered clip: render it again.") from error
    return Truth(
        duration=float(file.file_metadata.duration),
        boundaries=np.array([0.0, *sections[:, 1]]),
        labels=tuple(labels),
        beats=beats,
        downbeats=beats[np.array(positions) == 1],
        cuts=shots[1:, 0],
        scenes=tuple(scenes),
        fades=tuple(fades),
        editing=editing,
    )


def _annotation(namespace: str, duration: float, content: str) -> "jams.Annotation":
    import jams

    return jams.Annotation(
        namespace,
        time=0,
        duration=duration,
        annotation_metadata=jams.AnnotationMetadata(corpus="vmnet rendered", data_source="program"),
        sandbox={"content": content},
    )


def _segments(edges: np.ndarray, labels: tuple[str, ...], content: str) -> "jams.Annotation":
    annotation = _annotation("segment_open", float(edges[-1]), content)
    for start, end, label in zip(edges[:-1], edges[1:], labels, strict=True):
        annotation.append(time=start, duration=end - start, value=label, confidence=1)
    return annotation
