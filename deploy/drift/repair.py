"""Make the host as declared again: validate, back up, install, read again, verify; else undo all.

What was there lies in a backup before the first file is changed, and a mark says that a repair is
under way. Whoever finds the mark (the next repair, the boot) undoes it: half a repair never stays.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from drift import emperor, files, look, placing, running, services, validate
from drift.findings import Finding
from drift.placing import Saved
from drift.running import EMPEROR
from drift.store import Declared, Store, Wanted, write

KEPT = 20
KEYS = "/etc/ssh/authorized_keys.d/"
MISSING = "missing"


@dataclass(frozen=True)
class Outcome:
    outcome: str  # repaired | undone | refused | "" when there was nothing to do
    said: list[str] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a repair changes."""

    declared: Declared
    installed: tuple[Wanted, ...]
    gone: tuple[str, ...]
    units: frozenset[str]
    emperor: bool = False  # it runs with something that goes away

    @property
    def paths(self) -> set[str]:
        return {one.path for one in self.installed} | set(self.gone)

    def is_empty(self) -> bool:
        return not (self.paths or self.units)


def repair(store: Store, *, asked_by_key: bool = False) -> Outcome:
    """Repair; who asks by a deploy key cannot give a key back that root has taken away."""
    said = undo_interrupted(store)
    found = look.compare(store.machine, store)
    if store.machine.look(files.MOVED).kind != MISSING:
        moved = "Nothing was changed: the site has moved to another host, and this one leads there."
        return Outcome("refused", [*said, moved], found)
    if asked_by_key:
        found = [_for_root(one) for one in found]
    plan = plan_of(store, found)
    if plan.is_empty():
        return Outcome("", [*said, "There is nothing that a repair can change."], found)
    contents = {one.path: store.content(one.kept) for one in plan.installed if one.kept}
    coming = validate.Coming(contents, frozenset(plan.gone))
    faults = validate.faults(store.machine, coming)
    if faults:
        told = ["Nothing was changed: what is declared would not work here.", *faults]
        return Outcome("refused", [*said, *told], found)
    return _carry_out(store, plan, found, said)


def _for_root(one: Finding) -> Finding:
    is_key = one.where.startswith(KEYS) and one.kind != "extra"
    return replace(one, remedy="studium-drift apply, on the host as root") if is_key else one


def plan_of(store: Store, found: Sequence[Finding]) -> Plan:
    """Return what makes the findings go, those for a person's hand left out."""
    declared = store.load()
    paths = {one.where for one in found if not one.remedy and one.where.startswith("/")}
    wanted = [declared.files[path] for path in paths
              if path in declared.files and declared.files[path].kind != "absent"]  # fmt: skip
    gone = paths - {one.path for one in wanted}
    units = {one.where for one in found if not one.remedy and one.where.endswith(SUFFIXES)}
    units |= {"nftables.service" for one in found if one.kind == "firewall"}
    order = sorted(wanted, key=lambda one: (one.kind != "folder", one.path))
    runs_with = any(_is_of_emperor(path) and _runs_with(store, path) for path in paths)
    is_other = any(one.where == EMPEROR and one.kind == "running" for one in found)
    return Plan(
        declared, tuple(order), tuple(sorted(gone)), frozenset(units), emperor=runs_with or is_other
    )


def _is_of_emperor(path: str) -> bool:
    return (
        path.endswith(f"/{EMPEROR}") or f"/{EMPEROR}.d/" in path or path.startswith("/etc/uwsgi/")
    )


def _runs_with(store: Store, path: str) -> bool:
    """Say whether the emperor was started after the file was written."""
    return store.machine.look(path).changed < running.age_of(store.machine, EMPEROR)


SUFFIXES = (".service", ".timer", ".path", ".socket")


