"""From an alignment to spans of the music: hand-worked edits, slow twins, and the laws of an edit.

A "song" here is a row of sections, each a direction of its own plus a little that is each second's
own, so that a second can be told from its neighbours and from the same second of a repetition.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners import align
from vmnet.edit.fit import (
    NEAR,
    PHASE,
    fewest_cuts,
    fit,
    segment_agreement,
    snapped,
)
from vmnet.edit.loops import SHORTEST_LOOP, likeness, played
from vmnet.edit.refine import refine, trace_means
from vmnet.edit.spans import TOLERANCE, require_cover
from vmnet.segmenters.boundaries import segment_means

DIM = 32


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def song(sections, seconds=8, seed=0, own=0.7):
    """Return (n_seconds, DIM) frames of sections of `seconds` each, named by small integers."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(len(sections) * seconds, DIM)) / np.sqrt(DIM)
    return unit(np.repeat(np.eye(DIM)[list(sections)], seconds, axis=0) + own * noise)


def edges(sections, seconds=8):
    return np.arange(len(sections) + 1) * float(seconds)


def edit(video, track, video_edges, track_edges, beats=(), path=None, frames=True, **options):
    """Align the segments by NW unless a path is given, and fit."""
    queries, targets = segment_means(video, video_edges), segment_means(track, track_edges)
    queries, targets = unit(queries), unit(targets)
    if path is None:
        path = align(queries, targets, "nw").path
    given_frames = (video, track) if frames else (None, None)
    spans = fit(
        video_edges, track_edges, path, queries @ targets.T, np.asarray(beats, float),
        float(track_edges[-1]), *given_frames, **options,
    )  # fmt: skip
    require_cover(spans, video_edges[-1], track_edges[-1])
    return spans


def cuts(spans):
    return [b.video_start for a, b in pairwise(spans) if not a.goes_on(b)]


def starts(spans):
    return [span.track_start for span in spans]


# refine


def test_the_trace_of_each_shift():
    assert trace_means(np.array([[1.0, 5, 0], [0, 3, 7]])).tolist() == [2, 6]


def test_refined_to_the_second():
    """The third to fifth second of an eight-second match agree: by hand, the shift is 3 s."""
    track = song([0, 1, 2])
    found = refine([0, 8], edges([0, 1, 2]), np.array([[0, 1]]), track[11:19], track)
    assert found.tolist() == [11.0]


