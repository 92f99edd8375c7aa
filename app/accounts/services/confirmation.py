"""Whether the person at the keyboard is still the one who signed in.

What would outlast a session that somebody took over, such as a token, takes the password again,
unless it was typed on this session a moment ago.
"""

from datetime import timedelta

from django.http import HttpRequest
from django.utils.timezone import now

from accounts.services import sign_in

HOLDS = timedelta(minutes=10)
CONFIRMED = "confirmed_at"


def note(*, request: HttpRequest) -> None:
    """Remember that whoever has this session has just shown who they are."""
    request.session[CONFIRMED] = int(now().timestamp())


def is_recent(*, request: HttpRequest) -> bool:
    """Say whether the person signed in, or typed their password, on this session lately."""
    since = int(now().timestamp()) - int(request.session.get(CONFIRMED, 0))
    return 0 <= since < HOLDS.total_seconds()


def confirm(*, request: HttpRequest, password: str) -> bool:
    """Compare the password of whoever is signed in; a right one holds for a while."""
    if not sign_in.is_own_password(request=request, password=password):
        return False
    note(request=request)
    return True
