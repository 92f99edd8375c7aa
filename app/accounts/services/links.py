"""One-time links by which people choose a password."""

from datetime import timedelta

from axes.utils import reset as forget_failures
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now

from accounts import audit, queries
from accounts.errors import LinkSpent
from accounts.keys import digest, new_link
from accounts.models import OneTimeLink, User
from accounts.services import letters, permission, sessions

WELCOME_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=1)
Purpose = OneTimeLink.Purpose
DONE: dict[str, str] = {Purpose.WELCOME: "first-chosen", Purpose.RESET: "reset"}
PAGES = {Purpose.WELCOME: "accounts:welcome", Purpose.RESET: "accounts:password-reset"}


def make_link(*, user: User, purpose: OneTimeLink.Purpose) -> str:
    """Return the address of a new link for ``user``; the older ones stop working."""
    secret = new_link()
    lasts = WELCOME_LASTS if purpose == Purpose.WELCOME else RESET_LASTS
    with transaction.atomic():
        spend_links(user=user)
        OneTimeLink.objects.create(
            user=user, purpose=purpose, digest=digest(secret), expires_at=now() + lasts
        )
    return settings.SITE_URL.rstrip("/") + reverse(PAGES[purpose], args=[secret])


@transaction.atomic
def use_link(*, secret: str, password: str) -> User:
    """Let the person of a link choose ``password``, once; every session of theirs ends."""
    at = now()
    # Conditions on this one row alone: with a join the database would not look at it again after
    # waiting for somebody who was quicker, and the link would work twice.
    unused = OneTimeLink.objects.filter(digest=digest(secret), used_at=None, expires_at__gt=at)
    if not unused.update(used_at=at):
        raise LinkSpent
    link = OneTimeLink.objects.select_related("user").get(digest=digest(secret))
    if not link.user.is_active:
        raise LinkSpent
    spend_links(user=link.user)
    link.user.set_password(password)
    link.user.save(update_fields=["password"])
    sessions.end_all(user=link.user)
    forget_failures(username=link.user.username.lower())
    audit.record(action=f"password.{DONE[link.purpose]}", user=link.user, on=link.user)
    letters.post(to=link.user, letter="password_changed")
    return link.user


def send_reset(*, email: str) -> None:
    """Send a link to whoever has this address; say nothing when nobody has.

    It is called after the answer was sent, so that its time tells nobody who has an account.
    """
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None or not user.email:
            return
        link = make_link(user=user, purpose=Purpose.RESET)
        audit.record(action="password.reset-asked", on=user)
        letters.post(to=user, letter="password_reset", link=link)


@transaction.atomic
def renew_welcome(*, person: User, by: User) -> str:
    """Return a new welcome link for somebody who has not chosen a password yet."""
    permission.need_another(by, person)
    permission.need_equal(by, person)
    if person.has_usable_password():
        permission.need_operator(by)
    for membership in person.memberships.select_related("lab"):
        permission.need_grant(by, membership.lab, membership.role)
    if person.is_staff or not person.memberships.exists():
        permission.need_operator(by)
    link = make_link(user=person, purpose=Purpose.WELCOME)
    audit.record(action="person.link-made", user=by, on=person, lab=queries.home_of(person))
    letters.post(to=person, letter="invited", link=link, by=by)
    return link


def spend_links(*, user: User) -> None:
    """Make the links that somebody was sent worthless."""
    OneTimeLink.objects.filter(user=user, used_at=None).update(used_at=now())
