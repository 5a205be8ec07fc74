"""The language of music-video clips (thesis, chapter 6): do films keep to the music, and where?

`clip` says what is known of one film; `durations` and `cooccurrence` are the thesis' two
experiments, each beside a null, the same measure where film and music cannot have to do with one
another; `sources` finds the films of a run, and `experiment` has all numbers of a set of them.
"""

from vmnet.language.clip import ClipEvents
from vmnet.language.experiment import Films, results_of
from vmnet.language.sources import films, recovered

__all__ = ["ClipEvents", "Films", "films", "recovered", "results_of"]
