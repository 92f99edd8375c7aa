"""Files and folders: content, owner, group and mode as declared; nothing where none belongs."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from drift import packages
from drift.findings import Finding, Redaction, difference, redaction
from drift.machine import LARGEST, Machine, Seen
from drift.store import HOME, Declared, Store, Wanted, is_public

# Whatever lies here acts upon the host, so it is declared or belongs to a package.
CLOSED = (
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/etc/cron.monthly",
    "/etc/cron.weekly",
    "/etc/logrotate.d",
    "/etc/nginx",
    "/etc/postgresql/15/main/conf.d",
    "/etc/ssh/authorized_keys.d",
    "/etc/ssh/sshd_config.d",
    "/etc/studium",
    "/etc/sudoers.d",
    "/etc/systemd/system",
    "/etc/systemd/system.control",
    "/etc/tmpfiles.d",
    "/etc/uwsgi",
    "/run/systemd/system",
    "/run/systemd/system.control",
    "/srv/studium/bootstrap",
    "/srv/studium/repository.git/hooks",
    "/usr/local/bin",
    "/usr/local/lib/studium",
    "/usr/local/lib/systemd",
    "/usr/local/sbin",
    "/var/spool/cron/crontabs",
)
MOVED = "/etc/studium/moved.env"  # the site has moved to another host, by a command of its own
OPEN = ("/etc/studium/tls/", MOVED)  # certificates are renewed between two provisionings
NEVER = ("/etc/ld.so.preload", "/etc/nologin", "/etc/rc.local", "/root/.ssh/authorized_keys2")
HOMES = "/root/"  # a repair is kept out of them; a check reads them
KEPT = (HOMES, "/etc/studium/")  # keys that a command made may lie here: a person takes them away
# Debian enables these by a link to what a package brought.
LINKS = {
    "/etc/nginx/sites-enabled/": ("/etc/nginx/sites-available/",),
    "/etc/nginx/modules-enabled/": ("/usr/share/nginx/modules-available/",),
    "/etc/systemd/system/": ("/lib/systemd/system/", "/usr/lib/systemd/system/"),
}
UNITS = "/etc/systemd/system/"
MADE_AGAIN = ("__pycache__",)


def compare(machine: Machine, declared: Declared, store: Store) -> Iterator[Finding]:
    """Yield what differs at each declared path."""
    redact = redaction_of(machine, declared)
    of_packages = packages.conffiles(machine)
    for wanted in declared.files.values():
        seen = machine.look(wanted.path)
        if wanted.kind == "tree":
            yield from _in_tree(machine, wanted)
        elif wanted.source == "package":
            yield from _of_package(machine, wanted, store, redact, of_packages.get(wanted.path, ""))
        elif not wanted.path.startswith(HOMES):
            yield from _one(machine, wanted, seen, store, redact)
        elif not hides_homes(machine):
            for one in _one(machine, wanted, seen, store, redact):
                yield replace(one, remedy=f"compare with {HOME}/store/{wanted.kept}, as root")


def hides_homes(machine: Machine) -> bool:
    """Say whether this process is kept out of root's home, by its unit."""
    return machine.look(HOMES.rstrip("/")).mode == 0


def redaction_of(machine: Machine, declared: Declared) -> Redaction:
    """Return what takes out the values of the files that hold secrets."""
    secret = [one.path for one in declared.files.values() if one.path.endswith(".env")]
    return redaction(*map(machine.text, secret))


def _of_package(
    machine: Machine, wanted: Wanted, store: Store, redact: Redaction, given: str
) -> Iterator[Finding]:
    """Compare with what the package has now: it may be a newer one than when it was kept."""
    seen = machine.look(wanted.path)
    if not given:
        return
    if seen.kind == "file" and packages.digest(machine, wanted.path) == given:
        yield from _attributes(wanted, seen)
        return
    kept = hashlib.md5(store.content(wanted.kept), usedforsecurity=False).hexdigest()
    remedy = "" if kept == given else f"apt-get install --reinstall $(dpkg -S {wanted.path})"
    for one in _one(machine, wanted, seen, store, redact):
        yield replace(one, remedy=one.remedy or remedy)


