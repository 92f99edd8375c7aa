"""Files under the addresses that ONE builds: the dataset is found by the id in the file's name.

``/data/<lab>/Subjects/<subject>/<day>/<number>/<collection>/<name>.<id>.<ending>``: only the id
decides; what stands before it is for people and for the client's own folders. A key to files may
stand first.
"""

import base64
import binascii
import mimetypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import queries
from accounts.models import ApiToken, User
from common.errors import NotThere
from lab.models import Dataset
from lab.one.authentication import AUTHENTICATION, WORTHLESS, KeyInAddress
from lab.one.views import OneView
from lab.queries import places

NAMED = re.compile(r"\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\.[^./]+$|$)")
RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
PIECE = 256 * 1024
RANGE_NOT_SATISFIABLE = 416


class BasicToken(BaseAuthentication):
    """Basic sign-in with a name and, in the password's place, an API token of that person."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        word, _, given = request.headers.get("Authorization", "").partition(" ")
        if word.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise PermissionDenied(WORTHLESS) from None
        token = queries.token_of(secret)
        if token is None or token.user.username != User.normalize_username(name):
            raise PermissionDenied(WORTHLESS)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  the base's signature
        return 'Basic realm="Studium"'  # ONE gives its name and token when it is asked for them


class Download(OneView):
    """`GET`: the file, or the piece of it that ``Range`` asks for."""

    authentication_classes = [BasicToken, KeyInAddress, *AUTHENTICATION]

    def get(self, request: Request, path: str) -> HttpResponseBase:
        found = NAMED.search(path)
        if not found:
            raise NotThere("The address names no dataset: its id stands before the ending.")
        dataset = Dataset.objects.visible_to(request.user).filter(pk=UUID(found[1])).first()
        place = dataset and places.place_of(dataset, method=request.method or "GET")
        if isinstance(place, places.Elsewhere):
            return HttpResponseRedirect(place.url, headers={"Cache-Control": "no-store"})
        if not place:
            raise NotThere("There is no such file, or it lies where the site does not reach it.")
        if request.META.get("STUDIUM_MOUNTS") == str(settings.MOUNTS):
            return by_front(place)
        return answer(place.path, request)


def by_front(place: places.OnDisk) -> HttpResponseBase:
    """Let the web server in front send the file; it knows pieces and conditions by itself."""
    response = HttpResponse(content_type=_type(place.path))
    response["X-Accel-Redirect"] = f"/mounted/{quote(place.below)}"
    return _named(response, place.path)


def answer(file: Path, request: Request) -> HttpResponseBase:
    """Return the whole file, or one piece of it; several pieces at once are not offered."""
    try:
        stream = file.open("rb")
    except OSError:
        raise NotThere("The file is there, but the site may not read it.") from None
    about = os.fstat(stream.fileno())
    etag = f'"{int(about.st_mtime):x}-{about.st_size:x}"'  # as nginx spells it
    known = get_conditional_response(request._request, etag, int(about.st_mtime))  # noqa: SLF001
    if known is not None:
        stream.close()
        return known
    response = _piece_or_all(stream, about.st_size, _wanted(request, etag, about.st_mtime))
    if request.method == "HEAD":
        stream.close()
        response = HttpResponse(status=response.status_code, headers=dict(response.headers))
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(about.st_mtime)
    if response.status_code != RANGE_NOT_SATISFIABLE:
        response["Content-Type"] = _type(file)
    return _named(response, file)


def _wanted(request: Request, etag: str, changed_at: float) -> str:
    """Return the range that is asked for, unless it is of another version of the file."""
    condition = request.headers.get("If-Range", "")
    if condition and condition not in {etag, http_date(changed_at)}:
        return ""
    return str(request.headers.get("Range", ""))


def _piece_or_all(stream: BinaryIO, size: int, wanted: str) -> Any:
    piece = _piece(wanted, size)
    if piece is None:
        stream.close()
        status = RANGE_NOT_SATISFIABLE
        return HttpResponse(status=status, headers={"Content-Range": f"bytes */{size}"})
    first, last = piece
    stream.seek(first)
    response = StreamingHttpResponse(_Piece(stream, last - first + 1))
    response["Content-Length"] = str(last - first + 1)
    if _is_range(wanted):
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _is_range(wanted: str) -> bool:
    found = RANGE.match(wanted.strip())
    return bool(found and any(found.groups()))


def _piece(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that are wanted, or None when there are no such bytes."""
    found = RANGE.match(wanted.strip())
    if not found or not any(found.groups()):
        return 0, size - 1
    first, last = found.groups()
    if not first:  # so many from the end
        return (max(size - int(last), 0), size - 1) if int(last) and size else None
    begin, end = int(first), min(int(last), size - 1) if last else size - 1
    return (begin, end) if begin <= end else None


class _Piece:
    """So many bytes of a file, which is closed also when nobody reads them, as after HEAD."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self._stream, self._left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        while self._left > 0 and (data := self._stream.read(min(PIECE, self._left))):
            self._left -= len(data)
            yield data

    def close(self) -> None:
        self._stream.close()


def _type(file: Path) -> str:
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _named(response: Any, file: Path) -> HttpResponseBase:
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = content_disposition_header(True, file.name)
    result: HttpResponseBase = response
    return result
