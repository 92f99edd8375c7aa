"""The addresses of the lab's API, made from its resources."""

from typing import Any

from django.urls import URLPattern, path

from lab.api import past
from lab.api.resource import Resource
from lab.api.resources import ALL
from lab.api.views import Records

app_name = "lab-api"


Methods = dict[str, Any]


def methods_of(resource: Resource) -> tuple[Methods, Methods]:
    """Return what a list and a detail answer: method to action."""
    many: Methods = {"get": "listed"}
    one: Methods = {"get": "retrieve"}
    if resource.creator:
        many["post"] = "create"
    if resource.change:
        many["patch"], one["patch"] = "change_many", "update"
    if resource.delete:
        many["delete"], one["delete"] = "delete_many", "destroy"
    return many, one


def addresses(resource: Resource) -> list[URLPattern]:
    name, (many, one) = resource.name, methods_of(resource)
    return [
        path(name, Records.as_view(many, resource=resource), name=f"{name}-list"),
        path(f"{name}/<str:id>", Records.as_view(one, resource=resource), name=f"{name}-detail"),
        path(
            f"{name}/<str:id>/history",
            past.History.as_view({"get": "listed"}, resource=resource),
            name=f"{name}-history",
        ),
    ]


alone = [
    path(
        "subjects/<str:id>/timeline",
        past.Timeline.as_view({"get": "listed"}),
        name="subjects-timeline",
    ),
    path("trash", past.Trash.as_view({"get": "listed"}), name="trash"),
    path("trash/<str:id>/restore", past.Trash.as_view({"post": "restore"}), name="trash-restore"),
]

urlpatterns = [*alone, *(pattern for resource in ALL for pattern in addresses(resource))]
