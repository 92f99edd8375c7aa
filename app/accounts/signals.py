"""What this area does when Django or another area tells it something."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit
from accounts.models import User
from accounts.services import confirmation, sessions, sign_in
from common.signals import audited


@receiver(user_logged_in)
def remember_session(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.note_sign_in(request=request, user=user)
    confirmation.note(request=request)


@receiver(user_logged_out)
def forget_session(request: HttpRequest, **_: Any) -> None:
    sessions.forget(session_key=request.session.session_key)


@receiver(user_locked_out)
def note_lock_out(request: HttpRequest, username: str, **_: Any) -> None:
    """Write down the attempt that locked an account; those during the lock add nothing."""
    if getattr(request, "axes_failures_since_start", None):
        sign_in.note_lock_out(username=username or "")


@receiver(audited)
def keep_entry(action: str, on: Any, user: Any = None, **more: Any) -> None:
    """Write down what an area did that may not import this one."""
    audit.record(
        action=action,
        user=user,
        on=on,
        changes=more.get("changes"),
        reason=more.get("reason", ""),
    )
