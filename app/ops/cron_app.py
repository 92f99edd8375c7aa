"""django-cron 0.6.0 on Django 5.2: its models and admin as this Django can import them.

Its own models use ``index_together``, which Django 5.1 removed; its admin page fails when sorted.
Ours take their place in ``sys.modules`` before Django imports them.
"""

import importlib
import sys

from django.apps import AppConfig


class DjangoCronConfig(AppConfig):
    name = "django_cron"
    verbose_name = "Scheduled jobs"
    default_auto_field = "django.db.models.AutoField"

    def import_models(self) -> None:
        sys.modules["django_cron.models"] = importlib.import_module("ops.cron_models")
        sys.modules["django_cron.admin"] = importlib.import_module("ops.cron_admin")
        super().import_models()
