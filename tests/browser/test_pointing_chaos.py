"""The pointing task on a line that loses, repeats and dies: each trial once, and none missing."""

import contextlib
import time

from playwright.sync_api import Error
from tests.browser.test_chaos import DEAD_S, context, proxy, site  # noqa: F401  fixtures

ADDRESS = "/designs/run/pointing/?lab=alder&design=pointing"
TRIALS = 24
LIMIT_S = 240
DEAF_S = 8
SEEN = """() => {
  const seen = (name) => [...document.querySelectorAll(name)].some((each) => each.offsetParent);
  const view = document.querySelector(".studium-view");
  return {
    view: view && !view.hidden ? view.dataset.view : "",
    button: seen(".studium-button"),
    start: seen(".pointing-start"),
    target: seen(".pointing-target"),
  };
}"""
PREPARE = """
from tests.factories import accounts
from accounts.roles import Role
from factorial.examples import pointing
from factorial.services import designs
lab = accounts.lab("Alder")
ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
designs.add_design(project=accounts.project(lab), plan=pointing.design(), by=ann)
print(json.dumps(True))
"""
STORED = """
from factorial.models import PlannedRun
from runs.models import Answer, Event, Run, Trial, TrialEvents, Variant
rows = Trial.objects.order_by("visit__position", "index").select_related("visit")
print(json.dumps({
    "runs": [*Run.objects.values_list("status", flat=True)],
    "done": [*PlannedRun.objects.exclude(run=None).values_list("done", flat=True)],
    "places": [[row.visit.position, row.index] for row in rows],
    "variants": Variant.objects.count(),
    "durations": Answer.objects.filter(measure__name="duration").count(),
    "hits": sum(row.raw.count('"hit"') for row in TrialEvents.objects.all()),
    "failed": [*Event.objects.filter(kind="failed").values_list("data", flat=True)],
    "resumed": Event.objects.filter(kind="resumed").count(),
}))
"""


class Pointer:
    """Somebody who presses what there is to press, and opens the page again when nothing comes."""

    def __init__(self, browser):
        self.context, self.hits = browser, 0
        self.page = browser.new_page()
        self.open()

    def open(self):
        self.heard = time.monotonic()
        with contextlib.suppress(Error):
            self.page.goto(ADDRESS, timeout=15_000)

    def kill_the_tab(self):
        with contextlib.suppress(Error):
            self.page.goto("chrome://crash", timeout=2_000)
        self.page.close()
        self.page = self.context.new_page()
        self.open()

    def work(self, mishaps):
        limit = time.monotonic() + LIMIT_S
        while (seen := self._seen())["view"] != "end":
            assert time.monotonic() < limit, (seen, self.hits)
            before = self.hits
            if self._press(seen):
                self.heard = time.monotonic()
                if self.hits > before:
                    mishaps.pop(self.hits, lambda: None)()
            elif time.monotonic() - self.heard > DEAF_S and seen["view"] != "wait":
                self.open()
            else:
                time.sleep(0.05)

    def _seen(self):
        try:
            return self.page.evaluate(SEEN)
        except Error:
            return {"view": "", "button": False, "start": False, "target": False}

    def _press(self, seen):
        for name, place in (("button", ".studium-button"), ("start", ".pointing-start"),
                            ("target", ".pointing-target")):  # fmt: skip
            if seen[name]:
                return self._click(place)
        return False

    def _click(self, place):
        try:
            self.page.locator(place).first.click(timeout=1000)
        except Error:
            return False
        self.hits += place == ".pointing-target"
        return True


def test_pointing_on_a_bad_line_stores_each_trial_once(site, proxy, context):  # noqa: F811
    site.ask(PREPARE)
    pointer = Pointer(context)
    mishaps = {
        6: lambda: proxy.die(DEAD_S),
        12: pointer.kill_the_tab,
        18: site.restart_soon,
    }
    pointer.work(mishaps)
    stored = site.ask(STORED)
    assert stored["places"] == [[block, trial] for block in range(4) for trial in range(6)]
    assert (stored["runs"], stored["done"]) == (["completed"], [TRIALS])
    assert (stored["variants"], stored["failed"]) == (0, [])
    assert stored["durations"] == stored["hits"] == TRIALS
    assert TRIALS <= pointer.hits <= TRIALS + 1  # the tab died at one
    assert stored["resumed"] >= 1
    assert mishaps == {}
    assert {fate for method, fate in proxy.met if method == "POST"} >= {
        "lost before", "lost after", "dead",
    }  # fmt: skip
