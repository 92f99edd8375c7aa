"""Moving from step to step, and making what the next one shows."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from experiments import flow
from experiments.conditions import holds, names_in
from experiments.definition.protocol import parts_of
from experiments.definition.steps import Hook, Part, Step
from experiments.definition.timelines import ANY, NoTimeline, nodes_of, plugins_in
from experiments.errors import ScriptFailed
from experiments.models import Sitting
from experiments.models.sittings import stored
from experiments.queries.groups import has_lost_its_group
from experiments.scripting.pool import Outcome
from experiments.services import scripts, stimuli
from experiments.services.told import Record
from runs.models import Answer, Run, Visit
from runs.services import runs

MOST_MOVES = 50  # so many draws in a row find nothing left: the flow leads nowhere
Pending = Sitting.Pending


def settle(sitting: Sitting) -> Visit | None:
    """Return the showing of the step at which a run is; shown again it is the same one.

    Where a lab's functions are asked, this is where: whoever looks at a page first asks them, and
    what they said is stored with the visit. None: the run is at its last page, or through.

    Raises
    ------
    ScriptFailed, StillDeciding
        What comes next is not known yet; nothing has moved.
    """
    if sitting.pending and not sitting.run.is_open:
        return None
    if not sitting.pending:
        step = step_of(sitting)
        if step is None or step.kind == "end":
            return None
        found = _shown(sitting)
        if found or not step.draw:
            return found or _show(sitting, step)
    with scripts.alone(sitting):
        return _settled(sitting)


def step_of(sitting: Sitting) -> Step | None:
    """Return the step at which a run is; None when it is through."""
    place = sitting.at
    return flow.step_at(sitting.revision.read.flow, place) if place else None


def _shown(sitting: Sitting) -> Visit | None:
    found: Visit | None = Visit.objects.filter(
        run=sitting.run_id, position=sitting.position
    ).first()
    return found


def _settled(sitting: Sitting) -> Visit | None:
    """Move and draw until there is a page to show. One request at a time comes here."""
    record = Record(sitting)
    for _ in range(MOST_MOVES):
        if sitting.pending:
            _move(sitting, record)
        step = step_of(sitting)
        if step is None or step.kind == "end":
            return None
        found = _shown(sitting)
        if found:
            return found
        drawn = _drawn(sitting, step, record) if step.draw else {}
        if drawn is not None:
            return _show(sitting, step, drawn)
        _exhausted(sitting, record)
    raise ScriptFailed("Nothing is left to show, and the flow leads back to it.")


def _move(sitting: Sitting, record: Record) -> None:
    place, parts = sitting.at, sitting.revision.read.flow
    if place and sitting.pending == Pending.ON:
        place = flow.after(parts, place)
    elif place and sitting.pending == Pending.LEAVE:
        place = flow.leave(parts, place)
    go(sitting, place, record)


def _exhausted(sitting: Sitting, record: Record) -> None:
    """Nothing is left to show here: go behind the block that lasts until then."""
    place = sitting.at
    if place:
        go(sitting, flow.exhausted(sitting.revision.read.flow, place), record)


def _drawn(sitting: Sitting, step: Step, record: Record) -> dict[str, Any] | None:
    """Return what a lab's function draws for this step; None when nothing is left."""
    if step.draw is None:
        return {}
    use = "feedback" if step.kind == "feedback" else "draw"
    here = record.here(
        step=step.name,
        position=sitting.position,
        passes=_passes(sitting),
        stimulus=_kept(sitting),
    )
    said: dict[str, Any] | None = scripts.ask(sitting=sitting, hook=step.draw, use=use, here=here)
    _is_known(sitting, step.draw, here, said)
    if step.kind == "trial":
        _can_run(sitting, step.draw, here, said)
    return said


def _can_run(
    sitting: Sitting, hook: Hook, here: dict[str, Any], said: dict[str, Any] | None
) -> None:
    """Refuse a timeline that no task can run."""
    try:
        plugins_in(nodes_of((said or {}).get("timeline", [])), {ANY})
    except NoTimeline as error:
        wrong = Outcome(error=f"It made a timeline that no task can run. {error}")
        scripts.keep(sitting, hook, "draw", here, wrong)
        raise ScriptFailed(retry_after=10) from None


def _is_known(
    sitting: Sitting, hook: Hook, here: dict[str, Any], said: dict[str, Any] | None
) -> None:
    """Refuse a stimulus that the protocol does not have, where it has any."""
    listed, name = sitting.revision.read.stimuli, (said or {}).get("stimulus")
    if listed and name and name not in stimuli.of_list(listed.digest):
        wrong = Outcome(error=f"It drew {name!r}, and {listed.name} has no stimulus of that name.")
        scripts.keep(sitting, hook, "draw", here, wrong)
        raise ScriptFailed(retry_after=10)


