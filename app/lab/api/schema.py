"""`GET /api/v1/schema`: the whole description, for programs that write programs."""

from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ScopeAllows
from lab.api import actions
from lab.api import description as say
from lab.api.base import LabView
from lab.api.description import Described
from lab.api.resource import methods_of
from lab.api.resources import ALL
from lab.queries import timeline

VERSION = "1.0"
TEXT = say.TEXT
TIME: Described = {"type": "string", "format": "date-time"}
KEY: Described = {"type": "string", "format": "uuid"}
PARAMETERS: Described = {
    "limit": say.parameter("limit", "How many rows at most.", say.LIMITS),
    "cursor": say.parameter("cursor", "From `next` or `previous`.", TEXT),
    "count": say.parameter("count", "true: say how many there are in all.", {"type": "boolean"}),
    "format": say.parameter("format", "The whole list as a file.",
                            {"type": "string", "enum": ["json", "csv", "ndjson"]}),
    "dry_run": say.parameter("dry_run", "true: tell what would happen, and do nothing.",
                             {"type": "boolean"}),
    "reason": say.parameter("reason", "Why; it stands in the history.",
                            {"type": "string", "maxLength": 1000}),
    "key": say.parameter("Idempotency-Key", "The same call with the same key is done once.",
                         {"type": "string", "maxLength": 200}, "header"),
    "if_match": say.parameter("If-Match", "The ETag of the record that you know.", TEXT, "header"),
}  # fmt: skip


def _object(**properties: Any) -> Described:
    return {"type": "object", "properties": properties}


SCHEMAS: Described = {
    "Refusal": say.REFUSAL,
    "HistoryEntry": _object(
        id={"type": "integer"}, at=TIME, user={**TEXT, "nullable": True},
        token={**TEXT, "nullable": True}, action=TEXT, reason=TEXT,
        changes={"type": "array", "items": {"type": "object", "additionalProperties": True}},
    ),
    "Happening": _object(
        at=TIME, ended_at={**TIME, "nullable": True}, id=KEY, what=TEXT,
        kind={"type": "string", "enum": list(timeline.KINDS)},
        amount={"type": "number", "nullable": True},
    ),
    "Deleted": _object(
        id=KEY, kind=TEXT, record=KEY, label=TEXT, lab={**TEXT, "nullable": True},
        count={"type": "integer"}, deleted_at=TIME, deleted_by={**TEXT, "nullable": True},
        reason=TEXT,
    ),
}  # fmt: skip


class Schema(LabView):
    """The description is no secret: programs read it before they have a token."""

    authentication_classes = []
    permission_classes = [ScopeAllows]

    def read(self, request: Request) -> Response:  # noqa: ARG002
        return Response(document())


