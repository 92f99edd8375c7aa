"""What the site found in its mounted repositories: for the managers of all labs that use them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotThere
from lab.api import paging
from lab.api.base import LabView
from lab.api.errors import Unreadable
from lab.api.fields import written
from lab.models import FileFinding, FileScan

PAGING = {"limit", "cursor"}
TOLD = ("is_dry_run", "outcome", "message", "files", "bytes", "records", "counts", "fixed",
        "verified", "verified_bytes")  # fmt: skip


class FileScans(LabView):
    """`GET`: the scans, the newest first; one of them; and what it found, by `kind`."""

    def listed(self, request: Request) -> Response:
        self.only({*PAGING, "repository"})
        rows = FileScan.objects.visible_to(self.person)
        if name := request.query_params.get("repository", ""):
            rows = rows.filter(repository_name=name)
        return self._answer(rows, "-began_at", _scan)

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002, ARG002  as the address calls it
        self.only(set())
        return Response(_scan(self._find(id)))

    def findings(self, request: Request, id: str) -> Response:  # noqa: A002
        self.only({*PAGING, "kind"})
        rows, kind = self._find(id).findings.all(), request.query_params.get("kind", "")
        if kind and kind not in FileFinding.Kind.values:
            known = ", ".join(FileFinding.Kind.values)
            raise Unreadable(f"kind: write one of {known}.", field="kind")
        return self._answer(rows.filter(kind=kind) if kind else rows, "id", _finding)

    def _find(self, key: str) -> Any:
        try:
            found = FileScan.objects.visible_to(self.person).filter(pk=UUID(key)).first()
        except ValueError:
            found = None
        if found is None:
            raise NotThere("There is no such scan, or not for you.")
        return found

    def _answer(self, rows: QuerySet[Any], order: str, told: Any) -> Response:
        page = paging.page_of(rows, paging.wish_of(self.request.query_params, [order]))
        return Response({
            "results": [told(row) for row in page.rows],
            "next": self.beside(page.next), "previous": self.beside(page.previous),
        })  # fmt: skip


def _scan(row: FileScan) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in TOLD}
    ended = written(row.ended_at) if row.ended_at else None
    return {"id": str(row.pk), "repository": row.repository_name,
            "began_at": written(row.began_at), "ended_at": ended, **plain}  # fmt: skip


def _finding(row: FileFinding) -> dict[str, Any]:
    record = str(row.file_record) if row.file_record else None
    return {"id": row.pk, "kind": row.kind, "path": row.path, "file_record": record,
            "detail": row.detail}  # fmt: skip


app_name = "lab-scans"
urlpatterns = [
    path("file-scans", FileScans.as_view({"get": "listed"}), name="list"),
    path("file-scans/<str:id>", FileScans.as_view({"get": "retrieve"}), name="detail"),
    path("file-scans/<str:id>/findings", FileScans.as_view({"get": "findings"}), name="findings"),
]
