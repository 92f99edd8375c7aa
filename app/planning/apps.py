from typing import Any

from django.apps import AppConfig

from common.areas import Area
from common.search import Hit, Provider


def _analyses(person: Any, text: str) -> list[Hit]:
    from planning.queries import found  # noqa: PLC0415  models are not loaded before this runs

    return found.analyses(person, text)


def _plans(person: Any, text: str) -> list[Hit]:
    from planning.queries import found  # noqa: PLC0415  models are not loaded before this runs

    return found.plans(person, text)


class PlanningConfig(AppConfig):
    name = "planning"
    area = Area(
        name="planning",
        label="Planning",
        icon="curve",
        url_name="planning:studies",
        description="How many participants a study needs, and which design tells the most.",
    )
    search = (Provider("Power analyses", _analyses), Provider("Plans of tasks", _plans))
