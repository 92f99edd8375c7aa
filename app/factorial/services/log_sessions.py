"""Sessions of the client protocol of 2025: begun, found by their key, ended."""

from datetime import timedelta

from django.utils.timezone import now

from accounts.keys import digest, new_link
from factorial.models import Host, Session

NOTED_EVERY = timedelta(hours=1)


def begin(*, role: str, host: Host | None = None) -> tuple[Session, str]:
    """Return a new session and its key, of which only the hash is kept."""
    key = new_link()
    return Session.objects.create(key_digest=digest(key), role=role, host=host), key


def of_key(key: str) -> Session | None:
    """Return the session that a cookie opens; that it is in use is noted to the hour."""
    if not key:
        return None
    found = Session.objects.filter(key_digest=digest(key), ended_at=None).select_related("host")
    session: Session | None = found.first()
    if session and now() - session.seen_at > NOTED_EVERY:
        Session.objects.filter(pk=session.pk).update(seen_at=now())
    return session


def end(*, session: Session) -> None:
    """Let the key open nothing any more. Its runs stay, without anybody who may go on with them."""
    Session.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now())
