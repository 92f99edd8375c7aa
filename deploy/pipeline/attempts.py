"""The files of one attempt, by which the runner and the hooks that follow it talk."""

from pathlib import Path

from pipeline.files import write_whole
from pipeline.site import Site

ACCEPTED, REFUSED = "accepted", "refused"


def log(site: Site, attempt_id: str) -> Path:
    """Everything that was said, as the person who pushed saw it."""
    return site.logs / "attempts" / f"{attempt_id}.log"


def verdict_file(site: Site, attempt_id: str) -> Path:
    return site.logs / "attempts" / f"{attempt_id}.verdict"


def end_file(site: Site, attempt_id: str) -> Path:
    return site.logs / "attempts" / f"{attempt_id}.end"


def seen_file(site: Site, attempt_id: str) -> Path:
    """How far the update hook has shown the log, so that post-receive goes on from there."""
    return site.logs / "attempts" / f"{attempt_id}.seen"


def give_verdict(site: Site, attempt_id: str, verdict: str) -> None:
    write_whole(verdict_file(site, attempt_id), verdict)


def verdict(site: Site, attempt_id: str) -> str | None:
    try:
        return verdict_file(site, attempt_id).read_text()
    except FileNotFoundError:
        return None
