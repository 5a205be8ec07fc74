"""The rendered catalog: tags that are true, annotators that err, files as anyone's own."""

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from vmnet import media
from vmnet.errors import VmnetError
from vmnet.rendered import synth
from vmnet.rendered.song import BEATS
from vmnet.similarity import songs
from vmnet.similarity.catalog import folder_catalog
from vmnet.similarity.tags import read_tags

SECONDS = 2.0
ALL = [tag for tags in songs.CATEGORIES.values() for tag in tags]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return songs.render_songs(tmp_path_factory.mktemp("songs"), 10, SECONDS, seed=1, progress=False)


def test_a_tag_has_one_category_and_implies_only_tags() -> None:
    assert len(set(ALL)) == len(ALL) == 67
    for (tag, other), far in songs.implications().items():
        assert {tag, other} <= set(ALL)
        assert tag != other
        assert 0 < far < 1


def test_a_value_between_two_levels_belongs_to_both() -> None:
    assert songs._levels(0.25, ("a", "b", "c")) == {"a": 0.5, "b": 0.5, "c": 0}
    assert songs._ends(0.9, ("low", "high")) == pytest.approx({"low": 0, "high": 0.8})
    assert songs._ends(0.5, ("low", "high")) == {"low": 0, "high": 0}


def test_tags_tell_what_the_renderer_drew() -> None:
    plans = songs.plan_songs(60, 12.8, seed=3)
    true = [songs.true_tags(plan) for plan in plans]
    for plan, tags in zip(plans, true, strict=True):
        tonics = [tag for tag in tags if tag in songs.TONICS]
        assert tonics == [songs.TONICS[plan.song.tonic % 12]]
        assert ("Hollow Lead" in tags) == (plan.band["lead"].even < 1)
        assert all(songs.CUT <= weight <= 1 for weight in tags.values())
    tempi = [60 * BEATS / plan.song.bar for plan in plans]
    slow = [t for t, tags in zip(tempi, true, strict=True) if "Slow" in tags]
    fast = [t for t, tags in zip(tempi, true, strict=True) if "Fast" in tags]
    assert max(slow) < min(fast)


def test_the_band_that_tags_tell_of_is_the_band_that_plays(monkeypatch) -> None:
    (plan,) = songs.plan_songs(1, 1.0, seed=0)
    told, bands = plan.band, []

    def heard(*words):
        bands.append(draw(*words))
        return bands[-1]

    draw = synth.draw_band
    monkeypatch.setattr(synth, "draw_band", heard)
    plan.sound()
    assert bands == [told]


def test_all_songs_are_equally_loud() -> None:
    for plan in songs.plan_songs(4, 3.0, seed=0):
        sound = plan.sound()
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(songs.LEVEL, rel=1e-3)
        assert np.abs(sound).max() < 1


def test_songs_of_an_artist_are_more_alike_than_others() -> None:
    plans = songs.plan_songs(200, 12.8, seed=0)
    names = np.array([plan.artist for plan in plans])
    sizes = [len(list(songs_of)) for _, songs_of in groupby(names)]
    assert set(sizes[:-1]) == set(range(2, 7))  # the last artist may be cut short
    styles = np.array([[p.style.energy, p.style.electronic, p.style.warmth] for p in plans])
    apart = np.linalg.norm(styles[:, None] - styles, axis=2)
    same = names[:, None] == names
    np.fill_diagonal(same, val=False)
    assert apart[same].mean() < 0.5 * apart[~same & ~np.eye(200, dtype=bool)].mean()


def test_annotators_forget_and_mishear_as_often_as_stated() -> None:
    true = dict.fromkeys(ALL[:30], 1.0)
    given = [songs.annotated(true, np.random.default_rng(seed)) for seed in range(400)]
    kept = np.mean([sum(tag in true for tag in tags) for tags in given]) / len(true)
    false = np.mean([sum(tag not in true for tag in tags) for tags in given]) / (len(ALL) - 30)
    assert kept == pytest.approx(0.9, abs=0.01)
    assert false == pytest.approx(0.01, abs=0.003)
    assert all(0.7 <= weight <= 1 for tags in given for weight in tags.values())


def test_a_rendered_catalog_opens_as_a_folder_of_ones_own(catalog: Path) -> None:
    opened = folder_catalog(catalog)
    assert opened.kind == "rendered"
    assert len(opened.tracks) == 10
    assert opened.second is not None
    assert opened.second.tags == opened.tracks.tags
    assert (opened.second.weights != opened.tracks.weights).any()
    sound = media.load_audio(opened.paths[0], 44100)
    assert len(sound) == SECONDS * 44100
    weights = read_tags(catalog).category_weights
    assert np.unique(weights).tolist() == pytest.approx([0.3, 1.0])


def test_a_killed_rendering_goes_on_and_a_whole_one_is_kept(catalog: Path, tmp_path: Path) -> None:
    again = songs.render_songs(catalog.parent, 10, SECONDS, seed=1, progress=False)
    assert again == catalog
    other = songs.render_songs(tmp_path, 10, SECONDS, seed=1, jobs=2, progress=False)
    for path in catalog.rglob("*.*"):
        assert (other / path.relative_to(catalog)).read_bytes() == path.read_bytes(), path
    kept = other / "audio/0000.flac"
    before = kept.stat().st_mtime_ns
    (other / "tags.csv").unlink()
    (other / "audio/0003.flac").unlink()
    songs.render_songs(tmp_path, 10, SECONDS, seed=1, progress=False)
    assert (other / "tags.csv").read_bytes() == (catalog / "tags.csv").read_bytes()
    assert (other / "audio/0003.flac").exists()
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize(("n", "seconds", "seed"), [(0, 2, 0), (3, 0, 0), (3, 2, -1)])
def test_impossible_catalogs_are_refused(tmp_path: Path, n: int, seconds: float, seed: int) -> None:
    with pytest.raises(VmnetError, match="cannot be rendered"):
        songs.render_songs(tmp_path, n, seconds, seed)
    assert not list(tmp_path.iterdir())
