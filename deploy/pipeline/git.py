"""What the pipeline asks of a bare repository."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import StepFailed
from pipeline.runner import Command, LocalRunner, Runner

NOTHING = "0" * 40
PINS = "refs/deploys/"
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
        self.git("update-ref", f"{PINS}{name}", commit, NOTHING)

    def pins(self) -> list[str]:
        """Return the names that are pinned."""
        refs = self.git("for-each-ref", "--format=%(refname:lstrip=2)", PINS)
        return refs.splitlines()

    def unpin(self, name: str) -> None:
        self.git("update-ref", "-d", f"{PINS}{name}")

    def move(self, ref: str, new: str, old: str) -> None:
        """Let ``ref`` name ``new`` if it still names ``old``."""
        self.git("update-ref", ref, new, old)

    def export(self, commit: str, folder: Path) -> None:
        archive = folder.with_name(f"{folder.name}.tar")
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.git("archive", "--format=tar", f"--output={archive}", commit)
            folder.mkdir()
            self.runner.run(Command(("tar", "-xf", str(archive), "-C", str(folder))))
        finally:
            archive.unlink(missing_ok=True)
