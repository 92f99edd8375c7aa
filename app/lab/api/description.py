"""The API described in OpenAPI 3, made from the same declarations that answer the calls."""

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from lab.api import bulk, paging
from lab.api.fields import AwareTime, FreeData, Label
from lab.api.filters import Filter, filters_of
from lab.api.references import Reference
from lab.api.resource import Resource
from lab.api.shapes import shape_of

Described = dict[str, Any]
JSON = "application/json"
TEXT: Described = {"type": "string"}
INTEGER: Described = {"type": "integer"}
FREE: Described = {"type": "object", "additionalProperties": True}  # as its page in docs says
REFUSALS = {
    "400": "A parameter or the body cannot be read; it is named.",
    "401": "No token, or one that is not known any more.",
    "403": "Your role, or your token, does not include this.",
    "404": "It does not exist, or not for you.",
    "409": "Another record has it, something needs it, or the key was used for another call.",
    "412": "Somebody changed the record after you read it.",
    "413": f"More than {bulk.MOST_ROWS} rows.",
    "422": "Values do not fit; each is named, in lists with the place of its row.",
    "429": "Too many calls; Retry-After says how many seconds to wait.",
}
REFUSAL: Described = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "index": {"type": "integer", "description": "The row's place in the list."},
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "detail": "1 of 3 rows cannot be accepted.",
        "remedy": "Correct the rows that are named and send all of them again; nothing was kept.",
        "request_id": "2f0c0f7d9a1e4b7f",
        "errors": [{"index": 1, "field": "weight_g", "message": "A valid number is required."}],
    },
}


# --- values ---------------------------------------------------------------------------------------
def of_field(field: Any) -> Described:
    """Return the description of one field of a record."""
    if isinstance(field, serializers.ManyRelatedField):
        kind: Described = {"type": "array", "items": of_field(field.child_relation)}
    elif isinstance(field, serializers.ListSerializer):
        kind = {"type": "array", "items": of_shape(field.child)}
    else:
        kind = dict(_kind(field))
    if field.allow_null:
        kind["nullable"] = True
    if field.read_only:
        kind["readOnly"] = True
    if field.help_text:
        kind["description"] = str(field.help_text)
    return kind


KINDS: list[tuple[Any, Described]] = [
    (AwareTime, {"type": "string", "format": "date-time"}),
    (serializers.DateField, {"type": "string", "format": "date"}),
    (serializers.FloatField, {"type": "number"}),
    (serializers.IntegerField, {"type": "integer"}),
    (serializers.BooleanField, {"type": "boolean"}),
    (serializers.UUIDField, {"type": "string", "format": "uuid"}),
    (serializers.URLField, {"type": "string", "format": "uri"}),
    (FreeData, {"description": "Any JSON."}),
]


def _kind(field: Any) -> Described:
    if isinstance(field, Reference):
        words = {"description": f"The {field.target.words}."}
        return {"type": "string", **({"format": "uuid"} if field.target.is_by_id else {}), **words}
    if isinstance(field, serializers.ChoiceField):
        blank = [""] if field.allow_blank and not isinstance(field, Label) else []
        empty = [None] if field.allow_null else []
        return {"type": "string", "enum": [*map(str, field.choices), *blank, *empty]}
    found = next((kind for one, kind in KINDS if isinstance(field, one)), {"type": "string"})
    limits = {"maxLength": "max_length", "minimum": "min_value", "maximum": "max_value"}
    given = {name: getattr(field, each, None) for name, each in limits.items()}
    return found | {name: value for name, value in given.items() if value is not None}


def of_shape(shape: Any, *, keep: str = "new") -> Described:
    """Return the description of a body: as it is read, made or changed."""
    fields = {name: one for name, one in shape.fields.items()
              if (not one.write_only if keep == "read" else not one.read_only)}  # fmt: skip
    needed = [name for name, one in fields.items()
              if (keep == "read" or (keep == "new" and one.required))]  # fmt: skip
    described: Described = {
        "type": "object",
        "properties": {name: of_field(one) for name, one in fields.items()},
    }
    if keep != "read":
        described["additionalProperties"] = False
    return described | ({"required": needed} if needed else {})


