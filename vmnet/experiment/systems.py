"""The systems that are compared: what is trained and ranked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vmnet.experiment.run import HANDCRAFTED, Run
from vmnet.experiment.segments import CLIP, STATISTICS, Pair


@dataclass(frozen=True)
class System:
    """A segmentation, the features of the two modalities, the loss, the kind of model.

    `segmenter` is a key of `SEGMENTERS`, or `CLIP` for one segment that lasts the whole clip;
    `music` and `video` name extractors of the corpus' source. `training` is what its
    `TrainingConfig` has beside the run's.

    `video_segmenter` cuts the video, where the two tracks are cut apart and `segmenter` cuts the
    music alone. `learned_as` is the system whose model is taken, where it is not its own. `model`
    is a key of `vmnet.models.MODELS`.

    `statistics` is what is made of the frames of the music of a whole clip: "mean", or
    "mean+variance+max", three times as long (thesis, 5.2.2).
    """

    name: str
    segmenter: str
    music: str
    video: str
    training: Mapping[str, Any] = field(default_factory=dict)
    video_segmenter: str = ""
    learned_as: "System | None" = None
    model: str = "vmnet"
    statistics: str = "mean"

    def __post_init__(self) -> None:
        if self.statistics not in ("mean", "mean+variance+max"):
            raise ValueError(f"statistics are mean or mean+variance+max, not {self.statistics!r}")
        if self.statistics != "mean" and self.cut != (CLIP, CLIP):
            raise ValueError(f"{self.statistics} are of whole clips, not of {self.segmentation}")

    @property
    def cut(self) -> tuple[str, str]:
        """The segmenters of the video and of the music."""
        return self.video_segmenter or self.segmenter, self.segmenter

    @property
    def kept(self) -> tuple[Pair, Pair]:
        """What is kept of the video and of the music: the extractor, and how its frames are cut."""
        video, music = self.cut
        return (self.video, video), (self.music, music if self.statistics == "mean" else STATISTICS)

    @property
    def apart(self) -> bool:
        """Whether the two tracks have boundaries of their own."""
        video, music = self.cut
        return video != music

    @property
    def segmentation(self) -> str:
        """What tables call it: the segmenter of both tracks, or "VIDEO+MUSIC"."""
        return "+".join(dict.fromkeys(self.cut))

    @property
    def is_network(self) -> bool:
        """Whether it learns by updates, so that it has curves and takes energy."""
        return self.model != "linear"


def seg_vm_net(run: Run, segmenter: str = "") -> System:
    """Return the paper's proposal for one segmentation (paper IV: one network per S).

    Without a name it is OLDA's, with which the paper's experiment 3 is done, or the run's first.
    """
    if not segmenter:
        segmenter = "olda" if "olda" in run.segmenters else run.segmenters[0]
    return System("seg_vmnet", segmenter, run.music, run.video)


def baseline_2(run: Run) -> System:
    """Return the clip-level system with learned music features (paper V-A)."""
    return System("baseline_2", CLIP, run.music, run.video)


def baselines(run: Run) -> tuple[System, ...]:
    """Return the clip-level systems that the Seg-VM-Nets are compared with.

    The paper's (V-A) are the original VM-Net, and that with learned music features. Ours is what
    two linear maps make of the same features as the second. A corpus of features may lack the
    handcrafted ones of baseline 1.
    """
    two = baseline_2(run)
    beside = (two, replace(two, name="linear_cca", model="linear"))
    if HANDCRAFTED not in run.corpus.source.extractors:
        return beside
    return (System("baseline_1", CLIP, HANDCRAFTED, run.video), *beside)


def clip_level(run: Run) -> tuple[System, ...]:
    """Return the baselines, then baseline 2 with the loss of the original VM-Net (CBVMR).

    That has terms within a modality, which do not help according to the thesis (7.1.3): the last
    system is without them.
    """
    from vmnet.models.settings import CBVMR

    two = baseline_2(run)
    losses: dict[str, dict[str, Any]] = {
        "baseline_2_cbvmr": CBVMR,
        "baseline_2_cbvmr_inter": CBVMR | {"intra_weights": (0.0, 0.0)},
    }
    return (
        *baselines(run),
        *(replace(two, name=name, training=loss) for name, loss in losses.items()),
    )


def seg_vm_nets(run: Run) -> tuple[System, ...]:
    """Return one Seg-VM-Net for each segmentation of the run.

    Examples
    --------
    >>> from vmnet import open_run, seg_vm_nets
    >>> [system.segmenter for system in seg_vm_nets(open_run("toy", segmenters=["sf", "olda"]))]
    ['sf', 'olda']
    """
    return tuple(seg_vm_net(run, segmenter) for segmenter in run.segmenters)


def all_systems(run: Run) -> tuple[System, ...]:
    """Return the clip-level systems and the Seg-VM-Nets."""
    return (*clip_level(run), *seg_vm_nets(run))
