from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.module_loading import autodiscover_modules

from common.areas import Area
from common.home import Share
from common.search import Hit, Provider


def _found(person: Any, text: str) -> list[Hit]:
    from jobs import queries  # noqa: PLC0415  models are not loaded before this runs

    return queries.found(person, text)


def _failed(person: Any) -> int:
    from jobs import queries  # noqa: PLC0415  models are not loaded before this runs

    return queries.failed_lately(person).count()


class JobsConfig(AppConfig):
    name = "jobs"
    area = Area(
        name="jobs",
        label="Jobs",
        icon="jobs",
        url_name="jobs:list",
        description="Work that runs in the background: how far it is, what came of it.",
        count=_failed,
    )

    search = (Provider("Jobs", _found),)

    @staticmethod
    def home(request: HttpRequest) -> Share:
        from jobs import home  # noqa: PLC0415  models are not loaded before this runs

        return home.share(request)

    def ready(self) -> None:
        autodiscover_modules("tasks")
