"""A participant with a browser on a bad line: reads, answers, and does what people do when a page
does not come: reloads it, or opens the address again."""

import contextlib
import itertools
import random
import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page

PATIENCE_S = 90
DEAF_S = 8  # a page that does nothing for so long is opened again
TASK = """() => {
  const find = (id) => document.getElementById(id);
  const seen = (id) => Boolean(find(id)) && !find(id).hidden;
  return {
    is: Boolean(find("task")), text: find("task-stage")?.innerText ?? "",
    go: seen("task-go"), after: seen("task-after"),
  };
}"""
ACTION = re.compile(r"/run/([^/]+)/([0-9a-f-]{36})/$")


class Person:
    """``told`` holds what was answered to each showing; ``progress`` what the bar said."""

    def __init__(self, context: BrowserContext, link: str, seed: int = 0) -> None:
        self.context = context
        self.home = link
        self.told: dict[str, dict[str, Any]] = {}
        self.progress: list[int] = []
        self.pressed: dict[int, str] = {}
        self.lost = 0
        self._last = -1
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
        self.page, self._last = self._new_page(), -1
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
        assert visit, self.page.content()
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
        kinds = {field.get_attribute("name") or "": field.get_attribute("type") for field in fields}
        told = self.told[visit] = {}
        for field, kind in kinds.items():
            dice = random.Random(f"{visit} {field}")  # noqa: S311  the same for the same page
            fill = self._choose if kind in {"radio", "checkbox"} else self._write
            told[field.removeprefix("item-")] = fill(field, kind or "", dice)

    def _choose(self, field: str, kind: str, dice: random.Random) -> Any:
        option = dice.choice(self.page.locator(f"[name={field}]").all()[:2])
        option.check()
        value = option.get_attribute("value") or ""
        code: Any = int(value) if value.lstrip("-").isdigit() else value
        return [code] if kind == "checkbox" else code

    def _write(self, field: str, kind: str, dice: random.Random) -> Any:
        value: Any = dice.randint(18, 99) if kind == "number" else f"said {dice.random()}"
        self.page.locator(f"[name={field}]").fill(str(value))
        return value

    def work(self, mishaps: dict[int, Callable[[], Any]]) -> None:
        """Press a key at each trial, until the task is through; ``pressed`` holds what at which."""
        self._look()
        heard = time.monotonic()
        while not (seen := self._seen())["after"]:
            trial = re.search(r"Trial (\d+)", seen["text"])
            if seen["go"]:
                self._try(lambda: self.page.locator("#task-go").click(timeout=1000))
            elif trial and int(trial[1]) != self._last:
                self._press(int(trial[1]))
                mishaps.pop(int(trial[1]), lambda: None)()
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
            return {"after": False, "go": False, "text": ""}

    def _press(self, trial: int) -> None:
        key = "rg"[trial % 2]
        self._last, self.pressed[trial] = trial, key
        self.page.keyboard.press(key)

    def _try(self, act: Callable[[], Any]) -> None:
        with contextlib.suppress(Error):
            act()
