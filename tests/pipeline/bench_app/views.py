"""What the tests of the pipeline ask for; committed to their own clone only."""

import hashlib
import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

PIECE = 65536
NEWEST = "SELECT id FROM bench_note ORDER BY id DESC LIMIT 1"  # all that this release knows of it


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    """Say what has arrived."""
    digest, length = hashlib.sha256(), 0
    while piece := request.read(PIECE):
        digest.update(piece)
        length += len(piece)
    return JsonResponse(
        {
            "method": request.method,
            "length": length,
            "sha256": digest.hexdigest(),
            "header": len(request.headers.get("X-Long", "")),
            "release": settings.RELEASE,
        }
    )


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(float(request.GET.get("s", "1")))
    return release(request)


def release(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"release": settings.RELEASE, "commit": settings.COMMIT})


@csrf_exempt
def notes(request: HttpRequest) -> HttpResponse:
    """Write a note, or wait, and read the newest."""
    time.sleep(float(request.GET.get("s", "0")))
    with connection.cursor() as cursor:
        if request.method == "POST":
            cursor.execute("INSERT INTO bench_note DEFAULT VALUES")
        cursor.execute(NEWEST)
        names = [column[0] for column in cursor.description]
        return JsonResponse(dict(zip(names, cursor.fetchone() or [], strict=False)))
