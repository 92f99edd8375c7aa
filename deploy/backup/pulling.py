"""Copy another host's finished sets to this one, check them, and say when they are too old.

The other host is not trusted: it reaches nothing here, what it offers is checked and never replaces
what is held, and a set that it back-dates, dates ahead or leaves in the clear is not taken.
"""

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from backup import files, manifests, programs, sealing
from backup.errors import BackupError, Damaged, Refused
from backup.files import Digest
from backup.making import Say
from backup.manifests import Manifest
from backup.nightly import alone
from backup.retention import Thinning
from backup.store import Store

SETTINGS = Path("/etc/studium/store")
STATES = Path("/var/lib/studium-store")
AHEAD = timedelta(hours=1)
LONGEST_MANIFEST = 64 * 1024 * 1024
SPARE = 256 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """Whose sets are copied, and how long they stay: /etc/studium/store/SITE.toml."""

    site: str
    host: str
    folder: Path
    keep: Thinning
    stale_h: int
    takes_plain: bool

    @property
    def settings(self) -> Path:
        return SETTINGS / self.site

    @property
    def state(self) -> Path:
        return STATES / f"{self.site}.json"


def source(site: str) -> Source:
    file = SETTINGS / f"{site}.toml"
    try:
        given = tomllib.loads(file.read_text())
        return Source(
            site=site,
            host=str(given["host"]),
            folder=Path(str(given["folder"])),
            keep=Thinning(*(int(given["keep"][name]) for name in ("days", "weeks", "months"))),
            stale_h=int(given["stale_h"]),
            takes_plain=bool(given["takes_plain"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} cannot be read ({error}). Provision this host again.") from None


class Line:
    """The conversation with the gate of the other host."""

    def __init__(self, into: IO[bytes], out: IO[bytes]) -> None:
        self._into, self._out = into, out

    def ask(self, *words: str) -> int:
        """Ask and return the size of the answer, which is to be read next."""
        self._into.write(f"{' '.join(words)}\n".encode())
        self._into.flush()
        verdict, _, rest = self._out.readline(4096).decode(errors="replace").strip().partition(" ")
        if verdict != "ok" or not rest.isdecimal():
            raise BackupError(f"{' '.join(words)}: {rest or 'the connection ended'}")
        return int(rest)

    def small(self, *words: str) -> bytes:
        size = self.ask(*words)
        if size > LONGEST_MANIFEST:
            raise Damaged(f"{' '.join(words)}: {size} bytes are no manifest.")
        return self._out.read(size)

    def fetch(self, target: Path, known: Digest, ask: Sequence[str], *, only_sealed: bool) -> None:
        """Write what arrives if it is what was announced; nothing in the clear is written."""
        size, told = self.ask(*ask), " ".join(ask)
        if size != known.size:
            raise Damaged(f"{told} has {size} bytes, not {known.size}.")
        start = self._out.read(min(size, len(sealing.HEADER)))
        if only_sealed and start != sealing.HEADER:
            raise Refused(f"{told} is not encrypted, and this host takes no plain data.")
        with target.open("wb") as file:
            found = files.copied(_Again(start, self._out), file, size)
            file.flush()
            os.fsync(file.fileno())
        if found != known:
            raise Damaged(f"{told} arrived with another checksum.")


@dataclass
class _Again:
    """What was read already, and the rest."""

    start: bytes
    rest: IO[bytes]

    def read(self, size: int = -1, /) -> bytes:
        if self.start:
            given, self.start = self.start[:size], self.start[size:]
            return given
        return self.rest.read(size)


@contextmanager
def calling(given: Source) -> Iterator[Line]:
    key = given.settings / "key"
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": given.settings / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "ConnectTimeout": "20",
        "ServerAliveInterval": "15",
    }
    words = ["ssh", "-F", "none", "-T", "-i", str(key)]
    words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    with subprocess.Popen(
        [*words, f"studium-backup@{given.host}", "pull"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=programs.PLAIN,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise BackupError("ssh has no pipes.")
        try:
            yield Line(process.stdin, process.stdout)
        except BrokenPipeError:
            raise BackupError(f"{given.host} has ended the connection.") from None
        finally:
            process.terminate()


def pull(given: Source, say: Say) -> bool:
    """Take what is new, check everything, forget the old; say whether all is well."""
    store, now = Store(given.folder), datetime.now(UTC)
    faults: list[str] = []
    with alone(store):
        store.prepare()
        faults += [f"upload {name[:12]} is damaged" for name in store.set_bad_objects_aside()]
        try:
            faults += take_all(given, store, say)
        except (BackupError, OSError, ValueError) as error:
            faults.append(f"{given.host}: {error}")
        damaged = store.damages()
        for gone in store.prune(given.keep, damaged, now):
            say(f"removed by age: {gone}")
        faults += [f"{one}: {wrong}" for one, wrong in damaged.items()]
        faults += stale(given, store, damaged, now)
        write_state(given, store, damaged, faults)
    for fault in faults:
        say(f"ALARM: {fault}")
    return not faults


def take_all(given: Source, store: Store, say: Say) -> list[str]:
    """Take each offered set that is wanted; one that is no good does not keep others away."""
    with calling(given) as line:
        offered = [str(one) for one in json.loads(line.small("sets"))]
    mend(given, store, offered, say)
    faults = []
    for identity in sorted(wanted(given, store, offered)):
        try:
            with calling(given) as line:
                manifest = take(given, store, line, identity)
            say(f"took {identity}: {manifest.rows} rows, {manifest.size} bytes")
        except (BackupError, OSError) as error:
            faults.append(str(error))
    confirm(given, store, offered)
    return faults


def mend(given: Source, store: Store, offered: list[str], say: Say) -> None:
    """Fetch again what has gone bad here, as long as the other host still has it."""
    for identity in set(store.ids()) & set(offered):
        try:
            manifest = store.manifest(identity)
            lost = [(one, ("object", one.sha256)) for one in store.missing_objects(manifest)]
            bad = [(one, ("file", identity, name)) for name, one in store.bad_files(manifest)]
            for known, ask in [*lost, *bad]:
                with calling(given) as line:
                    _fetch(given, line, _place(store, ask), known, ask)
                say(f"mended {identity}: {ask[-1]}")
        except BackupError as error:
            say(f"{identity} cannot be mended: {error}")


def _place(store: Store, ask: Sequence[str]) -> Path:
    return store.object(ask[1]) if ask[0] == "object" else store.set(ask[1]) / ask[2]


def confirm(given: Source, store: Store, offered: list[str]) -> None:
    """Tell the other host that its newest set is here and whole, for its own pages."""
    newest = next(iter(store.ids()), None)
    if newest and newest in offered:
        store.check(newest)
        with calling(given) as line:
            line.small("holds", newest)


def wanted(given: Source, store: Store, offered: list[str]) -> set[str]:
    """Return the offered sets that are newer than what is held and not of the future."""
    latest = datetime.now(UTC) + AHEAD
    held = store.ids()
    times = {manifests.made(one): one for one in offered if manifests.ID.fullmatch(one)}
    fresh = {at: one for at, one in times.items() if at <= latest and one > max(held, default="")}
    stay = given.keep([*fresh, *map(manifests.made, held)])
    return {one for at, one in fresh.items() if at in stay}


def take(given: Source, store: Store, line: Line, identity: str) -> Manifest:
    """Copy one set whole, or nothing of it."""
    content = line.small("file", identity, manifests.NAME)
    manifest = manifests.parse(content, identity)
    if (manifest.site, manifest.id) != (given.site, identity):
        raise Damaged(f"{identity} says that it is {manifest.id} of {manifest.site}.")
    if not manifest.recipient and not given.takes_plain:
        raise Refused(
            f"{identity} is not encrypted. Set backup_recipient for the site, or store_takes_plain "
            "for this host, and provision again."
        )
    _ask_for_room(store, manifest)
    with store.new_set(identity) as folder:
        for name, known in manifest.files.items():
            _fetch(given, line, folder / name, known, ("file", identity, name))
        for one in store.missing_objects(manifest):
            _fetch(given, line, store.object(one.sha256), one, ("object", one.sha256))
        files.write(folder / manifests.NAME, content)
    return manifest


def _ask_for_room(store: Store, manifest: Manifest) -> None:
    missing = sum(one.size for one in store.missing_objects(manifest))
    needed = missing + sum(one.size for one in manifest.files.values()) + SPARE
    free = shutil.disk_usage(store.folder).free
    if free < needed:
        raise Refused(
            f"There is no room for {manifest.id}: {free >> 20} MiB are free, {needed >> 20} MiB "
            "are wanted. What is held already stays."
        )


def _fetch(given: Source, line: Line, target: Path, known: Digest, ask: Sequence[str]) -> None:
    files.private_folder(target.parent)
    with files.draft(target) as draft:
        line.fetch(draft, known, ask, only_sealed=not given.takes_plain)


def stale(given: Source, store: Store, damaged: dict[str, str], now: datetime) -> list[str]:
    newest = next((one for one in store.ids() if one not in damaged), None)
    if newest is None:
        return [f"no whole set of {given.site} is held"]
    age = now - manifests.made(newest)
    if age <= timedelta(hours=given.stale_h):
        return []
    hours = int(age.total_seconds() // 3600)
    return [f"the newest set of {given.site} is {hours} h old; {given.stale_h} h are allowed"]


def write_state(given: Source, store: Store, damaged: dict[str, str], faults: list[str]) -> None:
    content: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sets": [one for one in store.ids() if one not in damaged],
        "damaged": damaged,
        "alarms": faults,
    }
    files.write_json(given.state, content, 0o644)
