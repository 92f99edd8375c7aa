"""What lists of probes, tracks, planes and sessions are asked for: places in the brain, files."""

import pytest
from tests.factories import accounts
from tests.factories import lab as make
from tests.factories import recordings as record

from lab import models, recording

Provenance = models.TrajectoryEstimate.Provenance


@pytest.fixture
def brain(db):
    return record.brain()


@pytest.fixture
def session(animal, alice, alder):
    project = accounts.project(alder, "Maze")
    found = make.session(animal, alice, task_protocol="choice_1.2")
    with recording.by(None):
        found.projects.set([project])
    return found


@pytest.fixture
def probe(session):
    """A probe whose aligned track has a channel in the primary visual area."""
    model = make.made(models.ProbeModel, name="Neuropixels 1.0", model="3B2")
    return record.insertion(session, serial="1001", model=model, json={"qc": {"depth": 2}})


@pytest.fixture
def in_cortex(probe, brain):
    return record.channel(record.trajectory(probe), brain["VISp"])


BY_PLACE = [
    ({"atlas_acronym": "visp"}, 1),
    ({"atlas_acronym": "CTX"}, 1),
    ({"atlas_acronym": "grey"}, 1),
    ({"atlas_acronym": "TH"}, 0),
    ({"atlas_acronym": "nowhere"}, 0),
    ({"atlas_name": "visual"}, 1),
    ({"atlas_name": "thal"}, 0),
    ({"atlas_id": "385"}, 1),
    ({"atlas_id": "688"}, 1),
    ({"atlas_id": "549"}, 0),
]


@pytest.mark.parametrize(("query", "count"), BY_PLACE)
@pytest.mark.parametrize("path", ["sessions", "insertions"])
def test_probes_and_sessions_are_found_by_region_or_one_around_it(
    in_cortex, alice, program, path, query, count
):
    assert program(alice).get(path, **query).json()["count"] == count


@pytest.mark.parametrize(("query", "count"), BY_PLACE)
@pytest.mark.parametrize("path", ["sessions", "fields-of-view", "imaging-stack"])
def test_planes_and_sessions_are_found_by_the_default_place(
    session, brain, alice, program, path, query, count
):
    stack = make.made(models.ImagingStack, name="stack")
    plane = record.field_of_view(session, stack=stack)
    record.location(plane, brain["VISp"], brain["VIS"])
    record.location(plane, brain["TH"], provenance="H", is_default=False)
    assert program(alice).get(path, **query).json()["count"] == count


@pytest.mark.parametrize(("query", "count"), BY_PLACE)
def test_probes_that_stay_are_found_by_region(animal, brain, alice, program, query, count):
    track = record.trajectory(record.chronic_insertion(animal, alice))
    record.channel(track, brain["VISp"])
    record.channel(track, brain["VIS"], axial_um=40.0)  # two channels, one insertion
    assert program(alice).get("chronic-insertions", **query).json()["count"] == count


def test_the_histology_track_speaks_until_one_is_aligned(probe, brain, alice, program):
    record.channel(record.trajectory(probe, Provenance.HISTOLOGY), brain["TH"])
    record.channel(record.trajectory(probe, Provenance.PLANNED), brain["CTX"])
    client = program(alice)
    asked = [client.get("insertions", atlas_acronym=name).json()["count"] for name in ("TH", "CTX")]
    assert asked == [1, 0]
    record.channel(record.trajectory(probe, Provenance.ALIGNED), brain["CTX"])
    asked = [client.get("insertions", atlas_acronym=name).json()["count"] for name in ("TH", "CTX")]
    assert asked == [0, 1]


def test_a_region_that_does_not_read_is_named(alice, program):
    answer = program(alice).get("sessions", atlas_id="VISp")
    assert (answer.status_code, "atlas_id" in answer.json()) == (400, True)


def test_histology_is_a_session_of_that_procedure(session, animal, alice, program):
    client = program(alice)
    asked = [client.get("sessions", histology=word).json()["count"] for word in ("True", "False")]
    assert asked == [0, 1]
    other = make.session(animal, alice, number=2)
    with recording.by(None):
        other.procedures.add(make.made(models.ProcedureType, name="Histology"))
    asked = [client.get("sessions", histology=word).json()["count"] for word in ("True", "False")]
    assert asked == [2, 0]
    answer = client.get("sessions", histology="perhaps")
    assert (answer.status_code, "histology" in answer.json()) == (400, True)


