"""Signing in: what is counted, what is compared, and when somebody is in."""

import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from accounts import addresses, audit, queries
from accounts.errors import CodeWrong
from accounts.models import User
from accounts.services import second_factor
from accounts.throttles import limit

WAITING = "sign_in_waits_for_code"
CODE_WITHIN_S = 300
BACKEND = "django.contrib.auth.backends.ModelBackend"


def check_password(*, request: HttpRequest, username: str, password: str) -> User | None:
    """Return the person whom name and password belong to, or None without saying why.

    Attempts are counted by address and by account before anything is compared, under the account's
    own name: databases find it by more spellings than one. A name that nobody has costs as much
    time as a wrong password.
    """
    name = queries.account_named(username)
    _count(request, name)
    return authenticate(request, username=name, password=password)


def is_own_password(*, request: HttpRequest, password: str) -> bool:
    """Compare the password of whoever is signed in; guesses count as attempts to sign in."""
    credentials = {"username": request.user.get_username().lower()}
    if not _may_try(request, credentials):
        return False
    if request.user.check_password(password):
        return True
    user_login_failed.send(__name__, credentials=credentials, request=request)
    return False


def begin(*, request: HttpRequest, user: User, target: str) -> bool:
    """Sign ``user`` in; return False when the code of a second factor is still needed."""
    if not queries.has_second_factor(user):
        _enter(request, user)
        return True
    request.session.cycle_key()
    request.session[WAITING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": target,
    }
    return False


def waiting(request: HttpRequest) -> tuple[User, str] | None:
    """Return who gave the right password a moment ago and still owes a code, and their target."""
    facts: dict[str, Any] = request.session.get(WAITING) or {}
    if not facts or time.time() - facts["at"] > CODE_WITHIN_S:
        return None
    user = User.objects.filter(pk=facts["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != facts["hash"]:
        return None
    return user, str(facts["next"])


def finish(*, request: HttpRequest, user: User, code: str) -> None:
    """Sign in whoever gave the right password and now the right code; count a wrong one."""
    credentials = {"username": user.username.lower()}
    if not _may_try(request, credentials):
        raise CodeWrong
    try:
        second_factor.check_code(user=user, code=code)
    except CodeWrong:
        user_login_failed.send(__name__, credentials=credentials, request=request)
        raise
    request.session.pop(WAITING, None)
    _enter(request, user)


def _enter(request: HttpRequest, user: User) -> None:
    """Sign ``user`` in; whoever was signed in here before is out, on the record as well."""
    if request.user.is_authenticated and request.user.pk != user.pk:
        logout(request)
    login(request, user, backend=BACKEND)


def _count(request: HttpRequest, name: str) -> None:
    """Count an attempt, whatever comes of it; refuse more of them than either limit takes.

    The account's limit does not ask where attempts come from: strangers who use it up keep the
    person out as well, until its window ends.
    """
    limit("sign-in-address").need(addresses.neighbourhood(addresses.of(request)))
    limit("sign-in-account").need(name)


def _may_try(request: HttpRequest, credentials: dict[str, str]) -> bool:
    """Count an attempt; mark a locked request, so that it is answered with the page for it."""
    _count(request, credentials["username"])
    if AxesProxyHandler.is_allowed(request, credentials):
        return True
    vars(request).update(axes_locked_out=True, axes_credentials=credentials)
    return False


def note_lock_out(*, username: str) -> None:
    """Write down that an account was locked; names that nobody has leave no entry."""
    user = User.objects.named(username).first()
    if user:
        audit.record(action="person.locked-out", on=user, lab=queries.home_of(user))
