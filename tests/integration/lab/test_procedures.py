"""Surgeries and restrictions: what they do to a licence, and that nobody dies silently."""

from datetime import UTC, date, datetime

import pytest
from tests.factories import accounts
from tests.factories import lab as make

from lab import models, recording
from lab.errors import DoesNotFit
from lab.permissions import NotYours, RoleTooLow
from lab.services import measurements, procedures, records, restrictions, trash

MORNING = datetime(2026, 4, 5, 9, tzinfo=UTC)
DAY = MORNING.date()


@pytest.fixture
def operated(animal, alice):
    def operate(**values):
        decision = {
            name: values.pop(name) for name in ("died_on", "lives_because") if name in values
        }
        given = {"subject": animal, "began_at": MORNING, "implant_weight_g": 0.0, **values}
        return procedures.create_surgery(by=alice, values=given, **decision)

    return operate


def fresh(animal):
    return models.Subject.objects.get(pk=animal.pk)


@pytest.mark.parametrize("outcome", ["a", "n"])
def test_an_outcome_alone_kills_nobody(operated, animal, outcome):
    with pytest.raises(DoesNotFit, match="does not outlive") as caught:
        operated(outcome=outcome)
    assert caught.value.field == "outcome_type"
    assert "died_on" in caught.value.remedy
    assert fresh(animal).died_on is None
    assert not models.Surgery.objects.exists()


def test_a_decision_lets_an_animal_die_on_the_day_that_is_named(operated, animal):
    operated(outcome="n", died_on=DAY)
    assert fresh(animal).died_on == DAY
    assert fresh(animal).actual_severity == models.Severity.NON_RECOVERY


def test_a_decision_lets_an_animal_live(operated, animal):
    surgery = operated(outcome="a", lives_because="ends tomorrow")
    assert surgery.confirmed == "ends tomorrow"
    assert fresh(animal).died_on is None


def test_an_animal_does_not_die_before_its_surgery(operated, animal):
    with pytest.raises(DoesNotFit, match="a surgery of 2026-04-05, after 2026-04-01"):
        operated(outcome="n", died_on=date(2026, 4, 1))
    assert not models.Surgery.objects.exists()


def test_changing_the_outcome_wants_the_same_decision(operated, alice, animal):
    surgery = operated(outcome="r")
    change = {"surgery": surgery, "by": alice, "values": {"outcome": "n"}}
    with pytest.raises(DoesNotFit):
        procedures.change_surgery(**change)
    procedures.change_surgery(**change, died_on=DAY, reason="did not wake")
    assert fresh(animal).died_on == DAY
    procedures.change_surgery(surgery=surgery, by=alice, values={"narrative": "long"})


@pytest.mark.parametrize("weight", [None, -1, float("nan"), float("inf"), "heavy"])
def test_the_weight_of_an_implant_is_a_number_of_at_least_zero(operated, weight):
    with pytest.raises(DoesNotFit) as caught:
        operated(implant_weight_g=weight)
    assert caught.value.field == "implant_weight"


def test_an_unknown_outcome_names_the_known_ones(operated):
    with pytest.raises(DoesNotFit, match="non-recovery"):
        operated(outcome="x")


def test_an_end_before_the_start_is_named(operated):
    with pytest.raises(DoesNotFit) as caught:
        operated(ended_at=datetime(2026, 4, 4, tzinfo=UTC))
    assert caught.value.field == "end_time"


@pytest.mark.parametrize(
    "kind", [models.VirusInjection, models.ChronicRecording, models.OtherAction]
)
def test_other_actions_are_entered_and_changed(animal, alice, kind):
    values = {"subject": animal, "began_at": MORNING, "users": [alice]}
    action = procedures.create_action(kind=kind, by=alice, values=values)
    assert (action.lab, list(action.users.all())) == (animal.lab, [alice])
    early = {"began_at": datetime(2025, 1, 1, tzinfo=UTC)}
    with pytest.raises(DoesNotFit):
        procedures.change_action(action=action, by=alice, values=early)


def test_only_whoever_may_enters_a_surgery(animal, bob, alder):
    values = {"subject": animal, "began_at": MORNING, "implant_weight_g": 0.0}
    with pytest.raises(RoleTooLow):
        procedures.create_surgery(by=bob, values=values)


# --- the licence -----------------------------------------------------------------------------
def test_the_step_follows_what_was_done(operated, animal, alice):
    surgery = operated()
    assert (fresh(animal).protocol_number, fresh(animal).actual_severity) == (2, 3)
    restriction = make.restriction(animal, began_at=MORNING)
    assert fresh(animal).protocol_number == 3
    restrictions.end_restriction(restriction=restriction, by=alice)
    assert fresh(animal).protocol_number == 2
    procedures.delete_action(action=surgery, by=alice, reason="another animal")
    assert fresh(animal).protocol_number == 1
    kept = models.DeletedRecord.objects.get(kind="lab.surgery")
    with recording.by(alice):
        trash.restore(kept=kept)
    assert fresh(animal).protocol_number == 2


