"""Deeds on several records, the trash, the history, CSV."""

from tests.factories import accounts
from tests.factories import lab as make
from tests.factories.lab_world import fill

from accounts.models import AuditEntry
from lab import recording
from lab.models import (
    Dataset,
    DeletedRecord,
    Housing,
    HousingPeriod,
    Subject,
    SubjectName,
    Tag,
    Weighing,
)


def deed(client, at, kind, action, records, **values):
    chosen = {"_selected_action": [str(one.pk) for one in records]}
    every = "?state=all&whose=all" if kind == "subject" else ""
    return client.post(at(kind) + every, {"action": action} | chosen | values)


def test_animals_are_marked_to_be_culled_after_asking_why(as_, alice, animal, at):
    client = as_(alice)
    asked = deed(client, at, "subject", "mark_to_cull", [animal])
    assert asked.status_code == 200
    assert not Subject.objects.get().to_be_culled
    deed(client, at, "subject", "mark_to_cull", [animal], sent="1", why="too old")
    assert Subject.objects.get().to_be_culled
    assert AuditEntry.objects.on(animal).first().reason == "too old"


def test_a_deed_that_one_record_refuses_is_done_to_none(as_, alder, alice, animal, at):
    other = accounts.person("erin", lab=alder, role="experimenter")
    mine = make.subject(alder, other, "KS002")
    answer = deed(as_(other), at, "subject", "mark_to_test", [animal, mine], sent="1")
    assert answer.status_code == 200
    assert b"Somebody else is responsible" in answer.content
    assert not Subject.objects.filter(to_be_genotyped=True).exists()


def test_datasets_get_a_tag_besides_those_they_have(as_, alder, alice, at):
    world = fill(alder, alice, "d")
    paper = make.made(Tag, name="paper")
    answer = deed(
        as_(alice), at, "dataset", "tag_datasets", [world[Dataset]], sent="1", which=str(paper.pk)
    )
    assert answer.status_code == 302
    assert set(world[Dataset].tags.all()) == {world[Tag], paper}


def test_animals_move_to_a_cage_from_the_one_before(as_, alder, carol, at):
    world = fill(alder, carol, "d")
    cage = make.made(Housing, cage_name="C9", lab=alder)
    animal = world[Subject]
    deed(as_(carol), at, "subject", "move_to_cage", [animal], sent="1", which=str(cage.pk))
    assert HousingPeriod.objects.get(subject=animal, ended_at=None).housing == cage


def test_another_labs_cage_is_not_offered_nor_taken(as_, birch, carol, animal, at):
    cage = make.made(Housing, cage_name="Birchwood 7", lab=birch)
    client = as_(carol)
    asked = deed(client, at, "subject", "move_to_cage", [animal])
    assert "Birchwood 7" not in asked.content.decode()
    deed(client, at, "subject", "move_to_cage", [animal], sent="1", which=str(cage.pk))
    assert not HousingPeriod.objects.exists()


def test_a_table_holds_no_formula(as_, alder, alice, at):
    animal = make.subject(alder, alice, description='=HYPERLINK("http://x")')
    answer = deed(as_(alice), at, "subject", "export", [animal])
    table = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK" in table
    assert "KS001" in table


def test_what_was_deleted_is_restored_with_all_it_owned(as_, alice, animal, at):
    weighing = make.weighing(animal, alice)
    with recording.by(alice, reason="by mistake"):
        animal.delete()
    kept = DeletedRecord.objects.get()
    client = as_(alice)
    assert kept.label in client.get(at("deletedrecord")).content.decode()
    assert b"by mistake" in client.get(at("deletedrecord", "change", kept.pk)).content
    answer = client.post(at("deletedrecord", "restore", kept.pk), {"why": "it lives"})
    assert answer.url == at("subject", "change", animal.pk)
    assert Weighing.objects.get() == weighing
    assert AuditEntry.objects.on(animal).first().reason == "it lives"


def test_a_colleague_without_a_free_hand_does_not_see_what_others_deleted(
    as_, alder, alice, animal, at
):
    with recording.by(alice):
        animal.delete()
    kept = DeletedRecord.objects.get()
    other = accounts.person("erin", lab=alder, role="experimenter")
    assert kept.label not in as_(other).get(at("deletedrecord")).content.decode()
    answer = as_(other).post(at("deletedrecord", "restore", kept.pk))
    assert answer.status_code == 403
    assert not Subject.objects.exists()


def test_a_deletion_is_restored_by_a_post_alone(as_, alice, animal, at):
    with recording.by(alice):
        animal.delete()
    answer = as_(alice).get(at("deletedrecord", "restore", DeletedRecord.objects.get().pk))
    assert answer.status_code == 403


def test_the_history_tells_who_what_when_and_why_with_names_for_keys(as_, alice, carol, animal, at):
    with recording.by(carol, reason="alice is away"):
        Subject.objects.filter(pk=animal.pk).update(responsible_user=carol)
    page = as_(alice).get(at("subject", "history", animal.pk)).content.decode()
    for words in ("alice is away", "Carol", "<del>Alice</del>", "responsible user"):
        assert words in page


def test_the_history_names_nothing_that_is_not_shared(as_, alice, bob, animal, at):
    with recording.by(None):
        Subject.objects.filter(pk=animal.pk).update(responsible_user=bob)
        Subject.objects.filter(pk=animal.pk).update(responsible_user=alice)
    page = as_(alice).get(at("subject", "history", animal.pk)).content.decode()
    assert "something that is not shared with you" in page
    assert ">Bob<" not in page
    assert " Bob" not in page


def test_aliases_and_former_names_are_searched(as_, alder, alice, animal, at):
    make.made(SubjectName, subject=animal, lab=alder, name="Mickey", kind="alias")
    make.subject(alder, alice, "KS002")
    page = as_(alice).get(at("subject"), {"q": "mick"})
    assert [str(one) for one in page.context["cl"].result_list] == ["KS001"]


def test_a_session_is_found_by_its_address_in_three_spellings(as_, alice, animal, at):
    session = make.session(animal, alice)
    make.session(animal, alice, number=2)
    for address in ("KS001/2026-03-02/001", r"KS001\2026-03-02\1", "KS001_2026-03-02_001"):
        page = as_(alice).get(at("session"), {"q": address})
        assert list(page.context["cl"].result_list) == [session], address


def test_lists_begin_with_ones_own_living_animals_and_say_so(as_, alder, alice, carol, at):
    make.subject(alder, alice, "MINE")
    make.subject(alder, carol, "HERS")
    make.subject(alder, alice, "DEAD", died_on="2026-02-01")
    client = as_(alice)
    page = client.get(at("subject"))
    assert [str(one) for one in page.context["cl"].result_list] == ["MINE"]
    assert "Only alive and mine" in " ".join(page.content.decode().split())
    every = client.get(at("subject"), {"state": "all", "whose": "all"})
    assert every.context["cl"].result_count == 3
    assert client.get(at("subject"), {"q": "dea"}).context["cl"].result_count == 1


def test_a_filter_by_days_holds_both_ends(as_, alice, animal, at):
    inside = make.weighing(animal, alice)
    make.weighing(animal, alice, at=make.MORNING.replace(day=9))
    days = {"at_from": "2026-03-02", "at_until": "2026-03-02"}
    page = as_(alice).get(at("weighing"), days)
    assert list(page.context["cl"].result_list) == [inside]
    assert as_(alice).get(at("weighing"), {"at_from": "soon"}).status_code == 302
