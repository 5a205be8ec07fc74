"""Compiled kernels over similarity matrices; they assume, `vmnet.aligners.distances` validates.

A similarity matrix S holds the dot products of the segments of query clips (rows) and target clips
(columns): S[i, j] = q_i . t_j, float32. The functions of one pair of clips take its part of S. The
functions ending in `_scores` take all pairs of a block of clips, with `rows` and `columns` their
offsets, and return (n_queries, n_targets) float32, larger = better.

The loops over pairs are written out in each of them: numba's cache misses, and grows, with every
process when a kernel is an argument of another.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def needleman_wunsch(S: np.ndarray, indel: float, X: np.ndarray) -> float:
    """Fill X[:n + 1, :m + 1] by the paper's algorithm 1; return the score of the whole."""
    n, m = S.shape
    for j in range(m + 1):
        X[0, j] = -indel * j
    for i in range(1, n + 1):
        left = X[i, 0] = -indel * i  # X[i, j - 1], kept in a register for speed
        for j in range(1, m + 1):
            left = max(left - indel, max(X[i - 1, j] - indel, X[i - 1, j - 1] + S[i - 1, j - 1]))
            X[i, j] = left
    return float(X[n, m])


@njit(cache=True, nogil=True)
def smith_waterman(S: np.ndarray, indel: float, X: np.ndarray) -> float:
    """Fill X[:n + 1, :m + 1] by the paper's algorithm 2; return the score of the best part."""
    n, m = S.shape
    best = 0.0
    X[0, : m + 1] = 0.0
    for i in range(1, n + 1):
        left = X[i, 0] = 0.0
        for j in range(1, m + 1):
            left = max(left - indel, max(X[i - 1, j] - indel, X[i - 1, j - 1] + S[i - 1, j - 1]))
            left = max(left, 0.0)
            X[i, j] = left
            best = max(best, left)
    return best


@njit(cache=True, nogil=True)
def best_diagonal(S: np.ndarray) -> float:
    """Return the largest sum over the diagonals that hold the whole of the shorter clip."""
    n, m = S.shape
    best = -np.inf
    for shift in range(abs(n - m) + 1):
        row, column = (shift, 0) if n > m else (0, shift)
        total = 0.0
        for i in range(min(n, m)):
            total += S[row + i, column + i]
        best = max(best, total)
    return best


@njit(cache=True, nogil=True)
def add_at(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray, products: np.ndarray) -> None:
    """Do scores[np.ix_(rows, columns)] += products, which NumPy does in three copies."""
    for i in range(len(rows)):
        row = scores[rows[i]]
        for j in range(len(columns)):
            row[columns[j]] += products[i, j]


@njit(cache=True, nogil=True)
def largest(S: np.ndarray) -> float:
    """Return the largest entry."""
    best = S[0, 0]
    for i in range(S.shape[0]):
        for j in range(S.shape[1]):
            best = max(best, S[i, j])
    return best


@njit(cache=True, nogil=True)
def _table(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return an empty X that is large enough for every pair of the block."""
    return np.empty((np.diff(rows).max() + 1, np.diff(columns).max() + 1))


@njit(cache=True, nogil=True)
def needleman_wunsch_scores(
    S: np.ndarray, rows: np.ndarray, columns: np.ndarray, indel: float
) -> np.ndarray:
    """Score every pair of the block by algorithm 1."""
    scores = np.empty((len(rows) - 1, len(columns) - 1), np.float32)
    X = _table(rows, columns)
    for q in range(len(rows) - 1):
        for t in range(len(columns) - 1):
            pair = S[rows[q] : rows[q + 1], columns[t] : columns[t + 1]]
            scores[q, t] = needleman_wunsch(pair, indel, X)
    return scores


@njit(cache=True, nogil=True)
def smith_waterman_scores(
    S: np.ndarray, rows: np.ndarray, columns: np.ndarray, indel: float
) -> np.ndarray:
    """Score every pair of the block by algorithm 2."""
    scores = np.empty((len(rows) - 1, len(columns) - 1), np.float32)
    X = _table(rows, columns)
    for q in range(len(rows) - 1):
        for t in range(len(columns) - 1):
            pair = S[rows[q] : rows[q + 1], columns[t] : columns[t + 1]]
            scores[q, t] = smith_waterman(pair, indel, X)
    return scores


@njit(cache=True, nogil=True)
def best_diagonal_scores(S: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Score every pair of the block by its best diagonal."""
    scores = np.empty((len(rows) - 1, len(columns) - 1), np.float32)
    for q in range(len(rows) - 1):
        for t in range(len(columns) - 1):
            pair = S[rows[q] : rows[q + 1], columns[t] : columns[t + 1]]
            scores[q, t] = best_diagonal(pair)
    return scores


@njit(cache=True, nogil=True)
def largest_scores(S: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Score every pair of the block by its largest entry."""
    scores = np.empty((len(rows) - 1, len(columns) - 1), np.float32)
    for q in range(len(rows) - 1):
        for t in range(len(columns) - 1):
            scores[q, t] = largest(S[rows[q] : rows[q + 1], columns[t] : columns[t + 1]])
    return scores
