"""What Debian's packages brought: which are installed, and their own files in /etc."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from drift.findings import Finding
from drift.machine import Machine

STATUS = "${Package} ${db:Status-Status}\n"
INFO = "/var/lib/dpkg/info"


def missing(machine: Machine, wanted: Iterable[str]) -> Iterator[Finding]:
    told = machine.run("dpkg-query", "--show", f"--showformat={STATUS}").out
    present = {line.split()[0] for line in told.splitlines() if line.endswith(" installed")}
    for name in sorted(set(wanted) - present):
        remedy = f"run the playbook, or apt-get install --no-install-recommends {name}"
        yield Finding("package", name, "the package is not installed", remedy=remedy)


def conffiles(machine: Machine) -> dict[str, str]:
    """Return the checksum of each file in /etc as its package has it."""
    told = machine.run("dpkg-query", "--show", "--showformat=${Conffiles}\n").out
    found = {}
    for line in told.splitlines():
        path, _, rest = line.strip().partition(" ")
        if path and " " not in rest:  # obsolete ones and those that are taken away say so
            found[path] = rest
    return found


def unchanged(machine: Machine) -> list[str]:
    """Return the packages' files in /etc that are as the package has them."""
    return [path for path, given in conffiles(machine).items() if digest(machine, path) == given]


def changed(machine: Machine, known: Mapping[str, object]) -> Iterator[Finding]:
    """Yield packages' files that somebody has changed, besides those that are kept or ours."""
    for path, given in conffiles(machine).items():
        present = digest(machine, path) if path not in known else given
        if present not in {given, ""} and given != "newconffile":
            remedy = f"compare with its package: apt-get download, dpkg -S {path}"
            yield Finding("content", path, "not as its package has it", remedy=remedy)


def digest(machine: Machine, path: str) -> str:
    try:
        return hashlib.md5(machine.read(path), usedforsecurity=False).hexdigest()
    except OSError:
        return ""


def owned(machine: Machine, folders: Iterable[str]) -> set[str]:
    """Return the paths in these folders that packages brought."""
    heads = tuple(f"{folder}/" for folder in folders)
    lists = (name for name in machine.names(INFO) if name.endswith(".list"))
    lines = (line for name in lists for line in machine.text(f"{INFO}/{name}").splitlines())
    return {line for line in lines if line.startswith(heads)}
