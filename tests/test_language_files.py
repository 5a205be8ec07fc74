"""Cuts, chords and annotations beside imported features; where an annotation lies in a video."""

import json

import numpy as np
import pytest
from test_importers import SECONDS, harmonix, published, sync

from vmnet import cli
from vmnet.corpus.imports.harmonix import annotations
from vmnet.corpus.imports.offsets import Recording, fit, offsets
from vmnet.errors import VmnetError
from vmnet.language import ClipEvents
from vmnet.language.files import Annotation, has_events, load_events

BEATS = "beats_and_downbeats"


def beats(folder, file, times, per_bar=4):
    (folder / BEATS).mkdir(exist_ok=True)
    rows = [f"{t}\t{i % per_bar + 1}\t{i // per_bar + 1}" for i, t in enumerate(times)]
    (folder / BEATS / f"{file}.txt").write_text("\n".join(rows))


def test_cuts_and_chords_are_written_beside_the_features(tmp_path):
    parts = published(tmp_path / "set")
    sync(tmp_path / "set", tmp_path / "out")
    assert has_events(tmp_path / "out")
    clips, known = load_events(tmp_path / "out")
    assert [clip.clip_id for clip in clips] == [f"{i:03}" for i in range(1, 10)]
    assert known == {}
    one, chords = clips[2], parts["003"]["chord"]
    assert (one.duration, one.resolution) == (SECONDS, 1)
    assert one.cuts.tolist() == [7.5, 14.5, 21.5, 28.5]  # the middles of the seconds
    assert one.chords.tolist() == [t + 0.5 for t in range(1, 30) if chords[t] != chords[t - 1]]


def test_what_people_say_of_the_songs_is_written_as_they_say_it(tmp_path):
    published(tmp_path / "set")
    folder = harmonix(tmp_path / "h", {"001": 30.5, "002": 99.0, "077": 30.0})
    beats(folder, "00001_song", np.arange(1, 20, 0.5), per_bar=3)
    table = [
        "File,Title,Duration,BPM,Genre",
        "00001_song,A,30.5,120,Pop",
        "00002_song,B,99.0,87,Hip-Hop",
    ]
    (folder / "metadata.csv").write_text("\n".join(table))
    said = sync(tmp_path / "set", tmp_path / "out", events=folder)
    assert "sections and beats of 2 videos, by people" in said
    clips, known = load_events(tmp_path / "out")
    assert len(clips) == 9  # all, and not those with sections alone
    assert sorted(known) == ["001", "002"]
    one = known["001"]
    assert (one.duration, one.bpm, one.meter, one.offset) == (30.5, 120, 3, None)
    assert one.labels == ("silence", "verse", "verse", "chorus", "end")
    assert one.boundaries.tolist() == [0, 2.5, 2.9, 20.25, 30.5]
    assert one.downbeats.tolist() == np.arange(1, 20, 1.5).tolist()
    assert known["002"].meter == 0  # no beats are annotated
    assert clips[0].genre == "Pop"


def test_features_and_their_keys_are_the_same_with_and_without_events(tmp_path):
    published(tmp_path / "set")
    folder = harmonix(tmp_path / "h", {"001": 30.5})
    sync(tmp_path / "set", tmp_path / "out")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.npz")}
    words = ["import", "muvi-sync", str(tmp_path / "set"), str(tmp_path / "out")]
    assert cli.main([*words, "--events", str(folder)]) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.npz")} == files
    assert list(load_events(tmp_path / "out")[1]) == ["001"]


def test_an_annotation_is_placed_by_hand():
    clip = ClipEvents("a", 20.0, [5.5], resolution=1.0)
    said = Annotation(
        duration=19.0,
        offset=2.0,
        boundaries=np.array([0.0, 1.0, 9.0, 18.5]),
        labels=("silence", "verse", "chorus", "end"),
        beats=np.arange(0, 19, 0.5),
        downbeats=np.arange(0, 19, 2.0),
        bpm=120,
        meter=4,
    )
    as_it_is, moved, earlier = (said.placed(clip, offset) for offset in (0.0, 2.0, -3.0))
    assert as_it_is.boundaries.tolist() == [0, 1, 9, 18.5, 20]
    assert as_it_is.labels == ("silence", "verse", "chorus", "end")
    assert moved.boundaries.tolist() == [0, 2, 3, 11, 20]
    assert moved.labels == ("", "silence", "verse", "chorus")
    assert earlier.boundaries.tolist() == [0, 6, 15.5, 20]
    assert earlier.labels == ("verse", "chorus", "end")
    assert moved.downbeats.tolist() == np.arange(2, 20, 2.0).tolist()
    assert moved.bar_seconds == 2


