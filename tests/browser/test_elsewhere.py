"""Pages of tasks on another origin: what a browser lets them do, and that nothing is lost."""

import http.server
import re
import threading
from pathlib import Path

import pytest
from tests.browser.tasks_done import until
from tests.factories import accounts, designs

from accounts.roles import Role
from factorial.examples import pointing
from factorial.models import Host, LogRun
from factorial.services import designs as services
from runs.models import Event, Run, Trial, TrialEvents, Variant

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "factorial" / "client.md"
SITE = "https://studium.example.org"
SAME, OTHER = "localhost", "127.0.0.1"  # of the same site as `live_server`, and of another
LARGE = """<!doctype html><main data-studium></main>
<script type="module">
  import { begin } from "SITE/designs/run/studium-runs.js";
  const views = { blockStart: null, betweenTrials: null };
  const run = await begin({ lab: "alder", design: "pointing", views });
  for await (const trial of run.trials()) {
    const count = trial.index === 1 ? 12_000 : 2;
    for (let k = 0; k < count; k += 1) trial.event({ k, text: "é".repeat(450) });
    await trial.end({ duration: trial.index });
  }
</script>"""
OF_2020 = """async ([api, design]) => {
  const ask = async (path, body) => {
    const sent = body && {
      method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    };
    const answer = await fetch(`${api}/${path}?__reqTime=1}`, sent);
    if (!answer.ok) throw new Error((await answer.json()).message);
    return answer.json();
  };
  const { id } = await ask(`experiment/${design}/available_run`);
  const where = `run/${design}/${id}`;
  const [{ token }, plan] = await Promise.all([ask(`${where}/lock`), ask(`${where}/plan`)]);
  for (const block of plan)
    for (const { number } of block.trials)
      await ask(`trial/${design}/${id}/${block.number}/${number}`, {
        token, measures: { trial: { duration: number }, events: [{ pointer: { x: 1.5 } }] },
      });
  return (await ask(where)).completed;
}"""
OF_2025 = """async ([api, name]) => {
  const ask = async (path, data, method = "POST") => {
    const sent = data && {
      method, body: JSON.stringify({ data }),
      headers: { "Content-Type": "application/vnd.api+json" },
    };
    const answer = await fetch(`${api}/${path}`, { credentials: "include", ...sent });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.errors[0].code);
    return told.data;
  };
  const of = (type, id) => ({ [type]: { data: { type: `${type}s`, id } } });
  await ask("sessions", { type: "sessions", attributes: { role: "participant" } });
  const [experiment] = await ask(`experiments?filter[name]=${name}`);
  const attributes = { name: "S0", status: "running" }, its = of("experiment", experiment.id);
  const run = await ask("runs", { type: "runs", attributes, relationships: its });
  for (let number = 1; number <= 4; number += 1) {
    const log = { logType: "trial", number, values: { duration: number } };
    await ask("logs", { type: "logs", attributes: log, relationships: of("run", run.id) });
  }
  const over = { type: "runs", id: run.id, attributes: { status: "completed" } };
  return (await ask(`runs/${run.id}`, over, "PATCH")).attributes.lastLogNumber;
}"""


class Elsewhere(http.server.ThreadingHTTPServer):
    """Another server; ``page`` is all that it has."""

    daemon_threads = True
    page = "<!doctype html><title>Elsewhere</title>"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Shown)

    def at(self, host):
        return f"http://{host}:{self.server_address[1]}/"


class Shown(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def elsewhere():
    with Elsewhere() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def project(transactional_db):
    lab = accounts.lab("Alder")
    accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    return accounts.project(lab)


@pytest.fixture
def page(browser):
    """A window whose errors are the page's own: none may be left at the end."""
    context = browser.new_context(reduced_motion="reduce")
    opened, wrong = context.new_page(), []
    opened.set_default_timeout(20_000)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    yield opened
    context.close()
    assert [text for text in wrong if not text.startswith("Failed to load resource")] == []


def places():
    rows = Trial.objects.order_by("visit__position", "index").select_related("visit")
    return [(row.visit.position, row.index) for row in rows]


def test_the_page_of_the_documentation_works_on_another_site(page, elsewhere, live_server, project):
    services.add_design(project=project, plan=pointing.design(), by=None)
    example = re.search(r"```html\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    elsewhere.page = f"<!doctype html>{example[1].replace(SITE, live_server.url)}"
    page.goto(elsewhere.at(OTHER))
    start = page.get_by_role("button", name="Start", exact=True)
    for number in range(24):
        trial = page.get_by_role("heading", name=f"Trial {number + 1} of 24", exact=True)
        start.or_(trial).first.wait_for()
        if start.count():
            start.click()
        trial.wait_for()
        page.get_by_text(re.compile(r"^Distance \d+, width \d+: press a key\.$")).wait_for()
        page.keyboard.press("x")
        if number == 10:
            until(page, lambda: Trial.objects.count() == 11)
            page.reload()
            page.get_by_role("button", name="Go on where I was").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Run.objects.get().status == Run.Status.COMPLETED
    assert places() == [(block, trial) for block in range(4) for trial in range(6)]
    assert Variant.objects.count() == 0


def test_a_trial_too_large_for_the_site_holds_up_no_other(page, elsewhere, live_server, project):
    designs.design(project, blocks=2, trials=3)
    elsewhere.page = LARGE.replace("SITE", live_server.url)
    page.goto(elsewhere.at(OTHER))
    page.get_by_role("heading", name="Thank you").wait_for()
    assert places() == [(block, trial) for block in range(2) for trial in range(3)]
    lost = Event.objects.get(kind="trial thinned").data["lost"]
    kept = TrialEvents.objects.order_by("-count").first()
    assert kept.count + lost == 12_000
    assert 7000 < kept.count < 8000


def test_a_page_for_the_server_of_2020_works_on_another_site(page, elsewhere, live_server, project):
    designs.design(project, blocks=2, trials=2)
    page.goto(elsewhere.at(OTHER))
    assert page.evaluate(OF_2020, [f"{live_server.url}/lightmill/2020/api", "pointing"])
    assert places() == [(block, trial) for block in range(2) for trial in range(2)]


def test_a_page_for_the_server_of_2025_works_on_an_origin_that_the_site_names(
    page, elsewhere, live_server, project, settings
):
    design = designs.design(project, blocks=2, trials=2)
    Host.objects.create(user="hanna", project=design.project, password="!")
    settings.LIGHTMILL_ORIGINS = [elsewhere.at(SAME).rstrip("/")]
    page.goto(elsewhere.at(SAME))
    assert page.evaluate(OF_2025, [f"{live_server.url}/lightmill", "pointing"]) == 4
    assert LogRun.objects.get().run.status == Run.Status.COMPLETED
