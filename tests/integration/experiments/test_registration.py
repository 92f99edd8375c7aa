"""Who somebody is: asked, sealed, shown to nobody who was not permitted."""

import json
import re
import smtplib
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from tests.factories import accounts, experiments
from tests.integration.experiments.post import arrives
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.test_consent import WAY_OUT, way_out, withdraw
from tests.integration.experiments.whole_database import tables_with

from accounts.models import AuditEntry
from accounts.roles import Role
from common.errors import NotThere
from common.json_log import JsonFormatter
from experiments.definition.protocol import read_protocol
from experiments.errors import CannotRun, NotAProtocol
from experiments.services import protocols
from jobs.models import Job
from ops.services.pruning import prune
from runs import days
from runs.errors import CannotOpen, MayNotIdentify
from runs.models import Answer, Identity, Letter, Measure, Run, Upload, Visit
from runs.models import Participant as Person
from runs.services import identities, letters

WHO = {
    "name": "who", "kind": "registration", "title": "Who you are", "page": "about-you",
    "identity": [{"name": "given-name"}, {"name": "family-name", "label": "Surname"},
                 {"name": "birth-date"}, {"name": "e-mail", "need": "optional"},
                 {"name": "telephone", "need": "optional"}],
}  # fmt: skip
MAIL = {"name": "mail", "kind": "e-mail", "title": "Write to you?", "label": "Your address"}
WORDS = {
    "format": experiments.FORMAT, "name": "who", "title": "Memory",
    "items": {"sex": {"text": "Sex", "kind": "choice", "need": "optional", "scale": {
        "options": [{"code": "f", "label": "Female"}, {"code": "m", "label": "Male"}]}}},
    "pages": {"about-you": {"items": ["sex"]}},
    "flow": [{"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep it."},
             WHO, MAIL,
             {"name": "grown", "page": "about-you", "if": {"item": "age", "is": "≥", "value": 18}},
             {"name": "end", "kind": "end", "title": "Thank you"}],
}  # fmt: skip
ANNA = {"who-given-name": "Sentinella", "who-family-name": "O'Sentinel", "who-birth-date-day": "29",
        "who-birth-date-month": "2", "who-birth-date-year": "1988", "who-e-mail": "",
        "who-telephone": "", "item_sex": "f"}  # fmt: skip


@pytest.fixture
def made(project, ann):
    return experiments.published(project, ann, WORDS)


@pytest.fixture
def someone(made, ann):
    participant = Participant(experiments.token(made, ann))
    participant.begin()
    participant.send(agree="1")
    return participant


@pytest.fixture
def erin(project):
    """Somebody of the lab to whom the identities were permitted."""
    erin = accounts.person("erin", lab=project.lab, role=Role.EXPERIMENTER)
    max_ = accounts.person("max", lab=project.lab, role=Role.MANAGER)
    identities.permit(project=project, user=erin, by=max_)
    return erin


def known():
    return identities.facts_of(Person.objects.get())


# --- registration ---------------------------------------------------------------------------------
def test_who_somebody_is_stands_nowhere_in_the_database(someone):
    someone.send(**ANNA | {"who-e-mail": "anna.sentinel@example.org"})
    assert someone.title == "Write to you?"
    assert known() == {
        "given-name": "Sentinella",
        "family-name": "O'Sentinel",
        "birth-date": "1988-02-29",
        "e-mail": "anna.sentinel@example.org",
    }
    assert not tables_with("Sentinel", "sentinel", "1988-02")


def test_the_age_at_the_run_is_an_answer_and_decides(someone):
    someone.send(**ANNA)
    row = Answer.objects.select_related("measure").get(measure__name="age")
    assert row.number == days.age_on(days.day_of(row.received_at, days.zone_of()),
                                     date(1988, 2, 29))  # fmt: skip
    assert (row.measure.unit, row.measure.is_unforeseen) == ("years", False)
    someone.send()
    assert Visit.objects.order_by("position").last().step == "grown"


def test_a_child_does_not_see_what_is_for_adults(someone):
    year = str(datetime.now(UTC).year - 10)
    someone.send(**ANNA | {"who-birth-date-year": year, "who-birth-date-day": "1"})
    someone.send()
    assert someone.title == "Thank you"


