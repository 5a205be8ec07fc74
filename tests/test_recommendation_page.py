"""The page that `vmnet recommend --html` writes: what it says, and how it plays in a browser."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import media_files
import numpy as np
import pytest

from vmnet.catalog.match import Match, Query
from vmnet.catalog.track import Track
from vmnet.edit.browser import for_browsers
from vmnet.edit.page import show, write_page
from vmnet.edit.spans import Span
from vmnet.errors import MediaError, VmnetError
from vmnet.media import load_audio, probe

SECONDS = 6.0
CUTS = (0.0, 2.0, 3.5, SECONDS)  # of the video
TOGETHER = 0.08  # seconds by which pictures and music may differ while they play
MARKUP = "<script>document.title = 'broken'</script><b>夜に駆ける</b> & \"Ünï\""
TOOLS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, TOOLS)), None)
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-sync "
    "--disable-component-update --no-first-run --autoplay-policy=no-user-gesture-required"
)


def moving(seconds: float = SECONDS) -> list[np.ndarray]:
    return [np.full((90, 160, 3), 2 * (k % 120), np.uint8) for k in range(round(25 * seconds))]


def tone(pitch: float, seconds: float, rate: int = 44100) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return np.tile(0.3 * np.sin(2 * np.pi * pitch * time), (2, 1)).astype(np.float32)


def query_of(path: Path) -> Query:
    edges = np.array(CUTS)
    unit = np.eye(len(edges) - 1, 4, dtype=np.float32)
    return Query(path, SECONDS, edges, "given", unit, np.ones((6, 4), np.float32) / 2)


def match_of(path: Path, rank: int, title: str = "", seconds: float = 12.0) -> Match:
    spans = (Span(0.0, 2.0, 4.0, 0), Span(2.0, 3.5, 6.0, 1), Span(3.5, 6.0, 1.0, 2))
    return Match(
        Track(path.name, path, title or path.stem, "", seconds),
        rank,
        0.25 * rank,
        np.array([0.0, 4.0, 8.0, seconds]),
        np.array([[0.1, 0.9, 0.2], [0.3, 0.8, 0.4], [0.5, -0.1, 0.05]], np.float32),
        np.array([[0, 1], [1, 1]]),
        spans,
        np.arange(0.5, seconds, 0.5),
        ("slow", "strings"),
    )


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    """A video and two tracks whose names no address may hold as they are."""
    folder = tmp_path_factory.mktemp("media")
    media_files.write(folder / "Fïlm #1 100%.mp4", moving(), tone(220, SECONDS))
    for name, pitch in (("ä 1", 440.0), ("夜 2", 660.0)):
        media_files.write(folder / f"{name}.wav", sound=tone(pitch, 12), codecs=("", "pcm_s16le"))
    return folder


@pytest.fixture(scope="module")
def query(media) -> Query:
    return query_of(media / "Fïlm #1 100%.mp4")


@pytest.fixture(scope="module")
def matches(media) -> list[Match]:
    return [match_of(media / "ä 1.wav", 1, MARKUP), match_of(media / "夜 2.wav", 2)]


@pytest.fixture(scope="module")
def page(tmp_path_factory, query, matches) -> Path:
    folder = tmp_path_factory.mktemp("pägé #1")
    return write_page(
        folder, query, matches, ["The model ranks as <b>chance</b> does.", "Rendered."]
    )


def data_of(page: Path) -> dict:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


def video_of(page: Path) -> str:
    return re.findall('<video[^>]* src="([^"]*)"', page.read_text(encoding="utf-8"))[0]


# ------------------------------------------------------------------------------------- what it says


def test_the_data_are_those_of_the_match(page, matches):
    data = data_of(page)
    assert data["segments"] == list(CUTS)
    track = data["tracks"][0]
    assert track["spans"] == [[0, 2, 4], [2, 3.5, 6], [3.5, 6, 1]]
    assert track["similarities"] == [[10, 90, 20], [30, 80, 40], [50, -10, 5]]
    assert track["path"] == [[0, 1], [1, 1]]
    assert np.median(track["wave"]) > 60  # a tone is as loud everywhere but in a crossfade
    for each in data["tracks"]:
        assert probe(page.parent / each["source"]).duration == pytest.approx(SECONDS, abs=0.05)


def test_each_track_has_its_own_music(page):
    for track, pitch in zip(data_of(page)["tracks"], (440, 660), strict=True):
        sound = load_audio(page.parent / track["source"], 8000)[8000:16000]  # 1 s: bins of 1 Hz
        assert np.abs(np.fft.rfft(sound)).argmax() == pitch


def test_titles_and_notes_are_text(page):
    text = page.read_text(encoding="utf-8")
    assert "<script>document" not in text
    assert "&lt;script&gt;document.title" in text
    assert "<b>chance" not in text
    assert text.index("Rendered.") < text.index("<video")


def test_it_says_what_plays_under_each_segment_and_why(page):
    text = re.sub(r"<[^>]+>|&#xFE0E;", " ", page.read_text(encoding="utf-8"))
    first = " ".join(text[text.index("What plays under each segment") :].split())
    assert "1 0:00.0–0:02.0 0:04.0–0:06.0 0.90" in first
    assert "2 0:02.0–0:03.5 0:06.0–0:07.5 0.80" in first
    assert "3 0:03.5–0:06.0 ✂ 0:01.0–0:03.5 filled 0.50" in first  # the path passes it over
    assert "0:00.0–0:02.0 of the video 0:04.0–0:08.0 of the track 0.90" in first
    assert "slow strings" in first


def test_no_address_leaves_the_folder(page):
    text = page.read_text(encoding="utf-8")
    addresses = re.findall(r"(?:src|href)=\"([^\"]*)\"", text)
    assert {a for a in addresses if not a.startswith("data:")} == {video_of(page)}
    assert re.findall(r"https?://[^\"\s]+", text) == ["http://www.w3.org/2000/svg"]


def test_the_video_is_linked_not_copied(page, query):
    video = page.parent / video_of(page)
    assert video.stat().st_ino == query.path.stat().st_ino


@pytest.fixture(scope="module")
def bare(tmp_path_factory, query, matches) -> Path:
    one = replace(matches[0], beats=np.zeros(0), path=np.zeros((0, 2), np.int64), tags=())
    return write_page(tmp_path_factory.mktemp("bare"), query, [one])


def test_one_match_without_beats_tags_or_path(bare):
    text = bare.read_text(encoding="utf-8")
    assert "No segments were aligned." in text
    assert "1 track, the best first" in text
    assert 'class="notes"' not in text


def test_a_notebook_shows_the_page_with_its_media_inside(page):
    shown = show(page).data
    assert "media/" not in shown
    assert shown.count("data:audio/mp4;base64,") == 2
    assert "data:video/mp4;base64," in shown


def test_a_large_page_is_named_in_a_notebook(page, monkeypatch):
    monkeypatch.setattr("vmnet.edit.page.LARGEST_SHOWN", 10)
    shown = show(page).data
    assert "index.html" in shown
    assert "iframe" not in shown


# ----------------------------------------------------------------------------------- what it writes


def test_a_second_page_replaces_the_first_and_leaves_other_files(tmp_path, query, matches):
    write_page(tmp_path, query, matches)
    others = [tmp_path / "notes.txt", tmp_path / "media" / "track-of-mine.m4a"]
    for other in others:
        other.write_text("mine", encoding="utf-8")
    page = write_page(tmp_path, query, matches[:1])
    played = {video_of(page), data_of(page)["tracks"][0]["source"]}
    assert all(other.read_text(encoding="utf-8") == "mine" for other in others)
    files = {f"media/{path.name}" for path in (tmp_path / "media").iterdir()}
    assert files == played | {"media/track-of-mine.m4a"}


def test_another_page_is_not_overwritten(tmp_path, query, matches):
    (tmp_path / "index.html").write_text("<h1>My site</h1>", encoding="utf-8")
    with pytest.raises(VmnetError, match="another page"):
        write_page(tmp_path, query, matches)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_file_in_place_of_the_folder(tmp_path, query, matches):
    (tmp_path / "page").write_text("", encoding="utf-8")
    with pytest.raises(VmnetError, match=r"cannot be written .*: choose another folder"):
        write_page(tmp_path / "page", query, matches)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path, query, matches):
    tmp_path.chmod(0o500)
    with pytest.raises(VmnetError, match=r"cannot be written .*: choose another folder"):
        write_page(tmp_path, query, matches)


def test_a_track_that_is_gone(tmp_path, query, matches):
    gone = replace(matches[1].track, path=tmp_path / "gone.mp3")
    with pytest.raises(VmnetError, match=r"gone\.mp3 is gone: .*vmnet index"):
        write_page(tmp_path / "page", query, [matches[0], replace(matches[1], track=gone)])
    assert not (tmp_path / "page").exists()


def test_a_video_that_is_gone(tmp_path, query, matches):
    with pytest.raises(MediaError, match="does not exist"):
        write_page(tmp_path / "page", replace(query, path=tmp_path / "gone.mp4"), matches)
    assert not (tmp_path / "page" / "index.html").exists()


def test_a_page_without_matches_or_cover_is_a_mistake(tmp_path, query, matches):
    with pytest.raises(ValueError, match="at least one match"):
        write_page(tmp_path, query, [])
    with pytest.raises(ValueError, match="spans end"):
        write_page(tmp_path, query, [replace(matches[0], spans=matches[0].spans[:2])])


# ----------------------------------------------------------------- pictures that browsers play


OTHERS = {
    "moved": ("film.mkv", "libx264", {}),
    "encoded": ("film.avi", "mpeg4", {}),
    "turned": ("film.mov", "libx264", {"rotation": (90,)}),
    "vp9": ("film.webm", "libvpx-vp9", {}),
}


@pytest.fixture(scope="module")
def other_videos(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("others")
    return {
        kind: media_files.write(folder / name, moving(2), codecs=(codec, "aac"), **options)
        for kind, (name, codec, options) in OTHERS.items()
    }


@pytest.mark.parametrize("kind", OTHERS)
def test_pictures_become_playable(tmp_path, other_videos, kind):
    source = other_videos[kind]
    shown = for_browsers(source, tmp_path)
    before, after = probe(source), probe(shown.path)
    assert shown.path.suffix in (".mp4", ".webm")
    assert after.duration == pytest.approx(before.duration, abs=0.041)
    assert (
        (after.width, after.height) == (before.width, before.height) == (shown.width, shown.height)
    )
    assert {"moved": "moved", "encoded": "encoded", "vp9": ""}.get(kind, "") in shown.how
    assert for_browsers(source, tmp_path) == shown  # what is there is kept


# ---------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip(f"none of {', '.join(TOOLS)} is on PATH: install Chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: install it")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield started
        started.close()


@contextmanager
def opened(browser, page: Path, width: int = 1280, **options):
    """A tab with a page; in the end nothing was asked of a network, and nothing went wrong."""
    tab = browser.new_page(viewport={"width": width, "height": 800}, **options)
    asked, wrong = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(page.as_uri())
    tab.wait_for_function("going === null")
    yield tab
    tab.close()
    assert asked
    assert all(address.startswith(("file:", "data:")) for address in asked)
    assert not wrong


@pytest.fixture
def tab(browser, page):
    with opened(browser, page) as tab:
        yield tab


def times(tab) -> tuple[float, float]:
    return tuple(tab.evaluate("[video.currentTime, music.currentTime]"))


def play_past(tab, time: float) -> None:
    """Wait until both have passed a time, together."""
    tab.wait_for_function(
        "([time, together]) => going === null && music.currentTime > time && "
        "video.currentTime > time && Math.abs(video.currentTime - music.currentTime) < together",
        arg=[time, TOGETHER],
    )


def test_it_plays_pauses_and_ends(tab):
    assert tab.evaluate("[video.error, music.error, video.muted]") == [None, None, True]
    assert tab.evaluate("video.paused && music.paused")
    tab.keyboard.press(" ")
    play_past(tab, 1.0)
    tab.keyboard.press(" ")
    assert tab.evaluate("video.paused && music.paused")
    paused = times(tab)
    tab.wait_for_timeout(200)
    assert times(tab) == pytest.approx(paused, abs=0.05)
    tab.click(".shot >> nth=2")
    tab.click("#play")
    tab.wait_for_function("!wanted && video.paused && music.paused && now() > 5.9")
    tab.click("#play")  # from the start again
    tab.wait_for_function("wanted && now() < 3")
    play_past(tab, 0.1)


@pytest.mark.parametrize(
    ("how", "time"),
    [
        (lambda tab: tab.click(".shot >> nth=1"), 2.0),
        (lambda tab: tab.click("#details-0 tbody tr:nth-child(3) .part"), 3.5),
        (lambda tab: tab.click("#details-0 .reason >> nth=1"), 2.0),
        (lambda tab: tab.keyboard.press("ArrowRight"), 5.0),
        (lambda tab: tab.keyboard.press("Shift+ArrowRight"), 2.0),
    ],
)
def test_a_click_or_a_key_goes_there(tab, how, time):
    how(tab)
    tab.wait_for_function("going === null")
    assert times(tab) == pytest.approx((time, time), abs=0.01)
    assert tab.inner_text("#time") == f"0:0{time:.1f}"


def test_the_time_line_and_the_matrix_go_there(tab):
    line = tab.locator("#details-0 .timeline")
    box = line.bounding_box()
    line.click(position={"x": 0.75 * box["width"], "y": 50})  # the lane of the video
    tab.wait_for_function("going === null")
    assert times(tab)[1] == pytest.approx(4.5, abs=0.1)
    line.click(position={"x": 5 / 12 * box["width"], "y": 170})  # 5 s of the track play from 1 s
    tab.wait_for_function("going === null")
    assert times(tab)[1] == pytest.approx(1.0, abs=0.1)
    matrix = tab.locator("#details-0 .matrix")
    matrix.click(
        position={
            "x": 40,
            "y": 18
            + 2.5 * tab.evaluate("matrixShape(one('#details-0 .matrix'), data.tracks[0]).down"),
        }
    )
    tab.wait_for_function("going === null")
    assert times(tab)[1] == pytest.approx(3.5, abs=0.01)


def test_another_track_goes_on_from_the_same_place(tab):
    first, second = (track["source"] for track in tab.evaluate("data.tracks"))
    assert tab.evaluate("music.src").endswith(first)
    tab.click(".shot >> nth=1")
    tab.wait_for_function("going === null")
    tab.keyboard.press("2")
    tab.wait_for_function("going === null")
    assert tab.evaluate("music.src").endswith(second)
    assert times(tab) == pytest.approx((2.0, 2.0), abs=0.01)
    assert tab.evaluate("video.paused && music.paused")
    assert tab.is_visible("#details-1")
    assert not tab.is_visible("#details-0")
    tab.click(".track >> nth=0 >> .cue")  # its own button plays it
    play_past(tab, 2.3)
    assert tab.evaluate("music.src").endswith(first)
    at = max(times(tab))
    tab.keyboard.press("ArrowDown")
    play_past(tab, at)
    assert tab.evaluate("music.src").endswith(second)


def test_the_videos_own_sound(tab):
    tab.keyboard.press("0")
    tab.keyboard.press(" ")
    tab.wait_for_function("video.currentTime > 0.3 && !video.muted && music.paused")
    tab.keyboard.press("1")
    play_past(tab, 0.3)
    assert tab.evaluate("video.muted")


def test_titles_are_shown_as_they_are(tab):
    assert tab.title() == "Music for Fïlm #1 100%.mp4"
    assert tab.inner_text(".track >> nth=0 >> .title") == MARKUP
    assert tab.inner_text("#now-title") == MARKUP


@pytest.mark.parametrize("kind", OTHERS)
def test_the_browser_plays_what_was_made_playable(browser, tmp_path, other_videos, kind):
    shown = for_browsers(other_videos[kind], tmp_path)
    tab = browser.new_page()
    (tmp_path / "one.html").write_text(f'<video id="video" src="{shown.path.name}">')
    tab.goto((tmp_path / "one.html").as_uri())
    tab.wait_for_function("video.readyState >= 2 || video.error")
    assert tab.evaluate("[video.videoWidth, video.videoHeight]") == [shown.width, shown.height]
    tab.close()


@pytest.fixture(scope="module")
def twenty(tmp_path_factory, query, matches) -> Path:
    many = [replace(matches[rank % 2], rank=rank) for rank in range(1, 21)]
    return write_page(tmp_path_factory.mktemp("twenty"), query, many)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_twenty_tracks_fit_every_width(browser, twenty, width, scheme):
    with opened(browser, twenty, width, color_scheme=scheme) as tab:
        assert tab.locator(".track").count() == 21
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_one_track_without_beats_tags_or_path_plays(browser, bare):
    with opened(browser, bare) as tab:
        tab.keyboard.press(" ")
        play_past(tab, 0.3)
        assert tab.locator("#details-0 .ribbon").count() == 2  # 4 to 7.5 s is one
        assert tab.locator("#details-0 .beat").count() == 0


def test_pictures_that_fall_behind_catch_up_while_the_music_goes_on(tab):
    tab.keyboard.press(" ")
    play_past(tab, 0.3)
    tab.evaluate("window.jumps = 0; music.onseeking = music.onpause = () => (jumps += 1); 0")
    tab.evaluate("video.currentTime -= 0.15")
    play_past(tab, 0.4)
    tab.evaluate("video.pause(); video.currentTime = 0")
    play_past(tab, 0.5)
    assert tab.evaluate("jumps") == 0


def test_a_file_that_is_gone_is_said(browser, page, tmp_path):
    copied = shutil.copytree(page.parent, tmp_path / "copied")
    (copied / data_of(page)["tracks"][0]["source"]).unlink()
    tab = browser.new_page()
    tab.goto((copied / "index.html").as_uri())
    tab.wait_for_selector("text=This browser cannot play the music")
    tab.keyboard.press(" ")
    tab.wait_for_function("video.currentTime > 0.3")  # the pictures play all the same
    assert tab.evaluate("video.currentTime") > 0.3
    tab.close()


def test_a_notebook_plays_it(browser, page, tmp_path):
    (tmp_path / "cell.html").write_text(show(page).data, encoding="utf-8")
    tab = browser.new_page()
    tab.goto((tmp_path / "cell.html").as_uri())
    frame = tab.frames[1]
    frame.wait_for_function("going === null")
    frame.click("#play")
    play_past(frame, 0.3)
    frame.click(".shot >> nth=2")
    play_past(frame, 3.6)
    assert frame.evaluate("video.currentTime") > 3
    tab.close()
