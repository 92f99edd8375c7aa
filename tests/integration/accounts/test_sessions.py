"""Where somebody is signed in, and ending it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django.utils.timezone import now
from tests.factories.accounts import PASSWORD

from accounts.models import SignIn
from accounts.services import people

SECURITY = "/accounts/me/security/"


@pytest.fixture
def devices(alice):
    """Two devices on which alice is signed in."""
    clients = [Client(headers={"User-Agent": name}) for name in ("desk", "tablet")]
    for client in clients:
        client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    return clients


def is_in(client):
    return client.get("/accounts/me/").status_code == 200


def test_the_page_lists_each_device_and_marks_this_one(devices):
    page = devices[0].get(SECURITY).content.decode()
    assert "desk" in page
    assert "tablet" in page
    assert page.count("this one") == 1


def test_one_device_is_signed_out(devices, actions):
    desk, tablet = devices
    desk.post(f"/accounts/me/sessions/{SignIn.objects.get(device='tablet').pk}/end/")
    assert is_in(desk)
    assert not is_in(tablet)
    assert actions()[-1] == "session.ended"


def test_signing_out_everywhere_ends_sessions_without_a_record_too(devices, alice):
    desk, tablet = devices
    SignIn.objects.filter(device="tablet").delete()
    desk.post("/accounts/me/sessions/end/")
    assert not is_in(desk)
    assert not is_in(tablet)


def test_nobody_ends_somebody_elses_session(devices, as_, bob):
    tablet = SignIn.objects.get(device="tablet")
    assert as_(bob).post(f"/accounts/me/sessions/{tablet.pk}/end/").status_code == 404
    assert is_in(devices[1])


def test_a_closed_account_is_out_at_once(devices, alice, carol):
    people.deactivate(person=alice, by=carol, reason="left")
    assert not any(map(is_in, devices))
    people.reactivate(person=alice, by=carol, reason="came back")
    assert not any(map(is_in, devices))


def test_last_seen_is_written_every_five_minutes_and_not_for_each_page(devices):
    first = SignIn.objects.get(device="desk").seen_at
    devices[0].get(SECURITY)
    assert SignIn.objects.get(device="desk").seen_at == first
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        devices[0].get(SECURITY)
    assert SignIn.objects.get(device="desk").seen_at - first > timedelta(minutes=5)


def test_expired_sessions_leave_the_list(devices):
    tablet = devices[1].session
    tablet.delete()
    assert "tablet" not in devices[0].get(SECURITY).content.decode()


def test_times_are_shown_in_the_persons_zone(as_, alice):
    alice.time_zone = "Asia/Kathmandu"
    alice.save()
    page = as_(alice).get("/accounts/me/").content.decode()
    local = alice.date_joined.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert f"{local:%H:%M}" in page
    assert timezone.get_current_timezone_name() == "UTC"


def test_an_unknown_zone_shows_the_sites(as_, alice):
    alice.time_zone = "../etc/passwd"
    alice.save()
    assert as_(alice).get("/accounts/me/").status_code == 200


def test_a_new_address_takes_the_password_and_tells_the_old(
    as_, idle, alice, django_capture_on_commit_callbacks, mailoutbox
):
    client = idle(as_(alice))
    facts = {
        "first_name": "Alice",
        "last_name": "A",
        "email": "new@example.org",
        "time_zone": "UTC",
    }
    assert b"Type your password to change" in client.post("/accounts/me/", facts).content
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/me/", facts | {"own_password": PASSWORD})
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert mailoutbox[0].to == ["alice@example.org"]


def test_names_change_without_a_password(as_, alice, actions):
    facts = {"first_name": "Ally", "last_name": "", "email": alice.email, "time_zone": "UTC"}
    as_(alice).post("/accounts/me/", facts)
    alice.refresh_from_db()
    assert alice.first_name == "Ally"
    assert actions()[-1] == "profile.changed"


def test_an_address_belongs_to_one_person(as_, alice, bob):
    facts = {"email": "BOB@example.org", "time_zone": "UTC", "own_password": PASSWORD}
    assert b"has this e-mail address already" in as_(alice).post("/accounts/me/", facts).content


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/5 Chrome/140 Safari/5 Edg/140",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU OS 18 like Mac OS X) CriOS/140 Safari/6", "Chrome on iPhone"),
        ("curl/8.5.0", "curl"),
        ("", "an unknown device"),
    ],
)
def test_a_device_is_named_in_words(said, words):
    assert SignIn(device=said).device_in_words == words
