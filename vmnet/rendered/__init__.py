"""Rendered music videos: songs, films, and both as MP4 files with their ground truth."""

from vmnet.rendered.clip_style import Style
from vmnet.rendered.editing import VIDEO_GENRES, Editing
from vmnet.rendered.render import Plan, plan_clip, render_clip, render_corpus
from vmnet.rendered.truth import Truth, read_truth

__all__ = [
    "VIDEO_GENRES",
    "Editing",
    "Plan",
    "Style",
    "Truth",
    "plan_clip",
    "read_truth",
    "render_clip",
    "render_corpus",
]
