"""Shots: the package's own predictions, on its own windows, on the real music video."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from vmnet import media
from vmnet.errors import MediaError
from vmnet.segmenters import GROUPS, SEGMENTERS, shots

N_FRAMES = 510  # 20 s; no multiple of 50, so that the last window is padded

NO_TRACE = """
import random
import numpy as np, torch
from vmnet.segmenters import shots
before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
shots.judge(np.zeros((100, 27, 48, 3), np.uint8))
assert (torch.get_rng_state() == before[0]).all()
assert (np.random.get_state()[1] == before[1]).all()
assert random.getstate() == before[2]
assert not torch.are_deterministic_algorithms_enabled()
assert not torch.is_inference_mode_enabled()
"""


@pytest.fixture(scope="module")
def video_frames(music_video):
    """(510, 27, 48, 3) uint8: the first pictures of the real music video, and their times."""
    times, frames = zip(*islice(media.all_pictures(music_video, shots.SIZE), N_FRAMES), strict=True)
    return np.array(times), np.stack(frames)


@pytest.fixture(scope="module")
def judged(video_frames):
    judged = [shots.judge(window) for window in shots.windows(video_frames[1])]
    return np.concatenate(judged)[:N_FRAMES]


@pytest.fixture(scope="module")
def package():
    with torch.random.fork_rng(devices=[]):
        model = shots.TransNetV2(device="cpu")
    torch.use_deterministic_algorithms(False)  # its constructor asks for them, for the process
    return model


@pytest.fixture(scope="module")
def package_predictions(package, video_frames):
    return package.predict_frames(torch.from_numpy(video_frames[1]), quiet=True)[0].numpy()


def make_video(path, pictures, rate=25):
    """Write (n, h, w, 3) uint8 pictures as a film without sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def texture(seed, n=1):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.repeat(coarse.repeat(8, axis=0).repeat(8, axis=1)[None], n, axis=0)


def test_probabilities_are_the_packages(judged, package_predictions):
    np.testing.assert_allclose(judged, package_predictions, atol=1e-5)


def test_transitions_are_the_packages(video_frames, judged, package_predictions, package):
    times, _ = video_frames
    scenes = package.predictions_to_scenes(package_predictions)
    found = shots.transition_times(times, judged)
    assert len(found) >= 10
    np.testing.assert_array_equal(found, times[scenes[1:, 0]])


@pytest.mark.parametrize("n_frames", [1, 49, 50, 51, 100, 130])
def test_windows_are_the_packages(n_frames, package, video_frames, monkeypatch):
    """Its method slices the windows and predicts in one, so let it predict nothing and listen."""
    frames, seen = video_frames[1][:n_frames], []

    def listen(window):
        seen.append(window[0].numpy())
        return torch.zeros(1, 100, 1), torch.zeros(1, 100, 1)

    monkeypatch.setattr(package, "predict_raw", listen)
    package.predict_frames(torch.from_numpy(frames), quiet=True)
    np.testing.assert_array_equal(list(shots.windows(frames)), seen)


@given(st.integers(1, 320))
def test_the_middles_of_the_windows_are_the_video(n_frames):
    video = np.arange(n_frames)
    windows = list(shots.windows(video))
    assert all(len(window) == 100 for window in windows)
    middles = np.concatenate([window[25:75] for window in windows])
    np.testing.assert_array_equal(middles[:n_frames], video)
    assert (middles[n_frames:] == video[-1]).all()
    assert len(middles) - n_frames < 50


def test_a_file_is_read_as_a_stream(music_video, video_frames, judged, monkeypatch):
    """The path leads to the same numbers, and the frames keep their own times."""
    pictures = media.all_pictures
    monkeypatch.setattr(media, "all_pictures", lambda path, size: islice(pictures(path, size), 130))
    times, probabilities = shots.shot_probabilities(music_video)
    assert probabilities.dtype == np.float32
    assert len(probabilities) == 130
    np.testing.assert_array_equal(times, video_frames[0][:130])
    # The third window is padded here: the film ends earlier.
    np.testing.assert_array_equal(probabilities[:100], judged[:100])


