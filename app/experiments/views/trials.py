"""Where a task's runner sends what happens in it, while it happens."""

import uuid
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from runs.rows import batch_of
from runs.services import trials


@never_cache
@csrf_exempt  # believed because of the address, as a page of the run is
@require_POST
def take(request: HttpRequest, key: str, visit: uuid.UUID) -> HttpResponse:
    """Store a batch, all of it or nothing; what is in the reply may be forgotten by the sender."""
    receipt = trials.receive(key=key, visit=str(visit), batch=batch_of(request.body))
    return JsonResponse(asdict(receipt))
