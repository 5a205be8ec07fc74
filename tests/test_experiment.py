"""The stages on small corpora without media: from clips to tables, over seeds."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from vmnet import cli, experiment, store
from vmnet.config import PROFILES
from vmnet.corpus import EXTRA, SPLITS, Clip, opening
from vmnet.corpus.features import features_corpus, save_features
from vmnet.corpus.manifest import write_manifest
from vmnet.corpus.simulated import simulated_corpus
from vmnet.errors import VmnetError
from vmnet.experiment import run as run_module
from vmnet.experiment import stages
from vmnet.models import MODELS
from vmnet.report import figures, inputs
from vmnet.report.tables import TABLES

TINY = replace(
    PROFILES["demo"],
    clips=(60, 24, 24),
    seeds=(0, 1),
    training={"batch": 30, "learning_rate": 1e-4, "steps": 4, "evaluate_every": 2},
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "demo", TINY)
        patch.setattr(opening, "DATA", folder / "data")
        patch.setattr(run_module, "FIGURES", folder / "figures")
        yield experiment.open_runs(jobs=1)


@pytest.fixture(scope="module")
def datasets(runs):
    return experiment.prepare_all(runs)


@pytest.fixture(scope="module")
def results(datasets):
    return experiment.results(datasets, experiment.all_systems, ["centroid", "trace"])


def test_every_seed_has_a_corpus_of_its_own_and_one_name(runs):
    assert [run.seed for run in runs] == [0, 1]
    assert {run.corpus.name for run in runs} == {"simulated-demo"}
    assert len({run.corpus.source.origin() for run in runs}) == 2
    assert len({run.folder for run in runs}) == 2
    assert {run.figures.name for run in runs} == {"demo"}


def test_figures_of_other_seeds_and_corpora_lie_elsewhere(runs, tmp_path):
    del runs
    assert experiment.open_runs(seeds=[3])[0].figures.name == "demo-seed3"
    assert experiment.open_runs(seeds=[3, 4])[0].figures.name == "demo-seed3-4"
    assert experiment.open_runs(corpus="simulated")[0].figures.name == "demo"


def test_results_have_every_system_and_seed(results):
    assert set(results.kind) == {"simulated"}
    assert set(results.seed) == {0, 1}
    assert set(results.system) == {
        "baseline_1",
        "baseline_2",
        "linear_cca",
        "baseline_2_cbvmr",
        "baseline_2_cbvmr_inter",
        "seg_vmnet",
    }
    ranks = results[results.metric == "mean_rank"].value
    assert ranks.between(1, 24).all()
    table = TABLES["baselines"].render(results[results.distance == "centroid"])
    assert "2 seeds" in table.attrs["origin"]


def test_results_are_kept(datasets, results):
    again = experiment.results(datasets, experiment.all_systems, ["centroid", "trace"])
    assert again.equals(results)  # measured seconds and all: read, not computed


def test_losses_differ(datasets, results):
    del results
    losses = {
        system.name: experiment.network(datasets[0], system).config.loss
        for system in experiment.all_systems(datasets[0].run)
        if system.is_network
    }
    assert losses["baseline_2_cbvmr"] == losses["baseline_2_cbvmr_inter"] == "cbvmr"
    assert losses["baseline_2"] == losses["seg_vmnet"] == "triplet"


def test_whitened_features_are_taken_as_they_are(datasets):
    data = datasets[0]
    assert experiment.network(data, experiment.seg_vm_net(data.run)).statistics is None


def test_inputs_of_clips_without_media(datasets, results):
    del results
    data = datasets[0]
    summary = inputs.clips(data)
    assert summary.clips.tolist() == [60, 24, 24]
    assert len(inputs.first_clips(data)) == 20
    lengths = inputs.segment_lengths(data)
    assert lengths.S.tolist() == ["Foote", "SF", "OLDA", "TransNet"]
    overview = inputs.clip_overview(data)
    assert overview.kind == "simulated"
    assert overview.sections[0][2] == "intro"
    assert set(overview.features) == {"video", "music"}
    queries = inputs.recommendations(data, experiment.seg_vm_net(data.run))["queries"]
    assert queries[0].query_frame.dtype == np.uint8
    trainings = inputs.trainings(datasets)
    assert len(trainings) == 2 * 8
    assert (trainings.updates == 4).all()


def test_olda_unless_another_is_named(runs):
    assert experiment.seg_vm_net(runs[0]).segmenter == "olda"
    assert experiment.seg_vm_net(replace(runs[0], segmenters=("sf", "foote"))).segmenter == "sf"


def test_an_exported_corpus_has_the_segments_of_the_corpus_it_was_made_from(tmp_path, datasets):
    """The features of simulated clips, written to files and read again, are cut alike."""
    theirs = datasets[0]
    experiment.export(theirs.run, tmp_path / "shared")
    corpus = features_corpus(tmp_path / "shared", seed=0, progress=False)
    run = replace(theirs.run, corpus=corpus, folder=tmp_path / "data")
    ours = experiment.prepare(run)
    system = experiment.seg_vm_net(run)
    for mine, original in zip(
        ours.features(system, "test"), theirs.features(system, "test"), strict=True
    ):
        np.testing.assert_array_equal(mine.data, original.data)
        np.testing.assert_array_equal(mine.offsets, original.offsets)
    trained = experiment.network(ours, system)
    assert trained.statistics is not None  # nobody says that the files are whitened


def test_a_run_without_some_segmenters_trains_nothing_anew(datasets, results, tmp_path):
    del results
    run = replace(datasets[0].run, segmenters=("olda",))
    data = experiment.prepare(run)
    trained = {path.name for path in run.folder.glob("networks/*")}
    experiment.network(data, experiment.seg_vm_net(run))
    assert {path.name for path in run.folder.glob("networks/*")} == trained


def test_what_differs_from_the_profile_is_named_and_lies_elsewhere(runs):
    del runs
    asked = experiment.open_run(indel={"nw": 0.5, "sw": 0.01}, training={"steps": 3, "batch": 30})
    assert asked.settings == "steps=3, indel_nw=0.5"  # the others are the profile's
    assert asked.figures.parent.name == "demo-seed0"
    assert asked.figures.name == "steps=3,indel_nw=0.5"
    assert experiment.open_run(segmenters=["sf"]).settings == "segmenters=sf"
    assert experiment.open_run(training={"standardize": False}).settings == ""  # whitened
    assert experiment.open_run(training={"standardize": True}).settings == "standardize=True"
    tuples = experiment.open_run(training={"weights": (1, 3)}, indel={"nw": 0.12345678})
    assert tuples.settings == "weights=1.0,3.0, indel_nw=0.12345678"
    with pytest.raises(VmnetError, match="indel of nw is -1"):
        experiment.open_run(indel={"nw": -1})
    with pytest.raises(VmnetError, match="training has no setting 'step'; it has batch"):
        experiment.open_run(training={"step": 3})
    with pytest.raises(VmnetError, match="no distance with an indel cost 'trace'"):
        experiment.open_run(indel={"trace": 3})
    with pytest.raises(VmnetError, match="no music extractor 'vggish'; there are music, hand"):
        experiment.open_run(music="vggish")


def test_another_indel_cost_changes_its_distance_alone(datasets):
    systems = lambda run: [experiment.seg_vm_net(run)]  # noqa: E731
    usual = experiment.results(datasets[0], systems, ["nw", "trace"])
    run = replace(datasets[0].run, indel={"nw": 0.5}, settings="indel_nw=0.5")
    other = experiment.results(replace(datasets[0], run=run), systems, ["nw", "trace"])
    assert set(other.settings) == {"indel_nw=0.5"}
    assert set(usual.settings) == {""}
    moved = usual.value != other.value
    ranks = ~usual.metric.isin(["seconds"])
    assert set(usual.distance[moved & ranks]) == {"nw"}


def test_boundaries_of_an_unknown_make_are_refused(tmp_path, runs):
    features = runs[0].corpus.source.load(runs[0].corpus.clips[0])
    frames = {name: features.frames[name] for name in ("video", "music")}
    for i in range(8):
        path = tmp_path / "f" / f"clip{i}.npz"
        save_features(path, **frames, boundaries={"by_hand": features.boundaries["olda"]})
    with pytest.raises(VmnetError, match="boundaries of by_hand"):
        experiment.open_run(corpus=str(tmp_path / "f"), jobs=1)


def test_what_a_corpus_cannot_give_is_said(tmp_path, capsys, runs):
    clip_features = runs[0].corpus.source.load(runs[0].corpus.clips[0])
    for i in range(8):
        frames = {name: clip_features.frames[name] for name in ("video", "music")}
        save_features(tmp_path / "f" / f"clip{i}.npz", **frames)
    run = experiment.open_run(corpus=str(tmp_path / "f"), jobs=1)
    assert run.segmenters == ("foote", "sf")
    assert "no segments of olda, transnet" in capsys.readouterr().err
    assert [system.name for system in experiment.baselines(run)] == ["baseline_2", "linear_cca"]
    with pytest.raises(VmnetError, match="has no segments of olda"):
        experiment.open_run(corpus=str(tmp_path / "f"), segmenters=["olda"])


# --- the profile of a folder --------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory, datasets):
    """Features of 40 clips in files, and where what is made of them goes."""
    shared = tmp_path_factory.mktemp("folder")
    clips = datasets[0].corpus.clips[:40]
    for clip in clips:
        made = datasets[0].corpus.source.load(clip)
        frames = {name: made.frames[name] for name in ("video", "music")}
        edges = {"olda": made.boundaries["olda"]}
        save_features(shared / "films" / f"{clip.clip_id}.npz", **frames, boundaries=edges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "DATA", shared / "data")
        patch.setattr(run_module, "FIGURES", shared / "figures")
        yield str(shared / "films")


@pytest.mark.parametrize("corpus", ["", *opening.NAMED])
def test_the_default_profile_of_what_has_a_name(corpus):
    assert opening.default_profile(corpus) == "demo"


def test_a_folder_has_a_profile_of_its_own(folder):
    assert opening.default_profile(folder) == "own"
    run = experiment.open_run(corpus=folder, jobs=1)
    assert (run.profile.name, run.settings) == ("own", "")
    key = run.folder.name.removeprefix("films-")
    assert run.figures.name == f"films-{key[:6]}"
    (of_seed,) = experiment.open_runs(corpus=folder, seeds=[2], jobs=1)
    assert of_seed.figures.name == f"films-{key[:6]}-seed2"
    asked = experiment.open_run(corpus=folder, jobs=1, training={"hidden": 64, "loss": "softmax"})
    assert asked.settings == "hidden=64"  # the loss is the profile's
    assert asked.figures.parent.name == f"films-{key[:6]}"


def test_another_profile_may_be_asked_for(folder):
    (run,) = experiment.open_runs("demo", folder, seeds=[0], jobs=1)
    key = run.folder.name.removeprefix("films-")
    assert run.profile.name == "demo"
    assert run.figures.name == f"films-{key[:6]}-demo-seed0"
    training = run_module.training_settings(run.profile, run.corpus)
    assert training["batch"] == TINY.training["batch"]
    assert "start" not in training


@pytest.mark.parametrize("corpus", ["", "simulated", "rendered", "published"])
def test_the_profile_of_folders_needs_one(corpus):
    with pytest.raises(VmnetError, match=r"^the profile 'own' has no clips of its own: give a fol"):
        experiment.open_run("own", corpus)
    with pytest.raises(VmnetError, match=r"'own' has no clips of its own: give a folder\.$"):
        experiment.open_runs("own", corpus)


def test_every_system_is_trained_by_the_profile_of_folders(folder):
    training = {"steps": 4, "evaluate_every": 2, "hidden": 16}
    run = experiment.open_run(corpus=folder, jobs=1, segmenters=["olda"], training=training)
    data = experiment.prepare(run)
    results = experiment.results(data, experiment.all_systems, ["centroid"])
    assert results[results.metric == "mean_rank"].value.between(1, 8).all()
    networks = [each for each in experiment.all_systems(run) if each.is_network]
    assert {each.name for each in networks} == {
        "baseline_2", "baseline_2_cbvmr", "baseline_2_cbvmr_inter", "seg_vmnet",
    }  # fmt: skip
    for system in networks:
        trained = experiment.network(data, system)
        assert trained.model.name == "shortcut_vmnet"
        assert trained.config.loss == ("cbvmr" if "cbvmr" in system.name else "softmax")
        assert trained.curve["step"].tolist() == [0, 2, 4]
    curves = inputs.training_curves(data, networks)
    assert np.isnan(next(iter(curves["curves"].values()))["train_loss"][0])  # of the start
    figures.training_curves(**curves)
    assert (inputs.trainings([data]).updates == 4).all()
    demo = experiment.open_run("demo", folder, jobs=1, segmenters=["olda"])
    theirs = experiment.network(experiment.prepare(demo), experiment.baselines(demo)[0])
    assert (theirs.model.name, theirs.config.loss) == ("vmnet", "triplet")


def test_the_default_for_a_folder_is_said(folder, capsys):
    from vmnet import cli

    said = "Profile own, the default for a folder: see docs/options.md."
    for words, times in (([], 1), (["--profile", "demo"], 0)):
        assert cli.main(["scan", "--corpus", folder, "--jobs", "1", *words]) == 0
        assert capsys.readouterr().err.count(said) == times
    assert cli.main(["scan", "--profile", "toy", "--jobs", "1"]) == 0
    assert "the default for a folder" not in capsys.readouterr().err


def test_the_papers_corpus_is_simulated_where_it_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(opening, "DATA", tmp_path)
    corpus = opening.open_corpus(
        "published", opening.Opening(PROFILES["paper"], tmp_path / "run", 0, 1)
    )
    assert corpus.kind == "simulated"
    assert [len(corpus.split(name)) for name in ("train", "valid", "test")] == [50_000, 1000, 1000]
    assert "himv-50k is not there" in capsys.readouterr().err


def test_the_papers_corpus_is_opened_where_it_is(tmp_path, monkeypatch, write_shards):
    monkeypatch.setattr(opening, "DATA", tmp_path)
    write_shards(tmp_path / "himv-50k", 30)
    profile = replace(PROFILES["paper"], clips=(20, 5, 5))
    corpus = opening.open_corpus("published", opening.Opening(profile, tmp_path / "run", 0, 1))
    assert corpus.kind.startswith("YouTube-8M")
    features = corpus.source.load(corpus.clips[0])
    for i in range(6):
        save_features(tmp_path / "mvd" / f"mvd{i}.npz", **features.frames)
    joined = opening.open_corpus("published", opening.Opening(profile, tmp_path / "run", 0, 1))
    assert len(corpus.split("train")) == 20
    assert len(joined.split("train")) == 20  # 25 are there
    assert {clip.clip_id[:3] for clip in joined.split("test")} == {"mvd"}


def test_videos_with_a_label_are_selected(tmp_path, monkeypatch, write_shards, capsys):
    from vmnet import cli

    monkeypatch.setattr(opening, "DATA", tmp_path / "data")
    write_shards(tmp_path / "shards", 9)
    assert cli.main(["select", str(tmp_path / "shards"), "--labels", "1", "--jobs", "1"]) == 0
    assert (tmp_path / "shards" / "ids.txt").read_text().split() == ["id01", "id04", "id07"]
    assert "3 videos" in capsys.readouterr().out
    assert cli.main(["select", str(tmp_path / "shards"), "--labels", "2"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert cli.main(["select", str(tmp_path / "none"), "--labels", "1"]) == 1
    assert "none" in capsys.readouterr().err


def test_a_segmenter_that_finds_nothing_is_told(tmp_path, monkeypatch):
    """Clips of over a minute that stay whole: their segments are the clips themselves."""
    rng = np.random.default_rng(0)
    for i in range(8):
        frames = rng.normal(size=(2, 90, 4)).astype(np.float32)
        edges = {"sf": [0.0, 90.0], "olda": [0.0, 30.0, 90.0]}
        save_features(tmp_path / "f" / f"clip{i}.npz", *frames, boundaries=edges)
    monkeypatch.setattr(opening, "DATA", tmp_path / "data")
    data = experiment.prepare(experiment.open_run(corpus=str(tmp_path / "f"), jobs=1))
    sentence = "f: sf leaves 8 of 8 clips of more than a minute as one segment."
    assert data.warnings == {"": (sentence,)}


# --- extra clips ----------------------------------------------------------------------------------


def drawn_corpus(folder, n_extra):
    """Write a features corpus of drawn numbers: three clips in each split, and extra ones."""
    rng = np.random.default_rng(0)
    splits = [*SPLITS * 3, *[EXTRA] * n_extra]
    clips = [Clip(f"c{i:02}", folder / f"c{i:02}.npz", split) for i, split in enumerate(splits)]
    for clip in clips:
        video, music = rng.normal(size=(40, 6)), rng.normal(size=(40, 5))
        save_features(clip.path, video, music, boundaries={"olda": [0, 20, 40]})
    write_manifest(folder / "manifest.csv", clips)
    return folder


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Return the run and the dataset of nine clips, and of as many extra ones as wanted."""
    monkeypatch.setattr(opening, "DATA", tmp_path / "data")

    def prepare(n_extra, name="f"):
        folder = drawn_corpus(tmp_path / name, n_extra)
        run = experiment.open_run("toy", corpus=str(folder), jobs=1)
        return experiment.prepare(run)

    return prepare


