"""The protocol as it is served: by the real client's requests, concurrently, through kill -9."""

import os
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from tests.factories.log_client import LogClient, Refused
from tests.served import served

SESSION = {"data": {"type": "sessions", "attributes": {"role": "host"}}}
PEOPLE, TIMES = 4, 8
STORED = """
from runs.models import Trial
rows = Trial.objects.filter(visit__run__log_run__design__code=sys.argv[1])
print(json.dumps([[str(run), number, raw] for run, number, raw in
                  rows.values_list("visit__run__log_run__public_id", "index", "raw")]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of its own, on the kind of database that the tests run on."""
    with another_database() as url, served(tmp_path_factory.mktemp("served"), url) as found:
        yield found


@contextmanager
def another_database():
    """Give the address of a new database beside the tests' own; empty: SQLite in a file."""
    parts = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not parts.scheme.startswith("postgres"):
        yield ""
        return
    name = f"served_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(urlunsplit(parts))) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield urlunsplit(parts._replace(path=f"/{name}"))
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def host(site):
    client = LogClient(site.port, root="")
    client.need("POST", "/__hook__/reset", {"hostUser": "host", "hostPassword": None})
    client.root = "/lightmill"
    client.need("POST", "/sessions", SESSION)
    return client


@pytest.fixture
def experiment(host):
    name = f"R&D 100% + {uuid.uuid4()}"
    data = {"type": "experiments", "attributes": {"name": name}}
    host.need("POST", "/experiments", {"data": data})
    return name


def facts_of(caller, run):
    return caller.need("GET", f"/runs/{run}")["data"]["attributes"]


def test_clients_log_whole_runs_at_the_same_time(site, host, experiment):
    def sitting(number):
        logger = LogClient(site.port).start_run(experiment, f"S{number}")
        for trial in range(30):
            logger.add_log("trial", trial=trial, hit=trial % 2 == 0)
        logger.complete_run()
        return logger.run

    with ThreadPoolExecutor(PEOPLE) as pool:
        runs = list(pool.map(sitting, range(PEOPLE)))
    for run in runs:
        facts = facts_of(host, run)
        assert (facts["status"], facts["lastLogNumber"]) == ("completed", 30)
    stored = Counter((run, number) for run, number, _ in site.ask(STORED, experiment))
    assert stored == {(run, number): 1 for run in runs for number in range(1, 31)}


def test_a_client_goes_on_where_the_last_one_was_before_the_page_was_lost(site, experiment):
    before = LogClient(site.port)
    logger = before.start_run(experiment, "S1")
    for trial in range(3):
        logger.add_log("trial", trial=trial)
        logger.add_log("move", x=trial)
    logger.flush()
    logger.add_log("move", x=99).result()
    after = LogClient(site.port, before.cookies)
    (found,) = after.resumable_runs(experiment, ["trial"])
    assert found == {"experiment": experiment, "run": "S1", "after": 5}
    again = after.start_run(experiment, "S1", after=found["after"])
    again.add_log("move", x=2)
    again.add_log("trial", trial=3)
    again.complete_run()
    assert facts_of(after, again.run)["lastLogNumber"] == 7
    assert len(site.ask(STORED, experiment)) == 9


def test_a_client_that_logs_out_leaves_its_run(site, experiment):
    client = LogClient(site.port)
    client.start_run(experiment, "S1").flush()
    client.logout()
    assert client.start_run(experiment, "S2").run
    with pytest.raises(Refused) as refused:
        LogClient(site.port).start_run(experiment, "S2")
    assert (refused.value.status, refused.value.code) == (409, "RUN_EXISTS")


def at_once(work):
    with ThreadPoolExecutor(TIMES) as pool:
        return sorted(pool.map(work, range(TIMES)))


def log(run, number, **values):
    related = {"run": {"data": {"type": "runs", "id": run}}}
    attributes = {"logType": "trial", "number": number, "values": values}
    return {"data": {"type": "logs", "attributes": attributes, "relationships": related}}


def test_of_the_same_log_at_once_there_is_one_and_all_are_told_its_id(site, experiment):
    client = LogClient(site.port)
    run = client.start_run(experiment).run
    told = at_once(lambda _: client.need("POST", "/logs", log(run, 1, x=1))["data"]["id"])
    assert len(set(told)) == 1
    assert len(site.ask(STORED, experiment)) == 1


def test_of_different_logs_under_one_number_at_once_the_first_stays(site, experiment):
    client = LogClient(site.port)
    run = client.start_run(experiment).run
    told = at_once(lambda number: client.fetch("POST", "/logs", log(run, 1, x=number))[0])
    assert told == [201] + [409] * (TIMES - 1)


def test_of_many_runs_begun_at_once_in_a_session_one_goes_on(site, host, experiment):
    client = LogClient(site.port)
    client.start_run(experiment).cancel_run()
    pk = host.need("GET", "/experiments")["data"][-1]["id"]
    related = {"experiment": {"data": {"id": pk, "type": "experiments"}}}
    attributes = {"name": None, "status": "running"}
    data = {"type": "runs", "attributes": attributes, "relationships": related}
    told = at_once(lambda _: client.fetch("POST", "/runs", {"data": data})[0])
    assert told == [201] + [403] * (TIMES - 1)


def test_of_many_who_want_a_name_at_once_one_gets_it(site, experiment):
    people = [LogClient(site.port) for _ in range(TIMES)]

    def wanted(number):
        try:
            return people[number].start_run(experiment, "S1").run and 201
        except Refused as refused:
            return refused.status

    assert at_once(wanted) == [201] + [409] * (TIMES - 1)


class Stubborn(LogClient):
    """Sends again until there is an answer, as whoever cares for the data does."""

    again = 0

    def need(self, method, path, body=None):
        while True:
            try:
                return super().need(method, path, body)
            except (OSError, HTTPException, ValueError):  # nobody there, or half an answer
                self.again += 1
                time.sleep(0.01)


def test_what_was_acknowledged_is_there_once_after_kill_9_and_cookies_still_hold(site, experiment):
    people = [Stubborn(site.port) for _ in range(PEOPLE)]
    loggers = [person.start_run(experiment) for person in people]

    def logging(logger):
        for trial in range(60):
            logger.add_log("trial", trial=trial)
        logger.flush()
        return logger.run

    with ThreadPoolExecutor(PEOPLE) as pool:
        fired = [pool.submit(logging, logger) for logger in loggers]
        for _ in range(2):
            time.sleep(0.05)
            site.kill()
            site.start()
        runs = [one.result() for one in fired]
    assert all(person.again for person in people)
    stored = Counter((run, number) for run, number, _ in site.ask(STORED, experiment))
    assert stored == {(run, number): 1 for run in runs for number in range(1, 61)}
    for person, run in zip(people, runs, strict=True):
        assert facts_of(person, run)["missingLogNumbers"] == []
