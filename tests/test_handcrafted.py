"""The 1,140 values: their number and order, signals that excite one of them, slow twins."""

import librosa
import numpy as np
import pytest

from vmnet.features import EXTRACTORS, handcrafted
from vmnet.features.handcrafted import HOP_LENGTH, N_FFT, N_SAMPLES, SAMPLE_RATE

SECONDS = np.arange(N_SAMPLES) / SAMPLE_RATE
INDEX = {name: i for i, name in enumerate(handcrafted.row_names())}


def block(vector: np.ndarray, name: str) -> np.ndarray:
    """Pick the rows of one block, as in block(vector, "mean harmonic mel")."""
    rows = handcrafted.BLOCKS[name.split()[-1]]
    return vector[[INDEX[f"{name} {row}"] for row in range(rows)]]


def tone_and_clicks(loudness: float) -> np.ndarray:
    """A4 with a click every half second."""
    sound = 0.1 * np.sin(2 * np.pi * 440 * SECONDS)
    sound[:: SAMPLE_RATE // 2] += 0.8
    return (loudness * sound).astype(np.float32)


@pytest.fixture(scope="module")
def vector() -> np.ndarray:
    return handcrafted.describe(tone_and_clicks(1))


def test_the_order_of_the_values():
    assert handcrafted.DIM == len(INDEX) == 1140
    assert INDEX["mean harmonic chroma_stft 0"] == 0
    assert INDEX["mean harmonic mel 0"] == 24
    assert INDEX["mean harmonic zero_crossings 0"] == 189
    assert INDEX["mean percussive chroma_stft 0"] == 190
    assert INDEX["variance harmonic chroma_stft 0"] == 380
    assert INDEX["maximum percussive zero_crossings 0"] == 1139


def test_every_block_has_the_rows_of_the_table():
    noise = np.random.default_rng(0).normal(size=N_SAMPLES).astype(np.float32)
    blocks = handcrafted.part_blocks(noise)
    assert {name: rows.shape for name, rows in blocks.items()} == {
        name: (rows, N_SAMPLES // HOP_LENGTH + 1) for name, rows in handcrafted.BLOCKS.items()
    }
    assert list(blocks) == list(handcrafted.BLOCKS)


def test_a_tone_lights_its_chroma_and_mel_row(vector):
    a = 9  # C is 0
    assert block(vector, "mean harmonic chroma_stft").argmax() == a
    assert block(vector, "mean harmonic chroma_cens").argmax() == a
    mel = block(vector, "mean harmonic mel")
    # The filters believe in 22,050 Hz: 440 Hz are 808 Hz to them, at 12.1 of 49.9 mel (Slaney).
    assert mel.argmax() == pytest.approx(12.1 / 49.9 * 97 - 1, abs=1)


def test_clicks_go_to_the_percussive_part(vector):
    assert block(vector, "variance percussive rms") > 100
    assert block(vector, "variance harmonic rms") < 5
    percussive = block(vector, "mean percussive mel")
    harmonic = block(vector, "mean harmonic mel")
    assert np.ptp(percussive) < 0.5 * np.ptp(harmonic)


def test_noise_crosses_zero_more_than_its_own_slow_half():
    sound = np.sin(2 * np.pi * 50 * SECONDS)
    half = N_SAMPLES // 2
    sound[half:] = np.random.default_rng(1).normal(size=half)
    vector = handcrafted.describe(sound.astype(np.float32))
    # 100 crossings a second against 6,000: 17.8 dB apart, in halves of equal length.
    assert block(vector, "mean harmonic zero_crossings")[0] < -5
    assert block(vector, "variance harmonic zero_crossings")[0] > 30


def test_the_statistics_are_those_of_the_scaled_rows():
    rng = np.random.default_rng(2)
    sound = (rng.normal(size=N_SAMPLES) * np.linspace(0.01, 0.3, N_SAMPLES)).astype(np.float32)
    harmonic = librosa.effects.hpss(sound)[0]
    padded = np.pad(harmonic.astype(float), N_FFT // 2)
    starts = range(0, N_SAMPLES + 1, HOP_LENGTH)
    rms = [np.sqrt(np.mean(padded[s : s + N_FFT] ** 2)) for s in starts]
    decibels = [max(10 * np.log10(value / max(rms)), -80) for value in rms]
    vector = handcrafted.describe(sound)
    assert block(vector, "mean harmonic rms")[0] == pytest.approx(np.mean(decibels), abs=1e-3)
    assert block(vector, "variance harmonic rms")[0] == pytest.approx(np.var(decibels), rel=1e-3)
    assert block(vector, "maximum harmonic rms")[0] == pytest.approx(0, abs=1e-6)


def test_log_scaling_against_a_slow_twin():
    rows = np.random.default_rng(3).normal(size=(3, 5))
    rows[0, 0], rows[1, 1] = 0.0, 1e-12
    largest = max(abs(x) for row in rows for x in row)
    expected = [
        [max(10 * np.log10(max(abs(x), 1e-10) / largest), -80) for x in row] for row in rows
    ]
    np.testing.assert_allclose(handcrafted.log_scaled(rows), expected)
    assert not handcrafted.log_scaled(np.zeros((2, 4))).any()


def test_loudness_does_not_matter(vector):
    quiet = handcrafted.describe(tone_and_clicks(0.5))
    for name in ("mean percussive mel", "mean harmonic rms", "variance percussive centroid"):
        np.testing.assert_allclose(block(quiet, name), block(vector, name), rtol=1e-2)


def test_the_middle_is_taken_and_the_short_padded():
    ramp = np.arange(N_SAMPLES + 100, dtype=np.float32)
    np.testing.assert_array_equal(handcrafted.central(ramp), ramp[50:-50])
    padded = handcrafted.central(ramp[:1000])
    assert len(padded) == N_SAMPLES
    np.testing.assert_array_equal(padded[:1000], ramp[:1000])
    assert not padded[1000:].any()


@pytest.mark.parametrize("samples", [0, SAMPLE_RATE])
def test_silence_gives_finite_values(samples, recwarn):
    assert np.isfinite(handcrafted.describe(np.zeros(samples, np.float32))).all()
    assert not [warning for warning in recwarn if warning.category is UserWarning]


def test_a_real_clip(music_video):
    extractor = EXTRACTORS["handcrafted"]
    vector = extractor.extract(music_video)
    assert vector.shape == (1, extractor.dim)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()
    statistics = vector.reshape(3, 380)
    assert (statistics[0] <= statistics[2] + 1e-3).all()  # means and maxima
    assert statistics[[0, 2]].min() >= -80
    assert statistics[[0, 2]].max() <= 0
    assert (statistics[1] >= 0).all()
