"""Which characters the bytes of a document mean.

Files of the design platform declare ISO-8859-1, and its clients send them as UTF-8 with that
declaration left in. Text of another encoding is almost never valid UTF-8 by accident, so the order
is: a byte order mark, UTF-8, the declaration, what the sender said.
"""

import codecs
import re

from touchstone.errors import DesignError

LARGEST = 8 * 1024 * 1024  # bytes; ten times the largest design we have seen
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16's mark, so it is asked first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# Python knows codecs that are no character sets, and some that take quadratic time.
CHARACTER_SETS = re.compile(
    r"^(utf-?(8|8-sig|16|32)(-?[lb]e)?|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|big5\w*|gb\w+|"
    r"euc_\w+|shift_?jis\w*|iso2022_\w+|johab|hz|tis-620|ptcp154|kz1048)$"
)


def decoded(document: bytes, charset: str = "") -> tuple[str, str]:
    """Return the text of a document, and a warning about its encoding or nothing."""
    if len(document) > LARGEST:
        raise DesignError(
            f"The document has {len(document):,} bytes; {LARGEST:,} are the most that is read. "
            "Split the design, or leave out runs and add them later."
        )
    for mark, encoding in MARKS:
        if document.startswith(mark):
            return _by(encoding, document).removeprefix("\ufeff"), ""
    declared = _declared(document)
    text = _as_utf8(document)
    if text is not None:
        return text, _mismatch(declared, document)
    return _by_name(document, [declared, charset]), ""


def _declared(document: bytes) -> str:
    found = DECLARED.match(document)
    return found[1].decode("ascii") if found else ""


def _as_utf8(document: bytes) -> str | None:
    try:
        return document.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _mismatch(declared: str, document: bytes) -> str:
    if not declared or document.isascii() or _canonical(declared) == "utf-8":
        return ""
    return f"Line 1: The file declares {declared} and is in UTF-8; it was read as UTF-8."


def _by_name(document: bytes, names: list[str]) -> str:
    encodings = [encoding for encoding in map(_canonical, names) if encoding not in {"", "utf-8"}]
    said = next(filter(None, names), "")
    return _by([*encodings, "utf-8"][0], document, said)


def _canonical(name: str) -> str:
    """Return Python's name of a character set; nothing for what is none."""
    try:
        found = codecs.lookup(name.strip()).name if name.strip().isascii() else ""
    except (LookupError, ValueError):
        return ""
    return found if CHARACTER_SETS.match(found) else ""


def _by(encoding: str, document: bytes, said: str = "") -> str:
    try:
        return document.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refusal(document, error, said) from error


def _refusal(document: bytes, error: UnicodeDecodeError, said: str) -> DesignError:
    """Say which byte is no character."""
    line = document.count(b"\n", 0, error.start) + 1
    column = error.start - document.rfind(b"\n", 0, error.start)
    what = f"The byte 0x{document[error.start]:02X} is no character of {error.encoding.upper()}"
    known = f", and {said!r} is no character set" if said and not _canonical(said) else ""
    remedy = 'Save the file as UTF-8, or declare its encoding, as in encoding="ISO-8859-1".'
    return DesignError(f"{what}{known}. {remedy}", line, column)
