"""What is computed of each file of a catalog, and of a track that is asked about.

Nothing here depends on what a model has learned, but for which extractors it takes.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet.catalog.tags import TAGGERS, listen
from vmnet.corpus.media_source import ClipStage, on_track, segmenter_stages
from vmnet.corpus.windowed import SHOTS
from vmnet.errors import known_names
from vmnet.experiment.segments import CLIP

if TYPE_CHECKING:
    from vmnet.catalog.model import RankingModel
    from vmnet.features import Extractor

BEATS_VERSION = 1  # of the beats: change it when they become others


def music_stages(
    model: "RankingModel", segmenter: str, beats: str = "librosa"
) -> dict[str, ClipStage]:
    """Return what is computed of a track, by what it gives: "features", "beats", "boundaries".

    There are no boundaries of `CLIP`. Features are as `vmnet.catalog.tags.listen` returns them.

    Raises
    ------
    VmnetError
        If the model's music features are made by nothing here, or a name is unknown.
    """
    from vmnet.edit.beats import BEATS
    from vmnet.segmenters import SEGMENTERS

    extractor = model.extractor("music")
    known = [name for name, one in SEGMENTERS.items() if one.computed]
    known_names([segmenter], [*known, CLIP], "segmenter of a media file")
    tags = TAGGERS[extractor.name][0] if extractor.name in TAGGERS else ()
    features = ClipStage(
        f"features/{extractor.name}",
        partial(listen, extractor),
        {**extractor.parameters, "tags": tags},
    )
    known_names([beats], BEATS, "beat tracker")
    parameters = {"librosa": version("librosa"), "version": BEATS_VERSION}
    found = ClipStage(f"beats/{beats}", partial(_beats, BEATS[beats]), parameters)
    stages = {"features": features, "beats": found}
    if segmenter != CLIP:
        stages["boundaries"] = segmenter_stages()[segmenter]
    return {what: on_track(stage, None) for what, stage in stages.items()}


def video_stages(model: "RankingModel") -> dict[str, ClipStage]:
    """Return what is computed of the pictures of a video: "features", "boundaries" of the shots.

    Raises
    ------
    VmnetError
        If the model's video features are made by nothing here.
    """
    extractor = model.extractor("video")
    features = ClipStage(
        f"features/{extractor.name}", partial(_look, extractor), extractor.parameters
    )
    stages = {"features": features, "boundaries": segmenter_stages()[SHOTS]}
    return {what: on_track(stage, None) for what, stage in stages.items()}


def _beats(tracker: Callable[[Path], np.ndarray], path: Path) -> dict[str, np.ndarray]:
    return {"beats": tracker(path)}


def _look(extractor: "Extractor", path: Path) -> dict[str, np.ndarray]:
    from vmnet import media

    duration = media.require(path, audio=False).duration
    return {"frames": extractor.extract(path), "duration": np.array(duration)}
