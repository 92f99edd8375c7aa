"""Bring a set back on a host: everything of it, and the same release live; or nothing at all.

Each step knows its way back. What was there is moved aside, never deleted, and comes back when a
later step fails.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backup import database, files, host, opening, programs
from backup.errors import BackupError, Refused
from backup.facts import Facts, of_site
from backup.host import POSTGRES
from backup.making import SPARE, Say
from backup.manifests import Manifest
from backup.opening import Opened
from backup.store import Store

ROLES = "/usr/local/share/studium/roles.sql"
OWNER = "studium_owner"
OF_THIS_HOST = ("DATABASE_URL", "CACHE_URL")  # where its own services are
TIMES = 3  # the plain files, the database, and what the release needs
WORKERS = ("studium-worker.path", "studium-worker.service", "studium-finish.timer", "cron.service")


@dataclass(frozen=True)
class Plan:
    """What a restore would do, and what stands against it."""

    says: list[str]
    refusals: list[str]


def plan(facts: Facts, manifest: Manifest, *, replace: bool, keyed: bool) -> Plan:
    """Look, and change nothing."""
    site, here = of_site(facts.root), host.holds(facts)
    refusals = [*_mismatches(facts, site, manifest), *_room(facts, manifest)]
    if manifest.recipient and not keyed:
        refusals.append(f"{manifest.id} is encrypted to {manifest.recipient}: bring its key.")
    if here.said and not replace:
        refusals.append(
            f"This host holds {', '.join(here.said)}. --replace moves it aside, deletes nothing."
        )
    return Plan(_steps(manifest, here.said), refusals)


def _steps(manifest: Manifest, held: list[str]) -> list[str]:
    uploads, secrets = manifest.facts["uploads"], manifest.file("secrets.env")
    aside = [f"move aside {', '.join(held)}"] if held else []
    return [
        *aside,
        f"load {len(manifest.tables)} tables with {manifest.rows} rows, and compare them",
        f"bring {uploads['files']} uploaded files ({uploads['size']} bytes), and compare them",
        "bring the secrets, except for where the database is"
        if secrets
        else "keep this host's own secrets: the set has none, so everybody signs in again",
        "bring the ledger; the release below is its next row",
        f"release {manifest.commit[:12]}, which was live then, and ask it for its health",
    ]


def _mismatches(facts: Facts, site: dict[str, object], manifest: Manifest) -> Iterator[str]:
    if site["name"] != manifest.site:
        yield f"The set is of {manifest.site}, this host is {site['name']}."
    here = database.version(facts.database, POSTGRES)
    if _major(here) < _major(str(manifest.facts["postgresql"])):
        yield f"PostgreSQL is {here} here and was {manifest.facts['postgresql']} there."


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _room(facts: Facts, manifest: Manifest) -> Iterator[str]:
    free, needed = shutil.disk_usage(facts.root).free, TIMES * manifest.size + SPARE
    if free < needed:
        yield f"{free >> 20} MiB are free in {facts.root}; {needed >> 20} MiB are wanted."


@dataclass(frozen=True)
class Wish:
    """How a set shall come back."""

    key: Path | None = None
    replace: bool = False  # what the host holds is moved aside
    rehearse: bool = False  # everything, and then back again


class _Rehearsed(Exception):
    """All went well; the way back is wanted."""


def restore(facts: Facts, store: Store, manifest: Manifest, wish: Wish, say: Say) -> None:
    """Carry the plan out; raise BackupError with everything as it was before."""
    wanted = plan(facts, manifest, replace=wish.replace, keyed=wish.key is not None)
    if wanted.refusals:
        raise Refused("\n".join(wanted.refusals))
    store.check(manifest.id)
    work = facts.root / f".restore-{manifest.id}"
    files.remove(work)
    files.private_folder(work / "plain")
    try:
        opened = opening.open_set(store, manifest, wish.key, work / "plain")
        _bring_uploads(facts, store, opened, wish.key, work)
        say("everything is decrypted and is what was backed up")
        _Restoring(facts, opened, work, say).carry_out(rehearse=wish.rehearse)
    except _Rehearsed:
        say(f"{manifest.id} can be restored here; what was built for it stays")
    except OSError as error:
        raise BackupError(f"{error.strerror}: {error.filename}. All is as it was.") from None
    finally:
        files.remove(work)


def _bring_uploads(
    facts: Facts, store: Store, opened: Opened, key: Path | None, work: Path
) -> None:
    for name, one in opened.uploads.items():
        target = opening.checked_path(work, name)
        if target.relative_to(work).parts[0] not in facts.folders:
            raise Refused(f"{name!r} belongs to no folder of a site.")
        target.parent.mkdir(parents=True, exist_ok=True)
        opening.bring_upload(store, one, target, key)
        os.utime(target, ns=(one["modified"], one["modified"]))


@dataclass
class _Restoring:
    facts: Facts
    opened: Opened
    work: Path
    say: Say

    def carry_out(self, *, rehearse: bool) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dt%H%M%S")
        aside = self.facts.root / f"before-{stamp}"
        with ExitStack() as back:
            back.enter_context(self._at_rest())
            for step in (self._release_aside, self._database, self._folders, self._small_files):
                back.enter_context(step(aside, stamp))
            self._release()
            if rehearse:
                raise _Rehearsed
        if aside.exists():
            self.say(f"what was here before is in {aside}; remove it when it is not missed")

    # --- the steps: what follows the `yield` of one is its way back, or its last word ------------
    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Let nobody work or tick meanwhile."""
        programs.run(["systemctl", "stop", *WORKERS])
        try:
            yield
        except BaseException:
            self._start()
            self.say("everything is as it was before")
            raise
        self._start()

    @contextmanager
    def _release_aside(self, aside: Path, _: str) -> Iterator[None]:
        """Let the host be one without a release, as Ansible made it."""
        root, branch = self.facts.root, str(of_site(self.facts.root)["branch"])
        commit, moved = host.commit_of(root, branch), _move(_of_releases(root), root, aside)
        ref = f"refs/heads/{branch}"
        if commit:
            self._git("update-ref", "-d", ref)
        try:
            yield
        except BaseException:
            for path in _of_releases(root):
                _remove(path)
            for source, target in moved:
                target.rename(source)
            if host.commit_of(root, branch) != commit:
                self._git("update-ref", *([ref, commit] if commit else ["-d", ref]))
            files.remove(aside)
            programs.run(["systemctl", "restart", "studium-recover.service"])
            raise

    @contextmanager
    def _database(self, _: Path, stamp: str) -> Iterator[None]:
        name = self.facts.database
        old = f"{name}_before_{stamp}" if database.tables(name, POSTGRES) else ""
        if old:
            database.rename(name, old)
            _make_database()
        try:
            with (self.opened.folder / "database.dump").open("rb") as dump:
                database.load(name, dump, f"--role={OWNER}", user=POSTGRES)
            database.compare(self.opened.tables, database.contents(name, POSTGRES))
            self.say(f"{len(self.opened.tables)} tables are loaded and the same, row by row")
            yield
        except BaseException:
            database.drop(name)
            if old:
                database.rename(old, name)
            _make_database()
            raise
        if old:
            self.say(f"the former database is {old}; drop it when it is not missed")

    @contextmanager
    def _folders(self, aside: Path, _: str) -> Iterator[None]:
        moves: list[tuple[Path, Path]] = []
        try:
            for name in self.facts.folders:
                moves += _exchange(self.work / name, self.facts.root / name, aside / name)
            self.say(f"{len(self.opened.uploads)} uploaded files are in their place")
            yield
        except BaseException:
            for source, target in reversed(moves):
                shutil.move(target, source)
            raise

    @contextmanager
    def _small_files(self, aside: Path, _: str) -> Iterator[None]:
        """Bring secrets and ledger, each as whoever made it by Ansible or by a release owns it."""
        root = self.facts.root
        wanted = {
            "ledger.jsonl": ("deploy", "studium", 0o640),
            "secrets.env": (None, "studium", 0o640),
        }
        kept = {name: (root / name).read_bytes() for name in wanted if (root / name).exists()}
        try:
            for name, (user, group, mode) in wanted.items():
                source = self.opened.file(name)
                if source:
                    files.write(root / name, self._text(name, source), mode)
                    shutil.chown(root / name, user or "root", group)
            yield
        except BaseException:
            for name, content in kept.items():
                (root / name).write_bytes(content)
            for name in set(wanted) - set(kept):
                (root / name).unlink(missing_ok=True)
            raise
        for name, content in kept.items():
            if aside.exists():
                files.write(aside / name, content)

    def _text(self, name: str, source: Path) -> bytes:
        if name != "secrets.env":
            return source.read_bytes()
        own = _variables((self.facts.root / name).read_text())
        return with_own(source.read_text(), own).encode()

    def _release(self) -> None:
        """Push what was live as a person would; the pipeline builds it, checks it and switches."""
        manifest, root = self.opened.manifest, self.facts.root
        box = self.work / "repository.git"
        programs.run(
            ["git", "clone", "-q", "--bare", self.opened.folder / "repository.bundle", box]
        )
        self.work.chmod(0o711)  # deploy reads the box; the rest stays root's
        for path in (box, *box.rglob("*")):
            shutil.chown(path, "deploy", "deploy")
        branch = str(of_site(root)["branch"])
        who = {"STUDIUM_WHO": f"restore-{manifest.id}"}
        push = ("git", f"--git-dir={box}", "push", str(root / "repository.git"))
        words = [*as_user("deploy"), *push, f"{manifest.commit}:refs/heads/{branch}"]
        with _umask(0o027):  # the site reads by its group what is pushed
            programs.run(words, env=who)
        self.say(f"{manifest.commit[:12]} is live again")

    def _git(self, *words: str) -> None:
        repository = f"--git-dir={self.facts.root}/repository.git"
        with _umask(0o027):
            programs.run([*as_user("deploy"), "git", repository, *words])

    def _start(self) -> None:
        programs.run(["systemctl", "start", *(unit for unit in WORKERS if unit != WORKERS[1])])


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    former = os.umask(mask)
    try:
        yield
    finally:
        os.umask(former)


