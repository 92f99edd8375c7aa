"""Bringing designs in, extending them, putting them away."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from tests.factories import accounts
from tests.factories import designs as make

from accounts.models import AuditEntry
from common.errors import NotThere
from factorial.errors import DesignDiffers, DesignExists, NotADesign
from factorial.models import Block, ClientImports, Design, Factor, Measure, PlannedRun
from factorial.services import designs
from runs.models import Measure as Registered


def test_a_design_is_stored_with_all_that_it_plans(design):
    assert (design.code, design.factors.count(), design.measures.count()) == ("pointing", 2, 3)
    run = PlannedRun.objects.get(design=design, code="S1")
    assert (run.block_count, run.trial_count, run.done) == (2, 4, 0)
    first, second = run.blocks.all()
    assert (first.is_practice, first.measured_number, first.first_trial) == (True, None, 0)
    assert (second.measured_number, second.first_trial) == (0, 2)
    assert second.trials == [{"SIZE": "8"}, {"SIZE": "32"}]
    kinds = Registered.objects.filter(design=design.digest).values_list("name", "kind")
    assert dict(kinds) == {"duration": "number", "hit": "truth", "pointer.x": "number"}
    assert AuditEntry.objects.get(action="design.imported").user.username == "alice"


def test_an_id_is_the_labs_once_and_another_labs_too(design, project, alice, birch):
    with pytest.raises(DesignExists, match="pointing"):
        make.design(project, alice)
    assert Design.objects.count() == 1
    make.design(accounts.project(birch))
    assert Design.objects.count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "x" * 256},
        {"name": "x" * 256},
        {"runs": make.plan().runs * 2},
        {"measures": make.plan().measures * 2},
        {"factors": (replace(make.plan().factors[0], kind="k" * 61),)},
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(project, alice, wrong):
    with pytest.raises(NotADesign):
        designs.add_design(project=project, plan=replace(make.plan(), **wrong), by=alice)
    for model in (Design, Factor, Measure, PlannedRun, Block, AuditEntry):
        assert not model.objects.exists()


def test_who_may_not_work_in_the_project_brings_nothing_in(project, bob):
    with pytest.raises(NotThere):
        make.design(project, bob)


def test_a_large_design_takes_few_statements(project, alice, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        make.design(project, alice, runs=30, blocks=11, trials=30)
    assert Block.objects.count() == 330


def test_a_design_is_extended_by_runs_and_those_that_are_there_stay(design, alice):
    before = list(PlannedRun.objects.values_list("pk", "code", "digest"))
    assert designs.extend(design=design, plan=make.plan(runs=4), by=alice) == 2
    after = list(PlannedRun.objects.values_list("pk", "code", "digest"))
    assert after[:2] == before
    assert [code for _, code, _ in after] == ["S0", "S1", "S2", "S3"]
    assert designs.extend(design=design, plan=make.plan(runs=4), by=alice) == 0


def test_another_designs_runs_are_not_taken(design, alice):
    fewer = replace(make.plan(runs=4), measures=make.plan().measures[:1])
    with pytest.raises(DesignDiffers, match="measures"):
        designs.extend(design=design, plan=fewer, by=alice)
    with pytest.raises(DesignDiffers, match="S0"):
        designs.extend(design=design, plan=make.plan(runs=3, trials=3), by=alice)
    assert PlannedRun.objects.count() == 2


def test_an_archived_design_takes_nobody_in_and_can_come_back(design, alice):
    designs.archive(design=design, by=alice)
    design.refresh_from_db()
    assert (design.is_open, design.archived_at is None) == (False, False)
    designs.bring_back(design=design, by=alice)
    designs.change(design=design, by=alice, is_open=True)
    design.refresh_from_db()
    assert (design.is_open, design.archived_at) == (True, None)


XML = b"""<experiment id="short" name="Short">
<factor id="F" name=""><value id="a b" name=""/></factor>
<run id="S0"><block values="F=a b"><trial values=""/></block></run>
%b</experiment>"""
MORE = b'<run id="S1"><block values="F=a b"><trial/></block></run>'


def test_a_file_is_read_stored_and_extended(project, alice):
    short = designs.import_design(project=project, document=XML % b"", by=alice)
    assert (short.code, short.name, short.format) == ("short", "Short", "xml")
    assert short.document == (XML % b"").decode()
    assert designs.extend_design(design=short, document=XML % MORE, by=alice) == 1
    short.refresh_from_db()
    assert short.document == (XML % MORE).decode()


def test_a_file_that_cannot_be_read_is_refused_with_its_place(project, alice):
    with pytest.raises(NotADesign, match="Line 3") as told:
        designs.import_design(project=project, document=(XML % b"")[:-40], by=alice)
    assert told.value.line == 3
    with pytest.raises(NotADesign, match="xls"):
        designs.import_design(project=project, document=b"", by=alice, format="xls")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "short.xml"
    path.write_bytes(XML % b"")
    return path


def test_the_command_imports_extends_and_leaves_alone_what_is_there(file, project, capsys):
    call_command("import_design", str(file))
    call_command("import_design", str(file), "--absent", project="alder/memory", by=None)
    file.write_bytes(XML % MORE)
    call_command("import_design", str(file), "--extend")
    assert capsys.readouterr().out.splitlines() == [
        "short is there: 1 runs.",
        "short is there already.",
        "short has 1 more runs.",
    ]


def test_the_command_says_what_is_wrong(file, project, birch):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_design", str(file.with_name("none.xml")))
    call_command("import_design", str(file), "--pilot")
    assert Design.objects.get().is_pilot
    with pytest.raises(CommandError, match="short"):
        call_command("import_design", str(file))
    accounts.project(birch)
    with pytest.raises(CommandError, match="alder/memory, birch/memory"):
        call_command("import_design", str(file))
    with pytest.raises(CommandError, match="Nobody"):
        call_command("import_design", str(file), project="alder/memory", by="zoe")


def test_a_site_without_a_project_gets_one_for_the_design_that_it_is_started_with(file, db, capsys):
    bad = file.with_name("bad.xml")
    bad.write_bytes(b"<experiment/>")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("import_design", str(bad), "--at-start")
    assert not Design.objects.exists()
    for _ in range(2):
        call_command("import_design", str(file), "--at-start")
    assert str(Design.objects.get().project) == "Experiments"
    assert capsys.readouterr().out.splitlines()[-1] == "short is there already."
    accounts.project(accounts.lab("Birch"))  # now it would have to be said which project
    call_command("import_design", str(file), "--at-start")
    assert capsys.readouterr().out.splitlines()[-1] == "short is there already."


def test_clients_may_import_into_one_project_of_a_lab_until_it_is_switched_off(project, capsys):
    call_command("client_imports", "alder/memory")
    assert ClientImports.objects.get().project == project
    call_command("client_imports", "alder/memory", "--off")
    assert not ClientImports.objects.exists()
