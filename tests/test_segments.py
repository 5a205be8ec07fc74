"""Segment features of a split: one pass in chunks, killed anywhere."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from vmnet.batch import run_jobs
from vmnet.corpus.clips import Clip
from vmnet.corpus.simulated import simulated_corpus
from vmnet.corpus.sources import MODALITIES, GivenFeatures
from vmnet.errors import InputWarning, VmnetError
from vmnet.experiment import segments
from vmnet.experiment.segments import CLIP, SegmentFolder

SEGMENTERS = ("olda", "transnet")


PAIRS = (
    ("handcrafted", CLIP),
    *((name, segmenter) for segmenter in (CLIP, *SEGMENTERS) for name in ("video", "music")),
)


@dataclass(frozen=True)
class Broken(GivenFeatures):
    """A source one of whose clips cannot be read."""

    whole: object
    bad: str
    extractors = MODALITIES
    segmenters = SEGMENTERS

    def origin(self):
        return "broken"

    def load(self, clip):
        if clip.clip_id == self.bad:
            raise VmnetError(f"{clip.clip_id} is cut off: fetch it again.")
        return self.whole.load(clip)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> SegmentFolder:
    monkeypatch.setattr(segments, "CHUNK", 3)
    corpus = simulated_corpus((7, 2, 2), 0)
    return SegmentFolder(tmp_path / "s", corpus.source, corpus.split("train"), PAIRS)


def fill(folder):
    assert run_jobs(folder.jobs(), 1, "segments", progress=False) == {}
    folder.finish()


@pytest.mark.parametrize("segmenter", [CLIP, *SEGMENTERS])
def test_features_are_the_means_of_the_frames(folder, segmenter):
    fill(folder)
    edges = folder.boundaries(segmenter)
    for name in ("video", "music"):
        found = folder.features(name, segmenter)
        assert found.data.dtype == np.float16
        assert found.ids == tuple(clip.clip_id for clip in folder.clips)
        for clip, rows in zip(folder.clips, found, strict=True):
            frames = folder.source.load(clip).frames[name]
            cuts = edges[clip.clip_id]
            for row, start, end in zip(rows, cuts[:-1], cuts[1:], strict=True):
                inside = [frame for t, frame in enumerate(frames) if start <= t + 0.5 < end]
                np.testing.assert_allclose(row, np.mean(inside, axis=0), atol=3e-3)


def test_boundaries_are_the_sources(folder):
    fill(folder)
    for clip in folder.clips:
        truth = folder.source.load(clip).boundaries["olda"]
        np.testing.assert_array_equal(folder.boundaries("olda")[clip.clip_id], truth)


def test_what_is_known_of_the_whole_clip_is_kept_once(folder):
    fill(folder)
    assert folder.features("handcrafted", CLIP).data.shape == (7, 1140)
    assert not (folder.folder / "handcrafted-olda.npy").exists()


def test_features_are_mapped_not_read(folder):
    fill(folder)
    assert isinstance(folder.features("video", "olda").data, np.memmap)


def test_a_killed_pass_goes_on(folder):
    first, *rest = folder.jobs()
    assert len(rest) == 2
    first.work()
    kept = folder.folder / "chunks" / "000000.npz"
    before = kept.stat().st_mtime_ns
    assert [job.clip_id for job in folder.jobs()] == [job.clip_id for job in rest]
    assert not folder.done
    run_jobs(folder.jobs(), 1, "segments", progress=False)
    assert kept.stat().st_mtime_ns == before
    folder.finish()
    assert folder.done
    assert folder.jobs() == []
    assert not (folder.folder / "chunks").exists()


def test_order_does_not_depend_on_who_was_first(folder, tmp_path):
    fill(folder)
    again = replace(folder, folder=tmp_path / "t")
    for job in reversed(again.jobs()):
        job.work()
    again.finish()
    for path in sorted(folder.folder.iterdir()):
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_a_bad_clip_is_left_out_and_named(folder):
    bad = folder.clips[4].clip_id
    broken = replace(folder, source=Broken(folder.source, bad))
    fill(broken)
    assert broken.failures == {bad: f"{bad} is cut off: fetch it again."}
    assert bad not in broken.clip_ids
    assert len(broken.features("video", "olda")) == len(folder.clips) - 1
    assert set(broken.boundaries("olda")) == set(broken.clip_ids)


def test_a_clip_that_chokes_ends_nothing_and_may_be_tried_again(folder, monkeypatch):
    bad = folder.clips[4].clip_id
    load = type(folder.source).load

    def choke(source, clip):
        if clip.clip_id == bad:
            raise ZeroDivisionError("no beat")
        if clip == folder.clips[0]:
            warnings.warn("an odd clip.", InputWarning, stacklevel=1)
        return load(source, clip)

    monkeypatch.setattr(type(folder.source), "load", choke)
    fill(folder)
    assert set(folder.failures) == {bad}
    assert "ZeroDivisionError: no beat" in folder.failures[bad]
    assert folder.warnings == {folder.clips[0].clip_id: ("an odd clip.",)}
    folder.forget_failures()
    monkeypatch.undo()
    fill(folder)
    assert folder.failures == {}


def test_a_chunk_of_bad_clips_ends_nothing(folder, monkeypatch):
    monkeypatch.setattr(segments, "CHUNK", 1)
    bad = folder.clips[0].clip_id
    broken = replace(folder, source=Broken(folder.source, bad))
    fill(broken)
    assert list(broken.failures) == [bad]
    assert len(broken.features("music", CLIP)) == len(folder.clips) - 1


def test_no_clip_left_is_said(folder):
    clip = Clip("only", Path(), "train")
    broken = replace(folder, source=Broken(folder.source, "only"), clips=(clip,))
    fill(broken)
    assert broken.clip_ids == ()
    assert broken.failures


def test_a_split_without_clips_ends_nothing(folder):
    nobody = replace(folder, clips=())
    fill(nobody)
    assert nobody.done
    assert nobody.clip_ids == ()
