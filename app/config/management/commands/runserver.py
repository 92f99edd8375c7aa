"""Django's development server, where it may run."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.contrib.staticfiles.management.commands.runserver import Command as DevelopmentServer
from django.core.management.base import CommandError

from config.static_files import OpenStaticFiles


class Command(DevelopmentServer):
    def handle(self, *args: Any, **options: Any) -> str | None:
        if settings.DEPLOYED:
            raise CommandError(
                "The development server is not for deployed sites: it answers without the site's "
                "limits and shows errors to everybody. The site is served by uWSGI; "
                "for a server of your own type `make run` in your checkout."
            )
        return super().handle(*args, **options)

    def get_handler(self, *args: Any, **options: Any) -> Any:
        found = super().get_handler(*args, **options)
        if isinstance(found, StaticFilesHandler):
            return OpenStaticFiles(found.application)
        return found
