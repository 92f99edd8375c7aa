"""Who hears of what, once an hour, by mail that is tried three times."""

import socket
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.utils.timezone import now
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import Project
from jobs import registry
from jobs.models import Job
from lab import models, recording
from lab.errors import DoesNotFit
from lab.models import NewsKind
from lab.services import measurements, news, news_mail, requests, subjects, told_lately
from lab.services.news import Story

Status = models.Notification.Status


@pytest.fixture
def dora(alder):
    return accounts.person("dora", lab=alder, role="technician")


def story(animal, kind=NewsKind.UNDERWEIGHT, title="Too light"):
    return Story(kind, title, "20 g", animal.lab, animal, (animal.responsible_user,))


def hearers(animal, **how):
    found = news.audience_of([story(animal, **how)])
    [people] = found.values()
    return set(models.Notification.users.field.related_model.objects.filter(pk__in=people)
               .values_list("username", flat=True))  # fmt: skip


# --- who ---------------------------------------------------------------------------------------
def test_whoever_is_responsible_hears_of_it(animal, alice, carol):
    assert hearers(animal) == {"alice"}


def test_one_may_opt_out_of_one_kind(animal, alice):
    news.choose(by=alice, kind=NewsKind.UNDERWEIGHT, scope="none")
    assert hearers(animal) == set()
    assert hearers(animal, kind=NewsKind.WATER_DUE) == {"alice"}
    news.choose_the_usual(by=alice)
    assert hearers(animal) == {"alice"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("none", {"alice"}), ("mine", {"alice"}), ("lab", {"alice", "dora"}),
     ("all", {"alice", "dora"})],
)  # fmt: skip
def test_a_rule_reaches_as_far_as_its_scope(animal, dora, scope, expected):
    news.choose(by=dora, kind=NewsKind.UNDERWEIGHT, scope=scope)
    assert hearers(animal) == expected


@pytest.mark.parametrize("scope", ["lab", "all"])
def test_nobody_hears_of_another_labs_animals(animal, bob, scope):
    news.choose(by=bob, kind=NewsKind.UNDERWEIGHT, scope=scope)
    assert hearers(animal) == {"alice"}


def test_an_operator_who_wants_all_hears_of_all(animal, olga):
    news.choose(by=olga, kind=NewsKind.UNDERWEIGHT, scope="all")
    assert hearers(animal) == {"alice", "olga"}


def test_a_closed_projects_animals_stay_closed(animal, dora, alder):
    closed = Project.objects.create(lab=alder, name="Closed", visibility="members")
    with recording.by(None):
        animal.projects.add(closed)
    news.choose(by=dora, kind=NewsKind.UNDERWEIGHT, scope="all")
    assert hearers(animal) == {"alice"}


def test_who_has_left_hears_nothing(animal, alice):
    alice.is_active = False
    alice.save()
    animal.refresh_from_db()
    assert news.tell([story(animal)]) == []
    assert not models.Notification.objects.exists()


def test_one_choice_for_a_kind(alice):
    news.choose(by=alice, kind=NewsKind.UNDERWEIGHT, scope="lab")
    news.choose(by=alice, kind=NewsKind.UNDERWEIGHT, scope="all")
    rule = models.NotificationRule.objects.get()
    assert (rule.user, rule.scope) == (alice, "all")


@pytest.mark.parametrize(("kind", "scope"), [("moon", "all"), ("mouse_water", "everywhere")])
def test_an_unknown_choice_is_named(alice, kind, scope):
    with pytest.raises(DoesNotFit):
        news.choose(by=alice, kind=kind, scope=scope)


# --- when ---------------------------------------------------------------------------------------
def test_the_same_is_told_once_an_hour(animal):
    assert len(news.tell([story(animal)])) == 1
    assert news.tell([story(animal)]) == []
    assert len(news.tell([story(animal, title="Another")])) == 1
    assert len(news.tell([story(animal)], moment=now() + timedelta(hours=1, seconds=1))) == 1


