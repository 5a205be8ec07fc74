"""What the networks of music similarity hear: patches of the log-power CQT (thesis, 4.2.4).

A track gives one spectrogram, kept as frame features are: a row a frame, float16. A patch is 512
frames of it (11.9 s), turned to (bands, frames); where a track is shorter, it is repeated from its
start. The thesis has 96 bands and a hop of 1,024 samples. It does not tell the lowest band, the
bands an octave, the rate, the mix or the floor of the logarithm: here C1, 12, 44.1 kHz, mono and
1e-10.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from vmnet import media, store
from vmnet.aligners.sequences import Sequences
from vmnet.batch import Workers, noticed
from vmnet.compiled import ensure_compiled
from vmnet.corpus.clips import Clip
from vmnet.corpus.media_source import ClipStage, on_track
from vmnet.errors import VmnetError
from vmnet.media.audio import INAUDIBLE

VERSION = 1  # of this file: change it when the spectrograms become others
SAMPLE_RATE = 44_100
HOP_LENGTH = 1024
BINS = 96
BINS_PER_OCTAVE = 12
LOWEST = 32.703195662574764  # Hz, C1
FLOOR = 1e-10  # of the power
FRAMES = 512
TINY = 1e-6  # dB^2: below this nothing varies
N_TEST, N_FEATURES = 8, 24  # patches of a track: at test (4.3.2), as its features (5.2.2)


def log_cqt(path: Path) -> np.ndarray:
    """Return the log-power constant-Q transform of a file's sound.

    10 log10(max(|CQT|^2, 1e-10)) of the mono sound at 44.1 kHz; frame t is around second
    t x 1024 / 44100.

    Returns
    -------
    `(n_frames, 96) float16`, in dB, the lowest band first.

    Raises
    ------
    MediaError
        If the file has no sound or cannot be read.
    """
    return log_cqt_of(media.load_audio(path, SAMPLE_RATE))


def log_cqt_of(samples: np.ndarray) -> np.ndarray:
    """Return `log_cqt` of sound, (n_samples,) float32 mono at 44.1 kHz."""
    ensure_compiled()
    import librosa

    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")  # of a short sound
        transform = librosa.cqt(
            samples,
            sr=SAMPLE_RATE,
            hop_length=HOP_LENGTH,
            fmin=LOWEST,
            n_bins=BINS,
            bins_per_octave=BINS_PER_OCTAVE,
        )
    power = np.maximum(np.abs(transform.T) ** 2, FLOOR)
    return (10 * np.log10(power)).astype(np.float16)


def _frames(path: Path) -> dict[str, np.ndarray]:
    return {"frames": log_cqt(path)}


CQT = ClipStage("features/log_cqt", _frames, {"version": VERSION})


def spectrograms(
    tracks: Mapping[str, Path],
    folder: Path,
    workers: Workers = 1,
    retry: bool = False,
    audio_track: int | None = None,
) -> tuple[Sequences, dict[str, str]]:
    """Compute `log_cqt` of each track, or read what is kept of it.

    Parameters
    ----------
    tracks
        The media file of each track, by its id.
    folder
        Where they are kept: a file a track, whose name changes with the file it is of, and one of
        all of them, from which what is returned is mapped.
    workers, retry
        As in `vmnet.batch.run_jobs`, and whether to try again what failed before.
    audio_track
        Which sound track of a file is heard, counted from 1; None lets each file decide.

    Returns
    -------
    spectrograms
        The frames of the tracks that could be read, in the order given; float16, mapped from a
        file.
    failures
        Why each other track could not be used.

    Raises
    ------
    VmnetError
        If no track could be used.
    """
    clips = [Clip(track, Path(path), "") for track, path in tracks.items()]
    stage = CQT if audio_track is None else on_track(CQT, audio_track)
    folder = Path(folder) / stage.folder
    files = {clip: _kept(folder, clip) for clip in clips}
    failures = stage.run(files, workers, retry)
    usable = {clip.clip_id: file for clip, file in files.items() if clip.clip_id not in failures}
    if not usable:
        reasons = next(iter(failures.values()), "no track is given")
        raise VmnetError(f"no track of {len(tracks)} can be used: {reasons}")
    return _joined(usable, folder), failures


def inaudible(tracks: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """Return what is said of each track in which `spectrograms` heard nothing above -60 dB."""
    lines = {
        track: line
        for track, path in tracks.items()
        for line in noticed(_kept(Path(folder) / CQT.folder, Clip(track, Path(path), "")))
    }
    return {track: line for track, line in lines.items() if line.endswith(INAUDIBLE)}


def _kept(folder: Path, clip: Clip) -> Path:
    state = store.fingerprint(clip.path) if clip.path.exists() else "missing"
    name = f"{store.file_name(clip.clip_id)}-{store.key(track=clip.clip_id, file=state)}.npz"
    return folder / name


def _joined(files: Mapping[str, Path], folder: Path) -> Sequences:
    """Return the frames of all tracks, from one file that is made once."""
    key = store.key(files=[[track, file.name] for track, file in files.items()])
    data, lengths = folder / f"all-{key}.npy", folder / f"all-{key}.npz"
    if not (data.exists() and lengths.exists()):
        for old in folder.glob("all-*"):  # of other tracks; who still reads it has it mapped
            old.unlink(missing_ok=True)
        counts = [len(_read(file)) for file in files.values()]
        with store.written_whole(data) as temporary, _mapped(temporary, sum(counts)) as joined:
            for end, file in zip(np.cumsum(counts), files.values(), strict=True):
                frames = _read(file)
                joined[end - len(frames) : end] = frames
        store.save_arrays(lengths, lengths=np.array(counts))
    offsets = np.concatenate([[0], np.cumsum(store.load_arrays(lengths)["lengths"])])
    return Sequences(np.load(data, mmap_mode="r", allow_pickle=False), offsets, tuple(files))


def _read(file: Path) -> np.ndarray:
    try:
        return store.load_arrays(file)["frames"]
    except (OSError, ValueError, KeyError) as error:
        raise VmnetError(f"{file} is damaged: delete it ({error})") from error


@contextmanager
def _mapped(path: Path, n_frames: int) -> Iterator[np.ndarray]:
    joined = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(n_frames, BINS))
    yield joined
    joined.flush()


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of tracks, cut out when they are asked for.

    `patches[rows]` is `(n_rows, n_patches, 96, frames) float16`, of a slice or an array of rows; so
    an array of that shape does wherever patches are wanted.

    Attributes
    ----------
    spectrograms : Sequences
        (n_frames, 96) of each track.
    tracks : (n,) int
        Of which tracks.
    starts : (n, n_patches) int
        The first frame of each patch.
    frames
        Of a patch.
    """

    spectrograms: Sequences
    tracks: np.ndarray
    starts: np.ndarray
    frames: int = FRAMES

    def __len__(self) -> int:
        return len(self.tracks)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        starts = self.starts[rows]
        tracks = np.broadcast_to(self.tracks[rows][:, None], starts.shape)
        return cut(self.spectrograms, tracks, starts, self.frames)


