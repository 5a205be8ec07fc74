"""Compiled kernels over similarity matrices; they assume, `vmnet.aligners.distances` validates.

A similarity matrix S holds the dot products of the segments of query clips (rows) and target clips
(columns), float32. The targets are interleaved (see `vmnet.aligners.targets`): up to `LANES` of
them make a group, and column by column the segments of one position stand side by side, so that one
vector instruction advances as many alignments. A lane whose clip has ended goes on with what stands
there, up to `LANES` columns after the last, and nobody reads it.

The inner loops are written for LLVM's vectoriser: the larger of two by a comparison, no branch, and
no array that is read and written under two names, for which it would check and give up.
"""

import numpy as np
from numba import njit

LANES = 32  # targets in a group: four vectors of AVX-512, so that one need not wait for another

# Which cells of the table X may end an alignment
CORNER, ANYWHERE, FULL_DIAGONALS = 0, 1, 2


@njit(cache=True, nogil=True)
def fill(S: np.ndarray, indel: float, floor: float, X: np.ndarray) -> None:
    """Fill X (n + 1, m + 1) of one pair of clips, whose S is (n, m).

    Algorithm 1 of the paper has no floor (minus infinity), algorithm 2 is the same with a floor of
    zero, at the borders also.
    """
    n, m = S.shape
    for j in range(m + 1):
        X[0, j] = max(-indel * j, floor)
    for i in range(1, n + 1):
        X[i, 0] = max(-indel * i, floor)
        for j in range(1, m + 1):
            skip = max(X[i - 1, j], X[i, j - 1]) - indel
            X[i, j] = max(floor, max(skip, X[i - 1, j - 1] + S[i - 1, j - 1]))


@njit(cache=True, nogil=True)
def alignment_scores(
    S: np.ndarray,
    rows: np.ndarray,
    members: np.ndarray,
    positions: np.ndarray,
    columns: np.ndarray,
    lengths: np.ndarray,
    scores: np.ndarray,
    border: float,
    indel: float,
    floor: float,
    ends: int,
) -> None:
    """Write the score of every pair of the block into scores (n_queries, n_targets) float32.

    `border` is the cost of a skip before the first match, `indel` that of one after it, `rows` the
    offsets of the queries; the next four are those of `Layout`.
    """
    X = np.empty((np.diff(positions).max() + 1, LANES))  # a row of it at a time, in place
    above, left, best = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for q in range(len(rows) - 1):
        n = rows[q + 1] - rows[q]
        for g in range(len(members) - 1):
            edges = columns[positions[g] : positions[g + 1] + 1]
            clips = lengths[members[g] : members[g + 1]]
            for j in range(len(edges)):
                X[j] = max(-border * j, floor)
            best[:] = 0 if ends == ANYWHERE else -np.inf
            for i in range(1, n + 1):
                above[:] = X[0, 0]
                X[0] = max(-border * i, floor)
                left[:] = X[0, 0]
                _next_row(S[rows[q] + i - 1], edges, X, above, left, indel, floor)
                if ends == ANYWHERE:
                    _largest_of_row(X, edges, best)
                elif ends == FULL_DIAGONALS:
                    for lane in range(len(clips)):
                        if clips[lane] <= i:
                            best[lane] = max(best[lane], X[clips[lane], lane])
            for lane in range(len(clips)):
                if ends == CORNER:
                    best[lane] = X[clips[lane], lane]
                elif ends == FULL_DIAGONALS:
                    for j in range(n, clips[lane] + 1):
                        best[lane] = max(best[lane], X[j, lane])
                scores[q, members[g] + lane] = best[lane]


@njit(cache=True, nogil=True)
def _next_row(
    products: np.ndarray,
    edges: np.ndarray,
    X: np.ndarray,
    above: np.ndarray,
    left: np.ndarray,
    indel: float,
    floor: float,
) -> None:
    """Replace a row of X by the next; `above` is X[i - 1, j - 1] and `left` X[i, j - 1]."""
    for j in range(len(edges) - 1):
        dot = products[edges[j] : edges[j] + LANES]
        x = X[j + 1]
        for lane in range(LANES):
            skip = (left[lane] if left[lane] > x[lane] else x[lane]) - indel
            match = above[lane] + dot[lane]
            score = skip if skip > match else match
            score = score if score > floor else floor
            above[lane] = x[lane]
            left[lane] = score
            x[lane] = score


