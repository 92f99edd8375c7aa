"""Roles in a lab, from least to most powerful: the one place that compares them."""

from typing import Protocol

from django.db.models import TextChoices


class Role(TextChoices):
    """Listed by power: each may do all that the ones above it may."""

    VIEWER = "viewer", "viewer"
    TECHNICIAN = "technician", "technician"
    EXPERIMENTER = "experimenter", "experimenter"
    COLONY_MANAGER = "colony manager", "colony manager"
    MANAGER = "manager", "manager"
    ADMIN = "admin", "admin"

    @property
    def power(self) -> int:
        return list(Role).index(self)


MEANING = {
    Role.VIEWER: "sees the lab's work and changes nothing",
    Role.TECHNICIAN: "records procedures, water and weights",
    Role.EXPERIMENTER: "creates and runs studies and records sessions",
    Role.COLONY_MANAGER: "also looks after the colony: breeding, cages, health",
    Role.MANAGER: "also decides who belongs to the lab and to its projects",
    Role.ADMIN: "also changes the lab's settings and reads its history",
}


class Person(Protocol):
    """What these rules ask of a user, signed in or not."""

    @property
    def is_active(self) -> bool: ...
    @property
    def is_staff(self) -> bool: ...


def up_from(role: Role | str) -> list[str]:
    """Return ``role`` and everything more powerful, for ``role__in=`` filters."""
    return [each.value for each in Role if each.power >= Role(role).power]


def down_from(role: Role | str) -> list[str]:
    """Return ``role`` and everything less powerful."""
    return [each.value for each in Role if each.power <= Role(role).power]


def at_least(role: str | None, needed: Role) -> bool:
    """Say whether somebody whose role is ``role`` (None: no member) may do what ``needed`` may."""
    return role is not None and Role(role).power >= needed.power


def is_operator(user: Person) -> bool:
    """Say whether ``user`` looks after the site itself; operators see every lab."""
    return user.is_active and user.is_staff


def grantable(own: str | None) -> list[str]:
    """Return the roles that somebody with the role ``own`` may give to others."""
    return down_from(own) if own is not None and at_least(own, Role.MANAGER) else []
