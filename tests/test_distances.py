"""Distances and alignments: by hand, against their naive twins, against Biopython, and by law."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet.aligners import (
    DISTANCES,
    NORMALISED,
    Sequences,
    Targets,
    align,
    alignment_of,
    blocks,
    distance_matrix,
    distances,
)
from vmnet.aligners import targets as layouts

SIMILARITY_FORMS = ["nw", "sw", "trace", "best_trace"]
LAW = settings(deadline=None, max_examples=40)  # the first example may compile a kernel
ATOL = 1e-5  # for some ten segments of unit norm in float32


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def random_clips(lengths, seed, dim=4) -> Sequences:
    rng = np.random.default_rng(seed)
    return Sequences.from_list([unit(rng.normal(size=(k, dim))) for k in lengths])


lengths = st.lists(st.integers(1, 9), min_size=1, max_size=5)
clips = st.builds(random_clips, lengths, st.integers(0, 2**32 - 1))
methods = pytest.mark.parametrize("method", DISTANCES)


def one(query, target, method, **params) -> float:
    queries, targets = Sequences.from_list([query]), Sequences.from_list([target])
    return distance_matrix(queries, targets, method, **params).item()


E1, E2, E3 = np.eye(3)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("centroid", 1 / 18),  # means (1/2, 1/2) and (1/3, 2/3)
        ("single", 0),
        ("complete", 2),
        ("nw", -(2 - 0.05)),  # skip the first of the target, match two
        ("sw", -2),  # the skip is outside the local alignment
        ("trace", 0),
        ("best_trace", -2),
        ("trace_printed", 4),
        ("best_trace_printed", 0),
        ("count", 1),
        ("nw_mean", -(2 - 0.05) / 2),
        ("sw_mean", -1),
        ("trace_mean", 0),
        ("best_trace_mean", -1),
    ],
)
def test_a_late_query_by_hand(method, expected):
    assert one([E1, E2], [E2, E1, E2], method) == pytest.approx(expected, abs=1e-6)
    assert one([E2, E1, E2], [E1, E2], method) == pytest.approx(expected, abs=1e-6)


def test_a_gap_inside_by_hand():
    assert one([E1, E2], [E1, E3, E2], "nw") == pytest.approx(-(2 - 0.05))
    assert one([E1, E2], [E1, E3, E2], "sw") == pytest.approx(-(2 - 0.01))
    assert one([E1, E2], [E1, E3, E2], "sw", indel=0.4) == pytest.approx(-(2 - 0.4))
    assert one([E1, E2], [E1, E3, E2], "sw", indel=3) == pytest.approx(-1)


def test_opposite_clips_by_hand():
    assert one([E1], [-E1], "nw") == pytest.approx(0.1)  # a skip on each side
    assert one([E1], [-E1], "nw", indel=2) == pytest.approx(1)  # a bad match is cheaper
    assert one([E1], [-E1], "sw") == 0
    assert one([E1], [-E1], "trace") == 1
    assert one([E1], [-E1], "complete") == 4


@methods
@pytest.mark.parametrize("scale", [1, 0.1, 30])
def test_equal_their_naive_twins(naive, method, scale):
    queries = random_clips([1, 2, 7, 12, 3], 1).map(lambda data: scale * data)
    targets = random_clips([5, 1, 1, 12, 40, 2, 8], 2)
    ours = distance_matrix(queries, targets, method)
    assert ours.dtype == np.float32
    assert ours.shape == (5, 7)
    twins = naive.distance_matrix(queries, targets, method)
    np.testing.assert_allclose(ours, twins, rtol=1e-5, atol=ATOL * max(1, scale**2))


@pytest.mark.parametrize("method", ["nw", "sw"])
@pytest.mark.parametrize("indel", [0, 0.3, 2])
def test_indel_reaches_the_recurrence(naive, method, indel):
    queries, targets = random_clips([3, 8], 3), random_clips([4, 1, 6], 4)
    ours = distance_matrix(queries, targets, method, indel=indel)
    twins = naive.distance_matrix(queries, targets, method, indel=indel)
    np.testing.assert_allclose(ours, twins, atol=ATOL)


@methods
def test_constant_zero_and_repeated_segments(naive, method):
    arrays = [np.zeros((3, 2)), np.ones((1, 2)), np.tile([0.6, 0.8], (5, 1)), -np.ones((4, 2))]
    sequences = Sequences.from_list(arrays)
    ours = distance_matrix(sequences, sequences, method)
    assert not np.signbit(ours[ours == 0]).any()
    twins = naive.distance_matrix(arrays, arrays, method)
    np.testing.assert_allclose(ours, twins, atol=ATOL)


@pytest.mark.parametrize("n_segments", [(12, 12), (36, 36), (3, 40)])
def test_float32_is_precise_enough_at_the_size_of_the_paper(naive, n_segments):
    query, target = (random_clips([k], k, dim=512) for k in n_segments)
    for method in DISTANCES:
        twin = naive.DISTANCES[method](query[0], target[0])
        assert distance_matrix(query, target, method).item() == pytest.approx(twin, abs=2e-5)


@pytest.mark.parametrize(("method", "mode"), [("nw", "global"), ("sw", "local")])
@pytest.mark.parametrize("indel", [0.05, 0.01, 0.3])
def test_alignment_scores_equal_biopython(method, mode, indel):
    queries = random_clips([1, 5, 12, 20], 5, dim=8)
    targets = random_clips([7, 1, 12, 15], 6, dim=8)
    ours = distance_matrix(queries, targets, method, indel=indel)
    for q, query in enumerate(queries):
        for t, target in enumerate(targets):
            score = biopython_score(query @ target.T, mode, indel)
            assert -ours[q, t] == pytest.approx(score, abs=ATOL)


def biopython_score(similarity, mode, indel):
    """Align two strings of letters that occur once each, scored by the similarity matrix."""
    n, m = similarity.shape
    letters = "".join(chr(200 + k) for k in range(n + m))
    matrix = substitution_matrices.Array(alphabet=letters, dims=2)
    for i in range(n):
        for j in range(m):
            matrix[letters[i], letters[n + j]] = similarity[i, j]
    aligner = PairwiseAligner(mode=mode)
    aligner.substitution_matrix = matrix
    aligner.open_gap_score = aligner.extend_gap_score = -indel
    return aligner.score(letters[:n], letters[n:])


# Laws


@methods
@LAW
@given(queries=clips, targets=clips)
def test_swapped_roles_give_the_transpose(method, queries, targets):
    there = distance_matrix(queries, targets, method)
    back = distance_matrix(targets, queries, method)
    np.testing.assert_allclose(there, back.T, atol=ATOL)


@pytest.mark.parametrize("method", [*SIMILARITY_FORMS, "centroid", "single", "trace_printed"])
@LAW
@given(sequences=clips)
def test_no_clip_is_nearer_than_oneself(method, sequences):
    matrix = distance_matrix(sequences, sequences, method)
    assert (matrix >= np.diagonal(matrix)[:, None] - ATOL).all()
    if method in SIMILARITY_FORMS:  # unit norm: one per segment
        np.testing.assert_allclose(np.diagonal(matrix), -sequences.lengths, atol=ATOL)


@pytest.mark.parametrize("method", ["nw", "sw"])
@LAW
@given(queries=clips, targets=clips, indels=st.tuples(st.floats(0, 3), st.floats(0, 3)))
def test_a_dearer_indel_never_brings_clips_nearer(method, queries, targets, indels):
    cheap = distance_matrix(queries, targets, method, indel=min(indels))
    dear = distance_matrix(queries, targets, method, indel=max(indels))
    assert (dear >= cheap - ATOL).all()


@LAW
@given(queries=clips, targets=clips, indel=st.floats(0, 1))
def test_order_of_the_alignments(queries, targets, indel):
    nw = distance_matrix(queries, targets, "nw", indel=indel)
    sw = distance_matrix(queries, targets, "sw", indel=indel)
    trace = distance_matrix(queries, targets, "trace")
    best_match = [[(q @ t.T).max() for t in targets] for q in queries]
    excess = np.abs(queries.lengths[:, None] - targets.lengths)
    assert (-sw >= np.maximum(best_match, 0) - ATOL).all()
    assert (sw <= nw + ATOL).all()  # a local alignment may be the global one
    assert (nw <= trace + indel * excess + ATOL).all()  # the diagonal, and skips after it


@LAW
@given(queries=clips, targets=clips)
def test_order_of_the_linkages(queries, targets):
    single = distance_matrix(queries, targets, "single")
    complete = distance_matrix(queries, targets, "complete")
    assert (single >= 0).all()
    assert (single <= complete).all()
    assert (distance_matrix(queries, targets, "centroid") <= complete + ATOL).all()


@pytest.mark.parametrize("suffix", ["", "_printed"])
@LAW
@given(queries=clips, targets=clips)
def test_best_trace_is_never_farther_and_equals_trace_at_equal_lengths(suffix, queries, targets):
    trace = distance_matrix(queries, targets, "trace" + suffix)
    best = distance_matrix(queries, targets, "best_trace" + suffix)
    assert (best <= trace + ATOL).all()
    equal = queries.lengths[:, None] == targets.lengths
    np.testing.assert_allclose(best[equal], trace[equal], atol=ATOL)


def test_a_short_track_that_fits_beats_a_long_one_that_does_not_by_hand():
    query = Sequences.from_list([[E1] * 20])
    near, far = ([cosine, (1 - cosine**2) ** 0.5, 0] for cosine in (0.9, 0.3))
    tracks = Sequences.from_list([[near] * 5, [far] * 20])
    by_hand = {  # sums of 5 and of 20 terms; the global alignment skips 15 segments of the query
        "nw": ([-4.5 + 15 * 0.05, -6], [-0.75, -0.3]),
        "sw": ([-4.5, -6], [-0.9, -0.3]),
        "trace": ([-4.5, -6], [-0.9, -0.3]),
        "best_trace": ([-4.5, -6], [-0.9, -0.3]),
    }
    for method, (sums, means) in by_hand.items():
        assert distance_matrix(query, tracks, method)[0] == pytest.approx(sums, abs=1e-5)
        normalised = distance_matrix(query, tracks, NORMALISED[method])
        assert normalised[0] == pytest.approx(means, abs=1e-6)


@LAW
@given(queries=clips, targets=clips)
def test_means_are_bounded_and_one_of_a_clip_with_itself(queries, targets):
    for method in ("sw_mean", "trace_mean", "best_trace_mean"):
        assert (np.abs(distance_matrix(queries, targets, method)) <= 1 + ATOL).all()
    for method in NORMALISED.values():
        assert (distance_matrix(queries, targets, method) >= -1 - ATOL).all()
        itself = np.diagonal(distance_matrix(queries, queries, method))
        np.testing.assert_allclose(itself, -1, atol=ATOL)


@LAW
@given(queries=clips, targets=clips, times=st.integers(1, 4))
def test_a_mean_does_not_grow_with_the_number_of_segments(queries, targets, times):
    """As a sum does, where every segment is cut in so many of the same kind."""
    finer = [
        Sequences.from_list([np.repeat(clip, times, axis=0) for clip in coarse])
        for coarse in (queries, targets)
    ]
    mean = distance_matrix(queries, targets, "trace_mean")
    np.testing.assert_allclose(distance_matrix(*finer, "trace_mean"), mean, atol=ATOL)
    total = distance_matrix(queries, targets, "trace")
    np.testing.assert_allclose(distance_matrix(*finer, "trace"), times * total, atol=5 * ATOL)


@LAW
@given(queries=clips, targets=clips, more=clips)
def test_what_a_longer_track_goes_on_with(queries, targets, more):
    """Never takes it farther from a shorter query, nor nearer where they start together."""
    longer = [np.concatenate([clip, more[0]]) for clip in targets]
    shorter = queries.lengths[:, None] <= targets.lengths
    for method in ("sw_mean", "trace_mean", "best_trace_mean"):
        before = distance_matrix(queries, targets, method)
        after = distance_matrix(queries, Sequences.from_list(longer), method)
        assert (after <= before + ATOL)[shorter].all()
        if method == "trace_mean":
            np.testing.assert_allclose(after[shorter], before[shorter], atol=ATOL)


@LAW
@given(queries=clips, targets=clips, data=st.data())
def test_centroid_knows_no_order_and_no_repetition(queries, targets, data):
    before = distance_matrix(queries, targets, "centroid")
    changed = [
        np.tile(clip[data.draw(st.permutations(range(len(clip))))], (3, 1)) for clip in targets
    ]
    after = distance_matrix(queries, Sequences.from_list(changed), "centroid")
    np.testing.assert_allclose(before, after, atol=ATOL)


@methods
@pytest.mark.parametrize("rows", [1, 5, 17])
def test_blocks_do_not_change_the_result(monkeypatch, method, rows):
    queries, targets = random_clips([3, 1, 9, 2, 4], 7), random_clips([6, 2, 2, 7], 8)
    whole = distance_matrix(queries, targets, method)
    monkeypatch.setattr(blocks, "QUERY_ROWS", rows)
    monkeypatch.setattr(blocks, "TARGET_ROWS", rows)
    monkeypatch.setattr(distances, "BLOCK_CLIPS", rows)
    monkeypatch.setattr(layouts, "GROUP_ROWS", rows)
    np.testing.assert_allclose(distance_matrix(queries, targets, method), whole, atol=ATOL)


@LAW
@given(lengths=lengths, limit=st.integers(1, 20))
def test_runs_hold_every_clip_once_and_no_more_rows_than_allowed(lengths, limit):
    found = [range(len(lengths))[run] for run in blocks.runs(np.cumsum([0, *lengths]), limit)]
    assert [clip for run in found for clip in run] == list(range(len(lengths)))
    for run in found:
        assert len(run) == 1 or sum(lengths[clip] for clip in run) <= limit


def test_no_query_gives_no_row():
    targets = random_clips([2, 3], 0)
    for method in DISTANCES:
        assert distance_matrix(targets.select([]), targets, method).shape == (0, 2)
        assert distance_matrix(targets, targets.select([]), method).shape == (2, 0)


# Compiled and not


def test_kernels_run_with_the_compiler_off(tmp_path):
    queries, targets = random_clips([1, 4, 6], 9), random_clips([5, 2], 10)
    queries.save(tmp_path / "queries.npz")
    targets.save(tmp_path / "targets.npz")
    script = """
