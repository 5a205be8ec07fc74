"""Slow, obvious twins of the kernels, straight from the paper's equations and pseudo-code.

Distances take two clips, lists of segment vectors; all arithmetic is Python's own, in double
precision. Nothing here imports vmnet.
"""

import itertools
import math

# Distances (thesis, equations 7.1 to 7.6 and algorithms 1 and 2)


def dot(a, b):
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def squared_distance(a, b):
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def mean(vectors):
    return [sum(float(v[k]) for v in vectors) / len(vectors) for k in range(len(vectors[0]))]


def centroid(m, v):
    return squared_distance(mean(m), mean(v))


def single(m, v):
    return min(squared_distance(a, b) for a in m for b in v)


def complete(m, v):
    return max(squared_distance(a, b) for a in m for b in v)


def nw(m, v, indel=0.05):
    X = {}
    for i in range(len(m) + 1):
        X[i, 0] = -indel * i
    for j in range(len(v) + 1):
        X[0, j] = -indel * j
    for i in range(1, len(m) + 1):
        for j in range(1, len(v) + 1):
            sim = dot(m[i - 1], v[j - 1])
            X[i, j] = max(X[i - 1, j] - indel, X[i, j - 1] - indel, X[i - 1, j - 1] + sim)
    return -X[len(m), len(v)]


def sw(m, v, indel=0.01):
    X = {}
    for i in range(len(m) + 1):
        X[i, 0] = 0
    for j in range(len(v) + 1):
        X[0, j] = 0
    for i in range(1, len(m) + 1):
        for j in range(1, len(v) + 1):
            sim = dot(m[i - 1], v[j - 1])
            X[i, j] = max(0, X[i - 1, j] - indel, X[i, j - 1] - indel, X[i - 1, j - 1] + sim)
    return -max(X.values())


def minus_dot(a, b):
    return -dot(a, b)


def trace(m, v, D=minus_dot):
    return sum(D(a, b) for a, b in zip(m, v, strict=False))


def best_trace(m, v, D=minus_dot):
    if len(m) < len(v):
        shifts = range(len(v) - len(m) + 1)
        return min(sum(D(m[i], v[i + k]) for i in range(len(m))) for k in shifts)
    if len(m) > len(v):
        shifts = range(len(m) - len(v) + 1)
        return min(sum(D(m[i + k], v[i]) for i in range(len(v))) for k in shifts)
    return trace(m, v, D)


def trace_printed(m, v):
    return trace(m, v, squared_distance)


def best_trace_printed(m, v):
    return best_trace(m, v, squared_distance)


def count(m, v):
    return abs(len(m) - len(v))


def nw_mean(m, v, indel=0.05):
    return nw(m, v, indel) / min(len(m), len(v))


def sw_mean(m, v, indel=0.01):
    return sw(m, v, indel) / min(len(m), len(v))


def trace_mean(m, v):
    return trace(m, v) / min(len(m), len(v))


def best_trace_mean(m, v):
    return best_trace(m, v) / min(len(m), len(v))


DISTANCES = {
    "centroid": centroid,
    "single": single,
    "complete": complete,
    "nw": nw,
    "sw": sw,
    "trace": trace,
    "best_trace": best_trace,
    "trace_printed": trace_printed,
    "best_trace_printed": best_trace_printed,
    "count": count,
    "nw_mean": nw_mean,
    "sw_mean": sw_mean,
    "trace_mean": trace_mean,
    "best_trace_mean": best_trace_mean,
}


def distance_matrix(queries, targets, method, **params):
    return [[DISTANCES[method](query, target, **params) for target in targets] for query in queries]


# Music similarity (thesis, chapter 4)


def expand(w, E):
    return [max(w[i] * E[i][j] for i in range(len(w))) for j in range(len(w))]


def tag_similarity(w, v, c, gamma):
    shared = sum(float(k) * min(a, b) for k, a, b in zip(c, w, v, strict=True))
    either = sum(float(k) * max(a, b) for k, a, b in zip(c, w, v, strict=True))
    return 100 * (shared / either) ** gamma if either else 0.0


