"""Table 5.2: statistics of frames, sizes of the networks, and rows for each kind of features."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmnet import open_run
from vmnet.corpus import opening
from vmnet.corpus.sources import ClipFeatures
from vmnet.corpus.wrapped import WrappedSource
from vmnet.experiment import CLIP, System, genres, prepare
from vmnet.experiment.music_features import (
    CCA,
    MUSIMNET,
    ROWS,
    THREE,
    MuSimNetSource,
    _require_other_songs,
    music_features,
    not_run,
    with_films,
)
from vmnet.experiment.segments import STATISTICS, segment_arrays, statistics_of
from vmnet.models import build_vmnet
from vmnet.report.design import retrieval

NAMES = {"handcrafted": "handcrafted", "musicnn": "music", "efficientnet": "video"}
DIMS = {"handcrafted": 40, "musicnn": 24, "efficientnet": 32}


class AsFilms(WrappedSource):
    """Simulated clips whose features are called as those of films, and are shorter."""

    def __init__(self, inner):
        super().__init__(inner)
        self.extractors = {name: inner.extractors[own] for name, own in NAMES.items()}

    def load(self, clip):
        given = self.inner.load(clip)
        frames = {name: given.frames[own][:, : DIMS[name]] for name, own in NAMES.items()}
        return ClipFeatures(frames, given.boundaries)

    def key(self, clips, extractors, segmenters):
        return self.inner.key(clips, (), segmenters)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", tmp_path_factory.mktemp("films"))
        run = open_run("toy", jobs=1)
        corpus = replace(run.corpus, kind="rendered", source=AsFilms(run.corpus.source))
        yield replace(run, corpus=corpus, music="musicnn", video="efficientnet")


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_parameters_of_the_thesis(name):
    net = build_vmnet(ROWS[name].dim, 1024)
    count = sum(int(np.prod(weight.shape)) for weight in net.trainable_weights)
    assert count == ROWS[name].parameters


def test_lengths_of_the_features():
    lengths = {name: heard.dim for name, heard in ROWS.items()}
    assert lengths == {
        "handcrafted": 1140, MUSIMNET: 384, "musicnn": 600, "audioset": 128, "openl3": 18432,
    }  # fmt: skip


# --- statistics -----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 999))
def test_statistics_are_mean_variance_and_maximum(n, dim, seed):
    frames = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    found = statistics_of(frames).reshape(3, dim)
    for j in range(dim):
        column = [float(x) for x in frames[:, j]]
        mean = sum(column) / n
        variance = sum((x - mean) ** 2 for x in column) / n
        np.testing.assert_allclose(found[:, j], [mean, variance, max(column)], atol=1e-5)


def test_statistics_are_kept_of_the_music_alone():
    system = System("one", CLIP, "musicnn", "efficientnet", statistics=THREE)
    assert system.kept == (("efficientnet", CLIP), ("musicnn", STATISTICS))
    assert not system.apart
    features = ClipFeatures({"musicnn": np.eye(3), "efficientnet": np.ones((3, 2))}, {})
    arrays = segment_arrays(features, system.kept)
    assert arrays[f"musicnn-{STATISTICS}"].shape == (1, 9)
    assert arrays[f"efficientnet-{CLIP}"].shape == (1, 2)


def test_statistics_are_of_whole_clips():
    with pytest.raises(ValueError, match="of whole clips, not of olda"):
        System("one", "olda", "music", "video", statistics=THREE)
    with pytest.raises(ValueError, match="not 'median'"):
        System("one", CLIP, "music", "video", statistics="median")


def test_the_mean_has_the_key_it_had(films):
    data = prepare(films, [System("one", CLIP, "musicnn", "efficientnet")])
    plain = System("one", CLIP, "musicnn", "efficientnet")
    three = replace(plain, statistics=THREE)
    assert data.features_key(plain, "train") != data.features_key(three, "train")
    assert data.features_key(plain, "train") == data.features_key(replace(plain), "train")


# --- table 5.2 ------------------------------------------------------------------------------------


def test_rows_of_each_kind_and_reasons_for_the_others(films, monkeypatch, capsys):
    monkeypatch.setattr("vmnet.experiment.music_features.with_films", lambda run: films)
    table = music_features(films, seeds=(0, 1))
    ranked = table[table.metric.isin(["R@1", "R@10", "R@25", "mean_rank"])]
    sizes = {key: len(rows) for key, rows in ranked.groupby(["system", "group"])}
    expected = {(name, group): 16 for name in ("handcrafted", "musicnn") for group in ("", CCA)}
    if "audioset" not in not_run(films):  # the weights are here
        expected |= {("audioset", group): 16 for group in ("", CCA)}
    assert sizes == expected | {("chance", ""): 16}
    assert set(ranked.seed) == {0, 1}
    assert "Chance" in set(retrieval(table, "5.2")["system"])  # no row lacks a seed of the others
    assert set(table.kind) == {"rendered"}
    dims = table[(table.metric == "dimension") & (table.seed == 1)].set_index("system").value
    assert dims["musicnn"] == 3 * 24
    assert dims["handcrafted"] == 40
    told = capsys.readouterr().err
    openl3 = "openl3: not run: weights not given (`vmnet weights fetch openl3`)"
    if "openl3" in not_run(films):
        assert openl3 in told
    assert "musimnet: not run: no trained network given" in told


def test_films_that_are_rendered_for_it_are_trained_on_as_the_run_asks(monkeypatch, tmp_path):
    monkeypatch.setattr("vmnet.experiment.music_features.DATA", tmp_path)
    monkeypatch.setattr("vmnet.rendered.render_corpus", lambda *_, **__: ())
    asked = with_films(open_run("toy", jobs=1, training={"learning_rate": 3e-4}))
    assert asked.training == {"learning_rate": 3e-4}
    assert asked.corpus.kind == "rendered"
    assert with_films(open_run("toy", jobs=1)).training == {}


def test_genres_of_rendered_films_are_judged_by_one_row(films, monkeypatch):
    kinds = ("slow warm minor acoustic", "fast warm minor electronic")
    clips = [replace(clip, genre=kinds[i % 2]) for i, clip in enumerate(films.corpus.clips)]
    named = replace(films, corpus=replace(films.corpus, clips=tuple(clips)))
    monkeypatch.setattr("vmnet.experiment.music_features.with_films", lambda run: named)
    table = music_features(films, seeds=(0, 1))
    rows = table[table.part == genres.PART]
    assert rows.groupby("seed").system.apply(list).tolist() == 2 * [
        ["top_3", "catalog", "top_3_minus_catalog"]
    ]
    assert set(rows.kind) == {"rendered"}
    own = retrieval(table, "5.2")
    assert not {"top_3", "catalog"} & set(own["system"])


def test_musimnet_stands_beside_the_other_features(films):
    rng = np.random.default_rng(0)
    embedded = {
        clip.clip_id: rng.standard_normal((24, 128)).astype(np.float32)
        for clip in films.corpus.clips
    }
    source = pickle.loads(pickle.dumps(MuSimNetSource(films.corpus.source, embedded)))
    run = replace(films, corpus=replace(films.corpus, source=source))
    system = System(MUSIMNET, CLIP, MUSIMNET, films.video, statistics=THREE)
    data = prepare(run, [system])
    _, music = data.features(system, "test")
    assert (len(music), music.dim) == (12, 384)
    first = embedded[music.ids[0]]
    expected = statistics_of(first).astype(np.float16)
    np.testing.assert_array_equal(music[0], expected)
    clips = films.corpus.clips
    assert source.key(clips, ["musicnn"], []) == films.corpus.source.key(clips, ["musicnn"], [])
    other = MuSimNetSource(films.corpus.source, {k: v + 1 for k, v in embedded.items()})
    assert source.key(clips, [MUSIMNET], []) != other.key(clips, [MUSIMNET], [])


def test_films_have_other_songs_than_those_learned_from(films, monkeypatch):
    _require_other_songs(films)
    monkeypatch.setattr("vmnet.rendered.render.draw_parameters", lambda *_: (films.seed, 12.0))
    with pytest.raises(ValueError, match="a film has the seed 0"):
        _require_other_songs(films)
