"""django-cron's tables with the indexes written as this Django wants them."""

from django.db import models


class CronJobLog(models.Model):
    """What django-cron decides by whether a job is due; the truth for people is ops.CronRun."""

    code = models.CharField(max_length=64, db_index=True)
    start_time = models.DateTimeField(db_index=True)
    end_time = models.DateTimeField(db_index=True)
    is_success = models.BooleanField(default=False)
    message = models.TextField(default="", blank=True)
    ran_at_time = models.TimeField(null=True, blank=True, db_index=True, editable=False)

    class Meta:
        app_label = "django_cron"
        indexes = [
            models.Index(fields=["code", "is_success", "ran_at_time"], name="cron_by_success"),
            models.Index(fields=["code", "start_time", "ran_at_time"], name="cron_by_start"),
        ]

    def __str__(self) -> str:
        return f"{self.code} at {self.start_time}"


class CronJobLock(models.Model):
    """Unused: our lock is the kernel's or the database session's. django-cron imports the name."""

    job_name = models.CharField(max_length=200, unique=True)
    locked = models.BooleanField(default=False)

    class Meta:
        app_label = "django_cron"

    def __str__(self) -> str:
        return self.job_name
