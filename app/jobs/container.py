"""One attempt at one job, in a container that knows nothing but the job's address in S3.

The same guardian and the same limits as on a machine of the site; only what it hears and says goes
by S3. It can say whatever it likes: the site believes it only as long as this attempt counts.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from jobs import processes, registry
from jobs.engines.batch import FILES, INPUT, LOG, OUTCOME, PROGRESS, UNREACHED, Store, client
from jobs.errors import StoreSilent
from jobs.guardian import Guardian, patiently
from jobs.models import Job
from jobs.services import Outcome
from jobs.services.explain import NO_SUCH_TASK

logger = logging.getLogger(__name__)


def run(address: str, *, region: str) -> None:
    """Do the work that lies at an address; nothing when its outcome lies there already."""
    parts = urlsplit(address)
    s3 = client("s3", region=region)
    record = Stored(Store(s3, parts.netloc, parts.path.strip("/")))
    given = patiently(record.given)
    if given is None:
        logger.warning("There is nothing to do at %s.", address)
    elif given["name"] not in registry.names():
        record.fail(Outcome(message=NO_SUCH_TASK))
    else:
        record.folder = _job(given).folder
        Guardian(_job(given), record).run()


def _job(given: dict[str, Any]) -> Job:
    """Return the job as its guardian knows it; there is no row of it here."""
    return Job(
        id=uuid.UUID(given["id"]),
        name=given["name"],
        arguments=given["arguments"],
        attempts=given["attempts"],
        request_id=given["request_id"],
        host=processes.host(),
        release=settings.RELEASE,
        started_at=timezone.now(),
    )


class Stored:
    """What an attempt says, as objects in S3; the outcome comes last, when all else is there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = Path(settings.JOB_FILES)

    def given(self) -> Any:
        """Return the input; None when the work was done, or was given up."""
        with _reached():
            return self.store.get(INPUT) if self.store.get(OUTCOME) is None else None

    def wants(self) -> bool:
        """Say yes: a cancel comes as a signal, which `terminate_job` sends."""
        return True

    def beat(self, **news: Any) -> None:
        with _reached():
            self.store.put(PROGRESS, news)

    def succeed(self, result: Any, **last: Any) -> None:
        self._say({"succeeded": result}, last)

    def withdraw(self, **last: Any) -> None:
        self._say({"withdrawn": True}, last)

    def fail(self, outcome: Outcome, **last: Any) -> None:
        self._say({"failed": vars(outcome)}, last)

    def _say(self, outcome: dict[str, Any], last: dict[str, Any]) -> None:
        with _reached():
            if last:
                self.store.put(PROGRESS, last)
            for path in sorted(self.folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    self.store.send(self._name(path), path)
            self.store.put(OUTCOME, outcome)

    def _name(self, path: Path) -> str:
        inside = path.relative_to(self.folder).as_posix()
        return LOG if inside == LOG else FILES + inside


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (*UNREACHED, OSError) as error:
        raise StoreSilent(type(error).__name__) from error
