"""Several updates in one call, compiled for the Keras backend in use.

Keras compiles one update at a time. On an accelerator an update takes a fraction of a millisecond,
less than a call from Python: there the data stay on the device, a call takes only the indices of
its batches, and gathers and updates follow each other inside it.

Keras' own `steps_per_execution` does not take its place (3.15): it is a loop in Python with JAX and
refused with torch. With TensorFlow on a processor, `fit` on 20 batches of 500 at a time took 1.02
to 1.03 times the processor's time of `compile_updates` (medians of six turns, the paper's network);
but its graph rounds differently, by 3e-6 in a weight after ten updates even with batches of known
shape, so that every trained network would be another one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmnet.models.backend import keras

if TYPE_CHECKING:
    from vmnet.models.learner import BaseLearner

# k batches: (music (k, b, dim), video (k, b, dim), clips (k, b)), or (rows (k, b), clips (k, b))
# of the resident features, or (music rows (k, b), video rows (k, b), clips (k, b)).
Batches = tuple[Any, ...]
Updates = Callable[[Batches], None]


def gather(resident: tuple[Any, ...], batch: Batches) -> tuple[tuple[Any, ...], Any]:
    """Return ((music, video), clips) of one batch, float32; from `resident` where it holds rows.

    Of a network with one kind of features: ((features,), targets).
    """
    *features, clips = batch
    if resident:
        rows = (features[0], features[-1])  # one for both where tracks are cut at the same times
        features = [keras.ops.take(*each, axis=0) for each in zip(resident, rows, strict=True)]
    return tuple(keras.ops.cast(part, "float32") for part in features), clips


def _tensorflow_updates(learner: "BaseLearner", resident: tuple[Any, ...]) -> Updates:
    import tensorflow as tf

    def run(*batches: Any) -> None:
        def update(i: Any) -> tuple[Any]:
            learner.train_step(gather(resident, tuple(part[i] for part in batches)))
            return (i + 1,)

        n = tf.shape(batches[-1])[0]
        tf.while_loop(lambda i: i < n, update, [0], parallel_iterations=1)

    compiled: dict[Any, Callable[..., None]] = {}

    def updates(batches: Batches) -> None:
        parts = [tf.convert_to_tensor(part) for part in batches]
        one = tuple((part.shape[1:], part.dtype) for part in parts)
        if one not in compiled:  # one graph for any number of batches
            signature = [tf.TensorSpec([None, *shape], dtype) for shape, dtype in one]
            compiled[one] = tf.function(run, autograph=False).get_concrete_function(*signature)
        compiled[one](*parts)

    return updates


def _jax_updates(learner: "BaseLearner", resident: tuple[Any, ...]) -> Updates:
    import jax

    def run(state: Any, resident: tuple[Any, ...], batches: Batches) -> Any:
        def update(state: Any, batch: Batches) -> tuple[Any, None]:
            return learner.train_step(state, gather(resident, batch))[1], None

        return jax.lax.scan(update, state, batches)[0]

    compiled = jax.jit(run, donate_argnums=0)

    def updates(batches: Batches) -> None:
        variables = (
            learner.trainable_variables,
            learner.non_trainable_variables,
            learner.optimizer.variables,
            learner.metrics_variables,
        )
        values = tuple([variable.value for variable in group] for group in variables)
        after = compiled(values, resident, tuple(map(keras.ops.convert_to_tensor, batches)))
        for group, new in zip(variables, after, strict=True):
            for variable, value in zip(group, new, strict=True):
                variable.assign(value)

    return updates


def _torch_updates(learner: "BaseLearner", resident: tuple[Any, ...]) -> Updates:
    def updates(batches: Batches) -> None:
        parts = [keras.ops.convert_to_tensor(part) for part in batches]
        for batch in zip(*parts, strict=True):
            learner.train_step(gather(resident, batch))

    return updates


def _tensorflow_device() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return (
        tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else ""
    )


def _jax_device() -> str:
    import jax

    return "" if jax.default_backend() == "cpu" else jax.devices()[0].device_kind


def _torch_device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


@dataclass(frozen=True)
class _Backend:
    compile: Callable[["BaseLearner", tuple[Any, ...]], Updates]
    accelerator: Callable[[], str]  # its name, or ""


_BACKENDS = {
    "tensorflow": _Backend(_tensorflow_updates, _tensorflow_device),
    "jax": _Backend(_jax_updates, _jax_device),
    "torch": _Backend(_torch_updates, _torch_device),
}


def compile_updates(learner: "BaseLearner", resident: tuple[Any, ...] = ()) -> Updates:
    """Return a function that takes as many updates as it is given batches, in their order.

    Parameters
    ----------
    learner
        Built; its `train_step` is what is compiled.
    resident
        (music, video) on the device: then a batch is (rows, clips). Empty: it holds the features.
    """
    return _BACKENDS[keras.backend.backend()].compile(learner, resident)


def accelerator() -> str:
    """Return the name of the accelerator that the backend computes on, "" for the processor."""
    return _BACKENDS[keras.backend.backend()].accelerator()