def test_extra_clips_have_segments_and_no_part_in_tables_of_clips_proper(prepared, capsys):
    data = prepared(4)
    run, system = data.run, experiment.seg_vm_net(data.run)
    assert experiment.plan(run, {}) == (
        "f (features): 13 of 13 clips can be used: 3 train, 3 valid, 3 test, 4 extra"
    )
    video, music = data.features(system, EXTRA)
    assert video.ids == music.ids == ("c09", "c10", "c11", "c12")
    assert video.data.shape == (8, 6)
    assert len(data.boundaries("olda")) == 13
    assert len(data.boundaries("olda", *SPLITS)) == 9
    assert inputs.clips(data).clips.tolist() == [3, 3, 3, 4]
    assert inputs.segment_lengths(data).segments.tolist() == [18]
    assert inputs.clip_overview(data, "c12").title == "c12"
    words = ["segment", "--corpus", str(data.clip("c12").path.parent), "--profile", "toy"]
    assert cli.main([*words, "--jobs", "1"]) == 0
    assert "c12" in capsys.readouterr().out


def test_a_model_is_given_extra_clips_where_there_are_some(prepared, monkeypatch):
    """And its key tells of them; without any it is what it was before there could be."""
    given = []
    kind = replace(MODELS["linear"], train=lambda *args, **options: given.append(options))
    monkeypatch.setitem(MODELS, "linear", kind)
    plain, more = prepared(0, "plain"), prepared(4, "more")
    (system,) = (s for s in experiment.baselines(plain.run) if s.model == "linear")
    for data in (plain, more):
        stages.model(data, system)
    assert given[0] == {}
    music, video = given[1]["extra"]
    assert (music.dim, video.dim, len(music)) == (5, 6, 4)
    key = store.key(
        train=plain.features_key(system, "train"),
        valid=plain.features_key(system, "valid"),
        training=asdict(stages._settings(plain, system)),
    )
    assert stages._model_key(plain, system) == key
    fewer = replace(more.corpus, clips=more.corpus.clips[:-1])
    keys = {stages._model_key(data, system) for data in (more, replace(more, corpus=fewer))}
    assert len(keys) == 2
    apart = replace(system, segmenter="olda", video_segmenter="fixed")
    assert not stages._has_extra(more, apart)


