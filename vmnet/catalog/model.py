"""A model that ranks music for silent videos: a folder of plain files that can be moved anywhere.

    about.json    what the model takes in, what it learned from, how well it ranks held-out clips
    network/      the network's own files (`vmnet.models`)

A silent video is cut by its pictures and the music by its sound, so the model learns on tracks that
are cut apart, wherever the corpus has shots, and is measured on such tracks: test clips as windows
of one length (`vmnet.experiment.apart`), so that no duration tells which track belongs to a video.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet import store
from vmnet.errors import VmnetError, known_names

if TYPE_CHECKING:
    from vmnet.aligners import Sequences
    from vmnet.experiment import Dataset, Run, System
    from vmnet.features import Extractor
    from vmnet.models import Embedder
    from vmnet.models.forward import PlainVMNet
    from vmnet.models.linear import LinearCCA

FORMAT, VERSION = "vmnet model", 1
ABOUT, NETWORK = "about.json", "network"
MODALITIES = ("video", "music")
WEIGHTS = "model.npz"  # in the folder of a network; what it learned
FEW = 20  # held-out clips; a mean rank of fewer tells little


@dataclass(frozen=True)
class Quality:
    """How well a model ranks held-out music for held-out videos, and videos for music.

    Attributes
    ----------
    clips
        Test clips, each a query and each a target.
    cut
        What was ranked: "windows of 120 s", or "whole clips".
    ranks
        By distance, the mean rank of the true music and the half width of its 95 % interval.
    video_ranks
        The same of the true video for music; empty in a model of before it was measured.
    """

    clips: int
    cut: str
    ranks: Mapping[str, tuple[float, float]]
    video_ranks: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def chance(self) -> float:
        """The mean rank of an order drawn at random."""
        return (self.clips + 1) / 2

    def ranks_of(self, modality: str) -> Mapping[str, tuple[float, float]]:
        """Return the mean ranks of the true "music", or of the true "video", by distance."""
        return {"music": self.ranks, "video": self.video_ranks}[modality]

    def near_chance(self, distance: str, modality: str = "music") -> bool:
        """Tell whether the interval of the mean rank reaches chance."""
        rank, half_width = self.ranks_of(modality)[distance]
        return rank + half_width >= self.chance


@dataclass(frozen=True)
class About:
    """What about.json holds of a model.

    Attributes
    ----------
    key
        A hash of the weights.
    kind
        A key of `vmnet.models.MODELS`.
    video, music
        Names of the extractors whose features the network takes.
    parameters
        By modality, the key of the extractor's parameters; "" where it is none of `EXTRACTORS`.
    segmenter
        How the music is cut: a key of `SEGMENTERS`, or "clip".
    video_segmenter
        How the videos of the training were cut.
    segment_seconds
        Mean length of the segments of the training's music, s.
    """

    key: str
    kind: str
    video: str
    music: str
    parameters: Mapping[str, str]
    segmenter: str
    video_segmenter: str
    segment_seconds: float
    profile: str
    seed: int
    corpus: str
    corpus_kind: str
    training_clips: int
    quality: Quality


@dataclass(frozen=True, eq=False)
class RankingModel:
    """A model on disk; its network is loaded when it is first used.

    Examples
    --------
    >>> model = load_model("~/model")  # doctest: +SKIP
    >>> print(model.quality_sentence("nw"))  # doctest: +SKIP
    """

    folder: Path
    about: About = field(repr=False)

    @property
    def key(self) -> str:
        """A hash of the weights."""
        return self.about.key

    @property
    def video(self) -> str:
        """The extractor whose features of the pictures it takes."""
        return self.about.video

    @property
    def music(self) -> str:
        """The extractor whose features of the sound it takes."""
        return self.about.music

    @property
    def segmenter(self) -> str:
        """How the music of its training was cut: a key of `SEGMENTERS`, or "clip"."""
        return self.about.segmenter

    def embed_music(self, music: "Sequences") -> "Sequences":
        """Embed segments of music, as `TrainedVMNet.embed_music`."""
        return self._network.embed_music(music)

    def embed_video(self, video: "Sequences") -> "Sequences":
        """Embed segments of video, likewise."""
        return self._network.embed_video(video)

    def embed(self, modality: str, segments: "Sequences") -> "Sequences":
        """Embed segments of one modality, "music" or "video"."""
        return {"music": self.embed_music, "video": self.embed_video}[modality](segments)

    def extractor(self, modality: str) -> "Extractor":
        """Return what makes the features of one modality, "music" or "video", of a media file.

        Raises
        ------
        VmnetError
            If nothing here does, or not as it did for the training.
        """
        from vmnet.features import EXTRACTORS

        name = getattr(self.about, modality)
        if name not in EXTRACTORS:
            raise VmnetError(
                f"{self.folder} learned from {modality} features that nothing here makes of a "
                "file: if one of the extractors made them, name it when the model is trained "
                "(vmnet train --extracted-by VIDEO MUSIC)."
            )
        if _parameters(name) != self.about.parameters[modality]:
            raise VmnetError(
                f"{self.folder} learned from {name} features of another version of vmnet: train "
                "it again."
            )
        return EXTRACTORS[name]

    def quality_sentence(self, distance: str, modality: str = "music") -> str:
        """Say how well the model ranks held-out clips by a distance, beside chance.

        That is the music for a video, or the other way round where `modality` is "video".
        """
        quality = self.about.quality
        of = f"{self.about.corpus_kind}; {quality.cut}"
        ranks = quality.ranks_of(modality)
        if distance not in ranks:
            return (
                f"How well this model ranks {modality} by {distance} was not measured: train it "
                "again to know."
            )
        rank, half_width = ranks[distance]
        text = (
            f"On {quality.clips} held-out clips ({of}) this model ranks the true {modality} "
            f"{rank:.1f} ±{half_width:.1f} of {quality.clips} by {distance} "
            f"(chance {quality.chance:.1f})"
        )
        if quality.near_chance(distance, modality):
            return f"{text}: that is near chance, and its order means little."
        few = quality.clips < FEW
        return f"{text}: so few clips tell little." if few else f"{text}."

    def copy(self, folder: Path) -> None:
        """Copy the model's files into another folder, about.json last."""
        self.require_whole()
        shutil.copytree(self.folder / NETWORK, folder / NETWORK, dirs_exist_ok=True)
        store.save_text(folder / ABOUT, (self.folder / ABOUT).read_text(encoding="utf-8"))

    def require_whole(self) -> None:
        """Raise VmnetError if the weights are not those that about.json is about."""
        path = self.folder / NETWORK / WEIGHTS
        if not path.exists() or _hash(path) != self.key:
            raise VmnetError(
                f"{path} is missing or not what {ABOUT} says: write the model again "
                "(vmnet train --output)."
            )

    @cached_property
    def _network(self) -> "PlainVMNet | LinearCCA":
        self.require_whole()
        return _LOADERS[self.about.kind](self.folder / NETWORK)


