"""Say as JSON what this release would do to the database, and what speaks against it."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from ops import migration_phases


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--allow-ghosts", action="store_true", help="for a rollback")
        parser.add_argument("--describe", nargs="+", metavar="app.0002_x", help="only these")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["describe"]:
            answer = _descriptions(options["describe"])
        else:
            answer = _plan(ghosts_allowed=options["allow_ghosts"])
        self.stdout.write(json.dumps(answer))


def _plan(*, ghosts_allowed: bool) -> dict[str, Any]:
    plan = migration_phases.plan(connection, ghosts_allowed=ghosts_allowed)
    return {
        "early": [_step(migration) for migration in plan.early],
        "late": [_step(migration) for migration in plan.late],
        "ghosts": list(plan.ghosts),
        "refusals": [asdict(refusal) for refusal in plan.refusals],
    }


def _step(migration: Migration) -> dict[str, Any]:
    describe = migration_phases.describe_operation
    return {
        "name": migration_phases.name_of(migration),
        "operations": [describe(migration, operation) for operation in migration.operations],
    }


def _descriptions(names: list[str]) -> dict[str, dict[str, bool]]:
    """Describe the migrations that this release has; the others are left out."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    by_name = {migration_phases.name_of(migration): migration for migration in known.values()}
    return {name: _description(by_name[name]) for name in names if name in by_name}


def _description(migration: Migration) -> dict[str, bool]:
    return {
        "late": bool(migration_phases.said_late(migration)),
        "reversible": all(operation.reversible for operation in migration.operations),
    }
