"""The pages that people meet, each with who meets it: a row makes a page part of every look."""

from collections.abc import Callable
from typing import Any

Visit = tuple[Any, str]  # who opens it, and where

PAGES: dict[str, Callable[[Any], Visit]] = {
    "welcome": lambda _: (None, "/"),
    "home": lambda world: (world.alice, "/"),
    "home-operator": lambda world: (world.olga, "/"),
    "components": lambda world: (world.olga, "/components/"),
    "search": lambda world: (world.alice, "/search/?q=mem"),
    "search-nothing": lambda world: (world.alice, "/search/?q=zebra"),
    "not-there": lambda world: (world.alice, "/nowhere/"),
    "not-there-stranger": lambda _: (None, "/nowhere/"),
    "sign-in": lambda _: (None, "/accounts/sign-in/"),
    "password-forgotten": lambda _: (None, "/accounts/password/forgotten/"),
    "profile": lambda world: (world.alice, "/accounts/me/"),
    "security": lambda world: (world.alice, "/accounts/me/security/"),
    "second-factor": lambda world: (world.alice, "/accounts/me/second-factor/"),
    "tokens": lambda world: (world.alice, "/accounts/me/tokens/"),
    "labs": lambda world: (world.alice, "/accounts/"),
    "lab": lambda world: (world.carol, "/accounts/labs/alder/"),
    "lab-settings": lambda world: (world.olga, "/accounts/labs/alder/settings/"),
    "person": lambda world: (world.carol, "/accounts/labs/alder/people/alice/"),
    "person-invite": lambda world: (world.carol, "/accounts/labs/alder/invite/"),
    "projects": lambda world: (world.alice, "/accounts/projects/"),
    "project": lambda world: (world.carol, "/accounts/projects/alder/memory/"),
    "project-create": lambda world: (world.carol, "/accounts/labs/alder/projects/new/"),
    "history": lambda world: (world.olga, "/accounts/history/"),
    "jobs": lambda world: (world.alice, "/jobs/"),
    "jobs-empty": lambda world: (world.bob, "/jobs/"),
    "job-running": lambda world: (world.alice, f"/jobs/{world.running.pk}/"),
    "job-failed": lambda world: (world.olga, f"/jobs/{world.failed.pk}/"),
    "ops": lambda world: (world.olga, "/ops/"),
    "ops-releases": lambda world: (world.olga, "/ops/releases/"),
    "ops-release": lambda world: (world.olga, "/ops/releases/2/"),
    "ops-schedule": lambda world: (world.olga, "/ops/schedule/"),
    "ops-errors": lambda world: (world.olga, "/ops/errors/"),
    "ops-error": lambda world: (world.olga, f"/ops/errors/{world.error.pk}/"),
    "ops-backups": lambda world: (world.olga, "/ops/backups/"),
    "administration": lambda world: (world.olga, "/admin/"),
}
