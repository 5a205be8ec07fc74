"""Training of the VM-Net, at clip or segment level (paper, sections III-C, IV-C, V-A).

A clip-level network is the same with sequences of one segment. A training can be killed at any
time: the same call goes on from its last checkpoint and ends with the same weights as one that was
left alone, bit for bit on the processors of one machine and with one Keras backend (on a GPU, as
far as its kernels repeat themselves).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet.errors import VmnetError
from vmnet.models.batches import Data, make_feed, rows_of
from vmnet.models.embedder import TrainedVMNet, require_settings, save_settings
from vmnet.models.head import with_head
from vmnet.models.loop import learn, remove_checkpoint
from vmnet.models.pairs import data_key, require_lengths, require_pairs
from vmnet.models.pooled import PooledVMNet, clip_means, with_pooling
from vmnet.models.sampling import Frames, Moments, spread_pairs
from vmnet.models.settings import BCE, PooledConfig, TrainingConfig
from vmnet.models.start import linear_starts
from vmnet.models.vmnet import (
    Statistics,
    build_shortcut_vmnet,
    build_vmnet,
    feature_statistics,
    mean,
)

if TYPE_CHECKING:
    import keras

    from vmnet.aligners.sequences import Sequences
    from vmnet.models.learner import Learner, Pairs


def train(
    music: "Sequences",
    video: "Sequences",
    valid_music: "Sequences",
    valid_video: "Sequences",
    config: TrainingConfig,
    folder: Path,
    progress: bool = True,
    checkpoint_seconds: float = 30.0,
    country: str = "",
    moments: tuple[Moments, Moments] | None = None,
    extra: tuple["Sequences", "Sequences"] | None = None,
) -> TrainedVMNet:
    """Train a network in `folder`, go on with the training there, or load the finished one.

    Adam on batches from `draw_pairs`; every `config.evaluate_every` updates the loss, or the mean
    rank, over the fixed validation batches of `spread_pairs`, without dropout. Training ends after
    `config.steps` updates, or after `config.patience` evaluations without a better one; the weights
    of the best evaluation are kept. Where the start is linear, it is evaluated too. Without
    `config.early_stopping` only `config.steps` ends it, and the last weights are kept.

    Parameters
    ----------
    music, video
        Features of the training clips, (n_segments, music_dim) and (n_segments, video_dim): row i
        of both is the same segment of the same clip, unless there are `moments`.
    valid_music, valid_video
        The same of the validation clips.
    config
        What decides the result. Of `PooledConfig` the features are frames, and what comes back is a
        `vmnet.models.pooled.PooledVMNet`.
    folder
        Where settings.json, curve.csv, model.npz and, until the end, checkpoint.npz (four times the
        size of the weights) are kept.
    progress
        Whether to show a progress bar.
    checkpoint_seconds
        A checkpoint is written at the first evaluation after so many seconds since the last one.
    country
        Where the machine stands, for the CO2 of its electricity, as an ISO 3166 code of three
        letters (`energy.COUNTRY` is that of the thesis); "" leaves the energy unmeasured.
    moments
        Of the training and of the validation clips, where their two tracks are cut apart: a pair is
        then what is heard and seen at one moment.
    extra
        Music and video of clips of other kinds, their two tracks cut alike. They come into each
        batch beside the training clips, moved to those' mean; see `config.extra_weight`.

    Raises
    ------
    ValueError
        If the features do not fit together or come from less than two clips a split.
    VmnetError
        If a feature is not finite, if the folder holds a training with other settings or data, or
        damaged files, or if training diverges.
    """
    folder = Path(folder)
    training, validation = moments or (None, None)
    if isinstance(config, PooledConfig) and (moments or extra):
        raise ValueError("frames are pooled of clips that are whole, and without extra clips")
    require_pairs(music, video, "training", training)
    require_pairs(valid_music, valid_video, "validation", validation)
    require_lengths((music, video), (valid_music, valid_video), "validation")
    _require_negatives(config, moments is not None)
    if extra:
        require_pairs(*extra, "extra")
        require_lengths((music, video), extra, "extra")
    kind = PooledVMNet if isinstance(config, PooledConfig) else TrainedVMNet
    key = data_key(music, video, valid_music, valid_video, *(extra or ()), moments=moments or ())
    if (folder / "settings.json").exists():
        require_settings(folder, config, key)
    if (folder / "model.npz").exists():
        return kind.load(folder, config)
    save_settings(folder, config, key)

    others = _moved(extra, (music, video)) if extra else None
    hows: list[Moments | Frames | None] = [training, validation]
    if isinstance(config, PooledConfig):
        hows = [Frames(part.offsets, config.frames) for part in (music, valid_music)]
    data = (music, video, hows[0]), (valid_music, valid_video, hows[1]), others
    net, statistics = _new_network(*data, config)
    from vmnet.models.learner import make_learner  # Keras, which build_vmnet has kept quiet

    learner = make_learner(net, config)
    curve, energy = learn(
        learner,
        make_feed(learner, data[0], config.batch, others),
        _evaluation(learner, data[1], config),
        config,
        folder,
        progress,
        checkpoint_seconds,
        country,
        evaluate_first=config.start == "linear",
        early_stopping=config.early_stopping,
    )
    trained = kind(net, config, key, curve, statistics, energy)
    trained.save(folder)
    remove_checkpoint(folder)
    return trained


def _require_negatives(config: TrainingConfig, apart: bool) -> None:
    """Refuse negatives within a clip where a batch holds none, or none that are other segments."""
    if config.negatives == "other_clips":
        return
    if config.per_clip < 2:
        raise VmnetError(
            f"negatives={config.negatives} needs several segments of a clip in a batch: give "
            f"per_clip, too, 2 or more."
        )
    if apart:
        raise VmnetError(
            f"negatives={config.negatives} needs tracks that are cut at the same times: leave it "
            f"out where they are cut apart."
        )


def _new_network(
    training: Data, validation: Data, extra: Data | None, config: TrainingConfig
) -> tuple["keras.Model", tuple[Statistics, Statistics] | None]:
    """Build the network that `config` begins with, and what it standardises its inputs by."""
    if isinstance(config, PooledConfig):
        return _new_pooled_network(training, validation, config)
    net, statistics = _new_branches(training, validation, extra, config)
    if config.loss == BCE:
        net = with_head(net, config.seed)
    return net, statistics


def _new_branches(
    training: Data, validation: Data, extra: Data | None, config: TrainingConfig
) -> tuple["keras.Model", tuple[Statistics, Statistics] | None]:
    music, video, _ = training
    if config.start == "linear":
        starts = linear_starts(training, validation, config, extra)
        net = build_shortcut_vmnet(
            *starts, config.seed, config.hidden, config.dropout, config.input_dropout
        )
        return net, None
    statistics = None
    if config.standardize:
        statistics = feature_statistics(music.data), feature_statistics(video.data)
    settings = (config.seed, config.dropout, *(statistics or (None, None)), config.momentum)
    return build_vmnet(music.dim, video.dim, *settings), statistics


def _new_pooled_network(
    training: Data, validation: Data, config: PooledConfig
) -> tuple["keras.Model", tuple[Statistics, Statistics] | None]:
    """Build the network of the means of all frames, and put pooling before it."""
    means = [(clip_means(music), clip_means(video)) for music, video, _ in (training, validation)]
    statistics = None
    if config.standardize:
        music, video = (feature_statistics(of_clips.data) for of_clips in means[0])
        statistics = music, video
        means = [(_scaled(one, music), _scaled(other, video)) for one, other in means]
    (music_means, video_means), held_out = means
    net, _ = _new_network(
        (music_means, video_means, None), (*held_out, None), None, config.branches
    )
    return with_pooling(net, config.aggregation, statistics), statistics


def _scaled(features: "Sequences", statistics: Statistics) -> "Sequences":
    centre, variance = statistics
    return features.map(lambda data: (data - centre) / np.sqrt(variance))


def _moved(extra: tuple["Sequences", "Sequences"], to: tuple["Sequences", "Sequences"]) -> Data:
    """Return extra clips moved to the mean of the training clips, in the precision they have.

    That they are of another kind would else be the first thing to learn, and is of no use.
    """
    music, video = (
        replace(own, data=(own.data + (mean(other.data) - mean(own.data))).astype(own.data.dtype))
        for own, other in zip(extra, to, strict=True)
    )
    return music, video, None


def _evaluation(
    learner: "Learner", validation: Data, config: TrainingConfig
) -> Callable[[], tuple[float, ...]]:
    """Return what evaluates `learner` on fixed batches of the validation clips."""
    valid_music, _, how = validation
    if isinstance(how, Frames):
        valid_draws = how.spread(config.batch)
    else:
        valid_draws = spread_pairs((how or valid_music).offsets, config.batch)

    def evaluate() -> tuple[float, ...]:
        batches = [_pairs(validation, *drawn) for drawn in valid_draws]
        loss = learner.evaluate_pairs(batches)
        return (loss, learner.rank_pairs(batches)) if config.choose == "rank" else (loss,)

    return evaluate


def _pairs(data: Data, drawn: np.ndarray, clips: np.ndarray) -> "Pairs":
    music, video, how = data
    rows = rows_of(how, drawn)
    return music.data[rows[0]].astype(np.float32), video.data[rows[-1]].astype(np.float32), clips
