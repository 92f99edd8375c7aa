from django.apps import AppConfig

from common.areas import Area


class PlanningConfig(AppConfig):
    name = "planning"
    area = Area(
        name="planning",
        label="Planning",
        icon="curve",
        url_name="planning:studies",
        description="How many participants a study needs, and which design tells the most.",
    )
