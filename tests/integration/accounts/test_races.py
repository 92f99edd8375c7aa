"""Two at once: what may happen once happens once, whatever the database."""

import time
from binascii import unhexlify
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connections
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key
from tests.factories import accounts as make

from accounts.errors import (
    CodeWrong,
    LastAdmin,
    LastOperator,
    LinkSpent,
    OperatorsOnly,
    RoleTooLow,
    TooManyAttempts,
)
from accounts.keys import as_typed, digest, new_code
from accounts.models import Membership, OneTimeLink, RecoveryCode, User
from accounts.roles import Role
from accounts.services import links, people, second_factor

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (
    CodeWrong,
    LastAdmin,
    LastOperator,
    LinkSpent,
    OperatorsOnly,
    RoleTooLow,
    TooManyAttempts,
)
AT_ONCE = 6


def outcomes(*works):
    """Do all of it at the same moment; return for each whether it was let through."""
    start = Barrier(len(works))

    def attempt(work):
        try:
            start.wait(timeout=20)
            until_unlocked(work)
        except REFUSALS:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(attempt, works))


def until_unlocked(work):
    """Do ``work``; SQLite in memory, unlike in a file, refuses at once instead of waiting."""
    for _ in range(500):
        try:
            return work()
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.01)
    raise AssertionError("the database stayed locked")


@pytest.fixture
def device(transactional_db):
    alice = make.person("alice")
    return TOTPDevice.objects.create(user=alice, key=default_key(), name="authenticator")


def test_one_code_lets_one_in(device):
    totp = TOTP(unhexlify(device.key))
    totp.time = time.time()
    code = f"{totp.token():06d}"
    let_in = outcomes(*[lambda: second_factor.check_code(user=device.user, code=code)] * AT_ONCE)
    assert let_in.count(True) == 1


def test_one_recovery_code_lets_one_in(device):
    code = new_code()
    RecoveryCode.objects.create(user=device.user, digest=digest(as_typed(code)))
    let_in = outcomes(*[lambda: second_factor.check_code(user=device.user, code=code)] * AT_ONCE)
    assert let_in.count(True) == 1


def test_new_recovery_codes_asked_for_twice_are_ten(device):
    outcomes(*[lambda: second_factor.new_recovery_codes(user=device.user)] * AT_ONCE)
    assert RecoveryCode.objects.count() == second_factor.CODES


def test_one_link_sets_one_password(transactional_db):
    alice = make.person("alice")
    secret = links.make_link(user=alice, purpose=OneTimeLink.Purpose.RESET).split("/")[-2]
    phrases = [f"long phrase number {number}" for number in range(AT_ONCE)]
    let_in = outcomes(
        *[
            lambda phrase=phrase: links.use_link(secret=secret, password=phrase)
            for phrase in phrases
        ]
    )
    assert let_in.count(True) == 1
    alice.refresh_from_db()
    assert alice.check_password(phrases[let_in.index(True)])


def test_two_admins_cannot_dismiss_each_other(transactional_db):
    lab = make.lab("Alder")
    admins = [make.person(name, lab=lab, role=Role.ADMIN) for name in ("ada", "bea")]
    first, second = (Membership.objects.select_related("lab").get(user=each) for each in admins)
    let_in = outcomes(
        lambda: people.change_role(membership=first, role=Role.VIEWER, by=admins[1]),
        lambda: people.change_role(membership=second, role=Role.VIEWER, by=admins[0]),
    )
    assert Membership.objects.filter(role=Role.ADMIN).exists()
    assert True in let_in


def operator(name, **fields):
    return make.person(name, is_staff=True, is_superuser=True, **fields)


def test_two_operators_who_close_each_others_accounts_leave_one(transactional_db):
    ada, bea = operator("ada"), operator("bea")
    # Each of the two requests has read both people before the other one wrote.
    known = {each.pk: User.objects.get(pk=each.pk) for each in (ada, bea)}
    let_in = outcomes(
        lambda: people.deactivate(person=ada, by=known[bea.pk]),
        lambda: people.deactivate(person=bea, by=known[ada.pk]),
    )
    assert let_in.count(True) == 1
    assert User.objects.filter(is_active=True).count() == 1


def test_two_operators_who_close_each_others_accounts_in_the_administration_leave_one(
    transactional_db, as_
):
    ada, bea = operator("ada"), operator("bea")
    clients = {ada: as_(bea), bea: as_(ada)}

    def close(person):
        address = f"/admin/accounts/user/{person.pk}/change/"
        facts = {"username": person.username, "is_staff": "on", "is_superuser": "on"}
        if clients[person].post(address, facts | {"email": person.email}).status_code != 302:
            raise OperatorsOnly

    outcomes(lambda: close(ada), lambda: close(bea))
    assert User.objects.filter(is_active=True).count() == 1


def test_wrong_codes_at_once_are_all_counted(device):
    outcomes(*[lambda: second_factor.check_code(user=device.user, code="000000")] * AT_ONCE)
    device.refresh_from_db()
    assert device.throttling_failure_count >= 1