def _one(
    machine: Machine, wanted: Wanted, seen: Seen, store: Store, redact: Redaction
) -> Iterator[Finding]:
    if wanted.kind == "absent":
        if seen.kind != "missing":
            yield replace(_stray(wanted.path, seen), what=f"is there ({seen}), declared absent")
        return
    if seen.kind == "missing":
        yield Finding("missing", wanted.path, f"the {wanted.kind} is missing")
        return
    if seen.kind != wanted.kind or (wanted.target and seen.target != wanted.target):
        is_in_the_way = "folder" in {seen.kind, wanted.kind} or seen.kind == "other"
        remedy = f"move {wanted.path} away" if is_in_the_way else ""
        said = f"is a {seen}; declared is a {wanted.kind}"
        yield Finding("kind", wanted.path, said, remedy=remedy)
        return
    if wanted.kind != "link":
        yield from _attributes(wanted, seen)
    if wanted.content:
        yield from _content(machine, wanted, seen, store, redact)


def _attributes(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    for kind, given, present in (
        ("owner", wanted.owner, seen.owner),
        ("group", wanted.group, seen.group),
    ):
        if given and given != present:
            yield Finding("owner", wanted.path, f"its {kind} is {present}, declared is {given}")
    if wanted.mode is not None and wanted.mode != seen.mode:
        modes = f"its mode is {seen.mode:04o}, declared is {wanted.mode:04o}"
        yield Finding("mode", wanted.path, modes)


def _content(
    machine: Machine, wanted: Wanted, seen: Seen, store: Store, redact: Redaction
) -> Iterator[Finding]:
    present = machine.read(wanted.path)
    if hashlib.sha256(present).hexdigest() == wanted.content:
        return
    what = "its content differs"
    if wanted.source == "provisioned":
        what = "its content is not as it was when the host was provisioned"
    if not is_public(wanted, seen):
        yield Finding("content", wanted.path, f"{what} (not shown: not everybody may read it)")
        return
    lines = difference(store.content(wanted.content), present, redact)
    yield Finding("content", wanted.path, what, diff=lines)


def _in_tree(machine: Machine, wanted: Wanted) -> Iterator[Finding]:
    """Look who may write a copied folder; its files are verified whenever they are used."""
    if machine.look(wanted.path).kind != "folder":
        yield Finding("missing", wanted.path, "the folder is missing", remedy="run the playbook")
        return
    for path, seen in machine.below(wanted.path):
        if seen.owner != "root" or seen.mode & 0o022:
            yield Finding("owner", path, f"others than root may write it ({seen})",
                          remedy=f"chown root:root {path}; chmod 644 {path}")  # fmt: skip


def strays(machine: Machine, declared: Declared) -> Iterator[Finding]:
    """Yield what lies where only declared files may lie."""
    owned = packages.owned(machine, CLOSED)
    for folder in CLOSED:
        for path, seen in machine.below(folder):
            if not _belongs(path, seen, declared.files, owned):
                yield _stray(path, seen)
    for path in NEVER:
        seen = machine.look(path)
        if seen.kind != "missing" and path not in declared.files:
            yield _stray(path, seen)


def _stray(path: str, seen: Seen) -> Finding:
    """Say so; what cannot be kept in a backup, or not be reached by a repair, is for a person."""
    by_hand = seen.kind in {"folder", "other"} or seen.size > LARGEST or path.startswith(KEPT)
    said = f"nothing declares it ({seen}, {seen.size} bytes)"
    return Finding("extra", path, said, remedy=f"move {path} away" if by_hand else "")


def _belongs(path: str, seen: Seen, files: Mapping[str, Wanted], owned: set[str]) -> bool:
    if path in owned or path.startswith(OPEN) or any(part in path for part in MADE_AGAIN):
        return True
    if path in files and files[path].kind != "absent":
        return True
    return seen.kind == "link" and _is_enabling(path, seen.target, files)


def _is_enabling(path: str, target: str, files: Mapping[str, Wanted]) -> bool:
    """Say whether a link enables what a package or a role brought, as systemctl and Debian do."""
    if path.startswith(UNITS) and (target == "/dev/null" or target in files):
        return True
    heads = next((heads for folder, heads in LINKS.items() if path.startswith(folder)), ())
    return target.startswith(heads) if heads else False
