"""What happens to a task on its way, and that every trial is stored once all the same."""

import json
from contextlib import contextmanager

import pytest
from django.utils.timezone import now
from tests.browser.tasks_done import begin, heading, kinds, press, rows, told, until
from tests.factories import tasks

from runs.models import Answer, Event, Run, Trial, Variant
from runs.services import leases

TRIALS = "**/trials/"
LEFT = """() => new Promise((done) => {
  indexedDB.open("studium").onsuccess = ({ target }) => {
    const store = target.result.transaction("outbox").objectStore("outbox");
    store.count().onsuccess = (counted) => done(counted.target.result);
  };
})"""
NO_STORE = """
  Object.defineProperty(window, "indexedDB", {
    get() { throw new DOMException("refused", "SecurityError"); },
  });
"""


@pytest.fixture
def expected(complaints):
    """Say which complaints belong to a test, so that the others still count."""

    @contextmanager
    def known(*parts):
        yield
        complaints[:] = [one for one in complaints if not any(part in one for part in parts)]

    return known


def saved_once(count):
    assert rows() == list(range(count))
    assert Variant.objects.count() == 0
    assert Answer.objects.filter(trial__isnull=False).count() == count


def test_without_a_connection_the_task_goes_on_and_is_saved_when_it_is_back(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(6), after="")))
    press(page, 2)
    told(page, 2)
    page.context.set_offline(True)
    press(page, 4, first=2)
    page.get_by_text("There is no connection").wait_for()
    assert Trial.objects.count() == 2
    assert heading(page) == "The task"
    page.context.set_offline(False)
    page.get_by_role("heading", name="Thank you").wait_for()
    saved_once(6)
    assert kinds("offline") == kinds("online") == 1


def test_rows_of_a_closed_tab_are_sent_by_whatever_page_is_opened_next(window, link):
    address = link(tasks.words(tasks.keys(6)))
    page = begin(window(), address)
    press(page, 2)
    told(page, 2)
    page.context.set_offline(True)
    press(page, 2, first=2)
    page.get_by_text("Trial 4", exact=True).wait_for()
    page.close()
    page.context.set_offline(False)
    other = page.context.new_page()
    with other.expect_response(TRIALS) as sent:
        other.goto(address)
    assert sent.value.json() == {"stored": [2, 3], "disputed": []}
    saved_once(4)
    other.wait_for_timeout(300)
    assert other.evaluate(LEFT) == 0


def test_a_killed_tab_goes_on_where_it_was(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(6), after="")))
    press(page, 3)
    page.context.set_offline(True)
    press(page, 1, first=3)
    page.get_by_text("Trial 4", exact=True).wait_for()
    address = page.url
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(address)
    again.get_by_role("button", name="Go on").click()
    press(again, 2, first=4)
    again.get_by_role("heading", name="Thank you").wait_for()
    saved_once(6)


def test_a_browser_that_keeps_nothing_sends_each_trial_before_the_next(window, link):
    page = window()
    page.add_init_script(NO_STORE)
    begin(page, link(tasks.words(tasks.keys(4), after="")))
    page.get_by_text("This browser keeps nothing for this site").wait_for()
    press(page, 1)
    page.get_by_text("Trial 1", exact=True).wait_for()
    assert Trial.objects.count() == 1  # else the next one would not be there
    page.context.set_offline(True)
    page.keyboard.press("r")
    page.get_by_text("There is no connection").wait_for()
    assert not page.get_by_text("Trial 2", exact=True).is_visible()
    page.context.set_offline(False)
    press(page, 2, first=2)
    page.get_by_role("heading", name="Thank you").wait_for()
    saved_once(4)
    assert kinds("storage refused") == 1


def test_a_reply_that_is_lost_changes_nothing(window, link, expected):
    """Every second batch is stored, and its reply never arrives."""
    page = window()
    seen = []

    def lose(route):
        seen.append(route.request)
        if len(seen) % 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(TRIALS, lose)
    begin(page, link(tasks.words(tasks.keys(8), after="")))
    with expected("Failed"):
        press(page, 8)
        page.get_by_role("heading", name="Thank you").wait_for(timeout=40_000)
    assert len(seen) >= 2
    saved_once(8)


