"""One JSON object per line for the log of a site: readable by people and by machines, redacted."""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

from django.conf import settings

from common import request_id
from common.redaction import redact

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
            "release": settings.RELEASE,
        }
        facts |= {"request_id": request_id.current(), "request": redact(request_id.place())}
        facts |= {"status": getattr(record, "status_code", None), "trace": trace_of(record)}
        return json.dumps({key: value for key, value in facts.items() if value}, default=str)


def trace_of(record: logging.LogRecord) -> str:
    """Return the redacted traceback of a record: source lines, never the values of variables."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return redact("".join(traceback.format_exception(record.exc_info[1])))


class PlainFormatter(logging.Formatter):
    """The same facts for the eyes of a developer, redacted as well."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        line = f"{at:%H:%M:%S} {record.levelname.lower():7} {record.name}: {record.getMessage()}"
        return "\n".join(part for part in (redact(line), trace_of(record)) if part)
