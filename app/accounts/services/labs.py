"""Labs and their settings."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import audit
from accounts.errors import NameHidesPage, NameTaken
from accounts.models import Lab, Membership, User
from accounts.models.labs import hides_its_page
from accounts.roles import Role
from accounts.services import permission


@transaction.atomic
def create_lab(*, by: User, name: str, time_zone: str = "UTC", slug: str = "") -> Lab:
    """Open a lab; its creator is its first admin."""
    permission.need_operator(by)
    slug = slug or slug_for(name)
    _need_page(slug)
    lab = _save(Lab(name=name, slug=slug, time_zone=time_zone))
    Membership.objects.create(user=by, lab=lab, role=Role.ADMIN)
    audit.record(action="lab.created", user=by, on=lab)
    return lab


@transaction.atomic
def edit_lab(*, lab: Lab, by: User, **fields: Any) -> Lab:
    """Change a lab; people who kept its old time zone move to the new one with it."""
    permission.need_role(by, lab, Role.ADMIN)
    before = Lab.objects.get(pk=lab.pk)
    changes = audit.between(before, fields)
    if "slug" in changes:
        _need_page(fields["slug"])
    for name, value in fields.items():
        setattr(lab, name, value)
    _save(lab)
    if "time_zone" in changes:
        followers = lab.people.filter(time_zone__in=["", before.time_zone])
        User.objects.filter(pk__in=followers.values("pk")).update(time_zone=lab.time_zone)
    if changes:
        audit.record(action="lab.changed", user=by, on=lab, changes=changes)
    return lab


def slug_for(name: str) -> str:
    """Return the short name under which a lab of this name is found."""
    return slugify(name)[:50] or "lab"


def _need_page(slug: str) -> None:
    if hides_its_page(slug):
        raise NameHidesPage


def _save(lab: Lab) -> Lab:
    try:
        with transaction.atomic():
            lab.save()
    except IntegrityError:
        raise NameTaken("There is a lab with this name or short name.") from None
    return lab