def test_what_a_page_says_as_it_goes_away_is_stored(window, link):
    """The ordinary way is blocked: only what the browser sends after the page is through comes."""
    page = begin(window(), link(tasks.words(tasks.keys(4))))
    page.get_by_text("Trial 0", exact=True).wait_for()
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('blocked')); }")
    press(page, 2)
    page.get_by_text("Trial 2", exact=True).wait_for()
    assert Trial.objects.count() == 0
    page.goto("about:blank")
    for _ in range(100):
        if Trial.objects.count() == 2:
            break
        page.wait_for_timeout(50)
    saved_once(2)


def test_another_device_takes_the_task_over(window, link, expected):
    page = begin(window(), link(tasks.words(tasks.keys(6), after="")))
    press(page, 2)
    told(page, 2)
    address = page.url
    other = window()
    other.goto(address)
    other.get_by_role("heading", name="The study is open elsewhere").wait_for()
    other.get_by_role("button", name="Go on here").click()
    other.get_by_role("button", name="Go on").click()
    press(other, 1, first=2)
    told(other, 3)
    with expected("409"):
        press(page, 1, first=2)
        page.get_by_text("opened in another window or on another device").wait_for()
        assert page.locator("#task-stage").inner_text() == ""
    press(other, 3, first=3)
    other.get_by_role("heading", name="Thank you").wait_for()
    saved_once(6)
    assert kinds("taken over") == 1


def test_a_second_tab_of_the_browser_is_told_and_may_take_over(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(4), after="")))
    press(page, 2)
    told(page, 2)
    twin = page.context.new_page()
    twin.goto(page.url)
    twin.get_by_text("opened in another window").wait_for()
    twin.get_by_role("button", name="Go on here").click()
    page.get_by_text("opened in another window").wait_for()
    twin.get_by_role("button", name="Go on", exact=True).click()
    press(twin, 2, first=2)
    twin.get_by_role("heading", name="Thank you").wait_for()
    saved_once(4)


def test_a_run_that_has_ended_meanwhile_says_so(window, link, expected):
    page = begin(window(), link(tasks.words(tasks.keys(4))))
    press(page, 1)
    told(page, 1)
    run = Run.objects.get()
    leases.take_over(run=run, holder="x", at=now())
    Run.objects.update(status="timed out", ended_at=now())
    with expected("409"):
        press(page, 1, first=1)
        page.get_by_text("The study has ended in the meantime").wait_for()
    assert rows() == [0]


def test_what_nobody_takes_any_more_is_not_kept_in_the_browser(window, link, expected):
    with expected("409"):
        page = begin(window(), link(tasks.words(tasks.keys(4), after="")))
        press(page, 1)
        told(page, 1)
        Run.objects.update(status="timed out", ended_at=now())
        press(page, 1, first=1)
        page.get_by_text("The study has ended in the meantime").wait_for()
        until(page, lambda: page.evaluate(LEFT) == 0)
    assert rows() == [0]


def test_a_row_that_is_too_large_is_stored_without_what_makes_it_so(window, link, expected):
    text = """
      export default ({ plugins }) => [0, 1, 2].map((n) => ({
        type: plugins["html-keyboard-response"], choices: ["r", "g"], stimulus: `Trial ${n}`,
        data: { n, drawing: n === 1 ? "x".repeat(400_000) : "" } }));
    """
    words = tasks.words(None, after="", module="mine", plugins=["html-keyboard-response"],
                        modules={"mine": {"text": text}})  # fmt: skip
    page = begin(window(), link(words))
    with expected("422"):
        press(page, 3)
        page.get_by_role("heading", name="Thank you").wait_for()
    assert rows() == [0, 1, 2]
    assert rows("shortened") == [None, True, None]
    assert len(json.loads(Trial.objects.get(index=1).raw)["drawing"]) < 3000


def test_an_item_that_is_not_answered_does_not_begin_the_task_again(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(2))))
    press(page, 2)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Please answer this").wait_for()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    saved_once(2)
    assert kinds("task began") == 1


