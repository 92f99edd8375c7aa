"""Beginning, showing and ending: what a run goes through."""

import hmac
import secrets
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts.keys import digest, new_link
from accounts.models import Project
from common.signals import run_ended
from runs.errors import NoSuchVisit, RunIsOver
from runs.models import Participant, Run, Visit
from runs.models.runs import LARGEST_SEED


@dataclass(frozen=True)
class Design:
    """What a run is of: the hash of all that is shown, and what people call it."""

    source: str
    hash: str
    label: str = ""


@dataclass(frozen=True)
class Begun:
    """A new run, and the key of its address, which is shown this once."""

    run: Run
    key: str


@transaction.atomic
def begin(  # noqa: PLR0913  what a run is told at its beginning
    *,
    project: Project,
    design: Design,
    participant: Participant | None = None,
    external: Mapping[str, Any] | None = None,
    is_pilot: bool = False,
    seed: int | None = None,
    key: str = "",
    pk: uuid.UUID | None = None,
) -> Begun:
    """Make a run; without a participant it gets one of its own, known by a pseudonym alone.

    ``key`` and ``pk`` are for a caller who must know them before the run is there.
    """
    key = key or new_link()
    run = Run.objects.create(
        pk=pk or uuid.uuid4(),
        project=project,
        participant=participant or Participant.objects.create(project=project),
        source=design.source,
        design=design.hash,
        design_label=design.label,
        key_digest=digest(key),
        withdrawal_digest=digest(withdrawal_token(key)),
        seed=secrets.randbelow(LARGEST_SEED) if seed is None else seed,
        is_pilot=is_pilot,
        environment=settings.ENVIRONMENT,
        release=settings.RELEASE,
        external=dict(external or {}),
    )
    return Begun(run, key)


def withdrawal_token(key: str) -> str:
    """Return what opens the withdrawal of the run that ``key`` opens; the way back is closed.

    It is computed from the key, so that whoever has the run can be shown it again, and nothing but
    its hash is kept.
    """
    made = hmac.digest(key.encode(), b"withdrawal", "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


def give_way_out(*, run: Run, key: str) -> None:
    """Let a run that began before there were links to withdraw have one, by the key it has now."""
    if run.withdrawal_digest is not None or not run.is_open:
        return
    run.withdrawal_digest = digest(withdrawal_token(key))
    without = Run.objects.filter(pk=run.pk, withdrawal_digest=None, key_digest=digest(key))
    without.update(withdrawal_digest=run.withdrawal_digest)


def open_again(*, run: Run, key: str) -> Begun:
    """Let ``key`` open a run; where another one did until now, that one does not any more."""
    if run.key_digest != digest(key):
        Run.objects.filter(pk=run.pk).update(key_digest=digest(key))
        run.key_digest = digest(key)
    return Begun(run, key)


def by_key(key: str) -> Run | None:
    return (
        Run.objects.select_related("participant", "project").filter(key_digest=digest(key)).first()
    )


def visit_of(key: str, visit: str) -> Visit:
    """Return a visit of the run that a key opens, in one query.

    Raises
    ------
    NoSuchVisit
        The key opens no run, or the visit is another's.
    """
    try:
        which = uuid.UUID(visit)
    except ValueError:
        raise NoSuchVisit from None
    found = Visit.objects.select_related("run").filter(pk=which, run__key_digest=digest(key))
    visit_found: Visit | None = found.first()
    if visit_found is None:
        raise NoSuchVisit
    return visit_found


def show(*, run: Run, position: int, step: str, **facts: Any) -> Visit:
    """Open a showing at a position of the run; asked for twice at once, it is the same one."""
    try:
        with transaction.atomic():
            new: Visit = Visit.objects.create(run=run, position=position, step=step, **facts)
            return new
    except IntegrityError:
        there: Visit = Visit.objects.get(run=run, position=position)
        return there


def start(*, run: Run, at: datetime | None = None) -> None:
    """Let a run count as begun; a second call changes nothing."""
    at = at or now()
    waiting = Run.objects.filter(pk=run.pk, status=Run.Status.INVITED)
    waiting.update(status=Run.Status.ACTIVE, began_at=at, seen_at=at)


def end(*, run: Run, status: str, at: datetime | None = None) -> None:
    """End a run, once: the first outcome stays. Other areas hear of it by ``run_ended``.

    Raises
    ------
    RunIsOver
        It has ended in another way.
    """
    if _has_ended(run, status, at or now()):
        return
    run.refresh_from_db(fields=["status"])
    if run.status != status:
        raise RunIsOver


@transaction.atomic(savepoint=False)
def _has_ended(run: Run, status: str, at: datetime) -> bool:
    """End it, and let others hear of it, together; a refusal comes later and undoes nothing."""
    going = Run.objects.filter(pk=run.pk, status__in=Run.OPEN)
    if not going.update(status=status, ended_at=at, holder="", held_until=None):
        return False
    run.status, run.ended_at = status, at
    run_ended.send(sender=Run, run=run)
    return True