@pytest.fixture
def with_files(probe, session):
    """Give the probe two files, the worse of them doubtful, and a tag."""
    good = record.dataset(session, "spikes.times.npy", "alf/probe00", qc=models.Quality.PASS)
    bad = record.dataset(session, "clusters.depths.npy", "alf/probe00", qc=models.Quality.CRITICAL)
    with recording.by(None):
        probe.datasets.set([good, bad])
        good.tags.add(make.made(models.Tag, name="2026_Q1_paper"))
    return probe


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"subject": "ks001"}, 1),
        ({"subject": "KS002"}, 0),
        ({"date": "2026-03-02"}, 1),
        ({"date": "2026-03-03"}, 0),
        ({"experiment_number": "1"}, 1),
        ({"experiment_number": "2"}, 0),
        ({"name": "probe00"}, 1),
        ({"name": "probe0"}, 0),
        ({"serial": "1001"}, 1),
        ({"model": "3B2"}, 1),
        ({"model": "3A"}, 0),
        ({"lab": "Alder"}, 1),
        ({"lab": "birch"}, 0),
        ({"project": "maz"}, 1),
        ({"projects": "other"}, 0),
        ({"task_protocol": "CHOICE"}, 1),
        ({"tag": "q1_paper"}, 1),
        ({"tag": "q2"}, 0),
        ({"dataset_types": "spikes.times"}, 1),
        ({"dataset_types": "spikes.times,clusters.depths"}, 1),
        ({"dataset_types": "spikes.times,spikes.amps"}, 0),
        ({"datasets": "spikes.times.npy"}, 1),
        ({"datasets": "clusters.depths.npy"}, 0),  # worse than FAIL
        ({"datasets": "clusters.depths.npy", "dataset_qc_lte": "CRITICAL"}, 1),
        ({"datasets": "spikes.times.npy,clusters.depths.npy", "dataset_qc_lte": "50"}, 1),
        ({"datasets": "spikes.times.npy", "dataset_qc_lte": "NOT_SET"}, 0),
        ({"dataset_qc_lte": "PASS"}, 1),
        ({"dataset_qc_lte": "0"}, 0),
        ({"json": "qc__depth__gte,2"}, 1),
        ({"json": "qc__depth,3"}, 0),
        ({"json": "qc__depth__in,2"}, 1),
        ({"json": "qc__isnull,False"}, 1),
        ({"django": "json__qc__depth__gt,1"}, 1),
        ({"django": "json__qc__depth,3"}, 0),
        ({"django": "session__extended_qc__task__gte,0.5"}, 0),
        ({"django": "datasets__tags__name,2026_Q1_paper"}, 1),
        ({"django": "datasets__name__icontains,depths"}, 1),
        ({"django": "session__subject__nickname,KS001,name__startswith,probe"}, 1),
        ({"django": "trajectory_estimate__isnull,True"}, 1),
        ({"django": "trajectory_estimate__provenance,70"}, 0),
    ],
)
def test_probes_are_found(with_files, alice, program, query, count):
    answer = program(alice).get("insertions", **query)
    assert answer.status_code == 200, answer.content
    assert answer.json()["count"] == count


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("trajectories", {"provenance": "ephys aligned histology track"}, 1),
        ("trajectories", {"provenance": "70"}, 1),
        ("trajectories", {"provenance": "Planned"}, 0),
        ("trajectories", {"subject": "KS001", "date": "2026-03-02", "probe": "probe00"}, 1),
        ("trajectories", {"project": "maze", "experiment_number": "1", "lab": "alder"}, 1),
        ("trajectories", {"django": "channels__brain_region__acronym,VISp"}, 1),
        ("trajectories", {"django": "probe_insertion__session__lab__name,alder"}, 1),
        ("trajectories", {"django": "x__lt,0"}, 1),
        ("channels", {"subject": "KS001", "lab": "alder"}, 1),
        ("channels", {"brain_region": "385"}, 1),
        ("channels", {"brain_region": "549"}, 0),
        ("channels", {"django": "trajectory_estimate__provenance__gte,70"}, 1),
        ("channels", {"django": "brain_region__acronym__in,['VISp','TH']"}, 1),
        ("channels", {"django": "brain_region__parent__acronym,VIS"}, 1),
        ("chronic-insertions", {"subject": "KS001", "serial": "1002"}, 1),
        ("chronic-insertions", {"name": "left V1", "lab": "alder"}, 1),
        ("chronic-insertions", {"django": "subject__nickname,KS001"}, 1),
        ("fields-of-view", {"subject": "KS001", "provenance": "Estimate"}, 1),
        ("fields-of-view", {"provenance": "H"}, 0),
        ("fields-of-view", {"django": "location__brain_region__id,385"}, 1),
        ("fov-location", {"provenance": "E", "default_provenance": "True"}, 1),
        ("fov-location", {"django": "brain_region__acronym,TH"}, 0),
        ("imaging-stack", {"name": "stack"}, 1),
    ],
)
def test_tracks_and_planes_are_found(session, alice, program, path, query, count):
    record.one_of_each(session, alice)
    answer = program(alice).get(path, **query)
    assert answer.status_code == 200, answer.content
    assert answer.json()["count"] == count


