"""The surface for ONE, address by address: words, refusals, what strangers see."""

import pytest
from django.test import Client
from tests.factories import accounts
from tests.factories import lab as make
from tests.factories.accounts import PASSWORD

from accounts.models import AuditEntry
from lab import models, recording


def test_a_worthless_token_is_answered_with_the_words_that_one_waits_for(db):
    answer = Client(headers={"Authorization": "Token nothing"}).get("/alyx/sessions")
    assert answer.status_code == 403
    assert b'"Invalid token."' in answer.content


def test_a_wrong_password_is_a_bad_request(alice):
    given = {"username": "alice", "password": "wrong"}
    answer = Client().post("/alyx/auth-token", given)
    assert (answer.status_code, answer.json()["status_code"]) == (400, 400)


def test_the_answer_to_a_right_password_has_exactly_one_key(alice):
    answer = Client().post("/alyx/auth-token", {"username": "alice", "password": PASSWORD})
    assert list(answer.json()) == ["token"]


def test_a_token_in_the_place_of_the_password_comes_back(alice, program):
    secret = program(alice).secret
    answer = Client().post("/alyx/auth-token", {"username": "alice", "password": secret})
    assert answer.json() == {"token": secret}
    other = Client().post("/alyx/auth-token", {"username": "bob", "password": secret})
    assert other.status_code == 400


def test_another_lab_sees_nothing(animal, alice, bob, program):
    make.session(animal, alice)
    for path in ("subjects", "sessions", "weighings"):
        assert program(bob).get(path).json()["count"] == 0
    assert program(bob).get("subjects/KS001").status_code == 404


def test_a_viewer_may_read_and_not_write(animal, alder, program):
    victor = accounts.person("victor", lab=alder, role="viewer")
    assert program(victor).get("subjects/KS001").status_code == 200
    assert program(victor).post("weighings", subject="KS001", weight=20).status_code == 403
    assert models.Weighing.objects.count() == 0


def test_who_is_not_responsible_may_not_change_an_animal(animal, alder, alice, program):
    erin = accounts.person("erin", lab=alder, role="experimenter")
    assert program(erin).patch("subjects/KS001", description="x").status_code == 403
    with recording.by(alice):
        alice.profile.delegates.add(erin)
    assert program(erin).patch("subjects/KS001", description="x").status_code == 200


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"nonsense": "1"}, "nonsense"),
        ({"number": "x"}, "number"),
        ({"date_range": "2026-01-01"}, "date_range"),
        ({"qc": "LOVELY"}, "qc"),
        ({"django": "subject__nickname"}, "django"),
        ({"django": "users__password__startswith,pbkdf2"}, "django"),
        ({"django": "users__api_tokens__digest__startswith,a"}, "django"),
        ({"django": "pk__in,[__import__('os').getcwd()]"}, "django"),
        ({"django": "number,(((1)"}, "django"),
        ({"limit": "-1"}, "limit"),
        ({"offset": "many"}, "offset"),
        ({"extended_qc": "a__b"}, "extended_qc"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(alice, program, query, named):
    answer = program(alice).get("sessions", **query)
    assert answer.status_code == 400, answer.content
    assert named in answer.json()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"subject": "ks001"}, 1),
        ({"django": "subject__nickname,KS001"}, 1),
        ({"django": "~subject__nickname,KS001"}, 0),
        ({"django": "users__username__in,['alice','bob'],number__gte,1"}, 1),
        ({"django": "start_time__date,2026-03-02"}, 1),
        ({"django": "location__isnull,True"}, 1),
        ({"users": "alice"}, 1),
        ({"users": "alice,carol"}, 0),
        ({"date_range": "2026-03-02,2026-03-03"}, 1),
        ({"qc": "NOT_SET"}, 1),
        ({"qc": "10"}, 0),
        ({"extended_qc": "task__gte,0.5"}, 1),
        ({"extended_qc": "task__gte,0.95"}, 0),
        ({"performance_gte": "70"}, 1),
        ({"performance_gte": "90"}, 0),
        ({"n_trials": "10"}, 1),
        ({"n_trials": "11"}, 0),
        ({"narrative": "a usual day"}, 1),
        ({"parent_session": "00000000-0000-0000-0000-000000000000"}, 0),
    ],
)
def test_sessions_are_found(animal, alice, program, query, count):
    make.session(animal, alice, extended_qc={"task": 0.9}, n_trials=10, n_correct_trials=8,
                 narrative="A usual day")  # fmt: skip
    answer = program(alice).get("sessions", **query)
    assert answer.json()["count"] == count


