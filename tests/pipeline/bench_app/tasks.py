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
