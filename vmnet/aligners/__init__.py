"""Sequences of segment embeddings, and the distances between them (paper, section IV-D)."""

from vmnet.aligners.distances import DISTANCES, Alignment, align, distance_matrix, indel_defaults
from vmnet.aligners.sequences import Sequences

__all__ = ["DISTANCES", "Alignment", "Sequences", "align", "distance_matrix", "indel_defaults"]