def load_model(folder: Path | str) -> RankingModel:
    """Open a model: its weights are read, and compared with what they were, on first use.

    Raises
    ------
    VmnetError
        If the folder holds no model, one of another version, or a damaged one.

    Examples
    --------
    >>> load_model("model").quality_sentence("nw_mean")  # doctest: +SKIP
    'On 75 held-out clips (folder; windows of 120 s) this model ranks the true music 24.4 ±4.3 ...'
    """
    folder = Path(folder).expanduser()
    return RankingModel(folder, _about(folder))


def save_model(
    data: "Dataset | Run", folder: Path, extracted_by: Mapping[str, str] | None = None
) -> RankingModel:
    """Train the network that ranks music for silent videos, or load it, and write it as a model.

    Parameters
    ----------
    data
        A run, or what `prepare` returned for `seg_vm_nets` of it.
    folder
        Becomes the model's; made if need be.
    extracted_by
        By modality, which extractor made the features of a corpus that has features alone.

    Raises
    ------
    VmnetError
        If the folder holds something else, or such an extractor makes other features.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from vmnet import open_run, save_model
    >>> with TemporaryDirectory() as folder:
    ...     model = save_model(open_run("toy"), folder)
    >>> model.segmenter, model.about.quality.clips, model.about.corpus_kind
    ('olda', 12, 'simulated')
    """
    from vmnet.experiment import Dataset, model, prepare, seg_vm_nets
    from vmnet.experiment.apart import cut_apart, ranking_system

    require_place(folder)
    data = data if isinstance(data, Dataset) else prepare(data, seg_vm_nets(data))
    system = ranking_system(data)
    whole = cut_apart(data, system)
    names = _extractors(whole, system, extracted_by or {})
    network = model(whole, system)
    edges = whole.boundaries(system.segmenter, "train").values()
    return write_model(
        folder,
        network,
        kind=system.model,
        **names,
        segmenter=system.cut[1],
        video_segmenter=system.cut[0],
        segment_seconds=sum(float(e[-1]) for e in edges) / sum(len(e) - 1 for e in edges),
        profile=data.run.profile.name,
        seed=data.run.seed,
        corpus=data.corpus.name,
        corpus_kind=data.corpus.kind,
        training_clips=len(whole.corpus.split("train")),
        quality=_quality(data, whole, system, network),
    )


