"""The addresses of the lab's API, made from its resources."""

from django.urls import URLPattern, path

from lab.api import actions, past
from lab.api.resource import Resource, methods_of
from lab.api.resources import ALL
from lab.api.views import Records

app_name = "lab-api"


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
    path("today", actions.Today.as_view({"get": "listed"}), name="today"),
    *(
        path(
            each.path.replace("{id}", "<str:id>"),
            actions.Act.as_view({"post": "act"}, action_=each),
            name=each.name,
        )
        for each in actions.ACTIONS
    ),
    path("trash/<str:id>/restore", past.Trash.as_view({"post": "restore"}), name="trash-restore"),
]

urlpatterns = [*alone, *(pattern for resource in ALL for pattern in addresses(resource))]
