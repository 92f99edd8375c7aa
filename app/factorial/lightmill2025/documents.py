"""Sessions, experiments, runs and logs as the resources of JSON:API."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from factorial.models import Design, LogRun, Session
from factorial.queries import log_runs
from factorial.queries.log_runs import Facts, Log

Resource: TypeAlias = dict[str, Any]


def identifier(kind: str, pk: object) -> Resource:
    return {"type": kind, "id": str(pk)}


def session(found: Session, runs: Iterable[LogRun]) -> Resource:
    own = [identifier("runs", run.public_id) for run in runs]
    return {
        **identifier("sessions", "current"),
        "attributes": {"role": found.role},
        "relationships": {"runs": {"data": own}},
    }


def experiment(design: Design) -> Resource:
    return {**identifier("experiments", design.pk), "attributes": {"name": design.code}}


def run(facts: Facts) -> Resource:
    found = facts.run
    last = [identifier("logs", log.id) for log in facts.last_logs]
    return {
        **identifier("runs", found.public_id),
        "attributes": {
            "status": found.status,
            "name": found.name or None,
            "lastLogNumber": found.last_number,
            "missingLogNumbers": facts.missing,
        },
        "relationships": {
            "lastLogs": {"data": last},
            "experiment": {"data": identifier("experiments", found.design_id)},
        },
    }


def log(found: Log) -> Resource:
    return {
        **identifier("logs", found.id),
        "attributes": {
            "logType": found.type,
            "number": found.number,
            "values": json.loads(found.raw),
        },
        "relationships": {"run": {"data": identifier("runs", found.run.public_id)}},
    }


def beside(
    facts: Sequence[Facts], *, runs: bool = False, experiments: bool = False, last: bool = False
) -> list[Resource]:
    """Return what is included beside runs or their logs, each thing once."""
    designs = {one.run.design_id: one.run.design for one in facts} if experiments else {}
    found = [experiment(design) for design in designs.values()]
    found += [run(one) for one in facts] if runs else []
    return found + ([log(each) for one in facts for each in one.last_logs] if last else [])


def of_runs(found: Iterable[LogRun], include: Sequence[str]) -> dict[str, Any]:
    """Return the document of a list of runs."""
    facts = log_runs.facts_of(found)
    document: dict[str, Any] = {"data": [run(one) for one in facts]}
    if include:
        document["included"] = beside(
            facts, experiments="experiment" in include, last="lastLogs" in include
        )
    return document


def of_run(found: LogRun, include: Sequence[str] = ()) -> dict[str, Any]:
    document = of_runs([found], include)
    return {**document, "data": document["data"][0]}
