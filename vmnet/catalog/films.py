"""Films to recommend music for, where a run has features alone."""

import os
from dataclasses import replace
from pathlib import Path

from vmnet.config import DATA, FEW_FILMS
from vmnet.experiment import Run, open_run
from vmnet.progress import log

CLIPS, SECONDS = (2, 2, 2), (28.0, 32.0)


def with_films(run: Run) -> Run:
    """Return a run whose corpus has films: the run itself, or one on a few rendered ones.

    What a run on features has learned cannot look at a film. The rendered films show how it works;
    what a network learns from them means nothing.
    """
    from vmnet.features import EXTRACTORS
    from vmnet.rendered import render_corpus

    if run.video in EXTRACTORS and run.music in EXTRACTORS and run.corpus.kind != "features":
        return run
    log(f"{run.corpus.name} has no films: {sum(CLIPS)} rendered ones stand for them.")
    folder = DATA / f"films-seed{run.seed}"
    render_corpus(folder, CLIPS, SECONDS, run.seed, run.jobs)
    films = open_run("smoke", str(folder), run.seed, run.jobs)
    profile = replace(films.profile, training=FEW_FILMS)
    return replace(films, profile=profile, figures=run.figures)


def folder_of(run: Run) -> Path:
    """Return the folder that holds all films of a run."""
    return Path(os.path.commonpath([clip.path.parent for clip in run.corpus.clips]))
