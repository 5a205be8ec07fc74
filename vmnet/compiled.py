"""Have librosa's kernels compiled once per installation, by one process alone.

librosa's functions are compiled by numba on first use and kept in a cache beside its files. Two
processes that fill that cache at the same time leave it so that every later load of its
generalised ufuncs crashes (seen with librosa 0.11.0 and numba 0.68.1). Importing librosa's modules
fills it already. So whoever is about to import or call librosa calls `ensure_compiled` first: the
first one compiles, all others wait. `vmnet prepare` does so in the set-up, and whatever needs
librosa does so when it is called; importing a module of vmnet loads no librosa and does no work.
"""

import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vmnet.errors import VmnetError

COMPILING = (
    "VMNET_COMPILING"  # set in the process that compiles, so that it does not wait for itself
)


def ensure_compiled() -> None:
    """Return when librosa's kernels are compiled; the first time this takes about a minute.

    Raises
    ------
    VmnetError
        If they cannot be compiled.
    """
    if COMPILING in os.environ or _stamp().exists():
        return
    done = subprocess.run(  # it holds the lock itself, and goes on with it if we are killed
        [sys.executable, "-m", "vmnet.compiled"],
        env=os.environ | {COMPILING: "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise VmnetError(
            f"librosa's kernels cannot be compiled ({reason}); run ./run_all.sh --setup-only again."
        )


def compile_once() -> None:
    """Compile under a lock, unless another process has done so meanwhile."""
    from filelock import FileLock

    stamp = _stamp()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{stamp}.lock"):
        if stamp.exists():
            return
        for pattern in ("*.nbi", "*.nbc"):  # what others have left may be damaged
            for file in _librosa_folder().rglob(pattern):
                if os.access(file.parent, os.W_OK):  # numba writes where this is so, and not else
                    file.unlink(missing_ok=True)
        call_all()
        stamp.touch()


def _stamp() -> Path:
    """Return the file that says it is done; it lies in librosa's cache, and goes when that goes."""
    from vmnet.store import key

    folder = _librosa_folder()
    made_for = key(librosa=version("librosa"), numba=version("numba"), processor=_processor())
    if os.access(folder, os.W_OK):
        return folder / "__pycache__" / f"vmnet-compiled-{made_for}"
    from vmnet.pretrained import cache_folder  # numba then keeps one cache per user

    return cache_folder() / f"compiled-{made_for}-{key(folder=folder)}"


def _processor() -> str:
    """Name the processor, for which numba compiles."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _librosa_folder() -> Path:
    spec = importlib.util.find_spec("librosa")
    if spec is None or spec.origin is None:
        raise VmnetError("librosa is not installed; run ./run_all.sh --setup-only.")
    return Path(spec.origin).parent


def call_all() -> None:
    """Call all that is compiled: music features, segmenters, aligners, similarity of tags."""
    from scipy.io import wavfile

    from vmnet.aligners import DISTANCES, Sequences, align, distance_matrix
    from vmnet.features import READY
    from vmnet.segmenters.music import music_boundaries, novelty
    from vmnet.similarity import similarity_matrix

    rng = np.random.default_rng(0)
    rate, seconds = 22050, 20
    beat = np.exp(-np.arange(rate // 2) / 500) * rng.normal(size=rate // 2)  # 120 beats a minute
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "beats.wav"
        wavfile.write(path, rate, (0.2 * np.tile(beat, 2 * seconds)).astype(np.float32))
        for extractor in READY:
            if extractor.modality == "music":
                extractor.extract(path)
        music_boundaries(path)
        novelty(path)
    clips = Sequences.from_list([rng.normal(size=(k, 8)) for k in (2, 3)])
    for method in DISTANCES:
        distance_matrix(clips, clips, method)
    half = clips.data.astype(np.float16)
    half.flags.writeable = False  # as one that is mapped from a catalog's file
    for method in ("nw", "single"):  # converted as they are multiplied, and before
        distance_matrix(clips, Sequences(half, clips.offsets, clips.ids), method)
    for method in ("nw", "sw"):
        align(clips[0], clips[1], method)
    similarity_matrix([[1.0, 0.0]], [[1.0, 0.5], [0.0, 1.0]])


if __name__ == "__main__":
    compile_once()
