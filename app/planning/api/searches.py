"""Searches for designs, for programs: begin one, follow it, end it, read what it found."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from lab.api.errors import Unreadable
from planning.api import base
from planning.api.plans import design_row
from planning.forms.searches import SearchForm
from planning.models import Plan, Search
from planning.queries import searches as asked
from planning.services import endings, searches


def search_row(found: Search) -> dict[str, Any]:
    return {
        "id": str(found.pk),
        "plan": str(found.plan_id),
        "job": found.job_id and str(found.job_id),
        **{name: getattr(found, name) for name in (
            "method", "seed", "options", "outcome", "was_ended_early", "refusal", "created_at",
            "began_at", "finished_at")},
    }  # fmt: skip


class Searches(APIView):
    """`GET`: searches that you see. `POST`: begin one of a plan; what is left out is as usual."""

    def get(self, request: Request) -> Response:
        rows = Search.objects.visible_to(request.user).defer("specification", "history")
        return base.listed(request, rows, "plan__project", search_row)

    def post(self, request: Request) -> Response:
        given = request.data
        if not isinstance(given, dict):
            raise Unreadable("Send an object with plan, and method, seed and so on.")
        names = [name for name in SearchForm.base_fields if name != "is_habit"]
        base.known(given, ("plan", *names))
        plan = _plan(request, given.get("plan"))
        usual = {name: SearchForm.base_fields[name].initial for name in names}
        form = SearchForm({**usual, **given})
        if not form.is_valid():
            name, faults = next(iter(form.errors.items()))
            raise Unreadable(f"{name}: {faults[0]}", field=name)
        made = searches.begin(plan=plan, by=base.person(request), wish=form.wish)
        address = reverse("planning-api:search", args=[made.pk], request=request)
        body = search_row(made) | {"url": address}
        return Response(body, status=201, headers={"Location": address})


def _plan(request: Request, told: Any) -> Plan:
    try:
        return asked.plan(request.user, UUID(str(told)))
    except ValueError:
        raise Unreadable("plan: write the id of a plan.", field="plan") from None


class OneSearch(APIView):
    """`GET`: how far a search is, and the designs that it has found."""

    def get(self, request: Request, search_id: UUID) -> Response:
        base.known(request.query_params, ())
        found = asked.one(request.user, search_id)
        islands = asked.islands(found)
        if found.finished_at is None and not any(endings.is_at_work(each) for each in islands):
            endings.settle(found.pk)  # its last process was ended before it could do so
            found = asked.one(request.user, search_id)
        standing = asked.standing(found, islands)
        return Response({
            **search_row(found),
            "state": standing.word,
            "phase": standing.phase,
            "share": standing.share,
            "best": standing.best,
            "left_s": standing.left_s,
            "history": asked.history(found, islands),
            "designs": [design_row(each) for each in asked.designs(found)],
        })  # fmt: skip


class EndSearch(APIView):
    """`POST`: end a search with the best design so far."""

    def post(self, request: Request, search_id: UUID) -> Response:
        found = asked.one(request.user, search_id)
        searches.end_now(search=found, by=base.person(request))
        return Response(search_row(asked.one(request.user, search_id)))


class CancelSearch(APIView):
    """`POST`: cancel a search; what it has stored by then is kept."""

    def post(self, request: Request, search_id: UUID) -> Response:
        found = asked.one(request.user, search_id)
        searches.cancel(search=found, by=base.person(request))
        return Response(search_row(asked.one(request.user, search_id)))
