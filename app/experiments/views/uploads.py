"""Where a page sends files and recordings, part by part."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from experiments.definition.items import FILES, Item
from experiments.errors import TooLargeTogether
from experiments.models import Sitting
from experiments.services import sittings
from runs.errors import NoSuchUpload, NoSuchVisit, NotThisFile, Unreadable
from runs.models import Upload, Visit
from runs.rows import read
from runs.services import runs, uploads
from runs.services.uploads import Allowed, Sender

LONGEST_HOLDER = 64
FORM_MB = 8  # answers besides files
LONGEST_OFFSET = 12  # digits


def allowed_by(item: Item) -> Allowed:
    return Allowed(item.name, item.accepts, item.most_mb * 10**6)


def need_fitting(request: HttpRequest, items: Iterable[Item]) -> None:
    """Refuse a page by what its body is said to have, before any of it is read.

    The web server lets large bodies through to pages of participants, because only here is known
    what each of them takes.

    Raises
    ------
    TooLargeTogether
        It is more than the items of the page take together.
    """
    most_mb = FORM_MB + sum(item.most_mb for item in items if item.kind in FILES)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > most_mb * 10**6:
        raise TooLargeTogether(most_mb)


def _seen(key: str, visit: uuid.UUID) -> tuple[Sitting, Visit]:
    sitting = sittings.sitting_of(key)
    if sitting is None:
        raise NoSuchVisit
    return sitting, runs.visit_of(key, str(visit))


def _item(sitting: Sitting, visit: Visit, name: object) -> Item:
    """Return the item of the page that was shown, if it takes files."""
    step = sittings.step_at_visit(sitting, visit)
    for item in sitting.revision.read.items_of(step.page):
        if item.name == name and item.kind in FILES:
            return item
    raise NotThisFile("The page does not ask for this file.")


@never_cache
@csrf_exempt  # believed because of the address, as a page of the run is
@require_POST
def begin(request: HttpRequest, key: str, visit: uuid.UUID) -> HttpResponse:
    """Begin to take a file, or go on with it: say how much of it is there."""
    sitting, seen = _seen(key, visit)
    told = read(request.body)
    if not isinstance(told, dict) or type(told.get("size")) is not int:
        raise Unreadable("Send an object with holder, item, name and size.")
    item = _item(sitting, seen, told.get("item"))
    sender = Sender(seen, _holder(told.get("holder")), allowed_by(item))
    name = str(told.get("name") or "file")
    return _told(uploads.begin(sender=sender, name=name, size=told["size"]))


@never_cache
@csrf_exempt  # the same
@require_POST
def add(request: HttpRequest, key: str, visit: uuid.UUID, upload: uuid.UUID) -> HttpResponse:
    """Take a part of a file."""
    sitting, seen = _seen(key, visit)
    begun = Upload.objects.filter(visit=seen, pk=upload).values_list("item", flat=True).first()
    if begun is None:
        raise NoSuchUpload
    item = _item(sitting, seen, begun)
    at = request.GET.get("at", "")
    if not (at.isascii() and at.isdigit() and len(at) <= LONGEST_OFFSET):
        raise Unreadable("Say at which byte the part begins.")
    if len(request.body) > uploads.LARGEST_PART:
        raise Unreadable(f"A part has at most {uploads.LARGEST_PART:,} bytes.")
    sender = Sender(seen, _holder(request.GET.get("holder")), allowed_by(item))
    return _told(uploads.add(sender=sender, key=str(upload), at=int(at), part=request.body))


def _holder(sent: Any) -> str:
    """Return who writes; without a name it is nobody whom another run's holder could be."""
    text = sent if isinstance(sent, str) else ""
    if not (text.isascii() and text.isalnum() and len(text) <= LONGEST_HOLDER):
        raise Unreadable("Say which browser sends this.")
    return text


def _told(upload: Upload) -> JsonResponse:
    is_complete = upload.completed_at is not None
    return JsonResponse(
        {"upload": str(upload.pk), "received": upload.received, "complete": is_complete}
    )
