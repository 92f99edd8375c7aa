"""Build a release: its source, and the environment and browser libraries its lock files name."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pipeline import cache, commands, files, tarballs
from pipeline.errors import StepFailed
from pipeline.git import Repository
from pipeline.journal import Attempt
from pipeline.releases import FACTS, Release
from pipeline.runner import Command, Runner
from pipeline.site import Site

Say = Callable[[str], None]


def build(site: Site, runner: Runner, attempt: Attempt, say: Say) -> Release:
    """Return the finished, read-only release; nothing of it is left when a step fails."""
    folder = site.releases / attempt.release
    anew = "new-environment" in attempt.options
    try:
        Repository(site.repository, runner).export(attempt.new, folder)
        release = Release(
            id=attempt.release,
            commit=attempt.new,
            folder=folder,
            environment=environment(site, runner, folder, say, anew=anew),
            libraries=libraries(site, runner, folder, say),
        )
        runner.run(commands.compile_source(release))
        accelerate(runner, release, say)
        runner.run(commands.collect_static(site, release))
        files.sync_disks(folder, site.cache, site.folder("static"))  # before it counts as whole
        release.save()
        seal(folder)
    except BaseException:
        remove(folder)
        raise
    return release


def accelerate(runner: Runner, release: Release, say: Say) -> None:
    """Build the accelerator of design searches; without a compiler the release is as good."""
    if not (release.folder / "app" / "fmriplan" / "design" / "kernel.c").exists():
        return
    try:
        runner.run(commands.accelerate(release))
    except StepFailed:
        say("the accelerator of design searches was not built; without it they take longer")


def environment(site: Site, runner: Runner, source: Path, say: Say, *, anew: bool = False) -> Path:
    """Return the virtual environment of this lock file; releases with the same one share it."""
    requirements = source / "requirements" / "deployed.txt"
    python = str(site.facts["build"]["python"])
    key = cache.fingerprint(requirements.read_bytes(), version_of(runner, python).encode())
    name = f"{key}-{source.name}" if anew else key  # the live release may stand in the old one
    folder = site.cache / "environments" / name
    with cache.being_built(folder) as wanted:
        if wanted:
            say(f"building the environment {key} (a minute; releases with the same lock share it)")
            runner.run(commands.new_environment(site, folder))
            runner.run(commands.install(site, folder, requirements))
        cache.sign(site, folder)
    return folder


def libraries(site: Site, runner: Runner, source: Path, say: Say) -> Path:
    """Return the browser libraries of this lock file: a folder as npm lays it out."""
    lock_file = source / "package-lock.json"
    key = cache.fingerprint(lock_file.read_bytes())
    folder = site.cache / "libraries" / key
    with cache.being_built(folder) as wanted:
        if wanted:
            say(f"fetching the browser libraries {key}")
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(source / name, folder)
            _install_libraries(site, runner, folder)
        cache.sign(site, folder)
    return folder / "node_modules"


def _install_libraries(site: Site, runner: Runner, folder: Path) -> None:
    given = str(site.facts["build"]["tarballs"])
    if given:
        tarballs.install(site.root / given, folder)
    else:
        runner.run(commands.install_libraries(site, folder))


def version_of(runner: Runner, python: str) -> str:
    return runner.run(Command((python, "-VV")))


def seal(folder: Path) -> None:
    """Take the right to write from everybody."""
    for path, _, names in os.walk(folder, topdown=False):
        for entry in [*(Path(path) / name for name in names), Path(path)]:
            if not entry.is_symlink():
                entry.chmod(entry.stat().st_mode & ~0o222)


def remove(folder: Path) -> None:
    """Remove a release, sealed or not; from the first instant on it is no release any more."""
    folder.with_name(f"{folder.name}.tar").unlink(missing_ok=True)
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)
    (folder / FACTS).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def sweep(site: Site) -> None:
    """Remove what a killed build or removal has left; the caller holds the lock."""
    for left in site.releases.glob("*Z-*"):
        if left.is_dir() and not (left / FACTS).exists():
            remove(left)
        elif not left.is_dir():
            left.unlink(missing_ok=True)
