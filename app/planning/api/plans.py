"""Plans of tasks and their designs, for programs."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from common.errors import NotThere
from lab.api.errors import Unreadable
from planning.api import base
from planning.errors import NotAPlan
from planning.models import Plan, TaskDesign
from planning.queries import design_facts, kept_designs
from planning.queries import designs as asked
from planning.reports import task
from planning.services import designs

LARGEST = 500_000  # bytes of a specification


def plan_row(plan: Plan) -> dict[str, Any]:
    project = plan.project
    return {
        "id": str(plan.pk),
        "project": f"{project.lab.slug}/{project.slug}",
        **{name: getattr(plan, name) for name in (
            "name", "revision", "created_at", "changed_at", "archived_at")},
    }  # fmt: skip


class Plans(APIView):
    """`GET`: the plans that you see. `POST`: make one; the body is its specification as TOML."""

    parser_classes = [base.Content]

    def get(self, request: Request) -> Response:
        rows = Plan.objects.visible_to(request.user).select_related("project__lab")
        return base.listed(request, rows.defer("specification"), "project", plan_row)

    def post(self, request: Request) -> Response:
        given = request.query_params
        base.known(given, ("project", "name"))
        project = base.project(request, given.get("project", ""))
        name = given.get("name", "").strip()
        if not 0 < len(name) <= 200:  # noqa: PLR2004  the column's
            raise Unreadable("name: write what the plan is called.", field="name")
        text = _text(request)
        told = designs.read(text)
        made = designs.create(
            project=project, name=name, told=told, text=text, by=base.person(request)
        )
        address = reverse("planning-api:plan", args=[made.pk], request=request)
        body = plan_row(made) | {"url": address, "facts": _facts(made)}
        return Response(body, status=201, headers={"Location": address})


def _text(request: Request) -> str:
    try:
        return base.body_of(request, LARGEST).decode()
    except UnicodeDecodeError:
        raise NotAPlan("The specification is no text in UTF-8.") from None


class OnePlan(APIView):
    """`GET`: one plan with its specification, what it comes to, and the designs that were kept."""

    def get(self, request: Request, plan_id: UUID) -> Response:
        base.known(request.query_params, ())
        plan = asked.visible(request.user, plan_id)
        kept = TaskDesign.objects.filter(plan=plan, is_kept=True).order_by("-created_at")
        return Response({
            **plan_row(plan),
            "specification": plan.specification,
            "facts": _facts(plan),
            "designs": [design_row(row) for row in kept.defer("order", "waits")[:200]],
        })  # fmt: skip


def _facts(plan: Plan) -> dict[str, Any]:
    held = asked.read(plan.specification)
    if held.told is None:
        return {"refusal": held.refusal}
    facts = design_facts.of(held.told)
    return {
        "trials": facts.trials,
        "scans": facts.scans,
        "lasts_s": facts.lasts_s,
        "mean_wait_s": facts.mean_wait_s,
        "counts": dict(facts.counts),
        "warnings": facts.warnings,
    }


def design_row(found: TaskDesign) -> dict[str, Any]:
    return {
        "id": str(found.pk),
        "plan": str(found.plan_id),
        "search": found.search_id and str(found.search_id),
        **{name: getattr(found, name) for name in (
            "label", "origin", "position", "worth", "scores", "is_kept", "created_at")},
    }  # fmt: skip


class OneDesign(APIView):
    """`GET`: one design: its order, its waits in ticks, its scores, and which files there are."""

    def get(self, request: Request, design_id: UUID) -> Response:
        base.known(request.query_params, ())
        found = asked.visible_design(request.user, design_id)
        held = kept_designs.usable(found)
        there = [*kept_designs.files(found, held), "task.json"]
        return Response({
            **design_row(found),
            "specification": found.specification,
            "tick_s": held.told.experiment.tick_s,
            "conditions": [each.name for each in held.told.experiment.conditions],
            "order": found.order,
            "waits": found.waits,
            "files": [
                reverse("planning-api:design-file", args=[found.pk, path], request=request)
                for path in there
            ],
            "zip": reverse("planning-api:design-zip", args=[found.pk], request=request),
        })  # fmt: skip


class DesignFile(APIView):
    """`GET`: one file of a design, such as ``bids/…events.tsv``, or the task as ``task.json``."""

    def get(self, request: Request, design_id: UUID, path: str) -> HttpResponse:
        base.known(request.query_params, ())
        found = asked.visible_design(request.user, design_id)
        if path == "task.json":
            return _file(task.file(found).encode(), "application/json", task.file_name(found))
        content = kept_designs.files(found, kept_designs.usable(found)).get(path)
        if content is None:
            raise NotThere("There is no such file.", remedy="The design's address lists them.")
        return _file(content, "application/octet-stream", path.rpartition("/")[2])


class DesignZip(APIView):
    """`GET`: all files of a design."""

    def get(self, request: Request, design_id: UUID) -> HttpResponse:
        base.known(request.query_params, ())
        found = asked.visible_design(request.user, design_id)
        packed = kept_designs.packed(found, kept_designs.usable(found))
        return _file(packed, "application/zip", "design.zip")


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_"
                    for each in name)  # fmt: skip
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    return answer
