"""A site that is killed again and again while trials come: what it has confirmed is there, once."""

import http.client
import json
import threading
import time
from contextlib import ExitStack, closing, suppress

import pytest
from tests import postgres
from tests.served import served

RUNS, TRIALS, EVENTS, KILLS = 3, 20, 30, 2
API = "/lightmill/2020/api"
PREPARE = """
from tests.factories import accounts, designs
project = accounts.project(accounts.lab("Alder"))
designs.design(project, runs=int(sys.argv[1]), blocks=2, trials=int(sys.argv[2]))
print(json.dumps(None))
"""
STORED = """
from factorial.models import PlannedRun
from runs.models import Answer, Run, Trial, TrialEvents
rows = Trial.objects.order_by("visit__position", "index")
named = rows.values_list("visit__run__cell", "visit__position", "index", "raw", "within__count")
print(json.dumps({
    "trials": [[*row[:3], json.loads(row[3])["duration"], row[4]] for row in named],
    "done": sorted(PlannedRun.objects.values_list("done", flat=True)),
    "status": sorted(Run.objects.values_list("status", flat=True)),
    "events": TrialEvents.objects.count(),
    "answers": Answer.objects.count(),
}))
"""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def site(request, tmp_path):
    with ExitStack() as stack:
        database = ""
        if request.param == "PostgreSQL":
            if postgres.programs() is None:
                pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
            durable = {"fsync": "on", "synchronous_commit": "on"}
            database = stack.enter_context(postgres.server(**durable))
        yield stack.enter_context(served(tmp_path, database))


class Page:
    """A page that does a run, and sends again what was not confirmed."""

    def __init__(self, port):
        self.port = port
        self.confirmed = []
        self.refused = []
        self.token = self.run = ""

    def ask(self, path, body=None):
        """Ask until there is an answer that is no failure of the site."""
        for _ in range(2000):
            with suppress(OSError, http.client.HTTPException, ValueError):
                status, said = self._asked(path, body)
                if status < 500:
                    return status, said
            time.sleep(0.05)
        raise AssertionError("the site did not come back")

    def _asked(self, path, body):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as line:
            data = None if body is None else json.dumps(body)
            line.request("POST" if data else "GET", f"{API}/{path}", data,
                         {"Content-Type": "application/json"})  # fmt: skip
            response = line.getresponse()
            return response.status, json.loads(response.read())

    def begin(self):
        self.run = self.ask("experiment/pointing/available_run")[1]["id"]
        self.token = self.ask(f"run/pointing/{self.run}/lock")[1]["token"]

    def play(self):
        """Do all trials; each is sent until the site confirms it."""
        events = [{"pointer": {"x": number}} for number in range(EVENTS)]
        for block in range(2):
            for trial in range(TRIALS):
                value = 1000 * block + trial
                measures = {"trial": {"duration": value}, "events": events}
                where = f"trial/pointing/{self.run}/{block}/{trial}"
                status, said = self.ask(where, {"token": self.token, "measures": measures})
                if status == 200:
                    self.confirmed.append([self.run, block, trial, value, EVENTS])
                else:
                    self.refused.append((where, said))


def test_what_was_confirmed_is_there_once_and_tokens_hold_however_often_the_site_dies(site):
    site.ask(PREPARE, str(RUNS), str(TRIALS))
    pages = [Page(site.port) for _ in range(RUNS)]
    for page in pages:
        page.begin()
    threads = [threading.Thread(target=page.play) for page in pages]
    for thread in threads:
        thread.start()
    for number in range(1, KILLS + 1):
        while sum(len(page.confirmed) for page in pages) < number * RUNS * TRIALS // KILLS:
            time.sleep(0.01)
        site.kill()
        site.start()
    for thread in threads:
        thread.join()
    stored = site.ask(STORED)
    confirmed = sorted(each for page in pages for each in page.confirmed)
    assert [page.refused for page in pages] == [[]] * RUNS
    assert sorted(stored["trials"]) == confirmed
    assert len(confirmed) == RUNS * 2 * TRIALS
    assert stored["done"] == [2 * TRIALS] * RUNS
    assert stored["status"] == ["completed"] * RUNS
    assert stored["events"] == stored["answers"] == len(confirmed)
