"""The same rows from many sides at once, on a database that commits."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.utils.timezone import now
from tests.factories import accounts, runs
from tests.factories.runs import row

from runs.models import Answer, Run, Trial, Variant, Visit
from runs.rows import rows_of, said
from runs.services import forms, leases, trials, uploads
from runs.services import runs as service
from runs.services.forms import Given

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 8


def at_once(work):
    """Do it eight times at once; return what each got or raised."""

    def one(number):
        try:
            return until_unlocked(lambda: work(number))
        except Exception as error:  # noqa: BLE001  what it was is looked at
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(TIMES) as pool:
        return list(pool.map(one, range(TIMES)))


def until_unlocked(work):
    """Do ``work``; SQLite in memory, unlike in a file, refuses at once instead of waiting."""
    for _ in range(1000):
        try:
            return work()
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.01)
    raise AssertionError("the database stayed locked")


@pytest.fixture
def visit(transactional_db):
    return runs.visit(runs.run(accounts.project(accounts.lab("Alder"))).run)


def test_eight_equal_batches_leave_each_row_once(visit):
    rows = rows_of([row(number) for number in range(10)])
    told = at_once(lambda _: trials.store(visit=visit, holder="me", rows=rows).disputed)
    assert told == [[]] * TIMES
    assert (Trial.objects.count(), Answer.objects.count()) == (10, 10)


def test_overlapping_batches_in_opposite_orders_leave_each_row_once(visit):
    def batch(number):
        indices = range(20) if number % 2 else range(19, -1, -1)
        rows = rows_of([row(index) for index in indices])
        return trials.store(visit=visit, holder="me", rows=rows).disputed

    assert at_once(batch) == [[]] * TIMES
    assert (Trial.objects.count(), Variant.objects.count()) == (20, 0)


def test_eight_forms_leave_one_and_the_others_know(visit):
    def submit(number):
        answers = [Given(said("age", number))]
        return forms.submit(visit=visit, holder="me", answers=answers)

    told = at_once(submit)
    assert sorted(told) == [False] * (TIMES - 1) + [True]
    assert (Answer.objects.count(), Variant.objects.count()) == (1, TIMES - 1)


def test_of_eight_browsers_one_holds_the_run(visit):
    told = at_once(lambda n: leases.hold(run=visit.run, holder=f"browser {n}", at=now()))
    assert sorted(map(str, told)) == ["HeldElsewhere"] * (TIMES - 1) + ["None"]


def test_a_place_that_eight_ask_for_is_one_visit(visit):
    told = at_once(lambda _: service.show(run=visit.run, position=7, step="page").pk)
    assert len(set(told)) == 1
    assert Visit.objects.filter(run=visit.run, position=7).count() == 1


def test_a_run_ends_in_one_way(visit):
    ways = [Run.Status.COMPLETED, Run.Status.TIMED_OUT]
    told = at_once(lambda n: service.end(run=Run.objects.get(pk=visit.run_id), status=ways[n % 2]))
    assert sorted(map(str, told)) == ["None"] * 4 + ["RunIsOver"] * 4


def test_the_same_part_of_a_file_from_many_sides_is_there_once(visit, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    parts = [b"ID3" + bytes(4997), bytes(range(250)) * 20]
    sender = uploads.Sender(visit, "one", uploads.Allowed("voice", ("audio",), 10**6))
    upload = uploads.begin(sender=sender, name="a.mp3", size=10_000)
    for at, part in ((0, parts[0]), (5000, parts[1])):
        told = at_once(
            lambda _, at=at, part=part: (
                uploads.add(sender=sender, key=str(upload.pk), at=at, part=part).received
            )
        )
        assert set(told) == {at + 5000}
    upload.refresh_from_db()
    assert (upload.received, upload.content_type) == (10_000, "audio/mpeg")
    assert (tmp_path / upload.file.name).read_bytes() == b"".join(parts)
