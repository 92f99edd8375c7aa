from typing import Any

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from common.areas import Area
from common.search import Hit, Provider


def _found(person: Any, text: str) -> list[Hit]:
    from jobs import queries  # noqa: PLC0415  models are not loaded before this runs

    return queries.found(person, text)


class JobsConfig(AppConfig):
    name = "jobs"
    area = Area(
        name="jobs",
        label="Jobs",
        icon="jobs",
        url_name="jobs:list",
        description="Work that runs in the background: how far it is, what came of it.",
    )

    search = (Provider("Jobs", _found),)

    def ready(self) -> None:
        autodiscover_modules("tasks")