def schemas_of(resource: Resource) -> Described:
    shape, title = shape_of(resource)(), title_of(resource)
    read = of_shape(shape, keep="read") | {"description": resource.about}
    made = of_shape(shape) | {"example": dict(resource.example)}
    changed = of_shape(shape, keep="change")
    row = {**changed, "required": ["id"], "properties": {
        "id": {"type": "string", "format": "uuid"}, **changed["properties"]}}  # fmt: skip
    return {title: read, f"{title}New": made, f"{title}Change": changed, f"{title}Row": row}


def title_of(resource: Resource) -> str:
    return "".join(word.title() for word in resource.one.split())


# --- calls ----------------------------------------------------------------------------------------
def ref(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: Described) -> Described:
    return {"content": {JSON: {"schema": schema}}}


def answers(good: Mapping[str, Described], *bad: str) -> Described:
    """Return what a call may be answered."""
    refused = {code: {"$ref": f"#/components/responses/Refused{code}"} for code in bad}
    return {**good, **refused}


def parameter(name: str, about: str, schema: Described, place: str = "query") -> Described:
    return {"name": name, "in": place, "description": about, "schema": schema,
            **({"required": True} if place == "path" else {})}  # fmt: skip


ID = parameter("id", "The record's id.", {"type": "string", "format": "uuid"}, "path")
WRITING = [
    {"$ref": "#/components/parameters/dry_run"},
    {"$ref": "#/components/parameters/reason"},
    {"$ref": "#/components/parameters/key"},
]
IF_MATCH = {"$ref": "#/components/parameters/if_match"}
PAGE = [{"$ref": f"#/components/parameters/{name}"} for name in ("limit", "cursor")]
USUAL_BAD = ("400", "401", "403", "429")


def page_of(item: Described) -> Described:
    return {
        "type": "object",
        "required": ["results", "next"],
        "properties": {
            "results": {"type": "array", "items": item},
            "next": {"type": "string", "format": "uri", "nullable": True},
            "previous": {"type": "string", "format": "uri", "nullable": True},
            "count": {"type": "integer"},
        },
    }


def paths_of(resource: Resource, many: Iterable[str], one: Iterable[str]) -> Described:
    """Return the addresses of a resource, with the methods that they answer."""
    calls = {"get": _list, "post": _create, "patch": _change_many, "delete": _delete_many}
    single = {"get": _retrieve, "patch": _change, "delete": _delete}
    base = f"/api/v1/lab/{resource.name}"
    return {
        base: {verb: calls[verb](resource) for verb in many},
        f"{base}/{{id}}": {verb: single[verb](resource) for verb in one},
        f"{base}/{{id}}/history": {"get": _history(resource)},
    }


def _call(resource: Resource, verb: str, about: str, **more: Any) -> Described:
    name = resource.name.replace("-", "_")
    return {"operationId": f"{verb}_{name}", "tags": [resource.name], "summary": about, **more}


def _list(resource: Resource) -> Described:
    orders = sorted({each.removeprefix("-") for each in resource.order})
    both = [*orders, *(f"-{each}" for each in orders)]
    order = parameter("order", "Which comes first; -… is the other way.",
                      {"type": "string", "enum": both, "default": resource.order[0]})  # fmt: skip
    filters = [_filter(each) for each in filters_of(resource).values()]
    more = [order, {"$ref": "#/components/parameters/count"},
            {"$ref": "#/components/parameters/format"}]  # fmt: skip
    listed = content(page_of(ref(title_of(resource))))
    listed["content"] |= {"text/csv": {"schema": {"type": "string"}},
                          "application/x-ndjson": {"schema": {"type": "string"}}}  # fmt: skip
    good = {"200": {"description": "A piece of the list, or all of it as a file.", **listed}}
    return _call(resource, "list", f"List {resource.many}", parameters=[*PAGE, *more, *filters],
                 responses=answers(good, *USUAL_BAD))  # fmt: skip


def _filter(each: Filter) -> Described:
    return parameter(each.name, each.about, dict(each.schema))


