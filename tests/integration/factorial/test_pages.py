"""The pages of designs: bringing one in, making one, extending one, and what they show."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.factories import accounts, designs, lightmill
from tests.factories.touchstone import POINTING

from accounts.models import AuditEntry
from factorial.forms import packed
from factorial.models import Design
from factorial.queries.whole_designs import plan_of
from factorial.services import posting
from touchstone import generator, recipe_json, tsl, xml

BRING, MAKE = reverse("factorial:bring"), reverse("factorial:make")
TSL = "< Latin(TECH = {mouse, pen, touch}, 1, Fix(SIZE = {8, 32}, 2)) >"
TABLE = "Participant,Practice,Block,Trial,TECH\nS0,false,1,1,mouse\nS0,false,1,2,pen\n"


@pytest.fixture
def client(as_, alice, project):
    return as_(alice)


def file(text, name="design.xml"):
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def carried(answer):
    """Return what a preview sends again."""
    return dict(answer.context["carried"]) | {"accept": "yes"}


def recipe(project, **changes):
    """Return what the generator's form sends for two factors."""
    rows = [("TECH", "a, b, c", "String", "1"), ("SIZE", "8,32", "Integer", "t"),
            ("HAND", "left,right", "String", "b")]  # fmt: skip
    sent = {"f-TOTAL_FORMS": 8, "f-INITIAL_FORMS": 8, "l-TOTAL_FORMS": 4, "l-INITIAL_FORMS": 4}
    for n in range(8):
        code, values, kind, place = rows[n] if n < len(rows) else ("", "", "String", "t")
        sent |= {f"f-{n}-code": code, f"f-{n}-values": values}
        sent |= {f"f-{n}-type": kind, f"f-{n}-place": place}
    for n, order in enumerate(["balanced", "random", "random", "latin"]):
        sent |= {f"l-{n}-order": order, f"l-{n}-replications": 1}
    main = {
        "project": project.pk,
        "code": "menus",
        "name": "Menus",
        "participants": 12,
        "seed": 7,
        "practice_before": "1",
        "practice_trials": 2,
        "practice_coming": "on",
        "measures": "time, Integer, trial\npointer.x, Float, event",
        "trial": 3,
    }
    return sent | main | changes


