"""The administration of the lab's records: every kind, by the same rules as pages and APIs."""

from lab.admin import (
    animals,
    colony,
    data,
    genetics,
    lookups,
    news,
    procedures,
    recordings,
    welfare,
)

lookups.register_the_rest()

__all__ = [
    "animals",
    "colony",
    "data",
    "genetics",
    "lookups",
    "news",
    "procedures",
    "recordings",
    "welfare",
]
