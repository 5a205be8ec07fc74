"""Simulated corpora: frame features and boundaries drawn from a small generative model.

They have the size and the statistics of HIMV-50K and MVD (paper V-B), no sound and no pictures. A
clip is a sequence of sections. In every section both modalities say something in common, a theme
of the clip and the content of the section, and each says something of its own. All that decides a
clip is `Simulation`, the seed of the corpus and the clip's name, so that clips can be drawn by any
process in any order and need not be stored.

What is computed from them shows which findings follow from such a structure. It is no replication
of the paper's numbers.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from vmnet import store
from vmnet.corpus.clips import SPLITS, Clip, Corpus
from vmnet.corpus.sources import MODALITIES, ClipFeatures, ClipView, GivenFeatures
from vmnet.segmenters.boundaries import MINIMUM_SECONDS, clean

INTRO, OUTRO = 0, 1  # labels of the first and of the last section; others are counted from 2


@dataclass(frozen=True)
class Detector:
    """How a segmenter's boundaries come from the true ones.

    Attributes
    ----------
    recall
        Share of the true boundaries that are found, in [0, 1].
    precision
        Share of the found boundaries that are true, in (0, 1]; the others lie anywhere.
    jitter
        Standard deviation of a found boundary around the true one, s.
    """

    recall: float
    precision: float
    jitter: float = 0.5


@dataclass(frozen=True)
class Simulation:
    """The parameters of the generative model.

    Standard deviations are in units of what a modality says of its own about a clip.

    Attributes
    ----------
    theme
        Standard deviation of what both modalities share over the whole clip. **Fitted**, with
        `content`, to two numbers of the paper: the mean rank 118 of baseline 2 and 32 of OLDA with
        trace (tables II and III), on the validation clips of the demo profile.
    content
        The same of what they share in a section and in its repeats. **Fitted**.
    own_content, own_shot
        What a modality says of its own in a section and in its repeats; what the pictures say in
        one shot alone.
    frame_noise
        What each of the 1,152 features says of its own in one second. None, since the mean of fewer
        seconds is noisier: it tells how long a segment is, and both tracks are cut at the same
        times. `python benchmarks/explain_simulation.py` shows what networks make of that.
    shared_dims
        Dimensions in which modalities can agree.
    heard_dims
        How many of these dimensions the handcrafted features of baseline 1 hear.
    duration
        Mean and deviation of a clip's length, s (paper V-B, HIMV-50K: 3 min 54 s, 62 s), cut at
        `shortest` and twice the mean.
    section
        Mean length of a section, s, such that found segments last 18.6 to 20 s (paper IV-B).
    repeats
        Chance that a section between intro and outro repeats an earlier one.
    opening
        What intros of all clips have in common, and outros: the deviation of that in one dimension.
    shot
        Mean length of a shot, s (paper IV-B: 6.6 s).
    cut_at_boundary
        Chance that a shot ends where a section does.
    blank
        Share of the seconds that show nothing (titles, black), and of those in which nothing is
        heard: each is one constant vector, the same in all clips. None in the paper's experiments;
        it is there to see whether what pools frames finds those that say something.
    detectors
        By music segmenter: recall and precision as `python benchmarks/segment.py` measured them on
        22 November 2026 on ten rendered clips, before the start and the end of the beats ceased to
        count as boundaries; docs/measurements.md has those of today. Shots are found as they are.
    """

    theme: float = 0.745
    content: float = 0.509
    own_content: float = 1.0
    own_shot: float = 1.0
    frame_noise: float = 0.0
    shared_dims: int = 32
    heard_dims: int = 16
    duration: tuple[float, float] = (234.0, 62.0)
    shortest: float = 60.0
    section: float = 17.0
    repeats: float = 0.6
    opening: float = 1.0
    shot: float = 6.6
    cut_at_boundary: float = 0.8
    blank: float = 0.0
    detectors: Mapping[str, Detector] = field(
        default_factory=lambda: {
            "foote": Detector(0.66, 0.77),
            "sf": Detector(0.55, 0.63),
            "olda": Detector(0.84, 0.90),
        }
    )


DRAWN = 2  # goes up when clips of the same parameters are drawn otherwise
DIMS = {"video": 1024, "music": 128, "handcrafted": 1140}  # paper III-A and V-A


def simulated_corpus(
    sizes: tuple[int, int, int], seed: int, simulation: Simulation | None = None
) -> Corpus:
    """Return a corpus of `sizes` train, valid and test clips; each is drawn when it is loaded."""
    source = SimulatedSource(simulation or Simulation(), seed)
    clips = tuple(
        Clip(f"{split}-{i:05}", Path(), split)
        for split, size in zip(SPLITS, sizes, strict=True)
        for i in range(size)
    )
    return Corpus("simulated", "simulated", clips, source)


@dataclass(frozen=True)
class SimulatedSource(GivenFeatures):
    """Draws clips; see `FeatureSource`."""

    simulation: Simulation
    seed: int

    extractors = MODALITIES
    segmenters = ("foote", "sf", "olda", "transnet")
    whitened = True

    def origin(self) -> str:
        """Return what stands for the parameters and the seed."""
        parameters = asdict(self.simulation)
        if not self.simulation.blank:  # clips without any are what they were before there were any
            del parameters["blank"]
        return store.key(simulation=parameters, seed=self.seed, drawn=DRAWN)

    def load(self, clip: Clip) -> ClipFeatures:
        """Draw one clip, from a random generator of its own."""
        return draw_clip(self.simulation, self.seed, self._generator(clip))

    def view(self, clip: Clip) -> ClipView:
        """Return the true sections of a clip; there is nothing else to look at."""
        form = draw_form(self.simulation, self._generator(clip))
        names = {INTRO: "intro", OUTRO: "outro"}
        labels = [names.get(label, chr(ord("A") + label - 2)) for label in form.labels.tolist()]
        starts, ends = form.edges[:-1].tolist(), form.edges[1:].tolist()
        return ClipView(sections=list(zip(starts, ends, labels, strict=True)))

    def _generator(self, clip: Clip) -> np.random.Generator:
        return np.random.default_rng([self.seed, *clip.clip_id.encode()])


@dataclass(frozen=True, eq=False)
class Form:
    """The true form of a clip.

    Attributes
    ----------
    edges : (n_sections + 1,) float64
        From 0 to the duration, s.
    labels : (n_sections,) int64
        Equal where a section repeats another; `INTRO` first, `OUTRO` last.
    """

    edges: np.ndarray
    labels: np.ndarray


def draw_clip(simulation: Simulation, seed: int, rng: np.random.Generator) -> ClipFeatures:
    """Draw a clip: its form, its shots, what is seen and heard in each second, the boundaries."""
    s = simulation
    form = draw_form(s, rng)
    cuts = draw_cuts(s, form, rng)
    n = max(1, round(form.edges[-1]))
    centres = np.minimum(np.arange(n) + 0.5, form.edges[-1])
    section = np.searchsorted(form.edges, centres) - 1
    shot = np.searchsorted(cuts, centres) - 1
    label = form.labels[section]

    def normal(rows: int) -> np.ndarray:
        return rng.standard_normal((rows, s.shared_dims), dtype=np.float32)

    n_labels = int(form.labels.max()) + 1
    shared = s.content * normal(n_labels)
    shared[[INTRO, OUTRO]] += s.opening * _openings(seed, s.shared_dims)
    said = s.theme * normal(1) + shared[label]
    heard = said + normal(1) + s.own_content * normal(n_labels)[label]
    seen = said + normal(1) + s.own_content * normal(n_labels)[label]
    seen += s.own_shot * normal(int(shot[-1]) + 1)[shot]
    frames = {
        "video": _features(seen, "video", s.frame_noise, seed, rng),
        "music": _features(heard, "music", s.frame_noise, seed, rng),
        "handcrafted": _features(
            heard[:, : s.heard_dims].mean(0, keepdims=True),
            "handcrafted",
            s.frame_noise / math.sqrt(n),
            seed,
            rng,
        ),
    }
    boundaries = {name: detect(form.edges, how, rng) for name, how in s.detectors.items()}
    if s.blank:
        for name in ("video", "music"):
            frames[name][rng.random(n) < s.blank] = blank_frame(name, s.shared_dims, seed)
    return ClipFeatures(frames, boundaries | {"transnet": cuts})


@cache
def blank_frame(name: str, n_said: int, seed: int) -> np.ndarray:
    """Return the (dim,) float32 features of a second in which nothing is said."""
    said = np.random.default_rng([seed, *b"blank", *name.encode()]).standard_normal(n_said)
    return (2 * said).astype(np.float32) @ _mixing(name, n_said, seed)  # as far out as any second


def draw_form(simulation: Simulation, rng: np.random.Generator) -> Form:
    """Draw intro, middle sections and outro; their lengths vary by about a half."""
    mean, deviation = simulation.duration
    duration = float(np.clip(rng.normal(mean, deviation), simulation.shortest, 2 * mean))
    n_sections = max(3, round(duration / simulation.section))
    lengths = rng.gamma(4.0, size=n_sections) + 1.0
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) * duration / lengths.sum()
    edges[-1] = duration
    labels = [INTRO]
    fresh = OUTRO + 1
    for _ in range(n_sections - 2):
        earlier = [label for label in range(OUTRO + 1, fresh) if label != labels[-1]]
        if earlier and rng.random() < simulation.repeats:
            labels.append(int(rng.choice(earlier)))
        else:
            labels.append(fresh)
            fresh += 1
    return Form(edges, np.array([*labels, OUTRO]))


def draw_cuts(simulation: Simulation, form: Form, rng: np.random.Generator) -> np.ndarray:
    """Draw the edges of the shots, (n_shots + 1,) s; many end where a section does."""
    duration = form.edges[-1]
    lengths = MINIMUM_SECONDS + rng.exponential(
        simulation.shot - MINIMUM_SECONDS, size=int(duration / MINIMUM_SECONDS)
    )
    cuts = np.cumsum(lengths)
    cuts = cuts[cuts < duration]
    inner = form.edges[1:-1]
    moved = inner[rng.random(len(inner)) < simulation.cut_at_boundary]
    if len(cuts):
        cuts[np.abs(cuts[:, None] - moved).argmin(axis=0)] = moved
    return clean(cuts, duration)


def detect(edges: np.ndarray, how: Detector, rng: np.random.Generator) -> np.ndarray:
    """Return what a segmenter makes of the true `edges`: misses, insertions and jitter."""
    duration = edges[-1]
    inner = edges[1:-1]
    found = inner[rng.random(len(inner)) < how.recall]
    found = found + rng.normal(0, how.jitter, len(found))
    false = rng.poisson(len(inner) * how.recall * (1 - how.precision) / how.precision)
    return clean(np.concatenate([found, rng.uniform(0, duration, false)]), duration)


def _features(
    said: np.ndarray, name: str, noise: float, seed: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (n_seconds, dim) float32: what is said, turned into features, and their noise.

    The noise is uniform, which is drawn four times as fast as normal numbers.
    """
    frames = said @ _mixing(name, said.shape[1], seed)
    if noise:
        drawn = rng.random(frames.shape, dtype=np.float32)
        drawn -= 0.5
        drawn *= noise * math.sqrt(12)  # to that deviation
        frames += drawn
    return frames


@cache
def _mixing(name: str, n_said: int, seed: int) -> np.ndarray:
    """Return the (n_said, dim) float32 matrix with orthonormal rows by which features are made."""
    rng = np.random.default_rng([seed, *name.encode()])
    q, _ = np.linalg.qr(rng.standard_normal((DIMS[name], n_said)))
    return np.ascontiguousarray(q.T, dtype=np.float32)


@cache
def _openings(seed: int, n_said: int) -> np.ndarray:
    """Return (2, n_said) float32: what all intros share, and all outros."""
    rng = np.random.default_rng([seed, *b"openings"])
    return rng.standard_normal((2, n_said), dtype=np.float32)
