"""The triplet loss of the VM-Net (paper, sections III-C and IV-C), for every Keras backend."""

from typing import Any

from keras import ops


def inter_modal_loss(
    music: Any,
    video: Any,
    clip_ids: Any,
    margin: float = 0.1,
    weights: tuple[float, float] = (1.0, 1.0),
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

    Returns
    -------
    scalar
        At least 0; exactly 0 where all pairs come from one clip, as there is no triplet.
    """
    other_clip = ops.cast(
        ops.not_equal(ops.expand_dims(clip_ids, 1), ops.expand_dims(clip_ids, 0)), music.dtype
    )
    twice_dot = 2 * ops.matmul(video, ops.transpose(music))  # [i, j]: video i, music j
    twice_own = 2 * ops.sum(video * music, axis=1)
    music_norm, video_norm = ops.sum(music * music, axis=1), ops.sum(video * video, axis=1)

    # |a - p|^2 - |a - n|^2: the anchor's own norm cancels, so it is left out of both distances.
    own_music, own_video = twice_own - music_norm, twice_own - video_norm
    video_anchors = twice_dot - music_norm[None, :] - own_music[:, None]
    music_anchors = twice_dot - video_norm[:, None] - own_video[None, :]
    violations = weights[0] * ops.relu(video_anchors + margin)
    violations += weights[1] * ops.relu(music_anchors + margin)
    return ops.sum(violations * other_clip) / ops.maximum(ops.sum(other_clip), 1)
