"""The learning curve: nested subsets of the training clips, their ranks, the law carried on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet import experiment
from vmnet.config import PROFILES
from vmnet.corpus import EXTRA, SPLITS, Clip, opening
from vmnet.corpus.features import save_features
from vmnet.corpus.manifest import write_manifest
from vmnet.errors import VmnetError
from vmnet.evaluation.power_law import carry_on, power_law
from vmnet.experiment import learning, stages
from vmnet.experiment import run as run_module
from vmnet.report import figures, paper
from vmnet.report.tables import TABLES

SIZES = {"train": 12, "valid": 3, "test": 5, EXTRA: 9}
PROFILE = replace(
    PROFILES["toy"], seeds=(0, 1), brief=False, sizes=(3, 6, 11, 40), extra_sizes=(8,)
)

# --- the law ------------------------------------------------------------------------------------

exponents = st.floats(-1, 2)
several_sizes = st.lists(st.integers(2, 10_000), min_size=2, max_size=8, unique=True)


@given(several_sizes, st.floats(1, 500), exponents, st.integers(1, 100_000))
def test_an_exact_power_law_is_found_and_carried_on(sizes, scale, exponent, at):
    means = scale * np.power(np.array(sizes, float), -exponent)
    expected = scale * float(at) ** -exponent
    assert power_law(sizes, means, [at])[0] == pytest.approx(expected, rel=1e-6)


def test_the_errors_of_logarithms_weigh_alike():
    """By hand: of 10, 100 and 1,000 clips with ranks 100, 40 and 1 the logarithms (to base 10) are
    2, 1.6 and 0; the slope is (0 - 2) / 2 = -1 and the mean 1.2, so that r(10,000) is 10^-0.8.
    """
    law = power_law([10, 100, 1000], [100, 10**1.6, 1], [100, 10_000])
    assert law == pytest.approx([10**1.2, 10**-0.8])


@pytest.mark.parametrize(("sizes", "means"), [([5], [1]), ([5, 5], [1, 2]), ([5, 6], [1, 2, 3])])
def test_too_little_for_a_law_is_refused(sizes, means):
    with pytest.raises(ValueError, match="no power law"):
        power_law(sizes, means, [10])


@given(st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_the_interval_holds_the_law_and_widens_with_the_distance(seed):
    ranks = np.random.default_rng(seed).exponential(1, (3, 60)) * np.array([[40], [30], [20]]) + 1
    law, low, high = carry_on([10, 30, 90], ranks, [30, 90, 1000], seed, 200)
    assert (low <= law).all()
    assert (law <= high).all()
    assert (np.diff(high / low) > 0).all()
    again = carry_on([10, 30, 90], ranks, [30, 90, 1000], seed, 200)
    np.testing.assert_array_equal(again, [law, low, high])


def test_queries_of_one_rank_leave_no_doubt():
    ranks = np.repeat([[80.0], [40.0], [20.0]], 7, axis=1)
    assert carry_on([10, 20, 40], ranks, [80]).ravel() == pytest.approx([10, 10, 10])


# --- subsets ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A corpus of features with clips of other kinds, opened with two seeds."""
    folder = tmp_path_factory.mktemp("curve")
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 6))
    clips = []
    for split, size in SIZES.items():
        for i in range(size):
            name, of_both = f"{split}-{i}", rng.normal(size=(2, 4))
            path = folder / "features" / f"{name}.npz"
            video, music = (
                (of_both + rng.normal(scale=0.3, size=(2, 4))) @ mixing for _ in range(2)
            )
            save_features(
                path, video, music, boundaries={name: np.array([0.0, 1, 2]) for name in ("olda",)}
            )
            clips.append(Clip(name, path, split))
    write_manifest(folder / "manifest.csv", clips)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "toy", PROFILE)
        patch.setattr(opening, "DATA", folder / "data")
        patch.setattr(run_module, "FIGURES", folder / "figures")
        yield experiment.prepare_all(experiment.open_runs("toy", str(folder), (0, 1), jobs=1))


@pytest.fixture(scope="module")
def curve(datasets):
    return experiment.learning_curve(datasets)


def ids(data, split):
    return [clip.clip_id for clip in data.corpus.split(split)]


def test_subsets_are_nested_and_drawn_by_the_seed(datasets):
    few, more, again = (ids(learning.subset(datasets[0], n), "train") for n in (5, 8, 5))
    assert (len(few), len(more)) == (5, 8)
    assert set(few) < set(more)
    assert few == again
    assert few != ids(learning.subset(datasets[1], 5), "train")
    assert few == [name for name in ids(datasets[0], "train") if name in few]  # the corpus' order


def test_a_subset_keeps_the_other_splits_and_its_features_follow(datasets):
    whole = datasets[0]
    some = learning.subset(whole, 5, 4)
    system = experiment.baseline_2(whole.run)
    for split in ("valid", "test"):
        assert ids(some, split) == ids(whole, split)
        assert some.features_key(system, split) == whole.features_key(system, split)
    for split in ("train", EXTRA):
        every, kept = whole.features(system, split)[0], some.features(system, split)[0]
        assert list(kept.ids) == ids(some, split) == list(some.boundaries("olda", split))
        for name, rows in zip(kept.ids, kept, strict=True):
            np.testing.assert_array_equal(rows, every[every.ids.index(name)])
        assert some.features_key(system, split) != whole.features_key(system, split)
    assert EXTRA not in learning.subset(whole, 5).corpus.splits


