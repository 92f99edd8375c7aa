"""A lab's growth curve: what animals of a sex and age weigh; replaced whole, from a table."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from django.db import transaction

from accounts.models import Lab, User
from lab import permissions, recording
from lab.errors import TableUnreadable
from lab.models import GrowthPoint, Sex, Strain

COLUMNS = ("sex", "age_weeks", "mean_g", "sd_g")
SEXES = {"m": Sex.MALE, "male": Sex.MALE, "f": Sex.FEMALE, "female": Sex.FEMALE}
OLDEST_WEEKS = 520
MOST_LINES = 5000
Key = tuple[str, int]  # sex and age in weeks


@dataclass(frozen=True)
class Point:
    """What animals of one sex and age weigh."""

    sex: str
    age_weeks: int
    mean_g: float
    sd_g: float


@dataclass(frozen=True)
class Replaced:
    """What became of a lab's curve."""

    made: int = 0
    changed: int = 0
    deleted: int = 0
    same: int = 0


def read(file: Path) -> list[Point]:
    """Read a table with the columns sex, age_weeks, mean_g and sd_g.

    Raises
    ------
    TableUnreadable
        It names the line.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return points_of(text)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableUnreadable(f"{file.name}: {error}.") from None


def points_of(text: TextIO) -> list[Point]:
    rows = csv.DictReader(text)
    lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        raise TableUnreadable(f"Line 1: the columns {', '.join(lacking)} are missing.")
    points: dict[Key, Point] = {}
    for row in rows:
        if rows.line_num > MOST_LINES:
            raise TableUnreadable(f"It has more than {MOST_LINES} lines.")
        point = _point(row, rows.line_num)
        if (key := (point.sex, point.age_weeks)) in points:
            raise TableUnreadable(
                f"Line {rows.line_num}: {point.sex} of {point.age_weeks} weeks comes twice."
            )
        points[key] = point
    if not points:
        raise TableUnreadable("It has no lines but the first.")
    return list(points.values())


def _point(row: Mapping[str, Any], line: int) -> Point:
    sex = SEXES.get(str(row["sex"] or "").strip().lower())
    if sex is None:
        raise TableUnreadable(f"Line {line}: {row['sex']!r} is no sex. Write M or F.")
    age = str(row["age_weeks"] or "").strip()
    if not age.isdecimal() or int(age) > OLDEST_WEEKS:
        raise TableUnreadable(f"Line {line}: {age!r} is no age in whole weeks.")
    numbers = [_weight(row[name], name, line) for name in ("mean_g", "sd_g")]
    return Point(sex, int(age), *numbers)


def _weight(text: Any, name: str, line: int) -> float:
    try:
        number = float(str(text or "").strip())
    except ValueError:
        number = 0.0
    if not isfinite(number) or number <= 0:
        raise TableUnreadable(f"Line {line}: {name} is {text!r}; write grams, more than 0.")
    return number


@transaction.atomic
def replace(  # noqa: PLR0913  whose, what, and who: all named
    *,
    lab: Lab,
    points: Sequence[Point],
    source: str,
    by: User | None = None,
    strain: Strain | None = None,
    reason: str = "",
) -> Replaced:
    """Let a lab's curve be these points and no others; the same again changes nothing.

    ``by`` None stands for the site itself, on its own host; a person has to be an admin of the lab.
    """
    if by is not None:
        permissions.need_create(by, GrowthPoint, lab)
    Lab.objects.select_for_update().get(pk=lab.pk)
    mine = GrowthPoint.objects.filter(lab=lab, strain=strain)
    known: dict[Key, GrowthPoint] = {(row.sex, row.age_weeks): row for row in mine}
    wanted: dict[Key, Point] = {(point.sex, point.age_weeks): point for point in points}
    gone = [row.pk for key, row in known.items() if key not in wanted]
    new = [point for key, point in wanted.items() if key not in known]
    other = [row for key, row in known.items() if key in wanted and _set(row, wanted[key], source)]
    with recording.by(by, reason=reason or f"Growth curve from {source}."):
        mine.filter(pk__in=gone).delete()
        GrowthPoint.objects.bulk_create(_rows(new, lab, strain, source))
        if other:
            GrowthPoint.objects.bulk_update(other, ["mean_g", "sd_g", "source"], batch_size=100)
    return Replaced(len(new), len(other), len(gone), len(known) - len(other) - len(gone))


def _set(row: GrowthPoint, point: Point, source: str) -> bool:
    """Give a row the values of a point; say whether that changes it."""
    if (row.mean_g, row.sd_g, row.source) == (point.mean_g, point.sd_g, source):
        return False
    row.mean_g, row.sd_g, row.source = point.mean_g, point.sd_g, source
    return True


def _rows(
    points: Iterable[Point], lab: Lab, strain: Strain | None, source: str
) -> list[GrowthPoint]:
    return [
        GrowthPoint(
            lab=lab,
            strain=strain,
            sex=point.sex,
            age_weeks=point.age_weeks,
            mean_g=point.mean_g,
            sd_g=point.sd_g,
            source=source,
        )
        for point in points
    ]
