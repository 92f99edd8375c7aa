"""In place of django-cron's admin pages, which fail: ``/ops/schedule/`` shows the runs."""
