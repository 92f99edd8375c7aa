"""What a participant is sent of their own: the copy of the consent, and the way back."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.keys import digest
from experiments.models import Sitting
from experiments.services import consents
from experiments.services.consents import Copy
from runs.models import Letter, Run
from runs.services import identities, letters, runs


def site(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path


def way_out(run: Run, key: str) -> str:
    """Return the address by which the participant of a run withdraws.

    It is that of the key with which the run began; whoever goes on with another key is shown one
    that has this key itself, and the one that was sent before goes on working.
    """
    token = runs.withdrawal_token(key)
    known = token if digest(token) == run.withdrawal_digest else key
    return site(reverse("experiments:withdraw", args=[known]))


def way_back(key: str) -> str:
    return site(reverse("experiments:page", args=[key]))


@transaction.atomic
def mail_consent(*, sitting: Sitting, key: str, to: str = "") -> bool:
    """Mail what was agreed to, with the way out; return whether there was what and whereto."""
    person, copies = sitting.run.participant, consents.copies(sitting.run)
    to = to or (identities.address_of(person) if person else "")
    if not (person and copies and to) or sitting.run.status == Run.Status.WITHDRAWN:
        return False
    facts = {
        "study": sitting.revision.read.title,
        "texts": [_told(copy) for copy in copies],
        "withdraw": way_out(sitting.run, key),
    }
    letters.post(to=to, participant=person, kind="consent", facts=facts)
    return True


def has_mailed_consent(run: Run) -> bool:
    """Say whether a copy went out since the run began."""
    sent = Letter.objects.filter(participant=run.participant_id, kind="consent")
    return run.began_at is not None and sent.filter(created_at__gte=run.began_at).exists()


def _told(copy: Copy) -> dict[str, Any]:
    text, at = copy.consent.text, date_format(localtime(copy.consent.at), "j F Y, H:i e")
    said = "agreed" if copy.consent.agreed else "did not agree"
    return {
        "title": text.title,
        "version": text.version,
        "text": text.text,
        "choices": [list(each) for each in copy.choices],
        "said": f"You {said} on {at}.",
    }


@transaction.atomic
def mail_way_back(*, sitting: Sitting, key: str, to: str = "") -> bool:
    """Mail the run's address, to go on with it on another device."""
    person = sitting.run.participant
    to = to or (identities.address_of(person) if person else "")
    if not (person and to and sitting.run.is_open):
        return False
    facts = {"study": sitting.revision.read.title, "address": way_back(key)}
    letters.post(to=to, participant=person, kind="resume", facts=facts)
    return True