def test_each_is_found_by_the_ids_of_what_it_belongs_to(session, alice, program):
    made = record.one_of_each(session, alice)
    client = program(alice)
    for path, name, key in (
        ("insertions", "session", session.pk), ("insertions", "id", made["insertion"]),
        ("trajectories", "session", session.pk),
        ("trajectories", "probe_insertion", made["insertion"]),
        ("channels", "session", session.pk), ("channels", "probe_insertion", made["insertion"]),
        ("channels", "trajectory_estimate", made["trajectory"]),
        ("fields-of-view", "session", session.pk), ("fov-location", "fov", made["field_of_view"]),
    ):  # fmt: skip
        assert client.get(path, **{name: str(key)}).json()["count"] == 1, (path, name)
        answer = client.get(path, **{name: "nonsense"})
        assert (answer.status_code, name in answer.json()) == (400, True), (path, name)


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("insertions", {"nonsense": "1"}, "nonsense"),
        ("insertions", {"date": "yesterday"}, "date"),
        ("insertions", {"json": "qc__isnull,maybe"}, "json"),
        ("insertions", {"experiment_number": "one"}, "experiment_number"),
        ("insertions", {"dataset_qc_lte": "LOVELY"}, "dataset_qc_lte"),
        ("insertions", {"datasets": "a.b.npy", "dataset_qc_lte": "LOVELY"}, "dataset_qc_lte"),
        ("insertions", {"django": "json__qc"}, "django"),
        ("insertions", {"django": "json__a;b,1"}, "django"),
        ("insertions", {"django": "json,1"}, "django"),
        ("insertions", {"django": "datasets__created_by__password,x"}, "django"),
        ("trajectories", {"provenance": "Guess"}, "provenance"),
        ("channels", {"brain_region": "VISp"}, "brain_region"),
        ("channels", {"django": "axial,deep"}, "django"),
        ("fields-of-view", {"provenance": "X"}, "provenance"),
        ("fov-location", {"default_provenance": "perhaps"}, "default_provenance"),
        ("brain-regions", {"ancestors": "nowhere"}, "ancestors"),
        ("brain-regions", {"descendants": "99999999999999999999"}, "descendants"),
        ("brain-regions", {"parent": "nowhere"}, "parent"),
        ("brain-regions", {"id": "VISp"}, "id"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(brain, alice, program, path, query, named):
    answer = program(alice).get(path, **query)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()


@pytest.mark.parametrize("path", ["insertions", "trajectories", "channels", "brain-regions",
                                  "chronic-insertions", "fields-of-view", "fov-location",
                                  "imaging-stack"])  # fmt: skip
@pytest.mark.parametrize("key", ["nonsense", "7d2e1a4e-0000-4000-8000-000000000000", "9" * 30])
def test_what_is_not_there_is_not_found(alice, program, path, key):
    assert program(alice).get(f"{path}/{key}").status_code == 404
