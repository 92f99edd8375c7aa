"""Maps of pilots and their power analyses, for programs."""

from typing import Any
from uuid import UUID

from django.conf import settings as site
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from common.errors import NotThere
from fmriplan.power.thresholds import Correction
from lab.api.errors import Unreadable
from planning.api import base
from planning.forms.power import AgainForm
from planning.forms.power_asking import AskingForm
from planning.models import PilotMap, PowerAnalysis
from planning.numbers import power_answers
from planning.queries import power as asked
from planning.queries import power_results as results
from planning.services import power, power_fetch

BROUGHT = ("project", "name", "participants", "groups", "kind")
FETCHED = (*BROUGHT, "neurovault", "address")
LONGEST_ADDRESS = 500
CHOSEN = {"screening": 0.001, "alpha": 0.05, "resamples": 200, "direction": "positive"}
TOLD = ("power", "participants", "correction")


def map_row(pilot: PilotMap) -> dict[str, Any]:
    project = pilot.project
    return {
        "id": str(pilot.pk),
        "project": f"{project.lab.slug}/{project.slug}",
        **{name: getattr(pilot, name) for name in (
            "name", "kind", "participants", "groups", "source", "source_address", "digest",
            "mask_digest", "size_bytes", "created_at", "expires_at", "removed_at")},
    }  # fmt: skip


class Maps(APIView):
    """`GET`: the maps that you see. `POST`: one that the site fetches, from hosts that it names."""

    def get(self, request: Request) -> Response:
        rows = PilotMap.objects.visible_to(request.user).select_related("project__lab")
        return base.listed(request, rows, "project", map_row)

    def post(self, request: Request) -> Response:
        given = request.data
        if not isinstance(given, dict):
            raise Unreadable(
                "Send an object with project, participants, and neurovault or address."
            )
        base.known(given, FETCHED)
        project = base.project(request, str(given.get("project", "")))
        image = _image(given)
        people = given.get("participants", image.participants)
        brought = power.Brought(
            name=str(given.get("name") or image.name)[:200] or "Map",
            participants=_whole("participants", people, 10, 10_000),
            groups=_whole("groups", given.get("groups", 1), 1, 2),
            kind=_kind(str(given.get("kind", image.kind))),
            source=PilotMap.Source.NEUROVAULT if "neurovault" in given else PilotMap.Source.ADDRESS,
            address=image.address,
        )
        power_fetch.fetcher().need_allowed(brought.address)
        made = power.bring(project=project, brought=brought, by=base.person(request))
        return Response(map_row(made), status=201)


def _image(given: dict[str, Any]) -> power_fetch.Image:
    """Return what is to be fetched, with what NeuroVault says of it."""
    if ("neurovault" in given) == ("address" in given):
        raise Unreadable("Name either neurovault, an image's number, or address.")
    if "neurovault" in given:
        if not site.NEUROVAULT:
            raise Unreadable("neurovault: this site does not ask NeuroVault.", field="neurovault")
        return power_fetch.image(_whole("neurovault", given["neurovault"], 1, 10**9))
    address = str(given["address"])
    if len(address) > LONGEST_ADDRESS:
        raise Unreadable(f"address: at most {LONGEST_ADDRESS} characters.", field="address")
    return power_fetch.Image(address.rpartition("/")[2], "z", None, address)


def _whole(name: str, told: Any, low: int, high: int) -> int:
    try:
        found = float(told)
    except (TypeError, ValueError):
        found = -1.0
    if not low <= found <= high or found != int(found):
        raise Unreadable(f"{name}: write a whole number from {low} to {high}.", field=name)
    return int(found)


def _kind(told: str) -> str:
    if told not in PilotMap.Kind.values:
        raise Unreadable("kind: write z or t.", field="kind")
    return told


class MapUpload(APIView):
    """`POST`: bring a map; the body is its file. The same one again is no second one."""

    parser_classes = [base.Content]

    def post(self, request: Request) -> Response:
        given = request.query_params
        base.known(given, BROUGHT)
        project = base.project(request, given.get("project", ""))
        brought = power.Brought(
            name=given.get("name", "")[:200] or "Map",
            participants=_whole("participants", given.get("participants"), 10, 10_000),
            groups=_whole("groups", given.get("groups", 1), 1, 2),
            kind=_kind(given.get("kind", "z")),
            pieces=base.pieces_of(request),
        )
        made = power.bring(project=project, brought=brought, by=base.person(request))
        return Response(map_row(made), status=201)


class OneMap(APIView):
    """`GET`: one map."""

    def get(self, request: Request, map_id: UUID) -> Response:
        base.known(request.query_params, ())
        return Response(map_row(_map(request, map_id)))


def _map(request: Request, key: Any) -> PilotMap:
    rows = PilotMap.objects.visible_to(request.user).select_related("project__lab")
    found: PilotMap | None = rows.filter(pk=key).first()
    if found is None:
        raise NotThere("There is no such map, or not for you.")
    return found