def test_the_day_of_a_late_night_is_that_of_where_the_participant_is(someone):
    at = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    Run.objects.update(began_at=at, time_zone="Europe/Berlin")  # 04:30 there: still February
    someone.send(**ANNA | {"who-birth-date-day": "1", "who-birth-date-month": "3"})
    assert Answer.objects.get(measure__name="age").number == 37
    assert Run.objects.get().project.lab.time_zone


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"who-given-name": "  "}, "fill this in"),
        ({"who-given-name": "x" * 201}, "at most 200"),
        ({"who-birth-date-day": ""}, "as numbers"),
        ({"who-birth-date-day": "30"}, "no such day"),
        ({"who-birth-date-day": "²"}, "as numbers"),
        ({"who-birth-date-month": "13"}, "no such day"),
        ({"who-birth-date-year": "88"}, "four digits"),
        ({"who-birth-date-year": "3000", "who-birth-date-day": "1"}, "still to come"),
        ({"who-birth-date-year": "99999"}, "as numbers"),
        ({"who-e-mail": "anna"}, "name@example.org"),
        ({"who-e-mail": "a@b.example\nBcc: c@d.example"}, "name@example.org"),
        ({"who-telephone": "call me"}, "in digits"),
        ({"item_sex": "x"}, "what is offered"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field_and_nothing_is_kept(someone, sent, says):
    assert someone.send(**ANNA | sent).status_code == 422
    assert says in someone.text
    assert "Sentinel" in someone.text or "who-given-name" in sent
    assert not Identity.objects.exists()
    assert not Answer.objects.exists()


def test_odd_letters_are_kept_as_every_database_can_hold_them(someone):
    someone.send(**ANNA | {"who-given-name": "Zoë\0", "who-family-name": "李"})
    assert known()["family-name"] == "李"


def test_sent_twice_it_is_registered_once_and_otherwise_the_first_stays(someone):
    page = someone.text
    someone.send(page=page, **ANNA)
    someone.send(page=page, **ANNA)
    assert someone.title == "Write to you?"
    assert not Visit.objects.filter(is_disputed=True).exists()
    someone.send(page=page, **ANNA | {"who-given-name": "Sentinel-two"})
    assert known()["given-name"] == "Sentinella"
    assert Visit.objects.get(is_disputed=True).step == "who"
    assert not tables_with("Sentinel")


def test_a_page_that_is_sent_again_does_not_bring_an_old_address_back(someone):
    page = someone.text
    someone.send(page=page, **ANNA | {"who-e-mail": "old@example.org"})
    someone.send(**{"who-e-mail": "new@example.org"})
    someone.send(page=page, **ANNA | {"who-e-mail": "old@example.org"})
    assert known()["e-mail"] == "new@example.org"


def test_registering_is_a_few_queries(someone):
    with CaptureQueriesContext(connection) as asked:
        someone.send(**ANNA)
    work = [one for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(work) <= 24  # the post, and the page that follows


def test_a_name_is_no_markup(someone):
    someone.send(**ANNA | {"who-given-name": "<b>x</b>", "who-birth-date-day": "30"})
    assert "<b>x" not in someone.text
    assert "&lt;b&gt;x" in someone.text


# --- the protocol ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"identity": [{"name": "shoe-size"}]}, "none of given-name"),
        ({"identity": [{"name": "given-name"}, {"name": "given-name"}]}, "twice"),
        ({"age_as": "sex"}, "An item has this name"),
        ({"identity": {}}, "list"),
        ({"page": "nowhere"}, "no page"),
    ],
)
def test_a_fault_in_a_registration_is_named(step, says):
    with pytest.raises(NotAProtocol, match=says):
        read_protocol(WORDS | {"flow": [WHO | step]})


def test_without_a_key_nobody_is_asked_who_they_are(project, ann, settings, made):
    settings.IDENTITY_KEYS = [""]
    for step in (WHO, MAIL, {"name": "c", "kind": "consent", "text": "x", "signature": "Name"}):
        words = WORDS | {"flow": [step]}
        protocol = protocols.write(project=project, by=ann, words=words)
        with pytest.raises(CannotRun, match="STUDIUM_IDENTITY_KEY"):
            protocols.freeze(protocol=protocol, by=ann)


