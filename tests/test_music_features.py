"""MusiCNN in Keras against the authors' own graph, and the seconds its vectors stand for."""

import subprocess
import sys
from pathlib import Path

import av
import librosa
import numpy as np
import pytest

from vmnet import media, pretrained
from vmnet.errors import MediaError
from vmnet.features import EXTRACTORS, music
from vmnet.quiet import quiet

RATE = music.SAMPLE_RATE
CHECKPOINT = "msd"


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * RATE))


def write_clip(path: Path, sound: np.ndarray | None = None, picture_seconds: int = 0) -> Path:
    """Write sound `(n_samples,)` at 16 kHz, uncompressed, and black pictures at 5 fps."""
    with av.open(path, "w") as container:
        if sound is not None:
            stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
            samples = (sound[None] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, layout="mono")
            frame.sample_rate, frame.pts = RATE, 0
        if picture_seconds:
            pictures = container.add_stream("libx264", rate=5)
            pictures.width = pictures.height = 16
        if sound is not None:
            container.mux([*stream.encode(frame), *stream.encode()])
        if picture_seconds:
            black = np.zeros((16, 16, 3), np.uint8)
            for _ in range(picture_seconds * 5):
                container.mux(pictures.encode(av.VideoFrame.from_ndarray(black)))
            container.mux(pictures.encode())
    return path


@pytest.fixture(scope="module")
def spectrogram(music_video) -> np.ndarray:
    return music.log_mel(music_video)


@pytest.fixture(scope="module")
def activations(music_video) -> tuple[np.ndarray, np.ndarray]:
    return music.activations(music_video)


@pytest.fixture(scope="module")
def silence(tmp_path_factory) -> np.ndarray:
    """The vector of silence, `(200,)`."""
    path = tmp_path_factory.mktemp("silence") / "silence.mkv"
    return music.embed(write_clip(path, np.zeros(RATE)))[0]


def original_graph(patches: np.ndarray) -> list[np.ndarray]:
    """Run the TensorFlow 1 graph that the authors saved with their checkpoint."""
    with quiet():
        import tensorflow as tf

        folder = pretrained.folder("musicnn")
        saved = tf.compat.v1.MetaGraphDef.FromString((folder / f"{CHECKPOINT}.meta").read_bytes())
        wanted = ["model/batch_normalization_10/batchnorm/add_1", "model/Sigmoid"]
        nodes = tf.compat.v1.graph_util.extract_sub_graph(saved.graph_def, wanted)
        reader = tf.train.load_checkpoint(str(folder / CHECKPOINT))
        with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
            tf.import_graph_def(nodes, name="")
            placeholders = [op for op in graph.get_operations() if op.type == "Placeholder"]
            values = {
                op.outputs[0]: False if op.outputs[0].dtype == tf.bool else patches
                for op in placeholders
            }
            for op in graph.get_operations():
                if op.type == "VariableV2":
                    values[f"{op.name}/read:0"] = reader.get_tensor(op.name)
            return session.run([f"{name}:0" for name in wanted], values)


def test_the_keras_model_is_the_authors_graph(spectrogram):
    rng = np.random.default_rng(0)
    real = spectrogram[: 4 * music.PATCH].reshape(4, music.PATCH, music.N_MELS)
    patches = np.concatenate([real, rng.uniform(0, 5, real.shape), 0 * real]).astype(np.float32)
    ours = music._model().predict(patches, verbose=0)
    for mine, theirs in zip(ours, original_graph(patches), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)
        assert theirs.std(axis=0).max() > 0.1  # not the same vector for everything


def test_the_spectrogram_in_blocks_is_that_of_the_whole(music_video, spectrogram):
    power = librosa.feature.melspectrogram(
        y=media.load_audio(music_video, RATE), sr=RATE, n_fft=512, hop_length=256, n_mels=96
    )
    np.testing.assert_allclose(spectrogram, np.log10(10_000 * power.T + 1), atol=1e-4)


