"""Open a corpus by its name, or by what lies in a folder."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.config import DATA, DEFAULT_PROFILE, FOLDER_PROFILE, Profile
from vmnet.corpus.clips import Corpus
from vmnet.errors import InputWarning, VmnetError
from vmnet.progress import log

if TYPE_CHECKING:
    from vmnet.batch import Workers
    from vmnet.corpus.media_source import MediaSource
    from vmnet.corpus.youtube8m import Sizes

HIMV, MVD = "himv-50k", "mvd"  # folders below data/ (data/README.md)


@dataclass(frozen=True)
class Opening:
    """How a corpus is opened.

    Attributes
    ----------
    profile
        Says how many clips are rendered or simulated.
    data
        Where this corpus may keep what it makes.
    seed
        Draws the rendered or simulated clips, and the split of a folder.
    jobs
        Who works on clips or shards: how many at once, or a Dask scheduler's address.
    audio_track
        Which sound track of media files is the music, counted from 1; None lets each file decide.
    """

    profile: Profile
    data: Path
    seed: int
    jobs: "Workers"
    audio_track: int | None = None

    def media_source(self) -> "MediaSource":
        """Return the source of the features of media files."""
        from vmnet.corpus.media_source import MediaSource

        return MediaSource(self.data, self.audio_track)


def open_corpus(name: str, how: Opening) -> Corpus:
    """Return a corpus.

    Parameters
    ----------
    name
        A key of `NAMED`; else a folder of music videos, of feature files or of YouTube-8M's shards.

    Raises
    ------
    VmnetError
        If there is no such corpus, or it cannot be used.
    """
    if name in NAMED:
        return NAMED[name](how)
    folder = Path(os.path.expanduser(name)).resolve()  # "~nobody" stays as it is
    if not folder.is_dir():
        raise VmnetError(
            f"{folder} is not a folder; a corpus is {', '.join(NAMED)} or a folder of music "
            "videos, of feature files or of YouTube-8M's shards."
        )
    from vmnet.corpus.kinds import folder_kind

    return OF_FOLDER[folder_kind(folder)](folder, how)


def default_profile(corpus: str) -> str:
    """Return the profile that a corpus is opened with unless another is asked for.

    >>> default_profile(""), default_profile("rendered"), default_profile("~/films")
    ('demo', 'demo', 'own')
    """
    return DEFAULT_PROFILE if corpus in ("", *NAMED) else FOLDER_PROFILE


def say_default(chosen: str, asked: str, corpus: str) -> None:
    """Say which profile is taken where a folder is given and none was asked for."""
    if not asked and corpus not in ("", *NAMED):
        log(f"Profile {chosen}, the default for a folder: see docs/options.md.")


def named_folder(name: str, profile: str, seed: int) -> Path:
    """Return where what is made of a corpus of `NAMED` is kept."""
    return DATA / f"{name}-{profile}-seed{seed}"


def data_folder(folder: Path) -> Path:
    """Return where what is made from the files of `folder` is kept."""
    from vmnet import store

    folder = Path(os.path.expanduser(folder)).resolve()
    return DATA / f"{folder.name}-{store.key(folder=folder)}"


def _rendered(how: Opening) -> Corpus:
    from vmnet.rendered import render_corpus

    profile = how.profile
    _require_few(profile)
    how.data.mkdir(parents=True, exist_ok=True)  # if it cannot be made, that is said at once
    clips = render_corpus(
        how.data / "media",
        splits=profile.clips,
        seconds=profile.seconds,
        seed=how.seed,
        jobs=how.jobs,
    )
    return Corpus(f"rendered-{profile.name}", "rendered", clips, how.media_source())


def _simulated(how: Opening) -> Corpus:
    from vmnet.corpus.simulated import simulated_corpus

    name = f"simulated-{how.profile.name}"
    return replace(simulated_corpus(how.profile.clips, how.seed), name=name)


def _published(how: Opening) -> Corpus:
    """Open HIMV-50K and MVD where they lie (data/README.md), else simulate as many clips."""
    from vmnet.corpus.joined import tested_on

    training, test = DATA / HIMV, DATA / MVD
    if not training.is_dir():
        log(f"{training} is not there: the clips of this run are simulated.")
        return _simulated(how)
    n_train, n_valid, n_test = how.profile.clips
    indexed = replace(how, data=DATA / f"{HIMV}-index")  # of the shards, for all seeds
    if not test.is_dir():
        log(f"{test} is not there: the test clips are taken from {HIMV}, too.")
        return _at_most(n_train, _youtube8m(training, indexed, (None, n_valid, n_test)))
    learned = _at_most(n_train, _youtube8m(training, indexed, (None, n_valid, 0)))
    return tested_on(learned, open_corpus(str(test), replace(how, data=DATA / MVD)))


def _at_most(n_train: int, corpus: Corpus) -> Corpus:
    """Leave out the training clips after the first `n_train`."""
    train = {clip.clip_id for clip in corpus.split("train")[:n_train]}
    clips = [clip for clip in corpus.clips if clip.split != "train" or clip.clip_id in train]
    return replace(corpus, clips=tuple(clips))


def _youtube8m(folder: Path, how: Opening, sizes: "Sizes | None" = None) -> Corpus:
    from vmnet.corpus.youtube8m import youtube8m_corpus

    corpus, report = youtube8m_corpus(folder, how.data, sizes=sizes, seed=how.seed, jobs=how.jobs)
    for line in report.lines():
        warnings.warn(line, InputWarning, stacklevel=2)
    return corpus


def _features(folder: Path, how: Opening) -> Corpus:
    from vmnet.corpus.features import features_corpus

    return features_corpus(folder, how.seed, memory=how.data / "checked.json")


def _media(folder: Path, how: Opening) -> Corpus:
    from vmnet.corpus.folder import folder_corpus

    return folder_corpus(folder, how.seed, how.media_source())


def _require_few(profile: Profile) -> None:
    if sum(profile.clips) > 1000:
        raise VmnetError(
            f"the profile {profile.name!r} has {sum(profile.clips):,} clips, too many to render; "
            "render with --profile smoke, or with `vmnet render`."
        )


NAMED: dict[str, Callable[[Opening], Corpus]] = {
    "rendered": _rendered,
    "simulated": _simulated,
    "published": _published,
}
OF_FOLDER: dict[str, Callable[[Path, Opening], Corpus]] = {
    "youtube8m": _youtube8m,
    "features": _features,
    "media": _media,
}
