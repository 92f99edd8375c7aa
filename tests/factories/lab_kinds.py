"""One record of every kind, in one lab, so that every address has something to speak of."""

from datetime import date
from typing import Any

from django.contrib.contenttypes.models import ContentType
from tests.factories import accounts, lab
from tests.factories.lab import MORNING, made

from lab import models


def one_of_each(house: Any, by: Any, mark: str = "") -> dict[str, Any]:
    """Return records by the names of their resources; ``mark`` keeps two labs' apart."""
    animal = lab.subject(house, by, f"KS{mark}001")
    session = lab.session(animal, by)
    line = made(models.Line, name=f"PV{mark}", nickname=f"PV{mark}", lab=house)
    allele = made(models.Allele, nickname=f"Cre{mark}")
    sequence = made(models.Sequence, name=f"Cre{mark}")
    cage = made(models.Housing, cage_name="C1", lab=house)
    dead = lab.subject(house, by, f"KS{mark}002", died_on=date(2026, 3, 1))
    project = accounts.project(house, f"Memory{mark}")
    action = {"subject": animal, "lab": house, "began_at": MORNING}
    about = {"content_type": ContentType.objects.get_for_model(animal), "object_id": animal.pk}
    return {
        "subjects": animal,
        "subject-names": made(
            models.SubjectName, subject=animal, lab=house, name=f"Speedy{mark}", kind="alias"
        ),
        "sessions": session,
        "weighings": lab.weighing(animal, by),
        "water-administrations": lab.water(animal, by),
        "water-restrictions": lab.restriction(animal),
        "lines": line,
        "breeding-pairs": made(models.BreedingPair, name=f"PV{mark}_BP_1", line=line),
        "litters": made(models.Litter, name=f"PV{mark}_L_1", line=line),
        "requests": made(
            models.SubjectRequest, line=line, user=by, count=3, made_on=MORNING.date()
        ),
        "culls": made(models.Cull, subject=dead, user=by, culled_on=date(2026, 3, 1)),
        "alleles": allele,
        "sequences": sequence,
        "genotype-tests": made(models.GenotypeTest, subject=animal, sequence=sequence, result=1),
        "zygosities": made(models.Zygosity, subject=animal, allele=allele, value=1),
        "zygosity-rules": made(
            models.ZygosityRule, line=line, allele=allele, sequence0=sequence, result0=1, value=1
        ),
        "locations": lab.location(house, "Rig 1"),
        "housings": cage,
        "housing-periods": made(
            models.HousingPeriod, subject=animal, housing=cage, began_at=MORNING
        ),
        "surgeries": made(models.Surgery, **action),
        "virus-injections": made(models.VirusInjection, **action),
        "chronic-recordings": made(models.ChronicRecording, **action),
        "other-actions": made(models.OtherAction, **action),
        "notes": made(models.Note, user=by, lab=house, text="Curious.", **about),
        "notification-rules": made(
            models.NotificationRule, user=by, kind="mouse_underweight", scope="mine"
        ),
        "tasks": made(models.Task, name="sorting", session=session),
        "labs": house.profile,
        "projects": project.profile,
        "people": by.profile,
        "affiliations": made(models.Affiliation, user=by, lab=house),
        "growth-points": made(
            models.GrowthPoint, lab=house, sex="M", age_weeks=12, mean_g=27.7, sd_g=1.7, source="us"
        ),
        **_of_data(session, house, mark),
        **_of_the_site(mark),
    }


def _of_data(session: Any, house: Any, mark: str) -> dict[str, Any]:
    kind = made(models.DatasetType, name=f"wheel{mark}.position")
    form = made(models.DataFormat, name=f"npy{mark}", file_extension=f".npy{mark}")
    place = made(models.Repository, name=f"share{mark}", is_personal=False)
    dataset = made(
        models.Dataset,
        session=session,
        lab=house,
        name="wheel.position.npy",
        type=kind,
        format=form,
    )
    return {
        "dataset-types": kind,
        "data-formats": form,
        "repositories": place,
        "datasets": dataset,
        "files": made(
            models.FileRecord, dataset=dataset, repository=place, relative_path=f"a/{mark}b.npy"
        ),
        "revisions": made(models.Revision, name=f"2026-04-01{mark}"),
        "tags": made(models.Tag, name=f"paper{mark}"),
    }


LISTS = {
    "species": models.Species, "strains": models.Strain, "sources": models.Source,
    "procedure-types": models.ProcedureType, "water-types": models.WaterType,
    "cage-types": models.CageType, "enrichments": models.Enrichment, "foods": models.Food,
    "cull-reasons": models.CullReason, "cull-methods": models.CullMethod,
    "coordinate-systems": models.CoordinateSystem, "imaging-types": models.ImagingType,
    "probe-models": models.ProbeModel,
}  # fmt: skip


def _of_the_site(mark: str) -> dict[str, Any]:
    return {name: made(model, name=f"One{mark}") for name, model in LISTS.items()}
