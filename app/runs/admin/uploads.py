"""Files and recordings of participants, for those who see the project of their run."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common import protected
from common.errors import NotThere
from lab.admin.filters import DayRangeFilter
from runs.admin.records import RecordedAdmin
from runs.models import Upload


@admin.register(Upload)
class UploadAdmin(RecordedAdmin):
    list_display = ["name", "item", "who", "where", "size", "content_type", "completed_at"]
    list_filter = [("created_at", DayRangeFilter)]
    search_fields = [*RecordedAdmin.search_fields, "item"]
    fields = [
        ("visit", "item"), ("name", "content_type"), ("size", "received"), "digest",
        ("created_at", "completed_at"), "opened",
    ]  # fmt: skip
    readonly_fields = ["opened"]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.content)
        own = path("<uuid:key>/content/", view, name="runs_upload_content")
        return [own, *super().get_urls()]

    def content(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Send the file to whoever sees the run; a stranger learns nothing of it."""
        upload: Upload | None = self.get_queryset(request).filter(pk=key).first()
        if upload is None or upload.completed_at is None:
            raise NotThere
        return protected.sent(upload.file.name or "", content_type=upload.content_type)

    @admin.display(description="file")
    def opened(self, upload: Any) -> SafeString | str:
        if upload.completed_at is None:
            return "It did not arrive whole."
        address = reverse("admin:runs_upload_content", args=[upload.pk])
        return format_html('<a href="{}">Open</a>', address)
