"""The commands that reach a site: `fab --list` names them, docs/operations/targets.md explains.

Thin on purpose: what a release is, only deploy/pipeline knows; where a site is, deploy/reach. The
exit code is the verdict: 0 done, 1 refused by the site, 2 asked wrongly.
"""

import inspect
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fabric import task
from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit

PROJECT = Path(__file__).resolve().parent
sys.path.insert(0, str(PROJECT / "deploy"))

from reach import (  # noqa: E402  found by the line above
    connection,
    moving,
    outside,
    places,
    promotion,
    proposals,
    restoring,
    rules,
    targets,
)
from reach.checkout import Checkout  # noqa: E402
from reach.roots import Root  # noqa: E402
from reach.targets import WRONG_USE, Target  # noqa: E402

MODES = ("on", "off", "no-upload")
HELP = {
    "site": "the site's name, as its site.toml says",
    "ref": "the commit (default: the local branch named like the site's branch, else HEAD)",
    "option": "a push option with its reason, name=reason; may be repeated",
    "to": "the id or commit of a kept release (default: the one before the live one)",
    "reason": "why, for the ledger",
    "without_host": "leave out a further host that is down: 'HOST: why'",
    "yes": "do not ask",
    "dry_run": "only print the commands",
    "json": "print plain data",
    "count": "how many rows",
    "wait": "seconds to wait for a release that is on its way",
    "mode": ", ".join(MODES),
    "message": "what visitors read meanwhile",
    "apply": "let the host be as declared again; it is undone when it does not hold",
    "command": "the management command and its words, in quotes",
    "source": "root@HOST: restore: which keeps copies of backups; migrate: which serves now",
    "target": "root@HOST: which Ansible has prepared and which has no data yet",
    "set": "the name of a backup set (default: the newest)",
    "key": "the file with the age key, which never lies on a host's disk",
    "rehearse": "restore, release, ask for health, and then go back",
    "replace": "move aside what the target holds",
    "abort": "only let the source serve again, after a move that ended half way",
    "afterwards": "what the old host does: proxy (hand on) or maintenance",
    "address": "of the target as the source reaches it (default: its name in --target)",
}


def find(site: str) -> Target:
    return targets.find(PROJECT, site)


def checkout() -> Checkout:
    return Checkout(PROJECT)


def conclude(code: int) -> None:
    """End `fab` unless all is well, so that a later task on the same line is not run either."""
    if code:
        raise Exit(code=code)


def ask(
    site: str, verb: str, *flags: str, words: Sequence[str] = (), dry_run: bool = False
) -> None:
    """Let the site's pipeline do ``verb`` and end with its verdict."""
    target = find(site)
    command = target.pipeline(verb, *flags, words=tuple(words))
    conclude(places.at(target, dry_run=dry_run).run(command))


def given(flag: str, value: str | None) -> list[str]:
    return [f"{flag}={value}"] if value else []  # one word: a dash in it means nothing


# --- verbs: each is a task `verb SITE` and, for every site, a task `verb:SITE` --------------------
def deploy(
    _: Context, site: str, ref: str | None = None, option: Any = None, dry_run: bool = False
) -> None:
    """Push a commit to the site; it succeeds when the release is live and healthy."""
    target, here = find(site), checkout()
    choice = here.choose(target.site.branch, ref)
    print("\n".join([f"to {target}", *here.describe(choice)]), flush=True)
    options = [word for each in option or () for word in ("-o", each)]
    where = [here.destination(target), f"{choice.commit}:{target.site.ref}"]
    conclude(places.here(dry_run=dry_run).run(here.command("push", *options, *where, to=target)))


def plan(_: Context, site: str, ref: str | None = None, dry_run: bool = False) -> None:
    """Say what a deploy would do: commits, migrations, new packages, and what stands against it."""
    target, here = find(site), checkout()
    choice = here.choose(target.site.branch, ref)
    print("\n".join([f"to {target}", *here.describe(choice)]), flush=True)
    pack = b"" if dry_run else here.missing_objects(target, choice.commit)
    command = target.pipeline("plan", "--pack", words=(choice.commit,))
    conclude(places.at(target, dry_run=dry_run).feed(command, pack))


def rollback(  # noqa: PLR0913, PLR0917  each is a flag that a person may type
    _: Context,
    site: str,
    to: str | None = None,
    reason: str = "",
    without_host: str | None = None,
    yes: bool = False,
    dry_run: bool = False,
) -> None:
    """Go back to a kept release, after saying what that means."""
    flags = [*given("--to", to), *given("--reason", reason)]
    flags += given("--without-host", without_host)
    ask(site, "rollback", *flags, "--dry-run", dry_run=dry_run)
    if not yes and not dry_run:
        confirm(f"Roll {find(site)} back?")
    ask(site, "rollback", *flags, dry_run=dry_run)


def confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise Exit(f"{question} Nobody is here to answer; add --yes.", WRONG_USE)
    if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise Exit("Nothing was changed.")


def status(_: Context, site: str, json: bool = False, dry_run: bool = False) -> None:
    """Say what is live, how it is, and what is pending."""
    ask(site, "status", *(["--json"] if json else []), dry_run=dry_run)


def log(_: Context, site: str, count: int = 20, json: bool = False, dry_run: bool = False) -> None:
    """Show the ledger: each push and rollback, refused ones too, the newest first."""
    flags = ["--count", str(count), *(["--json"] if json else [])]
    ask(site, "log", *flags, dry_run=dry_run)


def finish(_: Context, site: str, dry_run: bool = False) -> None:
    """Finish or undo what was interrupted, and run the late migrations that are pending."""
    ask(site, "finish", dry_run=dry_run)


def drift(
    _: Context, site: str, apply: bool = False, json: bool = False, dry_run: bool = False
) -> None:
    """Compare the host with what is declared; --apply makes it as declared again."""
    target, flags = find(site), [*(["--apply"] if apply else []), *(["--json"] if json else [])]
    if not target.ssh:
        raise Exit(f"{target} is on this machine: nothing is declared for it.", WRONG_USE)
    conclude(places.at(target, dry_run=dry_run).run(["studium-drift", "ask", *flags]))


def manage(_: Context, site: str, command: str, dry_run: bool = False) -> None:
    """Run a management command on the live release: fab manage:staging "check --deploy"."""
    target = find(site)
    words = target.pipeline("manage", words=tuple(shlex.split(command)))
    conclude(places.at(target, dry_run=dry_run).talk(words))  # it may ask: createsuperuser


def maintenance(_: Context, site: str, mode: str, message: str = "", dry_run: bool = False) -> None:
    """Switch maintenance on, off or to no-upload; nothing is reloaded."""
    if mode not in MODES:
        raise Exit(f"There is no mode {mode!r}. There are: {', '.join(MODES)}.", WRONG_USE)
    ask(site, "maintenance", *given("--message", message), words=[mode], dry_run=dry_run)


def restore(  # noqa: PLR0913, PLR0917  its options
    _: Context,
    site: str,
    source: str,
    target: str,
    set: str = "",  # noqa: A002  what it is called on the command line
    key: str = "",
    replace: bool = False,
    rehearse: bool = False,
    dry_run: bool = False,
) -> None:
    """Bring a backup set back on a prepared host, and release the commit that was live."""
    secret = Path(key) if key else None
    wish = restoring.Wish(site, Root(source), Root(target), set, secret, replace, rehearse)
    restoring.restore(wish, dry_run=dry_run)


def migrate(  # noqa: PLR0913, PLR0917  its options
    _: Context,
    site: str,
    source: str,
    target: str,
    address: str = "",
    afterwards: str = moving.AFTERWARDS[0],
    yes: bool = False,
    abort: bool = False,
    dry_run: bool = False,
) -> None:
    """Move the site to a prepared host, with a short announced stop."""
    if afterwards not in moving.AFTERWARDS:
        raise Exit(f"--afterwards is one of {', '.join(moving.AFTERWARDS)}.", WRONG_USE)
    move = moving.Move(site, Root(source), Root(target), address, afterwards)
    if abort:
        moving.give_up(move)
        return
    moving.check(move)
    if dry_run:
        print("Nothing was changed.")
        return
    if not yes:
        confirm(f"Move {site} to {target}?")
    moving.carry_out(move)


# --- promotion: what the workflows call, one verb a step ------------------------------------------
def promote(
    context: Context, site: str, ref: str | None = None, option: Any = None, dry_run: bool = False
) -> None:
    """Deploy a commit that the site before this one has live, and wait for the verdict."""
    target, here = find(site), checkout()
    choice = here.choose(target.site.branch, ref)
    earlier = promotion.before(target.site.branch)
    if earlier != promotion.ORDER[0] and not dry_run:
        promotion.refuse_what_is_not_live(here, find(earlier), choice)
    deploy(context, site, choice.commit, option, dry_run)
    verify(context, site, choice.commit, dry_run=dry_run)


