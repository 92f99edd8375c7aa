"""The formats of designs, told apart by how they begin."""

import re

from touchstone import table, tsl, xml
from touchstone.decoding import decoded
from touchstone.design import Design
from touchstone.errors import DesignError

FORMATS = ("xml", "tsl", "csv")
SESSION = re.compile(r"<\s*([0-9]+\s*\*|[A-Za-z0-9_-]+\s*[=(])")


def format_of(document: bytes, charset: str = "") -> str:
    """Return what a document seems to be."""
    try:
        text = decoded(document[:4096], charset)[0].lstrip()
    except DesignError:  # cut in a letter, or of no known encoding: whoever reads it says which
        text = document[:4096].decode("latin-1").lstrip("\xef\xbb\xbf \r\n\t")
    if SESSION.match(text):
        return "tsl"
    return "xml" if text.startswith("<") else "csv"


def read(  # noqa: PLR0913  a document and what some formats do not say
    document: bytes,
    charset: str = "",
    *,
    form: str = "",
    participants: int = 0,
    code: str = "",
    seed: int = 0,
) -> Design:
    """Return the design of a document of any format; ``code`` is its id where it has none."""
    form = form or format_of(document, charset)
    if form == "xml":
        return xml.read(document, charset)
    if form == "tsl":
        return tsl.read(document, charset, participants=participants, code=code, seed=seed)
    return table.read(document, charset, code=code)
