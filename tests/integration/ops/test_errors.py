"""Errors are kept for operators, whatever state the request and the database are in."""

import json
import logging
import os

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from ops import error_log, services
from ops.models import ErrorOccurrence, ErrorReport

logger = logging.getLogger("studium.test")


def boom(request, number):
    password = "sentinel-local"  # noqa: F841  a local variable that must not be kept
    raise LookupError(f"nothing for {request.GET['name']}@example.org")


def broken_transaction(request):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    return HttpResponse()


def closed(request):
    return HttpResponse(status=503)


urlpatterns = [
    path("boom/<int:number>/", boom),
    path("broken/", broken_transaction),
    path("closed/", closed),
    path("", include("config.urls")),
]
handler500 = "common.incidents.broken"


@pytest.fixture(autouse=True)
def state(settings, tmp_path):
    settings.STATE = tmp_path
    settings.ROOT_URLCONF = __name__
    settings.RELEASE = "release-one"
    return tmp_path


@pytest.fixture
def visitor(db):
    return Client(raise_request_exception=False)


def test_a_500_shows_its_request_id_and_the_page_of_errors_finds_it(visitor):
    answer = visitor.get("/boom/1/?name=alice", headers={"x-request-id": "0123456789abcdef"})
    assert answer.status_code == 500
    assert b"0123456789abcdef" in answer.content
    assert services.take_in_errors() == 1
    report = ErrorReport.objects.get(occurrences__request_id="0123456789abcdef")
    assert (report.kind, report.place) == ("LookupError", "GET /boom/1/")
    assert report.first_release == "release-one"


def test_no_query_no_address_and_no_variable_is_kept(visitor, state):
    visitor.get("/boom/1/?name=sentinel-query")
    (file,) = error_log.folder().glob("*.json")
    kept = file.read_text()
    assert "def boom" not in kept
    assert "in boom" in kept
    assert "sentinel-query" not in kept
    assert "password = " not in kept


def test_the_same_error_is_one_report_and_is_counted(visitor):
    for number in range(3):
        visitor.get(f"/boom/{number}/?name=x{number}")
    services.take_in_errors()
    report = ErrorReport.objects.get()
    assert report.count == 3
    assert report.occurrences.count() == 3
    assert report.first_seen_at < report.last_seen_at


def test_two_different_errors_are_two_reports(visitor):
    visitor.get("/boom/1/?name=x")
    visitor.get("/boom/1/")
    services.take_in_errors()
    assert set(ErrorReport.objects.values_list("kind", flat=True)) == {
        "LookupError",
        "MultiValueDictKeyError",
    }


def test_a_resolved_error_opens_again_when_it_comes_back(visitor, olga):
    visitor.get("/boom/1/?name=x")
    services.take_in_errors()
    services.resolve_error(report=ErrorReport.objects.get(), user=olga)
    assert not ErrorReport.objects.get().is_open
    visitor.get("/boom/1/?name=x")
    services.take_in_errors()
    assert ErrorReport.objects.get().is_open


@pytest.mark.django_db(transaction=True)
def test_an_error_inside_a_broken_transaction_is_kept():
    answer = Client(raise_request_exception=False).get("/broken/")
    assert answer.status_code in {500, 503}
    assert services.take_in_errors() == 1
    assert "no_such_table" in ErrorReport.objects.get().message


def test_an_error_with_no_database_at_all_is_kept(monkeypatch, state):
    def refuse():
        raise DatabaseError("away")

    monkeypatch.setattr(connection, "cursor", refuse)
    try:
        connection.cursor()
    except DatabaseError:
        logger.exception("The work could not be done")
    assert len(list(error_log.folder().glob("*.json"))) == 1


def test_what_is_said_on_purpose_is_no_error(visitor):
    assert visitor.get("/closed/").status_code == 503
    assert visitor.get("/no/such/page/").status_code == 404
    assert not error_log.folder().exists() or not list(error_log.folder().iterdir())


def test_a_full_or_forbidden_disk_never_breaks_the_answer(visitor, settings, capsys):
    settings.STATE = "/proc/no/such/place"
    assert visitor.get("/boom/1/?name=x").status_code == 500


def test_a_storm_of_errors_does_not_fill_the_disk(monkeypatch, state):
    monkeypatch.setattr(error_log, "MOST_WAITING", 5)
    for number in range(20):
        logger.error("again %s", number)
    assert len(list(error_log.folder().iterdir())) == 5


def test_an_error_file_is_counted_once_by_two_readers(visitor, monkeypatch):
    visitor.get("/boom/1/?name=x")
    (file,) = error_log.folder().glob("*.json")
    twin = json.loads(file.read_text())
    assert services.take_in_errors() == 1
    assert services.take_in_errors() == 0
    assert ErrorReport.objects.get().count == 1
    assert twin["fingerprint"] == ErrorReport.objects.get().fingerprint


def test_an_error_that_a_killed_process_had_claimed_is_taken_in_later(visitor):
    visitor.get("/boom/1/?name=x")
    (file,) = error_log.folder().glob("*.json")
    claimed = file.rename(file.with_suffix(".taken"))
    assert services.take_in_errors() == 0
    os.utime(claimed, (0, 0))
    assert services.take_in_errors() == 1


def test_an_unreadable_error_file_is_dropped_and_the_others_are_kept(visitor, state):
    visitor.get("/boom/1/?name=x")
    (error_log.folder() / "0-1-a.json").write_text("{half")
    (error_log.folder() / "0-1-b.json").write_text("{}")
    assert services.take_in_errors() == 1
    assert list(error_log.folder().iterdir()) == []


def test_errors_wait_while_the_database_is_away(visitor, monkeypatch):
    visitor.get("/boom/1/?name=x")
    with monkeypatch.context() as lost:
        lost.setattr(services.errors, "_record", _refuse)
        with pytest.raises(DatabaseError):
            services.take_in_errors()
    assert services.take_in_errors() == 1


def _refuse(_):
    raise DatabaseError("away")


def test_only_the_last_fifty_times_are_kept_one_by_one(visitor, db):
    for _ in range(55):
        logger.error("the same")
    services.take_in_errors()
    assert ErrorReport.objects.get().count == 55
    assert ErrorOccurrence.objects.count() == 50


def test_an_exception_without_a_message_is_kept(db):
    logger.error("x", exc_info=ValueError())
    services.take_in_errors()
    assert ErrorReport.objects.get().kind == "ValueError"


@pytest.mark.parametrize("odd", ["\0", "\ud800"], ids=["NUL", "half a pair"])
def test_an_error_with_letters_that_no_database_takes_is_kept(db, odd):
    facts = {"name": "studium.test", "msg": f"odd {odd} letter", "levelno": logging.ERROR}
    record = logging.makeLogRecord(facts)
    error_log.ErrorReportHandler().emit(record)
    assert services.take_in_errors() == 1
    message = ErrorReport.objects.get().message
    assert message.startswith("odd ")
    assert message.endswith(" letter")