def analysis_row(found: PowerAnalysis) -> dict[str, Any]:
    """Return what an analysis is and how far; its answers are at its own address."""
    project, job = found.pilot.project, found.job
    return {
        "id": str(found.pk),
        "map": str(found.pilot_id),
        "project": f"{project.lab.slug}/{project.slug}",
        "state": _state(found),
        "job": str(job.pk) if job else None,
        "settings": found.chosen,
        "mark": found.mark,
        "refusal": found.refusal,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
    }


def _state(found: PowerAnalysis) -> str:
    if found.finished_at:
        return "refused" if found.refusal else "done"
    return str(found.job.status) if found.job else "waiting"


class Analyses(APIView):
    """`GET`: the analyses that you see. `POST`: ask a map; the same question is answered once."""

    def get(self, request: Request) -> Response:
        rows = PowerAnalysis.objects.visible_to(request.user).defer(*asked.HEAVY)
        rows = rows.select_related("pilot__project__lab", "job")
        return base.listed(request, rows, "pilot__project", analysis_row)

    def post(self, request: Request) -> Response:
        given = request.data
        if not isinstance(given, dict):
            raise Unreadable("Send an object with map and settings.")
        base.known(given, ("map", *AgainForm.base_fields))
        pilot = _map(request, _key(given.get("map")))
        form = AgainForm({**CHOSEN, **given}, pilot=pilot)
        if not form.is_valid():
            name, faults = next(iter(form.errors.items()))
            raise Unreadable(f"{name}: {faults[0]}", field=name)
        by = base.person(request)
        made = [power.ask(pilot=pilot, settings=one, by=by) for one in form.wanted]
        addresses = [reverse("planning-api:analysis", args=[one.pk], request=request)
                     for one in made]  # fmt: skip
        rows = [analysis_row(one) | {"url": url} for one, url in zip(made, addresses, strict=True)]
        return Response({"results": rows}, status=201, headers={"Location": addresses[0]})


def _key(told: Any) -> UUID:
    try:
        return UUID(str(told))
    except ValueError:
        raise Unreadable("map: write the id of a map.", field="map") from None


class OneAnalysis(APIView):
    """`GET`: one analysis; ``power``, ``participants``, ``correction`` ask what it answers."""

    def get(self, request: Request, analysis_id: UUID) -> Response:
        base.known(request.query_params, TOLD)
        found = asked.visible(request.user, analysis_id)
        shown = analysis_row(found)
        if not found.result or found.refusal:
            return Response(shown)
        made = results.analysis_of(found)
        form = AskingForm.of(request.query_params, made)
        if not form.is_valid():
            name, faults = next(iter(form.errors.items()))
            raise Unreadable(f"{name}: {faults[0]}", field=name)
        rows = power_answers.answers(
            made, power=form.wish.power, participants=form.wish.participants
        )
        told = results.told(found, made, form.wish)
        return Response({
            **shown,
            **_numbers(found),
            "asked": {"power": form.wish.power, "participants": form.wish.participants},
            "answers": [_answer(row) for row in rows],
            "paragraph": told["paragraph"],
        })  # fmt: skip


def _numbers(found: PowerAnalysis) -> dict[str, Any]:
    names = ("threshold", "peaks", "voxels", "effect", "smoothness", "prevalence", "heights",
             "warnings")  # fmt: skip
    return {name: (found.result or {}).get(name) for name in names}


def _answer(row: power_answers.Answered) -> dict[str, Any]:
    sure, chance = row.interval, row.power_interval
    return {
        "correction": Correction(row.correction).name.lower(),
        "height": row.height,
        "participants": row.participants,
        "participants_low": sure and sure.low,
        "participants_high": sure and sure.high,
        "power": row.power,
        "power_low": chance and chance.low,
        "power_high": chance and chance.high,
    }


def _finished(request: Request, key: UUID) -> PowerAnalysis:
    found = asked.visible(request.user, key)
    if not found.result:
        raise NotThere(
            "The analysis has no numbers, or not yet.",
            remedy="Read its state at its own address, without the name of a file.",
        )
    return found


class Peaks(APIView):
    """`GET`: all peaks, as CSV."""

    def get(self, request: Request, analysis_id: UUID) -> HttpResponse:
        base.known(request.query_params, ())
        found = _finished(request, analysis_id)
        return base.table(results.peaks_as_table(found), f"peaks-{found.mark[:12]}.csv")


class Curves(APIView):
    """`GET`: power by number of participants, as CSV."""

    def get(self, request: Request, analysis_id: UUID) -> HttpResponse:
        base.known(request.query_params, ())
        found = _finished(request, analysis_id)
        if found.refusal:
            raise NotThere(found.refusal, remedy="Look for another map.")
        rows = power_answers.table(results.analysis_of(found))
        return base.table(rows, f"power-{found.mark[:12]}.csv")
