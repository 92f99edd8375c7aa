"""Up, update, back up, restore: each step in its order, and the way back."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from container import source
from container.engine import Engine
from container.errors import ContainerError
from container.source import Source

READY_S = 120
LOOK_S = 0.5
SERVICES = ("worker", "cron")
PRIVATE = 0o600
LIVE, BEFORE, PARTS = "STUDIUM_RELEASE", "STUDIUM_PREVIOUS", "STUDIUM_PARTS"
FRESH = "STUDIUM_FRESH"  # since when Debian's packages have been kept as they are


def up(engine: Engine, url: str) -> None:
    """Start the site; the first time build it and make its secrets."""
    engine.facts.prepare(url)
    if LIVE not in engine.facts.values():
        _build(engine)
    _start_database(engine)
    engine.step("owner", "early")
    _start_application(engine)
    engine.step("owner", "late")
    print(f"{engine.facts.site().url} answers.")


def _build(engine: Engine) -> None:
    with source.exported(engine.root) as found:
        engine.facts.keep(_images(engine, found))


def _images(engine: Engine, found: Source, *, is_fresh: bool = False) -> dict[str, str]:
    """Build the images of a commit; return the names by which compose.yml knows them."""
    release = found.release
    fresh = release.partition("-")[0] if is_fresh else engine.facts.values().get(FRESH, "")
    parts = "-".join(filter(None, (found.parts, fresh)))
    given = {"RELEASE": release, "COMMIT": found.commit, "FRESH": fresh}
    # named, so that tidying up leaves the next build its half-finished work
    engine.build(found.folder, "build", "studium-build:newest", **given)
    engine.build(found.folder, "app", f"studium-app:{release}", **given)
    for target in ("database", "front"):
        if not engine.has_image(f"studium-{target}:{parts}"):
            engine.build(found.folder, target, f"studium-{target}:{parts}", FRESH=fresh)
    return {LIVE: release, PARTS: parts, FRESH: fresh}


def _start_database(engine: Engine) -> None:
    engine.up("database")
    _wait("The database", lambda: engine.ask("database", "database", "healthy"))


def _start_application(engine: Engine) -> None:
    if not engine.ask("web", "studium-inside", "healthy", "web"):
        engine.replace("web")
    _wait("The release", lambda: engine.ask("web", "studium-inside", "healthy", "web"))
    engine.step("owner", "switch", "web")
    engine.up(*SERVICES, "front")
    _wait("The front", lambda: engine.ask("front", "front", "healthy"))


def _wait(what: str, is_ready: Callable[[], bool]) -> None:
    end = time.monotonic() + READY_S
    while not is_ready():
        if time.monotonic() > end:
            raise ContainerError(
                f"{what} is not ready after {READY_S} s. Look: deploy/container/studium logs"
            )
        time.sleep(LOOK_S)


def update(engine: Engine, revision: str, *, is_fresh: bool) -> None:
    """Build a commit and let it take over while the one before goes on answering."""
    if not engine.is_running("web"):
        raise ContainerError("The site is not running; start it first: deploy/container/studium up")
    engine.facts.prepare("")
    with source.exported(engine.root, revision) as found:
        images = _images(engine, found, is_fresh=is_fresh)
    new = engine.with_values(**images)
    engine.step("site", "manage", "backup")
    new.step("owner", "early")
    present = engine.facts.values()
    _take_over(engine, new)
    if images[PARTS] != present[PARTS]:
        _replace_parts(new)
    engine.facts.keep({**images, BEFORE: engine.facts.values()[LIVE]})
    new.step("owner", "late")
    engine.tidy({f"studium-app:{name}" for name in (images[LIVE], engine.facts.values()[BEFORE])})
    print(f"{images[LIVE]} is live.")


def _take_over(old: Engine, new: Engine) -> None:
    """Let `next` answer while `web` is replaced; when it cannot, nothing has changed."""
    try:
        new.replace("next")
        _wait("The new release", lambda: new.ask("next", "studium-inside", "healthy", "next"))
    except ContainerError:
        old.remove("next")
        raise
    new.step("owner", "switch", "next")
    new.replace("web")
    _wait("The new release", lambda: new.ask("web", "studium-inside", "healthy", "web"))
    new.step("owner", "switch", "web")
    new.remove("next")
    new.replace(*SERVICES)


def _replace_parts(new: Engine) -> None:
    """Start PostgreSQL and nginx anew: their images have changed."""
    new.replace("front")
    new.replace("database")
    _wait("The database", lambda: new.ask("database", "database", "healthy"))


def restart(engine: Engine) -> None:
    """Start the application anew with its present settings, as an update does."""
    engine.facts.prepare("")
    _take_over(engine, engine)
    engine.ask("front", "front", "reload")
    engine.up("front")


def status(engine: Engine) -> int:
    values = engine.facts.values()
    print(f"live: {values.get(LIVE, 'nothing yet')}   before: {values.get(BEFORE, '-')}")
    code = engine.run("exec", "-T", "web", "studium-inside", "healthy", "web")
    print("ready" if code == 0 else "not ready")
    return code


def save(engine: Engine, verb: str, file: Path) -> None:
    """Write what a step packs, whole or not at all; it may hold secrets, so it is ours alone."""
    draft = file.with_name(f".{file.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as into:
            engine.step("site", verb, into=into)
            os.fsync(into.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    print(f"{file}: {file.stat().st_size} bytes")


def broker(engine: Engine) -> None:
    """Build and start RabbitMQ, for what asks for a queue server."""
    values = engine.facts.values()
    with source.exported(engine.root) as found:
        tag = f"studium-broker:{values[PARTS]}"
        if not engine.has_image(tag):
            engine.build(found.folder, "broker", tag, FRESH=values.get(FRESH, ""))
    engine.up("broker")
    _wait("The broker", lambda: engine.ask("broker", "broker", "healthy"))


def restore(engine: Engine, file: Path, url: str) -> None:
    """Fill an empty database from an archive, then the files and secrets, and start the site."""
    engine.facts.prepare(url)
    if LIVE not in engine.facts.values():
        _build(engine)
    _start_database(engine)
    engine.step("owner", "keys")
    _feed(engine, file, "site", "take", "backups")
    engine.step("owner", "restore", engine.facts.site().name)
    _feed(engine, file, "site", "take", "media", "jobs")
    _feed(engine, file, "owner", "take", "keys")
    up(engine, url)


def _feed(engine: Engine, file: Path, *words: str) -> None:
    with file.open("rb") as content:
        engine.step(*words, source=content)


def bring_certificate(engine: Engine, certificate: Path, key: Path) -> None:
    """Hand both to the front through a pipe, and let it take them over."""
    with tempfile.TemporaryFile() as both:
        both.write(certificate.read_bytes() + b"\n" + key.read_bytes())
        both.seek(0)
        engine.step("front", "certificate", source=both)
    engine.replace("front")
