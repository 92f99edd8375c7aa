"""What runs: the emperor, its vassals, the live link, nginx and the firewall, as files say."""

import os
import re
import shlex
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drift import units
from drift.findings import Finding
from drift.machine import Machine, group_name, owner_name
from drift.store import Declared, Store

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
ROUNDING_S = 1.5  # between the clock of files and that of processes
EMPEROR = "studium-emperor.service"
BRIDGE = "studium-bridge.service"  # serves while the emperor is restarted
EMPEROR_UNIT = f"/etc/systemd/system/{EMPEROR}"
SITE = "/srv/studium"
RUN = "/run/studium"
RELEASE = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{12}")
# What the pipeline writes into a vassal's file; a test compares it with the pipeline.
VASSAL_KEYS = frozenset(
    (
        "strict",
        "master",
        "need-app",
        "single-interpreter",
        "die-on-term",
        "vacuum",
        "no-orphans",
        "enable-threads",
        "chdir",
        "virtualenv",
        "pythonpath",
        "module",
        "socket",
        "umask",
        "chmod-socket",
        "processes",
        "threads",
        "listen",
        "buffer-size",
        "harakiri",
        "max-requests",
        "max-requests-delta",
        "reload-on-rss",
        "worker-reload-mercy",
        "logto2",
        "log-maxsize",
        "log-date",
        "disable-logging",
        "procname-prefix-spaced",
        "hook-accepting1-once",
        "chown-socket",
        "env",
    )
)
OF_SITE = {
    "processes": "processes",
    "threads": "threads",
    "listen": "listen",
    "buffer-size": "buffer_size",
    "harakiri": "harakiri_s",
    "chown-socket": "socket_owner",
}


def compare(machine: Machine, declared: Declared, store: Store) -> Iterator[Finding]:
    if EMPEROR_UNIT in declared.files and declared.units.get(EMPEROR, {}).get("active"):
        yield from emperor(machine, store.content(declared.files[EMPEROR_UNIT].content).decode())
        yield from other_uwsgi(machine)
        yield from vassals(machine)
        yield from live(machine)
    if declared.units.get("nginx.service", {}).get("active"):
        yield from nginx(machine)
    if declared.firewall:
        yield from firewall(machine, declared.firewall)


# --- the emperor ----------------------------------------------------------------------------------
def emperor(machine: Machine, unit: str) -> Iterator[Finding]:
    """Compare the process with the unit as declared: options, user, groups, program, age."""
    pid = units.show(machine, [EMPEROR], "MainPID")[EMPEROR].get("MainPID", "0")
    if pid == "0":
        yield Finding("running", EMPEROR, "no emperor runs")
        return
    wanted = shlex.split(_setting(unit, "ExecStart"))
    present = _command(pid)
    if present != wanted:
        yield Finding("running", EMPEROR, "the emperor runs with other options",
                      diff=_words(wanted, present))  # fmt: skip
    yield from _identity(pid, unit)
    binary = _link(pid, "exe")
    if binary and binary != os.path.realpath(wanted[0]):
        yield Finding("running", EMPEROR, f"the emperor's program is {binary}, not {wanted[0]}")
    for path in (wanted[-1], EMPEROR_UNIT):
        if machine.look(path).changed > _started(pid) + ROUNDING_S:
            yield Finding("running", EMPEROR, f"the emperor is older than {path}")


def age_of(machine: Machine, unit: str) -> float:
    """Return when a unit's process began; 0 when there is none."""
    pid = units.show(machine, [unit], "MainPID").get(unit, {}).get("MainPID", "0")
    return _started(pid) if pid != "0" else 0.0


def _setting(unit: str, name: str) -> str:
    found = re.findall(rf"(?m)^{name}=(.*)$", unit)
    return found[-1] if found else ""


def _words(wanted: list[str], present: list[str]) -> tuple[str, ...]:
    gone = [f"-{word}" for word in wanted if word not in present]
    come = [f"+{word}" for word in present if word not in wanted]
    return (*gone, *come) or ("the same words in another order",)


def _identity(pid: str, unit: str) -> Iterator[Finding]:
    status = _status(pid)
    user, group = owner_name(int(status["Uid"][1])), group_name(int(status["Gid"][1]))
    wanted = (_setting(unit, "User"), _setting(unit, "Group"))
    if (user, group) != wanted:
        said = f"the emperor runs as {user}:{group}, declared is {':'.join(wanted)}"
        yield Finding("running", EMPEROR, said)
    groups = {group_name(int(number)) for number in status["Groups"]} - {group}
    given = set(_setting(unit, "SupplementaryGroups").split()) - {group}
    if groups != given:
        yield Finding("running", EMPEROR, f"the emperor is in the groups {sorted(groups)}, "
                                          f"declared are {sorted(given)}")  # fmt: skip


def other_uwsgi(machine: Machine) -> Iterator[Finding]:
    """Yield processes of the web server that the emperor has not started."""
    del machine
    for process in PROC.glob("[0-9]*"):
        words = _command(process.name)
        group = _text(process / "cgroup")
        if words and Path(words[0]).name == "uwsgi" and not {EMPEROR, BRIDGE} & _units(group):
            user = owner_name(int(_status(process.name).get("Uid", ["0", "0"])[1]))
            said = f"a uWSGI that nothing declares runs as {user}: {' '.join(words)[:120]}"
            yield Finding("running", f"process {process.name}", said,
                          remedy=f"kill {process.name}; systemctl restart {EMPEROR}")  # fmt: skip


def _units(cgroup: str) -> set[str]:
    return {part for line in cgroup.splitlines() for part in line.split("/")}


