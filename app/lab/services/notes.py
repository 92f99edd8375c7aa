"""Notes and pictures that people attach to any record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab import pictures
from lab.errors import DoesNotFit
from lab.models import Note, Recorded
from lab.services import records

Values = Mapping[str, Any]
WIDEST_PX = 20_000


@dataclass(frozen=True)
class Sent:
    """A picture as it came: its bytes, and how wide it shall be; None keeps it as it is."""

    content: bytes
    width_px: int | None = None


def create_note(
    *, by: User, about: Recorded, values: Values, picture: Sent | None = None, reason: str = ""
) -> Note:
    """Attach a note to a record; it lives in the record's lab, and is seen by who sees that."""
    given = {"at": now(), "user": by, **values, **_place(about)}
    return _kept(picture, lambda image: records.create(
        kind=Note, by=by, values=given | image, reason=reason))  # fmt: skip


def change_note(  # noqa: PLR0913  what it is about and its picture may stay
    *, note: Note, by: User, values: Values, about: Recorded | None = None,
    picture: Sent | None = None, reason: str = "",
) -> Note:  # fmt: skip
    """Change a note; a picture that it had before stays where its history finds it."""
    given = {**values, **(_place(about) if about else {})}
    return _kept(picture, lambda image: records.change(
        record=note, by=by, values=given | image, reason=reason))  # fmt: skip


def _place(about: Recorded) -> dict[str, Any]:
    return {
        "content_type": ContentType.objects.get_for_model(about),
        "object_id": about.pk,
        "lab": getattr(about, "lab", None),
    }


def _kept(picture: Sent | None, write: Any) -> Note:
    """Write the note with its picture; when the note is refused, the file goes again."""
    if picture is None:
        with transaction.atomic():
            note: Note = write({})
        return note
    name = _stored(picture)
    try:
        with transaction.atomic():
            note = write({"image": name})
    except BaseException:
        default_storage.delete(name)
        raise
    return note


def read(file: Any) -> bytes:
    """Return what an uploaded file holds, if that is not too much."""
    if file.size > settings.PICTURE_MOST_BYTES:
        raise DoesNotFit(
            f"The picture has more than {settings.PICTURE_MOST_BYTES // 2**20} MB.", field="image"
        )
    return bytes(file.read())


def _stored(picture: Sent) -> str:
    try:
        drawn = pictures.prepared(
            picture.content, width_px=picture.width_px, most_px=settings.PICTURE_MOST_PIXELS
        )
    except pictures.NoPicture as error:
        raise DoesNotFit(str(error), field="image") from None
    name = f"notes/{now():%Y/%m}/{uuid4()}{drawn.ending}"
    return str(default_storage.save(name, ContentFile(drawn.content)))


def width_of(wish: Any) -> int | None:
    """Return how wide a picture shall be: a number of pixels, ``orig`` for as it is, or the usual.

    Raises
    ------
    DoesNotFit
        It is neither.
    """
    text = str(wish if wish is not None else "").strip()
    if not text:
        return int(settings.PICTURE_WIDTH)
    if text == "orig":
        return None
    if text.isascii() and text.isdigit() and len(text) < len(str(WIDEST_PX)) + 1:
        width = int(text)
        if 1 <= width <= WIDEST_PX:
            return width
    raise DoesNotFit(
        f"Write a number of pixels from 1 to {WIDEST_PX}, or orig; not {text[:40]!r}.",
        field="width",
    )
