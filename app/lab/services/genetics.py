"""Genotypes: tests, rules, and the zygosities that follow from them and from the parents.

Where a zygosity comes from decides who may replace it:

* what a person has **stated** stays; a test or a parent that says otherwise is reported;
* what **tests** say by a rule of the line replaces what followed from parents, and what came from
  elsewhere; it goes when no rule says it any more;
* what follows from **parents** fills gaps. It never replaces what was stated, tested, or came
  from elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit
from lab.models import Allele, GenotypeTest, Line, Origin, Subject, TestResult, Zygosity
from lab.models import ZygosityRule as Rule
from lab.services import records, zygosities
from lab.services.zygosities import Recomputed

Values = Mapping[str, Any]
MOST = 2000  # results that are entered at once
OWNERS = ("subject__lab", "sequence")


@transaction.atomic
def record_tests(
    *, by: User, results: Sequence[Values], genotyped_on: date | None = None, reason: str = ""
) -> Recomputed:
    """Enter results of genotyping: each has a subject, a sequence and a result (0, 1 or None).

    One that is there already is replaced. Zygosities of the animals and their descendants follow;
    what has changed is returned. ``genotyped_on`` becomes the animals' genotype date.
    """
    _need_results(results)
    given = {(each["subject"].pk, each["sequence"].pk): each for each in results}
    subjects = list({each["subject"].pk: each["subject"] for each in results}.values())
    permissions.need_change_all(by, GenotypeTest, subjects)
    with recording.by(by, reason=reason):
        _enter(given)
        if genotyped_on:
            mine = Subject.objects.filter(pk__in=[each.pk for each in subjects])
            mine.select_related("lab").update(genotyped_on=genotyped_on, to_be_genotyped=False)
        return zygosities.follow([each.pk for each in subjects])


def _need_results(results: Sequence[Values]) -> None:
    if not 1 <= len(results) <= MOST:
        raise DoesNotFit(f"Send 1 to {MOST} results at once.", field="results")
    for number, each in enumerate(results, start=1):
        if each.get("result") not in (*TestResult.values, None):
            raise DoesNotFit(
                f"Number {number} of {len(results)}: {each['result']!r} is no result of a test.",
                field="result",
                remedy="Write 0 for absent, 1 for present, or nothing when it is not known.",
            )


def _enter(given: Mapping[tuple[Any, Any], Values]) -> None:
    """Replace the results that are there, and make the others."""
    there = GenotypeTest.objects.filter(
        subject__in={subject for subject, _ in given}, sequence__in={key for _, key in given}
    )
    known = [row for row in there.select_related(*OWNERS).order_by()
             if (row.subject_id, row.sequence_id) in given]  # fmt: skip
    for row in known:
        row.result = given[row.subject_id, row.sequence_id].get("result")
    GenotypeTest.objects.select_related(*OWNERS).bulk_update(known, ["result"])
    new = set(given) - {(row.subject_id, row.sequence_id) for row in known}
    records.keep_all(
        GenotypeTest, [GenotypeTest(**each) for key, each in given.items() if key in new]
    )


@transaction.atomic
def remove_tests(*, by: User, tests: Sequence[GenotypeTest], reason: str = "") -> Recomputed:
    """Delete results of genotyping; what followed from them goes or follows anew."""
    permissions.need_change_all(by, GenotypeTest, [test.subject for test in tests])
    with recording.by(by, reason=reason):
        rows = GenotypeTest.objects.filter(pk__in=[test.pk for test in tests])
        rows.select_related(*OWNERS).delete()
        return zygosities.follow([test.subject_id for test in tests])


# --- rules ----------------------------------------------------------------------------------------
@transaction.atomic
def create_rule(*, by: User, values: Values, reason: str = "") -> tuple[Rule, Recomputed]:
    """Add a rule to a line; the zygosities of the line's animals follow, and are returned."""
    _need_rule({"sequence1": None, "result1": None, **values})
    with recording.by(by, reason=reason):
        rule = records.create(kind=Rule, by=by, values=values)
        return rule, zygosities.follow_line(rule.line_id)


@transaction.atomic
def change_rule(
    *, rule: Rule, by: User, values: Values, reason: str = ""
) -> tuple[Rule, Recomputed]:
    """Change a rule, but not its line."""
    if values.get("line", rule.line) != rule.line:
        raise DoesNotFit("A rule stays with its line.", field="line")
    names = ("line", "allele", "sequence0", "result0", "sequence1", "result1")
    _need_rule({name: values.get(name, getattr(rule, name)) for name in names})
    with recording.by(by, reason=reason):
        changed = records.change(record=rule, by=by, values=values)
        return changed, zygosities.follow_line(changed.line_id)


@transaction.atomic
def delete_rule(*, rule: Rule, by: User, reason: str = "") -> Recomputed:
    line = rule.line_id
    with recording.by(by, reason=reason):
        records.delete(record=rule, by=by)
        return zygosities.follow_line(line)


def _need_rule(given: Values) -> None:
    for name in ("line", "allele", "sequence0"):
        if given.get(name) is None:
            raise DoesNotFit(f"A rule needs its {name}.", field=name)
    if (given["sequence1"] is None) != (given["result1"] is None):
        raise DoesNotFit(
            "A second test is a sequence and its result: give both or neither.", field="result1"
        )
    if given["sequence1"] == given["sequence0"]:
        raise DoesNotFit("The two tests look for the same sequence.", field="sequence1")


# --- zygosities -----------------------------------------------------------------------------------
@transaction.atomic
def state_zygosity(
    *, by: User, subject: Subject, allele: Allele, value: int, reason: str = ""
) -> Recomputed:
    """Say what an animal's zygosity is, from then on whatever tests and parents say."""
    permissions.need_create(by, Zygosity, subject.lab)
    mine = Zygosity.objects.select_for_update().filter(subject=subject, allele=allele).first()
    row = mine or Zygosity(subject=subject, allele=allele)
    row.value, row.origin = value, Origin.STATED
    with recording.by(by, reason=reason):
        records.keep(row)
        return zygosities.follow([subject.pk])


@transaction.atomic
def withdraw_zygosity(*, zygosity: Zygosity, by: User, reason: str = "") -> Recomputed:
    """Take back what was said of an animal; what follows from tests or parents is there again."""
    subject = zygosity.subject_id
    with recording.by(by, reason=reason):
        records.delete(record=zygosity, by=by)
        return zygosities.follow([subject])


@transaction.atomic
def recompute(*, by: User, line: Line, reason: str = "") -> Recomputed:
    """Let the zygosities of all animals of a line follow anew, and say what has changed."""
    permissions.need_create(by, Zygosity, line.lab)
    with recording.by(by, reason=reason):
        return zygosities.follow_line(line.pk)
