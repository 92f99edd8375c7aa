"""Let changed facts and secrets count for the live release, without a push and without an outage.

The release is started a second time, told what is new, and takes over when it listens. When it
does not, because a secret is wrong, the site goes on as it was.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from laptop import keeper
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import Clone
from pipeline import lock, releases, vassals
from pipeline.errors import PipelineError
from pipeline.identity import who
from pipeline.releases import Release
from pipeline.site import Site


def refresh(clone: Clone, site: Site, console: Console) -> None:
    """Start the web processes and the worker anew when what they were told is out of date."""
    release = releases.live(site)
    if release is None or not is_outdated(site, release):
        return
    since = datetime.now(UTC).isoformat(timespec="seconds")
    owner = lock.Owner(who(os.environ), "reading its facts again", since, os.getpid())
    with console.step(f"{site.name}: its facts or secrets have changed; start its processes anew"):
        with lock.held(site.lock, owner):
            _start_beside(site, release)
        keeper.daemon(clone, site).stop(float(site.facts["release"]["end_s"]))


def is_outdated(site: Site, release: Release) -> bool:
    file, secrets = vassals.file(site, release.id), site.folder("secrets")
    if not file.exists():
        return False
    newer = secrets.stat().st_mtime > file.stat().st_mtime
    return newer or file.read_text() != vassals.text(site, release, file.stem)


def _start_beside(site: Site, release: Release) -> None:
    former = vassals.file(site, release.id)
    try:
        vassals.start(site, release)
    except PipelineError as error:
        _take_away(vassals.file(site, release.id), but=former)
        raise LaptopError(
            f"{site.name} cannot start with its new facts or secrets; it goes on with the former "
            f"ones. To correct them: make configure SITE={site.name}\n{error}"
        ) from None
    vassals.switch(site, release.id)
    time.sleep(float(site.facts["release"]["drain_s"]))
    _take_away(former, but=vassals.file(site, release.id))


def _take_away(file: Path, but: Path) -> None:
    if file != but:
        file.unlink(missing_ok=True)
