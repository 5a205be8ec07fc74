"""Chapter 6 in tables and figures: each number beside its null and the thesis' own."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_importers import harmonix, published, sync
from test_language_positions import film, films

from vmnet import language, open_run
from vmnet.errors import VmnetError
from vmnet.language.durations import agrees, dominant
from vmnet.report import figures, inputs, show
from vmnet.report.thesis.results import read


@pytest.fixture(scope="module")
def results():
    bare = tuple(replace(one, genre="", video_genre="") for one in films(12, seed=1))
    sets = (
        language.Films("made up", "simulated", tuple(films(40))),
        language.Films("few", "rendered", bare),
    )
    return pd.concat([language.results_of(each) for each in sets], ignore_index=True)


def shown(name, results, folder):
    show(name, results, folder)
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, dtype=str)


def line(table, data, films):
    rows = table[(table["data"] == data) & (table["films"] == films)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_table_6_2_has_ours_the_thesis_and_chance(results, tmp_path):
    table = shown("table62", results, tmp_path)
    pop = line(table, "simulated, made up", "Pop (music)")
    assert (pop["n"], pop["beat, thesis"], pop["bar, thesis"]) == ("20", "58.3", "14.8")
    assert " (" in pop["beat, by chance"]
    assert " (" in pop["beat, log-normal"]
    assert line(table, "simulated, made up", "all")["4 bars, thesis"] == "0.4"
    assert line(table, "rendered, few", "all")["n"] == "12"
    reggaeton = line(table, "thesis alone", "Reggaeton (music)")
    assert (reggaeton["beat, thesis"], reggaeton["beat, ours"]) == ("75.0", "")


def test_table_6_2_of_results_without_drawn_shots_is_as_it_was(results, tmp_path):
    before = results[~results["system"].str.startswith("lognormal")]
    table, now = shown("table62", before, tmp_path), shown("table62", results, tmp_path)
    assert not any("log-normal" in column for column in table)
    pd.testing.assert_frame_equal(table, now[table.columns])


def test_table_6_3_says_what_lies_outside_its_null_and_of_the_misprint(results, tmp_path):
    table = shown("table63", results, tmp_path)
    pop = line(table, "simulated, made up", "Pop (music)")
    assert pop["S(lbar), ours"].endswith(" *")
    assert pop["S(lseg), thesis"] == "0.36 ±0.02"
    text = (tmp_path / "table63.md").read_text()
    assert "0.36 for Pop contradicts" in text
    assert "0.16" in text
    assert "simulated data (made up)" in text


def test_one_file_holds_the_numbers_of_all_tables(results, tmp_path):
    for name in ("table62", "table63", "hypotheses"):
        show(name, results, tmp_path)
    pd.testing.assert_frame_equal(read(tmp_path / "results_10.csv"), results)


def test_hypotheses_have_their_chance(results, tmp_path):
    table = shown("hypotheses", results, tmp_path)
    made_up = table[table["data"] == "simulated, made up"].set_index("what")
    lift = made_up.loc["cuts at downbeats, times chance"]
    assert float(lift["ours"].split(" ")[0]) > 1.5
    assert lift["by chance"] == "1.00"
    assert made_up.loc["mean shot (s)", "thesis"] == "4.76"
    assert any("chorus" in what for what in made_up.index)
    assert made_up.loc["cuts after the downbeat at which S is highest (s)", "ours"].startswith(
        "0.00"
    )


def test_the_figures_show_each_group_and_set(results):
    null = figures.cooccurrence_null(results)
    labels = [text.get_text() for text in null.axes[0].get_yticklabels()]
    assert "made up: Pop (music)" in labels
    assert "few: all" in labels
    lags = figures.offset_curve(results)
    titles = [axes.get_title(loc="left") for axes in lags.axes]
    assert titles == ["S(lseg)", "S(lseg to bars)", "S(lbar)", "S(beat)"]
    named = [line for line in lags.axes[2].lines if line.get_label() in ("made up", "few")]
    peak = named[0].get_ydata()
    assert named[0].get_xdata()[np.argmax(peak)] == 0
    assert peak.max() > 1.5


def test_figure_6_4_stacks_to_100_percent(results):
    figure = figures.figure_6_4(results)
    (axes,) = figure.axes
    tops = {bar.get_x(): 0.0 for bar in axes.patches}
    for bar in axes.patches:
        tops[bar.get_x()] += bar.get_height()
    assert list(tops.values()) == pytest.approx([100, 100])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["Pop\nn = 20", "Rock\nn = 20"]


def test_figure_6_5_names_the_fullest_bin_and_the_bar():
    clip = film([0.9, 3.0, 5.1, 7.15, 9.2], duration=30.0, bpm=88.0)
    figure = figures.figure_6_5([clip, clip], "simulated")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words == ["fullest bin 2.0-2.2 s", "bar 2.73 s = 4 x 60 / 88"]


def test_a_shot_longer_than_figure_6_5_shows_is_its_last_bar():
    (axes,) = figures.figure_6_5([film([14.0], duration=28.1, bpm=88.0)], "simulated").axes
    pale = axes.patches[0].get_facecolor()
    dark = [bar for bar in axes.patches if bar.get_facecolor() != pale]
    assert [round(bar.get_x()) for bar in dark] == [12]
    assert axes.texts[0].get_text() == "fullest bin 14.0-14.2 s"


def test_two_films_are_one_that_agrees_and_one_that_does_not():
    sets = [
        language.Films("x", "simulated", (film([2], bpm=np.nan),)),
        language.Films("y", "simulated", tuple(films(20))),
    ]
    one, other = inputs.two_films(sets)
    assert agrees(dominant(one), one.bar_seconds)
    assert not agrees(dominant(other), other.bar_seconds)


def test_no_two_films_where_no_tempo_is_known():
    assert inputs.two_films([language.Films("x", "real", (film([2], bpm=np.nan),))]) == []
    assert inputs.two_films([language.Films("x", "real", (film([]),))]) == []  # a still picture


# --- a corpus with cuts to the second, from its import to its figures -----------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    home = tmp_path_factory.mktemp("imported")
    published(home / "set", n=9, seconds={f"{i:03}": 60 for i in range(1, 10)})
    folder = harmonix(home / "h", {f"{i:03}": 60.5 if i < 9 else 90.0 for i in range(1, 10)})
    table = ["File,Duration,BPM,Genre"]
    table += [f"00{i:03}_song,{60.5 if i < 9 else 90.0},120,Pop" for i in range(1, 10)]
    (folder / "metadata.csv").write_text("\n".join(table))
    (folder / "beats_and_downbeats").mkdir()
    for i in range(1, 10):
        lines = "\n".join(f"{t / 2}\t{t % 4 + 1}\t{t // 4}" for t in range(120))
        (folder / "beats_and_downbeats" / f"00{i:03}_song.txt").write_text(lines)
    sync(home / "set", home / "out", events=folder)
    return open_run("toy", corpus=str(home / "out"))


def test_events_of_other_films_alone_are_refused(imported, tmp_path):
    from vmnet.language import sources

    others = {"clips": {"x": {"duration": 9, "resolution": 1, "cuts": [], "chords": []}}}
    (tmp_path / "events.json").write_text(json.dumps(others))
    with pytest.raises(VmnetError, match=r"has no film of 'out.*': import it again"):
        sources._given(imported, tmp_path)


def test_a_features_corpus_brings_its_cuts_and_what_people_say(imported):
    whole, equal, *found = language.films(imported)
    assert (whole.corpus, whole.kind, len(whole.clips)) == ("out", "real", 9)
    assert (equal.corpus, len(equal.clips)) == ("out, equal length", 8)
    assert "8 of 9 that people annotated" in equal.about
    assert equal.clips[0].bar_seconds == 2
    assert all(one.corpus == "out, offset found" for one in found)


def test_its_numbers_are_real_and_stand_beside_none_of_the_thesis(imported, tmp_path):
    results = pd.concat([language.results_of(each) for each in language.films(imported)[:2]])
    assert set(results["kind"]) == {"real"}
    table = shown("table63", results, tmp_path)
    row = line(table, "real, out, equal length", "all")
    assert row["S(lseg), sigma 1 s, ours"]
    assert "S(lseg), ours" not in table
    assert shown("films", inputs.film_sets(language.films(imported)[:2]), tmp_path)[
        "films"
    ].tolist() == ["9", "8"]


def test_its_films_are_seen_without_pictures(imported):
    equal = language.films(imported)[1]
    figure = figures.clip_overview(inputs.film_overview(equal, equal.clips[0], (5.0, 20.0)))
    labels = [axes.get_label() for axes in figure.axes if axes.get_label()]
    assert labels[:3] == ["true sections", "downbeats", "beats"]
