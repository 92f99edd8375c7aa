"""What a task's runner asks for, and where it sends what happens in the task, while it happens."""

import uuid
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotThere
from experiments.services import sittings
from runs.rows import batch_of
from runs.services import trials


@never_cache
@csrf_exempt  # believed because of the address, as a page of the run is
@require_POST
def take(request: HttpRequest, key: str, visit: uuid.UUID) -> HttpResponse:
    """Store a batch, all of it or nothing; what is in the reply may be forgotten by the sender."""
    receipt = trials.receive(key=key, visit=str(visit), batch=batch_of(request.body))
    return JsonResponse(asdict(receipt))


@require_safe
def module(_request: HttpRequest, key: str, digest: str) -> HttpResponse:
    """Send the code of a task to who has the key of a run; its address is its hash."""
    sitting = sittings.sitting_of(key)
    modules = sitting.revision.read.modules.values() if sitting else ()
    for each in modules:
        if each.digest == digest:
            answer = HttpResponse(each.text, content_type="text/javascript; charset=utf-8")
            answer["Cache-Control"] = "private, max-age=31536000, immutable"
            return answer
    raise NotThere
