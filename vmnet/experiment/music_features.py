"""Music features: the thesis' second experiment on design choices (table 5.2).

One VM-Net for each kind of music features, on the same clips; beside each, in the group "cca", the
linear method on the same features; and chance. `ROWS` says what stands for each row of the table.

It needs films: those of the run, where its corpus has media; else some are rendered. Rendered films
are few, and all ranks among them are coarse. None of the real corpora that can be had without
asking has sound: a folder of music videos is what makes this table real.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.config import DATA, FEW_FILMS
from vmnet.corpus import SPLITS, Clip, Corpus
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.corpus.wrapped import Changed, WrappedSource
from vmnet.experiment import genres
from vmnet.experiment.ranked import Row, chance_rows, rank_rows
from vmnet.experiment.run import Run
from vmnet.experiment.segments import CLIP
from vmnet.experiment.stages import Dataset, embeddings, model, prepare
from vmnet.experiment.systems import System
from vmnet.progress import log

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.similarity.training import TrainedNetwork

PART = "5.2"
CCA = "cca"
"""The group of what the linear method makes of the same features."""

RIDGES = (0.1, 1.0, 10.0)
"""Among which validation films choose for the linear method: so few tell no more apart."""

OF_GENRES = "musicnn"
"""The row by which the genres of what is recommended are judged (`vmnet.experiment.genres`), where
films are rendered for the table; `vmnet.experiment.design` judges those of the run's own clips."""

THREE = "mean+variance+max"
FILM_SEED = 52_000
"""Is added to the seed of a run for its films, which so have no song of chapter 4's."""


@dataclass(frozen=True)
class Heard:
    """What stands for a row of table 5.2.

    Attributes
    ----------
    extractor
        Of the music.
    statistics
        See `System`.
    dim
        How long a clip's features are.
    parameters
        Of the VM-Net with 1,024 values of the video.
    """

    extractor: str
    statistics: str
    dim: int
    parameters: int


MUSIMNET = "musimnet"

# By the thesis' name. Handcrafted features are statistics already.
ROWS = {
    "handcrafted": Heard("handcrafted", "mean", 1140, 8_110_080),
    MUSIMNET: Heard(MUSIMNET, THREE, 3 * 128, 6_561_792),
    "musicnn": Heard("musicnn", THREE, 3 * 200, 7_004_160),
    "audioset": Heard("vggish", "mean", 128, 6_037_504),
    "openl3": Heard("openl3", THREE, 3 * 6144, 43_524_096),
}


WEIGHTS = {"audioset": ("vggish", "vggish-pca"), "openl3": ("openl3",)}
"""What rows need that the set-up does not fetch. Those of OpenL3 were never run here."""


def not_run(run: Run, musimnet: "TrainedNetwork | None" = None) -> dict[str, str]:
    """Return why rows of table 5.2 are not run, by their names."""
    from vmnet import pretrained

    why = {
        name: f"not run: weights not given (`vmnet weights fetch {' '.join(weights)}`)"
        for name, weights in WEIGHTS.items()
        if any(pretrained.CHECKPOINTS[one].missing for one in weights)
    }
    if musimnet is None:
        why[MUSIMNET] = "not run: no trained network given (notebook 08 trains it)"
    if _has_films(run):
        given = run.corpus.source.extractors
        for name, heard in ROWS.items():
            if name not in why and name != MUSIMNET and heard.extractor not in given:
                why[name] = f"not run: {run.corpus.name} has no such features"
    return why


