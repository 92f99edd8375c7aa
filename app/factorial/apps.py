from django.apps import AppConfig


class FactorialConfig(AppConfig):
    name = "factorial"

    def ready(self) -> None:
        from factorial.services import erasing  # noqa: PLC0415  models are not loaded before this

        erasing.register()
