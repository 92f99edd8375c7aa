from django.apps import AppConfig
from django.http import HttpRequest

from common.home import Share


class ExperimentsConfig(AppConfig):
    name = "experiments"

    @staticmethod
    def home(request: HttpRequest) -> Share:
        from experiments import home  # noqa: PLC0415  models are not loaded before this runs

        return home.share(request)

    def ready(self) -> None:
        from experiments import checks, signals  # noqa: PLC0415  models are not loaded before this
        from experiments.services import erasing  # noqa: PLC0415

        erasing.register()
        signals.connect()
        checks.connect()
