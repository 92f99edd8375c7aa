"""Letters about waves: each is posted once, when it is due and still of use."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from experiments.models import Appointment, Enrolment, Reminder
from experiments.services.papers import site
from experiments.services.series import wave_token, zone_named
from runs.services import identities, letters

logger = logging.getLogger(__name__)
MOST_AT_ONCE, MOST_TRIES = 500, 5
State = Reminder.State


def remind(*, at: datetime) -> int:
    """Post what is due; return how many. One letter that cannot be written stops no other."""
    waiting = Reminder.objects.filter(state=State.DUE, due_at__lte=at)
    due = list(waiting.order_by("tries", "due_at").values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(_tried(key, at) for key in due)


def _tried(reminder: int, at: datetime) -> bool:
    try:
        return _remind(reminder, at)
    except Exception:
        logger.exception("The reminder %s could not be written.", reminder)
        mine = Reminder.objects.filter(pk=reminder)
        mine.update(tries=F("tries") + 1)
        mine.filter(tries__gte=MOST_TRIES).update(state=State.FAILED)
        return False


@transaction.atomic
def _remind(reminder: int, at: datetime) -> bool:
    """Post a letter and write it down, both or neither."""
    rows = Reminder.objects.select_for_update().filter(pk=reminder, state=State.DUE)
    found = rows.first()
    if found is None:
        return False
    appointment = Appointment.objects.select_related(
        "link", "enrolment__series__project", "enrolment__participant"
    ).get(pk=found.appointment_id)
    state = _post(found, appointment) if _is_of_use(appointment, at) else State.NOT_NEEDED
    rows.update(state=state, posted_at=at if state == State.POSTED else None)
    return state == State.POSTED


def _is_of_use(appointment: Appointment, at: datetime) -> bool:
    is_closed = appointment.closes_at is not None and appointment.closes_at <= at
    is_planned = appointment.state == Appointment.State.PLANNED
    return is_planned and not is_closed and not appointment.link.uses


def _post(reminder: Reminder, appointment: Appointment) -> str:
    enrolment = appointment.enrolment
    address = identities.address_of(enrolment.participant)
    if not address:
        return State.NO_ADDRESS
    wave = enrolment.read.waves[appointment.number]
    text = next((each.text for each in wave.reminders if each.name == reminder.name), "")
    token = wave_token(enrolment, appointment.number)
    facts = {
        "study": enrolment.series.title,
        "wave": wave.title or wave.name,
        "text": text,
        "address": site(reverse("experiments:welcome", args=[token])),
        "opens": _spoken(appointment.opens_at, enrolment),
        "closes": _spoken(appointment.closes_at, enrolment),
    }
    letters.post(to=address, participant=enrolment.participant, kind="reminder", facts=facts)
    return State.POSTED


def _spoken(at: datetime | None, enrolment: Enrolment) -> str:
    """Return an instant as the participant's clock shows it."""
    if at is None:
        return ""
    return date_format(localtime(at, zone_named(enrolment.time_zone)), "l, j F Y, H:i e")
