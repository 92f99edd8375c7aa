"""Telling people by mail that a function of theirs has failed, once an hour at most."""

from hashlib import sha256

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Project, User
from experiments.models import Revision, Sitting
from jobs.services.requests import enqueue
from runs.models import Event

FAILED = "script failed"
TEXT = """{call}, which the protocol {name} calls, has failed:

{error}

Participants are told that they can try again, and what they answered is kept. The traceback is at
{address}

You get this once an hour at most.
"""


def raise_for(sitting: Sitting, call: str) -> None:
    """Ask for a mail, unless one for this function was asked for within the hour."""
    arguments = {"revision": str(sitting.revision_id), "call": call}
    hour = f"{sitting.revision_id} {call} {now():%Y-%m-%d %H}"
    enqueue("experiments.alarm", arguments=arguments, key=sha256(hour.encode()).hexdigest())


def send(*, revision: str, call: str) -> int:
    """Write to whoever froze the revision, if they still see its project."""
    found = Revision.objects.select_related("protocol__project", "frozen_by").get(pk=revision)
    to = found.frozen_by
    if to is None or not _may_hear(to, found):
        return 0
    faults = Event.objects.filter(run__sitting__revision=found, data__call=call)
    fault = faults.filter(kind=FAILED).order_by("-pk").first()
    error = fault.data["error"] if fault else ""
    path = reverse("experiments:protocol", args=[found.protocol_id])
    text = TEXT.format(
        call=call, name=found.protocol.name, error=error,
        address=f"{settings.SITE_URL.rstrip('/')}{path}",
    )  # fmt: skip
    return send_mail(f"A function of {found.protocol.name} has failed", text, None, [to.email])


def _may_hear(person: User, revision: Revision) -> bool:
    sees = Project.objects.visible_to(person).filter(pk=revision.protocol.project_id)
    return bool(person.is_active and person.email and sees.exists())
