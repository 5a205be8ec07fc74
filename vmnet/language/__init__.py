"""The language of music-video clips (thesis, chapter 6): do films keep to the music, and where?

`clip` says what is known of one film; `durations` and `cooccurrence` are the thesis' two
experiments, each beside a null, the same measure where film and music cannot have to do with one
another.
"""

from vmnet.language.clip import ClipEvents

__all__ = ["ClipEvents"]
