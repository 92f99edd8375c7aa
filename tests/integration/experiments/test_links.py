"""Whose run a link begins, and who may go on with it, on which device."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.test_consent import WAY_OUT

from accounts.keys import digest
from accounts.models import AuditEntry
from experiments.errors import NoSuchParticipant, NotAWindow
from experiments.models import Link
from experiments.services import links
from experiments.services.links import Wish
from runs.models import Event, Run
from runs.models import Participant as Person


@pytest.fixture
def made(revision, ann):
    def make(**values):
        return experiments.token(revision, ann, **values)

    return make


@pytest.fixture
def person(project):
    return Person.objects.create(project=project)


def begun(token):
    someone = Participant(token)
    someone.begin()
    return someone


# --- going on ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["single", "personal"])
def test_a_link_for_one_goes_on_with_its_run_on_another_device(made, person, kind):
    token = made(kind=kind, **({"participant": person} if kind == "personal" else {}))
    first = begun(token)
    first.send(agree="1")
    other = Participant(token)
    assert b"Go on" in other.browser.get(f"/take/{token}/").content
    other.begin()
    assert other.title == "The study is open elsewhere"
    other.send()
    assert other.title == "About you"
    assert other.key == first.key
    assert Run.objects.count() == 1
    assert Event.objects.filter(kind="taken over").count() == 1


def test_the_first_device_can_take_its_run_back(made):
    token = made(kind="single")
    first = begun(token)
    first.send(agree="1")
    other = begun(token)
    other.send()
    assert first.look().status_code == 409
    first.send()
    assert first.title == "About you"


def test_a_link_for_one_that_is_over_shows_the_last_page_again(made):
    token = made(kind="single")
    begun(token).send(decline="1")
    again = Participant(token)
    assert b"over for you" in again.browser.get(f"/take/{token}/").content
    again.begin()
    assert again.title == "You do not take part"
    assert Run.objects.count() == 1


def test_a_personal_link_without_a_number_of_uses_begins_again_after_the_end(made, person):
    token = made(kind="personal", participant=person)
    begun(token).send(decline="1")
    assert begun(token).title == "Consent"
    assert [run.participant for run in Run.objects.all()] == [person, person]


def test_a_link_goes_on_when_it_has_closed_but_begins_nothing(made):
    token = made(kind="single", closes_at=now() + timedelta(hours=1))
    unused = made(kind="single", closes_at=now() + timedelta(hours=1))
    begun(token)
    Link.objects.update(closes_at=now() - timedelta(seconds=1))
    assert begun(token).title == "Consent"
    assert Run.objects.count() == 1
    assert Client().post(f"/take/{unused}/").status_code == 422


def test_a_revoked_link_goes_on_with_nothing(made, ann):
    token = made(kind="single")
    begun(token)
    links.revoke(link=Link.objects.get(), by=ann)
    assert Client().post(f"/take/{token}/").status_code == 404


def test_a_link_goes_on_at_the_same_address_when_the_secret_of_the_site_changed(made, settings):
    token = made(kind="single")
    first = begun(token)
    settings.SECRET_KEY = "another one"
    other = Participant(token)
    other.begin()
    assert other.key == first.key
    assert first.look().status_code == 200
    assert Run.objects.count() == 1


def test_a_press_leads_to_its_run_when_the_secret_of_the_site_changed(made, settings):
    token, client = made(), Client()
    first = client.post(f"/take/{token}/", {"press": "p" * 43})
    settings.SECRET_KEY = "another one"
    assert client.post(f"/take/{token}/", {"press": "p" * 43}).url == first.url
    assert Run.objects.count() == 1


def test_who_goes_on_by_another_key_can_withdraw_as_before_and_by_what_is_shown_now(made):
    token = made(kind="single", resume="never")
    first = begun(token)
    old = WAY_OUT.search(first.browser.get(f"/run/{first.key}/about/").content.decode())[0]
    Link.objects.update(resume=Link.Resume.LINK)
    other = Participant(token)
    other.begin()
    assert other.key != first.key
    new = WAY_OUT.search(other.browser.get(f"/run/{other.key}/about/").content.decode())[0]
    assert new != old
    for address in (old, new):
        assert b"Withdraw" in Client().get(address).content
    Client().post(new, {"confirm": "1", "scope": "all"})
    assert b"You have withdrawn" in Client().get(old).content


# --- the same browser, and the next person at it -------------------------------------------------
def test_at_a_lab_computer_nothing_of_the_last_person_is_offered(made):
    token = made()
    last = begun(token)
    page = last.browser.get(f"/take/{token}/").content
    assert last.key not in page.decode()
    assert b"Go on" not in page
    first = last.key
    last.begin()
    assert last.key != first


def test_a_browser_is_offered_its_own_run_where_the_link_says_so(made):
    token = made(resume="browser")
    someone = begun(token)
    someone.send(agree="1")
    page = someone.browser.get(f"/take/{token}/").content.decode()
    someone.address = re.search(r'<a class="button" href="([^"]+)"', page)[1]
    someone.look()
    assert someone.title == "About you"
    assert Run.objects.count() == 1
    first = someone.key
    someone.begin()
    assert someone.key != first


def test_what_a_browser_kept_is_of_use_for_no_other_link_and_no_run_that_is_over(made):
    token, other = made(resume="browser"), made(resume="browser")
    someone = begun(token)
    kept = someone.browser.cookies["studium_run"]
    assert (kept["path"], kept["httponly"], kept["samesite"]) == (f"/take/{token}/", True, "Lax")
    strange = Client()
    strange.cookies["studium_run"] = kept.value
    assert kept.value not in strange.get(f"/take/{other}/").content.decode()
    someone.send(decline="1")
    assert kept.value not in someone.browser.get(f"/take/{token}/").content.decode()


def test_a_preview_is_a_pilot(made):
    begun(made(kind="preview"))
    assert Run.objects.get().is_pilot


# --- many at once --------------------------------------------------------------------------------
def test_many_links_cost_as_many_questions_as_two(revision, ann):
    def cost(count):
        with CaptureQueriesContext(connection) as asked:
            links.make_many(
                protocol=revision.protocol, by=ann, kind="personal", wishes=[Wish()] * count
            )
        return len(asked)

    assert cost(2) == cost(30)
    assert Person.objects.count() == 32
    assert AuditEntry.objects.filter(action="link.created").count() == 32


def test_links_for_people_are_made_all_or_none(revision, ann, person):
    wishes = [Wish(person.pseudonym), Wish("NOBODY22")]
    with pytest.raises(NoSuchParticipant, match="NOBODY22"):
        links.make_many(protocol=revision.protocol, by=ann, kind="personal", wishes=wishes)
    never = Wish(values={"opens_at": now(), "closes_at": now() - timedelta(days=1)})
    with pytest.raises(NotAWindow):
        links.make_many(protocol=revision.protocol, by=ann, wishes=[Wish(), never])
    assert Link.objects.count() == 0


def command(*words, project):
    out = io.StringIO()
    place = f"{project.lab.slug}/{project.slug}"
    call_command("links", *words, "--project", place, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_the_command_writes_addresses_that_lead_to_the_study_and_lists_none(project, revision):
    words = ["melodies", "--by", "ann", "--kind", "single", "--count", "3", "--label", "=1+1"]
    rows = command("make", *words, project=project)
    assert len({row["address"] for row in rows}) == 3
    token = rows[0]["address"].rsplit("/", 2)[1]
    assert Link.objects.filter(digest=digest(token)).exists()
    assert Client().get(f"/take/{token}/").status_code == 200
    assert rows[0]["label"] == "'=1+1"
    listed = command("list", "melodies", project=project)
    assert len(listed) == 3
    assert token not in str(listed)


def test_the_command_reads_people_and_windows_from_a_file(project, revision, person, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(
        "participant,label,opens_at\n"
        f"{person.pseudonym},first,2026-03-01T08:00\n,second,2026-03-01T08:00+02:00\n"
    )
    words = ["melodies", "--by", "ann", "--kind", "personal", "--file", str(file)]
    rows = command("make", *words, project=project)
    assert [row["label"] for row in rows] == ["first", "second"]
    assert rows[0]["participant"] == person.pseudonym
    assert rows[1]["participant"] not in {"", person.pseudonym}
    first, second = Link.objects.order_by("pk")
    assert first.opens_at - second.opens_at == timedelta(hours=2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("who\nx\n", "known are"),
        ("", "known are"),
        ("opens_at\nsoon\n", "Line 2: 'soon' is no time"),
        ("opens_at\n2026-02-31T08:00\n", "Line 2"),
        ("participant\nNOBODY22\n", "NOBODY22"),
        (f"label\n{'x' * 201}\n", "at most 200"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_its_place(project, revision, tmp_path, content, says):
    file = tmp_path / "people.csv"
    file.write_text(content)
    with pytest.raises(CommandError, match=re.escape(says)):
        command("make", "melodies", "--by", "ann", "--file", str(file), project=project)
    assert Link.objects.count() == 0


def test_links_are_revoked_by_their_label(project, revision, ann):
    for label in ("pilot", "pilot", "main"):
        experiments.token(revision, ann, label=label)
    command("revoke", "melodies", "--by", "ann", "--label", "pilot", project=project)
    assert Link.objects.filter(revoked_at=None).get().label == "main"
    assert AuditEntry.objects.filter(action="link.revoked").count() == 2
