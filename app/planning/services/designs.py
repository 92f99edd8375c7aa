"""Plans of tasks are made, changed, copied and put away; designs of them are kept."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from fmriplan.design import specification
from fmriplan.design.specification import Specification
from fmriplan.design.writing import write
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan, PlanChanged
from planning.models import Plan, TaskDesign
from planning.queries import design_scores
from planning.services.access import need_editable

LONGEST = 200_000  # characters of a specification


def read(text: str) -> Specification:
    """Return what a text specifies.

    Raises
    ------
    NotAPlan
        It cannot be planned; the message names the place.
    """
    if len(text) > LONGEST:
        raise NotAPlan(f"A specification has at most {LONGEST:,} characters.")
    try:
        return specification.read(text)
    except PlanningError as error:
        raise NotAPlan(str(error)) from None


@transaction.atomic
def create(*, project: Project, name: str, told: Specification, text: str = "", by: User) -> Plan:
    """Make a plan; ``text`` is its specification as somebody wrote it, with their remarks."""
    need_editable(project.pk, by)
    plan = Plan(project=project, name=name.strip(), specification=text or write(told))
    plan.created_by = by
    plan.save()
    audit.record(action="plan.created", user=by, on=plan)
    return plan


@transaction.atomic
def change(  # noqa: PLR0913  what a plan is
    *, plan: Plan, name: str, told: Specification, text: str = "", revision: int, by: User
) -> Plan:
    """Change a plan that is still as somebody saw it, told by its revision.

    Raises
    ------
    PlanChanged
        Somebody else changed it meanwhile.
    """
    need_editable(plan.project_id, by)
    held = _held(plan)
    if held.revision != revision:
        raise PlanChanged
    after = {"name": name.strip(), "specification": text or write(told)}
    changes = audit.between(held, after)
    if not changes:
        return held
    if "specification" in changes:
        changes["specification"] = _differing(held.specification, after["specification"])
    _store(held, **after)
    audit.record(action="plan.changed", user=by, on=held, changes=changes)
    return held


@transaction.atomic
def copy(*, plan: Plan, by: User) -> Plan:
    """Make a plan that begins as another one is."""
    need_editable(plan.project_id, by)
    name = f"{plan.name[:190]} (copy)"
    made = Plan(project_id=plan.project_id, name=name, specification=plan.specification)
    made.created_by = by
    made.save()
    audit.record(action="plan.copied", user=by, on=made, changes={"of": [None, plan.name]})
    return made


@transaction.atomic
def archive(*, plan: Plan, by: User, is_archived: bool = True) -> None:
    """Put a plan away, or take it back; nothing is deleted."""
    need_editable(plan.project_id, by)
    held = _held(plan)
    if bool(held.archived_at) == is_archived:
        return
    Plan.objects.filter(pk=plan.pk).update(archived_at=now() if is_archived else None)
    audit.record(action="plan.archived" if is_archived else "plan.restored", user=by, on=held)


@transaction.atomic
def keep(  # noqa: PLR0913  what a design is
    *,
    plan: Plan,
    told: Specification,
    order: Sequence[int],
    waits: Sequence[int],
    label: str = "",
    origin: str = TaskDesign.Origin.LAB,
    by: User,
) -> TaskDesign:
    """Keep a design that somebody found good.

    Raises
    ------
    NotAPlan
        It is none of this specification, or breaks its rules.
    """
    need_editable(plan.project_id, by)
    scores = design_scores.of(told, *design_scores.checked(told, order, waits))
    made = TaskDesign(
        plan=plan,
        label=label.strip() or f"Design of {now():%Y-%m-%d %H:%M}",
        origin=origin,
        specification=write(told),
        order=list(order),
        waits=list(waits),
        scores=scores.stored(),
        is_kept=True,
        created_by=by,
    )
    made.save()
    audit.record(action="design.kept", user=by, on=plan, changes={"design": [None, made.label]})
    return made


@transaction.atomic
def rename(*, design: TaskDesign, label: str, by: User) -> None:
    need_editable(design.plan.project_id, by)
    changes = audit.between(design, {"label": label.strip()})
    if changes:
        TaskDesign.objects.filter(pk=design.pk).update(label=label.strip())
        audit.record(action="design.renamed", user=by, on=design.plan, changes=changes)


@transaction.atomic
def delete(*, design: TaskDesign, by: User) -> None:
    """Delete a design; the history of its plan says so."""
    need_editable(design.plan.project_id, by)
    told = {"design": [str(design), None]}
    if TaskDesign.objects.filter(pk=design.pk).delete()[0]:
        audit.record(action="design.deleted", user=by, on=design.plan, changes=told)


def _held(plan: Plan) -> Plan:
    """Return a plan as it is now, held until the transaction ends."""
    found: Plan | None = Plan.objects.select_for_update(of=("self",)).filter(pk=plan.pk).first()
    if found is None:
        raise NotThere
    return found


def _differing(before: str, after: str) -> list[str]:
    """Return the lines that went and those that came: a history of whole texts tells nothing."""
    gone, come = before.splitlines(), after.splitlines()
    return [
        "; ".join(line for line in one if line.strip() and line not in other)
        for one, other in ((gone, come), (come, gone))
    ]


def _store(plan: Plan, **after: Any) -> None:
    after |= {"revision": plan.revision + 1, "changed_at": now()}
    for name, value in after.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(after))