def list_metrics(ranked, reference, k):
    relevant = reference[:5]
    hits, precision, found, gain = 0, 0.0, 0.0, 0.0
    for i, track in enumerate(ranked[:k], 1):
        if track in relevant:
            hits += 1
            precision += hits / i
            found = found or 1 / i
            gain += (5 - relevant.index(track)) / math.log2(i + 1)
    best = sum((6 - n) / math.log2(n + 1) for n in range(1, 6))
    return {"map": precision / 5, "recall": hits / 5, "rr": found, "ndcg": gain / best}


def negative_probabilities(strategy, reference_list, S_row, i, n_negatives):
    """Return how likely each track is to be the first negative of the positive at place i."""
    after = [int(track) for track in list(reference_list)[i + 1 :]]
    if strategy == "neighbors":
        return dict.fromkeys(after[:n_negatives], 1.0)
    if strategy == "random":
        return dict.fromkeys(after, 1 / len(after))
    total = sum(S_row[track] for track in after)
    return {track: S_row[track] / total if total else 1 / len(after) for track in after}


# Metrics (paper, section V-F)


def rank(row, right):
    """Average place of `row[right]` over all orders in which ties may be listed."""
    better = sum(d < row[right] for d in row)
    tied = sum(d == row[right] for d in row)
    places = range(better + 1, better + tied + 1)
    return sum(places) / len(places)


def ranks(distances, targets=None):
    targets = range(len(distances)) if targets is None else targets
    return [rank(list(row), right) for row, right in zip(distances, targets, strict=True)]


