"""The files of a run's stimuli, sent to whoever has its key."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from common import protected
from common.errors import NotThere
from experiments import storage
from experiments.services import sittings, stimuli

A_YEAR = "private, max-age=31536000, immutable"


@require_safe
def stimulus(request: HttpRequest, key: str, digest: str) -> HttpResponseBase:
    """Send a file whose address is its hash; only those of the run's own protocol are sent."""
    sitting = sittings.sitting_of(key)
    listed = sitting.revision.read.stimuli if sitting else None
    found = stimuli.files_of(listed.digest).get(digest) if listed else None
    if found is None:
        raise NotThere
    if request.headers.get("If-None-Match") == f'"{digest}"':
        return HttpResponse(status=304)
    answer = protected.sent(storage.below_media(digest), content_type=found.media_type)
    answer["Cache-Control"] = A_YEAR
    answer["ETag"] = f'"{digest}"'
    return answer
