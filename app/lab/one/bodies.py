"""What programs send: read strictly, and with a word about what could not be kept.

A field that is unknown is refused when it looks like a known one misspelt, or when nothing else was
sent; any other one is left out, and the answer says so in the header ``Alyx-API-Notice``, which ONE
shows as a warning. Programs written for Alyx send fields that only Alyx, or nobody, knows.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from email.utils import format_datetime
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser

from lab.one.errors import FieldRefused

# Words by which somebody says why what is hardly possible is right; they are not shown again.
REASONS = {"after_death": {"write_only": True}, "confirmed": {"write_only": True}}
DEEPEST = 40  # of lists and objects inside one another
MOST = 2**63
ALIKE = 0.8
LONGEST_NOTICE = 900


class Json(JSONParser):
    """JSON that is not nested without end.

    ``NaN`` and its like are read, so that `need_plain` can name the field that holds one.
    """

    strict = False

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


PARSERS = [Json, FormParser, MultiPartParser]


@dataclass(frozen=True)
class Former:
    """An older name of a field or filter: still understood, and to be replaced by ``name``."""

    name: str
    since: date
    until: date | None = None
    is_one_of_many: bool = False  # its value becomes a list of one


@dataclass
class Words:
    """What an answer says besides its body."""

    notices: list[str] = field(default_factory=list)
    formers: list[Former] = field(default_factory=list)

    def headers(self, about: str) -> dict[str, str]:
        """Return the headers; ``about`` is where the present names are described."""
        told = {}
        if self.notices:
            text = " ".join(self.notices).encode("ascii", "replace").decode()
            told["Alyx-API-Notice"] = f"!!!{text[:LONGEST_NOTICE]}"
        if self.formers:
            told["Deprecation"] = f"@{int(_midnight(min(f.since for f in self.formers)))}"
            told["Link"] = f'<{about}>; rel="deprecation"; type="application/json"'
        ends = [former.until for former in self.formers if former.until]
        if ends:
            at = datetime.fromtimestamp(_midnight(min(ends)), UTC)
            told["Sunset"] = format_datetime(at, usegmt=True)
        return told


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def need_plain(data: Any) -> None:
    """Refuse what no database keeps and no JSON says: NUL, half characters, endless numbers."""
    if not isinstance(data, Mapping):
        data = {"non_field_errors": data}
    lists = getattr(data, "lists", data.items)  # a form may hold a name several times
    for name, value in lists():
        for inner, depth in _walk((str(name), value)):
            wrong = _wrong(inner, depth)
            if wrong:
                raise FieldRefused(str(name).encode("ascii", "replace").decode()[:100], wrong)


def _walk(thing: Any) -> Iterator[tuple[Any, int]]:
    waiting = [(thing, 0)]
    while waiting:
        here, depth = waiting.pop()
        yield here, depth
        if depth > DEEPEST:
            continue
        if isinstance(here, Mapping):
            waiting += [(part, depth + 1) for pair in here.items() for part in pair]
        elif isinstance(here, list | tuple):
            waiting += [(part, depth + 1) for part in here]


def _wrong(value: Any, depth: int) -> str:
    if depth > DEEPEST:
        return f"It is nested more than {DEEPEST} deep."
    if isinstance(value, str):
        return _wrong_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "A number is too large, or none."
    if isinstance(value, int) and not -MOST <= value < MOST:
        return "A number is too large."
    return ""


def _wrong_text(text: str) -> str:
    if "\0" in text:
        return "It holds the character NUL, which no record can hold."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It holds half of a character (a surrogate without its other half)."
    return ""


def understood(
    data: Any, known: Collection[str], formers: Mapping[str, Former], words: Words
) -> Any:
    """Return the body with present names, and without what is not known; ``words`` tell of both."""
    if not isinstance(data, Mapping):
        return data  # the serializer says what it wants
    if not set(data) - set(known):
        return data
    kept = data.copy() if hasattr(data, "copy") else dict(data)
    for name in [name for name in kept if name in formers and name not in known]:
        _rename(kept, name, formers[name])
        words.formers.append(formers[name])
        words.notices.append(f"{name} is now called {formers[name].name}.")
    unknown = [name for name in kept if name not in known]
    _need_no_mistake(unknown, known, is_all=len(unknown) == len(kept))
    for name in unknown:
        del kept[name]
    if unknown:
        words.notices.append(f"Not known here, so not kept: {', '.join(unknown)}.")
    return kept


def _rename(data: Any, name: str, former: Former) -> None:
    values = data.pop(name)
    if former.name in data:
        return  # both were sent: the present name counts
    if hasattr(data, "setlist"):
        data.setlist(former.name, values)
    else:
        is_one = former.is_one_of_many and not isinstance(values, list)
        data[former.name] = [values] if is_one else values


def _need_no_mistake(unknown: list[str], known: Collection[str], *, is_all: bool) -> None:
    for name in unknown:
        close = get_close_matches(name, known, n=1, cutoff=ALIKE)
        if close:
            raise FieldRefused(name, f"There is no such field. Did you mean {close[0]}?")
    if unknown and is_all:
        names = ", ".join(sorted(known))
        raise FieldRefused(unknown[0], f"There is no such field. There are: {names}.")


def need_finite(values: Mapping[str, Any]) -> None:
    """Refuse numbers that were written as text and stand for none: nan, 1e400."""
    for name, value in values.items():
        for inner, _depth in _walk(value):
            if isinstance(inner, float) and not math.isfinite(inner):
                raise FieldRefused(name, "A number is too large, or none.")