def test_all_clips_are_the_corpus_itself(datasets):
    whole = datasets[0]
    every = learning.subset(whole, 12, 9)
    assert every.corpus == whole.corpus
    system = experiment.baseline_2(whole.run)
    assert stages._model_key(every, system) == stages._model_key(whole, system)


def test_more_than_there_are_is_refused(datasets):
    with pytest.raises(ValueError, match="13 clips of the split train are asked for, of 12"):
        learning.subset(datasets[0], 13)


def test_points_are_the_profiles_sizes_then_all_then_all_and_others(datasets):
    """11 of 12 clips are no size worth a training of its own, nor 8 of 9 others."""
    assert learning.points(datasets) == [(3, 0), (6, 0), (12, 0), (12, 9)]
    without = [learning.subset(data, 12) for data in datasets]
    assert learning.points(without) == [(3, 0), (6, 0), (12, 0)]


def test_too_few_clips_are_told_in_a_sentence(datasets, capsys):
    few = learning.subset(datasets[0], 3)
    assert experiment.learning_curve([few]).empty
    assert "has 3 training clips: a learning curve, whose least size is 3, needs 4" in (
        capsys.readouterr().err
    )


# --- what comes of it ---------------------------------------------------------------------------


def test_each_size_system_and_seed_has_its_rank(curve):
    ranks = curve[(curve.metric == "mean_rank") & (curve.direction == "V2M")]
    assert set(ranks.system) == {"baseline_2", "linear_cca"}
    for _, some in ranks.groupby(["system", "seed"]):
        assert list(zip(some.n_train, some.n_extra, strict=True)) == [
            (3, 0), (6, 0), (12, 0), (12, 9),
        ]  # fmt: skip
    assert ranks.value.between(1, SIZES["test"]).all()
    assert set(curve.n_clips) == {SIZES["test"]}
    assert set(curve.direction) == {"V2M", "M2V"}


def test_the_last_rank_is_that_of_the_baselines(curve, datasets):
    of_all = experiment.results(datasets, learning.learned, ["centroid"])
    keys = ["system", "seed", "direction", "metric"]
    last = curve[(curve.n_extra == SIZES[EXTRA])].set_index(keys)["value"]
    pd.testing.assert_series_equal(
        of_all.set_index(keys)["value"].loc[last.index], last, check_exact=True
    )


def test_the_law_is_fitted_to_what_has_no_others(curve):
    one = curve[(curve.system == "linear_cca") & (curve.seed == 1) & (curve.direction == "V2M")]
    ranks = one[(one.metric == "mean_rank") & (one.n_extra == 0)]
    fit = one[one.metric == "fit"].set_index("n_train")["value"]
    expected = power_law(ranks.n_train, ranks.value, fit.index)
    np.testing.assert_allclose(fit, expected)
    assert fit.index.min() == 3
    assert fit.index.max() == paper.N_TRAIN


def test_the_table_has_the_sizes_then_the_law_beside_the_paper(curve):
    table = TABLES["learning_curve"].render(curve)
    assert table["training clips"].tolist() == [
        "3", "6", "12", "12", "50,000, by the law", "each doubling", "Chance",
    ]  # fmt: skip
    assert table["other clips"].tolist()[:4] == ["", "", "", "9"]
    by_law = table.iloc[4]
    assert by_law["paper, Baseline 2"] == "118 ±19, 11.8 %"
    ours = by_law["Linear (CCA), ours (features, 5 clips)"]
    assert ours.count(" to ") == 1
    assert table.iloc[-1].tolist()[-1] == "3.0, 60.0 %"
    assert "features" in table.attrs["origin"]


def test_two_sizes_give_ranks_and_no_law(curve):
    two = curve[~curve.metric.str.startswith("fit") & (curve.n_train > 3) & (curve.n_extra == 0)]
    table = TABLES["learning_curve"].render(two)
    assert table["training clips"].tolist() == ["6", "12", "Chance"]
    assert "other clips" not in table
    figures.learning_curve(two)


def test_a_seed_that_is_missing_is_refused(curve):
    lacking = curve[~((curve.seed == 1) & (curve.n_train == 6) & (curve.metric == "mean_rank"))]
    with pytest.raises(VmnetError, match="seed 1"):
        TABLES["learning_curve"].render(lacking)


def test_the_figure_shows_both_systems_the_paper_and_whose_data(curve):
    figure = figures.learning_curve(curve)
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["Baseline 2", "Linear (CCA)", "paper, Baseline 2", "and other clips"]
    assert "features data, 5 test clips, mean of 2 seeds; chance 3.0" in figure.get_supxlabel()
    assert axes.get_xlim()[1] > paper.N_TRAIN


def test_the_sizes_of_a_profile_grow():
    for profile in PROFILES.values():
        assert list(profile.sizes) == sorted(set(profile.sizes))
        assert list(profile.extra_sizes) == sorted(set(profile.extra_sizes))
    assert set(SIZES) == {*SPLITS, EXTRA}
