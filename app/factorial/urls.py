"""Addresses of factorial designs: pages under /designs/, clients under /lightmill/."""

from django.urls import URLPattern, URLResolver, include, path

from factorial.lightmill2025 import urls as lightmill2025

app_name = "factorial"
urlpatterns: list[URLPattern | URLResolver] = [
    *lightmill2025.hooks,
    path("lightmill/", include("factorial.lightmill2025.urls")),  # after all else below /lightmill/
]
