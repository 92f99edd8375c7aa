from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest

from common import areas
from common.home import Share


def _open_errors(_person: Any) -> int:
    from ops.queries import errors  # noqa: PLC0415  models are not there while apps are read

    return errors.open_count()


class OpsConfig(AppConfig):
    name = "ops"
    verbose_name = "Operations"
    area = areas.Area(
        name="ops",
        label="Operations",
        icon="pulse",
        url_name="ops:overview",
        description="Releases, health, scheduled jobs, errors and backups of this site.",
        visible_to=areas.operators,
        count=_open_errors,
        phone_rank=80,
    )

    @staticmethod
    def home(request: HttpRequest) -> Share:
        from ops import home  # noqa: PLC0415  models are not there while apps are read

        return home.share(request)
