"""What clients of either protocol have sent, written out."""

import csv
import io
import json

import pytest
from tests.factories import designs as made
from tests.factories import lightmill
from tests.integration.factorial.of_2020 import OldClient

from factorial.models import Design
from factorial.queries.exports.attempts import Wish
from factorial.services import designs, hand_out, posting
from factorial.services.exports import streams
from runs.models import Run

MENUS = """<?xml version="1.0"?>
<experiment id="menus" name="Menus">
  <factor id="MENU" name="" type="String"><value id="A"/><value id=".5" default="true"/></factor>
  <measure id="MENU" name="As logged" type="String" log="ok"/>
  <measure id="durations.trial" name="" type="Integer" log="ok"/>
  <measure id="pointer.x" name="" type="Float" cine="ok"/>
  <run id="S0">
    <practice class="B"><trial/></practice>
    <block class="B" number="1" total="1" values="MENU=A"><trial/><trial/></block>
  </run>
</experiment>"""


def exported(design, what, form="jsonl", **wish):
    return b"".join(streams.Export(design, what, form, Wish(**wish)).chunks()).decode()


def rows(design, what, **wish):
    return [json.loads(line) for line in exported(design, what, **wish).splitlines()]


@pytest.fixture
def taking(project):
    designs.let_clients_import(lab=project.lab, project=project, by=None)


def test_what_a_client_of_2020_sent_is_there_typed_and_whole(taking):
    page = OldClient()
    page.connect("menus", MENUS.encode())
    logged = {"MENU": True, "durations": {"trial": "412"}, "unasked": [1, None]}
    page.send(0, 0, {"trial": logged, "events": [{"pointer": {"x": 1.5}}, {"pointer.x": 2}]})
    page.send(1, 0, {"trial": {"durations": {"trial": 1.5}}, "events": []})
    design = Design.objects.get()
    found = rows(design, "trials")
    assert [(row["_factor_MENU"], row["completed"], row["measured_block"]) for row in found] == [
        (".5", True, None),
        ("A", True, 0),
        ("A", False, 0),
    ]
    assert (found[0]["_measure_MENU"], found[0]["durations.trial"]) == ("1", 412)
    assert found[0]["unasked.0"] == 1
    assert found[0]["participant"] == Run.objects.get().participant.pseudonym
    assert found[1]["misfit"] == {"durations.trial": 1.5}
    assert [row["pointer.x"] for row in rows(design, "events")] == [1.5, 2]


def test_a_run_that_was_given_back_is_there_again_beside_the_new_one_when_asked_for(design, alice):
    held, mine = made.held(design)
    posting.receive(planned=mine, token=held.token, trials=[made.trial(0, 0, duration=1)])
    hand_out.give_back(planned=mine, by=alice, reason="power cut")
    again, mine = made.held(design)
    posting.receive(planned=mine, token=again.token, trials=[made.trial(0, 0, duration=2)])
    assert [row["duration"] for row in rows(design, "trials", only_completed=True)] == [2]
    both = rows(design, "trials", only_completed=True, with_superseded=True)
    assert [(row["duration"], row["superseded"]) for row in both] == [(1, True), (2, False)]


def test_logs_of_2025_keep_their_keys_numbers_and_what_was_done_again(project):
    lightmill.host(project)
    host = lightmill.Api().begin("host", Authorization=lightmill.basic("hanna"))
    api = lightmill.Api().begin()
    run = api.new_run(host.new_experiment(), "p1")
    for number in (1, 2, 3):
        sent = {"someKey": number, "some_key": "=x", "type": "t", "path": [[1, 2]]}
        lightmill.made(api.add(run, number, sent))
    api.patch(run, status="running", lastLogNumber=1)
    lightmill.made(api.add(run, 2, {"someKey": 20}))
    design = Design.objects.get()
    found = rows(design, "logs")
    assert [(row["number"], row["sequence"], row["someKey"]) for row in found] == [
        (1, 0, 1),
        (2, 1, 20),
    ]
    assert (found[0]["type"], found[0]["log_type"], found[0]["path"]) == ("t", "trial", [[1, 2]])
    assert len(rows(design, "logs", with_superseded=True)) == 4
    first = next(csv.DictReader(io.StringIO(exported(design, "logs", "csv"))))
    assert (first["someKey"], first["some_key"], first["path"]) == ("1", "'=x", "[[1, 2]]")
    assert exported(design, "logs", "tsv").startswith("# experiment: pointing\n")
