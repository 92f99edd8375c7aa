"""Kinds of files that may be stimuli: by the end of the name, held against how the file begins."""

from pathlib import PurePath

RIFF, WAVE, WEBP = b"RIFF", b"WAVE", b"WEBP"
EBML = b"\x1aE\xdf\xa3"
TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".txt": "text/plain",
}
BEGINNINGS = {
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "audio/ogg": (b"OggS",),
    "audio/flac": (b"fLaC",),
    "video/webm": (EBML,),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
ENOUGH = 16  # so many bytes tell one kind from another


def type_of(name: str) -> str:
    """Return the media type that a file's name promises; empty where it may be no stimulus."""
    return TYPES.get(PurePath(name).suffix.lower(), "")


def is_what_it_says(media_type: str, beginning: bytes) -> bool:
    """Say whether a file begins as its kind does."""
    if media_type in {"audio/wav", "image/webp"}:
        inner = WAVE if media_type == "audio/wav" else WEBP
        return beginning[:4] == RIFF and beginning[8:12] == inner
    if media_type in {"audio/mp4", "video/mp4"}:
        return beginning[4:8] == b"ftyp"
    if media_type == "text/plain":
        return b"\0" not in beginning
    return beginning.startswith(BEGINNINGS[media_type])
