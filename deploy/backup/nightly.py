"""What the timer does each night: make a set, prove it, check the earlier ones, forget the old."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from backup import files, making, report
from backup.errors import BackupError, Refused
from backup.facts import Facts
from backup.making import Order, Say
from backup.report import Night
from backup.retention import Recent
from backup.sealing import Seal
from backup.store import Store


def nightly(facts: Facts, say: Say) -> bool:
    """Return whether everything is well; the report says so too, whatever happened."""
    store, began = Store(facts.folder), datetime.now(UTC)
    with alone(store):
        set_aside(store, say)
        try:
            manifest = making.make(facts, store, Order(Seal(facts.recipient)), say)
            said = f"{manifest.id}: {len(manifest.tables)} tables, {manifest.rows} rows"
            night = Night(began, "proven", said)
        except BackupError as error:
            night = Night(began, "failed", str(error))
        say(night.message)
        return look(facts, store, night, say) and night.outcome == "proven"


def look(facts: Facts, store: Store, night: Night, say: Say) -> bool:
    """Read every set again, remove what is too old, and write the report."""
    damaged, now = store.damages(), datetime.now(UTC)
    for identity, wrong in damaged.items():
        say(f"DAMAGED: {identity}: {wrong}")
    for gone in store.prune(Recent(facts.keep_days, now), damaged, now):
        say(f"removed by age: {gone}")
    report.write(facts, store, night, damaged)
    return not damaged


def check(facts: Facts, say: Say) -> bool:
    """Read every set again without making one; the last night's outcome stays in the report."""
    store, last = Store(facts.folder), files.read_json(facts.report)
    with alone(store):
        began = datetime.fromisoformat(last["began"]) if last else datetime.now(UTC)
        set_aside(store, say)
        outcome, message = last.get("outcome", "failed"), last.get("message", "none was made yet")
        return look(facts, store, Night(began, outcome, message), say)


def set_aside(store: Store, say: Say) -> None:
    """Find the uploads that are not what was stored, so that this backup stores them anew."""
    for name in store.set_bad_objects_aside():
        say(f"DAMAGED: upload {name[:12]}")


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Keep a second run out; the kernel ends the lock with its holder."""
    files.private_folder(store.folder)
    descriptor = os.open(
        store.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, files.PRIVATE
    )
    try:
        with _refused():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise Refused(
            "Another backup is being made just now. Wait for it and look again."
        ) from None
