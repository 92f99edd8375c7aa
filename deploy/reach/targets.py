"""Names become sites: those that `make up` built on this machine, and those in sites/."""

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from invoke.exceptions import Exit

from pipeline import site as sites
from pipeline.errors import SiteInvalid

USUAL = ("staging", "production")  # named by `fab --list` before anything has been built
WRONG_USE = 2  # exit code for what was asked wrongly; 1 means that a site refused


@dataclass(frozen=True)
class Target:
    """A site and the place where its pipeline runs: this machine, or a host reached by ssh."""

    site: sites.Site

    @property
    def ssh(self) -> str:
        return str(self.site.facts["reach"]["ssh"])

    @property
    def identity(self) -> str:
        """Return the path of the key that is kept for this site alone; empty: ssh decides."""
        given = str(self.site.facts["reach"]["identity"])
        return str(self.site.file.parent / given) if given else ""

    @property
    def remote(self) -> str:
        return str(self.site.facts["reach"]["remote"])

    @property
    def file(self) -> PurePosixPath:
        """Return the path of site.toml over there."""
        given = str(self.site.facts["reach"]["site_file"])
        if self.ssh and not given.startswith("/"):
            raise Exit(
                f"{self.site.file}: reach.ssh is set, so reach.site_file must be the absolute path "
                f"of site.toml on {self.ssh}, not {given!r}.",
                WRONG_USE,
            )
        return PurePosixPath(given if self.ssh else str(self.site.file))

    def folder(self, name: str) -> PurePosixPath:
        return self.file.parent / str(self.site.facts["folders"][name])

    @property
    def repository(self) -> str:
        """Return the address that git pushes to."""
        folder = self.folder("repository")
        return f"ssh://{self.ssh}{folder}" if self.ssh else str(folder)

    def pipeline(self, verb: str, *flags: str, words: tuple[str, ...] = ()) -> list[str]:
        """Return the command that asks the site's own pipeline: the live one, else the first."""
        code = f"PYTHONPATH={self.file.parent / 'live' / 'deploy'}:{self.folder('bootstrap')}"
        run = ["env", code, "python3", "-B", "-m", "pipeline", verb, "--site", str(self.file)]
        return [*run, *flags, *(["--", *words] if words else [])]

    def __str__(self) -> str:
        return f"{self.site.name} ({self.ssh or self.file.parent})"


def files(project: Path) -> list[Path]:
    """Return the files of facts, one per site."""
    return sorted([*project.glob(".studium/*/site.toml"), *project.glob("sites/*.toml")])


def name_of(file: Path) -> str:
    """Return what a file calls its site, even when something else in it is wrong."""
    usual = file.parent.name if file.name == "site.toml" else file.stem
    try:
        return str(tomllib.loads(file.read_text()).get("name", usual))
    except (OSError, ValueError):
        return usual


def names(project: Path) -> list[str]:
    return sorted({*USUAL, *map(name_of, files(project))})


def find(project: Path, name: str) -> Target:
    """Return the site of that name, or end with what to do instead."""
    found = [file for file in files(project) if name_of(file) == name]
    if not found:
        raise Exit(unknown(project, name), WRONG_USE)
    if len(found) > 1:
        both = " and ".join(str(file.relative_to(project)) for file in found)
        raise Exit(f"{both} are both called {name!r}. Change `name` in one of them.", WRONG_USE)
    try:
        return Target(sites.load(found[0], is_here=False))
    except SiteInvalid as error:
        raise Exit(str(error), WRONG_USE) from None


def unknown(project: Path, name: str) -> str:
    """Return the list of sites, or how to get a first one."""
    known = ", ".join(sorted({name_of(file) for file in files(project)}))
    if known:
        return (
            f"There is no site {name!r}. There are: {known}. A new one is a file sites/NAME.toml."
        )
    return (
        f"There is no site {name!r}; no site is known yet. `make up` builds staging and production "
        "on this machine; the facts of a server belong in sites/NAME.toml "
        "(see deploy/site.example.toml)."
    )
