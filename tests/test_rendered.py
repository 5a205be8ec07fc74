"""Rendered clips: valid files, consistent truth, songs that repeat, cuts that can be seen."""

import subprocess
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import stft

from vmnet.corpus.manifest import read_manifest
from vmnet.errors import MediaError, VmnetError
from vmnet.rendered import Plan, Style, plan_clip, read_truth, render_clip, render_corpus
from vmnet.rendered.song import compose, draw_form
from vmnet.rendered.truth import truth_of

SEED, SECONDS = 7, 40.0
SHORT = {"splits": (2, 1, 1), "seconds": (1.0, 2.0), "seed": 3, "progress": False}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rendered") / "clip.mp4"
    render_clip(path, SEED, SECONDS)
    return path


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_clip(SEED, SECONDS)


@pytest.fixture(scope="module")
def frames(clip: Path) -> np.ndarray:
    """Every decoded frame of the clip, (n_frames, 90, 160, 3) uint8."""
    with av.open(str(clip)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


@pytest.fixture(scope="module")
def short_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    render_corpus(folder, **SHORT)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, but not the unfinished ones of a killed run."""
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def steps_between(frames: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference of each frame from the one before."""
    return np.array([np.abs(a - b).mean() for a, b in zip(frames[1:], frames[:-1], strict=True)])


# --- files ---------------------------------------------------------------------------------------


def test_file_is_h264_and_aac_of_the_stated_size_rate_and_duration(clip: Path) -> None:
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.average_rate) == (160, 90, 25)
        assert (audio.rate, audio.channels) == (44100, 2)
        assert container.duration / av.time_base == pytest.approx(SECONDS, abs=0.05)
        assert container.metadata["comment"].startswith(f"vmnet rendered, seed {SEED},")
        assert video.start_time == 0


def test_file_holds_every_frame_and_the_sound_in_time(
    clip: Path, frames: np.ndarray, plan: Plan
) -> None:
    assert len(frames) == SECONDS * 25
    for index, picture in enumerate(plan.pictures()):
        if index % 100 == 50:
            assert np.abs(frames[index] - picture.astype(float)).mean() < 6
    heard = np.zeros((2, int(SECONDS * 44100) + 4096), np.float32)
    with av.open(str(clip)) as container:
        for frame in container.decode(audio=0):
            start = round(frame.time * 44100)
            block = frame.to_ndarray()[:, max(0, -start) :]
            heard[:, max(0, start) : max(0, start) + block.shape[1]] = block
    played = plan.sound().T
    heard = heard[:, : played.shape[1]]
    assert np.corrcoef(played[0], heard[0])[0, 1] > 0.95
    assert np.abs(heard).max() < 1
    assert 0.05 < np.sqrt(np.mean(heard**2)) < 0.25


