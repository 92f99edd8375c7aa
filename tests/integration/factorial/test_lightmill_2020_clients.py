"""Clients of 2020 as they are: whole designs, imports, labs that have the same ids, the table."""

import csv
import json
from io import StringIO

import pytest
from django.test import Client
from tests.factories import accounts, transcripts
from tests.factories import designs as make
from tests.integration.factorial.of_2020 import Crashed, OldClient

from accounts.services import tokens
from factorial.models import Design, Measure, PlannedRun
from factorial.services import designs
from runs.models import Run, Trial, TrialEvents

NESTED = """<?xml version="1.0" encoding="ISO-8859-1"?>
<experiment id="my menus" name="" description="" author="Zoé">
  <factor id="MENU" name="" type="String">
    <value id="Sigma Menu"/><value id=".5" default="true"/></factor>
  <factor id="REP" name="" type="Integer"><value id="1"/><value id="2"/></factor>
  <measure id="MENU" name="As logged" type="String" log="ok"/>
  <measure id="durations.trial" name="" type="Integer" log="ok"/>
  <measure id="pointer.x" name="" type="Float" cine="ok"/>
  <run id="R 1"><setup class="S"/>
    <intertrial class="Message({Ready?})"><interblock class="Pause">
      <practice class="B"><trial values="REP=1"/></practice>
    </interblock>
    <block class="B" number="1" total="2" values="MENU=Sigma Menu">
      <trial number="0" total="2" values="REP=2"/><trial number="1" total="2"/>
    </block></intertrial>
    <block class="B" number="2" total="2"><trial values="REP=1,MENU=.5"/></block>
  </run>
  <run id="R 2"/>
</experiment>"""


@pytest.fixture
def taking(project):
    designs.let_clients_import(lab=project.lab, project=project, by=None)


def measured(trial):
    values = trial["factorValues"]
    events = [{"pointer": {"x": number / 2}} for number in range(20)]
    return {"trial": {"MENU": values.get("MENU"), "durations": {"trial": 412}}, "events": events}


def test_a_page_of_2020_brings_its_design_in_and_does_a_whole_run_of_it(taking):
    page = OldClient()
    page.connect("my menus", NESTED.encode("latin-1"))
    assert page.go_on(measured) == 4
    run = Run.objects.get()
    assert (run.status, run.cell) == ("completed", "R 1")
    assert (Trial.objects.count(), TrialEvents.objects.count()) == (4, 4)
    assert page.get("experiments") == {"my menus": "my menus"}
    with pytest.raises(Crashed) as told:
        OldClient().connect("my menus")
    assert (told.value.status, told.value.type) == (410, "NoAvailableRuns")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_whatever_the_bytes_mean_an_accent_is_an_accent(taking, encoding):
    OldClient().post("import", NESTED.encode(encoding), "text/xml")
    assert Design.objects.get().author == "Zoé"


def test_both_runs_of_a_design_are_done_by_two_pages_at_the_same_time(project, alice):
    designs.import_design(project=project, document=transcripts.document(), by=alice)
    pages = [OldClient(), OldClient()]
    for page in pages:
        page.connect("test")
    for _ in range(14):
        for page in pages:
            page.at_trial = page.get(f"run/test/{page.run}/current_trial")
            page.go_on(measured, most=1)
    assert sorted(page.run for page in pages) == ["S0", "S1"]
    assert PlannedRun.objects.filter(done=14, run__status="completed").count() == 2
    with pytest.raises(Crashed):
        OldClient().connect("test")


def test_a_page_that_crashed_goes_on_where_it_was_once_its_lease_has_lapsed(project, alice):
    design = designs.import_design(project=project, document=transcripts.document(), by=alice)
    first = OldClient()
    first.connect("test")
    first.go_on(measured, most=4)
    with pytest.raises(Crashed, match="already locked"):
        OldClient().connect("test", run="S0")
    Run.objects.update(held_until="2026-01-01T00:00:00Z")
    second = OldClient()
    second.connect("test", run="S0")
    assert second.go_on(measured) == 10
    with pytest.raises(Crashed, match="Wrong token"):
        first.send(1, 0, {"trial": {}, "events": []})
    assert Trial.objects.count() == 14
    assert design.planned_runs.get(code="S0").done == 14


