"""What the three hooks of the bare repository call."""

import os
import sys
from datetime import UTC, datetime

from pipeline import attempts, carry, follow, options, processes, receive, redaction, releases
from pipeline.carry import attempt_for_push
from pipeline.errors import PipelineError
from pipeline.followup import record
from pipeline.git import NOTHING, Repository
from pipeline.identity import who
from pipeline.journal import Attempt
from pipeline.processes import Process
from pipeline.site import Site
from pipeline.voice import Voice, write

TOLD = 3  # refused; the reason was told and recorded


def pre_receive(site: Site) -> int:
    """Refuse what cannot be released, while git still holds the objects apart."""
    repository = Repository(site.repository)
    pushed = receive.updates(sys.stdin.readlines())
    try:
        given = options.of_push(os.environ)
        options.check_sender(site, given)
        receive.check(site, repository, pushed)
        options.hand_over(site, _receive_pack(), given)
    except PipelineError as error:
        write(f"REFUSED: {error}")
        _record_refusal(site, repository, pushed, str(error))
        return 1
    return 0


def _record_refusal(
    site: Site, repository: Repository, pushed: list[receive.Update], reason: str
) -> None:
    first = pushed[0] if pushed else receive.Update(NOTHING, NOTHING, "")
    now = datetime.now(UTC)
    attempt = Attempt(
        id=releases.next_id(site, first.new, now),
        release="",
        kind="push",
        who=who(os.environ),
        started=now.isoformat(timespec="milliseconds"),
        old=first.old,
        new=first.new,
        previous=site.live_release(),
        outcome="refused",
        reason=reason,
    )
    voice = Voice(redaction.of_file(site.folder("secrets")))
    try:
        record(site, repository, attempt, voice)
    except OSError as error:
        write(f"The ledger could not be written: {error}")


def update(site: Site, ref: str, old: str, new: str) -> int:
    """Start the release and follow it; git moves the branch if and only if this returns 0."""
    if ref != site.ref:
        write(f"REFUSED: {site.name} takes {site.branch} only.")
        return TOLD
    git = _receive_pack()
    attempt = attempt_for_push(site, old, new, options.take_over(site, git))
    attempt = attempt.at("received", receive_pack=git)
    return 0 if carry.start(site, attempt) else TOLD


def unfit(site: Site, old: str, new: str) -> int:
    """Record a push whose own pipeline could not even start, in the words of the live release's."""
    reason = (
        f"the pipeline that {new[:12]} brings does not start on {site.name}; why stands above. "
        "Mend it and push again."
    )
    write(f"REFUSED: {reason}")
    _record_refusal(site, Repository(site.repository), [receive.Update(old, new, site.ref)], reason)
    return 1


def post_receive(site: Site) -> int:
    """Show how it ends; when the runner is gone, do what it left."""
    for line in sys.stdin.readlines():
        _, new, _ = line.split(" ", 2)
        see_to_the_end(site, new)
    return 0


def see_to_the_end(site: Site, commit: str) -> None:
    """Show what follows the verdict about this commit, or do it when its runner is gone."""
    attempt = follow.unfinished(site, commit)
    if attempt is None:
        _show_rest(site, commit)
    elif attempt.runner and attempt.runner.is_alive():
        follow.follow_to_end(site, attempt, attempt.runner)
        if not attempts.end_file(site, attempt.id).exists():
            carry.finish(site)
    else:
        carry.finish(site)


def _show_rest(site: Site, commit: str) -> None:
    """Show the last lines of an attempt that was over before this hook began."""
    logs = sorted((site.logs / "attempts").glob(f"*Z-{commit[:12]}.log"))
    if logs:
        follow.Tail(logs[-1], attempts.seen_file(site, logs[-1].stem)).follow(lambda: True)


def _receive_pack() -> Process:
    """Return the git process that runs the hooks: the parent of the hook's shell."""
    pid = int(os.environ.get("STUDIUM_RECEIVE_PACK") or os.getppid())
    return processes.of(pid) or Process(pid, 0)
