"""Which rows are somebody's: found by asking the models, so that a new table needs no line here.

What has a foreign key that must not be empty to a run or a participant, or to what is theirs, is
theirs and is deleted with its files. A key that may be empty is emptied: such a row belongs to
others too. What has to stay is named by ``keep``, with what is to be emptied in it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models import Q, QuerySet

from runs.models import (
    Account,
    Code,
    Consent,
    Identity,
    Letter,
    Participant,
    Run,
    Upload,
    Withdrawal,
)

Model: TypeAlias = type[models.Model]
Scrub: TypeAlias = Callable[[QuerySet[Any]], Any]
KEPT: dict[Model, Scrub] = {}
# Who somebody is goes even where answers stay; a voice or a picture tells of it, too.
WHO = (Identity, Account, Code, Letter, Upload)
Found: TypeAlias = dict[
    Model, set[tuple[Model, str]]
]  # each with the ways to a run, or to a person
DEEPEST = 8


def keep(model: Model, scrub: Scrub) -> None:
    """Let the rows of a table stay; ``scrub`` empties what tells of a person in those it is given.

    It is called with the rows that lead to the runs, or to the participant, that are erased.
    """
    KEPT[model] = scrub


def _stays(_rows: QuerySet[Any]) -> None:
    """Leave the rows as they are: the withdrawal itself writes them."""


for _model in (Run, Participant, Consent, Withdrawal):
    keep(_model, _stays)


@dataclass
class Map:
    """What leads to runs and participants; ``theirs`` children first."""

    theirs: Found = field(default_factory=dict)
    kept: Found = field(default_factory=dict)
    shared: dict[Model, list[tuple[Model, str, Model, str]]] = field(default_factory=dict)


def charted() -> Map:
    """Return which tables lead to a run or a participant, and how."""
    ways: Found = {Run: {(Run, "")}, Participant: {(Participant, "")}}
    chart = Map()
    waiting: list[tuple[Model, Model, str]] = [(Run, Run, ""), (Participant, Participant, "")]
    while waiting:
        parent, root, way = waiting.pop()
        for child, name, may_be_empty in pointing_to(parent):
            longer = f"{name}__{way}" if way else name
            if child in KEPT:
                chart.kept.setdefault(child, set()).add((root, longer))
            elif may_be_empty:
                chart.shared.setdefault(parent, []).append((child, name, root, longer))
            elif longer.count("__") < DEEPEST and (root, longer) not in ways.get(child, set()):
                ways.setdefault(child, set()).add((root, longer))
                waiting.append((child, root, longer))
    chart.theirs = {model: ways[model] for model in _children_first(set(ways) - set(KEPT))}
    return chart


def pointing_to(model: Model) -> Iterator[tuple[Model, str, bool]]:
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001  Django's own way
        if relation.auto_created and not relation.concrete and not relation.many_to_many:
            found: Any = relation
            if isinstance(found.field, models.ForeignKey) and found.related_model is not model:
                yield found.related_model, found.field.name, found.field.null


def _children_first(wanted: Collection[Model]) -> list[Model]:
    done: list[Model] = []

    def visit(model: Model) -> None:
        if model in done:
            return
        for child, _, _ in pointing_to(model):
            if child in wanted and child not in under:
                under.add(child)
                visit(child)
        done.append(model)

    under: set[Model] = set()
    for model in sorted(wanted, key=lambda each: each._meta.label):  # noqa: SLF001
        under.add(model)
        visit(model)
    return done


@dataclass(frozen=True)
class Whose:
    """The runs and, where all of somebody is erased, the participant."""

    runs: Collection[Any]
    participants: Collection[Any] = ()

    def where(self, ways: set[tuple[Model, str]]) -> Q:
        found = Q(pk__in=[])
        for root, way in ways:
            keys = self.runs if root is Run else self.participants
            found |= Q(**{f"{way}__in": list(keys)})
        return found


def count(whose: Whose, *, only: Collection[Model] | None = None) -> dict[str, int]:
    """Return how many rows of each kind are theirs."""
    counts = {
        str(model._meta.verbose_name_plural): _rows(model, whose.where(ways)).count()  # noqa: SLF001
        for model, ways in charted().theirs.items()
        if only is None or model in only
    }
    return {name: number for name, number in sorted(counts.items()) if number}


def erase(whose: Whose, *, only: Collection[Model] | None = None) -> None:
    """Delete what is theirs, with the files of it, and empty what stays; inside a transaction.

    ``only`` names the tables that are erased where answers stay.
    """
    chart = charted()
    for model, ways in chart.kept.items():
        KEPT[model](_rows(model, whose.where(ways)))
    for model, ways in chart.theirs.items():
        if only is None or model in only:
            for child, name, root, way in chart.shared.get(model, ()):
                _rows(child, whose.where({(root, way)})).update(**{name: None})
            rows = _rows(model, whose.where(ways))
            _forget_files(model, rows)
            # What points to these rows went before them; the constraints of the database say so.
            rows._raw_delete(rows.db)  # noqa: SLF001  delete() would read every row first


def _rows(model: Model, where: Q) -> QuerySet[Any]:
    base = model._base_manager  # noqa: SLF001  another manager could hide rows
    return base.filter(pk__in=base.filter(where).values("pk")).order_by()


def _forget_files(model: Model, rows: QuerySet[Any]) -> None:
    for each in model._meta.get_fields():  # noqa: SLF001
        if isinstance(each, models.FileField):
            for name in list(rows.exclude(**{each.name: ""}).values_list(each.name, flat=True)):
                _after_commit(each.storage, str(name))


def _after_commit(storage: Storage, name: str) -> None:
    transaction.on_commit(lambda: storage.delete(name))
