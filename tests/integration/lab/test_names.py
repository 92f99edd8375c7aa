"""Automatic names: counted by the line, never given twice, whoever asks at the same moment."""

import pytest
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab import models
from lab.errors import DoesNotFit
from lab.services import colony, names, subjects

AT_ONCE, EACH = 8, 3


@pytest.fixture
def line(alder):
    return make.line(alder)


def born(by, line, **values):
    return subjects.create_subject(by=by, values={"lab": line.lab, "line": line, **values})


def test_animals_pairs_and_litters_are_counted_apart(line, alice, carol):
    assert [born(alice, line).nickname for _ in range(2)] == ["PV_0001", "PV_0002"]
    assert colony.create_pair(by=carol, values={"line": line}).name == "PV_BP_001"
    assert colony.create_litter(by=carol, values={"line": line}).name == "PV_L_001"
    assert colony.create_pair(by=carol, values={"line": line, "name": "-"}).name == "PV_BP_002"
    line.refresh_from_db()
    assert (line.last_subject_number, line.last_pair_number, line.last_litter_number) == (2, 2, 1)


def test_names_that_somebody_has_had_or_answers_to_are_skipped(line, alice):
    make.subject(line.lab, alice, "pv_0001")
    former = make.subject(line.lab, alice, "PV_0003")
    subjects.change_subject(subject=former, by=alice, values={"nickname": "Nora"})
    assert [born(alice, line).nickname for _ in range(2)] == ["PV_0002", "PV_0004"]


def test_a_counter_far_behind_the_names_catches_up_in_few_steps(
    line, alice, django_assert_max_num_queries
):
    animal = make.subject(line.lab, alice, "Other")
    for number in range(1, 301):
        make.made(models.SubjectName, subject=animal, lab=line.lab, name=f"PV_{number:04d}",
                  kind="alias")  # fmt: skip
    with django_assert_max_num_queries(22):
        assert names.of_subjects(line=line, lab=line.lab, count=2) == ["PV_0301", "PV_0302"]
    line.refresh_from_db()
    assert line.last_subject_number == 302


def test_another_lab_may_use_the_same_name(line, birch, bob, alice):
    make.subject(birch, bob, "PV_0001")
    assert born(alice, line).nickname == "PV_0001"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("{line}-##", "PV-01"), ("#####", "00001"), ("m#.{line}", "m1.PV"), ("", "PV_0001")],
)
def test_a_line_may_call_its_animals_in_its_own_way(alder, alice, pattern, name):
    line = make.line(alder, subject_name_pattern=pattern)
    assert born(alice, line).nickname == name


@pytest.mark.parametrize("pattern", ["{line}", "{line.lab}_#", "#_#", "a b#", "../#", "##########"])
def test_a_pattern_that_would_not_number_folders_is_refused(line, carol, pattern):
    with pytest.raises(DoesNotFit) as refusal:
        colony.change_line(line=line, by=carol, values={"subject_name_pattern": pattern})
    assert refusal.value.field == "subject_name_pattern"


def test_a_line_whose_nickname_is_no_folder_says_so_when_it_names(alder, alice):
    line = make.line(alder, "Emx1;Ai94")
    with pytest.raises(DoesNotFit, match=r"Emx1;Ai94_0001.*folder"):
        born(alice, line)
    line.refresh_from_db()
    assert line.last_subject_number == 0


def test_the_counter_is_in_no_history(line, alice):
    born(alice, line)
    assert not AuditEntry.objects.filter(action="line.changed").exists()


def test_a_refused_animal_leaves_no_gap(line, alice):
    with pytest.raises(DoesNotFit):
        born(alice, line, sex="X")
    assert born(alice, line).nickname == "PV_0001"


def test_eight_at_once_get_different_names_without_gaps(at_once):
    lab = accounts.lab("Alder")
    carol = accounts.person("carol", lab=lab, role="manager")
    line = make.line(lab)
    make.subject(lab, carol, "PV_0005")

    def enter(_number):
        for _ in range(EACH):
            born(carol, line)
            colony.create_pair(by=carol, values={"line": line})
            colony.create_litter(by=carol, values={"line": line})

    at_once(AT_ONCE, enter)
    found = sorted(models.Subject.objects.values_list("nickname", flat=True))
    assert found == [f"PV_{number:04d}" for number in range(1, AT_ONCE * EACH + 2)]
    for model, word in ((models.BreedingPair, "BP"), (models.Litter, "L")):
        wanted = [f"PV_{word}_{number:03d}" for number in range(1, AT_ONCE * EACH + 1)]
        assert sorted(model.objects.values_list("name", flat=True)) == wanted
