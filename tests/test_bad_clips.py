"""A folder of good, odd and broken files: the bad are named with a reason, the others ranked."""

import os
import shutil
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from vmnet.rendered import render_clip, render_corpus

BAD = {
    "cut_in_half": "truncated",
    "empty": "empty",
    "text": "text",
    "no_sound": "sound",
}
ODD = ("silence", "one_second", "odd_rate_and_size")


def encode(path, rate=Fraction(25), size=(160, 90), seconds=6.0, loudness=0.0):
    """Write pictures of noise that changes once, with a tone or silence."""
    rng = np.random.default_rng(1)
    width, height = size
    scenes = rng.integers(0, 255, (2, height, width, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=8000, layout="mono")
        n_frames = round(seconds * rate)
        for index in range(n_frames):
            scene = scenes[2 * index // n_frames]
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(scene, format="rgb24")))
        container.mux(pictures.encode())
        wave = loudness * np.sin(np.arange(round(8000 * seconds)) * 0.3)
        for start in range(0, len(wave) - 1023, 1024):
            block = wave[None, start : start + 1024].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, start
            container.mux(sound.encode(frame))
        container.mux(sound.encode())


def keep_one_stream(source, path, kind):
    with av.open(str(source)) as before, av.open(str(path), "w") as after:
        stream = next(stream for stream in before.streams if stream.type == kind)
        copy = after.add_stream_from_template(stream)
        for packet in before.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                after.mux(packet)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    render_corpus(folder, splits=(4, 2, 2), seconds=(5.0, 6.0), seed=3, progress=False)
    (folder / "manifest.csv").unlink()  # the folder is split by the seed
    good = folder / "clip_000.mp4"
    (folder / "cut_in_half.mp4").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (folder / "empty.mp4").touch()
    (folder / "text.mkv").write_text("not a film")
    keep_one_stream(good, folder / "no_sound.mp4", "video")
    keep_one_stream(good, folder / "no_pictures.mp4", "audio")
    encode(folder / "silence.mp4")
    encode(folder / "odd_rate_and_size.mkv", Fraction(30000, 1001), (162, 90), 6.0, 0.3)
    render_clip(folder / "one_second.mp4", seed=8, seconds=1.0)
    for annotation in folder.glob("*.jams"):
        annotation.unlink()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    home = tmp_path_factory.mktemp("home")
    words = ["evaluate", "--profile", "smoke", "--corpus", str(folder)]
    words += ["--segmenters", "foote", "transnet"]
    done = subprocess.run(
        [sys.executable, "-m", "vmnet.cli", *words, "--distances", "trace"],
        env=os.environ | {"VMNET_DATA": str(home / "data"), "VMNET_FIGURES": str(home / "fig")},
        capture_output=True,
        text=True,
    )
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    yield done, home, folder
    shutil.rmtree(home)


def test_the_notebooks_go_on_and_the_failures_are_told_at_the_end(finished):
    _, home, folder = finished
    words = ["--profile", "smoke", "--corpus", str(folder), "--only", "00"]
    done = subprocess.run(
        [sys.executable, "-m", "vmnet.runner", *words],
        env=os.environ | {"VMNET_DATA": str(home / "data"), "VMNET_FIGURES": str(home / "nb")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "4 of 15 clips were left out" in done.stderr
    (kept,) = (home / "nb").rglob("failures.csv")
    assert all(f"{name}," in kept.read_text() for name in BAD)
    assert list((home / "nb").rglob("clip_overview.png"))


def test_the_good_clips_are_ranked(finished):
    done, _, folder = finished
    assert done.returncode == 0, done.stderr[-3000:]
    n_clips = len(list(folder.iterdir())) - 1  # the one of sound alone is no video
    assert f"4 of {n_clips} clips were left out" in done.stderr
    assert "passed over: 1 .mp4 with sound alone" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", BAD)
def test_a_bad_clip_is_named_with_a_reason(finished, name):
    done, _, _ = finished
    (line,) = (line for line in done.stderr.splitlines() if line.startswith(f"  {name}: "))
    assert BAD[name] in line


@pytest.mark.parametrize("name", ODD)
def test_an_odd_clip_goes_through_every_stage(finished, name):
    _, home, _ = finished
    kept = (home / "data").rglob(f"{name}-*.npz")
    stages = {path.parent.name.rpartition("-")[0] for path in kept}
    assert stages >= {"checked", "efficientnet", "musicnn", "music", "shots"}


def test_a_rendered_clip_is_called_so_in_a_folder_too(finished):
    done, _, _ = finished
    assert "folder, 9 of 15 rendered" in done.stdout
