"""How often `recommend` finds a film's own soundtrack, and where the edit puts its sections.

    python benchmarks/hidden.py --folder data/hidden
    python benchmarks/hidden.py --folder data/hidden --more 64     # the same queries, more to learn

All is **rendered**. A network and the linear method learn from films with their music. Then films
that neither has seen are queries, cut by their pictures alone. The catalog holds their soundtracks
among other songs, each **cut and shifted**: some seconds of another song come first, and some more
between two sections. Printed are the share of soundtracks that come first, and how far from its
true place the edit plays the music, in seconds. A run that was killed goes on where it was.

Beside the two stand what can be known at all, and what knows nothing: the rank by the true styles
that the pictures and the songs were made with (`Style.interpreted`), and the music laid under the
film in one piece from anywhere. The films that are learned from have their true cuts, which spares
the finding of them: rendered cuts are found with F 1.00.
"""

import argparse
from collections.abc import Iterable
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vmnet import store
from vmnet.catalog.model import Quality, RankingModel, load_model, save_model, write_model
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipFeatures
from vmnet.corpus.windowed import SHOTS
from vmnet.corpus.wrapped import Changed, WrappedSource
from vmnet.rendered.render import Plan, plan_clip
from vmnet.rendered.truth import Truth, read_truth
from vmnet.segmenters.boundaries import clean

if TYPE_CHECKING:
    from vmnet.catalog.index import Index
    from vmnet.experiment import Run

RATE = 44_100
FOREIGN_SEED = 10**6  # of songs that are no clip's
OTHER_SECONDS = 50.0
FOREIGN_SECONDS = 40.0


class TrueCuts(WrappedSource):
    """Gives rendered films with their true cuts as their shots."""

    def needed(self, segmenters: Iterable[str]) -> tuple[str, ...]:
        """Return the segmenters that the inner source is asked for."""
        return tuple(name for name in segmenters if name != SHOTS)

    def load(self, clip: Clip) -> ClipFeatures:
        """Return one film; see `FeatureSource`."""
        found = self.inner.load(clip)

        def boundaries(name: str) -> np.ndarray:
            if name != SHOTS:
                return found.boundaries[name]
            truth = read_truth(clip.path)
            return clean(truth.cuts, truth.duration)

        return ClipFeatures(found.frames, Changed(self.segmenters, boundaries))

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for these films."""
        inner = self.inner.key(clips, extractors, self.needed(segmenters))
        return store.key(inner=inner, cuts="true")


def render_films(
    folder: Path, clips: tuple[int, int, int], more: int, seconds: tuple[float, float], jobs: int
) -> None:
    """Render the films; `more` are to learn from and come last, so that no other is another one."""
    from vmnet.corpus.manifest import write_manifest
    from vmnet.rendered import render_corpus

    train, valid, test = clips
    films = render_corpus(folder, (train, valid, test + more), seconds, jobs=jobs)
    first = len(films) - more
    last = (replace(film, split="train") for film in films[first:])
    write_manifest(folder / "manifest.csv", [*films[:first], *last])


def plan_of(film: Path) -> Plan:
    """Return the plan of a rendered film."""
    from vmnet.media import comment

    words = comment(film).replace(",", "").split()  # vmnet rendered seed N, S s, version V
    return plan_clip(int(words[3]), float(words[4]))


def other_plan(number: int) -> Plan:
    """Return the plan of a song of the catalog that is no film's."""
    return plan_clip(2 * FOREIGN_SEED + number, OTHER_SECONDS)


class Shift(NamedTuple):
    """What is put into a soundtrack: `head` samples at first, `middle` before section `place`."""

    head: int
    middle: int
    place: int

    def moved(self, n_sections: int) -> np.ndarray:
        """Return by how many seconds each section plays later than in the film, (n_sections,)."""
        after = np.arange(n_sections) >= self.place
        return (self.head + self.middle * after) / RATE

    def apply(self, sound: np.ndarray, foreign: np.ndarray, truth: Truth) -> np.ndarray:
        """Return a soundtrack, (n_samples, 2), with foreign music in it."""
        at = round(truth.boundaries[self.place] * RATE)
        head, middle = foreign[: self.head], foreign[self.head :][: self.middle]
        return np.concatenate([head, sound[:at], middle, sound[at:]])


