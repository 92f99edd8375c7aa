"""The lab's records as the rest of the site sees them."""

from typing import Any

from django.apps import AppConfig

from common.areas import Area


def _enters(person: Any) -> bool:
    from accounts import queries  # noqa: PLC0415  the models are there by then

    return queries.enters_administration(person)


class LabConfig(AppConfig):
    name = "lab"
    verbose_name = "Lab records"
    area = Area(
        name="admin",
        label="Lab records",
        icon="lab",
        url_name="admin:index",
        description="Animals, procedures, water, colony, sessions, files: what the lab records.",
        visible_to=_enters,
        phone_rank=30,
    )

    def ready(self) -> None:
        from lab import signals  # noqa: F401, PLC0415  they register themselves
