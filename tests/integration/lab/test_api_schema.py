"""The description of the API: valid, complete, and true of what is answered."""

import re

from django.test import Client
from django.urls import URLResolver, get_resolver
from drf_spectacular.validation import validate_schema

from lab.api import schema
from lab.api.resources import ALL


def addresses():
    """Return every address below /api/v1/ with the methods that it answers."""
    found, stack = {}, [(get_resolver(), "/")]
    while stack:
        resolver, path = stack.pop()
        for pattern in resolver.url_patterns:
            here = path + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                stack.append((pattern, here))
            elif here.startswith("/api/v1/"):
                plain = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", here)
                found[plain] = _methods(pattern.callback)
    return found


def _methods(callback):
    view = getattr(callback, "cls", None) or callback.view_class
    known = getattr(callback, "actions", None) or [
        name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)
    ]
    return {name for name in known if name != "head"}


def test_the_description_is_valid_open_api(db):
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    validate_schema(answer.json())


def test_every_address_and_method_is_described():
    described = {path: set(calls) for path, calls in schema.document()["paths"].items()}
    assert described == {path: calls for path, calls in addresses().items()
                         if path != "/api/v1/schema"}  # fmt: skip


def test_every_operation_has_its_own_name():
    calls = [call for one in schema.document()["paths"].values() for call in one.values()]
    names = [call["operationId"] for call in calls]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere():
    document = schema.document()
    text = str(document)
    for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
        assert name in document["components"][kind]


def test_every_example_of_a_new_record_has_the_fields_that_it_needs():
    schemas = schema.document()["components"]["schemas"]
    for resource in ALL:
        if resource.creator:
            made = schemas[f"{schema.say.title_of(resource)}New"]
            missing = set(made.get("required", [])) - set(made["example"])
            assert missing == set(), resource.name
            assert set(made["example"]) <= set(made["properties"]), resource.name
