"""Where animals live and things are done."""

from lab import models
from lab.api.resource import Resource, taking, words
from lab.services import housing

SUBJECT = "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"
HOUSING = "7d6a1f0e-2a51-4d0a-9a51-3b1f0e6c8d21"

LOCATIONS = Resource(
    name="locations",
    model=models.Location,
    about="A room or a rig.",
    fields=words("name lab json"),
    order=("name", "id"),
    example={"name": "Rig 1", "lab": "alder"},
)
HOUSINGS = Resource(
    name="housings",
    model=models.Housing,
    about="A cage under one set of conditions.",
    fields=words(
        """
        cage_name lab room cage_type enrichment food cage_cleaning_frequency_days light_cycle json
        """
    ),
    order=("cage_name", "id"),
    create=housing.create_housing,
    change=taking("housing", housing.change_housing),
    example={"cage_name": "C12", "lab": "alder"},
)
PERIODS = Resource(
    name="housing-periods",
    model=models.HousingPeriod,
    about="When an animal lived in a cage; open while it does.",
    fields=words("subject housing began_at ended_at json"),
    order=("-began_at", "ended_at", "id"),
    create=housing.add_period,
    change=taking("period", housing.change_period),
    example={"subject": SUBJECT, "housing": HOUSING, "began_at": "2026-03-02T09:00:00Z"},
)

ALL = (LOCATIONS, HOUSINGS, PERIODS)