def _of_releases(root: Path) -> list[Path]:
    """Return what makes the host serve what it serves, the web processes first."""
    found = [*root.glob("vassals/*.ini"), root / "live", root / "journal.json"]
    return [path for path in [*found, *root.glob("releases/*")] if os.path.lexists(path)]


def _move(paths: list[Path], root: Path, aside: Path) -> list[tuple[Path, Path]]:
    done = []
    for path in paths:
        target = aside / path.relative_to(root)
        files.private_folder(target.parent)
        path.rename(target)
        done.append((path, target))
    return done


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        files.remove(path)
    else:
        path.unlink()


def _exchange(new: Path, place: Path, aside: Path) -> list[tuple[Path, Path]]:
    """Put the new content into a folder, which stays itself; what was in it goes aside."""
    state, moves = place.stat(), []
    for child in sorted(place.iterdir()):
        files.private_folder(aside)
        moves.append((child, aside / child.name))
    new.mkdir(exist_ok=True)
    moves += [(child, place / child.name) for child in sorted(new.iterdir())]
    done: list[tuple[Path, Path]] = []
    for source, target in moves:
        shutil.move(source, target)
        done.append((source, target))
    for path in place.rglob("*"):
        os.chown(path, state.st_uid, state.st_gid)
        path.chmod(state.st_mode & 0o7777 if path.is_dir() else 0o640)
    return done


def _make_database() -> None:
    flags = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", f"--file={ROLES}")
    quiet = {"PGOPTIONS": "-c client_min_messages=warning"}
    programs.run([*as_user(POSTGRES), "psql", *flags], env=quiet)


def as_user(name: str) -> list[str]:
    """Let a program be somebody's, without a home that it would fill."""
    return ["runuser", "-u", name, "--", "env", "HOME=/nonexistent"]


def _variables(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and line[0] != "#")
    return {name.strip(): value for name, _, value in pairs}


def with_own(text: str, own: dict[str, str]) -> str:
    """Return the secrets of a set, with this host's own word on where its services are."""
    lines = [
        line for line in text.splitlines() if line.partition("=")[0].strip() not in OF_THIS_HOST
    ]
    lines += [f"{name}={own[name]}" for name in OF_THIS_HOST if name in own]
    return "\n".join(lines) + "\n"
