"""Labs, projects and people that were there before their records get profiles."""

import re

from django.db import migrations

NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9_]+")


def give_profiles(apps, _schema_editor):
    labs = apps.get_model("accounts", "Lab").objects.filter(profile=None).order_by("pk")
    names = unique((lab, NOT_IN_PATHS.sub("_", lab.slug) or "lab") for lab in labs)
    make(apps.get_model("lab", "LabProfile"), "lab", names)
    projects = apps.get_model("accounts", "Project").objects.filter(profile=None).order_by("pk")
    names = unique((each, f"{each.lab.slug}_{each.slug}") for each in projects.select_related("lab"))
    make(apps.get_model("lab", "ProjectProfile"), "project", names)
    profile = apps.get_model("lab", "PersonProfile")
    people = apps.get_model("accounts", "User").objects.filter(profile=None)
    profile.objects.bulk_create(profile(user=person) for person in people)


def unique(wishes):
    """Yield each thing with its name; the second of a name gets its number after it."""
    taken = set()
    for thing, name in wishes:
        free = name if name not in taken else f"{name}_{thing.pk}"
        taken.add(free)
        yield thing, free


def make(model, field, names):
    model.objects.bulk_create(model(**{field: thing}, path_name=name) for thing, name in names)


class Migration(migrations.Migration):
    dependencies = [("lab", "0001_records")]

    operations = [migrations.RunPython(give_profiles, migrations.RunPython.noop)]
