"""A segmenter or an extractor is a function and a line; another process needs no more."""

import pickle

import numpy as np
import pytest

from vmnet import batch, store
from vmnet.features import EXTRACTORS
from vmnet.features.extractor import Extractor
from vmnet.media import probe
from vmnet.segmenters import GROUPS, SEGMENTERS, Segmenter
from vmnet.store import key


def thirds(path):
    """Return the two times between three equal segments."""
    duration = probe(path).duration
    return [duration / 3, 2 * duration / 3]


def loudness(path):
    """Return one number a second that is always the same."""
    return np.full((round(probe(path).duration), 1), 0.5, np.float32)


def test_a_segmenter_is_a_function_and_a_line(music_video, monkeypatch):
    monkeypatch.setitem(SEGMENTERS, "thirds", Segmenter("thirds", "none", thirds))
    segmenter = SEGMENTERS["thirds"]
    assert segmenter.group == "thirds"
    assert key(**segmenter.parameters) != key(
        **Segmenter("x", "none", thirds, {"version": 2}).parameters
    )
    duration = probe(music_video).duration
    np.testing.assert_allclose(segmenter.boundaries(music_video), np.linspace(0, duration, 4))


def test_a_name_that_a_group_has_is_refused():
    with pytest.raises(ValueError, match="a group of segmenters is called 'shots'"):
        Segmenter("shots", "none", print)


@pytest.mark.parametrize("name", list(SEGMENTERS))
def test_groups_share_their_work(name):
    assert SEGMENTERS[name].compute is GROUPS[SEGMENTERS[name].group]


def test_entries_can_be_sent_to_other_processes():
    for entry in (*SEGMENTERS.values(), *EXTRACTORS.values(), Segmenter("thirds", "none", thirds)):
        again = pickle.loads(pickle.dumps(entry))
        assert again.name == entry.name
        assert pickle.loads(pickle.dumps(entry.compute))


def test_worker_processes_need_no_entry_of_their_own(music_video, tmp_path):
    entries = {
        "thirds": Segmenter("thirds", "none", thirds),
        "frames": Extractor("loudness", "music", 1, loudness),
    }
    jobs = [
        batch.array_job(name, music_video, tmp_path / f"{name}.npz", entry.compute)
        for name, entry in entries.items()
    ]
    assert batch.run_jobs(jobs, 2, "registries", progress=False) == {}
    duration = probe(music_video).duration
    for name, value in {
        "thirds": np.linspace(0, duration, 4),
        "frames": np.full((212, 1), 0.5),
    }.items():
        np.testing.assert_allclose(store.load_arrays(tmp_path / f"{name}.npz")[name], value)
