"""Who somebody is, as they write it: read without trust, each fault beside its field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from experiments.definition.people import Ask
from runs.rows import storable

LONGEST = 200
LONGEST_OF = {"e-mail": 254, "postal-address": 1000}
OLDEST_YEARS = 130
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
TELEPHONE = re.compile(r"\+?[0-9 ()/.-]{5,40}")
# What a browser may fill in by itself; see "Autofill" in the HTML standard.
AUTOFILL = {"given-name": "given-name", "middle-name": "additional-name",
            "family-name": "family-name", "e-mail": "email", "telephone": "tel",
            "postal-address": "street-address"}  # fmt: skip


class Refused(ValueError):
    """What does not fit its field; the text is for the participant and repeats nothing of it."""


@dataclass
class Field:
    """One part of an identity with what was sent for it."""

    ask: Ask
    sent: Mapping[str, str] = field(default_factory=dict)  # by the names of its inputs
    value: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        return f"who-{self.ask.name}"

    @property
    def text(self) -> str:
        return self.sent.get(self.name, "")

    @property
    def item(self) -> Any:
        """Stand in the list of faults beside items."""
        return {"text": self.ask.label}

    @property
    def autofill(self) -> str:
        return AUTOFILL.get(self.ask.name, "off")

    @property
    def longest(self) -> int:
        return LONGEST_OF.get(self.ask.name, LONGEST)

    @property
    def day(self) -> str:
        return self.sent.get(f"{self.name}-day", "")

    @property
    def year(self) -> str:
        return self.sent.get(f"{self.name}-year", "")

    @property
    def months(self) -> list[tuple[int, str, bool]]:
        chosen = self.sent.get(f"{self.name}-month", "")
        return [(n, month, str(n) == chosen) for n, month in enumerate(MONTHS, start=1)]


def fields_of(asks: Sequence[Ask]) -> list[Field]:
    return [Field(ask) for ask in asks]


def read(asks: Sequence[Ask], data: Any, *, today: date) -> list[Field]:
    """Return the fields as they were sent; ``data`` is a QueryDict."""
    fields = [Field(ask, _sent(ask, data)) for ask in asks]
    for each in fields:
        try:
            each.value = _value(each, today)
        except Refused as error:
            each.error = str(error)
    return fields


def _sent(ask: Ask, data: Any) -> dict[str, str]:
    name = f"who-{ask.name}"
    names = [name, f"{name}-day", f"{name}-month", f"{name}-year"]
    return {each: str(storable(data.get(each, ""))).strip() for each in names}


def _value(each: Field, today: date) -> str:
    if not any(each.sent.values()):
        if each.ask.is_required:
            raise Refused("Please fill this in.")
        return ""
    if each.ask.name == "birth-date":
        return _birth_date(each, today).isoformat()
    if len(each.text) > each.longest:
        raise Refused(f"Please write at most {each.longest} characters.")
    return READERS.get(each.ask.name, str)(each.text)


def _birth_date(each: Field, today: date) -> date:
    parts = [each.year, each.sent.get(f"{each.name}-month", ""), each.day]
    if not all(part.isascii() and part.isdigit() and len(part) <= len("2000") for part in parts):
        raise Refused("Please give the day, the month and the year as numbers.")
    try:
        found = date(*map(int, parts))
    except ValueError:
        raise Refused("There is no such day. Please check the date.") from None
    if found > today:
        raise Refused("This day is still to come. Please check the year.")
    if found.year < today.year - OLDEST_YEARS:
        raise Refused("Please check the year, and write it with four digits.")
    return found


def address(text: str) -> str:
    """Return an e-mail address that mail can be sent to.

    Raises
    ------
    Refused
        It is none.
    """
    try:
        validate_email(text)
    except ValidationError:
        raise Refused("Please write an e-mail address, such as name@example.org.") from None
    return text


def _telephone(text: str) -> str:
    if not TELEPHONE.fullmatch(text):
        raise Refused("Please write a telephone number, in digits.")
    return text


READERS: Mapping[str, Callable[[str], str]] = {"e-mail": address, "telephone": _telephone}
