"""Corpora of music videos: a list of clips and where their files lie."""

from vmnet.corpus.clips import SPLITS, Clip, Corpus

__all__ = ["SPLITS", "Clip", "Corpus"]
