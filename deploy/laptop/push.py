"""Push this clone's commit to a site by git, as anybody would, and say whether there was need."""

import subprocess
from dataclasses import dataclass

from laptop.console import Console
from laptop.daemons import clean_environment
from laptop.errors import LaptopError
from laptop.layout import Clone
from pipeline import releases
from pipeline.git import NOTHING, Repository
from pipeline.site import Site


@dataclass(frozen=True)
class Head:
    """The commit that is checked out, and how many files differ from it."""

    commit: str
    subject: str
    changed: int

    def __str__(self) -> str:
        return f"{self.commit[:12]} ({self.subject})"


def git(clone: Clone, *words: str) -> str:
    command = ["git", "-C", str(clone.root), *words]
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env=clean_environment()
    )
    if result.returncode:
        raise LaptopError(
            f"`git {' '.join(words)}` failed in {clone.root}: {result.stderr.strip()}"
        )
    return result.stdout.strip()


def head(clone: Clone) -> Head:
    if git(clone, "rev-parse", "--is-shallow-repository") == "true":
        raise LaptopError(
            f"{clone.root} is a shallow clone; a site wants the whole history, to say what a "
            "release changes and to go back. Type: git fetch --unshallow"
        )
    commit, subject = git(clone, "log", "-1", "--format=%H%n%s").split("\n", 1)
    return Head(commit, subject, len(git(clone, "status", "--porcelain").splitlines()))


def _check_continues(clone: Clone, site: Site, commit: Head) -> None:
    """Refuse what git would refuse in general words: a history that was amended or rebased."""
    tip = Repository(site.repository).commit_of(site.ref)
    if tip == NOTHING:
        return
    try:
        git(clone, "merge-base", "--is-ancestor", tip, commit.commit)
    except LaptopError:
        raise LaptopError(
            f"{commit.commit[:12]} does not continue {tip[:12]}, which {site.name} has: it was "
            "amended or rebased away, or it is somebody else's. Nothing was changed. Either\n"
            f"  git fetch {site.repository} {site.branch} && git merge FETCH_HEAD && make up\n"
            f"or start the site anew (it is backed up first): make fresh SITE={site.name}"
        ) from None


def is_live(site: Site, commit: str) -> bool:
    release = releases.live(site)
    return release is not None and release.commit == commit


def push(clone: Clone, site: Site, commit: Head, console: Console) -> None:
    """Release ``commit`` on the site; the pipeline's own lines reach the terminal as they come."""
    console.title(f"{site.name}: git push {commit}")
    _check_continues(clone, site, commit)
    command = [
        "git",
        "-C",
        str(clone.root),
        "push",
        str(site.repository),
        f"{commit.commit}:{site.ref}",
    ]
    result = subprocess.run(command, check=False, env=clean_environment())
    if result.returncode:
        raise LaptopError(
            f"{site.name} refused the push; the reason stands above. What was live before still "
            f"is.\nAll lines: make logs SITE={site.name}"
        )
