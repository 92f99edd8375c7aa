"""Links of a dump lead somewhere: into the dump, or to what is here already."""

from typing import Any

from accounts.models import Lab, Project, User
from lab.alyx.dump import Dump, Row
from lab.alyx.kinds import KINDS, Kind
from lab.errors import DumpDoesNotFit

HOUSES = {User, Lab, Project}  # whoever is looked up among them says so itself
Place = tuple[str, Any]  # Alyx's name of a link, and the kind of record that it leads to


def need(rows: list[Row], places: list[Place], dump: Dump) -> None:
    """See that all that the rows point at is there.

    Raises
    ------
    DumpDoesNotFit
        A record points at nothing; the first one is named.
    """
    for theirs, model in places:
        wanted: dict[str, Row] = {}
        for row in rows:
            for key in _keys(row.fields.get(theirs)):
                wanted.setdefault(key, row)
        missing = set(wanted) - dump.has(wanted, _kinds(model))
        lost = missing - _here(model, missing)
        if lost:
            key, row = next((key, row) for key, row in wanted.items() if key in lost)
            raise DumpDoesNotFit(f"{row}: its {theirs} {key} is not in the dump.")


def places(how: Kind) -> list[Place]:
    """Return the links of a kind that lead to other records of the dump."""
    found = []
    for named in (*how.links, *how.many):
        theirs, ours = (named, named) if isinstance(named, str) else named[:2]
        model = how.model._meta.get_field(ours).related_model  # noqa: SLF001
        if model not in HOUSES:
            found.append((theirs, model))
    return found


def _kinds(model: Any) -> list[str]:
    return [kind for kind, how in KINDS.items() if how.model is model]


def _keys(value: Any) -> list[str]:
    if value in (None, ""):
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _here(model: Any, keys: set[str]) -> set[str]:
    """Return those of the keys that a record of this site has already, from an earlier dump."""
    known = [key for key in keys if _is_key(model, key)]
    rows = model._default_manager.filter(pk__in=known)  # noqa: SLF001
    return {str(key) for key in rows.values_list("pk", flat=True)} if known else set()


def _is_key(model: Any, text: str) -> bool:
    try:
        model._meta.pk.to_python(text)  # noqa: SLF001
    except Exception:  # noqa: BLE001  whatever it is, it is no key of this kind
        return False
    return True