def draw_shift(truth: Truth, seed: int) -> Shift:
    """Draw where a soundtrack is cut, and by how much its parts are shifted."""
    rng = np.random.default_rng(seed)
    head, middle = rng.uniform(5, 10, 2)
    n_sections = len(truth.labels)
    place = int(rng.integers(1, n_sections)) if n_sections > 1 else 1
    return Shift(round(head * RATE), round(middle * RATE), place)


def write_catalog(folder: Path, queries: list[Path], n_others: int) -> dict[str, np.ndarray]:
    """Write the catalog; return by how much the sections of each soundtrack are moved, by name."""
    moved = {}
    for query in queries:
        plan, truth = plan_of(query), read_truth(query)
        shift = draw_shift(truth, plan.seed)
        moved[query.stem] = shift.moved(len(truth.labels))
        if not (path := folder / f"{query.stem}.flac").exists():
            foreign = plan_clip(FOREIGN_SEED + plan.seed, FOREIGN_SECONDS).sound()
            write_sound(path, shift.apply(plan.sound(), foreign, truth))
    for i in range(n_others):
        if not (path := folder / f"other_{i:03}.flac").exists():
            write_sound(path, other_plan(i).sound())
    return moved


def write_sound(path: Path, sound: np.ndarray) -> None:
    """Write a FLAC file, whole."""
    import soundfile

    from vmnet.store import written_whole

    with written_whole(path) as temporary:
        soundfile.write(temporary, sound, RATE, format="FLAC")


def save_linear(run: "Run", folder: Path, like: RankingModel) -> RankingModel:
    """Write the linear method as a model whose catalog is cut as that of the network is."""
    from vmnet.experiment import baselines, model, prepare

    (system,) = [system for system in baselines(run) if system.model == "linear"]
    data = prepare(run, [system])
    about = {n: value for n, value in vars(like.about).items() if n not in ("key", "parameters")}
    about |= {"kind": "linear", "quality": Quality(len(data.corpus.split("test")), "none", {})}
    return write_model(folder, model(data, system), **about)


def style_ranks(queries: list[Path], n_others: int) -> np.ndarray:
    """Return the rank of each film's song by the true styles of the pictures and of all songs."""
    own = [plan_of(query) for query in queries]
    songs = [*own, *map(other_plan, range(n_others))]
    seen = np.array([astuple(plan.film.style) for plan in own])
    heard = np.array([astuple(plan.heard) for plan in songs])
    squares = ((seen[:, None] - heard) ** 2).sum(axis=2)
    return 1 + (squares < squares.diagonal()[:, None]).sum(axis=1)


def edit_errors(spans: tuple, truth: Truth, moved: np.ndarray) -> np.ndarray:
    """Return how far from its true place the music plays, in seconds, every quarter of a second."""
    times, places = true_places(truth, moved)
    starts = np.array([span.video_start for span in spans])
    playing = np.searchsorted(starts, times, side="right") - 1
    played = times + np.array([span.track_start - span.video_start for span in spans])[playing]
    return np.abs(played - places)


