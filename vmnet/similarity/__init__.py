"""MuSimNet: music similarity learned from ranked lists (thesis, chapter 4).

From files to embeddings, by modules that are imported where they are used:

    heard, failures = patches.spectrograms({id: path}, folder)      # log-CQT, kept
    triplets, valid = mine(S, train_tracks, "distance"), mine(S, valid_tracks, "distance")
    trained = training.train_triplets(heard, triplets, valid, config, folder)
    trained.embed(patches.draw_patches(heard, test_tracks))         # (n_tracks, 128)

`training.train_tags` trains the tagging baseline; `config` is a `TripletConfig` or a `TagConfig`.
"""

from vmnet.similarity.metrics import Scores, chance, evaluate, ranked_lists
from vmnet.similarity.mining import MINING, Triplets, mine
from vmnet.similarity.oracle import expand, reference_lists, similarity, similarity_matrix
from vmnet.similarity.tags import TaggedTracks, read_tags, split_by_artist
from vmnet.similarity.units import Unit, analyse_units, units_sentence

__all__ = [
    "MINING",
    "Scores",
    "TaggedTracks",
    "Triplets",
    "Unit",
    "analyse_units",
    "chance",
    "evaluate",
    "expand",
    "mine",
    "ranked_lists",
    "read_tags",
    "reference_lists",
    "similarity",
    "similarity_matrix",
    "split_by_artist",
    "units_sentence",
]
