"""What follows from writes elsewhere: profiles, changed links, a step on the licence, triggers."""

from typing import Any

from django.db import connections, models
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_migrate,
    post_save,
    pre_migrate,
)
from django.dispatch import receiver

from accounts import audit
from accounts.models import Lab, Project, User
from lab import recording, triggers
from lab.models import Recorded, Surgery, WaterRestriction
from lab.models.recorded import kind_of
from lab.services import licence, profiles

TOLD = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


@receiver(post_save, sender=Lab)
@receiver(post_save, sender=Project)
@receiver(post_save, sender=User)
def give_a_profile(instance: Any, *, created: bool, raw: bool = False, **_: Any) -> None:
    if created and not raw:
        profiles.make_for(thing=instance)


@receiver(post_save, sender=Surgery)
@receiver(post_save, sender=WaterRestriction)
def settle_licence(instance: Any, *, raw: bool = False, **_: Any) -> None:
    if not raw:
        licence.settle(subjects=[instance.subject_id])


@receiver(post_delete, sender=Surgery)
@receiver(post_delete, sender=WaterRestriction)
def settle_licence_without(instance: Any, *, origin: Any = None, **_: Any) -> None:
    """Reckon anew without what was deleted, unless it left with its animal."""
    if origin is instance:
        licence.settle(subjects=[instance.subject_id])


@receiver(pre_migrate)
def take_triggers_away(sender: Any, *, using: str, **_: Any) -> None:
    if sender.label == "lab":
        triggers.remove(connections[using])


@receiver(post_migrate)
def make_triggers(sender: Any, *, using: str, **_: Any) -> None:
    if sender.label == "lab":
        triggers.settle(connections[using])


@receiver(m2m_changed)
def tell_links(  # noqa: PLR0913, PLR0917  Django's signature
    sender: type[models.Model],
    instance: models.Model,
    action: str,
    reverse: bool,
    model: type[models.Model],
    pk_set: set[Any] | None,
    **_: Any,
) -> None:
    """Write down which links of a record were made or cut."""
    if action not in TOLD or not isinstance(instance, Recorded):
        return
    hand = recording.hand()
    if hand.is_quiet:
        return
    name = _link_name(type(instance), sender, reverse=reverse)
    keys = pk_set if pk_set is not None else _linked(instance, name)
    if not keys:
        return
    labels = sorted(str(found) for found in model._base_manager.filter(pk__in=keys))  # noqa: SLF001
    audit.record_all(
        user=hand.user,
        reason=hand.reason,
        told=[(f"{kind_of(type(instance))}.changed", instance, {name: {TOLD[action]: labels}})],
    )


def _link_name(model: type[models.Model], through: type[models.Model], *, reverse: bool) -> str:
    fields = model._meta.related_objects if reverse else model._meta.many_to_many  # noqa: SLF001
    found = next((f for f in fields if getattr(f, "through", None) is through
                  or getattr(f.remote_field, "through", None) is through), None)  # fmt: skip
    name = getattr(found, "get_accessor_name", None) if reverse else None
    return str(name() if name else getattr(found, "name", "links"))


def _linked(instance: models.Model, name: str) -> set[Any]:
    return set(getattr(instance, name).values_list("pk", flat=True))
