"""Canonical correlation analysis: what two linear maps find of the music that belongs to a video.

The maps of the two modalities are those whose outputs correlate most over the training pairs
(Hotelling, "Relations between two sets of variates", Biometrika 28, 1936), with a ridge on either
covariance (Vinod, "Canonical ridge and econometrics of joint production", Journal of Econometrics
4, 1976), without which more dimensions than clips correlate by chance. It takes seconds and draws
nothing at random: a network that is behind it has learned too little.

Where clips are far fewer than features, all is computed in the span of the clips: of a dozen films
with a thousand features of each, twelve directions of a thousand. With a ridge that is the same
answer, for what is orthogonal to all clips has no covariance with anything.

scikit-learn's CCA is iterative (NIPALS) and has no ridge, so that the few lines are ours.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from vmnet.aligners.sequences import Sequences
from vmnet.errors import VmnetError
from vmnet.models.embedder import (
    embed_in_blocks,
    load_settings,
    require_settings,
    save_settings,
)
from vmnet.models.pairs import data_key, require_lengths, require_pairs
from vmnet.models.settings import TrainingConfig
from vmnet.models.vmnet import Statistics, feature_statistics
from vmnet.store import load_arrays, save_arrays

FEW = 500  # fewer validation clips than these tell too little of a ridge
FOLDS = 5
FAR_FEWER = 8  # times as many features as training clips: from here on in the span of the clips
Pair = tuple[Sequences, Sequences]  # music and video of the same clips
Covariances = tuple[np.ndarray, np.ndarray, np.ndarray]  # of music, of video, between them
Spans = Sequence[np.ndarray | None]  # (d, n) of music and of video; None where features stay
NO_SPANS: Spans = (None, None)

BLOCK_ROWS = 4096  # bounds the float64 copies: 50,000 clips stay mapped from their file


@dataclass(frozen=True)
class LinearConfig:
    """All that decides the maps, the data aside.

    Attributes
    ----------
    standardize
        Which is tried: that each feature is brought to deviation 1 first, or taken as it comes.
    ridges
        Which are tried: what is added to all variances, as a share of their mean.
    dims
        Numbers of directions that are tried; more than a modality has features, or than there are
        clips where these are far fewer, are all there are.
    extra_weight
        How much the covariances of extra clips count, where there are any; see `TrainingConfig`.

    Raises
    ------
    ValueError
        If there are none, or one makes no sense.
    """

    standardize: tuple[bool, ...] = (True, False)
    ridges: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
    dims: tuple[int, ...] = (5, 10, 20, 50, 100, 200)
    extra_weight: float = 3.0

    def __post_init__(self) -> None:
        if not self.ridges or not all(0 < ridge < inf for ridge in self.ridges):
            raise ValueError(f"ridges={self.ridges} makes no sense: give numbers above 0")
        if not self.standardize:
            raise ValueError("standardize=() makes no sense: give True, False or both")
        if not self.dims or min(self.dims) < 1:
            raise ValueError(f"dims={self.dims} makes no sense: give numbers of 1 or more")

    @classmethod
    def of(cls, training: TrainingConfig) -> "LinearConfig":
        """Return the settings that go with those of a network: the same features."""
        scalings = (True, False) if training.standardize else (False,)  # whitened ones are
        return cls(standardize=scalings, extra_weight=training.extra_weight)


@dataclass(frozen=True, eq=False)
class Projection:
    """The map of one modality: `mean` (d,) is taken off, then `matrix` (d, dims); both float32."""

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, data: np.ndarray) -> np.ndarray:
        """Map features, (n, d), to (n, dims) float32 of unit norm; those at the mean to 0."""
        return _unit_norm(self.project(data))

    def project(self, data: np.ndarray) -> np.ndarray:
        """Map features, (n, d), to (n, dims), of any norm."""
        return (data - self.mean) @ self.matrix


@dataclass(frozen=True, eq=False)
class LinearCCA:
    """Two linear maps into one space, with the face of a `TrainedVMNet`.

    Attributes
    ----------
    music, video
        The maps. Each direction is weighted by its canonical correlation, as by Gong et al. ("A
        multi-view embedding space for modeling internet images, tags, and their semantics",
        International Journal of Computer Vision 106, 2014, whose power of it is 4, ours 1).
    config
        What was tried.
    data_key
        Stands for the training and validation data.
    correlations
        (dims,) float64, of the directions kept, the largest first.
    ridge
        The one that was chosen.
    valid_ranks
        Mean rank of held-out clips in both directions, as a share of the list, (n_ridges, n_dims)
        float64, by the grid of `config`.
    """

    music: Projection
    video: Projection
    config: LinearConfig
    data_key: str
    correlations: np.ndarray
    ridge: float
    valid_ranks: np.ndarray

    @property
    def summary(self) -> str:
        """What was chosen, and why, in words."""
        rank = f"clips held out rank at {100 * self.valid_ranks.min():.1f} % of the list"
        return f"ridge {self.ridge:g}, {len(self.correlations)} dimensions: {rank}"

    def embed_music(self, music: Sequences) -> Sequences:
        """Embed music segments: (n_segments, music_dim) to (n_segments, dims) float32, unit norm.

        Raises
        ------
        ValueError
            If the features have another length than in training.
        VmnetError
            If one is not finite.
        """
        return embed_in_blocks(self.music, len(self.music.mean), music, "music")

    def embed_video(self, video: Sequences) -> Sequences:
        """Embed video segments, as `embed_music` does music."""
        return embed_in_blocks(self.video, len(self.video.mean), video, "video")

    def save(self, folder: Path) -> None:
        """Write settings (JSON) and, last, what makes them valid: the maps."""
        folder = Path(folder)
        save_settings(folder, self.config, self.data_key)
        arrays = {"music_mean": self.music.mean, "music_matrix": self.music.matrix}
        arrays |= {"video_mean": self.video.mean, "video_matrix": self.video.matrix}
        arrays |= {"correlations": self.correlations, "valid_ranks": self.valid_ranks}
        save_arrays(folder / "model.npz", **arrays, ridge=np.array(self.ridge))

    @classmethod
    def load(cls, folder: Path, config: LinearConfig | None = None) -> "LinearCCA":
        """Read what `save` wrote.

        Raises
        ------
        VmnetError
            If the folder holds no maps, some of other settings than `config`, or damaged files.
        """
        folder = Path(folder)
        if not (folder / "model.npz").exists():
            raise VmnetError(f"{folder} holds no linear maps: fit them first.")
        saved, key = load_settings(folder, LinearConfig)
        if config is not None:
            require_settings(folder, config, key)
        try:
            arrays = load_arrays(folder / "model.npz")
            kept = arrays["correlations"]
            music, video = (_map_of(arrays, name, len(kept)) for name in ("music", "video"))
            ridge, ranks = float(arrays["ridge"]), arrays["valid_ranks"]
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise VmnetError(f"{folder} is damaged, delete it and fit again ({error})") from error
        return cls(music, video, saved, key, kept, ridge, ranks)


def fit(
    music: Sequences,
    video: Sequences,
    valid_music: Sequences,
    valid_video: Sequences,
    config: LinearConfig,
    folder: Path,
    extra: tuple[Sequences, Sequences] | None = None,
) -> LinearCCA:
    """Find the maps of the training pairs, or load those that are in `folder`.

    Of the grid of ridges and dimensions the pair is taken with the least mean rank of both
    directions, by the distance of the clips' centroids; of several, the one of the least ridge,
    then of the fewest dimensions. The clips ranked are those of validation; where these are fewer
    than 500, also each fifth of the training clips, by maps of the other four.

    Parameters
    ----------
    music, video, valid_music, valid_video, extra
        As `train` takes them.
    config
        What decides the result.
    folder
        Where settings.json and model.npz are kept.

    Raises
    ------
    ValueError
        If the features do not fit together or come from less than two clips a split.
    VmnetError
        If a feature is not finite, or if the folder holds something else, or damaged files.
    """
    folder = Path(folder)
    require_pairs(music, video, "training")
    require_pairs(valid_music, valid_video, "validation")
    require_lengths((music, video), (valid_music, valid_video), "validation")
    if extra:
        require_pairs(*extra, "extra")
        require_lengths((music, video), extra, "extra")
    key = data_key(music, video, valid_music, valid_video, *(extra or ()))
    if (folder / "settings.json").exists():
        require_settings(folder, config, key)
    if (folder / "model.npz").exists():
        return LinearCCA.load(folder, config)

    found = search((music, video), (valid_music, valid_video), config, extra)
    kept, ridge, ranks = found.correlations, found.ridge, found.valid_ranks
    fitted = LinearCCA(*found.maps, config, key, kept, ridge, ranks)
    fitted.save(folder)
    return fitted


@dataclass(frozen=True, eq=False)
class Search:
    """The best of a grid of ridges and dimensions, on clips held out; music comes first.

    Attributes
    ----------
    scales
        Mean and variance by which each modality was standardised.
    within
        Covariance of each, (d, d) float64.
    ridge
        The best.
    directions
        (d, dims) of each.
    correlations
        (dims,) float64, the largest first.
    valid_ranks
        Mean rank as a share of the list, (n_ridges, n_dims).
    """

    scales: tuple[Statistics, ...]
    within: tuple[np.ndarray, ...]
    ridge: float
    directions: tuple[np.ndarray, np.ndarray]
    correlations: np.ndarray
    valid_ranks: np.ndarray

    @property
    def maps(self) -> tuple[Projection, Projection]:
        """The maps of music and video to the directions, weighted by the correlations."""
        return _maps(self.scales, self.directions, self.correlations)


# The last search: systems that begin with the same one follow each other.
_FOUND: dict[str, "Search"] = {}


def search(
    training: Pair, validation: Pair, config: LinearConfig, extra: Pair | None = None
) -> Search:
    """Try the grid of `config` on clips that are held out; see `fit`.

    A clip counts once, by the mean of its segments: what a clip is like tells more of its music
    than what one segment is like. Extra clips count by their covariances, around their own mean.

    Parameters
    ----------
    training, validation, extra
        Music and video each.
    """
    key = f"{data_key(*training, *validation, *(extra or ()))} {config}"
    if key not in _FOUND:
        training, extra = _means(training), _means(extra) if extra else None
        with threadpool_limits(1):  # of many small products; on a busy machine threads wait for one
            tried = [
                _search(training, validation, config, extra, each) for each in config.standardize
            ]
        _FOUND.clear()
        _FOUND[key] = min(tried, key=lambda one: one.valid_ranks.min())
    return _FOUND[key]


def _search(
    training: Pair, validation: Pair, config: LinearConfig, extra: Pair | None, standardize: bool
) -> Search:
    """Try the ridges and the dimensions on features scaled in one way, one segment a clip."""
    others = [feature_statistics(part.data) for part in extra or ()]
    scales = [feature_statistics(part.data) for part in training]
    weight = config.extra_weight if extra else 0.0
    for i, (_, variance) in enumerate(others):
        scales[i] = scales[i][0], (scales[i][1] + weight * variance) / (1 + weight)
    if not standardize:
        scales = [(centre, np.ones_like(variance)) for centre, variance in scales]
    around = [(centre, scale[1]) for (centre, _), scale in zip(others, scales, strict=False)]
    of_extra = _covariances(extra, around) if extra else None
    spans = NO_SPANS if extra else [*map(_span, training, scales)]
    dims = [min(n, training[0].dim, training[1].dim) for n in config.dims]
    totals, n_clips = np.zeros((len(config.ridges), len(dims))), 0
    for learned, held_out in _held_out(training, validation):
        known = _mixed(_covariances(learned, scales, spans), of_extra, weight)
        for i, ridge in enumerate(config.ridges):
            a, b, correlations = _directions(known, spans, ridge)
            totals[i] += _mean_ranks(_maps(scales, (a, b), correlations), held_out, dims)
        n_clips += len(held_out[0])
    ranks = totals / n_clips
    at = min(np.ndindex(ranks.shape), key=lambda ij: (ranks[ij], config.ridges[ij[0]], dims[ij[1]]))
    ridge, n = config.ridges[at[0]], dims[at[1]]
    known = _mixed(_covariances(training, scales, spans), of_extra, weight)
    a, b, correlations = _directions(known, spans, ridge)
    kept = a[:, :n], b[:, :n]
    within = tuple(map(_whole, known[:2], spans))
    return Search(tuple(scales), within, ridge, kept, correlations[:n], ranks)


def _means(clips: Pair) -> Pair:
    """Return clips of one segment each, the mean of theirs."""
    music, video = (
        part
        if len(part.data) == len(part)
        else Sequences.from_list([np.mean(rows, axis=0, keepdims=True) for rows in part], part.ids)
        for part in clips
    )
    return music, video


def _held_out(training: Pair, validation: Pair) -> Iterator[tuple[Pair, Pair]]:
    """Yield the clips that are learned from and those that are ranked.

    First all training clips and the validation clips; where these are few, then each fifth of the
    training clips with the others.
    """
    yield training, validation
    if len(validation[0]) >= FEW:
        return
    music, video = training
    fifth = np.arange(len(music)) * FOLDS // len(music)
    for fold in np.unique(fifth):
        out = fifth == fold
        yield (music.select(~out), video.select(~out)), (music.select(out), video.select(out))


def _mixed(own: Covariances, others: Covariances | None, weight: float) -> Covariances:
    if others is None:
        return own
    music, video, between = (
        (one + weight * other) / (1 + weight) for one, other in zip(own, others, strict=True)
    )
    return music, video, between


def _span(clips: Sequences, scale: Statistics) -> np.ndarray | None:
    """Return an orthonormal basis of scaled clips, (d, n); None where they are too many for it."""
    n, d = clips.data.shape
    return None if FAR_FEWER * n > d else np.linalg.qr(_scaled(clips.data, *scale).T)[0]


def _covariances(clips: Pair, scales: Iterable[Statistics], spans: Spans = NO_SPANS) -> Covariances:
    """Return the covariances of scaled clips, of a modality with a span by its coordinates."""
    music, video = (
        (part.data, scale)
        if span is None
        else (_scaled(part.data, *scale) @ span, (np.zeros(span.shape[1]), np.ones(span.shape[1])))
        for part, scale, span in zip(clips, scales, spans, strict=True)
    )
    return covariances(music[0], video[0], music[1], video[1])


def _directions(
    known: Covariances, spans: Spans, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the canonical directions by feature, of covariances that may be by coordinates."""
    n_features = [len(c if s is None else s) for c, s in zip(known, spans, strict=False)]
    a, b, correlations = canonical_directions(*known, ridge, n_features)
    a, b = (one if span is None else span @ one for one, span in zip((a, b), spans, strict=True))
    return a, b, correlations


