"""Addresses of factorial designs: pages under /designs/, clients under /lightmill/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from factorial.lightmill2025 import urls as lightmill2025
from factorial.views import client

CLIENT: list[URLPattern | URLResolver] = [
    path("designs/run/begin/", client.begin, name="client-begin"),
    path("designs/run/pointing/", client.pointing, name="pointing"),
    re_path(
        r"^designs/run/(?P<name>studium-runs\.js|studium-runs\.css)$",
        client.file,
        name="client-file",
    ),
    path("designs/run/<str:key>/plan/", client.plan, name="client-plan"),
    path("designs/run/<str:key>/trials/", client.take, name="client-trials"),
    path("designs/run/<str:key>/end/", client.end, name="client-end"),
]

app_name = "factorial"
urlpatterns: list[URLPattern | URLResolver] = [
    *lightmill2025.hooks,
    *CLIENT,
    path("lightmill/2020/", include("factorial.lightmill2020.addresses")),
    path("lightmill/", include("factorial.lightmill2025.urls")),  # after all else below /lightmill/
]
