"""Records of a TFRecord file, by their place, damaged ones reported and passed over.

TensorFlow's own readers end at the first damaged record and cannot start in the middle of a file.
A record is its length (uint64, little-endian), a checksum of that, the data, a checksum of those;
a checksum is a rotated CRC-32C plus a constant (tensorflow/core/lib/io/record_writer.h).
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import google_crc32c

from vmnet.corpus.youtube8m.diagnosis import ANEW, diagnose

_HEAD = struct.Struct("<QI")  # length of the data, its checksum
_FOOT = struct.Struct("<I")  # checksum of the data


class Record(NamedTuple):
    """An intact record; `offset` is where it starts in its file, in bytes."""

    offset: int
    data: bytes


class Flaw(NamedTuple):
    """What could not be read at `offset`, and why."""

    offset: int
    reason: str


def masked_crc(data: bytes) -> int:
    """Return the checksum that TFRecord files hold of `data`."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(path: Path) -> Iterator[Record | Flaw]:
    """Yield the records of a file in order, and a flaw for each that is damaged.

    A file that does not begin with a record is one flaw, which says what it is. After damaged data
    the next record is read; after a damaged length nobody knows where that starts, so the file ends
    there, as it does where it is cut off.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        size, offset = os.fstat(file.fileno()).st_size, 0
        if not size:
            yield Flaw(0, f"the file is empty: {ANEW}")
        while offset < size:
            head = file.read(_HEAD.size)
            if not offset and not _is_head(head):
                yield Flaw(0, diagnose(path))
                return
            if len(head) < _HEAD.size:
                yield Flaw(offset, f"cut off, {size - offset} bytes of a record are left: {ANEW}")
                return
            if not _is_head(head):
                yield Flaw(offset, f"damaged length, the rest of the file is lost: {ANEW}")
                return
            length, _ = _HEAD.unpack(head)
            end = offset + _HEAD.size + length + _FOOT.size
            if end > size:
                yield Flaw(offset, f"cut off, {end - size} bytes of a record are missing: {ANEW}")
                return
            data = file.read(length)
            intact = _FOOT.unpack(file.read(_FOOT.size))[0] == masked_crc(data)
            yield Record(offset, data) if intact else Flaw(offset, f"damaged data: {ANEW}")
            offset = end


def read_record(path: Path, offset: int, length: int) -> bytes | None:
    """Return the data of the record at `offset`; None if there is no intact one of `length` bytes.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        whole = file.read(_HEAD.size + length + _FOOT.size)
    if len(whole) < _HEAD.size + length + _FOOT.size or _HEAD.unpack_from(whole)[0] != length:
        return None
    data = whole[_HEAD.size : -_FOOT.size]
    return data if _FOOT.unpack(whole[-_FOOT.size :])[0] == masked_crc(data) else None


def _is_head(data: bytes) -> bool:
    return len(data) == _HEAD.size and masked_crc(data[:8]) == _HEAD.unpack(data)[1]
