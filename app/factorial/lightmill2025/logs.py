"""``/lightmill/logs``: one log a request, many a request, and all of them as CSV or JSON."""

import re
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from factorial.lightmill2025 import documents, exports
from factorial.lightmill2025.shapes import BATCH, LOG
from factorial.lightmill2025.wire import MEDIA_TYPE, Call, Route, endpoint, reply, told
from factorial.log_errors import BadQueryForCsv, LogNumberExists, NoRunForLogs, NoSuchLog
from factorial.models import Session
from factorial.queries import log_runs
from factorial.queries.logs import Selection, by_key
from factorial.services import logs
from factorial.services.logs import NewLog, Outcome

INCLUDE = {"include": ("run", "run.experiment", "run.lastLogs")}
FILTERS = {
    "filter[logType]": None,
    "filter[run.id]": None,
    "filter[run.name]": None,
    "filter[experiment.id]": None,
    "filter[experiment.name]": None,
}
WEIGHT = re.compile(r"\s*q\s*=\s*([0-9.]+)\s*")


def _add(call: Call) -> HttpResponse:
    data = call.body["data"]
    run = data["relationships"]["run"]["data"]["id"]
    log = NewLog.of(data["attributes"])
    try:
        pk = logs.add(key=call.key, session=None, run=run, log=log)
    except NoRunForLogs:  # not a participant's own: a host's, somebody else's, or nobody's
        pk = logs.add(key="", session=_host(call, run), run=run, log=log)
    document = {"data": documents.identifier("logs", pk)}
    return reply(document, 201, location=call.address("log", pk))


def _host(call: Call, run: str) -> Session:
    if call.session.host is None:
        raise NoRunForLogs(f"Run '{run}' not found")
    return call.session


def _add_many(call: Call) -> HttpResponse:
    data = call.body["data"]
    run = data["relationships"]["run"]["data"]["id"]
    sent = [NewLog.of(attributes) for attributes in data["attributes"]["logs"]]
    outcome = logs.add_many(key="", session=call.session, run=run, logs=sent)
    refused = [_refusal(run, place, sent[place]) for place in outcome.refused]
    meta = {"new": outcome.new, "refused": refused}
    return reply({"data": _ids(sent, outcome), "meta": meta}, _status(sent, outcome))


def _status(sent: list[NewLog], outcome: Outcome) -> int:
    if not outcome.refused:
        return 201
    return 409 if len(outcome.refused) == len(sent) else 207


def _ids(sent: list[NewLog], outcome: Outcome) -> list[dict[str, Any] | None]:
    """Return what is stored for each log that was sent, in their order; None: it was refused."""
    refused = set(outcome.refused)
    return [
        None if place in refused else documents.identifier("logs", outcome.ids[log.number])
        for place, log in enumerate(sent)
    ]


def _refusal(run: str, place: int, log: NewLog) -> dict[str, Any]:
    words = f"Cannot add log to run '{run}', log number {log.number} already exists"
    source = {"pointer": f"/data/attributes/logs/{place}/number"}
    return told(LogNumberExists(words, source=source))


def _list(call: Call) -> HttpResponseBase:
    selection, include = Selection(call.session, call.query), call.query.get("include", [])
    if prefers_csv(call.request.headers.get("Accept", "")):
        if include:
            raise BadQueryForCsv
        answer = StreamingHttpResponse(exports.as_csv(selection), content_type="text/csv")
        answer["Content-Disposition"] = 'attachment; filename="logs.csv"'
    else:
        answer = StreamingHttpResponse(exports.as_json(selection, include))
        answer["Content-Type"] = MEDIA_TYPE
    answer["Vary"] = "Accept, Cookie"
    return answer


def prefers_csv(accept: str) -> bool:
    """Say whether CSV is what is liked best; it is also what whoever has no wish gets."""
    wishes = sorted(map(_wish, accept.split(",")), key=lambda wish: -wish[1])
    for kind, weight in wishes:
        if weight > 0 and ("csv" in kind or "json" in kind):
            return "csv" in kind
    return True


def _wish(part: str) -> tuple[str, float]:
    kind, *parameters = part.lower().split(";")
    found = [WEIGHT.fullmatch(each) for each in parameters]
    try:
        return kind.strip(), next((float(each[1]) for each in found if each), 1.0)
    except ValueError:
        return kind.strip(), 0.0


def _show(call: Call) -> HttpResponse:
    log = by_key(call.session, call.id)
    if log is None:
        raise NoSuchLog(f'Log "{call.id}" not found')
    document: dict[str, Any] = {"data": documents.log(log)}
    include = call.query.get("include", [])
    if include:
        document["included"] = documents.beside(
            log_runs.facts_of([log.run]),
            runs="run" in include,
            experiments="run.experiment" in include,
            last="run.lastLogs" in include,
        )
    return reply(document)


many = endpoint(get=Route(_list, query={**FILTERS, **INCLUDE}), post=Route(_add, LOG))
batch = endpoint(post=Route(_add_many, BATCH))
one = endpoint(get=Route(_show, query=INCLUDE))
