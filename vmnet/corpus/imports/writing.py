"""Write an import as a features corpus: files first, the manifest last.

The files lie in a folder of their own, so that without a manifest they are no corpus: half an
import is never taken for the whole.
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vmnet import store
from vmnet.corpus.clips import SPLITS, Clip
from vmnet.corpus.features import SUFFIX, save_features
from vmnet.corpus.folder import MANIFEST
from vmnet.corpus.imports import ClipArrays, Import
from vmnet.corpus.manifest import ALLOWED, write_manifest
from vmnet.errors import VmnetError

EVENTS = "events.json"
FILES = "features"
RECORD = "import.json"
FORMAT = 1  # of what is written: change it when files come out otherwise


def write(found: Import, output: Path, progress: bool = True) -> list[str]:
    """Write what an importer found; return what was written, in lines for people.

    Files that are there already are kept, if they come from the same import.

    Raises
    ------
    VmnetError
        If the folder holds something else.
    """
    output = Path(output).absolute()
    _claim(output, found)
    clips = [replace(clip, path=output / FILES / f"{clip.clip_id}{SUFFIX}") for clip in found.clips]
    missing = [clip for clip in clips if not clip.path.exists()]
    for clip in tqdm(missing, desc="feature files", unit="clip", disable=not progress, delay=2):
        arrays = found.load(clip)
        save_features(clip.path, arrays.video, arrays.music, boundaries=arrays.boundaries)
    if found.events:
        store.save_text(output / EVENTS, json.dumps({"clips": found.events()}) + "\n")
    write_manifest(output / MANIFEST, clips)
    return [f"{len(clips)} clips: {output}", *_summary(clips, found.load(clips[0])), *found.remarks]


def _claim(output: Path, found: Import) -> None:
    """Make the folder this import's, or see that it is."""
    if output.exists() and not output.is_dir():
        raise VmnetError(f"{output} is a file: name a folder for the import.")
    record = output / RECORD
    ours = json.dumps({"made_from": store.key(of=found.made_from, format=FORMAT)})
    if record.is_file() and record.read_text("utf-8", "replace") == ours:
        store.remove_partial(output)
    elif output.exists() and next(output.iterdir(), None) is not None:
        raise VmnetError(
            f"{output} holds other things already, or an import with other options: name another "
            "folder, or delete it first."
        )
    else:
        store.save_text(record, ours)


def _summary(clips: list[Clip], first: ClipArrays) -> list[str]:
    """Say how many clips are in each split, and what their arrays are."""
    counts = Counter(clip.split for clip in clips)
    given = f"boundaries: {', '.join(first.boundaries) or 'none'}"
    dims = f"video {np.shape(first.video)[1]}, music {np.shape(first.music)[1]}"
    sizes = [f"{name} {counts[name]}" for name in ALLOWED if name in SPLITS or counts[name]]
    return [", ".join(sizes), f"{dims} values; {given}"]
