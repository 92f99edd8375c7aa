"""What git knows in the checkout that `fab` was called in."""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from invoke.exceptions import Exit

from reach import places
from reach.targets import WRONG_USE, Target


@dataclass(frozen=True)
class Choice:
    """A commit, and the name by which it was chosen."""

    commit: str
    name: str


@dataclass(frozen=True)
class Checkout:
    folder: Path

    def command(self, *words: str, to: Target | None = None) -> list[str]:
        """Return git in this checkout; one that reaches a site with its own key uses that."""
        key = to.identity if to else ""
        own = ["-c", f"core.sshCommand={shlex.join(places.ssh(key))}"] if key else []
        return ["git", "-C", str(self.folder), *own, *words]

    def git(self, *words: str, to: Target | None = None) -> str:
        """Return what git answers; nothing when it has no answer."""
        command = self.command(*words, to=to)
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def choose(self, branch: str, ref: str | None) -> Choice:
        """Return ``ref``, else the local branch of that name, else HEAD."""
        local = self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        name = ref or (branch if local else "HEAD")
        commit = self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if not commit:
            raise Exit(
                f"This checkout has no commit {name!r}. `git log --all` shows it.", WRONG_USE
            )
        return Choice(commit, name)

    def describe(self, choice: Choice) -> list[str]:
        """Say which commit goes, and what stays behind."""
        said = [f"{choice.name}: {self.git('log', '-1', '--format=%h %s', choice.commit)}"]
        ahead = self.git("rev-list", "--count", f"{choice.commit}..HEAD")
        if ahead not in {"", "0"}:
            said.append(f"HEAD is {ahead} ahead of it; --ref=HEAD takes that too.")
        if self.git("status", "--porcelain", "--untracked-files=no"):
            said.append("What is not committed stays here.")
        return said

    def address_of(self, remote: str) -> str:
        return self.git("remote", "get-url", "--push", remote)

    def destination(self, target: Target) -> str:
        """Return the remote's name when it leads to the site, else the site's own address."""
        leads_there = self.address_of(target.remote) == target.repository
        return target.remote if leads_there else target.repository

    def missing_objects(self, target: Target, commit: str) -> bytes:
        """Return a pack of what the site lacks to look at ``commit``."""
        answer = self.git("ls-remote", target.repository, target.site.ref, to=target)
        live = answer.partition("\t")[0]
        known = self.git("rev-parse", "--verify", "--quiet", f"{live}^{{commit}}") if live else ""
        wanted = f"{commit}\n" + (f"^{known}\n" if known else "")
        command = self.command("pack-objects", "--revs", "--stdout", "-q")
        done = subprocess.run(command, input=wanted.encode(), capture_output=True, check=False)
        if done.returncode:
            raise Exit(f"git could not pack {commit}: {done.stderr.decode(errors='replace')}")
        return done.stdout
