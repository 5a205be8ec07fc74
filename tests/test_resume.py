"""Killed with SIGKILL in the middle of each stage, the same command ends with the same table."""

import os
import signal
import subprocess
import sys
import time

import pytest

STAGES = (
    "features/efficientnet-*/*.npz",
    "features/musicnn-*/*.npz",
    "boundaries/music-*/*.npz",
    "boundaries/shots-*/*.npz",
    "networks/*foote*/settings.json",
    "results/*foote*.csv",
    "networks/*transnet*/settings.json",
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    from vmnet.rendered import render_corpus

    folder = tmp_path_factory.mktemp("clips")
    render_corpus(folder, splits=(3, 2, 2), seconds=(5.0, 7.0), seed=5, progress=False)
    return folder


def command(clips, data, jobs=1):
    data.mkdir(exist_ok=True)
    words = ["evaluate", "--profile", "smoke", "--corpus", str(clips)]
    words += ["--segmenters", "foote", "transnet"]
    words += ["--jobs", str(jobs)]
    return subprocess.Popen(
        [sys.executable, "-m", "vmnet.cli", *words, "--distances", "nw", "trace"],
        env=os.environ | {"VMNET_DATA": str(data), "VMNET_FIGURES": str(data / "figures")},
        stdout=subprocess.PIPE,
        stderr=(data / "stderr.txt").open("w"),
        text=True,
    )


def table_of(finished):
    out, _ = finished.communicate(timeout=600)
    assert finished.returncode == 0, out
    return out[out.index("mean rank among") :]


def test_killed_in_every_stage_it_goes_on_and_ends_the_same(clips, tmp_path):
    undisturbed = table_of(command(clips, tmp_path / "undisturbed"))
    data = tmp_path / "killed"
    late: list[str] = []
    for pattern in STAGES:
        if list(data.glob(f"*/{pattern}")):  # on a busy machine an earlier kill may come too late
            late.append(pattern)
            continue
        process = command(clips, data)
        while process.poll() is None and not list(data.glob(f"*/{pattern}")):
            time.sleep(0.01)
        assert process.poll() is None, f"it ended before {pattern} came: {process.communicate()}"
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert len(late) <= 1, late
    assert table_of(command(clips, data)) == undisturbed
    assert not list(data.rglob(".partial-*")), "half-written files were left behind"


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_at_once_and_says_how_to_go_on(clips, tmp_path, jobs):
    process = command(clips, tmp_path / "data", jobs)
    while process.poll() is None and not list(tmp_path.glob("data/*/features/efficientnet-*/*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    said = (tmp_path / "data/stderr.txt").read_text()
    assert process.returncode == 130, said
    assert "the same command goes on where it was" in said
    assert "Traceback" not in said