def test_half_a_second_cannot_be_told():
    """The video's segment begins at 0.3 s: 0.3 + 8 is as good as the matched start, 8.0."""
    track = song([0, 1])
    found = refine([0, 0.3, 8], edges([0, 1]), np.array([[1, 1]]), track[8:], track)
    assert found.tolist() == [8.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_refine_agrees_with_its_twin(naive, seed):
    rng = np.random.default_rng(seed)
    n_video, n_track = rng.integers(1, 30, 2)
    video, track = (unit(rng.integers(-1, 2, (n, 3)) + 0.1) for n in (n_video, n_track))
    video_edges = np.unique([0, *rng.uniform(0.1, n_video, 2).round(1), n_video])
    track_edges = np.unique([0, *rng.uniform(0.1, n_track, 2).round(1), n_track])
    i, j = rng.integers(len(video_edges) - 1), rng.integers(len(track_edges) - 1)
    overlap = float(rng.choice([0.0, 0.3, 0.5, 1.0]))
    found = refine(video_edges, track_edges, np.array([[i, j]]), video, track, overlap)
    twin = naive.refined(
        *video_edges[i : i + 2], *track_edges[j : j + 2], video.tolist(), track.tolist(), overlap
    )
    assert found[0] == pytest.approx(twin)


# Which offset, and how many cuts


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fewest_cuts_is_the_best_of_all_choices(naive, seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 6), rng.integers(1, 5)
    agreement = rng.integers(-3, 8, (n, k)).astype(float)
    prices = rng.choice([0.0, 2.0, np.inf], (n, k))
    prices[0, rng.integers(k)] = 0
    cost = float(rng.choice([0.0, 0.5, 1.0, 3.0]))
    chosen = fewest_cuts(agreement, prices, cost)
    at = np.arange(n)
    changes = np.flatnonzero(np.diff(chosen)) + 1
    value = agreement[at, chosen].sum() - cost * len(changes)
    value -= prices[0, chosen[0]] + prices[changes, chosen[changes]].sum()
    assert value == pytest.approx(naive.fewest_cuts(agreement, prices, cost))


def test_agreement_of_segments_by_hand():
    """Ten seconds from 5 s on: 5 s of the first track segment, 5 s of the second, none beyond."""
    found = segment_agreement(
        np.array([0.0, 10]), np.array([0.0, 10, 15]), np.array([[0.2, 1.0]]), np.array([0.0, 5, 12])
    )
    assert found.tolist() == [pytest.approx([2.0, 6.0, 3.0])]


# Edits by hand


@pytest.mark.parametrize("frames", [True, False])
def test_the_same_structure_is_one_piece(frames):
    track = song([0, 1, 2, 1])
    spans = edit(track, track, edges("abcd"), edges("abcd"), np.arange(0.3, 32, 0.5), frames=frames)
    assert starts(spans) == [0, 8, 16, 24]
    assert [span.segment for span in spans] == [0, 1, 2, 3]


def test_sections_that_change_places_are_put_back():
    video, track = song([0, 1, 2], seed=1), song([0, 1, 2], seed=1)[np.r_[8:24, 0:8]]
    path = np.array([[0, 2], [1, 0], [2, 1]])
    spans = edit(video, track, edges("abc"), edges("abc"), np.arange(48) / 2, path)
    assert starts(spans) == [16, 0, 8]
    assert cuts(spans) == [8]


def test_going_on_that_is_nearly_as_good():
    """By hand: the cut gains 6 s of 0.1, which is less than 1; at a cost of a half it is made."""
    similarities = np.array([[0.9, 0.0, 0.0], [0.0, 0.8, 0.9]])
    arguments = [0, 6, 12], [0, 6, 12, 40], np.array([[0, 0], [1, 2]]), similarities, [], 40.0
    assert starts(fit(*arguments)) == [0, 6]
    assert starts(fit(*arguments, cut_cost=0.5)) == [0, 12]


def test_a_short_track_segment_goes_on_and_a_long_one_is_left_early():
    """Video segments of 12, 6 and 6 s on track segments of 6, 6, 12 and 12 s; 0 -> 0 and 2 -> 3."""
    similarities = np.full((3, 4), 0.1)
    similarities[[0, 1, 2], [0, 2, 3]] = 0.9
    path = np.array([[0, 0], [1, 2], [2, 3]])
    spans = fit([0, 12, 18, 24], [0, 6, 12, 24, 36], path, similarities, [], 36.0)
    assert starts(spans) == [0, 12, 24]
    assert cuts(spans) == [18]


def test_a_gap_is_filled_by_the_music_before_or_after():
    similarities = np.array([[1.0, 0, 0, 0], [0.1, 0.1, 0, 0], [0, 0, 0, 1.0]])
    path = np.array([[0, 0], [2, 3]])
    times = [0, 8, 16, 24], [0, 8, 16, 24, 40]
    assert starts(fit(*times, path, similarities, [], 40.0)) == [0, 8, 24]
    similarities[1] = [0, 0, 0.9, 0]  # the gap agrees with what comes before the third's music
    assert starts(fit(*times, path, similarities, [], 40.0)) == [0, 16, 24]


def test_music_begins_early_for_a_gap_at_the_start():
    similarities = np.array([[0.0, 0.1, 0.0], [0.0, 0.0, 1.0]])
    spans = fit([0, 5, 10], [0, 10, 20, 30], np.array([[1, 2]]), similarities, [], 30.0)
    assert starts(spans) == [15, 20]


def test_a_gap_at_the_start_before_the_first_music_of_the_track():
    """The track cannot begin 8 s before its beginning, so that something else comes first."""
    similarities = np.array([[0.0, 0.1, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    path = np.array([[1, 0], [2, 1]])
    spans = fit([0, 8, 16, 24], edges("abc"), path, similarities, [], 24.0)
    assert starts(spans) == [8, 0, 8]


def test_a_cut_that_strays_from_the_match_must_gain_more():
    """By hand: from 4 s on, without a cut, 2 s of the third segment play; a cut there gives 12 s.

    That costs 1 + 4: at a cosine of 0.4 it makes -0.2 against 0.8, at 0.6 it makes 2.2 against 1.2.
    """
    times, path = ([0, 6, 18], [0, 10, 20, 40]), [[0, 0], [1, 1]]
    for cosine, expected in ((0.4, [4, 10]), (0.6, [0, 26])):
        similarities = np.array([[1.0, 0, 0], [0, 0, cosine]])
        assert starts(fit(*times, path, similarities, [], 40.0)) == expected


def test_a_track_that_ends_is_looped_where_it_sounds_alike():
    """The track is A B A C, and the last segment of the video three times as long as C."""
    track = song([0, 1, 0, 2], own=0.3)
    video = np.concatenate([track, song([2, 2], seed=1)])
    path = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    beats = np.arange(64) / 2 + 0.25
    spans = edit(video, track, np.array([0.0, 8, 16, 24, 48]), edges("abcd"), beats, path)
    assert starts(spans)[:4] == [0, 8, 16, 24]
    assert {span.segment for span in spans[3:]} == {3}
    jumps = [(a.track_end, b.track_start) for a, b in pairwise(spans) if not a.goes_on(b)]
    assert jumps
    for leave, enter in jumps:
        assert np.abs(beats - leave).min() < TOLERANCE
        assert np.abs(beats - enter).min() < TOLERANCE
        assert leave - enter >= SHORTEST_LOOP - TOLERANCE
        assert likeness(track, np.array([leave]), np.array([enter]))[0, 0] > 0.7


def test_loops_without_beats_frames_or_room():
    assert played(3.0, 5.0, np.zeros(0), 20.0) == [(3.0, 5.0)]
    assert played(3.0, 5.0, np.zeros(0), 6.0) == [(3.0, 3.0), (0.0, 2.0)]
    assert played(0.0, 2.5, np.arange(1.0), 1.0) == [(0.0, 1.0), (0.0, 1.0), (0.0, 0.5)]
    # by hand: the longest loop needs one jump, from the last beat but one to the first
    assert played(0.0, 18.0, np.arange(11.0), 10.0) == [(0.0, 10.0), (0.0, 8.0)]


def test_a_long_video_on_a_short_track():
    track = song([0], seconds=6)
    video = song([0, 1], seconds=20)
    spans = edit(video, track, np.array([0.0, 20, 40]), np.array([0.0, 6]), np.arange(12) / 2)
    assert len(spans) > 6
    assert {span.segment for span in spans} == {0, 1}


@pytest.mark.parametrize("frames", [True, False])
@pytest.mark.parametrize("beats", [(), (0.2,), (0.2, 0.7, 1.2)])
def test_a_second_of_video(frames, beats):
    video, track = song([1], seconds=1), song([0, 1, 2], seconds=4)
    spans = edit(
        video, track, np.array([0.0, 1.0]), edges("abc", 4), beats, [[0, 1]], frames=frames
    )
    assert len(spans) == 1
    assert 3.5 <= spans[0].track_start <= 7.5 + NEAR


def test_without_a_match_the_track_plays_from_where_it_agrees():
    track = song([0, 1, 2, 3])
    spans = edit(track[10:22], track, np.array([0.0, 5, 12]), edges("abcd"), path=[])
    assert starts(spans) == [10, 15]
    similarities = np.array([[0.0, 0.1, 0.9, 0.0]])
    assert starts(fit([0, 6], edges("abcd"), [], similarities, [], 32.0)) == [16]


def test_snapped():
    beats = np.arange(1.0, 10, 0.5)
    assert snapped(5.2, beats) == 5.0
    assert snapped(0.4, beats) == 0.4  # no beat before
    assert snapped(9.9, beats) == 9.9  # nor after
    assert snapped(5.2, np.zeros(0)) == 5.2
    assert snapped(5.4, beats, latest=5.45) == 5.0  # room for the beat before alone
    assert snapped(5.0, np.array([1.0, 9.0])) == 5.0  # a pause
    assert snapped(5.1, beats, leaving=7.44) == pytest.approx(4.94)  # 0.06 s early, as the old
    assert snapped(5.2, beats, leaving=7.7) == 5.0  # off the beat: on the beat


# Laws


@st.composite
def cases(draw):
    """Draw (fit's arguments): any structure, beats or none, frames or none, any ordered path."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    durations = [draw(st.integers(1, 40)) + draw(st.sampled_from([0.0, 0.37])) for _ in range(2)]
    times = [
        np.unique([0.0, *rng.uniform(0.5, d, rng.integers(0, 6)).clip(0, d), d]) for d in durations
    ]
    n, m = (len(t) - 1 for t in times)
    count = draw(st.integers(0, min(n, m)))
    path = np.stack([np.sort(rng.choice(x, count, replace=False)) for x in (n, m)], axis=1)
    period = draw(st.sampled_from([0.0, 0.4, 0.77, 3.0]))
    beats = np.arange(rng.uniform(0, 2), durations[1], period) if period else np.zeros(0)
    frames = [unit(rng.normal(size=(int(np.ceil(d)), 4))) for d in durations]
    frames = draw(st.sampled_from([frames, [None, None], [None, frames[1]]]))
    return (*times, path, rng.uniform(-1, 1, (n, m)), beats, durations[1], *frames)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_edit_covers_the_video_once_within_the_track(case):
    video, _, _, _, beats, track_seconds, _, _ = case
    spans = fit(*case)
    require_cover(spans, video[-1], track_seconds)
    assert spans == fit(*case)
    middles = [(span.video_start + span.video_end) / 2 for span in spans]
    expected = np.searchsorted(video, middles, side="right") - 1
    assert [span.segment for span in spans] == expected.tolist()
    for a, b in pairwise(spans):
        on_beat = len(beats) and np.abs(beats - b.track_start).min() <= PHASE + TOLERANCE
        assert a.goes_on(b) or on_beat or nothing_to_snap_to(b, beats, track_seconds, video[-1])


def nothing_to_snap_to(span, beats, track_seconds, video_seconds):
    """No pulse there, none near, or no room to enter later: the rest of the video may not fit."""
    if len(beats) < 2 or not beats[0] <= span.track_start <= beats[-1]:
        return True
    near = np.abs(beats - span.track_start) <= NEAR
    fits = beats + min(span.seconds, 1.0) <= track_seconds
    return not (near & fits).any() or span.track_start + video_seconds > track_seconds


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_silence_before_the_track_shifts_the_spans(seed, silence):
    rng = np.random.default_rng(seed)
    sections = rng.integers(0, 4, 5)
    track = song(sections, seed=seed)
    order = rng.permutation(5)[:4]
    video = np.concatenate([track[8 * j : 8 * j + 8] for j in order])
    path = np.stack([np.arange(4), order], axis=1)
    beats = rng.uniform(0, 1) + np.arange(1, 76) / 2
    spans = edit(video, track, edges(order), edges(sections), beats, path)
    later = edit(
        video, np.concatenate([np.zeros((silence, DIM)) + 1e-9, track]), edges(order),
        np.array([0.0, *(edges(sections) + silence)]), beats + silence, np.add(path, [0, 1]),
    )  # fmt: skip
    np.testing.assert_allclose(np.subtract(starts(later), starts(spans)), silence, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_same_structure_plays_through(seed, frames):
    rng = np.random.default_rng(seed)
    sections = rng.integers(0, 4, rng.integers(1, 7))
    track = song(sections, seed=seed)
    times = edges(sections)
    path = np.stack([np.arange(len(sections))] * 2, axis=1)
    beats = rng.uniform(0.01, 1) + np.arange(100) / 2
    spans = edit(track, track, times, times, beats[beats < times[-1]], path, frames=frames)
    assert cuts(spans) == []
    assert spans[0].track_start == 0


@pytest.mark.parametrize("method", ["nw", "sw"])
def test_an_excerpt_of_the_track(method):
    """The video is the middle of the track: one piece, from where it was taken."""
    track = song([0, 1, 2, 3, 1])
    video = track[8:32]
    similar = (
        unit(segment_means(video, edges("abc"))) @ unit(segment_means(track, edges("abcde"))).T
    )
    path = align(
        unit(segment_means(video, edges("abc"))), unit(segment_means(track, edges("abcde"))), method
    ).path
    spans = fit(edges("abc"), edges("abcde"), path, similar, np.arange(80) / 2, 40.0, video, track)
    assert starts(spans) == [8, 16, 24]


@pytest.mark.parametrize(
    "change",
    [
        {"video_boundaries": [0, 5, 5]},
        {"video_boundaries": [1, 5, 9]},
        {"track_boundaries": [0]},
        {"path": [[1, 0], [0, 1]]},
        {"path": [[0, 2]]},
        {"path": [[-1, 0]]},
        {"similarities": np.zeros((2, 3))},
        {"similarities": np.full((2, 2), np.nan)},
        {"beats": [2.0, 1.0]},
        {"track_seconds": 3.0},
    ],
)
def test_refused(change):
    good = {
        "video_boundaries": [0, 5, 9],
        "track_boundaries": [0, 4, 8],
        "path": [[0, 0]],
        "similarities": np.zeros((2, 2)),
        "beats": [1.0, 2.0],
        "track_seconds": 8.0,
    }
    fit(**good)
    with pytest.raises(ValueError, match=r"."):
        fit(**good | change)