@pytest.mark.parametrize(("rule", "number"), [("now", 1), ("ever", 3), ("by hand", 3)])
def test_the_rule_is_the_labs(animal, alder, alice, rule, number):
    with recording.by(None):
        alder.profile.protocol_rule = rule
        alder.profile.save()
        models.Subject.objects.filter(pk=animal.pk).update(
            protocol_number=3 if rule == "by hand" else 1
        )
    restriction = make.restriction(animal, began_at=MORNING)
    restrictions.end_restriction(restriction=restriction, by=alice)
    assert fresh(animal).protocol_number == number


def test_severity_is_raised_and_never_lowered(operated, animal):
    with recording.by(None):
        models.Subject.objects.filter(pk=animal.pk).update(actual_severity=4)
    operated()
    assert fresh(animal).actual_severity == 4


def test_an_animal_that_is_deleted_leaves_no_trace_of_a_new_step(operated, animal, carol):
    operated()
    records.delete(record=fresh(animal), by=carol)
    assert not models.Surgery.objects.exists()


# --- restrictions ------------------------------------------------------------------------------
def test_a_restriction_refers_to_the_last_weight_of_the_week(animal, alice):
    make.weighing(animal, alice, 24.5, at=datetime(2026, 4, 1, tzinfo=UTC))
    given = {"subject": animal, "began_at": MORNING}
    assert restrictions.restrict(by=alice, values=given).reference_weight_g == 24.5


def test_without_a_recent_weight_one_has_to_be_given(animal, alice):
    make.weighing(animal, alice, at=datetime(2026, 3, 1, tzinfo=UTC))
    given = {"subject": animal, "began_at": MORNING}
    with pytest.raises(DoesNotFit, match="seven days") as caught:
        restrictions.restrict(by=alice, values=given)
    assert caught.value.field == "reference_weight"


@pytest.mark.parametrize("weight", [0, -3, float("nan")])
def test_a_reference_weight_is_a_weight(animal, alice, weight):
    given = {"subject": animal, "began_at": MORNING, "reference_weight_g": weight}
    with pytest.raises(DoesNotFit) as caught:
        restrictions.restrict(by=alice, values=given)
    assert caught.value.field == "reference_weight"


def test_a_second_open_restriction_names_the_first(animal, alice):
    make.restriction(animal, began_at=MORNING)
    given = {"subject": animal, "began_at": MORNING, "reference_weight_g": 25.0}
    with pytest.raises(DoesNotFit, match="measured since 2026-04-05"):
        restrictions.restrict(by=alice, values=given)


def test_a_restriction_ends_once_and_not_before_it_began(animal, alice):
    restriction = make.restriction(animal, began_at=MORNING)
    before = datetime(2026, 4, 1, tzinfo=UTC)
    with pytest.raises(DoesNotFit):
        restrictions.end_restriction(restriction=restriction, by=alice, ended_at=before)
    ended = restrictions.end_restriction(restriction=restriction, by=alice)
    with pytest.raises(DoesNotFit, match="already"):
        restrictions.end_restriction(restriction=ended, by=alice)


def test_somebody_elses_restriction_is_left_alone(animal, alder):
    dora = accounts.person("dora", lab=alder, role="experimenter")
    restriction = make.restriction(animal, began_at=MORNING)
    with pytest.raises(NotYours):
        restrictions.end_restriction(restriction=restriction, by=dora)


# --- weights ---------------------------------------------------------------------------------
@pytest.mark.parametrize("weight", [9999, 0.5, -1, float("nan")])
def test_an_implausible_weight_is_refused(animal, alice, weight):
    with pytest.raises(DoesNotFit) as caught:
        measurements.weigh(by=alice, values={"subject": animal, "weight_g": weight, "at": MORNING})
    assert caught.value.field == "weight"


def test_an_implausible_weight_that_is_confirmed_is_kept_with_the_word_why(animal, alice):
    values = {"subject": animal, "weight_g": 1.2, "at": MORNING, "confirmed": "a pup"}
    assert measurements.weigh(by=alice, values=values).confirmed == "a pup"


def test_a_weight_far_from_that_of_the_week_is_refused(animal, alice):
    make.weighing(animal, alice, 24.0, at=datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(DoesNotFit, match=r"weighed 24 g on 2026-04-01"):
        measurements.weigh(
            by=alice, values={"subject": animal, "weight_g": 2.4e1 * 2, "at": MORNING}
        )


def test_the_bounds_are_the_labs(animal, alder, alice):
    with recording.by(None):
        alder.profile.most_weight_g = 20.0
        alder.profile.save()
    values = {"subject": animal, "weight_g": 21.0, "at": MORNING}
    with pytest.raises(DoesNotFit, match="from 3 g to 20 g"):
        measurements.weigh(by=alice, values=values)


def test_a_correction_is_as_likely_as_a_new_weight(animal, alice):
    weighing = make.weighing(animal, alice, 24.0, at=MORNING)
    with pytest.raises(DoesNotFit):
        measurements.change_weighing(weighing=weighing, by=alice, values={"weight_g": 2400.0})
    measurements.change_weighing(weighing=weighing, by=alice, values={"weight_g": 23.0})


@pytest.mark.parametrize("amount", [-1, float("nan")])
def test_water_is_a_number_of_at_least_zero(animal, alice, amount):
    with pytest.raises(DoesNotFit) as caught:
        measurements.give_water(by=alice, values={"subject": animal, "water_ml": amount})
    assert caught.value.field == "water_administered"