def verify(
    _: Context, site: str, ref: str | None = None, wait: int = 600, dry_run: bool = False
) -> None:
    """Wait until the site is not busy; succeed when the commit is live there and healthy."""
    target = find(site)
    choice = checkout().choose(target.site.branch, ref)
    if dry_run:
        promotion.state(target, dry_run=True)
    else:
        promotion.verify(target, choice.commit, wait)


def smoke(_: Context, site: str, dry_run: bool = False) -> None:
    """Ask the site from outside, as a browser does: pages, headers, files, refusals."""
    said = promotion.state(find(site), dry_run=dry_run)
    if said and outside.run(said["url"], said["commit"]):
        raise Exit(f"{site} does not answer as it should; see above.")


def propose(_: Context, site: str, dry_run: bool = False) -> None:
    """Open the pull request to the site's branch from the one before it, or bring it up to date."""
    proposals.propose(checkout(), site, dry_run=dry_run)


def connect(_: Context, site: str) -> None:
    """Write sites/SITE.toml, key and host key from STUDIUM_HOST, …_SSH_KEY and …_KNOWN_HOSTS."""
    connection.connect(PROJECT, site, os.environ)


def disconnect(_: Context, site: str) -> None:
    """Remove what `connect` has written."""
    connection.disconnect(PROJECT, site)


def github(_: Context, dry_run: bool = False) -> None:
    """Bring GitHub's own settings to what deploy/github/settings.toml says."""
    rules.apply(checkout(), PROJECT / "deploy/github/settings.toml", dry_run=dry_run)


def remotes(_: Context, dry_run: bool = False) -> None:
    """Add a git remote for each site, so that `git push pn-staging staging` works."""
    here, known = checkout(), targets.files(PROJECT)
    for target in map(find, map(targets.name_of, known)):
        present = here.address_of(target.remote)
        if present != target.repository:
            verb = "set-url" if present else "add"
            command = here.command("remote", verb, target.remote, target.repository)
            conclude(places.here(dry_run=dry_run).run(command))
        print(f"git push {target.remote} {target.site.branch}   # to {target}")
    if not known:
        raise Exit(targets.unknown(PROJECT, targets.USUAL[0]), WRONG_USE)


# --- names ----------------------------------------------------------------------------------------
VERBS: dict[Callable[..., None], tuple[str, ...]] = {
    deploy: (),
    plan: (),
    rollback: (),
    status: (),
    log: (),
    finish: (),
    drift: (),
    manage: ("command",),
    maintenance: ("mode",),
    restore: (),
    migrate: (),
    promote: (),
    verify: (),
    smoke: (),
    propose: (),
    connect: (),
    disconnect: (),
}


def for_site(verb: Callable[..., None], site: str) -> Callable[..., None]:
    """Return the verb with its site filled in; fabric reads its options from the signature."""

    def filled(context: Context, **options: Any) -> None:
        verb(context, site=site, **options)

    whole = inspect.signature(verb)
    others = [each for each in whole.parameters.values() if each.name != "site"]
    vars(filled)["__signature__"] = whole.replace(parameters=others)
    filled.__doc__ = verb.__doc__
    return filled


def add(names: Collection, body: Callable[..., None], name: str, words: Sequence[str]) -> None:
    known = inspect.signature(body).parameters
    texts = {key: text for key, text in HELP.items() if key in known}
    many = ["option"] if "option" in known else []
    names.add_task(task(body, name=name, positional=list(words), iterable=many, help=texts))


def collection() -> Collection:
    names = Collection()
    for body in (remotes, github):
        add(names, body, body.__name__, ())
    for verb, words in VERBS.items():
        add(names, verb, verb.__name__, ("site", *words))
        for site in targets.names(PROJECT):
            add(names, for_site(verb, site), f"{verb.__name__}:{site}", words)
    return names


def refuse_unknown(arguments: Sequence[str]) -> None:
    """End with the list where fabric would only say "No idea what 'deploy:stagign' is!"."""
    verbs = {verb.__name__ for verb in VERBS}
    for word in arguments:
        verb, colon, site = word.partition(":")
        if verb not in verbs or not colon or site in targets.names(PROJECT):
            continue
        if "=" in site or "," in site:
            usage = f"fab {verb} SITE --option=value; fab {verb} --help lists the options"
            raise Exit(f"Options follow as words: {usage}.", WRONG_USE)
        raise Exit(targets.unknown(PROJECT, site), WRONG_USE)


if Path(sys.argv[0]).name == "fab":
    refuse_unknown(sys.argv[1:])
ns = collection()