def test_hard_cuts_are_found_on_the_first_frame_of_the_new_shot(tmp_path):
    pictures = np.concatenate([texture(seed, n) for seed, n in enumerate((40, 33, 60))])
    path = make_video(tmp_path / "cuts.mp4", pictures)
    times, probabilities = shots.shot_probabilities(path)
    assert len(times) == 133
    np.testing.assert_allclose(shots.transition_times(times, probabilities), [1.6, 2.92], atol=1e-3)
    boundaries = SEGMENTERS["transnet"].function(path)
    np.testing.assert_allclose(boundaries, [0, 1.6, 2.92, 5.32], atol=1e-3)
    arrays = GROUPS["shots"](path)
    np.testing.assert_array_equal(arrays["shot_probability"], probabilities)


def test_transitions_worked_examples():
    times = np.arange(8) / 10
    cases = {
        (0, 0, 1, 0, 0, 0, 0, 0): [0.3],  # a hard cut
        (0, 1, 1, 1, 0, 0, 1, 0): [0.4, 0.7],  # a dissolve, then a cut
        (1, 1, 0, 0, 0, 0, 0, 0): [0.2],  # fades in
        (0, 0, 0, 0, 0, 0, 1, 1): [],  # fades out: no new shot
        (1,) * 8: [],
        (0,) * 8: [],
    }
    for marked, starts in cases.items():
        probabilities = np.where(marked, 0.9, 0.1).astype(np.float32)
        np.testing.assert_allclose(shots.transition_times(times, probabilities), starts)
    assert len(shots.transition_times(times, np.full(8, 0.9), threshold=0.95)) == 0
    half = np.array([0, 0.5, 0, 0, 0, 0, 0, 0])
    assert len(shots.transition_times(times, half)) == 0, "0.5 itself is no transition"


def test_shots_below_the_minimum_are_merged():
    times = np.arange(250) / 25
    probabilities = np.zeros(250)
    probabilities[[49, 59, 149]] = 1  # cuts at 2.0, 2.4 and 6.0 s
    np.testing.assert_allclose(
        shots.shot_boundaries(times, probabilities, duration=10.0), [0, 2.0, 6.0, 10.0]
    )


@pytest.mark.parametrize("n_frames", [1, 25])
def test_a_clip_of_a_second_or_less_is_one_shot(n_frames, tmp_path):
    path = make_video(tmp_path / "short.mp4", texture(0, n_frames))
    boundaries = SEGMENTERS["transnet"].function(path)
    np.testing.assert_allclose(boundaries, [0, n_frames / 25], atol=1e-3)


def test_a_still_is_one_shot(tmp_path):
    path = make_video(tmp_path / "still.mp4", texture(3, 120))
    assert len(SEGMENTERS["transnet"].function(path)) == 2


def test_a_file_without_pictures_is_refused(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    with pytest.raises(MediaError, match="song"):
        shots.shot_probabilities(path)
    with pytest.raises(MediaError, match="nowhere"):
        shots.shot_probabilities(Path("nowhere.mp4"))


def test_the_process_is_left_as_it_was():
    done = subprocess.run(
        [sys.executable, "-c", NO_TRACE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_segmenters_are_named_and_keyed():
    assert list(SEGMENTERS) == ["foote", "sf", "olda", "transnet", "fixed", "annotated"]
    assert all(segmenter.name == name for name, segmenter in SEGMENTERS.items())
    computed = [segmenter for segmenter in SEGMENTERS.values() if segmenter.computed]
    assert [segmenter.name for segmenter in computed] == list(SEGMENTERS)[:-1]
    for segmenter in computed:
        assert segmenter.group in GROUPS
        assert segmenter.parameters["minimum_seconds"] == 1.0
    assert SEGMENTERS["transnet"].parameters["threshold"] == 0.5
    assert SEGMENTERS["foote"].parameters["msaf"]


def test_fixed_segments_need_only_a_duration(music_video):
    np.testing.assert_allclose(np.diff(SEGMENTERS["fixed"].function(music_video))[:-1], 20)
