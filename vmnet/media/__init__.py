"""Sound and pictures of media files, decoded with PyAV piece by piece, in constant memory.

Conventions
-----------
Time is in seconds on the container's own time line: time 0 is where its earliest stream starts. A
stream that starts before its zero (the priming samples of AAC and Opus) is cut there, not moved.
Where the time stamps start again, as in two recordings joined end to end, time goes on. Sound is
the first track that can be heard, mono (`mixing` says how), resampled with FFmpeg's swresample, and
placed by its time stamps: a late start, or a gap of more than `audio.MAX_DRIFT` seconds, becomes
silence. Pictures are RGB of standard dynamic range, upright (the rotation of phone videos is
applied) with square pixels. Cover art is no video.
"""

from vmnet.media.audio import audio_blocks, load_audio, using_audio_track
from vmnet.media.info import MediaInfo, comment, has_pictures, n_seconds, probe, require, tags
from vmnet.media.video import all_pictures, pictures, second_pictures

# Part of the key of what is made from media files; it grows when a file decodes to other numbers.
VERSION = 2

__all__ = [
    "VERSION",
    "MediaInfo",
    "all_pictures",
    "audio_blocks",
    "comment",
    "has_pictures",
    "load_audio",
    "n_seconds",
    "pictures",
    "probe",
    "require",
    "second_pictures",
    "tags",
    "using_audio_track",
]
