"""What is done with the animals of the demonstration: surgeries, weights, water, sessions."""

import math
from datetime import date, datetime, timedelta

from lab import models
from lab.models import (
    Note,
    Session,
    Subject,
    Surgery,
    WaterAdministration,
    WaterRestriction,
    Weighing,
)  # fmt: skip
from lab.services.demo.world import World

TRAINED = 8  # animals
SURGERY_AGE, TRAINING_AGE = timedelta(days=84), timedelta(days=100)
LONGEST = 30  # days of training
ADULT_G = {"M": 29.0, "F": 23.0}
IMPLANT_G = 1.2
ML_PER_G = 0.04
MODERATE = models.subjects.Severity.MODERATE


def carry_out(world: World) -> None:
    living = [animal for animal in world.animals if animal.died_on is None and animal.weaned_on]
    old_enough = [each for each in living if _age(world, each) > TRAINING_AGE]
    trained = sorted(old_enough, key=lambda each: str(each.born_on))[-TRAINED:]
    _surgeries(world, trained)
    _restrict(world, trained)
    _weigh_others(world, [animal for animal in living if animal not in trained])
    _train(world, trained)
    _note(world)


def _age(world: World, animal: Subject) -> timedelta:
    return world.today - (animal.born_on or world.today)


def growth_g(animal: Subject, day: date) -> float:
    """Return what a fed animal of that sex and age weighs: a curve that levels at 20 weeks."""
    weeks = (day - (animal.born_on or day)).days / 7
    return ADULT_G.get(animal.sex, 26.0) * (1 - 0.75 * math.exp(-weeks / 5))


def _surgeries(world: World, animals: list[Subject]) -> None:
    surgeries = []
    for animal in animals:
        day = _on(animal, SURGERY_AGE)
        who = world.somebody("first", "second")
        surgeries.append(Surgery(
            pk=world.key("surgery", animal.nickname), subject=animal, lab=world.lab,
            location=world.things["Surgery"], began_at=world.at(day, 10),
            ended_at=world.at(day, 11, 30), implant_weight_g=IMPLANT_G,
            outcome=Surgery.Outcome.RECOVERY, narrative="Headplate; recovered well.",
        ))  # fmt: skip
        animal.responsible_user, animal.protocol_number = who, 3
        animal.actual_severity = MODERATE
    world.keep(surgeries)
    headplate = world.things["headplate"].pk
    world.link(Surgery.procedures.through, [
        Surgery.procedures.through(surgery_id=each.pk, proceduretype_id=headplate)
        for each in surgeries
    ])  # fmt: skip
    world.link(Surgery.users.through, [
        Surgery.users.through(surgery_id=each.pk, user_id=each.subject.responsible_user_id)
        for each in surgeries
    ])  # fmt: skip
    for animal in animals:
        animal.save()


def _on(animal: Subject, age: timedelta) -> date:
    if animal.born_on is None:
        raise ValueError(f"{animal} has no birth date")
    return animal.born_on + age


def _first_day(world: World, animal: Subject) -> date:
    return max(_on(animal, TRAINING_AGE), world.ago(LONGEST))


def _restrict(world: World, animals: list[Subject]) -> None:
    world.keep([
        WaterRestriction(
            pk=world.key("restriction", animal.nickname), subject=animal, lab=world.lab,
            began_at=world.at(_first_day(world, animal), 8), water_type=world.things["water"],
            reference_weight_g=_reference_g(world, animal),
        )
        for animal in animals
    ])  # fmt: skip


def _reference_g(world: World, animal: Subject) -> float:
    return round(growth_g(animal, _first_day(world, animal)) + IMPLANT_G, 1)


def _weigh_others(world: World, animals: list[Subject]) -> None:
    """Weigh each week whoever is not trained, for the last twelve weeks of its life."""
    weighings = []
    for animal in animals:
        for weeks in range(12):
            day = world.ago(7 * weeks + 1)
            if day > _on(animal, timedelta(days=28)):
                weighings.append(_weighing(world, animal, day, growth_g(animal, day)))
    world.keep(weighings)


