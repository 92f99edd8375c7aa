"""Addresses of searches: how far they are, and their end."""

from django.urls import URLPattern, URLResolver, path

from planning.views import search_results, searches

OF_PLAN = "designs/<uuid:plan>/searches/"
ONE = "searches/<uuid:search>/"
patterns: list[URLPattern | URLResolver] = [
    path(OF_PLAN, searches.of_plan, name="searches"),
    path(f"{OF_PLAN}new/", searches.new, name="search-new"),
    path(f"{OF_PLAN}expected/", searches.expected, name="search-expected"),
    path("searches/compare/", search_results.compare, name="search-compare"),
    path("searches/designs/<uuid:design>/keep/", search_results.keep, name="found-keep"),
    path(ONE, searches.search, name="search"),
    path(f"{ONE}card/", searches.card, name="search-card"),
    path(f"{ONE}end/", searches.end, name="search-end"),
    path(f"{ONE}cancel/", searches.cancel, name="search-cancel"),
    path(f"{ONE}repeat/", searches.repeat, name="search-repeat"),
    path(f"{ONE}designs.zip", search_results.files, name="search-files"),
    path(f"{ONE}history.csv", search_results.history, name="search-history"),
]
