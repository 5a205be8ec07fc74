"""Sequences of segment embeddings, and the distances between them (paper, section IV-D)."""

from vmnet.aligners.distances import (
    DISTANCES,
    NORMALISED,
    RECOMMENDED,
    Alignment,
    align,
    alignment_of,
    distance_matrix,
    indel_defaults,
)
from vmnet.aligners.sequences import Sequences
from vmnet.aligners.targets import Targets

__all__ = [
    "DISTANCES",
    "NORMALISED",
    "RECOMMENDED",
    "Alignment",
    "Sequences",
    "Targets",
    "align",
    "alignment_of",
    "distance_matrix",
    "indel_defaults",
]
