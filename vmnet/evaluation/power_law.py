"""A power law of mean ranks against the number of training clips, carried on to more of them.

Errors of a learner often fall as a power of the number of its examples (Hestness et al., "Deep
learning scaling is predictable, empirically", arXiv:1712.00409, 2017): r(n) = a n^(-b), a straight
line on two logarithmic axes. A floor, r(n) = c + a n^(-b), is left out: a handful of sizes cannot
tell it from a smaller b. Where there is one, what is carried on far beyond the sizes is too low.
"""

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 3  # sizes: a line through two points fits whatever they are
RESAMPLES = 1000


def power_law(sizes: ArrayLike, means: ArrayLike, at: ArrayLike) -> np.ndarray:
    """Fit r(n) = a n^(-b) to the mean ranks of `sizes` and return r(at).

    The squares of the logarithms' errors are least, all sizes weighing alike: the error of a mean
    rank is about the same share of it at any size, because ranks spread as widely as they are high.

    Parameters
    ----------
    sizes : (n_sizes,), above 0
    means : (..., n_sizes), above 0
        Mean ranks, or shares of the list; each row is fitted by itself.
    at : (n_at,), above 0

    Returns
    -------
    (..., n_at) float64

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or not one mean for each.

    Examples
    --------
    >>> power_law([100, 400], [80, 40], [1600]).round(6).tolist()  # four times as many: half
    [20.0]
    """
    x, y, new = (np.log(np.asarray(each, dtype=np.float64)) for each in (sizes, means, at))
    if len(np.unique(x)) < 2 or y.shape[-1] != len(x):
        raise ValueError(f"{len(x)} sizes and {y.shape} means give no power law")
    centred = x - x.mean()
    slopes = y @ centred / (centred @ centred)
    level = y.mean(axis=-1)
    return np.exp(level[..., None] + slopes[..., None] * (new - x.mean()))


def carry_on(
    sizes: ArrayLike, ranks: ArrayLike, at: ArrayLike, seed: int = 0, n_resamples: int = RESAMPLES
) -> np.ndarray:
    """Return the power law of mean ranks at other sizes, with its 95 % interval over queries.

    The interval is the percentile bootstrap: the queries are drawn anew, the same for all sizes,
    and the law is fitted to their mean ranks. It says nothing of other training clips, of the
    training, or of whether there is such a law.

    Parameters
    ----------
    sizes : (n_sizes,)
    ranks : (n_sizes, n_queries)
        Ranks of the same queries.
    at : (n_at,)
    seed
        Decides the resamples.

    Returns
    -------
    (3, n_at) float64
        The law, and the lower and upper end of the interval.
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    n_queries = ranks.shape[1]
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(n_queries, size=n_queries) for _ in range(n_resamples)]
    means = np.array([ranks[:, queries].mean(axis=1) for queries in drawn])
    interval = np.percentile(power_law(sizes, means, at), [2.5, 97.5], axis=0)
    return np.stack([power_law(sizes, ranks.mean(axis=1), at), *interval])
