"""Files are known by their first bytes alone."""

import io
import zipfile

import pytest
from PIL import Image

from runs.contents import HEAD, KINDS, content_of


def drawn(kind):
    file = io.BytesIO()
    Image.new("RGB", (2, 2)).save(file, kind)
    return file.getvalue()


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "type_", "kind"),
    [
        (drawn("JPEG"), "image/jpeg", "image"),
        (drawn("PNG"), "image/png", "image"),
        (drawn("GIF"), "image/gif", "image"),
        (drawn("WEBP"), "image/webp", "image"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav", "audio"),
        (b"OggS\0\x02", "audio/ogg", "audio"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "audio/webm", "audio"),
        (b"\0\0\0\x18ftypM4A \0", "audio/mp4", "audio"),
        (b"\0\0\0\x18ftypisom\0", "video/mp4", "video"),
        (b"\0\0\0\x18ftypheic\0", "image/heic", "image"),
        (b"ID3\x04", "audio/mpeg", "audio"),
        (b"\xff\xfb\x90\x64", "audio/mpeg", "audio"),
        (b"fLaC", "audio/flac", "audio"),
        (b"%PDF-1.7", "application/pdf", "pdf"),
        (zipped(), "application/zip", "zip"),
        ("Füße, a;b\n".encode(), "text/plain; charset=utf-8", "text"),
        (b"<html><script>alert(1)</script>", "text/plain; charset=utf-8", "text"),
    ],
)
def test_a_file_is_what_its_bytes_say(head, type_, kind):
    found = content_of(head)
    assert found.type == type_
    assert kind in found.kinds
    assert set(found.kinds) <= set(KINDS)


@pytest.mark.parametrize("head", [b"", b"\0\1\2\3", b"MZ\x90\0", b"\x7fELF\2\1", b"\xfe\xfe\xfa"])
def test_what_is_nothing_known_is_nothing(head):
    assert content_of(head) is None


def test_a_character_that_is_cut_off_at_the_end_leaves_a_text_a_text():
    for shift in range(4):
        text = ("a" * shift + "ü" * HEAD).encode()[: HEAD + 1]
        assert content_of(text[:HEAD]).kinds == ("text",)
    assert content_of(b"a" * 3000 + b"\xff" * 3) is None
