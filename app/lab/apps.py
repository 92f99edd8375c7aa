"""The lab's records as the rest of the site sees them."""

from django.apps import AppConfig


class LabConfig(AppConfig):
    name = "lab"
    verbose_name = "Lab records"

    def ready(self) -> None:
        from lab import signals  # noqa: F401, PLC0415  they register themselves
