"""Whose young somebody is, and whose parent: found by one recursive question."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from lab.models import Subject

FARTHEST, MOST = 30, 2000  # generations, and relatives, that one question may ask for
UP = """
    JOIN lab_subject child ON child.id = kin.id
    JOIN lab_litter litter ON litter.id = child.litter_id
    JOIN lab_breedingpair pair ON pair.id = litter.breeding_pair_id
    JOIN lab_subject other ON other.id IN (pair.father_id, pair.mother1_id, pair.mother2_id)
"""
DOWN = """
    JOIN lab_breedingpair pair
      ON pair.father_id = kin.id OR pair.mother1_id = kin.id OR pair.mother2_id = kin.id
    JOIN lab_litter litter ON litter.breeding_pair_id = pair.id
    JOIN lab_subject other ON other.litter_id = litter.id
"""
QUESTION = """
    WITH RECURSIVE kin(id, generation) AS (
        SELECT id, 0 FROM lab_subject WHERE {start}
        UNION
        SELECT other.id, kin.generation + 1 FROM kin {step} WHERE kin.generation < %s
    )
    SELECT id, MIN(generation) FROM kin GROUP BY id ORDER BY 2, 1 LIMIT %s
"""
Generations = dict[UUID, int]  # how many generations away each relative is


@dataclass(frozen=True)
class Relative:
    """One animal of a pedigree; its parents are named if they are in it."""

    subject: Subject
    generation: int
    father: UUID | None
    mothers: tuple[UUID, ...]


def ancestors(
    subject: Subject, *, user: Any, generations: int = 5, most: int = MOST
) -> list[Relative]:
    """Return an animal and those it descends from that ``user`` sees, in two statements."""
    return _relatives(_walk(UP, [subject.pk], generations, most), user)


def descendants(
    subject: Subject, *, user: Any, generations: int = 5, most: int = MOST
) -> list[Relative]:
    """Return an animal and those that descend from it that ``user`` sees, in two statements."""
    return _relatives(_walk(DOWN, [subject.pk], generations, most), user)


def with_descendants(keys: Iterable[UUID]) -> Generations:
    """Return animals and all that descend from them, whoever sees them."""
    return _walk(DOWN, list(keys), FARTHEST, None)


def _walk(step: str, keys: list[UUID], generations: int, most: int | None) -> Generations:
    if not keys:
        return {}
    prepare = Subject._meta.pk.get_db_prep_value  # noqa: SLF001  as the database stores it
    start = f"id IN ({', '.join(['%s'] * len(keys))})"
    limit = min(most, MOST) if most is not None else 10**9
    values = [*(prepare(key, connection) for key in keys), min(generations, FARTHEST), limit]
    with connection.cursor() as cursor:
        cursor.execute(QUESTION.format(start=start, step=step), values)
        return {UUID(str(key)): generation for key, generation in cursor.fetchall()}


def _relatives(found: Generations, user: Any) -> list[Relative]:
    rows = Subject.objects.visible_to(user).filter(pk__in=list(found))
    seen = {row.pk: row for row in rows.select_related("litter__breeding_pair", "line")}
    return [_relative(seen[key], found[key], seen) for key in found if key in seen]


def _relative(subject: Subject, generation: int, seen: dict[UUID, Subject]) -> Relative:
    pair = subject.litter.breeding_pair if subject.litter else None
    mothers = [pair.mother1_id, pair.mother2_id] if pair else []
    father = pair.father_id if pair and pair.father_id in seen else None
    return Relative(subject, generation, father, tuple(key for key in mothers if key in seen))
