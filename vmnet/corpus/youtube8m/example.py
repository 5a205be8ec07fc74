"""TensorFlow's messages, read without TensorFlow's chatter."""

import functools
from typing import TYPE_CHECKING, Any

from vmnet.quiet import quiet

if TYPE_CHECKING:
    from tensorflow.train import SequenceExample


def sequence_example(data: bytes) -> "SequenceExample | None":
    """Parse a `SequenceExample`; None if it is none.

    An `Example` reads as a SequenceExample that has a context alone.
    """
    message, error = _types()
    try:
        return message.FromString(data)
    except error:
        return None


@functools.cache
def _types() -> tuple[Any, type[Exception]]:
    with quiet():
        from google.protobuf.message import DecodeError
        from tensorflow.train import SequenceExample

        return SequenceExample, DecodeError