def test_what_nobody_wanted_to_hear_keeps_nobody_from_hearing_it(animal, alice):
    news.choose(by=alice, kind=NewsKind.UNDERWEIGHT, scope="none")
    news.tell([story(animal)])
    news.choose(by=alice, kind=NewsKind.UNDERWEIGHT, scope="mine")
    assert len(news.tell([story(animal)])) == 1


def test_of_eight_who_claim_at_once_one_gets_it(at_once):
    moment = now()

    def claim(_number):
        return told_lately.claim(["a", "b"], within=timedelta(hours=1), moment=moment)

    assert sorted(key for keys in at_once(8, claim) for key in keys) == ["a", "b"]


def test_old_claims_are_forgotten(db):
    told_lately.claim(["a"], within=timedelta(hours=1), moment=now() - timedelta(days=9))
    assert told_lately.forget(moment=now()) == 1


# --- of what -------------------------------------------------------------------------------------
@pytest.fixture
def thirsty(animal, alder):
    with recording.by(None):
        alder.profile.reference_weight_fraction = 0.8
        alder.profile.save()
    make.restriction(animal, began_at=now() - timedelta(days=3))
    return animal


def weigh(animal, by, weight, **values):
    return measurements.weigh(by=by, values={"subject": animal, "weight_g": weight, **values})


def test_a_weight_below_the_minimum_is_told_at_once(thirsty, alice):
    weigh(thirsty, alice, 19.0)
    [told] = models.Notification.objects.all()
    assert told.title == "Warning: KS001 is at or below its minimum weight"
    assert "76.0 %" in told.message
    assert list(told.users.all()) == [alice]


def test_a_good_weight_and_an_old_one_are_not(thirsty, alice):
    weigh(thirsty, alice, 24.0)
    weigh(thirsty, alice, 19.0, at=now() - timedelta(days=2))
    assert not models.Notification.objects.exists()


def test_another_person_for_an_animal_is_told_to_both(animal, alice, carol):
    subjects.change_subject(subject=animal, by=carol, values={"responsible_user": carol})
    [told] = models.Notification.objects.all()
    assert set(told.users.all()) == {alice, carol}
    assert told.kind == NewsKind.RESPONSIBLE_CHANGED


def test_requests_are_told_to_those_who_keep_the_colony_and_their_end_to_who_asked(
    alder, alice, carol
):
    fred = accounts.person("fred", lab=alder, role="colony manager")
    line = make.line(alder)
    request = requests.create_request(by=alice, values={"line": line, "count": 2})
    [asked] = models.Notification.objects.all()
    assert (asked.kind, list(asked.users.all())) == (NewsKind.REQUEST_MADE, [fred])
    assert "2 of" in asked.title
    animals = [make.subject(alder, carol, f"A{number}", line=line) for number in range(2)]
    requests.fulfil(request=request, by=fred, subjects=animals[:1])
    done = models.Notification.objects.filter(kind=NewsKind.REQUEST_FULFILLED)
    assert not done.exists()
    requests.fulfil(request=request, by=fred, subjects=animals[1:])
    assert list(done.get().users.all()) == [alice]
    moved = models.Notification.objects.filter(kind=NewsKind.RESPONSIBLE_CHANGED)
    assert [set(row.users.all()) for row in moved] == [{alice, carol}] * 2


def test_many_handed_over_are_told_in_one_go(alder, alice, carol):
    animals = [make.subject(alder, alice, f"A{number}") for number in range(5)]
    requests.hand_over(by=carol, subjects=animals, to=carol)
    assert models.Notification.objects.count() == 5
    requests.hand_over(by=carol, subjects=animals, to=carol)
    assert models.Notification.objects.count() == 5


# --- by mail -----------------------------------------------------------------------------------
class Postbox:
    """What a mail server does with what it gets: keeps it, or refuses as often as it is told."""

    def __init__(self):
        self.mails, self.refusals = [], 0

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802  aiosmtpd calls it so
        if self.refusals:
            self.refusals -= 1
            return "451 try again later"
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def postbox(settings):
    """A mail server on this machine, which the site sends to."""
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()
    server = Controller(box, hostname=settings.EMAIL_HOST, port=settings.EMAIL_PORT)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 10
    yield box
    server.stop()


