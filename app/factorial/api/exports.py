"""What was recorded of a design, as files that are written while they are read.

A file's ``ETag`` changes with whatever could change it: a program that asks again with
``If-None-Match`` learns that there is nothing new without reading it.
"""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import quote_etag
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.errors import NotThere
from factorial.errors import NotAnOption
from factorial.models import Design
from factorial.queries.exports import state
from factorial.queries.exports.attempts import Wish
from factorial.queries.exports.columns import WHAT
from factorial.services.exports import streams
from factorial.services.exports.folder import about, safe

OPTIONS = {"pilots": "with_pilots", "excluded": "with_excluded",
           "superseded": "with_superseded", "completed": "only_completed"}  # fmt: skip
YES, NO = {"", "1", "true", "on", "yes"}, {"0", "false", "off", "no"}


class DesignView(APIView):
    """Something of one design that the person sees."""

    def design(self, design_id: int) -> Design:
        rows = Design.objects.visible_to(self.request.user).select_related("lab", "project")
        found: Design | None = rows.filter(pk=design_id).first()
        if found is None:
            raise NotThere("There is no such design, or not for you.")
        return found

    def wish(self, request: Request) -> Wish:
        given = {name: value for name, value in request.query_params.items() if name != "run"}
        known(given, OPTIONS)
        asked = {OPTIONS[name]: truth(name, value) for name, value in given.items()}
        return Wish(run=request.query_params.get("run", ""), **asked)


class Exports(DesignView):
    """`GET`: which files there are, what their columns are, and where they come from."""

    def get(self, request: Request, design_id: int) -> Response:
        known(request.query_params, ())
        design = self.design(design_id)
        base = request.build_absolute_uri(request.path).rstrip("/")
        there = [table.what for table in streams.tables(design)]
        files = [f"{base}/{what}.{form}" for what in there for form in streams.FORMS]
        dictionaries = [f"{base}/dictionary.{form}" for form in streams.DICTIONARIES]
        return Response({**about(design), "files": [*files, *dictionaries]})


class ExportFile(DesignView):
    """`GET`: one table in one form, streamed."""

    def get(self, request: Request, design_id: int, file: str) -> HttpResponseBase:
        wish = self.wish(request)
        what, _, form = file.rpartition(".")
        if what not in WHAT or form not in streams.FORMS:
            tables, forms = ", ".join(WHAT), ", ".join(streams.FORMS)
            raise NotThere("There is no such file.", remedy=f"Ask for {tables} as {forms}.")
        design = self.design(design_id)
        tag = quote_etag(state.digest_of(design, wish, file))
        if _is_known(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        chunks = streams.Export(design, what, form, wish).chunks()
        answer = StreamingHttpResponse(chunks, content_type=streams.FORMS[form].media_type)
        return _named(answer, design, file, tag)


class Dictionary(DesignView):
    """`GET`: what each column is."""

    def get(self, request: Request, design_id: int, form: str) -> HttpResponseBase:
        known(request.query_params, ())
        if form not in streams.DICTIONARIES:
            raise NotThere("There is no such file.", remedy="Ask for dictionary.csv or .json.")
        design = self.design(design_id)
        file = f"dictionary.{form}"
        content = streams.dictionary_of(design, form)
        answer = HttpResponse(content, content_type=streams.DICTIONARIES[form])
        return _named(answer, design, file, quote_etag(state.digest_of(design, Wish(), file)))


def _named(answer: HttpResponseBase, design: Design, file: str, tag: str) -> HttpResponseBase:
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    name = safe(design.code).encode("ascii", "replace").decode()
    name = "".join(each if each.isalnum() or each in "-_.%" else "_" for each in name)
    answer["Content-Disposition"] = f'attachment; filename="{name}-{file}"'
    return answer


def _is_known(request: Request, tag: str) -> bool:
    given = request.headers.get("If-None-Match", "")
    return tag in {each.strip().removeprefix("W/") for each in given.split(",")}


def known(given: Iterable[str], options: Iterable[str]) -> None:
    unknown = set(given) - set(options)
    if unknown:
        names = ", ".join(options) or "none"
        raise NotAnOption(f"{min(unknown)}: this option is not known.",
                         remedy=f"Known are: {names}.")  # fmt: skip


def truth(name: str, value: Any) -> bool:
    if value.lower() not in YES | NO:
        raise NotAnOption(f"{name}: write 1 or 0, not “{value[:20]}”.")
    return value.lower() in YES
