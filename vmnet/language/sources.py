"""Which films chapter 6 is about: those of a run, or rendered ones.

A folder of media is measured. A features corpus that came with cuts (`vmnet.language.files`) is
taken as it is. What has no time axis, or was drawn, has no cuts: rendered films stand in for it,
and say so beside every number.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.corpus.imports.harmonix import TOLERANCE
from vmnet.corpus.media_source import MediaSource
from vmnet.errors import VmnetError
from vmnet.experiment.run import Run
from vmnet.language.clip import ClipEvents
from vmnet.language.experiment import Films
from vmnet.language.files import EVENTS, Annotation, has_events, load_events
from vmnet.progress import log
from vmnet.report.thesis.results import kind_of, table

if TYPE_CHECKING:
    import pandas as pd

MEASURED, TRUTH, PLANS = "films, measured", "films, truth", "plans"
"""What the sets of rendered films are called."""


def films(run: Run, tracker: str = "librosa") -> list[Films]:
    """Return the sets of films of a run.

    Parameters
    ----------
    tracker
        What finds beats in media: a key of `vmnet.language.beats.BEAT_TRACKERS`.

    Raises
    ------
    VmnetError
        If files cannot be used, or nothing can be measured.
    """
    if folder := _events_folder(run):
        return _given(run, folder)
    if isinstance(run.corpus.source, MediaSource) and run.corpus.kind != "rendered":
        return [_measured(run, tracker)]
    if not isinstance(run.corpus.source, MediaSource):
        log(f"{run.corpus.name} does not tell when films are cut: rendered films stand in for it.")
    return _rendered(run, tracker)


def _events_folder(run: Run) -> Path | None:
    """Return the folder of a features corpus that says where its films are cut."""
    first = run.corpus.clips[0].path
    return next((folder for folder in first.parents[:2] if has_events(folder)), None)


def _given(run: Run, folder: Path) -> list[Films]:
    clips, annotations = load_events(folder)
    known = {clip.clip_id for clip in run.corpus.clips}
    clips = [clip for clip in clips if clip.clip_id in known]
    if not clips:
        raise VmnetError(f"{folder / EVENTS} has no film of {run.corpus.name!r}: import it again.")
    kind, name = kind_of(run.corpus.kind), run.corpus.name
    whole = Films(name, kind, tuple(clips), f"{len(clips)} films, cuts and chords to the second")
    return [whole, *_annotated(name, kind, clips, annotations)]


def _annotated(
    name: str, kind: str, clips: list[ClipEvents], annotations: Mapping[str, Annotation]
) -> list[Films]:
    """Return the films that people annotated, where their times can be trusted, in two ways."""
    pairs = [(c, annotations[c.clip_id]) for c in clips if c.clip_id in annotations]
    equal = [a.placed(c) for c, a in pairs if abs(a.duration - c.duration) <= TOLERANCE]
    found = [a.placed(c, a.offset) for c, a in pairs if a.offset is not None]
    of = f"of {len(pairs)} that people annotated"
    sets = {
        f"{name}, equal length": (
            equal,
            f"{len(equal)} {of}: the recording lasts as long as the film but for {TOLERANCE:g} s; "
            "times as annotated, which may be off by as much",
        ),
        f"{name}, offset found": (
            found,
            f"{len(found)} {of}: where the recording lies in the film was found in the sound alone "
            "(to about a second; of annotations of other songs one in twenty is), and times moved",
        ),
    }
    return [Films(each, kind, tuple(some), about) for each, (some, about) in sets.items() if some]


def _measured(run: Run, tracker: str) -> Films:
    from vmnet.language.measure import events

    measured = tuple(events(run, tracker))
    n, given = len(measured), len(run.corpus.clips)
    counted = f"{n}" if n == given else f"{n} of {given}"
    about = (
        f"{counted} films, measured at their frame rates: shots by TransNetV2, sections by "
        f"OLDA, beats by {tracker}"
    )
    paths = {clip.clip_id: clip.path for clip in run.corpus.clips}
    return Films(run.corpus.name, kind_of(run.corpus.kind), measured, about, paths)


def _rendered(run: Run, tracker: str) -> list[Films]:
    """Return rendered films measured, the same as they are, and films that are only planned."""
    from vmnet.language.measure import film_run, planned, true_events

    rendered = film_run(run)
    measured = _measured(rendered, tracker)
    ids = {clip.clip_id for clip in measured.clips}
    truth = true_events(clip for clip in rendered.corpus.clips if clip.clip_id in ids)
    drawn = planned(run.profile.thesis.plans, run.seed)
    return [
        Films(MEASURED, "rendered", measured.clips, measured.about, measured.paths),
        Films(TRUTH, "rendered", tuple(truth), "the same films, as they were made"),
        Films(PLANS, "rendered", tuple(drawn), f"{len(drawn)} films that were drawn, not made"),
    ]


def recovered(run: Run, sets: Sequence[Films]) -> "pd.DataFrame":
    """Return what rendered films tell of the method, tidy; no rows for others.

    Part "recovered" has what was set in films that were drawn, and part "instrument" what is
    measured in films that were made.
    """
    from vmnet.language.instrument import instrument
    from vmnet.language.measure import plans
    from vmnet.language.recovery import as_set

    by_name = {films.corpus: films.clips for films in sets if films.kind == "rendered"}
    rows = []
    if PLANS in by_name:
        clips = by_name[PLANS]
        cuttings = [draft.cutting for draft in plans(len(clips), run.seed)]
        editings = [cutting.editing for cutting in cuttings if cutting]
        rows += [{**row, "corpus": PLANS} for row in as_set(clips, editings, run.seed)]
    if MEASURED in by_name and TRUTH in by_name:
        found = instrument(by_name[MEASURED], by_name[TRUTH])
        rows += [{**row, "corpus": MEASURED} for row in found]
    return table({**row, "kind": "rendered", "seed": run.seed} for row in rows)