import sys
from pathlib import Path
import numpy as np
from vmnet.aligners import DISTANCES, Sequences, distance_matrix
folder = Path(sys.argv[1])
queries = Sequences.load(folder / "queries.npz")
targets = Sequences.load(folder / "targets.npz")
np.savez(folder / "plain.npz", **{m: distance_matrix(queries, targets, m) for m in DISTANCES})
"""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", script, tmp_path], env=environment, check=True)
    with np.load(tmp_path / "plain.npz") as plain:
        for method in DISTANCES:
            compiled = distance_matrix(queries, targets, method)
            np.testing.assert_allclose(plain[method], compiled, atol=ATOL)


def test_importing_the_package_does_not_load_the_compiler():
    script = "import sys, vmnet.aligners, vmnet.evaluation; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


# The registry


def test_a_registered_distance_is_ranked_with_its_own_default(monkeypatch):
    def gap(queries, targets, indel: float = 0.5):
        """The cost of skipping what one clip has more segments than the other."""
        return indel * DISTANCES["count"](queries, targets)

    monkeypatch.setitem(DISTANCES, "gap", gap)
    assert distances.indel_defaults() == {"nw": 0.05, "sw": 0.01, "gap": 0.5}
    assert distances.parameters("gap") == {"indel": 0.5}
    sequences = random_clips([1, 3, 6], 0)
    assert distance_matrix(sequences, sequences, "gap")[0].tolist() == [0, 1, 2.5]
    assert distance_matrix(sequences, sequences, "gap", indel=1)[0].tolist() == [0, 2, 5]


def test_a_mean_has_the_path_and_the_cost_of_its_alignment():
    assert list(map(alignment_of, NORMALISED.values())) == list(NORMALISED)
    assert distances.parameters("nw_mean") == distances.parameters("nw") == {"indel": 0.05}
    assert set(distances.indel_defaults()) == {"nw", "sw"}
    queries, targets = random_clips([3, 8], 3), random_clips([4, 1, 6], 4)
    mean, whole = (distance_matrix(queries, targets, m, indel=0.4) for m in ("nw_mean", "nw"))
    np.testing.assert_allclose(mean * [[3, 1, 3], [4, 1, 6]], whole, atol=ATOL)


# Bad input


@pytest.mark.parametrize(
    ("method", "params", "error", "says"),
    [
        ("dtw", {}, ValueError, "centroid, single, complete, nw, sw, trace, best_trace"),
        ("nw", {"gap": 1}, TypeError, "unknown parameter 'gap': distance 'nw' takes indel"),
        ("trace", {"indel": 1}, TypeError, "distance 'trace' takes no parameter"),
        ("nw", {"indel": -0.1}, ValueError, "at least 0"),
        ("sw", {"indel": float("nan")}, ValueError, "at least 0"),
        ("sw", {"indel": float("inf")}, ValueError, "at least 0"),
        ("nw", {"indel": "0.05"}, TypeError, "a number"),
    ],
)
def test_unknown_methods_and_parameters_are_refused(method, params, error, says):
    sequences = random_clips([2, 3], 0)
    with pytest.raises(error, match=says):
        distance_matrix(sequences, sequences, method, **params)


def test_a_mean_refuses_what_its_alignment_refuses():
    sequences = random_clips([2, 3], 0)
    with pytest.raises(TypeError, match="distance 'trace_mean' takes no parameter"):
        distance_matrix(sequences, sequences, "trace_mean", indel=1)
    with pytest.raises(ValueError, match="at least 0"):
        distance_matrix(sequences, sequences, "nw_mean", indel=-1)


@methods
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_name_their_clip(method, value):
    good = random_clips([2, 3], 0)
    broken = Sequences.from_list([np.ones((3, 4)), np.full((1, 4), value)], ids=["a", "b"])
    with pytest.raises(ValueError, match="query clip 'b'"):
        distance_matrix(broken, good, method)
    with pytest.raises(ValueError, match="target clip 'b'"):
        distance_matrix(good, broken, method)


def test_dims_must_agree():
    with pytest.raises(ValueError, match="4 dimensions and targets 5"):
        distance_matrix(random_clips([2], 0, dim=4), random_clips([2], 0, dim=5), "nw")


@pytest.mark.parametrize("method", sorted(set(DISTANCES) - {"count"}))
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_overflow_is_told(method):
    huge = Sequences.from_list([[[1e30, -1e30]], [[-1e30, 1e30]]])
    with pytest.raises(ValueError, match="overflows"):
        distance_matrix(huge, huge, method)


# Paths


def test_global_path_by_hand():
    path, score, table = align([E1, E2], [E1, E3, E2])
    assert path.tolist() == [[0, 0], [1, 2]]
    assert score == pytest.approx(1.95)
    by_hand = [[0, -0.05, -0.1, -0.15], [-0.05, 1, 0.95, 0.9], [-0.1, 0.95, 1, 1.95]]
    np.testing.assert_allclose(table, by_hand)


def test_local_path_by_hand():
    path, score, _ = align([E1, E2, E1], [E3, E2, -E1], "sw")
    assert path.tolist() == [[1, 1]]
    assert score == pytest.approx(1)
    path, score, _ = align([E1], [-E1], "sw")
    assert path.shape == (0, 2)
    assert score == 0


@pytest.mark.parametrize("method", ["nw", "sw"])
@LAW
@given(n=st.integers(1, 12), m=st.integers(1, 12), seed=st.integers(0, 999), indel=st.floats(0, 1))
def test_a_path_earns_its_score(method, n, m, seed, indel):
    (query,), (target,) = random_clips([n], seed), random_clips([m], seed + 1000)
    path, score, _ = align(query, target, method, indel=indel)
    assert (np.diff(path, axis=0) >= 1).all()
    matched = sum(float(query[i] @ target[j]) for i, j in path)
    if method == "nw":
        skipped = n + m - 2 * len(path)
    else:
        skipped = sum(path[-1] - path[0] + 1) - 2 * len(path) if len(path) else 0
    assert matched - indel * skipped == pytest.approx(score, abs=ATOL)
    assert one(query, target, method, indel=indel) == pytest.approx(-score, abs=ATOL)


def test_a_trace_goes_along_the_main_diagonal_and_the_best_one_along_the_best():
    """The track plays A after an intro: the main diagonal holds nothing, the next all."""
    intro, film = [E2, E1, E3], [E1, E3]
    assert align(film, intro, "trace").path.tolist() == [[0, 0], [1, 1]]
    assert align(film, intro, "trace").score == 0
    best = align(film, intro, "best_trace")
    assert (best.path.tolist(), best.score) == ([[0, 1], [1, 2]], 2)
    assert align(intro, film, "best_trace").path.tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize("method", ["nw", "sw", "trace", "best_trace"])
def test_the_score_of_a_path_is_the_entry_of_the_matrix(method):
    queries, targets = random_clips([3, 1, 7], 1), random_clips([4, 2, 7], 2)
    scores = [[align(q, t, method).score for t in targets] for q in queries]
    np.testing.assert_allclose(
        -np.array(scores), distance_matrix(queries, targets, method), atol=ATOL
    )


def test_align_refuses_bad_input():
    with pytest.raises(ValueError, match="choose from nw, sw, trace, best_trace"):
        align([E1], [E2], "centroid")
    with pytest.raises(ValueError, match="at least 0"):
        align([E1], [E2], indel=-1)
    with pytest.raises(ValueError, match="dimensions"):
        align([E1], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="not finite"):
        align([E1], [[np.nan, 2.0, 3.0]])


def test_the_benchmark_knows_every_distance():
    path = Path(__file__).parents[1] / "benchmarks" / "align.py"
    small = ["--clips", "6", "--segments", "4", "--dim", "8", "--pairs", "5", "--repeats", "1"]
    finished = subprocess.run([sys.executable, path, *small], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    for name in DISTANCES:
        assert f"| {name} |" in finished.stdout
    assert "trace / its own products: " in finished.stdout


# Targets that many queries meet


@methods
def test_prepared_targets_give_the_same_distances(method):
    queries, targets = random_clips([3, 1, 9], 7), random_clips([6, 2, 2, 7, 40] * 20, 8, dim=4)
    targets = Sequences(targets.data, targets.offsets, targets.ids)
    prepared = Targets.prepare(targets)
    assert prepared.data is targets.data
    plain = distance_matrix(queries, targets, method)
    assert (distance_matrix(queries, prepared, method) == plain).all()


@methods
@pytest.mark.parametrize("lengths", [[3, 1, 9], [40]], ids=["few rows", "many rows"])
def test_half_precision_on_either_side_is_what_its_numbers_are(method, lengths):
    queries, targets = random_clips(lengths, 7), random_clips([6, 2, 2, 7], 8)
    halves = [Sequences(s.data.astype(np.float16), s.offsets, s.ids) for s in (queries, targets)]
    wide = [half.map(lambda data: data.astype(np.float32)) for half in halves]
    expected = distance_matrix(*wide, method)
    np.testing.assert_allclose(distance_matrix(*halves, method), expected, rtol=1e-5, atol=1e-5)


@LAW
@given(n=st.integers(0, 9), dim=st.integers(1, 40), rows=st.lists(st.integers(0, 5), max_size=8))
def test_products_with_half_precision_are_those_of_its_numbers(n, dim, rows):
    from vmnet.aligners.kernels import dot_products_of_half

    rng = np.random.default_rng(n)
    q = rng.integers(-9, 10, (n, dim)).astype(np.float32)  # whole numbers: sums are exact
    half = rng.integers(-9, 10, (6, dim)).astype(np.float16)
    out = np.full((n, len(rows)), np.nan, np.float32)
    dot_products_of_half(q, half.view(np.uint16), np.array(rows, np.int64), out)
    assert (out == q @ half[np.array(rows, int)].astype(np.float32).T).all()


def test_every_finite_half_precision_number_is_converted_exactly():
    bits = np.arange(2**16, dtype=np.uint16)
    numbers = bits.view(np.float16)
    finite = numbers[np.isfinite(numbers)].reshape(-1, 32)
    order = np.arange(len(finite))[::-1]
    found = blocks.gathered(finite, order)
    assert (found.view(np.uint32) == finite[order].astype(np.float32).view(np.uint32)).all()


def test_targets_that_are_not_finite_are_refused_when_they_are_prepared():
    broken = Sequences.from_list([np.ones((3, 4)), [[0, np.nan, 0, 0]]], ids=["a", "b"])
    for dtype in (np.float32, np.float16):
        data = broken.data.astype(dtype)
        with pytest.raises(ValueError, match="target clip 'b'"):
            Targets(data, broken.offsets, broken.ids)


@LAW
@given(lengths=st.lists(st.integers(1, 9), max_size=80), rows=st.integers(1, 100))
def test_a_layout_holds_every_segment_once_and_its_lanes_are_the_clips(lengths, rows):
    sequences = random_clips(lengths, 0) if lengths else random_clips([1], 0).select([])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layouts, "GROUP_ROWS", rows)
        layout = layouts.interleave(sequences)
    assert sorted(layout.rows) == list(range(sum(lengths)))
    assert sorted(layout.clips) == list(range(len(lengths)))
    for g in range(len(layout.members) - 1):
        part = layout.select(slice(g, g + 1))
        for lane, clip in enumerate(part.clips):
            places = part.columns[: lengths[clip]] + lane
            start = sequences.offsets[clip]
            assert part.rows[places].tolist() == list(range(start, start + lengths[clip]))


# Keras' backend


@methods
@pytest.mark.parametrize("cells", [2**25, 60])
def test_kerass_backend_gives_the_same_distances(monkeypatch, method, cells):
    from vmnet.aligners import on_keras

    monkeypatch.setattr(on_keras, "CELLS", cells)
    queries, targets = random_clips([3, 1, 9, 2], 7, dim=8), random_clips([6, 2, 7, 12], 8, dim=8)
    queries = Sequences(queries.data.astype(np.float16), queries.offsets, queries.ids)
    expected = distance_matrix(queries, targets, method)
    found = distance_matrix(queries, targets, method, backend="keras")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    none = distance_matrix(queries.select([]), targets, method, backend="keras")
    assert none.shape == (0, 4)


def test_kerass_backend_takes_the_indel_and_refuses_what_it_does_not_know(monkeypatch):
    queries, targets = random_clips([3, 8], 3), random_clips([4, 1, 6], 4)
    for method in ("nw", "sw"):
        expected = distance_matrix(queries, targets, method, indel=0.4)
        found = distance_matrix(queries, targets, method, backend="keras", indel=0.4)
        np.testing.assert_allclose(found, expected, atol=1e-4)
    with pytest.raises(ValueError, match="choose from numba, keras"):
        distance_matrix(queries, targets, "nw", backend="gpu")
    monkeypatch.setitem(DISTANCES, "gap", lambda queries, targets: np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="'gap' has no form"):
        distance_matrix(queries, targets, "gap", backend="keras")


def test_ten_bits_of_a_mantissa_are_enough_for_kerass_products():
    """As TensorFloat-32 would have them: both factors of every product are cut to 10 bits."""
    from keras import ops

    from vmnet.aligners import on_keras

    q, t = random_clips([5], 1, dim=512).data[None], random_clips([7], 2, dim=512).data[None]
    matmul = ops.matmul

    def cut(x):
        x = np.array(x, dtype=np.float32)
        return ((x.view(np.uint32) + 0x1000) & np.uint32(0xFFFFE000)).view(np.float32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ops, "matmul", lambda a, b: matmul(cut(a), cut(b)))
        found = np.array(on_keras._products(q, t, 0))[0, 0]
    np.testing.assert_allclose(found, q[0].astype(float) @ t[0].T.astype(float), atol=1e-6)
