"""Who is signed in where, and how that ends."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now

from accounts import addresses, audit
from accounts.models import SignIn, User
from accounts.models.people import session_stamp

SEEN_EVERY_S = 300
SEEN = "seen_at"


def note_sign_in(*, request: HttpRequest, user: User) -> None:
    """Remember a session that has just begun."""
    device = request.headers.get("User-Agent", "")[:200]
    if request.session.session_key is None:
        request.session.create()
    SignIn.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={"user": user, "address": addresses.of(request), "device": device},
    )
    request.session[SEEN] = int(now().timestamp())
    audit.record(action="person.signed-in", user=user, on=user)


def note_seen(*, request: HttpRequest) -> None:
    """Write down now and then that a session is in use: once in five minutes, not per page."""
    moment = now()
    if int(moment.timestamp()) - request.session.get(SEEN, 0) < SEEN_EVERY_S:
        return
    request.session[SEEN] = int(moment.timestamp())
    SignIn.objects.filter(session_key=request.session.session_key).update(
        seen_at=moment, address=addresses.of(request)
    )


@transaction.atomic
def end(*, sign_in: SignIn, by: User) -> None:
    """Sign one device out."""
    _store(sign_in.session_key).delete()
    audit.record(action="session.ended", user=by, on=sign_in.user, reason=sign_in.device)
    sign_in.delete()


@transaction.atomic
def end_all(*, user: User) -> None:
    """Make every session of ``user`` worthless at once, those of unknown devices too."""
    for sign_in in SignIn.objects.filter(user=user):
        _store(sign_in.session_key).delete()
    SignIn.objects.filter(user=user).delete()
    user.session_stamp = session_stamp()
    user.save(update_fields=["session_stamp"])


@transaction.atomic
def sign_out_everywhere(*, user: User) -> None:
    end_all(user=user)
    audit.record(action="session.all-ended", user=user, on=user)


def forget(*, session_key: str | None) -> None:
    """Drop the record of a session that ended by signing out."""
    SignIn.objects.filter(session_key=session_key).delete()


def prune(*, user: User) -> None:
    """Drop records whose session has expired."""
    gone = [each.pk for each in SignIn.objects.filter(user=user) if not _lives(each.session_key)]
    SignIn.objects.filter(pk__in=gone).delete()


def _lives(session_key: str) -> bool:
    return bool(_store("").exists(session_key))


def _store(session_key: str) -> SessionBase:
    engine: Any = import_module(settings.SESSION_ENGINE)
    store: SessionBase = engine.SessionStore(session_key or None)
    return store
