"""The only writers of this area, by subject."""

from accounts.services import (
    confirmation,
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
    "confirmation",
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
