"""Every resource of the lab's API, in the order in which the description lists them."""

from lab.api.resource import Resource
from lab.api.resources import animals, lookups, measured

ALL: tuple[Resource, ...] = (*animals.ALL, *measured.ALL, *lookups.ALL)
BY_NAME = {one.name: one for one in ALL}
