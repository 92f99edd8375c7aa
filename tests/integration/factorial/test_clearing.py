"""Pilots, backups and clearing: each is typed first."""

import json
import zipfile
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from tests.factories import designs as make

from accounts.models import AuditEntry
from common.errors import NotAllowed, NotThere
from factorial.errors import MustBeTyped, NotHeld
from factorial.models import Measure, PlannedRun
from factorial.services import backup, clearing, designs, hand_out, posting
from runs.models import Answer, Participant, Run, Trial, TrialEvents, Variant
from runs.services import withdrawals


def played(design, code="S0", **values):
    """Do the first trial of a run, twice with another content."""
    held, planned = make.held(design, code)
    for number in range(2):
        trial = make.trial(0, 0, events=[{"pointer": {"x": 1}}], duration=number, **values)
        posting.receive(planned=planned, token=held.token, trials=[trial])
    return held.run


def test_pilots_are_deleted_and_real_runs_stay(design, alice):
    real = played(design)
    designs.change(design=design, by=alice, is_pilot=True)
    played(design, "S1")
    with pytest.raises(MustBeTyped):
        clearing.purge_pilots(design=design, by=alice, typed="point")
    assert clearing.purge_pilots(design=design, by=alice, typed="pointing") == 1
    assert list(Run.objects.all()) == [real]
    assert (Trial.objects.count(), TrialEvents.objects.count(), Variant.objects.count()) == (
        1,
        1,
        1,
    )
    assert Participant.objects.count() == 1
    freed = PlannedRun.objects.get(code="S1")
    assert (freed.run, freed.done) == (None, 0)
    assert AuditEntry.objects.filter(action="design.pilots-purged").exists()


def test_when_a_pilot_ends_its_runs_are_free_for_real_ones(design, alice):
    designs.change(design=design, by=alice, is_pilot=True)
    pilot = played(design)
    designs.change(design=design, by=alice, is_pilot=False)
    real = played(design)
    assert (pilot.is_pilot, real.is_pilot) == (True, False)
    assert clearing.purge_pilots(design=design, by=alice, typed="pointing") == 1
    assert PlannedRun.objects.get(code="S0").run == real


def test_those_who_manage_the_lab_clear_a_design_and_nobody_else(design, alice, bob, carol):
    played(design, strange=1)
    with pytest.raises(NotAllowed):
        clearing.clear(design=design, by=alice, typed="pointing")
    with pytest.raises(NotThere):
        clearing.clear(design=design, by=bob, typed="pointing")
    with pytest.raises(MustBeTyped):
        clearing.clear(design=design, by=carol, typed="")
    assert Trial.objects.count() == 1
    assert clearing.clear(design=design, by=carol, typed="pointing") == 1
    for model in (Run, Trial, Answer, TrialEvents, Variant, Participant):
        assert not model.objects.exists()
    assert sorted(PlannedRun.objects.values_list("done", "run")) == [(0, None)] * 2
    assert not Measure.objects.filter(code="strange").exists()
    assert played(design) == Run.objects.get()


def test_what_comes_for_a_run_that_was_deleted_is_refused(design, carol):
    held, planned = make.held(design)
    clearing.clear(design=design, by=carol, typed="pointing")
    with pytest.raises(NotHeld):
        posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])
    with pytest.raises(NotHeld):
        hand_out.release(run=held.run, token=held.token)
    assert not Trial.objects.exists()


def test_that_somebody_withdrew_is_still_known_after_clearing(design, carol):
    withdrawn = withdrawals.withdraw(run=played(design))
    clearing.clear(design=design, by=carol, typed="pointing")
    withdrawn.refresh_from_db()
    assert not Trial.objects.exists()


def test_another_designs_runs_stay_when_one_is_cleared(design, project, carol):
    other = played(make.design(project, code="other"))
    played(design)
    clearing.clear(design=design, by=carol, typed="pointing")
    assert list(Run.objects.all()) == [other]


def test_a_backup_has_all_of_a_design_as_it_came(design, alice, bob, tmp_path):
    run = played(design)
    file = tmp_path / "pointing.zip"
    with pytest.raises(NotThere):
        backup.write(design=design, to=file, by=bob, typed="pointing")
    with pytest.raises(MustBeTyped):
        backup.write(design=design, to=file, by=alice, typed="")
    assert not list(tmp_path.iterdir())
    assert backup.write(design=design, to=file, by=alice, typed="pointing") == 1
    with zipfile.ZipFile(file) as archive:
        plan = json.loads(archive.read("design.json"))
        runs = [json.loads(line) for line in archive.read("runs.jsonl").splitlines()]
        sums = dict(line.split()[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
        assert sums["runs.jsonl"] == sha256(archive.read("runs.jsonl")).hexdigest()
    assert (plan["code"], [each["code"] for each in plan["runs"]]) == ("pointing", ["S0", "S1"])
    [one] = runs
    assert one["id"] == str(run.pk)
    assert "holder" not in one
    [trial] = one["visits"][0]["trials"]
    assert json.loads(trial["raw"]) == {"duration": 0}
    assert json.loads(trial["events"]) == [{"pointer": {"x": 1}}]
    assert len(one["visits"][0]["variants"]) == 1


def test_the_command_backs_up_and_clears_what_is_typed(design, tmp_path, capsys):
    played(design)
    file = str(tmp_path / "pointing.zip")
    call_command("design_data", "list")
    call_command("design_data", "backup", "pointing", "--type", "pointing", "--to", file)
    with pytest.raises(CommandError, match="pointing"):
        call_command("design_data", "clear", "pointing", "--type", "other")
    call_command("design_data", "purge-pilots", "alder/pointing", "--type", "pointing")
    call_command("design_data", "clear", "pointing", "--type", "pointing")
    assert capsys.readouterr().out.splitlines() == [
        "alder/pointing",
        f"{file} has pointing and 1 runs.",
        "0 pilot runs of pointing are deleted.",
        "1 runs of pointing are deleted.",
    ]
    with pytest.raises(CommandError, match="alder/pointing"):
        call_command("design_data", "clear", "nothing", "--type", "nothing")
