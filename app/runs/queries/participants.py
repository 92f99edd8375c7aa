"""What the lab's pages about participants show; none of it says who somebody is."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import AuditEntry, Project, User
from runs.models import Consent, Participant, Run, Withdrawal

SHOWN = 100


def newest(project: Project, begins: str = "") -> QuerySet[Any]:
    """Return the newest participants of a project, with how many runs they have."""
    rows = Participant.objects.filter(project=project, pseudonym__istartswith=begins)
    completed = Count("runs", filter=Q(runs__status=Run.Status.COMPLETED))
    counted: QuerySet[Any] = rows.annotate(run_count=Count("runs"), completed_count=completed)
    return counted.order_by("-created_at", "pk")[:SHOWN]


def page(person: Participant, by: User) -> dict[str, Any]:
    """Return what there is of a participant, under their pseudonym alone."""
    told = AuditEntry.objects.visible_to(by)
    consents = Consent.objects.filter(participant=person).select_related("text").order_by("at")
    return {
        "runs": list(person.runs.order_by("created_at")),
        "consents": [(each, _ticks(each)) for each in consents],
        "withdrawals": list(Withdrawal.objects.filter(participant=person).select_related("by")),
        "has_identity": hasattr(person, "identity"),
        "entries": list(told.on(person).select_related("user")[:20]),
    }


def _ticks(consent: Consent) -> list[tuple[str, bool]]:
    return [
        (each["text"], bool(consent.choices.get(each["name"])))
        for each in consent.text.choices
        if each["name"] in consent.choices
    ]
