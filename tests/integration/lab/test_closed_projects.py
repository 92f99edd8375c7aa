"""What belongs to a closed project is nowhere, on either surface, for members who are not in it."""

import json
from contextlib import suppress

import pytest
from django.contrib.contenttypes.models import ContentType
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from tests.factories import accounts
from tests.factories import lab as make
from tests.factories.lab_world import fill

from accounts.models import Project
from lab import models, recording

TAG = "zq7"
SITE = ("/schema", "/docs", "/users")
# These are lists of the site, of the lab or of its colony: no project closes them.
OPEN_KINDS = {
    "Species", "Strain", "Source", "ProcedureType", "WaterType", "CageType", "Enrichment", "Food",
    "CullReason", "CullMethod", "CoordinateSystem", "ImagingType", "ProbeModel", "Sequence",
    "RepositoryType", "Tag", "DatasetType", "Allele", "Line", "BreedingPair", "Litter",
    "SubjectRequest", "ZygosityRule", "Location", "Housing", "GrowthPoint", "DataFormat",
    "Repository", "Revision", "BrainRegion", "ImagingStack", "LabProfile", "PersonProfile",
    "Affiliation", "NotificationRule", "DeletedRecord",
}  # fmt: skip
WORDS = [
    f"{word}{TAG}"
    for word in ("KS-", "task-", "task ", "project-", "Project ", "note ", "old-", "dead-", "probe",
                 "FOV_", "spikes.", "notice ")
]  # fmt: skip


@pytest.fixture
def closed(alder, carol):
    """Return one of every kind, all of a closed project, with what hangs on them generically."""
    world = fill(alder, carol, TAG)
    project = Project.objects.get(slug=f"project-{TAG}")
    project.visibility = Project.Visibility.MEMBERS
    project.save()
    with recording.by(carol):
        world[models.Cull].subject.projects.add(project)
    for kind in (models.Subject, models.Session, models.Weighing, models.Cull, models.Dataset,
                 models.ProbeInsertion, models.Task, models.ProjectProfile):  # fmt: skip
        note(carol, alder, world[kind])
        if kind is not models.Dataset:
            note(carol, alder, aggregate(world, carol, alder, world[kind]))
    gone = make.session(world[models.Subject], carol, number=9, task_protocol=f"task-{TAG}")
    with recording.by(carol):
        gone.projects.add(project)
        make.weighing(world[models.Subject], carol).delete()
        gone.delete()
    return world


def note(user, lab, about):
    return make.made(models.Note, user=user, lab=lab, text=f"note {TAG}", object_id=about.pk,
                     content_type=ContentType.objects.get_for_model(about))  # fmt: skip


def aggregate(world, user, lab, about):
    """Make a dataset of any record, in the place of a session."""
    return make.made(
        models.Dataset, lab=lab, name=f"spikes.{TAG}.{about._meta.model_name}.npy",
        type=world[models.DatasetType], format=world[models.DataFormat], created_by=user,
        object_id=about.pk, content_type=ContentType.objects.get_for_model(about),
    )  # fmt: skip


def lists(surface):
    """Return the address of every list of a surface: whatever answers without being told a key."""
    found, stack = [], [(get_resolver(), "")]
    while stack:
        resolver, inside = stack.pop()
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                stack.append((pattern, pattern.namespace or inside))
            elif inside == surface and "get" in getattr(pattern.callback, "actions", {}):
                with suppress(NoReverseMatch):
                    found.append(reverse(f"{surface}:{pattern.name}"))
    return sorted({address for address in found if not address.endswith(SITE)})


def told(client, address):
    answer = client.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 200, (address, answer.content[:300])
    return answer.json()["results"] if "results" in answer.json() else answer.json()


@pytest.fixture
def half(alder, carol):
    """Return one of every kind: the animal of an open project, its session of a closed one."""
    world = fill(alder, carol, TAG)
    project = accounts.project(alder, "Shut", visibility="members")
    with recording.by(carol):
        world[models.Session].projects.set([project])
    note(carol, alder, aggregate(world, carol, alder, world[models.Session]))
    child = make.session(world[models.Subject], carol, number=9, parent=world[models.Session])
    waiting = make.made(models.Task, name="waits", session=child)
    probe = make.made(models.ProbeInsertion, session=child, name="probe9",
                      model=world[models.ProbeModel])  # fmt: skip
    with recording.by(carol):
        waiting.parents.add(world[models.Task])
        probe.datasets.add(world[models.Dataset])
    return world