@pytest.fixture
def told(animal, alice, carol):
    news.choose(by=carol, kind=NewsKind.UNDERWEIGHT, scope="lab")
    return news.tell([story(animal), story(animal, title="Much too light")])


def keys(rows):
    return [str(row.pk) for row in rows]


def test_a_job_is_asked_to_send(animal, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        [row] = news.tell([story(animal)])
    job = Job.objects.get(name="lab.send_news")
    assert job.arguments == {"notifications": [str(row.pk)]}
    assert registry.get(job.name).attempts == job.max_attempts == 3


def test_each_person_gets_one_mail_about_all(told, postbox):
    outcome = news_mail.send(notifications=keys(told))
    assert (outcome.sent, outcome.again) == (2, 0)
    assert sorted(to for [to], _text in postbox.mails) == [
        "alice@example.org", "carol@example.org",
    ]  # fmt: skip
    assert "Much too light" in postbox.mails[0][1]
    row = models.Notification.objects.first()
    assert (row.status, row.sent_at is None) == (Status.SENT, False)


def test_sending_again_sends_nothing(told, postbox):
    news_mail.send(notifications=keys(told))
    news_mail.send(notifications=keys(told))
    assert len(postbox.mails) == 2


def test_who_has_it_does_not_get_it_again_when_another_failed(told, postbox):
    postbox.refusals = 1
    with pytest.raises(news_mail.MailUnsent):
        news_mail.send(notifications=keys(told))
    row = models.Notification.objects.first()
    assert row.status == Status.TO_SEND
    [attempt] = row.json["failed_attempts"]
    assert "451" in attempt["error"]
    news_mail.send(notifications=keys(told))
    assert len(postbox.mails) == 2
    assert len({tuple(to) for to, _text in postbox.mails}) == 2


def test_after_three_failures_it_is_given_up(told, postbox):
    postbox.refusals = 99
    for _ in range(2):
        with pytest.raises(news_mail.MailUnsent):
            news_mail.send(notifications=keys(told))
    assert news_mail.send(notifications=keys(told)).given_up == 2
    row = models.Notification.objects.first()
    assert (row.status, len(row.json["failed_attempts"])) == (Status.FAILED, 6)


def test_a_server_that_is_not_there_is_a_failure_like_another(told, postbox, settings):
    settings.EMAIL_PORT = 1
    with pytest.raises(news_mail.MailUnsent):
        news_mail.send(notifications=keys(told))
    assert models.Notification.objects.first().json["failed_attempts"]


def test_nobody_without_an_address_is_written_to(animal, alice, postbox):
    alice.email = ""
    alice.save()
    rows = news.tell([story(animal)])
    news_mail.send(notifications=keys(rows))
    assert postbox.mails == []
    assert models.Notification.objects.get().status == Status.NOT_TO_SEND


def test_what_another_job_is_sending_is_left_to_it(told, postbox):
    told_lately.claim([f"mail {told[0].pk}"], within=timedelta(minutes=5), moment=now())
    with pytest.raises(news_mail.MailUnsent):
        news_mail.send(notifications=keys(told))
    assert all("Much too light" in text for _to, text in postbox.mails)


def test_a_title_breaks_no_header(animal, postbox):
    rows = news.tell([story(animal, title="Too light\nBcc: bob@example.org")])
    news_mail.send(notifications=keys(rows))
    [(to, _text)] = postbox.mails
    assert to == ["alice@example.org"]


def test_what_was_left_is_asked_for_again(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        count = news.send_what_was_left(moment=now() + timedelta(hours=2))
    assert count == 2
    assert news.send_what_was_left(moment=now() + timedelta(days=9)) == 0


def test_one_sees_what_one_was_told(told, alice, bob, carol, olga):
    seen = models.Notification.objects.visible_to
    assert [seen(person).count() for person in (alice, carol, bob, olga)] == [2, 2, 0, 2]
