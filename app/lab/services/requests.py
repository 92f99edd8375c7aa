"""Who is responsible for animals: requests for some of a line, and handing animals over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import queries as people
from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit
from lab.models import Line, Subject, SubjectRequest
from lab.services import records, welfare
from lab.times import day_of

Values = Mapping[str, Any]


@transaction.atomic
def create_request(*, by: User, values: Values, reason: str = "") -> SubjectRequest:
    """Ask for animals of a line: line, count; user (``by``), made_on (today), due_on."""
    line: Line | None = values.get("line")
    if line is None:
        raise DoesNotFit("Say of which line the animals have to be.", field="line")
    permissions.need_create(by, SubjectRequest, line.lab)
    given = {"user": by, "made_on": day_of(now(), line.lab), **values}
    _need_sense(given)
    request = records.create(kind=SubjectRequest, by=by, values=given, reason=reason)
    welfare.request_made(request, by=by)
    return request


@transaction.atomic
def change_request(
    *, request: SubjectRequest, by: User, values: Values, reason: str = ""
) -> SubjectRequest:
    """Change a request; animals that fulfil it already keep to its line and its person."""
    names = ("user", "line", "count", "made_on", "due_on")
    given = {name: values.get(name, getattr(request, name)) for name in names}
    _need_sense(given)
    moved = [name for name in ("user", "line") if given[name] != getattr(request, name)]
    if moved and request.subjects.exists():
        raise DoesNotFit(
            "Animals were given for this request already.",
            field=moved[0],
            remedy="Take them back, or make another request.",
        )
    return records.change(record=request, by=by, values=values, reason=reason)


def _need_sense(given: Values) -> None:
    if not given.get("count"):
        raise DoesNotFit("Ask for one animal or more.", field="count")
    if given.get("due_on") and given["due_on"] < given["made_on"]:
        raise DoesNotFit(f"The request is of {given['made_on']}.", field="due_on")
    _need_member(given["user"], given["line"].lab, "user")


def _need_member(user: User, lab: Any, field: str) -> None:
    if not user.is_active or people.role_of(user, lab) is None:
        raise DoesNotFit(f"{user} does not belong to {lab}.", field=field)


@transaction.atomic
def fulfil(
    *, request: SubjectRequest, by: User, subjects: Sequence[Subject], reason: str = ""
) -> SubjectRequest:
    """Give animals for a request: its person becomes responsible for them.

    They are alive, of its line, given for no other, and not more than remain.
    """
    request = _locked_request(request)
    found = _locked(subjects)
    permissions.need_change_all(by, Subject, found)
    given = (request.pk, request.user_id)
    new = [each for each in found if (each.request_id, each.responsible_user_id) != given]
    for subject in new:
        _need_to_suit(subject, request)
    if len(new) > request.remaining:
        raise DoesNotFit(
            f"{request.remaining} of {request.count} remain, and these are {len(new)}.",
            field="subjects",
        )
    mine = Subject.objects.filter(pk__in=[each.pk for each in new]).select_related("lab")
    with recording.by(by, reason=reason):
        mine.update(request=request, responsible_user=request.user)
    request.remaining -= len(new)
    welfare.handed_over(new, to=request.user, by=by)
    if new and not request.remaining:
        welfare.request_fulfilled(request, by=by)
    return request


def _locked_request(request: SubjectRequest) -> SubjectRequest:
    """Return a request with what remains of it; a count cannot be locked, so it is asked apart."""
    rows = SubjectRequest.objects.select_for_update(of=("self",))
    found: SubjectRequest = rows.select_related("line__lab", "user").get(pk=request.pk)
    found.remaining = SubjectRequest.objects.with_remaining().get(pk=request.pk).remaining
    return found


def _need_to_suit(subject: Subject, request: SubjectRequest) -> None:
    if subject.line_id != request.line_id:
        raise DoesNotFit(f"{subject} is not of the line {request.line}.", field="subjects")
    if not subject.alive:
        raise DoesNotFit(f"{subject} died on {subject.died_on}.", field="subjects")
    if subject.request_id not in (None, request.pk):
        raise DoesNotFit(f"{subject} was given for another request.", field="subjects")


@transaction.atomic
def take_back(
    *, by: User, subjects: Sequence[Subject], to: User | None = None, reason: str = ""
) -> list[Subject]:
    """Let animals fulfil no request any more, and let ``to``, if named, be responsible for them."""
    found = _locked(subjects)
    permissions.need_change_all(by, Subject, found)
    mine = Subject.objects.filter(pk__in=[each.pk for each in found]).select_related("lab")
    with recording.by(by, reason=reason):
        mine.update(request=None)
        return hand_over(by=by, subjects=found, to=to) if to else list(mine)


@transaction.atomic
def hand_over(
    *, by: User, subjects: Sequence[Subject], to: User, reason: str = ""
) -> list[Subject]:
    """Make somebody responsible for animals, all of them or none.

    If that person has asked for animals of a line, the oldest open request is fulfilled by them.
    """
    found = _locked(subjects)
    permissions.need_change_all(by, Subject, found)
    for lab in {each.lab for each in found}:
        _need_member(to, lab, "responsible_user")
    mine = Subject.objects.filter(pk__in=[each.pk for each in found]).select_related("lab")
    with recording.by(by, reason=reason):
        mine.exclude(responsible_user=to).update(responsible_user=to)
        link(subjects=found, to=to)
    welfare.handed_over(found, to=to, by=by)
    return list(mine.select_related("responsible_user", "request"))


def link(*, subjects: Sequence[Subject], to: User) -> None:
    """Let living animals without a request fulfil those that their new person has open."""
    of_lines: dict[Any, list[Any]] = defaultdict(list)
    for subject in subjects:
        if subject.line_id and subject.request_id is None and subject.alive:
            of_lines[subject.line_id].append(subject.pk)
    if not of_lines:
        return
    asked = SubjectRequest.objects.open().filter(user=to, line__in=list(of_lines))
    for request in asked.order_by("made_on", "pk"):
        waiting = of_lines[request.line_id]
        given, of_lines[request.line_id] = (
            waiting[: request.remaining],
            waiting[request.remaining :],
        )
        if given:
            rows = Subject.objects.filter(pk__in=given).select_related("lab")
            rows.update(request=request)
        if given and len(given) == request.remaining:
            welfare.request_fulfilled(request, by=recording.hand().user)


def _locked(subjects: Sequence[Subject]) -> list[Subject]:
    rows = Subject.objects.select_for_update(of=("self",), no_key=True).select_related("lab")
    return list(rows.filter(pk__in={each.pk for each in subjects}).order_by("pk"))
