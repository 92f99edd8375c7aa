"""What of a body is understood, what is left out with a word, what is refused."""

import pytest
from tests.factories import lab as make

from lab import models


@pytest.fixture
def session(animal, alice):
    return make.session(animal, alice)


def task(session, **more):
    facts = {"name": "Sort", "session": str(session.pk), "status": "Waiting"}
    return facts | more.pop("instead", {}) | more


def test_fields_that_only_other_programs_know_are_left_out_and_the_answer_says_so(
    session, alice, program
):
    answer = program(alice).post("tasks", **task(session, module="ibllib.pipes", log=None))
    assert answer.status_code == 201, answer.content
    assert answer["Alyx-API-Notice"] == "!!!Not known here, so not kept: module."
    assert "module" not in answer.json()


def test_a_former_name_is_understood_and_said_to_be_one(session, alice, program):
    answer = program(alice).post("tasks", **task(session, time_out_sec=60))
    assert answer.json()["time_out_secs"] == 60
    assert answer["Alyx-API-Notice"] == "!!!time_out_sec is now called time_out_secs."
    assert answer["Deprecation"].startswith("@")
    assert answer["Link"].startswith('<http://testserver/alyx/api/schema>; rel="deprecation"')


def test_a_former_filter_is_said_to_be_one(session, alice, program):
    answer = program(alice).get("sessions", project="nothing")
    assert (answer.status_code, "Deprecation" in answer) == (200, True)
    assert "Deprecation" not in program(alice).get("sessions", projects="nothing")


def test_a_field_that_looks_like_a_known_one_is_a_mistake(animal, alice, program):
    answer = program(alice).patch("subjects/KS001", descripton="Curious")  # codespell:ignore
    assert answer.status_code == 400
    assert "Did you mean description?" in answer.json()["descripton"][0]  # codespell:ignore


def test_a_body_of_nothing_but_unknown_fields_is_a_mistake(animal, alice, program):
    answer = program(alice).patch("subjects/KS001", mood="fine")
    assert (answer.status_code, "mood" in answer.json()) == (400, True)


def test_what_was_read_can_be_sent_back_whole(session, alice, program):
    one = program(alice).get(f"sessions/{session.pk}").json()
    answer = program(alice).client.put(
        f"/alyx/sessions/{session.pk}", one | {"narrative": "Calm."}, "application/json"
    )
    assert answer.status_code == 200, answer.content
    assert (answer.json()["narrative"], "Alyx-API-Notice" in answer) == ("Calm.", False)


def test_a_task_has_a_label_for_its_status_and_its_parents(session, alice, program):
    first = program(alice).post("tasks", **task(session)).json()
    given = task(session, name="Plot", parents=[first["id"]], arguments={"bin": 5})
    second = program(alice).post("tasks", **given).json()
    assert (second["status"], second["parents"]) == ("Waiting", [first["id"]])
    path = f"tasks/{second['id']}"
    assert program(alice).patch(path, status="Complete").json()["status"] == "Complete"
    for query, count in (
        ({"status": "Complete"}, 1), ({"status": "60"}, 1), ({"lab": "alder"}, 2),
        ({"session": str(session.pk)}, 2), ({"name": "Plot"}, 1), ({"graph": "none"}, 0),
        ({"django": "status__in,[Waiting,Complete],name__icontains,plo"}, 1),
        ({"parents": first["id"]}, 1), ({"arguments": "bin__gte,5"}, 1),
    ):  # fmt: skip
        assert program(alice).get("tasks", **query).json()["count"] == count, query


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"status": "Lovely"}, "status"),
        ({"session": None}, "session"),
        ({"cpu": -1}, "cpu"),
        ({"level": 10**9}, "level"),
        ({"time_elapsed_secs": -1}, "time_elapsed_secs"),
        ({"parents": ["nope"]}, "parents"),
        ({"data_repository": "nowhere"}, "data_repository"),
        ({"name": "x" * 65}, "name"),
    ],
)
def test_a_task_that_cannot_be_names_the_field(session, alice, program, given, named):
    answer = program(alice).post("tasks", **task(session, instead=given))
    assert (answer.status_code, named in answer.json()) == (400, True), answer.content
    assert not models.Task.objects.exists()


def test_a_task_is_there_once_and_never_waits_for_itself(session, alice, program):
    first = program(alice).post("tasks", **task(session)).json()
    again = program(alice).post("tasks", **task(session))
    assert (again.status_code, models.Task.objects.count()) == (400, 1)
    second = program(alice).post("tasks", **task(session, name="b", parents=[first["id"]])).json()
    answer = program(alice).patch(f"tasks/{first['id']}", parents=[second["id"]])
    assert "parents" in answer.json()


def test_a_task_without_a_session_belongs_to_the_labs_of_its_repository(alder, alice, bob, program):
    share = make.made(models.Repository, name="share")
    given = {"name": "JobCreator", "session": None, "data_repository": "share", "arguments": {}}
    assert "data_repository" in program(alice).post("tasks", **given).json()
    with make.recording.by(None):
        alder.profile.repositories.add(share)
    assert program(alice).post("tasks", **given).status_code == 201
    assert program(alice).get("tasks").json()["count"] == 1
    assert program(bob).get("tasks").json()["count"] == 0
    assert program(bob).post("tasks", **given).status_code == 403


def test_each_download_is_counted_in_one_row(session, alice, bob, carol, program):
    data = str(make.dataset(session)["dataset"])
    for count in (1, 2):
        answer = program(alice).post("new-download", datasets=[data])
        assert (answer.status_code, answer.json()["count"]) == (201, [count])
    assert program(alice).post("new-download", dataset=data).json()["count"] == 3
    assert models.Download.objects.count() == 1
    mine = program(alice).get("downloads", dataset=data).json()["results"]
    assert [row["count"] for row in mine] == [3]
    assert program(carol).get("downloads").json()["count"] == 1  # who manages the lab
    assert program(bob).get("downloads").json()["count"] == 0
    assert "datasets" in program(bob).post("new-download", datasets=[data]).json()
    assert "user" in program(alice).post("new-download", datasets=[data], user="carol").json()


