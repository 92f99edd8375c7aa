"""Reading JSON that a person wrote: every fault is named with its place."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from experiments.errors import NotAProtocol

Found = TypeVar("Found")
LONGEST = 100_000
HEXADECIMAL = re.compile("[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Place:
    """One object of a document, and the way to it; `done` refuses what nobody read."""

    words: Mapping[str, Any]
    path: str = ""
    read: set[str] = field(default_factory=set)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, what: str) -> NotAProtocol:
        return NotAProtocol(self.at(name), what)

    def has(self, name: str) -> bool:
        return self.words.get(name) is not None

    def take(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        found = self.words.get(name)
        return default if found is None else found

    def text(self, name: str, default: str | None = None, *, longest: int = LONGEST) -> str:
        found = self.take(name, default)
        if not isinstance(found, str):
            raise self.fault(name, "Write a text here.")
        if len(found) > longest:
            raise self.fault(name, f"At most {longest:,} characters fit.")
        if "\0" in found:
            raise self.fault(name, "It holds a character that no record can hold.")
        return found

    def word(self, name: str, default: str | None = None) -> str:
        """Return a name: what answers, files and scripts call a thing by."""
        found = self.text(name, default, longest=100)
        if not is_name(found):
            raise self.fault(
                name,
                f"{found[:40]!r} is no name; use letters, digits, '-', '_', and a letter first.",
            )
        return found

    def one_of(self, name: str, known: Mapping[str, Any] | tuple[str, ...], default: str) -> str:
        found = self.take(name, default)
        if found not in known:
            raise self.fault(name, f"{str(found)[:40]!r} is none of {', '.join(known)}.")
        return str(found)

    def truth(self, name: str, *, default: bool = False) -> bool:
        found = self.take(name, default)
        if not isinstance(found, bool):
            raise self.fault(name, "Write true or false.")
        return found

    def number(self, name: str, default: float | None = None) -> float | None:
        found = self.take(name, default)
        if found is None:
            return None
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float)
            or not math.isfinite(found)
        ):
            raise self.fault(name, "Write a number.")
        return found

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000) -> int | None:
        found = self.take(name)
        if found is None:
            return None
        if type(found) is not int or not least <= found <= most:
            raise self.fault(name, f"Write a whole number from {least} to {most:,}.")
        return found

    def each(self, name: str, read: Callable[["Place"], Found]) -> tuple[Found, ...]:
        """Return what ``read`` makes of each object of a list."""
        found = self.take(name, [])
        if not isinstance(found, list):
            raise self.fault(name, "Write a list here.")
        where = self.at(name)
        return tuple(
            all_of(
                partial(_read_at, read, words, f"{where}[{number}]")
                for number, words in enumerate(found)
            )
        )

    def names(self, name: str) -> tuple[str, ...]:
        found = self.take(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise self.fault(name, "Write a list of names.")
        return tuple(found)

    def part(self, name: str) -> "Place | None":
        found = self.take(name)
        return None if found is None else place_of(found, self.at(name))

    def table(self, name: str, read: Callable[[str, "Place"], Found]) -> dict[str, Found]:
        """Return what ``read`` makes of each named object."""
        found = self.take(name, {})
        if not isinstance(found, dict):
            raise self.fault(name, "Write an object of named things here.")
        for each in found:
            if not is_name(each):
                raise self.fault(name, f"{each[:40]!r} is no name.")
        where = self.at(name)
        things = all_of(
            partial(_read_at, partial(read, each), words, f"{where}.{each}")
            for each, words in found.items()
        )
        return dict(zip(found, things, strict=True))

    def done(self) -> None:
        unknown = sorted(set(self.words) - self.read)
        if unknown:
            known = ", ".join(sorted(self.read))
            raise self.fault(unknown[0], f"This is not known here. Known are: {known}.")


def _read_at(read: Callable[[Place], Found], words: Any, path: str) -> Found:
    return read(place_of(words, path))


def all_of(reads: Iterable[Callable[[], Found]]) -> list[Found]:
    """Return what all of them read; the faults of all are told at once."""
    found: list[Found] = []
    faults: list[NotAProtocol] = []
    for read in reads:
        try:
            found.append(read())
        except NotAProtocol as fault:
            faults.append(fault)
    if faults:
        raise faults[0].along_with(faults[1:])
    return found


def place_of(words: Any, path: str = "") -> Place:
    if not isinstance(words, dict):
        raise NotAProtocol(path, "Write an object here.")
    return Place(words, path)


def is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None


def canonical(words: Mapping[str, Any]) -> str:
    return json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(words: Mapping[str, Any]) -> str:
    return sha256(canonical(words).encode()).hexdigest()