def test_pilots_are_taken_from_one_another(project, alice):
    document = transcripts.document()
    designs.import_design(project=project, document=document, by=alice, is_pilot=True)
    first, second = OldClient(), OldClient()
    first.connect("test", run="S0")
    second.connect("test", run="S0")
    with pytest.raises(Crashed, match="Wrong token"):
        first.go_on(measured)
    assert second.go_on(measured) == 14
    assert Run.objects.get().is_pilot


def test_with_fixed_measures_another_name_or_level_is_refused(project, alice):
    strict = make.design(project, alice, has_fixed_measures=True)
    page = OldClient()
    page.connect(strict.code)
    for trial, events in (({"other": 1}, []), ({"pointer": {"x": 1}}, []), ({}, [{"hit": 1}])):
        with pytest.raises(Crashed) as told:
            page.send(0, 0, {"trial": trial, "events": events})
        assert (told.value.status, told.value.type) == (400, "WrongMeasureKey")
    page.send(0, 0, {"trial": {"duration": 5}, "events": [{"pointer": {"x": 1}}]})
    assert Measure.objects.filter(design=strict).count() == 3


# --- bringing designs in ------------------------------------------------------------------------


def bring(document, address="/lightmill/2020/api/import", **more):
    body = document if isinstance(document, bytes) else document.encode()
    response = Client().post(address, body, content_type="text/xml", **more)
    return response.status_code, response.json()


def test_no_lab_takes_designs_that_has_not_said_so(project):
    status, said = bring(NESTED)
    assert (status, said["type"]) == (400, "CannotImportExperiment")
    assert "client_imports" in said["message"]
    assert not Design.objects.exists()


def test_the_answer_to_an_import_is_the_design(taking):
    status, said = bring(NESTED)
    assert status == 200
    assert said["runs"] == ["R 1", "R 2"]
    assert said["description"] is None
    assert said["factors"]["MENU"] == {
        "tag": None, "name": None, "type": "String", "values": {"Sigma Menu": None, ".5": None},
        "defaultValue": ".5", "default_value": ".5",
    }  # fmt: skip
    assert said["measures"]["pointer.x"] == {"levels": ["event"], "name": None, "type": "Float"}
    status, said = bring(NESTED)
    assert (status, said) == (
        400, {"message": "Experiment already exists.", "type": "CannotImportExperiment"}
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no xml",
        NESTED.encode()[:-20],
        NESTED.replace('id="my menus"', "").encode(),
        NESTED.replace('id="my menus"', 'id=""').encode(),
        NESTED.replace("REP=2", "REP=3").encode(),
        NESTED.replace("REP=2", "REP").encode(),
        NESTED.replace("R 2", "R 1").encode(),
        b'<!DOCTYPE x [<!ENTITY a "a">]><experiment id="x" name="&a;"/>',
        b'<design id="x"/>',
    ],
)
def test_a_design_that_made_the_server_of_2020_fail_is_a_400_that_says_why(taking, document):
    status, said = bring(document)
    assert (status, said["type"]) == (400, "CannotImportExperiment")
    assert "Line" in said["message"] or "line" in said["message"]
    assert not Design.objects.exists()


def test_a_run_that_plans_nothing_is_done_from_the_start_and_not_handed_out(taking):
    bring(NESTED)
    page = OldClient()
    assert page.get("run/my menus/R 2") == {
        "id": "R 2", "experimentId": "my menus", "completed": True, "started": False,
        "trialCount": 0, "blockCount": 0, "locked": False,
    }  # fmt: skip
    assert page.get("run/my menus/R 2/plan") == []
    for way in ("current_trial", "lock"):
        with pytest.raises(Crashed) as told:
            page.get(f"run/my menus/R 2/{way}")
        assert (told.value.status, told.value.type) == (410, "RunCompleted")


