"""One line for each run, as a lab's function reports it; made when it is looked at, then kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from experiments.definition.steps import Hook
from experiments.errors import ScriptFailed
from experiments.models import Protocol, Sitting
from experiments.services import scripts
from experiments.services.told import Record
from runs.models import Run

KEPT_S = 30 * 24 * 3600
MOST_MADE = 200  # at one look; the next look makes the next ones


@dataclass(frozen=True)
class Line:
    """One run; ``values`` is empty where nothing is known yet, and ``fault`` says why."""

    run: Run
    values: dict[str, Any]
    fault: str = ""


def lines(protocol: Protocol) -> list[Line]:
    """Return what is reported of a protocol's runs, the latest first.

    After a function has failed it is not asked again at this look: it would fail for all.
    """
    return list(_lines(protocol))


def _lines(protocol: Protocol) -> Iterator[Line]:
    rows = (
        Sitting.objects.filter(revision__protocol=protocol, run__began_at__isnull=False)
        .select_related("run__participant", "revision")
        .defer("revision__words")
        .order_by("-run__created_at")
    )
    made, fault = 0, ""
    for sitting in rows:
        hook, known = sitting.revision.read.report, _known(sitting)
        if known is None and hook and not fault and made < MOST_MADE:
            made += 1
            try:
                known = _made(sitting, hook)
            except ScriptFailed:
                fault = f"{hook.call} failed; see below."
        yield Line(sitting.run, known or {}, "" if known else fault)


def _key(sitting: Sitting) -> str:
    """Return what a report is kept under: it changes when anything was heard of the run."""
    run = sitting.run
    heard = run.seen_at.timestamp() if run.seen_at else 0
    return f"report:{run.pk}:{sitting.position}:{run.status.replace(' ', '-')}:{heard}"


def _known(sitting: Sitting) -> dict[str, Any] | None:
    found: dict[str, Any] | None = cache.get(_key(sitting))
    return found


def _made(sitting: Sitting, hook: Hook) -> dict[str, Any]:
    here = Record(sitting).here(step="", position=sitting.position)
    said = scripts.ask(sitting=sitting, hook=hook, use="report", here=here)
    values = said if isinstance(said, dict) else {"report": said}
    cache.set(_key(sitting), values, KEPT_S)
    return values


def columns(told: list[Line]) -> list[str]:
    """Return the names that are reported, in the order in which they come up."""
    return list(dict.fromkeys(name for line in told for name in line.values))
