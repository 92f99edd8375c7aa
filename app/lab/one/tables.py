"""Cache tables: ``cache/info`` says how new they are, ``cache.zip`` has them; for a tag as well."""

from typing import TYPE_CHECKING, Any, cast

from django.http import FileResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotThere
from lab.models import Tag
from lab.one.views import OneView

if TYPE_CHECKING:
    from accounts.models import User
    from lab.services.tables import Tables


class OfTables(OneView):
    """The tables of whoever asks, as they are at this moment, unless the client has just these."""

    def get(self, request: Request, tag: str | None = None) -> Any:
        from lab.services import tables  # noqa: PLC0415  60 MB that no other request needs

        label = Tag.objects.filter(name=tag).first() if tag else None
        if tag and label is None:
            raise NotThere(f"There is no tag {tag[:100]!r}.")
        found = tables.tables_of(cast("User", request.user), tag=label)
        changed_at = int(found.path.stat().st_mtime)
        known = get_conditional_response(request._request, found.etag, changed_at)  # noqa: SLF001
        answer: Any = known or self._answer(request, found, label)
        answer["ETag"] = found.etag
        answer["Last-Modified"] = http_date(changed_at)
        patch_cache_control(answer, private=True, no_cache=True)
        return answer

    def _answer(self, _request: Request, found: "Tables", tag: Tag | None) -> Any:
        raise NotImplementedError


class CacheInfo(OfTables):
    """`GET`: when the tables were made, and how large they are."""

    def _answer(self, _request: Request, found: "Tables", tag: Tag | None) -> Response:
        if tag is None:
            return Response(found.told)
        place = self.request.build_absolute_uri(reverse("one:cache-of-tag", args=[tag.name]))
        return Response({**found.told, "location": place})


class CacheZip(OfTables):
    """`GET`: the tables, as parquet files in an archive."""

    def _answer(self, _request: Request, found: "Tables", tag: Tag | None) -> FileResponse:
        name = f"{tag.name}.zip" if tag else "cache.zip"
        return FileResponse(found.path.open("rb"), filename=name, content_type="application/zip")
