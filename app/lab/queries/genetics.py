"""Genotypes as they are read: of animals, of a pair's expected young, of a whole line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from lab import genotypes
from lab.models import (
    Allele,
    BreedingPair,
    GenotypeTest,
    Line,
    Litter,
    Sex,
    Subject,
    Zygosity,
    ZygosityValue,
)
from lab.models import (
    Sequence as Stretch,
)

Shares = dict[str, Fraction]  # of young by their zygosity, written as people write it


@dataclass(frozen=True)
class Expected:
    """What a pair's young are expected to have of one allele; None if nobody knows."""

    allele: Allele
    father: str
    mother: str
    whose: Subject | None
    shares: Shares | None


@dataclass(frozen=True)
class LineCounts:
    """A line in numbers."""

    alive: int
    dead: int
    males: int
    females: int
    litters: int
    pairs: int
    young_per_litter: float | None
    weaned_share: float | None
    observed: dict[str, dict[str, int]]  # allele → zygosity → living animals


def of_line() -> Q:
    """Return the condition for zygosities of alleles that the animal's line has."""
    mine = Line.alleles.through.objects.filter(
        line=OuterRef("subject__line"), allele=OuterRef("allele")
    )
    return Q(Exists(mine))


def strings(subjects: Iterable[Subject]) -> dict[UUID, list[str]]:
    """Return what is written of each genotype, of its line's alleles alone: "Pvalb +/-"."""
    keys = [subject.pk for subject in subjects]
    rows = Zygosity.objects.filter(of_line(), subject__in=keys).select_related("allele")
    found: dict[UUID, list[str]] = {key: [] for key in keys}
    for row in rows.order_by("allele__nickname"):
        found[row.subject_id].append(str(row))
    return found


def negative(rows: Any) -> Any:
    """Return the animals that are known, and to have no copy of anything."""
    known = Zygosity.objects.filter(of_line(), subject=OuterRef("pk"))
    return rows.filter(Exists(known)).exclude(Exists(known.exclude(value=ZygosityValue.ABSENT)))


def is_negative(values: Iterable[int]) -> bool:
    """Say whether these zygosities, of which there are some, are all -/-."""
    found = list(values)
    return bool(found) and not any(found)


def expected(pair: BreedingPair) -> list[Expected]:
    """Return what a pair's young are expected to have, for each mother, by Mendel."""
    alleles = list(pair.line.alleles.order_by("nickname"))
    parents = [each for each in (pair.father, pair.mother1, pair.mother2) if each]
    rows = Zygosity.objects.filter(subject__in=parents, allele__in=alleles)
    known: dict[Any, int] = {(row.subject_id, row.allele_id): row.value for row in rows}
    mothers: list[Any] = [each for each in (pair.mother1, pair.mother2) if each]
    return [
        _expected(allele, known.get((pair.father_id, allele.pk)), mother,
                  known.get((mother and mother.pk, allele.pk)))
        for allele in alleles for mother in mothers or [None]
    ]  # fmt: skip


def _expected(
    allele: Allele, father: int | None, whose: Subject | None, mother: int | None
) -> Expected:
    shares = genotypes.cross(father, mother)
    written = {_written(value): share for value, share in shares.items()} if shares else None
    return Expected(allele, _written(father), _written(mother), whose, written)


def _written(value: int | None) -> str:
    return "?" if value is None else str(ZygosityValue(value).label)


def counts(line: Line) -> LineCounts:
    """Return a line in numbers, with four questions."""
    animals = Subject.objects.filter(line=line)
    said = animals.aggregate(
        alive=Count("pk", filter=Q(pk__in=animals.alive().values("pk"))),
        every=Count("pk"),
        males=Count("pk", filter=Q(sex=Sex.MALE)),
        females=Count("pk", filter=Q(sex=Sex.FEMALE)),
        born=Count("pk", filter=~Q(litter=None)),
        weaned=Count("pk", filter=~Q(litter=None) & ~Q(weaned_on=None)),
    )
    litters = Litter.objects.filter(line=line, subjects__isnull=False).distinct().count()
    return LineCounts(
        said["alive"],
        said["every"] - said["alive"],
        said["males"],
        said["females"],
        litters,
        BreedingPair.objects.filter(line=line).count(),
        said["born"] / litters if litters else None,
        said["weaned"] / said["born"] if said["born"] else None,
        _observed(animals.alive()),
    )


def _observed(animals: Any) -> dict[str, dict[str, int]]:
    rows = Zygosity.objects.filter(of_line(), subject__in=animals.values("pk")).order_by()
    found: dict[str, dict[str, int]] = defaultdict(dict)
    told = rows.values("allele__nickname", "value").annotate(count=Count("pk"))
    for row in told.order_by("allele__nickname", "value"):
        found[row["allele__nickname"]][_written(row["value"])] = row["count"]
    return dict(found)


def sheet(subjects: Sequence[Subject]) -> dict[UUID, list[tuple[Stretch, int | None]]]:
    """Return what to test each animal for, its line's sequences in order, and what is known.

    Four questions, however many animals there are.
    """
    lines = {subject.line_id for subject in subjects} - {None}
    pairs = Line.alleles.through.objects.filter(line__in=lines)
    links = Allele.sequences.through.objects
    by_allele = defaultdict(list)
    for allele, sequence in (
        links.filter(allele__lines__in=lines).distinct().values_list("allele", "sequence")
    ):
        by_allele[allele].append(sequence)
    rows = Stretch.objects.filter(alleles__lines__in=lines).distinct().order_by("name")
    wanted: dict[Any, set[UUID]] = defaultdict(set)
    for line, allele in pairs.values_list("line", "allele"):
        wanted[line] |= set(by_allele[allele])
    known = _results(subjects)
    stretches = list(rows)
    return {
        subject.pk: [(each, known.get((subject.pk, each.pk)))
                     for each in stretches if each.pk in wanted[subject.line_id]]
        for subject in subjects
    }  # fmt: skip


def _results(subjects: Sequence[Subject]) -> dict[tuple[UUID, UUID], int | None]:
    rows = GenotypeTest.objects.filter(subject__in=subjects).order_by()
    return {
        (subject, sequence): result
        for subject, sequence, result in rows.values_list("subject", "sequence", "result")
    }