def music_features(
    run: Run, musimnet: "TrainedNetwork | None" = None, seeds: Sequence[int] = ()
) -> "pd.DataFrame":
    """Load or compute table 5.2 on the run's films, or on rendered ones.

    About four minutes in the demo, on two idle cores, most of it rendering and looking at films.

    Parameters
    ----------
    run
        See `open_run`.
    musimnet
        A network of chapter 4, `vmnet.similarity.experiment.trained`; without it there is no row
        of it. It must have learned from other songs than the films have.
    seeds
        What draws networks, all on the same films; () is the profile's. The linear method and
        chance have no seed, and give the same rows for each.

    Returns
    -------
    pandas.DataFrame
        See `vmnet.report.thesis.results`. Systems are the names in `ROWS` and "chance"; the group
        "cca" is the linear method. "dimension" is how long the music features are, and
        "seconds_per_update" of training. What is not run has no rows: see `not_run`. Films that are
        rendered for the table have rows of `vmnet.experiment.genres`, too.
    """
    from vmnet.report.thesis import results

    data, chosen = prepared(run, musimnet)
    for name, why in not_run(data.run, musimnet).items():
        log(f"{name}: {why}")
    corpus = {"corpus": data.corpus.name, "kind": results.kind_of(data.corpus.kind), "part": PART}
    by_chance, rows = chance_rows(len(data.corpus.split("test")), system="chance"), []
    linear = {name: rank_rows(_linear(data, system), group=CCA) for name, system in chosen.items()}
    for seed in seeds or run.profile.seeds:
        about = {**corpus, "seed": seed}
        own = replace(data, run=replace(data.run, seed=seed))
        rows += [{**row, **about} for row in by_chance]
        for name, system in chosen.items():
            rows += [{**row, "system": name, **about} for row in linear[name] + _rows(own, system)]
        if OF_GENRES in chosen and not _has_films(run):
            embedded = embeddings(own, chosen[OF_GENRES])
            found = genres.genre_rows(own.corpus, embedded, "centroid")
            rows += [{**row, **about, "part": genres.PART} for row in found]
    return results.table(rows)


def prepared(
    run: Run, musimnet: "TrainedNetwork | None" = None
) -> tuple[Dataset, dict[str, System]]:
    """Return the films of `music_features`, and the systems that are run, by the table's rows."""
    films = with_films(run)
    if musimnet is not None:
        films = with_musimnet(films, musimnet)
    left_out = not_run(films, musimnet)
    chosen = {
        name: System(name, CLIP, heard.extractor, films.video, statistics=heard.statistics)
        for name, heard in ROWS.items()
        if name not in left_out
    }
    return prepare(films, chosen.values()), chosen


def _linear(data: Dataset, system: System) -> np.ndarray:
    """Load or fit the linear method, and return the distances of test videos from tracks."""
    from vmnet.aligners import distance_matrix
    from vmnet.models import LinearCCA, LinearConfig
    from vmnet.models.linear import fit

    config = LinearConfig(standardize=(True,), ridges=RIDGES)
    (video, music), (valid_video, valid_music), (test_video, test_music) = (
        data.features(system, split) for split in SPLITS
    )
    keys = [data.features_key(system, split) for split in SPLITS[:2]]
    name = f"{system.name}-cca-{store.key(features=keys, settings=asdict(config))}"
    folder = data.run.folder / "networks" / name
    fitted: LinearCCA = fit(music, video, valid_music, valid_video, config, folder)
    embedded = fitted.embed_video(test_video), fitted.embed_music(test_music)
    return distance_matrix(*embedded, "centroid")


def _rows(data: Dataset, system: System) -> list[Row]:
    from vmnet.aligners import distance_matrix
    from vmnet.models import TrainedVMNet

    rows = rank_rows(distance_matrix(*embeddings(data, system), "centroid"), group="")
    trained = model(data, system)
    assert isinstance(trained, TrainedVMNet)
    n_train = len(data.corpus.split("train"))
    found = {
        "dimension": float(trained.model.inputs[0].shape[-1]),
        "seconds_per_update": trained.seconds / max(1, int(trained.curve["step"][-1])),
    }
    return [
        *rows,
        *({"metric": name, "value": value, "n": n_train} for name, value in found.items()),
    ]


# --- films ----------------------------------------------------------------------------------------


def _has_films(run: Run) -> bool:
    from vmnet.corpus.media_source import MediaSource

    source: Any = run.corpus.source
    return isinstance(getattr(source, "inner", source), MediaSource)


