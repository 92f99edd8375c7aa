"""Units: enabled and active as declared, and read again since their files changed."""

from collections.abc import Iterator, Mapping

from drift.findings import Finding
from drift.machine import Machine
from drift.store import Declared

UNITS = "/etc/systemd/system/"
SHOWN = "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,DropInPaths,FragmentPath"
ENABLED = {"enabled", "enabled-runtime", "alias", "static", "indirect", "generated"}
ACTIVE = {"active", "activating", "reloading"}

Facts = Mapping[str, str]


def show(machine: Machine, names: list[str], properties: str = SHOWN) -> dict[str, Facts]:
    """Return what systemd says about units, by the name that was asked for."""
    told = machine.run("systemctl", "show", f"--property={properties}", *names).out
    blocks = [dict(_pairs(block)) for block in told.strip().split("\n\n")]
    return dict(zip(names, blocks, strict=False))


def _pairs(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        name, _, value = line.partition("=")
        yield name, value


def ours(declared: Declared) -> list[str]:
    """Return each declared unit, and each unit whose file is declared; templates run as others."""
    files = (path for path, one in declared.files.items() if one.kind == "file")
    names = (path.removeprefix(UNITS) for path in files if path.startswith(UNITS))
    written = {name for name in names if "/" not in name and "@." not in name}
    return sorted(written | set(declared.units))


def compare(machine: Machine, declared: Declared) -> Iterator[Finding]:
    names = ours(declared)
    if not names:
        return
    told = show(machine, names)
    if not any(told.values()):
        yield Finding("unit", "systemd", "does not answer", remedy="systemctl status")
        return
    for name, facts in told.items():
        yield from _one(name, facts, declared.units.get(name, {}), declared)


def _one(
    name: str, facts: Facts, wanted: Mapping[str, bool], declared: Declared
) -> Iterator[Finding]:
    load, enabled = facts.get("LoadState", ""), facts.get("UnitFileState", "")
    if load in {"masked", "not-found", "error", "bad-setting"}:
        yield Finding("unit", name, f"cannot run: {load}")
        return
    if facts.get("NeedDaemonReload") == "yes":
        yield Finding("unread", name, "systemd has not read its files since they changed")
    for path in facts.get("DropInPaths", "").split():
        if path not in declared.files and not path.startswith(("/lib/", "/usr/lib/")):
            yield Finding("unread", name, f"runs with {path}, which nothing declares")
    if "enabled" in wanted and wanted["enabled"] != (enabled in ENABLED):
        yield Finding(
            "unit", name, f"is {enabled or 'not enabled'}, {_declared(wanted['enabled'])}"
        )
    active = facts.get("ActiveState", "")
    if "active" in wanted and wanted["active"] != (active in ACTIVE):
        said = "running" if wanted["active"] else "stopped"
        yield Finding("unit", name, f"is {active}, declared to be {said}")


def _declared(is_enabled: bool) -> str:
    return "declared to start at boot" if is_enabled else "declared not to start at boot"
