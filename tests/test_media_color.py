"""Colors: matrices and ranges as the file names them, high dynamic range made standard."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from media_files import gray, write

from vmnet import media
from vmnet.media.color import hlg_scene, pq_light, rgb

BT2020, PQ, HLG = 9, 16, 18  # of ITU-T H.273


def plain(values: tuple[int, int, int], pixels: str, **tags: int) -> av.VideoFrame:
    """A frame of one color, its Y, U and V."""
    frame = av.VideoFrame(32, 16, pixels)
    kind = np.uint16 if "10" in pixels else np.uint8
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, value, kind).tobytes())
    for name, value in tags.items():
        setattr(frame, name, value)
    return frame


def shown(frame: av.VideoFrame) -> np.ndarray:
    return rgb(frame, (frame.width, frame.height), VideoReformatter())[8, 16].astype(int)


def limited(signal: float) -> int:
    """A signal in [0, 1] as 10 bits of limited range."""
    return round(64 + 876 * signal)


@pytest.mark.parametrize(
    ("values", "matrix"), [((81, 90, 240), 5), ((63, 102, 240), 1), ((74, 97, 240), BT2020)]
)
def test_red_is_red_in_every_matrix(values: tuple[int, int, int], matrix: int) -> None:
    found = shown(plain(values, "yuv420p", colorspace=matrix, color_range=1))
    np.testing.assert_allclose(found, [255, 0, 0], atol=4)


@pytest.mark.parametrize(("value", "full", "level"), [(16, 1, 0), (16, 2, 16), (235, 1, 255)])
def test_range(value: int, full: int, level: int) -> None:
    found = shown(plain((value, 128, 128), "yuv420p", color_range=full))
    np.testing.assert_allclose(found, level, atol=2)


def test_curves_at_the_points_of_the_standards() -> None:
    # BT.2408-7, table 1: PQ 58 % is 203 cd/m2, and so is HLG 75 % on a screen of 1,000.
    assert pq_light(np.array([0.58, 0.75, 1.0])) == pytest.approx([203, 983, 10000], rel=0.02)
    assert 1000 * hlg_scene(np.array([0.5, 0.75, 1.0])) ** 1.2 == pytest.approx(
        [50.7, 203, 1000], rel=0.01
    )


@pytest.mark.parametrize(("trc", "white"), [(PQ, 0.58), (HLG, 0.75)])
def test_high_dynamic_range_is_not_gray(trc: int, white: float) -> None:
    tags = {"colorspace": BT2020, "color_range": 1, "color_primaries": BT2020, "color_trc": trc}

    def level(signal: float) -> int:
        color = shown(plain((limited(signal), 512, 512), "yuv420p10le", **tags))
        assert np.ptp(color) <= 2
        return int(color[0])

    levels = [level(signal) for signal in np.linspace(0, 1, 12)]
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert 235 <= level(white) <= 250  # white, with room for what is brighter
    assert levels[-1] == 255


def test_colors_keep_their_hue() -> None:
    """Red of BT.2020 at reference white: it was (146, 0, 0) or so, and grayer if it was paler."""
    y = 0.2627 * 0.58
    frame = plain(
        (limited(y), 512 + round(896 * (0 - y) / 1.8814), 512 + round(896 * (0.58 - y) / 1.4746)),
        "yuv420p10le", colorspace=BT2020, color_range=1, color_primaries=BT2020, color_trc=PQ,
    )  # fmt: skip
    red, green, blue = shown(frame)
    assert red > 240
    assert max(green, blue) < 40


def test_a_file_of_high_dynamic_range(tmp_path: Path) -> None:
    path = tmp_path / "hdr.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx265", rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.colorspace, context.color_primaries = PQ, BT2020, BT2020
        context.color_range = 1
        for index in range(5):
            frame = av.VideoFrame(160, 96, "yuv420p10le")
            for plane, value in zip(frame.planes, (limited(0.58), 512, 512), strict=True):
                plane.update(np.full(plane.buffer_size // 2, value, np.uint16).tobytes())
            frame.pts, frame.time_base = index, Fraction(1, 25)
            frame.color_trc, frame.colorspace, frame.color_primaries = PQ, BT2020, BT2020
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    picture = next(media.pictures(path, [0.1]))
    assert picture.shape == (96, 160, 3)
    assert picture.dtype == np.uint8
    assert 235 <= picture.mean() <= 250


def test_pictures_of_standard_range_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", gray(20), codecs=("ffv1", ""))
    for index, (_, picture) in enumerate(media.all_pictures(path)):
        np.testing.assert_allclose(picture, 4 * index, atol=2)