# --- bringing in ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "runs"),
    [
        ({"file": POINTING.encode()}, 1),
        ({"file": POINTING.replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")}, 1),
        ({"text": POINTING}, 1),
        ({"text": TSL, "code": "touches"}, 3),
        ({"text": TSL, "code": "touches", "participants": "12"}, 12),
        ({"text": TABLE}, 1),
    ],
)
def test_a_design_is_shown_first_and_written_when_it_is_accepted(client, project, sent, runs):
    if "file" in sent:
        sent = sent | {"file": file(sent["file"])}
    shown = client.post(BRING, {"project": project.pk} | sent)
    assert shown.status_code == 200
    assert "not kept yet" in shown.text
    assert not Design.objects.exists()
    done = client.post(BRING, carried(shown))
    made = Design.objects.get()
    assert done.url == reverse("factorial:design", args=[made.pk])
    assert made.planned_runs.count() == runs
    assert made.created_by.username == "alice"
    assert AuditEntry.objects.filter(action="design.imported").count() == 1


def test_a_preview_shows_trials_remarks_findings_and_pictures(client, project):
    text = POINTING.replace('log="ok"', "", 1)
    shown = client.post(BRING, {"project": project.pk, "text": text}).text
    for words in ("Sigma Pen", "has no level", "do not come equally often", "<svg", "practice"):
        assert words in shown


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file"),
        (
            {"text": "<experiment id='x'><run/></experiment>"},
            "Line 1, column 20: A run needs an id",
        ),
        ({"text": "<Latin(A={a},1>"}, "Line 1, column 15"),
        ({"text": "Participant\n"}, "no trials"),
        ({"text": "!!"}, "has to name the columns"),
        ({"packed": "nonsense"}, "Choose a file"),
        ({"packed": packed(b"<experiment/>"), "accept": "yes"}, "needs an id"),
        ({"text": TSL, "participants": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_read_is_said_at_the_form_and_nothing_is_kept(client, project, sent, words):
    shown = client.post(BRING, {"project": project.pk} | sent)
    assert shown.status_code == 200
    assert words in shown.text
    assert not Design.objects.exists()


def test_an_id_that_is_taken_is_said_before_it_is_accepted(client, project):
    designs.design(project, code="pointing")
    shown = client.post(BRING, {"project": project.pk, "text": POINTING})
    assert "The lab has a design “pointing” already" in shown.text


def test_nobody_brings_a_design_into_a_project_of_others(as_, bob, project):
    shown = as_(bob).post(BRING, {"project": project.pk, "text": POINTING, "accept": "yes"})
    assert "Select a valid choice" in shown.text
    assert not Design.objects.exists()


def test_a_bomb_is_unpacked_only_as_far_as_a_design_may_be_long(client, project):
    shown = client.post(BRING, {"project": project.pk, "packed": packed(b" " * 40_000_000)})
    assert "bytes; 8,388,608 are the most" in shown.text


def test_an_angle_bracket_in_an_id_is_shown_as_text(client, project):
    text = "Participant,Trial,A\n1,1,<script>x</script>\n"
    shown = client.post(BRING, {"project": project.pk, "text": text}).text
    assert "&lt;script&gt;" in shown
    assert "<script>x" not in shown


# --- making ---------------------------------------------------------------------------------------
def test_a_recipe_is_shown_first_and_kept_with_its_design(client, project):
    shown = client.post(MAKE, recipe(project))
    assert shown.status_code == 200
    assert "TECH \N{MULTIPLICATION SIGN} SIZE" in shown.text
    assert "every 24 participants; 12 missing" in shown.text
    assert not Design.objects.exists()
    client.post(MAKE, recipe(project, accept="yes"))
    made = Design.objects.get()
    kept = recipe_json.from_json(made.recipe)
    assert (made.format, made.planned_runs.count(), made.measures.count()) == ("generated", 12, 2)
    assert plan_of(made) == generator.generate(kept) == xml.read(made.document.encode())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"f-0-values": ""}, "Name the factor and its values"),
        ({"f-0-values": "a,a"}, "there 2 times"),
        ({"f-1-code": "TECH"}, "there 2 times"),
        ({"l-0-order": "sorted"}, "Select a valid choice"),
        ({"l-0-replications": "0"}, "greater than or equal to 1"),
        ({"l-3-replications": "10000"}, "trials are too many"),
        ({"practice_trials": ""}, "at least one trial of practice"),
        ({"practice_before": "3"}, "There are no such blocks"),
        ({"practice_fixed": "SIZE=9"}, "has no value"),
        ({"practice_fixed": "SIZE"}, "write FACTOR=value"),
        ({"measures": "time, Integer, sometimes"}, "trial, event or both"),
        ({"trial": "100000"}, "Give seconds"),
        ({"seed": "-1"}, "greater than or equal to 0"),
        ({"code": "a" * 300}, "at most 255"),
        ({"f-TOTAL_FORMS": "x"}, "ManagementForm"),
        ({"l-TOTAL_FORMS": "1"}, "The table of orders"),
    ],
)
def test_a_recipe_that_cannot_be_made_is_said_at_the_form(client, project, changes, words):
    shown = client.post(MAKE, recipe(project, **changes) | {"accept": "yes"})
    assert shown.status_code == 200
    assert words in shown.text
    assert not Design.objects.exists()


# --- adding runs ----------------------------------------------------------------------------------
def test_a_made_design_goes_on_as_its_recipe_would_have(client, project):
    client.post(MAKE, recipe(project, accept="yes"))
    made = Design.objects.get()
    address = reverse("factorial:extend", args=[made.pk])
    before = plan_of(made).runs
    shown = client.post(address, {"more": "12"})
    assert "12 new runs would be added" in shown.text
    assert made.planned_runs.count() == 12
    client.post(address, carried(shown))
    after = plan_of(made).runs
    assert after[:12] == before
    assert [run.id for run in after[12:]] == [f"S{n}" for n in range(12, 24)]


def test_a_design_gets_the_runs_that_a_file_has_more(client, project):
    client.post(BRING, {"project": project.pk, "text": TSL, "code": "t", "accept": "yes"})
    made = Design.objects.get()
    more = xml.write(tsl.read(TSL.encode(), participants=5, code="t"))
    address = reverse("factorial:extend", args=[made.pk])
    shown = client.post(address, {"file": file(more)})
    assert "2 new runs would be added" in shown.text
    client.post(address, carried(shown))
    assert made.planned_runs.count() == 5


@pytest.mark.parametrize(
    ("sent", "words"),
    [({"more": "0"}, "greater than or equal to 1"), ({"more": "1999"}, "Plan from 1 to 2,000"),
     ({"text": "<"}, "This is no XML")],
)  # fmt: skip
def test_runs_that_cannot_be_added_are_said_at_the_form(client, project, sent, words):
    client.post(MAKE, recipe(project, accept="yes"))
    shown = client.post(reverse("factorial:extend", args=[Design.objects.get().pk]), sent)
    assert words in shown.text