def song(rng, start, n_seconds=200, length=160):
    """A recording that starts at `start` in a video, whose sound changes with its sections."""
    borders = np.sort(rng.choice(np.arange(10, length - 10), 8, replace=False)).astype(float)
    downbeats = np.arange(0.0, length, 2.3)
    t = np.arange(n_seconds) - start
    section = np.searchsorted(borders, t)
    loudness = rng.uniform(0.1, 0.5, 9)[section] * rng.uniform(0.8, 1.25, n_seconds)
    density = rng.uniform(2, 20, 9)[section] + rng.normal(0, 2, n_seconds)
    changes = rng.random(n_seconds) < 0.2
    changes[np.unique(np.floor(downbeats + start).astype(int)).clip(0, n_seconds - 1)] = True
    return Recording(loudness, density, changes, borders, downbeats, float(length))


def test_an_offset_is_found_in_the_sound():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 40, 24)
    found = offsets([song(rng, start) for start in starts])
    which = [i for i, offset in enumerate(found) if offset is not None]
    assert len(which) > 16
    assert np.abs([found[i] - starts[i] for i in which]).max() <= 1.5
    assert offsets([song(rng, 3.0)] * 2) == [None, None]


def test_annotations_of_other_songs_are_rarely_found():
    rng = np.random.default_rng(1)
    songs = [song(rng, 5.0) for _ in range(40)]
    others = songs[1:] + songs[:1]
    wrong = [
        Recording(a.loudness, a.density, a.changes, b.boundaries, b.downbeats, b.duration)
        for a, b in zip(songs, others, strict=True)
    ]
    assert sum(offset is not None for offset in offsets(wrong)) <= 6


def test_offsets_around_both_ends_are_tried():
    rng = np.random.default_rng(2)
    tried, fits = fit(song(rng, 4.0))
    assert (tried[0], tried[-1]) == (-10, 50)
    assert tried[np.argmax(fits)] == pytest.approx(4, abs=1.5)
    # A video that is shorter than the recording: ten seconds either way.
    assert fit(song(rng, 0.0, n_seconds=90))[0][-1] == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not what"),
        ('{"clips": 3}', "is not what"),
        ('{"clips": {"x": {}}}', "x is not as it should be"),
        (
            '{"clips": {"x": {"duration": 9, "resolution": 1, "cuts": [9], "chords": []}}}',
            "x: a cut",
        ),
        (
            '{"clips": {"x": {"duration": "long", "resolution": 1, "cuts": [], "chords": []}}}',
            "x is",
        ),
        (
            '{"clips": {"x": {"duration": 9, "resolution": 1, "cuts": [], "chords": []},'
            ' "y": {"duration": 9, "resolution": 0, "cuts": [], "chords": []}}}',
            "cuts of two resolutions",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, text, said):
    (tmp_path / "events.json").write_text(text)
    with pytest.raises(VmnetError, match=said):
        load_events(tmp_path)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    assert not has_events(tmp_path)
    with pytest.raises(VmnetError, match="import the set again"):
        load_events(tmp_path)


def test_an_annotation_with_a_label_too_few_is_refused(tmp_path):
    published(tmp_path / "set")
    sync(tmp_path / "set", tmp_path / "out", events=harmonix(tmp_path / "h", {"001": 30.0}))
    known = json.loads((tmp_path / "out" / "events.json").read_text())
    known["clips"]["001"]["annotation"]["labels"].pop()
    (tmp_path / "out" / "events.json").write_text(json.dumps(known))
    with pytest.raises(
        VmnetError, match=r"001 is not as it should be \(each section has one label"
    ):
        load_events(tmp_path / "out")


def test_bad_beats_are_named_and_double_ones_taken_once(tmp_path):
    folder = harmonix(tmp_path / "h", {"001": 30.0})
    beats(folder, "00001_song", [1, 2, 2, 3])
    assert annotations(folder, ["youtubeid01"])["youtubeid01"].beats.tolist() == [1, 2, 3]
    (folder / BEATS / "00001_song.txt").write_text("1.0\n")
    with pytest.raises(VmnetError, match=r"00001_song.txt holds no beats"):
        annotations(folder, ["youtubeid01"])
