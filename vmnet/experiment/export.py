"""Features and boundaries of a corpus, to share where its media cannot be."""

from dataclasses import replace
from pathlib import Path

from vmnet.corpus import EXTRA
from vmnet.experiment.run import Run
from vmnet.experiment.segments import CLIP
from vmnet.experiment.stages import Dataset, prepare
from vmnet.experiment.systems import System


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