def _passes(sitting: Sitting) -> tuple[int, ...]:
    return sitting.at.passes if sitting.at else ()


def _kept(sitting: Sitting) -> str:
    """Return the stimulus of the page before."""
    before = Visit.objects.filter(run=sitting.run_id, position=sitting.position - 1)
    return before.values_list("stimulus", flat=True).first() or ""


def _show(sitting: Sitting, step: Step, drawn: dict[str, Any] | None = None) -> Visit:
    """Open the showing. What was drawn is written with it, so a reload shows the same."""
    content = dict(drawn or {})
    stimulus = content.pop("stimulus", "") or (_kept(sitting) if step.stimulus == "keep" else "")
    return runs.show(
        run=sitting.run,
        position=sitting.position,
        step=step.name,
        passes=[*_passes(sitting)],
        stimulus=stimulus,
        content=content,
    )


def go(sitting: Sitting, place: flow.Place | None, record: Record | None = None) -> None:
    """Move to the first step from ``place`` on that is shown. The database lets one of two move."""
    parts = sitting.revision.read.flow
    found = flow.next_shown(parts, place, _Shows(sitting, record))
    done = flow.progress(parts, found) if found else 1.0
    _go_there(sitting, found, max(done, sitting.progress))


@transaction.atomic(savepoint=False)
def _go_there(sitting: Sitting, place: flow.Place | None, progress: float) -> None:
    here = Sitting.objects.filter(pk=sitting.pk, position=sitting.position)
    moved = here.update(
        position=F("position") + 1, place=stored(place), progress=progress, pending=""
    )
    if not moved:
        sitting.refresh_from_db(fields=["position", "place", "pending", "progress"])
        return
    sitting.position, sitting.place = sitting.position + 1, stored(place)
    sitting.progress, sitting.pending = progress, ""
    step = step_of(sitting)
    if step is None or step.kind == "end":
        end(sitting, ended_as(step))


def ended_as(step: Step | None) -> str:
    """Return how a run has ended that came to ``step``; words of a protocol's own are a whole run.

    What a recruiter is told is the step's outcome itself.
    """
    word = step.outcome if step else ""
    return word if word in {Run.Status.SCREENED_OUT, Run.Status.DECLINED} else Run.Status.COMPLETED


class _Shows:
    """Whether parts are shown, by the answers so far and what a lab's functions say, asked once."""

    def __init__(self, sitting: Sitting, record: Record | None) -> None:
        self.sitting = sitting
        self.record = record or Record(sitting)
        self.answers = latest(sitting)
        self.is_alone = _goes_on_alone(sitting)
        self.said: dict[tuple[Any, ...], bool] = {}

    def __call__(self, part: Part, place: flow.Place) -> bool:
        if self.is_alone and _needs_group(part):
            return False
        return holds(part.condition, self.answers, lambda hook: self._asked(hook, part, place))

    def _asked(self, hook: Hook, part: Part, place: flow.Place) -> bool:
        key = (hook.call, str(hook.arguments), part.name, place)
        if key not in self.said:
            here = self.record.here(
                step=part.name,
                position=self.sitting.position + 1,
                passes=place.passes,
                stimulus=self._stimulus,
            )
            self.said[key] = scripts.ask(
                sitting=self.sitting, hook=hook, use="condition", here=here
            )
        return self.said[key]

    @property
    def _stimulus(self) -> str:
        visits = self.record.happened["visits"]
        return str(visits[-1][3]) if visits else ""


def _goes_on_alone(sitting: Sitting) -> bool:
    """Say whether a run has no group any more: what needs one is passed over then."""
    return sitting.revision.read.group is not None and has_lost_its_group(sitting.run_id)


def _needs_group(part: Part) -> bool:
    return isinstance(part, Step) and part.kind == "group"


def latest(sitting: Sitting) -> dict[str, Any]:
    """Return the latest answer to each item that a condition of the protocol asks for."""
    parts = parts_of(sitting.revision.read.flow)
    names = {name for part in parts for name in names_in(part.condition)}
    if not names:
        return {}
    rows = (
        Answer.objects.filter(visit__run=sitting.run_id, measure__name__in=names)
        .order_by("received_at", "pk")
        .values_list("measure__name", "value")
    )
    return dict(rows)


def end(sitting: Sitting, status: str) -> None:
    runs.end(run=sitting.run, status=status, at=now())
