"""What the records know of labs, projects and people."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from lab import models
from lab.api.resource import Resource, words
from lab.services import profiles

LABS = Resource(
    name="labs",
    model=models.LabProfile,
    about="A lab as its records see it: its name in paths, its rules for weight and water.",
    fields=words(
        """
        lab path_name institution address reference_weight_fraction zscore_weight_fraction
        water_rule fixed_water_ml cage_type enrichment food cage_cleaning_frequency_days
        light_cycle repositories json
        """
    ),
    read_only=("lab",),
    computed={
        "name": serializers.CharField(source="lab.name", read_only=True),
        "time_zone": serializers.CharField(source="lab.time_zone", read_only=True),
    },
    order=("path_name", "id"),
    is_created=False,
    delete=None,
    example={"reference_weight_fraction": 0.8},
)
PROJECTS = Resource(
    name="projects",
    model=models.ProjectProfile,
    about="A project as its records see it: one name on the whole site, where its files go.",
    fields=words("path_name default_repository json"),
    computed={
        "name": serializers.CharField(source="project.name", read_only=True),
        "lab": serializers.CharField(source="project.lab.slug", read_only=True),
        "description": serializers.CharField(source="project.description", read_only=True),
    },
    related=("project__lab",),
    order=("path_name", "id"),
    is_created=False,
    delete=None,
    example={"path_name": "memory"},
)


def _change_person(*, record: Any, by: User, values: Any, reason: str = "") -> Any:
    return profiles.change_person(profile=record, by=by, values=values, reason=reason)


PEOPLE = Resource(
    name="people",
    model=models.PersonProfile,
    about="A person as the records see them, and who acts on their animals.",
    fields=words("user delegates is_public json"),
    read_only=("user", "is_public"),
    computed={"name": serializers.CharField(source="user.get_full_name", read_only=True)},
    order=("id",),
    is_created=False,
    change=_change_person,
    delete=None,
    example={"delegates": ["bob"]},
)
AFFILIATIONS = Resource(
    name="affiliations",
    model=models.Affiliation,
    about="When somebody belonged to a lab, and as what: the record, not the permission.",
    fields=words("user lab role began_on ended_on json"),
    order=("began_on", "ended_on", "id"),
    example={"user": "alice", "lab": "alder", "role": "PhD student", "began_on": "2026-01-01"},
)
GROWTH = Resource(
    name="growth-points",
    model=models.GrowthPoint,
    about="How much animals of one sex and age weigh, as a lab knows it.",
    fields=words("lab strain sex age_weeks mean_g sd_g source json"),
    order=("age_weeks", "id"),
    example={
        "lab": "alder",
        "sex": "M",
        "age_weeks": 12,
        "mean_g": 27.7,
        "sd_g": 1.7,
        "source": "our own, 2025",
    },
)

ALL = (LABS, PROJECTS, PEOPLE, AFFILIATIONS, GROWTH)