def test_a_notice_is_found_by_what_it_is_about(session, alice, bob, program):
    data = str(make.dataset(session)["dataset"])
    given = {"name": "Drift", "description": "*Mind* <b>it</b>", "importance": "high",
             "datasets": [data], "affected_date_start": "2026-01-01"}  # fmt: skip
    made = program(alice).post("data-notices", **given)
    assert made.status_code == 201, made.content
    assert made.json()["description_html"] == "<p><em>Mind</em> &lt;b&gt;it&lt;/b&gt;</p>\n"
    tag = make.made(models.Tag, name="paper2")
    with make.recording.by(None):
        models.Dataset.objects.get(pk=data).tags.add(tag)
    for query, count in (
        ({"datasets": data}, 1), ({"dataset_tag": "paper2"}, 1), ({"importance": "high"}, 1),
        ({"importance_gte": "critical"}, 0), ({"date": "2026-02-01"}, 1),
        ({"date": "2025-02-01"}, 0), ({"django": "importance__gte,30"}, 1),
    ):  # fmt: skip
        assert program(alice).get("data-notices", **query).json()["count"] == count, query
    assert program(bob).get("data-notices").json()["count"] == 0
    wrong = program(alice).post(
        "data-notices", **given | {"name": "b", "affected_date_end": "2025-01-01"}
    )
    assert "affected_date_end" in wrong.json() or "affected_date_start" in wrong.json()


def test_a_transfers_state_is_recorded_and_shown(session, alice, program):
    there = make.dataset(session)
    answer = program(alice).get("sync-file-status").json()
    assert (answer["missing"], answer["repositories"][0]["data_repository"]) == (1, "share")
    told = program(alice).post("sync-file-status", exist=[str(there["file"])])
    assert (told.status_code, told.json()["missing"]) == (201, 0)
    assert models.Dataset.objects.get(pk=there["dataset"]).is_online


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"end_time": "2026-03-01T09:00:00"}, "end_time"),
        ({"outcome_type": "lovely"}, "outcome_type"),
        ({"outcome_type": "n"}, "outcome_type"),
        ({"implant_weight": -1}, "implant_weight"),
        ({"start_time": "2025-03-01T09:00:00"}, "start_time"),
        ({"subject": "nobody"}, "subject"),
    ],
)
def test_a_surgery_that_cannot_be_names_the_field(animal, alice, program, given, named):
    facts = {"subject": "KS001", "start_time": "2026-03-01T10:00:00", "implant_weight": 0.5}
    answer = program(alice).post("surgeries", **facts | given)
    assert (answer.status_code, named in answer.json()) == (400, True), answer.content
    assert not models.Surgery.objects.exists()


def test_a_surgery_is_entered_changed_and_found(animal, alice, program):
    make.made(models.ProcedureType, name="Headplate implant")
    facts = {"subject": "KS001", "start_time": "2026-03-01T10:00:00", "implant_weight": 1.5,
             "procedures": ["Headplate implant"], "users": ["alice"]}  # fmt: skip
    made = program(alice).post("surgeries", **facts)
    assert made.status_code == 201, made.content
    path = f"surgeries/{made.json()['id']}"
    assert program(alice).patch(path, outcome_type="r").json()["outcome_type"] == "r"
    assert program(alice).get("surgeries", procedure="headplate").json()["count"] == 1
    assert program(alice).delete(path).status_code == 405


@pytest.mark.parametrize(
    ("path", "given", "named"),
    [
        ("weighings", {"weight": 9999}, "weight"),
        ("weighings", {"weight": 20, "date_time": "2090-03-01T10:00:00"}, "date_time"),
        ("weighings", {"weight": 20, "date_time": "2025-03-01T10:00:00"}, "date_time"),
        ("water-administrations",
         {"water_administered": 1, "date_time": "2090-03-01T10:00:00"}, "date_time"),
    ],
)  # fmt: skip
def test_what_can_hardly_be_is_refused_until_a_word_says_why(
    animal, alice, program, path, given, named
):
    answer = program(alice).post(path, subject="KS001", **given)
    assert (answer.status_code, named in answer.json()) == (400, True), answer.content
    told = program(alice).post(path, subject="KS001", confirmed="a test", **given)
    assert told.status_code == 201, told.content


@pytest.mark.parametrize("size", [2, 12])
@pytest.mark.parametrize("path", ["tasks", "surgeries", "downloads", "data-notices", "procedures"])
def test_a_list_and_a_record_ask_a_fixed_number_of_questions(
    session, animal, alice, program, path, size, django_assert_max_num_queries
):
    data = models.Dataset.objects.get(pk=make.dataset(session)["dataset"])
    for number in range(size):
        make.made(models.Task, name=f"t{number}", session=session)
        make.made(models.Surgery, subject=animal, lab=animal.lab, began_at=make.MORNING)
        notice = make.made(models.DataNotice, name=f"n{number}", description="x")
        with make.recording.by(None):
            notice.datasets.add(data)
        make.made(models.ProcedureType, name=f"p{number}")
    make.made(models.Download, user=alice, dataset=data, count=1)
    client = program(alice)
    first = client.get(path).json()["results"][0]
    with django_assert_max_num_queries(10):
        client.get(path)
    with django_assert_max_num_queries(10):
        assert client.get(f"{path}/{first.get('name') if path == 'procedures' else first['id']}")
