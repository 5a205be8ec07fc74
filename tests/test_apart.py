"""Tracks cut apart: windows, merged shots, blank features, and what the cuts then give away."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet import experiment
from vmnet.config import PROFILES
from vmnet.corpus import Clip
from vmnet.corpus.blank import BlankSource
from vmnet.corpus.simulated import simulated_corpus
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.corpus.windowed import MERGED, MergedShotsSource, WindowedSource
from vmnet.errors import VmnetError
from vmnet.evaluation import CONTROLS
from vmnet.evaluation.metrics import chance
from vmnet.experiment import apart
from vmnet.segmenters.boundaries import clean, merged

CLIP = Clip("one", None, "test")


class Given(FeatureSource):
    """One clip whose frames are the numbers of its seconds."""

    segmenters = ("olda", "transnet")
    whitened = True

    def __init__(self, olda, transnet):
        self.extractors = {"seen": "video", "heard": "music", "whole": "music"}
        self.edges = {"olda": np.asarray(olda, float), "transnet": np.asarray(transnet, float)}

    def load(self, clip):
        seconds = np.arange(round(self.edges["olda"][-1]), dtype=np.float32)[:, None]
        frames = {"seen": seconds, "heard": seconds + 0.5, "whole": seconds[:1]}
        return ClipFeatures(frames, self.edges)

    def key(self, clips, extractors, segmenters):
        return f"{list(segmenters)}"


# --- windows ------------------------------------------------------------------------------------


@given(
    seconds=st.integers(1, 60),
    cuts=st.lists(st.floats(0.1, 89.9), max_size=20),
    shots=st.lists(st.floats(0.1, 89.9), max_size=40),
    seed=st.integers(0, 9),
)
@settings(deadline=None)
def test_a_window_lasts_as_long_as_it_says_and_has_the_same_seconds_of_both_tracks(
    seconds, cuts, shots, seed
):
    inner = Given(clean(cuts, 90.0), clean(shots, 90.0))
    found = WindowedSource(inner, seconds, seed, "olda").load(CLIP)
    seen, heard = found.frames["seen"], found.frames["heard"]
    start = int(seen[0, 0])
    assert len(seen) == len(heard) == seconds
    assert 0 <= start <= 90 - seconds
    np.testing.assert_array_equal(seen[:, 0], start + np.arange(seconds))
    np.testing.assert_array_equal(heard, seen + 0.5)
    assert len(found.frames["whole"]) == 1  # one row stands for a clip of any length
    assert set(found.boundaries) == {"olda", "transnet", "fixed", MERGED}
    for name, edges in found.boundaries.items():
        assert (edges[0], edges[-1]) == (0, seconds)
        assert (np.diff(edges) > 0).all()
        if name in inner.edges:
            assert set(np.round(start + edges[1:-1], 9)) <= set(np.round(inner.edges[name], 9))
    assert set(found.boundaries[MERGED]) <= set(found.boundaries["transnet"])


def test_the_seed_and_the_clip_decide_the_window():
    inner = Given([0, 900], [0, 900])
    starts = {
        (seed, name): WindowedSource(inner, 30, seed, "olda").start(
            replace(CLIP, clip_id=name), 900
        )
        for seed in (0, 1)
        for name in ("one", "two")
    }
    assert len(set(starts.values())) == 4
    assert starts[0, "one"] == WindowedSource(inner, 30, 0, "olda").start(CLIP, 900)


def test_every_place_of_a_window_is_as_likely():
    source = WindowedSource(Given([0, 14], [0, 14]), 10, 0, "olda")
    starts = [source.start(replace(CLIP, clip_id=str(i)), 14.0) for i in range(2000)]
    counts = np.bincount(starts, minlength=5)
    assert (np.abs(counts - 400) < 5 * np.sqrt(400)).all()


def test_a_clip_shorter_than_the_window_is_refused_with_both_lengths():
    with pytest.raises(VmnetError, match="one lasts 90 s, less than the window of 120 s"):
        WindowedSource(Given([0, 90], [0, 90]), 120, 0, "olda").load(CLIP)
    with pytest.raises(ValueError, match="at least 1 s"):
        WindowedSource(Given([0, 90], [0, 90]), 0, 0, "olda")


def test_a_window_is_keyed_by_its_length_and_asks_for_what_it_is_made_from():
    inner = Given([0, 90], [0, 90])
    keys = {
        WindowedSource(inner, seconds, seed, "olda").key([CLIP], ["seen"], names)
        for seconds in (30, 60)
        for seed in (0, 1)
        for names in ([MERGED], ["olda"])
    }
    assert len(keys) == 8
    source = WindowedSource(inner, 30, 0, "olda")
    assert source.needed([MERGED, "fixed"]) == ("olda", "transnet")
    pickle.loads(pickle.dumps(source))  # it is sent to worker processes


@given(cuts=st.lists(st.floats(0.1, 119.9), max_size=60), seconds=st.integers(2, 60))
@settings(deadline=None)
def test_merged_shots_are_a_choice_of_the_shots(cuts, seconds):
    edges = clean(cuts, 120.0)
    found = merged(edges, seconds)
    assert set(found) <= set(edges)
    assert (found[0], found[-1]) == (0, 120)
    assert (np.diff(found) > 0).all()
    assert len(found) - 1 <= max(1, round(120 / seconds))


def test_whole_clips_have_their_shots_merged_too():
    inner = Given([0, 90], [0, 9, 19, 31, 44, 90])
    source = pickle.loads(pickle.dumps(MergedShotsSource(inner)))
    found = source.load(CLIP)
    np.testing.assert_array_equal(found.boundaries[MERGED], merged(inner.edges["transnet"], 20.0))
    np.testing.assert_array_equal(found.boundaries["olda"], inner.edges["olda"])
    assert found.frames["heard"].shape == (90, 1)
    assert source.segmenters == ("olda", "transnet", MERGED)
    assert source.needed([MERGED, "olda", "transnet"]) == ("transnet", "olda")
    assert source.key([CLIP], ["seen"], [MERGED]) != inner.key([CLIP], ["seen"], ["transnet"])


# --- blank features -----------------------------------------------------------------------------


def test_blank_features_have_the_cuts_and_nothing_else():
    source = BlankSource(Given([0, 40, 90], [0, 20, 90]), 0)
    found, again = source.load(CLIP), source.load(CLIP)
    np.testing.assert_array_equal(found.boundaries["olda"], [0, 40, 90])
    assert {name: found.frames[name].shape for name in found.frames} == {
        "seen": (90, 1), "heard": (90, 1), "whole": (1, 1),
    }  # fmt: skip
    seen, heard = found.frames["seen"], found.frames["heard"]
    np.testing.assert_array_equal(seen, again.frames["seen"])
    assert abs(np.corrcoef(seen[:, 0], heard[:, 0])[0, 1]) < 0.4
    other = BlankSource(source.inner, 1)
    assert (other.load(CLIP).frames["seen"] != seen).all()
    assert other.key([CLIP], [], []) != source.key([CLIP], [], [])


# --- what the cuts give away --------------------------------------------------------------------

SMALL = replace(
    PROFILES["demo"],
    clips=(120, 24, 150),
    window=60,
    training={
        "batch": 60, "learning_rate": 1e-3, "momentum": 0.9, "steps": 30, "evaluate_every": 15,
    },
)  # fmt: skip
SHARED, APART = "olda", f"{MERGED}+olda"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Whole simulated clips, and their windows."""
    folder = tmp_path_factory.mktemp("apart")
    corpus = simulated_corpus(SMALL.clips, 0)
    names = (("foote", "sf", "olda", "transnet"), "music", "video")
    run = experiment.Run(SMALL, corpus, 0, 1, folder, folder, *names)
    return apart.windowed([experiment.prepare(run, experiment.seg_vm_nets(run))])[0]


