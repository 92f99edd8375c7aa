"""What a table of values may hold: whoever opens it must not run what somebody else has typed."""

from datetime import datetime

FORMULA = ("=", "+", "-", "@")


def cell(value: object) -> str:
    """Write a value; text that a spreadsheet would calculate begins with an apostrophe."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.lstrip().startswith(FORMULA) and not is_number else text
