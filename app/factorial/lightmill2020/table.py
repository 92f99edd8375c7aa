"""The table of all trials that the server of 2020 let one download, with its defects mended.

Every trial has its row, planned or done; defaults are values like others; blocks that are measured
are counted. It is for the people of the lab: a browser that is signed in, or an API token.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.authentication import TokenAuthentication
from common.errors import Invalid, NotAllowed, NotThere
from factorial.lightmill2020 import finding, looking, shapes
from factorial.models import Design, Factor, Measure, PlannedRun
from factorial.values import as_text
from runs.models import Trial

FIRST = ("experimentId", "runId", "blockNumber", "measuredBlockNumber", "trialNumber", "practice",
         "serverCompletionDate")  # fmt: skip


def results(request: HttpRequest, *, experiment: str, lab: str = "") -> HttpResponseBase:
    """Stream the table of a design to somebody of its lab."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    user = _reader(request)
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = list(finding.designs(lab).visible_to(user).filter(code=experiment)[:2])
    if not found:
        raise NotThere
    if len(found) > 1:
        raise Several
    response = StreamingHttpResponse(lines(found[0]), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="trials.csv"'
    return response


class Several(Invalid):
    title = "Several labs have this design"
    message = "More than one of your labs has a design of this id."
    remedy = "Put the lab's short name into the address: /lightmill/2020/LAB/experiment/ID.csv."


def _reader(request: HttpRequest) -> Any:
    try:
        found = TokenAuthentication().authenticate(Request(request))
    except APIException as error:
        raise NotAllowed(str(error.detail)) from None
    return found[0] if found else request.user


@dataclass(frozen=True)
class Columns:
    """Ids of factors and of measures of trials, each in the order of its columns."""

    factors: list[str]
    measures: list[str]
    defaults: dict[str, str]

    @classmethod
    def of(cls, design: Design) -> "Columns":
        factors = Factor.objects.filter(design=design).order_by("code")
        measures = Measure.objects.filter(design=design, at_trial=True).order_by("code")
        return cls(
            list(factors.values_list("code", flat=True)),
            list(measures.values_list("code", flat=True)),
            looking.defaults_of(design),
        )

    def names(self) -> list[str]:
        """Return the header; where two would be called alike, each says what it is."""
        names = Counter([*FIRST, *self.factors, *self.measures])
        return [
            *FIRST,
            *(f"_factor_{each}" if names[each] > 1 else each for each in self.factors),
            *(f"_measure_{each}" if names[each] > 1 else each for each in self.measures),
        ]


def lines(design: Design) -> Iterator[str]:
    """Yield the table, the rows of a run at a time."""
    columns = Columns.of(design)
    yield _written([columns.names()])
    for run in PlannedRun.objects.filter(design=design).defer("instructions").iterator():
        yield _written(_rows(design.code, run, columns))


def _rows(experiment: str, run: PlannedRun, columns: Columns) -> Iterator[list[Any]]:
    stored = _stored(run)
    for block in run.blocks.all():
        for number, own in enumerate(block.trials):
            at, logged = stored.get((block.number, number), (None, {}))
            values = {**columns.defaults, **block.values, **own}
            yield [
                experiment,
                run.code,
                block.number,
                "" if block.measured_number is None else block.measured_number,
                number,
                block.is_practice,
                "" if at is None else shapes.moment(at),
                *(values.get(name, "") for name in columns.factors),
                *(as_text(logged[name]) if name in logged else "" for name in columns.measures),
            ]


def _stored(run: PlannedRun) -> dict[tuple[int, int], tuple[datetime, Mapping[str, Any]]]:
    rows = Trial.objects.filter(visit__run=run.run_id).select_related("visit").order_by()
    return {(row.visit.position, row.index): (row.received_at, shapes.logged(row)) for row in rows}


def _written(rows: Iterable[list[Any]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
