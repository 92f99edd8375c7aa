from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core import checks as system_checks


class SiteConfig(AppConfig):
    """The composition root as an app: it brings checks of the settings, `runserver`, Sentry."""

    name = "config"

    def ready(self) -> None:
        from config import checks, sentry  # noqa: PLC0415  apps are imported before settings

        for check in checks.ALL:
            system_checks.register(check, checks.TAG)
        sentry.start(
            dsn=settings.SENTRY_DSN, release=settings.RELEASE, environment=settings.ENVIRONMENT
        )


class AdministrationConfig(AdminConfig):
    """Django's administration with a front door of our own."""

    default_site = "config.administration.Administration"