@pytest.mark.parametrize("surface", ["one", "lab-api"])
def test_an_open_animal_tells_nothing_of_its_closed_session(surface, half, alice, carol, program):
    kinds = (models.Session, models.Dataset, models.FileRecord, models.Task, models.ProbeInsertion,
             models.FieldOfView, models.TrajectoryEstimate, models.Channel, models.DataNotice,
             models.Note, models.FieldOfViewLocation)  # fmt: skip
    secrets = [str(half[kind].pk) for kind in kinds]
    secrets += [f"{word}{TAG}" for word in ("task-", "task ", "note ", "probe", "FOV_", "spikes.")]
    found, shown = [], 0
    for address in lists(surface):
        shown += any(word in json.dumps(told(program(carol).client, address)) for word in secrets)
        said = json.dumps(whole(program(alice).client, address))
        found += [(address, word) for word in secrets if word in said]
    assert shown > 5
    assert found == []


def whole(client, address):
    """Return a list, and each of its records as its own address tells it."""
    rows = told(client, address)
    ends = [str(row.get("nickname") or row.get("id") or "").partition("/")[0] or row["url"]
            for row in rows if {"id", "url", "nickname"} & set(row)]  # fmt: skip
    ones = [end if "://" in end else f"{address}/{end}" for end in ends]
    answers = [client.get(one, headers={"Accept": "application/json"}) for one in ones]
    return [rows, [one.json() for one in answers if one.status_code == 200]]


@pytest.mark.parametrize(("surface", "least"), [("one", 20), ("lab-api", 40)])
def test_no_list_tells_of_a_closed_project(surface, least, closed, alice, carol, program, alder):
    """The words stand there for who leads the lab: it is not that nothing was there."""
    cole = accounts.person("cole", lab=alder, role="colony manager")
    stranger, keeper, leader = program(alice).client, program(cole).client, program(carol).client
    secrets = {str(row.pk) for kind, row in closed.items() if kind.__name__ not in OPEN_KINDS}
    found, shown = [], 0
    assert len(lists(surface)) > least
    for address in lists(surface):
        said = json.dumps(told(leader, address))
        shown += any(word in said for word in [*WORDS, *secrets])
        for name, who in (("alice", stranger), ("cole", keeper)):
            said = json.dumps(told(who, address))
            found += [(name, address, word) for word in [*WORDS, *secrets] if word in said]
    assert shown > least / 2
    assert found == []


def test_no_address_of_one_record_answers_of_a_closed_project(closed, alice, carol, program):
    stranger, leader = program(alice).client, program(carol).client
    for address in lists("lab-api"):
        for row in told(leader, address):
            one = f"{address}/{row.get('id')}"
            is_open = {"breeding-pairs", "trash", "file-scans"} & set(address.split("/"))
            if not is_open and "id" in row and any(word in json.dumps(row) for word in WORDS):
                assert leader.get(one).status_code == 200, one
                assert stranger.get(one).status_code == 404, one


@pytest.fixture
def both(animal, alice, alder, carol):
    """Return a session that is of an open and of a closed project, as its animal is."""
    open_ = accounts.project(alder)
    shut = accounts.project(alder, "Secret", visibility="members")
    session, hidden = make.session(animal, alice), make.session(animal, alice, number=2)
    make.dataset(session)
    with recording.by(carol):
        for record in (animal, session):
            record.projects.set([open_, shut])
        hidden.projects.set([shut])
        hidden.narrative = "mescaline"
        hidden.save()
        make.made(models.ProbeInsertion, session=session, name="probe00",
                  model=models.ProbeModel.objects.create(name="3B2"))  # fmt: skip
    return session