def test_one_vector_a_second(activations):
    vectors, heard = activations
    assert vectors.shape == (212, EXTRACTORS["musicnn"].dim) == (212, 200)
    assert heard.shape == (212, 50)
    assert vectors.dtype == heard.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_a_pop_song_of_1987_is_heard_as_one(activations):
    loudest = activations[1].mean(axis=0).argsort()[::-1]
    assert [music.TAGS[index] for index in loudest[:3]] == ["pop", "80s", "dance"]


def test_the_tags_of_a_clip_are_the_means_of_its_seconds(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", noise(4))
    means = dict(zip(music.TAGS, music.activations(clip)[1].mean(axis=0), strict=True))
    heard = music.tags(clip, top=5)
    assert list(heard) == sorted(means, key=means.__getitem__, reverse=True)[:5]
    assert heard == pytest.approx({tag: means[tag] for tag in heard})
    np.testing.assert_array_equal(EXTRACTORS["musicnn"].extract(clip), music.embed(clip))


def test_fifty_different_tags():
    assert len(set(music.TAGS)) == len(music.TAGS) == 50


def test_the_batch_size_does_not_matter(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", noise(7))
    np.testing.assert_allclose(music.embed(clip, batch=3), music.embed(clip), atol=1e-4)


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, 1), (1, 1), (2.6, 3)])
def test_short_clips(tmp_path, seconds, expected):
    vectors = music.embed(write_clip(tmp_path / "short.mkv", noise(seconds)))
    assert vectors.shape == (expected, 200)
    assert np.isfinite(vectors).all()


def test_a_vector_hears_three_seconds_around_its_own(tmp_path, silence):
    """Music starts at second 6: the vectors of seconds 5, 6, ... hear it, those before do not."""
    sound = np.concatenate([np.zeros(6 * RATE), noise(4)])
    vectors = music.embed(write_clip(tmp_path / "late.mkv", sound))
    far = np.abs(vectors - silence).max(axis=1) > 0.1
    assert far.tolist() == [False] * 5 + [True] * 5


def test_the_ends_hear_no_silence(tmp_path, silence):
    vectors = music.embed(write_clip(tmp_path / "even.mkv", noise(8)))
    middle = vectors[2:-2].mean(axis=0)
    ends = np.linalg.norm(vectors[[0, -1]] - middle, axis=1)
    assert ends.max() < 0.3 * np.linalg.norm(silence - middle)


def test_where_the_sound_ends_before_the_pictures_there_is_silence(tmp_path, silence):
    vectors = music.embed(write_clip(tmp_path / "early.mkv", noise(2), picture_seconds=8))
    assert vectors.shape == (8, 200)
    np.testing.assert_allclose(vectors[4:], np.tile(silence, (4, 1)), atol=1e-4)
    assert np.abs(vectors[0] - silence).max() > 0.1


def test_patches_lie_around_the_middle_of_their_second():
    middles = (music.patch_starts(1000) + music.PATCH // 2) / music.FRAME_RATE
    assert np.abs(middles - np.arange(1000) - 0.5).max() <= 0.5 / music.FRAME_RATE


@pytest.mark.parametrize("count", [1, 2, 3, 63])
def test_mirroring_is_numpys_reflection(count):
    reach = 100
    expected = np.pad(np.arange(count), reach, mode="reflect")
    folded = music._mirrored(np.arange(-reach, count + reach), count)
    np.testing.assert_array_equal(folded, expected)


def test_a_clip_without_sound_is_refused(tmp_path):
    with pytest.raises(MediaError, match=r"mute\.mp4"):
        music.embed(write_clip(tmp_path / "mute.mp4", picture_seconds=1))


def test_no_extractor_prints_anything(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", noise(1), picture_seconds=1)
    code = (
        "import sys, pathlib; from vmnet.features import READY\n"
        "for extractor in READY: extractor.extract(pathlib.Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, clip], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
