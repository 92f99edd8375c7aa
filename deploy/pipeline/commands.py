"""Every command of a release as a pure function that returns what to run; nothing runs here."""

from pathlib import Path

from pipeline.releases import Release
from pipeline.runner import Command
from pipeline.site import Site

BUILD_S = 1800


def new_environment(site: Site, folder: Path) -> Command:
    return Command((str(site.facts["build"]["python"]), "-m", "venv", "--clear", str(folder)))


def install(site: Site, environment: Path, requirements: Path) -> Command:
    """Install exactly what the lock file names, from the site's wheels when it has some."""
    wheels = str(site.facts["build"]["wheels"])
    source = ("--no-index", f"--find-links={site.root / wheels}") if wheels else ()
    python = str(environment / "bin" / "python")
    flags = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes")
    words = (python, "-m", "pip", "install", *flags, *source, "-r", str(requirements))
    return Command(words, timeout_s=BUILD_S)


def install_libraries(site: Site, folder: Path) -> Command:
    flags = ("--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
    return Command(
        (str(site.facts["build"]["npm"]), "ci", *flags), folder=folder, timeout_s=BUILD_S
    )


def compile_source(release: Release) -> Command:
    mode = ("-q", "-j0", "--invalidation-mode", "unchecked-hash")
    folders = (str(release.folder / "app"), str(release.folder / "deploy"))
    return Command((str(release.python), "-m", "compileall", *mode, *folders))


def accelerate(release: Release) -> Command:
    """Compile what makes designs of tasks quicker to search; everything works without."""
    words = (str(release.python), "-m", "fmriplan", "build")
    return Command(words, folder=release.folder / "app", timeout_s=120)


def manage(site: Site, release: Release, *words: str, timeout_s: float = 900) -> Command:
    """Run a management command with the release's own code and environment."""
    return Command(
        (str(release.python), str(release.manage), *words),
        env=release.variables(site),
        folder=release.folder / "app",
        timeout_s=timeout_s,
    )


def collect_static(site: Site, release: Release) -> Command:
    return manage(site, release, "collectstatic", "--noinput", "--verbosity=0")


def prune_static(site: Site, release: Release, kept: list[Release]) -> Command:
    manifests = [str(one.folder / "staticfiles") for one in kept]
    return manage(site, release, "prune_static", "--manifests", *manifests)


def plan_migrations(site: Site, release: Release, *, ghosts_allowed: bool = False) -> Command:
    return manage(site, release, "migration_plan", *(["--allow-ghosts"] if ghosts_allowed else []))


def describe_migrations(site: Site, release: Release, names: list[str]) -> Command:
    return manage(site, release, "migration_plan", "--describe", *names)


def migrate(site: Site, release: Release, phase: str) -> Command:
    return manage(site, release, "migrate_phase", phase, timeout_s=BUILD_S)


def back_up(site: Site, release: Release) -> Command:
    return manage(site, release, "backup", timeout_s=BUILD_S)


def check_release(site: Site, release: Release, *flags: str) -> Command:
    limit_s = float(site.facts["release"]["import_s"])
    return manage(site, release, "check_release", *flags, timeout_s=limit_s)
