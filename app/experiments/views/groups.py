"""How a waiting browser learns that its group goes on: it asks now and then, and nothing waits."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from experiments.errors import LinkLeadsNowhere
from experiments.models import Meeting, Member
from experiments.queries.groups import LOST, member_by_key
from experiments.services import sittings
from experiments.services.groups import meetings, sharing
from experiments.services.groups.meetings import Look
from runs.errors import Unreadable
from runs.rows import read

AGAIN = "X-Again-Ms"
LONGEST_HOLDER = 64
NO_SEAT = Look("none", 1000)  # the seat was given away: the page, loaded anew, asks for another


@csrf_exempt  # believed because of the address, as a page of the run is
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """Say whether anything has changed in the group; or change what its members share."""
    answer = _share(request, key) if request.method == "POST" else _news(request, key)
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _news(request: HttpRequest, key: str) -> HttpResponse:
    """Answer 304 when nothing has changed since ``If-None-Match``."""
    found = meetings.look(key=key, at=now())
    if found is None and sittings.sitting_of(key) is None:
        raise LinkLeadsNowhere
    told = found or NO_SEAT
    is_known = request.headers.get("If-None-Match") == f'"{told.stamp}"'
    answer = HttpResponse(status=304) if is_known else JsonResponse(_told(told))
    answer["ETag"] = f'"{told.stamp}"'
    answer[AGAIN] = str(told.again_ms)
    return answer


def _told(look: Look) -> dict[str, Any]:
    meeting = Meeting.objects.filter(pk=look.meeting).first() if look.meeting else None
    if meeting is None:
        return {"stamp": look.stamp}
    shared = sharing.shared_in(meeting)
    here = Member.objects.filter(group=meeting.group_id, gone_at=None, seat__isnull=False)
    here = here.exclude(run__status__in=LOST).order_by("seat")
    return {"stamp": look.stamp, "version": shared.version, "state": shared.state,
            "seats": list(here.values_list("seat", flat=True))}  # fmt: skip


def _share(request: HttpRequest, key: str) -> HttpResponse:
    member = member_by_key(key)
    meeting = member.meeting if member else None
    if member is None or meeting is None:
        raise LinkLeadsNowhere
    sent = read(request.body)
    holder, version = _names(sent)
    told = sharing.share(
        member=member,
        meeting=meeting,
        holder=holder,
        version=version,
        state=sent.get("state"),
    )
    answer = {"version": told.version, "state": told.state}
    return JsonResponse(answer if told.is_kept else answer | {"code": "changed"},
                        status=200 if told.is_kept else 409)  # fmt: skip


def _names(sent: Any) -> tuple[str, int]:
    if not isinstance(sent, dict):
        raise Unreadable("Send an object with holder, version and state.")
    holder, version = sent.get("holder"), sent.get("version")
    if not isinstance(holder, str) or not holder.isascii() or not holder.isalnum():
        raise Unreadable("Send the holder that the page names.")
    if len(holder) > LONGEST_HOLDER or type(version) is not int or not 0 <= version < 2**31:
        raise Unreadable("Send the version that was seen, 0 at first.")
    return holder, version
