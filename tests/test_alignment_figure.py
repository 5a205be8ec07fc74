"""The path that is drawn through a table is the one whose score the table holds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from vmnet.aligners import align
from vmnet.report import figures
from vmnet.report.figures.alignment import nodes


def unit(rng, n_segments):
    vectors = rng.normal(size=(n_segments, 4)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@settings(deadline=None)
@given(
    st.integers(0, 1000),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.01, 0.05, 0.4]),
    st.sampled_from(["nw", "sw"]),
)
def test_the_steps_of_the_path_add_up_to_the_score(seed, n_music, n_video, indel, method):
    rng = np.random.default_rng(seed)
    music, video = unit(rng, n_music), unit(rng, n_video)
    found = align(music, video, method, indel)
    path = nodes(found, method)
    total = 0.0
    for (i, j), (k, m) in pairwise(path):
        assert (k - i, m - j) in {(1, 0), (0, 1), (1, 1)}
        total += music[i] @ video[j] if (k - i, m - j) == (1, 1) else -indel
    assert total == pytest.approx(found.score, abs=1e-5)
    if method == "nw":
        assert (path[0], path[-1]) == ((0, 0), (n_music, n_video))


def test_a_local_alignment_of_nothing_has_no_path():
    found = align([[1.0, 0.0]], [[-1.0, 0.0]], "sw")
    assert nodes(found, "sw") == []
    assert figures.alignment(found, "sw", "toy")


def test_small_tables_show_every_score_and_large_ones_none():
    rng = np.random.default_rng(0)
    for n_segments, n_scores in ((3, 16), (40, 0)):
        found = align(unit(rng, n_segments), unit(rng, n_segments), "nw")
        figure = figures.alignment(found, "nw", "toy", "One clip, indel 0.05")
        words = [text.get_text() for text in figure.axes[0].texts]
        assert len(words) == n_scores
        said = [text.get_text() for text in figure.findobj(Text)]
        assert {"One clip, indel 0.05", "toy data"} <= set(said)
