"""Animals, sessions, weights: written as the site itself writes, without asking who may."""

from datetime import UTC, date, datetime
from typing import Any

from lab import models, recording

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def made(model: Any, /, **values: Any) -> Any:
    with recording.by(None, reason="a test"):
        return model.objects.create(**values)


def subject(lab: Any, by: Any, nickname: str = "KS001", **values: Any) -> Any:
    values = {"born_on": date(2026, 1, 1), "sex": "M"} | values
    animal = made(models.Subject, nickname=nickname, lab=lab, responsible_user=by, **values)
    made(models.SubjectName, subject=animal, lab=lab, name=nickname)
    return animal


def session(animal: Any, by: Any, **values: Any) -> Any:
    values = {"began_at": MORNING, "number": 1, "lab": animal.lab} | values
    found = made(models.Session, subject=animal, **values)
    with recording.by(None):
        found.users.set([by])
    return found


def weighing(animal: Any, by: Any, weight_g: float = 23.5, **values: Any) -> Any:
    values = {"at": MORNING} | values
    return made(models.Weighing, subject=animal, user=by, weight_g=weight_g, **values)


def location(lab: Any, name: str = "Rig 1") -> Any:
    return made(models.Location, lab=lab, name=name)


def water(animal: Any, by: Any, water_ml: float = 0.6, **values: Any) -> Any:
    values = {"at": MORNING} | values
    return made(models.WaterAdministration, subject=animal, user=by, water_ml=water_ml, **values)


def water_type(name: str = "Water") -> Any:
    return made(models.WaterType, name=name)


def restriction(animal: Any, **values: Any) -> Any:
    values = {"began_at": MORNING, "reference_weight_g": 25.0, "lab": animal.lab} | values
    return made(models.WaterRestriction, subject=animal, **values)


def dataset(of: Any) -> dict[str, Any]:
    """Make a dataset of a session with all that it speaks of; return what each is looked up by."""
    kind = made(models.DatasetType, name="wheel.position")
    form = made(models.DataFormat, name="npy", file_extension=".npy")
    place = made(models.Repository, name="share", is_personal=False)
    whole = made(
        models.Dataset, session=of, lab=of.lab, name="wheel.position.npy", type=kind, format=form
    )
    file = made(models.FileRecord, dataset=whole, repository=place, relative_path="a/b.npy")
    return {
        "dataset": whole.pk,
        "file": file.pk,
        "dataset_type": kind.name,
        "format": form.name,
        "repository": place.name,
        "repository_type": made(models.RepositoryType, name="Fileserver").name,
        "revision": made(models.Revision, name="2026-04-01").name,
        "tag": made(models.Tag, name="paper").name,
    }


def line(lab: Any, nickname: str = "PV", **values: Any) -> Any:
    return made(models.Line, lab=lab, **{"name": f"Line {nickname}", "nickname": nickname} | values)


def pair(line: Any, father: Any = None, mother: Any = None, **values: Any) -> Any:
    values = {"name": f"{line.nickname}_BP_900", "began_on": date(2026, 2, 1)} | values
    return made(models.BreedingPair, line=line, father=father, mother1=mother, **values)


def litter(line: Any, **values: Any) -> Any:
    values = {"name": f"{line.nickname}_L_900", "born_on": date(2026, 3, 1)} | values
    return made(models.Litter, line=line, **values)