def draw_patches(
    spectrograms: Sequences,
    tracks: np.ndarray,
    n_patches: int = N_TEST,
    frames: int = FRAMES,
    seed: int = 0,
) -> Patches:
    """Draw the places of patches of tracks, at random and with repetition.

    Parameters
    ----------
    tracks : (n,) int
        Of which tracks, by their number in `spectrograms`.
    n_patches
        Of each track: 8 at test, 24 for the features of chapter 5.
    frames
        Of a patch.
    """
    tracks = np.asarray(tracks)
    each = np.repeat(tracks[:, None], n_patches, axis=1)
    starts = draw_starts(np.random.default_rng(seed), spectrograms, each, frames)
    return Patches(spectrograms, tracks, starts, frames)


def spread_patches(
    spectrograms: Sequences, tracks: np.ndarray, n_patches: int, frames: int = FRAMES
) -> Patches:
    """Return patches spread evenly over each track, as `draw_patches`; nothing is random."""
    tracks = np.asarray(tracks)
    middles = (2 * np.arange(n_patches) + 1) / (2 * n_patches)
    starts = (_room(spectrograms, tracks, frames)[:, None] * middles).astype(np.int64)
    return Patches(spectrograms, tracks, starts, frames)


def draw_starts(
    rng: np.random.Generator, spectrograms: Sequences, tracks: np.ndarray, frames: int
) -> np.ndarray:
    """Draw where a patch of each of `tracks`, of any shape, begins: 0 where a track is short."""
    return rng.integers(_room(spectrograms, tracks, frames))


def cut(spectrograms: Sequences, tracks: np.ndarray, starts: np.ndarray, frames: int) -> np.ndarray:
    """Return patches: (..., 96, frames) float16 for tracks and starts of shape (...)."""
    steps = (starts[..., None] + np.arange(frames)) % spectrograms.lengths[tracks][..., None]
    return np.swapaxes(spectrograms.data[spectrograms.offsets[tracks][..., None] + steps], -1, -2)


def statistics(spectrograms: Sequences, tracks: np.ndarray) -> tuple[float, float]:
    """Return the mean and the deviation of all values of `tracks`, by which networks standardise.

    Where nothing varies, the deviation is 1.
    """
    total, squares, count = 0.0, 0.0, 0
    for track in tracks:
        frames = spectrograms[track].astype(np.float64)
        count += frames.size
        total += frames.sum()
        squares += np.square(frames).sum()
    mean = total / count
    variance = squares / count - mean**2
    return float(mean), float(variance**0.5) if variance > TINY else 1.0


def _room(spectrograms: Sequences, tracks: np.ndarray, frames: int) -> np.ndarray:
    """Return how many starts a patch has in each track, 1 at least."""
    return np.maximum(spectrograms.lengths[tracks] - frames + 1, 1)