@pytest.mark.parametrize(
    ("endpoint", "query", "count"),
    [
        ("weighings", {"weight": "22.5"}, 1),
        ("weighings", {"weight": "22"}, 0),
        ("water-administrations", {"adlib": "True"}, 0),
        ("water-administrations", {"water_type": "water"}, 1),
        ("subjects", {"birth_date": "2026-01-01"}, 1),
        ("subjects", {"birth_date": "2026-01-02"}, 0),
        ("datasets", {"file_size": "80"}, 1),
        ("datasets", {"version": "2"}, 0),
        ("datasets", {"data_format": "npy"}, 1),
    ],
)
def test_every_own_column_is_a_filter(animal, alice, program, endpoint, query, count):
    make.weighing(animal, alice, weight_g=22.5)
    make.water(animal, alice, water_type=make.water_type())
    with recording.by(None):
        dataset = make.dataset(make.session(animal, alice))["dataset"]
        models.Dataset.objects.filter(pk=dataset).update(file_size=80, version="1")
    assert program(alice).get(endpoint, **query).json()["count"] == count


@pytest.mark.parametrize(
    ("endpoint", "query"),
    [
        ("sessions", {"n_trials": "many"}),
        ("sessions", {"parent_session": "that one"}),
        ("weighings", {"weight": "heavy"}),
        ("subjects", {"birth_date": "in spring"}),
        ("datasets", {"file_size": "1e400"}),
        ("users", {"password": "pbkdf2"}),
        ("users", {"is_superuser": "True"}),
    ],
)
def test_a_column_refuses_what_it_cannot_be(alice, program, endpoint, query):
    answer = program(alice).get(endpoint, **query)
    assert answer.status_code == 400
    assert set(query) <= set(answer.json())


def test_one_says_who_may_act_on_ones_animals(alice, carol, program):
    changed = program(alice).patch("users/alice", allowed_users=["carol"])
    assert changed.json()["allowed_users"] == ["carol"]
    assert program(alice).patch("users/carol", allowed_users=["alice"]).status_code == 403
    for power in ({"is_stock_manager": True}, {"lab": []}, {"is_superuser": True}):
        refused = program(alice).patch("users/alice", **power)
        assert (refused.status_code, set(power) <= set(refused.json())) == (400, True)
    read = program(alice).get("users/alice").json()
    assert program(alice).patch("users/alice", **read).json() == read


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"subject": "nobody"}, "subject"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"end_time": "2026-03-01T10:00:00"}, "ends"),
        ({"qc": "LOVELY"}, "qc"),
        ({"number": -1}, "number"),
        ({"n_trials": 1, "n_correct_trials": 2}, "correct"),
        ({"start_time": "2025-12-01T10:00:00"}, "born"),
    ],
)
def test_a_session_that_cannot_be_is_refused_and_the_reason_named(
    animal, alice, program, given, named
):
    facts = {"subject": "KS001", "start_time": "2026-03-02T10:00:00", "number": 1} | given
    answer = program(alice).post("sessions", **facts)
    assert answer.status_code == 400, answer.content
    assert named in answer.content.decode()
    assert models.Session.objects.count() == 0


def test_a_second_animal_of_the_name_is_refused(animal, alice, program):
    answer = program(alice).post("subjects", nickname="ks001", lab="alder")
    assert answer.status_code == 400
    assert "nickname" in answer.json()


def test_an_animal_is_found_by_its_former_name(animal, alice, program):
    assert program(alice).patch("subjects/KS001", nickname="KS100").status_code == 200
    assert program(alice).get("subjects/KS001").json()["nickname"] == "KS100"
    answer = program(alice).post("subjects", nickname="KS001", lab="alder")
    assert answer.status_code == 400


def test_what_happens_after_death_needs_a_word(animal, alice, program):
    assert program(alice).patch("subjects/KS001", death_date="2026-02-01").status_code == 200
    facts = {"subject": "KS001", "start_time": "2026-03-02T10:00:00", "number": 1}
    assert program(alice).post("sessions", **facts).status_code == 400


def test_every_write_is_told(animal, alice, program):
    program(alice).patch("subjects/KS001", description="Curious")
    entry = AuditEntry.objects.on(animal).first()
    assert (entry.user, entry.action) == (alice, "subject.changed")
    assert entry.changes == {"description": ["", "Curious"]}
    assert entry.token is not None
    assert entry.lab == animal.lab


@pytest.mark.parametrize("path", ["subjects", "sessions", "weighings", "users", "labs", "projects"])
def test_a_list_asks_a_fixed_number_of_questions(
    alder, alice, program, path, django_assert_max_num_queries
):
    for number in range(12):
        animal = make.subject(alder, alice, f"KS{number:03d}")
        make.session(animal, alice)
        make.weighing(animal, alice)
    client = program(alice)
    client.get(path)
    with django_assert_max_num_queries(10):
        assert client.get(path).status_code == 200
