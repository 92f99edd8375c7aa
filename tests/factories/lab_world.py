"""One record of every kind in one lab, each linked with the others; called again, one more."""

from datetime import date
from typing import Any

from django.contrib.contenttypes.models import ContentType
from tests.factories.accounts import project
from tests.factories.lab import MORNING, made

from lab import models, recording

World = dict[type, Any]
NAMED = [
    models.Species, models.Strain, models.Source, models.ProcedureType, models.WaterType,
    models.CageType, models.Enrichment, models.Food, models.CullReason, models.CullMethod,
    models.CoordinateSystem, models.ImagingType, models.ProbeModel, models.Sequence,
    models.RepositoryType, models.Tag, models.DatasetType,
]  # fmt: skip


def fill(lab: Any, by: Any, tag: str) -> World:
    """Make one of each kind; ``tag`` tells them from those of another call."""
    world: World = {}
    with recording.by(None, reason="a test"):
        for kind in NAMED:
            world[kind] = kind.objects.create(name=f"{kind.__name__} {tag}")
        for step in (_colony, _animals, _procedures, _water, _data, _recordings, _news, _settings):
            step(world, lab, by, tag)
    return world


def _colony(world: World, lab: Any, by: Any, tag: str) -> None:
    world[models.Allele] = made(models.Allele, nickname=f"allele-{tag}")
    world[models.Allele].sequences.add(world[models.Sequence])
    line = world[models.Line] = made(
        models.Line, name=f"line {tag}", nickname=f"L{tag}", lab=lab,
        species=world[models.Species], strain=world[models.Strain], source=world[models.Source],
    )  # fmt: skip
    line.alleles.add(world[models.Allele])
    world[models.BreedingPair] = made(models.BreedingPair, name=f"BP_{tag}", line=line)
    world[models.Litter] = made(
        models.Litter, name=f"LT_{tag}", line=line, breeding_pair=world[models.BreedingPair],
        born_on=date(2026, 1, 1),
    )  # fmt: skip
    world[models.SubjectRequest] = made(
        models.SubjectRequest, user=by, line=line, count=3, made_on=date(2026, 1, 2)
    )
    world[models.ZygosityRule] = made(
        models.ZygosityRule, line=line, allele=world[models.Allele],
        sequence0=world[models.Sequence], result0=1, value=2,
    )  # fmt: skip


def _animals(world: World, lab: Any, by: Any, tag: str) -> None:
    animal = world[models.Subject] = made(
        models.Subject, nickname=f"KS-{tag}", lab=lab, responsible_user=by, sex="M",
        born_on=date(2026, 1, 1), species=world[models.Species], strain=world[models.Strain],
        line=world[models.Line], litter=world[models.Litter], source=world[models.Source],
        request=world[models.SubjectRequest],
    )  # fmt: skip
    animal.projects.add(project(lab, f"Project {tag}", slug=f"project-{tag}"))
    world[models.SubjectName] = made(models.SubjectName, subject=animal, lab=lab, name=f"KS-{tag}")
    made(models.SubjectName, subject=animal, lab=lab, name=f"old-{tag}", kind="former")
    pair = world[models.BreedingPair]
    pair.father = animal
    pair.save()
    dead = made(
        models.Subject, nickname=f"dead-{tag}", lab=lab, responsible_user=by,
        died_on=date(2026, 3, 1),
    )  # fmt: skip
    world[models.Cull] = made(
        models.Cull, subject=dead, user=by, culled_on=date(2026, 3, 1),
        reason=world[models.CullReason], method=world[models.CullMethod],
    )  # fmt: skip
    world[models.GenotypeTest] = made(
        models.GenotypeTest, subject=animal, sequence=world[models.Sequence], result=1
    )
    world[models.Zygosity] = made(
        models.Zygosity, subject=animal, allele=world[models.Allele], value=2
    )
    world[models.Location] = made(models.Location, name=f"Rig {tag}", lab=lab)
    world[models.Housing] = made(
        models.Housing, cage_name=f"C{tag}", lab=lab, room=world[models.Location],
        cage_type=world[models.CageType], enrichment=world[models.Enrichment],
        food=world[models.Food],
    )  # fmt: skip
    world[models.HousingPeriod] = made(
        models.HousingPeriod, subject=animal, housing=world[models.Housing], began_at=MORNING
    )


def _procedures(world: World, lab: Any, by: Any, tag: str) -> None:
    shared = {
        "subject": world[models.Subject], "lab": lab, "began_at": MORNING,
        "location": world[models.Location], "name": f"action {tag}",
    }  # fmt: skip
    kinds = {
        models.Session: {"number": 1, "task_protocol": f"task-{tag}", "n_trials": 10},
        models.Surgery: {"implant_weight_g": 1.5},
        models.VirusInjection: {"virus_batch": tag},
        models.ChronicRecording: {},
        models.OtherAction: {},
        models.WaterRestriction: {
            "reference_weight_g": 25.0, "water_type": world[models.WaterType],
        },
    }  # fmt: skip
    for kind, facts in kinds.items():
        action = world[kind] = made(kind, **shared, **facts)
        action.users.add(by)
        action.procedures.add(world[models.ProcedureType])
    world[models.Session].projects.add(*world[models.Subject].projects.all())


