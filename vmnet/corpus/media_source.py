"""Features of media files: extractors and segmenters by name, clip by clip, in worker processes.

What is computed of a clip is kept below one folder, a file for each extractor and for each group of
segmenters that share their costly part. The file's name changes with the media file and with the
parameters of what made it, so that nothing old is ever taken for new.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vmnet import store
from vmnet.batch import Workers, array_job, failure, noticed, run_jobs
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipFeatures, ClipView, FeatureSource, Modality, Picture
from vmnet.errors import InputWarning, MediaError, VmnetError

RENDERED = "vmnet rendered"  # how the comment in a rendered file begins
CURVES = ("novelty_times", "novelty", "shot_times", "shot_probability")
COSTS = {  # seconds of a processor for a second of a clip, as seen; for estimates alone
    "features/efficientnet": 0.03,
    "features/musicnn": 0.06,
    "features/handcrafted": 0.05,
    "boundaries/music": 0.08,
    "boundaries/shots": 0.3,
}
WAVEFORM_RATE = 8000  # Hz, to look at


@dataclass(frozen=True)
class ClipStage:
    """A stage done clip by clip: named arrays from one media file.

    `parameters` is everything that decides the result, for the key.
    """

    name: str
    compute: Callable[[Path], Mapping[str, np.ndarray]]
    parameters: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """The folder of its results, which changes with the parameters."""
        return f"{self.name}-{store.key(**self.parameters)}"

    def run(
        self, files: Mapping[Clip, Path], workers: Workers, retry: bool = False
    ) -> dict[str, str]:
        """Do the stage for the clips whose file is missing; return why clips failed, by clip_id.

        A clip that failed before and has not changed is not tried again, unless `retry`.
        """
        failures, jobs = {}, []
        for clip, file in files.items():
            if file.exists():
                continue
            if not retry and (reason := failure(file, clip.path)):
                failures[clip.clip_id] = reason
            else:
                jobs.append(array_job(clip.clip_id, clip.path, file, self.compute))
        return failures | run_jobs(jobs, workers, self.name)


class MediaSource(FeatureSource):
    """The features of media files, computed by this project's extractors and segmenters.

    Parameters
    ----------
    folder
        Where what is computed is kept.
    audio_track
        Which sound track of a file is the music, counted from 1; None lets each file decide.
    """

    whitened = False  # the outputs of the extractors are neither centred nor of one scale

    def __init__(self, folder: Path, audio_track: int | None = None) -> None:
        from vmnet.features import EXTRACTORS
        from vmnet.segmenters import SEGMENTERS

        self.folder = Path(folder)
        self.audio_track = audio_track
        # As the files were when they were first asked for: what a run makes stays of one state.
        self._fingerprints: dict[Path, str] = {}
        self.extractors: dict[str, Modality] = {
            name: extractor.modality for name, extractor in EXTRACTORS.items()
        }
        self.segmenters = tuple(name for name, one in SEGMENTERS.items() if one.computed)
        # The stages carry their functions: a worker process need not know the registries.
        stages = {"extractor": _extractor_stages(), "segmenter": segmenter_stages()}
        self._check = on_track(_CHECK, audio_track)
        self._stages = {
            what: {name: on_track(stage, audio_track) for name, stage in named.items()}
            for what, named in stages.items()
        }

    def _file(self, stage: ClipStage, clip: Clip) -> Path:
        """Return where the arrays that a stage makes of a clip are kept."""
        if clip.path not in self._fingerprints:
            there = clip.path.exists()
            self._fingerprints[clip.path] = store.fingerprint(clip.path) if there else "missing"
        name = f"{clip.clip_id}-{self._fingerprints[clip.path]}.npz"
        return self.folder / stage.folder / name

    def _run(
        self, stage: ClipStage, clips: Iterable[Clip], workers: Workers, retry: bool
    ) -> dict[str, str]:
        return stage.run({clip: self._file(stage, clip) for clip in clips}, workers, retry)

    def _needed(self, extractors: Iterable[str], segmenters: Iterable[str]) -> list[ClipStage]:
        """Return the stages that are needed, each once, in the order of the way of the data."""
        stages = [self._stages["extractor"][name] for name in extractors]
        stages += [self._stages["segmenter"][name] for name in segmenters]
        return list({stage.name: stage for stage in stages}.values())

    def run_stage(
        self, stage: ClipStage, clips: Iterable[Clip], workers: Workers = 1, retry: bool = False
    ) -> dict[str, str]:
        """Do a stage that is no extractor and no segmenter; return why clips failed, by clip_id."""
        return self._run(on_track(stage, self.audio_track), clips, workers, retry)

    def kept(self, stage: ClipStage, clip: Clip) -> dict[str, np.ndarray]:
        """Return what such a stage, which was done, made of a clip."""
        return store.load_arrays(self._file(on_track(stage, self.audio_track), clip))

    def load(self, clip: Clip) -> ClipFeatures:
        """Return what was computed of a clip; each array is read when it is asked for."""
        return ClipFeatures(
            _Kept(self, clip, "extractor", tuple(self.extractors)),
            _Kept(self, clip, "segmenter", self.segmenters),
        )

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the media files and for what is made of them."""
        stages = self._needed(extractors, segmenters)
        files = [
            [self._file(stage, clip).relative_to(self.folder).as_posix() for stage in stages]
            for clip in clips
        ]
        return store.key(files=files)

    def check(
        self, clips: Sequence[Clip], workers: Workers = 1, retry: bool = False
    ) -> dict[str, str]:
        """Return why clips cannot be used: not to be decoded, no sound, no pictures."""
        return self._run(self._check, clips, workers, retry)

    def remembered(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> dict[str, str]:
        """Return why an extractor or a segmenter failed before on files that have not changed."""
        stages = self._needed(extractors, segmenters)
        return {
            clip.clip_id: reason
            for clip in clips
            for stage in stages
            if (reason := failure(self._file(stage, clip), clip.path))
        }

    def compute(
        self,
        clips: Sequence[Clip],
        extractors: Iterable[str],
        segmenters: Iterable[str],
        workers: Workers = 1,
        retry: bool = False,
    ) -> dict[str, str]:
        """Run extractors and segmenters; a clip that one fails on is spared the others."""
        failures: dict[str, str] = {}
        for stage in (self._check, *self._needed(extractors, segmenters)):
            left = [clip for clip in clips if clip.clip_id not in failures]
            failures |= self._run(stage, left, workers, retry)
        return failures

    def warnings(self, clips: Iterable[Clip]) -> dict[str, tuple[str, ...]]:
        """Return what was noticed about clips in any stage, by clip_id."""
        stages = (self._check, *self._needed(self.extractors, self.segmenters))
        found = {
            clip.clip_id: [line for stage in stages for line in noticed(self._file(stage, clip))]
            for clip in clips
        }
        return {name: tuple(dict.fromkeys(lines)) for name, lines in found.items() if lines}

    def seconds_to_compute(
        self, clips: Sequence[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> float:
        """Estimate how long one processor computes what is missing of checked clips."""
        stages = self._needed(extractors, segmenters)
        total = 0.0
        for clip in clips:
            missing = [s for s in stages if not self._file(s, clip).exists()]
            if missing:
                duration = float(store.load_arrays(self._file(self._check, clip))["duration"])
                total += duration * sum(COSTS.get(stage.name, 0.1) for stage in missing)
        return total

    def describe(self, clip: Clip) -> str:
        """Say in a line how long and how large a clip is."""
        if reason := self.check([clip]).get(clip.clip_id):
            raise MediaError(reason)
        found = store.load_arrays(self._file(self._check, clip))
        width, height = found["size"]
        return f"{found['duration']:7.1f} s  {width}x{height}  {found['fps']:.4g} fps"

    def pictures(self, clip: Clip, count: int) -> Sequence[Picture]:
        """Return `count` pictures of a clip at even distances."""
        return media_pictures(clip.path, count)

    def curves(self, clip: Clip) -> dict[str, np.ndarray]:
        """Return the curves of a clip that its segmenters looked at, as far as they are kept."""
        kept = [
            store.load_arrays(self._file(stage, clip))
            for stage in self._needed((), self.segmenters)
            if self._file(stage, clip).exists()
        ]
        return {name: a for arrays in kept for name, a in arrays.items() if name in CURVES}

    def view(self, clip: Clip) -> ClipView:
        """Return the sound and the curves of a clip, and its truth if rendered."""
        from vmnet import media

        with media.using_audio_track(self.audio_track):
            return media_view(clip.path, self.curves(clip))

    def query(self, video: Path, extractor: str, segmenter: str = "") -> ClipFeatures:
        """Compute the features, and the boundaries, of a video that is not of the corpus."""
        path = Path(video).absolute()
        clip = Clip(f"query-{store.key(path=path)}", path, "query")
        self._fingerprints.pop(path, None)  # it may have changed since it was asked about last
        stages = self._needed([extractor], [segmenter] if segmenter else [])
        for stage in stages:
            if reason := self._run(stage, [clip], 1, retry=True).get(clip.clip_id):
                raise MediaError(reason)
        lines = (line for stage in stages for line in noticed(self._file(stage, clip)))
        for line in dict.fromkeys(lines):
            warnings.warn(line, InputWarning, stacklevel=2)
        return self.load(clip)


def media_pictures(path: Path, count: int) -> list[Picture]:
    """Return `count` pictures of a media file at even distances."""
    from vmnet import media

    duration = media.require(path, audio=False).duration
    times = (np.arange(count) + 0.5) * duration / max(count, 1)
    return list(zip(times.tolist(), media.pictures(path, times), strict=True))


def media_view(path: Path, curves: Mapping[str, np.ndarray]) -> ClipView:
    """Return what there is to look at in one media file, beside its pictures.

    Parameters
    ----------
    curves
        What the segmenters looked at; see `ClipView`.
    """
    from vmnet import media

    media.require(path)
    kind = kind_of(path)
    return ClipView(
        kind=kind,
        waveform=media.load_audio(path, sample_rate=WAVEFORM_RATE),
        curves=curves,
        **(_truth(path) if kind == "rendered" else {}),
    )


def kind_of(path: Path) -> str:
    """Return "rendered" for a file that this project rendered, and "real" for any other."""
    from vmnet import media

    return "rendered" if media.comment(path).startswith(RENDERED) else "real"


def _truth(path: Path) -> dict[str, Any]:
    """Return the true sections and cuts of a rendered clip, where they lie beside it."""
    from vmnet.rendered import read_truth

    annotation = path.with_suffix(".jams")
    if not annotation.exists():
        return {}
    truth = read_truth(annotation)
    starts, ends = truth.boundaries[:-1].tolist(), truth.boundaries[1:].tolist()
    return {"sections": list(zip(starts, ends, truth.labels, strict=True)), "cuts": truth.cuts}


class _Kept(Mapping[str, np.ndarray]):
    """The arrays of one clip by the name of what made them, each read when it is asked for."""

    def __init__(self, source: MediaSource, clip: Clip, what: str, names: tuple[str, ...]) -> None:
        self._source, self._clip, self._what, self._names = source, clip, what, names

    def __getitem__(self, name: str) -> np.ndarray:
        stage = self._source._stages[self._what][name]
        file = self._source._file(stage, self._clip)
        if not file.exists():
            raise VmnetError(
                f"{self._clip.path} has changed meanwhile; run the same command again."
            )
        return store.load_arrays(file)["frames" if self._what == "extractor" else name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


# --- the stages ---------------------------------------------------------------------------------


def _extractor_stages() -> dict[str, ClipStage]:
    from vmnet.features import EXTRACTORS

    return {
        name: ClipStage(f"features/{name}", extractor.compute, extractor.parameters)
        for name, extractor in EXTRACTORS.items()
    }


def segmenter_stages() -> dict[str, ClipStage]:
    """Return the stage of each segmenter; those of one group share it, as they share its work."""
    from vmnet.segmenters import SEGMENTERS

    stages = {}
    for name, segmenter in SEGMENTERS.items():
        group = segmenter.group
        parameters = {s.name: s.parameters for s in SEGMENTERS.values() if s.group == group}
        stages[name] = ClipStage(f"boundaries/{group}", segmenter.compute, parameters)
    return stages


def on_track(stage: ClipStage, audio_track: int | None) -> ClipStage:
    """Return a stage that reads one sound track, and is keyed by that and by how files are read."""
    from vmnet import media

    parameters: dict[str, Any] = {**stage.parameters, "media": media.VERSION}
    if audio_track is None:
        return replace(stage, parameters=parameters)
    compute = partial(_compute_on_track, stage.compute, audio_track)
    return replace(stage, compute=compute, parameters=parameters | {"audio_track": audio_track})


def _compute_on_track(
    compute: Callable[[Path], Mapping[str, np.ndarray]], audio_track: int, path: Path
) -> Mapping[str, np.ndarray]:
    from vmnet import media

    with media.using_audio_track(audio_track):
        return compute(path)


def _look(path: Path) -> dict[str, np.ndarray]:
    from vmnet import media

    info = media.require(path)
    size = np.array([info.width, info.height])
    return {"duration": np.array(info.duration), "size": size, "fps": np.array(info.fps)}


_CHECK = ClipStage("checked", _look, {"version": 1})
