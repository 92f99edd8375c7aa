"""The colony of the demonstration: lines, founders, pairs, litters, genotypes, cages, culls."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lab.models import (
    Allele,
    BreedingPair,
    Cull,
    GenotypeTest,
    Housing,
    HousingPeriod,
    Line,
    Litter,
    Sequence,
    Subject,
    SubjectName,
    SubjectRequest,
    Zygosity,
    ZygosityRule,
)  # fmt: skip
from lab.models.genetics import Origin
from lab.services.demo.world import MARK, World

LINES = {"DPV": "Demo Pvalb-Cre", "DAI": "Demo Ai32"}
BEGAN = 420  # days ago
MATURE = timedelta(days=63)
GESTATION, WEANING, TESTING = timedelta(days=21), timedelta(days=21), timedelta(days=25)
LITTERS = (0, 90, 190, 330)  # days after the first litter of a pair
KEPT = 4  # animals of a litter; the others are surplus
IN_A_CAGE = 4


@dataclass
class Bred:
    """One line while it is bred."""

    line: Line
    allele: Allele
    number: int = 0

    def name(self) -> str:
        self.number += 1
        return f"{self.line.nickname}_{self.number:04d}"


def breed(world: World) -> None:
    for nickname, name in LINES.items():
        bred = _line(world, nickname, name)
        for number in range(1, 4):
            _pair(world, bred, number)
        _finish(bred)
    _name(world)
    _test(world)
    _house(world)
    _request(world)


def _line(world: World, nickname: str, name: str) -> Bred:
    things = world.things
    allele = Allele.objects.create(
        pk=world.key("allele", nickname), nickname=f"{name} allele", json=MARK
    )
    wanted, wild = (
        Sequence.objects.create(name=f"{name} {kind}", json=MARK)
        for kind in ("mutant", "wild type")
    )
    allele.sequences.add(wanted, wild)
    line = Line.objects.create(
        pk=world.key("line", nickname), name=name, nickname=nickname, lab=world.lab,
        species=things["mouse"], strain=things["strain"], source=things["source"], json=MARK,
    )  # fmt: skip
    line.alleles.add(allele)
    things[line.pk] = (wanted, wild)
    rules = {(1, 1): 1, (1, 0): 2, (0, 1): 0}  # results of the two tests: the zygosity
    world.enter([
        ZygosityRule(line=line, allele=allele, sequence0=wanted, result0=mutant, sequence1=wild,
                     result1=usual, value=value)
        for (mutant, usual), value in rules.items()
    ])  # fmt: skip
    return Bred(line, allele)


def _animal(world: World, bred: Bred, sex: str, born_on: date, copies: int, **more: Any) -> Subject:
    name, things = bred.name(), world.things
    animal = Subject(
        pk=world.key("animal", name), nickname=name, lab=world.lab, sex=sex, born_on=born_on,
        responsible_user=world.people["keeper"], species=things["mouse"], strain=things["strain"],
        line=bred.line, source=things["source"], ear_mark=world.chance.choice("LRB"), **more,
    )  # fmt: skip
    world.animals.append(animal)
    world.genes[animal.pk] = copies
    return animal


def _pair(world: World, bred: Bred, number: int) -> None:
    """Let two founders have their litters, and be parted long after the last one."""
    began = world.ago(BEGAN) + timedelta(days=world.chance.randrange(20))
    born = began - MATURE - timedelta(days=world.chance.randrange(14))
    father, mother = (_animal(world, bred, sex, born, copies=1) for sex in "MF")
    world.keep([father, mother])
    pair = BreedingPair(
        pk=world.key("pair", bred.line.nickname, number), line=bred.line, father=father,
        mother1=mother, name=f"{bred.line.nickname}_BP_{number:03d}", began_on=began,
        ended_on=began + timedelta(days=370),
    )  # fmt: skip
    world.keep([pair])
    for count, later in enumerate(LITTERS):
        wait = GESTATION + timedelta(days=later + world.chance.randrange(6))
        _litter(world, bred, pair, began + wait, (number - 1) * len(LITTERS) + count + 1)
    world.things[pair.pk] = (father, mother)
    world.things.setdefault("pairs", []).append(pair)


def _litter(world: World, bred: Bred, pair: BreedingPair, born_on: date, number: int) -> None:
    litter = Litter(
        pk=world.key("litter", bred.line.nickname, number), line=bred.line, breeding_pair=pair,
        name=f"{bred.line.nickname}_L_{number:03d}", born_on=born_on,
    )  # fmt: skip
    world.keep([litter])
    pups, culls = [], []
    for count in range(world.chance.randint(5, 8)):
        copies = world.chance.randrange(2) + world.chance.randrange(2)  # one of each parent's two
        more = {"weaned_on": born_on + WEANING, "genotyped_on": born_on + TESTING}
        pup = _animal(world, bred, "MF"[count % 2], born_on, copies, litter=litter, **more)
        if count >= KEPT:
            pup.died_on = died_on = born_on + timedelta(days=world.chance.randint(30, 45))
            culls.append(_cull(world, pup, died_on))
        pups.append(pup)
    world.keep(pups)
    world.enter(culls)


def _cull(world: World, animal: Subject, day: date) -> Cull:
    return Cull(
        subject=animal, user=world.people["technician"], culled_on=day,
        reason=world.things["surplus"], method=world.things["method"],
    )  # fmt: skip


def _finish(bred: Bred) -> None:
    line = bred.line
    line.last_subject_number, line.last_pair_number = bred.number, 3
    line.last_litter_number = 3 * len(LITTERS)
    line.save()


def _name(world: World) -> None:
    world.enter([
        SubjectName(subject=animal, lab=world.lab, name=animal.nickname,
                    since=world.at(animal.born_on, 9))
        for animal in world.animals if animal.born_on
    ])  # fmt: skip
    through = Subject.projects.through
    places = enumerate(world.animals)
    world.link(through, [
        through(subject_id=animal.pk, project_id=world.projects[number % 2].pk)
        for number, animal in places
    ])  # fmt: skip


def _test(world: World) -> None:
    """Let every young animal be tested for both sequences, with the results its genes give."""
    tests, zygosities = [], []
    for animal in world.animals:
        line, copies = animal.line, world.genes[animal.pk]
        if line is None:
            continue
        results = (copies > 0, copies < 2)  # noqa: PLR2004  both of its two copies
        for sequence, result in zip(world.things[line.pk], results, strict=True):
            tests.append(GenotypeTest(subject=animal, sequence=sequence, result=int(result)))
        allele = world.things.setdefault(("allele", line.pk), line.alleles.get())
        zygosities.append(
            Zygosity(subject=animal, allele=allele, value=copies, origin=Origin.TESTED)
        )
    world.enter(tests)
    world.enter(zygosities)


def _house(world: World) -> None:
    """Put parents in cages of their own, and weaned young by litter and sex."""
    groups: dict[tuple[str, str], list[Subject]] = {}
    parents: dict[Any, BreedingPair] = {}
    for pair in world.things["pairs"]:
        parents |= {each.pk: pair for each in world.things[pair.pk]}
    for animal in world.animals:
        group = str(parents[animal.pk].name if animal.pk in parents else animal.litter)
        groups.setdefault((group, "" if animal.pk in parents else animal.sex), []).append(animal)
    cages, periods = [], []
    for number, animals in enumerate(groups.values(), start=1):
        cage = Housing(
            pk=world.key("cage", number), cage_name=f"D{number:03d}", lab=world.lab, light_cycle=1,
            room=world.things["Animal room"], cage_type=world.things["cage type"],
            food=world.things["food"], cage_cleaning_frequency_days=7,
        )  # fmt: skip
        cages.append(cage)
        periods += [_period(world, animal, cage, parents.get(animal.pk)) for animal in animals]
    world.keep(cages)
    world.enter(periods)


def _period(
    world: World, animal: Subject, cage: Housing, pair: BreedingPair | None
) -> HousingPeriod:
    since = pair.began_on if pair else animal.weaned_on
    return HousingPeriod(
        subject=animal, housing=cage, began_at=world.at(since or world.today, 10),
        ended_at=world.at(animal.died_on, 16) if animal.died_on else None,
    )  # fmt: skip


def _request(world: World) -> None:
    lines = {each.nickname: each for each in Line.objects.filter(lab=world.lab)}
    world.enter([
        SubjectRequest(user=world.people[who], line=lines[line], count=count,
                       made_on=world.ago(days), due_on=world.ago(days - 60), description=text)
        for who, line, count, days, text in (
            ("first", "DPV", 4, 40, "Males, for recordings."),
            ("second", "DAI", 2, 10, "Two animals to begin the pilot with."),
        )
    ])  # fmt: skip
