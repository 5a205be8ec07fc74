"""Artists of the test clips that training knows, and the ranks without them.

A network may learn how an artist sounds and looks. The catalog that is ranked stays whole; what is
averaged are the queries whose artist no training clip has, or one has.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.corpus import Clip, Corpus
from vmnet.experiment.stages import Dataset, Systems, embeddings, tidy

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.experiment.systems import System

QUERIES = {
    "all": "all",
    "new": "artist not in training",
    "known": "artist in training",
}
"""Which queries a mean is over, and what tables call them."""


def by_artist(
    data: Dataset | Iterable[Dataset], systems: Systems, distance: str = "centroid"
) -> "pd.DataFrame":
    """Return ranks of the test clips, of those whose artist no training clip has, of the others.

    A clip without an artist is among all alone.

    Parameters
    ----------
    data
        What `prepare` returned, or a list of such, one for each seed.
    systems
        A function from a run to its systems, such as `baselines`.
    distance
        A key of `DISTANCES`.

    Returns
    -------
    table : pandas.DataFrame
        As of `results`, video to music, with the columns `queries`, a key of `QUERIES`, and
        `n_queries`; without rows where no test clip has an artist.

    Examples
    --------
    >>> from vmnet.experiment import baselines, open_run, prepare
    >>> by_artist(prepare(open_run("toy")), baselines).empty  # simulated clips have no artists
    True
    """
    import pandas as pd

    tables = [
        _of_system(one, system, distance)
        for one in ([data] if isinstance(data, Dataset) else data)
        if any(map(artist_of, one.corpus.split("test")))
        for system in systems(one.run)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _of_system(data: Dataset, system: "System", distance: str) -> "pd.DataFrame":
    import pandas as pd

    from vmnet.aligners import distance_matrix
    from vmnet.evaluation import ranks, summarize

    video, music = embeddings(data, system)
    indel = data.run.indel
    options: dict[str, Any] = {"indel": indel[distance]} if distance in indel else {}
    places = ranks(distance_matrix(video, music, distance, **options))
    chosen = queries(data.corpus, video.ids)
    rows = [
        {"queries": name, "n_queries": int(among.sum()), "metric": metric, "value": value}
        for name, among in chosen.items()
        if among.any()
        for metric, value in summarize(places[among]).items()
    ]
    cell = {"distance": distance, "scenario": "vanilla", "direction": "V2M"}
    table = pd.DataFrame(rows)
    found = tidy(table.assign(**cell), data, system)
    return found.assign(queries=table["queries"], n_queries=table["n_queries"])


def queries(corpus: Corpus, clip_ids: Iterable[str]) -> dict[str, np.ndarray]:
    """Return, for each key of `QUERIES`, which of some clips it is about, (n_clips,) bool."""
    artists = {clip.clip_id: artist_of(clip) for clip in corpus.clips}
    learned = {artist_of(clip) for clip in corpus.split("train")}
    names = [artists[clip_id] for clip_id in clip_ids]
    known = np.array([bool(name) and name in learned for name in names])
    new = np.array([bool(name) and name not in learned for name in names])
    return {"all": np.ones(len(names), dtype=bool), "new": new, "known": known}


def artist_of(clip: Clip) -> str:
    """Return the artist of a clip, however it is written: "" where it has none."""
    return " ".join(clip.artist.casefold().split())
