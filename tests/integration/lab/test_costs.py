"""No list and no detail asks the database more than ten questions, however many rows there are."""

import pytest
from tests.factories import accounts as people
from tests.factories import lab as make

from accounts.models import Project
from lab import models, recording
from lab.one.urls import router

MOST = 10
LISTS = [*sorted(prefix for prefix, _, _ in router.registry), "water-restricted-subjects"]


@pytest.fixture
def world(alder, alice, bob):
    """A few animals with all that belongs to them, some of it in a project that is not alice's."""
    closed = Project.objects.create(name="Closed", lab=alder, visibility="members")
    shared = Project.objects.create(name="Shared", lab=alder)
    water = make.water_type()
    sessions = []
    for number in range(4):
        animal = make.subject(alder, alice, f"KS{number:03d}")
        session = make.session(animal, alice)
        make.weighing(animal, alice)
        make.water(animal, alice, water_type=water, session=session)
        make.restriction(animal)
        with recording.by(None):
            session.projects.set([shared, closed])
            animal.projects.set([shared])
            models.ProbeInsertion.objects.create(session=session, name="probe00")
            models.FieldOfView.objects.create(session=session, name="plane00")
        sessions.append(session)
    _files(sessions)
    people.person("dora", lab=alder, role="viewer")
    return sessions[0]


def _files(sessions):
    made = make.dataset(sessions[0])
    kind, form = models.DatasetType.objects.get(), models.DataFormat.objects.get()
    place = models.Repository.objects.get()
    for session in sessions:
        for number in range(6):
            whole = make.made(models.Dataset, session=session, lab=session.lab, type=kind,
                              format=form, name=f"wheel.position.{number}.npy",
                              collection="alf")  # fmt: skip
            make.made(models.FileRecord, dataset=whole, repository=place,
                      relative_path=f"{session.pk}/{number}.npy")  # fmt: skip
            with recording.by(None):
                whole.tags.add(models.Tag.objects.get(name=made["tag"]))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_ten_questions_at_most(
    world, alice, program, path, django_assert_max_num_queries
):
    client = program(alice)
    client.get(path)  # from now on the token's use is known
    with django_assert_max_num_queries(MOST):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "sessions/{session.pk}",
        "subjects/{session.subject.nickname}",
        "datasets/{dataset}",
        "water-requirement/{session.subject.nickname}?start_date=2026-03-01&end_date=2026-04-30",
    ],
)
def test_a_detail_asks_ten_questions_at_most(
    world, alice, program, path, django_assert_max_num_queries
):
    path = path.format(session=world, dataset=world.datasets.first().pk)
    client = program(alice)
    client.get(path)
    with django_assert_max_num_queries(MOST):
        assert client.get(path).status_code == 200


def test_a_session_shows_its_probes_planes_and_notes_in_their_order(world, alice, program):
    with recording.by(None):
        models.ProbeInsertion.objects.create(session=world, name="probe01", serial="7")
        for text in ("first", "second"):
            models.Note.objects.create(user=alice, lab=world.lab, text=text, content_object=world)
    shown = program(alice).get(f"sessions/{world.pk}").json()
    assert [(each["name"], each["serial"]) for each in shown["probe_insertion"]] == [
        ("probe00", ""),
        ("probe01", "7"),
    ]
    assert [each["name"] for each in shown["field_of_view"]] == ["plane00"]
    assert [(each["user"], each["text"]) for each in shown["notes"]] == [
        ("alice", "first"),
        ("alice", "second"),
    ]
