"""What a file is that should be a shard and is not, and what to do about it."""

import re
from pathlib import Path

from vmnet.corpus.youtube8m.example import sequence_example

ANEW = "download it anew"
_LONGEST = 1 << 26  # bytes; a video's frame-level record has less than half a million

_BY_FIRST_BYTES: dict[bytes, str] = {
    b"\x1f\x8b": "it is gzip-compressed: put what `gunzip < FILE` gives in its place",
    b"x\x9c": "it is zlib-compressed: put what Python's zlib.decompress gives in its place",
    b"PK\x03\x04": "it is a ZIP archive: unpack it and put the shards in its place",
    b"version https://git-lfs": "it is a pointer of Git LFS: run `git lfs pull` where it is from",
}


def diagnose(path: Path) -> str:
    """Say in one clause what a file is whose first bytes are no TFRecord's, and the remedy.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(_LONGEST)
    for first, sentence in _BY_FIRST_BYTES.items():
        if data.startswith(first):
            return sentence
    unknown = f"it is no TFRecord file, or its first length is damaged: {ANEW}"
    return _page(data[:4096]) or _bare_example(data) or unknown


def _page(data: bytes) -> str | None:
    """Recognise what a web server sends instead of a file."""
    text = data.decode("utf-8-sig", "replace").lstrip()
    kind = re.match(r"<(!doctype html|html|\?xml|error)\b", text, re.IGNORECASE)
    if not kind:
        return None
    what = "an HTML page" if "html" in kind[1].lower() else "an XML page"
    said = re.search(r"<(code|message|title)>\s*([^<]{1,80}?)\s*</", text, re.IGNORECASE)
    return f"it is {what} of a web server{f' ({said[2]})' if said else ''}, no shard: {ANEW}"


def _bare_example(data: bytes) -> str | None:
    """Recognise a message that lies in the file alone, without the frame of a record."""
    example = sequence_example(data)
    if example is None:
        return None
    lists, context = example.feature_lists.feature_list, example.context.feature
    if not lists and not context:
        return None
    return (
        f"it is a bare {'SequenceExample' if lists else 'Example'}, not a record of a TFRecord "
        "file: write its bytes into one with tf.io.TFRecordWriter"
    )
