"""The settings of the processes that these tests start: as in tests, with work of their own."""

from config.settings.test import *  # noqa: F403
from config.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.integration.jobs.work"]