@cache
def document() -> Described:
    """Return the description, which changes with a release alone."""
    paths: Described = {}
    schemas = dict(SCHEMAS)
    for resource in ALL:
        schemas |= say.schemas_of(resource)
        paths |= say.paths_of(resource, *methods_of(resource))
    return {
        "openapi": "3.0.3",
        "info": {"title": "Studium", "version": VERSION,
                 "description": "The lab's records. See docs/api/lab.md."},
        "security": [{"token": []}],
        "paths": paths | _others(),
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS,
            "responses": {f"Refused{code}": _refused(about)
                          for code, about in say.REFUSALS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


def _refused(about: str) -> Described:
    return {"description": about, **say.content(say.ref("Refusal"))}


def _others() -> Described:
    """Return what is not the list or the detail of a resource."""
    good = {
        "200": {"description": "Newest first.", **say.content(say.page_of(say.ref("Happening")))}
    }
    kinds = say.parameter("kinds", "Some kinds, parted by commas.", TEXT)
    every = say.parameter("every_weight", "Not only the last of each week.", {"type": "boolean"})
    trash = {
        "200": {"description": "Newest first.", **say.content(say.page_of(say.ref("Deleted")))}
    }
    back = {"200": {"description": "What is there again.", **say.content(
        _object(kind=TEXT, id=KEY, restored={"type": "integer"}))}}  # fmt: skip
    return {
        "/api/v1/lab/subjects/{id}/timeline": {"get": say.call(
            "timeline_of_subjects", "subjects", "Read all that happened to an animal",
            say.answers(good, "400", "401", "404", "429"), [say.ID, *say.PAGE, kinds, every])},
        "/api/v1/lab/trash": {"get": say.call(
            "list_trash", "trash", "List what was deleted",
            say.answers(trash, "400", "401", "429"), say.PAGE)},
        "/api/v1/lab/trash/{id}/restore": {"post": say.call(
            "restore_trash", "trash", "Restore a record with all that it owned",
            say.answers(back, "401", "403", "404", "422", "429"), [say.ID, *say.WRITING])},
        "/api/v1/lab/today": {"get": say.call(
            "list_today", "today", "Read what animals on measured water need today",
            say.answers({"200": {"description": "By nickname.", **say.content(
                _object(results={"type": "array", "items": {"type": "object"}}))}}, "401", "429"),
            [say.parameter("lab", "Short names of labs, parted by commas.", TEXT)])},
        **{f"/api/v1/lab/{each.path}": {"post": _action(each)} for each in actions.ACTIONS},
        **_of_accounts(),
        **_of_areas(),
    }  # fmt: skip


def _action(action: actions.Action) -> Described:
    """Return the description of an address that is posted to."""
    told = {"200": {"description": "What was done.", **say.content(
        {"type": "object", "additionalProperties": True})}}  # fmt: skip
    path = [say.ID] if action.model else []
    call = say.call(action.name.replace("-", "_"), action.path.partition("/")[0], action.about,
                 say.answers(told, "400", "401", "403", "404", "409", "422", "429"),
                 [*path, *say.WRITING])  # fmt: skip
    body = {"content": {say.JSON: {"schema": say.of_shape(action.body())}}}
    return call | {"requestBody": body}


def _of_accounts() -> Described:
    """Return the addresses of other areas, which answer plain objects."""
    plain = {"200": {"description": "As its page in docs says.", **say.content(
        {"type": "object", "additionalProperties": True})}}  # fmt: skip
    answers = say.answers(plain, "401", "404")
    lab = say.parameter("lab", "The lab's short name.", TEXT, "path")
    job = say.parameter("job_id", "The job's id.", TEXT, "path")
    calls: list[tuple[str, str, str, str, list[Described]]] = [
        ("/api/v1/lab/file-scans", "get", "list_file_scans", "List scans of repositories", []),
        ("/api/v1/lab/file-scans/{id}", "get", "read_file_scan", "Read a scan", [say.ID]),
        (
            "/api/v1/lab/file-scans/{id}/findings",
            "get",
            "findings_of_file_scan",
            "List what a scan has found",
            [say.ID],
        ),
        ("/api/v1/me", "get", "me", "Read who the token belongs to", []),
        ("/api/v1/projects", "get", "list_my_projects", "List projects that you see", []),
        ("/api/v1/labs/{lab}/people", "get", "list_people_of_lab", "List a lab's people", [lab]),
        ("/api/v1/jobs/", "get", "list_jobs", "List jobs that you see", []),
        ("/api/v1/jobs/{job_id}/", "get", "read_job", "Read a job", [job]),
        ("/api/v1/jobs/{job_id}/cancel/", "post", "cancel_job", "End a job", [job]),
    ]
    return {
        path: {verb: say.call(name, "accounts", about, answers, parameters)}
        for path, verb, name, about, parameters in calls
    }


def _of_areas() -> Described:
    """Return what the areas above this one say of their own addresses."""
    found: Described = {}
    for name in settings.API_DESCRIPTIONS:
        found |= import_string(name)()
    return found
