"""Letters about searches: who gets them, and that each comes once, by a real mail server."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils.timezone import now
from tests.factories import accounts as make
from tests.factories import fake_smtp
from tests.factories import searches as some

from jobs.models import Job
from planning.models import SearchLetter
from planning.services import mails, searches

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(alder):
    return some.plan(make.project(alder))


@pytest.fixture
def mailbox(settings):
    with fake_smtp.running() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", urlsplit(box.url).port
        yield box


def _send_all():
    """Do the letters' jobs, each twice, as a worker does that was killed after the first time."""
    told = [job.arguments["letter"] for job in Job.objects.filter(name="planning.send_letter")]
    return [mails.send(letter=letter) for letter in told * 2]


def test_who_asked_gets_one_letter_at_the_beginning_and_one_at_the_end(plan, alice, mailbox):
    search = some.search(plan, alice, tells_by_mail=True, islands=2)
    some.work(search)
    some.work(search)
    _send_all()
    assert [to for to, _ in mailbox.messages] == [["alice@example.org"]] * 2
    began, ended = (message for _, message in mailbox.messages)
    assert began["Subject"] == "Search for designs of Faces has begun"
    assert ended["Subject"] == "Search for designs of Faces: done"
    for message in (began, ended):
        assert reverse("planning:search", args=[search.pk]) in message.get_content()
        assert message["Auto-Submitted"] == "auto-generated"
    assert began["Message-ID"] != ended["Message-ID"]
    assert "4 designs were found" in ended.get_content()


def test_who_did_not_ask_gets_none(plan, alice):
    some.done(plan, alice)
    assert not SearchLetter.objects.exists()


def test_a_cancelled_search_is_told_of_as_such(plan, alice, mailbox):
    search = some.search(plan, alice, tells_by_mail=True)
    searches.cancel(search=search, by=alice)
    _send_all()
    assert [message["Subject"] for _, message in mailbox.messages] == [
        "Search for designs of Faces: cancelled"
    ]


def test_a_name_with_line_ends_makes_no_header(plan, alice, mailbox):
    plan.name = "Faces\nBcc: eve@example.org"
    plan.save()
    some.done(plan, alice, tells_by_mail=True)
    _send_all()
    assert all(to == ["alice@example.org"] for to, _ in mailbox.messages)
    assert all(message["Bcc"] is None for _, message in mailbox.messages)


def test_a_mail_server_that_is_away_is_tried_again_and_nobody_is_named(plan, alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    some.done(plan, alice, tells_by_mail=True)
    letter = SearchLetter.objects.first()
    with pytest.raises(mails.LetterUnsent) as refused:
        mails.send(letter=letter.pk)
    assert "alice" not in str(refused.value)
    letter.refresh_from_db()
    assert (letter.sent_at, letter.held_until) == (None, None)


def test_what_another_attempt_is_sending_is_left_to_it(plan, alice, mailbox):
    some.done(plan, alice, tells_by_mail=True)
    letter = SearchLetter.objects.first()
    SearchLetter.objects.update(held_until=now() + timedelta(minutes=1))
    with pytest.raises(mails.LetterUnsent):
        mails.send(letter=letter.pk)
    assert not mailbox.messages
    SearchLetter.objects.update(held_until=now() - timedelta(seconds=1))
    assert mails.send(letter=letter.pk)


def test_somebody_who_has_left_gets_none(plan, alice, mailbox):
    some.done(plan, alice, tells_by_mail=True)
    alice.is_active = False
    alice.save()
    _send_all()
    assert not mailbox.messages
