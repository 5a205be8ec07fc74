"""Small files of sound alone, of many kinds and with tags, made for the tests."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 48_000
KINDS = {  # suffix: codec, its options, format
    ".mp3": ("libmp3lame", {}, None),
    ".flac": ("flac", {}, None),
    ".ogg": ("vorbis", {"strict": "-2"}, None),
    ".oga": ("flac", {}, "ogg"),
    ".opus": ("libopus", {}, None),
    ".m4a": ("aac", {}, None),
    ".aac": ("aac", {}, None),
    ".wav": ("pcm_s16le", {}, None),
    ".aiff": ("pcm_s16be", {}, None),
    ".aif": ("pcm_s16be", {}, "aiff"),
    ".wma": ("wmav2", {}, None),
}


def song(seconds: float = 6.0, beat: float = 0.5, pitch: float = 220.0) -> np.ndarray:
    """A tone that sets in at every beat: (2, n_samples) float32 at 48 kHz."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * pitch * time) * np.exp(-6 * (time % beat))
    return np.stack([0.5 * tone, 0.5 * tone]).astype(np.float32)


def write_sound(path: Path, sound: np.ndarray | None = None, **tags: str) -> Path:
    """Write a file of the kind that its suffix says."""
    codec, options, kind = KINDS[path.suffix.lower()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w", kind) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=RATE, layout="stereo", options=options)
        if codec == "wmav2":
            stream.bit_rate = 128_000
        samples = np.ascontiguousarray(song() if sound is None else sound)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def add_id3(path: Path, **texts: bytes) -> Path:
    """Put an ID3 2.3 tag with a picture of the cover before an MP3; each text in Latin-1."""
    frames = [_id3_frame(name, b"\0" + text) for name, text in texts.items()]
    frames.append(_id3_frame("APIC", b"\0image/png\0\x03\0" + _png()))
    body = b"".join(frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + body + path.read_bytes())
    return path


def _id3_frame(name: str, body: bytes) -> bytes:
    return name.encode() + struct.pack(">IH", len(body), 0) + body


def _png() -> bytes:
    """A picture of 8 x 8 gray pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(b"".join(b"\0" + bytes(8) for _ in range(8)))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
