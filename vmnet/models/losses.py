"""The losses of the VM-Net, for every Keras backend.

`inter_modal_loss` is the paper's (sections III-C and IV-C), `cbvmr_loss` the one of the original
VM-Net of Hong, Im and Yang ("Content-Based Video-Music Retrieval Using Soft Intra-Modal Structure
Constraint", ICMR 2018), which the paper leaves for the first. Its intra-modal terms come in two
forms: `intra_modal_loss` compares signs and is CBVMR's own; `intra_triplet_loss` is what the thesis
(section 5.1.3) describes in its place, triplets picked by the features, with a margin.
`softmax_loss` is neither's: on some hundreds of real videos it learns more than a margin does.
`bce_loss` is the thesis' other loss (section 5.2.1), of pairs that a head judges; see `head`.
"""

from typing import Any

from vmnet.models.backend import ops
from vmnet.models.settings import TrainingConfig

_FAR = 1e6  # above every distance of two unit vectors


def inter_modal_loss(
    music: Any,
    video: Any,
    clip_ids: Any,
    margin: float = 0.1,
    weights: tuple[float, float] = (1.0, 1.0),
    negatives: str = "other_clips",
) -> Any:
    """Return the inter-modal ranking loss of a batch of pairs, over all its triplets.

    For each anchor, the positive is the sample of the other modality at the same index, and the
    negatives are all samples of the other modality that come from other clips:

        mean of  weights[0] max(|v_i - m_i|^2 - |v_i - m_j|^2 + margin, 0)      (video anchors)
               + weights[1] max(|m_i - v_i|^2 - |m_i - v_j|^2 + margin, 0)      (music anchors)

    over all i, j with clip_ids[i] != clip_ids[j]: the b (b - 1) triplets of section IV-C when the b
    pairs come from b clips. Embeddings need not have unit norm.

    Parameters
    ----------
    music, video : (b, dim) float
        Embeddings; row i of both is one segment of one clip.
    clip_ids : (b,) int
        The clip of each pair.
    margin
        alpha of the paper, a squared distance.
    weights
        lambda_1 and lambda_2 of the paper.
    negatives
        A key of `NEGATIVES`, which rows j are negatives of row i: "other_clips", as above;
        "same_clip", all j != i; "adjacent", those of other clips and rows i - 1 and i + 1 where
        they are of the same clip, whose segments stand one after the other in such a batch.

    Returns
    -------
    scalar
        At least 0; exactly 0 where there is no triplet, as where all pairs come from one clip.
    """
    chosen = ops.cast(NEGATIVES[negatives](clip_ids), music.dtype)
    twice_dot = 2 * ops.matmul(video, ops.transpose(music))  # [i, j]: video i, music j
    twice_own = 2 * ops.sum(video * music, axis=1)
    music_norm, video_norm = ops.sum(music * music, axis=1), ops.sum(video * video, axis=1)

    # |a - p|^2 - |a - n|^2: the anchor's own norm cancels, so it is left out of both distances.
    own_music, own_video = twice_own - music_norm, twice_own - video_norm
    video_anchors = twice_dot - music_norm[None, :] - own_music[:, None]
    music_anchors = twice_dot - video_norm[:, None] - own_video[None, :]
    violations = weights[0] * ops.relu(video_anchors + margin)
    violations += weights[1] * ops.relu(music_anchors + margin)
    return ops.sum(violations * chosen) / ops.maximum(ops.sum(chosen), 1)


def _other_clips(clip_ids: Any) -> Any:
    return ops.logical_not(_same(clip_ids, clip_ids))


def _other_rows(clip_ids: Any) -> Any:
    rows = ops.arange(ops.shape(clip_ids)[0])
    return ops.logical_not(_same(rows, rows))


def _other_clips_and_neighbours(clip_ids: Any) -> Any:
    rows = ops.arange(ops.shape(clip_ids)[0])
    beside = ops.equal(ops.abs(ops.expand_dims(rows, 1) - ops.expand_dims(rows, 0)), 1)
    return ops.logical_or(_other_clips(clip_ids), beside)


# From the clips of a batch, (b,) int, to which j are negatives of i, (b, b) bool.
NEGATIVES = {
    "other_clips": _other_clips,
    "same_clip": _other_rows,
    "adjacent": _other_clips_and_neighbours,
}


