"""Two pages for machines: alive, and ready. They need no session and set no cookie."""

from dataclasses import asdict

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ops import health


@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  every view is given the request
    return JsonResponse({"status": "ok", "release": settings.RELEASE})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  every view is given the request
    found = health.examine()
    checks = {name: asdict(check) for name, check in found.checks.items()}
    for check in checks.values():
        del check["fatal"]
    facts = {"status": found.status, "release": settings.RELEASE, "commit": settings.COMMIT}
    return JsonResponse(
        facts | {"checks": checks}, status=503 if found.status == "failing" else 200
    )