def test_another_design_adds_no_runs(client, project, design):
    sent = {"text": POINTING, "accept": "yes"}
    refused = client.post(reverse("factorial:extend", args=[design.pk]), sent)
    assert refused.status_code == 422
    assert design.planned_runs.count() == 2


def test_a_viewer_is_shown_a_design_and_adds_nothing(as_, alder, design):
    viewer = accounts.person("vera", lab=alder, role="viewer")
    page = as_(viewer).get(reverse("factorial:design", args=[design.pk]))
    assert "Add runs" not in page.text
    assert as_(viewer).get(reverse("factorial:extend", args=[design.pk])).status_code == 404


# --- showing --------------------------------------------------------------------------------------
def test_a_design_shows_its_factors_measures_and_runs(client, design):
    page = client.get(reverse("factorial:design", args=[design.pk])).text
    for words in (
        "TECH",
        "Technique",
        "pen (Pen)",
        "pointer.x",
        "in events",
        "S1",
        "free",
        "/monitor/",
        "events.parquet",
    ):
        assert words in page


def test_whoever_may_change_a_design_is_led_to_how_it_is_run(client, design):
    settings = reverse("admin:factorial_design_change", args=[design.pk])
    assert settings in client.get(reverse("factorial:design", args=[design.pk])).text
    assert client.get(settings).status_code == 200


def test_many_runs_come_in_pages(client, project):
    many = designs.design(project, code="many", runs=130)
    address = reverse("factorial:design", args=[many.pk])
    first = client.get(address)
    assert [run.code for run in first.context["runs"]][-1] == "S99"
    rest = client.get(address, {"after": first.context["next"]})
    assert [run.code for run in rest.context["runs"]] == [f"S{n}" for n in range(100, 130)]
    assert client.get(address, {"after": "x" * 20}).context["next"] == 99


@pytest.mark.parametrize("name", ["design", "balance", "design-xml", "design-table"])
def test_a_page_asks_the_same_however_many_runs_there_are(
    client, project, django_assert_max_num_queries, name
):
    few, many = (designs.design(project, code=f"d{runs}", runs=runs) for runs in (1, 90))
    client.get(reverse(f"factorial:{name}", args=[few.pk]))
    with django_assert_max_num_queries(13):
        assert client.get(reverse(f"factorial:{name}", args=[many.pk])).status_code == 200


def test_measures_that_were_declared_and_never_logged_are_named(client, design):
    page = reverse("factorial:balance", args=[design.pk])
    assert "has never been logged" not in client.get(page).text
    run, planned = designs.held(design)
    sent = designs.trial(0, 0, duration=12, events=[{"pointer": {"x": 1}}])
    posting.receive(planned=planned, token=run.token, trials=[sent])
    text = client.get(page).text
    assert "The measure hit has never been logged" in text
    assert "duration has never" not in text
    assert "pointer.x has never" not in text


def test_the_files_of_a_design_say_what_is_stored(client, design):
    document = client.get(reverse("factorial:design-xml", args=[design.pk])).content
    assert xml.read(document) == plan_of(design) == designs.plan()
    table = client.get(reverse("factorial:design-table", args=[design.pk])).text
    assert table.splitlines()[1] == "S0,true,1,1,mouse,8"


def test_a_run_that_a_client_of_2025_has_completed_counts_as_done(client, project, design):
    lightmill.host(project)
    api = lightmill.Api().begin()
    run = api.new_run(str(design.pk), "S1")
    assert "1 begun, 0 done" in client.get(reverse("factorial:design", args=[design.pk])).text
    api.patch(run, status="completed")
    [row] = client.get(reverse("factorial:designs")).context["designs"]
    assert (row.run_count, row.begun_count, row.done_count) == (2, 1, 1)
    page = client.get(reverse("factorial:design", args=[design.pk]))
    assert "1 begun, 1 done" in page.text
    assert reverse("factorial:run", args=[design.pk, page.context["runs"][1].pk]) in page.text


def test_the_list_counts_runs_and_shows_what_somebody_may_see(client, as_, bob, design):
    [row] = client.get(reverse("factorial:designs")).context["designs"]
    assert (row.run_count, row.done_count or 0) == (2, 0)
    assert list(as_(bob).get(reverse("factorial:designs")).context["designs"]) == []
    assert (
        list(client.get(reverse("factorial:designs"), {"state": "archived"}).context["designs"])
        == []
    )


def test_a_design_is_found_by_its_id_and_name(client, design):
    assert f"/designs/{design.pk}/" in client.get("/search/", {"q": "pointing"}).text
