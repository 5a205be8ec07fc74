"""Open a corpus by its name, or by what lies in a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.config import DATA, Profile
from vmnet.corpus.clips import Corpus
from vmnet.errors import VmnetError

if TYPE_CHECKING:
    from vmnet.corpus.youtube8m import Sizes

HIMV, MVD = "himv-50k", "mvd"  # folders below data/ (data/README.md)


def open_corpus(name: str, profile: Profile, data: Path, seed: int, jobs: int) -> Corpus:
    """Return a corpus.

    Parameters
    ----------
    name
        A key of `NAMED`; else a folder of music videos, of feature files or of YouTube-8M's shards.
    profile
        Says how many clips are rendered or simulated.
    data
        Where this corpus may keep what it makes.
    seed
        Draws the rendered or simulated clips, and the split of a folder.
    jobs
        Clips, or shards, worked on at once.

    Raises
    ------
    VmnetError
        If there is no such corpus, or it cannot be used.
    """
    if name in NAMED:
        return NAMED[name](profile, data, seed, jobs)
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise VmnetError(
            f"{folder} is not a folder; a corpus is {', '.join(NAMED)} or a folder of music "
            "videos, of feature files or of YouTube-8M's shards."
        )
    from vmnet.corpus.kinds import folder_kind

    return OF_FOLDER[folder_kind(folder)](folder, data, seed, jobs)


def named_folder(name: str, profile: str, seed: int) -> Path:
    """Return where what is made of a corpus of `NAMED` is kept."""
    return DATA / f"{name}-{profile}-seed{seed}"


def data_folder(folder: Path) -> Path:
    """Return where what is made from the files of `folder` is kept."""
    from vmnet import store

    folder = folder.expanduser().resolve()
    return DATA / f"{folder.name}-{store.key(folder=folder)}"


def _rendered(profile: Profile, data: Path, seed: int, jobs: int) -> Corpus:
    from vmnet.rendered import render_corpus

    _require_few(profile)
    rendered = render_corpus(
        data / "media", splits=profile.clips, seconds=profile.seconds, seed=seed, jobs=jobs
    )
    return replace(rendered, name=f"rendered-{profile.name}")


def _simulated(profile: Profile, data: Path, seed: int, jobs: int) -> Corpus:
    from vmnet.corpus.simulated import simulated_corpus

    return replace(simulated_corpus(profile.clips, seed), name=f"simulated-{profile.name}")


def _published(profile: Profile, data: Path, seed: int, jobs: int) -> Corpus:
    """Open HIMV-50K and MVD where they lie (data/README.md), else simulate as many clips."""
    from vmnet.corpus.joined import test_split

    training, test = DATA / HIMV, DATA / MVD
    if not training.is_dir():
        print(f"{training} is not there: the clips of this run are simulated.")
        return _simulated(profile, data, seed, jobs)
    n_train, n_valid, n_test = profile.clips
    cache = DATA / f"{HIMV}-index"  # of the shards, for all seeds
    if not test.is_dir():
        print(f"{test} is not there: the test clips are taken from {HIMV}, too.")
        sizes = (None, n_valid, n_test)
        return _at_most(n_train, _youtube8m(training, cache, seed, jobs, sizes))
    learned = _at_most(n_train, _youtube8m(training, cache, seed, jobs, (None, n_valid, 0)))
    tested = open_corpus(str(test), profile, data / MVD, seed, jobs)
    return test_split(learned, tested)


def _at_most(n_train: int, corpus: Corpus) -> Corpus:
    """Leave out the training clips after the first `n_train`."""
    train = {clip.clip_id for clip in corpus.split("train")[:n_train]}
    clips = [clip for clip in corpus.clips if clip.split != "train" or clip.clip_id in train]
    return replace(corpus, clips=tuple(clips))


def _youtube8m(
    folder: Path, data: Path, seed: int, jobs: int, sizes: "Sizes | None" = None
) -> Corpus:
    from vmnet.corpus.youtube8m import youtube8m_corpus

    corpus, report = youtube8m_corpus(folder, data, sizes=sizes, seed=seed, jobs=jobs)
    for line in report.lines():
        print(line)
    return corpus


def _features(folder: Path, data: Path, seed: int, jobs: int) -> Corpus:
    from vmnet.corpus.features import features_corpus

    return features_corpus(folder, seed)


def _media(folder: Path, data: Path, seed: int, jobs: int) -> Corpus:
    from vmnet.corpus.folder import folder_corpus

    return folder_corpus(folder, seed)


def _require_few(profile: Profile) -> None:
    if sum(profile.clips) > 1000:
        raise VmnetError(
            f"the profile {profile.name!r} has {sum(profile.clips):,} clips, too many to render; "
            "render with --profile smoke, or with `vmnet render`."
        )


NAMED: dict[str, Callable[[Profile, Path, int, int], Corpus]] = {
    "rendered": _rendered,
    "simulated": _simulated,
    "published": _published,
}
OF_FOLDER: dict[str, Callable[[Path, Path, int, int], Corpus]] = {
    "youtube8m": _youtube8m,
    "features": _features,
    "media": _media,
}
