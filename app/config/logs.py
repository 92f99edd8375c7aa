"""Where the log goes: to standard error, which the emperor, the worker and cron keep in files."""

from typing import Any


def to_stderr(*, json: bool) -> dict[str, Any]:
    """Return Django's ``LOGGING``; errors are also kept for the page of recent errors."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "common.json_log.JsonFormatter"},
            "plain": {"()": "common.json_log.PlainFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if json else "plain",
            },
            "errors": {"class": "ops.error_log.ErrorReportHandler", "level": "ERROR"},
        },
        "root": {"handlers": ["stderr", "errors"], "level": "INFO"},
        # Django gives these handlers of their own, which would say everything twice.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            "axes": {"level": "WARNING"},  # four lines per sign-in; the audit trail has one
        },
    }
