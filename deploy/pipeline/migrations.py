"""What a release will do to the database, as the release itself says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import commands
from pipeline.errors import Refused
from pipeline.releases import Release
from pipeline.runner import Runner
from pipeline.site import Site


@dataclass(frozen=True)
class Plan:
    """The names of the migrations of each phase, and what speaks against them."""

    early: tuple[str, ...]
    late: tuple[str, ...]
    ghosts: tuple[str, ...]
    refusals: tuple[Mapping[str, Any], ...]


def plan(site: Site, runner: Runner, release: Release, *, ghosts_allowed: bool = False) -> Plan:
    command = commands.plan_migrations(site, release, ghosts_allowed=ghosts_allowed)
    facts = json.loads(runner.run(command))
    return Plan(
        early=tuple(one["name"] for one in facts["early"]),
        late=tuple(one["name"] for one in facts["late"]),
        ghosts=tuple(facts["ghosts"]),
        refusals=tuple(facts["refusals"]),
    )


def check(wanted: Plan, options: Mapping[str, str]) -> None:
    """Raise Refused with every reason and its remedy."""
    bad = [
        refusal
        for refusal in wanted.refusals
        if not (refusal.get("kind") == "contracting" and "allow-contracting" in options)
    ]
    if bad:
        lines = [f"{one['migration']}: {one['message']} {one['remedy']}" for one in bad]
        raise Refused("The migrations cannot run as they are:\n" + "\n".join(lines))


def describe(
    site: Site, runner: Runner, release: Release, names: list[str]
) -> dict[str, dict[str, bool]]:
    if not names:
        return {}
    answer = runner.run(commands.describe_migrations(site, release, names))
    return dict(json.loads(answer))
