"""Names that a line gives to its animals, pairs and litters: counted, and never given twice."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.db.models.functions import Upper

from accounts.models import Lab
from lab.errors import DoesNotFit
from lab.models import BreedingPair, Line, Litter, SubjectName
from lab.models.subjects import NICKNAME

NUMBER = re.compile(r"#+")
LONGEST = 64
LARGEST_BLOCK = 512  # names that are looked up at once, where many are taken


@dataclass(frozen=True)
class Numbering:
    """Where a line counts one kind of thing, and how it is usually called."""

    counter: str
    pattern: str
    usual: str


SUBJECTS = Numbering("last_subject_number", "subject_name_pattern", "{line}_####")
PAIRS = Numbering("last_pair_number", "pair_name_pattern", "{line}_BP_###")
LITTERS = Numbering("last_litter_number", "litter_name_pattern", "{line}_L_###")


def of_subjects(*, line: Line, lab: Lab, count: int = 1) -> list[str]:
    """Return the next free names of a line's animals; call it inside a transaction."""
    names = SubjectName.objects.filter(lab=lab).annotate(upper=Upper("name"))
    return _take(line, SUBJECTS, count, names, "upper")


def of_pair(*, line: Line) -> str:
    return _take(line, PAIRS, 1, BreedingPair.objects.annotate(upper=Upper("name")), "upper")[0]


def of_litter(*, line: Line) -> str:
    return _take(line, LITTERS, 1, Litter.objects.annotate(upper=Upper("name")), "upper")[0]


def _take(line: Line, by: Numbering, count: int, taken: Any, column: str) -> list[str]:
    """Count on, and return the names that nobody has.

    The UPDATE locks the line's row until the transaction ends, so that of two at once the second
    counts on from where the first has ended. The counter goes into no history: the names do.
    """
    mine: models.QuerySet[Line] = models.QuerySet(Line).filter(pk=line.pk)
    mine.update(**{by.counter: F(by.counter) + count})
    held = mine.get()
    last = getattr(held, by.counter)
    free = _free(held, by, range(last - count + 1, last + 1), taken, column)
    block = count
    while len(free) < count:
        block = min(block * 2, LARGEST_BLOCK)
        found = _free(held, by, range(last + 1, last + block + 1), taken, column)
        free |= dict(list(found.items())[: count - len(free)])
        last = last + block if len(free) < count else max(free)
        mine.update(**{by.counter: last})
    return list(free.values())


def _free(
    line: Line, by: Numbering, numbers: Iterable[int], taken: Any, column: str
) -> dict[int, str]:
    """Return those names, by their numbers, that nobody has."""
    names = dict(_named(line, by, numbers))
    wanted = [name.upper() for name in names.values()]
    gone = set(taken.filter(**{f"{column}__in": wanted}).values_list(column, flat=True))
    return {number: name for number, name in names.items() if name.upper() not in gone}


def _named(line: Line, by: Numbering, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
    pattern = (getattr(line, by.pattern) or by.usual).replace("{line}", line.nickname)
    for number in numbers:
        name = NUMBER.sub(lambda found: f"{number:0{len(found[0])}d}", pattern, count=1)  # noqa: B023  used at once
        if by is SUBJECTS:
            _need_to_fit(line, name)
        yield number, name


def may_be_path(name: str) -> bool:
    """Say whether an animal may be called so: its name becomes a folder."""
    try:
        NICKNAME(name)
    except ValidationError:
        return False
    return len(name) <= LONGEST


def _need_to_fit(line: Line, name: str) -> None:
    if not may_be_path(name):
        raise DoesNotFit(
            f"{line} would call its next animal {name!r}, which cannot be the name of a folder.",
            field="nickname",
            remedy="Give the line a nickname of letters, digits, dots, hyphens and underscores, "
            "or a pattern for the names of its animals.",
        )