def test_nobody_goes_past_a_task_that_is_not_through(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(2))))
    press(page, 1)
    told(page, 1)
    page.evaluate("document.querySelector('#task-after form').submit()")
    page.get_by_text("This part is not through").wait_for()
    assert Answer.objects.filter(trial=None).count() == 0
    page.get_by_role("button", name="Go on").click()
    press(page, 1, first=1)
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    saved_once(2)


def test_media_that_fail_at_first_are_asked_for_again(window, link, expected):
    asked = []
    nodes = [{"type": "image-keyboard-response", "stimulus": "/static/mark.svg?n=1",
              "choices": ["r"], "stimulus_width": 40}]  # fmt: skip
    page = window()

    def stumble(route):
        asked.append(route.request.url)
        if len(asked) < 3:
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/mark.svg?n=1", stumble)
    with expected("503"):
        begin(page, link(tasks.words(nodes, after="")))
        page.locator("#task-stage canvas").wait_for()
    page.keyboard.press("r")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert len(asked) >= 3
    assert Event.objects.filter(kind="task failed").count() == 0


def test_a_row_that_the_site_stumbles_over_holds_up_no_other(window, link, expected):
    page = window()

    def stumble(route):
        if '"n":1' in route.request.post_data and "row refused" not in route.request.post_data:
            route.fulfill(status=500, json={"code": "mistake", "detail": "The site has a fault."})
        else:
            route.continue_()

    page.route(TRIALS, stumble)
    page.add_init_script("""
      const real = window.setTimeout;  // waiting is shortened, its order stays
      window.setTimeout = (work, ms, ...more) => real(work, ms > 500 ? ms / 20 : ms, ...more);
    """)
    with expected("500"):
        begin(page, link(tasks.words(tasks.keys(3))))
        press(page, 3)
        page.get_by_role("heading", name="Afterwards").wait_for(timeout=40_000)
    assert rows() == [0, 2]
    kept = Event.objects.get(kind="row refused").data
    assert (kept["index"], kept["why"]) == (1, "The site has a fault.")
    assert '"n":1' in kept["text"]


def test_what_is_left_of_a_run_that_has_ended_is_forgotten(window, link, expected):
    """The next person at the computer finds nothing of the one before."""
    address = link(tasks.words(tasks.keys(3)))
    page = begin(window(), address)
    press(page, 1)
    told(page, 1)
    page.context.set_offline(True)
    press(page, 1, first=1)
    page.get_by_text("Trial 2", exact=True).wait_for()
    page.close()
    Run.objects.update(status="withdrawn", ended_at=now())
    page.context.set_offline(False)
    other = page.context.new_page()
    with expected("409"):
        other.goto(address)
        until(other, lambda: other.evaluate(LEFT) == 0)
    assert rows() == [0]


LAST_WORDS = """([visit, address]) => new Promise((done) => {
  indexedDB.open("studium").onsuccess = ({ target }) => {
    const transaction = target.result.transaction("outbox", "readwrite");
    const data = { kind: "page hidden", at_ms: 1, data: {} };
    const item = { visit, address, kind: "event", number: 999, size: 50, holder: "one",
                   at: Date.now(), data };
    transaction.objectStore("outbox").put(item);
    transaction.oncomplete = done;
  };
})"""


def test_what_a_page_writes_down_after_the_end_does_not_stay_in_the_browser(window, link, expected):
    with expected("409"):
        page = begin(window(), link(tasks.words(tasks.keys(1), after="")))
        address = page.evaluate("JSON.parse(document.getElementById('task-setup').text).address")
        press(page, 1)
        page.get_by_role("heading", name="Thank you").wait_for()
        visit = address.rstrip("/").split("/")[-2]
        page.evaluate(LAST_WORDS, [visit, address])
        until(page, lambda: page.evaluate(LEFT) == 0)
    assert Run.objects.get().status == "completed"


def test_a_browser_that_plays_nothing_unasked_is_asked(window, link):
    page = window()
    page.add_init_script("""
      let isPressed = false;
      addEventListener("click", () => { isPressed = true; }, true);
      Object.defineProperty(AudioContext.prototype, "state", {
        get: () => (isPressed ? "running" : "suspended") });
    """)
    node = tasks.key("Trial 0") | {"type": "html-keyboard-response"}
    begin(page, link(tasks.words([node], plugins=["audio-keyboard-response"], after="")))
    page.get_by_role("button", name="Start").click()
    press(page, 1)
    page.get_by_role("heading", name="Thank you").wait_for()


