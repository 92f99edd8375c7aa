"""Probes, tracks, channels and imaging planes on the surface for ONE."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts
from tests.factories import lab as make
from tests.factories import recordings as record

from accounts.models import AuditEntry
from lab import models, recording

LISTS = ["insertions", "trajectories", "channels", "chronic-insertions", "fields-of-view",
         "fov-location", "imaging-stack", "brain-regions"]  # fmt: skip


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice)


@pytest.fixture
def probe(session):
    return record.insertion(session, serial="1001")


@pytest.fixture
def track(probe):
    return record.trajectory(probe)


@pytest.fixture
def plane(session):
    return record.field_of_view(session)


def posted(client, path, body):
    return client.client.post(f"/alyx/{path}", body, content_type="application/json")


def test_an_insertion_has_the_shape_that_one_reads(session, alice, program):
    make.made(models.ProbeModel, name="Neuropixels 1.0", model="3B2")
    given = {"session": str(session.pk), "name": "probe00", "model": "3B2", "serial": "1001"}
    made = posted(program(alice), "insertions", given | {"json": {"qc": "PASS"}})
    assert made.status_code == 201, made.content
    shown = program(alice).get(f"insertions/{made.json()['id']}").json()
    assert shown == made.json()
    assert (shown["model"], shown["json"]) == ("3B2", {"qc": "PASS"})
    assert shown["session_info"] == {
        "id": str(session.pk), "subject": "KS001", "start_time": "2026-03-02T09:00:00",
        "number": 1, "lab": "alder", "projects": [], "task_protocol": "",
    }  # fmt: skip
    assert (shown["session"], shown["chronic_insertion"], shown["datasets"]) == (
        str(session.pk), None, [],
    )  # fmt: skip


def test_an_insertion_is_written_by_its_model_s_name_too(session, alice, program):
    make.made(models.ProbeModel, name="Neuropixels 1.0", model="3B2")
    given = {"session": str(session.pk), "name": "probe00", "model": "Neuropixels 1.0"}
    assert posted(program(alice), "insertions", given).json()["model"] == "3B2"
    for word in ("3B2", "Neuropixels 1.0"):
        assert program(alice).get("insertions", model=word).json()["count"] == 1


def test_an_insertion_owns_the_datasets_of_its_folder(session, alice, program):
    mine = record.dataset(session, "spikes.times.npy", "alf/probe00/pykilosort")
    record.dataset(session, "spikes.times.npy", "alf/probe01")
    record.dataset(session, "probe00.times.npy", "probe00")  # the first folder is another matter
    client = program(alice)
    made = posted(client, "insertions", {"session": str(session.pk), "name": "probe00"}).json()
    assert made["datasets"] == [str(mine.pk)]
    client.patch(f"insertions/{made['id']}", name="probe01")
    shown = client.get(f"insertions/{made['id']}").json()
    assert len(shown["datasets"]) == 1
    assert shown["datasets"] != [str(mine.pk)]


def test_a_registered_file_belongs_to_the_probe_and_the_plane_of_its_folder(
    session, probe, plane, alice, program
):
    make.made(models.DataFormat, name="npy", file_extension=".npy")
    make.made(models.DatasetType, name="spikes.times")
    for name in ("probe00", "FOV_00"):
        answer = program(alice).post(
            "register-file", path="KS001/2026-03-02/001", filenames=[f"alf/{name}/spikes.times.npy"]
        )
        assert answer.status_code == 201, answer.content
    owned = program(alice).get(f"insertions/{probe.pk}").json()["datasets"]
    assert len(owned) == 1
    found = program(alice).get("datasets", probe_insertion=str(probe.pk)).json()["results"]
    assert [each["collection"] for each in found] == ["alf/probe00"]
    assert len(program(alice).get(f"fields-of-view/{plane.pk}").json()["datasets"]) == 1


def test_a_dataset_that_is_created_alone_belongs_to_its_probe(session, probe, alice, program):
    make.made(models.DataFormat, name="npy", file_extension=".npy")
    make.made(models.DatasetType, name="spikes.times")
    answer = program(alice).post(
        "datasets", name="spikes.times.npy", collection="alf/probe00", session=str(session.pk),
        dataset_type="spikes.times", data_format="npy",
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    owned = program(alice).get(f"insertions/{probe.pk}").json()["datasets"]
    assert owned == [answer.json()["url"][-36:]]


def test_the_serial_number_is_that_of_the_probe_that_stays(session, animal, alice, program):
    chronic = record.chronic_insertion(animal, alice, serial="1002")
    given = {"session": str(session.pk), "chronic_insertion": str(chronic.pk)}
    client = program(alice)
    wrong = posted(client, "insertions", given | {"name": "probe00", "serial": "9"})
    assert (wrong.status_code, "serial" in wrong.json()) == (400, True)
    made = posted(client, "insertions", given | {"name": "probe00"}).json()
    assert made["serial"] == "1002"
    assert client.patch(f"insertions/{made['id']}", serial="9").status_code == 400
    assert client.patch(f"chronic-insertions/{chronic.pk}", serial="9").status_code == 400
    shown = client.get(f"chronic-insertions/{chronic.pk}").json()
    assert [each["name"] for each in shown["probe_insertion"]] == ["probe00"]


def test_what_came_in_with_another_serial_number_can_be_sent_back_as_it_is(
    session, animal, alice, program
):
    chronic = record.chronic_insertion(animal, alice, serial="1002")
    probe = record.insertion(session, serial="", chronic_insertion=chronic)
    for path in (f"insertions/{probe.pk}", f"chronic-insertions/{chronic.pk}"):
        shown = program(alice).get(path).json()
        answer = program(alice).client.put(f"/alyx/{path}", shown, content_type="application/json")
        assert answer.status_code == 200, answer.content
        assert answer.json()["serial"] == shown["serial"]


def test_a_chronic_insertion_of_another_animal_is_refused(session, alder, alice, program):
    other = record.chronic_insertion(make.subject(alder, alice, "KS002"), alice)
    given = {"session": str(session.pk), "name": "p", "chronic_insertion": str(other.pk)}
    answer = posted(program(alice), "insertions", given)
    assert (answer.status_code, "chronic_insertion" in answer.json()) == (400, True)


def test_a_chronic_insertion_is_an_action_on_the_animal(animal, alder, alice, program):
    client = program(alice)
    given = {"subject": "KS001", "name": "left V1", "serial": "7", "json": {"side": "left"},
             "start_time": "2026-02-01T08:00:00"}  # fmt: skip
    made = posted(client, "chronic-insertions", given)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert {name: shown[name] for name in given} == given
    assert (shown["lab"], shown["probe_insertion"]) == ("alder", [])
    action = models.ChronicRecording.objects.get(insertion=shown["id"])
    assert (action.subject, list(action.users.all())) == (animal, [alice])
    assert client.patch(f"chronic-insertions/{shown['id']}", name="right V1").status_code == 200
    erin = accounts.person("erin", lab=alder, role="experimenter")
    assert program(erin).patch(f"chronic-insertions/{shown['id']}", name="x").status_code == 403
    assert program(erin).delete(f"chronic-insertions/{shown['id']}").status_code == 403
    assert client.delete(f"chronic-insertions/{shown['id']}").status_code == 204
    assert models.ChronicRecording.objects.count() == 0


def test_a_probe_does_not_enter_an_animal_before_its_birth(animal, alice, program):
    answer = program(alice).post(
        "chronic-insertions", subject="KS001", start_time="2025-01-01T08:00:00"
    )
    assert (answer.status_code, "start_time" in answer.json()) == (400, True)


def test_a_track_says_what_it_is_the_track_of(probe, alice, program):
    make.made(models.CoordinateSystem, name="IBL-Allen")
    given = {"x": -2000.5, "y": 1000, "z": 0, "depth": 4000, "theta": 15, "phi": 180, "roll": 0,
             "provenance": "Ephys aligned histology track", "coordinate_system": "IBL-Allen",
             "probe_insertion": str(probe.pk), "json": None}  # fmt: skip
    made = posted(program(alice), "trajectories", given)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert {name: shown[name] for name in given} == given
    assert (shown["probe_name"], shown["session"]["subject"]) == ("probe00", "KS001")
    again = posted(program(alice), "trajectories", given | {"provenance": 70})
    assert (again.status_code, "provenance" in again.json()) == (400, True)


def test_a_track_of_a_probe_that_stays_has_no_session(animal, alice, program):
    chronic = record.chronic_insertion(animal, alice)
    made = program(alice).post(
        "trajectories", provenance="Planned", chronic_insertion=str(chronic.pk), theta=0
    )
    assert made.status_code == 201, made.content
    assert (made.json()["session"], made.json()["probe_name"]) == (None, None)
    assert program(alice).get("trajectories", lab="alder").json()["count"] == 1


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"probe_insertion": None}, "probe_insertion"),
        ({"probe_insertion": "nonsense"}, "probe_insertion"),
        ({"provenance": "Guess"}, "provenance"),
        ({"theta": 181}, "theta"),
        ({"phi": -181}, "phi"),
        ({"x": "left"}, "x"),
        ({"y": "inf"}, "y"),
        ({"coordinate_system": "nowhere"}, "coordinate_system"),
    ],
)
def test_a_track_that_cannot_be_is_refused_by_its_field(probe, alice, program, given, named):
    facts = {"probe_insertion": str(probe.pk), "provenance": "Planned"} | given
    answer = posted(program(alice), "trajectories", facts)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()
    assert not models.TrajectoryEstimate.objects.exists()


def rows_of(track, count, **values):
    return [
        {"trajectory_estimate": str(track.pk), "axial": 20.0 * number, "lateral": 16.0,
         "x": 0.001, "y": 0.0, "z": -0.002, "brain_region": 385} | values
        for number in range(count)
    ]  # fmt: skip


def test_many_channels_are_created_in_one_call(
    track, alice, program, django_assert_max_num_queries
):
    record.brain()
    client = program(alice)
    with django_assert_max_num_queries(30):  # however many there are
        answer = posted(client, "channels", rows_of(track, 384))
    assert answer.status_code == 201, answer.content
    assert len(answer.json()) == 384
    assert answer.json()[1]["axial"] == 20.0
    assert client.get("channels", probe_insertion=str(track.probe_insertion_id)).json()[
        "count"
    ] == 384  # fmt: skip
    assert AuditEntry.objects.filter(action="channel.created", user=alice).count() == 384


@pytest.mark.parametrize(
    ("last", "named"),
    [
        ({"axial": 20.0}, "axial"),  # as the second one
        ({"brain_region": 4}, "brain_region"),
        ({"brain_region": "VISp"}, "brain_region"),
        ({"trajectory_estimate": "nonsense"}, "trajectory_estimate"),
        ({"trajectory_estimate": None}, "trajectory_estimate"),
        ({"x": "left"}, "x"),
    ],
)
def test_one_channel_that_does_not_fit_leaves_none(track, alice, program, last, named):
    record.brain()
    answer = posted(program(alice), "channels", [*rows_of(track, 3), *rows_of(track, 1, **last)])
    assert answer.status_code == 400, answer.content
    assert "3" in answer.json()[named][0]
    assert models.Channel.objects.count() == 0


@pytest.mark.parametrize("body", [[], [1], ["x"], [[]], [None]])
def test_a_list_of_anything_else_is_refused(track, alice, program, body):
    assert posted(program(alice), "channels", body).status_code == 400


def test_a_single_channel_is_answered_by_itself(track, alice, program):
    record.brain()
    client = program(alice)
    made = posted(client, "channels", rows_of(track, 1)[0])
    assert made.status_code == 201, made.content
    assert made.json()["trajectory_estimate"] == str(track.pk)
    key = made.json()["id"]
    assert client.patch(f"channels/{key}", name="ch0").json()["name"] == "ch0"
    again = posted(client, "channels", rows_of(track, 1)[0])
    assert (again.status_code, "axial" in again.json()) == (400, True)
    assert client.delete(f"channels/{key}").status_code == 204


def test_a_channel_without_a_place_on_the_probe_can_be_written_and_deleted(track, alice, program):
    made = program(alice).post("channels", trajectory_estimate=str(track.pk), name="reference")
    assert made.status_code == 201, made.content
    assert program(alice).delete(f"channels/{made.json()['id']}").status_code == 204


def test_a_plane_and_where_it_lies(session, alice, program):
    record.brain()
    make.made(models.ImagingType, name="mesoscope")
    make.made(models.CoordinateSystem, name="IBL-Allen")
    client = program(alice)
    stack = client.post("imaging-stack", name="stack").json()["id"]
    given = {"session": str(session.pk), "imaging_type": "mesoscope", "name": "FOV_00",
             "stack": stack}  # fmt: skip
    plane = client.post("fields-of-view", **given).json()
    assert {name: plane[name] for name in given} == given
    corners = {"x": [0.0, 1.0, 0.0, 1.0], "y": [0.0, 0.0, 1.0, 1.0], "z": [0.1, 0.1, 0.1, 0.1]}
    place = {"field_of_view": plane["id"], "provenance": "E", "default_provenance": True,
             "n_xyz": [512, 512, 1], "brain_region": [385, 669]} | corners  # fmt: skip
    made = client.post("fov-location", **place)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert {name: shown[name] for name in place} == place | {"brain_region": [385, 669]}
    assert shown["coordinate_system"] == "IBL-Allen"
    better = client.post("fov-location", **place | {"provenance": "Histology"}).json()
    assert client.get(f"fov-location/{shown['id']}").json()["default_provenance"] is False
    places = client.get(f"fields-of-view/{plane['id']}").json()["location"]
    assert {each["provenance"]: each["default_provenance"] for each in places} == {
        "E": False, "H": True,
    }  # fmt: skip
    assert client.patch(f"fov-location/{better['id']}", z=[0, 0, 0, 0.5]).json()["z"][3] == 0.5
    slices = client.get(f"imaging-stack/{stack}").json()["slices"]
    assert [each["name"] for each in slices] == ["FOV_00"]
    assert client.delete(f"imaging-stack/{stack}").status_code == 405


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"x": [1, 2, 3]}, "x"),
        ({"y": "[0, 0, 1, 1]"}, "y"),
        ({"z": [0, 0, 0, None]}, "z"),
        ({"x": [0] * 8}, "x"),  # the others have four
        ({"n_xyz": [512, 0, 1]}, "n_xyz"),
        ({"n_xyz": [512.5, 512, 1]}, "n_xyz"),
        ({"brain_region": [4]}, "brain_region"),
        ({"brain_region": 385}, "brain_region"),
        ({"provenance": "X"}, "provenance"),
        ({"field_of_view": None}, "field_of_view"),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_its_field(plane, alice, program, given, named):
    record.brain()
    facts = {"field_of_view": str(plane.pk), "provenance": "E"}
    facts |= {axis: [0, 1, 0, 1] for axis in "xyz"} | given
    answer = posted(program(alice), "fov-location", facts)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()


@pytest.mark.parametrize("path", ["insertions", "fields-of-view"])
def test_a_second_one_of_the_name_is_refused(session, alice, program, path):
    given = {"session": str(session.pk), "name": "one"}
    assert posted(program(alice), path, given).status_code == 201
    answer = posted(program(alice), path, given)
    assert (answer.status_code, "name" in answer.json()) == (400, True)


@pytest.mark.parametrize("path", ["insertions", "fields-of-view"])
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"session": None}, "session"),
        ({"session": "nonsense"}, "session"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"datasets": ["nonsense"]}, "datasets"),
        ({"datasets": "nonsense"}, "datasets"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(session, alice, program, path, given, named):
    answer = posted(program(alice), path, {"session": str(session.pk), "name": "one"} | given)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()


def test_a_stranger_to_the_lab_sees_and_changes_nothing(session, alice, bob, program):
    made = record.one_of_each(session, alice)
    for path, name in (
        ("insertions", "insertion"), ("trajectories", "trajectory"), ("channels", "channel"),
        ("chronic-insertions", "chronic_insertion"), ("fields-of-view", "field_of_view"),
        ("fov-location", "fov_location"),
    ):  # fmt: skip
        assert program(bob).get(path).json()["count"] == 0
        assert program(bob).patch(f"{path}/{made[name]}", json={}).status_code == 404
        assert program(bob).delete(f"{path}/{made[name]}").status_code == 404
    mine = rows_of(models.TrajectoryEstimate.objects.get(), 1)
    assert posted(program(bob), "channels", mine).status_code == 400  # it is not there for bob


def test_a_stack_shows_only_the_planes_that_one_sees(session, alice, bob, program):
    stack = make.made(models.ImagingStack, name="stack")
    record.field_of_view(session, stack=stack)
    assert len(program(alice).get(f"imaging-stack/{stack.pk}").json()["slices"]) == 1
    assert program(bob).get(f"imaging-stack/{stack.pk}").json()["slices"] == []


def test_closed_projects_close_tracks_and_channels_as_well(session, alder, alice, carol, program):
    made = record.one_of_each(session, alice)
    closed = accounts.project(alder, "Secret", visibility="members")
    with recording.by(None):
        session.projects.set([closed])
        session.subject.projects.set([closed])
    record.trajectory(models.ChronicInsertion.objects.get())
    erin = accounts.person("erin", lab=alder, role="experimenter")
    for path in ("insertions", "trajectories", "channels", "chronic-insertions",
                 "fields-of-view", "fov-location"):  # fmt: skip
        assert program(erin).get(path).json()["count"] == 0, path
    assert program(erin).get(f"channels/{made['channel']}").status_code == 404


def test_a_viewer_reads_and_does_not_write(session, alder, alice, program):
    made = record.one_of_each(session, alice)
    victor = program(accounts.person("victor", lab=alder, role="viewer"))
    assert victor.get(f"insertions/{made['insertion']}").status_code == 200
    track = models.TrajectoryEstimate.objects.get()
    assert posted(victor, "channels", rows_of(track, 1, axial=1.0)).status_code == 403
    given = {"session": str(session.pk), "name": "probe09"}
    assert posted(victor, "insertions", given).status_code == 403
    assert posted(victor, "imaging-stack", {"name": "x"}).status_code == 403
    assert victor.patch(f"brain-regions/{made['region']}", description="x").status_code == 403
    assert victor.delete(f"trajectories/{made['trajectory']}").status_code == 403


def test_a_deleted_insertion_takes_its_tracks_along_and_comes_back_with_them(
    session, alice, program
):
    made = record.one_of_each(session, alice)
    assert program(alice).delete(f"insertions/{made['insertion']}").status_code == 204
    assert not models.Channel.objects.exists()
    kept = models.DeletedRecord.objects.get()
    assert kept.count == 3


@pytest.mark.parametrize("path", LISTS)
def test_a_list_and_a_detail_ask_as_many_questions_for_many_as_for_one(
    alder, alice, program, path, django_assert_max_num_queries
):
    session = make.session(make.subject(alder, alice), alice)
    record.one_of_each(session, alice)
    client = program(alice)
    few = counted(client, path)
    region = models.BrainRegion.objects.get(acronym="VISp")
    closed = accounts.project(alder, "Secret", visibility="members")
    closed.members.add(alice)
    accounts.project(alder, "Another", visibility="members")
    for number in range(12):
        animal = make.subject(alder, alice, f"KS1{number:02d}")
        other = make.session(animal, alice)
        with recording.by(None):
            other.projects.set([closed])
        chronic = record.chronic_insertion(animal, alice, serial="1")
        probe = record.insertion(other, chronic_insertion=chronic, serial="1")
        track = record.trajectory(probe)
        record.channel(track, region)
        stack = make.made(models.ImagingStack, name=f"stack {number}")
        plane = record.field_of_view(other, stack=stack)
        record.location(plane, region)
        record.dataset(other, "spikes.times.npy", "alf/probe00")
        with recording.by(None):
            probe.datasets.set(other.datasets.all())
    assert counted(client, path) <= max(few, 10)
    with django_assert_max_num_queries(10):
        assert client.get(path).json()["count"] >= 7
    key = client.get(path).json()["results"][-1]["id"]
    with django_assert_max_num_queries(10):
        assert client.get(f"{path}/{key}").status_code == 200


def counted(client, path):
    client.get(path)  # what a process asks once and remembers, such as the kinds of records
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)
