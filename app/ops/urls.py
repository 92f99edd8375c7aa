"""Health for machines at the root; everything for operators under ``/ops/``."""

from django.urls import URLPattern, URLResolver, path

from ops.views import health

app_name = "ops"
urlpatterns: list[URLPattern | URLResolver] = [
    path("health/", health.alive, name="health"),
    path("health/ready/", health.ready, name="health-ready"),
]
