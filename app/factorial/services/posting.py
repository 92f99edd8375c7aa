"""Storing the trials of planned runs: each once, with its events, however often it is sent.

A trial is stored, and counted as done, in one transaction; a holder's token is asked for first, so
that nobody else writes meanwhile. The number of statements does not depend on the number of events.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from common.signals import run_ended
from factorial.errors import (
    NoSuchTrial,
    NotHeld,
    OutOfOrder,
    RunIsComplete,
    TrialDiffers,
    WrongMeasure,
    WrongToken,
)
from factorial.models import Design, Measure, PlannedRun
from factorial.services import hand_out
from factorial.services.places import Place, placed, starts_of, times, told
from factorial.services.storing import registered
from factorial.values import Sent, is_same, typed
from runs.models import Answer, Event, Run, Trial, TrialEvents, Variant, Visit
from runs.models import Measure as Registered
from runs.models.answers import measure_id
from runs.rows import said, storable


@dataclass(frozen=True)
class Rules:
    """What another client is refused that ours has kept and flagged.

    That is a content that differs from the first one, and a measure that is not declared.
    """

    refuses_others: bool = False
    refuses_undeclared: bool = False


OURS, OF_2020 = Rules(), Rules(refuses_others=True, refuses_undeclared=True)


@dataclass(frozen=True)
class Receipt:
    """What is safe: a client may forget these trials. Each is its block and its number."""

    stored: list[tuple[int, int]] = field(default_factory=list)
    known: list[tuple[int, int]] = field(default_factory=list)
    disputed: list[tuple[int, int]] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)
    done: int = 0
    is_complete: bool = False
    at: datetime | None = None


@transaction.atomic
def receive(
    *,
    planned: PlannedRun,
    token: str,
    trials: Sequence[Sent],
    rules: Rules = OURS,
    places: Mapping[int, Place] | None = None,
) -> Receipt:
    """Store what a holder sends: all of it, or nothing when it is refused.

    Trials come one after another, in the order of the plan. One that is stored already is a no-op
    when its content is the same, also when the run is over by now or goes on elsewhere: the answer
    may have been lost. Another content is kept beside the first and marked, or refused.

    Raises
    ------
    NotHeld, WrongToken, RunIsComplete
        The token may not write, and some of it is new.
    NoSuchTrial, OutOfOrder
        The run plans no such trial, or one before it is missing.
    TrialDiffers, WrongMeasure
        By the rules of the client, what differs and what is not declared is refused.
    """
    at, run = now(), planned.run
    if run is None:
        raise NotHeld
    try:
        lease = planned.design.lease_seconds
        hand_out.renew(run=run, token=token, lease_seconds=lease, at=at)
    except (NotHeld, WrongToken, RunIsComplete):
        if known := _all_known(planned, trials, places or placed(planned, trials)):
            return known
        raise
    return _Taking(planned, run, rules, at).take(trials, places or placed(planned, trials))


@transaction.atomic
def note(*, planned: PlannedRun, token: str, kind: str, data: Mapping[str, Any]) -> None:
    """Keep something that a holder says of the run beside its trials.

    Raises
    ------
    NotHeld, WrongToken, RunIsComplete
        The token may not write.
    """
    at, run = now(), planned.run
    if run is None:
        raise NotHeld
    hand_out.renew(run=run, token=token, lease_seconds=planned.design.lease_seconds, at=at)
    Event.objects.create(run=run, kind=kind, received_at=at, data=dict(data))


def _all_known(
    planned: PlannedRun, trials: Sequence[Sent], places: Mapping[int, Place]
) -> Receipt | None:
    """Say that all of it came before, and only the answer was lost."""
    kept = _kept(trials, places)
    keys = _keys(trials)
    same = all(key in kept and _same(kept[key], one) for key, one in zip(keys, trials, strict=True))
    return Receipt(known=keys, done=planned.done) if keys and same else None


def _kept(trials: Iterable[Sent], places: Mapping[int, Place]) -> dict[tuple[int, int], Trial]:
    blocks = {place.visit: place.number for place in places.values() if place.visit}
    rows = Trial.objects.filter(visit__in=blocks, index__in={one.trial for one in trials})
    return {(blocks[row.visit_id], row.index): row for row in rows.order_by()}


def _same(row: Trial, one: Sent) -> bool:
    """Compare the hashes, and the contents only where they differ."""
    if row.digest == one.digest:
        return True
    if not is_same(row.raw, one.raw):
        return False
    within = TrialEvents.objects.filter(trial=row).values_list("raw", flat=True).first()
    return is_same(within or "[]", one.events_raw)


class _Taking:
    """One batch of a run that is held: nobody else writes to it until the transaction ends."""

    def __init__(self, planned: PlannedRun, run: Run, rules: Rules, at: datetime) -> None:
        self.planned, self.run, self.rules, self.at = planned, run, rules, at
        self.design: Design = planned.design
        self.flagged: list[str] = []
        self.was_stale = False

    def take(self, sent: Sequence[Sent], places: Mapping[int, Place]) -> Receipt:
        numbered = sorted(
            ((self._index(one, places), one) for one in _each_once(sent)), key=itemgetter(0)
        )
        new = self._advance([index for index, _ in numbered])
        old = [one for index, one in numbered if index < new.start]
        if old or self.was_stale or not all(place.visit for place in places.values()):
            places = placed(self.planned, sent)  # somebody may have written since they were read
        kept = _kept(old, places) if old else {}
        disputed = self._compare(old, kept)
        # What the lab skipped and somebody did all the same is late, and not lost.
        fresh = [one for index, one in numbered if index >= new.start or _key(one) not in kept]
        self._store(fresh, places)
        complete = bool(new) and new.stop == self.planned.trial_count
        if complete:
            self._end()
        return Receipt(
            stored=_keys(fresh),
            known=[key for key in _keys(old) if key in kept and key not in _keys(disputed)],
            disputed=_keys(disputed),
            flagged=self.flagged,
            done=new.stop,
            is_complete=complete,
            at=self.at,
        )

    def _index(self, one: Sent, places: Mapping[int, Place]) -> int:
        """Return which trial of the whole run it is."""
        place = places.get(one.block)
        if place is None or one.trial >= place.count:
            raise NoSuchTrial
        return place.first + one.trial

    def _advance(self, indices: Sequence[int]) -> range:
        """Count the new ones as done, and return them; what was read before may be old by now."""
        for done in (self.planned.done, None):
            before = self._done() if done is None else done
            new = range(before, max(before, indices[-1] + 1 if indices else 0))
            if [index for index in indices if index >= before] != list(new):
                if done is None:
                    raise OutOfOrder
                continue
            mine = PlannedRun.objects.filter(pk=self.planned.pk, run=self.run, done=before)
            if mine.update(done=new.stop) if new else mine.exists():
                return new
        raise WrongToken  # the run of the plan is another one by now

    def _done(self) -> int:
        self.planned.refresh_from_db(fields=["done"])
        self.was_stale = True
        return self.planned.done

    # --- what came before -------------------------------------------------------------------

    def _compare(self, old: Sequence[Sent], kept: Mapping[tuple[int, int], Trial]) -> list[Sent]:
        """Return what came with another content, kept beside the first."""
        there = [one for one in old if _key(one) in kept]
        others = [one for one in there if not _same(kept[_key(one)], one)]
        if others and self.rules.refuses_others:
            raise TrialDiffers
        if others:
            self._keep_beside(others, kept)
        return others

    def _keep_beside(
        self, others: Iterable[Sent], kept: Mapping[tuple[int, int], Trial]
    ) -> None:  # fmt: skip
        rows = [(kept[_key(one)], one) for one in others]
        Variant.objects.bulk_create(
            [
                Variant(
                    visit_id=row.visit_id,
                    index=row.index,
                    digest=one.digest,
                    raw=f'{{"trial":{one.raw},"events":{one.events_raw}}}',
                    received_at=self.at,
                )
                for row, one in rows
            ],
            ignore_conflicts=True,
        )
        Trial.objects.filter(pk__in=[row.pk for row, _ in rows]).update(is_disputed=True)
        Visit.objects.filter(pk__in={row.visit_id for row, _ in rows}).update(is_disputed=True)

    # --- what is new ------------------------------------------------------------------------

    def _store(self, fresh: Sequence[Sent], places: Mapping[int, Place]) -> None:
        if not fresh:
            return
        types = self._known(fresh)
        starts = starts_of(fresh, places)
        visits = self._visits(fresh, places, starts)
        rows = Trial.objects.bulk_create(
            [
                Trial(
                    visit_id=visits[one.block],
                    index=one.trial,
                    digest=one.digest,
                    raw=one.raw,
                    received_at=self.at,
                    **times(one, starts[one.block]),
                )
                for one in fresh
            ]
        )
        within = [
            TrialEvents(trial=row, count=one.event_count, raw=one.events_raw)
            for row, one in zip(rows, fresh, strict=True)
            if one.event_count
        ]
        if within:
            TrialEvents.objects.bulk_create(within)
        self._answer(rows, fresh, types)

    def _visits(
        self,
        fresh: Iterable[Sent],
        places: Mapping[int, Place],
        starts: Mapping[int, datetime | None],
    ) -> dict[int, Any]:
        """Return the showing of each block; those that begin now are made."""
        numbers = {one.block for one in fresh}
        new = [
            Visit(
                run=self.run,
                position=number,
                step=f"block {number}",
                served_at=self.at,
                started_at=self.at,
                content=told(starts[number]),
            )
            for number in sorted(numbers)
            if not places[number].visit
        ]
        if new:
            Visit.objects.bulk_create(new)
        made = {visit.position: visit.pk for visit in new}
        return {number: places[number].visit or made[number] for number in numbers}

    def _answer(
        self, rows: Sequence[Trial], fresh: Sequence[Sent], types: Mapping[str, str]
    ) -> None:
        answers = [
            self._answer_of(row, name, value, types.get(name, ""))
            for row, one in zip(rows, fresh, strict=True)
            for name, value in one.values.items()
        ]
        if answers:
            Answer.objects.bulk_create(answers)
        if self.flagged:
            Event.objects.create(
                run=self.run,
                visit_id=rows[0].visit_id,
                kind="not as declared",
                received_at=self.at,
                data={"trials": [list(key) for key in _keys(fresh)], "what": self.flagged},
            )

    def _answer_of(self, row: Trial, name: str, value: Any, kind: str) -> Answer:
        value, fits = typed(storable(value), kind)
        if not fits and self.design.has_fixed_measures:
            self.flagged.append(f"{name} is not of the type {kind}")
        told = said(name, value)
        return Answer(
            visit_id=row.visit_id,
            trial=row,
            measure_id=measure_id(self.run.project_id, self.run.design, name),
            value=told.value,
            number=told.number,
            text=told.text,
            received_at=self.at,
        )

    # --- what is measured -------------------------------------------------------------------

    def _known(self, fresh: Sequence[Sent]) -> dict[str, str]:
        """Return the types of measures; those that the design does not have are added, marked.

        Where measures are fixed, what once came undeclared is minded each time that it comes.
        """
        rows = Measure.objects.filter(design=self.design).order_by()
        fixed = self.design.has_fixed_measures
        found = {
            code: (kind, at_trial and counts, at_event and counts)
            for code, kind, at_trial, at_event, declared in rows.values_list(
                "code", "type", "at_trial", "at_event", "is_declared"
            )
            for counts in [declared or not fixed]
        }
        at_trial = {name for one in fresh for name in one.values}
        at_event = {name for one in fresh for name in one.names}
        strange = {name for name in at_trial if not (name in found and found[name][1])}
        strange_within = {name for name in at_event if not (name in found and found[name][2])}
        if strange or strange_within:
            self._learn(found, strange, strange_within)
        return {name: kind for name, (kind, _, _) in found.items()}

    def _learn(self, found: Mapping[str, Any], at_trial: set[str], at_event: set[str]) -> None:
        """Take what was not declared: a name of its own, or one that is known at another level."""
        names = sorted(at_trial | at_event)
        fixed = self.design.has_fixed_measures
        if fixed:
            self._mind(names)
        self._register([name for name in names if name not in found], at_trial, at_event)
        if not fixed:
            self._widen("at_trial", at_trial & found.keys())
            self._widen("at_event", at_event & found.keys())

    def _widen(self, level: str, names: Collection[str]) -> None:
        """Let measures be logged at another level; all writers take the rows in one order."""
        if names:
            rows = Measure.objects.filter(design=self.design, code__in=names).order_by("code")
            held = list(rows.select_for_update().values_list("pk", flat=True))
            Measure.objects.filter(pk__in=held).update(**{level: True})

    def _mind(self, names: Sequence[str]) -> None:
        if self.rules.refuses_undeclared:
            raise WrongMeasure(f"The design does not declare “{names[0]}” where it was sent.")
        self.flagged.extend(
            f"{name} is not declared where it was sent" for name in names if name != OUR_TIME
        )

    def _register(self, new: Sequence[str], at_trial: set[str], at_event: set[str]) -> None:
        if not new:
            return
        Measure.objects.bulk_create(
            [
                Measure(
                    design=self.design,
                    position=LAST,
                    code=name,
                    type=UNDECLARED,
                    at_trial=name in at_trial,
                    at_event=name in at_event,
                    is_declared=False,
                )
                for name in new
            ],
            ignore_conflicts=True,
        )
        Registered.objects.bulk_create(
            [registered(self.design, name, unforeseen=True) for name in new],
            ignore_conflicts=True,
        )

    def _end(self) -> None:
        """End the run. Its token is kept: the last answer may be lost, too."""
        status = Run.Status.COMPLETED
        going = Run.objects.filter(pk=self.run.pk, status__in=Run.OPEN)
        if going.update(status=status, ended_at=self.at, held_until=None):
            self.run.status, self.run.ended_at = status, self.at
            run_ended.send(sender=Run, run=self.run)


LAST = 1_000_000  # places measures that nobody declared after those of the design
UNDECLARED = "unregistered"
OUR_TIME = "at_ms"  # of each event that our own client sends


def _each_once(sent: Iterable[Sent]) -> list[Sent]:
    """Return the trials, the same one twice in a batch once; two contents of one are refused."""
    found: dict[tuple[int, int], Sent] = {}
    for one in sent:
        if found.setdefault(_key(one), one).digest != one.digest:
            raise TrialDiffers
    return list(found.values())


def _key(one: Sent) -> tuple[int, int]:
    return one.block, one.trial


def _keys(those: Iterable[Sent]) -> list[tuple[int, int]]:
    return [_key(one) for one in those]
