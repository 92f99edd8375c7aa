"""A participant with a browser on a bad line: reads, answers, and does what people do when a page
does not come: reloads it, or opens the address again."""

import contextlib
import itertools
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page

PATIENCE_S = 90
DEAF_S = 8  # a page that does nothing for so long is opened again
TASK = """() => {
  const find = (id) => document.getElementById(id);
  const seen = (id) => Boolean(find(id)) && !find(id).hidden;
  const all = document.querySelectorAll("#task-stage p:not([data-met])");
  for (const each of all) each.dataset.met = "1";
  return {
    go: seen("task-go"), after: seen("task-after"),
    shown: [...all].map((each) => [each.textContent, getComputedStyle(each).color]),
  };
}"""
INKS = {"rgb(176, 0, 32)": "r", "rgb(0, 102, 43)": "g", "rgb(11, 63, 196)": "b"}
ACTION = re.compile(r"/run/([^/]+)/([0-9a-f-]{36})/$")


def _kind(field: Any) -> str:
    """Return how a field is filled in; numbers are written into fields for text."""
    in_number = field.evaluate("each => each.closest('.number') !== null")
    return "number" if in_number else field.get_attribute("type") or ""


class Person:
    """``told`` holds what was answered to each showing; ``progress`` what the bar said.

    ``choices`` are the options of items at which it matters; at others chance decides.
    """

    def __init__(
        self, context: BrowserContext, link: str, *, seed: int = 0,
        choices: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.context = context
        self.home = link
        self.told: dict[str, dict[str, Any]] = {}
        self.progress: list[int] = []
        self.pressed: list[tuple[str, str]] = []
        self.choices = dict(choices or {})
        self.lost = 0
        self._dice = random.Random(seed)  # noqa: S311  a test that repeats itself
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        return page

    def try_to(self, act: Callable[[], Any]) -> None:
        """Do something that leads to another page; when that does not come, try again."""
        limit = time.monotonic() + PATIENCE_S
        for _ in itertools.count():
            try:
                act()
                self.page.wait_for_load_state()
            except Error as error:
                if "crashed" in str(error) or time.monotonic() > limit:
                    raise
            if self._has_come():
                return
            self.lost += 1
            assert time.monotonic() < limit, f"nothing came for {PATIENCE_S} s"
            time.sleep(0.3)
            act = self._remedy()

    def _has_come(self) -> bool:
        try:
            return self.page.locator("main#content h1").count() > 0
        except Error:
            return False  # between two pages

    def _remedy(self) -> Callable[[], Any]:
        """A run that has begun is found by its address; before that a reload sends again."""
        if self.home.startswith("/take/") or self._dice.random() < 0.5:
            return self.page.reload
        return lambda: self.page.goto(self.home)

    def open(self) -> None:
        self.try_to(lambda: self.page.goto(self.home))

    def kill_the_tab(self) -> None:
        """Let the browser's tab crash, and open the address in another one."""
        with contextlib.suppress(Error):
            self.page.goto("chrome://crash", timeout=2_000)
        self.page.close()
        self.page = self._new_page()
        self.open()

    def turn(self) -> bool:
        """Answer what is shown and go on; return whether there was something to answer."""
        self._look()
        form = self.page.locator("main form:visible").first
        if not form.count():
            return False
        if self.page.locator("[name=press]").count():
            self.try_to(lambda: self._click("Begin"))
            return True
        visit = ACTION.search(form.get_attribute("action") or "")
        if visit is None:  # the next page is not ready yet
            self.try_to(lambda: self._click("Try again"))
            return True
        self._answer(visit[2])
        self.try_to(self.page.locator(".go button:visible").first.click)
        return True

    def _click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def _look(self) -> None:
        address = re.search(r"/run/[^/]+/", self.page.url)
        if address:
            self.home = address[0]
        bar = self.page.locator("#progress")
        if bar.count():
            self.progress.append(int(bar.get_attribute("value") or 0))

    def _answer(self, visit: str) -> None:
        """Fill the page in; a page that is shown again gets the same answers."""
        fields = self.page.locator("main form:visible [name^=item-]").all()
        kinds = {field.get_attribute("name") or "": _kind(field) for field in fields}
        told = self.told[visit] = {}
        for field, kind in kinds.items():
            dice = random.Random(f"{visit} {field}")  # noqa: S311  the same for the same page
            fill = self._choose if kind in {"radio", "checkbox"} else self._write
            told[field.removeprefix("item-")] = fill(field, kind or "", dice)

    def _choose(self, field: str, kind: str, dice: random.Random) -> Any:
        options = self.page.locator(f"[name={field}]")
        wanted = self.choices.get(field)
        option = options.and_(self.page.locator(f"[value={wanted}]")).first
        option = option if wanted else dice.choice(options.all()[:2])
        option.check()
        value = option.get_attribute("value") or ""
        code: Any = int(value) if value.lstrip("-").isdigit() else value
        return [code] if kind == "checkbox" else code

    def _write(self, field: str, kind: str, dice: random.Random) -> Any:
        value: Any = dice.randint(18, 99) if kind == "number" else f"said {dice.random()}"
        written = self.page.locator(f"[name={field}]")
        if written.is_visible():
            written.fill(str(value))
        else:
            self.page.locator(f".item:has([name={field}]) input[type=range]").press("End")
            value = int(written.get_attribute("max") or 0)
        return value

    def work(self, mishaps: dict[int, Callable[[], Any]]) -> None:
        """Press a key at each trial, until the task is through; ``pressed`` holds them in turn."""
        self._look()
        heard = time.monotonic()
        while not (seen := self._seen())["after"]:
            if seen["go"]:
                self._try(lambda: self.page.locator("#task-go").click(timeout=1000))
            elif seen["shown"]:
                for words, ink in seen["shown"]:
                    self._react(words, ink)
                mishaps.pop(len(self.pressed), lambda: None)()
            elif time.monotonic() - heard < DEAF_S:
                time.sleep(0.03)
                continue
            else:
                self.open()
            heard = time.monotonic()

    def _seen(self) -> dict[str, Any]:
        try:
            return dict(self.page.evaluate(TASK))
        except Error:
            return {"after": False, "go": False, "shown": []}

    def _react(self, words: str, ink: str) -> None:
        """Press r or g by the number of a trial, the key of the ink, or the space bar if asked."""
        trial = re.search(r"Trial (\d+)", words)
        key = "rg"[int(trial[1]) % 2] if trial else INKS.get(ink)
        if key:
            self.pressed.append((words, key))
        if key or "space bar" in words:
            self._try(lambda: self.page.keyboard.press(key or "Space"))

    def _try(self, act: Callable[[], Any]) -> None:
        with contextlib.suppress(Error):
            act()
