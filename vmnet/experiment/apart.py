"""Experiment 4, ours: what of a rank is music, and what is scissors?

The paper cuts both tracks of a clip at the same boundaries. Here the video is cut by what is seen
and the music by what is heard, or both every `FIXED_SECONDS`. Both are first cut to one window, the
same for both tracks and of one length for all clips, so that neither the number of segments nor how
long a track is tells which belong together. The same windows cut at shared boundaries stand beside
it, and controls that know nothing but the cuts.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vmnet.corpus import SPLITS
from vmnet.corpus.sources import FeatureSource
from vmnet.corpus.splits import MIN_CLIPS
from vmnet.experiment.run import Run
from vmnet.experiment.stages import Dataset, Systems, prepare, results, tidy
from vmnet.experiment.systems import System, baseline_2, seg_vm_net, seg_vm_nets
from vmnet.progress import log

if TYPE_CHECKING:
    import pandas as pd

WINDOW = "window"
"""The scenario of results on windows: whole clips are "vanilla"."""

FEW = 20  # clips that tell whether a corpus has a row a clip

COMPARED = ("centroid", "nw", "sw", "trace", "best_trace")
UNORDERED = ("single", "complete")


def window_seconds(data: Dataset) -> int:
    """Return how long windows are: as the profile has it, or less where clips are shorter.

    Half of the clips of each split last so long, or what makes a split.
    """
    seconds = [data.run.profile.window]
    for split in SPLITS:
        longest = sorted(_durations(data, split).values(), reverse=True)
        seconds.append(longest[max(MIN_CLIPS, math.ceil(len(longest) / 2)) - 1])
    return max(1, min(seconds))


def ranking_system(data: Dataset) -> System:
    """Return the system that ranks music for silent videos: its tracks are cut apart.

    The video is cut in merged shots, if the corpus can give shots, and the music as `seg_vm_net`
    has it, if that goes by the sound.
    A corpus with one row of features a clip has the clip-level system.
    """
    from vmnet.corpus.windowed import MERGED, SHOTS

    run, source = data.run, data.corpus.source
    some = data.corpus.split("train")[:FEW]
    if all(len(source.load(clip).frames[run.music]) == 1 for clip in some):
        return baseline_2(run)
    chosen, heard = seg_vm_net(run).segmenter, _heard(run)
    music = chosen if chosen in heard else heard[0]
    video = MERGED if SHOTS in source.segmenters else "fixed"
    return replace(seg_vm_net(run, music), video_segmenter="" if video == music else video)


def cut_apart(data: Dataset, system: System) -> Dataset:
    """Return whole clips, cut as `ranking_system` has it."""
    from vmnet.corpus.windowed import MERGED, MergedShotsSource

    if MERGED in system.cut:
        return _with_source(data, MergedShotsSource, lambda run: (system,))
    return prepare(data.run, [system])


def windowed(
    datasets: Sequence[Dataset], needed: Systems | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Return, for each seed, the clips that last as long as a window, whole and as windows.

    All seeds have windows of one length and as many test clips, so that their ranks compare. The
    windows are cut as `needed` has it, or `systems`.
    """
    seconds = min(window_seconds(data) for data in datasets)
    lasting = []
    for data in datasets:
        durations = _durations(data)
        lasting.append([c for c in data.corpus.clips if durations[c.clip_id] >= seconds])
    n_test = min(sum(clip.split == "test" for clip in clips) for clips in lasting)
    pairs = []
    for data, clips in zip(datasets, lasting, strict=True):
        log(f"windows of {seconds} s: {len(clips)} of {len(data.corpus.clips)} clips last so long")
        left_out = set([clip for clip in clips if clip.split == "test"][n_test:])
        kept = tuple(clip for clip in clips if clip not in left_out)
        whole = replace(data, corpus=replace(data.corpus, clips=kept))
        pairs.append((whole, _windows(whole, seconds, needed or systems)))
    return pairs


def _durations(data: Dataset, *splits: str) -> dict[str, int]:
    """Return the durations of clips in whole seconds, by clip_id."""
    found = data.boundaries(data.run.segmenters[0], *splits)
    return {clip_id: round(float(edges[-1])) for clip_id, edges in found.items()}


def _windows(data: Dataset, seconds: int, needed: Systems) -> Dataset:
    from vmnet.corpus.windowed import WindowedSource

    clock, seed = data.run.segmenters[0], data.run.seed
    return _with_source(data, lambda source: WindowedSource(source, seconds, seed, clock), needed)


