"""A workflow's own steps, run here as GitHub's runner runs them: in order, each with its variables.

There is no GitHub: a bare repository stands for it, and a program in PATH for its command line.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.fleet import fleet
from tests.fleet.image import STATE, run
from tests.fleet.machines import NUMBERS, Host, controller

PYTHON = "python3.11"
VALUE = re.compile(r"\$\{\{ ([\w.]+) \}\}")
GH = """\
#!/bin/sh
printf '%s\\n' "$*" >> {folder}/gh.asked
case "$1 $2" in
    "pr list") echo '[]' ;;
    "pr create") cat > {folder}/gh.body; echo pull/1 ;;
    *) echo "gh: no such thing here" >&2; exit 1 ;;
esac
"""
# As the lab's own names would be known to its runner. It lasts as long as this command.
NAMED = 'mount --bind "$NAMES" /etc/hosts; exec bash -e -c "$STEP"'


@dataclass(frozen=True)
class Done:
    """A step that was run."""

    command: str
    code: int
    said: str


class GitHub:
    """Where the branches are: a bare repository."""

    def __init__(self, folder):
        self.folder = folder
        run("git", "init", "--quiet", "--bare", folder)

    def take(self, work, commit, branch):
        work.git("push", "--quiet", "--force", self.folder, f"{commit}:refs/heads/{branch}")

    def merge(self, work, head, base):
        """Merge as the button on the website does; return the commit that base names now."""
        for branch in (head, base):
            work.git("fetch", "-q", self.folder, f"+{branch}:refs/remotes/github/{branch}")
        work.git("checkout", "-q", "--detach", f"refs/remotes/github/{base}")
        subject = f"Merge pull request from {head}"
        work.git("merge", "-q", "--no-ff", "-m", subject, f"refs/remotes/github/{head}")
        commit = work.git("rev-parse", "HEAD").stdout.strip()
        self.take(work, commit, base)
        return commit


class Runner:
    """A machine like GitHub's: fresh for each job, with what setup actions would install."""

    def __init__(self, folder, github):
        self.folder, self.github = folder, github
        self.programs = folder / "programs"
        self.programs.mkdir(parents=True)
        (self.programs / "gh").write_text(GH.format(folder=folder))
        (self.programs / "gh").chmod(0o755)
        names = "".join(f"{Host(name).address} {fleet.domain(name)}\n" for name in NUMBERS)
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{names}")
        self.clone = folder / "clone"

    def job(self, workflow, name, commit, values):
        """Run a job's steps against a checkout of a commit; return those that were run."""
        self._check_out(commit)
        job = yaml.safe_load((self.clone / f".github/workflows/{workflow}.yml").read_text())
        done, failed = [], False
        for step in job["jobs"][name]["steps"]:
            if "run" in step and (not failed or step.get("if") == "always()"):
                given = job["env"] | filled(step.get("env", {}), values)
                done.append(self._run(step["run"], given | {"GITHUB_SHA": commit}))
                failed = failed or done[-1].code != 0
        return done

    def _run(self, command, given):
        env = {
            "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": str(fleet.authority()),  # the lab's own authority
            "NAMES": str(self.folder / "hosts"),
            "STEP": command,
        }
        done = controller("sh", "-ec", NAMED, check=False, env=env | given, folder=self.clone)
        return Done(command, done.returncode, done.stdout + done.stderr)

    def _check_out(self, commit):
        run("rm", "-rf", self.clone)
        run("git", "clone", "--quiet", self.github.folder, self.clone)
        run("git", "-C", self.clone, "checkout", "--quiet", "--detach", commit)
        self._install()

    def _install(self):
        """Put the tools that this test has where `make environment` looks for them."""
        code = (
            "from laptop import environment, layout; import hashlib; "
            "clone = layout.Clone(layout.CLONE); print(environment.folder(clone)); "
            "print(hashlib.sha256((clone.root / 'package-lock.json').read_bytes()).hexdigest())"
        )
        told = subprocess.run(
            [PYTHON, "-B", "-c", code],
            env=os.environ | {"PYTHONPATH": str(self.clone / "deploy")},
            check=True,
            capture_output=True,
            text=True,
        )
        place, libraries = told.stdout.split()
        Path(place).mkdir(parents=True)
        Path(place, "bin").symlink_to(Path(sys.executable).parent)
        Path(place, ".complete").touch()
        (self.clone / "node_modules").mkdir()
        (self.clone / "node_modules" / ".studium-lock").write_text(libraries)

    @property
    def asked_of_github(self):
        return (self.folder / "gh.asked").read_text()


def filled(given, values):
    """Return a step's variables with GitHub's values in them; one that is not known fails."""
    return {name: VALUE.sub(lambda found: values[found[1]], text) for name, text in given.items()}


def values_for(host, asks=None):
    """Return what GitHub's environment of a host holds, and what production knows of staging."""
    known = (STATE / "known_hosts").read_text().splitlines()
    values = {"github.token": "a token that nobody sees"}
    for prefix, each, key in (("STUDIUM", host, f"github-{host.name}"), ("STAGING", asks, "asks")):
        if each:
            pinned = [line for line in known if line.split()[0] == each.address]
            values[f"vars.{prefix}_HOST"] = f"deploy@{each.address}"
            values[f"vars.{prefix}_KNOWN_HOSTS"] = "\n".join(pinned)
            values[f"secrets.{prefix}_SSH_KEY"] = (STATE / "keys" / key).read_text()
    return values