def cbvmr_loss(
    music: Any,
    video: Any,
    clip_ids: Any,
    music_features: Any,
    video_features: Any,
    margin: float = 0.1,
    weights: tuple[float, float] = (1.0, 3.0),
    intra_weights: tuple[float, float] = (0.2, 0.2),
    top: int = 100,
    intra: str = "sign",
    intra_margin: float = 0.1,
) -> Any:
    """Return the loss of the original VM-Net: two inter-modal and two intra-modal terms.

    With d(a, b) = -a.b, the loss is

        weights[0] L_VM + weights[1] L_MV + intra_weights[0] L_VV + intra_weights[1] L_MM.

    An inter-modal term is the mean of max(d(anchor, positive) - d(anchor, negative) + margin, 0)
    over the `top` nearest negatives of each anchor, those that violate the order most. An
    intra-modal term is that of `intra_modal_loss`, or of `intra_triplet_loss`.

    The terms, minus the dot product as the distance, the nearest `top` and the values of all
    weights are those of the authors' released code, whose first weight, 3, belongs to the music
    anchors. The thesis adds that negatives come from other clips, which matters where a clip is in
    a batch twice. Ours: where fewer than `top` negatives are left, the missing ones count as 0.

    Parameters
    ----------
    music, video : (b, dim) float
        Embeddings of unit norm; row i of both is one segment of one clip.
    clip_ids : (b,) int
        The clip of each pair.
    music_features, video_features : (b, their dim) float
        What was embedded.
    margin
        Of the inter-modal terms, a difference of dot products: half one of squared distances.
    weights
        lambda_1 of the video anchors and lambda_2 of the music anchors.
    intra_weights
        lambda_3 of the video triplets and lambda_4 of the music triplets; (0, 0) leaves the
        inter-modal terms alone.
    top
        Q, the negatives kept for each anchor, and the samples of the intra-modal terms; all of the
        batch where it has fewer.
    intra
        A key of `INTRA`, the form of the intra-modal terms.
    intra_margin
        Of the form "triplet", a squared distance; "sign" has none.

    Returns
    -------
    scalar
        At least 0.
    """
    similarity = ops.matmul(video, ops.transpose(music))  # [i, j]: video i, music j
    own = ops.sum(video * music, axis=1)
    same_clip = ops.cast(_same(clip_ids, clip_ids), music.dtype)
    negatives = similarity - _FAR * same_clip
    loss = weights[0] * _nearest_violations(negatives, own, margin, top)
    loss += weights[1] * _nearest_violations(ops.transpose(negatives), own, margin, top)
    parts = (video, video_features), (music, music_features)
    for weight, (embedding, features) in zip(intra_weights, parts, strict=True):
        if weight:
            loss += weight * INTRA[intra](embedding, features, clip_ids, top, intra_margin)
    return loss


def softmax_loss(music: Any, video: Any, clip_ids: Any, temperature: float = 0.4) -> Any:
    """Return the cross-entropy of naming the right partner of each sample in the batch.

    The mean of both directions of

        -log(exp(v_i.m_i / t) / sum over j of exp(v_i.m_j / t)),

    where j runs over i itself and the samples of other clips (InfoNCE: van den Oord et al.,
    "Representation Learning with Contrastive Predictive Coding", 2018; both directions: Radford et
    al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021).

    Parameters
    ----------
    music, video : (b, dim) float
        Embeddings of unit norm; row i of both is one pair of one clip.
    clip_ids : (b,) int
        The clip of each pair.
    temperature
        t, above 0: the smaller, the more the nearest negatives count.

    Returns
    -------
    scalar
        At least 0.
    """
    same_clip = ops.cast(_same(clip_ids, clip_ids), music.dtype)
    same_clip -= ops.eye(ops.shape(clip_ids)[0], dtype=music.dtype)
    logits = ops.matmul(video, ops.transpose(music)) / temperature - _FAR * same_clip
    own = ops.sum(video * music, axis=1) / temperature
    both = [ops.logsumexp(logits, axis=axis) - own for axis in (0, 1)]
    return ops.mean(ops.stack(both))


def intra_modal_loss(embedding: Any, features: Any, clip_ids: Any, top: int = 100) -> Any:
    """Return CBVMR's soft intra-modal structure constraint of one modality.

    For triplets (i, j, k) from three clips, with d(a, b) = -a.b, x the features brought to unit
    norm and e the embeddings, it is the mean of

        (sign(d(x_i, x_j) - d(x_i, x_k)) - sign(d(e_i, e_j) - d(e_i, e_k)))
        * (d(e_i, e_k) - d(e_i, e_j)),

    which is 0 where the embedding keeps the order of the features and else twice the difference of
    the embedding's distances, or once where the features tie. There is no margin.

    All triplets of a batch of 1,000 would be a thousand million. As in the authors' released code,
    they are those with i, j, k among the first `top` samples of the batch and k = j + 1: the order
    of a batch is random, so they are a random sample.

    Parameters are those of `cbvmr_loss`, for one modality.
    """
    embedding, features, clip_ids = embedding[:top], features[:top], clip_ids[:top]
    features = ops.normalize(features, axis=1)
    in_embedding = _steps_between_neighbours(embedding)
    in_features = ops.stop_gradient(_steps_between_neighbours(features))
    disagreement = ops.sign(in_features) - ops.sign(in_embedding)
    three_clips = ops.cast(_three_clips(clip_ids), embedding.dtype)
    total = ops.sum(-disagreement * in_embedding * three_clips)
    return total / ops.maximum(ops.sum(three_clips), 1)


