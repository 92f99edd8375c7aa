"""Addresses of the client protocol of 2025, below /lightmill/."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from factorial.lightmill2025 import experiments, logs, runs, sessions, test_hooks
from factorial.lightmill2025.wire import refused
from factorial.log_errors import NoSuchResource

app_name = "lightmill-2025"


@csrf_exempt  # nothing is done
def nothing(request: HttpRequest) -> HttpResponseBase:
    return refused(NoSuchResource(f"resource {request.get_full_path()} does not exist"))


# Outside tests ask for them below the site's root or the protocol's; elsewhere there are none.
hooks = (
    [
        path("__hook__/reset", test_hooks.reset, name="hook-reset"),
        path("__hook__/attach", test_hooks.attach, name="hook-attach"),
    ]
    if settings.LIGHTMILL_HOOKS
    else []
)
urlpatterns = [
    path("sessions", sessions.many, name="sessions"),
    path("sessions/<str:id>", sessions.one, name="session"),
    path("experiments", experiments.many, name="experiments"),
    path("experiments/<str:id>", experiments.one, name="experiment"),
    path("runs", runs.many, name="runs"),
    path("runs/<str:id>", runs.one, name="run"),
    path("logs", logs.many, name="logs"),
    path("logs/batch", logs.batch, name="batch"),
    path("logs/<str:id>", logs.one, name="log"),
]
urlpatterns += hooks
urlpatterns += [re_path("^(?!2020(?:/|$))", nothing, name="nothing")]
