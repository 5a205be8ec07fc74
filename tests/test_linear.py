"""The linear baseline: by hand, against the generalised eigenproblem, its laws, its files."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet import cli, experiment
from vmnet.aligners import DISTANCES, Sequences, distance_matrix
from vmnet.corpus import opening
from vmnet.errors import VmnetError
from vmnet.evaluation.metrics import ranks
from vmnet.experiment import run as run_module
from vmnet.models import MODELS, LinearCCA, LinearConfig, TrainingConfig
from vmnet.models import linear as linear_module
from vmnet.models.linear import canonical_directions, covariances, fit, search
from vmnet.models.settings import AGGREGATIONS
from vmnet.models.vmnet import feature_statistics
from vmnet.report import figures, inputs
from vmnet.report.tables import TABLES

CONFIG = LinearConfig(standardize=(True,), ridges=(0.01, 0.1, 1.0), dims=(2, 4, 99))


def simulate(seed, *sizes, dims=(6, 9), noise=0.5, segments=(1, 2)):
    """Return (music, video) for each number of clips: maps of 3 shared numbers, and noise."""
    rng = np.random.default_rng(seed)
    maps = [rng.standard_normal((3, dim)) for dim in dims]
    pairs = []
    for n in sizes:
        lengths = rng.integers(*segments, n)
        shared = [rng.standard_normal((1, 3)) + 0.1 * rng.standard_normal((k, 3)) for k in lengths]
        pairs.append(
            tuple(
                Sequences.from_list(
                    [z @ a + noise * rng.standard_normal((len(z), a.shape[1])) for z in shared]
                )
                for a in maps
            )
        )
    return pairs


def clips_of(array):
    return Sequences.from_list(np.asarray(array)[:, None])


def moments(music, video):
    """Return the covariances of centred features of their own scale."""
    scales = [(part.mean(axis=0), np.ones(part.shape[1])) for part in (music, video)]
    return covariances(music, video, *scales)


@pytest.fixture(autouse=True)
def forget_the_last_search(monkeypatch):
    monkeypatch.setattr(linear_module, "_FOUND", {})


@pytest.fixture(scope="module")
def features():
    """The four sets of `fit`: music and video of 60 clips, and of 30 for validation."""
    return [part for pair in simulate(0, 60, 30) for part in pair]


@pytest.fixture(scope="module")
def fitted(features, tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear") / "maps"
    return fit(*features, CONFIG, folder), folder


@pytest.fixture
def validation_alone(monkeypatch):
    """No fifth of the training clips is ranked beside the validation clips, however few."""
    monkeypatch.setattr(linear_module, "FEW", 0)


def test_the_same_search_again_is_remembered_and_another_is_not(features, monkeypatch):
    pairs = tuple(features[:2]), tuple(features[2:])
    first = linear_module.search(*pairs, CONFIG)
    assert linear_module.search(*pairs, CONFIG) is first
    assert linear_module.search(*pairs, replace(CONFIG, dims=(2,))) is not first
    again = linear_module.search(*pairs, CONFIG)
    assert again is not first
    np.testing.assert_array_equal(again.valid_ranks, first.valid_ranks)


# --- the algorithm ------------------------------------------------------------------------------


def test_two_dimensions_by_hand(tmp_path, validation_alone):
    """Music (a, b), video (a, c): a is shared; a, b and c are +-1 and uncorrelated.

    All variances are 1, and the covariance of music with video is [[1, 0], [0, 0]]. With a ridge of
    1 each variance is 2, and the one direction, a, has the correlation 1 / sqrt(2 * 2) = 0.5. The
    maps divide by sqrt(2) and weight by 0.5; of one dimension, unit norm leaves the sign of a.
    """
    signs = np.array([[a, b, c] for a in (1, -1) for b in (1, -1) for c in (1, -1)], float)
    music, video = clips_of(signs[:, [0, 1]]), clips_of(signs[:, [0, 2]])
    a, b, correlations = canonical_directions(*moments(music.data, video.data), ridge=1.0)
    np.testing.assert_allclose(correlations, [0.5, 0], atol=1e-12)
    np.testing.assert_allclose(np.abs(a[:, 0]), [0.5**0.5, 0], atol=1e-12)
    np.testing.assert_allclose(a[:, 0], b[:, 0], atol=1e-12)
    config = LinearConfig(ridges=(1.0,), dims=(1,))
    maps = fit(music, video, music, video, config, tmp_path)
    np.testing.assert_allclose(np.abs(maps.music.matrix), [[0.5 * 0.5**0.5], [0]], atol=1e-7)
    found = maps.embed_music(music).data
    np.testing.assert_allclose(found * found[0], signs[:, :1], atol=1e-6)
    # Four of the eight clips have the right sign: a tie of the ranks 1 to 4.
    assert maps.valid_ranks.tolist() == [[2.5 / 8]]


@pytest.mark.parametrize("ridge", [1e-6, 0.1, 3.0])
@pytest.mark.parametrize("dims", [(4, 7), (7, 4), (1, 3)])
def test_directions_solve_the_generalised_eigenproblem(naive, ridge, dims):
    ((music, video),) = simulate(1, 50, dims=dims)
    music, video = (part.data.astype(float) for part in (music, video))
    a, b, correlations = canonical_directions(*moments(music, video), ridge)
    slow_a, slow_b, slow = naive.canonical_correlations(music, video, ridge)
    np.testing.assert_allclose(correlations, slow, atol=1e-9)
    signs = np.sign((a * slow_a).sum(axis=0))
    np.testing.assert_allclose(a, slow_a * signs, atol=1e-6)
    np.testing.assert_allclose(b, slow_b * signs, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 100), st.booleans())
def test_without_a_ridge_scale_offset_and_rotation_change_nothing(seed, scale, rotate):
    rng = np.random.default_rng(seed)
    ((music, video),) = simulate(seed, 40, dims=(4, 5))
    music, video = (part.data.astype(float) for part in (music, video))
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0] if rotate else np.eye(4)
    moved = music * rng.uniform(0.5, 2, 4) @ turn * scale + rng.standard_normal(4)
    before = canonical_directions(*moments(music, video), ridge=1e-10)
    after = canonical_directions(*moments(moved, video), ridge=1e-10)
    np.testing.assert_allclose(before[2], after[2], atol=1e-5)
    outputs = [
        (part - part.mean(axis=0)) @ directions[0]
        for part, directions in ((music, before), (moved, after))
    ]
    signs = np.sign((outputs[0] * outputs[1]).sum(axis=0))
    np.testing.assert_allclose(outputs[0], outputs[1] * signs, atol=1e-3)


def test_where_the_fast_decomposition_does_not_converge_the_slow_one_is_taken(monkeypatch):
    def fails(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    ((music, video),) = simulate(3, 50)
    fast = canonical_directions(*moments(music.data, video.data), ridge=0.1)
    monkeypatch.setattr(np.linalg, "svd", fails)
    slow = canonical_directions(*moments(music.data, video.data), ridge=0.1)
    np.testing.assert_allclose(slow[2], fast[2], atol=1e-9)
    np.testing.assert_allclose(np.abs(slow[0]), np.abs(fast[0]), atol=1e-6)


def test_correlations_are_those_of_the_outputs():
    ((music, video),) = simulate(2, 80)
    music, video = (part.data.astype(float) for part in (music, video))
    a, b, correlations = canonical_directions(*moments(music, video), ridge=1e-10)
    outputs = np.hstack([(music - music.mean(0)) @ a, (video - video.mean(0)) @ b])
    k = len(correlations)
    expected = np.block([[np.eye(k), np.diag(correlations)], [np.diag(correlations), np.eye(k)]])
    np.testing.assert_allclose(outputs.T @ outputs / len(music), expected, atol=1e-6)


def test_covariances_of_half_precision_mapped_from_a_file_in_blocks(
    features, tmp_path, monkeypatch
):
    mapped = []
    for i, part in enumerate(features[:2]):
        np.save(tmp_path / f"{i}.npy", part.data.astype(np.float16))
        mapped.append(np.load(tmp_path / f"{i}.npy", mmap_mode="r"))
    monkeypatch.setattr(linear_module, "BLOCK_ROWS", 7)
    both = np.hstack(mapped).astype(float)
    expected = np.cov(both.T, bias=True)
    music, video, between = moments(*mapped)
    n = len(music)
    np.testing.assert_allclose(music, expected[:n, :n], atol=1e-5)
    np.testing.assert_allclose(video, expected[n:, n:], atol=1e-5)
    np.testing.assert_allclose(between, expected[:n, n:], atol=1e-5)


# --- the choice ---------------------------------------------------------------------------------


def test_finds_the_music_of_unseen_clips(tmp_path):
    training, validation, (music, video) = simulate(3, 200, 60, 100)
    maps = fit(*training, *validation, LinearConfig(), tmp_path)
    for distance in DISTANCES:
        if distance != "count":
            matrix = distance_matrix(maps.embed_video(video), maps.embed_music(music), distance)
            assert ranks(matrix).mean() < 8  # chance is 50.5


def test_the_grid_holds_what_each_pair_of_it_gives(features, tmp_path, validation_alone):
    """Each cell is the mean rank, by hand, of maps that were fitted with that pair alone."""
    maps = fit(*features, CONFIG, tmp_path / "all")
    assert maps.valid_ranks.shape == (3, 3)
    for i, ridge in enumerate(CONFIG.ridges):
        for j, dims in enumerate(CONFIG.dims):
            alone = replace(CONFIG, ridges=(ridge,), dims=(dims,))
            one = fit(*features, alone, tmp_path / f"{i}{j}")
            video, music = one.embed_video(features[3]).data, one.embed_music(features[2]).data
            assert music.shape == (30, min(dims, 6))  # music has six features
            distances = np.square(video[:, None] - music[None]).sum(axis=2)
            own = np.diag(distances)
            both = (distances < own[:, None]).sum(axis=1) + (distances < own).sum(axis=0)
            assert maps.valid_ranks[i, j] == pytest.approx((1 + both / 2).mean() / 30)
    i, j = np.unravel_index(np.argmin(maps.valid_ranks), maps.valid_ranks.shape)
    assert maps.ridge == CONFIG.ridges[i]
    assert len(maps.correlations) == min(CONFIG.dims[j], 6)
    assert f"rank at {100 * maps.valid_ranks.min():.1f} % of the list" in maps.summary


def test_of_equals_the_least_is_taken(tmp_path, validation_alone):
    """Two validation clips far apart: every pair of the grid ranks them right."""
    ((music, video),) = simulate(4, 40, noise=0.01)
    two = [part.select([0, int(np.argmin(part.data @ part.data[0]))]) for part in (music, music)]
    rows = [int(two[0].ids[1])]
    valid = [part.select([0, *rows]) for part in (music, video)]
    config = LinearConfig(ridges=(1.0, 0.1), dims=(6, 3, 4))
    maps = fit(music, video, *valid, config, tmp_path)
    assert (maps.valid_ranks == 1 / 2).all()
    assert (maps.ridge, len(maps.correlations)) == (0.1, 3)


def test_the_order_of_clips_does_not_matter(features, tmp_path, validation_alone):
    order = np.random.default_rng(5).permutation(60)
    shuffled = [part.select(order) for part in features[:2]]
    before = fit(*features, CONFIG, tmp_path / "before")
    again = fit(*shuffled, *features[2:], CONFIG, tmp_path / "again")
    assert again.ridge == before.ridge
    np.testing.assert_allclose(again.correlations, before.correlations, rtol=1e-5)
    products = [
        maps.embed_video(features[3]).data @ maps.embed_music(features[2]).data.T
        for maps in (before, again)
    ]
    np.testing.assert_allclose(*products, atol=1e-4)


def test_segments_of_a_clip_are_pairs_like_clips(tmp_path):
    training, validation = simulate(6, 60, 20, segments=(2, 5))
    maps = fit(*training, *validation, CONFIG, tmp_path)
    found = maps.embed_music(validation[0])
    np.testing.assert_array_equal(found.offsets, validation[0].offsets)
    np.testing.assert_allclose(np.linalg.norm(found.data, axis=1), 1, atol=1e-6)
    assert maps.valid_ranks.min() < 3 / 20


@pytest.mark.parametrize("standardize", [True, False])
def test_two_clips_and_columns_that_never_vary(standardize, tmp_path):
    training, validation = simulate(7, 2, 2)
    constant = [
        [part.map(lambda data: np.hstack([data, np.full((2, 1), 0.1)])) for part in pair]
        for pair in (training, validation)
    ]
    config = replace(CONFIG, standardize=(standardize,))
    maps = fit(*constant[0], *constant[1], config, tmp_path)
    assert np.isfinite(maps.valid_ranks).all()
    found = distance_matrix(
        maps.embed_video(constant[0][1]), maps.embed_music(constant[0][0]), "centroid"
    )
    assert ranks(found).tolist() == [1, 1]


def test_music_that_never_varies_scores_chance(features, tmp_path):
    silent = [part.map(lambda data: np.full_like(data, 0.1)) for part in features]
    maps = fit(silent[0], features[1], silent[2], features[3], CONFIG, tmp_path)
    np.testing.assert_allclose(maps.valid_ranks, (15.5 + 5 * 6.5) / (30 + 60))  # five folds of 12
    assert not maps.embed_music(silent[2]).data.any()


def test_standardised_features_may_have_any_scale(features, fitted, tmp_path):
    moved = [part.map(lambda data: 100 * data + 1000) for part in features]
    maps = fit(*moved, CONFIG, tmp_path)
    np.testing.assert_allclose(maps.valid_ranks, fitted[0].valid_ranks, atol=0.01)


@pytest.mark.parametrize(("scale", "best"), [(100.0, True), (0.01, False)])
def test_features_are_scaled_where_that_ranks_better(scale, best, tmp_path):
    """Noise that is loud has to be made small, and what is small already must not be made loud."""
    rng = np.random.default_rng(11)
    sets = []
    for pair in simulate(11, 60, 30):
        for part in pair:
            noise = scale * rng.standard_normal((len(part.data), 30)).astype(np.float32)
            sets.append(part.map(lambda data, noise=noise: np.hstack([data, noise])))
    config = replace(CONFIG, ridges=(0.1, 1.0))
    ranks = {}
    for tried in ((True,), (False,), (True, False)):
        maps = fit(*sets, replace(config, standardize=tried), tmp_path / str(tried))
        ranks[tried] = maps.valid_ranks
    assert ranks[(best,)].min() < ranks[(not best,)].min()
    np.testing.assert_array_equal(ranks[True, False], ranks[(best,)])
    assert LinearCCA.load(tmp_path / str((True, False))).config.standardize == (True, False)


# --- clips held out, extra clips, clips of segments ---------------------------------------------


def naive_share(training, ranked, scales, ridge, dims):
    """Return the summed mean rank of clips of one segment, by maps of the training clips."""
    a, b, correlations = canonical_directions(*covariances(*training, *scales), ridge)
    embedded = []
    for part, (mean, variance), directions in zip(ranked, scales, (a, b), strict=True):
        out = (part - mean) / np.sqrt(variance) @ (directions * correlations)[:, :dims]
        embedded.append(out / np.linalg.norm(out, axis=1, keepdims=True))
    similar = embedded[1] @ embedded[0].T
    own = np.diag(similar)
    both = (similar > own[:, None]).sum(axis=1) + (similar > own).sum(axis=0)
    return (1 + both / 2).mean()


@pytest.mark.parametrize(("few", "folds"), [(30, False), (31, True)])
def test_few_validation_clips_are_ranked_beside_each_fifth_of_training(
    features, few, folds, monkeypatch
):
    monkeypatch.setattr(linear_module, "FEW", few)
    music, video, valid_music, valid_video = features
    found = search((music, video), (valid_music, valid_video), CONFIG)
    scales = [feature_statistics(part.data) for part in (music, video)]
    pair, held_out = (music.data, video.data), (valid_music.data, valid_video.data)
    for i, ridge in enumerate(CONFIG.ridges):
        for j, dims in enumerate(CONFIG.dims):
            expected, n = naive_share(pair, held_out, scales, ridge, dims), 30
            for first in range(0, 60, 12) if folds else ():
                fold = np.isin(np.arange(60), np.arange(first, first + 12))
                others, fifth = ([part[rows] for part in pair] for rows in (~fold, fold))
                expected += naive_share(others, fifth, scales, ridge, dims)
                n += 12
            assert found.valid_ranks[i, j] == pytest.approx(expected / n, rel=1e-5)
    # The maps that are kept are of all training clips.
    whole = canonical_directions(*covariances(*pair, *scales), found.ridge)
    np.testing.assert_allclose(found.correlations, whole[2][: len(found.correlations)])


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
def test_extra_clips_count_by_their_covariances_around_their_own_mean(weight, standardize):
    (music, video), valid, others = simulate(8, 60, 20, 90)
    extra = [part.map(lambda data: 3 * data + 50) for part in others]
    config = replace(CONFIG, extra_weight=weight, standardize=(standardize,))
    found = search((music, video), valid, config, (extra[0], extra[1]))

    def mixed(function):
        own, other = (function(np.hstack([part.data.astype(float) for part in pair]).T)
                      for pair in ((music, video), extra))  # fmt: skip
        return (own + weight * other) / (1 + weight)

    deviations = np.sqrt(mixed(lambda x: x.var(axis=1))) if standardize else np.ones(15)
    expected = mixed(lambda x: np.cov(x, bias=True)) / np.outer(deviations, deviations)
    np.testing.assert_allclose(found.within[0], expected[:6, :6], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.within[1], expected[6:, 6:], rtol=1e-4, atol=1e-5)
    blocks = expected[:6, :6], expected[6:, 6:], expected[:6, 6:]
    correlations = canonical_directions(*blocks, found.ridge)[2]
    kept = found.correlations
    np.testing.assert_allclose(kept, correlations[: len(kept)], rtol=1e-3, atol=1e-4)
    for (mean, _), part in zip(found.scales, (music, video), strict=True):
        np.testing.assert_allclose(mean, part.data.mean(axis=0), rtol=1e-5, atol=1e-6)


def test_maps_with_extra_clips_are_kept_as_such(features, fitted, tmp_path):
    (extra,) = simulate(0, 90)
    maps = fit(*features, CONFIG, tmp_path, extra=extra)
    assert maps.data_key != fitted[0].data_key
    with pytest.raises(VmnetError, match="other data"):
        fit(*features, CONFIG, tmp_path)
    loaded = fit(*features, CONFIG, tmp_path, extra=extra)
    np.testing.assert_array_equal(loaded.music.matrix, maps.music.matrix)


def test_a_clip_counts_once_by_the_mean_of_its_segments():
    """However many segments it has, and wherever the two tracks are cut."""
    (music, video), validation = simulate(9, 60, 20, segments=(2, 5))
    means = [
        Sequences.from_list([clip.mean(axis=0, keepdims=True) for clip in part])
        for part in (music, video)
    ]
    apart = Sequences.from_list([np.vstack([clip, clip]) for clip in video])
    whole, *others = (
        search(pair, validation, CONFIG) for pair in (means, (music, video), (music, apart))
    )
    for found in others:
        assert found.ridge == whole.ridge
        np.testing.assert_allclose(found.valid_ranks, whole.valid_ranks)
        for one, other in zip(found.maps, whole.maps, strict=True):
            np.testing.assert_allclose(one.mean, other.mean, atol=1e-6)
            np.testing.assert_allclose(one.matrix, other.matrix, atol=1e-4)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("dims", [(90, 85), (6, 90), (90, 6)])
def test_in_the_span_of_few_clips_the_answer_is_the_same(dims, standardize, monkeypatch):
    """As if all features were gone through; where one modality has few, the other is in a span."""
    training, validation = simulate(12, 10, 30, dims=dims)
    config = replace(CONFIG, standardize=(standardize,))
    found = search(training, validation, config)
    monkeypatch.setattr(linear_module, "_FOUND", {})
    monkeypatch.setattr(linear_module, "_span", lambda *_: None)
    direct = search(training, validation, config)
    np.testing.assert_allclose(found.valid_ranks, direct.valid_ranks, rtol=1e-9)
    k = len(found.correlations)  # as many as there are clips, at most: the others are 0
    assert found.ridge == direct.ridge
    assert k <= 10
    np.testing.assert_allclose(found.correlations, direct.correlations[:k], atol=1e-9)
    np.testing.assert_allclose(direct.correlations[k:], 0, atol=1e-9)
    np.testing.assert_allclose(found.within[0], direct.within[0], atol=1e-9)
    np.testing.assert_allclose(found.within[1], direct.within[1], atol=1e-9)
    products = []
    for music, video in (found.maps, direct.maps):
        products.append(music.project(validation[0].data) @ video.project(validation[1].data).T)
    np.testing.assert_allclose(*products, rtol=1e-4, atol=1e-5)


def test_where_clips_are_not_far_fewer_no_span_is_taken(features, monkeypatch):
    pairs = tuple(features[:2]), tuple(features[2:])
    monkeypatch.setattr(np.linalg, "qr", None)
    assert np.isfinite(search(*pairs, CONFIG).valid_ranks).all()


@pytest.mark.parametrize("n_clips", [2, 3, 4])
def test_fewer_training_clips_than_fifths(n_clips, tmp_path):
    training, validation = simulate(10, n_clips, 5)
    assert np.isfinite(fit(*training, *validation, CONFIG, tmp_path).valid_ranks).all()


# --- files and refusals -------------------------------------------------------------------------


def test_saved_maps_are_loaded_and_fitted_no_more(features, fitted, monkeypatch):
    maps, folder = fitted
    assert sorted(path.name for path in folder.iterdir()) == ["model.npz", "settings.json"]
    monkeypatch.setattr(linear_module, "covariances", None)
    for loaded in (LinearCCA.load(folder, CONFIG), fit(*features, CONFIG, folder)):
        assert (loaded.config, loaded.data_key, loaded.ridge, loaded.summary) == (
            (maps.config, maps.data_key, maps.ridge, maps.summary)
        )
        for name in ("music", "video"):
            part = features[("music", "video").index(name)]
            one, two = (getattr(each, f"embed_{name}")(part) for each in (maps, loaded))
            np.testing.assert_array_equal(one.data, two.data)
            assert one.ids == two.ids


def test_folders_of_others_and_damaged_ones_are_refused(features, fitted, tmp_path):
    maps, folder = fitted
    with pytest.raises(VmnetError, match="holds no linear maps: fit them"):
        LinearCCA.load(tmp_path)
    with pytest.raises(VmnetError, match=r"ridges .* \(now \(0\.5,\)\): choose another folder"):
        LinearCCA.load(folder, replace(CONFIG, ridges=(0.5,)))
    with pytest.raises(VmnetError, match="holds a training with other data"):
        fit(*features[:2], *features[:2], CONFIG, folder)
    maps.save(tmp_path)
    whole = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(whole[:200])
    with pytest.raises(VmnetError, match="is damaged, delete it"):
        LinearCCA.load(tmp_path)
    wrong = replace(maps, correlations=maps.correlations[:1])
    wrong.save(tmp_path)
    with pytest.raises(VmnetError, match=r"is damaged, delete it .*matrix is \(6, "):
        LinearCCA.load(tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(VmnetError, match=r"settings\.json is missing or damaged"):
        LinearCCA.load(tmp_path)


def test_features_that_do_not_fit_are_refused(features, fitted, tmp_path):
    music, video, *valid = features
    with pytest.raises(ValueError, match="training clips differ in clips or segments"):
        fit(music, video.select(slice(1, None)), *valid, CONFIG, tmp_path)
    with pytest.raises(ValueError, match="training and validation features differ in length"):
        fit(music, video, *valid[::-1], CONFIG, tmp_path)
    with pytest.raises(ValueError, match="training and extra features differ in length"):
        fit(*features, CONFIG, tmp_path, extra=(video, music))
    with pytest.raises(ValueError, match="1 validation clip gives no negatives"):
        fit(music, video, *(part.select([0]) for part in valid), CONFIG, tmp_path)
    with pytest.raises(ValueError, match="takes video features of length 9, not 6"):
        fitted[0].embed_video(music)
    data = music.data.copy()
    data[5] = np.nan
    bad = Sequences(data, music.offsets, music.ids)
    with pytest.raises(VmnetError, match="clip '5' has music features that are not finite"):
        fit(bad, video, *valid, CONFIG, tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ridges": ()},
        {"ridges": (0.0,)},
        {"ridges": (np.inf,)},
        {"dims": (0, 5)},
        {"standardize": ()},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="makes no sense"):
        LinearConfig(**wrong)


# --- a system like the others -------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", folder / "data")
        patch.setattr(run_module, "FIGURES", folder / "figures")
        run = experiment.open_run("toy", jobs=1)
        yield experiment.prepare(run)


def test_it_is_a_row_of_the_table_and_a_bar(data):
    results = experiment.results(data, experiment.baselines, ["centroid"])
    rows = TABLES["baselines"].render(results).set_index("system")
    assert rows.index.tolist() == ["Baseline 1", "Baseline 2", "Linear (CCA)", "Chance"]
    assert rows.loc["Linear (CCA)", "paper"] == ""
    of_maps = results.query("system == 'linear_cca' and metric == 'mean_rank'").iloc[0].value
    assert rows.loc["Linear (CCA)", "ours (simulated, 12 clips)"].startswith(f"{of_maps:.1f}")
    beside = experiment.results(data, lambda run: [experiment.seg_vm_net(run)], ["centroid"])
    figure = figures.figure_7(pd.concat([results, beside]))
    assert "Linear" in " ".join(text.get_text() for text in figure.axes[0].get_xticklabels())


def test_its_settings_are_of_the_features_alone(data):
    *_, system = experiment.baselines(data.run)
    assert (system.name, system.segmenter) == ("linear_cca", experiment.CLIP)
    maps = experiment.model(data, system)
    assert maps.config == LinearConfig(standardize=(False,))  # simulated features come whitened
    longer = replace(data, run=replace(data.run, training={"steps": 6}))
    before = {path.name for path in data.run.folder.glob("networks/*")}
    experiment.model(longer, system)
    assert {path.name for path in data.run.folder.glob("networks/*")} == before
    video, music = experiment.embeddings(data, system)
    assert video.dim == music.dim == len(maps.correlations)


def test_it_has_no_curve_and_no_energy(data):
    systems = experiment.baselines(data.run)
    curves = inputs.training_curves(data, systems)["curves"]
    assert list(curves) == ["Baseline 1", "Baseline 2"]
    with pytest.raises(ValueError, match="linear_cca has no network"):
        experiment.network(data, systems[-1])


def test_models_are_a_registry():
    assert set(MODELS) == {"vmnet", "bce", "linear", *AGGREGATIONS}
    training = TrainingConfig(standardize=False, steps=3)
    assert MODELS["vmnet"].settings(training) is training
    assert MODELS["linear"].settings(training) == LinearConfig(standardize=(False,))
    assert MODELS["linear"].settings(TrainingConfig()) == LinearConfig()  # both are tried


def test_training_says_what_came_of_it(data, capsys, monkeypatch):
    monkeypatch.setattr(experiment, "all_systems", experiment.baselines)
    monkeypatch.setattr(opening, "DATA", data.run.folder.parent)
    monkeypatch.setattr(run_module, "FIGURES", data.run.folder / "figures")
    assert cli.main(["train", "--profile", "toy", "--jobs", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("baseline_2 clip: best after ")
    assert said[2].startswith("linear_cca clip: ridge ")
    assert said[2].endswith(" % of the list")
