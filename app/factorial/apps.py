from django.apps import AppConfig


class FactorialConfig(AppConfig):
    name = "factorial"