def with_films(run: Run) -> Run:
    """Return the run, where its corpus has films; else one on rendered films, made if need be."""
    from vmnet.corpus.media_source import MediaSource
    from vmnet.rendered import render_corpus

    if _has_films(run):
        return run
    size = run.profile.thesis
    folder = DATA / f"feature-films-{run.profile.name}-seed{run.seed}"
    seconds = (size.feature_seconds, size.feature_seconds)
    clips = render_corpus(
        folder / "media", size.feature_films, seconds, run.seed + FILM_SEED, run.jobs
    )
    corpus = Corpus(f"feature-films-{run.profile.name}", "rendered", clips, MediaSource(folder))
    # What is asked of the trainings of the run goes before it.
    profile = replace(run.profile, training=FEW_FILMS)
    return replace(
        run,
        profile=profile,
        corpus=corpus,
        folder=folder,
        segmenters=("foote",),
        music="musicnn",
        video="efficientnet",
    )


# --- MuSimNet -------------------------------------------------------------------------------------


class MuSimNetSource(WrappedSource):
    """Gives, beside what another source gives, the embeddings of patches of each clip's music.

    Parameters
    ----------
    inner
        The source of all else.
    embedded : by clip_id, (24, 128) float32
        Of patches of about 12 s at random places (thesis, 5.2.2).
    """

    def __init__(self, inner: FeatureSource, embedded: Mapping[str, np.ndarray]) -> None:
        super().__init__(inner)
        self.embedded = dict(embedded)
        self.extractors = {**inner.extractors, MUSIMNET: "music"}

    def load(self, clip: Clip) -> ClipFeatures:
        """Return one clip; see `FeatureSource`."""
        given = self.inner.load(clip)

        def frames(name: str) -> np.ndarray:
            return self.embedded[clip.clip_id] if name == MUSIMNET else given.frames[name]

        return ClipFeatures(Changed(self.extractors, frames), given.boundaries)

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the clips; see `FeatureSource`."""
        clips, extractors = list(clips), tuple(extractors)
        inner = self.inner.key(clips, _given(extractors), segmenters)
        if MUSIMNET not in extractors:
            return inner
        values = [self.embedded[clip.clip_id].tobytes().hex() for clip in clips]
        return store.key(inner=inner, musimnet=values)

    def remembered(self, clips: Any, extractors: Any, segmenters: Any) -> dict[str, str]:
        """Return why `compute` failed before; see `FeatureSource`."""
        return super().remembered(clips, _given(extractors), segmenters)

    def compute(self, clips: Any, extractors: Any, *rest: Any) -> dict[str, str]:
        """Compute what is missing of all else; see `FeatureSource`."""
        return super().compute(clips, _given(extractors), *rest)

    def seconds_to_compute(self, clips: Any, extractors: Any, segmenters: Any) -> float:
        """Estimate how long that takes; see `FeatureSource`."""
        return super().seconds_to_compute(clips, _given(extractors), segmenters)


def _given(extractors: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in extractors if name != MUSIMNET)


def with_musimnet(run: Run, network: "TrainedNetwork") -> Run:
    """Return a run whose clips have the embeddings of MuSimNet, too.

    Clips whose music cannot be heard are left out.
    """
    from vmnet.similarity.patches import N_FEATURES, draw_patches, spectrograms
    from vmnet.similarity.training import embed_each

    _require_other_songs(run)
    files = {clip.clip_id: clip.path for clip in run.corpus.clips}
    source: Any = run.corpus.source
    track = getattr(getattr(source, "inner", source), "audio_track", None)
    heard, failures = spectrograms(files, run.folder, run.jobs, run.retry, track)
    patches = draw_patches(
        heard, np.arange(len(heard)), N_FEATURES, network.config.frames, run.seed
    )
    embedded = embed_each(network.network, patches)
    with_it = MuSimNetSource(source, dict(zip(heard.ids, embedded, strict=True)))
    return replace(run, corpus=replace(run.corpus.without(failures), source=with_it))


def _require_other_songs(run: Run) -> None:
    """Refuse rendered films that are drawn from the seed that the songs of chapter 4 have."""
    from vmnet.rendered.render import draw_parameters

    if run.corpus.kind != "rendered":
        return
    places, seconds = range(len(run.corpus.clips)), run.profile.seconds
    seeds = {
        draw_parameters(base, i, seconds)[0]
        for base in (run.seed, run.seed + FILM_SEED)  # of the corpus "rendered", and of ours
        for i in places
    }
    if run.seed in seeds:
        raise ValueError(f"a film has the seed {run.seed}, of which songs were learned from")
