"""Damaged media files are used or refused in a sentence; benchmarks/fuzz.py does so with 2,000."""

import importlib.util
from pathlib import Path

import pytest

from vmnet.errors import MediaError
from vmnet.media.audio import load_audio
from vmnet.media.info import probe

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("vmnet_fuzz", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(fuzz, tmp_path_factory):
    return fuzz.write_whole(tmp_path_factory.mktemp("whole"))


def test_whole_files_of_every_format_are_used(fuzz, whole, tmp_path):
    for path in whole:
        fuzz.read_whole(path, tmp_path / f"{path.name}.json")
        assert probe(path).duration == pytest.approx(fuzz.SECONDS, abs=0.2)


def test_a_sample_of_damaged_files_ends_in_sentences(fuzz, whole, tmp_path):
    for folder in ("damaged", "records"):
        (tmp_path / folder).mkdir()
    ends = {}
    for kind, path in fuzz.damaged(tmp_path / "damaged", whole, 42, seed=1):
        try:
            fuzz.read_whole(path, tmp_path / "records" / f"{path.name}.json")
            ends[kind, path] = ""
        except MediaError as error:
            ends[kind, path] = str(error)
    assert len({kind for kind, _ in ends}) == 14
    assert all(text.startswith(str(path)) for (_, path), text in ends.items() if text)
    assert not any("\n" in text for text in ends.values())
    assert 10 < sum(text == "" for text in ends.values()) < 32
    assert all(text for (kind, _), text in ends.items() if kind in ("no file", "no media"))


def test_the_same_seed_damages_alike(fuzz, whole, tmp_path):
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = [path for _, path in fuzz.damaged(tmp_path / name, whole, 13, seed=2)]
        contents.append([(path.name, path.read_bytes()) for path in made])
    assert contents[0] == contents[1]


def test_a_file_that_would_last_for_weeks_is_refused(fuzz, whole, tmp_path):
    """One stamp of an FLV, its last, says 24 days: as much silence would be made of 60 kB."""
    data = bytearray(next(path for path in whole if path.suffix == ".flv").read_bytes())
    last = len(data) - 4 - int.from_bytes(data[-4:], "big")  # a tag ends with its length
    data[last + 4 : last + 8] = b"\xff\xff\xff\x7f"  # 24 bits of a stamp in ms, then the upper 8
    path = tmp_path / "weeks.flv"
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"stamps that are damaged \(it would last 2147\d+ s\)"):
        probe(path)


def test_sound_of_a_few_samples_a_second_is_no_sound(fuzz, whole, tmp_path):
    """A WAV whose header says 1 Hz would last for two days."""
    data = bytearray(next(path for path in whole if path.suffix == ".wav").read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    path = tmp_path / "slow.wav"
    path.write_bytes(data)
    with pytest.raises(MediaError):
        load_audio(path, 16_000)
