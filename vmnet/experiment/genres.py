"""The genre of what is recommended where the right track is missed (paper, section VI-D).

The paper shows two such queries, whose best three tracks are of the query's genre. Here are all
test clips whose genre is known: part "VI-D genre" of `vmnet.report.thesis.results`.
"""

import numpy as np

from vmnet.aligners import Sequences
from vmnet.corpus import Corpus
from vmnet.evaluation.genres import genres_of_misses
from vmnet.evaluation.metrics import half_width
from vmnet.experiment.ranked import Row
from vmnet.progress import log

PART = "VI-D genre"


def genre_rows(corpus: Corpus, embedded: tuple[Sequences, Sequences], distance: str) -> list[Row]:
    """Return how many of the best three are of the genre of a video whose track is missed.

    Systems are "top_3", "catalog", which is what chance gives, and their difference, each with the
    half width of its 95 % interval over the missed queries. Where fewer than two are missed, or no
    genres are known, there are no rows, and that is told.

    Parameters
    ----------
    corpus
        Of the clips; those without a genre are left out.
    embedded
        Video and music of the clips that are ranked, by a system.
    distance
        By which they are, a key of `DISTANCES`.
    """
    from vmnet.aligners import distance_matrix

    known = _genres(corpus)
    genres = [known[clip_id] for clip_id in embedded[0].ids]
    best = catalog = np.zeros(0)
    if any(genres):
        best, catalog = genres_of_misses(distance_matrix(*embedded, distance), genres)
    if len(best) < 2:
        of = f"of {sum(map(bool, genres))} clips of known genre {len(best)} miss their track"
        log(f"{corpus.name}: nothing is said of the genres of what is recommended ({of}).")
        return []
    of_system = {"top_3": best, "catalog": catalog, "top_3_minus_catalog": best - catalog}
    return [
        {
            "system": system, "group": "", "direction": "V2M", "metric": "percent_of_genre",
            "n": len(percent), "value": float(percent.mean()), "ci95": half_width(percent),
        }
        for system, percent in of_system.items()
    ]  # fmt: skip


def _genres(corpus: Corpus) -> dict[str, str]:
    """Return the genres by clip_id; of rendered clips, whose genre is four words, two of them."""
    from vmnet.language.measure import music_genre

    rendered = corpus.kind == "rendered"
    return {
        clip.clip_id: music_genre(clip.genre) if rendered and clip.genre else clip.genre
        for clip in corpus.clips
    }
