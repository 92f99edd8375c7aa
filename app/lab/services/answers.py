"""A call with a key is carried out once: the database decides, whatever arrives at once."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts.models import User
from common.errors import Busy
from lab.models import KeptAnswer

KEPT_FOR = timedelta(days=7)


class KeyWasUsed(Busy):
    title = "This key was used for another call"
    message = "The Idempotency-Key came with another body or address before."
    remedy = "Give every new call a key of its own; repeat a call exactly as it was."


def begin(*, user: User, key: str, digest: str) -> KeptAnswer | None:
    """Return the answer that the call has had, or None when it is the first with its key.

    It has to be called inside the transaction of the work: a second call with the key waits for the
    first, and finds its answer, or the key free when the first came to nothing.

    Raises
    ------
    KeyWasUsed
        Another call had the key.
    """
    mine = KeptAnswer.objects.filter(user=user)
    mine.filter(at__lt=now() - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            KeptAnswer.objects.create(user=user, key=key, digest=digest)
    except IntegrityError:
        there = mine.get(key=key)
        if there.digest != digest:
            raise KeyWasUsed from None
        return there
    return None


def keep(*, user: User, key: str, status: int, body: Any, headers: dict[str, str]) -> None:
    """Keep what the call was told, in the transaction of its work."""
    KeptAnswer.objects.filter(user=user, key=key).update(status=status, body=body, headers=headers)
