"""Addresses of the page that joins power and design: participants and minutes."""

from django.urls import URLPattern, URLResolver, path

from planning.views import minutes

patterns: list[URLPattern | URLResolver] = [
    path("minutes/", minutes.minutes, name="minutes"),
    path("minutes/table.csv", minutes.table, name="minutes-table"),
]
