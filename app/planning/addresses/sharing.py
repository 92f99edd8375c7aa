"""Addresses of links that were shared, below /planning/shared/."""

from django.urls import URLPattern, URLResolver, path

from planning.views import sharing

patterns: list[URLPattern | URLResolver] = [
    path("designs/<uuid:plan>/links/", sharing.of_plan, name="plan-links"),
    path("power/<uuid:analysis>/links/", sharing.of_analysis, name="power-links"),
    path("links/<int:link>/revoke/", sharing.revoke, name="link-revoke"),
    path("shared/<slug:token>/", sharing.shared, name="shared"),
]
