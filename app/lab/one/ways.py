"""Conditions that lead over other records: only over those that the person sees.

A session of an open project may be of a closed one as well, or a probe may name a dataset of
another session. What such a record says must not decide which rows a stranger finds: by asking
for one name after the other they would read it.
"""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q

from accounts.roles import is_operator
from lab.models.visibility import OfLabQuerySet
from lab.queries import words
from lab.queries.sight import Sight, has_own_rule, may_be_hidden


def condition(model: Any, path: str, operator: str, value: Any, sight: Sight) -> Q:
    """Return the comparison of what ``path`` leads to from ``model``."""
    if not is_operator(sight.user):
        before, target, rest = _next(model, path)
        if target is not None:
            there = sight.of(target).order_by()
            if operator == "isnull":
                return _is_null(before, there, rest, value=bool(value), sight=sight)
            inner = condition(target, rest, operator, value, sight)
            return _led_by(model, before, there.filter(inner))
    fitting = words.matching(model, path, operator, value)
    if fitting is not None:
        return Q(**{f"{path}__in": fitting})
    return Q(**{f"{path}__{operator}": value})


def _is_null(before: str, there: Any, rest: str, *, value: bool, sight: Sight) -> Q:
    """Return whether there is nothing at the end of a way; what is not seen is not there."""
    if rest == there.model._meta.pk.name:  # noqa: SLF001
        is_there = Q(**{f"{before}__in": there.values("pk")})
        return ~is_there if value else is_there
    inner = condition(there.model, rest, "isnull", value, sight)
    found = Q(**{f"{before}__in": there.filter(inner).values("pk")})
    return found | Q(**{f"{before}__isnull": True}) if value else found


def _led_by(model: Any, before: str, there: Any) -> Q:
    """Return that a way leads to some rows; without a join where these name their owner.

    A join with what a row has many of would be made for every one of them.
    """
    *above, last = before.split("__")
    owner = model
    for step in above:
        owner = owner._meta.get_field(step).related_model  # noqa: SLF001
    link = owner._meta.get_field(last)  # noqa: SLF001
    if link.one_to_many:
        key = "__".join([*above, "pk"])
        return Q(**{f"{key}__in": there.values(link.field.attname)})
    return Q(**{f"{before}__in": there.values("pk")})


def _next(model: Any, path: str) -> tuple[str, Any, str]:
    """Return the way to the next kind of record that may be hidden, the kind, and what follows."""
    steps = path.split("__")
    for number, step in enumerate(steps, start=1):
        try:
            link = model._meta.get_field(step)  # noqa: SLF001
            kind = link.related_model
        except FieldDoesNotExist:  # a key of free data, or a part of a time
            break
        if not kind:
            break
        if may_be_hidden(kind) and not _is_seen_with(model, link):
            rest = "__".join(steps[number:])
            key = kind._meta.pk.name  # noqa: SLF001
            return "__".join(steps[:number]), kind, key if rest in {"", "pk"} else rest
        model = kind
    return path, None, ""


def _is_seen_with(model: Any, link: Any) -> bool:
    """Say whether what a link leads to is seen by whoever sees the row: one hangs on the other."""
    if link.one_to_many:
        return link.field.name in _heads(link.related_model)
    return link.name in _heads(model)


def _heads(kind: Any) -> set[str]:
    """Return the links through which a kind is seen, if that is its only rule."""
    rows = kind._default_manager.all()  # noqa: SLF001
    if not isinstance(rows, OfLabQuerySet) or has_own_rule(rows):
        return set()
    paths = (rows.projects_path, *rows.other_projects_paths)
    return {path.partition("__")[0] for path in paths if "__" in path}
