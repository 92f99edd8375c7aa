"""The area's background work."""

from dataclasses import asdict
from typing import Any

from jobs.progress import Progress
from jobs.registry import task
from lab.services import news_mail


@task("lab.send_news", label="Mail what was told", time_limit_s=900, attempts=3, backoff_s=60)
def send_news(progress: Progress, *, notifications: list[str]) -> dict[str, Any]:
    """Send mail; what could not be sent is tried again by another attempt of the job."""
    progress.report(phase="Sending mail", message=f"{len(notifications)} messages")
    return asdict(news_mail.send(notifications=notifications))
