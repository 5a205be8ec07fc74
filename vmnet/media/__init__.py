"""Sound and pictures of media files, decoded with PyAV piece by piece, in constant memory.

Conventions
-----------
Time is in seconds on the container's own time line: time 0 is where its earliest stream starts. A
stream that starts before its zero (the priming samples of AAC and Opus) is cut there, not moved.
Sound is mono, the plain mean of all channels of the first sound stream (of a 5.1 recording too,
each channel counting one sixth), resampled with FFmpeg's swresample, and placed by its time stamps:
a late start, or a gap of more than `audio.MAX_DRIFT` seconds, becomes silence. Pictures are RGB,
upright (the rotation of phone videos is applied) with square pixels. Cover art is no video.
"""

from vmnet.media.audio import audio_blocks, load_audio
from vmnet.media.survey import MediaInfo, comment, n_seconds, probe, require
from vmnet.media.video import all_pictures, picture_at, pictures, second_pictures

__all__ = [
    "MediaInfo",
    "all_pictures",
    "audio_blocks",
    "comment",
    "load_audio",
    "n_seconds",
    "picture_at",
    "pictures",
    "probe",
    "require",
    "second_pictures",
]
