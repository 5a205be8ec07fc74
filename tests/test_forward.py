"""The network in NumPy embeds as Keras does."""

import numpy as np
import pytest

from vmnet.aligners import Sequences
from vmnet.errors import VmnetError
from vmnet.models.embedder import weights_of
from vmnet.models.forward import PlainVMNet
from vmnet.models.vmnet import LinearStart, build_shortcut_vmnet, build_vmnet

DIMS = {"music": 6, "video": 9}


def shuffled(model, seed=0):
    """Give every weight another value; variances stay positive."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(scale=0.3, size=weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)
    return model


def paper(standardized):
    statistics = {f"{name}_statistics": None for name in DIMS}
    if standardized:
        for name, dim in DIMS.items():
            statistics[f"{name}_statistics"] = (np.full(dim, 2.0), np.linspace(0.5, 4, dim))
    model = shuffled(build_vmnet(DIMS["music"], DIMS["video"], **statistics))
    arrays = weights_of(model)
    for name in DIMS if standardized else ():
        mean, variance = statistics[f"{name}_statistics"]
        arrays |= {f"{name}_mean": mean, f"{name}_variance": variance}
    return model, arrays


def shortcut():
    starts = [
        LinearStart(np.ones(dim), np.ones((dim, 4)), np.ones((dim, 5))) for dim in DIMS.values()
    ]
    model = shuffled(build_shortcut_vmnet(*starts, hidden=7))
    return model, weights_of(model)


@pytest.mark.parametrize(
    "network", [lambda: paper(False), lambda: paper(True), shortcut], ids=["paper", "std", "own"]
)
def test_embeddings_are_those_of_keras(network, tmp_path):
    model, arrays = network()
    np.savez(tmp_path / "model.npz", **arrays)
    rng = np.random.default_rng(1)
    clips = {name: rng.normal(size=(11, dim)).astype(np.float32) for name, dim in DIMS.items()}
    expected = model([clips["music"], clips["video"]], training=False)
    plain = PlainVMNet.load(tmp_path)
    for name, keras_rows in zip(DIMS, expected, strict=True):
        sequences = Sequences.from_list([clips[name][:4], clips[name][4:]])
        found = getattr(plain, f"embed_{name}")(sequences)
        np.testing.assert_allclose(found.data, np.array(keras_rows), atol=2e-6)
        assert found.offsets.tolist() == [0, 4, 11]


def test_other_features_and_damaged_files_are_refused(tmp_path):
    _, arrays = shortcut()
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(ValueError, match="takes music features of length 6, not 9"):
        PlainVMNet.load(tmp_path).embed_music(Sequences.from_list([np.ones((2, 9))]))
    (tmp_path / "model.npz").write_bytes(b"none")
    with pytest.raises(VmnetError, match=r"model\.npz is missing or damaged"):
        PlainVMNet.load(tmp_path)
