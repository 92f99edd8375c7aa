from typing import Any

from django.apps import AppConfig

from common.areas import Area
from common.search import Hit, Provider


def _found(person: Any, text: str) -> list[Hit]:
    from factorial.queries import designs  # noqa: PLC0415  models are not loaded before this runs

    return designs.found(person, text)


class FactorialConfig(AppConfig):
    name = "factorial"
    area = Area(
        name="factorial",
        label="Designs",
        icon="grid",
        url_name="factorial:designs",
        description="Which conditions each participant gets, in which order, and how far they are.",
    )
    search = (Provider("Designs", _found),)

    def ready(self) -> None:
        from factorial.services import erasing  # noqa: PLC0415  models are not loaded before this

        erasing.register()
