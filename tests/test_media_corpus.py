"""A corpus of media files: what fails is left out, remembered, and never read as a result."""

import os
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vmnet import experiment, features, segmenters
from vmnet.config import PROFILES
from vmnet.corpus import Corpus
from vmnet.corpus.folder import folder_corpus
from vmnet.corpus.media_source import MediaSource
from vmnet.errors import InputWarning, MediaError, VmnetError
from vmnet.features.extractor import Extractor
from vmnet.rendered import render_corpus

FAILING: set[str] = set()  # names of files that the extractor below fails on
ODD: set[str] = set()  # names of files that it warns about
SEEN: list[str] = []  # names of files it was given


def tones(path: Path) -> np.ndarray:
    """Return features that tell clips apart, or fail."""
    SEEN.append(path.stem)
    if path.stem in FAILING:
        raise MediaError(f"{path} is being copied: wait.")
    if path.stem in ODD:
        warnings.warn(f"{path} is odd.", InputWarning, stacklevel=1)
    rng = np.random.default_rng(list(path.stem.encode()))
    return rng.normal(size=(4, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return render_corpus(folder, splits=(3, 2, 5), seconds=(3.0, 4.0), seed=3, progress=False)


@pytest.fixture
def open_run(clips, tmp_path, monkeypatch):
    """Return a function that opens the clips with two quick extractors, as a new process would."""
    for names in (FAILING, ODD, SEEN):
        names.clear()
    monkeypatch.setattr(features, "EXTRACTORS", {
        "tones": Extractor("tones", "music", 6, tones, {"version": 1}),
        "colours": Extractor("colours", "video", 6, tones, {"version": 1}),
    })  # fmt: skip
    fixed = {"fixed": segmenters.SEGMENTERS["fixed"]}
    monkeypatch.setattr(segmenters, "SEGMENTERS", fixed)
    training = {"batch": 3, "steps": 2, "evaluate_every": 1, "learning_rate": 1e-4}

    def open_run(retry=False):
        corpus = Corpus("films", "rendered", clips, MediaSource(tmp_path / "data"))
        return experiment.Run(
            PROFILES["smoke"], corpus, 0, 1, tmp_path / "data", tmp_path / "figures", ("fixed",),
            "tones", "colours", training, retry=retry,
        )  # fmt: skip

    return open_run


def table(run):
    data = experiment.prepare(run)
    return experiment.results(data, experiment.seg_vm_nets, ["trace"])


def test_a_clip_that_recovers_is_in_the_next_table(open_run, clips):
    """The table of four clips was read as that of five (the key was made before the failures)."""
    FAILING.add(clips[-1].path.stem)
    assert set(table(open_run()).n_clips) == {4}
    FAILING.clear()
    assert set(table(open_run(retry=True)).n_clips) == {5}
    assert set(table(open_run()).n_clips) == {5}


def test_a_failure_is_remembered_until_the_file_changes_or_it_is_asked_for(open_run, clips):
    bad = clips[-1]
    FAILING.add(bad.path.stem)
    first = experiment.prepare(open_run())
    assert first.failures == {bad.clip_id: f"{bad.path} is being copied: wait."}
    tried = len(SEEN)
    assert experiment.prepare(open_run()).failures == first.failures
    assert len(SEEN) == tried
    assert experiment.prepare(open_run(retry=True)).failures == first.failures
    assert SEEN[tried:] == [bad.path.stem]
    status = bad.path.stat()
    os.utime(bad.path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    experiment.prepare(open_run())
    assert SEEN[tried + 1 :] == [bad.path.stem] * 1


def test_what_failed_before_is_known_to_the_plan(open_run, clips):
    """The plan and `vmnet scan` counted it among the usable clips, and split a folder with it."""
    bad = clips[-1]
    FAILING.add(bad.path.stem)
    assert experiment.unusable(open_run()) == {}
    experiment.prepare(open_run())
    known = experiment.unusable(open_run())
    assert known == {bad.clip_id: f"{bad.path} is being copied: wait."}
    assert experiment.plan(open_run(), known).endswith(
        "9 of 10 clips can be used: 3 train, 2 valid, 4 test"
    )
    assert experiment.unusable(open_run(retry=True)) == {}


def test_what_is_prepared_does_not_change(open_run, clips):
    data = experiment.prepare(open_run())
    assert data.failures == {}
    FAILING.add(clips[0].path.stem)
    with pytest.raises(AttributeError):
        data.failures = {"a": "b"}
    assert len(data.corpus.clips) == len(clips)


def test_warnings_are_in_the_report(open_run, clips, capsys):
    odd = clips[2]
    ODD.add(odd.path.stem)
    data = experiment.prepare(open_run())
    assert data.warnings == {odd.clip_id: (f"{odd.path} is odd.",)}  # once, of two extractors
    experiment.report([data])
    assert "is odd." in capsys.readouterr().err
    assert "is odd." in (data.run.figures / "warnings.csv").read_text()
    assert experiment.prepare(open_run()).warnings == data.warnings


def test_a_run_that_cannot_work_stops_before_anything_is_computed(open_run, clips):
    run = open_run()
    few = [clip for clip in clips if clip.split != "test"]
    corpus = Corpus("films", "rendered", tuple(few), run.corpus.source)
    with pytest.raises(
        VmnetError, match=r"too few usable clips, 3 train, 2 valid, 0 test, .* split test to more"
    ):
        experiment.prepare(replace(run, corpus=corpus))
    assert SEEN == []


def test_boundaries_and_features_come_from_what_was_computed(open_run):
    data = experiment.prepare(open_run())
    system = experiment.seg_vm_net(data.run)
    video, music = data.features(system, "test")
    assert video.dim == music.dim == 6
    edges = data.boundaries("fixed", "test")
    assert list(edges) == list(music.ids)
    assert [len(e) - 1 for e in edges.values()] == music.lengths.tolist()


def test_a_folder_of_one_track_of_sound_is_cut_by_any_segmenter(clips, tmp_path):
    corpus = folder_corpus(clips[0].path.parent, 0, MediaSource(tmp_path))
    assert corpus.source.extractors["musicnn"] == "music"
    assert next(iter(corpus.source.extractors)) == "efficientnet"


def test_folders_of_one_name_share_neither_data_nor_figures(clips, tmp_path):
    folders = [tmp_path / parent / "films" for parent in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)
        for clip in clips:
            (folder / clip.path.name).hardlink_to(clip.path)
    runs = [experiment.open_run("smoke", str(folder)) for folder in folders]
    assert runs[0].folder != runs[1].folder
    assert runs[0].figures != runs[1].figures
    for run in runs:
        assert re.fullmatch(r"films-[0-9a-f]{6}-smoke", run.figures.name)


def test_a_result_is_never_of_a_file_that_came_later(open_run, clips):
    """A file that is replaced after `prepare` changes nothing before the corpus is opened anew."""
    run = open_run()
    data = experiment.prepare(run)
    system = experiment.seg_vm_net(run)
    path = clips[-1].path
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    experiment.embeddings(data, system)
    kept = set((run.folder / "embeddings").iterdir())
    later = experiment.prepare(open_run())
    experiment.embeddings(later, system)
    assert set((run.folder / "embeddings").iterdir()) != kept


def test_warnings_of_all_seeds_are_reported(open_run, capsys):
    data = experiment.prepare(open_run())
    both = [replace(data, warnings={"": (line,)}) for line in ("first", "second", "first")[:3]]
    experiment.report(both)
    said = capsys.readouterr().err
    assert said.count("first") == 1
    assert "second" in said
    experiment.report([replace(data, warnings={})], keep=False)  # a command of fewer stages
    assert "second" in (data.run.figures / "warnings.csv").read_text()
