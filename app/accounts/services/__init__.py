"""The only writers of this area, by subject."""

from accounts.services import (
    labs,
    links,
    people,
    projects,
    second_factor,
    sessions,
    sign_in,
    tokens,
    upkeep,
)

__all__ = [
    "labs",
    "links",
    "people",
    "projects",
    "second_factor",
    "sessions",
    "sign_in",
    "tokens",
    "upkeep",
]
