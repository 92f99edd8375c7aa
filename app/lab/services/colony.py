"""The colony: lines, breeding pairs, litters and the animals that are born in them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit
from lab.models import BreedingPair, Line, Litter, Sex, Subject
from lab.models.subjects import NICKNAME
from lab.services import names, records, zygosities
from lab.services.subjects import NAMELESS, keeper_of, take_names
from lab.times import day_of

Values = Mapping[str, Any]
PARENTS = {"father": Sex.MALE, "mother1": Sex.FEMALE, "mother2": Sex.FEMALE}
INHERITED = ("species", "strain", "source")
MOST = 50  # animals of one litter


# --- lines ----------------------------------------------------------------------------------------
@transaction.atomic
def create_line(*, by: User, values: Values, reason: str = "") -> Line:
    """Begin a line; its nickname begins the names of its animals, so it has to fit into paths."""
    _need_nickname(values)
    return records.create(kind=Line, by=by, values=values, reason=reason)


@transaction.atomic
def change_line(*, line: Line, by: User, values: Values, reason: str = "") -> Line:
    """Change a line; animals keep the names that they have."""
    if values.get("nickname", line.nickname) != line.nickname:
        _need_nickname(values)
    return records.change(record=line, by=by, values=values, reason=reason)


def _need_nickname(values: Values) -> None:
    nickname = values.get("nickname") or ""
    if not names.may_be_path(nickname):
        raise DoesNotFit(f"{nickname!r}: {NICKNAME.message}", field="nickname")
    if Line.objects.filter(nickname__iexact=nickname).exists():
        raise DoesNotFit(f"Another line is called {nickname}.", field="nickname")


# --- breeding pairs -------------------------------------------------------------------------------
@transaction.atomic
def create_pair(*, by: User, values: Values, reason: str = "") -> BreedingPair:
    """Put animals together; ``values`` has the line, and father, mother1, mother2, began_on.

    Without a name it gets the line's next one, without a start it begins today.
    """
    given = {"began_on": _today(values.get("line")), **values}
    if given.get("line") is None:
        raise DoesNotFit("Say for which line the pair breeds.", field="line")
    _need_parents(given["line"], given, began_on=given["began_on"])
    with recording.by(by, reason=reason):
        if given.get("name", "") in NAMELESS:
            permissions.need_create(by, BreedingPair, given["line"].lab)
            given["name"] = names.of_pair(line=given["line"])
        return records.create(kind=BreedingPair, by=by, values=given)


@transaction.atomic
def change_pair(*, pair: BreedingPair, by: User, values: Values, reason: str = "") -> BreedingPair:
    """Change a pair; parents are asked again whether they fit when one of them changes."""
    parents = {name: values.get(name, getattr(pair, name)) for name in PARENTS}
    new = {name: each for name, each in parents.items() if each != getattr(pair, name)}
    if new or "line" in values:
        began_on = values.get("began_on", pair.began_on)
        _need_parents(values.get("line", pair.line), parents, began_on=began_on, new=set(new))
    with recording.by(by, reason=reason):
        changed = records.change(record=pair, by=by, values=values)
        if new:
            zygosities.follow(_keys(Subject.objects.filter(litter__breeding_pair=pair)))
    return changed


def end_pair(
    *, pair: BreedingPair, by: User, on: date | None = None, reason: str = ""
) -> BreedingPair:
    """Part a pair, today or on the day that is given."""
    day = on or _today(pair.line)
    return change_pair(pair=pair, by=by, values={"ended_on": day}, reason=reason)


def _today(line: Line | None) -> date:
    return day_of(now(), line.lab if line else None)


def _need_parents(
    line: Line, given: Values, *, began_on: date | None, new: set[str] | None = None
) -> None:
    """Refuse parents that cannot have young of this line together.

    Whether they live matters for those that are ``new``: a pair outlives its animals.
    """
    present = {name: given[name] for name in PARENTS if given.get(name) is not None}
    if len({each.pk for each in present.values()}) < len(present):
        raise DoesNotFit("An animal is in this pair twice.", field=list(present)[-1])
    for name, parent in present.items():
        _need_parent(name, parent, line)
        if new is None or name in new:
            _need_life(name, parent, began_on)


def _need_parent(name: str, parent: Subject, line: Line) -> None:
    if parent.sex != PARENTS[name]:
        raise DoesNotFit(
            f"{parent} is {parent.get_sex_display()}; this parent has to be {PARENTS[name].label}.",
            field=name,
        )
    if parent.lab_id != line.lab_id:
        raise DoesNotFit(f"{parent} lives in {parent.lab}, the line in {line.lab}.", field=name)


def _need_life(name: str, parent: Subject, began_on: date | None) -> None:
    if not parent.is_alive(began_on):
        raise DoesNotFit(f"{parent} died on {parent.died_on}.", field=name)
    if began_on and parent.born_on and began_on < parent.born_on:
        raise DoesNotFit(f"{parent} was born on {parent.born_on}.", field=name)


# --- litters --------------------------------------------------------------------------------------
@transaction.atomic
def create_litter(*, by: User, values: Values, reason: str = "") -> Litter:
    """Write down a litter; of a pair it takes the line, and without a name the line's next one."""
    given = dict(values)
    pair: BreedingPair | None = given.get("breeding_pair")
    given["line"] = given.get("line") or (pair and pair.line)
    if given["line"] is None:
        raise DoesNotFit("Give the litter's breeding pair, or its line.", field="line")
    _need_birth(given["line"], pair, given.get("born_on"))
    with recording.by(by, reason=reason):
        if given.get("name", "") in NAMELESS:
            permissions.need_create(by, Litter, given["line"].lab)
            given["name"] = names.of_litter(line=given["line"])
        return records.create(kind=Litter, by=by, values=given)


