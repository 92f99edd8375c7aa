"""The settings of a container in these tests: as shipped, with the tests' own work."""

from config.settings.container import *  # noqa: F403
from config.settings.container import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.integration.jobs.work"]
