"""Keep errors for the page of recent errors without ever touching the database.

An error may come from a lost database or inside a broken transaction, and keeping it must not make
things worse. So each one is written to a file of its own under the site's state; the page, cron and
the worker's next tick take the files into the database (`ops.services.take_in_errors`).
"""

import hashlib
import json
import logging
import os
import secrets
import time
import traceback
from pathlib import Path

from django.conf import settings

from common import request_id
from common.json_log import trace_of
from common.redaction import redact

MOST_WAITING = 500  # a storm of errors must not fill the disk
FIRST_SERVER_ERROR = 500
UNAVAILABLE = 503  # said on purpose: maintenance, health
LONGEST_MESSAGE = 2000
LONGEST_TRACE = 20_000


def folder() -> Path:
    return Path(settings.STATE) / "errors"


class ErrorReportHandler(logging.Handler):
    """Write each error down; whatever goes wrong here stays here."""

    is_on = True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.is_on and _is_news(record):
                _write(_facts(record))
        except Exception:  # noqa: BLE001  keeping an error must never cause one
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Say nothing: standard error already has the record itself."""


def leave_out_this_process() -> None:
    """Keep no error of this process: a release that is only being tried is not the live one."""
    ErrorReportHandler.is_on = False  # not the handler: loading a release configures logging anew


def _is_news(record: logging.LogRecord) -> bool:
    status = getattr(record, "status_code", None)
    if status is None:
        return True
    return bool(status >= FIRST_SERVER_ERROR and status != UNAVAILABLE)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    error = record.exc_info[1] if record.exc_info else None
    kind = type(error).__qualname__ if error else record.name
    message = redact(str(error) if error else record.getMessage())[:LONGEST_MESSAGE]
    place = redact(request_id.place() or getattr(record, "place", "") or record.name)[:300]
    return {
        "fingerprint": _fingerprint(kind, error, record),
        "kind": kind[:200],
        "message": message,
        "place": place,
        "trace": trace_of(record)[-LONGEST_TRACE:],
        "request_id": request_id.current() or getattr(record, "request_id", ""),
        "release": settings.RELEASE,
        "at": record.created,
    }


def _fingerprint(kind: str, error: BaseException | None, record: logging.LogRecord) -> str:
    """Tell errors apart by their type and the way through the code, not by their words."""
    if error is None:
        steps = [f"{record.pathname}:{record.funcName}", str(record.msg)]
    else:
        frames = traceback.extract_tb(error.__traceback__)
        steps = [f"{Path(frame.filename).name}:{frame.name}" for frame in frames]
    return hashlib.sha256("\n".join([kind, *steps]).encode(errors="replace")).hexdigest()


def _write(facts: dict[str, object]) -> None:
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sum(1 for _ in place.iterdir()) >= MOST_WAITING:
        return
    name = f"{time.time_ns()}-{os.getpid()}-{secrets.token_hex(4)}"
    draft = place / f"{name}.part"
    draft.touch(mode=0o640)  # its folder is shared on a server alone
    draft.write_text(json.dumps(facts))
    draft.rename(place / f"{name}.json")