def test_a_key_that_is_gone_stops_the_page_and_loses_nothing(someone, settings):
    page, settings.IDENTITY_KEYS = someone.text, [""]
    assert someone.send(**ANNA).status_code == 503
    assert not Answer.objects.exists()
    settings.IDENTITY_KEYS = ["test only"]
    someone.send(page=page, **ANNA)
    assert someone.title == "Write to you?"


def test_the_codebook_knows_the_age(made):
    assert Measure.objects.get(name="age").unit == "years"


# --- mail -----------------------------------------------------------------------------------------
def test_the_copy_of_the_consent_comes_by_mail_with_the_way_out(someone):
    someone.send(**ANNA)
    assert not arrives()
    someone.send(**{"who-e-mail": "anna@example.org"})
    [letter] = arrives()
    assert letter.to == ["anna@example.org"]
    assert letter.subject == "Your part in Memory"
    assert "We keep it." in letter.body
    assert WAY_OUT.search(letter.body)[0] == way_out(someone)
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_an_optional_address_may_be_left_out(someone):
    someone.send(**ANNA)
    someone.send()
    assert Visit.objects.order_by("position").last().step == "grown"
    assert not Letter.objects.exists()


def test_what_waits_to_be_mailed_says_nothing_and_what_was_mailed_is_forgotten(someone):
    someone.send(**ANNA | {"who-e-mail": "anna.sentinel@example.org"})
    assert not tables_with("anna.sentinel", way_out(someone))
    assert vars(Job.objects.get())["arguments"] == {"letter": str(Letter.objects.get().pk)}
    arrives()
    assert Letter.objects.get().sealed == ""
    assert not letters.send(letter=str(Letter.objects.get().pk))


def test_a_mail_server_that_refuses_is_tried_again_and_names_nobody(someone, monkeypatch):
    someone.send(**ANNA | {"who-e-mail": "anna.sentinel@example.org"})

    class Refusing:
        def __init__(self, **_):
            pass

        def send_messages(self, messages):
            raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no")})

    monkeypatch.setattr("django.core.mail.get_connection", lambda **_: Refusing())
    with pytest.raises(letters.LetterUnsent) as told:
        letters.send(letter=str(Letter.objects.get().pk))
    assert "sentinel" not in str(told.value)
    assert told.value.__suppress_context__
    assert Letter.objects.get().sealed


def test_a_withdrawal_is_told_to_the_address_that_it_erases(someone):
    someone.send(**ANNA | {"who-e-mail": "anna.sentinel@example.org"})
    withdraw(someone)
    assert not Identity.objects.exists()
    [letter] = arrives()
    assert letter.to == ["anna.sentinel@example.org"]
    assert "Your receipt:" in letter.body
    assert not tables_with("sentinel")


# --- signed consent -------------------------------------------------------------------------------
def test_a_signature_is_asked_for_and_sealed(project, ann):
    consent = WORDS["flow"][0] | {"signature": "Your full name, as your signature"}
    words = WORDS | {"flow": [consent, WORDS["flow"][-1]]}
    signer = Participant(experiments.token(experiments.published(project, ann, words), ann))
    signer.begin()
    assert signer.send(agree="1").status_code == 422
    signer.send(agree="1", **{"who-signature": "Anna Sentinel"})
    assert signer.title == "Thank you"
    assert known() == {"signature": "Anna Sentinel"}
    assert not tables_with("Anna Sentinel")


# --- who may read it ------------------------------------------------------------------------------
def test_nobody_reads_it_who_was_not_permitted(someone, project, ann, erin):
    someone.send(**ANNA)
    person = Person.objects.get()
    olga = accounts.person("olga", is_staff=True, is_superuser=True)
    for by in (ann, olga, accounts.person("adi", lab=project.lab, role=Role.ADMIN)):
        with pytest.raises(MayNotIdentify):
            identities.reveal(participant=person, by=by, reason="x")
    bob = accounts.person("bob", lab=accounts.lab("Birch"), role=Role.ADMIN)
    with pytest.raises(NotThere):
        identities.reveal(participant=person, by=bob, reason="x")
    assert not AuditEntry.objects.filter(action="identity.read").exists()
    told = identities.reveal(participant=person, by=erin, reason="She called.")
    assert told["given-name"] == "Sentinella"
    entry = AuditEntry.objects.get(action="identity.read")
    assert (entry.user, entry.reason) == (erin, "She called.")
    assert "Sentinel" not in str(entry.changes) + entry.object_label