def _weighing(world: World, animal: Subject, day: date, weight_g: float) -> Weighing:
    return Weighing(
        pk=world.key("weighing", animal.nickname, day), subject=animal,
        user=world.people["technician"], at=world.at(day, 8, 30),
        weight_g=round(weight_g + world.chance.gauss(0, 0.15), 1),
    )  # fmt: skip


def _train(world: World, animals: list[Subject]) -> None:
    """Weigh every day, train on weekdays, and give what is still needed in the evening."""
    weighings, sessions, water = [], [], []
    for number, animal in enumerate(animals):
        first, reference = _first_day(world, animal), _reference_g(world, animal)
        for count in range((world.today - first).days):
            day = first + timedelta(days=count)
            share = 0.86 + 0.14 * math.exp(-count / 3)
            weight = (reference - IMPLANT_G) * share + IMPLANT_G
            weighings.append(_weighing(world, animal, day, weight))
            needed = round(ML_PER_G * (weight - IMPLANT_G), 2)
            if day.weekday() < 5:  # noqa: PLR2004  Monday to Friday
                session = _session(world, animal, day, count, number)
                sessions.append(session)
                earned = round(needed * world.chance.uniform(0.4, 0.8), 2)
                water.append(
                    _water(world, animal, at=world.at(day, 11), amount=earned, session=session)
                )
                needed = round(needed - earned, 2)
            water.append(_water(world, animal, at=world.at(day, 17), amount=needed))
    world.keep(weighings)
    world.sessions = world.keep(sessions)
    world.keep(water)
    _link_sessions(world)


def _session(world: World, animal: Subject, day: date, count: int, number: int) -> Session:
    trials = world.chance.randint(250, 700)
    share = 0.5 + 0.4 * (1 - math.exp(-count / 8)) + world.chance.uniform(-0.04, 0.04)
    return Session(
        pk=world.key("session", animal.nickname, day), subject=animal, lab=world.lab, day=day,
        number=1, began_at=world.at(day, 10), ended_at=world.at(day, 10, 50),
        location=world.things[f"Rig {1 + number % 2}"], type="Experiment",
        task_protocol="demo_wheelTask_1.0", n_trials=trials,
        n_correct_trials=round(trials * min(share, 0.97)),
        qc=world.chance.choices([10, 30, 40], weights=[8, 2, 1])[0],
        extended_qc={"reaction time": round(world.chance.uniform(0.2, 0.9), 3)},
        narrative="Worked well." if share > 0.7 else "Still learning.",  # noqa: PLR2004
    )  # fmt: skip


def _water(
    world: World, animal: Subject, *, at: datetime, amount: float, session: Session | None = None
) -> WaterAdministration:
    return WaterAdministration(
        pk=world.key("water", animal.nickname, at), subject=animal, session=session,
        user=world.people["technician"], at=at, water_ml=max(amount, 0.0),
        water_type=world.things["water"],
    )  # fmt: skip


def _link_sessions(world: World) -> None:
    places = {animal.pk: number for number, animal in enumerate(world.animals)}
    kinds = (
        (Session.projects.through, "project_id",
         lambda each: world.projects[places[each.subject_id] % 2].pk),
        (Session.users.through, "user_id", lambda each: each.subject.responsible_user_id),
        (Session.procedures.through, "proceduretype_id", lambda _: world.things["training"].pk),
    )  # fmt: skip
    for through, column, value in kinds:
        world.link(
            through,
            [through(session_id=each.pk, **{column: value(each)}) for each in world.sessions],
        )


def _note(world: World) -> None:
    """Let somebody remark on an animal and on a few sessions."""
    about = [world.sessions[0].subject, *world.sessions[:: max(len(world.sessions) // 5, 1)]]
    world.keep([
        Note(
            pk=world.key("note", number), user=world.people["first"], lab=world.lab,
            content_object=thing, at=world.at(world.ago(1), 18, number),
            text="Invented, as all of this lab is.",
        )
        for number, thing in enumerate(about)
    ])  # fmt: skip
