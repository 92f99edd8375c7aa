"""The pipeline's command line: what the hooks, Fabric, cron and the laptop call.

python3 -m pipeline VERB --site FILE …
"""

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path

from pipeline import (
    attempts,
    backups,
    carry,
    catchup,
    hooks,
    journal,
    ledger,
    maintenance,
    options,
    plan,
    quarantine,
    releases,
    rollback,
    status,
)
from pipeline import site as sites
from pipeline.errors import PipelineError, Refused
from pipeline.runner import LocalRunner, child_environment
from pipeline.site import Site
from pipeline.voice import write

UMASK = 0o027  # the web server reads what we make by its group; nobody else does
Verb = Callable[[Site, argparse.Namespace], int]


def _pre_receive(site: Site, _: argparse.Namespace) -> int:
    return hooks.pre_receive(site)


def _update(site: Site, given: argparse.Namespace) -> int:
    return hooks.update(site, *given.words)


def _unfit(site: Site, given: argparse.Namespace) -> int:
    _, old, new = given.words
    return hooks.unfit(site, old, new)


def _post_receive(site: Site, _: argparse.Namespace) -> int:
    return hooks.post_receive(site)


def _carry(site: Site, given: argparse.Namespace) -> int:
    """Be the runner: read the attempt from its file and carry it through."""
    attempt = journal.read_attempt(Path(given.words[0]))
    if attempt is None:
        raise Refused(f"{given.words[0]} holds no attempt.")
    try:
        return 0 if carry.carry_out(site, attempt) else 1
    finally:
        _remove_box(site)


def _remove_box(site: Site) -> None:
    """Remove the code that the update hook unpacked for this attempt; all of it is loaded."""
    box = Path(__file__).resolve().parents[2]
    if box.parent == site.logs.resolve() / "pipelines":
        shutil.rmtree(box, ignore_errors=True)


def _rollback(site: Site, given: argparse.Namespace) -> int:
    if not site.is_main:
        return 0 if catchup.obey(site, given.to or "", given.reason) else 1
    target = rollback.target_of(site, given.to)
    if given.dry_run:
        wanted = rollback.plan(site, LocalRunner(), target)
        print("\n".join([*wanted.says, wanted.refusal or "  no data is lost"]))
        return 1 if wanted.refusal else 0
    why = {"reason": given.reason} if given.reason else {}
    without = dict(options.without(one) for one in given.without_host)
    attempt = carry.attempt_for_rollback(site, target, why | without)
    accepted = carry.start(site, attempt)
    if accepted and not attempts.verdict(site, attempt.id):
        carry.finish(site)
    return 0 if accepted else 1


def _finish(site: Site, _: argparse.Namespace) -> int:
    if not site.is_main:
        return 0 if catchup.finish(site) else 1
    return 0 if carry.finish(site) else 1


def _recover(site: Site, given: argparse.Namespace) -> int:
    """Do at the start of the machine what `finish` does; a further host waits for its main."""
    if not site.is_main:
        return 0 if catchup.finish(site, catchup.PATIENCE_S) else 1
    return _finish(site, given)


def _status(site: Site, given: argparse.Namespace) -> int:
    facts = status.facts(site, only_here=given.here)
    print(json.dumps(facts, indent=1) if given.json else "\n".join(status.lines(facts)))
    return 0 if given.here or facts["health"].get("status") in status.GOOD else 1


def _log(site: Site, given: argparse.Namespace) -> int:
    rows = ledger.read(site.ledger)[-given.count :]
    print(json.dumps(rows, indent=1) if given.json else "\n".join(status.log_lines(rows)))
    faults = ledger.verify(site.ledger)
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


def _plan(site: Site, given: argparse.Namespace) -> int:
    commit = given.words[0] if given.words else site.ref
    with quarantine.quarantined(site, sys.stdin.buffer) if given.pack else nullcontext():
        print("\n".join(plan.lines(site, commit)))
    return 0


def _maintenance(site: Site, given: argparse.Namespace) -> int:
    if given.words:
        mode = given.words[0]
        print(maintenance.switch(site, mode, given.message, dict(os.environ)))
        faults = maintenance.tell_others(site, LocalRunner(), mode, given.message)
        if faults:
            print("\n".join(faults), file=sys.stderr)
        return 1 if faults else 0
    print(maintenance.describe(site))
    return 0


def _record_backup(site: Site, _: argparse.Namespace) -> int:
    print(backups.record(site))
    return 0


def _manage(site: Site, given: argparse.Namespace) -> int:
    """Become a management command of the live release."""
    release = releases.live(site)
    if release is None:
        raise Refused(f"{site.name} has no live release yet. Push one: fab deploy:{site.name}")
    argv = [str(release.python), str(release.manage), *given.words]
    os.chdir(release.folder / "app")
    os.execve(argv[0], argv, child_environment(release.variables(site)))


VERBS: dict[str, Verb] = {
    "pre-receive": _pre_receive,
    "update": _update,
    "unfit": _unfit,
    "post-receive": _post_receive,
    "carry": _carry,
    "rollback": _rollback,
    "finish": _finish,
    "recover": _recover,
    "status": _status,
    "log": _log,
    "plan": _plan,
    "maintenance": _maintenance,
    "record-backup": _record_backup,
    "manage": _manage,
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python3 -m pipeline", description=__doc__)
    made.add_argument("verb", choices=VERBS)
    made.add_argument("--site", required=True, type=Path, help="the site's site.toml")
    made.add_argument("--here", action="store_true", help="status: for another host, of this one")
    made.add_argument(
        "--without-host",
        action="append",
        default=[],
        metavar="'HOST: WHY'",
        help="rollback: leave out a further host that is down",
    )
    made.add_argument("--json", action="store_true", help="status and log: plain data")
    made.add_argument("--count", type=int, default=20, help="log: how many rows")
    made.add_argument("--to", help="rollback: the release or commit to go back to")
    made.add_argument("--reason", default="", help="rollback: why, for the ledger")
    made.add_argument("--message", default="", help="maintenance: what visitors read")
    made.add_argument("--pack", action="store_true", help="plan: read the commit's objects")
    made.add_argument("--dry-run", action="store_true", help="rollback: only say what it would do")
    made.add_argument("words", nargs="*")
    return made


def main(argv: Sequence[str]) -> int:
    own, rest = _split(argv)
    given = parser().parse_intermixed_args(own)
    given.words = [*given.words, *rest]
    _be_the_same_everywhere()
    try:
        return VERBS[given.verb](sites.load(given.site), given)
    except (PipelineError, OSError) as error:
        write(f"REFUSED: {error}")
        return 1


def _be_the_same_everywhere() -> None:
    """Depend neither on who started us nor on how: readers that go away, umask, locale."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.umask(UMASK)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part our own words from those after ``--``, which belong to a management command."""
    words = list(argv)
    where = words.index("--") if "--" in words else len(words)
    return words[:where], words[where + 1 :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
