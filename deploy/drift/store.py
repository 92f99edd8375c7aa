"""What is declared, kept on the host by root: the declaration and the content of each file.

Ansible lays the declaration; `keep` adds what only the host can know: the content itself, for a
repair without the controller, the files of Debian's packages beside ours, and the rules of the
firewall as the kernel says them. Contents are named by their SHA-256; root alone reads them.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from drift import packages
from drift.machine import Machine, Seen

HOME = "/var/lib/studium-drift"
FIREWALL = "/etc/nftables.conf"
RULES = {FIREWALL, "/etc/studium/networks.nft"}
# Neither a role nor a package says what stands in them: they stay as they were when provisioned.
AS_PROVISIONED = (
    "/root/.ssh/authorized_keys",
    "/etc/ssh/sshd_config",
    "/etc/postgresql/15/main/postgresql.conf",
    "/etc/postgresql/15/main/pg_ident.conf",
)


class NotDeclaredError(Exception):
    """There is no declaration, or the host was not as declared when it should be kept."""


@dataclass(frozen=True)
class Wanted:
    """What is declared of one path."""

    path: str
    kind: str  # file | folder | link | tree | absent
    owner: str = ""
    group: str = ""
    mode: int | None = None
    content: str = ""  # the SHA-256 that the file must have; empty: any content
    kept: str = ""  # the SHA-256 of the copy that is kept
    target: str = ""
    source: str = "role"  # role | package | provisioned


@dataclass(frozen=True)
class Declared:
    files: Mapping[str, Wanted] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    firewall: str = ""

    def as_text(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Store:
    machine: Machine

    @property
    def home(self) -> Path:
        return self.machine.root / HOME.strip("/")

    def load(self) -> Declared:
        """Return what is declared, or say how it comes to be."""
        try:
            given = json.loads((self.home / "store" / "index.json").read_text())
        except FileNotFoundError:
            raise NotDeclaredError(
                f"Nothing is declared in {HOME}. Run the whole playbook once: "
                "ansible-playbook -i inventories/SITE site.yml"
            ) from None
        files = {path: Wanted(**facts) for path, facts in given.pop("files").items()}
        given["packages"], given["groups"] = tuple(given["packages"]), tuple(given["groups"])
        return Declared(files=files, **given)

    def content(self, digest: str) -> bytes:
        """Return a kept content, which must be what it was."""
        content = (self.home / "store" / digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise NotDeclaredError(
                f"{HOME}/store/{digest} was changed. Run the playbook again: it keeps it anew."
            )
        return content

    def keep(self) -> bool:
        """Keep what the declaration names; return whether that is something new."""
        try:
            given = json.loads((self.home / "declaration.json").read_text())
        except FileNotFoundError:
            raise NotDeclaredError(
                f"{HOME}/declaration.json is missing: run the playbook."
            ) from None
        contents: dict[str, bytes] = {}
        files = {one.path: one for one in self._wanted(given["files"], contents)}
        declared = Declared(
            files=dict(sorted(files.items())),
            units=given["units"],
            packages=tuple(given["packages"]),
            users=given["users"],
            groups=tuple(given["groups"]),
            firewall=firewall_as_loaded(self.machine),
        )
        return self._write(declared, contents)

    def keep_part(self) -> bool:
        """Keep what a part of the playbook declared; all else stays as it was kept."""
        known, given = self.load(), json.loads((self.home / "part.json").read_text())
        contents: dict[str, bytes] = {}
        fresh = {path: self._one(path, facts, contents) for path, facts in given["files"].items()}
        for one in known.files.values():
            if one.kept and one.path not in fresh:
                contents[one.kept] = self.content(one.kept)
        has_rules = bool(RULES & set(fresh))
        declared = replace(
            known,
            files=dict(sorted({**known.files, **fresh}.items())),
            units={**known.units, **given["units"]},
            packages=tuple(sorted({*known.packages, *given["packages"]})),
            users={**known.users, **given["users"]},
            groups=tuple(sorted({*known.groups, *given["groups"]})),
            firewall=firewall_as_loaded(self.machine) if has_rules else known.firewall,
        )
        return self._write(declared, contents)

    def _wanted(
        self, files: Mapping[str, Mapping[str, Any]], contents: dict[str, bytes]
    ) -> Iterator[Wanted]:
        for path, facts in files.items():
            if facts["kind"] != "tree" or not _has_parts(path, files):
                yield self._one(path, facts, contents)
        beside = dict.fromkeys(packages.unchanged(self.machine), "package")
        for path, source in (beside | dict.fromkeys(AS_PROVISIONED, "provisioned")).items():
            seen = self.machine.look(path)
            if path not in files and seen.kind == "file":
                digest = self._take(path, contents)
                yield Wanted(path, "file", seen.owner, seen.group, seen.mode, digest, digest,
                             source=source)  # fmt: skip

    def _one(self, path: str, facts: Mapping[str, Any], contents: dict[str, bytes]) -> Wanted:
        digest = ""
        if facts["kind"] == "file":
            digest = self._take(path, contents)
            self._compare(path, facts, contents[digest])
        return Wanted(
            path=path,
            kind=facts["kind"],
            owner=facts.get("owner") or "",
            group=facts.get("group") or "",
            mode=int(str(facts["mode"]), 8) if facts.get("mode") else None,
            content=digest if facts.get("sha1") else "",
            kept=digest,
            target=facts.get("target") or "",
        )

    def _take(self, path: str, contents: dict[str, bytes]) -> str:
        try:
            content = self.machine.read(path)
        except OSError as error:
            raise NotDeclaredError(f"{path} was declared and cannot be kept: {error}.") from None
        digest = hashlib.sha256(content).hexdigest()
        contents[digest] = content
        return digest

    @staticmethod
    def _compare(path: str, facts: Mapping[str, Any], content: bytes) -> None:
        """Keep no content but the declared one; Ansible's own checksum is SHA-1."""
        given = facts.get("sha1")
        if given and hashlib.sha1(content, usedforsecurity=False).hexdigest() != given:
            raise NotDeclaredError(
                f"{path} was changed while the playbook ran. Nothing was kept; run it again."
            )

    def _write(self, declared: Declared, contents: Mapping[str, bytes]) -> bool:
        """Write a whole new store and let the link point to it; half of one is never seen."""
        text, link = declared.as_text(), self.home / "store"
        before = link / "index.json"
        if before.exists() and before.read_text() == text and _is_whole(link, contents):
            return False
        new = Path(tempfile.mkdtemp(prefix="store.", dir=self.home))
        for name, content in {**contents, "index.json": text.encode()}.items():
            write(new / name, content)
        draft = self.home / f"{new.name}.link"
        draft.symlink_to(new.name)
        draft.rename(link)
        for stale in self.home.glob("store.*"):
            if stale.name != new.name and stale.is_dir():
                shutil.rmtree(stale)
        return True


def _has_parts(path: str, files: Mapping[str, Any]) -> bool:
    return any(other.startswith(f"{path}/") for other in files)


def _is_whole(link: Path, contents: Mapping[str, bytes]) -> bool:
    return all((link / name).exists() for name in contents)


def write(path: Path, content: bytes) -> None:
    """Write a file that root alone reads, and wait until the disk has it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def firewall_as_loaded(machine: Machine) -> str:
    """Return the declared rules in the kernel's own words: loaded into a network of nobody."""
    if machine.look(FIREWALL).kind != "file":
        return ""
    line = f"nft --file {FIREWALL} && exec nft --stateless list ruleset"
    done = machine.run("unshare", "--net", "sh", "-c", line)
    return done.out if done.code == 0 else ""


def is_public(wanted: Wanted, seen: Seen) -> bool:
    """Say whether everybody on the host may read it, now and as declared; else it may be secret."""
    return bool((wanted.mode or 0) & 0o004) and bool(seen.mode & 0o004)
