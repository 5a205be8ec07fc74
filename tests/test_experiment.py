"""One experiment, and what is registered for it by a function and a line."""

import numpy as np
import pytest

from vmnet.aligners import DISTANCES, Sequences
from vmnet.evaluation import SCENARIOS
from vmnet.evaluation.experiment import evaluate

# Four clips whose video is their music.
E = np.eye(4)
CLIPS = Sequences.from_list([E[[0, 1]], E[[1, 0, 3]], E[[2, 3]], E[[2, 1]]])


def values(rows, metric="mean_rank"):
    """Return the values of one metric by distance, scenario and direction."""
    names = "distance", "scenario", "direction"
    return {tuple(r[n] for n in names): r["value"] for r in rows if r["metric"] == metric}


def test_every_clip_finds_itself():
    rows = evaluate(CLIPS, CLIPS, ["trace", "nw"])
    assert set(values(rows).values()) == {1}
    assert list(values(rows)) == [
        (distance, "vanilla", way) for distance in ("trace", "nw") for way in ("V2M", "M2V")
    ]
    seconds = values(rows, "seconds")
    assert list(seconds) == [("trace", "vanilla", "V2M"), ("nw", "vanilla", "V2M")]
    assert min(seconds.values()) > 0


def test_options_reach_their_distance():
    """Where skips cost nothing, the one segment left is as near to every clip that has it."""
    cropped = evaluate(CLIPS, CLIPS, ["nw"], ["crop_query"], {"nw": {"indel": 0.0}})
    assert values(cropped) == {("nw", "crop_query", "V2M"): np.mean([2, 1.5, 1.5, 2])}


def test_a_registered_distance_and_scenario_are_evaluated(monkeypatch):
    def first(queries, targets, weight=1.0):
        """Minus the dot product of the first segments."""
        heads = (part.data[part.offsets[:-1]] for part in (queries, targets))
        return -weight * np.matmul(next(heads), next(heads).T)

    def backwards(queries, targets):
        """Play every query from its end."""
        return Sequences.from_list([clip[::-1] for clip in queries], queries.ids), targets

    monkeypatch.setitem(DISTANCES, "first", first)
    monkeypatch.setitem(SCENARIOS, "backwards", backwards)
    rows = evaluate(CLIPS, CLIPS, ["first"], ["vanilla", "backwards"], {"first": {"weight": 2.0}})
    assert values(rows) == {
        ("first", "vanilla", "V2M"): np.mean([1, 1, 1.5, 1.5]),
        ("first", "vanilla", "M2V"): np.mean([1, 1, 1.5, 1.5]),
        ("first", "backwards", "V2M"): np.mean([3, 2.5, 2.5, 3]),
    }


def test_unknown_names_are_refused_before_anything_is_ranked():
    with pytest.raises(
        ValueError, match="unknown scenario 'crop': choose from vanilla, crop_query"
    ):
        evaluate(CLIPS, CLIPS, ["trace"], ["vanilla", "crop"])
    with pytest.raises(ValueError, match="unknown distance 'dtw'"):
        evaluate(CLIPS, CLIPS, ["dtw"])
