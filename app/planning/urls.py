"""Addresses of planning: everything below /planning/."""

from django.urls import URLPattern, URLResolver, path

from planning.addresses import designs, made, minutes, power, searches, sharing
from planning.views import studies

app_name = "planning"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", studies.studies, name="studies"),
    *power.patterns,
    *designs.patterns,
    *searches.patterns,
    *sharing.patterns,
    *minutes.patterns,
    *made.patterns,
]
