"""How a waiting browser learns that its group goes on: it asks now and then, and nothing waits."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from experiments.errors import LinkLeadsNowhere
from experiments.services import sittings
from experiments.services.groups import meetings
from experiments.services.groups.meetings import Look

AGAIN = "X-Again-Ms"
NO_SEAT = Look("none", 1000)  # the seat was given away: the page, loaded anew, asks for another


@require_safe
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """Say whether anything has changed in the group since ``If-None-Match``: 304 when not."""
    found = meetings.look(key=key, at=now())
    if found is None and sittings.sitting_of(key) is None:
        raise LinkLeadsNowhere
    told = found or NO_SEAT
    is_known = request.headers.get("If-None-Match") == f'"{told.stamp}"'
    answer = HttpResponse(status=304) if is_known else JsonResponse({"stamp": told.stamp})
    answer["ETag"] = f'"{told.stamp}"'
    answer["Cache-Control"] = "private, no-cache"
    answer[AGAIN] = str(told.again_ms)
    return answer
