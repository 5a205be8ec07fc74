"""Corpora of music videos: a list of clips and where their files lie."""

from vmnet.corpus.clips import EXTRA, SPLITS, Clip, Corpus

__all__ = ["EXTRA", "SPLITS", "Clip", "Corpus"]
