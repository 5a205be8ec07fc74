"""What is known of one film: times that make sense, and what follows from them."""

import numpy as np
import pytest

from vmnet.language import ClipEvents


def test_shots_beats_and_bars_by_hand():
    clip = ClipEvents("a", 10.0, [2, 4], bpm=120, meter=3)
    assert clip.shots.tolist() == [2, 2, 6]
    assert (clip.beat_seconds, clip.bar_seconds) == (0.5, 1.5)


def test_what_is_not_known_is_empty():
    clip = ClipEvents("a", 10.0, [])
    assert clip.shots.tolist() == [10]
    assert len(clip.beats) == len(clip.boundaries) == len(clip.times) == 0
    assert np.isnan(clip.beat_seconds)
    assert np.isnan(clip.bar_seconds)
    assert np.isnan(ClipEvents("a", 10.0, [], bpm=100).bar_seconds)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"duration": 0.0}, "more than 0 s"),
        ({"cuts": [3, 2]}, "cuts must be increasing"),
        ({"cuts": [0, 2]}, "inside the film"),
        ({"cuts": [2, 10]}, "inside the film"),
        ({"beats": [np.nan]}, "beats must be"),
        ({"boundaries": [1, 10]}, "from 0 to the end"),
        ({"boundaries": [0, 9]}, "from 0 to the end"),
        ({"boundaries": [0, 5, 10], "labels": ("verse",)}, "one label"),
        ({"times": [0, 1], "likelihood": [0.5]}, "one likelihood"),
        ({"times": [0, 1], "likelihood": [0.5, 1.5]}, "one likelihood"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, said):
    known = {"clip_id": "the film", "duration": 10.0, "cuts": [2, 4]} | wrong
    with pytest.raises(ValueError, match=f"the film: .*{said}"):
        ClipEvents(**known)
