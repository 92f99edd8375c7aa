"""Mail by Mailgun: sent once, tried again where that is safe, and its key is never shown."""

import socket
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from tests.factories import fake_mailgun

from common import mailgun
from config import email

KEY = "key-0123456789abcdef"


@pytest.fixture
def fake(settings, monkeypatch):
    monkeypatch.setattr(mailgun, "PAUSE_S", 0.01)
    with fake_mailgun.running(fake_mailgun.Mailgun(KEY)) as running:
        _use(settings, running.url)
        yield running


def _use(settings, url, key=KEY, **more):
    read = email.from_url(f"mailgun://mg.example.org?api={url}", key=key)
    settings.EMAIL_BACKEND = read["EMAIL_BACKEND"]
    settings.MAILGUN = read["MAILGUN"] | more


def _letter(**more):
    return EmailMessage("Grüße", "Bald fertig.\n", "lab@mg.example.org", ["a@x.org"], **more)


def test_a_message_arrives_as_it_is(fake):
    message = EmailMultiAlternatives(
        "Grüße", "Fertig.\n", "Labor <lab@mg.example.org>", ["a@x.org"], bcc=["c@x.org"]
    )
    message.attach_alternative("<p>Fertig.</p>", "text/html")
    message.attach("order.csv", "1,2\n", "text/csv")
    assert message.send() == 1
    ((to, got),) = fake.told
    assert fake.paths == ["/v3/mg.example.org/messages.mime"]
    assert to == ["a@x.org", "c@x.org"]
    assert (got["Subject"], got["From"]) == ("Grüße", "Labor <lab@mg.example.org>")
    assert "c@x.org" not in str(got), "a hidden recipient stays hidden"
    assert [part.get_content_type() for part in got.walk()][-1] == "text/csv"


def test_many_messages_go_out_one_by_one_and_one_to_nobody_does_not(fake):
    nobody = EmailMessage("x", "y", "lab@mg.example.org", [])
    assert get_connection().send_messages([_letter(), nobody, _letter()]) == 2
    assert len(fake.told) == 2


def test_a_wrong_key_is_told_without_showing_it(fake, settings, caplog):
    _use(settings, fake.url, key="key-wrong-secret")
    with pytest.raises(OSError, match="refused the key or the domain") as refusal:
        _letter().send()
    said = "".join(traceback.format_exception(refusal.value)) + caplog.text
    assert "key-wrong-secret" not in said
    assert "YXBpOmtleS13cm9uZy1zZWNyZXQ" not in said, "nor as it is sent"
    assert len(fake.paths) == 1, "a wrong key does not become right"


@pytest.mark.parametrize("busy", [500, 503, 429])
def test_a_busy_server_is_asked_again(fake, caplog, busy):
    fake.answers = [busy, busy, 200]
    assert _letter().send() == 1
    assert (len(fake.paths), len(fake.told)) == (3, 1)
    assert KEY not in caplog.text


def test_a_server_that_stays_broken_is_given_up(fake):
    fake.answers = [500]
    with pytest.raises(mailgun.MailNotTaken, match="did not take the message"):
        _letter().send()
    assert len(fake.paths) == mailgun.TRIES


def test_a_silent_server_costs_a_limited_time_and_is_not_asked_twice(fake, settings):
    """It may have taken the message: a second one would be a second mail."""
    fake.silent_s = 1
    _use(settings, fake.url, wait_s=0.2)
    with pytest.raises(mailgun.MailNotTaken, match="did not answer \\(TimeoutError\\)") as refusal:
        _letter().send()
    assert KEY not in "".join(traceback.format_exception(refusal.value))
    assert len(fake.paths) == 1


def test_nobody_at_the_address_is_told(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        _use(settings, f"http://127.0.0.1:{probe.getsockname()[1]}")
        with pytest.raises(mailgun.MailNotTaken, match="ConnectionRefusedError"):
            _letter().send()


def test_the_key_does_not_follow_to_another_address(fake):
    with fake_mailgun.running(fake_mailgun.Mailgun(KEY)) as other:
        fake.answers, fake.moved_to = [307], f"{other.url}/v3/elsewhere"
        with pytest.raises(mailgun.MailNotTaken, match="307"):
            _letter().send()
    assert other.paths == []


def test_who_asks_for_silence_gets_it(fake):
    fake.answers = [400]
    assert _letter(connection=get_connection(fail_silently=True)).send() == 0


def test_the_region_chooses_the_address():
    at = {region: email.from_url(f"mailgun://d.org?region={region}", key="k")["MAILGUN"]["address"]
          for region in ("us", "eu")}  # fmt: skip
    assert at["us"] == "https://api.mailgun.net/v3/d.org/messages.mime"
    assert at["eu"] == "https://api.eu.mailgun.net/v3/d.org/messages.mime"


@pytest.mark.parametrize(
    ("url", "key", "remedy"),
    [
        ("mailgun://d.org", "", "MAILGUN_KEY is not set"),
        ("mailgun://d.org?region=mars", "k", "write us or eu"),
        ("mailgun://d.org?api=http://elsewhere.org", "k", "https:// alone"),
    ],
)
def test_half_a_setting_is_refused(url, key, remedy):
    with pytest.raises(ImproperlyConfigured, match=remedy):
        email.from_url(url, key=key)


def test_mail_goes_to_mailgun_only_where_a_site_says_so(tmp_path):
    def where(given="", key="", sender="Lab <lab@mg.example.org>"):
        return email.address(given, key, sender=sender, state=tmp_path)

    assert where() == f"file://{tmp_path / 'mail'}"
    assert where(key="k") == "mailgun://mg.example.org"
    assert where("smtp://host", key="k") == "smtp://host"
    with pytest.raises(ImproperlyConfigured, match="which domain sends"):
        where(key="k", sender="Studium <studium@localhost>")
