"""Who works in the demonstration, and what the lab is furnished with."""

from django.contrib.auth.hashers import make_password

from accounts.models import Lab, Membership, Project, User
from accounts.roles import Role
from lab import models
from lab.models import LabProfile
from lab.services.demo.world import MARK, REASON, World, known

SLUG, NAME, ZONE = "demo", "Demonstration lab", "Europe/Paris"
CAST = {
    "manager": ("demo_ada", "Ada", Role.MANAGER),
    "keeper": ("demo_cleo", "Cleo", Role.COLONY_MANAGER),
    "technician": ("demo_dan", "Dan", Role.TECHNICIAN),
    "first": ("demo_ben", "Ben", Role.EXPERIMENTER),
    "second": ("demo_eve", "Eve", Role.EXPERIMENTER),
}
PROJECTS = {"Demo: visual decisions": "Mice turn a wheel.", "Demo: whisker touch": "Mice feel."}


def make(password: str) -> tuple[Lab, dict[str, User]]:
    """Return the lab and its people; those who were closed before are open again."""
    lab = Lab.objects.filter(slug=SLUG).first() or Lab.objects.create(
        slug=SLUG, name=NAME, time_zone=ZONE
    )
    LabProfile._base_manager.filter(lab=lab).update(  # noqa: SLF001  part of the lab's making
        json=MARK, institution=REASON, reference_weight_fraction=0.8
    )
    hashed, people = make_password(password), {}
    for part, (username, first_name, role) in CAST.items():
        user = User.objects.named(username).first() or User(username=username)
        user.first_name, user.last_name = first_name, "(demonstration)"
        user.password, user.is_active = hashed, True
        user.save()
        Membership.objects.get_or_create(user=user, lab=lab, defaults={"role": role})
        people[part] = user
    return lab, people


def furnish(world: World) -> None:
    """Make projects, rooms, and what there is to choose from."""
    for name, about in PROJECTS.items():
        project, _ = Project.objects.get_or_create(
            lab=world.lab, name=name, defaults={"description": about}
        )
        world.projects.append(project)
    things = world.things
    for name in ("Rig 1", "Rig 2", "Animal room", "Surgery"):
        things[name] = models.Location.objects.create(pk=world.key(name), name=name, lab=world.lab)
    things["mouse"] = known(models.Species, "Mus musculus")
    things["strain"] = known(models.Strain, "C57BL/6J")
    things["source"] = known(models.Source, "Demonstration breeder")
    things["water"] = known(models.WaterType, "Water")
    things["headplate"] = known(models.ProcedureType, "Headplate implant")
    things["training"] = known(models.ProcedureType, "Behavior training/tasks")
    things["surplus"] = known(models.CullReason, "surplus")
    things["method"] = known(models.CullMethod, "CO2")
    things["cage type"] = known(models.CageType, "IVC")
    things["food"] = known(models.Food, "Standard pellets")
    things["repository"] = models.Repository.objects.create(
        pk=world.key("repository"), name="demo", kind=models.Repository.Kind.FOLDER,
        folder=str(world.folder), is_personal=False, json=MARK,
    )  # fmt: skip
    LabProfile.objects.get(lab=world.lab).repositories.add(things["repository"])