def test_a_permission_is_given_by_managers_and_taken_again(project, ann, erin):
    max_ = accounts.person("mia", lab=project.lab, role=Role.MANAGER)
    with pytest.raises(NotThere):
        identities.permit(project=project, user=ann, by=ann)
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role=Role.ADMIN)
    with pytest.raises(NotThere):
        identities.permit(project=project, user=stranger, by=max_)
    identities.forbid(project=project, user=erin, by=max_)
    assert not identities.may_identify(project, erin)
    told = AuditEntry.objects.filter(action__startswith="identity.").values_list(
        "action", flat=True
    )
    assert sorted(told) == ["identity.forbidden", "identity.permitted"]


def test_who_left_the_lab_reads_nothing(someone, project, erin):
    erin.memberships.all().delete()
    with pytest.raises(NotThere):
        identities.reveal(participant=Person.objects.get(), by=erin, reason="x")


def test_a_person_is_found_by_their_address(someone, project, erin):
    someone.send(**ANNA | {"who-e-mail": "Anna@Example.org"})
    found = identities.find(project=project, address=" anna@example.ORG", by=erin, reason="x")
    assert found == Person.objects.get()
    assert identities.find(project=project, address="b@example.org", by=erin, reason="x") is None


def test_no_page_of_the_administration_shows_an_identity(as_, someone, project):
    someone.send(**ANNA | {"who-e-mail": "anna.sentinel@example.org"})
    olga = as_(accounts.person("olga", is_staff=True, is_superuser=True))
    for model in ("identity", "account", "code", "letter"):
        assert olga.get(f"/admin/runs/{model}/").status_code == 404
    person = Person.objects.get()
    for page in ("/admin/runs/participant/", f"/admin/runs/participant/{person.pk}/change/",
                 f"/admin/runs/run/{Run.objects.get().pk}/change/"):  # fmt: skip
        assert "entinel" not in olga.get(page).content.decode()


# --- another key ----------------------------------------------------------------------------------
def run(*words):
    out = StringIO()
    call_command("identities", *words, stdout=out)
    return out.getvalue()


def test_another_key_takes_over_what_the_old_one_sealed(someone, settings, project, erin):
    someone.send(**ANNA | {"who-e-mail": "anna@example.org"})
    settings.IDENTITY_KEYS = ["a new key", "test only"]
    assert known()["given-name"] == "Sentinella"
    assert identities.find(project=project, address="anna@example.org", by=erin, reason="x")
    assert "1 sealed by another key" in run("check")
    assert "1 sealed anew" in run("reseal")
    assert "0 sealed anew" in run("reseal")
    settings.IDENTITY_KEYS = ["a new key", ""]
    assert known()["given-name"] == "Sentinella"
    assert identities.find(project=project, address="anna@example.org", by=erin, reason="x")
    assert "0 sealed by another key, 0 that" in run("check")


def test_a_key_that_was_lost_is_said_so_and_hinders_no_withdrawal(someone, settings):
    someone.send(**ANNA | {"who-e-mail": "anna@example.org"})
    settings.IDENTITY_KEYS = ["another key", ""]
    with pytest.raises(CannotOpen):
        known()
    for verb in ("check", "reseal"):
        with pytest.raises(CommandError):
            run(verb)
    assert someone.send(**{"who-e-mail": "new@example.org"}).status_code == 503
    withdraw(someone)
    assert not Identity.objects.exists()


def test_the_command_permits(project, ann):
    accounts.person("max", lab=project.lab, role=Role.MANAGER)
    run("permit", "alder/memory", "ann", "--by", "max")
    assert run("permitted", "alder/memory").startswith("ann, since")
    run("forbid", "alder/memory", "ann", "--by", "max")
    assert run("permitted", "alder/memory") == ""
    with pytest.raises(CommandError, match="nobody called"):
        run("permit", "alder/memory", "nobody", "--by", "max")