def ranks_of(table):
    """Return mean rank and interval by segmentation and distance."""
    keys = ["segmenter", "distance"]
    table = table[table.direction == "V2M"].pivot(index=keys, columns="metric", values="value")
    return {key: (row["mean_rank"], row["ci95"]) for key, row in table.iterrows()}


def at_chance(mean, half_width):
    return abs(mean - chance(150)["mean_rank"]) <= half_width


def test_shared_cuts_give_the_track_away(pair):
    found = ranks_of(apart.controls(pair[0], experiment.seg_vm_nets))
    assert len(found) == 4 * len(CONTROLS)
    assert max(mean for mean, _ in found.values()) < 20
    inside = ranks_of(apart.controls(pair[1], apart.systems))
    assert max(inside[SHARED, control][0] for control in CONTROLS) < 40


def test_cuts_apart_give_nothing_away(pair):
    found = ranks_of(apart.controls(pair[1], apart.systems))
    assert {name for name, _ in found} == {SHARED, APART, "fixed"}
    for name in (APART, "fixed"):
        assert all(at_chance(*found[name, control]) for control in CONTROLS), name


def test_a_network_on_blank_features_finds_shared_cuts_and_nothing_apart(pair):
    data = apart.blank(pair[1], apart.systems)
    distances = ("centroid", "nw", "trace")
    found = ranks_of(experiment.results(data, apart.blanks(apart.systems), distances))
    for distance in ("nw", "trace"):
        mean, half_width = found[SHARED, distance]
        assert mean + half_width < 65, distance  # chance is 75.5
    assert all(at_chance(*found[APART, distance]) for distance in distances)