def _body(schema: Described, example: Any = None) -> Described:
    shown = {"example": example} if example else {}
    return {"required": True, "content": {JSON: {"schema": schema, **shown}}}


def _create(resource: Resource) -> Described:
    title = title_of(resource)
    rows = {"type": "array", "items": ref(f"{title}New"), "minItems": 1,
            "maxItems": bulk.MOST_ROWS}  # fmt: skip
    body = _body({"oneOf": [ref(f"{title}New"), rows]}, dict(resource.example))
    made = content({"oneOf": [ref(title), _rows(title)]})
    good = {"201": {"description": "What was made.", **made}}
    return _call(resource, "create", f"Create one or many {resource.many}, all or none",
                 parameters=WRITING, requestBody=body,
                 responses=answers(good, *USUAL_BAD, "409", "413", "422"))  # fmt: skip


def _rows(title: str) -> Described:
    results = {"type": "array", "items": ref(title)}
    return {"type": "object", "required": ["count", "results"],
            "properties": {"count": {"type": "integer"}, "results": results}}  # fmt: skip


def _change_many(resource: Resource) -> Described:
    title = title_of(resource)
    body = _body({"type": "array", "items": ref(f"{title}Row"), "minItems": 1,
                  "maxItems": bulk.MOST_ROWS})  # fmt: skip
    good = {"200": {"description": "What they are now.", **content(_rows(title))}}
    return _call(resource, "change_many", f"Change many {resource.many}, all or none",
                 parameters=WRITING, requestBody=body,
                 responses=answers(good, *USUAL_BAD, "404", "409", "413", "422"))  # fmt: skip


def _delete_many(resource: Resource) -> Described:
    keys = {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1,
            "maxItems": bulk.MOST_ROWS}  # fmt: skip
    told = {"type": "object", "properties": {"count": {"type": "integer"}}}
    good = {"200": {"description": "How many went; they can be restored.", **content(told)}}
    return _call(resource, "delete_many", f"Delete many {resource.many}, all or none",
                 parameters=WRITING, requestBody=_body(keys),
                 responses=answers(good, *USUAL_BAD, "404", "409", "413", "422"))  # fmt: skip


def _retrieve(resource: Resource) -> Described:
    tag = {"ETag": {"schema": {"type": "string"}, "description": "What `If-Match` takes."}}
    good = {"200": {"description": "The record.", "headers": tag,
                    **content(ref(title_of(resource)))},
            "304": {"description": "It is as `If-None-Match` says."}}  # fmt: skip
    return _call(resource, "read", f"Read one of the {resource.many}", parameters=[ID],
                 responses=answers(good, "401", "404", "429"))  # fmt: skip


def _change(resource: Resource) -> Described:
    title = title_of(resource)
    good = {"200": {"description": "What it is now.", **content(ref(title))}}
    return _call(resource, "change", f"Change one of the {resource.many}",
                 parameters=[ID, IF_MATCH, *WRITING], requestBody=_body(ref(f"{title}Change")),
                 responses=answers(good, *USUAL_BAD, "404", "409", "412", "422"))  # fmt: skip


def _delete(resource: Resource) -> Described:
    good = {"204": {"description": "It went; it can be restored."}}
    return _call(resource, "delete", f"Delete one of the {resource.many}",
                 parameters=[ID, IF_MATCH, *WRITING],
                 responses=answers(good, *USUAL_BAD, "404", "409", "412"))  # fmt: skip


def _history(resource: Resource) -> Described:
    good = {"200": {"description": "Newest first.", **content(page_of(ref("HistoryEntry")))}}
    return _call(resource, "history_of", f"Read who changed one of the {resource.many}",
                 parameters=[ID, *PAGE],
                 responses=answers(good, "400", "401", "404", "429"))  # fmt: skip


LIMITS = {"type": "integer", "minimum": 1, "maximum": paging.MOST, "default": paging.USUAL}


def call(name: str, tag: str, about: str, responses: Described, parameters: list[Any]) -> Described:
    """Return the description of one call, named ``name`` among all of the API."""
    return {"operationId": name, "tags": [tag], "summary": about, "parameters": parameters,
            "responses": responses}  # fmt: skip
