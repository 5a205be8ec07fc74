"""What is known of the films of a features corpus: `events.json` beside its manifest.

    {"clips": {CLIP_ID: {
        "duration": s, "resolution": s,            how coarse the next two are: 0, or 1 for seconds
        "cuts": [s, ...], "chords": [s, ...],      start of the frame or second that each is in
        "genre": "...",                            of the music; optional, as the annotation is
        "annotation": {                            what people say of the song
            "duration": s, "offset": s or null,    of their recording; where it starts in the film
            "boundaries": [...], "labels": [...],  where sections begin, what each is
            "beats": [...], "downbeats": [...], "bpm": ..., "meter": ...
        }}}}

`vmnet import` writes it. Times of an annotation are those of the recording that was annotated.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from vmnet.errors import VmnetError
from vmnet.language.clip import ClipEvents

EVENTS = "events.json"


@dataclass(frozen=True, eq=False)
class Annotation:
    """What people say of a song; times are seconds of their recording.

    `boundaries` (n_sections,) are where sections begin, each called as `labels` has it; `offset` is
    the time in the film at which the recording starts, or None where that was not found.
    """

    duration: float
    offset: float | None
    boundaries: np.ndarray
    labels: tuple[str, ...]
    beats: np.ndarray
    downbeats: np.ndarray
    bpm: float
    meter: int

    def placed(self, clip: ClipEvents, offset: float = 0.0) -> ClipEvents:
        """Return a film with this annotation, its times moved by `offset` seconds.

        What lies outside the film is dropped; what comes before the first section has no label.
        """
        starts = self.boundaries + offset
        inside = (starts > 0) & (starts < clip.duration)
        before = self.labels[int((starts <= 0).sum()) - 1] if (starts <= 0).any() else ""
        kept = [label for label, one in zip(self.labels, inside, strict=True) if one]
        beats, downbeats = (
            times[(times > 0) & (times < clip.duration)]
            for times in (self.beats + offset, self.downbeats + offset)
        )
        return replace(
            clip,
            boundaries=np.array([0.0, *starts[inside], clip.duration]),
            labels=(before, *kept),
            beats=beats,
            downbeats=downbeats,
            bpm=self.bpm or nan,
            meter=self.meter,
        )


def has_events(folder: Path) -> bool:
    """Tell whether a corpus' folder says where the cuts of its films are."""
    return (Path(folder) / EVENTS).is_file()


def load_events(folder: Path) -> tuple[list[ClipEvents], dict[str, Annotation]]:
    """Read what is known of the films of a corpus, in its order, and annotations by clip_id.

    Raises
    ------
    VmnetError
        If the file is missing or not as described; the text names the first film that is not.
    """
    path = Path(folder) / EVENTS
    try:
        known = json.loads(path.read_text("utf-8"))["clips"].items()
    except OSError:
        raise VmnetError(f"{path} is missing: import the set again, with --events.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VmnetError(f"{path} is not what `vmnet import` writes ({error}).") from None
    clips, annotations, clip_id = [], {}, ""
    try:
        for clip_id, one in known:
            clips.append(_clip(clip_id, one))
            if "annotation" in one:
                annotations[clip_id] = _annotation(one["annotation"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VmnetError(f"{path}: {clip_id} is not as it should be ({error}).") from None
    if len({clip.resolution for clip in clips}) > 1:
        raise VmnetError(f"{path} has cuts of two resolutions: keep films of one of them.")
    return clips, annotations


def _clip(clip_id: str, known: Mapping[str, Any]) -> ClipEvents:
    middle = known["resolution"] / 2
    cuts, chords = (np.array(known[name], dtype=float) + middle for name in ("cuts", "chords"))
    return ClipEvents(
        clip_id,
        float(known["duration"]),
        cuts,
        chords=chords,
        resolution=float(known["resolution"]),
        genre=str(known.get("genre", "")),
    )


def _annotation(known: Mapping[str, Any]) -> Annotation:
    times = {
        name: np.array(known[name], dtype=float) for name in ("boundaries", "beats", "downbeats")
    }
    if len(known["labels"]) != len(times["boundaries"]):
        raise ValueError("each section has one label")
    offset = known["offset"]
    return Annotation(
        duration=float(known["duration"]),
        offset=None if offset is None else float(offset),
        labels=tuple(map(str, known["labels"])),
        bpm=float(known["bpm"]),
        meter=int(known["meter"]),
        **times,
    )
