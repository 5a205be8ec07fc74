"""The experiment of chapter 4: systems rank the test tracks of a catalog, and are judged alike.

Each system gives ranked lists, (n, n - 1), of the test tracks; `vmnet.similarity.metrics` compares
them with those of the oracle. Beside the thesis' systems are those that bound them: chance, a mean
spectrum, MusiCNN as it was published, and a second annotator.

What takes long is kept below the catalog's `data` under a key of all that made it: spectrograms,
networks, embeddings of the test tracks.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import store
from vmnet.aligners.sequences import Sequences
from vmnet.batch import Workers
from vmnet.config import ThesisSize
from vmnet.corpus import SPLITS, Clip
from vmnet.corpus.media_source import ClipStage
from vmnet.errors import VmnetError
from vmnet.experiment.run import Run
from vmnet.progress import log, timed
from vmnet.report.thesis import results as tidy
from vmnet.similarity.catalog import Catalog, open_catalog, report
from vmnet.similarity.metrics import RELEVANT, Scores, evaluate, ranked_lists
from vmnet.similarity.mining import NEGATIVES, POSITIVES, Triplets, mine
from vmnet.similarity.oracle import DECIMALS, GAMMA, reference_lists, similarity_matrix
from vmnet.similarity.patches import CQT, N_TEST, draw_patches, inaudible, spectrograms
from vmnet.similarity.tags import TaggedTracks
from vmnet.similarity.training import (
    TagConfig,
    TrainedNetwork,
    TripletConfig,
    tag_config,
    train_tags,
    train_triplets,
    triplet_config,
)
from vmnet.similarity.units import LEVEL, Unit, analyse_units

if TYPE_CHECKING:
    import pandas as pd

Ranking = Callable[["Material"], np.ndarray]

THESIS_TRAIN = 8547  # tracks that the thesis learns from, 60 % of 14,246 (4.3.1)
FEWEST_NEGATIVES = 10
SHOWN_RANKS = (1, 2, 3, 5, 10, 15, 20, 50, 100, 200, 500, 1000, 2000)  # of figure 4.1, as numbers
ORACLE = (GAMMA, DECIMALS)  # decide S, and so the triplets
GROWING = 0.5  # share of the updates in which the growing margin grows; the thesis does not say
OTHERS = "other_artists"  # the group of results that leave out a query's own artist


@dataclass(frozen=True, eq=False)
class Material:
    """What all systems learn from and are judged by.

    Attributes
    ----------
    catalog
        Its usable tracks, n of them.
    size, seed, jobs
        Of the run; the seed draws the split, the triplets and the networks.
    spectrograms : Sequences
        (n_frames, 96) of each track, in the order of the catalog.
    splits : by "train", "valid", "test"
        Indices of the tracks, ascending.
    """

    catalog: Catalog
    size: ThesisSize
    seed: int
    jobs: Workers
    spectrograms: Sequences
    splits: Mapping[str, np.ndarray]

    @cached_property
    def S(self) -> np.ndarray:
        """The oracle's similarity of all tracks, (n, n) float32, in percent."""
        return similarities(self.catalog.tracks)

    @property
    def test(self) -> np.ndarray:
        """The test tracks, indices."""
        return self.splits["test"]

    @cached_property
    def reference(self) -> np.ndarray:
        """The oracle's ranked lists of the test tracks, (n_test, n_test - 1) int32."""
        return reference_lists(self.S[np.ix_(self.test, self.test)])

    @property
    def artists(self) -> list[str]:
        """Of the test tracks."""
        return [self.catalog.tracks.artists[i] for i in self.test]

    @cached_property
    def key(self) -> str:
        """What stands for all of it."""
        tracks = self.catalog.tracks
        digest = hashlib.sha256()
        for array in (tracks.weights, tracks.expansion, tracks.category_weights):
            digest.update(np.ascontiguousarray(array).data)
        return store.key(
            files=[store.fingerprint(path) for path in self.catalog.paths],
            tracks=tracks.ids,
            artists=tracks.artists,
            tags=digest.hexdigest(),
            spectrograms=CQT.folder,
            seed=self.seed,
            splits=[indices.tolist() for indices in self.splits.values()],
        )


