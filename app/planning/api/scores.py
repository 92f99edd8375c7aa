"""Questions that are answered at once: what events tell, and participants for minutes."""

import math
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fmriplan.design import events
from fmriplan.design.scoring import score
from fmriplan.errors import PlanningError
from lab.api.errors import Unreadable
from planning.api import base
from planning.errors import NotAPlan
from planning.forms.minutes import MinutesForm
from planning.queries import minutes as asked

LARGEST = 2_000_000  # bytes
MOST_EVENTS, MOST_SCANS = 5_000, 5_000  # that a call waits for
SCORED = ("name", "tr", "scans", "rho", "high_pass")


class Score(APIView):
    """`POST`: what events tell of their conditions; the body is a file of BIDS, FSL, SPM, optseq.

    ``tr`` (s) and ``scans`` say what was scanned; ``name`` is the file's, which tells its format.
    """

    parser_classes = [base.Content]

    def post(self, request: Request) -> Response:
        given = request.query_params
        base.known(given, SCORED)
        tr_s, scans = base.number(request, "tr"), base.number(request, "scans")
        if not 1 <= scans <= MOST_SCANS:
            raise Unreadable(f"scans: at most {MOST_SCANS:,} are scored here.", field="scans")
        high_pass = base.number(request, "high_pass", 128.0)
        try:
            shown = events.read(given.get("name", "events.tsv"), base.body_of(request, LARGEST))
            if len(shown) > MOST_EVENTS:
                raise NotAPlan(f"At most {MOST_EVENTS:,} events are scored at once.")
            made = score(
                shown, tr_s=tr_s, scans=int(scans), rho=base.number(request, "rho", 0.3),
                high_pass_s=high_pass or None,
            )  # fmt: skip
        except PlanningError as error:
            raise NotAPlan(str(error)) from None
        rows = zip(made.conditions, made.counts, made.precision, made.inflation, strict=True)
        return Response({
            "detection": made.detection,
            "after_the_end": made.after_the_end,
            "conditions": [
                {"name": name, "events": count, "precision": _plain(told),
                 "inflation": _plain(factor)}
                for name, count, told, factor in rows
            ],
        })  # fmt: skip


def _plain(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


class Minutes(APIView):
    """`GET`: participants for each length of scan, and the cheapest study; asked as on the page."""

    def get(self, request: Request) -> Response:
        base.known(request.query_params, tuple(MinutesForm.base_fields))
        form = MinutesForm(request.query_params, person=request.user)
        if not form.is_valid():
            name, faults = next(iter(form.errors.items()))
            where = "" if name == "__all__" else f"{name}: "
            raise Unreadable(f"{where}{faults[0]}", field="" if name == "__all__" else name)
        reply = asked.answer(form.question)
        effect, best = form.question.effect, reply.best
        return Response({
            "effect": {"mean": effect.mean, "between": effect.between, "within": effect.within},
            "cheapest": best and {
                "participants": best.participants, "minutes": best.minutes, "cost": best.cost,
                "power": best.power,
            },
            "refusal": reply.reason,
            "powers": reply.powers,
            "lengths": [
                {"minutes": row.minutes, "participants": [n or None for n in row.participants],
                 "cost": row.cost}
                for row in reply.lengths
            ],
        })  # fmt: skip