def test_an_identity_is_bound_to_its_participant(someone):
    someone.send(**ANNA)
    other = Person.objects.create(project=Person.objects.get().project)
    row = Identity.objects.get()
    Identity.objects.create(participant=other, sealed=row.sealed, key=row.key)
    with pytest.raises(CannotOpen):
        identities.facts_of(other)
    assert json.dumps(identities.facts_of(row.participant))


# --- asked for on the page of one's own -----------------------------------------------------------
def ask(someone, **data):
    return someone.browser.post(f"/run/{someone.key}/about/mail/", data)


def test_the_way_back_comes_by_mail_and_goes_on_elsewhere(someone):
    answer = ask(someone, address="anna.sentinel@example.org", **{"way-back": "1"})
    assert "on its way" in someone.browser.get(answer["Location"]).content.decode()
    [letter] = arrives()
    assert letter.to == ["anna.sentinel@example.org"]
    other = Participant("")
    other.address = "/" + re.search(r"https?://[^/]+/(run/\S+)", letter.body)[1]
    assert other.look().status_code == 409
    other.send()
    assert other.title == "Who you are"
    assert not tables_with("anna.sentinel")


def test_the_copy_goes_to_the_address_that_is_known(someone):
    assert ask(someone).status_code == 422
    someone.send(**ANNA | {"who-e-mail": "anna@example.org"})
    arrives()
    assert ask(someone).status_code == 302
    assert arrives()[0].to == ["anna@example.org"]
    assert ask(someone, address="no address").status_code == 422
    assert not arrives()


def test_nobody_is_mailed_without_end(someone, settings):
    settings.LIMITS = settings.LIMITS | {"participant-mail-run": (2, 3600)}
    told = [ask(someone, address="a@example.org").status_code for _ in range(3)]
    assert told == [302, 302, 429]
    assert len(arrives()) == 2


def test_who_has_withdrawn_is_mailed_nothing_more(someone):
    someone.send(**ANNA | {"who-e-mail": "anna@example.org"})
    withdraw(someone)
    arrives()
    assert ask(someone).status_code == 422
    assert b"By mail" not in someone.browser.get(f"/run/{someone.key}/about/").content
    ask(someone, address="b@example.org", **{"way-back": "1"})
    assert not arrives()


def test_letters_and_codes_are_forgotten_in_time(someone):
    someone.send(**ANNA | {"who-e-mail": "anna@example.org"})
    assert prune()["letters"] == 0
    Letter.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert prune()["letters"] == 1
    assert arrives() == []


# --- where nobody thought of it -------------------------------------------------------------------
def test_no_line_of_the_log_and_no_report_says_who_somebody_is(someone, caplog, settings):
    caplog.set_level("INFO")
    page = someone.text
    someone.send(**ANNA | {"who-birth-date-day": "30"})
    settings.IDENTITY_KEYS = [""]
    someone.send(page=page, **ANNA)
    settings.IDENTITY_KEYS = ["test only"]
    someone.send(page=page, **ANNA | {"who-e-mail": "anna.sentinel@example.org"})
    ask(someone, address="anna.sentinel@example.org")
    withdraw(someone)
    arrives()
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert lines
    for line in lines:
        for word in ("entinel", "1988-02", someone.key):
            assert word not in line


def test_a_file_that_was_sent_is_erased_with_the_run(someone, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for run_of in (someone, Participant(someone.token)):
        run_of.begin()
        visit = Visit.objects.order_by("served_at").last()
        upload = Upload(visit=visit, item="voice", name="sentinel.wav", size=4, created_at=at)
        upload.file.save("x", ContentFile(b"RIFF"))
    other = upload.file.path
    with TestCase.captureOnCommitCallbacks(execute=True):
        withdraw(someone)
    assert [upload.file.path for upload in Upload.objects.all()] == [other]
    assert [str(each) for each in tmp_path.rglob("*") if each.is_file()] == [other]
