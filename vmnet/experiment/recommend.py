"""What a run is good for: music for a new video, and features to share."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from vmnet.aligners import Sequences
from vmnet.corpus import EXTRA, SPLITS, Clip
from vmnet.errors import known_names
from vmnet.experiment.run import Run
from vmnet.experiment.segments import CLIP, segment_arrays
from vmnet.experiment.stages import Dataset, check, embeddings, network, prepare, report
from vmnet.experiment.systems import System, seg_vm_net


def recommend(
    run: Run, video: Path, distance: str = "trace", top: int = 10
) -> list[tuple[Clip, float]]:
    """Rank all music of the corpus for one video file, with the segmentation of `seg_vm_net`.

    Extra clips are not among it.

    Parameters
    ----------
    video
        The query; a segmentation of the music needs its sound, "transnet" its pictures alone.
    distance
        A key of `vmnet.aligners.DISTANCES`.

    Returns
    -------
    ranking : list of (Clip, float)
        The `top` nearest clips and their distances, nearest first.

    Raises
    ------
    MediaError
        If the query cannot be used.
    VmnetError
        If the features of the corpus were made elsewhere.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from vmnet import open_run, recommend
    >>> from vmnet.rendered import render_corpus
    >>> with TemporaryDirectory() as folder:
    ...     clips = render_corpus(folder, splits=(2, 2, 2), seconds=(4, 5), progress=False)
    ...     run = open_run("toy", corpus=folder, segmenters=["fixed"], jobs=1)
    ...     ranking = recommend(run, clips[0].path, distance="centroid", top=3)
    >>> [clip.clip_id in {c.clip_id for c in clips} for clip, distance in ranking]
    [True, True, True]
    """
    from vmnet.aligners import DISTANCES, distance_matrix

    known_names([distance], DISTANCES, "distance")
    system = seg_vm_net(run)
    check(run)  # before the query is computed, and that before the corpus is
    pair = (system.video, system.cut[0])
    means = segment_arrays(run.corpus.source.query(Path(video), *pair), [pair])
    data = prepare(run, [system])
    report([data], keep=False)
    query = Sequences.from_list([means["-".join(pair)]], ["query"])
    catalog = [embeddings(data, system, split)[1] for split in SPLITS]
    targets = Sequences.from_list(
        [track for music in catalog for track in music],
        [clip_id for music in catalog for clip_id in music.ids],
    )
    distances = distance_matrix(network(data, system).embed_video(query), targets, distance)[0]
    clips = {clip.clip_id: clip for clip in data.corpus.clips}
    nearest = np.argsort(distances, kind="stable")[:top]
    return [(clips[targets.ids[i]], float(distances[i])) for i in nearest]


def export(run: Run, folder: Path, split: str = "") -> Dataset:
    """Write the features and boundaries of a corpus as a features corpus, without its media.

    Parameters
    ----------
    folder
        Gets a manifest and one file a clip (see `vmnet.corpus.features`); made if need be.
    split
        Put all clips but extra ones into this one; "" keeps the corpus' own.

    Returns
    -------
    data : Dataset
        Its clips were written; the others are in its `failures`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from vmnet import export, open_run
    >>> with TemporaryDirectory() as folder:
    ...     data = export(open_run("toy"), folder)
    ...     again = open_run("toy", corpus=folder)
    >>> len(data.corpus.clips), again.corpus.kind, again.segmenters
    (44, 'features', ('foote', 'sf', 'olda', 'transnet'))
    """
    from vmnet.corpus.features import save_features
    from vmnet.corpus.manifest import write_manifest

    folder = Path(folder).absolute()
    names = (CLIP, *run.segmenters)
    data = prepare(run, [System("export", name, run.music, run.video) for name in names])
    clips = []
    for clip in data.corpus.clips:
        known_of = data.corpus.source.load(clip)
        path = folder / f"{clip.clip_id}.npz"
        edges = {name: known_of.boundaries[name] for name in run.segmenters}
        save_features(
            path, known_of.frames[run.video], known_of.frames[run.music], boundaries=edges
        )
        chosen = EXTRA if clip.split == EXTRA else split or clip.split
        clips.append(replace(clip, path=path, split=chosen))
    write_manifest(folder / "manifest.csv", clips)
    return data
