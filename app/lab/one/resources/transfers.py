"""`sync-file-status`: where the copies of datasets are recorded to be, and which have arrived."""

from typing import TYPE_CHECKING, Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lab.models import FileRecord
from lab.one.errors import FieldRefused
from lab.one.resources.downloads import identifiers
from lab.one.views import OneView
from lab.queries import transfers
from lab.services import arrivals

if TYPE_CHECKING:
    from accounts.models import User

KNOWN = {"lab", "project"}


class TransferShape(serializers.Serializer[Any]):
    """What a program says of copies that it has moved."""

    exist = serializers.ListField(child=serializers.UUIDField(), required=False)
    missing = serializers.ListField(child=serializers.UUIDField(), required=False)


class SyncFileStatus(OneView):
    """`GET lab, project`: copies by repository. `POST exist, missing`: ids of file records."""

    serializer_class = TransferShape

    def get(self, request: Request) -> Response:
        return Response(self._state(request))

    def post(self, request: Request) -> Response:
        person = cast("User", request.user)
        told = {name: self._records(request, name) for name in ("exist", "missing")}
        if not any(told.values()):
            raise FieldRefused("exist", "Name the file records that exist, or that are missing.")
        arrivals.record(by=person, exist=told["exist"], missing=told["missing"])
        return Response(self._state(request), status=201)

    def _records(self, request: Request, name: str) -> list[FileRecord]:
        keys = identifiers(request, name)
        rows = FileRecord.objects.visible_to(request.user).filter(pk__in=keys)
        found = list(rows.select_related("dataset__lab"))
        missing = set(keys) - {str(row.pk) for row in found}
        if missing:
            raise FieldRefused(name, f"There is no file record {min(missing)} that you can see.")
        return found

    def _state(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        unknown = [name for name in asked if name not in KNOWN]
        if unknown:
            raise FieldRefused(unknown[0], "There is no such filter here. There are: lab, project.")
        person = cast("User", request.user)
        rows = transfers.by_repository(person, asked.get("lab", ""), asked.get("project", ""))
        return {"repositories": rows, "missing": sum(row["missing"] for row in rows)}
