"""A task that outlasts a release."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.registry import task


@task("bench.last")
def last(_progress: Any, *, seconds: float, mark: str) -> dict[str, str]:
    """Say on which release it began and on which it ended."""
    Path(mark).write_text(settings.RELEASE)
    time.sleep(seconds)
    return {"release": settings.RELEASE}


@task("bench.until")
def until(_progress: Any, *, mark: str, limit_s: float = 180) -> dict[str, str]:
    """Begin with a mark, and end when somebody has taken it away."""
    Path(mark).write_text(settings.RELEASE)
    end = time.monotonic() + limit_s
    while Path(mark).exists() and time.monotonic() < end:
        time.sleep(0.2)
    return {"release": settings.RELEASE}
