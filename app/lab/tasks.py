"""The area's background work."""

from dataclasses import asdict
from typing import Any

from jobs.progress import Progress
from jobs.registry import task
from lab.models import Repository
from lab.services import news_mail, scans


@task("lab.send_news", label="Mail what was told", time_limit_s=900, attempts=3, backoff_s=60)
def send_news(progress: Progress, *, notifications: list[str]) -> dict[str, Any]:
    """Send mail; what could not be sent is tried again by another attempt of the job."""
    progress.report(phase="Sending mail", message=f"{len(notifications)} messages")
    return asdict(news_mail.send(notifications=notifications))


@task("lab.scan_files", label="Look through a repository", time_limit_s=12 * 3600, attempts=1)
def scan_files(progress: Progress, *, repository: str, dry_run: bool = False) -> dict[str, Any]:
    found = scans.scan(
        repository=Repository.objects.get(pk=repository), says=progress, dry_run=dry_run
    )
    return {"scan": str(found.pk), "outcome": found.outcome, "said": found.message,
            "files": found.files, "findings": found.counts, "fixed": found.fixed,
            "verified": found.verified}  # fmt: skip
