"""Where the copies of a dataset lie, and which of them this site can hand out.

A repository's folder counts only below ``settings.MOUNTS``: whoever may name a folder in a
repository's record still gets nothing else of the server's disk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urljoin

from django.conf import settings

from lab import s3
from lab.models import Dataset, FileRecord, Repository

Kind = Repository.Kind
PREFERRED = (Kind.FOLDER, Kind.S3, Kind.HTTP)


@dataclass(frozen=True)
class OnDisk:
    """A file below a mounted folder; no part of its path is a link."""

    path: Path
    below: str  # settings.MOUNTS


@dataclass(frozen=True)
class Elsewhere:
    """An address that the client is sent to."""

    url: str


Place = OnDisk | Elsewhere


def mounted_at(repository: Repository) -> Path | None:
    """Return where a repository's folder is on this server; None when it may not be served."""
    if repository.kind != Kind.FOLDER or not repository.folder:
        return None
    try:
        root = Path(repository.folder).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that cannot be
        return None
    mounts = Path(settings.MOUNTS).resolve()
    return root if root.is_relative_to(mounts) else None


def is_served(repository: Repository) -> bool:
    """Say whether this site hands out what lies there, as far as its record tells."""
    if repository.kind == Kind.FOLDER:
        return bool(repository.folder)
    return repository.kind == Kind.S3 and _is_ours(repository)


def _is_ours(bucket: Repository) -> bool:
    return bool(settings.S3_ACCESS_KEY) and bucket.bucket in settings.S3_BUCKETS


def place_of(dataset: Dataset, *, method: str = "GET") -> Place | None:
    """Return where the dataset's content can be had: from a mounted folder if there is one."""
    records = FileRecord.objects.filter(dataset=dataset, repository__kind__in=PREFERRED)
    rows = list(records.select_related("repository").order_by("-exists", "pk"))
    rows.sort(key=lambda row: (not row.exists, PREFERRED.index(Kind(row.repository.kind))))
    found = (_place(row, method) for row in rows)
    return next((place for place in found if place), None)


def _place(record: FileRecord, method: str) -> Place | None:
    kind = record.repository.kind
    if kind == Kind.FOLDER:
        return on_disk(record)
    if not record.exists:
        return None
    return _in_bucket(record, method) if kind == Kind.S3 else _on_the_web(record)


def on_disk(record: FileRecord) -> OnDisk | None:
    """Return the record's file, unless its path leads out of its repository's folder."""
    root = mounted_at(record.repository)
    if root is None:
        return None
    try:
        path = (root / record.relative_path).resolve()
        there = path.is_relative_to(root) and path.is_file()
    except (OSError, RuntimeError, ValueError):
        return None
    return OnDisk(path, str(path.relative_to(Path(settings.MOUNTS).resolve()))) if there else None


def _in_bucket(record: FileRecord, method: str) -> Elsewhere | None:
    repository = record.repository
    if not _is_ours(repository):
        return None
    key = "/".join(filter(None, [repository.prefix.strip("/"), record.relative_path]))
    bucket = s3.Bucket(
        name=repository.bucket,
        endpoint=repository.endpoint_url,
        region=settings.S3_REGION,
        access_key=settings.S3_ACCESS_KEY,
        secret_key=settings.S3_SECRET_KEY,
    )
    return Elsewhere(s3.presigned(bucket, key, method=method, at=datetime.now(UTC)))


def _on_the_web(record: FileRecord) -> Elsewhere | None:
    url = data_url(record)
    return Elsewhere(url) if url else None


def data_url(record: FileRecord) -> str | None:
    """Return where a web server has the file: its name carries the dataset's id, as ONE expects."""
    base = record.repository.data_url
    if not base:
        return None
    stem, dot, ending = record.relative_path.rpartition(".")
    named = f"{stem}.{record.dataset_id}{dot}{ending}"
    return urljoin(f"{base.rstrip('/')}/", quote(named))


def network_path(record: FileRecord) -> str:
    r"""Return what people open at their desk: ``\\server\share\…``; empty where none is known."""
    base = record.repository.network_path.rstrip("/\\")
    if not base:
        return ""
    slash = "\\" if base.startswith("\\") else "/"
    return slash.join([base, *_parts(record.relative_path)])


def _parts(path: str) -> Iterable[str]:
    return filter(None, path.split("/"))
