"""Recruiters: agreeing with one, and who it is that it sends."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from experiments.definition.reading import NAME
from experiments.definition.recruiters import (
    HOSTS,
    NOT_AVAILABLE,
    Came,
    Terms,
    came,
    leads_to_allowed,
    read_terms,
)
from experiments.errors import NotAProtocol, NotTheStudy, OnlyALook, TookPart, WithoutName
from experiments.models import Arrival, Link, Protocol, Recruiter
from runs.models import Participant, Run


@transaction.atomic
def agree(  # noqa: PLR0913  what an agreement says, each part named
    *, protocol: Protocol, by: User, name: str, kind: str, words: Any, account: str = ""
) -> Recruiter:
    """Keep what was agreed with a recruiter under a name; links may then be given it.

    Raises
    ------
    NotAProtocol
        The settings cannot be read, or lead to where nobody is led to; nothing is kept.
    """
    if not Project.objects.editable_by(by).filter(pk=protocol.project_id).exists():
        raise NotThere
    terms = read_terms(kind, words)
    if terms.return_to and not leads_to_allowed(terms.return_to, hosts_of(kind)):
        raise NotAProtocol(
            "return_to", "Nobody is led there. Whoever runs the site lists hosts for it."
        )
    for what, text in (("name", name), ("account", account or "a")):
        if not NAME.fullmatch(text):
            raise NotAProtocol(what, "Use letters, digits, '-', '_', and a letter first.")
    recruiter, is_new = Recruiter.objects.update_or_create(
        protocol=protocol,
        name=name,
        defaults={"kind": kind, "settings": words, "account": account},
    )
    action = "recruiter.created" if is_new else "recruiter.changed"
    audit.record(action=action, user=by, on=recruiter)
    return recruiter


def hosts_of(kind: str) -> tuple[str, ...]:
    return (*HOSTS.get(kind, ()), *settings.RETURN_HOSTS)


def terms_of(recruiter: Recruiter) -> Terms:
    return read_terms(recruiter.kind, recruiter.settings)


def said_by(link: Link, parameters: Mapping[str, str]) -> Came | None:
    """Return what the link's recruiter says of who comes; None where the link has no recruiter.

    Raises
    ------
    OnlyALook, WithoutName, NotTheStudy
        Nobody can begin with this.
    """
    if link.recruiter is None:
        return None
    terms = terms_of(link.recruiter)
    found = came(terms, parameters)
    if found.submission == NOT_AVAILABLE:
        raise OnlyALook
    if not found.person or not found.submission:
        raise WithoutName
    if terms.only_study and found.study != terms.only_study:
        raise NotTheStudy
    return found


def arrived(link: Link, found: Came) -> Arrival | None:
    """Return the arrival of a submission that has begun by this link already."""
    rows = Arrival.objects.select_related("run").filter(link=link, submission=found.submission)
    arrival: Arrival | None = rows.first()
    if arrival and arrival.person != found.person:
        raise NotTheStudy
    return arrival


def participant_of(link: Link, found: Came) -> Participant | None:
    """Return who this was in earlier runs of the project; the first use of an id binds it.

    Raises
    ------
    TookPart
        They took part in this protocol before, and may do so once.
    """
    recruiter = link.recruiter
    if recruiter is None:
        return None
    before = Arrival.objects.filter(
        person=found.person,
        recruiter__kind=recruiter.kind,
        recruiter__protocol__project=recruiter.protocol.project_id,
    ).select_related("run__participant")
    if not terms_of(recruiter).again and _counted(before, recruiter).exists():
        raise TookPart
    first = before.order_by("created_at", "pk").first()
    return first.run.participant if first else None


def _counted(before: Any, recruiter: Recruiter) -> Any:
    """Return the runs after which nobody begins again: those going on, and those that are whole."""
    done = [*Run.OPEN, Run.Status.COMPLETED, Run.Status.SCREENED_OUT, Run.Status.WITHDRAWN]
    return before.filter(link__protocol=recruiter.protocol_id, run__status__in=done)


def note(*, recruiter: Recruiter, link: Link, found: Came, run: Run) -> Arrival:
    """Keep whom a recruiter sent, apart from the run's own rows."""
    facts = {"study": found.study}
    if recruiter.kind == Recruiter.Kind.MTURK:
        facts["submit_to"] = found.rest.get("turkSubmitTo", "")
    return Arrival.objects.create(
        link=link,
        recruiter=recruiter,
        run=run,
        person=found.person,
        submission=found.submission,
        facts=facts,
    )
