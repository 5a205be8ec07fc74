"""What a media file holds, for whoever uses it."""

from dataclasses import dataclass
from pathlib import Path

from vmnet.errors import MediaError
from vmnet.media.audio import track_number
from vmnet.media.decode import open_media, video_stream
from vmnet.media.survey import comment_of, survey


@dataclass(frozen=True)
class MediaInfo:
    """What a media file holds.

    `duration` is where the last picture or sound ends, in seconds from time 0. `width` and `height`
    are in pixels as displayed, after rotation. `fps` is the average frame rate. `audio_track` is
    the number of the sound track that is read, 1 being the first, and `n_audio_tracks` how many
    there are. Numbers of a stream that is missing are 0. `comment` is the container's comment, ""
    if there is none.
    """

    duration: float
    has_audio: bool
    has_video: bool
    width: int
    height: int
    fps: float
    sample_rate: int
    channels: int
    comment: str
    audio_track: int = 0
    n_audio_tracks: int = 0


def probe(path: Path, *, audio_track: int | None = None) -> MediaInfo:
    """Read the whole file once and say what it holds; of sound, decode no more than must be.

    Parameters
    ----------
    path : Path
        A media file.
    audio_track : int, optional
        As in `load_audio`.

    Raises
    ------
    MediaError
        If the file is missing, empty, not a media file, truncated, holds nothing to play, or not
        that track. A file is truncated when it ends more than 5 % and more than 2 s before its
        header says.

    Warns
    -----
    InputWarning
        If it ends more than 0.5 % and 0.5 s early, or if another track than the first is read.
    """
    path = Path(path)
    known = survey(path)
    number = track_number(path, audio_track)
    sound = known.tracks[number - 1] if number else None
    picture = known.picture
    return MediaInfo(
        duration=known.duration(number),
        has_audio=sound is not None,
        has_video=picture is not None,
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        fps=picture.fps if picture else 0.0,
        sample_rate=sound.sample_rate if sound else 0,
        channels=sound.channels if sound else 0,
        comment=known.comment,
        audio_track=number or 0,
        n_audio_tracks=len(known.tracks),
    )


def comment(path: Path) -> str:
    """Return the container's comment, "" if it has none, from the header alone.

    Raises
    ------
    MediaError
        If the file is missing, empty or not a media file.
    """
    with open_media(Path(path)) as container:
        return comment_of(container)


def tags(path: Path) -> dict[str, str]:
    """Return what a file's header says of it, as its title, by names in lower case.

    What the container says comes before what its first sound track says: Ogg keeps its tags there.

    Raises
    ------
    MediaError
        If the file is missing, empty or not a media file.
    """
    with open_media(Path(path)) as container:
        holders = [*(stream.metadata for stream in container.streams.audio[:1]), container.metadata]
        return {name.lower(): text for holder in holders for name, text in holder.items()}


def has_pictures(path: Path) -> bool:
    """Tell from the header whether a file has moving pictures and a decoder for them.

    Raises
    ------
    MediaError
        If the file is missing, empty or not a media file.
    """
    with open_media(Path(path)) as container:
        return video_stream(container) is not None


def require(
    path: Path, audio: bool = True, video: bool = True, *, audio_track: int | None = None
) -> MediaInfo:
    """Probe a file and insist on the streams that are wanted.

    Raises
    ------
    MediaError
        As `probe`, and if a wanted stream is missing or none of it can be decoded.
    """
    info = probe(path, audio_track=audio_track)
    if audio and not info.has_audio:
        raise MediaError(f"{path} has no sound that can be decoded: use a file with a sound track.")
    if video and not info.has_video:
        raise MediaError(f"{path} has no pictures that can be decoded: use a file with video.")
    return info


def n_seconds(duration: float) -> int:
    """Return the number of 1 Hz feature frames of a clip of `duration` seconds: at least one."""
    return max(1, round(duration))