def blank(data: Dataset, needed: Systems) -> Dataset:
    """Return `data` with features that hold nothing, cut as `needed` has it."""
    from vmnet.corpus.blank import BlankSource

    return _with_source(data, lambda source: BlankSource(source, data.run.seed), needed)


def _with_source(
    data: Dataset, wrap: Callable[[FeatureSource], FeatureSource], needed: Systems
) -> Dataset:
    run = replace(data.run, corpus=replace(data.corpus, source=wrap(data.corpus.source)))
    return prepare(run, needed(run))


def systems(run: Run) -> tuple[System, ...]:
    """Return the Seg-VM-Nets of experiment 4.

    Those whose tracks share their boundaries; those whose tracks are cut apart, with a network that
    learned apart, then with one that learned on shared boundaries, as the paper's; fixed windows.
    """
    shared = {name: seg_vm_net(run, name) for name in (*_of_both(run), *_heard(run), "fixed")}
    apart = [
        replace(shared[music], video_segmenter=video)
        for music in _heard(run)
        for video in _seen(run)
        if video != music
    ]
    as_shared = [
        replace(system, name="seg_vmnet_shared", learned_as=shared[system.segmenter])
        for system in apart
    ]
    return (*shared.values(), *apart, *as_shared)


def blanks(chosen: Systems) -> Systems:
    """Return the same systems, to be trained on nothing but cuts; "fixed" has none of its own."""
    return lambda run: tuple(
        replace(system, name="blank")
        for system in chosen(run)
        if system.learned_as is None and system.segmentation != "fixed"
    )


def _heard(run: Run) -> tuple[str, ...]:
    """Return how music is cut: by all the run has for it, or by one where time is short."""
    from vmnet.segmenters import SEGMENTERS

    heard = tuple(name for name in run.segmenters if SEGMENTERS[name].modality == "music")
    one = seg_vm_net(run).segmenter
    return (one,) if run.profile.brief and one in heard else heard or ("fixed",)


def _seen(run: Run) -> tuple[str, ...]:
    """Return how videos are cut: in merged shots and, unless time is short, in shots."""
    from vmnet.corpus.windowed import MERGED, SHOTS

    if SHOTS not in run.segmenters:
        return ("fixed",)
    return (MERGED,) if run.profile.brief else (MERGED, SHOTS)


def _of_both(run: Run) -> tuple[str, ...]:
    """Return the paper's segmentations of both tracks, or none more than needed for the others."""
    return () if run.profile.brief else run.segmenters


def controls(data: Dataset, chosen: Systems) -> "pd.DataFrame":
    """Return how well the cuts alone name the right track, each way of cutting once.

    Returns
    -------
    table : pandas.DataFrame
        As of `results`; the system is "control" and the distance a key of `CONTROLS`.
    """
    import pandas as pd

    from vmnet.evaluation.experiment import evaluate_controls

    ids = [clip.clip_id for clip in data.corpus.split("test")]
    tables = {}
    for system in chosen(data.run):
        found = [data.boundaries(name, "test") for name in system.cut]
        video, music = ([edges[clip_id] for clip_id in ids] for edges in found)
        if system.segmentation not in tables:
            rows = pd.DataFrame(evaluate_controls(video, music))
            tables[system.segmentation] = tidy(rows, data, replace(system, name="control"))
    return pd.concat(tables.values(), ignore_index=True)


def compare(datasets: Iterable[Dataset]) -> "pd.DataFrame":
    """Return the results of experiment 4: whole clips are "vanilla", windows are "window".

    Whole clips are those whose windows there are, and have controls alone; "blank" among them only
    where the profile has the time. A brief profile takes the first seed.
    """
    import pandas as pd

    datasets = list(datasets)
    tables = []
    for whole, windows in windowed(datasets[:1] if datasets[0].run.profile.brief else datasets):
        tables.append(controls(whole, seg_vm_nets))
        if not whole.run.profile.brief:
            tables.append(results(blank(whole, seg_vm_nets), blanks(seg_vm_nets), COMPARED))
        inside = [
            results(windows, systems, (*COMPARED, *UNORDERED)),
            controls(windows, systems),
            results(blank(windows, systems), blanks(systems), COMPARED),
        ]
        tables += [table.assign(scenario=WINDOW) for table in inside]
    return pd.concat(tables, ignore_index=True)