def test_extra_clips_stand_in_for_no_split_and_one_alone_has_no_negatives(prepared, tmp_path):
    with pytest.raises(VmnetError, match="give the split extra to more of them"):
        prepared(1, "one")
    folder = drawn_corpus(tmp_path / "few", 8)
    lines = (folder / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if ",valid," not in line]
    (folder / "manifest.csv").write_text("\n".join(kept))
    with pytest.raises(VmnetError, match="too few usable clips, 3 train, 0 valid, 3 test, 8 extra"):
        experiment.prepare(experiment.open_run("toy", corpus=str(folder), jobs=1))


def test_extra_clips_that_cannot_be_used_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "DATA", tmp_path / "data")
    folder = drawn_corpus(tmp_path / "f", 3)
    save_features(folder / "c09.npz", np.full((40, 6), 1e6), np.ones((40, 5)),
                  boundaries={"olda": [0, 20, 40]})  # fmt: skip
    data = experiment.prepare(experiment.open_run("toy", corpus=str(folder), jobs=1))
    assert list(data.failures) == ["c09"]
    assert data.features(experiment.seg_vm_net(data.run), EXTRA)[0].ids == ("c10", "c11")
    assert len(data.boundaries("olda")) == 11


def test_export_keeps_extra_clips_extra(prepared, tmp_path):
    run = prepared(2).run
    for split, counts in (("", [3, 3, 3, 2]), ("test", [0, 0, 9, 2])):
        folder = tmp_path / f"out{split}"
        experiment.export(run, folder, split)
        corpus = features_corpus(folder, seed=0, progress=False)
        assert [len(corpus.split(name)) for name in (*SPLITS, EXTRA)] == counts


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(VmnetError, match="no profile 'dmeo'"):
        experiment.open_runs("dmeo")
    with pytest.raises(VmnetError, match="is not a folder; a corpus is rendered, simulated"):
        experiment.open_run(corpus=str(tmp_path / "none"))
    with pytest.raises(VmnetError, match="too many to render"):
        experiment.open_run("paper", corpus="rendered")


def test_simulated_corpora_are_lists_of_names():
    corpus = simulated_corpus((50_000, 1000, 1000), 0)
    assert len(corpus.clips) == 52_000
    assert len({clip.clip_id for clip in corpus.clips}) == 52_000