def summarize(ranks):
    n = len(ranks)
    average = sum(ranks) / n
    variance = sum((rank - average) ** 2 for rank in ranks) / (n - 1)
    middle = sorted(ranks)[(n - 1) // 2 : n // 2 + 1]
    return {
        "R@1": 100 * sum(rank <= 1 for rank in ranks) / n,
        "R@10": 100 * sum(rank <= 10 for rank in ranks) / n,
        "R@25": 100 * sum(rank <= 25 for rank in ranks) / n,
        "mean_rank": average,
        "ci95": 1.96 * math.sqrt(variance / n),
        "median_rank": sum(middle) / len(middle),
    }


# Scenarios (paper, section V-E), on one clip


def crop(segments):
    segments = list(segments)
    for _ in range(2):
        if len(segments) > 1:
            segments.pop(0)
    return segments


def stretch(segments):
    return [copy for segment in segments for copy in (segment, segment)]


# --- the loss of the original VM-Net (CBVMR), and the thesis' other intra-modal term --------------


def nearest_violations(anchors, others, clips, margin, top):
    """L_VM or L_MV: the `top` nearest negatives of each anchor, one after the other."""
    total = 0.0
    kept = min(top, len(clips) - 1)
    for i, anchor in enumerate(anchors):
        negatives = [other for j, other in enumerate(others) if clips[j] != clips[i]]
        nearest = sorted(-dot(anchor, negative) for negative in negatives)[:kept]
        for distance in nearest:
            total += max(-dot(anchor, others[i]) - distance + margin, 0)
    return total / (len(anchors) * kept)


def intra_modal(embeddings, features, clips, top):
    """L_VV or L_MM: triplets i, j, j + 1 of three clips among the first `top` samples."""
    features = [[x / dot(row, row) ** 0.5 for x in row] for row in features]
    n, terms = min(top, len(clips)), []
    for i in range(n):
        for j in range(n - 1):
            if len({clips[i], clips[j], clips[j + 1]}) == 3:
                low = dot(features[i], features[j + 1]) - dot(features[i], features[j])
                high = dot(embeddings[i], embeddings[j + 1]) - dot(embeddings[i], embeddings[j])
                sign_low, sign_high = (low > 0) - (low < 0), (high > 0) - (high < 0)
                terms.append((sign_low - sign_high) * -high)
    return sum(terms) / max(len(terms), 1)


def intra_triplet(embeddings, features, clips, top, margin):
    """The thesis' form (section 5.1.3): of j and j + 1, the nearer one in the features is p."""
    n, terms = min(top, len(clips)), []
    for a in range(n):
        for j in range(n - 1):
            near, far = j, j + 1
            gap = squared_distance(features[a], features[far])
            gap -= squared_distance(features[a], features[near])
            if len({clips[a], clips[j], clips[j + 1]}) < 3 or gap == 0:
                continue
            if gap < 0:
                near, far = far, near
            own = squared_distance(embeddings[a], embeddings[near])
            terms.append(max(own - squared_distance(embeddings[a], embeddings[far]) + margin, 0))
    return sum(terms) / max(len(terms), 1)


def cbvmr(music, video, clips, music_features, video_features, margin, weights, intra, top):
    """The weighted sum of the four terms."""
    return (
        weights[0] * nearest_violations(video, music, clips, margin, top)
        + weights[1] * nearest_violations(music, video, clips, margin, top)
        + intra[0] * intra_modal(video, video_features, clips, top)
        + intra[1] * intra_modal(music, music_features, clips, top)
    )


def softmax(music, video, clips, temperature):
    """Both cross-entropies of each pair, one negative after the other."""
    terms = []
    for anchors, others in ((video, music), (music, video)):
        for i, anchor in enumerate(anchors):
            own = math.exp(dot(anchor, others[i]) / temperature)
            total = own
            for j, other in enumerate(others):
                if clips[i] != clips[j]:
                    total += math.exp(dot(anchor, other) / temperature)
            terms.append(-math.log(own / total))
    return sum(terms) / len(terms)


# Music similarity (thesis, equation 2.6 and section 4.2.4)


def triplets(groups, margin):
    """Each group is an anchor, its positive and its negatives."""
    terms = []
    for anchor, positive, *negatives in groups:
        for negative in negatives:
            near = squared_distance(anchor, positive)
            terms.append(max(near - squared_distance(anchor, negative) + margin, 0.0))
    return sum(terms) / len(terms)


def tags(given, estimated):
    """Cross-entropy of each track's tags, one tag after the other; the mean over tracks."""
    total = 0.0
    for truths, guesses in zip(given, estimated, strict=True):
        for y, p in zip(truths, guesses, strict=True):
            total -= float(y) * math.log(float(p)) + (1 - float(y)) * math.log(1 - float(p))
    return total / len(given)


def inter_modal(music, video, clips, margin, weights, negatives):
    """The mean over all triplets, one after the other; the pairs of a clip stand in order."""
    is_negative = {
        "other_clips": lambda i, j: clips[i] != clips[j],
        "same_clip": lambda i, j: i != j,
        "adjacent": lambda i, j: clips[i] != clips[j] or j in (i - 1, i + 1),
    }[negatives]
    terms = []
    for i in range(len(clips)):
        own = squared_distance(video[i], music[i])
        for j in filter(lambda j: is_negative(i, j), range(len(clips))):
            seen = max(own - squared_distance(video[i], music[j]) + margin, 0)
            heard = max(own - squared_distance(music[i], video[j]) + margin, 0)
            terms.append(weights[0] * seen + weights[1] * heard)
    return sum(terms) / max(len(terms), 1)


def bce(matching, others):
    """Of probabilities: -log p where a pair matches, -log(1 - p) where it does not."""
    terms = [-math.log(1 / (1 + math.exp(-logit))) for logit in matching]
    terms += [-math.log(1 - 1 / (1 + math.exp(-logit))) for logit in others]
    return sum(terms) / len(terms)


def judge(layers, music, video):
    """The logit of one pair: three layers on the two embeddings, one after the other in a list."""
    x = [*music, *video]
    for i, (kernel, bias) in enumerate(layers):
        x = [dot(x, column) + own for column, own in zip(zip(*kernel), bias)]  # noqa: B905
        x = [max(each, 0) for each in x] if i < len(layers) - 1 else x
    return x[0]


# Controls: two lists of lengths (s)


def lengths_sorted(a, b):
    a, b = sorted(a, reverse=True), sorted(b, reverse=True)
    pairs = min(len(a), len(b))
    paired = sum(abs(float(x) - float(y)) for x, y in zip(a[:pairs], b[:pairs], strict=True))
    return paired + sum(map(float, [*a[pairs:], *b[pairs:]]))


def lengths_ordered(a, b):
    short, long = sorted([list(map(float, a)), list(map(float, b))], key=len)
    sums = []
    for place in range(len(long) - len(short) + 1):
        inside = long[place : place + len(short)]
        beside = sum(long) - sum(inside)
        sums.append(beside + sum(abs(x - y) for x, y in zip(short, inside, strict=True)))
    return min(sums)


# Canonical correlations (Hotelling 1936, with the ridge of Vinod 1976)


def canonical_correlations(music, video, ridge):
    """The generalised eigenproblem of both modalities at once; NumPy's and SciPy's arithmetic."""
    import numpy as np
    from scipy.linalg import block_diag, eigh

    music, video = (np.array(part) - np.mean(part, axis=0) for part in (music, video))
    within = []
    for part in (music, video):
        covariance = part.T @ part / len(part)
        mean_variance = np.mean(np.diag(covariance))
        within.append(covariance + ridge * mean_variance * np.eye(len(covariance)))
    between = music.T @ video / len(music)
    n = music.shape[1]
    both = np.zeros((n + video.shape[1],) * 2)
    both[:n, n:], both[n:, :n] = between, between.T
    values, vectors = eigh(both, block_diag(*within))
    order = np.argsort(-values)[: min(between.shape)]
    directions = vectors[:, order] * np.sqrt(2)  # half of the unit norm is either modality's
    return directions[:n], directions[n:], values[order]


# Edits of the music


def refined(start, end, track_start, track_end, video, track, overlap=0.5):
    """Try every shift of a whole second; of starts that are equally good the nearest counts."""
    rows = [t for t in range(len(video)) if start <= t + 0.5 < end]
    if not rows:
        rows = [min(range(len(video)), key=lambda t: abs(t + 0.5 - (start + end) / 2))]
    shorter = min(end - start, track_end - track_start)
    found = {}
    for shift in range(-len(video), len(track) + 1):
        begins = start + shift
        fits = all(0 <= row + shift < len(track) for row in rows)
        heard = min(begins + end - start, track_end) - max(begins, track_start)
        if fits and begins >= -1e-6 and heard >= overlap * shorter - 1e-6:
            found[begins] = sum(dot(video[r], track[r + shift]) for r in rows) / len(rows)
    good = [begins for begins in found if found[begins] >= max(found.values()) - 1e-3]
    if not good:
        return track_start
    nearest = min(good, key=lambda begins: (round(abs(begins - track_start), 6), begins))
    return track_start if abs(nearest - track_start) <= 0.5 else nearest


def fewest_cuts(agreement, prices, cut_cost):
    """Return the value of the best of all choices of an offset for each segment."""
    n, k = len(agreement), len(agreement[0])
    best = -math.inf
    for choice in itertools.product(range(k), repeat=n):
        cuts = [i for i in range(1, n) if choice[i] != choice[i - 1]]
        total = sum(agreement[i][choice[i]] for i in range(n)) - cut_cost * len(cuts)
        best = max(best, total - sum(prices[i][choice[i]] for i in [0, *cuts]))
    return best


def edited_music(track, cuts, track_seconds, rate):
    """The left of an edit's music, sample by sample: `cuts` are (video_in, video_out, track_in)."""
    music = [0.0] * round(cuts[-1][1] * rate)
    for k, (start, end, source) in enumerate(cuts):
        half = (end - start) / 2
        rise = fall = (0.0, 0.0)
        if k == 0 and source > 1e-6:
            rise = (0.0, min(0.01, half))
        if k == len(cuts) - 1 and source + end - start < track_seconds - 1e-6:
            fall = (-min(0.01, half), 0.0)
        if k > 0:
            rise = _crossing(cuts[k - 1], cuts[k], track_seconds) or (0.0, min(0.01, half))
        if k < len(cuts) - 1:
            fall = _crossing(cuts[k], cuts[k + 1], track_seconds) or (-min(0.01, half), 0.0)
        up = [round((start + moment) * rate) for moment in rise]
        down = [round((end + moment) * rate) for moment in fall]
        for i in range(max(0, up[0]), min(len(music), down[1])):
            gain = 1.0
            if i < up[1]:
                gain *= math.sin(math.pi / 2 * (i + 0.5 - up[0]) / (up[1] - up[0]))
            if i >= down[0]:
                gain *= math.cos(math.pi / 2 * (i + 0.5 - down[0]) / (down[1] - down[0]))
            j = i + round((source - start) * rate)
            if 0 <= j < len(track):
                music[i] += gain * track[j]
    return music


def _crossing(before, after, track_seconds):
    """How long before and after their cut two events cross, s; None where they cannot."""
    left = track_seconds - (before[2] + before[1] - before[0])
    early = min(0.025, after[2], (before[1] - before[0]) / 2)
    late = min(0.025, max(0.0, left), (after[1] - after[0]) / 2)
    early, late = (0.0 if moment < 1e-6 else moment for moment in (early, late))
    return (-early, late) if early or late else None


# Pooling of frames (thesis, equation 4.1 and section 5.2.3): one clip, a list of frames


def auto_pool(frames, alphas):
    """y_j = sum_t x_tj exp(a_j x_tj) / sum_t exp(a_j x_tj)."""
    pooled = []
    for j, alpha in enumerate(alphas):
        column = [float(frame[j]) for frame in frames]
        weights = _softmax([alpha * x for x in column])
        pooled.append(sum(w * x for w, x in zip(weights, column, strict=True)))
    return pooled


def attention_weights(frames, w, b):
    """a_t = softmax_t(tanh(w . x_t + b))."""
    return _softmax([math.tanh(dot(w, frame) + b) for frame in frames])


def attention(frames, w, b):
    weights = attention_weights(frames, w, b)
    n = len(frames[0])
    return [sum(a * float(x[j]) for a, x in zip(weights, frames, strict=True)) for j in range(n)]


def _softmax(scores):
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    return [weight / sum(weights) for weight in weights]


# The language of clips (thesis, sections 6.2.3 and equation 6.1)


def intensity(event, times, likelihood, sigma):
    """S_i = sum_n w(t_n - t_i) f(t_n)."""
    return sum(
        math.exp(-((t - event) ** 2) / (2 * sigma**2)) * f
        for t, f in zip(times, likelihood, strict=True)
    )


def dominant_shot(shots, width):
    """Centre of the fullest bin, the first of equals; a length within 1e-6 of an edge is on it."""
    bins = {}
    for shot in shots:
        k = math.floor(shot / width + 1e-6)
        bins[k] = bins.get(k, 0) + 1
    most = max(bins.values())
    return (min(k for k, n in bins.items() if n == most) + 0.5) * width


def log_normal_counts(shots_of_films, units, rng_of_films, draws, width):
    """How many films agree in each draw: each film's shots drawn one by one, one draw at a time."""
    counts = [0] * draws
    for shots, unit, rng in zip(shots_of_films, units, rng_of_films, strict=True):
        logs = [math.log(shot) for shot in shots]
        mu = sum(logs) / len(logs)
        sigma = math.sqrt(sum((log - mu) ** 2 for log in logs) / len(logs))
        for k in range(draws):
            drawn = [math.exp(mu + sigma * rng.standard_normal()) for _ in shots]
            counts[k] += unit / 2 < dominant_shot(drawn, width) < 1.5 * unit
    return counts
