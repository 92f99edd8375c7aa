"""API tokens: made, used, revoked."""

from datetime import timedelta

from django.db import models, transaction
from django.utils.timezone import now

from accounts import audit
from accounts.keys import digest, new_token, prefix_of
from accounts.models import ApiToken, User

USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_token(
    *, user: User, name: str, scope: str, days: int | None = None
) -> tuple[ApiToken, str]:
    """Return a new token and its secret, which nobody can see again."""
    secret = new_token()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        prefix=prefix_of(secret),
        digest=digest(secret),
        expires_at=now() + timedelta(days=days) if days else None,
    )
    changes = {"scope": [None, scope], "expires_at": [None, token.expires_at]}
    audit.record(action="token.created", user=user, on=token, changes=changes)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User, reason: str = "") -> None:
    """Make a token worthless at once; revoking again changes nothing."""
    at = now()
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        audit.record(action="token.revoked", user=by, on=token, reason=reason)


def note_use(*, token: ApiToken, address: str | None) -> None:
    """Remember when and from where a token was used last, to the minute."""
    moment = now()
    stale = models.Q(last_used_at=None) | models.Q(last_used_at__lt=moment - USE_NOTED_EVERY)
    if token.last_used_at is None or moment - token.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(
            last_used_at=moment, last_address=address
        )