QUESTIONS = [
    "/alyx/sessions?projects=secret",
    "/alyx/sessions?project=secr",
    "/alyx/subjects?project=secret",
    "/alyx/insertions?projects=secret",
    "/alyx/insertions?project=se",
    "/alyx/sessions?django=projects__name,secret",
    "/alyx/sessions?django=subject__projects__name__startswith,se",
    "/alyx/subjects?django=projects__name__icontains,ecre",
    "/alyx/subjects?django=actions_sessions__narrative__startswith,mesc",
    "/alyx/subjects?django=actions_sessions__number,2",
    "/alyx/sessions?django=subject__actions_sessions__narrative__icontains,mesc",
    "/alyx/datasets?django=session__projects__name,secret",
    "/alyx/files?django=dataset__session__projects__name,secret",
    "/alyx/insertions?django=session__project__name__in,[secret]",
    "/alyx/insertions?django=session__subject__actions_sessions__narrative__contains,mesca",
    "/api/v1/lab/sessions?projects=secret",
    "/api/v1/lab/subjects?projects=secret",
]


@pytest.mark.parametrize("address", QUESTIONS)
def test_no_filter_confirms_what_a_closed_project_is_called(address, both, alice, carol, program):
    assert len(told(program(alice).client, address)) == 0
    assert len(told(program(carol).client, address)) > 0


@pytest.mark.parametrize("address", [one.replace("secret", "memory") for one in QUESTIONS
                                     if "secret" in one])  # fmt: skip
def test_the_same_questions_find_what_is_of_an_open_project(address, both, alice, program):
    assert len(told(program(alice).client, address)) == 1


def test_a_put_of_what_was_read_cuts_no_link_to_what_one_does_not_see(half, alice, carol, program):
    child = models.Session.objects.get(number=9)
    with recording.by(carol):
        child.subject.responsible_user = alice
        child.subject.save()
    call, at = program(alice), f"sessions/{child.pk}"
    read = call.get(at).json()
    assert read["parent_session"] is None
    read |= {"narrative": "Good."}
    read = {
        key: value for key, value in read.items() if value is not None or key == "parent_session"
    }
    answer = call.client.put(f"/alyx/{at}", read, content_type="application/json")
    assert answer.status_code == 200, answer.content
    child.refresh_from_db()
    assert (child.narrative, child.parent_id) == ("Good.", half[models.Session].pk)


def test_what_is_excluded_tells_no_more(both, alice, program):
    """With ~ a row that is of the closed project stays, as one that is not would."""
    [row] = told(program(alice).client, "/alyx/sessions?django=~projects__name,secret")
    assert row["id"] == str(both.pk)


def test_a_column_that_is_empty_can_be_asked_for_over_a_relation(both, alice, program):
    get = program(alice).client
    rows = told(get, "/alyx/datasets?django=session__isnull,True")
    assert rows == []
    assert len(told(get, "/alyx/datasets?django=session__isnull,False")) == 1
    assert len(told(get, "/alyx/sessions?django=parent_session,None")) == 1


def test_the_history_names_no_closed_project(both, alice, carol, program, as_):
    address = f"/api/v1/lab/sessions/{both.pk}/history"
    page = f"/admin/lab/session/{both.pk}/history/"
    assert "Secret" in json.dumps(told(program(carol).client, address))
    assert "Secret" in as_(carol).get(page).content.decode()
    assert "Secret" not in json.dumps(told(program(alice).client, address))
    assert "Memory" in json.dumps(told(program(alice).client, address))
    assert "Secret" not in as_(alice).get(page).content.decode()


def test_a_session_that_is_sent_again_is_shown_to_nobody_who_does_not_see_it(both, alice, program):
    hidden = models.Session.objects.get(number=2)
    body = {"subject": "KS001", "start_time": "2026-03-02T09:00:00", "number": 2}
    answer = program(alice).post("sessions", **body)
    assert answer.status_code == 400, answer.content
    assert str(hidden.pk) not in answer.content.decode()
    ours = {"subject": str(hidden.subject_id), "began_at": "2026-03-02T09:00:00Z", "number": 2}
    answer = program(alice).client.post("/api/v1/lab/sessions", ours, "application/json")
    assert answer.status_code in {409, 422}
    assert str(hidden.pk) not in answer.content.decode()


def test_who_may_only_look_is_given_no_session_by_sending_one(both, alder, program):
    vera = accounts.person("vera", lab=alder, role="viewer")
    body = {"subject": "KS001", "start_time": "2026-03-02T09:00:00", "number": 1}
    assert program(vera).post("sessions", **body).status_code == 403
