"""The last step of an image's build: the release as a server has it, and its static files."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from container import place
from pipeline import build, commands
from pipeline import site as sites
from pipeline.files import write_whole
from pipeline.releases import FACTS, Release
from pipeline.runner import Command
from pipeline.site import Site

SOURCE = Path("/source")  # the build's context
IMAGE = Path("/built")  # copied to / of the image, links and all
# These are written at run time, by containers whose own files are read-only.
READABLE = 0o644
IN_A_VOLUME = ("ledger.jsonl", "maintenance.json")


def assemble(release_id: str, commit: str) -> None:
    """Compile and collect the release, then lay it where the image takes it from."""
    site = _site()
    release = Release(
        id=release_id,
        commit=commit,
        folder=site.releases / release_id,
        environment=site.cache / "environments" / "image",
        libraries=site.cache / "libraries" / "image" / "node_modules",
    )
    shutil.copytree(SOURCE, release.folder)
    _run(commands.compile_source(release))
    _run(commands.collect_static(site, release))
    release.save()
    (release.folder / FACTS).chmod(READABLE)
    build.seal(release.folder)
    _lay_out(site, release)


def _site() -> Site:
    """Return a site for the build alone; the real one is given to the containers."""
    write_whole(place.SITE, 'name = "build"\n[folders]\nrun = "/run/studium"\n')
    return sites.load(place.SITE)


def _run(command: Command) -> None:
    """Run a step with a key that is gone with it: what is built depends on no secret."""
    env = {name: value for name, value in command.env.items() if name != "STUDIUM_SECRETS"}
    key = {"STUDIUM_SECRET_KEY": secrets.token_urlsafe(50)}
    subprocess.run(command.argv, env=os.environ | env | key, cwd=command.folder, check=True)


def _lay_out(site: Site, release: Release) -> None:
    root = IMAGE / place.ROOT.relative_to("/")
    (root / "releases").mkdir(parents=True)
    shutil.move(release.folder, root / "releases" / release.id)
    shutil.copytree(site.folder("static"), root / "built" / "static")
    (root / "live").symlink_to(f"releases/{release.id}")
    for name in IN_A_VOLUME:
        (root / name).symlink_to(f"data/{name}")