def _water(world: World, lab: Any, by: Any, tag: str) -> None:
    shared = {"subject": world[models.Subject], "user": by, "at": MORNING}
    world[models.Weighing] = made(models.Weighing, weight_g=23.5, **shared)
    world[models.WaterAdministration] = made(
        models.WaterAdministration, water_ml=0.6, session=world[models.Session],
        water_type=world[models.WaterType], **shared,
    )  # fmt: skip
    world[models.GrowthPoint] = made(
        models.GrowthPoint, lab=lab, strain=world[models.Strain], sex="M", age_weeks=8,
        mean_g=22.0, sd_g=1.5, source="measured here",
    )  # fmt: skip


def _data(world: World, lab: Any, by: Any, tag: str) -> None:
    world[models.DataFormat] = made(models.DataFormat, name=f"format {tag}", file_extension=".npy")
    world[models.Repository] = made(
        models.Repository, name=f"share {tag}", type=world[models.RepositoryType],
        is_personal=False,
    )  # fmt: skip
    world[models.Revision] = made(models.Revision, name=f"r{tag}")
    dataset = world[models.Dataset] = made(
        models.Dataset, session=world[models.Session], lab=lab, name=f"spikes.{tag}.npy",
        collection="alf", revision=world[models.Revision], type=world[models.DatasetType],
        format=world[models.DataFormat], created_by=by, file_size=1024,
    )  # fmt: skip
    dataset.tags.add(world[models.Tag])
    world[models.FileRecord] = made(
        models.FileRecord, dataset=dataset, repository=world[models.Repository],
        relative_path=f"{lab}/{tag}/spikes.npy",
    )  # fmt: skip
    world[models.Download] = made(models.Download, user=by, dataset=dataset, count=2)
    world[models.DataNotice] = made(
        models.DataNotice, name=f"notice {tag}", description="Mind the clock.", created_by=by
    )
    world[models.DataNotice].datasets.add(dataset)
    world[models.Task] = made(models.Task, name=f"task {tag}", session=world[models.Session])


def _recordings(world: World, lab: Any, by: Any, tag: str) -> None:
    session, system = world[models.Session], world[models.CoordinateSystem]
    chronic = world[models.ChronicInsertion] = made(
        models.ChronicInsertion, recording=world[models.ChronicRecording],
        model=world[models.ProbeModel], serial=tag,
    )  # fmt: skip
    probe = world[models.ProbeInsertion] = made(
        models.ProbeInsertion, session=session, name=f"probe{tag}",
        model=world[models.ProbeModel], chronic_insertion=chronic,
    )  # fmt: skip
    probe.datasets.add(world[models.Dataset])
    track = world[models.TrajectoryEstimate] = made(
        models.TrajectoryEstimate, probe_insertion=probe, lab=lab, provenance=70,
        coordinate_system=system,
    )  # fmt: skip
    number = models.BrainRegion.objects.count() + 1
    world[models.BrainRegion] = models.BrainRegion.objects.create(
        id=number, acronym=f"A{number}", name=f"area {number}"
    )
    world[models.Channel] = made(
        models.Channel, trajectory=track, axial_um=20.0, lateral_um=0.0,
        brain_region=world[models.BrainRegion],
    )  # fmt: skip
    world[models.ImagingStack] = made(models.ImagingStack, name=f"stack {tag}")
    plane = world[models.FieldOfView] = made(
        models.FieldOfView, session=session, name=f"FOV_{tag}",
        imaging_type=world[models.ImagingType], stack=world[models.ImagingStack],
    )  # fmt: skip
    place = world[models.FieldOfViewLocation] = made(
        models.FieldOfViewLocation, field_of_view=plane, provenance="E", coordinate_system=system
    )
    place.brain_regions.add(world[models.BrainRegion])


def _news(world: World, lab: Any, by: Any, tag: str) -> None:
    session = world[models.Session]
    world[models.Note] = made(
        models.Note, user=by, lab=lab, text=f"note {tag}", object_id=session.pk,
        content_type=ContentType.objects.get_for_model(models.Session),
    )  # fmt: skip
    news = world[models.Notification] = made(
        models.Notification, kind="mouse_water", title=f"water {tag}",
        subject=world[models.Subject],
    )  # fmt: skip
    news.users.add(by)
    kinds = list(models.NewsKind)
    number = models.NotificationRule.objects.filter(user=by).count()
    if number < len(kinds):
        rule = made(models.NotificationRule, user=by, kind=kinds[number], scope="mine")
    else:
        rule = models.NotificationRule.objects.filter(user=by).first()
    world[models.NotificationRule] = rule
    gone = made(models.Location, name=f"Gone {tag}", lab=lab)
    with recording.by(by, reason="a test"):
        gone.delete()
    world[models.DeletedRecord] = models.DeletedRecord.objects.latest("deleted_at")


def _settings(world: World, lab: Any, by: Any, tag: str) -> None:
    world[models.LabProfile] = lab.profile
    world[models.PersonProfile] = by.profile
    world[models.ProjectProfile] = world[models.Subject].projects.first().profile
    world[models.Affiliation] = made(
        models.Affiliation, user=by, lab=lab, role=tag, began_on=date(2026, 1, 1)
    )
