"""Rendered music videos: songs, films, and both as MP4 files with their ground truth."""

from vmnet.corpus.rendered.render import Plan, plan_clip, render_clip, render_corpus
from vmnet.corpus.rendered.style import Style
from vmnet.corpus.rendered.truth import Truth, read_truth

__all__ = ["Plan", "Style", "Truth", "plan_clip", "read_truth", "render_clip", "render_corpus"]
