"""Files of people below the media folder, sent to whoever a view has let in.

Where a web server stands in front, it is told the file and sends it (`/protected/`); elsewhere the
application does.
"""

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseBase

from common.errors import NotThere

INTERNAL = "/protected/"  # deploy/server/etc/nginx/studium/site.conf knows it


def sent(path: str, *, content_type: str) -> HttpResponseBase:
    """Return the answer that brings the file at ``path`` below the media folder."""
    root = Path(settings.MEDIA_ROOT).resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise NotThere("This file is not there any more.")
    response = _told(file.relative_to(root)) if settings.SENT_BY_WEB_SERVER else _read(file)
    response["Content-Type"] = content_type
    response["Content-Disposition"] = f'inline; filename="{quote(file.name)}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=300"
    return response


def _told(path: Path) -> HttpResponseBase:
    return HttpResponse(headers={"X-Accel-Redirect": INTERNAL + quote(str(path))})


def _read(file: Path) -> HttpResponseBase:
    return FileResponse(file.open("rb"))