def _whole(covariance: np.ndarray, span: np.ndarray | None) -> np.ndarray:
    return covariance if span is None else span @ covariance @ span.T


def covariances(
    music: np.ndarray, video: np.ndarray, music_scale: Statistics, video_scale: Statistics
) -> Covariances:
    """Return the covariances of music, of video, and of music (rows) with video, all float64.

    `music` and `video`, (n, d_m) and (n, d_v), are centred and scaled by the mean and the variance
    given of each; they may be mapped from a file, and are read in blocks.
    """
    within_music, within_video, between = (
        np.zeros((len(a[0]), len(b[0])))
        for a, b in (
            (music_scale, music_scale),
            (video_scale, video_scale),
            (music_scale, video_scale),
        )
    )
    for rows in _blocks(len(music)):
        m, v = _scaled(music[rows], *music_scale), _scaled(video[rows], *video_scale)
        within_music += m.T @ m
        within_video += v.T @ v
        between += m.T @ v
    return within_music / len(music), within_video / len(music), between / len(music)


def canonical_directions(
    music: np.ndarray,
    video: np.ndarray,
    between: np.ndarray,
    ridge: float,
    n_features: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the directions of music and of video that correlate most, and how much they do.

    With C_m and C_v, the covariances and a ridge each, the directions are A = C_m^(-1/2) U and
    B = C_v^(-1/2) V of the singular value decomposition U S V' of C_m^(-1/2) C_mv C_v^(-1/2). Any
    root of C will do, for another turns U or V the other way; Cholesky's is the cheapest.

    Parameters
    ----------
    music, video, between
        Covariances, (d_m, d_m), (d_v, d_v) and (d_m, d_v).
    ridge
        What is added to every variance, as a share of the mean variance of the modality, above 0.
    n_features
        Over how many features the mean variance of each modality is; () is d_m and d_v. There are
        more where the covariances are by coordinates in a span that all features vary in.

    Returns
    -------
    A, B, correlations : (d_m, k), (d_v, k), (k,), k = min(d_m, d_v), the largest first.

    Examples
    --------
    One direction is shared by both, the other is each modality's own:

    >>> eye, shared = np.eye(2), np.diag([0.5, 0])
    >>> canonical_directions(eye, eye, shared, ridge=0.25)[2].round(9).tolist()
    [0.4, 0.0]
    """
    from scipy.linalg import solve_triangular

    n_features = n_features or (len(music), len(video))
    roots = [_root(one, ridge, n) for one, n in zip((music, video), n_features, strict=True)]
    half = solve_triangular(roots[0], between, lower=True)
    whitened = solve_triangular(roots[1], half.T, lower=True).T
    left, correlations, right = _svd(whitened)
    a, b = (
        solve_triangular(root, turned, lower=True, trans="T")
        for root, turned in zip(roots, (left, right.T), strict=True)
    )
    return a, b, correlations


def _svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the reduced singular value decomposition.

    LAPACK's faster routine (gesdd) does not converge on some finite matrices, such as those of few
    clips, where most singular values are 0; then the slower one (gesvd) takes its place.
    """
    try:
        return np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        from scipy.linalg import svd

        return svd(matrix, full_matrices=False, lapack_driver="gesvd")


def _root(covariance: np.ndarray, ridge: float, n_features: int) -> np.ndarray:
    """Return the lower triangle whose product with its transpose is the covariance with a ridge."""
    mean_variance = np.trace(covariance) / n_features or 1.0  # nothing varies at all
    return np.linalg.cholesky(covariance + ridge * mean_variance * np.eye(len(covariance)))


def _maps(
    scales: Iterable[Statistics], directions: Iterable[np.ndarray], correlations: np.ndarray
) -> tuple[Projection, Projection]:
    """Return the maps of music and video to the first directions, weighted by `correlations`."""
    music, video = (
        Projection(
            mean,
            (matrix[:, : len(correlations)] * correlations / np.sqrt(variance)[:, None]).astype(
                np.float32
            ),
        )
        for (mean, variance), matrix in zip(scales, directions, strict=True)
    )
    return music, video


def _mean_ranks(
    maps: tuple[Projection, Projection], clips: Pair, dims: Sequence[int]
) -> list[float]:
    """Return the mean rank of the right partners by the first dimensions, for each number of them.

    Both directions, by the distance of the centroids of clips; it is what `distance_matrix` gives.
    """
    from vmnet.evaluation.metrics import both_directions

    found = []
    projected = [side.project(part.data) for side, part in zip(maps, clips, strict=True)]
    for n in dims:
        music, video = (
            np.add.reduceat(_unit_norm(rows[:, :n]), part.offsets[:-1]) / part.lengths[:, None]
            for rows, part in zip(projected, clips, strict=True)
        )
        squares = np.square(video).sum(axis=1)[:, None] + np.square(music).sum(axis=1)
        distances = squares - 2 * (video @ music.T)
        found.append(float(np.mean([*both_directions(distances).values()])))
    return found


def _scaled(data: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (data.astype(np.float64) - mean) / np.sqrt(variance.astype(np.float64))


def _blocks(n_rows: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK_ROWS) for start in range(0, n_rows, BLOCK_ROWS))


def _unit_norm(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)


def _map_of(arrays: dict[str, np.ndarray], modality: str, n_dims: int) -> Projection:
    mean, matrix = arrays[f"{modality}_mean"], arrays[f"{modality}_matrix"]
    if matrix.shape != (len(mean), n_dims):
        raise ValueError(f"the {modality} matrix is {matrix.shape}, not {(len(mean), n_dims)}")
    return Projection(mean, matrix)
