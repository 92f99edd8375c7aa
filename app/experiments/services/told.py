"""What a lab's function is told of a run, read from the record."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from typing import Any

from experiments import storage
from experiments.models import Sitting
from experiments.scripting import told
from runs.models import Answer, Trial, Visit


class Record:
    """All that a run has on record, read when it is first asked for, and once."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting = sitting

    def here(
        self,
        *,
        step: str,
        position: int,
        passes: tuple[int, ...] = (),
        stimulus: str = "",
        sent: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self.happened | {
            "step": step,
            "position": position,
            "passes": passes,
            "stimulus": stimulus,
            "sent": dict(sent or {}),
        }

    @cached_property
    def happened(self) -> dict[str, Any]:
        visits = {visit.pk: visit for visit in Visit.objects.filter(run=self.sitting.run_id)}
        return {
            "run": asdict(self._run),
            "visits": [told.row_of(_visit(visit)) for visit in visits.values()],
            "answers": [told.row_of(each) for each in self._answers(visits)],
            "trials": [told.row_of(each) for each in self._trials(visits)],
        }

    @property
    def _run(self) -> told.Run:
        run = self.sitting.run
        return told.Run(
            id=str(run.pk),
            pseudonym=run.participant.pseudonym if run.participant else "",
            seed=run.seed,
            cell=run.cell,
            is_pilot=run.is_pilot,
            language=self.sitting.revision.read.language,
            began_at=_time(run.began_at),
            status=run.status,
            external=run.external,
        )

    def _answers(self, visits: Mapping[Any, Visit]) -> list[told.Answer]:
        rows = Answer.objects.filter(visit__run=self.sitting.run_id).order_by("received_at", "pk")
        return [
            told.Answer(
                name, value, visits[visit].position, visits[visit].step, label, missing, stimulus,
                trial,
            )
            for name, value, visit, label, missing, stimulus, trial in rows.values_list(
                "measure__name", "value", "visit", "label", "missing", "stimulus", "trial__index"
            )
            if visit in visits
        ]  # fmt: skip

    def _trials(self, visits: Mapping[Any, Visit]) -> list[told.Trial]:
        rows = Trial.objects.filter(visit__run=self.sitting.run_id)
        return [
            told.Trial(
                visits[row.visit_id].position, visits[row.visit_id].step, row.index, row.stimulus,
                row.rt_ms, row.response, json.loads(row.raw),
            )
            for row in rows.order_by("visit__position", "index")
            if row.visit_id in visits
        ]  # fmt: skip


def _visit(visit: Visit) -> told.Visit:
    return told.Visit(
        visit.position, visit.step, tuple(visit.passes), visit.stimulus, visit.content,
        _time(visit.served_at), _time(visit.submitted_at),
    )  # fmt: skip


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def stimuli_of(sitting: Sitting) -> str:
    """Return the path of the list of a revision's stimuli; empty where it has none."""
    collection = sitting.revision.read.stimuli
    return str(storage.here(collection.digest)) if collection else ""