def test_a_network_of_shared_cuts_is_tested_apart_and_not_trained_again(pair):
    shared, *_, as_shared = apart.systems(pair[1].run)
    assert (as_shared.segmentation, as_shared.learned_as) == (APART, shared)
    assert as_shared.apart
    assert not shared.apart
    video, music = pair[1].features(as_shared, "test")
    assert video.ids == music.ids
    assert not np.array_equal(video.offsets, music.offsets)
    moments = pair[1].moments(as_shared, "test")
    assert set(np.diff(moments.offsets)) == {60}  # a moment a second
    assert pair[1].moments(shared, "test") is None


def test_windows_last_as_long_as_half_of_each_split(pair):
    whole = pair[0]
    assert apart.window_seconds(whole) == 60
    longer = replace(whole, run=replace(whole.run, profile=replace(SMALL, window=1000)))
    durations = {
        split: [round(edges[-1]) for edges in whole.boundaries("olda", split).values()]
        for split in ("train", "valid", "test")
    }
    seconds = apart.window_seconds(longer)
    assert 200 < seconds < 260  # clips last 234 s on average
    shares = [np.mean(np.array(of_split) >= seconds) for of_split in durations.values()]
    assert min(shares) >= 0.5


@pytest.mark.parametrize(
    ("segmenters", "brief", "expected"),
    [
        (("foote", "olda", "transnet"), True, ["olda", "fixed", "merged_shots+olda"]),
        (("foote",), True, ["foote", "fixed", "fixed+foote"]),
        (("transnet",), True, ["fixed", "merged_shots+fixed"]),
        (("fixed",), False, ["fixed"]),
        (("foote", "transnet"), False, ["foote", "transnet", "fixed", "merged_shots+foote",
                                        "transnet+foote"]),
    ],
)  # fmt: skip
def test_what_a_corpus_has_decides_how_it_is_cut_apart(pair, segmenters, brief, expected):
    run = pair[1].run
    run = replace(run, segmenters=segmenters, profile=replace(SMALL, brief=brief))
    own = [system for system in apart.systems(run) if system.learned_as is None]
    assert [system.segmentation for system in own] == expected