@transaction.atomic
def change_litter(*, litter: Litter, by: User, values: Values, reason: str = "") -> Litter:
    """Change a litter; another birth date or line is that of its animals, too.

    Animals whose own date or line was changed before keep theirs.
    """
    before = {"born_on": litter.born_on, "line": litter.line}
    given = {name: values.get(name, getattr(litter, name)) for name in ("born_on", "line")}
    _need_birth(given["line"], values.get("breeding_pair", litter.breeding_pair), given["born_on"])
    mine = Subject.objects.filter(litter=litter).select_related("lab")
    with recording.by(by, reason=reason):
        changed = records.change(record=litter, by=by, values=values)
        for name, value in given.items():
            if value != before[name]:
                mine.filter(**{name: before[name]}).update(**{name: value})
        if {"line", "breeding_pair"} & set(values):
            zygosities.follow(_keys(mine))
    return changed


def _keys(rows: Any) -> list[UUID]:
    return list(rows.order_by().values_list("pk", flat=True))


def _need_birth(line: Line, pair: BreedingPair | None, born_on: date | None) -> None:
    if born_on is None:
        return
    if born_on > _today(line):
        raise DoesNotFit(f"{born_on} is not here yet.", field="born_on")
    if pair is None:
        return
    if pair.began_on and born_on < pair.began_on:
        raise DoesNotFit(f"{pair} was put together on {pair.began_on}.", field="born_on")
    for parent in (pair.father, pair.mother1, pair.mother2):
        if parent and parent.born_on and parent.born_on >= born_on:
            raise DoesNotFit(f"{parent} was born on {parent.born_on}.", field="born_on")


# --- the animals of a litter ----------------------------------------------------------------------
def young(
    *, count: int | None = None, sexes: str | Sequence[str] = "", ear_marks: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return what `add_young` wants of that many animals: the first sex and mark are the first's.

    ``sexes`` is a text such as "MMFFU" or a list; without a count there are as many as sexes.
    """
    number = count if count is not None else max(len(sexes), len(ear_marks))
    for name, given in (("sexes", sexes), ("ear_marks", ear_marks)):
        if given and len(given) != number:
            raise DoesNotFit(f"There are {number} animals and {len(given)} {name}.", field=name)
    return [
        {
            "sex": sexes[index] if sexes else Sex.UNKNOWN,
            "ear_mark": ear_marks[index] if ear_marks else "",
        }
        for index in range(number)
    ]


@transaction.atomic
def add_young(
    *, litter: Litter, by: User, animals: Sequence[Values], reason: str = ""
) -> list[Subject]:
    """Enter the animals of a litter at once, all or none, in a fixed number of statements.

    Each may have any field of an animal. What it does not say it has from its litter (birth date,
    line), and from its parents (species, strain, source, who is responsible): from the father, or
    the first mother that has it, or the line. Without a nickname it gets the line's next one.
    """
    if not 1 <= len(animals) <= MOST:
        raise DoesNotFit(f"A litter has 1 to {MOST} animals.", field="animals")
    permissions.need_create(by, Subject, litter.line.lab)
    common = _inherited(litter, by)
    rows = [Subject(**{**common, **_said(each)}) for each in animals]
    nameless = [row for row in rows if row.nickname in NAMELESS]
    with recording.by(by, reason=reason):
        for row, name in zip(nameless, _next_names(litter, len(nameless)), strict=True):
            row.nickname = name
        made = list(records.keep_all(Subject, rows))
        take_names(made)
        zygosities.follow([each.pk for each in made])
    return made


def _said(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _next_names(litter: Litter, count: int) -> list[str]:
    if not count:
        return []
    return names.of_subjects(line=litter.line, lab=litter.line.lab, count=count)


def _inherited(litter: Litter, by: User) -> dict[str, Any]:
    line, pair = litter.line, litter.breeding_pair
    parents = [pair.father, pair.mother1, pair.mother2] if pair else []
    givers: list[Any] = [*filter(None, parents), line]
    found = {
        name: next((value for each in givers if (value := getattr(each, name))), None)
        for name in INHERITED
    }
    keepers = (parent.responsible_user for parent in parents if parent)
    keeper = next((each for each in keepers if each.is_active), None)
    return found | {
        "litter": litter,
        "line": line,
        "lab": line.lab,
        "born_on": litter.born_on,
        "responsible_user": keeper or keeper_of(line.lab, by),
    }


@transaction.atomic
def wean(
    *,
    by: User,
    subjects: Sequence[Subject],
    on: date | None = None,
    values: Values | None = None,
    reason: str = "",
) -> list[Subject]:
    """Wean animals, today or on a day; those that are weaned or dead already stay as they are.

    ``values`` is what else becomes of each, such as its cage label or to_be_genotyped.
    """
    keys = [subject.pk for subject in subjects]
    rows = Subject.objects.select_related("lab").filter(pk__in=keys, weaned_on=None)
    found = list(rows.order_by("nickname"))
    permissions.need_change_all(by, Subject, found)
    day = on or day_of(now(), found[0].lab if found else None)
    alive = [subject for subject in found if subject.is_alive(day)]
    for subject in alive:
        if subject.born_on and day < subject.born_on:
            raise DoesNotFit(f"{subject} was born on {subject.born_on}.", field="weaned_on")
    mine = rows.model.objects.select_related("lab").filter(pk__in=[each.pk for each in alive])
    with recording.by(by, reason=reason):
        mine.update(weaned_on=day, **(values or {}))
    return list(mine.order_by("nickname"))
