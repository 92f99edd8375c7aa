"""What was told or begun lately is not told or begun again: the database settles who was first."""

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from lab.models import ToldLately

KEPT = timedelta(days=3)


def claim(keys: Collection[str], *, within: timedelta, moment: datetime) -> set[str]:
    """Return those keys that nobody has claimed ``within`` the time before ``moment``.

    They are the caller's from now on. Of several who claim one at once, one gets it: the row, or
    the time in it, can be changed by one only. Three statements for any number of keys.
    """
    digests = {_digest(key): key for key in keys}
    mine = uuid.uuid4()
    lapsed = ToldLately.objects.filter(pk__in=list(digests), told_at__lte=moment - within)
    lapsed.update(told_at=moment, claim=mine)
    ToldLately.objects.bulk_create(
        [ToldLately(key=digest, told_at=moment, claim=mine) for digest in sorted(digests)],
        ignore_conflicts=True,
    )
    won = ToldLately.objects.filter(pk__in=list(digests), claim=mine)
    return {digests[digest] for digest in won.values_list("pk", flat=True)}


def let_go(keys: Collection[str]) -> None:
    """Let others claim what was not done after all."""
    ToldLately.objects.filter(pk__in=[_digest(key) for key in keys]).delete()


def forget(*, moment: datetime) -> int:
    """Delete claims that no question reaches back to."""
    deleted, _ = ToldLately.objects.filter(told_at__lt=moment - KEPT).delete()
    return deleted


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
