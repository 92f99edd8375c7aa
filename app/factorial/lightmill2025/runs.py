"""``/lightmill/runs``: begun by a client under a name of its own, changed and resumed by it."""

from django.http import HttpResponse

from factorial.lightmill2025 import documents
from factorial.lightmill2025.shapes import RUN, RUN_CHANGE, STATUSES
from factorial.lightmill2025.wire import Call, Route, endpoint, reply
from factorial.log_errors import NoSuchRun, OtherRunId
from factorial.queries import log_runs
from factorial.services import log_runs as service

INCLUDE = {"include": ("experiment", "lastLogs")}
FILTERS = {
    "filter[id]": None,
    "filter[name]": None,
    "filter[status]": STATUSES,
    "filter[experiment.id]": None,
    "filter[experiment.name]": None,
}


def _list(call: Call) -> HttpResponse:
    found = log_runs.asked_for(call.session, call.query)
    return reply(documents.of_runs(found, call.query.get("include", [])))


def _show(call: Call) -> HttpResponse:
    run = log_runs.by_key(call.session, call.id)
    if run is None:
        raise NoSuchRun(f"Run {call.id} not found")
    return reply(documents.of_run(run, call.query.get("include", [])))


def _create(call: Call) -> HttpResponse:
    data = call.body["data"]
    run = service.create(
        session=call.session,
        experiment=data["relationships"]["experiment"]["data"]["id"],
        name=data["attributes"]["name"],
        status=data["attributes"]["status"],
    )
    location = call.address("run", run.public_id)
    return reply({"data": documents.identifier("runs", run.public_id)}, 201, location=location)


def _change(call: Call) -> HttpResponse:
    data = call.body["data"]
    if data["id"] != call.id:
        raise OtherRunId
    asked = data.get("attributes", {})
    number = asked.get("lastLogNumber")
    change = service.Change(asked.get("status"), None if number is None else int(number))
    run = service.change(session=call.session, key=call.id, change=change)
    return reply(documents.of_run(run))


many = endpoint(get=Route(_list, query={**FILTERS, **INCLUDE}), post=Route(_create, RUN))
one = endpoint(get=Route(_show, query=INCLUDE), patch=Route(_change, RUN_CHANGE))
