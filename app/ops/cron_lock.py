"""One process per scheduled job, by a lock that ends with its holder however that one ended.

On SQLite, where all processes are on one machine, the kernel holds it: `flock` on a file. On
PostgreSQL the server holds it: a session's advisory lock on a connection of its own, so that it
works across machines and does not depend on the job's own transactions. That connection must reach
PostgreSQL directly and not through a pooler that shares sessions.
"""

import fcntl
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

IDLE_LIMIT_SINCE = 140000
NAMESPACE = 0x53_54_43_52  # "STCR": keeps our numbers apart from other advisory locks


class Lock(Protocol):
    def take(self) -> bool:
        """Take the lock without waiting and say whether it was free."""

    def release(self) -> None: ...


class FileLock:
    def __init__(self, name: str) -> None:
        self.path = Path(settings.STATE) / "locks" / f"cron-{name}.lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class SessionLock:
    def __init__(self, name: str) -> None:
        self._number = zlib.crc32(name.encode()) - 2**31  # PostgreSQL's integer has a sign
        self._session: BaseDatabaseWrapper | None = None

    def take(self) -> bool:
        session = connection.copy()
        with session.cursor() as cursor:
            if session.pg_version >= IDLE_LIMIT_SINCE:  # type: ignore[attr-defined]
                cursor.execute("SET idle_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [NAMESPACE, self._number])
            (taken,) = cursor.fetchone()
        if taken:
            self._session = session
        else:
            session.close()
        return bool(taken)

    def release(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def lock_of(name: str) -> Lock:
    return SessionLock(name) if connection.vendor == "postgresql" else FileLock(name)


class JobLock:
    """The lock in the form that django-cron asks for."""

    class LockFailedException(Exception):
        pass

    def __init__(self, job: type, silent: bool = False) -> None:  # noqa: ARG002  its signature
        self._code: str = job.code  # type: ignore[attr-defined]
        self._lock = lock_of(self._code)

    def __enter__(self) -> Self:
        if not self._lock.take():
            raise self.LockFailedException(f"{self._code}: another process is running it.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