STANDING = """async ([rows, rule, block, loads]) => {
  const { standing, goOn } = await import("/static/js/runner/resume.js");
  const all = rows.map(([index, trial]) => ({ index, data: { trial_index: trial } }));
  const found = standing(all);
  const { at, offset, isOver } = goOn({ rule, rows: found, all, block, loads });
  return [[...found.values()].map((row) => row.index).sort((a, b) => a - b), at, offset, isOver];
}"""
ONCE = [[0, 0], [1, 1], [2, 2], [3, 3]]
TWICE = [*ONCE, [6, 2], [7, 3]]  # the second block was done anew


PLACES = [
    ([], "trial", None, 0, [], 0, 0),
    (ONCE, "trial", 2, 1, [0, 1, 2, 3], 4, 0),
    (ONCE, "block", 2, 1, [0, 1, 2, 3], 2, 4),
    (ONCE, "block", 4, 1, [0, 1, 2, 3], 4, 0),  # a block began, and nothing of it was done
    (ONCE, "step", 2, 1, [0, 1, 2, 3], 0, 4),
    (TWICE, "trial", 2, 2, [0, 1, 6, 7], 4, 4),
    (TWICE, "block", 2, 2, [0, 1, 6, 7], 2, 8),
    ([*TWICE, [8, 0]], "step", 0, 3, [8], 0, 9),
    ([[0, 0], [2, 2], [5, 5]], "trial", 0, 1, [0, 2, 5], 6, 0),  # some record nothing
]


def test_where_a_task_goes_on(window, transactional_db):
    page = window()
    page.goto("/accounts/sign-in/")
    for before, rule, block, loads, *wanted in PLACES:
        found = page.evaluate(STANDING, [before, rule, block, loads])
        assert found == [*wanted, False], (before, rule)


WAITS = """async () => {
  const { src } = document.querySelector("script[src*=leftovers]");
  const { Outbox } = await import(new URL("../outbox/outbox.js", src));
  const { Sender } = await import(new URL("../outbox/sender.js", src));
  const outbox = new Outbox({ db: null, visit: "v", address: "/nowhere/", holder: "one" });
  const waits = [], real = window.setTimeout;
  window.setTimeout = (work, ms) => {
    if (waits.push(ms) > 120) window.fetch = async () => new Response('{"stored": [0]}');
    return real(work, 0);
  };
  window.fetch = async () => { throw new TypeError("no connection"); };
  await outbox.put("row", 0, { rt: 1 });
  const sender = new Sender(outbox);
  await sender.drained();
  window.setTimeout = real;
  return { waits: waits.filter((ms) => ms !== 30000), left: outbox.size };
}"""


def test_what_was_not_sent_is_tried_for_ever_later_and_later_and_not_all_at_once(window, link):
    page = window()
    page.goto(link(tasks.words(tasks.keys(1))))
    told = page.evaluate(WAITS)
    waits = told["waits"]
    assert told["left"] == 0  # after more than fifty failures
    assert len(waits) > 50
    assert max(waits[:3]) < 8_000
    assert min(waits[10:]) >= 15_000
    assert max(waits) <= 45_000
    assert len(set(waits[10:])) > 20  # browsers that lost a site together come back apart


def test_media_are_loaded_a_few_at_a_time(window, link):
    nodes = [{"type": "image-keyboard-response", "stimulus": f"/static/mark.svg?n={number}",
              "choices": ["r"], "stimulus_width": 40} for number in range(12)]  # fmt: skip
    page = window()
    held = []
    page.route("**/mark.svg?n=*", lambda route: held.append(route))  # noqa: PLW0108  it is counted by its arguments
    begin(page, link(tasks.words(nodes, after="")))
    most = 0
    while page.locator("#task[data-state=running]").count() == 0:
        page.wait_for_timeout(200)  # whatever is asked for at once has been asked for
        most = max(most, len(held))
        while held:
            held.pop().continue_()
    assert 1 <= most <= 6