# --- vassals and what is live ---------------------------------------------------------------------
def vassals(machine: Machine) -> Iterator[Finding]:
    """Compare each vassal's file with its release and the site's facts."""
    facts = _web(machine)
    for name in machine.names(f"{SITE}/vassals"):
        path, release = f"{SITE}/vassals/{name}", name.removesuffix(".ini").partition("~")[0]
        seen = machine.look(path)
        if name.startswith("."):
            continue  # the pipeline is writing it
        if (
            not RELEASE.fullmatch(release)
            or machine.look(f"{SITE}/releases/{release}").kind != "folder"
        ):
            yield Finding("extra", path, f"no release has such a vassal ({seen})")
        elif seen.kind != "file" or seen.owner != "deploy":
            yield Finding("kind", path, f"is a {seen}; the pipeline writes a file of deploy's",
                          remedy="fab finish:SITE, or a release")  # fmt: skip
        else:
            yield from _vassal(path, name.removesuffix(".ini"), release, machine.text(path), facts)


def _web(machine: Machine) -> dict[str, str]:
    """Return the site's facts about its web processes, by the names that uWSGI has for them."""
    example = tomllib.loads(machine.text(f"{SITE}/bootstrap/site.example.toml"))
    given = tomllib.loads(machine.text(f"{SITE}/site.toml"))
    facts: dict[str, Any] = {**example.get("web", {}), **given.get("web", {})}
    return {name: str(facts[key]) for name, key in OF_SITE.items() if facts.get(key)}


def _vassal(
    path: str, name: str, release: str, text: str, facts: Mapping[str, str]
) -> Iterator[Finding]:
    pairs = [line.partition(" = ")[::2] for line in text.splitlines() if " = " in line]
    present, folder = dict(pairs), f"{SITE}/releases/{release}"
    wanted = {"chdir": f"{folder}/app", "pythonpath": f"{folder}/app", "module": "config.wsgi",
              "socket": f"{RUN}/{name}.sock", **facts}  # fmt: skip
    remedy = "release again: the pipeline writes it anew"
    for key in sorted(set(present) - VASSAL_KEYS):
        yield Finding("content", path, f"has the option {key}, which the pipeline never writes",
                      remedy=remedy)  # fmt: skip
    for key, value in wanted.items():
        if present.get(key) != value:
            said = f"{key} is {present.get(key, 'not set')}, declared is {value}"
            yield Finding("content", path, said, remedy=remedy)


def live(machine: Machine) -> Iterator[Finding]:
    """Look whether the live link and the live socket lead to the same release."""
    link, socket = machine.look(f"{SITE}/live"), machine.look(f"{RUN}/live.sock")
    if link.kind == "missing":
        return
    release = link.target.rpartition("/")[2]
    remedy = "fab finish:SITE re-makes it"
    if machine.look(f"{SITE}/releases/{release}").kind != "folder":
        yield Finding(
            "running", f"{SITE}/live", f"leads to {link.target}, no release", remedy=remedy
        )
    elif socket.target.removesuffix(".sock").partition("~")[0] != release:
        said = f"leads to {socket.target or 'nothing'}, live is {release}"
        yield Finding("running", f"{RUN}/live.sock", said, remedy=remedy)


# --- nginx and the firewall -----------------------------------------------------------------------
def nginx(machine: Machine) -> Iterator[Finding]:
    """Say when nginx runs with older rules than its files hold."""
    pid = units.show(machine, ["nginx.service"], "MainPID")["nginx.service"].get("MainPID", "0")
    workers = [_started(child) for child in _children(pid) if "shutting down" not in _title(child)]
    if not workers:
        return
    for folder in ("/etc/nginx", "/etc/studium/tls"):
        newer = [path for path, seen in machine.below(folder)
                 if seen.kind == "file" and seen.changed > max(workers) + ROUNDING_S]  # fmt: skip
        if newer:
            yield Finding(
                "unread", "nginx.service", f"nginx has not read {newer[0]} since it changed"
            )


def firewall(machine: Machine, declared: str) -> Iterator[Finding]:
    told = machine.run("nft", "--stateless", "list", "ruleset")
    if told.code:
        yield Finding("firewall", "nftables", f"cannot be asked: {told.said}")
    elif told.out != declared:
        wanted, present = declared.splitlines(), told.out.splitlines()
        lines = _words([line.strip() for line in wanted], [line.strip() for line in present])
        yield Finding("firewall", "nftables", "the loaded rules differ", diff=lines)


# --- processes ------------------------------------------------------------------------------------
def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _command(pid: str) -> list[str]:
    return [word for word in _text(PROC / pid / "cmdline").split("\0") if word]


def _title(pid: str) -> str:
    return _text(PROC / pid / "cmdline")


def _status(pid: str) -> dict[str, list[str]]:
    lines = (line.partition(":") for line in _text(PROC / pid / "status").splitlines())
    return {name: value.split() for name, _, value in lines}


def _link(pid: str, name: str) -> str:
    try:
        return str((PROC / pid / name).readlink())
    except OSError:
        return ""  # without the right to see it; the words of the command are compared anyway


def _started(pid: str) -> float:
    """Return when a process began, by the clock of files."""
    words = _text(PROC / pid / "stat").rpartition(")")[2].split()
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(words[19]) / TICKS if words else 0.0
    return time.time() - age


def _children(pid: str) -> list[str]:
    lines = ((path.parent.name, _text(path)) for path in PROC.glob("[0-9]*/stat"))
    return [child for child, text in lines if text.rpartition(")")[2].split()[1:2] == [pid]]