def intra_triplet_loss(
    embedding: Any, features: Any, clip_ids: Any, top: int = 100, margin: float = 0.1
) -> Any:
    """Return the intra-modal triplet loss that the thesis describes (section 5.1.3), one modality.

    For triplets (a, p, n) from three clips with |x_a - x_p| < |x_a - x_n| in the features x, as
    they are given, it is the mean over the embeddings e of

        max(|e_a - e_p|^2 - |e_a - e_n|^2 + margin, 0).

    The thesis says neither how many triplets nor which. Ours: those of `intra_modal_loss`, whose
    features decide which of two neighbours in the batch is p; where they tie, neither is.

    Parameters are those of `cbvmr_loss`, for one modality; `margin` is of squared distances.
    """
    embedding, features = embedding[:top], features[:top]
    further_in_features = ops.stop_gradient(_squared_steps(features))
    # d(a, j) - d(a, j + 1), turned so that the nearer of the two in the features comes first
    violation = -ops.sign(further_in_features) * _squared_steps(embedding) + margin
    chosen = ops.cast(_three_clips(clip_ids[:top]), embedding.dtype)
    chosen *= ops.cast(ops.not_equal(further_in_features, 0), embedding.dtype)
    return ops.sum(ops.relu(violation) * chosen) / ops.maximum(ops.sum(chosen), 1)


def _intra_signs(embedding: Any, features: Any, clip_ids: Any, top: int, margin: float) -> Any:
    return intra_modal_loss(embedding, features, clip_ids, top)  # which has no margin


# The forms of the intra-modal terms.
INTRA = {"sign": _intra_signs, "triplet": intra_triplet_loss}


def bce_loss(matching: Any, others: Any) -> Any:
    """Return the binary cross-entropy of pairs that a head judges (thesis, section 5.2.1).

    The mean over all pairs of -log p where the target is 1 and -log(1 - p) where it is 0, with
    p = sigmoid(logit); computed from the logits, which is exact where p rounds to 0 or 1.

    Parameters
    ----------
    matching, others : (b, ...) float
        Logits of as many pairs that match as of pairs that do not.

    Returns
    -------
    scalar
        At least 0; log 2 of a head that knows nothing.
    """
    return (ops.mean(ops.softplus(-matching)) + ops.mean(ops.softplus(others))) / 2


def _three_clips(clip_ids: Any) -> Any:
    """Tell which i, j, j + 1 are of three clips, (n, n - 1) bool."""
    same = _same(clip_ids, clip_ids)
    neighbours = ops.equal(clip_ids[:-1], clip_ids[1:])
    return ops.logical_not(
        ops.logical_or(ops.logical_or(same[:, :-1], same[:, 1:]), neighbours[None, :])
    )


def _squared_steps(vectors: Any) -> Any:
    """Return |v_i - v_j+1|^2 - |v_i - v_j|^2, (n, n - 1): above 0 where v_j is the nearer one."""
    norms = ops.sum(vectors * vectors, axis=1)
    return norms[None, 1:] - norms[None, :-1] - 2 * _steps_between_neighbours(vectors)


def _steps_between_neighbours(vectors: Any) -> Any:
    """Return d(v_i, v_j) - d(v_i, v_j+1), (n, n - 1), where d is minus the dot product."""
    similarity = ops.matmul(vectors, ops.transpose(vectors))
    return similarity[:, 1:] - similarity[:, :-1]


def _nearest_violations(negatives: Any, own: Any, margin: float, top: int) -> Any:
    """Return the mean violation by the `top` most similar negatives (columns) of each anchor."""
    n = ops.shape(negatives)[1]
    kept = min(top, n - 1) if isinstance(n, int) else ops.minimum(top, n - 1)
    nearest, _ = ops.top_k(negatives, kept, sorted=False)
    return ops.mean(ops.relu(nearest - own[:, None] + margin))


def _same(one: Any, other: Any) -> Any:
    return ops.equal(ops.expand_dims(one, 1), ops.expand_dims(other, 0))


def _triplet(x: Any, embeddings: Any, clip_ids: Any, config: TrainingConfig) -> Any:
    music, video = embeddings
    return inter_modal_loss(music, video, clip_ids, config.margin, config.weights, config.negatives)


def _cbvmr(x: Any, embeddings: Any, clip_ids: Any, config: TrainingConfig) -> Any:
    (music, video), (music_features, video_features) = embeddings, x
    return cbvmr_loss(
        music,
        video,
        clip_ids,
        music_features,
        video_features,
        config.margin,
        config.weights,
        config.intra_weights,
        config.top,
        config.intra,
        config.intra_margin,
    )


def _softmax(x: Any, embeddings: Any, clip_ids: Any, config: TrainingConfig) -> Any:
    music, video = embeddings
    return softmax_loss(music, video, clip_ids, config.temperature)


# From (music, video) features, (music, video) embeddings, clips and settings to a scalar.
LOSSES = {"triplet": _triplet, "cbvmr": _cbvmr, "softmax": _softmax}
