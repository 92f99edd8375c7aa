from django.apps import AppConfig
from django.core import checks as system_checks


class SiteConfig(AppConfig):
    """The composition root as an app: it brings the checks of the settings and `runserver`."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: PLC0415  apps are imported before settings are ready

        for check in checks.ALL:
            system_checks.register(check, checks.TAG)
