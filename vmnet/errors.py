"""The errors that a user can mend."""


class VmnetError(Exception):
    """A problem in the user's input; its text is one sentence that names the file and the remedy.

    The command line prints it without a traceback and exits with 1. In a batch it is reported for
    the clip it belongs to, and the other clips go on.
    """


class MediaError(VmnetError):
    """A media file that cannot be used: missing, truncated, empty, or without the wanted stream."""


class ManifestError(VmnetError):
    """A manifest that cannot be used; its text lists every bad line."""


class WeightsError(VmnetError):
    """Pretrained weights that are missing or damaged."""
