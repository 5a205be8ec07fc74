"""The pairs that a model is trained on: that they are pairs, and what stands for them."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from vmnet.models.embedder import require_finite
from vmnet.models.sampling import Moments

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences


def require_pairs(
    music: "Sequences", video: "Sequences", split: str, moments: Moments | None = None
) -> None:
    """Refuse music and video of a split that are no pairs, of two clips at least.

    Raises
    ------
    ValueError
        If clips or segments differ, the moments are of others, or there are fewer than two clips.
    VmnetError
        If a feature is not finite.
    """
    alike = moments is not None or np.array_equal(music.offsets, video.offsets)
    if music.ids != video.ids or not alike:
        raise ValueError(
            f"music and video of the {split} clips differ in clips or segments: "
            f"cut both at the same boundaries, or give their moments"
        )
    if moments and not (
        _fits(moments.music, moments, music) and _fits(moments.video, moments, video)
    ):
        raise ValueError(f"the moments of the {split} clips are not of their segments")
    if len(music) < 2:
        raise ValueError(
            f"{len(music)} {split} clip gives no negatives, which come from other clips: "
            f"give two or more"
        )
    require_finite(music, "music")
    require_finite(video, "video")


def require_lengths(
    training: tuple["Sequences", "Sequences"], others: tuple["Sequences", "Sequences"], split: str
) -> None:
    """Refuse (music, video) of a split whose features are not as long as those of training.

    Raises
    ------
    ValueError
        If one differs.
    """
    if [part.dim for part in training] != [part.dim for part in others]:
        raise ValueError(f"training and {split} features differ in length: use one extractor")


def _fits(rows: np.ndarray, moments: Moments, features: "Sequences") -> bool:
    """Tell whether the rows of each clip's moments are rows of that clip."""
    if len(rows) != moments.offsets[-1] or len(moments.offsets) != len(features.offsets):
        return False
    clips = np.repeat(np.arange(len(features)), np.diff(moments.offsets))
    return bool(
        (rows >= features.offsets[clips]).all() and (rows < features.offsets[clips + 1]).all()
    )


def data_key(*features: "Sequences", moments: Iterable[Moments] = ()) -> str:
    """Return ten hexadecimal digits that stand for all features and clips."""
    digest = hashlib.sha256()
    for sequences in features:
        digest.update(repr((sequences.data.shape, sequences.ids)).encode())
        digest.update(sequences.offsets.data)
        digest.update(sequences.data.data)
    for each in moments:
        for rows in (each.music, each.video, each.offsets):
            digest.update(rows.data)
    return digest.hexdigest()[:10]
