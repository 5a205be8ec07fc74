"""The figures show the numbers they are given, say whose they are, and are written whole."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from vmnet.errors import VmnetError
from vmnet.report import figures
from vmnet.report.figures import ClipOverview, Query, Track
from vmnet.report.figures.style import RED

SEGMENTERS = ("foote", "sf", "olda", "transnet")


@pytest.fixture(autouse=True)
def _no_global_state():
    """No figure goes through pyplot, and no style outlives its figure."""
    before = dict(plt.rcParams)
    yield
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def rows(system, segmenter, distance, recalls, scenario="vanilla", seed=0):
    cell = {"corpus": "toy", "kind": "rendered", "n_clips": 40, "system": system, "seed": seed}
    cell |= {"segmenter": segmenter, "distance": distance, "scenario": scenario}
    metrics = zip(("R@1", "R@10", "R@25"), recalls, strict=True)
    return [{**cell, "direction": "V2M", "metric": m, "value": float(v)} for m, v in metrics]


def recalls_of(index):
    return (index + 1.0, 20.0 + index, 60.0 + 2 * index)


def vanilla(distances, seed=0):
    cells = [(segmenter, distance) for distance in distances for segmenter in SEGMENTERS]
    results = [
        row
        for index, cell in enumerate(cells)
        for row in rows("seg_vmnet", *cell, recalls_of(index), seed=seed)
    ]
    return results + rows("baseline_1", "clip", "centroid", (5, 30, 50), seed=seed)


def stacks(axes):
    """Return the heights (bottom, top) of the bars at each place, from left to right."""
    bars = {}
    for patch in axes.patches:
        middle = round(patch.get_x() + patch.get_width() / 2, 6)
        bars.setdefault(middle, []).append((patch.get_y(), patch.get_y() + patch.get_height()))
    return [sorted(bars[middle]) for middle in sorted(bars)]


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def picture(value=128, shape=(90, 160)):
    return np.full((*shape, 3), value, dtype=np.uint8)


def test_bars_are_the_recalls_stacked():
    figure = figures.figure_7(pd.DataFrame(vanilla(["centroid", "single", "complete"])))
    expected = [(5, 30, 50), *map(recalls_of, range(12))]
    for stack, (one, ten, all_25) in zip(stacks(figure.axes[0]), expected, strict=True):
        np.testing.assert_allclose(stack, [(0, one), (one, ten), (ten, all_25)])


def test_a_clip_level_bar_is_that_of_the_centroid():
    results = vanilla(["nw", "sw"]) + rows("baseline_1", "clip", "best_trace", (1, 2, 3))
    figure = figures.figure_8(pd.DataFrame(results))
    np.testing.assert_allclose(stacks(figure.axes[0])[0], [(0, 5), (5, 30), (30, 50)])


def test_shades_fade_from_recall_1_to_recall_25():
    figure = figures.figure_8(pd.DataFrame(vanilla(["nw", "sw"])))
    one, ten, all_25 = sorted(figure.axes[0].patches[:3], key=lambda patch: patch.get_y())
    lightness = [sum(to_rgb(patch.get_facecolor()[:3])) for patch in (one, ten, all_25)]
    assert lightness == sorted(lightness)
    assert len(set(lightness)) == 3


def test_seeds_are_averaged_and_gaps_named():
    results = pd.DataFrame(vanilla(["nw", "sw"]) + vanilla(["nw", "sw"], seed=1))
    results.loc[results["seed"] == 1, "value"] += 2
    one = (results["segmenter"] == "sf") & (results["distance"] == "sw")
    figure = figures.figure_8(results[~one])
    assert words(figure).count("missing") == 1
    np.testing.assert_allclose(stacks(figure.axes[0])[0], [(0, 6), (6, 31), (31, 51)])
    assert any("mean of 2 seeds" in text for text in words(figure))
    with pytest.raises(VmnetError, match=r"seed 1 of .*segmenter sf, distance sw"):
        figures.figure_8(results[~(one & (results["seed"] == 1))])


def test_figure_9_groups_scenarios():
    results = [
        row
        for index, scenario in enumerate(("crop_query", "stretch_targets", "crop_stretch"))
        for distance in ("centroid", "nw")
        for row in rows("seg_vmnet", "olda", distance, recalls_of(index), scenario)
    ]
    figure = figures.figure_9(pd.DataFrame(results))
    assert len(stacks(figure.axes[0])) == 6
    assert {"Crop Query", "Stretch Targets", "Crop+Stretch"} <= set(words(figure))


def test_chance_and_kind_stand_in_the_figure():
    figure = figures.figure_7(pd.DataFrame(vanilla(["centroid"])))
    heights = sorted(line.get_ydata()[0] for line in figure.axes[0].lines)
    np.testing.assert_allclose(heights, [100 / 40, 1000 / 40, 2500 / 40])
    line = next(text for text in words(figure) if text.startswith("rendered data"))
    assert "40 test clips" in line
    assert {"chance 2.5 %", "chance 25 %", "chance 62.5 %"} <= set(words(figure))
    assert len({str(line._dash_pattern) for line in figure.axes[0].lines}) == 3


def test_what_the_paper_does_not_have_has_bars_and_a_colour_of_its_own():
    results = vanilla(["nw", "sw"]) + rows("seg_vmnet", "seconds_9", "nw", (1, 2, 3))
    results += rows("seg_vmnet", "olda", "emd", (1, 2, 3)) + rows("mine", "clip", "emd", (4, 5, 6))
    figure = figures.figure_8(pd.DataFrame(results))
    shown = words(figure)
    assert any("seconds\\_9" in text for text in shown)
    assert any("emd" in text for text in shown)
    assert "mine" in shown
    assert len(stacks(figure.axes[0])) == 2 + 4 + 4 + 1 + 1
    legends = [each for each in figure.axes[0].get_children() if hasattr(each, "get_patches")]
    names = next(each.get_patches() for each in legends if len(each.get_texts()) == 5)
    assert len({to_hex(patch.get_facecolor()) for patch in names}) == 5


def test_several_segmenters_and_systems_stand_side_by_side():
    results = rows("seg_vmnet", "olda", "nw", (1, 2, 3), "crop_query")
    results += rows("seg_vmnet", "sf", "nw", (1, 2, 3), "crop_query")
    results += rows("my_net", "sf", "nw", (1, 2, 3), "my_scenario")
    figure = figures.figure_9(pd.DataFrame(results))
    assert len(stacks(figure.axes[0])) == 3
    assert {"Crop Query", "my_scenario"} <= set(words(figure))
    assert any(text.startswith("my_net $S") for text in words(figure))


def test_settings_stand_in_the_figures():
    results = pd.DataFrame(vanilla(["centroid"])).assign(settings="indel_nw=0.5")
    path = [(0, 0), (1, 1)]
    for figure in (
        figures.figure_7(results),
        figures.figure_11(np.eye(2), "rendered", path=path, settings="indel_nw=0.5"),
    ):
        assert any(text.endswith("; settings indel_nw=0.5") for text in words(figure))


@pytest.mark.parametrize(
    ("n_targets", "true_index"), [(1, 0), (6, 2), (200, 0), (200, 117), (200, 199)]
)
def test_the_red_bin_holds_the_true_distance(n_targets, true_index):
    distances = np.sort(np.random.default_rng(0).normal(size=n_targets))
    is_true = [index == true_index for index in range(min(3, n_targets))]
    top = [Track(picture(), f"track {i}", distances[i], true) for i, true in enumerate(is_true)]
    query = Query("$ome title", picture(), top, distances, true_index)
    figure = figures.figure_10([query], "rendered")
    histogram = next(axes for axes in figure.axes if axes.patches)
    assert sum(patch.get_height() for patch in histogram.patches) == n_targets
    (red,) = [p for p in histogram.patches if to_hex(p.get_facecolor()) == RED.lower()]
    slack = 1e-9
    left, right = red.get_x(), red.get_x() + red.get_width()
    assert left - slack <= distances[true_index] <= right + slack
    assert f"rank {true_index + 1}" in words(figure)
    assert "$ome title" in words(figure)
    borders = [to_hex(a.spines["top"].get_edgecolor()) for a in figure.axes if a.images]
    assert borders[1:] == [RED.lower() if true else "#d9d9d9" for true in is_true]


def test_the_rank_of_equal_distances_is_their_mean():
    query = Query("q", picture(), [], np.zeros(5), 3)
    assert query.rank == 3


def test_long_titles_stay_within_their_picture():
    title = "An " + "extraordinarily " * 20 + "long title"
    top = [Track(picture(), title, 0.5, False)] * 3
    query = Query(title, picture(shape=(160, 90)), top, np.arange(5.0), 4)
    figure = figures.figure_10([query], "rendered", title=title)
    shortened = [text for text in figure.findobj(Text) if text.get_text().endswith("…")]
    assert len(shortened) == 5
    for text in shortened:
        limit = 7.1 if text.get_fontweight() == "bold" else 1.3
        assert text.get_window_extent().width / figure.dpi <= limit


@pytest.mark.parametrize("shape", [(1, 1), (7, 4), (50, 60)])
def test_similarity_is_drawn_music_across_video_up(shape):
    similarity = np.random.default_rng(0).uniform(-0.5, 0.5, shape)
    figure = figures.figure_11(similarity, "rendered")
    (mesh,) = figure.axes[0].findobj(QuadMesh)
    limit = np.abs(similarity).max()
    assert mesh.get_clim() == (-limit, limit)
    assert f"similarity (dot product), scale ±{limit:.2g}" in words(figure)
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(shape[::-1]), similarity.T)
    assert figure.axes[0].get_xlabel() == "music segment"
    low, high = mesh.cmap(0.0), mesh.cmap(1.0)
    assert low[2] > low[0]  # below 0 is blue
    assert high[0] > high[2]  # above is red


def test_similarity_along_time_with_an_alignment():
    music, video = np.array([0, 10, 70.0]), np.array([0, 40, 70.0])
    figure = figures.figure_11(np.eye(2), "rendered", music, video, "A$AP $", path=[(0, 0), (1, 1)])
    path = next(line for line in figure.axes[0].lines if line.get_label() == "path of NW-DTW")
    assert "path of NW-DTW" in words(figure)
    np.testing.assert_allclose(path.get_xydata(), [(5, 20), (40, 55)])
    assert "1:00" in [text.get_text() for text in figure.axes[0].get_xticklabels()]
    with pytest.raises(ValueError, match="2 music segments need 3 boundaries, not 2"):
        figures.figure_11(np.eye(2), "rendered", music[:2], video)
    with pytest.raises(ValueError, match="unit embeddings"):
        figures.figure_11(3 * np.eye(2), "rendered")


def test_training_curves_mark_the_kept_step():
    curve = {
        "step": [0, 10, 20, 30],
        "train_loss": [0.4, 0.3, 0.2, 0.1],
        "valid_loss": [0.4, np.nan, 0.2, 0.3],
    }

    def kept(figure):
        (mark,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        return tuple(np.ravel(mark.get_xydata()))

    assert kept(figures.training_curves({"OLDA": curve}, "rendered")) == (20, 0.2)
    by_rank = curve | {"train_loss": [np.nan, 0.3, 0.2, 0.1], "valid_rank": [9.0, 7.0, 6.0, 5.0]}
    figure = figures.training_curves({"OLDA": by_rank}, "rendered")
    assert kept(figure) == (30, 0.3)
    training = figure.axes[0].lines[0].get_xydata()
    assert training.tolist() == [[10, 0.3], [20, 0.2], [30, 0.1]]  # none before the first update
    with pytest.raises(VmnetError, match="no validation loss"):
        figures.training_curves({"OLDA": curve | {"valid_loss": 4 * [np.nan]}}, "rendered")


@pytest.mark.parametrize("indels", [(0.0, 0.01, 0.05, 0.1), (0.01, 0.05, 0.1)])
def test_indel_sweep_marks_the_papers_cost_and_the_best(indels):
    results = []
    for distance, best in (("nw", 0.1), ("sw", 0.01)):
        for indel in indels:
            rank = 5.0 if indel == best else 9.0
            cell = rows("seg_vmnet", "olda", distance, (0, 0, 0))[0] | {"indel": indel}
            results += [cell | {"metric": "mean_rank", "value": rank}]
            results += [cell | {"metric": "ci95", "value": 1.0}]
    figure = figures.indel_sweep(pd.DataFrame(results))
    axes = figure.axes[0]
    rings = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "o"]
    assert rings == [[0.1, 5], [0.01, 5]]
    dashed = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert dashed == [0.05, 0.01]
    assert axes.get_xscale() == ("symlog" if 0.0 in indels else "log")
    bands = [band.get_paths()[0].vertices[:, 1] for band in axes.collections]
    assert [(band.min(), band.max()) for band in bands] == [(4, 10), (4, 10)]
    with pytest.raises(VmnetError, match="column indel"):
        figures.indel_sweep(pd.DataFrame(results).drop(columns="indel"))


def overview(**changes):
    seconds, rng = 65.0, np.random.default_rng(0)
    shots = np.concatenate([[0], np.sort(rng.uniform(1, 64, 40)), [seconds]])
    fields = {
        "title": "Clip $1 of $2",
        "kind": "rendered",
        "duration": seconds,
        "frames": [((i + 0.5) * seconds / 8, picture(20 * i)) for i in range(8)],
        "waveform": rng.uniform(-1, 1, 20_000).astype(np.float32),
        "novelty": (np.arange(65.0), rng.random(65)),
        "music_boundaries": {"foote": np.array([0, 20, 40, 65.0]), "olda": np.array([0, 65.0])},
        "shot_probability": (np.arange(1625) / 25, rng.random(1625)),
        "shot_boundaries": shots,
        "sections": [(0.0, 21.0, "verse"), (21.0, 65.0, "chorus")],
        "cuts": shots[1:-1],
    }
    return ClipOverview(**(fields | changes))


def test_overview_draws_the_segments_along_one_time_axis():
    figure = figures.clip_overview(overview())
    by_name = {axes.get_label(): axes for axes in figure.axes}
    foote = next(axes for name, axes in by_name.items() if "Foote" in name)
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in foote.patches]
    np.testing.assert_allclose(spans, [(0, 20), (20, 40), (40, 65)])
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 65)}
    shown = words(figure)
    for text in ("Clip $1 of $2", "verse", "chorus", "3 segments", "1 segment", "41 shots"):
        assert text in shown
    assert "rendered data" in shown
    assert "1:00" in [text.get_text() for text in figure.axes[0].get_xticklabels()]


def test_overview_leaves_out_rows_without_data():
    empty = np.zeros(0)
    bare = overview(
        sections=(),
        cuts=(),
        novelty=(empty, empty),
        shot_probability=(empty, empty),
        shot_boundaries=empty,
        music_boundaries={},
        frames=[(30.0, picture(shape=(160, 90)))],
    )
    names = [axes.get_label() for axes in figures.clip_overview(bare).axes]
    assert [name for name in names if name] == ["pictures", "sound"]
    unseen = [axes.get_label() for axes in figures.clip_overview(overview(frames=[])).axes]
    assert "pictures" not in unseen


def test_overview_draws_beats_and_downbeats():
    beats = np.arange(0.5, 65, 0.5)
    figure = figures.clip_overview(overview(beats=beats, downbeats=beats[::4]))
    by_name = {axes.get_label(): axes for axes in figure.axes}
    for name, times in (("beats", beats), ("downbeats", beats[::4])):
        (lines,) = by_name[name].collections
        np.testing.assert_allclose([line[0, 0] for line in lines.get_segments()], times)
    assert {"129 beats", "33 bars"} <= set(words(figure))
    names = [axes.get_label() for axes in figure.axes]
    assert names.index("pictures") < names.index("downbeats") < names.index("$f(t)$")


def test_overview_shows_a_window():
    beats = np.arange(0.5, 65, 0.5)
    figure = figures.clip_overview(overview(beats=beats, window=(18.0, 30.0)))
    assert {axes.get_xlim() for axes in figure.axes} == {(18, 30)}
    by_name = {axes.get_label(): axes for axes in figure.axes}
    starts = [image.get_extent()[0] for image in by_name["pictures"].images]
    assert starts == pytest.approx([18, 24.375])  # halfway between the two inside, 20.3 and 28.4
    assert "25 beats" in words(figure)
    assert "verse" in words(figure)
    whole = figures.clip_overview(overview(beats=beats)).get_figheight()
    assert figure.get_figheight() == pytest.approx(whole, abs=0.6)
    for window in ((-1.0, 3.0), (3.0, 3.0), (60.0, 70.0)):
        with pytest.raises(ValueError, match="lies outside"):
            overview(window=window)


def test_figures_are_written_whole_and_alike(tmp_path):
    results = pd.DataFrame(vanilla(["centroid"]))
    written = [
        figures.save(figures.figure_7(results), tmp_path / name, "figure7")
        for name in ("first", "second")
    ]
    for png, pdf in written:
        assert sorted(p.name for p in png.parent.iterdir()) == ["figure7.pdf", "figure7.png"]
        assert png.read_bytes().startswith(b"\x89PNG")
        assert pdf.read_bytes().startswith(b"%PDF")
    (first_png, first_pdf), (second_png, second_pdf) = written
    assert first_png.read_bytes() == second_png.read_bytes()
    assert first_pdf.read_bytes() == second_pdf.read_bytes()
    width = int.from_bytes(first_png.read_bytes()[16:20], "big")
    assert width == round(7.16 * 200)
