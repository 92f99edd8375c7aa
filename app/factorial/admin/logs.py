"""Hosts, sessions and runs of clients that number their logs themselves.

A password and the key of a cookie are kept as their hashes; no page and no export shows those.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import Project
from factorial.admin.designs import DESIGNS
from factorial.models import Host, LogRun, Session
from lab.admin.filters import DayRangeFilter, SeenFilter
from runs.admin.base import SeenAdmin


@admin.register(Host)
class HostAdmin(SeenAdmin):
    section = DESIGNS
    sight = "project"
    list_display = ["user", "project", "has_password", "created_at"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["user"]
    ordering = ["user"]
    fields = ["user", "project", "has_password", "created_at"]
    readonly_fields = ["has_password"]
    actions: Any = ()

    @admin.display(description="has a password", boolean=True)
    def has_password(self, host: Host) -> bool:
        return bool(host.password)


@admin.register(Session)
class SessionAdmin(SeenAdmin):
    """Sessions of the project's hosts, and those that began one of its runs."""

    section = DESIGNS
    list_display = ["__str__", "role", "host", "created_at", "seen_at", "ended_at"]
    list_select_related = ["host"]
    list_filter = ["role", ("seen_at", DayRangeFilter)]
    ordering = ["-seen_at", "-pk"]
    fields = [("role", "host"), ("created_at", "seen_at", "ended_at")]
    actions: Any = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        mine = LogRun.objects.visible_to(request.user).exclude(session=None).values("session")
        hosts = Q(host__project__in=Project.objects.visible_to(request.user))
        return Session.objects.filter(hosts | Q(pk__in=mine)).order_by(*self.ordering)


@admin.register(LogRun)
class LogRunAdmin(SeenAdmin):
    section = DESIGNS
    list_display = ["__str__", "design", "status", "last_number", "who", "created_at"]
    list_select_related = ["design", "run__participant", "session", "planned_run"]
    list_filter = ["status", ("created_at", DayRangeFilter)]
    search_fields = ["name", "design__code", "run__participant__pseudonym__startswith"]
    ordering = ["-created_at", "-pk"]
    fields = [("name", "public_id"), ("design", "planned_run"), "run", ("status", "last_number"),
              "session", "created_at"]  # fmt: skip

    @admin.display(description="participant")
    def who(self, log_run: Any) -> str:
        return str(log_run.run.participant or "")
