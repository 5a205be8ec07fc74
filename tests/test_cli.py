"""The `vmnet` command: its help, its refusals, and what it prints where."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from media_files import noise, write_tracks

from vmnet import aligners, cli, evaluation, features, media, segmenters
from vmnet.features.extractor import Extractor
from vmnet.report import inputs
from vmnet.segmenters import Segmenter

COMMANDS = (
    *("render", "prepare", "select", "draw", "scan", "extract", "segment", "train"),
    *("evaluate", "recommend", "export", "index"),
)


def vmnet(*words, **options):
    """Run the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "vmnet.cli", *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def help_of(*words):
    assert cli.main([*words, "--help"]) == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_an_example_that_its_parser_takes(command, capsys):
    help_of(command)
    if command == "prepare":  # it takes no options
        return
    (example,) = re.findall(r"^example: vmnet (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert cli.build_parser().parse_args(example.split()).function.__name__ == command


def test_weights_has_one_too(capsys):
    help_of("weights")
    assert "example: vmnet weights fetch vggish" in capsys.readouterr().out


def test_the_examples_of_the_whole_are_taken(capsys):
    help_of()
    examples = re.findall(r"^  vmnet (.*?)(?:   .*)?$", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        cli.build_parser().parse_args(example.split())


def test_help_lists_what_the_registries_hold_new_entries_too(monkeypatch, capsys):
    registries = (aligners.DISTANCES, evaluation.SCENARIOS)
    for registry in registries:
        monkeypatch.setitem(registry, "brand_new", next(iter(registry.values())))
    thirds = Segmenter("thirds", "none", len)
    monkeypatch.setitem(segmenters.SEGMENTERS, "thirds", thirds)
    loud = Extractor("loudness", "music", 1, len, {})
    monkeypatch.setitem(features.EXTRACTORS, "loudness", loud)
    monkeypatch.setenv("COLUMNS", "1000")
    help_of("evaluate")
    text = re.sub(r"\n {8,}", " ", capsys.readouterr().out)  # an option and its help in a line
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    for option, name in {
        "--distances": "brand_new",
        "--scenarios": "brand_new",
        "--segmenters": "thirds",
        "--music": "loudness",
        "--video": "inception",
        "--set": "learning_rate",
        "--profile": "smoke",
    }.items():
        assert name in lines[option], option
    help_of("recommend")
    assert "brand_new" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evaluate", "--distances", "dtw"], "no distance 'dtw'; there are centroid"),
        (["evaluate", "--scenarios", "crop"], "no scenario 'crop'; there are vanilla"),
        (["train", "--segmenters", "thirds"], "no segmenter 'thirds'; there are foote"),
        (["train", "--music", "mel"], "no music extractor 'mel'; there are musicnn"),
        (["train", "--video", "vggish"], "no video extractor 'vggish'; there are efficientnet"),
        (["train", "--indel", "dtw=1"], "no distance with an indel cost 'dtw'; there are nw"),
        (["train", "--indel", "nw"], "--indel nw: write a distance and a cost"),
        (["train", "--set", "rate=1"], "training has no setting 'rate'; it has batch"),
        (["train", "--set", "batch=1"], "training setting batch=1 makes no sense"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_made(
    words, said, monkeypatch, tmp_path, capsys
):
    """Of the rendered corpus, which takes a minute to render."""
    monkeypatch.setattr("vmnet.corpus.opening.DATA", tmp_path)
    assert cli.main([*words, "--profile", "smoke"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("vmnet: ")
    assert said in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--distance", "dtw"], 1, "no distance 'dtw'; there are centroid"),
        (["--pick", "11"], 1, "there are 10 tracks"),
        (["--sections", "0:08,x"], 2, "'0:08,x'|could not convert|no time"),
        (["--max-length-ratio", "0.5"], 2, "no number of at least 1"),
        (["--json", "--csv"], 2, "not allowed with"),
        (["--preview", "film.avi"], 1, r"film\.avi names no format: end it in \.mp4"),
        (["--html", f"{__file__}/page"], 1, r"test_cli\.py/page cannot be written"),
        (["--edit", __file__], 1, r"test_cli\.py cannot be written"),
        ([], 1, "catalog holds no index"),
    ],
)
def test_recommend_refuses_in_a_sentence(words, status, said, tmp_path, music_video, capsys):
    asked = ["recommend", str(music_video), "--catalog", str(tmp_path / "catalog"), *words]
    assert cli.main(asked) == status
    assert re.search(said, capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_draw_reads_the_track_that_is_asked_for(monkeypatch, tmp_path, capsys):
    film = write_tracks(tmp_path / "film.mkv", *noise(2.0, 16000))
    read = []

    def boundaries(path):
        read.append(media.probe(path).audio_track)
        return {"olda": np.array([0.0, 1.0, 2.0])}

    def overview(path, *others):
        read.append(media.probe(path).audio_track)
        return file_overview(path, *others)

    file_overview = inputs.file_overview
    monkeypatch.setattr(inputs, "file_overview", overview)
    for group in ("music", "shots"):
        monkeypatch.setitem(segmenters.GROUPS, group, boundaries)
    words = ["draw", str(film), "--output", str(tmp_path / "drawn"), "--audio-track"]
    assert cli.main([*words, "2"]) == 0
    assert read == [2, 2, 2]
    assert (tmp_path / "drawn.png").exists()
    capsys.readouterr()
    assert cli.main([*words, "3"]) == 1
    assert "has no sound track 3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args([*words, "0"])


def test_a_closed_pipe_is_no_traceback():
    for words in (["weights", "list"], ["scan", "--profile", "toy"], ["--help"]):
        read, write = os.pipe()
        os.close(read)
        process = vmnet(*words, stdout=write)
        os.close(write)
        _, said = process.communicate(timeout=120)
        # argparse takes no notice of it.
        assert process.returncode == (0 if words == ["--help"] else 141)
        assert "Traceback" not in said
        assert "BrokenPipe" not in said


def test_answers_go_to_standard_output_and_all_else_to_standard_error(tmp_path):
    home = {"VMNET_DATA": str(tmp_path / "data"), "VMNET_FIGURES": str(tmp_path / "figures")}
    words = ["evaluate", "--profile", "toy", "--distances", "nw", "--indel", "nw=0.5"]
    process = vmnet(*words, stdout=subprocess.PIPE, env=os.environ | home)
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    first, *table = out.splitlines()
    assert first == "mean rank among 12 test clips, simulated; indel_nw=0.5"
    assert [line.split()[0] for line in table[-4:]] == ["foote", "olda", "sf", "transnet"]
    assert len(table) == 6
    assert "segments of simulated-toy: " in said
