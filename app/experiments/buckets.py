"""Files in an S3-compatible store: put there once, fetched when a host does not have them."""

import http.client
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from experiments.errors import StorageSilent
from lab.s3 import Bucket, presigned

WAIT_S = 30
CHUNK = 2**20
GONE = 404


def bucket() -> Bucket | None:
    """Return the store of this site; None where files lie in a folder alone."""
    if not settings.FILES_BUCKET:
        return None
    return Bucket(
        settings.FILES_BUCKET,
        settings.FILES_ENDPOINT,
        settings.S3_REGION,
        settings.S3_ACCESS_KEY,
        settings.S3_SECRET_KEY,
    )


def has(store: Bucket, key: str) -> bool:
    try:
        with _asked(store, key, "HEAD"):
            return True
    except urllib.error.HTTPError as error:
        if error.code == GONE:
            return False
        raise StorageSilent from error


def put(store: Bucket, key: str, path: Path) -> None:
    """Send a file, unless the store has it already.

    Raises
    ------
    StorageSilent
        The store does not take it.
    """
    if has(store, key):
        return
    try:
        with path.open("rb") as file, _asked(store, key, "PUT", file, path.stat().st_size):
            return
    except urllib.error.HTTPError as error:
        raise StorageSilent from error


def fetch(store: Bucket, key: str, target: BinaryIO) -> bool:
    """Write a file of the store to ``target``; return whether the store has it.

    Raises
    ------
    StorageSilent
        The store does not answer, or stops in between.
    """
    try:
        with _asked(store, key, "GET") as answer:
            while chunk := answer.read(CHUNK):
                target.write(chunk)
    except urllib.error.HTTPError as error:
        if error.code == GONE:
            return False
        raise StorageSilent from error
    except (OSError, http.client.HTTPException) as error:
        raise StorageSilent from error
    return True


def _asked(
    store: Bucket, key: str, method: str, content: BinaryIO | None = None, size: int = 0
) -> http.client.HTTPResponse:
    address = presigned(store, key, method=method, at=datetime.now(UTC))
    request = urllib.request.Request(address, content, method=method)  # noqa: S310  of our settings
    if content is not None:
        request.add_header("Content-Length", str(size))
        request.add_header("Content-Type", "application/octet-stream")
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=WAIT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        raise
    except (OSError, http.client.HTTPException) as error:
        raise StorageSilent from error
    return answer
