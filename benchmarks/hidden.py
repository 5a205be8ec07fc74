"""How often `recommend` finds a film's own soundtrack, and where the edit puts its sections.

    python benchmarks/hidden.py --folder data/hidden

All is **rendered**. A network is trained on films with their music. Then films it has not seen are
queries, cut by their pictures alone. The catalog holds their soundtracks among other songs, each
**cut and shifted**: some seconds of another song come first, and some more between two sections.
Printed are the share of soundtracks that come first, and how far from its true place the edit plays
the music, in seconds. A run that was killed goes on where it was.
"""

import argparse
from pathlib import Path

import numpy as np

from vmnet.rendered.render import plan_clip
from vmnet.rendered.truth import Truth, read_truth

RATE = 44_100
FOREIGN_SEED = 10**6  # of songs that are no clip's
SECONDS = (36.0, 40.0)


def cut_and_shifted(sound: np.ndarray, truth: Truth, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a soundtrack with foreign music at its head and between two of its sections.

    Returns
    -------
    sound : (n_samples, 2)
    moved : (n_sections,)
        By how many seconds each section plays later than in the film.
    """
    rng = np.random.default_rng(seed)
    foreign = plan_clip(FOREIGN_SEED + seed, SECONDS[1]).sound()
    head, middle = rng.uniform(5, 10, 2)
    n_sections = len(truth.labels)
    place = int(rng.integers(1, n_sections)) if n_sections > 1 else 1
    at = round(truth.boundaries[place] * RATE)
    first, second = np.split(foreign, [round(head * RATE)])
    second = second[: round(middle * RATE)]
    moved = np.where(np.arange(n_sections) < place, len(first), len(first) + len(second)) / RATE
    return np.concatenate([first, sound[:at], second, sound[at:]]), moved


def write_catalog(folder: Path, queries: list[Path], n_others: int) -> dict[str, np.ndarray]:
    """Write the catalog; return by how much the sections of each soundtrack are moved, by name."""
    import soundfile

    from vmnet.media import comment
    from vmnet.store import written_whole

    def write(name: str, sound: np.ndarray) -> None:
        with written_whole(folder / f"{name}.flac") as temporary:
            soundfile.write(temporary, sound, RATE, format="FLAC")

    moved = {}
    for query in queries:
        words = comment(query).replace(",", "").split()  # vmnet rendered seed N, S s, version V
        sound = plan_clip(int(words[3]), float(words[4])).sound()
        sound, moved[query.stem] = cut_and_shifted(sound, read_truth(query), int(words[3]))
        if not (folder / f"{query.stem}.flac").exists():
            write(query.stem, sound)
    for i in range(n_others):
        if not (folder / f"other_{i:03}.flac").exists():
            write(f"other_{i:03}", plan_clip(2 * FOREIGN_SEED + i, 50.0).sound())
    return moved


def edit_errors(spans: tuple, truth: Truth, moved: np.ndarray) -> np.ndarray:
    """Return how far from its true place the music plays, in seconds, every quarter of a second."""
    times = np.arange(0.125, truth.duration, 0.25)
    sections = np.searchsorted(truth.boundaries, times, side="right") - 1
    starts = np.array([span.video_start for span in spans])
    playing = np.searchsorted(starts, times, side="right") - 1
    played = times + np.array([span.track_start - span.video_start for span in spans])[playing]
    return np.abs(played - (times + moved[sections]))


def main() -> None:
    """Render, train, index, recommend, and print what came of it."""
    from vmnet import experiment
    from vmnet.aligners import RECOMMENDED
    from vmnet.catalog.build import build_index
    from vmnet.catalog.model import load_model, save_model
    from vmnet.catalog.query import open_query
    from vmnet.catalog.recommend import recommend
    from vmnet.rendered import render_corpus

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("data/hidden"))
    parser.add_argument("--clips", type=int, nargs=3, default=[60, 12, 24])
    parser.add_argument("--others", type=int, default=180)
    parser.add_argument("--distance", nargs="+", default=[RECOMMENDED])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    films, music = arguments.folder / "films", arguments.folder / "music"
    render_corpus(films, tuple(arguments.clips), SECONDS, jobs=arguments.jobs)
    run = experiment.open_run(corpus=str(films), segmenters=["olda"], jobs=arguments.jobs)
    queries = [clip.path for clip in run.corpus.split("test")]
    moved = write_catalog(music, queries, arguments.others)
    save_model(run, arguments.folder / "model")
    model = load_model(arguments.folder / "model")
    index = build_index(music, model, arguments.folder / "index", jobs=arguments.jobs)
    n_tracks = len(index.tracks)
    for distance in arguments.distance:
        ranks, errors = [], []
        for path in queries:
            query = open_query(path, index.model, index.mean_segment_seconds)
            found = recommend(index, query, distance, top=n_tracks)
            (own,) = [match for match in found if match.track.path.stem == path.stem]
            ranks.append(own.rank)
            errors.append(edit_errors(own.spans, read_truth(path), moved[path.stem]))
        joined = np.concatenate(errors)
        print(
            f"{distance} (rendered): {len(ranks)} films, {n_tracks} tracks: first "
            f"{np.mean(np.array(ranks) == 1):.0%}, among ten {np.mean(np.array(ranks) <= 10):.0%}, "
            f"mean rank {np.mean(ranks):.1f} (chance {(n_tracks + 1) / 2:.1f}); edit: median error "
            f"{np.median(joined):.2f} s, within a second {np.mean(joined <= 1):.0%} of the time"
        )


if __name__ == "__main__":
    main()
