"""The loop of a training, whatever it trains: updates, evaluations, checkpoints, best weights."""

import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from tqdm import tqdm

from vmnet.errors import VmnetError
from vmnet.models.batches import Feed
from vmnet.models.embedder import curve_text, make_curve, score, weights_of
from vmnet.models.energy import NO_ENERGY, Energy, Meter
from vmnet.store import load_arrays, save_arrays, save_text

if TYPE_CHECKING:
    from vmnet.models.learner import BaseLearner


class Limits(Protocol):
    """What the settings of every training say about its course; see `TrainingConfig`."""

    @property
    def steps(self) -> int: ...
    @property
    def evaluate_every(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def seed(self) -> int: ...


def learn(
    learner: "BaseLearner",
    feed: Feed,
    evaluate: Callable[[], tuple[float, ...]],
    limits: Limits,
    folder: Path,
    progress: bool = True,
    checkpoint_seconds: float = 30.0,
    country: str = "",
    evaluate_first: bool = False,
    early_stopping: bool = True,
) -> tuple[dict[str, np.ndarray], Energy]:
    """Train `learner.net` to the end, from the checkpoint in `folder` if there is one.

    Training ends after `limits.steps` updates, or after `limits.patience` evaluations without a
    better one; the network gets the weights of the best.

    Parameters
    ----------
    learner
        The network, its loss and its optimiser.
    feed
        From a generator and a number of updates to their batches.
    evaluate
        Returns the validation loss and, where the best is known by that, a rank.
    limits
        When to evaluate and when to end; `seed` is that of the generator of `feed`.
    folder
        Where checkpoint.npz and curve.csv go. The caller removes the checkpoint when what came of
        the training is kept: see `remove_checkpoint`.
    progress, checkpoint_seconds, country
        As in `train`.
    evaluate_first
        Whether the network is evaluated before its first update, too.
    early_stopping
        Without it only `limits.steps` ends the training, and its last weights count as the best.

    Returns
    -------
    The curve (see `TrainedVMNet.curve`) and the energy, over all resumes.

    Raises
    ------
    VmnetError
        If the checkpoint is damaged, or if training diverges.
    """
    rng = np.random.default_rng(limits.seed)
    run = _Run(learner, rng, Path(folder), Meter(country), early_stopping)
    try:
        run.resume()
        if not run.curve and evaluate_first:
            run.record(0, np.nan, 0.0, *evaluate())
        _loop(run, feed, evaluate, limits, progress, checkpoint_seconds)
    finally:
        run.energy += run.meter.stop()
    for weight in learner.net.weights:
        weight.assign(run.best[weight.path])
    return make_curve(np.array(run.curve).T), run.energy


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint that `learn` has left in `folder`."""
    _checkpoint(folder).unlink(missing_ok=True)


def _checkpoint(folder: Path) -> Path:
    return Path(folder) / "checkpoint.npz"


@dataclass
class _Run:
    """A training between two evaluations: all that a checkpoint holds."""

    learner: "BaseLearner"
    rng: np.random.Generator
    folder: Path
    meter: Meter
    early_stopping: bool = True
    energy: Energy = NO_ENERGY
    curve: list[tuple[float, ...]] = field(default_factory=list)  # rows; see `make_curve`
    best: dict[str, np.ndarray] = field(default_factory=dict)  # weights

    @property
    def checkpoint(self) -> Path:
        return _checkpoint(self.folder)

    @property
    def step(self) -> int:
        return int(self.curve[-1][0]) if self.curve else 0

    def record(
        self, updates: int, train_loss: float, seconds: float, valid_loss: float, *rank: float
    ) -> None:
        """Note an evaluation after `updates` more updates that took `seconds` with it."""
        step = self.step + updates
        if not np.isfinite([valid_loss, *([train_loss] if updates else [])]).all():
            raise VmnetError(
                f"training in {self.folder} diverged before step {step}: lower learning_rate"
            )
        before = self.curve[-1][3] if self.curve else 0.0
        row = (step, train_loss, valid_loss, before + seconds, *rank)
        self.curve.append(row)
        if int(np.argmin(self.scores)) == len(self.curve) - 1:
            self.best = weights_of(self.learner.net)

    @property
    def scores(self) -> list[float]:
        """What is to be small of each evaluation; the first of equals is the best."""
        return [score(row, self.early_stopping) for row in self.curve]

    def finished(self, limits: Limits) -> bool:
        scores = self.scores
        waited = len(scores) - 1 - int(np.argmin(scores)) if scores else 0
        return self.step >= limits.steps or waited >= limits.patience

    def save(self) -> None:
        arrays = {f"state/{name}": array for name, array in self.learner.state().items()}
        arrays |= {f"best/{name}": array for name, array in self.best.items()}
        self.energy += self.meter.lap()
        arrays["rng"] = np.array(json.dumps(self.rng.bit_generator.state))
        arrays["energy"] = np.array(json.dumps(asdict(self.energy)))
        save_arrays(self.checkpoint, **arrays, curve=np.array(self.curve))
        save_text(self.folder / "curve.csv", curve_text(make_curve(np.array(self.curve).T)))

    def resume(self) -> None:
        """Go back to the checkpoint, if there is one."""
        if not self.checkpoint.exists():
            return
        try:
            arrays = load_arrays(self.checkpoint)
            self.learner.restore(_part(arrays, "state/"))
            self.best = _part(arrays, "best/")
            self.rng.bit_generator.state = json.loads(str(arrays["rng"]))
            self.energy = Energy(**json.loads(str(arrays["energy"])))
            self.curve = [tuple(row) for row in arrays["curve"].tolist()]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise VmnetError(f"{self.checkpoint} is damaged: delete it ({error})") from error


def _loop(
    run: _Run,
    feed: Feed,
    evaluate: Callable[[], tuple[float, ...]],
    limits: Limits,
    progress: bool,
    checkpoint_seconds: float,
) -> None:
    saved = time.monotonic()
    bar = tqdm(
        total=limits.steps,
        initial=run.step,
        disable=not progress,
        desc="training",
        unit="step",
        leave=False,
    )
    with bar:
        while not run.finished(limits):
            begun = time.monotonic()
            n_updates = min(limits.evaluate_every, limits.steps - run.step)
            total = 0.0
            for batches in feed(run.rng, n_updates):
                n = len(batches[-1])
                total += n * run.learner.update(batches)
                bar.update(n)
            valid = evaluate()
            train_loss = total / n_updates
            run.record(n_updates, train_loss, time.monotonic() - begun, *valid)
            bar.set_postfix(train=f"{train_loss:.4f}", valid=f"{valid[-1]:.4f}", refresh=False)
            if time.monotonic() - saved >= checkpoint_seconds:
                run.save()
                saved = time.monotonic()


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): array for k, array in arrays.items() if k.startswith(prefix)}
