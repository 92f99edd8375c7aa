"""Take secrets and personal data out of text before it is written, shown or sent away.

By value: every secret that the site was given, wherever it appears. By pattern: what follows a
telling name, credentials in headers and addresses, query strings, e-mail addresses.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from django.conf import settings

GONE = "[redacted]"
SHORTEST = 6  # shorter values would blot out ordinary words
TELLING = (
    r"pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    r"|session(?:id)?|csrf|cookie|otp|dsn|participant|e-?mail"
)
# Anybody may send a long path, and each path is cleaned: every pattern must take time in proportion
# to the text. So none begins with a repetition that could also begin one letter later.
TELLING_KEY = re.compile(rf"(?i)(?:{TELLING}|authorization|query_string)")
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Cookie: a=b; c=d   Authorization: Basic xyz
    (re.compile(r"(?i)\b((?:set-)?cookie|(?:proxy-)?authorization)(['\"]?\s*[:=]\s*)[^\r\n]+"),
     rf"\1\2{GONE}"),
    (re.compile(r"(?i)\b(bearer|basic|token|digest)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {GONE}"),
    # https://user:password@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@'\"]+@"), rf"\1{GONE}@"),
    # password=x   "token": "x"   STUDIUM_SECRET_KEY='x'
    (re.compile(rf"(?i)((?:{TELLING})[\w-]{{0,60}}['\"]?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&)}}\]]+)"),
     rf"\1{GONE}"),
    # API tokens, and the secret part of a one-time link
    (re.compile(r"\bstudium_[a-z0-9]{12}_[\w-]{20,}"), GONE),
    (re.compile(r"(?<=/)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{40,}(?![\w-])"), GONE),
    # /path?anything
    (re.compile(r"(/[^\s?'\"<>/]*)\?[^\s'\"<>]+"), rf"\1?{GONE}"),
    (re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), GONE),
)  # fmt: skip


def redact(text: str) -> str:
    """Return ``text`` without the site's secrets and without what looks like personal data."""
    for value in _known(tuple(settings.SECRET_VALUES)):
        text = text.replace(value, GONE)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


def redact_tree(value: Any) -> Any:
    """Redact every text inside of lists and dictionaries; a value under a telling name goes."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _of_key(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_tree(inner) for inner in value]
    return value


def _of_key(key: str, value: Any) -> Any:
    return GONE if isinstance(value, str) and TELLING_KEY.search(key) else redact_tree(value)


def secret_parts(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values and the passwords inside addresses among them, the longest first."""
    parts = {part for value in values for part in _parts(value)}
    return tuple(sorted((part for part in parts if len(part) >= SHORTEST), key=len, reverse=True))


@lru_cache(maxsize=4)
def _known(values: tuple[str, ...]) -> tuple[str, ...]:
    return secret_parts(values)


def _parts(value: str) -> set[str]:
    parts = {value}
    with suppress(ValueError):  # an address that cannot be read is a secret as a whole
        if "://" in value:
            password = urlsplit(value).password or ""
            parts |= {password, unquote(password)}
    return {spelled for part in parts for spelled in _spellings(part)}


def _spellings(part: str) -> set[str]:
    """Return a secret as it is, and as addresses, JSON, Python and pages write it."""
    in_addresses = {quote(part), quote(part, safe=""), quote_plus(part)}
    return {part, *in_addresses, json.dumps(part)[1:-1], repr(part)[1:-1], html.escape(part)}
