"""Who belongs to a lab, with which role, and who may sign in at all."""

from typing import Any

from axes.utils import reset as forget_failures
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.timezone import now

from accounts import audit, queries
from accounts.errors import AlreadyThere, NameTaken, NotYourself, RoleJustChanged, RoleTooLow
from accounts.models import ApiToken, Lab, Membership, OneTimeLink, ProjectMember, User
from accounts.roles import Role, grantable, is_operator
from accounts.services import letters, links, permission, sessions

WELCOME = OneTimeLink.Purpose.WELCOME


@transaction.atomic
def invite(
    *, lab: Lab, by: User, username: str, role: str, email: str = "", **names: str
) -> tuple[User, str]:
    """Create a person in ``lab``; return them with the link by which they choose a password."""
    permission.need_grant(by, lab, role)
    person = _create(username=username, email=email, time_zone=lab.time_zone, **names)
    membership = Membership.objects.create(user=person, lab=lab, role=role)
    audit.record(
        action="person.invited", user=by, on=person, lab=lab, changes={"role": [None, role]}
    )
    link = links.make_link(user=person, purpose=WELCOME)
    letters.post(to=person, letter="invited", link=link, by=by, lab=membership.lab)
    return person, link


@transaction.atomic
def add(*, lab: Lab, by: User, person: User, role: str) -> Membership:
    """Let somebody who has an account join ``lab``."""
    permission.need_grant(by, lab, role)
    permission.need_another(by, person)
    membership, is_new = Membership.objects.get_or_create(
        user=person, lab=lab, defaults={"role": role}
    )
    if not is_new:
        raise AlreadyThere
    changes = {"role": [None, role]}
    audit.record(action="person.added", user=by, on=person, lab=lab, changes=changes)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: User, reason: str = "") -> Membership:
    """Give somebody another role: never more than one's own, and never oneself a higher one."""
    permission.need_role(by, membership.lab, Role.VIEWER)
    if by.pk == membership.user_id and Role(role).power > Role(membership.role).power:
        raise NotYourself
    permission.need_grant(by, membership.lab, role, membership.role)
    if role == membership.role:
        return membership
    if role != Role.ADMIN:
        permission.keep_an_admin(membership)
    changes = {"role": [membership.role, role]}
    if not Membership.objects.filter(pk=membership.pk, role=membership.role).update(role=role):
        raise RoleJustChanged
    membership.role = role
    audit.record(
        action="role.changed",
        user=by,
        on=membership.user,
        lab=membership.lab,
        changes=changes,
        reason=reason,
    )
    return membership


@transaction.atomic
def remove(*, membership: Membership, by: User, reason: str = "") -> None:
    """End a membership, and with it those in the lab's projects; anybody may leave a lab."""
    if by.pk != membership.user_id:
        permission.need_grant(by, membership.lab, membership.role)
    permission.keep_an_admin(membership)
    person, lab = membership.user, membership.lab
    ProjectMember.objects.filter(user=person, project__lab=lab).delete()
    membership.delete()
    changes = {"role": [membership.role, None]}
    audit.record(
        action="person.removed", user=by, on=person, lab=lab, changes=changes, reason=reason
    )


@transaction.atomic
def deactivate(*, person: User, by: User, reason: str = "") -> None:
    """Close an account: its sessions end and its tokens stop working; its work stays."""
    permission.need_another(by, person)
    _need_power_over(person, by)
    permission.keep_an_operator(person, by)
    for membership in person.memberships.select_related("lab"):
        permission.keep_an_admin(membership)
    end_access(person=person)
    _set_active(person, by, is_active=False, reason=reason)


@transaction.atomic
def end_access(*, person: User) -> None:
    """End the sessions, the tokens and the links of somebody."""
    sessions.end_all(user=person)
    links.spend_links(user=person)
    ApiToken.objects.filter(user=person, revoked_at=None).update(revoked_at=now())


@transaction.atomic
def reactivate(*, person: User, by: User, reason: str = "") -> None:
    """Open a closed account again; tokens stay revoked."""
    permission.need_another(by, person)
    _need_power_over(person, by)
    _set_active(person, by, is_active=True, reason=reason)


@transaction.atomic
def unlock(*, person: User, by: User) -> None:
    """Forget failed attempts, so that somebody who is locked out may try again at once."""
    _need_power_over(person, by)
    forget_failures(username=person.username.lower())
    audit.record(action="person.unlocked", user=by, on=person, lab=queries.home_of(person))


@transaction.atomic
def edit_profile(*, user: User, **fields: Any) -> User:
    """Change one's own names, address and time zone; the old address learns of a new one."""
    before = User.objects.get(pk=user.pk)
    changes = audit.between(before, fields)
    for name, value in fields.items():
        setattr(user, name, value)
    _save(user, list(fields))
    if changes:
        audit.record(action="profile.changed", user=user, on=user, changes=changes)
    if "email" in changes:
        links.spend_links(user=user)  # they went to the old address
        letters.post(to=before, letter="address_changed", address=user.email)
    return user


@transaction.atomic
def change_password(*, request: HttpRequest, user: User, password: str) -> None:
    """Change one's own password; this session goes on, all others end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    links.spend_links(user=user)
    audit.record(action="password.changed", user=user, on=user)
    letters.post(to=user, letter="password_changed")
    end_others(request=request, user=user)


def end_others(*, request: HttpRequest, user: User) -> None:
    """End every session of ``user`` but the one of this request."""
    sessions.end_all(user=user)
    update_session_auth_hash(request, user)
    sessions.note_sign_in(request=request, user=user)


@transaction.atomic
def welcome_operator(*, username: str = "operator", email: str = "") -> dict[str, Any]:
    """Make sure that somebody can look after the site; say how they get in for the first time."""
    operators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    ready = next((each for each in operators if each.has_usable_password()), None)
    if ready:
        return {"username": ready.username, "link": None, "created": False}
    waiting = operators.first()
    person = waiting or _create(username=username, email=email, is_staff=True, is_superuser=True)
    link = links.make_link(user=person, purpose=WELCOME)
    if not waiting:
        audit.record(action="person.invited", on=person, reason="the first operator")
    return {"username": person.username, "link": link, "created": waiting is None}


def _need_power_over(person: User, by: User) -> None:
    """Refuse unless ``by`` outranks or equals ``person`` everywhere that person belongs."""
    if is_operator(by):
        permission.need_equal(by, person)
        return
    memberships = list(person.memberships.select_related("lab"))
    if person.is_staff or person.is_superuser or not memberships:
        permission.need_operator(by)
    for membership in memberships:
        if membership.role not in grantable(queries.role_of(by, membership.lab)):
            raise RoleTooLow(
                f"{person} also belongs to a lab where you may not do this.",
                remedy="Remove them from your lab instead, or ask an operator of this site.",
            )


def _set_active(person: User, by: User, *, is_active: bool, reason: str) -> None:
    changes = {"is_active": [person.is_active, is_active]}
    person.is_active = is_active
    person.save(update_fields=["is_active"])
    action = "person.reactivated" if is_active else "person.deactivated"
    labs: list[Lab | None] = [*person.labs.all()] or [None]
    for lab in labs:
        audit.record(action=action, user=by, on=person, lab=lab, changes=changes, reason=reason)


def _create(**fields: Any) -> User:
    fields.setdefault("time_zone", settings.TIME_ZONE)
    person = User(**fields)
    person.set_unusable_password()
    return _save(person)


def _save(person: User, fields: list[str] | None = None) -> User:
    try:
        with transaction.atomic():
            person.save(update_fields=fields)
    except IntegrityError:
        raise NameTaken from None
    return person
