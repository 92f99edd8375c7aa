"""Another key: what the old one sealed is sealed anew, row by row; broken off, it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from runs import vault
from runs.errors import CannotOpen
from runs.models import Account, Identity
from runs.services import identities, returning


@dataclass(frozen=True)
class Told:
    """How many rows were sealed anew, and how many open with no key of the site."""

    resealed: int = 0
    closed: int = 0


def reseal() -> Told:
    """Seal by the site's key whatever another one has sealed. The old key is needed until then."""
    done = [_reseal(model, pk) for model, pk in _of_other_keys()]
    return Told(resealed=done.count(True), closed=done.count(False))


def check() -> Told:
    """Return how many rows would be sealed anew, and how many no key opens; nothing changes."""
    opens = [_opens(model, pk) for model, pk in _all()]
    return Told(resealed=sum(1 for _ in _of_other_keys()), closed=opens.count(False))


def _all() -> Iterator[tuple[Any, Any]]:
    for model in (Identity, Account):
        for pk in model.objects.order_by("pk").values_list("pk", flat=True).iterator():
            yield model, pk


def _of_other_keys() -> Iterator[tuple[Any, Any]]:
    name = vault.key_name()
    for model in (Identity, Account):
        rows = model.objects.exclude(key=name)
        for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
            yield model, pk


def _opens(model: Any, pk: Any) -> bool:
    row = model.objects.filter(pk=pk).first()
    try:
        return row is None or bool(vault.opened(row.sealed, _about(row)))
    except CannotOpen:
        return False


def _about(row: Identity | Account) -> str:
    known = {Identity: identities.about, Account: returning.account_about}
    return known[type(row)](row.pk)


@transaction.atomic
def _reseal(model: Any, pk: Any) -> bool:
    row = model.objects.select_for_update().select_related("participant").filter(pk=pk).first()
    if row is None or row.key == vault.key_name():
        return True
    try:
        facts = vault.opened(row.sealed, _about(row))
    except CannotOpen:
        return False
    address = str(facts.get("address") or facts.get(identities.ADDRESS) or "")
    about = identities.address_about(row.participant.project_id)
    row.sealed = vault.seal(facts, _about(row))
    row.key = vault.key_name()
    row.address_digest = vault.fingerprint(vault.one_address(address), about) if address else ""
    row.save(update_fields=["sealed", "key", "address_digest"])
    return True