def write_model(folder: Path, network: "Embedder", **about: Any) -> RankingModel:
    """Write a trained network and what is known of it as a model.

    Parameters
    ----------
    about
        What `About` holds, but for the key and the parameters of the extractors.
    """
    folder = require_place(folder)
    (folder / ABOUT).unlink(missing_ok=True)  # until all is written there is no model
    network.save(folder / NETWORK)
    parameters = {modality: _parameters(about[modality]) for modality in MODALITIES}
    key = _hash(folder / NETWORK / WEIGHTS)
    written = asdict(About(key=key, parameters=parameters, **about))
    text = json.dumps({"format": FORMAT, "version": VERSION, **written}, indent=1)
    store.save_text(folder / ABOUT, text + "\n")
    return load_model(folder)


def require_place(folder: Path | str) -> Path:
    """Return a folder in which a model may be written: it is empty, new, or a model's.

    Raises
    ------
    VmnetError
        If it holds something else.
    """
    folder = Path(folder).expanduser()
    held = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if held - {ABOUT, NETWORK}:
        raise VmnetError(f"{folder} holds other files: give --output a new or an empty folder.")
    return folder


def _quality(data: "Dataset", whole: "Dataset", system: "System", network: "Embedder") -> Quality:
    """Rank the test clips: as windows of one length, or whole where a clip has one row."""
    from vmnet.aligners import DISTANCES
    from vmnet.evaluation.experiment import evaluate
    from vmnet.experiment import CLIP
    from vmnet.experiment.apart import window_seconds, windowed

    cut = "whole clips"
    if system.segmenter != CLIP:
        ((_, whole),) = windowed([data], lambda run: [system])
        cut = f"windows of {window_seconds(data)} s"
    video, music = whole.features(system, "test")
    rows = evaluate(network.embed_video(video), network.embed_music(music), DISTANCES)
    values = {
        (row["direction"], row["distance"], row["metric"]): float(row["value"]) for row in rows
    }
    ranks, video_ranks = (
        {n: (values[way, n, "mean_rank"], values[way, n, "ci95"]) for n in DISTANCES}
        for way in ("V2M", "M2V")
    )
    return Quality(clips=len(video), cut=cut, ranks=ranks, video_ranks=video_ranks)


def _extractors(
    data: "Dataset", system: "System", extracted_by: Mapping[str, str]
) -> dict[str, str]:
    """Return the names of the extractors, by modality; refuse such as make other features."""
    from vmnet.features import EXTRACTORS

    names = {}
    for modality, features in zip(MODALITIES, data.features(system, "train"), strict=True):
        own = getattr(system, modality)
        name = names[modality] = extracted_by.get(modality, own)
        if name == own:
            continue
        known = [n for n, extractor in EXTRACTORS.items() if extractor.modality == modality]
        known_names([name], known, f"{modality} extractor")
        if own in EXTRACTORS or EXTRACTORS[name].dim != features.dim:
            raise VmnetError(
                f"the {modality} features {own!r} of this corpus, {features.dim} values, are not "
                f"those of {name}, {EXTRACTORS[name].dim} values: name what made them."
            )
    return names


def _parameters(name: str) -> str:
    """Return what stands for what an extractor does, "" for none of ours."""
    from vmnet.features import EXTRACTORS

    return store.key(**EXTRACTORS[name].parameters) if name in EXTRACTORS else ""


def _about(folder: Path) -> About:
    """Read and check about.json."""
    path = folder / ABOUT
    if not path.is_file():
        raise VmnetError(f"{folder} holds no model: `vmnet train --output FOLDER` writes one.")
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        is_ours, version = written.pop("format") == FORMAT, written.pop("version")
        if is_ours and version == VERSION:
            quality = written.pop("quality")
            ranks, of_video = (
                {name: (float(a), float(b)) for name, (a, b) in found.items()}
                for found in (quality.pop("ranks"), quality.pop("video_ranks", {}))
            )
            return About(quality=Quality(ranks=ranks, video_ranks=of_video, **quality), **written)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise VmnetError(
            f"{path} is damaged: train the model again (vmnet train --output)."
        ) from None
    if not is_ours:
        raise VmnetError(f"{folder} holds no model: its {ABOUT} is of something else.")
    raise VmnetError(
        f"{folder} is a model of format {version}, and this vmnet reads {VERSION}: train it again."
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _network(folder: Path) -> "PlainVMNet":
    from vmnet.models.forward import PlainVMNet

    return PlainVMNet.load(folder)


def _linear(folder: Path) -> "LinearCCA":
    from vmnet.models.linear import LinearCCA

    return LinearCCA.load(folder)


_LOADERS: dict[str, Callable[[Path], "PlainVMNet | LinearCCA"]] = {
    "vmnet": _network,
    "linear": _linear,
}
