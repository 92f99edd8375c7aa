from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "experiments"

    def ready(self) -> None:
        from experiments import signals  # noqa: PLC0415  models are not loaded before this
        from experiments.services import erasing  # noqa: PLC0415

        erasing.register()
        signals.connect()
