"""The demonstration: a lab that could be, marked as invented, and gone again on request."""

import hashlib
from datetime import date, timedelta
from io import BytesIO, StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from tests.factories import lab as make

from accounts.models import AuditEntry, Lab, User
from lab import models
from lab.services.demo import colony, files, work

TODAY = date(2026, 10, 30)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Let the demonstration be small: what it promises does not depend on its size."""
    monkeypatch.setattr(colony, "LITTERS", (0,))
    monkeypatch.setattr(work, "TRAINED", 2)
    monkeypatch.setattr(work, "LONGEST", 10)


@pytest.fixture
def fill(db, tmp_path):
    def command(*words, **more):
        out = StringIO()
        given = {"today": TODAY, "folder": tmp_path / "demo", "stdout": out} | more
        call_command("demo_lab", *words, **given)
        return out.getvalue()

    return command


@pytest.fixture
def demo(fill):
    fill(password="only for a look")
    return Lab.objects.get(slug="demo")


def test_parents_live_and_are_grown_up_when_their_litters_are_born(demo):
    assert models.Litter.objects.count() == 6
    for litter in models.Litter.objects.select_related("breeding_pair"):
        pair = litter.breeding_pair
        assert (pair.father.sex, pair.mother1.sex) == ("M", "F")
        assert pair.began_on + timedelta(days=18) < litter.born_on <= pair.ended_on
        for parent in (pair.father, pair.mother1):
            assert litter.born_on - parent.born_on > timedelta(days=60)
            assert parent.is_alive(litter.born_on)


def test_young_are_weaned_and_genotyped_as_their_litter_says(demo):
    for pup in models.Subject.objects.exclude(litter=None).select_related("litter"):
        assert pup.born_on == pup.litter.born_on
        assert pup.born_on < pup.weaned_on < pup.genotyped_on <= TODAY
        assert pup.died_on is None or pup.died_on > pup.weaned_on


def test_tests_and_zygosities_agree(demo):
    assert models.Zygosity.objects.count() == models.Subject.objects.count()
    for zygosity in models.Zygosity.objects.all():
        results = {
            "mutant" if "mutant" in test.sequence.name else "wild type": test.result
            for test in zygosity.subject.genotype_tests.select_related("sequence")
        }
        assert results == {"mutant": int(zygosity.value > 0), "wild type": int(zygosity.value < 2)}


def test_nothing_is_done_with_the_dead_and_nothing_lies_in_the_future(demo):
    for kind, at in (
        (models.Weighing, "at"),
        (models.WaterAdministration, "at"),
        (models.Session, "began_at"),
        (models.Surgery, "began_at"),
    ):
        for row in kind.objects.select_related("subject"):
            day = getattr(row, at).date()
            assert row.subject.born_on < day <= TODAY
            assert row.subject.died_on is None or day <= row.subject.died_on


def test_whoever_is_trained_had_surgery_first_and_gets_measured_water(demo):
    trained = models.Subject.objects.exclude(sessions=None).distinct()
    assert trained.count() == 2
    for animal in trained:
        surgery, restriction = animal.surgeries.get(), animal.waterrestrictions.get()
        assert surgery.ended_at < restriction.began_at < animal.sessions.earliest("day").began_at
        assert animal.water_administrations.exclude(session=None).exists()
        lightest = min(animal.weighings.values_list("weight_g", flat=True))
        assert lightest > 0.8 * restriction.reference_weight_g


def test_every_living_animal_lives_in_one_cage_and_the_dead_in_none(demo):
    for animal in models.Subject.objects.all():
        cages = animal.housing_periods.filter(ended_at=None).count()
        assert cages == int(animal.died_on is None)


def test_arrays_are_as_numpy_wrote_them(demo, tmp_path):
    folder = tmp_path / "demo"
    record = models.FileRecord.objects.filter(dataset__name="trials.intervals.npy").first()
    content = (folder / record.relative_path).read_bytes()
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == record.dataset.hash
    intervals = np.load(BytesIO(content))
    assert intervals.shape == (60, 2)
    assert (np.diff(intervals, axis=1) > 0).all()
    assert record.dataset.is_online
    assert record.repository.folder == str(folder)


@pytest.mark.parametrize("values", [[1, -1, 5], [0.5, 2.0], []])
def test_an_array_is_read_back(values):
    assert np.load(BytesIO(files.array(values))).tolist() == values


def test_all_of_it_is_attributed_and_says_that_it_is_invented(demo):
    entries = AuditEntry.objects.filter(object_type="lab.session")
    assert entries.count() == models.Session.objects.count() > 0
    assert {(entry.user.username, entry.reason) for entry in entries} == {
        ("demo_ada", "Demonstration: invented data (demo_lab).")
    }
    assert demo.profile.json == {"demonstration": True}
    assert User.objects.get(username="demo_ben").check_password("only for a look")


def told():
    kinds = (models.Subject, models.Weighing, models.Session, models.Dataset, models.Zygosity)
    return [list(kind.objects.order_by("pk").values_list("pk", flat=True)) for kind in kinds] + [
        list(models.Weighing.objects.order_by("pk").values_list("weight_g", flat=True)),
        list(models.Dataset.objects.order_by("pk").values_list("hash", flat=True)),
    ]


def test_the_same_seed_makes_the_same_lab_and_another_another(fill):
    fill()
    first = told()
    fill("--again")
    assert told() == first
    fill("--again", seed=2)
    assert told() != first


def test_it_is_not_filled_twice(demo, fill):
    before = told()
    with pytest.raises(CommandError, match="--again"):
        fill()
    assert told() == before


def test_it_does_not_go_beside_real_animals_unless_forced(alder, alice, fill):
    make.subject(alder, alice)
    with pytest.raises(CommandError, match="--force"):
        fill()
    assert not Lab.objects.filter(slug="demo").exists()
    fill("--force")
    assert models.Subject.objects.filter(lab__slug="demo").exists()


def test_a_folder_with_other_files_is_not_used(fill, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.tex").write_text("mine")
    with pytest.raises(CommandError, match="--folder"):
        fill()
    fill("--remove")
    assert (tmp_path / "demo" / "thesis.tex").exists()
    assert not models.Subject.objects.exists()


def test_it_is_taken_away_and_leaves_others_alone(alder, alice, fill, tmp_path):
    animal = make.subject(alder, alice)
    session = make.session(animal, alice)
    make.dataset(session)
    fill("--force")
    fill("--remove")
    assert [row.pk for row in models.Subject.objects.all()] == [animal.pk]
    assert [row.pk for row in models.Session.objects.all()] == [session.pk]
    assert models.Dataset.objects.count() == 1
    for kind in (models.Litter, models.BreedingPair, models.Line, models.Housing, models.Weighing,
                 models.Allele, models.Sequence, models.Note, models.SubjectRequest):  # fmt: skip
        assert not kind.objects.exists(), kind
    assert not (tmp_path / "demo").exists()
    assert not User.objects.filter(username__startswith="demo_", is_active=True).exists()
    assert AuditEntry.objects.filter(action="demonstration.removed").count() == 1
