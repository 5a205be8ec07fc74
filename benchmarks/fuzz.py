"""What becomes of damaged media files: used or refused in a sentence, never a crash or a hang.

    python benchmarks/fuzz.py                  # 2,000 files, each read whole as the stages read it
    python benchmarks/fuzz.py --files 112 --model MODEL  # then through index and recommend, too
    python benchmarks/fuzz.py --files 200 --seed 1 --keep FOLDER

Small files of two seconds in each format are made, then damaged: cut off, bytes flipped, headers
with absurd numbers, wrong suffixes, two files spliced, no files at all. Each goes through the
probe, the tags, all its sound and a picture a second, as a job of a batch. With a model (of `vmnet
train --output`), all files together are indexed by `vmnet index`, and `vmnet recommend` is asked
with each as the video. Prints how many files of each damage ended how, the slowest of them, and
every failure that is no sentence of ours. Exit status 1 if there was one, or a file took longer
than --seconds.
"""

import argparse
import collections
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from vmnet import media, store
from vmnet.batch import Job, noticing, run_jobs

SOUND = {  # suffix: codec
    "mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "opus": "libopus", "m4a": "aac",
    "aac": "aac", "wav": "pcm_s16le", "aiff": "pcm_s16be", "wma": "wmav2",
}  # fmt: skip
FILMS = {  # suffix: codecs of pictures and sound
    "mp4": ("libx264", "aac"), "mov": ("mpeg4", "alac"), "mkv": ("libx264", "flac"),
    "webm": ("libvpx", "libopus"), "avi": ("mpeg4", "libmp3lame"), "ts": ("mpeg2video", "mp2"),
    "mpg": ("mpeg2video", "mp2"), "flv": ("flv", "libmp3lame"), "wmv": ("wmv2", "wmav2"),
}  # fmt: skip
SECONDS, RATE, FPS = 2, 48_000, 25
EXTREMES = [value.to_bytes(4, "big") for value in (0, 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)]

Damage = Callable[[bytes, np.random.Generator], bytes]


# --- whole files ------------------------------------------------------------------------------


def write_whole(folder: Path) -> list[Path]:
    """Write a file of two seconds in each format."""
    paths = []
    for suffix, codec in SOUND.items():
        paths.append(folder / f"sound.{suffix}")
        _write(paths[-1], "", codec)
    for suffix, codecs in FILMS.items():
        paths.append(folder / f"film.{suffix}")
        _write(paths[-1], *codecs)
    return paths


