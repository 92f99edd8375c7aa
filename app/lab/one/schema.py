"""The description of the surface that ONE asks for before anything else."""

import json
from functools import cache
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_basic_type, build_parameter_type
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ScopeAllows
from lab.one.views import OneView, Reads

VERSION = "3.6.1"  # of the surface that is spoken


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "lab.one.authentication.OneTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        return {"type": "apiKey", "in": "header", "name": "Authorization"}


class OneSchema(AutoSchema):
    """Describes the filters of a list, so that ONE knows them."""

    def _get_filter_parameters(self) -> list[Any]:
        if not isinstance(self.view, Reads) or self.view.action != "list":
            return []
        return [
            build_parameter_type(name=name, schema=cast("Any", build_basic_type(OpenApiTypes.STR)),
                                 location="query")
            for name in self.view.known_filters()
        ]  # fmt: skip


class Schema(OneView):
    """`GET`: OpenAPI 3; paths begin after the prefix, as ONE expects."""

    authentication_classes = []
    permission_classes = [ScopeAllows]
    renderer_classes = [OpenApiJsonRenderer, JSONRenderer]

    def get(self, _request: Request) -> Response:
        return Response(document())


@cache
def document() -> dict[str, Any]:
    """Return the description, which changes with a release alone."""
    from lab.one import urls  # noqa: PLC0415  the addresses name this view

    generator: Any = SchemaGenerator(  # type: ignore[no-untyped-call]
        patterns=urls.described, api_version=VERSION, title="Studium"
    )
    described = generator.get_schema(public=True)
    made: dict[str, Any] = json.loads(json.dumps(described, default=str))
    return made
