"""Designs for programs: look at them, bring one in, add runs to one."""

from typing import Any, cast

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.models import Project, User
from common.errors import NotThere
from factorial.api.exports import DesignView, known, truth
from factorial.errors import NotADesign, NotAnOption
from factorial.models import Design
from factorial.services import designs
from touchstone import design as plans
from touchstone import formats
from touchstone.checker import check
from touchstone.decoding import LARGEST
from touchstone.errors import DesignError

PAGE = 200
LISTED = ("after", "code", "lab")
BROUGHT = ("project", "form", "code", "participants", "pilot", "fixed", "preview")


class Document(BaseParser):
    """A file as it is, whatever its media type is called; a form holds none."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        if is_form_media_type(media_type or ""):
            return QueryDict()
        return stream.read(LARGEST + 1)


class DesignRow(serializers.ModelSerializer[Design]):
    """A design in a list."""

    url = serializers.HyperlinkedIdentityField(
        view_name="designs-api:design", lookup_field="pk", lookup_url_kwarg="design_id"
    )
    lab = serializers.CharField(source="lab.slug")
    project = serializers.CharField(source="project.slug")

    class Meta:
        model = Design
        fields = [
            "id",
            "url",
            "lab",
            "project",
            "code",
            "name",
            "format",
            "digest",
            "is_open",
            "is_pilot",
            "has_fixed_measures",
            "created_at",
            "archived_at",
        ]
        read_only_fields = fields


class Designs(APIView):
    """`GET`: the designs that you see. `POST`: bring one in; the body is its file.

    ``project`` is `lab/project`; ``form`` xml, tsl or csv, else it is told by how the file
    begins; ``code`` and ``participants`` say what TSL and some tables leave out; ``pilot`` and
    ``fixed`` are settings; ``preview`` says what would come of it and writes nothing.
    """

    parser_classes = [Document]

    def get(self, request: Request) -> Response:
        known(request.query_params, LISTED)
        rows = Design.objects.visible_to(request.user).select_related("lab", "project")
        if lab := request.query_params.get("lab"):
            rows = rows.filter(lab__slug=lab)
        if code := request.query_params.get("code"):
            rows = rows.filter(code=code)
        found = list(rows.filter(pk__gt=_after(request)).order_by("pk")[: PAGE + 1])
        shown = DesignRow(found[:PAGE], many=True, context={"request": request}).data
        further = found[PAGE - 1].pk if len(found) > PAGE else None
        return Response({"results": shown, "after": further})

    def post(self, request: Request) -> Response:
        known(request.query_params, BROUGHT)
        project = _project(request)
        plan, form = _plan(request)
        if truth("preview", request.query_params.get("preview", "no")):
            return Response(_said(plan, form))
        made = designs.add_design(
            project=project,
            plan=plan,
            by=_person(request),
            format=form,
            document=designs.text_of(_document(request)),
            is_pilot=truth("pilot", request.query_params.get("pilot", "no")),
            has_fixed_measures=truth("fixed", request.query_params.get("fixed", "no")),
        )
        address = reverse("designs-api:design", args=[made.pk], request=request)
        body = {"id": made.pk, "url": address, **_said(plan, form)}
        return Response(body, status=201, headers={"Location": address})


class OneDesign(DesignView):
    """`GET`: one design with factors, measures and runs. `POST`: add the runs of a file to it."""

    parser_classes = [Document]

    def get(self, request: Request, design_id: int) -> Response:
        known(request.query_params, ())
        design = self.design(design_id)
        runs = design.planned_runs.values("code", "block_count", "trial_count", "done")
        fields = ("code", "name", "kind", "type", "tag", "default", "values")
        measured = ("code", "name", "type", "at_trial", "at_event", "is_declared")
        return Response({
            **DesignRow(design, context={"request": request}).data,
            "author": design.author,
            "description": design.description,
            "warnings": design.warnings,
            "factors": list(design.factors.values(*fields)),
            "measures": list(design.measures.values(*measured)),
            "runs": list(runs),
        })  # fmt: skip

    def post(self, request: Request, design_id: int) -> Response:
        known(request.query_params, ("form", "participants"))
        design = self.design(design_id)
        plan, _ = _plan(request, code=design.code)
        added = designs.extend(
            design=design,
            plan=plan,
            by=_person(request),
            document=designs.text_of(_document(request)),
        )
        return Response({"id": design.pk, "added": added})


def _person(request: Request) -> User:
    """Return who asks; nobody comes here without a key or a cookie."""
    return cast("User", request.user)


def _document(request: Request) -> bytes:
    found: object = request.data
    return found if isinstance(found, bytes) else b""


def _after(request: Request) -> int:
    return _count(request, "after")


def _count(request: Request, name: str) -> int:
    given = request.query_params.get(name, "0")
    if not given.isdecimal() or len(given) > 9:  # noqa: PLR2004  larger numbers count nothing here
        raise NotAnOption(f"{name} is a whole number.")
    return int(given)


def _project(request: Request) -> Project:
    lab, _, slug = request.query_params.get("project", "").partition("/")
    rows = Project.objects.editable_by(request.user).select_related("lab")
    found = rows.filter(lab__slug=lab, slug=slug).first()
    if found is None:
        raise NotThere(
            "No project of yours is called so.", remedy="Name it as ?project=lab/project."
        )
    return found


def _plan(request: Request, code: str = "") -> tuple[plans.Design, str]:
    document = _document(request)
    if not document:
        raise NotADesign("The body is empty; it is the design's file.")
    form = request.query_params.get("form") or formats.format_of(document)
    if form not in formats.FORMATS:
        raise NotAnOption(f"form is one of {', '.join(formats.FORMATS)}.")
    try:
        plan = formats.read(
            document,
            form=form,
            code=request.query_params.get("code", code),
            participants=_count(request, "participants"),
        )
    except DesignError as error:
        raise NotADesign(str(error), line=error.line or None) from None
    return plan, form


def _said(plan: plans.Design, form: str) -> dict[str, Any]:
    """Return what a plan holds and what is worth a look."""
    report = check(plan)
    return {
        "code": plan.id,
        "name": plan.name,
        "form": form,
        "runs": report.runs,
        "blocks": report.blocks,
        "trials": report.trials,
        "practice_trials": report.practice_trials,
        "warnings": list(plan.warnings),
        "findings": list(report.findings),
    }
