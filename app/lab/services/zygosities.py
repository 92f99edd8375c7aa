"""What follows from tests, rules and parents, computed for whole families in a few statements.

`lab.services.genetics` calls it and says whose word counts; it asks for no permission, because
what follows is no write of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lab import genotypes
from lab.models import Allele, GenotypeTest, Line, Origin, Subject, Zygosity, ZygosityRule
from lab.queries import pedigree
from lab.services import records

Place = tuple[UUID, UUID]  # an animal and an allele
Derived = tuple[int, str]  # a zygosity, and whence it follows
OWNERS = ("subject__lab", "allele")


@dataclass(frozen=True)
class Change:
    """One zygosity that is another now; None stands for there being none."""

    subject: Subject
    allele: Allele
    before: int | None
    after: int | None
    origin: str


@dataclass(frozen=True)
class Disagreement:
    """A zygosity that stays, though tests or parents say otherwise."""

    subject: Subject
    allele: Allele
    value: int
    derived: int
    origin: str


@dataclass(frozen=True)
class Recomputed:
    """What a recomputation has changed, what it has left, and tests that say both yes and no."""

    changes: list[Change] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    contradictions: list[tuple[Subject, UUID]] = field(default_factory=list)


def follow(keys: Iterable[UUID]) -> Recomputed:
    """Let the zygosities of animals, and of all that descend from them, follow anew."""
    family = _Family(list(pedigree.with_descendants(keys)))
    family.write()
    return family.report()


def follow_line(line: UUID) -> Recomputed:
    mine = Subject.objects.filter(line=line).order_by()
    return follow(list(mine.values_list("pk", flat=True)))


class _Family:
    """Animals with all that their zygosities follow from: one question for each kind of it."""

    def __init__(self, keys: list[UUID]) -> None:
        rows = Subject.objects.filter(pk__in=keys).select_related("lab", "litter__breeding_pair")
        self.subjects: dict[UUID, Subject] = {row.pk: row for row in rows.order_by()}
        self.lines = {row.line_id for row in self.subjects.values()} - {None}
        everybody = set(self.subjects) | {
            key for each in self.subjects for key in self._parents(each)
        }
        known = Zygosity.objects.filter(subject__in=everybody).select_related(*OWNERS)
        self.known: dict[Place, Zygosity] = {
            (row.subject_id, row.allele_id): row for row in known.order_by()
        }
        self.rules = self._rules()
        self.alleles = self._alleles()
        self.results, self.unclear = self._results()
        self.derived: dict[Place, Derived | None] = {}
        for key in self._parents_first():
            for allele in self._alleles_of(key):
                self.derived[key, allele] = self._derive(key, allele)

    def _rules(self) -> dict[tuple[UUID, UUID], list[genotypes.Rule]]:
        found = defaultdict(list)
        for row in ZygosityRule.objects.filter(line__in=self.lines).order_by():
            found[row.line_id, row.allele_id].append(_rule(row))
        return found

    def _alleles(self) -> dict[UUID, Allele]:
        """Return the alleles that matter, and remember which line has which."""
        self.of_line: dict[Any, set[UUID]] = defaultdict(set)
        through = Line.alleles.through.objects.filter(line__in=self.lines)
        for line, allele in [*through.values_list("line", "allele"), *self.rules]:
            self.of_line[line].add(allele)
        wanted = {allele for some in self.of_line.values() for allele in some}
        return {row.pk: row for row in Allele.objects.filter(pk__in=wanted).order_by()}

    def _results(self) -> tuple[dict[UUID, dict[Any, int]], dict[UUID, set[Any]]]:
        tests: dict[UUID, list[tuple[Any, int | None]]] = defaultdict(list)
        rows = GenotypeTest.objects.filter(subject__in=list(self.subjects)).order_by()
        for subject, sequence, result in rows.values_list("subject", "sequence", "result"):
            tests[subject].append((sequence, result))
        told = {key: genotypes.results_of(some) for key, some in tests.items()}
        return ({key: clear for key, (clear, _) in told.items()},
                {key: unclear for key, (_, unclear) in told.items() if unclear})  # fmt: skip

    def _alleles_of(self, key: UUID) -> set[UUID]:
        return self.of_line.get(self.subjects[key].line_id, set())

    def _pair(self, key: UUID) -> Any:
        litter = self.subjects[key].litter if key in self.subjects else None
        return litter.breeding_pair if litter else None

    def _parents(self, key: UUID) -> list[UUID]:
        pair = self._pair(key)
        keys = (pair.father_id, pair.mother1_id, pair.mother2_id) if pair else ()
        return [each for each in keys if each]

    def _parents_first(self) -> Iterator[UUID]:
        """Yield each animal after its parents; one that is its own ancestor ends the way up."""
        done: set[UUID] = set()
        for start in self.subjects:
            waiting = [start]
            entered: set[UUID] = set()
            while waiting:
                key = waiting[-1]
                parents = [each for each in self._parents(key) if each in self.subjects]
                ahead = [each for each in parents if each not in done and each not in entered]
                entered.add(key)
                if ahead:
                    waiting.extend(ahead)
                    continue
                waiting.pop()
                if key not in done:
                    done.add(key)
                    yield key

    def _derive(self, key: UUID, allele: UUID) -> Derived | None:
        line: Any = self.subjects[key].line_id
        rules = self.rules.get((line, allele), [])
        tested = genotypes.decide(rules, self.results.get(key, {}))
        if tested is not None:
            return tested, Origin.TESTED
        inferred = self._infer(key, allele)
        return None if inferred is None else (inferred, Origin.INFERRED)

    def _infer(self, key: UUID, allele: UUID) -> int | None:
        pair = self._pair(key)
        if pair is None:
            return None
        mothers = [each for each in (pair.mother1_id, pair.mother2_id) if each]
        father = self._value(pair.father_id, allele) if pair.father_id else None
        return genotypes.from_family(father, [self._value(each, allele) for each in mothers])

    def _value(self, key: UUID, allele: UUID) -> int | None:
        """Return what an animal has once everything that follows has followed."""
        place = (key, allele)
        known, derived = self.known.get(place), self.derived.get(place)
        if known and (place not in self.derived or _stays(known, derived)):
            return known.value
        return derived[0] if derived else None

    def write(self) -> None:
        new, other, gone = [], [], []
        self.changes: list[Change] = []
        for place, derived in self.derived.items():
            known = self.known.get(place)
            if (known and _stays(known, derived)) or (known is None and derived is None):
                continue
            before = known.value if known else None
            if derived is None:
                gone.append(known)
            elif known is None:
                new.append(self._row(place, derived))
            elif (known.value, known.origin) != derived:
                known.value, known.origin = derived
                other.append(known)
            after, origin = derived or (None, known.origin if known else "")
            if before != after:
                self.changes.append(self._change(place, before, after, origin))
        self._save(new, other, gone)

    def _row(self, place: Place, derived: Derived) -> Zygosity:
        subject, allele = self.subjects[place[0]], self.alleles[place[1]]
        return Zygosity(subject=subject, allele=allele, value=derived[0], origin=derived[1])

    def _change(self, place: Place, before: int | None, after: int | None, origin: str) -> Change:
        return Change(self.subjects[place[0]], self.alleles[place[1]], before, after, origin)

    @staticmethod
    def _save(new: list[Zygosity], other: list[Zygosity], gone: list[Any]) -> None:
        if new:
            records.keep_all(Zygosity, new)
        if other:
            Zygosity.objects.select_related(*OWNERS).bulk_update(other, ["value", "origin"])
        if gone:
            rows = Zygosity.objects.filter(pk__in=[row.pk for row in gone])
            rows.select_related(*OWNERS).delete()

    def report(self) -> Recomputed:
        return Recomputed(
            self.changes,
            [
                Disagreement(row.subject, row.allele, row.value, *derived)
                for place, derived in self.derived.items()
                if derived and (row := self.known.get(place)) and _stays(row, derived)
                and row.value != derived[0]
            ],
            [(self.subjects[key], each) for key, unclear in self.unclear.items()
             for each in sorted(unclear)],
        )  # fmt: skip


def _stays(known: Zygosity, derived: Derived | None) -> bool:
    """Say whether what is known goes before what follows."""
    if known.origin == Origin.STATED:
        return True
    return known.origin == Origin.UNKNOWN and (derived is None or derived[1] != Origin.TESTED)


def _rule(row: ZygosityRule) -> genotypes.Rule:
    second = None if row.sequence1_id is None else (row.sequence1_id, row.result1 or 0)
    return genotypes.Rule(
        row.value, (row.sequence0_id, row.result0), second, row.position, str(row.pk)
    )