def prepare(run: Run, folder: str = "") -> Material:
    """Open a catalog, compute the spectrograms that are missing, and split it by artist.

    Parameters
    ----------
    folder
        A folder of tagged music (`vmnet.similarity.catalog`); "" renders songs.

    Raises
    ------
    VmnetError
        If it cannot be used, or a split has too few usable tracks.
    """
    size = run.profile.thesis
    catalog = open_catalog(folder, size, run.seed, run.jobs)
    if not folder:
        catalog = replace(catalog, name=f"songs-{run.profile.name}")
    store.remove_partial(catalog.data)
    files = dict(zip(catalog.tracks.ids, catalog.paths, strict=True))
    heard, failures = spectrograms(files, catalog.data, run.jobs, run.retry)
    failures = failures | inaudible(files, catalog.data)
    catalog = catalog.without(failures)
    heard = heard.select([i for i, track in enumerate(heard.ids) if track not in failures])
    report(catalog)
    splits = catalog.splits(run.seed)
    tags = (catalog.tracks.weights > 0).sum(axis=1).mean()
    sizes = ", ".join(f"{len(splits[split])} {split}" for split in SPLITS)
    log(f"{catalog.name}: {sizes} tracks ({catalog.kind}), {tags:.2f} tags a track; thesis: 17.57.")
    return Material(catalog, size, run.seed, run.jobs, heard, splits)


def prepare_all(runs: Sequence[Run], folder: str = "") -> list[Material]:
    """Prepare a catalog for each run's seed; a profile that is brief has the first alone."""
    return [prepare(run, folder) for run in (runs[:1] if runs[0].profile.brief else runs)]