@njit(cache=True, nogil=True)
def _largest_of_row(X: np.ndarray, edges: np.ndarray, best: np.ndarray) -> None:
    for j in range(len(edges) - 1):
        x = X[j + 1]
        for lane in range(edges[j + 1] - edges[j]):  # the lanes whose clip has not ended
            best[lane] = x[lane] if x[lane] > best[lane] else best[lane]


@njit(cache=True, nogil=True)
def largest_scores(
    S: np.ndarray,
    rows: np.ndarray,
    members: np.ndarray,
    positions: np.ndarray,
    columns: np.ndarray,
    lengths: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Write the largest entry of every pair of the block into scores, likewise."""
    largest = np.empty(S.shape[1], S.dtype)
    for q in range(len(rows) - 1):
        largest[:] = S[rows[q]]
        for i in range(rows[q] + 1, rows[q + 1]):
            products = S[i]
            for c in range(len(largest)):
                largest[c] = products[c] if products[c] > largest[c] else largest[c]
        for g in range(len(members) - 1):
            best = scores[q, members[g] : members[g + 1]]
            best[:] = -np.inf
            for p in range(positions[g], positions[g + 1]):
                for lane in range(columns[p + 1] - columns[p]):
                    best[lane] = max(best[lane], largest[columns[p] + lane])


@njit(cache=True, nogil=True)
def add_at(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray, products: np.ndarray) -> None:
    """Do scores[np.ix_(rows, columns)] += products, which NumPy does in three copies."""
    for i in range(len(rows)):
        row = scores[rows[i]]
        for j in range(len(columns)):
            row[columns[j]] += products[i, j]


@njit(cache=True, nogil=True)
def to_float32(half: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Write the finite float16 numbers half[rows], given as their uint16 bits, into out (float32).

    Shifted to where float32 has them, the bits are the number times 2**-112, the difference of the
    biases of the exponents. NumPy's own conversion takes ten times as long.
    """
    sign, rest, shift = np.uint32(0x8000), np.uint32(0x7FFF), np.uint32(13)
    for k in range(len(rows)):
        source, target = half[rows[k]], out[k]
        bits = target.view(np.uint32)
        for d in range(len(source)):
            x = np.uint32(source[d])
            bits[d] = ((x & sign) << np.uint32(16)) | ((x & rest) << shift)
        for d in range(len(source)):
            target[d] *= np.float32(2.0**112)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})  # any order of summation
def dot_products_of_half(
    q: np.ndarray, half: np.ndarray, rows: np.ndarray, out: np.ndarray
) -> None:
    """Write the dot products of q (float32) and half[rows], as `to_float32`, into out (n_q, n).

    A row is converted and multiplied with all of q while it is in the cache, four of q at a time.
    """
    sign, rest, shift = np.uint32(0x8000), np.uint32(0x7FFF), np.uint32(13)
    scale, n = np.float32(2.0**112), len(q)
    wide = np.empty(q.shape[1], np.float32)
    bits = wide.view(np.uint32)
    for k in range(len(rows)):
        source = half[rows[k]]
        for d in range(len(source)):
            x = np.uint32(source[d])
            bits[d] = ((x & sign) << np.uint32(16)) | ((x & rest) << shift)
        for i in range(0, n - 3, 4):
            dot_0 = dot_1 = dot_2 = dot_3 = np.float32(0)
            for d in range(len(wide)):
                dot_0 += q[i, d] * wide[d]
                dot_1 += q[i + 1, d] * wide[d]
                dot_2 += q[i + 2, d] * wide[d]
                dot_3 += q[i + 3, d] * wide[d]
            out[i, k], out[i + 1, k] = dot_0 * scale, dot_1 * scale
            out[i + 2, k], out[i + 3, k] = dot_2 * scale, dot_3 * scale
        for i in range(n - n % 4, n):
            dot = np.float32(0)
            for d in range(len(wide)):
                dot += q[i, d] * wide[d]
            out[i, k] = dot * scale


@njit(cache=True, nogil=True)
def first_not_finite(bits: np.ndarray, exponent: np.unsignedinteger) -> int:
    """Return the first row with a number whose bits of the exponent are all set, or -1."""
    for row in range(len(bits)):
        largest = bits[row, 0] & exponent
        for d in range(1, bits.shape[1]):
            largest = max(largest, bits[row, d] & exponent)
        if largest == exponent:
            return row
    return -1
