"""Load this release and show its pages, without leaving anything behind."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ops import release_check
from ops.release_check import ReleaseBroken


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            public = release_check.check()
        except ReleaseBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"pages": public}))