def true_places(truth: Truth, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return times of a film, every quarter of a second, and where in its track they belong."""
    times = np.arange(0.125, truth.duration, 0.25)
    sections = np.searchsorted(truth.boundaries, times, side="right") - 1
    return times, times + moved[sections]


def chance_errors(truth: Truth, moved: np.ndarray, track_seconds: float, seed: int) -> np.ndarray:
    """Return likewise where the track plays in one piece, from any place that leaves enough."""
    times, places = true_places(truth, moved)
    starts = np.random.default_rng(seed).uniform(0, track_seconds - truth.duration, (100, 1))
    return np.abs(times + starts - places).ravel()


def measure(
    index: "Index", queries: list[Path], moved: dict[str, np.ndarray], distance: str
) -> tuple[np.ndarray, np.ndarray]:
    """Ask for each film; return the ranks of the true music, and the errors of the edits (s)."""
    from vmnet.catalog.query import open_query
    from vmnet.catalog.recommend import fitted, nearest, sound_of

    names = [track.path.stem for track in index.tracks]
    ranks, errors = [], []
    for path in queries:
        query = open_query(path, index.model, index.mean_segment_seconds)
        found, far = nearest(index, query.embedding, query.duration, distance, len(names))
        at = found.tolist().index(names.index(path.stem))
        own = fitted(query, sound_of(index, int(found[at])), at + 1, float(far[at]), distance)
        ranks.append(own.rank)
        errors.append(edit_errors(own.spans, read_truth(path), moved[path.stem]))
    return np.array(ranks), np.concatenate(errors)


def ranks_in_words(ranks: np.ndarray) -> str:
    """Say how high the true music comes."""
    firsts, tens = np.mean(ranks == 1), np.mean(ranks <= 10)
    return f"first {firsts:.0%}, among ten {tens:.0%}, mean rank {ranks.mean():.1f}"


def errors_in_words(errors: np.ndarray) -> str:
    """Say how well an edit puts the music in its place."""
    within = f"{np.mean(errors <= 1):.0%} and {np.mean(errors <= 3):.0%}"
    return f"edit: median error {np.median(errors):.2f} s, within 1 and 3 s {within} of the time"


def parsed() -> argparse.Namespace:
    """Read the command line."""
    from vmnet.aligners import RECOMMENDED

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("data/hidden"))
    parser.add_argument("--clips", type=int, nargs=3, default=[60, 12, 24], help="as splits")
    parser.add_argument("--more", type=int, default=0, help="further films to learn from")
    parser.add_argument("--seconds", type=float, nargs=2, default=[36.0, 40.0], help="of films")
    parser.add_argument("--others", type=int, default=180, help="songs that are no film's")
    parser.add_argument("--distance", nargs="+", default=[RECOMMENDED])
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Render, train, index, recommend, and print what came of it."""
    from vmnet import experiment
    from vmnet.catalog.build import build_index

    args = parsed()
    films, music = args.folder / "films", args.folder / "music"
    render_films(films, tuple(args.clips), args.more, tuple(args.seconds), args.jobs)
    run = experiment.open_run(corpus=str(films), segmenters=["olda"], jobs=args.jobs)
    run = replace(run, corpus=replace(run.corpus, source=TrueCuts(run.corpus.source)))
    queries = [clip.path for clip in run.corpus.split("test")]
    moved = write_catalog(music, queries, args.others)
    n_tracks = len(queries) + args.others
    print(
        f"rendered: {len(run.corpus.split('train'))} films to learn from, {len(queries)} queries, "
        f"{n_tracks} tracks (mean rank by chance {(n_tracks + 1) / 2:.1f})"
    )
    print(f"true styles: {ranks_in_words(style_ranks(queries, args.others))}")
    network = save_model(run, args.folder / "model")
    linear = save_linear(run, args.folder / "model-linear", network)
    for name, model in (("linear", linear), ("network", network)):
        index = build_index(music, load_model(model.folder), args.folder / "index", jobs=args.jobs)
        for distance in args.distance:
            ranks, errors = measure(index, queries, moved, distance)
            print(f"{name}, {distance}: {ranks_in_words(ranks)}; {errors_in_words(errors)}")
    seconds = {track.path.stem: track.duration for track in index.tracks}
    by_chance = [
        chance_errors(read_truth(path), moved[path.stem], seconds[path.stem], seed)
        for seed, path in enumerate(queries)
    ]
    print(f"in one piece from anywhere: {errors_in_words(np.concatenate(by_chance))}")


if __name__ == "__main__":
    main()
