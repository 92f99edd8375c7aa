"""What a file is, by its first bytes: its name and what a browser says of it are not believed."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

HEAD = 4096  # bytes that are looked at
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
UTF8 = codecs.getincrementaldecoder("utf-8")
KINDS = {
    "image": "a picture (JPEG, PNG, GIF, WebP, HEIC)",
    "audio": "a sound (WebM, Ogg, MP4, MP3, WAV, FLAC, AAC)",
    "video": "a film (WebM, MP4, Ogg)",
    "pdf": "a PDF",
    "text": "a text (UTF-8)",
    "zip": "a ZIP archive or an office document",
}


@dataclass(frozen=True)
class Content:
    """What a file is to people (``kinds``) and to browsers (``type``)."""

    type: str
    kinds: tuple[str, ...]


def _begins(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signs)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _is_mp3(head: bytes) -> bool:
    is_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # noqa: PLR2004
    return head.startswith(b"ID3") or is_frame  # the sync word, layer III (ISO/IEC 11172-3, 2.4.1)


def _is_webm(head: bytes) -> bool:
    return head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]


def _is_text(head: bytes) -> bool:
    try:
        UTF8().decode(head, final=len(head) < HEAD)  # else a character may be cut off at the end
    except UnicodeDecodeError:
        return False
    return bool(head) and not CONTROL.search(head)


SIGNS: tuple[tuple[Callable[[bytes], bool], Content], ...] = (
    (_begins(b"\xff\xd8\xff"), Content("image/jpeg", ("image",))),
    (_begins(b"\x89PNG\r\n\x1a\n"), Content("image/png", ("image",))),
    (_begins(b"GIF87a", b"GIF89a"), Content("image/gif", ("image",))),
    (_riff(b"WEBP"), Content("image/webp", ("image",))),
    (_brand(b"heic", b"heix", b"mif1"), Content("image/heic", ("image",))),
    (_riff(b"WAVE"), Content("audio/wav", ("audio",))),
    (_begins(b"fLaC"), Content("audio/flac", ("audio",))),
    (_begins(b"OggS"), Content("audio/ogg", ("audio", "video"))),
    (_is_webm, Content("audio/webm", ("audio", "video"))),
    (_brand(b"M4A "), Content("audio/mp4", ("audio",))),
    (lambda head: head[4:8] == b"ftyp", Content("video/mp4", ("audio", "video"))),
    (_begins(b"\xff\xf1", b"\xff\xf9"), Content("audio/aac", ("audio",))),
    (_is_mp3, Content("audio/mpeg", ("audio",))),
    (_begins(b"%PDF-"), Content("application/pdf", ("pdf",))),
    (_begins(b"PK\x03\x04"), Content("application/zip", ("zip",))),
    (_is_text, Content("text/plain; charset=utf-8", ("text",))),
)


def content_of(head: bytes) -> Content | None:
    """Return what a file is that begins so; None where it is nothing that is known here."""
    return next((content for is_it, content in SIGNS if is_it(head[:HEAD])), None)
