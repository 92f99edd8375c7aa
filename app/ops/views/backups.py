"""The backups."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

import jobs
from ops import host_backups
from ops.access import operators_only
from ops.queries import backups


@require_safe
@operators_only
def backup_list(request: HttpRequest) -> HttpResponse:
    context = {
        "kept": backups.kept(),
        "host": host_backups.read(),
        "state": backups.state(),
        "failures": backups.failures(),
        "folder": settings.BACKUPS,
        "stale_h": settings.STALE_BACKUP_H,
        "site_name": settings.SITE_NAME,
    }
    return render(request, "ops/backups.html", context)


@require_POST
@operators_only
def backup_now(request: HttpRequest) -> HttpResponse:
    """Ask for a backup; pressing twice within a minute asks once."""
    minute = f"{timezone.now():%Y%m%dT%H%M}"
    job = jobs.enqueue("ops.backup", user=request.user, key=minute)
    messages.success(request, "The backup was asked for; this page shows how it goes.")
    return redirect("jobs:job", job_id=job.pk)