def _carry_out(store: Store, plan: Plan, found: Sequence[Finding], said: list[str]) -> Outcome:
    answered = services.answers(store.machine)
    try:
        backup = _back_up(store, plan)
    except OSError as error:
        return Outcome("refused", [*said, f"Nothing was changed: {error}."], list(found))
    wrong = _install(store, plan)
    if not wrong:
        wrong = services.read_again(store.machine, plan.declared, plan.paths, set(plan.units))
    if not wrong and plan.emperor:
        wrong = emperor.restart(store.machine)
    left = look.compare(store.machine, store)
    wrong += _verify(store, plan, left, answered=answered)
    if wrong:
        undone = undo_interrupted(store)
        told = ["The repair did not hold, so everything is as it was before.", *wrong, *undone]
        return Outcome("undone", [*said, *told], look.compare(store.machine, store))
    (store.home / "unfinished").unlink()
    repaired = [f"repaired  {one.line}" for one in found if one.line not in _lines(left)]
    return Outcome("repaired", [*said, *repaired, f"What was there before is in {backup}.", ""],
                   [one for one in left if one.where != "studium-drift"])  # fmt: skip


def _lines(found: Sequence[Finding]) -> set[str]:
    return {one.line for one in found}


def _back_up(store: Store, plan: Plan) -> Path:
    """Keep what is there, wait until the disk has it, and leave the mark."""
    backup = store.home / "backups" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    backup.mkdir(mode=0o700, parents=True, exist_ok=True)
    backup.parent.chmod(0o700)
    saved = []
    for number, path in enumerate(sorted(plan.paths)):
        one, content = placing.save(store.machine, path, str(number))
        write(backup / str(number), content)
        saved.append(asdict(one))
    facts = {"saved": saved, "units": sorted(plan.units), "emperor": plan.emperor}
    write(backup / "plan.json", json.dumps(facts, indent=1).encode())
    write(store.home / "unfinished", backup.name.encode())
    for old in sorted(backup.parent.iterdir())[:-KEPT]:
        shutil.rmtree(old)
    return backup


def _install(store: Store, plan: Plan) -> list[str]:
    """Put every file in place; return what went wrong."""
    try:
        for path in plan.gone:
            placing.remove(store.machine, path)
        for one in plan.installed:
            content = store.content(one.kept) if _needs_content(store, one) else None
            placing.install(store.machine, one, content)
    except (OSError, KeyError) as error:
        return [f"A file could not be put in place: {error}."]
    return []


def _needs_content(store: Store, one: Wanted) -> bool:
    """Say whether the content is declared, or kept and now missing."""
    return bool(one.content) or (bool(one.kept) and store.machine.look(one.path).kind == MISSING)


def _verify(
    store: Store, plan: Plan, left: Sequence[Finding], *, answered: bool | None
) -> list[str]:
    touched = plan.paths | plan.units
    wrong = [f"still so: {one.line}" for one in left if one.where in touched and not one.remedy]
    if answered and not services.answers(store.machine, patience_s=services.PATIENCE_S):
        wrong.append("the site answered before, and does not with what is declared")
    return wrong


def undo_interrupted(store: Store, *, at_boot: bool = False) -> list[str]:
    """Put everything back that an unfinished repair has changed.

    At boot nothing has read the files yet, but systemd its units.
    """
    mark = store.home / "unfinished"
    if not mark.exists():
        return []
    backup = store.home / "backups" / mark.read_text().strip()
    facts = json.loads((backup / "plan.json").read_text())
    saved = [Saved(**one) for one in facts["saved"]]
    for one in saved:
        placing.put_back(store.machine, one, (backup / one.copy).read_bytes() if one.copy else b"")
    paths, units = {one.path for one in saved}, set(facts["units"])
    declared = store.load()
    if at_boot:
        reloaded = list(services.call(store.machine, "daemon-reload"))
    else:
        reloaded = services.read_again(store.machine, declared, paths, units & set(READ))
        reloaded += emperor.restart(store.machine) if facts["emperor"] else []
    mark.unlink()
    return [f"put back  {one.path}" for one in saved] + reloaded


READ = tuple(unit for _, unit in services.READERS)
