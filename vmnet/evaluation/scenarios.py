"""Evaluation scenarios: what is done to queries and targets before ranking (paper, V-D and V-E)."""

from collections.abc import Callable

import numpy as np

from vmnet.aligners.sequences import Sequences

CROPPED = 2  # segments dropped from the start of every query (paper, section V-E)

Pair = tuple[Sequences, Sequences]


def vanilla(queries: Sequences, targets: Sequences) -> Pair:
    """Leave both as they are: they share their boundaries (paper, section V-D)."""
    return queries, targets


def crop_query(queries: Sequences, targets: Sequences) -> Pair:
    """Drop the first two segments of every query (paper, section V-E).

    The last segment of a query always stays, a case the paper does not treat: a query of two
    segments drops one, a query of one drops none.
    """
    dropped = np.minimum(CROPPED, queries.lengths - 1)
    position = np.arange(len(queries.data)) - np.repeat(queries.offsets[:-1], queries.lengths)
    kept = position >= np.repeat(dropped, queries.lengths)
    offsets = queries.offsets - np.concatenate([[0], np.cumsum(dropped)])
    return Sequences(queries.data[kept], offsets, queries.ids), targets


def stretch_targets(queries: Sequences, targets: Sequences) -> Pair:
    """Repeat every segment of every target once, in place: 1, 1, 2, 2, ... (paper, section V-E)."""
    doubled = np.repeat(targets.data, 2, axis=0)
    return queries, Sequences(doubled, 2 * targets.offsets, targets.ids)


def crop_stretch(queries: Sequences, targets: Sequences) -> Pair:
    """Crop the queries and stretch the targets (paper, section V-E)."""
    return stretch_targets(*crop_query(queries, targets))


# A further one is a function and a line here; it changes neither the order of the clips nor its
# input, as query i's right target stays target i.
SCENARIOS: dict[str, Callable[[Sequences, Sequences], Pair]] = {
    "vanilla": vanilla,
    "crop_query": crop_query,
    "stretch_targets": stretch_targets,
    "crop_stretch": crop_stretch,
}
