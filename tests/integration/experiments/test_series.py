"""Somebody's way through a series: windows, what follows, what is missed, letters."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant
from tests.unit.experiments.test_series import WORDS

from experiments.errors import NotAProtocol, NotAZone
from experiments.models import Appointment, Enrolment, Link, Reminder
from experiments.services import reminding, series
from ops.scheduled import TendSeries
from runs.models import Letter, Run
from runs.models import Participant as Person
from runs.services import identities, letters, withdrawals

SHORT = experiments.WORDS | {"flow": [
    {"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers."},
    {"name": "end", "kind": "end", "title": "Thank you"},
]}  # fmt: skip
A_DAY = timedelta(days=1)


@pytest.fixture
def revision(project, ann):
    return experiments.published(project, ann, SHORT)


@pytest.fixture
def person(project):
    return Person.objects.create(project=project)


@pytest.fixture
def enrolled(project, ann, revision, person):
    def enrol(change=None, zone="Europe/Berlin"):
        first, second = WORDS["waves"]
        words = WORDS | {"waves": [first, second | (change or {})]}
        made = series.write(project=project, by=ann, words=words)
        return series.enrol(series=made, participant=person, by=ann, time_zone=zone)

    return enrol


def page(token):
    return Client().get(f"/series/{token}/").content.decode()


def into(token):
    """Open the wave that the page of a series leads into."""
    return Participant(re.search(r'href="/take/([^"/]+)/"', page(token))[1])


def through(token):
    someone = into(token)
    someone.begin()
    someone.send(agree="1")
    assert someone.title == "Thank you"
    return someone


def shift(by):
    """Let time go by for all that is planned: move it back instead."""
    Appointment.objects.update(opens_at=F("opens_at") - by, closes_at=F("closes_at") - by)
    Link.objects.update(opens_at=F("opens_at") - by, closes_at=F("closes_at") - by)
    Reminder.objects.update(due_at=F("due_at") - by)


def states():
    return list(Appointment.objects.values_list("wave", "state"))


# --- from wave to wave ---------------------------------------------------------------------------
def test_the_next_wave_is_planned_when_the_one_before_is_done_and_opens_in_its_window(enrolled):
    token = enrolled().token
    assert states() == [("first", "planned")]
    through(token)
    assert states() == [("first", "done"), ("second", "planned")]
    assert "Opens on" in page(token)
    assert "/take/" not in page(token)
    second = Appointment.objects.get(wave="second")
    early = Client().post(f"/take/{series.wave_token(second.enrolment, 1)}/")
    assert (early.status_code, b"not open" in early.content) == (422, True)
    shift(second.opens_at - now() + timedelta(minutes=1))
    through(token)
    assert states() == [("first", "done"), ("second", "done")]
    enrolment = Enrolment.objects.get()
    assert (enrolment.why, bool(enrolment.ended_at)) == ("through", True)
    assert Person.objects.count() == 1
    assert {run.participant for run in Run.objects.all()} == {enrolment.participant}


def test_a_wave_opens_at_the_time_of_the_participants_clock(enrolled):
    through(enrolled(zone="America/New_York").token)
    second = Appointment.objects.get(wave="second")
    zone = series.zone_named("America/New_York")
    assert second.opens_at.astimezone(zone).strftime("%H:%M") == "05:30"
    assert second.closes_at.astimezone(zone).strftime("%H:%M") == "02:00"
    assert (second.link.opens_at, second.link.closes_at) == (second.opens_at, second.closes_at)


def test_a_wave_that_was_begun_goes_on_by_the_page_on_another_device(enrolled):
    token = enrolled().token
    first = into(token)
    first.begin()
    assert "Go on with first" in page(token)
    other = into(token)
    other.begin()
    assert other.key == first.key


def test_who_declines_ends_their_series(enrolled):
    token = enrolled().token
    someone = into(token)
    someone.begin()
    someone.send(decline="1")
    assert states() == [("first", "done")]
    assert Enrolment.objects.get().why == "declined"
    assert "does not take place" in page(token)


@pytest.mark.parametrize(("missed", "why"), [("go on", "through"), ("stop", "missed")])
def test_a_wave_that_was_missed_is_noted_once_and_the_series_goes_on_or_stops(
    enrolled, missed, why
):
    token = enrolled({"missed": missed}).token
    through(token)
    second = Appointment.objects.get(wave="second")
    assert series.miss(at=second.closes_at - timedelta(seconds=1)) == 0
    assert series.miss(at=second.closes_at) == 1
    assert series.miss(at=second.closes_at) == 0
    assert states() == [("first", "done"), ("second", "missed")]
    assert Enrolment.objects.get().why == why


def test_what_follows_a_missed_wave_is_counted_from_its_closing(project, ann, revision, person):
    first, second = WORDS["waves"]
    first = first | {"closes": "02:00", "closes_days": 2}
    made = series.write(project=project, by=ann, words=WORDS | {"waves": [first, second]})
    series.enrol(series=made, participant=person, by=ann, time_zone="UTC")
    closes = Appointment.objects.get().closes_at
    assert series.miss(at=closes + timedelta(hours=5)) == 1
    after = Appointment.objects.get(wave="second")
    assert after.opens_at - closes == timedelta(hours=3, minutes=30)  # 02:00 was still the night


def test_a_wave_that_was_begun_is_not_missed(enrolled):
    token = enrolled({"after": "enrolment"}).token
    second = Appointment.objects.get(wave="second")
    shift(second.opens_at - now() + timedelta(minutes=1))
    begun = Participant(series.wave_token(second.enrolment, 1))
    begun.begin()
    assert series.miss(at=now() + 3 * A_DAY) == 0
    begun.send(agree="1")
    assert ("second", "done") in states()
    assert token


def test_who_is_enrolled_again_has_another_address_and_nothing_twice(enrolled):
    first, second = enrolled(), enrolled()
    assert first.token != second.token
    assert Client().get(f"/series/{first.token}/").status_code == 404
    assert Appointment.objects.count() == 1


def test_who_is_enrolled_goes_on_with_the_series_as_it_was(enrolled, project, ann):
    token = enrolled().token
    series.write(project=project, by=ann, words=WORDS | {"waves": WORDS["waves"][:1]})
    through(token)
    assert states() == [("first", "done"), ("second", "planned")]


def test_a_series_names_experiments_that_are_there(project, ann, revision):
    with pytest.raises(NotAProtocol, match="no experiment nowhere"):
        series.write(project=project, by=ann, words=WORDS | {"waves": [
            WORDS["waves"][0] | {"protocol": "nowhere"}]})  # fmt: skip


def test_who_withdraws_leaves_no_appointment(enrolled):
    through(enrolled().token)
    withdrawals.withdraw(run=Run.objects.get())
    assert (Enrolment.objects.count(), Appointment.objects.count()) == (0, 0)
    assert Reminder.objects.count() == 0


def test_who_withdraws_from_one_wave_alone_ends_the_series_and_keeps_what_was_before(enrolled):
    token = enrolled().token
    through(token)
    second = Appointment.objects.get(wave="second")
    Link.objects.filter(pk=second.link_id).update(opens_at=now() - A_DAY)
    Appointment.objects.filter(pk=second.pk).update(opens_at=now() - A_DAY)
    into(token).begin()
    run = Run.objects.get(status="active")
    withdrawals.withdraw(run=run, everything=False)
    assert list(Appointment.objects.order_by("number").values_list("state", flat=True)) == [
        "done",
        "done",
    ]
    enrolment = Enrolment.objects.get()
    assert enrolment.ended_at is not None
    assert enrolment.why == "withdrawn"
    assert series.settle_what_was_left() == 0


# --- where they live -----------------------------------------------------------------------------
def test_another_time_zone_moves_what_has_not_begun(enrolled):
    token = enrolled().token
    through(token)
    before = Appointment.objects.get(wave="second").opens_at
    assert Client().post(f"/series/{token}/", {"time_zone": "Asia/Tokyo"}).status_code == 302
    after = Appointment.objects.get(wave="second")
    zone = series.zone_named("Asia/Tokyo")
    assert after.opens_at.astimezone(zone).strftime("%H:%M") == "05:30"
    assert after.opens_at != before
    assert after.link.opens_at == after.opens_at
    opening = Reminder.objects.get(name="open")
    assert opening.due_at == after.opens_at
    assert "Asia/Tokyo" in page(token)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "\0", "x" * 9999])
def test_what_is_no_time_zone_is_refused(enrolled, zone):
    token = enrolled().token
    assert Client().post(f"/series/{token}/", {"time_zone": zone}).status_code == 422
    assert Enrolment.objects.get().time_zone == "Europe/Berlin"
    with pytest.raises(NotAZone):
        enrolled(zone=zone)


# --- letters -------------------------------------------------------------------------------------
@pytest.fixture
def second_opens(enrolled, person):
    identities.know(participant=person, facts={identities.ADDRESS: "eve@example.org"})
    enrolled_ = enrolled()
    through(enrolled_.token)
    Letter.objects.all().delete()
    second = Appointment.objects.get(wave="second")
    shift(second.opens_at - now() + timedelta(minutes=1))
    return enrolled_


def sent():
    for letter in Letter.objects.filter(sent_at=None):
        letters.send(letter=str(letter.pk))
    return mail.outbox


def test_a_reminder_is_posted_once_and_leads_into_the_wave(second_opens):
    mail.outbox.clear()
    assert TendSeries().work() == "0 waves were missed, 1 reminders posted"
    assert reminding.remind(at=now()) == 0
    [letter] = sent()
    assert letter.to == ["eve@example.org"]
    address = re.search(r"http\S+", letter.body)[0]
    assert Client().get(re.sub(r"^https?://[^/]+", "", address)).status_code == 200
    assert Letter.objects.get().sealed == ""


def test_no_reminder_is_posted_to_who_has_begun_or_when_it_is_too_late(second_opens):
    into(second_opens.token).begin()
    assert reminding.remind(at=now() + A_DAY) == 0
    assert set(Reminder.objects.values_list("state", flat=True)) == {"not needed"}


def test_a_reminder_that_comes_after_the_closing_is_of_no_use(second_opens):
    closes = Appointment.objects.get(wave="second").closes_at
    assert reminding.remind(at=closes) == 0
    assert set(Reminder.objects.values_list("state", flat=True)) == {"not needed"}


def test_who_gave_no_address_gets_no_letter(enrolled):
    through(enrolled().token)
    due = Reminder.objects.get(name="open").due_at
    assert reminding.remind(at=due) == 0
    assert Reminder.objects.get(name="open").state == "no address"


def test_one_reminder_that_cannot_be_written_stops_no_other_and_is_given_up(
    second_opens, project, ann, caplog
):
    broken = Enrolment.objects.get()
    other = Person.objects.create(project=project)
    identities.know(participant=other, facts={identities.ADDRESS: "kim@example.org"})
    made = series.enrol(series=broken.series, participant=other, by=ann, time_zone="UTC")
    Enrolment.objects.filter(pk=made.enrolment.pk).update(words={})
    mine = Appointment.objects.get(enrolment=made.enrolment)
    Reminder.objects.create(appointment=mine, name="now", due_at=now() - A_DAY)
    assert reminding.remind(at=now()) == 1
    for _ in range(reminding.MOST_TRIES):
        reminding.remind(at=now())
    assert Reminder.objects.get(name="now").state == "failed"
    assert "kim@example.org" not in caplog.text


# --- by command ----------------------------------------------------------------------------------
def command(*words, project):
    out = io.StringIO()
    place = f"{project.lab.slug}/{project.slug}"
    call_command("series", *words, "--project", place, stdout=out)
    return out.getvalue()


def test_a_series_is_written_people_are_enrolled_and_listed_by_command(
    project, revision, person, tmp_path
):
    file, people = tmp_path / "week.json", tmp_path / "people.csv"
    file.write_text(json.dumps(WORDS))
    assert "2 waves" in command("write", str(file), "--by", "ann", project=project)
    people.write_text(
        f"participant,time_zone,e-mail\n{person.pseudonym},Asia/Tokyo,eve@example.org\n,,\n"
    )
    words = ["enrol", "week", "--by", "ann", "--file", str(people)]
    first, second = csv.DictReader(io.StringIO(command(*words, project=project)))
    assert (first["participant"], first["time_zone"]) == (person.pseudonym, "Asia/Tokyo")
    assert second["time_zone"] == project.lab.time_zone
    assert page(first["address"].rsplit("/", 2)[1])
    assert identities.address_of(person) == "eve@example.org"
    listed = list(csv.DictReader(io.StringIO(command("list", "week", project=project))))
    assert [row["state"] for row in listed] == ["planned", "planned"]
    stop = ["stop", "week", "--by", "ann", "--reason", "moved away"]
    command(*stop, "--participant", person.pseudonym, project=project)
    assert Enrolment.objects.get(participant=person).why == "moved away"
    assert ("first", "cancelled") in states()


def test_a_file_with_a_fault_enrols_nobody(project, revision, person, tmp_path):
    file, people = tmp_path / "week.json", tmp_path / "people.csv"
    file.write_text(json.dumps(WORDS))
    command("write", str(file), "--by", "ann", project=project)
    people.write_text(f"participant,time_zone\n{person.pseudonym},UTC\n,Mars/Base\n")
    with pytest.raises(CommandError, match="no time zone"):
        command("enrol", "week", "--by", "ann", "--file", str(people), project=project)
    assert Enrolment.objects.count() == 0


# --- what breaks on the way ----------------------------------------------------------------------
def test_a_series_that_cannot_go_on_ends_no_participants_page_and_goes_on_later(enrolled, caplog):
    token = enrolled().token
    kept = Enrolment.objects.get().words
    someone = into(token)
    someone.begin()
    Enrolment.objects.update(words={})
    someone.send(agree="1")
    assert someone.title == "Thank you"
    assert Run.objects.get().status == "completed"
    assert "Going on in a series failed" in caplog.text
    assert states() == [("first", "planned")]
    Enrolment.objects.update(words=kept)
    TendSeries().work()
    assert states() == [("first", "done"), ("second", "planned")]
    assert Appointment.objects.get(wave="first").run == Run.objects.get()


def test_one_series_that_cannot_go_on_keeps_no_other_from_noting_what_was_missed(
    enrolled, project, ann, revision
):
    first, second = WORDS["waves"]
    first = first | {"closes": "02:00", "closes_days": 1}
    made = series.write(project=project, by=ann, words=WORDS | {"waves": [first, second]})
    for _ in range(2):
        who = Person.objects.create(project=project)
        series.enrol(series=made, participant=who, by=ann, time_zone="UTC")
    Enrolment.objects.filter(pk=Enrolment.objects.first().pk).update(words={})
    assert series.miss(at=now() + 3 * A_DAY) == 1
    assert sorted(state for _, state in states()) == ["missed", "planned", "planned"]
