"""What a table of values may hold: whoever opens it must not run what somebody else has typed."""

import re
from datetime import datetime

FORMULA = ("=", "+", "-", "@")
LIKE_A_FORMULA = re.compile(r"'*\s*[=+\-@]")
HARMLESS = re.compile(r"[=+\-@]+|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def cell(value: object) -> str:
    """Write a value; text that a spreadsheet would calculate begins with an apostrophe."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.lstrip().startswith(FORMULA) and not is_number else text


def guarded(text: str) -> str:
    """Return a text of data that no spreadsheet calculates, and that programs can read back.

    Numbers and bare signs are left alone: they are what somebody measured. Of a text that begins
    with apostrophes and then as a formula would, whoever reads it takes one apostrophe away; texts
    that began so themselves get one more, so that nothing is ambiguous.
    """
    if not LIKE_A_FORMULA.match(text) or HARMLESS.fullmatch(text):
        return text
    return f"'{text}"