def test_a_person_with_a_token_brings_designs_in_and_others_do_not(project, alice, bob):
    def secret(person, scope="write"):
        _, secret = tokens.create_token(user=person, name="mine", scope=scope)
        return {"HTTP_AUTHORIZATION": f"Token {secret}"}

    assert bring(NESTED, **secret(alice, "read"))[0] == 403
    assert bring(NESTED, **secret(bob))[0] == 400
    assert bring(NESTED, HTTP_AUTHORIZATION="Token wrong")[0] == 401
    assert bring(NESTED, **secret(alice))[0] == 200
    assert Design.objects.get().created_by == alice
    assert bring(NESTED, "/lightmill/2020/alder/api/import?project=memory", **secret(alice)) == (
        400, {"message": "Experiment already exists.", "type": "CannotImportExperiment"}
    )  # fmt: skip


# --- labs ---------------------------------------------------------------------------------------


def test_an_id_of_two_labs_is_asked_for_at_the_address_of_one(project, alice, birch):
    make.design(project, alice)
    make.design(accounts.project(birch))
    with pytest.raises(Crashed) as told:
        OldClient().connect("pointing")
    assert (told.value.status, told.value.type) == (400, "AmbiguousElement")
    assert "/lightmill/2020/alder/api, /lightmill/2020/birch/api" in str(told.value)
    page = OldClient(at="/lightmill/2020/birch/api/")
    page.connect("pointing")
    assert page.go_on(measured) == 4
    assert Run.objects.get().project.lab == birch


def test_a_design_that_was_put_away_is_not_there(design, alice):
    designs.archive(design=design, by=alice)
    assert OldClient().get("experiments") == {}


# --- the table ----------------------------------------------------------------------------------


def table(client, experiment, lab=""):
    response = client.get(f"/lightmill/2020/{lab}experiment/{experiment}.csv")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(StringIO(b"".join(response.streaming_content).decode())))


def test_the_table_has_each_trial_with_its_defaults_and_what_was_logged(taking, alice, as_):
    page = OldClient()
    page.connect("my menus", NESTED.encode())
    page.go_on(measured, most=2)
    head, *rows = table(as_(alice), "my menus")
    assert head == [
        "experimentId", "runId", "blockNumber", "measuredBlockNumber", "trialNumber", "practice",
        "serverCompletionDate", "_factor_MENU", "REP", "_measure_MENU", "durations.trial",
    ]  # fmt: skip
    assert [row[1:6] for row in rows] == [
        ["R 1", "0", "", "0", "True"],
        ["R 1", "1", "0", "0", "False"],
        ["R 1", "1", "0", "1", "False"],
        ["R 1", "2", "1", "0", "False"],
    ]
    assert [row[7:] for row in rows] == [
        [".5", "1", ".5", "412"],
        ["Sigma Menu", "2", "Sigma Menu", "412"],
        ["Sigma Menu", "", "", ""],
        [".5", "1", "", ""],
    ]
    assert [bool(row[6]) for row in rows] == [True, True, False, False]


def test_the_table_of_a_design_without_runs_is_its_header(project, alice, as_):
    designs.import_design(project=project, document=b'<experiment id="none"/>', by=alice)
    assert len(table(as_(alice), "none", "alder/")) == 1


# --- what a post costs --------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 5000])
def test_a_trial_takes_as_many_statements_with_5000_events_as_with_none(
    design, count, django_assert_max_num_queries
):
    page = OldClient()
    page.connect("pointing")
    events = [{"pointer": {"x": 1}}, *({"pointer": {"x": number}} for number in range(count))]
    body = {"token": page.token, "measures": {"trial": {"duration": 1}, "events": events}}
    where = f"/lightmill/2020/api/trial/pointing/{page.run}/0/"
    # The block, the lease, what is done, measures, trial, events, answers; defaults and the showing
    # looked for and made, as this is the first trial of its block; two are the savepoint.
    for number, most in ((0, 12), (1, 9)):
        with django_assert_max_num_queries(most) as asked:
            client = Client()
            said = client.post(f"{where}{number}", json.dumps(body), "application/json")
        assert said.status_code == 200, asked.captured_queries
