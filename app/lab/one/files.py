"""Files under the addresses that ONE builds: the dataset is found by the id in the file's name.

``/data/<lab>/Subjects/<subject>/<day>/<number>/<collection>/<name>.<id>.<ending>``: only the id
decides; what stands before it is for people and for the client's own folders.
"""

import base64
import binascii
import mimetypes
import re
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse, HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import queries
from accounts.models import ApiToken, User
from common.errors import NotThere
from lab.models import Dataset, FileRecord, Repository
from lab.one.authentication import AUTHENTICATION, WORTHLESS
from lab.one.views import OneView

NAMED = re.compile(r"\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\.[^./]+$|$)")
RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
PIECE = 256 * 1024


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

    authentication_classes = [BasicToken, *AUTHENTICATION]

    def get(self, request: Request, path: str) -> HttpResponseBase:
        found = NAMED.search(path)
        if not found:
            raise NotThere("The address names no dataset: its id stands before the ending.")
        mine = Dataset.objects.visible_to(request.user)
        dataset = mine.filter(pk=UUID(found[1])).first()
        file = dataset and on_disk(dataset)
        if not file:
            raise NotThere("There is no such file, or it lies where the site does not reach it.")
        return answer(file, request.headers.get("Range", ""))


def on_disk(dataset: Dataset) -> Path | None:
    """Return where a mounted folder has the dataset's file; never outside of that folder."""
    folders = FileRecord.objects.filter(
        dataset=dataset, repository__kind=Repository.Kind.FOLDER
    ).exclude(repository__folder="")
    for record in folders.select_related("repository").order_by("-exists", "pk"):
        root = Path(record.repository.folder).resolve()
        file = (root / record.relative_path).resolve()
        if file.is_relative_to(root) and file.is_file():
            return file
    return None


def answer(file: Path, wanted: str) -> HttpResponseBase:
    """Return the whole file, or one piece of it; several pieces at once are not offered."""
    size = file.stat().st_size
    piece = _piece(wanted, size)
    if piece == (0, size - 1) and not wanted:
        response: Any = FileResponse(file.open("rb"), content_type=_type(file))
        response["Accept-Ranges"] = "bytes"
        return _named(response, file)
    if piece is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = piece
    stream = file.open("rb")
    stream.seek(first)
    response = FileResponse(_limited(stream, last - first + 1), status=206,
                            content_type=_type(file))  # fmt: skip
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    return _named(response, file)


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


def _limited(stream: Any, left: int) -> Any:
    with stream:
        while left > 0 and (data := stream.read(min(PIECE, left))):
            left -= len(data)
            yield data


def _type(file: Path) -> str:
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _named(response: Any, file: Path) -> HttpResponseBase:
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    result: HttpResponseBase = response
    return result