@pytest.mark.parametrize("seconds", [0.04, 1, 3.3, 5])
def test_short_clips_are_valid_and_have_one_section(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "clip.mp4"
    render_clip(path, 1, seconds)
    n_frames = max(1, round(seconds * 25))
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == n_frames
    with av.open(str(path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= n_frames * 1764
    assert read_truth(path).labels == ("verse",)


def test_equal_seeds_give_equal_files_and_other_seeds_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        render_clip(tmp_path / f"{name}.mp4", seed, 3)
    files = contents(tmp_path)
    assert files["a.mp4"] == files["b.mp4"]
    assert files["a.jams"] == files["b.jams"]
    first, other = plan_clip(5, 3), plan_clip(6, 3)
    assert abs(np.corrcoef(first.sound()[:, 0], other.sound()[:, 0])[0, 1]) < 0.3
    assert np.abs(next(first.pictures()) - next(other.pictures()).astype(float)).mean() > 20


@pytest.mark.parametrize(("seed", "seconds"), [(1, 0), (1, -2), (-1, 3), (1, float("nan"))])
def test_impossible_clips_are_refused(tmp_path: Path, seed: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot be rendered"):
        render_clip(tmp_path / "clip.mp4", seed, seconds)
    assert not list(tmp_path.iterdir())


# --- truth ---------------------------------------------------------------------------------------


def test_truth_is_read_as_it_was_written(clip: Path, plan: Plan) -> None:
    read, written = read_truth(clip), truth_of(plan.film)
    assert read.labels == written.labels
    assert read.scenes == written.scenes
    assert read.duration == written.duration
    for name in ("boundaries", "beats", "downbeats", "cuts"):
        np.testing.assert_allclose(getattr(read, name), getattr(written, name), atol=1e-9)


def test_missing_or_foreign_truth_is_refused(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        read_truth(tmp_path / "clip.mp4")
    for text in ("{", "{}", clip.with_suffix(".jams").read_text().replace('"shots"', '"x"')):
        (tmp_path / "clip.jams").write_text(text)
        with pytest.raises(MediaError, match="not the truth"):
            read_truth(tmp_path / "clip.jams")


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), seconds=st.floats(0.04, 400))
def test_truth_is_consistent_for_any_seed_and_duration(seed: int, seconds: float) -> None:
    plan = plan_clip(seed, seconds)
    truth = truth_of(plan.film)
    assert truth.duration == pytest.approx(seconds, abs=0.0201)
    assert truth.boundaries[0] == 0
    assert truth.boundaries[-1] == truth.duration
    assert np.all(np.diff(truth.boundaries) > 0)
    assert len(truth.labels) == len(truth.boundaries) - 1
    assert np.isin(truth.downbeats, truth.beats).all()
    assert np.isin(truth.boundaries[:-1].round(6), truth.downbeats.round(6)).all()
    assert truth.beats[-1] < truth.duration
    assert np.all(np.diff([0, *truth.cuts, truth.duration]) >= min(0.9, truth.duration))
    starts = truth.boundaries[1:-1, None]
    assert np.all(np.min(np.abs(starts - truth.cuts[None]), axis=1, initial=9) <= 0.02 + 1e-9)
    shots = plan.film.shots
    assert [shot.start for shot in shots[1:]] == [shot.stop for shot in shots[:-1]]
    assert shots[-1].stop == round(truth.duration * 25)
    names = truth.scenes
    assert all(before != after for before, after in pairwise(names))


@pytest.mark.parametrize(
    ("seconds", "fewest", "most", "shortest", "longest"), [(40, 4, 6, 5, 14), (180, 9, 12, 5, 27)]
)
def test_forms_are_as_long_as_promised(
    seconds: float, fewest: int, most: int, shortest: float, longest: float
) -> None:
    lengths, tempo_changes = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        style = Style.draw(rng)
        song = compose(style, seconds, rng)
        assert fewest <= len(song.sections) <= most
        lengths += [section.end - section.start for section in song.sections]
        tempo_changes.append(240 / song.bar / (70 + 80 * style.energy))
        bars = np.array([section.end for section in song.sections]) / song.bar
        np.testing.assert_allclose(bars, bars.round(), atol=1e-6)
    assert shortest <= min(lengths)
    assert max(lengths) <= longest
    assert np.abs(np.log(tempo_changes)).max() < 0.2


def test_every_note_lies_in_the_key_that_a_song_tells() -> None:
    for seed in range(10):
        song = plan_clip(seed, 20).song
        notes = [note.pitch for part in song.parts.values() for note in part.melody]
        notes += [pitch for part in song.parts.values() for chord in part.chords for pitch in chord]
        assert {(pitch - song.tonic) % 12 for pitch in notes} <= set(song.scale)


def test_every_form_of_some_length_repeats_its_chorus() -> None:
    rng = np.random.default_rng(0)
    for seconds in np.linspace(40, 600, 50):
        form = draw_form(seconds, rng)
        assert form.count("chorus") >= 2
        assert all(before != after for before, after in pairwise(form))


# --- sound and pictures --------------------------------------------------------------------------


def chroma(sound: np.ndarray) -> np.ndarray:
    """Return a plain chromagram, (12, n) with columns of unit norm."""
    frequency, _, spectrum = stft(sound, 44100, nperseg=8192)
    used = (frequency > 100) & (frequency < 2000)
    pitch = np.round(12 * np.log2(frequency[used] / 440)).astype(int) % 12
    classes = np.zeros((12, spectrum.shape[1]))
    np.add.at(classes, pitch, np.abs(spectrum[used]) ** 2)
    return classes / np.maximum(np.linalg.norm(classes, axis=0), 1e-9)


def sections_of(plan: Plan, rate: float, track: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Return the pieces of a track of `rate` values a second that belong to each label."""
    pieces = defaultdict(list)
    for section in plan.song.sections:
        pieces[section.label].append(track[round(section.start * rate) : round(section.end * rate)])
    return pieces


@pytest.mark.parametrize("seed", [0, 1, 3, SEED])
def test_choruses_sound_alike_and_unlike_the_verse(seed: int) -> None:
    plan = plan_clip(seed, SECONDS)
    parts = sections_of(plan, 44100, plan.sound().mean(1))

    def alike(first: np.ndarray, second: np.ndarray) -> float:
        n = min(len(first), len(second))
        return float((chroma(first[:n]) * chroma(second[:n])).sum(0).mean())

    (chorus, repeat, *_), verse = parts["chorus"], parts["verse"][0]
    assert alike(chorus, repeat) > 0.8
    assert alike(chorus, repeat) > alike(chorus, verse) + 0.15


def test_choruses_look_alike_and_unlike_the_verse(plan: Plan, frames: np.ndarray) -> None:
    parts = sections_of(plan, 25, frames)

    def colours(pictures: np.ndarray) -> np.ndarray:
        cells = (pictures[::5].reshape(-1, 3) // 32).astype(int) @ (64, 8, 1)
        return np.bincount(cells, minlength=512) / len(cells)

    def alike(first: np.ndarray, second: np.ndarray) -> float:
        return float(np.minimum(colours(first), colours(second)).sum())

    (chorus, repeat, *_), verse = parts["chorus"], parts["verse"][0]
    assert alike(chorus, repeat) > 0.85
    assert alike(chorus, repeat) > alike(chorus, verse) + 0.2


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_cuts_and_nothing_else_look_like_cuts(seed: int) -> None:
    plan = plan_clip(seed, 24)
    steps = steps_between(np.stack(list(plan.pictures())).astype(np.int16))
    at_cuts = np.zeros(len(steps), bool)
    at_cuts[np.round(plan.film.cuts * 25).astype(int) - 1] = True
    assert at_cuts.sum() >= 3
    assert steps[at_cuts].min() > 20
    assert steps[at_cuts].min() > 1.3 * steps[~at_cuts].max()


def test_cuts_of_the_file_lie_where_the_truth_says(clip: Path, frames: np.ndarray) -> None:
    cuts = read_truth(clip).cuts
    steps = steps_between(frames.astype(np.int16))
    strongest = np.sort(np.argsort(-steps)[: len(cuts)]) + 1
    np.testing.assert_array_equal(strongest, np.round(cuts * 25))


def test_warmth_is_heard_and_seen() -> None:
    """A warm clip has a low spectral centroid and red pictures: r = -0.83 when this was written."""
    centroid, redness = [], []
    for seed in range(20):
        plan = plan_clip(seed, 3)
        spectrum = np.abs(np.fft.rfft(plan.sound().mean(1)))
        centroid.append(np.log(spectrum @ np.arange(spectrum.size) / spectrum.sum()))
        pictures = np.stack(list(plan.pictures())[::15]).astype(float)
        redness.append(pictures[..., 0].mean() - pictures[..., 2].mean())
    assert np.corrcoef(centroid, redness)[0, 1] < -0.5


def test_fast_songs_are_cut_fast() -> None:
    plans = [plan_clip(seed, 60) for seed in range(30)]
    tempo = [1 / plan.song.bar for plan in plans]
    cuts = [len(plan.film.cuts) for plan in plans]
    assert np.corrcoef(tempo, cuts)[0, 1] > 0.6


def test_electronic_clips_are_cut_on_the_beat_and_acoustic_ones_are_not() -> None:
    distance = defaultdict(list)
    for seed in range(40):
        plan = plan_clip(seed, 60)
        away = np.abs(plan.film.cuts[:, None] - plan.song.beats[None]).min(1)
        distance[plan.style.electronic > 0.5].append(away.mean())
    assert np.mean(distance[True]) < 0.6 * np.mean(distance[False])


# --- corpora -------------------------------------------------------------------------------------


def test_corpus_is_what_its_manifest_says(short_corpus: Path) -> None:
    clips = render_corpus(short_corpus, **SHORT)
    assert clips == read_manifest(short_corpus / "manifest.csv")
    assert [clip.split for clip in clips] == ["train", "train", "valid", "test"]
    assert len({clip.genre for clip in clips}) > 1
    for clip in clips:
        assert 1 <= read_truth(clip.path).duration <= 2
        assert clip.title
        assert clip.artist


def test_one_number_of_clips_is_split_in_seven_one_and_two_tenths(tmp_path: Path) -> None:
    clips = render_corpus(tmp_path, 10, seconds=(0.2, 0.2), progress=False)
    splits = [clip.split for clip in clips]
    assert [splits.count(name) for name in ("train", "valid", "test")] == [7, 1, 2]


def test_only_what_is_missing_damaged_or_other_is_rendered_again(
    short_corpus: Path, tmp_path: Path
) -> None:
    for name, data in contents(short_corpus).items():
        (tmp_path / name).write_bytes(data)
    kept = (tmp_path / "clip_000.mp4").stat().st_mtime_ns
    (tmp_path / "clip_001.mp4").unlink()
    (tmp_path / "clip_002.mp4").write_bytes((tmp_path / "clip_002.mp4").read_bytes()[:2000])
    (tmp_path / "clip_003.mp4").write_bytes((tmp_path / "clip_000.mp4").read_bytes())
    (tmp_path / "manifest.csv").unlink()
    render_corpus(tmp_path, **SHORT)
    assert contents(tmp_path) == contents(short_corpus)
    assert (tmp_path / "clip_000.mp4").stat().st_mtime_ns == kept


def test_killed_run_goes_on_to_the_same_files(short_corpus: Path, tmp_path: Path) -> None:
    call = f"render_corpus({str(tmp_path)!r}, **{SHORT!r})"
    code = f"from vmnet.rendered import render_corpus; {call}"
    process = subprocess.Popen([sys.executable, "-c", code])
    while not (tmp_path / "clip_000.mp4").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not (tmp_path / "manifest.csv").exists()
    render_corpus(tmp_path, **SHORT)
    assert contents(tmp_path) == contents(short_corpus)


def test_parallel_and_serial_runs_give_the_same_files(short_corpus: Path, tmp_path: Path) -> None:
    render_corpus(tmp_path, jobs=2, **SHORT)
    assert contents(tmp_path) == contents(short_corpus)


@pytest.mark.parametrize(
    "wrong",
    [{"splits": (0, 0, 0)}, {"splits": (3, -1, 1)}, {"seconds": (3, 2)}, {"seconds": (0, 2)}],
)
def test_impossible_corpora_are_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(VmnetError, match="cannot be rendered"):
        render_corpus(tmp_path, **(SHORT | wrong))
