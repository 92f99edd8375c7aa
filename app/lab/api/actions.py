"""What is done with records beyond making, changing and deleting them, each by one service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Lab, User
from common.errors import NotThere
from lab.api import bulk
from lab.api.base import WRITING, LabView
from lab.api.errors import Unreadable
from lab.api.fields import AwareTime
from lab.api.references import Found, Reference, seen, target_of
from lab.models import Housing, Recorded, Subject, SubjectRequest, WaterRestriction
from lab.queries.needs import Need, needs
from lab.services import culls, housing, requests, restrictions

Values = dict[str, Any]


def _one(model: type[Any], **kwargs: Any) -> Reference:
    return Reference(target_of(model), **kwargs)


class Animals(serializers.Serializer[Any]):
    """Some animals, by their ids."""

    subjects = Reference(target_of(Subject), many=True, allow_empty=False)

    def validate_subjects(self, found: list[Any]) -> list[Any]:
        if len(found) > bulk.MOST_ROWS:
            raise serializers.ValidationError(f"Name at most {bulk.MOST_ROWS} animals.")
        return found


class Move(Animals):
    """Animals, the cage into which they move (null: none), and when (now)."""

    housing = _one(Housing, allow_null=True)
    at = AwareTime(required=False)


class HandOver(Animals):
    """Animals, and who answers for them from now on."""

    to = _one(User)


class End(serializers.Serializer[Any]):
    """When it ended; now if nothing is said."""

    ended_at = AwareTime(required=False)


class Nothing(serializers.Serializer[Any]):
    """An empty body."""


@dataclass(frozen=True, eq=False)
class Action:
    """One address that is posted to: what it is about, what its body says, what it does."""

    name: str
    path: str
    about: str
    body: type[serializers.Serializer[Any]]
    do: Callable[..., Any]  # (by, reason, record, values) → what is told
    model: type[Recorded] | None = None  # of the record whose id the path has


def _moved(by: User, reason: str, _record: Any, values: Values) -> Values:
    given = {"by": by, "subjects": values["subjects"], "at": values.get("at"), "reason": reason}
    if values["housing"] is None:
        return {"count": housing.move_out(**given)}
    return {"count": len(housing.move(housing=values["housing"], **given))}


def _revived(by: User, reason: str, record: Any, _values: Values) -> Values:
    [subject] = culls.revive_all(subjects=[record], by=by, reason=reason)
    return {"id": str(subject.pk), "is_alive": subject.alive}


def _ended(by: User, reason: str, record: Any, values: Values) -> Values:
    ended = restrictions.end_restriction(
        restriction=record, by=by, ended_at=values.get("ended_at"), reason=reason
    )
    return {"id": str(ended.pk), "ended_at": ended.ended_at}


def _fulfilled(by: User, reason: str, record: Any, values: Values) -> Values:
    requests.fulfil(request=record, by=by, subjects=values["subjects"], reason=reason)
    return {"id": str(record.pk), "count": len(values["subjects"])}


def _handed(by: User, reason: str, _record: Any, values: Values) -> Values:
    found = requests.hand_over(by=by, subjects=values["subjects"], to=values["to"], reason=reason)
    return {"count": len(found)}


ACTIONS = (
    Action("moves", "moves", "Move animals into a cage, or out of theirs: all or none",
           Move, _moved),
    Action("hand-over", "hand-over", "Let somebody answer for animals", HandOver, _handed),
    Action("subjects-revive", "subjects/{id}/revive",
           "Take an animal's death back, with what it had ended", Nothing, _revived, Subject),
    Action("water-restrictions-end", "water-restrictions/{id}/end",
           "Give an animal water freely again", End, _ended, WaterRestriction),
    Action("requests-fulfil", "requests/{id}/fulfil",
           "Give animals for a request", Animals, _fulfilled, SubjectRequest),
)  # fmt: skip


class Act(LabView):
    """Carries one action out."""

    action_: Action = cast("Action", None)

    def act(self, request: Request, id: str = "") -> HttpResponse:  # noqa: A002, ARG002
        self.only(WRITING)
        return self.written(lambda: self._act(id))

    def _act(self, key: str) -> Response:
        record = self._record(key)
        data = self.request.data or {}
        if not isinstance(data, dict):
            raise Unreadable("Send an object.")
        body = self.action_.body(data=data, context={"found": self._found(data)})
        unknown = sorted(set(data) - set(body.fields))
        if unknown:
            raise serializers.ValidationError({str(unknown[0])[:60]: ["There is no such field."]})
        body.is_valid(raise_exception=True)
        told = self.action_.do(self.person, self.reason, record, dict(body.validated_data))
        return Response(told)

    def _found(self, data: Values) -> Found:
        found = Found(self.person)
        found.want_all(self.action_.body(), [data])
        return found

    def _record(self, key: str) -> Any:
        model = self.action_.model
        if model is None:
            return None
        rows = seen(model, self.person).select_related(*target_of(model).related)
        try:
            record = rows.filter(pk=target_of(model).key(key)).first()
        except ValueError:
            record = None
        if record is None:
            name = model._meta.verbose_name  # noqa: SLF001  Django's public way
            raise NotThere(f"There is no such {name}, or not for you.")
        return record


class Today(LabView):
    """`GET`: what each animal on measured water weighed, got, and still needs today."""

    def listed(self, request: Request) -> Response:
        self.only({"lab"})
        labs = None
        if wanted := request.query_params.get("lab", ""):
            labs = list(Lab.objects.visible_to(self.person).filter(slug__in=wanted.split(",")))
        found = needs(user=self.person, labs=labs)
        return Response({"results": [_need(each) for each in found]})


def _need(need: Need) -> Values:
    reading, subject = need.reading, need.subject
    return {
        "subject": str(subject.pk),
        "subject_name": subject.nickname,
        "lab": subject.lab.slug,
        "responsible_user": subject.responsible_user.username,
        "day": need.day.isoformat(),
        "is_weighed": need.is_weighed,
        "weight_g": reading.weight_g,
        "expected_g": reading.expected_g,
        "minimum_g": reading.minimum_g,
        "percentage": reading.percentage,
        "required_ml": reading.required_ml,
        "given_ml": need.given_ml,
        "remaining_ml": need.remaining_ml,
        "unweighed_days": [day.isoformat() for day in need.unweighed],
        "waterless_days": [day.isoformat() for day in need.waterless],
    }
