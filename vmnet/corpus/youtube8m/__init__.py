"""YouTube-8M: its frame-level shards as a corpus, and the videos in them that have a label."""

from vmnet.corpus.youtube8m.index import FEATURES, find_shards, read_index
from vmnet.corpus.youtube8m.selection import Sizes, read_ids
from vmnet.corpus.youtube8m.videos import (
    MEDIA,
    Report,
    YouTube8MSource,
    is_youtube8m,
    select_ids,
    youtube8m_corpus,
)

__all__ = [
    "FEATURES",
    "MEDIA",
    "Report",
    "Sizes",
    "YouTube8MSource",
    "find_shards",
    "is_youtube8m",
    "read_ids",
    "read_index",
    "select_ids",
    "youtube8m_corpus",
]
