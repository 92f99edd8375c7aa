from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from common.areas import Area


class JobsConfig(AppConfig):
    name = "jobs"
    area = Area(
        name="jobs",
        label="Jobs",
        icon="jobs",
        url_name="jobs:list",
        description="Work that runs in the background: how far it is, what came of it.",
    )

    def ready(self) -> None:
        autodiscover_modules("tasks")
