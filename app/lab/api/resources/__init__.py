"""Every resource of the lab's API, in the order in which the description lists them."""

from lab.api.resource import Resource
from lab.api.resources import (
    animals,
    colony,
    lookups,
    measured,
    notes,
    people,
    places,
    recorded,
)

ALL: tuple[Resource, ...] = (
    *animals.ALL, *colony.ALL, *places.ALL, *measured.ALL, *notes.ALL, *recorded.ALL, *people.ALL,
    *lookups.ALL,
)  # fmt: skip
BY_NAME = {one.name: one for one in ALL}
