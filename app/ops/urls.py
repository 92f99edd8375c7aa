"""Health for machines at the root; everything for operators under ``/ops/``."""

from django.urls import URLPattern, URLResolver, path

from ops.views import backups, errors, health, overview, releases, schedule

app_name = "ops"
urlpatterns: list[URLPattern | URLResolver] = [
    path("health/", health.alive, name="health"),
    path("health/ready/", health.ready, name="health-ready"),
    path("ops/", overview.overview, name="overview"),
    path("ops/releases/", releases.release_list, name="releases"),
    path("ops/releases.csv", releases.release_csv, name="releases-csv"),
    path("ops/releases/<int:number>/", releases.release_detail, name="release"),
    path("ops/schedule/", schedule.schedule_page, name="schedule"),
    path("ops/errors/", errors.error_list, name="errors"),
    path("ops/errors/<int:pk>/", errors.error_detail, name="error"),
    path("ops/errors/<int:pk>/resolve/", errors.error_resolve, name="error-resolve"),
    path("ops/errors/<int:pk>/reopen/", errors.error_reopen, name="error-reopen"),
    path("ops/backups/", backups.backup_list, name="backups"),
    path("ops/backups/now/", backups.backup_now, name="backup-now"),
]
