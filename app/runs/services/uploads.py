"""Taking files in, in parts: a part is sent again as often as a connection breaks."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import file_digest, sha256
from os import SEEK_END
from typing import Any, BinaryIO

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from runs.contents import HEAD, KINDS, Content, content_of
from runs.errors import NoSuchUpload, NotThisFile
from runs.models import Upload, Visit
from runs.models.uploads import FOLDER
from runs.services.leases import hold

LARGEST_PART = 2 * 2**20  # below what Django keeps of a body, and what the web server lets through
LONGEST_NAME = 255
UNFINISHED_KEPT = timedelta(days=7)  # a participant may come back to a page that long
MOST_PRUNED, SWEPT_AT_ONCE = 1000, 500


@dataclass(frozen=True)
class Allowed:
    """What an item takes: of these kinds, no larger than this."""

    item: str
    kinds: Collection[str]
    most_bytes: int

    def need_size(self, size: int) -> None:
        if size <= 0:
            raise NotThisFile("The file is empty.")
        if size > self.most_bytes:
            raise NotThisFile(
                f"The file has {size / 1e6:.1f} MB; at most {self.most_bytes / 1e6:.0f} MB fit."
            )

    def need_kind(self, head: bytes) -> Content:
        content = content_of(head)
        if content is None or not set(content.kinds) & set(self.kinds):
            wanted = ", or ".join(KINDS[kind] for kind in self.kinds)
            raise NotThisFile(f"The file is not what is asked for: {wanted}.")
        return content


@dataclass(frozen=True)
class Sender:
    """Which browser sends, and for which item of which page."""

    visit: Visit
    holder: str
    allowed: Allowed

    @property
    def mine(self) -> Any:
        return Upload.objects.filter(visit=self.visit, item=self.allowed.item)

    def hold(self) -> None:
        hold(run=self.visit.run, holder=self.holder, at=now())


@transaction.atomic
def begin(*, sender: Sender, name: str, size: int) -> Upload:
    """Make room for a file; one that has begun already goes on, what it takes the place of goes.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended.
    NotThisFile
        It is empty or too large, or the page has been sent.
    """
    sender.hold()
    sender.allowed.need_size(size)
    _need_open(sender.visit)
    name = _named(name)
    going: Upload | None = sender.mine.filter(name=name, size=size, completed_at=None).first()
    return going or _instead(sender, ContentFile(b""), name=name, size=size)


def _instead(sender: Sender, file: "File[Any]", **facts: Any) -> Upload:
    """Keep a file in the place of what was sent for the item before."""
    forget(sender.mine)
    item = sender.allowed.item
    upload = Upload(visit=sender.visit, item=item, created_at=now(), **facts)
    upload.file.save(upload.name, file, save=False)
    upload.save(force_insert=True)
    return upload


def _named(name: str) -> str:
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in "/\\")
    return kept.encode(errors="replace").decode()[-LONGEST_NAME:] or "file"


def _need_open(visit: Visit) -> None:
    if visit.submitted_at is not None:
        raise NotThisFile("The page of this file was sent already.")


def forget(uploads: Any) -> None:
    """Delete uploads with their bytes, once the transaction is through."""
    for upload in uploads:
        transaction.on_commit(partial(upload.file.storage.delete, upload.file.name))
        upload.delete()


def add(*, sender: Sender, key: str, at: int, part: bytes) -> Upload:
    """Add a part that begins at byte ``at``; return the upload with how much of it is there.

    A part that is there already, because the reply to it was lost, changes nothing.

    Raises
    ------
    HeldElsewhere, RunIsOver, NoSuchUpload
        Another browser writes, the run has ended, or the upload is no one of this page.
    NotThisFile
        The part goes beyond the size that was told, or the file is not of an allowed kind: then
        nothing of it is kept.
    """
    upload = _written(sender, key, at, part)
    if upload.received == upload.size and upload.completed_at is None:
        _finish(upload, sender.allowed)
    return upload


@transaction.atomic
def _written(sender: Sender, key: str, at: int, part: bytes) -> Upload:
    sender.hold()
    upload: Upload | None = sender.mine.filter(pk=key).first()
    if upload is None:
        raise NoSuchUpload
    if at != upload.received or not part:
        return upload
    if at + len(part) > upload.size:
        raise NotThisFile("More of the file came than it was said to have.")
    here = Upload.objects.filter(pk=upload.pk, received=at)
    if here.update(received=F("received") + len(part)):  # the row is ours until this is stored
        with open(upload.file.path, "r+b") as file:  # noqa: PTH123  what storage gives is a text
            file.seek(at)
            file.write(part)
    upload.refresh_from_db(fields=["received", "completed_at"])
    return upload


def _finish(upload: Upload, allowed: Allowed) -> None:
    with open(upload.file.path, "rb") as file:  # noqa: PTH123  what storage gives is a text
        try:
            content = allowed.need_kind(file.read(HEAD))
        except NotThisFile:
            with transaction.atomic():
                forget([upload])
            raise
        upload.digest = _digest(file)
    upload.content_type, upload.completed_at = content.type, now()
    upload.save(update_fields=["content_type", "digest", "completed_at"])


def _digest(file: Any) -> str:
    file.seek(0)
    return file_digest(file, sha256).hexdigest()


@transaction.atomic
def take(*, sender: Sender, name: str, file: BinaryIO) -> Upload:
    """Take a file that came whole with the page; the same one again is there already.

    Raises
    ------
    HeldElsewhere, RunIsOver, NotThisFile
        As for one that comes in parts.
    """
    digest, size = _digest(file), file.seek(0, SEEK_END)
    known: Upload | None = sender.mine.filter(digest=digest, completed_at__isnull=False).first()
    if known:
        return known
    sender.hold()
    sender.allowed.need_size(size)
    _need_open(sender.visit)
    file.seek(0)
    content = sender.allowed.need_kind(file.read(HEAD))
    file.seek(0)
    facts = {"digest": digest, "content_type": content.type, "completed_at": now()}
    return _instead(sender, File(file), name=_named(name), size=size, received=size, **facts)


def prune() -> int:
    """Delete files that were begun long ago and never completed, and bytes that have no row.

    Whoever comes back after that begins the file anew. So many at once; the next time goes on.
    """
    long_ago = now() - UNFINISHED_KEPT
    old = Upload.objects.filter(completed_at=None, created_at__lt=long_ago).order_by("created_at")
    return sum(_let_go(each) for each in old[:MOST_PRUNED]) + _sweep(long_ago)


@transaction.atomic
def _let_go(upload: Upload) -> bool:
    """Delete an upload, unless a part of it came a moment ago."""
    same = Upload.objects.filter(pk=upload.pk, completed_at=None, received=upload.received)
    if not same.delete()[0]:
        return False
    transaction.on_commit(partial(upload.file.storage.delete, str(upload.file.name)))
    return True


def _batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _sweep(long_ago: datetime) -> int:
    """Delete bytes without a row: what a server left that died between the two."""
    store, gone = Upload.file.field.storage, 0
    if not store.exists(FOLDER):
        return 0
    names = store.listdir(FOLDER)[1]
    for some in _batched(names, SWEPT_AT_ONCE):
        known = set(
            Upload.objects.filter(pk__in=filter(_is_key, some)).values_list("pk", flat=True)
        )
        for name in some:
            at = f"{FOLDER}/{name}"
            is_lost = not _is_key(name) or uuid.UUID(name) not in known
            if gone < MOST_PRUNED and is_lost and store.get_modified_time(at) < long_ago:
                store.delete(at)
                gone += 1
    return gone


def _is_key(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False


def complete(visit: Visit) -> dict[str, dict[str, str]]:
    """Return {item: {key: name}} of the files that are there for a page."""
    found: dict[str, dict[str, str]] = {}
    rows = Upload.objects.filter(visit=visit, completed_at__isnull=False)
    for key, item, name in rows.values_list("pk", "item", "name"):
        found.setdefault(item, {})[str(key)] = name
    return found
