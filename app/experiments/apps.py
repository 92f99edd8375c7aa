from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "experiments"

    def ready(self) -> None:
        from experiments.services import erasing  # noqa: PLC0415  models are not loaded before this

        erasing.register()