def _write(path: Path, picture_codec: str, sound_codec: str) -> None:
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Fuzz"
        if picture_codec:
            pictures = container.add_stream(picture_codec, rate=FPS)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(sound_codec, rate=RATE, layout="stereo", bit_rate=96_000)
        if picture_codec:
            for i in range(SECONDS * FPS):
                array = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
                frame = av.VideoFrame.from_ndarray(array, "rgb24")
                frame.pts, frame.time_base = i, Fraction(1, FPS)
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        wave = rng.integers(-9000, 9000, (1, 2 * SECONDS * RATE)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave, "s16", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


# --- damage -----------------------------------------------------------------------------------


def cut_off(data: bytes, rng: np.random.Generator) -> bytes:
    """Keep a beginning, from some bytes to nearly all."""
    return data[: int(len(data) * rng.uniform() ** 2)]


def without_start(data: bytes, rng: np.random.Generator) -> bytes:
    return data[int(len(data) * rng.uniform() ** 3) :]


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """Write other bytes, one to one in fifty, anywhere."""
    count = int(np.exp(rng.uniform(0, np.log(len(data) / 50))))
    return _overwritten(data, rng.integers(0, len(data), count), rng)


def flipped_header(data: bytes, rng: np.random.Generator) -> bytes:
    """Write other bytes where a header is: into the first or the last 512."""
    places = rng.integers(0, min(512, len(data)), rng.integers(1, 9))
    return _overwritten(data, places if rng.uniform() < 0.7 else len(data) - 1 - places, rng)


def absurd_header(data: bytes, rng: np.random.Generator) -> bytes:
    """Write 0, 1 or the largest numbers of 32 bits into a header."""
    array = bytearray(data)
    for place in rng.integers(0, min(768, len(data) - 4), rng.integers(1, 4)).tolist():
        start = place if rng.uniform() < 0.6 else len(data) - 4 - place
        array[start : start + 4] = EXTREMES[rng.integers(len(EXTREMES))]
    return bytes(array)


BOXES = (b"mvhd", b"tkhd", b"mdhd", b"stts", b"ctts", b"stsz", b"stco", b"stsc", b"elst", b"stsd")
HEADS = (*BOXES, b"fmt ", b"data", b"COMM", b"SSND", b"avih", b"strh", b"idx1", b"fLaC",
         b"OpusHead", b"OggS", b"Xing", b"Info", b"onMetaData", b"\x15\x49\xa9\x66",
         b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75", b"\0\0\1\xba", b"\0\0\1\xe0",
         b"\x47\x41\0")  # fmt: skip


def absurd_field(data: bytes, rng: np.random.Generator) -> bytes:
    """Write such numbers just behind the name of a box, a chunk or an element."""
    places = [match.end() for head in HEADS for match in re.finditer(re.escape(head), data)]
    if not places:
        return absurd_header(data, rng)
    array = bytearray(data)
    for place in rng.choice(places, rng.integers(1, 3)).tolist():
        start = place + int(rng.integers(0, 32))
        array[start : start + 4] = EXTREMES[rng.integers(len(EXTREMES))]
    return bytes(array[: len(data)])


def hole(data: bytes, rng: np.random.Generator) -> bytes:
    """Write zeros over a stretch, as a broken download leaves."""
    start, stop = np.sort(rng.integers(0, len(data), 2)).tolist()
    return data[:start] + bytes(stop - start) + data[stop:]


def lacking(data: bytes, rng: np.random.Generator) -> bytes:
    start, stop = np.sort(rng.integers(0, len(data), 2)).tolist()
    return data[:start] + data[stop:]


def repeated(data: bytes, rng: np.random.Generator) -> bytes:
    start, stop = np.sort(rng.integers(0, len(data), 2)).tolist()
    return data[:stop] + data[start:stop] + data[stop:]


def noise_behind(data: bytes, rng: np.random.Generator) -> bytes:
    """Keep a header of up to 4 kB, then noise."""
    kept = int(2 ** rng.uniform(3, 12))
    return data[:kept] + rng.bytes(len(data))


def _overwritten(data: bytes, places: np.ndarray, rng: np.random.Generator) -> bytes:
    array = np.frombuffer(data, np.uint8).copy()
    array[places] = rng.integers(0, 256, len(places))
    return array.tobytes()


DAMAGES: dict[str, Damage] = {
    "cut off": cut_off,
    "start missing": without_start,
    "bytes flipped": flipped,
    "header flipped": flipped_header,
    "absurd header": absurd_header,
    "absurd field": absurd_field,
    "zeros inside": hole,
    "block missing": lacking,
    "block repeated": repeated,
    "noise behind header": noise_behind,
}
TEXTS = (b"", b"\0" * 3000, b"not a film\n" * 50, b"#EXTM3U\n/etc/passwd\n", b"<html>404</html>",
         b"ffconcat version 1.0\nfile x.mp3\n", b"\x1f\x8b\x08" + b"\x55" * 900)  # fmt: skip


def damaged(
    folder: Path, whole: list[Path], count: int, seed: int = 0
) -> Iterator[tuple[str, Path]]:
    """Write `count` damaged files into `folder`; yield what was done to each, and where it is."""
    rng = np.random.default_rng(seed)
    contents = {path: path.read_bytes() for path in whole}
    kinds = [*DAMAGES, "wrong suffix", "two spliced", "no media", "no file"]
    for i in range(count):
        kind = kinds[i % len(kinds)]
        source, other = (whole[k] for k in rng.integers(len(whole), size=2))
        path = folder / f"{i:05}{source.suffix}"
        data = contents[source]
        if kind == "no file":
            _write_no_file(path, rng)
        else:
            if kind == "wrong suffix":
                path = path.with_suffix(other.suffix)
            elif kind == "two spliced":
                data = cut_off(data, rng) + without_start(contents[other], rng)
            elif kind == "no media":
                data = TEXTS[rng.integers(len(TEXTS))]
            else:
                data = DAMAGES[kind](data, rng)
            path.write_bytes(data)
        yield kind, path


def _write_no_file(path: Path, rng: np.random.Generator) -> None:
    """Make a folder, a pipe, a link to nothing or a link to itself."""
    match int(rng.integers(4)):
        case 0:
            path.mkdir()
        case 1:
            os.mkfifo(path)
        case 2:
            path.symlink_to(path.with_name("gone"))
        case _:
            path.symlink_to(path)


# --- reading ----------------------------------------------------------------------------------


def read_whole(path: Path, record: Path) -> None:
    """Read what the stages read of a file; keep how long it took and what was noticed."""
    started = time.monotonic()
    try:
        with noticing() as lines:
            media.tags(path)
            info = media.probe(path)
            if info.has_audio:
                for block in media.audio_blocks(path, 16_000, 10.0):
                    assert np.isfinite(block).all(), "the sound is not finite"
            if info.has_video:
                for picture in media.second_pictures(path, (32, 32)):
                    assert picture.shape == (32, 32, 3)
            assert np.isfinite(info.duration), "the duration is not finite"
    finally:
        seconds = time.monotonic() - started
        store.save_text(record.with_suffix(".seconds"), str(seconds))
    store.save_text(record, json.dumps(lines))


def ended(reason: str) -> str:
    """Say in a word how a file ended that was not used; in capitals what must not be."""
    if "the process that worked on it" in reason:
        return "CRASH"
    if "took longer than" in reason:
        return "HANG"
    if not reason or "\n" in reason or re.search(r": \w+(Error|Exception)\b", reason):
        return "NO SENTENCE"
    return "refused"


def main() -> int:
    """Damage and read the files; print what came of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--files", type=int, default=2000, help="how many (default: 2000)")
    add("--seed", type=int, default=0, help="of the damage (default: 0)")
    add("--jobs", type=int, default=2, help="files at once (default: 2)")
    add("--seconds", type=float, default=60.0, help="what a file may take (default: 60)")
    add("--keep", type=Path, help="new folder for the files (default: temporary)")
    add("--model", type=Path, help="for `vmnet index` and `vmnet recommend`")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        for name in ("whole", "damaged", "records"):
            (folder / name).mkdir(parents=True)
        whole = write_whole(folder / "whole")
        made = list(damaged(folder / "damaged", whole, arguments.files, arguments.seed))
        good = _read_all(made, folder / "records", arguments.jobs, arguments.seconds)
        if arguments.model:
            good &= _index_all(made, folder, arguments.model, arguments.jobs)
            good &= _ask_all(made, folder, arguments.seconds)
    print("no crash, no hang, a sentence each" if good else "SOME ENDED BADLY")
    return int(not good)


def _read_all(made: list[tuple[str, Path]], folder: Path, jobs: int, seconds: float) -> bool:
    """Read all files in a batch; tell whether each ended well, and in its time."""
    records = {path: folder / f"{path.name}.json" for _, path in made}
    todo = [
        Job(path.name, path, partial(read_whole, path, record), record, seconds)
        for path, record in records.items()
    ]
    reasons = run_jobs(todo, jobs, "damaged files", unit="file")

    def end(path: Path) -> tuple[str, str]:
        if path.name in reasons:
            return ended(reasons[path.name]), reasons[path.name]
        return "used, with a remark" if json.loads(records[path].read_text()) else "used", ""

    notes = [record.with_suffix(".seconds") for record in records.values()]
    times = {note.stem: float(note.read_text()) for note in notes if note.exists()}
    return _report("read", made, end) and _in_time(times, seconds)


def _index_all(made: list[tuple[str, Path]], folder: Path, model: Path, jobs: int) -> bool:
    """Index all files at once; tell whether each is a track, or left out in a sentence."""
    from vmnet.catalog.index import Index

    output = folder / "index"
    words = ["index", str(folder / "damaged"), "--model", str(model), "--output", str(output)]
    status, said = _command([*words, "--jobs", str(jobs)])
    if status:
        print(f"vmnet index ended with {status}: {said}")
        return False
    index = Index.open(output)
    tracks = {track.track_id for track in index.tracks}

    def end(path: Path) -> tuple[str, str]:
        if path.name in tracks:
            return "a track", ""
        reason = index.failures.get(path.name, "")
        return (ended(reason), reason) if reason else ("passed over", "")

    return _report("vmnet index", made, end)


def _ask_all(made: list[tuple[str, Path]], folder: Path, seconds: float) -> bool:
    """Ask for music for each file; tell whether each got some, or a sentence, in its time."""
    from vmnet.catalog import query

    query.DATA = folder  # what is computed of the films is kept there
    times = {}

    def end(path: Path) -> tuple[str, str]:
        started = time.monotonic()
        status, said = _command(["recommend", str(path), "--catalog", str(folder / "index")])
        times[path.name] = time.monotonic() - started
        if status == 0:
            return "answered", ""
        return (ended(said) if said.startswith("vmnet: ") else "NO SENTENCE"), said

    return _report("vmnet recommend", made, end) and _in_time(times, seconds)


def _command(words: list[str]) -> tuple[int, str]:
    """Run a command of vmnet in this process; return its status and what it said of a failure."""
    from vmnet import cli

    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            status = cli.main(words)
        except Exception as error:  # what `vmnet` would end with a traceback
            return 1, f": {type(error).__name__}: {error}"
    lines = [line.strip() for line in said.getvalue().replace("\r", "\n").splitlines()]
    return status, "\n".join(line for line in lines if line.startswith("vmnet: "))


def _in_time(times: Mapping[str, float], seconds: float) -> bool:
    """Print which files took longest; tell whether none took more than `seconds`."""
    slowest = sorted(times, key=times.__getitem__, reverse=True)[:5]
    print("the slowest: " + ", ".join(f"{name} {times[name]:.1f} s" for name in slowest))
    return times[slowest[0]] <= seconds


def _report(
    what: str, made: list[tuple[str, Path]], end: Callable[[Path], tuple[str, str]]
) -> bool:
    """Print how many files of each damage ended how; tell whether none ended badly."""
    table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    bad = []
    for kind, path in made:
        how, reason = end(path)
        table[kind][how] += 1
        bad += [f"{how}: {kind}: {path.name}: {reason}"] if how.isupper() else []
    total = sum(table.values(), collections.Counter())
    print(f"{what:20}" + "".join(f"{name:>21}" for name in total))
    for kind, counts in [*table.items(), ("all", total)]:
        print(f"{kind:20}" + "".join(f"{counts[name]:21}" for name in total))
    print("\n".join(bad))
    return not bad


if __name__ == "__main__":
    sys.exit(main())
