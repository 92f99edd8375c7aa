"""Participants who come again: by a mailed code and a password, and nobody learns who has one."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import accounts, experiments
from tests.integration.experiments.post import arrives
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.test_consent import withdraw
from tests.integration.experiments.whole_database import tables_with

from experiments.models import Link
from experiments.services import links
from runs.models import (
    Account,
    Answer,
    Code,
    Consent,
    Identity,
    Letter,
    Run,
    Visit,
)
from runs.models import (
    Participant as Person,
)
from runs.services import identities, keys

WORDS = {
    "format": experiments.FORMAT, "name": "again", "title": "Memory",
    "items": {"why": {"text": "Why?", "kind": "text"}},
    "pages": {"before": {"items": ["why"]}},
    "flow": [{"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep it."},
             {"name": "before", "page": "before"},
             {"name": "in", "kind": "sign-in", "title": "Sign in"},
             {"name": "after", "page": "before"},
             {"name": "end", "kind": "end", "title": "Thank you"}],
}  # fmt: skip
CODE = re.compile(r"^([a-z2-9]{4}-[a-z2-9]{4})$", re.MULTILINE)
SECRET = "correct sentinel staple"
ADDRESS = "anna.sentinel@example.org"


@pytest.fixture
def made(project, ann):
    return experiments.published(project, ann, WORDS)


@pytest.fixture
def token(made, ann):
    return experiments.token(made, ann)


def arrived(token):
    someone = Participant(token)
    someone.begin()
    someone.send(agree="1")
    someone.send(item_why="sentinel-why")
    assert someone.title == "Sign in"
    return someone


@pytest.fixture
def someone(token):
    return arrived(token)


def press(someone, act, **data):
    return someone.send(**{act: "1"}, **data)


def code_for(someone, address=ADDRESS):
    press(someone, "send-code", address=address)
    letters = [letter for letter in arrives() if "code" in letter.subject]
    return CODE.search(letters[-1].body)[1]


def enter(someone, address=ADDRESS, password=SECRET):
    press(someone, "use-code", code=code_for(someone, address), chosen=password)
    return someone


def test_a_code_makes_an_account_and_the_password_opens_it_again(someone, token):
    enter(someone)
    assert someone.title == "Memory"
    assert Visit.objects.order_by("position").last().step == "after"
    again = arrived(token)
    press(again, "sign-in", address=" Anna.Sentinel@example.ORG ", password=SECRET)
    assert Visit.objects.filter(run__in=Run.objects.order_by("-created_at")[:1]).count() == 4
    assert Account.objects.count() == 1
    assert Run.objects.values("participant").distinct().count() == 1


def test_nothing_that_was_answered_before_is_lost_by_signing_in(someone, token):
    enter(someone)
    again = arrived(token)
    press(again, "sign-in", address=ADDRESS, password=SECRET)
    assert Answer.objects.filter(text="sentinel-why").count() == 2
    assert Consent.objects.count() == 2
    assert Person.objects.count() == 1
    assert Consent.objects.values("participant").distinct().count() == 1


def test_a_secret_and_an_address_stand_nowhere(someone):
    code = code_for(someone)
    assert not tables_with("anna.sentinel", code, code.replace("-", ""))
    press(someone, "use-code", code=code, chosen=SECRET)
    assert not tables_with("anna.sentinel", SECRET, code.replace("-", ""))


def test_a_forgotten_password_is_replaced_by_a_code(someone, token):
    enter(someone)
    enter(arrived(token), password="another sentinel staple")
    third = arrived(token)
    assert press(third, "sign-in", address=ADDRESS, password=SECRET).status_code == 422
    press(third, "sign-in", address=ADDRESS, password="another sentinel staple")
    assert third.title == "Memory"


def test_an_address_with_an_account_and_one_without_look_alike(someone, token):
    enter(someone)
    arrives()
    pages = []
    for address in (ADDRESS, "nobody@example.org"):
        guest = arrived(token)
        press(guest, "sign-in", address=address, password="wrong sentinel pass")
        wrong = guest.text
        press(guest, "send-code", address=address)
        texts = [text.replace(address, "").replace(guest.key, "") for text in (wrong, guest.text)]
        pages.append([re.sub(r"(value|action)=\"[^\"]*\"", "", text) for text in texts])
        [letter] = [one for one in arrives() if one.to == [address]]
        pages[-1].append(CODE.sub("", letter.body))
    assert pages[0] == pages[1]


class Counting(PBKDF2PasswordHasher):
    iterations, hashed = 2, 0

    def encode(self, *words, **more):
        Counting.hashed += 1
        return super().encode(*words, **more)


def test_an_address_without_an_account_takes_as_many_questions_and_hashes(someone, token, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    enter(someone)
    assert Account.objects.get().password.startswith("pbkdf2_sha256$")
    taken = []
    for address in (ADDRESS, "nobody@example.org"):
        guest = arrived(token)
        before = Counting.hashed
        with CaptureQueriesContext(connection) as asked:
            press(guest, "sign-in", address=address, password="wrong sentinel pass")
        taken.append((len(asked), Counting.hashed - before))
    assert taken[0] == taken[1]
    assert taken[0][1] == 1


def test_a_wrong_code_is_refused_and_five_tries_end_it(someone):
    code = code_for(someone)
    for _ in range(5):
        assert press(someone, "use-code", code="aaaa-aaaa", chosen=SECRET).status_code == 422
    assert press(someone, "use-code", code=code, chosen=SECRET).status_code == 422
    assert not Account.objects.exists()
    assert Code.objects.get().tries == 5


def test_a_password_that_is_too_weak_uses_no_try(someone):
    code = code_for(someone)
    for weak in ("short", "1234567890123", "password123", ""):
        assert press(someone, "use-code", code=code, chosen=weak).status_code == 422
    assert Code.objects.get().tries == 0
    press(someone, "use-code", code=code.upper().replace("-", " "), chosen=SECRET)
    assert Account.objects.exists()


def test_a_code_is_for_one_run_for_half_an_hour_and_the_last_one_counts(someone, token):
    code = code_for(someone)
    other = arrived(token)
    press(other, "send-code", address="b@example.org")
    arrives()
    assert press(other, "use-code", code=code, chosen=SECRET).status_code == 422
    press(someone, "back")
    newer = code_for(someone)
    assert press(someone, "use-code", code=code, chosen=SECRET).status_code == 422
    Code.objects.update(expires_at=now() - timedelta(seconds=1))
    assert press(someone, "use-code", code=newer, chosen=SECRET).status_code == 422
    assert not Account.objects.exists()


def test_a_code_that_was_used_is_used(someone):
    page_code = code_for(someone)
    page = someone.look().content.decode()
    press(someone, "use-code", code=page_code, chosen=SECRET)
    before = Account.objects.get().password
    assert someone.send(page=page, **{"use-code": "1"}, code=page_code,
                        chosen="another sentinel staple").status_code == 302  # fmt: skip
    assert Account.objects.get().password == before
    assert someone.title == "Memory"


@pytest.mark.parametrize(
    ("act", "data", "says"),
    [
        ("sign-in", {}, "write your e-mail"),
        ("sign-in", {"address": "x"}, "name@example.org"),
        ("sign-in", {"address": ADDRESS}, "write your password"),
        ("send-code", {"address": "a@b.example\nBcc: x@y.example"}, "name@example.org"),
        ("sign-in", {"address": ADDRESS, "password": "\0" * 3}, "write your password"),
        ("skip", {}, "write your e-mail"),
        ("use-code", {"chosen": SECRET}, "write the code"),
    ],
)
def test_what_is_missing_is_asked_for(someone, act, data, says):
    assert press(someone, act, **data).status_code == 422
    assert says in someone.text
    assert SECRET not in someone.text


def test_guessing_is_slowed_down_by_run_and_by_address(someone, token, settings):
    settings.LIMITS = settings.LIMITS | {"participant-sign-in-address": (3, 900),
                                         "participant-code-address": (2, 3600)}  # fmt: skip
    for _ in range(3):
        assert press(someone, "sign-in", address=ADDRESS, password="x").status_code == 422
    other = arrived(token)
    assert press(other, "sign-in", address=ADDRESS, password="x").status_code == 429
    for guest in (arrived(token), arrived(token)):
        press(guest, "send-code", address=ADDRESS)
    assert press(arrived(token), "send-code", address=ADDRESS).status_code == 429
    assert Letter.objects.filter(kind="code").count() == 2


def test_a_run_goes_on_without_an_account_where_it_may(project, ann):
    flow = [WORDS["flow"][2] | {"need": "optional"}, *WORDS["flow"][3:]]
    words = WORDS | {"flow": flow}
    guest = Participant(experiments.token(experiments.published(project, ann, words), ann))
    guest.begin()
    press(guest, "skip")
    assert Visit.objects.order_by("position").last().step == "after"
    assert not Identity.objects.exists()


def test_a_link_for_one_participant_takes_no_account_of_another(someone, token, ann, made):
    enter(someone)
    person = Person.objects.create(project=made.project)
    for _ in range(2):
        made_link = links.make(protocol=made.protocol, by=ann, kind=Link.Kind.PERSONAL,
                               participant=person)  # fmt: skip
        own = arrived(made_link.token)
    answer = press(own, "sign-in", address=ADDRESS, password=SECRET)
    assert answer.status_code == 409
    assert own.look().status_code == 200
    assert own.title == "Sign in"


def test_an_account_belongs_to_one_project(someone, ann):
    enter(someone)
    other = experiments.published(accounts.project(accounts.lab("Cedar")),
                                  accounts.person("zoe", is_staff=True), WORDS)  # fmt: skip
    zoe = links.make(protocol=other.protocol, by=accounts.person("yan", is_staff=True)).token
    guest = arrived(zoe)
    assert press(guest, "sign-in", address=ADDRESS, password=SECRET).status_code == 422
    enter(guest)
    assert Account.objects.values("address_digest").distinct().count() == 2


def test_another_device_signs_nobody_in(someone, token):
    thief = Participant(token)
    thief.address = someone.address
    page = someone.text.replace(re.search(r'name="holder" value="([^"]+)"', someone.text)[1], "x")
    assert thief.send(page=page, **{"send-code": "1"}, address=ADDRESS).status_code == 409
    assert not Letter.objects.filter(kind="code").exists()


def test_the_account_of_somebody_who_withdrew_is_gone(someone, token):
    enter(someone)
    again = arrived(token)
    press(again, "sign-in", address=ADDRESS, password=SECRET)
    withdraw(again)
    for model in (Account, Identity, Code):
        assert not model.objects.exists()
    assert set(Run.objects.values_list("status", flat=True)) == {"withdrawn"}
    arrives()
    assert not tables_with("sentinel-why", "anna.sentinel")
    third = arrived(token)
    assert press(third, "sign-in", address=ADDRESS, password=SECRET).status_code == 422
    enter(third)
    assert third.title == "Memory"


def test_an_account_is_found_under_another_key(someone, token, settings):
    enter(someone)
    settings.IDENTITY_KEYS = ["a new key", "test only"]
    again = arrived(token)
    press(again, "sign-in", address=ADDRESS, password=SECRET)
    assert again.title == "Memory"
    assert keys.reseal().resealed == 2
    settings.IDENTITY_KEYS = ["a new key", ""]
    third = arrived(token)
    press(third, "sign-in", address=ADDRESS, password=SECRET)
    assert third.title == "Memory"


def test_the_copy_of_the_consent_is_mailed_once_for_each_run(someone, token):
    enter(someone)
    assert [letter.subject for letter in arrives()] == ["Your part in Memory"]
    again = arrived(token)
    press(again, "sign-in", address=ADDRESS, password=SECRET)
    assert [letter.subject for letter in arrives()] == ["Your part in Memory"]


def test_what_was_told_before_signing_in_belongs_to_the_account(someone, token):
    enter(someone)
    again = arrived(token)
    person = Run.objects.order_by("created_at").last().participant
    identities.know(participant=person, facts={"given-name": "Anna"})
    press(again, "sign-in", address=ADDRESS, password=SECRET)
    assert identities.facts_of(Account.objects.get().participant)["given-name"] == "Anna"
