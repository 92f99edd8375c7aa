"""What the pipeline asks of a bare repository."""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import StepFailed
from pipeline.runner import Command, LocalRunner, Runner

NOTHING = "0" * 40
PINS = "refs/deploys/"
LOCK_S = 10.0  # git locks a ref for an instant; after so long its holder is dead
LOOK_S = 0.1
DAY_S = 24 * 3600
QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")


@dataclass(frozen=True)
class Repository:
    """A bare repository; inside pre-receive it also sees the objects still in quarantine."""

    path: Path
    runner: Runner = field(default_factory=LocalRunner)

    def git(self, *words: str) -> str:
        kept = {name: os.environ[name] for name in QUARANTINE if name in os.environ}
        argv = ("git", f"--git-dir={self.path}", *words)
        return self.runner.run(Command(argv, env=kept, timeout_s=120)).strip()

    def answers(self, *words: str) -> bool:
        try:
            self.git(*words)
        except StepFailed:
            return False
        return True

    def commit_of(self, ref: str) -> str:
        """Return the commit that ``ref`` names, or the null commit."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        except StepFailed:
            return NOTHING

    def holds(self, old: str, new: str) -> bool:
        """Say whether ``new`` continues ``old``."""
        return old == NOTHING or self.answers("merge-base", "--is-ancestor", old, new)

    def has_file(self, commit: str, path: str) -> bool:
        return self.answers("cat-file", "-e", f"{commit}:{path}")

    def subject(self, commit: str) -> str:
        return "" if commit == NOTHING else self.git("log", "-1", "--format=%s", commit)

    def commits(self, old: str, new: str, limit: int = 20) -> list[str]:
        """Return ``+`` and ``-`` lines for what comes and what goes, at most ``limit``."""
        if old == NOTHING:
            return [f"+ {new[:12]} {self.subject(new)} (the first release)"]
        form = ("--format=%m %h %s", "--left-right", f"--max-count={limit}")
        lines = self.git("log", *form, f"{old}...{new}").splitlines()
        return [line.replace("<", "-", 1).replace(">", "+", 1) for line in lines]

    def count(self, old: str, new: str) -> int:
        span = new if old == NOTHING else f"{old}..{new}"
        return int(self.git("rev-list", "--count", span))

    def diffstat(self, old: str, new: str) -> str:
        if old == NOTHING:
            return ""
        return self.git("diff", "--shortstat", old, new)

    def pin(self, name: str, commit: str) -> None:
        """Keep ``commit`` in the repository, whatever becomes of its branch."""
        self._update(f"{PINS}{name}", commit, NOTHING)

    def pins(self) -> list[str]:
        """Return the names that are pinned."""
        refs = self.git("for-each-ref", "--format=%(refname:lstrip=2)", PINS)
        return refs.splitlines()

    def unpin(self, name: str) -> None:
        self.git("update-ref", "-d", f"{PINS}{name}")

    def move(self, ref: str, new: str, old: str) -> None:
        """Let ``ref`` name ``new`` if it still names ``old``."""
        self._update(ref, new, old)

    def _update(self, ref: str, new: str, old: str) -> None:
        self.drop_stale_locks(LOCK_S)
        self.git("update-ref", ref, new, old)

    def drop_stale_locks(self, patience_s: float = 0) -> None:
        """Remove the locks of a git that was killed, or lost its power, while it moved a ref.

        The caller holds the site's lock, so that no push of ours is moving one.
        """
        for lock in [*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock")]:
            end = time.monotonic() + patience_s
            while (age := _age_s(lock)) is not None and age < LOCK_S and time.monotonic() < end:
                time.sleep(LOOK_S)
            if age is not None and age >= LOCK_S:
                with suppress(OSError):
                    lock.unlink()

    def drop_broken_pushes(self) -> None:
        """Remove objects that a push which was cut off had sent; git keeps them apart till then."""
        for folder in self.path.glob("objects/tmp_objdir-incoming-*"):
            age = _age_s(folder)
            if age is not None and age > DAY_S:
                shutil.rmtree(folder, ignore_errors=True)

    def export(self, commit: str, folder: Path) -> None:
        archive = folder.with_name(f"{folder.name}.tar")
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.git("archive", "--format=tar", f"--output={archive}", commit)
            folder.mkdir()
            self.runner.run(Command(("tar", "-xf", str(archive), "-C", str(folder))))
        finally:
            archive.unlink(missing_ok=True)


def _age_s(path: Path) -> float | None:
    """Return how long ago it was written; one from the future, before the clock was set, is old."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return None
    return age if age >= 0 else LOCK_S
