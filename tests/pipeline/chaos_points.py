"""Points at which a runner ends or waits when a test says so; in the tests' clone only.

A test writes ``POINT kill`` or ``POINT wait`` into the file ``chaos`` of the site's folder. The
first process of the pipeline that comes by ends there as by kill -9, or waits until ``held`` is
removed.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import attempts, build, commands, journal, ledger, release, vassals


def at(root: Path, point: str) -> None:
    order = root / "chaos"
    try:
        wanted, deed = order.read_text().split()
    except (OSError, ValueError):
        return
    if wanted != point:
        return
    order.unlink(missing_ok=True)
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    held = root / "held"
    held.symlink_to(str(os.getpid()))  # a link needs no space on a full disk
    while held.is_symlink():
        time.sleep(0.02)


def after(module: Any, name: str, tell: Callable[..., tuple[Path, str]]) -> None:
    work = getattr(module, name)

    def wrapped(*given: Any, **more: Any) -> Any:
        made = work(*given, **more)
        at(*tell(*given))
        return made

    setattr(module, name, wrapped)


def before(module: Any, name: str, tell: Callable[..., tuple[Path, str]]) -> None:
    work = getattr(module, name)

    def wrapped(*given: Any, **more: Any) -> Any:
        at(*tell(*given))
        return work(*given, **more)

    setattr(module, name, wrapped)


before(journal, "save", lambda site, attempt: (site.root, f"before-{attempt.phase}"))
after(journal, "save", lambda site, attempt: (site.root, attempt.phase))
after(vassals, "switch", lambda site, _: (site.root, "between"))
before(release, "watch", lambda work, _: (work.site.root, "drain"))
after(attempts, "give_verdict", lambda site, *_: (site.root, "verdict"))
before(commands, "migrate", lambda site, _, phase: (site.root, phase + "-migrations"))
before(ledger, "append", lambda path, _: (path.parent, "row"))
after(ledger, "append", lambda path, _: (path.parent, "recorded"))
before(build, "seal", lambda folder: (folder.parents[1], "build"))
