"""Plain data: what every database can keep as text and JSON, and nothing else."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

UNWRITABLE = "\N{REPLACEMENT CHARACTER}"


def text(value: object, most: int | None = None) -> str:
    """Return a text without what PostgreSQL refuses (NUL, lone surrogates), cut to ``most``."""
    clean = str(value).replace("\0", UNWRITABLE)
    clean = clean.encode("utf-8", "replace").decode("utf-8")
    if most is None or len(clean) <= most:
        return clean
    return clean[: most - 1] + "…"


def data(value: Any) -> Any:
    """Return ``value`` as JSON would give it back; refuse NaN and what is no data.

    Raises
    ------
    ValueError, TypeError
        When ``value`` holds something that JSON has no form for.
    """
    return _clean(json.loads(json.dumps(value, cls=DjangoJSONEncoder, allow_nan=False)))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {text(key): _clean(item) for key, item in value.items()}
    return value
