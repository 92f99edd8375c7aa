"""Doing a task in a browser, and looking at what came of it."""

import json
import time
from collections.abc import Callable
from typing import Any

from runs.models import Event, Trial


def begin(page: Any, address: str) -> Any:
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    return page


def press(page: Any, count: int, first: int = 0) -> None:
    """Answer trials by key, each when it is shown."""
    for number in range(first, first + count):
        page.get_by_text(f"Trial {number}", exact=True).wait_for()
        page.keyboard.press("r" if number % 2 else "g")


def trials() -> list[Any]:
    return list(Trial.objects.order_by("index"))


def rows(field: str = "n") -> list[Any]:
    """Return what the stored rows say under a name, in their order."""
    return [json.loads(trial.raw).get(field) for trial in trials()]


def told(page: Any, count: int, patience_s: float = 10) -> None:
    """Wait until so many rows are stored and nothing is on its way."""
    until = time.monotonic() + patience_s
    while Trial.objects.count() < count or page.locator("#task-saved").inner_text() != "Saved":
        assert time.monotonic() < until, (Trial.objects.count(), count)
        page.wait_for_timeout(50)
    assert Trial.objects.count() == count


def until(page: Any, came: Callable[[], Any], patience_s: float = 10) -> None:
    """Wait until something is so on the server."""
    end = time.monotonic() + patience_s
    while not came():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def kinds(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def heading(page: Any) -> str:
    return str(page.get_by_role("heading", level=1).inner_text())