def similarities(tracks: TaggedTracks, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the oracle's S of all pairs of tracks, (n, n), for their own or for other weights."""
    weights = tracks.weights if weights is None else weights
    return similarity_matrix(weights, tracks.expansion, tracks.category_weights)


# --- systems -------------------------------------------------------------------------------------


def by_distance(embeddings: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return ranked lists by the Euclidean distance of embeddings, (n, d)."""
    from scipy.spatial.distance import cdist

    return ranked_lists(cdist(embeddings, embeddings), seed)


def _spectrum(material: Material) -> np.ndarray:
    """Rank by the mean log-CQT of whole tracks: what can be had without learning."""
    means = [material.spectrograms[i].astype(np.float64).mean(axis=0) for i in material.test]
    return by_distance(np.array(means), material.seed)


def _musicnn(material: Material) -> np.ndarray:
    """Rank by the mean of MusiCNN's penultimate layer, as it was published."""
    from vmnet.features.music import MUSICNN

    stage = ClipStage("features/musicnn_mean", _mean_musicnn, MUSICNN.parameters)
    folder = material.catalog.data / stage.folder
    files = {}
    for i in material.test:
        clip = Clip(material.catalog.tracks.ids[i], material.catalog.paths[i], "")
        name = store.key(track=clip.clip_id, file=store.fingerprint(clip.path))
        files[clip] = folder / f"{name}.npz"
    few = len(files) < 200  # each process loads TensorFlow, which takes longer than they do
    if failed := stage.run(files, 1 if few else material.jobs):
        raise VmnetError(next(iter(failed.values())))
    means = [store.load_arrays(path)["mean"] for path in files.values()]
    return by_distance(np.array(means), material.seed)


def _mean_musicnn(path: Path) -> dict[str, np.ndarray]:
    from vmnet.features.music import embed

    return {"mean": embed(path).mean(axis=0)}


def _second(material: Material) -> np.ndarray:
    """Rank by the tags of a second annotator: what people agree on."""
    assert material.catalog.second is not None
    second = material.catalog.second.select(material.test)
    return ranked_lists(-similarities(second), material.seed)


def _tagging(material: Material) -> np.ndarray:
    """Rank by the oracle on the tags that a network estimates."""
    tracks = material.catalog.tracks.select(material.test)
    estimated = np.clip(embedded(material, *tagging(material)), 0, 1)
    return ranked_lists(-similarities(tracks, estimated), material.seed)


def _triplets(
    material: Material, mining: str, network: str = "vgg", growing: bool = False
) -> np.ndarray:
    """Rank by the distance of what a network makes of tracks."""
    how = triplet(material, mining, network, growing)
    return by_distance(embedded(material, *how), material.seed)


BOUNDS: dict[str, Ranking] = {
    "untrained_spectrum": _spectrum,
    "musicnn": _musicnn,
    "second_annotator": _second,
}
TRIPLET_SYSTEMS = {  # mining and network: table 4.2
    "tl_neighbors": ("neighbors", "vgg"),
    "tl_random": ("random", "vgg"),
    "tl_distance": ("distance", "vgg"),
    "tl_autopool": ("distance", "autopool"),
}
ARCHITECTURES = {  # those of table C.4 beside the VGG, with distance-based mining
    name: ("distance", name) for name in ("musical", "resnet", "inception")
}
SYSTEMS: dict[str, Ranking] = {
    **BOUNDS,
    "at": _tagging,
    **{
        name: partial(_triplets, mining=mining, network=network)
        for name, (mining, network) in TRIPLET_SYSTEMS.items()
    },
}


# --- networks ------------------------------------------------------------------------------------

Training = tuple[str, TagConfig | TripletConfig, Callable[[Path], TrainedNetwork]]


def n_of(n_tracks: int) -> tuple[int, int]:
    """Return how many positives an anchor has, and negatives a positive, in a split of that size.

    As many negatives are the same share of the tracks as the thesis' 250 of 8,547: of 420 tracks,
    250 would be most of those there are, whichever way they are drawn.

    >>> n_of(8547), n_of(420), n_of(8)
    ((15, 250), (15, 12), (2, 5))
    """
    positives = min(POSITIVES, max(1, n_tracks // 4))
    share = max(FEWEST_NEGATIVES, round(NEGATIVES * n_tracks / THESIS_TRAIN))
    return positives, min(NEGATIVES, share, n_tracks - 1 - positives)


def mined(material: Material, split: str, mining: str) -> Triplets:
    """Draw the triplets of one split."""
    tracks = material.splits[split]
    return mine(material.S, tracks, mining, *n_of(len(tracks)), seed=material.seed)


def triplet(
    material: Material, mining: str, network: str = "vgg", growing: bool = False
) -> Training:
    """Return the name, the settings and the training of a network on triplets.

    Parameters
    ----------
    mining, network
        Keys of `MINING` and of `NETWORKS`.
    growing
        Whether the margin grows, in the first half of the updates.
    """
    _, n_negatives = n_of(len(material.splits["train"]))
    settings = triplet_config(material.size, network=network, seed=material.seed)
    settings = replace(
        settings,
        anchors=min(settings.anchors, len(material.splits["train"])),
        negatives=min(settings.negatives, n_negatives),
        margin_grows=max(1, round(GROWING * settings.steps)) if growing else 0,
    )

    def train(folder: Path) -> TrainedNetwork:
        own, valid = (mined(material, split, mining) for split in ("train", "valid"))
        return train_triplets(material.spectrograms, own, valid, settings, folder)

    return f"tl_{mining}_{network}{'_growing' * growing}", settings, train


def tagging(material: Material) -> Training:
    """Return the name, the settings and the training of the tagging baseline."""
    weights = material.catalog.tracks.weights
    settings = tag_config(material.size, weights.shape[1], seed=material.seed)

    def train(folder: Path) -> TrainedNetwork:
        own, valid = material.splits["train"], material.splits["valid"]
        return train_tags(material.spectrograms, weights, own, valid, settings, folder)

    return "at", settings, train


def trained(
    material: Material,
    name: str,
    settings: TagConfig | TripletConfig,
    train: Callable[[Path], TrainedNetwork],
) -> TrainedNetwork:
    """Load or train a network."""
    with timed(f"network {name}", bar=False):
        return train(_folder(material, name, settings))


def trainings(material: Material) -> dict[str, Training]:
    """Return the trainings of chapter 4, by system; of `ARCHITECTURES` those that were trained."""
    triplets = TRIPLET_SYSTEMS | kept_architectures([material])
    return {
        "at": tagging(material),
        **{name: triplet(material, *how) for name, how in triplets.items()},
        "tl_growing_margin": triplet(material, "distance", growing=True),
    }


def kept_architectures(materials: Sequence[Material]) -> dict[str, tuple[str, str]]:
    """Return those of `ARCHITECTURES` that an earlier run has trained for each seed."""
    return {
        name: how
        for name, how in ARCHITECTURES.items()
        if all(_is_kept(material, *triplet(material, *how)[:2]) for material in materials)
    }


def _is_kept(material: Material, name: str, settings: TagConfig | TripletConfig) -> bool:
    return (_folder(material, name, settings) / "model.npz").exists()


def _folder(material: Material, name: str, settings: TagConfig | TripletConfig) -> Path:
    return material.catalog.data / "networks" / f"{name}-{_key(material, name, settings)}"


def _key(material: Material, name: str, settings: TagConfig | TripletConfig, **more: object) -> str:
    """Return what stands for a network: also for the oracle, which says what it learns."""
    learned = [ORACLE, *(n_of(len(material.splits[split])) for split in ("train", "valid"))]
    about = {"material": material.key, "name": name, "settings": asdict(settings)}
    return store.key(**about, learned=learned, **more)


def embedded(
    material: Material,
    name: str,
    settings: TagConfig | TripletConfig,
    train: Callable[[Path], TrainedNetwork],
) -> np.ndarray:
    """Return what a network makes of the test tracks, means of eight patches, (n_test, d)."""
    key = _key(material, name, settings, patches=N_TEST)
    path = material.catalog.data / "embeddings" / f"{name}-{key}.npy"
    if not path.exists():
        patches = draw_patches(
            material.spectrograms, material.test, N_TEST, settings.frames, material.seed
        )
        store.save_array(path, trained(material, name, settings, train).embed(patches))
    return store.load_array(path)


def curves(material: Material) -> dict[str, dict[str, np.ndarray]]:
    """Return the training curve of each triplet network of table 4.2."""
    return {
        name: trained(material, *triplet(material, *how)).curve
        for name, how in TRIPLET_SYSTEMS.items()
    }


# --- results -------------------------------------------------------------------------------------


def compare(materials: Sequence[Material], architectures: bool = False) -> "pd.DataFrame":
    """Return the numbers of chapter 4, tidy (`vmnet.report.thesis.results`).

    Parameters
    ----------
    materials
        One a seed.
    architectures
        Whether the networks of table C.4 are trained, too; what an earlier run has trained is there
        without. Their sizes are always there.
    """
    others = ARCHITECTURES if architectures else kept_architectures(materials)
    rows = [row for each in materials for row in _rows(each, others)]
    return tidy.table(rows)


def _rows(material: Material, others: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    about: dict[str, Any] = {
        "corpus": material.catalog.name,
        "kind": material.catalog.kind,
        "seed": material.seed,
    }
    systems = {
        name: rank
        for name, rank in SYSTEMS.items()
        if name != "second_annotator" or material.catalog.second
    }
    ranked = {name: rank(material) for name, rank in systems.items()}
    rows = _scored(material, "4.2", ranked)
    margins = {
        "tl_distance": ranked["tl_distance"],
        "tl_growing_margin": _triplets(material, "distance", growing=True),
    }
    rows += _scored(material, "margin", margins)
    by_network = {name: _triplets(material, *how) for name, how in others.items()}
    rows += _scored(material, "C.4", {"vgg": ranked["tl_distance"]} | by_network)
    rows += [*_sizes(material), *_similar(material), *_unit_rows(material)]
    return [tidy.row(**about, **row) for row in rows]


def _scored(
    material: Material, part: str, ranked: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return the scores of systems, with and without the tracks of a query's own artist.

    The differences are between a system and the best of the thesis' without Auto-pool, over the
    same queries.
    """
    rows = []
    artists = np.array(material.artists)
    others = min((artists != each).sum() for each in artists)
    groups = {"": None, OTHERS: material.artists} if others >= RELEVANT else {"": None}
    for group, names in groups.items():
        scores = {
            name: evaluate(lists, material.reference, artists=names)
            for name, lists in ranked.items()
        }
        n = len(material.test)
        chance: Mapping[str, float] = next(iter(scores.values())).chance
        rows += [
            {"part": part, "system": "chance", "group": group, "metric": m, "value": v, "n": n}
            for m, v in chance.items()
        ]
        for name, one in scores.items():
            rows += [{"part": part, "system": name, "group": group, **row} for row in one.rows()]
        if not group:
            rows += _differences(part, scores)
    return rows


def _differences(part: str, scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """Return how far each system is ahead of TL distance, a query at a time."""
    base = scores["vgg" if part == "C.4" else "tl_distance"]
    return [
        {"part": f"{part} paired", "system": name, **row}
        for name, one in scores.items()
        if one is not base
        for row in one.minus(base)
    ]


def _sizes(material: Material) -> list[dict[str, Any]]:
    """Return the parameters of each network: the thesis', and as narrow as here.

    Table C.2 prints the number of `musical` with d = 100; as trained, it has 128 as all others.
    """
    n_tags = len(material.catalog.tracks.tags)
    narrow, whole = _parameters(material.size.width, n_tags), _parameters(1.0)
    counts = {
        "parameters": whole | {"musical": _parameters(1.0, d=100)["musical"]},
        "parameters_d128": {"musical": whole["musical"]},
        "parameters_here": narrow,
    }
    n = len(material.test)
    return [
        {"part": "C.4", "system": name, "metric": metric, "value": count, "n": n}
        for metric, by_network in counts.items()
        for name, count in by_network.items()
    ]


@cache
def _parameters(width: float, n_tags: int = 0, d: int = 0) -> dict[str, int]:
    """Count the parameters of each network, and of the tagging baseline where tags are given."""
    from vmnet.similarity.networks import DIM, NETWORKS, at_baseline

    names = ["musical"] if d else list(NETWORKS)
    counts = {name: NETWORKS[name](d or DIM, width).count_params() for name in names}
    return counts | ({"at": at_baseline(n_tags, width).count_params()} if n_tags else {})


def mean_similarity(material: Material) -> np.ndarray:
    """Return the mean over all tracks of S at each rank of their lists (figure 4.1), (n - 1,) %."""
    S = material.S
    return np.take_along_axis(S, reference_lists(S), axis=1).mean(axis=0)


def _similar(material: Material) -> list[dict[str, Any]]:
    mean = mean_similarity(material)
    n = len(mean) + 1
    found = [
        {"group": f"rank:{rank}", "metric": "mean_S", "value": mean[rank - 1]}
        for rank in SHOWN_RANKS
        if rank < n
    ]
    below = np.flatnonzero(mean < 50)
    first = int(below[0]) + 1 if len(below) else n
    found.append({"group": "", "metric": "first_rank_below_50", "value": first})
    return [{"part": "4.1", "system": "oracle", "n": n, **row} for row in found]


def units(material: Material) -> list[Unit]:
    """Return what the output units of TL distance listen to (table 4.3)."""
    tracks = material.catalog.tracks.select(material.test)
    embeddings = embedded(material, *triplet(material, *TRIPLET_SYSTEMS["tl_distance"]))
    artists = tracks.artists if len(set(tracks.artists)) >= RELEVANT else None
    return analyse_units(embeddings, tracks.weights, tracks.tags, artists, material.seed)


def _unit_rows(material: Material) -> list[dict[str, Any]]:
    found, n = units(material), len(material.test)
    counts = {
        "units_below_005": {"value": sum(unit.p <= LEVEL for unit in found)},
        "units_below_005_by_chance": {
            "value": LEVEL * len(found),
            "ci95": 1.96 * np.sqrt(LEVEL * (1 - LEVEL) * len(found)),  # as if independent
        },
        "units_below_005_corrected": {"value": sum(unit.p_corrected <= LEVEL for unit in found)},
    }
    return [
        {"part": "4.3", "system": "tl_distance", "metric": name, "n": n, **count}
        for name, count in counts.items()
    ]
