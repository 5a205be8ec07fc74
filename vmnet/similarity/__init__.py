"""MuSimNet: music similarity learned from ranked lists (thesis, chapter 4)."""

from vmnet.similarity.metrics import Scores, chance, evaluate, ranked_lists
from vmnet.similarity.oracle import expand, reference_lists, similarity, similarity_matrix
from vmnet.similarity.tags import TaggedTracks, read_tags, split_by_artist

__all__ = [
    "Scores",
    "TaggedTracks",
    "chance",
    "evaluate",
    "expand",
    "ranked_lists",
    "read_tags",
    "reference_lists",
    "similarity",
    "similarity_matrix",
    "split_by_artist",
]
